"""Reference figures as CSV tables with unit, year, basis and source; typed access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from simulator.errors import LawError
from simulator.reference.tables import Row, Table, table, tables

__all__ = ["Reference", "Row", "Table", "accelerator", "accelerators", "defaults", "table", "tables", "wholesale_defaults"]


@dataclass(frozen=True)
class Reference:
    """One sourced figure.

    Attributes
    ----------
    value : str
        As a config would write it: a number or an uncertain value, with its unit.
    year : int
        Of the evidence.
    source : str
    basis : str
        What kind of figure it is. Carbon intensity: life-cycle or operational, which differ by tens of per cent and are never
        to be mixed. Price of electricity: whose, with or without taxes; 'single quoted estimate' where it is no statistic.
    """

    value: str
    year: int
    source: str
    basis: str

    @classmethod
    def of(cls, row: Row) -> Reference:
        """Return the figure of a row."""
        return cls(row.value, row.year, row.source, row.basis)


#: the one default that is a rule and no figure
_CHECKPOINT_INTERVAL = Reference(
    "daly2006",
    2006,
    "Daly 2006, doi:10.1016/j.future.2004.11.016",
    "judgement: the interval that an informed operator chooses; saving less often is common and dearer",
)


@cache
def defaults(before: str | None = None) -> Mapping[str, Reference]:
    """Return the default prior of each quantity that has one by itself, and the default rule of the checkpoint interval.

    Parameters
    ----------
    before : str, optional
        Month, ``2022-04``: the latest figure of a year before is taken, the earliest where all are later.
    """
    by_quantity: dict[str, dict[int, Row]] = {}
    for row in table("defaults").rows:
        by_quantity.setdefault(row.quantity, {})[row.year] = row
    last = int(before[:4]) - 1 if before else None
    priors = {quantity: Reference.of(rows[_year_of(rows, last)]) for quantity, rows in by_quantity.items()}
    return MappingProxyType({**priors, "checkpoint_interval": _CHECKPOINT_INTERVAL})


@cache
def wholesale_defaults() -> Mapping[str, Reference]:
    """Return the default priors that hold where electricity is bought hour by hour, in place of :func:`defaults`."""
    return MappingProxyType({row.quantity: Reference.of(row) for row in table("defaults_wholesale").rows})


@cache
def accelerators(year: int | None = None) -> Mapping[str, Mapping[str, Reference]]:
    """Return accelerator -> quantity -> figure, as :func:`accelerator` chooses it."""
    by_year: dict[str, dict[str, dict[int, Row]]] = {}
    for row in table("accelerators").rows:
        by_year.setdefault(row.name, {}).setdefault(row.quantity, {})[row.year] = row
    return MappingProxyType(
        {
            name: MappingProxyType({quantity: Reference.of(rows[_year_of(rows, year)]) for quantity, rows in quantities.items()})
            for name, quantities in by_year.items()
        }
    )


def _year_of(years: Mapping[int, Row], year: int | None) -> int:
    """Return the latest year that is not after ``year``, or the earliest where all are."""
    return max((known for known in years if year is None or known <= year), default=min(years))


def accelerator(name: str, year: int | None = None) -> Mapping[str, Reference]:
    """Return the figures of one accelerator.

    Parameters
    ----------
    name : str
    year : int, optional
        Prices and other figures that have several years are of the latest one that is not after it, or of the earliest
        where all are; without it they are of the latest of all.

    Raises
    ------
    LawError
        Naming the nearest known accelerators.

    Examples
    --------
    >>> accelerator("H100 SXM")["peak_flops"].value
    '989 TFLOP/s'
    """
    known = accelerators(year)
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.4) or list(known)
        raise LawError(f"'{name}' is not a known accelerator", f"Did you mean {' or '.join(near)}? Or state peak_flops and tdp")
    return known[name]
