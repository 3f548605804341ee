"""Coverage of intervals that decide when to stop, and of those of a rule that only looks at the width: both are printed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from simulator import SamplingPlan, Target, load_scenario
from simulator.analysis.stopping.precision import precision
from simulator.analysis.stopping.stopping import looks_until
from simulator.engine import Draws
from simulator.scenario import resolve

QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
Play = Callable[[int, int], dict[str, NDArray[np.float64]]]


def naive(play: Play, target: Target, most: int) -> tuple[int, float, float]:
    """Double the draws until their own interval is narrow enough."""
    draws = play(0, 1000)[target.output]
    while not (seen := precision(target, draws, level=0.95)).reached and draws.size < most:
        draws = np.concatenate([draws, play(draws.size, 2 * draws.size)[target.output]])
    return draws.size, seen.lower, seen.upper


def by_the_rule(play: Play, target: Target, most: int) -> tuple[int, float, float]:
    *_, last = looks_until(play, [target], most)
    return last.draws, last.achieved[0].lower, last.achieved[0].upper


def coverage(
    rule: Callable[..., tuple[int, float, float]], plays: list[Play], target: Target, truth: float, most: int
) -> tuple[float, float]:
    """Return how often intervals cover the truth, and how many draws it took on average."""
    taken, covered = 0, 0
    for play in plays:
        draws, lower, upper = rule(play, target, most)
        taken, covered = taken + draws, covered + (lower <= truth <= upper)
    return covered / len(plays), taken / len(plays)


def falling(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """The density falls to a hundred-and-ninetieth at P95, as where an event of 5 % makes a run dear."""
    u = rng.random(n)
    return np.where(u < 0.95, 0.9 + 0.1 * u / 0.95, 1 + (u - 0.95) / 0.05)


def playing(law: Callable[[np.random.Generator, int], NDArray[np.float64]], seed: int) -> Play:
    rng = np.random.default_rng(seed)
    return lambda start, stop: {"x": law(rng, stop - start)}


def test_the_rule_covers_where_looking_at_widths_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    laws = {
        "lognormal, P95": (
            lambda rng, n: np.exp(0.5 * rng.standard_normal(n)),
            Target("x", 0.95, 0.01, relative=True),
            math.exp(0.8224268),
        ),
        "density falls at P95": (falling, Target("x", 0.95, 0.01), 1.0),
    }
    for name, (law, target, truth) in laws.items():
        for rule in (naive, by_the_rule):
            share, draws = coverage(rule, [playing(law, seed) for seed in range(1000)], target, truth, 1_000_000)
            with capsys.disabled():
                print(f"\n{name}: {rule.__name__} covers {100 * share:.1f} % of 95 %, after {draws:.0f} draws on average")
            if rule is by_the_rule:
                assert share > 0.95 - 4.5 * math.sqrt(0.05 * 0.95 / 1000)
            elif law is falling:  # why there is a rule
                assert share < 0.95 - 4.5 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize(
    "target", [Target("cost_total", 0.95, 0.02, relative=True), Target("emissions_total", None, 0.005, relative=True)], ids=str
)
def test_intervals_of_a_scenario_cover_its_long_run_value(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    resolved = resolve(load_scenario(QUICKSTART, overrides=["reliability.method=expected_value"]))

    def of_seed(seed: int) -> Play:
        draws = Draws(resolved, SamplingPlan(draws=10_000_000, seed=seed))
        return lambda start, stop: draws.play(start, stop)[1]

    whole = of_seed(10_000)  # of its own
    step = 500_000
    long_run = np.concatenate([whole(low, low + step)[target.output].copy() for low in range(0, 10_000_000, step)])
    truth = float(long_run.mean() if target.probability is None else np.quantile(long_run, target.probability))
    share, draws = coverage(by_the_rule, [of_seed(seed) for seed in range(200)], target, truth, 1_000_000)
    with capsys.disabled():
        print(f"\n{target}: {100 * share:.1f} % of 200 intervals of 95 % cover, after {draws:.0f} draws on average")
    assert binom.cdf(round(200 * share), 200, 0.95) > 1e-6
