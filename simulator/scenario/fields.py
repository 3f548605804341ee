"""Fields of a scenario: closed sections, and values that are named after the quantity they are of."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, GetPydanticSchema, PlainSerializer, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

from simulator.errors import LawError, printable
from simulator.quantities import QUANTITIES
from simulator.scenario.currency import currency_in, one_currency, renamed
from simulator.scenario.dates import hours_of, is_date
from simulator.scenario.past import History
from simulator.scenario.values import UncertainValue, parse_value
from simulator.scenario.zones import ZoneFile
from simulator.units import parse_interval

IntervalRule: TypeAlias = Literal["young1974", "daly2006", "optimal"]


def problem(error: LawError) -> PydanticCustomError:
    """Return an error that pydantic gathers."""
    return PydanticCustomError("law", "{what}", {"what": error.what, "way_out": error.way_out})


_LONGEST_NAME = 200  # characters
_LONGEST_TEXT = 20_000


def _text(raw: str) -> str:
    """Refuse a text that a terminal, a picture or a page would show as something else than it is."""
    if len(raw) > _LONGEST_TEXT:
        raise problem(LawError(f"a text of {len(raw)} characters is too long: {_LONGEST_TEXT} at most", "Shorten it"))
    for line in raw.splitlines() or [""]:
        if printable(line) != line:
            raise problem(LawError("holds a control character", "Take it out: it would be obeyed, and not seen"))
    return raw


def _name(raw: str) -> str:
    """Refuse a name that is longer than a line, or has several."""
    if len(raw) > _LONGEST_NAME:
        raise problem(LawError(f"a name of {len(raw)} characters is too long: {_LONGEST_NAME} at most", "Shorten it"))
    if len(raw.splitlines()) > 1 or "\n" in raw:
        raise problem(LawError("holds a control character, a line break", "A name is one line"))
    return _text(raw)


#: one line that names something, and lines that tell of it
Name: TypeAlias = Annotated[str, AfterValidator(_name)]
Text: TypeAlias = Annotated[str, AfterValidator(_text)]


class Closed(BaseModel):
    """Frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_FROM_THE_START = dict.fromkeys(("deadline", "max_wall_clock"), "State the time from the start of the run on, for example 48 days")


#: fields whose quantity has a longer name
LONG_NAMES = {
    "probability": "event_probability", "frequency": "event_frequency", "cost": "event_cost", "delay": "event_delay",
    "multiplies": "event_factor", "budget": "cost_total", "carbon_cap": "emissions_total",
}  # fmt: skip


def _parse_quantity(raw: Any, info: ValidationInfo) -> Any:
    """Parse the value of the quantity that the field is named after."""
    name = LONG_NAMES.get(str(info.field_name), str(info.field_name))
    if isinstance(raw, UncertainValue) or (name == "checkpoint_interval" and raw in get_args(IntervalRule)):
        return raw
    try:
        if isinstance(raw, str) and len(raw) > _LONGEST_NAME:
            raise LawError(f"a value of {len(raw)} characters is too long: {_LONGEST_NAME} at most", "Write a number and its unit")
        if name == "start_time":
            return replace(parse_value(hours_of(raw), name), spec=raw)
        if is_date(raw):
            raise LawError(f"{raw!r} is a date; {name} is a number of {QUANTITIES[name].unit}", _FROM_THE_START.get(name, ""))
        if QUANTITIES[name].unit.startswith("USD"):
            one_currency(raw)
        # resolve converts it: a threshold where the prices are in its currency too, all else by a dated exchange rate
        if name != "electricity_price" and QUANTITIES[name].unit.startswith("USD") and (currency := currency_in(raw)):
            return replace(parse_value(renamed(raw, currency, "USD"), name, base=(info.context or {}).get("base")), spec=raw)
        return parse_value(raw, name, base=(info.context or {}).get("base"))
    except LawError as error:
        hint = "Or name a rule: young1974, daly2006, optimal" if name == "checkpoint_interval" else error.way_out
        raise problem(LawError(error.what, hint)) from None


def instance_of(kind: type) -> GetPydanticSchema:
    """Take an instance as it is: our values are built by validators, and their insides are none of pydantic's business."""
    return GetPydanticSchema(lambda _source, _handler: core_schema.is_instance_schema(kind))


AS_WRITTEN = PlainSerializer(lambda value: value.spec if isinstance(value, (UncertainValue, ZoneFile, History)) else value)

#: a constant or an uncertain value of the quantity that the field is named after
Value: TypeAlias = Annotated[UncertainValue, instance_of(UncertainValue), BeforeValidator(_parse_quantity), AS_WRITTEN]
ValueOrRule: TypeAlias = Annotated[
    Annotated[UncertainValue, instance_of(UncertainValue)] | IntervalRule, BeforeValidator(_parse_quantity), AS_WRITTEN
]


class Section(Closed):
    """A part of a scenario."""


def limit_of(raw: Any, name: str) -> float:
    """Return a limit, ``budget``, ``deadline`` or ``carbon_cap``, in its canonical unit: one positive number of its quantity.

    Raises
    ------
    LawError
        For anything else.

    Examples
    --------
    >>> limit_of("30M", "budget"), limit_of("3 weeks", "deadline"), limit_of("5000t", "carbon_cap")
    (30000000.0, 504.0, 5000000.0)
    """
    quantity = QUANTITIES[LONG_NAMES.get(name, name)]
    way_out = f"A limit is one positive number, in {quantity.unit} or with its unit"
    if is_date(raw):
        raise LawError(f"{raw!r} is a date; {name} is a time from now on", "State for example 200 days")
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise LawError(f"{raw!r} is not an amount", way_out)
    if isinstance(raw, str) and (currency := currency_in(raw)):
        raise LawError(f"{raw} is in {currency}; a limit is compared with totals in USD", "State it in USD")
    if isinstance(raw, str) and parse_interval(raw):
        raise LawError(f"{raw} is a range; a limit is one number", "State the number that must not be exceeded")
    value = quantity.parse(raw if isinstance(raw, str) else repr(raw))
    if not value > 0:
        raise LawError(f"{raw} is not above 0", way_out)
    return value


def _parse_limit(raw: Any, info: ValidationInfo) -> float:
    """Parse a limit where pydantic gathers what is wrong."""
    try:
        return limit_of(raw, str(info.field_name))
    except LawError as error:
        raise problem(error) from None


#: a certain limit of the quantity that the field is named after
Limit: TypeAlias = Annotated[float, BeforeValidator(_parse_limit)]
