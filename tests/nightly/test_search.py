"""Searches over many seeds: does what is told as good hold the best as often as it says? Prints what it finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from searching import KNOWN, NONE, OPTIMUM, measured, quickstart
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, search, simulate
from simulator.analysis.search.selection import judge
from simulator.analysis.statistic import Statistic
from simulator.scenario.load import changed

FALSE_ALARM = 1e-6
INTERVALS = ["0.5", "0.8", "1.2", "1.6", "2", "2.5", "3.2", "4", "6"]


@pytest.mark.parametrize("goal", [Statistic("x", "mean"), Statistic("x", "percentile", 0.8), Statistic("x", "cvar", 0.8)], ids=str)
@pytest.mark.parametrize("candidates", [2, 8])
def test_of_equal_candidates_none_is_left_out_too_often(goal: Statistic, candidates: int) -> None:
    """Skewed draws that are equal in law: in common, and each of its own."""
    rng, repetitions, left_out = np.random.default_rng(candidates), 1000, 0
    for _ in range(repetitions):
        common = rng.lognormal(size=3200)
        own = [measured(common + rng.lognormal(sigma=0.8, size=3200), goal) for _ in range(candidates)]
        left_out += not judge(own, NONE, confidence=0.95, tolerance=0.0).as_good[0]
    print(f"{goal}, {candidates} candidates: left out in {left_out / repetitions:.1%} of {repetitions}")
    assert left_out <= stats.binom.ppf(1 - FALSE_ALARM, repetitions, 0.05)


@pytest.mark.parametrize("beyond", [-1e-9, 1e-9])
def test_a_limit_that_is_just_kept_or_just_missed_is_told_within_noise(beyond: float) -> None:
    """The cheaper candidate lies at its limit: kept, it is among those as good; missed, it is not called safe."""
    rng, repetitions, wrong = np.random.default_rng(11), 2000, 0
    for _ in range(repetitions):
        noise = rng.normal(size=(2, 1600))
        pair = [measured([1.0 + noise[0], beyond + noise[1]]), measured([2.0 + noise[0], -9.0 + noise[1]])]
        judgement = judge(pair, np.array([0.0]), confidence=0.95, tolerance=0.0)
        wrong += not judgement.as_good[0] if beyond < 0 else judgement.safest == 0
    print(f"limit {'kept' if beyond < 0 else 'missed'} by nothing: wrong in {wrong / repetitions:.1%} of {repetitions}")
    assert wrong <= stats.binom.ppf(1 - FALSE_ALARM, repetitions, 0.05)


@pytest.mark.parametrize("statistic", ["mean", "p80", "cvar80"])
def test_the_best_in_the_long_run_is_among_those_as_good(statistic: str) -> None:
    """200 seeds at the stated joint confidence; and the value on fresh draws is that of the long run on the average."""
    scenario, objective, seeds = quickstart(), f"cost_total {statistic}", 200
    goal = {"mean": Statistic("x", "mean"), "p80": Statistic("x", "percentile", 0.8), "cvar80": Statistic("x", "cvar", 0.8)}[statistic]
    long = SamplingPlan(400_000, seed=10**6)
    truth = [goal.of(simulate(changed(scenario, overrides=[f"checkpoint_interval={x}"]), long).cost_total.values) for x in INTERVALS]
    best, missed, sizes, errors = int(np.argmin(truth)), 0, [], []
    for seed in range(seeds):
        over = [f"checkpoint_interval={','.join(INTERVALS)}"]
        found = search(scenario, over, objective, plan=SamplingPlan(1600, seed), tolerance=0.0)
        missed += not bool(found.as_good[best])
        sizes.append(int(found.as_good.sum()))
        chosen = int(found.best)
        errors.append((float(found.anew[chosen]) - truth[chosen], float(found.objective[chosen]) - truth[chosen]))
    anew, seen = np.array(errors).T
    print(f"{objective}: best missed in {missed / seeds:.1%} of {seeds} seeds, {np.mean(sizes):.1f} of {len(INTERVALS)} as good")
    print(f"  value anew {anew.mean():+.0f} ± {anew.std() / seeds**0.5:.0f} USD, where chosen {seen.mean():+.0f}")
    assert missed <= stats.binom.ppf(1 - FALSE_ALARM, seeds, 0.05)
    assert np.mean(sizes) < len(INTERVALS)  # it is not all of them
    error = np.hypot(anew.std(ddof=1) / seeds**0.5, anew.std(ddof=1) * (1600 / long.draws) ** 0.5)
    assert_within_mcse(anew.mean(), 0.0, error)


def test_the_flat_region_holds_the_closed_form_for_every_seed() -> None:
    """With the failure rate known, Daly's interval is the best in every draw, however uncertain the rest is."""
    scenario = quickstart(*KNOWN)
    for seed in range(40):
        found = search(scenario, ["checkpoint_interval=10 min..12 h"], "cost_total p80", plan=SamplingPlan(1600, seed), tolerance=1e-4)
        assert float(found.lowest.item()) <= OPTIMUM <= float(found.highest.item())
        assert float(found.highest.item()) / float(found.lowest.item()) < 2.0
