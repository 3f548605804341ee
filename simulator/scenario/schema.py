"""The scenario as closed, frozen pydantic models, one section per subject.

A field named like a quantity of the nomenclature takes a constant or an uncertain value of it;
later subjects (phases of a run, levers, events, budgets) become sections of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from simulator.errors import LawError
from simulator.quantities import QUANTITIES
from simulator.reference import accelerator
from simulator.reference.regions import region
from simulator.scenario.currency import FOREIGN, currency_in, renamed
from simulator.scenario.dates import hours_of, is_date
from simulator.scenario.past import History, join, load_history
from simulator.scenario.values import UncertainValue, parse_value
from simulator.scenario.zones import ZoneFile, load_zone
from simulator.stochastic.dependence import RankCorrelation
from simulator.units import convert, parse_amount

MOST_PHASES = 8  # a test holds it to the kernel's
IntervalRule: TypeAlias = Literal["young1974", "daly2006", "optimal"]


def _problem(error: LawError) -> PydanticCustomError:
    return PydanticCustomError("law", "{what}", {"what": error.what, "way_out": error.way_out})


class Closed(BaseModel):
    """Frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_FROM_THE_START = dict.fromkeys(("deadline", "max_wall_clock"), "State the time from the start of the run on, for example 48 days")


def _parse_quantity(raw: Any, info: ValidationInfo) -> Any:
    """Parse the value of the quantity that the field is named after."""
    name = str(info.field_name)
    if isinstance(raw, UncertainValue) or (name == "checkpoint_interval" and raw in get_args(IntervalRule)):
        return raw
    try:
        if name == "start_time":
            return replace(parse_value(hours_of(raw), name), spec=raw)
        if is_date(raw):
            raise LawError(f"{raw!r} is a date; {name} is a number of {QUANTITIES[name].unit}", _FROM_THE_START.get(name, ""))
        if name == "price_threshold" and (currency := currency_in(raw)):  # resolve converts it, where the prices are in it too
            return replace(parse_value(renamed(raw, currency, "USD"), name, base=(info.context or {}).get("base")), spec=raw)
        return parse_value(raw, name, base=(info.context or {}).get("base"))
    except LawError as error:
        hint = "Or name a rule: young1974, daly2006, optimal" if name == "checkpoint_interval" else error.way_out
        raise _problem(LawError(error.what, hint)) from None


def _instance_of(kind: type) -> GetPydanticSchema:
    """Take an instance as it is: our values are built by validators, and their insides are none of pydantic's business."""
    return GetPydanticSchema(lambda _source, _handler: core_schema.is_instance_schema(kind))


_AS_WRITTEN = PlainSerializer(lambda value: value.spec if isinstance(value, (UncertainValue, ZoneFile, History)) else value)

#: a constant or an uncertain value of the quantity that the field is named after
Value: TypeAlias = Annotated[UncertainValue, _instance_of(UncertainValue), BeforeValidator(_parse_quantity), _AS_WRITTEN]
ValueOrRule: TypeAlias = Annotated[
    Annotated[UncertainValue, _instance_of(UncertainValue)] | IntervalRule, BeforeValidator(_parse_quantity), _AS_WRITTEN
]


class Section(Closed):
    """A part of a scenario."""


class Phase(Section):
    """One stretch of a run; what it does not state is that of the whole."""

    name: str
    tokens: Value
    accelerators: Value | None = None
    mfu: Value | None = None
    sequence_length: Value | None = None


