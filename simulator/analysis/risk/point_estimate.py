"""The estimate that a plan without uncertainty would make: every input at its median."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import summarize
from simulator.analysis.chances import LIMITS, outcome
from simulator.analysis.estimates import Estimate
from simulator.engine import Draws
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.scenario import Resolved, Scenario, parse_scenario, resolve
from simulator.scenario.values import UncertainValue

MEANING = (
    "every input at its median (an event happens where its probability is above one half); where failures, hourly prices or weather still "
    "vary, the median over them"
)
_DRAWS = 1024


def point_estimate(scenario: Scenario, *, seed: int = 0, first: int = 0) -> dict[str, Estimate]:
    """Return cost, time to release and emissions with every input at its median, by limit.

    Medians of inputs do not make the median of an outcome: a sum of skewed parts, or a division by utilization, has another. That
    difference is what a contingency over this estimate pays for.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Of what is luck beyond the inputs: failures, hourly prices and intensities.
    first : int
        Number of the first draw of that luck; with the number of draws of a result, another than any of its own.

    Returns
    -------
    dict of str to Estimate
        ``budget`` [USD], ``deadline`` [h], ``carbon_cap`` [kgCO2e]; the error is nought where nothing varies. A release that more than
        half of the runs do not see, since they are stopped, is infinite.

    Examples
    --------
    >>> from simulator import load_scenario
    >>> scenario = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> cost = point_estimate(scenario)["budget"]
    >>> round(cost.value), cost.mcse
    (240307, 0.0)
    """
    plan = SamplingPlan(draws=first + _DRAWS, seed=seed)
    _, outputs = Draws(certain(resolve(scenario)), plan).play(first, first + _DRAWS)
    bands = summarize(_labelled(outputs), quantiles=[0.5]).sel(quantile=0.5)
    found = {limit: (bands.value.sel(output=limit).item(), bands.mcse.sel(output=limit).item()) for limit in LIMITS}
    return {limit: Estimate(value, math.nan if math.isinf(value) else mcse) for limit, (value, mcse) in found.items()}


def point_of_results(results: xr.Dataset, *, base: Path | None = None) -> tuple[dict[str, Estimate] | None, str]:
    """Return the point estimate of the scenario that results keep, and what it means; or None, and why there is none.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it, or :func:`simulator.simulate_bands`.
    base : Path, optional
        Folder that the scenario's file names are relative to. Where what is found there is not what the results were made of, there is no
        estimate.
    """
    try:
        scenario = parse_scenario(results.attrs["config"], base=base or Path())  # of another, as far as anyone knows
        same = resolve(scenario).hash() == results.attrs["scenario_hash"]
    except InputError:
        same = False
    if not same:
        return None, "none: the scenario of these results cannot be read again as it was; give its CONFIG in place of FILE"
    first = int(results["draw"].values[-1]) + 1 if "draw" in results.dims else int(results.attrs["draws"])
    return point_estimate(scenario, seed=int(results.attrs["seed"]), first=first), MEANING


def certain(resolved: Resolved) -> Resolved:
    """Return a scenario with every law replaced by its median."""
    return replace(resolved, inputs={place: replace(item, value=_at_median(item.value)) for place, item in resolved.inputs.items()})


def _at_median(value: UncertainValue) -> UncertainValue:
    return value if value.law is None else replace(value, constant=value.median, law=None, table=None)


def _labelled(outputs: Mapping[str, NDArray[np.float64]]) -> xr.Dataset:
    """Return what limits bound as results of random draws."""
    return xr.Dataset({name: ("draw", outcome(outputs, name), {"role": "output"}) for name in LIMITS}, attrs={"plan": "random"})
