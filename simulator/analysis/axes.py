"""Along what a search or a sweep goes: a value of the config or a lever, and the settings that are tried."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import numpy as np

from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES, Quantity
from simulator.scenario.dates import hours_of, is_date
from simulator.scenario.levers import LEVERS
from simulator.scenario.schema import HOMES
from simulator.scenario.text import undotted
from simulator.units import Amount, convert, parse_amount, parse_interval

FINEST = 65  # settings of a range without steps: 8 intervals, each halved three times
_MOST_SETTINGS = 10_000  # of a range with steps
_MOST_CHOICES = 50
_WIDE = 10.0  # ends this many times apart, or more, are spaced by ratios
_RANGE = re.compile(r"(?P<low>.+?)\s*\.\.\s*(?P<high>.+?)(?:\s+(?P<spacing>log|linear|step\s+(?P<step>.+)))?")
_MONTHS = re.compile(r"([0-9]{1,4})\s*(?:months?)")
_OFF, _ON = "off", "on"  # settings of a lever: left alone, and pulled where it takes no argument


@dataclass(frozen=True)
class Axis:
    """Settings of one value of the config, or of one lever.

    Attributes
    ----------
    name : str
        Path of the value as ``--set`` takes it, or the lever.
    is_lever : bool
    settings : tuple of str
        What is set, or stands behind the lever.
    numbers : tuple of float
        The same in the canonical unit; NaN of what is not a number.
    unit : str
    ordered : bool
        Whether settings lie one behind the other, so that there is something between two of them. Dates do.
    spacing : str
        In words.
    """

    name: str
    is_lever: bool
    settings: tuple[str, ...]
    numbers: tuple[float, ...]
    unit: str
    ordered: bool
    spacing: str

    @property
    def paths(self) -> frozenset[str]:
        """Values of the config that the settings change, by their whole paths.

        Examples
        --------
        >>> sorted(parse_axis("mfu=0.3,0.4").paths | parse_axis("region=FR,SE").paths)
        ['grid.region', 'workload.mfu']
        """
        if self.is_lever:
            return frozenset(LEVERS[self.name].sets)
        return frozenset([f"{HOMES[self.name]}.{self.name}" if self.name in HOMES else self.name])

    def changes(self, place: int) -> tuple[list[str], list[str]]:
        """Return the overrides and levers of a setting, as :func:`simulator.load_scenario` takes them.

        Examples
        --------
        >>> parse_axis("region=off,FR").changes(1), parse_axis("mfu=0.3,0.4").changes(0)
        (([], ['region=FR']), (['mfu=0.3'], []))
        """
        setting = self.settings[place]
        if not self.is_lever:
            return [f"{self.name}={setting}"], []
        if setting == _OFF:
            return [], []
        return [], [self.name if setting == _ON else f"{self.name}={setting}"]


def parse_axis(text: str, option: str = "--over") -> Axis:
    """Parse ``PATH=LOW..HIGH [log | linear | step STEP]`` or ``PATH=A,B,C``, with a lever in place of the path.

    A range without steps is divided into 64, by ratios where its ends are ten times apart or more and the quantity has no upper bound;
    whole numbers are rounded to. Where all choices are numbers, they are put in order. A name that is both a lever and a field is the
    lever: write the field's whole path. A lever may also be ``off``, one without argument is ``off`` or ``on``. Dates go by months or by
    a time: ``start=2027-01-01..2027-12-01 step 1 month``.

    Parameters
    ----------
    text : str
    option : str
        Where it stands, for messages.

    Raises
    ------
    InputError
        With what is wrong, the admissible set and a way out.

    Examples
    --------
    >>> axis = parse_axis("reliability.checkpoint_interval=10 min..4 h")
    >>> len(axis.settings), axis.settings[0], axis.settings[-1], axis.unit, axis.spacing
    (65, '0.16666666666666666', '4.0', 'h', 'by ratios')
    >>> parse_axis("accelerators=1024..4096 step 1024").settings
    ('1024', '2048', '3072', '4096')
    """
    name, equals, spec = (part.strip() for part in text.partition("="))
    if not equals or not undotted(name) or not spec:
        raise InputError(
            f"{option} '{text}' is not PATH=RANGE or LEVER=RANGE; for example 'checkpoint_interval=10 min..4 h' or 'region=FR,SE'"
        )
    is_lever = name in LEVERS
    try:
        match = _RANGE.fullmatch(spec)
        if match is None:
            return _choices(name, is_lever, spec)
        if is_lever and not LEVERS[name].argument:
            raise LawError(f"lever {name} takes no argument", f"Write {name}={_OFF},{_ON}")
        if is_date(match["low"]):
            return _dates(name, is_lever, match["low"], match["high"], match["step"])
        return _numbers(name, is_lever, match)
    except LawError as error:
        raise InputError(f"{option} '{text}': {error}") from None


def _quantity(name: str, is_lever: bool) -> Quantity | None:
    """Return the quantity that is set; None for a plain number or a text."""
    path = LEVERS[name].sets if is_lever else {name: None}
    last = str(undotted(next(iter(path), name))[-1])
    return QUANTITIES.get(last)


def _amount(quantity: Quantity | None, amount: Amount) -> float:
    return convert(amount, quantity.unit if quantity else "1", counts=quantity.counts if quantity else "")


def _numbers(name: str, is_lever: bool, match: re.Match[str]) -> Axis:
    quantity = _quantity(name, is_lever)
    if quantity is None and not is_lever and "." not in name and name not in HOMES:
        near = get_close_matches(name, [*HOMES, *LEVERS], n=3) or ["checkpoint_interval", "accelerators", "region"]
        raise LawError(f"{name} is neither a value of the config nor a lever", f"Did you mean {' or '.join(near)}?")
    ends = parse_interval(f"{match['low']} to {match['high']}") or (parse_amount(match["low"]),) * 2
    low, high = (_amount(quantity, end) for end in ends)
    if not low < high:
        raise LawError(f"{match['low']} is not below {match['high']}", "Write LOW..HIGH")
    if quantity is not None and not (low in quantity.domain and high in quantity.domain):
        raise LawError(f"{match['low']}..{match['high']} leaves the domain of {quantity.name}: {quantity.domain} {quantity.unit}")
    if match["step"]:
        step = _amount(quantity, parse_amount(match["step"]))
        if not 0 < step <= high - low:
            raise LawError(f"step {match['step']} does not lie between 0 and the range", "Write for example 1024..16384 step 512")
        count = math.floor((high - low) / step * (1 + 1e-12)) + 1
        if count > _MOST_SETTINGS:
            raise LawError(f"step {match['step']} makes {count} settings; {_MOST_SETTINGS} is the most", "Take a larger step")
        values, spacing = low + step * np.arange(count), f"in steps of {match['step']}"
    else:
        bounded = quantity is None or math.isfinite(quantity.domain.upper)
        by_ratio = match["spacing"] == "log" or (match["spacing"] is None and low > 0 and high >= _WIDE * low and not bounded)
        if by_ratio and low <= 0:
            raise LawError(f"{match['low']} is not above 0, and ratios are asked for", "Write linear, or start above 0")
        values = np.geomspace(low, high, FINEST) if by_ratio else np.linspace(low, high, FINEST)
        values[[0, -1]] = low, high
        spacing = "by ratios" if by_ratio else "evenly"
    whole = quantity is not None and quantity.integer
    if whole and (low != math.floor(low) or high != math.floor(high)):
        raise LawError(f"{match['low']}..{match['high']}: {name} counts whole things", "Write whole numbers")
    inner = [round(x) if whole else float(f"{x:.6g}") for x in values[1:-1]]
    numbers = sorted({low, *map(float, inner), float(values[-1])})
    settings = tuple(f"{int(x)}" if whole else repr(float(x)) for x in numbers)
    return Axis(name, is_lever, settings, tuple(map(float, numbers)), quantity.unit if quantity else "1", True, spacing)


def _dates(name: str, is_lever: bool, low: str, high: str, step: str | None) -> Axis:
    if step is None:
        raise LawError("a range of dates needs a step", f"Write {low}..{high} step 1 month, or step 2 weeks")
    first, last = _hour(low), _hour(high)
    if not first < last:
        raise LawError(f"{low} does not lie before {high}", "Write FIRST..LAST")
    months = _MONTHS.fullmatch(step.strip())
    settings: list[str] = []
    if months:
        begin, every = date.fromisoformat(low[:10]), int(months[1])
        if begin.day > 28 or every == 0:
            raise LawError(f"{low} by {step}: not every month has that day", "Start on the 1st to the 28th, by at least 1 month")
        for count in range(0, _MOST_SETTINGS, every):
            years, month = divmod(begin.month - 1 + count, 12)
            setting = f"{begin.year + years}-{month + 1:02d}-{begin.day:02d}{low[10:]}"
            if _hour(setting) > last:
                break
            settings.append(setting)
    else:
        hours = convert(parse_amount(step), "h")
        if hours < 1 or hours != int(hours) or (last - first) / hours >= _MOST_SETTINGS:
            raise LawError(f"step {step} is not a number of hours that makes fewer than {_MOST_SETTINGS} dates", "Write step 1 month")
        epoch = np.datetime64("1970-01-01T00", "h")
        places = np.arange(int(first), int(last) + 1, int(hours))
        settings = [f"{epoch + np.timedelta64(int(place), 'h')}:00Z" for place in places]
    return Axis(name, is_lever, tuple(settings), tuple(map(_hour, settings)), "h", True, f"in steps of {step}")


def _hour(text: str) -> float:
    """Return one date as hours."""
    hours = hours_of(text)
    if not isinstance(hours, float):
        raise LawError(f"{text} is more than one date", "Write one")
    return hours


def _choices(name: str, is_lever: bool, spec: str) -> Axis:
    settings = [part.strip() for part in spec.split(",")]
    if len(settings) < 2 or "" in settings or len(set(settings)) < len(settings):
        raise LawError(f"{spec} is neither a range nor a list of different choices", "Write LOW..HIGH, or A,B,C")
    if len(settings) > _MOST_CHOICES:
        raise LawError(f"{len(settings)} choices are stated; {_MOST_CHOICES} is the most", "Leave out those that cannot win")
    if is_lever and not LEVERS[name].argument and set(settings) - {_OFF, _ON}:
        raise LawError(f"lever {name} takes no argument", f"Write {name}={_OFF},{_ON}")
    quantity = _quantity(name, is_lever)
    numbers = _numbers_of(settings, quantity)
    if numbers is not None and (same := [one for one, number in zip(settings, numbers, strict=True) if numbers.count(number) > 1]):
        raise LawError(f"{' and '.join(same)} are the same, as numbers", "Write each once")
    if numbers is None:
        return Axis(name, is_lever, tuple(settings), (math.nan,) * len(settings), "", False, "choices")
    order = sorted(range(len(settings)), key=numbers.__getitem__)
    unit = quantity.unit if quantity else "1"
    return Axis(name, is_lever, tuple(settings[i] for i in order), tuple(numbers[i] for i in order), unit, True, "choices")


def _numbers_of(settings: Sequence[str], quantity: Quantity | None) -> list[float] | None:
    """Return choices as numbers, or None where they are not."""
    try:
        return [_hour(s) if is_date(s) else _amount(quantity, parse_amount(s)) for s in settings]
    except LawError:
        return None