class Workload(Section):
    """How much work: params and tokens, or flop, or device_hours; and how well the hardware is used."""

    params: Value | None = None
    params_active: Value | None = None
    tokens: Value | None = None
    flop: Value | None = None
    device_hours: Value | None = None
    mfu: Value | None = None
    run_overhead: Value | None = None
    layers: Value | None = None
    hidden_size: Value | None = None
    sequence_length: Value | None = None
    phases: tuple[Phase, ...] = ()

    @field_validator("phases")
    @classmethod
    def _distinct(cls, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
        names = [phase.name for phase in phases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _problem(LawError(f"{', '.join(twice)} names more than one phase", "Streams of random numbers follow the name"))
        if len(phases) > MOST_PHASES:
            what = f"{len(phases)} phases are stated; a run has {MOST_PHASES} at most"
            raise _problem(LawError(what, "Join those that differ least"))
        return phases


class Hardware(Section):
    """What the run is done on."""

    accelerator: str | None = None
    accelerators: Value | None = None
    accelerators_per_node: Value | None = None
    peak_flops: Value | None = None
    tdp: Value | None = None
    power_fraction: Value | None = None
    idle_power_fraction: Value | None = None
    server_power_ratio: Value | None = None

    @field_validator("accelerator")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                accelerator(name)
            except LawError as error:
                raise _problem(error) from None
        return name


class Reliability(Section):
    """Interruptions and checkpoints."""

    method: Literal["event_driven", "expected_value"] = "event_driven"
    restart: Literal["interruptible", "immune"] = "interruptible"
    failure_rate: Value | None = None
    failure_rate_accelerator: Value | None = None
    failure_rate_host: Value | None = None
    failure_rate_network: Value | None = None
    failure_rate_software: Value | None = None
    failure_rate_spot: Value | None = None
    failure_rate_planned: Value | None = None
    downtime: Value | None = None
    downtime_accelerator: Value | None = None
    downtime_host: Value | None = None
    downtime_network: Value | None = None
    downtime_software: Value | None = None
    downtime_spot: Value | None = None
    downtime_planned: Value | None = None
    checkpoint_time: Value | None = None
    checkpoint_write_time: Value | None = None
    checkpoint_interval: ValueOrRule | None = None
    spare_nodes: Value | None = None
    repair_time: Value | None = None
    early_failure_ratio: Value | None = None
    early_failure_time: Value | None = None
    straggler_slowdown: Value | None = None
    max_wall_clock: Value | None = None


class Energy(Section):
    """Cooling and electricity."""

    pue: Value | None = None
    currency: Literal["USD", "EUR", "GBP"] = "USD"
    electricity_price: Value | None = None
    exchange_rate: Value | None = None
    price_year_shift: Value | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_own_currency(cls, data: Any, info: ValidationInfo) -> Any:
        """Read the electricity price in the stated currency: inside, only the exchange rate knows which it is."""
        currency = data.get("currency") if isinstance(data, Mapping) else None
        if currency not in FOREIGN or not isinstance(data.get("electricity_price"), (str, Mapping)):
            return data
        raw = data["electricity_price"]
        if renamed(raw, "USD", "") != raw:
            raise _problem(LawError(f"electricity_price = {raw} is in USD but energy.currency is {currency}", "State both in one currency"))
        try:
            value = parse_value(renamed(raw, str(currency), "USD"), "electricity_price", base=(info.context or {}).get("base"))
        except LawError:
            return data  # the field's own validator says what is wrong
        return {**data, "electricity_price": replace(value, spec=raw)}


class Emissions(Section):
    """The grid and the making of the hardware."""

    carbon_intensity: Value | None = None
    carbon_year_shift: Value | None = None
    embodied_accelerator: Value | None = None
    embodied_server: Value | None = None


def _zone(raw: Any, info: ValidationInfo) -> Any:
    if isinstance(raw, ZoneFile):
        return raw
    try:
        return load_zone(str(raw), base=(info.context or {}).get("base"))
    except LawError as error:
        raise _problem(error) from None


def _history(raw: Any, info: ValidationInfo) -> Any:
    if isinstance(raw, History):
        return raw
    quantity: Literal["price", "carbon"] = "price" if info.field_name == "price_history" else "carbon"
    try:
        return load_history(raw, quantity, base=(info.context or {}).get("base"))
    except LawError as error:
        raise _problem(error) from None


Replayed: TypeAlias = Annotated[History, _instance_of(History), BeforeValidator(_history), _AS_WRITTEN]


class Grid(Section):
    """Where and when the run draws its power.

    ``zone`` names a reference zone or a file of ``simulator fit``; ``region`` a row of the annual
    tables; the histories are CSV files to replay.
    """

    zone: Annotated[ZoneFile, _instance_of(ZoneFile), BeforeValidator(_zone), _AS_WRITTEN] | None = None
    region: str | None = None
    price: Literal["annual", "hourly"] | None = None
    carbon: Literal["annual", "hourly"] | None = None
    price_history: Replayed | None = None
    carbon_history: Replayed | None = None
    start_time: Value | None = None
    history_place: Value | None = None

    @model_validator(mode="after")
    def _one_source_each(self) -> Grid:
        for quantity in ("price", "carbon"):
            if getattr(self, quantity) is not None and getattr(self, f"{quantity}_history") is not None:
                raise _problem(LawError(f"{quantity} and {quantity}_history are both stated", "Remove one of the two"))
        try:
            join(self.price_history, self.carbon_history)
        except LawError as error:
            raise _problem(error) from None
        return self

    @field_validator("region")
    @classmethod
    def _known_region(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                region(name)
            except LawError as error:
                raise _problem(error) from None
        return name


def _share(raw: Any) -> Any:
    """Read a share of hours: 0.8 or 80%."""
    hint = "State the share of the hours that stay below the threshold, for example 0.8 or 80%"
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise _problem(LawError(f"{raw!r} is not a share of hours", hint))
    try:
        share = convert(parse_amount(raw if isinstance(raw, str) else repr(float(raw))), "1")
    except LawError:
        raise _problem(LawError(f"{raw!r} is not a share of hours", hint)) from None
    if not 0.0 < share < 1.0:
        near = f"Did you mean {share:g}%?" if 1.0 < share < 100.0 else hint
        raise _problem(LawError(f"{raw} is not a share of hours between 0 and 1", near))
    return share


Share: TypeAlias = Annotated[float, BeforeValidator(_share)]


class Pausing(Section):
    """A policy that pauses the run in hours that are dear or dirty.

    ``price_quantile`` and ``carbon_quantile`` state a threshold as a share of the hours of the zone,
    or of the history, before the year's shift.
    """

    price_threshold: Value | None = None
    carbon_threshold: Value | None = None
    price_quantile: Share | None = None
    carbon_quantile: Share | None = None
    minimum_run_time: Value | None = None
    minimum_pause_time: Value | None = None
    pause_time: Value | None = None
    deadline: Value | None = None


class Compute(Section):
    """How the accelerators are paid for."""

    basis: Literal["rent", "own"]
    rental_price: Value | None = None
    accelerator_price: Value | None = None
    server_price_ratio: Value | None = None
    interconnect_share: Value | None = None
    depreciation: Literal["cottier2024", "straight_line"] | None = None
    depreciation_rate: Value | None = None
    residual_value: Value | None = None
    service_life: Value | None = None
    fleet_utilization: Value | None = None


def _correlations(raw: Any) -> RankCorrelation:
    if isinstance(raw, RankCorrelation):
        return raw
    shape = "correlations is a list of [INPUT, INPUT, SPEARMAN], for example [[mfu, power_fraction, 0.5]]"
    if not isinstance(raw, list) or any(not isinstance(item, list) or len(item) != 3 for item in raw):
        raise _problem(LawError(shape))
    unknown = sorted(
        {
            str(name)
            for item in raw
            for name in item[:2]
            if not isinstance(name, str) or name not in QUANTITIES or QUANTITIES[name].dimension is None
        }
    )
    if unknown:
        raise _problem(LawError(f"{', '.join(unknown)} is not the name of an input", shape))
    try:
        return RankCorrelation.from_pairs([(a, b, rho) for a, b, rho in raw])
    except LawError as error:
        raise _problem(error) from None


def _pairs(correlation: RankCorrelation) -> list[list[str | float]]:
    names, matrix = correlation.names, correlation.spearman
    return [[names[i], names[j], float(matrix[i][j])] for i in range(len(names)) for j in range(i + 1, len(names))]


class Scenario(Closed):
    """One training run whose cost and emissions are asked about.

    Attributes
    ----------
    name, description : str
    workload, hardware, reliability, energy, emissions, grid, pausing, compute : Section
    correlations : RankCorrelation
        Spearman correlations between named inputs.
    """

    name: str
    description: str = ""
    workload: Workload
    hardware: Hardware
    reliability: Reliability = Field(default_factory=Reliability)
    energy: Energy = Field(default_factory=Energy)
    emissions: Emissions = Field(default_factory=Emissions)
    grid: Grid = Field(default_factory=Grid)
    pausing: Pausing | None = None
    compute: Compute
    correlations: Annotated[RankCorrelation, _instance_of(RankCorrelation), BeforeValidator(_correlations), PlainSerializer(_pairs)] = (
        Field(default_factory=lambda: RankCorrelation.from_pairs([]))
    )

    def to_data(self) -> dict[str, Any]:
        """Return what was stated, as plain data that ``parse_scenario`` reads back to an equal scenario."""
        return self.model_dump(exclude_unset=True)

    def to_yaml(self) -> str:
        """Return what was stated, as YAML 1.2."""
        from simulator.scenario.text import dump_yaml  # noqa: PLC0415 - the parser is needed here only

        return dump_yaml(self.to_data())

    def values(self) -> dict[str, UncertainValue]:
        """Return every stated quantity by name."""
        found: dict[str, UncertainValue] = {}
        for section_name, section in SECTIONS.items():
            for name in section.model_fields:
                value = getattr(getattr(self, section_name), name, None)
                if isinstance(value, UncertainValue):
                    found[name] = value
        return found


SECTIONS: dict[str, type[Section]] = {
    "workload": Workload,
    "hardware": Hardware,
    "reliability": Reliability,
    "energy": Energy,
    "emissions": Emissions,
    "grid": Grid,
    "pausing": Pausing,
    "compute": Compute,
}

#: section that each quantity belongs to
HOMES = {name: section for section, model in SECTIONS.items() for name in model.model_fields}
