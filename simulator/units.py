"""Units, parsed at the border only: ``"0.12 USD/kWh"``, ``"6.5 per 1000 node-days"``, ``"15.6T tokens"``.

Inside, every quantity is a float in its canonical unit (``quantities.csv``). Factors are exact
fractions, so a value is rounded once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache

from simulator.errors import LawError

_DIMENSIONS = ("energy", "time", "money", "carbon", "flop", "node", "device", "token", "parameter", "volume", "data")
_HOURS_PER_YEAR = 8766  # 365.25 days, as in Cottier 2024

_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18, "Z": 10**21}
_SUFFIXES = {
    "k": 10**3, "thousand": 10**3, "M": 10**6, "million": 10**6, "B": 10**9, "G": 10**9,
    "billion": 10**9, "T": 10**12, "trillion": 10**12,
}  # fmt: skip

_EXPONENT_LENGTH = 5  # of its sign and digits; the exact fraction of 1e999999999 would fill the memory

_NUMBER = re.compile(
    r"\s*(?P<number>[-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"(?:\s*(?P<suffix>thousand|million|billion|trillion|[kMBGT])(?![A-Za-z0-9]))?"
)


def _symbols() -> dict[str, tuple[Fraction, str]]:
    """Return symbol -> (factor to the base of its dimension, dimensions as 'energy/time')."""
    table: dict[str, tuple[Fraction, str]] = {}

    def add(names: str, factor: Fraction | int, dimension: str, prefixes: str = "") -> None:
        for name in names.split():
            for prefix in ["", *prefixes]:
                table[prefix + name] = (Fraction(factor) * _PREFIXES[prefix], dimension)

    add("W", Fraction(1, 1000), "energy/time", "kMG")
    add("Wh", Fraction(1, 1000), "energy", "kMGT")
    add("J", Fraction(1, 3_600_000), "energy", "kMGT")
    add("h hr hrs hour hours", 1, "time")
    add("s sec second seconds", Fraction(1, 3600), "time")
    add("min minute minutes", Fraction(1, 60), "time")
    add("d day days", 24, "time")
    add("week weeks", 168, "time")
    add("month months", Fraction(_HOURS_PER_YEAR, 12), "time")
    add("yr y a year years", _HOURS_PER_YEAR, "time")
    add("USD $ dollar dollars", 1, "money")
    add("cent cents ct", Fraction(1, 100), "money")
    for co2 in ("", "CO2", "CO2e", "CO2eq", "CO₂", "CO₂e", "CO₂eq"):
        add("g" + co2, Fraction(1, 1000), "carbon")
        add("kg" + co2, 1, "carbon")
        add("t" + co2, 1000, "carbon")
        add("kt" + co2, 10**6, "carbon")
        add("Mt" + co2, 10**9, "carbon")
    add("FLOP FLOPs", 1, "flop", "kMGTPEZ")
    add("node nodes server servers", 1, "node")
    add("device devices accelerator accelerators GPU GPUs gpu gpus TPU TPUs tpu tpus chip chips", 1, "device")
    add("L l liter liters litre litres", 1, "volume")
    add("m3 m³", 1000, "volume")
    add("token tokens", 1, "token", "kMGT")
    add("param params parameter parameters", 1, "parameter")
    # no B for bytes, which is a billion, and no kB; powers of ten, as prices are stated
    add("MB", Fraction(1, 10**6), "data")
    add("GB", Fraction(1, 1000), "data")
    add("TB", 1, "data")
    add("PB", 1000, "data")
    add("% percent", Fraction(1, 100), "")
    for prefix in ("", *"kMGTPE"):  # FLOPS is a rate
        table[prefix + "FLOPS"] = (Fraction(_PREFIXES[prefix] * 3600), "flop/time")
    return table


SYMBOLS = _symbols()


@dataclass(frozen=True)
class Unit:
    """A factor to the base units and the power of each dimension."""

    factor: Fraction
    powers: tuple[int, ...]

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.factor * other.factor, tuple(a + b for a, b in zip(self.powers, other.powers, strict=True)))

    def inverse(self) -> Unit:
        """Return one over this unit."""
        return Unit(1 / self.factor, tuple(-a for a in self.powers))

    def without(self, dimension: str) -> Unit:
        """Return the unit with one counting dimension dropped: USD/(device h) is USD/h of a price per device."""
        if not dimension:
            return self
        index = _DIMENSIONS.index(dimension)
        return Unit(self.factor, tuple(0 if i == index else a for i, a in enumerate(self.powers)))


ONE = Unit(Fraction(1), (0,) * len(_DIMENSIONS))


def _symbol(text: str) -> Unit:
    if re.fullmatch(r"[0-9]{1,30}", text):
        if int(text) == 0:
            raise LawError("a unit cannot contain the factor 0")
        return Unit(Fraction(int(text)), ONE.powers)
    if text not in SYMBOLS:
        near = get_close_matches(text, SYMBOLS, n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Known are W, kWh, h, USD, kgCO2e, FLOP, token, node and their multiples"
        if re.fullmatch(r"EUR|GBP|CNY|JPY|€|£", text):
            hint = "Amounts are in USD, EUR or GBP; convert others with a dated exchange rate"
        raise LawError(f"unknown unit '{text}'", hint)
    factor, dimension = SYMBOLS[text]
    powers = [0] * len(_DIMENSIONS)
    for sign, name in zip((1, -1), dimension.split("/"), strict=False):
        if name:
            powers[_DIMENSIONS.index(name)] += sign
    return Unit(factor, tuple(powers))


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """Parse a unit such as ``kgCO2e/kWh``, ``USD per GPU-hour`` or ``1/(1000 node-day)``.

    Parameters
    ----------
    text : str
        Symbols joined by ``*``, ``·``, ``-`` or blanks (product) and ``/`` or ``per`` (quotient;
        a product after a quotient sign belongs to the denominator: ``USD/GPU-h``).

    Returns
    -------
    Unit
        Exact factor and dimensions.

    Raises
    ------
    LawError
        Naming the symbol that is not known.

    Examples
    --------
    >>> float(parse_unit("gCO2e/kWh").factor)
    0.001
    >>> parse_unit("per 1000 node-days") == parse_unit("1/(1000 node-day)")
    True
    """
    if re.search(r"\([^)]*(/|\bper\b)", text):
        raise LawError(f"'{text}' has a quotient inside parentheses", "Write one quotient, for example USD/kWh or 1/(1000 node-day)")
    body = re.sub(r"(^|\s)per\s", " / ", text)
    unit = ONE
    for index, part in enumerate(body.split("/")):
        symbols = [symbol for symbol in re.split(r"[\s*·()-]+", part) if symbol]
        for place, symbol in enumerate(symbols):
            if place and symbol.isdecimal():  # a year, say
                raise LawError(f"the number {symbol} in '{text.strip()}' is not part of a unit", "A factor comes first: per 1000 h")
            factor = _symbol(symbol)
            unit = unit * (factor.inverse() if index else factor)
    return unit


@dataclass(frozen=True)
class Amount:
    """A number as written, and the text of its unit ('' where none was given)."""

    number: Fraction
    unit: str


def parse_amount(text: str) -> Amount:
    """Parse one number with an optional magnitude and unit.

    >>> parse_amount("15.6T tokens")
    Amount(number=Fraction(15600000000000, 1), unit='tokens')
    >>> parse_amount("30 MW")
    Amount(number=Fraction(30, 1), unit='MW')

    Raises
    ------
    LawError
        Where the text does not start with a number.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise LawError(f"'{text.strip()}' is not a number", "Write for example 0.4, 1e4, 15.6T tokens or 0.12 USD/kWh")
    if len(match["number"].lower().partition("e")[2]) > _EXPONENT_LENGTH:
        raise LawError(f"{match['number']} is too large or too small for a number")
    number = Fraction(match["number"].replace("_", "")) * _SUFFIXES.get(match["suffix"] or "", 1)
    unit = text[match.end() :].strip()
    if re.match(r",|\d{2}|[2-9]", unit):
        raise LawError(f"'{text.strip()}' is not a number", "Write numbers without thousands separators: 8766, not 8,766 or 8 766")
    if re.match(r"[-–]\s*\.?\d", unit):
        raise LawError(f"'{text.strip()}' is not a number", "Write an interval as LOW to HIGH, for example 0.30 to 0.45")
    return Amount(number, unit)


