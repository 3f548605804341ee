"""Chances, each with its Monte Carlo error: of exceeding a limit or a budget, of building being cheaper than buying."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.quantities import QUANTITIES
from simulator.reference import table

#: limit of a scenario -> output that it bounds
LIMITS = {"budget": "cost_total", "deadline": "programme_time", "carbon_cap": "emissions_total"}


@dataclass(frozen=True)
class Chance:
    """A probability and its Monte Carlo standard error.

    Attributes
    ----------
    value, mcse : float
        NaN where the draws do not support them.
    """

    value: float
    mcse: float


def chance(results: xr.Dataset, happens: NDArray[np.bool_]) -> Chance:
    """Return how likely something is.

    The error of random draws is that of a binomial share, with one success and one failure added so that a share of 0 or 1 has
    one too; that of Sobol' points is the spread of their replicates, NaN for a single one.

    Parameters
    ----------
    results : xarray.Dataset
        With attributes ``plan`` and ``replicates``.
    happens : ndarray of bool, shape (draws,)

    Examples
    --------
    >>> c = chance(xr.Dataset(attrs={"plan": "random"}), np.arange(100) < 20)
    >>> c.value, round(c.mcse, 4)
    (0.2, 0.04)
    """
    draws = len(happens)
    share = float(np.mean(happens))
    if results.attrs.get("plan") == "sobol":
        replicates = int(results.attrs["replicates"])
        parts = np.array([np.mean(happens[r::replicates]) for r in range(replicates)])
        return Chance(share, float(parts.std(ddof=1) / math.sqrt(replicates)) if replicates > 1 else math.nan)
    padded = (share * draws + 1.0) / (draws + 2.0)
    return Chance(share, math.sqrt(padded * (1.0 - padded) / (draws + 2.0)))


def limits_exceeded(results: xr.Dataset) -> dict[str, tuple[float, Chance]]:
    """Return each limit that the scenario states, and how likely it is exceeded; a run that was stopped exceeds its deadline.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it.
    """
    stated: dict[str, float] = json.loads(results.attrs.get("limits", "{}"))
    told = {}
    for name, limit in stated.items():
        above = results[LIMITS[name]].values > limit
        if name == "deadline" and "completed" in results:
            above |= results["completed"].values == 0.0
        told[name] = (limit, chance(results, above))
    return told


def budgets_exceeded(results: xr.Dataset) -> list[tuple[str, float, Chance, str]]:
    """Return kinds of organization, what they can spend in a year [USD], how likely the dearest year exceeds that, and the source.

    The dearest year of the calendar of spending; where there is none, all is spent in one.
    """
    cost = results["spending"].max("year", skipna=False).values if "spending" in results else results["cost_total"].values
    return [(row.name, row.central, chance(results, cost > row.central), row.source) for row in table("budgets").rows]


def building_is_cheaper(results: xr.Dataset) -> Chance | None:
    """Return how likely building a model is cheaper than renting one over the horizon; None where nothing is rented."""
    return chance(results, results["building_saves"].values > 0.0) if "building_saves" in results else None


def chances_json(results: xr.Dataset) -> dict[str, Any]:
    """Return limits, budgets and build-or-buy as plain data for ``json.dumps``."""

    def plain(c: Chance) -> dict[str, float | None]:
        return {"probability_exceeded": c.value, "mcse": None if math.isnan(c.mcse) else c.mcse}

    limits = limits_exceeded(results).items()
    data: dict[str, Any] = {
        "limits": {name: {"limit": limit, "unit": QUANTITIES[LIMITS[name]].unit, **plain(c)} for name, (limit, c) in limits},
        "budgets": [
            {"organization": name, "budget": budget, "unit": "USD", **plain(c), "source": source}
            for name, budget, c, source in budgets_exceeded(results)
        ],
    }
    cheaper = building_is_cheaper(results)
    if cheaper is not None:
        data["build_or_buy"] = {"probability_building_is_cheaper": cheaper.value, "mcse": plain(cheaper)["mcse"]}
    return data
