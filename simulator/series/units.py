"""Units of electricity prices and carbon intensities, as the headers of data files write them.

Amounts of money stay in their currency here, unlike in :mod:`simulator.units`: a fitted zone says
in which currency its prices are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.series.table import RowProblem, Table, is_missing, listed

Quantity = Literal["price", "carbon"]

CARBON_UNIT = "gCO2e/kWh"
ELECTRICITY_MAPS = "carbon_intensity_avg"  # of its early exports: life-cycle, in gCO2eq/kWh without saying so

_ADMISSIBLE = {
    "price": "EUR/MWh, USD/MWh, GBP/MWh, the same per kWh, or ct/kWh",
    "carbon": "gCO2e/kWh, kgCO2e/kWh, kgCO2e/MWh, tCO2e/MWh or lb/MWh",
}

_ENERGY = {"wh": Fraction(1, 1000), "kwh": Fraction(1), "mwh": Fraction(1000), "gwh": Fraction(10**6)}  # kWh
_CURRENCIES = {"EUR": ("eur", "euro", "euros", "€"), "USD": ("usd", "us$", "$", "dollar", "dollars"), "GBP": ("gbp", "£")}
_MASSES = {  # g
    ("g", "gram", "grams"): Fraction(1), ("kg", "kilogram", "kilograms"): Fraction(1000), ("t", "tonne", "tonnes"): Fraction(10**6),
    ("lb", "lbs"): Fraction("453.59237"),  # the international avoirdupois pound of 1959
}  # fmt: skip
_GASES = ("", "co2", "co2e", "co2eq", "co2equiv", "co2equivalent")

#: medians of |value| over two months and more: Norway in July 2020 about 2 EUR/MWh, Italy in August 2022 about 540 (ENTSO-E
#: transparency platform, day-ahead); grids from hydropower to oil shale, g/kWh
_PLAUSIBLE = {"price": (1.0, 1000.0), "carbon": (1.0, 2000.0)}
#: of a price over a year: the Nordic system price of 2020, the lowest, was 10.9 EUR/MWh and its north lower (Nord Pool); Italy's of 2022,
#: the highest, 304 EUR/MWh (GME); the same per kWh, or per 100 kWh, lie outside
_USUAL_PRICE = (15.0, 350.0)
#: single values: European day-ahead prices are bounded by -500 and 4000 EUR/MWh, 5000 provided for (SDAC harmonised limits, ACER
#: decision 01/2023), ERCOT's by 9000 USD/MWh until 2021 and 5000 since (PUCT 52631), congestion apart; oil shale emits 1500 g/kWh
_LIMITS = {"price": (-1000.0, 10000.0), "carbon": (0.0, 3000.0)}
_WHOSE = {
    "price": "Exchanges bound theirs: -500 to 4000 EUR/MWh in Europe, 5000 USD/MWh in ERCOT, 9000 until 2021",
    "carbon": "No grid emits as much",
}
_PROPOSED = {"price": ("MWh", "kWh", " ct/kWh"), "carbon": ("gCO2e/kWh", "kgCO2e/kWh", "gCO2e/MWh", "lb/MWh")}


def value_flag(quantity: Quantity) -> str:
    """Return the option that names the column of a quantity."""
    return "--price-column" if quantity == "price" else "--carbon-column"


def kind(quantity: str | None) -> str:
    """Return how messages call a quantity."""
    return "carbon intensity" if quantity == "carbon" else "price"


def _numerators() -> dict[str, tuple[str, Fraction]]:
    """Return symbol -> (currency, or g of carbon; factor to it)."""
    table = {mass + gas: ("g", grams) for masses, grams in _MASSES.items() for mass in masses for gas in _GASES}
    for currency, symbols in _CURRENCIES.items():
        for symbol in symbols:
            table[symbol] = (currency, Fraction(1))
            for cent in ("ct", "cts", "cent", "cents"):
                table[symbol + cent] = table[cent + symbol] = (currency, Fraction(1, 100))
    table |= dict.fromkeys(("ct", "cts"), ("EUR", Fraction(1, 100)))  # the German abbreviation
    table |= dict.fromkeys(("cent", "cents", "¢"), ("USD", Fraction(1, 100)))  # as the EIA writes
    table |= dict.fromkeys(("p", "pence"), ("GBP", Fraction(1, 100)))
    return table


_NUMERATORS = _numerators()

PRICE_NAMES = re.compile(r"price|preis|prix|precio|prezzo|lmp|tariff", re.IGNORECASE)
#: a quotient by an energy; '_' and ' ' alone, as in eur_mwh, divide only what is known to be a unit
_QUOTIENT = re.compile(r"(?P<top>[^/()\[\]]*?)(?P<by>\s*/\s*|[ _]+per[ _]+|[ _]+)(?P<bottom>[kmg]?wh)(?![a-z])", re.IGNORECASE)
_LONE = re.compile(r"(?:[kmg]?wh?|%|[a-z]{0,2}\$|€|£|eur|usd|gbp|g|kg|t|lb)", re.IGNORECASE)


@dataclass(frozen=True)
class DataUnit:
    """A unit as written, and what it is.

    Attributes
    ----------
    text : str
    quantity : {'price', 'carbon'} or None
        None where the text is not a unit of either.
    canonical : str
        ``EUR/MWh``, ``USD/MWh``, ``GBP/MWh`` or ``gCO2e/kWh``; '' where there is none.
    factor : float
        Value in canonical units of one of this unit.
    note : str
        What was taken for granted in reading it; '' where nothing was.
    """

    text: str
    quantity: Quantity | None = None
    canonical: str = ""
    factor: float = 1.0
    note: str = ""


def stated_unit(header: str, *, currency: str = "") -> DataUnit | None:
    """Find the unit that a header, or an option, states.

    Parameters
    ----------
    header : str
        ``Day-ahead Price [EUR/MWh]``, ``ci_lca_gco2eq_per_kwh``, ``ct/kWh``.
    currency : str, optional
        Of prices whose header says only ``per_mwh``.

    Returns
    -------
    DataUnit or None
        None where the text states none.

    Examples
    --------
    >>> stated_unit("price_eur_per_kwh")
    DataUnit(text='eur/kwh', quantity='price', canonical='EUR/MWh', factor=1000.0, note='')
    >>> stated_unit("Actual Total Load [MW]").quantity is None
    True
    """
    unknown = None
    for match in _QUOTIENT.finditer(header):
        words = [word for word in re.split(r"[\s_]+", match["top"]) if word]
        for count in (3, 2, 1):  # 'g CO2 eq' before 'eq'
            symbol = "".join(words[-count:]).lower().replace("₂", "2").replace("-", "").replace(".", "")
            if symbol in _NUMERATORS:
                return _unit(f"{' '.join(words[-count:])}/{match['bottom']}", symbol, match["bottom"])
        if match["by"].strip(" _") and words:
            unknown = DataUnit(f"{words[-1]}/{match['bottom']}")
            named = PRICE_NAMES.search(words[-1]) or words[-1].casefold() == "currency"  # Price[Currency/MWh] of ENTSO-E's file library
            if named and currency.lower() in _NUMERATORS:
                return _unit(f"{currency}/{match['bottom']}", currency.lower(), match["bottom"])
    if unknown is not None:
        return unknown
    lone = [text for text in re.findall(r"[\[(]\s*(.*?)\s*[\])]", header) + re.split(r"[\s_]+", header)[-1:] if _LONE.fullmatch(text)]
    return DataUnit(lone[0]) if lone else None


def _unit(text: str, symbol: str, bottom: str) -> DataUnit:
    base, factor = _NUMERATORS[symbol]
    energy = _ENERGY[bottom.lower()]
    if base == "g":
        note = "read as CO2e, though the unit says CO2: other greenhouse gases may not be counted" if symbol.endswith("co2") else ""
        return DataUnit(text, "carbon", CARBON_UNIT, float(factor / energy), note)
    note = ""
    if symbol in ("ct", "cts", "cent", "cents", "¢", "p", "$"):  # several countries have one
        note = f"'{symbol}' is read as {'' if factor == 1 else '0.01 '}{base}"
    return DataUnit(text, "price", f"{base}/MWh", float(factor * 1000 / energy), note)


def unit_of(table: Table, column: int, quantity: Quantity, flag: str | None, notes: list[str]) -> DataUnit:
    """Return the unit of a column: the option's, else the header's, with the currency that a column may name.

    Parameters
    ----------
    table : Table
    column : int
    quantity : {'price', 'carbon'}
    flag : str or None
        What ``--unit`` says.
    notes : list of str
        What was taken for granted is added to it.

    Returns
    -------
    DataUnit
        Of this quantity.

    Raises
    ------
    InputError
        Where no unit is stated, or one of something else, or two that contradict each other.
    """
    header, place = table.header[column], f"{table.source}: {table.named(column)}"
    way_out = f"admissible are {_ADMISSIBLE[quantity]}; state the unit with --unit"
    currency = _currency(table) if quantity == "price" else ""
    stated = stated_unit(header, currency=currency)
    if stated is None and header == ELECTRICITY_MAPS:
        note = f"'{header}' is read as the life-cycle intensity of Electricity Maps, in {CARBON_UNIT}"
        stated = DataUnit(CARBON_UNIT, "carbon", CARBON_UNIT, note=note)
    if flag is None:
        unit = stated
        if unit is None:
            raise InputError(f"{place} states no unit; {way_out}")
        if unit.quantity is None:
            raise InputError(f"{place} states '{unit.text}', which is not a unit of a {kind(quantity)} known here; {way_out}")
    else:
        unit = stated_unit(flag, currency=currency) or DataUnit(flag)
        if unit.quantity is None:
            raise InputError(f"--unit {flag} is not a unit of a {kind(quantity)} known here; admissible are {_ADMISSIBLE[quantity]}")
    for given, giver in ((unit, place if flag is None else "--unit"), (stated, place)):
        if given is not None and given.quantity not in (None, quantity):
            raise InputError(
                f"{giver} states '{given.text}', a unit of a {kind(given.quantity)}, not of a {kind(quantity)}; "
                f"name another column with {value_flag(quantity)}, or the unit: {way_out}"
            )
    if currency and quantity == "price" and _NUMERATORS.get(currency.lower(), ("",))[0] != unit.canonical[:3]:
        if flag is None:
            raise InputError(f"{place} states '{unit.text}', while the column of currencies says {currency}; {way_out}")
        notes.append(f"values are read in {flag}, as --unit says, though the column of currencies says {currency}")
    if unit.note:
        notes.append(unit.note)
    if flag is not None and stated is not None and (stated.canonical, stated.factor) != (unit.canonical, unit.factor):
        notes.append(f"values are read in {flag}, as --unit says, though the header says {stated.text}")
    if unit.factor != 1.0:
        notes.append(f"values were converted from {unit.text} to {unit.canonical} (times {unit.factor:g})")
    return unit


def _currency(table: Table) -> str:
    """Return the currency that a column of that name holds, '' without one."""
    found = [i for i, title in enumerate(table.header) if title.casefold() == "currency"]
    names = sorted({cell for i in found for cell in table.column(i) if not is_missing(cell)})
    if len(names) > 1:
        raise InputError(f"{table.source} has prices in several currencies ({listed(names)}); choose with --where currency={names[0]}")
    return names[0] if names else ""


def check_plausible(
    values: NDArray[np.float64], place: str, quantity: Quantity, unit: DataUnit, *, settled: bool, notes: list[str]
) -> None:
    """Refuse values that look like another unit.

    Parameters
    ----------
    values : ndarray
        [unit], as the file has them.
    place : str
        File and column, for the message.
    quantity : {'price', 'carbon'}
    unit : DataUnit
    settled : bool
        Whether ``--unit`` stated the unit; low prices are believed then, since there are zones with much
        hydropower and few cables.
    notes : list of str
        Such a price is added to it.

    Raises
    ------
    InputError
    """
    low, high = _PLAUSIBLE[quantity]
    raw = float(np.median(np.abs(values)))
    found = raw * unit.factor
    if low <= found <= high:
        if quantity == "price" and not settled and not _USUAL_PRICE[0] <= found <= _USUAL_PRICE[1]:
            notes.append(_unusual(raw, unit))
        return
    what = f"the median of |{kind(quantity)}| is {found:.3g} {unit.canonical}"
    if settled and quantity == "price" and found < low:
        notes.append(f"{what}, which is believed, as --unit states the unit")
        return
    currency = unit.canonical[:3]
    proposals = []
    for text in _PROPOSED[quantity]:
        name = text if quantity == "carbon" else f"{currency}{text}" if text.startswith(" ") else f"{currency}/{text}"
        other = stated_unit(name)
        if other is not None and low <= raw * other.factor <= high and other.factor != unit.factor:
            proposals.append(f"--unit '{name}' would make it {raw * other.factor:.3g}")
    way_out = " and ".join(proposals) or "state the unit with --unit"
    raise InputError(f"{place}: {what}; a {kind(quantity)} has one between {low:g} and {high:g}, so the unit is another: {way_out}")


def _unusual(raw: float, unit: DataUnit) -> str:
    """Return what is said of a median that few market-years have had."""
    low, high = _USUAL_PRICE
    told = f"the median of |price| is {raw * unit.factor:.3g} {unit.canonical}, while market-years have had {low:g} to {high:g} but for "
    told += "Norway and Sweden in 2020" if raw * unit.factor < low else "none known"
    for text in ("ct/kWh", "/MWh", "/kWh"):
        name = f"{unit.canonical[:3]}{' ' * text.startswith('ct')}{text}"
        other = stated_unit(name)
        if other is not None and low <= raw * other.factor <= high and other.factor != unit.factor:
            return f"{told}: is it in {name}? --unit '{name}' would make it {raw * other.factor:.3g}, and --unit settles what it is"
    return f"{told}: is the unit right? --unit settles what it is"


def beyond_limits(
    table: Table, column: int, values: NDArray[np.float64], quantity: Quantity, unit: DataUnit, limits: tuple[float, float] | None
) -> list[RowProblem]:
    """Return the rows whose values no market or grid has.

    Parameters
    ----------
    table : Table
    column : int
    values : ndarray
        [unit], as the file has them; NaN where there is none.
    quantity : {'price', 'carbon'}
    unit : DataUnit
    limits : tuple of float or None
        What ``--limits`` says, in canonical units.

    Returns
    -------
    list of RowProblem
        None where the median is not plausible, either: the unit is wrong then.
    """
    known = np.abs(values[~np.isnan(values)]) * unit.factor
    if limits is None and (not len(known) or not _PLAUSIBLE[quantity][0] <= np.median(known) <= _PLAUSIBLE[quantity][1]):
        return []
    low, high = limits or _LIMITS[quantity]
    flag = "--limits" if quantity == "price" else "--carbon-limits"
    found = values * unit.factor
    what = f"in {table.named(column)} does not lie in {low:g} to {high:g} {unit.canonical}"
    way_out = f"{_WHOSE[quantity]}. Correct the rows or empty their cells, or admit more with simulator fit {flag} LOW:HIGH"
    outside = np.flatnonzero((found < low) | (found > high))
    return [RowProblem(table.lines[row], f"{found[row]:g} {what}", way_out) for row in outside]
