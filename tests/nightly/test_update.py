"""Do forecasts cover the truth as often as they say? Over 200 simulated truths, each known at half of its time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulator import SamplingPlan, load_scenario, simulate
from simulator.analysis.actuals import Actuals, Observation
from simulator.analysis.so_far import SoFar
from simulator.analysis.update import forecast_update
from simulator.engine import Draws
from simulator.scenario import resolve

CONFIG = "configs/quickstart.yaml"
TRUTHS = SamplingPlan(draws=200, seed=4711)
PLAN = SamplingPlan(draws=20_000)
FALSE_ALARM = 1e-6
ALL = ("progress", "spend", "energy", "interruptions")


def known_half_way(columns: tuple[str, ...], error: float, noisy: bool) -> tuple[list[Actuals], np.ndarray]:
    """Return what is known of each truth at half of its time, exactly or with errors as large as stated, and what it cost in the end."""
    resolved = resolve(load_scenario(CONFIG))
    inputs, outputs = Draws(resolved, TRUTHS).play(0, TRUTHS.draws)
    so_far, rng = SoFar(resolved, TRUTHS, inputs, outputs), np.random.default_rng(8)
    known = []
    for draw in range(TRUTHS.draws):
        time = float(np.round(outputs["wall_clock"][draw] / 2))
        state = so_far.at(time)
        stopped = simulate(load_scenario(CONFIG, overrides=(f"reliability.max_wall_clock={time} h",)), TRUTHS, start=draw, stop=draw + 1)
        observations = []
        for name in columns:
            counted = name == "interruptions"
            value = stopped.interruptions.item() if counted else state[name][draw] * np.exp(error * rng.normal() if noisy else 0.0)
            observations.append(Observation(name, float(value), time, 0.0 if counted else error, 2))
        known.append(Actuals("actuals.csv", tuple(observations)))
    return known, outputs["cost_total"]


@pytest.mark.parametrize(
    ("columns", "error", "noisy"),
    [
        # the price, which exact progress does not tell, is the band: a tolerance of 2 % adds a three-hundredth of its width
        (("progress",), 0.02, False),
        (ALL, 0.06, True),
    ],
)
def test_forecasts_cover_the_truth_at_the_nominal_rate(columns: tuple[str, ...], error: float, noisy: bool) -> None:
    known, cost = known_half_way(columns, error, noisy)
    draws = simulate(load_scenario(CONFIG), PLAN).cost_total.values
    below, widths, worth = [], [], []
    for own, truth in zip(known, cost, strict=True):
        found = forecast_update(load_scenario(CONFIG), own, PLAN)
        below.append(float(found.weight.values[draws <= truth].sum()))
        band = found.value.sel(output="cost_total", quantile=0.95) - found.value.sel(output="cost_total", quantile=0.05)
        widths.append(float(band.sel(stage="now") / band.sel(stage="before")))
        worth.append(found.attrs["effective_draws"])
    covered = int(np.sum((np.array(below) > 0.05) & (np.array(below) < 0.95)))
    p = stats.kstest(below, "uniform").pvalue
    print(f"{columns}: {covered} of {len(below)} truths inside the 90 % band; uniform with p = {p:.3g}; "
          f"width {np.median(widths):.2f} of the prior's; worth {min(worth):.0f} to {max(worth):.0f} draws")  # fmt: skip
    assert stats.binom.cdf(covered, len(below), 0.9) > FALSE_ALARM / 2
    assert stats.binom.sf(covered - 1, len(below), 0.9) > FALSE_ALARM / 2
    assert p > FALSE_ALARM
    assert np.median(widths) < (0.3 if "spend" in columns else 1.0)


def test_exact_totals_with_a_tolerance_are_covered_more_often() -> None:
    """A tolerance for errors that are not there widens the band: what is stated too large is never too sure."""
    known, cost = known_half_way(ALL, 0.06, False)
    inside = []
    for own, truth in zip(known[:50], cost, strict=False):
        band = forecast_update(load_scenario(CONFIG), own, PLAN).value.sel(output="cost_total", stage="now")
        inside.append(band.sel(quantile=0.05).item() <= truth <= band.sel(quantile=0.95).item())
    print(f"{sum(inside)} of {len(inside)} exact truths inside the 90 % band")
    assert sum(inside) >= 45
