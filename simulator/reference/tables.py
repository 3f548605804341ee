"""Every reference table, row by row: one schema, a figure with its spread, unit, year, basis and source a row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from simulator.errors import InputError

#: table -> one line of meaning
_MEANINGS = {
    "accelerators": "Dense peaks, power, memory and prices by year of accelerators, and of the servers that hold them",
    "api_prices": "List prices of calling a model, and how fast the price of a given performance falls",
    "defaults": "What an input is taken to be where a scenario does not state it",
    "defaults_wholesale": "The same where electricity is bought hour by hour, in place of defaults",
    "exchange_rates": "USD for one unit of a currency, averaged over a year",
    "budgets": "What kinds of organization can spend in a year",
    "carbon_market": "Residual mixes, hourly matching, carbon prices, backup generation",
    "embodied": "Emissions of making accelerators, servers and buildings, as published",
    "equivalences": "What an amount of emissions, water or energy is as much as",
    "failures": "Failure rates, downtimes and goodput of published systems",
    "grid_annual": "Annual carbon intensity and electricity price of countries, states, provinces and cloud regions",
    "levers": "What a lever multiplies by how much",
    "overheads": "Facilities, servers, networks, licences, support, insurance and removal",
    "pay": "Salaries, equity and overheads by class of person, and how many people models took",
    "pue": "Facility energy over IT energy by class of operator, operator and site; the classes stand in for what is not stated",
    "rental_markets": "Discounts, spread between providers, and jumps and drift of rental prices",
    "runs": "Published training runs: size, hours, utilization, energy and emissions",
    "storage": "Prices of keeping data, of getting it back and of sending it elsewhere",
    "water": "Water on site per kWh of IT energy, and off site per kWh of electricity",
}


@dataclass(frozen=True)
class Row:
    """One sourced figure.

    Attributes
    ----------
    name, quantity : str
        Of what, and which of its quantities; unique in a table together with ``year``.
    low, central, high : float
        Central 90 % and the published central figure [unit]; all three are equal where the figure is certain.
    unit : str
        ``1`` where it is a plain number.
    year : int
        Of the evidence, or in which a price held.
    basis : str
        What kind of figure it is: datasheet, list price, published range, measured, judgement.
    source : str
    retrieved : str
        ISO date on which the figure was last looked up.
    value : str
        As a config would write it: ``989 TFLOP/s``, ``0.56 to 1.00``.
    kind, label : str
        Of what has them: country, us_state, ca_province, au_state or cloud_region, and its name.
    """

    name: str
    quantity: str
    low: float
    central: float
    high: float
    unit: str
    year: int
    basis: str
    source: str
    retrieved: str
    value: str
    kind: str = ""
    label: str = ""


@dataclass(frozen=True)
class Table:
    """A reference table.

    Attributes
    ----------
    name, meaning : str
    rows : tuple of Row
    """

    name: str
    meaning: str
    rows: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the table has figures of, each once."""
        return tuple(dict.fromkeys(row.name for row in self.rows))

    def of(self, name: str) -> tuple[Row, ...]:
        """Return the rows of one name, or of one quantity, in any case.

        Raises
        ------
        InputError
            Naming the nearest names.
        """
        word = name.strip().casefold()
        found = tuple(row for row in self.rows if word in (row.name.casefold(), row.label.casefold(), row.quantity))
        if not found:
            known = [known for row in self.rows for known in (row.name, row.label, row.quantity) if known]
            raise InputError(f"'{name}' is not in the table {self.name}. {_near(name, known)}")
        return found


def _near(wanted: str, known: Iterable[str]) -> str:
    """Return the sentence that leads from a name that is not known to those that are."""
    by_word = {name.casefold(): name for name in known}
    word = wanted.strip().casefold()
    found = get_close_matches(word, by_word, n=3, cutoff=0.5) or [name for name in by_word if word and word in name][:3]
    if found:
        return f"Did you mean {' or '.join(by_word[name] for name in found)}?"
    shown = list(by_word.values())
    return f"Known are {', '.join(shown[:20])}{' and others' if len(shown) > 20 else ''}"


def _row(cells: Mapping[str, str]) -> Row:
    low, high, unit = cells["low"], cells["high"], cells["unit"]
    value = low if low == high else f"{low} to {high}"
    return Row(
        name=cells["name"],
        quantity=cells["quantity"],
        low=float(low),
        central=float(cells["central"]),
        high=float(high),
        unit=unit,
        year=int(cells["year"]),
        basis=cells["basis"],
        source=cells["source"],
        retrieved=cells["retrieved"],
        value=value if unit == "1" else f"{value} {unit}",
        kind=cells.get("kind", ""),
        label=cells.get("label", ""),
    )


def tables() -> Mapping[str, Table]:
    """Return every reference table by name."""
    return MappingProxyType({name: table(name) for name in _MEANINGS})


@cache
def table(name: str) -> Table:
    """Return one reference table.

    Raises
    ------
    InputError
        Naming the nearest tables.

    Examples
    --------
    >>> [row.value for row in table("accelerators").of("h100 sxm") if row.quantity == "peak_flops"]
    ['989 TFLOP/s']
    """
    if name not in _MEANINGS:
        raise InputError(f"'{name}' is not a reference table. {_near(name, _MEANINGS)}")
    text = files("simulator.reference").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return Table(name, _MEANINGS[name], tuple(_row(cells) for cells in csv.DictReader(text.splitlines())))
