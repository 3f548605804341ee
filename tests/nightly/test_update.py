"""Do forecasts cover the truth as often as they say? Over 200 simulated truths, each known when about half of its time is over."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from simulator import SamplingPlan, load_scenario, simulate
from simulator.analysis.update.actuals import Observation
from simulator.analysis.update.likelihood import log_likelihood
from simulator.analysis.update.so_far import SoFar
from simulator.analysis.update.update import FEWEST
from simulator.analysis.weighted import effective_draws, weighted_percentiles, weights_of
from simulator.engine import Draws
from simulator.scenario import resolve

CONFIG = "configs/quickstart.yaml"
TRUTHS = SamplingPlan(draws=200, seed=4711)
PLAN = SamplingPlan(draws=200_000)
FALSE_ALARM = 1e-6
ALL = ("progress", "spend", "energy", "interruptions")
_DAY = 24.0  # h: the truths are looked at on the evening of a day, so that few times have to be played


@cache
def played(plan: SamplingPlan) -> tuple[SoFar, np.ndarray, np.ndarray]:
    resolved = resolve(load_scenario(CONFIG))
    inputs, outputs = Draws(resolved, plan).play(0, plan.draws)
    return SoFar(resolved, plan, inputs, outputs), outputs["cost_total"], outputs["wall_clock"]


@cache
def states(plan: SamplingPlan, time: float) -> dict[str, np.ndarray]:
    found = played(plan)[0].at(time)
    if plan is TRUTHS:  # their own counts, not the expected ones
        stopped = load_scenario(CONFIG, overrides=(f"reliability.max_wall_clock={time} h",))
        found["interruptions"] = simulate(stopped, plan).interruptions.values
    return {name: found[name] for name in ALL}


def forecasts(columns: tuple[str, ...], error: float, *, noisy: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each truth the share of the forecast below it, the width of its 90 % band over the prior's, and the draws' worth."""
    _, cost, _ = played(PLAN)
    _, true_cost, true_wall = played(TRUTHS)
    rng = np.random.default_rng(8)
    prior = np.diff(np.quantile(cost, [0.05, 0.95])).item()
    found = []
    for draw in range(TRUTHS.draws):
        time = max(round(true_wall[draw] / 2 / _DAY), 1) * _DAY
        logs = np.zeros(PLAN.draws)
        for name in columns:
            value = float(states(TRUTHS, time)[name][draw])
            counted = name == "interruptions"
            value *= float(np.exp(error * rng.normal())) if noisy and not counted else 1.0
            logs += log_likelihood(Observation(name, value, time, 0.0 if counted else error, 2), states(PLAN, time)[name])
        weights = weights_of(logs)
        low, high = (e.value for e in weighted_percentiles(weights, cost, (0.05, 0.95)))
        found.append((weights[cost <= true_cost[draw]].sum(), (high - low) / prior, effective_draws(weights)))
    below, widths, worth = np.array(found).T
    print(
        f"\n{', '.join(columns)} with errors of {error:g}, {'noisy' if noisy else 'exact'}: "
        f"{np.sum((below > 0.05) & (below < 0.95))} of {below.size} truths in the 90 % band, "
        f"uniform with p = {stats.kstest(below, 'uniform').pvalue:.3g}; width {np.median(widths):.3f} of the prior's (median); "
        f"worth {worth.min():.0f} to {worth.max():.0f} draws, {np.sum(worth < FEWEST)} refused"
    )
    return below, widths, worth


@pytest.mark.parametrize(
    ("columns", "error", "noisy", "narrower"),
    [
        # the price, which exact progress does not tell, makes the band: a tolerance of 2 % is nothing beside it
        (("progress",), 0.02, False, 1.0),
        (ALL, 0.06, True, 0.3),
    ],
)
def test_forecasts_cover_the_truth_at_the_nominal_rate(columns: tuple[str, ...], error: float, noisy: bool, narrower: float) -> None:
    below, widths, worth = forecasts(columns, error, noisy=noisy)
    told = worth >= FEWEST  # the others are refused
    below, widths = below[told], widths[told]
    covered = int(np.sum((below > 0.05) & (below < 0.95)))
    assert told.mean() > 0.9
    assert FALSE_ALARM / 2 < stats.binom.cdf(covered, below.size, 0.9) < 1 - FALSE_ALARM / 2
    assert stats.kstest(below, "uniform").pvalue > FALSE_ALARM
    assert np.median(widths) < narrower


def test_exact_totals_with_a_tolerance_are_covered_more_often() -> None:
    """A tolerance for errors that are not there widens the band: who states too large an error is never too sure."""
    below, widths, _ = forecasts(ALL, 0.06, noisy=False)
    assert np.mean((below > 0.05) & (below < 0.95)) >= 0.9
    assert np.median(widths) < 0.3
