"""Ways to estimate statistics of a run's cost and emissions, each a function of a number of draws and a seed.

An estimate is all that is done for it on one thread: tables and scramblings of the inputs, the draws, the statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import process_time
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks.harness import Draw
from simulator import SamplingPlan, Scenario, summarize
from simulator.arguments import compile_arguments
from simulator.scenario import resolve

OUTPUTS = ("cost_total", "emissions_total")
PROBABILITIES = (0.5, 0.8, 0.95)
STATISTICS = ("mean", "P50", "P80", "P95")

Floats = NDArray[np.float64]
Plan = Literal["random", "sobol"]


class Estimate(NamedTuple):
    """One estimate.

    Attributes
    ----------
    seconds : float
        Processor time.
    values : ndarray, shape (len(OUTPUTS), len(STATISTICS))
    told : ndarray of the same shape
        Standard errors that ``summarize`` tells from this estimate alone, made after the time is taken; NaN where not asked.
    """

    seconds: float
    values: Floats
    told: Floats


#: (draws, seed, whether the told errors are asked) -> estimate
Way = Callable[[int, int, bool], Estimate]


def statistics(draws: Floats) -> tuple[float, ...]:
    """Return mean and quantiles."""
    return float(draws.mean()), *np.quantile(draws, PROBABILITIES)


def kernel(scenario: Scenario, plan: Plan) -> Way:
    """Return the package's kernel and ledger, which fill arrays allocated once."""
    resolved, arrays = resolve(scenario), np.zeros((0, 0))

    def estimate(draws: int, seed: int, tell: bool) -> Estimate:
        nonlocal arrays
        began = process_time()
        chosen = SamplingPlan(draws=draws, seed=seed, plan=plan, threads=1)
        arguments = compile_arguments(resolved, chosen)
        split = len(arguments.drawn)
        if arrays.shape[1] != draws:
            arrays = np.zeros((split + len(arguments.outputs), draws))
        arguments.run(0, draws, arrays[:split], arrays[split:], first=0, block_size=chosen.block_size)
        found = {name: arrays[split + arguments.outputs.index(name)] for name in OUTPUTS}
        values = np.array([statistics(found[name]) for name in OUTPUTS])
        return Estimate(process_time() - began, values, told(found, chosen) if tell else np.full_like(values, np.nan))

    return estimate


def told(found: dict[str, Floats], plan: SamplingPlan) -> Floats:
    """Return the standard errors that ``summarize`` tells."""
    attrs = {"role": "output", "units": "1"}
    draws = {name: xr.DataArray(values, dims="draw", attrs=attrs) for name, values in found.items()}
    bands = summarize(xr.Dataset(draws, attrs={"plan": plan.plan, "replicates": plan.scramblings}), quantiles=PROBABILITIES)
    return np.column_stack([bands.mcse_mean.values, bands.mcse.values])


def peer(draw: Draw) -> Way:
    """Return a peer of the static workload; it has a generator of its own, which goes on from call to call."""

    def estimate(draws: int, _seed: int, _tell: bool) -> Estimate:
        began = process_time()
        found = draw(draws)
        values = np.array([statistics(np.asarray(found[name])) for name in OUTPUTS])
        return Estimate(process_time() - began, values, np.full_like(values, np.nan))

    return estimate


def path_share(scenario: Scenario, draws: int) -> Floats:
    """Return the share of each output's variance that its random paths make: what Sobol' points of the inputs leave.

    Half the mean square of what changes where the same inputs meet other interruptions and another weather.
    """
    resolved = resolve(scenario)
    first, second = (compile_arguments(resolved, SamplingPlan(draws=draws, seed=seed)) for seed in (0, 1))
    rows = []
    for arguments in (first, replace(first, play=second.play, hourly=second.hourly)):
        inputs, outputs = np.zeros((len(arguments.drawn), draws)), np.zeros((len(arguments.outputs), draws))
        arguments.run(0, draws, inputs, outputs, first=0, block_size=8192)
        rows.append(outputs[[arguments.outputs.index(name) for name in OUTPUTS]])
    share: Floats = np.mean((rows[0] - rows[1]) ** 2, axis=1) / 2.0 / rows[0].var(axis=1)
    return share
