"""Do forecasts cover the truth as often as they say? Over 200 simulated truths, each known when about half of its time is over."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from simulator import SamplingPlan, load_scenario, simulate
from simulator.analysis.update.actuals import Observation
from simulator.analysis.update.matching import matched
from simulator.analysis.update.regression import Regression
from simulator.analysis.update.so_far import SoFar
from simulator.analysis.update.update import FEWEST
from simulator.analysis.weighted import effective_draws, weighted_percentiles, weights_of
from simulator.engine import Draws
from simulator.scenario import resolve

CONFIG = "configs/quickstart.yaml"
TRUTHS = SamplingPlan(draws=200, seed=4711)
PLAN = SamplingPlan(draws=100_000)
FALSE_ALARM = 1e-6
FOUR = ("progress", "spend", "energy", "interruptions")
OUTPUTS = ("cost_total", "wall_clock", "energy", "emissions_total")
_DAY = 24.0  # h: the truths are looked at on the evening of a day, so that few times have to be played


@cache
def played(plan: SamplingPlan) -> tuple[SoFar, dict[str, np.ndarray]]:
    resolved = resolve(load_scenario(CONFIG))
    inputs, outputs = Draws(resolved, plan).play(0, plan.draws)
    return SoFar(resolved, plan, inputs, outputs), outputs


@cache
def states(plan: SamplingPlan, time: float) -> dict[str, np.ndarray]:
    found = played(plan)[0].at(time)
    if plan is TRUTHS:  # their own counts, not the expected ones
        stopped = load_scenario(CONFIG, overrides=(f"reliability.max_wall_clock={time} h",))
        found["interruptions"] = simulate(stopped, plan).interruptions.values
    return found


def forecasts(columns: tuple[str, ...], error: float, *, noisy: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return by output the share of each truth's forecast below it, and the width of its 90 % band over the prior's."""
    _, whole = played(PLAN)
    _, true = played(TRUTHS)
    rng = np.random.default_rng(8)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in OUTPUTS}
    worth = []
    for draw in range(TRUTHS.draws):
        time = max(round(true["wall_clock"][draw] / 2 / _DAY), 1) * _DAY
        observations, matching = [], []
        for name in columns:
            own = 0.0 if name == "interruptions" else error
            value = float(states(TRUTHS, time)[name][draw]) * float(np.exp(own * rng.normal()) if noisy else 1.0)
            observations.append(Observation(name, value, time, own, 2))
            matching.append(states(PLAN, time)[name])
        known = matched(observations, matching)
        weights = weights_of(np.sum([m.log_weights for m in known], axis=0))
        regression = Regression(weights, known)
        worth.append(effective_draws(weights))
        for name in OUTPUTS:
            now = regression.moved(whole[name])
            low, high = (e.value for e in weighted_percentiles(weights, now, (0.05, 0.95)))
            prior = np.diff(np.quantile(whole[name], [0.05, 0.95])).item()
            found[name].append((weights[now <= true[name][draw]].sum(), (high - low) / prior))
    print(f"\n{', '.join(columns)} with errors of {error:g}; worth {min(worth):.0f} to {max(worth):.0f} draws")
    assert min(worth) >= FEWEST
    result = {}
    for name, rows in found.items():
        below, widths = np.array(rows).T
        print(
            f"  {name}: {covered(below)} of {below.size} truths in the 90 % band, uniform with p = "
            f"{stats.kstest(below, 'uniform').pvalue:.3g}; width {np.median(widths):.3f} of the prior's (median)"
        )
        result[name] = below, widths
    return result


def covered(below: np.ndarray) -> int:
    """Return how many truths lie in the 90 % band."""
    return int(np.sum((below > 0.05) & (below < 0.95)))


@pytest.mark.parametrize(
    ("columns", "error", "narrower"),
    [
        (("progress",), 0.0, {"wall_clock": 0.15}),  # which tells nothing of the price, so that cost stays wide
        (("progress", "spend"), 0.0, {"wall_clock": 0.15, "cost_total": 0.1}),
        (FOUR, 0.0, {"wall_clock": 0.15, "cost_total": 0.1, "energy": 0.1}),
        (("device_hours", "emissions", *FOUR), 0.0, dict.fromkeys(OUTPUTS, 0.15)),
        (FOUR, 0.06, {"cost_total": 0.3}),
        (FOUR, 0.02, {"cost_total": 0.15}),
    ],
)
def test_forecasts_cover_the_truth_at_the_nominal_rate(columns: tuple[str, ...], error: float, narrower: dict[str, float]) -> None:
    for name, (below, widths) in forecasts(columns, error, noisy=error > 0.0).items():
        assert FALSE_ALARM / 2 < stats.binom.cdf(covered(below), below.size, 0.9) < 1 - FALSE_ALARM / 2
        assert stats.kstest(below, "uniform").pvalue > FALSE_ALARM
        assert np.median(widths) < narrower.get(name, 1.0)


def test_exact_totals_with_an_error_are_covered_more_often() -> None:
    """An error that is not there widens the band: who states too large an error is never too sure."""
    below, widths = forecasts(FOUR, 0.06, noisy=False)["cost_total"]
    assert covered(below) >= 0.9 * below.size
    assert np.median(widths) < 0.3
