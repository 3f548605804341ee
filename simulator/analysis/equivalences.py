"""What emissions, water and energy are as much as, with the factor and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xarray as xr

from simulator.reference import table
from simulator.units import parse_unit

#: outputs, and the unit of what they are compared with
_OUTPUTS = {"emissions_total": "kgCO2e", "water": "L", "energy_total": "kWh"}


@dataclass(frozen=True)
class Equivalence:
    """A band in units of something familiar.

    Attributes
    ----------
    output, what : str
    low, middle, high : float
        P5, P50 and P95 of the output divided by the factor.
    factor : float
        Of one of them [unit].
    unit : str
    year : int
        Of the factor.
    basis, source : str
    """

    output: str
    what: str
    low: float
    middle: float
    high: float
    factor: float
    unit: str
    year: int
    basis: str
    source: str


def equivalences(results: xr.Dataset) -> list[Equivalence]:
    """Return the bands of emissions, water and energy in units of familiar things.

    Tools disagree more than twofold on some of these factors, so that each stands beside its result; the tables hold several
    for one thing where published figures differ.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it.
    """
    told = []
    for row in table("equivalences").rows:
        for output, unit in _OUTPUTS.items():
            if parse_unit(row.unit).powers != parse_unit(unit).powers or output not in results:
                continue
            factor = row.central * float(parse_unit(row.unit).factor / parse_unit(unit).factor)
            low, middle, high = (float(q) / factor for q in results[output].quantile([0.05, 0.5, 0.95]).values)
            told.append(Equivalence(output, row.name, low, middle, high, factor, unit, row.year, row.basis, row.source))
    return told


def equivalences_json(results: xr.Dataset) -> list[dict[str, Any]]:
    """Return equivalences as plain data for ``json.dumps``."""
    return [vars(item) for item in equivalences(results)]
