"""Chances, each with its Monte Carlo error: of exceeding a limit or a budget, of building being cheaper than buying."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.estimates import UNKNOWN, Estimate, chance
from simulator.quantities import QUANTITIES
from simulator.reference import table

#: limit of a scenario -> output that it bounds
LIMITS = {"budget": "cost_total", "deadline": "programme_time", "carbon_cap": "emissions_total"}
#: what joins the names of limits that hold together
TOGETHER = " and "
BUILDING, BUILT = "building", "building_saves"  # what is a chance too: that it is cheaper than buying; the output that tells it


def happenings(outputs: Mapping[str, Any], limits: Mapping[str, float]) -> dict[str, NDArray[np.bool_]]:
    """Return by limit in which draws it is exceeded, a run that was stopped exceeding its deadline; and where building is cheaper.

    Parameters
    ----------
    outputs : mapping of str to array
        By name.
    limits : mapping of str to float
        Those of the scenario, in canonical units.
    """
    found = {name: outcome(outputs, name) > limit for name, limit in limits.items()}
    if BUILT in outputs:
        found[BUILDING] = np.asarray(outputs[BUILT]) > 0.0
    return found


def outcome(outputs: Mapping[Any, Any], limit: str) -> NDArray[np.float64]:
    """Return by draw what a limit is compared with; when a run that was stopped would be released is not known: infinity.

    Parameters
    ----------
    outputs : mapping of str to array
        By name, in canonical units.
    limit : {"budget", "deadline", "carbon_cap"}

    Examples
    --------
    >>> outcome({"programme_time": np.array([5.0, 9.0]), "completed": np.array([1.0, 0.0])}, "deadline").tolist()
    [5.0, inf]
    """
    values = np.asarray(outputs[LIMITS[limit]])
    if limit == "deadline" and "completed" in outputs:
        return np.where((np.asarray(outputs["completed"]) == 0.0) & ~np.isnan(values), np.inf, values)
    return values


def _chance_above(results: xr.Dataset, values: NDArray[np.float64], limit: float) -> Estimate:
    """Return how likely values are above a limit; of a NaN draw nothing is known, so that the chance is NaN."""
    if np.isnan(values).any() or math.isnan(limit):
        return UNKNOWN
    return chance(results, values > limit)


def _chances(results: xr.Dataset) -> dict[str, Estimate]:
    """Return the chances of :func:`happenings`, of draws or of bands that were made without keeping them."""
    if "probability_exceeded" in results:
        rows = zip(results.limit.values, results.probability_exceeded.values, results.mcse_exceeded.values, strict=True)
        return {str(name): Estimate(float(value), float(mcse)) for name, value, mcse in rows}
    stated: dict[str, float] = json.loads(results.attrs.get("limits", "{}"))
    limits = {name: _chance_above(results, outcome(results, name), limit) for name, limit in stated.items()}
    return limits | ({BUILDING: _chance_above(results, results[BUILT].values, 0.0)} if BUILT in results else {})


def limits_exceeded(results: xr.Dataset) -> dict[str, tuple[float, Estimate]]:
    """Return each limit that the scenario states, and how likely it is exceeded; a run that was stopped exceeds its deadline.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it.
    """
    stated: dict[str, float] = json.loads(results.attrs.get("limits", "{}"))
    found = _chances(results)
    return {name: (limit, found[name]) for name, limit in stated.items()}


def budgets_exceeded(results: xr.Dataset) -> list[tuple[str, float, Estimate, str]]:
    """Return kinds of organization, what they can spend in a year [USD], how likely the dearest year exceeds that, and the source.

    The dearest year of the calendar of spending; where there is none, all is spent in one. Of draws alone: bands do not tell.
    """
    if "draw" not in results.dims:
        return []
    cost = results["spending"].max("year", skipna=False).values if "spending" in results else results["cost_total"].values
    return [(row.name, row.central, _chance_above(results, cost, row.central), row.source) for row in table("budgets").rows]


def building_is_cheaper(results: xr.Dataset) -> Estimate | None:
    """Return how likely building a model is cheaper than renting one over the horizon; None where nothing is rented."""
    return _chances(results).get(BUILDING)


def chances_json(results: xr.Dataset) -> dict[str, Any]:
    """Return limits, budgets and build-or-buy as plain data for ``json.dumps``."""

    def plain(c: Estimate) -> dict[str, float | None]:
        return {"probability_exceeded": None if math.isnan(c.value) else c.value, "mcse": None if math.isnan(c.mcse) else c.mcse}

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
        told = plain(cheaper)
        data["build_or_buy"] = {"probability_building_is_cheaper": told["probability_exceeded"], "mcse": told["mcse"]}
    return data
