"""What a user asks, as the address of the page holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from simulator.errors import InputError
from simulator.scenario.levers import LEVERS
from simulator.web.fields import LIMIT_UNITS, SHOWN

LONGEST = 4000  # characters of an address
MOST_DRAWS = 100_000
DRAWS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, MOST_DRAWS)
#: levers that are switches; those with an argument are drop-downs
SWITCHES = tuple(name for name, lever in LEVERS.items() if not lever.argument)
_MOST_FIELDS = 64
_LONGEST_VALUE = 64


@dataclass(frozen=True)
class State:
    """What is changed of the config that is served; what is not stands as it is there.

    Attributes
    ----------
    ranges : tuple of (str, str, str)
        Name of the quantity, low and high end as they were written.
    accelerator, region : str
        '' for those of the config.
    levers : tuple of str or None
        Switches that are on; None for those of the config.
    limits : tuple of (str, str)
        Name and amount as it was written; an empty amount takes the config's limit away.
    draws : int
        0 for as many as are drawn within a second.
    pinned : str or None
        The query of the scenario that is kept as the base.
    """

    ranges: tuple[tuple[str, str, str], ...] = ()
    accelerator: str = ""
    region: str = ""
    levers: tuple[str, ...] | None = None
    limits: tuple[tuple[str, str], ...] = ()
    draws: int = 0
    pinned: str | None = None

    def base(self) -> State | None:
        """Return the state that is pinned, on as many draws as this one; None where none is."""
        if self.pinned is None:
            return None
        return replace(parse_query(self.pinned), draws=self.draws, pinned=None)

    def to_query(self) -> str:
        """Return the state as a query that :func:`parse_query` reads.

        Examples
        --------
        >>> State(ranges=(("mfu", "0.38", "0.45"),), levers=("fp8",), pinned="").to_query()
        'mfu=0.38+to+0.45&lever=fp8&pin='
        """
        pairs = [(name, low if low == high else f"{low} to {high}") for name, low, high in self.ranges]
        pairs += [(name, text) for name, text in (("accelerator", self.accelerator), ("region", self.region)) if text]
        pairs += [] if self.levers is None else [("lever", " ".join(self.levers))]
        pairs += self.limits
        pairs += [("draws", str(self.draws))] if self.draws else []
        pairs += [] if self.pinned is None else [("pin", self.pinned)]
        return urlencode(pairs)


def parse_query(query: str, *, scenario: str = "") -> State:
    """Read what the address of the page says.

    Parameters
    ----------
    query : str
        With or without its question mark.
    scenario : str
        Name of the one that is served; a link that was made for another is refused.

    Raises
    ------
    InputError
        For what the page never writes.

    Examples
    --------
    >>> parse_query("?mfu=0.38+to+0.45&draws=5000") == State(ranges=(("mfu", "0.38", "0.45"),), draws=5000)
    True
    """
    if len(query) > LONGEST:
        raise InputError(f"the address is longer than {LONGEST} characters. Open the page without what stands behind the question mark")
    try:
        pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise InputError("the address cannot be read. Open the page without what stands behind the question mark") from None
    told = dict(pairs)
    if len(told) < len(pairs):
        raise InputError("something stands in the address twice. Remove one of the two")
    if (made_for := told.pop("scenario", scenario)) != scenario and scenario:
        raise InputError(
            f"this link was made for the scenario {made_for[:_LONGEST_VALUE]!r}, and {scenario!r} is served here. Serve that one"
        )
    ranges = tuple((name, *_ends(name, told.pop(name))) for name in SHOWN if name in told)
    limits = tuple((name, _short(name, told.pop(name))) for name in LIMIT_UNITS if name in told)
    accelerator, region = (_short(name, told.pop(name, "")) for name in ("accelerator", "region"))
    levers, draws = _switches(told), _draws(told)
    pinned = told.pop("pin", None)
    if pinned is not None and parse_query(pinned).pinned is not None:
        raise InputError("the pinned scenario has a pinned one itself. Pin again")
    state = State(ranges, accelerator, region, levers, limits, draws, pinned)
    if told:
        raise InputError(f"{next(iter(told))[:_LONGEST_VALUE]!r} in the address is not known. Remove it")
    return state


def _short(name: str, text: str) -> str:
    if len(text) > _LONGEST_VALUE:
        raise InputError(f"{name} in the address is longer than {_LONGEST_VALUE} characters. Shorten it")
    return text


def _ends(name: str, text: str) -> tuple[str, str]:
    """Return the two ends of a range."""
    low, _, high = _short(name, text).partition(" to ")
    return low, high or low


def _switches(told: dict[str, str]) -> tuple[str, ...] | None:
    if "lever" not in told:
        return None
    stated = told.pop("lever").split()
    if strangers := [name for name in stated if name not in SWITCHES]:
        raise InputError(f"{strangers[0][:_LONGEST_VALUE]!r} is not a lever of this page; those are {', '.join(SWITCHES)}")
    return tuple(name for name in SWITCHES if name in stated)


def _draws(told: dict[str, str]) -> int:
    text = told.pop("draws", "0")
    if not (text.isascii() and text.isdecimal() and (text == "0" or int(text[:9]) in DRAWS)):
        raise InputError(f"draws = {text[:_LONGEST_VALUE]} is not admissible here; draws are {', '.join(map(str, DRAWS))}")
    return int(text[:9])
