"""Joint confidence: how likely several limits hold in the same draw, and which budgets and dates hold together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import summarize
from simulator.analysis.chances import TOGETHER, outcome
from simulator.analysis.counted.sketch_rows import is_counted
from simulator.analysis.estimates import UNKNOWN, Estimate, chance
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.outcomes import exceeded, outcome_samples
from simulator.quantities import QUANTITIES

Floats = NDArray[np.float64]


def all_held(results: xr.Dataset, limits: Mapping[str, float]) -> Estimate:
    """Return how likely all limits hold in one draw; NaN where a draw of one of them is.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it; or :func:`simulator.simulate_bands`, which knows of the scenario's own limits alone
        whether they hold together: NaN of others.
    limits : mapping of str to float
        ``budget`` [USD], ``deadline`` [h], ``carbon_cap`` [kgCO2e], or some of them.

    Examples
    --------
    >>> runs = {"cost_total": ("draw", [1.0, 2.0, 3.0, 4.0]), "programme_time": ("draw", [4.0, 2.0, 3.0, 1.0])}
    >>> all_held(xr.Dataset(runs, attrs={"plan": "random"}), {"budget": 3.0, "deadline": 3.0}).value
    0.5
    """
    if is_counted(results):
        return _held_as_counted(results, limits)
    values = {name: outcome(results, name) for name in limits}
    if any(np.isnan(v).any() for v in values.values()):
        return UNKNOWN
    held = np.logical_and.reduce([values[name] <= limit for name, limit in limits.items()])
    return chance(results, held)


def _held_as_counted(bands: xr.Dataset, limits: Mapping[str, float]) -> Estimate:
    """Return what is known of limits together where no draw is kept."""
    if len(limits) == 1:
        ((name, limit),) = limits.items()
        beyond, _ = exceeded(bands, outcome_samples(bands)[name], name, limit)
        return Estimate(1.0 - beyond.value, beyond.mcse)
    if not _are_own(bands, limits):
        return UNKNOWN
    held = bands.sel(limits_together=TOGETHER.join(name for name in json.loads(bands.attrs["limits"]) if name in limits))
    return Estimate(held.probability_held.item(), held.mcse_held.item())


def _are_own(bands: xr.Dataset, limits: Mapping[str, float]) -> bool:
    """Return whether limits are those of the scenario, or some of them."""
    own: dict[str, float] = json.loads(bands.attrs["limits"])
    return all(own.get(name) == limit for name, limit in limits.items())


def what_counts_leave_open(results: xr.Dataset, limits: Mapping[str, float]) -> str:
    """Return what is not known of limits together where no draw is kept, and the way out; nothing where draws are kept."""
    if not is_counted(results):
        return ""
    front = "no draw was kept, so that the budgets and dates that hold together are not known"
    if len(limits) == 1 or _are_own(results, limits):
        return f"{front}; keep the draws (run without --summary) for them"
    return (
        f"{front}, nor how likely limits hold together that the scenario did not state: state them there (run --summary --set "
        "limits.budget=...), or keep the draws (run without --summary)"
    )


def frontier(results: xr.Dataset, *, deadlines: Sequence[float] = (), confidence: float = 0.7) -> xr.Dataset:
    """Return the budgets that hold together with a date at a stated confidence: the least for each date.

    NASA asks its projects for 70 % confidence in cost and date together; each of the pairs has it, so that money may be traded for time.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it; bands leave an empty table, since they know of no draw both cost and time.
    deadlines : sequence of float
        Times from now to the release [h] that the table has besides its own: five between the percentile ``confidence`` of the
        time, with which only an unlimited budget goes, and its end.
    confidence : float
        That both hold, in (0, 1).

    Returns
    -------
    xarray.Dataset
        By ``release`` [h], ascending: ``frontier_budget`` [USD], the percentile ``confidence`` of the cost where a late draw costs
        infinitely much, its ``frontier_budget_mcse``; ``frontier_probability``, the share of draws in which both hold, and
        ``frontier_mcse``. Where no budget is enough, the budget is infinite and the probability that of the date alone. NaN draws leave
        an empty table; too few draws for the percentile leave NaN.

    Notes
    -----
    NASA Procedural Requirements 7120.5F (2021), section 2.4.3, on the joint cost and schedule confidence level.

    Examples
    --------
    >>> draws = np.arange(1000.0)
    >>> runs = {"cost_total": ("draw", draws), "programme_time": ("draw", draws)}
    >>> front = frontier(xr.Dataset(runs, attrs={"plan": "random"}), deadlines=[600.0], confidence=0.7)
    >>> front.frontier_budget.values[:2].round(1).tolist(), front.frontier_probability.values[0].item()
    ([inf, 699.3], 0.601)
    """
    require_open_unit("joint confidence", confidence)
    if is_counted(results):
        cost = time = np.array([math.nan])  # no draw is known
    else:
        cost, time = outcome(results, "budget"), outcome(results, "deadline")
    if np.isnan(cost).any() or np.isnan(time).any():
        dates = np.empty(0)
    else:
        between = np.quantile(time, confidence + (1 - confidence) * np.arange(1, 6) / 6, method="higher")
        dates = np.unique([*deadlines, *between[np.isfinite(between)]])
    rows = np.array([_pair(results, cost, time, date, confidence) for date in dates]).reshape(dates.size, 4)
    told = {
        "frontier_budget": (f"least budget that holds together with the date at {confidence:g}", "USD"),
        "frontier_budget_mcse": ("its Monte Carlo standard error", "USD"),
        "frontier_probability": ("probability that budget and date both hold", "1"),
        "frontier_mcse": ("its Monte Carlo standard error", "1"),
    }
    columns = zip(told.items(), rows.T, strict=True)
    return xr.Dataset(
        {name: ("release", values, {"long_name": meaning, "units": unit}) for (name, (meaning, unit)), values in columns},
        {"release": ("release", dates, {"long_name": QUANTITIES["programme_time"].meaning, "units": "h"})},
    )


def _pair(results: xr.Dataset, cost: Floats, time: Floats, date: float, confidence: float) -> tuple[float, ...]:
    """Return the budget of a date and its error, and the probability that both hold and its error."""
    late = np.where(time <= date, cost, np.inf)
    draws = xr.Dataset({"cost": ("draw", late, {"role": "output"})}, attrs=results.attrs)
    band = summarize(draws, quantiles=[confidence]).isel(output=0, quantile=0)
    if band.draws_needed.item():
        return (math.nan,) * 4
    budget, error = band.value.item(), band.mcse.item()
    met = chance(results, (cost <= budget) & (time <= date))
    return budget, error if math.isfinite(error) else math.nan, met.value, met.mcse
