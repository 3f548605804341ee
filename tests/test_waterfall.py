"""Does a waterfall add up, does it agree with closed forms, are its errors right? Do regions hold what they say?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, explain, load_scenario, over_time, simulate, summarize
from simulator.analysis.fans import draw_near, fan_bands, fan_with_draw
from simulator.analysis.intervals import binomial_range
from simulator.analysis.regions import highest_density
from simulator.analysis.waterfall import REST, waterfall
from simulator.errors import InputError

ROOT = Path(__file__).parent.parent
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")
ANATOMY = str(ROOT / "configs" / "full-anatomy.yaml")


def gaussian(seed: int, draws: int, *, correlation: float = 0.0) -> xr.Dataset:
    """Return Y = 3 a + 2 b + luck of variance 1; a and b are given as other monotone laws of their normal scores."""
    z = np.random.default_rng(seed).normal(size=(3, draws))
    b = correlation * z[0] + np.sqrt(1.0 - correlation**2) * z[1]
    about = {"role": "input", "units": "1"}
    inputs = {"a": ("draw", np.exp(z[0]), about), "b": ("draw", norm.cdf(b), about)}
    cost = ("draw", 100.0 + 3.0 * z[0] + 2.0 * b + z[2], {"role": "output", "units": "USD"})
    return xr.Dataset({"cost_total": cost, **inputs}, {"draw": np.arange(draws)}, {"plan": "random"})


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_drivers_of_a_normal_sum_have_their_share_of_its_variance(correlation: float) -> None:
    found = waterfall(gaussian(1, 200_000, correlation=correlation), start=0.3, end=0.85)
    variance = 9.0 + 4.0 + 1.0 + 12.0 * correlation
    shares = {"a": 3.0 * (3.0 + 2.0 * correlation), "b": 2.0 * (2.0 + 3.0 * correlation), REST: 1.0}
    distance = np.sqrt(variance) * (norm.ppf(0.85) - norm.ppf(0.3))
    assert found.driver.values.tolist() == list(shares)
    assert_within_mcse(found.contribution, [share / variance * distance for share in shares.values()], found.mcse)
    assert_within_mcse(found.percentile, 100.0 + np.sqrt(variance) * norm.ppf([0.3, 0.85]), found.mcse_percentile)
    assert_within_mcse(found.distance, distance, found.mcse_distance)
    assert found.explained.item() == pytest.approx(1.0 - 1.0 / variance, abs=0.005)


def test_bars_sum_to_the_distance_of_the_percentiles_that_bands_print() -> None:
    results = simulate(load_scenario(ANATOMY), SamplingPlan(draws=3500))
    found = waterfall(results)
    bands = summarize(results, quantiles=[0.5, 0.8]).sel(output="cost_total")
    np.testing.assert_array_equal(found.percentile, bands.value)
    np.testing.assert_array_equal(found.mcse_percentile, bands.mcse)
    assert found.contribution.sum().item() == pytest.approx(found.distance.item(), rel=1e-9)
    assert found.driver.values[-1] == REST
    assert found.driver.values[-2] == f"{_drivers(results) - 8} others"
    whole = waterfall(results, most=10_000)
    assert [name for name in whole.driver.values if str(name).startswith("event: ")]


def _drivers(results: xr.Dataset) -> int:
    found = waterfall(results, most=0)
    return int(str(found.driver.values[0]).split()[0])


def test_errors_are_the_spread_of_experiments() -> None:
    runs = [waterfall(gaussian(seed, 3000)) for seed in range(100, 180)]
    spread = np.std([run.contribution.values for run in runs], axis=0, ddof=1)
    told = np.sqrt(np.mean([run.mcse.values**2 for run in runs], axis=0))
    # the spread of 80 is known to 8 %, an error from 32 groups is a tenth too large for the local means of few draws
    assert np.all((told / spread > 0.75) & (told / spread < 1.4)), told / spread


def test_errors_of_sobol_points_are_those_of_their_replicates() -> None:
    scenario = load_scenario(QUICKSTART, overrides=["reliability.method=expected_value"])
    many = waterfall(simulate(scenario, SamplingPlan(draws=16_384, plan="sobol")))
    one = waterfall(simulate(scenario, SamplingPlan(draws=16_384, plan="sobol", replicates=1)))
    random = waterfall(simulate(scenario, SamplingPlan(draws=16_384)))
    assert many.driver.values[0] == one.driver.values[0] == "rental_price"
    assert 0.0 < many.mcse[0] < random.mcse[0]
    assert np.isnan(one.mcse).all()
    assert "no Monte Carlo error" in one.attrs["note"]


def test_a_waterfall_refuses_what_it_cannot_tell() -> None:
    draws = gaussian(1, 2000)
    with pytest.raises(InputError, match=r"start = 0.8, end = 0.5: percentiles of a waterfall ascend"):
        waterfall(draws, start=0.8, end=0.5)
    with pytest.raises(InputError, match=r"energy is not an output"):
        waterfall(draws, output="energy")
    with pytest.raises(InputError, match=r"200 draws are too few for a waterfall over 2 drivers; at least 640 are needed"):
        waterfall(draws.isel(draw=slice(200)))
    with pytest.raises(InputError, match=r"cost_total is 1 in every draw"):
        waterfall(draws.assign(cost_total=draws.cost_total.copy(data=np.ones(2000))))
    with pytest.raises(InputError, match=r"bands, not draws"):
        waterfall(summarize(draws))
    with pytest.raises(InputError, match=r"no input that was drawn"):
        waterfall(draws[["cost_total"]])


def test_a_region_of_a_lognormal_pair_is_the_ellipse_of_its_logarithms() -> None:
    z = np.random.default_rng(3).normal(size=(2, 400_000))
    values = {"cost_total": np.exp(1.0 + 0.4 * z[0]), "emissions_total": np.exp(2.0 + 0.2 * (0.6 * z[0] + 0.8 * z[1]))}
    draws = xr.Dataset({name: ("draw", own) for name, own in values.items()}, attrs={"plan": "random"})
    found = highest_density(draws)
    # the density at the edge of the region of share p of two normals is 1 - p of its maximum; smoothing widens it by Scott's 1.4 %
    np.testing.assert_allclose(found.threshold, 1.0 - found.share, atol=0.03)
    assert_within_mcse(found.held, found.share, found.mcse)
    x, y = np.meshgrid((np.log(found.x) - 1.0) / 0.4, (np.log(found.y) - 2.0) / 0.2)
    away = (x**2 - 1.2 * x * y + y**2) / 0.64
    for share, threshold in zip(found.share.values, found.threshold.values, strict=True):
        inside = found.density.values >= threshold
        assert (inside == (away <= -2.0 * np.log(1.0 - share))).mean() > 0.99


@pytest.mark.parametrize("plan", [SamplingPlan(draws=16_384), SamplingPlan(draws=16_384, plan="sobol")], ids=["random", "sobol"])
def test_regions_of_runs_hold_their_share_of_draws_that_did_not_make_them(plan: SamplingPlan) -> None:
    results = simulate(load_scenario(QUICKSTART, overrides=["reliability.method=expected_value"]), plan)
    for pair in (("budget", "carbon_cap"), ("budget", "deadline"), ("carbon_cap", "deadline")):
        found = highest_density(results, *pair)
        np.testing.assert_allclose(found.held, found.share, atol=0.025)  # of half of the draws, smoothed
        assert (found.mcse > 0.0).all()
        assert (found.mcse < 0.01).all()


def test_regions_refuse_what_has_none() -> None:
    n = np.random.default_rng(0).permutation(np.arange(2000.0))
    draws = xr.Dataset(
        {"cost_total": ("draw", n), "emissions_total": ("draw", n + 1), "programme_time": ("draw", n)}, attrs={"plan": "random"}
    )
    with pytest.raises(InputError, match=r"emissions_total is the same in every draw"):
        highest_density(draws.assign(emissions_total=("draw", np.ones(2000))))
    with pytest.raises(InputError, match=r"cost_total is NaN in 1 of 2000 draws"):
        highest_density(draws.assign(cost_total=("draw", np.where(n == 7, np.nan, n))))
    with pytest.raises(InputError, match=r"500 draws are too few"):
        highest_density(draws.isel(draw=slice(500)))
    stopped = draws.assign(completed=("draw", (n % 2)))
    with pytest.raises(InputError, match=r"only 50.0% of the draws were completed"):
        highest_density(stopped, y="deadline")
    few = draws.assign(completed=("draw", (n > 40) * 1.0))
    assert highest_density(few, y="deadline").held[-1] == pytest.approx(0.9, abs=0.03)
    with pytest.raises(InputError, match=r"bands, not draws"):
        highest_density(xr.Dataset())


def test_a_highlighted_draw_is_that_of_the_run() -> None:
    scenario, plan = load_scenario(QUICKSTART), SamplingPlan(draws=400)
    histories = over_time(scenario, plan, times=30)
    number = draw_near(histories, 0.8)
    one = explain(scenario, plan, draw=number)
    found = fan_with_draw(histories, one)
    last = histories.cost_total.isel(time=-1)
    assert abs(last.sel(draw=number) - np.quantile(last, 0.8)) == abs(last - np.quantile(last, 0.8)).min()
    np.testing.assert_array_equal(found.cost_total_of_draw, histories.cost_total.sel(draw=number))
    np.testing.assert_array_equal(found.event_time, one.event_time)
    xr.testing.assert_identical(found[list(fan_bands(histories).data_vars)].drop_attrs(), fan_bands(histories).drop_attrs())
    assert found.attrs["ends"] == one.wall_clock.item()
    with pytest.raises(InputError, match=r"draw 399 is not one of those of the fan, which are 0 to 299"):
        fan_with_draw(histories.isel(draw=slice(300)), explain(scenario, plan, draw=399))


def test_a_range_of_shares_holds_what_it_says() -> None:
    low, high = binomial_range(14, 0.9, confidence=0.9)
    counts = np.random.default_rng(0).binomial(14, 0.9, size=100_000) / 14
    inside = np.mean((counts >= low) & (counts <= high))
    assert 0.9 <= inside < 1.0