def parse_interval(text: str) -> tuple[Amount, Amount] | None:
    """Parse ``"2.1 to 3.4 USD/h"`` into its two ends, which share the unit; None where there is no ``to``.

    >>> [float(end.number) for end in parse_interval("0.30 to 0.45")]
    [0.3, 0.45]
    """
    parts = re.split(r"\s+to\s+", text.strip())
    if len(parts) == 1:
        return None
    if len(parts) > 2:
        raise LawError(f"'{text}' has more than one 'to'", "Write an interval as LOW to HIGH, for example 0.30 to 0.45")
    low, high = parse_amount(parts[0]), parse_amount(parts[1])
    first, last = _NUMBER.match(parts[0]), _NUMBER.match(parts[1])
    if first and last and last["suffix"] and not first["suffix"] and not low.unit:
        magnitude = last["suffix"]
        way_out = f"Write {parts[0]} {magnitude} to {parts[1]}, or both ends in full"
        raise LawError(f"'{text.strip()}' does not say whether its low end is in {magnitude} too", way_out)
    return Amount(low.number, low.unit or high.unit), Amount(high.number, high.unit or low.unit)


def convert(amount: Amount, unit: str, *, counts: str = "") -> float:
    """Convert an amount to a canonical unit; a bare number is taken to be in it.

    Parameters
    ----------
    amount : Amount
        What the user wrote.
    unit : str
        Canonical unit of the quantity.
    counts : str, optional
        The thing that the quantity counts or is a property of (``device``, ``token``), which may
        be named in the unit or not.

    Returns
    -------
    float
        The value in the canonical unit, rounded once.

    Raises
    ------
    LawError
        Where the dimensions differ.

    Examples
    --------
    >>> convert(parse_amount("400 gCO2e/kWh"), "kgCO2e/kWh")
    0.4
    >>> convert(parse_amount("2.5 USD/GPU-hour"), "USD/h", counts="device")
    2.5
    """
    if not amount.unit:
        return _as_float(amount.number)
    given, canonical = parse_unit(amount.unit), parse_unit(unit)
    if given.powers != canonical.powers and given.without(counts).powers != canonical.without(counts).powers:
        measure = unit if unit != "1" else (f"{counts}s" if counts else "plain numbers")
        raise LawError(f"'{amount.unit}' is not a unit of this quantity, which is measured in {measure}")
    return _as_float(amount.number * given.factor / canonical.factor)


def _as_float(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        raise LawError("a number above 1.8e308 is too large") from None
