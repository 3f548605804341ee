"""Forecasts of a run under way: weights against conjugate posteriors, states against histories, what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, explain, load_scenario, over_time, parse_scenario, simulate, summarize
from simulator.analysis.update.actuals import Actuals, Observation, read_actuals
from simulator.analysis.update.likelihood import distance, log_likelihood, surprise
from simulator.analysis.update.matching import matched
from simulator.analysis.update.regression import Regression
from simulator.analysis.update.so_far import SoFar
from simulator.analysis.update.stages import update_json
from simulator.analysis.update.update import forecast_update
from simulator.analysis.weighted import effective_draws, weighted_chance, weighted_mean, weighted_percentiles, weights_of
from simulator.cli import _run
from simulator.engine import Draws
from simulator.errors import InputError
from simulator.scenario import resolve

CONFIG = "configs/quickstart.yaml"
PLAN = SamplingPlan(draws=4000, seed=3)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)


# --- weights


def assert_posterior(weights: np.ndarray, draws: np.ndarray, posterior) -> None:
    """Compare mean, a chance and percentiles of weighted draws with a posterior in closed form."""
    mean = weighted_mean(weights, draws)
    assert_within_mcse(mean.value, posterior.mean(), mean.mcse)
    above = weighted_chance(weights, draws > posterior.ppf(0.7))
    assert_within_mcse(above.value, 0.3, above.mcse)
    levels = (0.05, 0.5, 0.95)
    for level, found in zip(levels, weighted_percentiles(weights, draws, levels), strict=True):
        assert_within_mcse(found.value, posterior.ppf(level), found.mcse)


def test_normal_prior_and_normal_error() -> None:
    draws = np.random.default_rng(1).normal(10.0, 2.0, 40_000)
    weights = weights_of(stats.norm.logpdf(12.0, draws, 1.0))
    assert_posterior(weights, draws, stats.norm((10.0 / 4 + 12.0) / (1 / 4 + 1), math.sqrt(1 / (1 / 4 + 1))))


def test_gamma_prior_and_a_count_of_interruptions() -> None:
    shape, rate, exposure, count = 4.0, 2.0, 3.0, 9
    draws = np.random.default_rng(2).gamma(shape, 1 / rate, 40_000)
    observed = Observation("interruptions", float(count), exposure, 0.0, 2)
    assert_posterior(weights_of(log_likelihood(observed, draws * exposure)), draws, stats.gamma(shape + count, scale=1 / (rate + exposure)))


def test_beta_prior_and_a_binomial_count() -> None:
    draws = np.random.default_rng(3).beta(2.0, 5.0, 40_000)
    assert_posterior(weights_of(stats.binom.logpmf(6, 10, draws)), draws, stats.beta(2 + 6, 5 + 4))


def test_a_lognormal_seen_with_a_lognormal_error_has_its_posterior_exactly() -> None:
    median, sigma, error, seen = 3.2, 0.3, 0.1, 3.9
    x = np.linspace(1.0, 8.0, 201)
    precision = 1 / sigma**2 + 1 / error**2
    middle = (math.log(median) / sigma**2 + math.log(seen) / error**2) / precision
    prior = stats.norm.logpdf(np.log(x), math.log(median), sigma)
    posterior = stats.norm.logpdf(np.log(x), middle, math.sqrt(1 / precision))
    evidence = stats.norm.logpdf(math.log(seen), math.log(median), math.hypot(sigma, error))
    likelihood = log_likelihood(Observation("spend", seen, 1.0, error, 2), x) - math.log(error * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(prior + likelihood - evidence, posterior, rtol=1e-12, atol=1e-12)


def test_a_gamma_seen_by_its_count_has_its_posterior_exactly() -> None:
    x = np.linspace(0.1, 9.0, 101)
    likelihood = log_likelihood(Observation("interruptions", 9.0, 3.0, 0.0, 2), 3.0 * x)
    evidence = stats.nbinom.logpmf(9, 4.0, 2.0 / (2.0 + 3.0))
    posterior = stats.gamma.logpdf(x, 4.0 + 9, scale=1 / 5.0)
    np.testing.assert_allclose(stats.gamma.logpdf(x, 4.0, scale=0.5) + likelihood - evidence, posterior, rtol=1e-12, atol=1e-12)


def test_the_worth_of_weights_is_that_of_the_closed_form() -> None:
    """For a N(0, 1) prior and an error s at y = 0: E[w]²/E[w²] = s·sqrt(2 + s²)/(1 + s²)."""
    s, n = 0.5, 200_000
    draws = np.random.default_rng(4).normal(size=n)
    raw = np.exp(-0.5 * (draws / s) ** 2)
    exact = s * math.sqrt(2 + s**2) / (1 + s**2)
    influence = exact * (2 * raw / raw.mean() - raw**2 / np.mean(raw**2))
    assert_within_mcse(effective_draws(weights_of(np.log(raw))) / n, exact, influence.std() / math.sqrt(n))
    assert effective_draws(np.full(7, 0.2)) == pytest.approx(7)


def test_errors_of_weighted_estimates_are_their_spread() -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        draws = rng.normal(size=2000)
        weights = weights_of(stats.norm.logpdf(1.0, draws, 0.5))
        found.append(
            [weighted_mean(weights, draws), weighted_chance(weights, draws > 1.0), *weighted_percentiles(weights, draws, (0.1, 0.5, 0.9))]
        )
    for own in zip(*found, strict=True):
        spread = np.std([e.value for e in own], ddof=1)
        claimed = np.sqrt(np.mean([e.mcse**2 for e in own]))
        # the sd of 400 normal values has a relative error of 1/sqrt(800); the errors vary themselves
        assert abs(spread / claimed - 1) < 4.5 / math.sqrt(800) + 0.03


def test_whole_weights_are_repeated_draws() -> None:
    rng = np.random.default_rng(6)
    values, repeats = rng.normal(size=300), rng.integers(0, 5, 300)
    repeated = np.sort(np.repeat(values, repeats))
    for level, found in zip((0.1, 0.5, 0.9), weighted_percentiles(repeats.astype(float), values, (0.1, 0.5, 0.9)), strict=True):
        assert found.value == repeated[math.ceil(level * repeated.size) - 1]
    assert weighted_mean(repeats.astype(float), values).value == pytest.approx(repeated.mean(), rel=1e-12)


def test_draws_without_weight_do_not_count_whatever_they_are() -> None:
    weights, values = np.array([1.0, 0.0, 1.0]), np.array([1.0, math.nan, 3.0])
    assert weighted_mean(weights, values).value == 2.0
    assert weighted_percentiles(weights, values, (0.4,))[0].value == 1.0
    assert math.isnan(weighted_percentiles(np.ones(3), values, (0.5,))[0].value)
    infinite = weighted_percentiles(np.ones(3), np.array([1.0, 2.0, math.inf]), (0.5, 0.9))
    assert [e.value for e in infinite] == [2.0, math.inf]
    assert weighted_mean(np.ones(3), np.array([1.0, 2.0, math.inf])).value == math.inf


def test_percentiles_on_a_handful_of_draws_have_no_error() -> None:
    assert math.isnan(weighted_percentiles(np.ones(20), np.arange(20.0), (0.95,))[0].mcse)
    assert weighted_percentiles(np.ones(200), np.arange(200.0), (0.95,))[0].mcse > 0


def test_sobol_replicates_give_the_error_of_weighted_estimates() -> None:
    rng = np.random.default_rng(7)
    values, logs = rng.normal(size=8000), rng.normal(size=8000)
    weights = weights_of(logs)
    like = xr.Dataset(attrs={"plan": "sobol", "replicates": 8})
    own = [np.average(values[r::8], weights=weights[r::8]) for r in range(8)]
    assert weighted_mean(weights, values, like=like).mcse == pytest.approx(np.std(own, ddof=1) / math.sqrt(8), rel=1e-12)
    found = weighted_percentiles(weights, values, (0.5,), like=like)[0]
    parts = [weighted_percentiles(weights[r::8], values[r::8], (0.5,))[0].value for r in range(8)]
    assert found.mcse == pytest.approx(np.std(parts, ddof=1) / math.sqrt(8), rel=1e-12)
    one = xr.Dataset(attrs={"plan": "sobol", "replicates": 1})
    assert math.isnan(weighted_mean(weights, values, like=one).mcse)
    assert math.isnan(weighted_percentiles(weights, values, (0.5,), like=one)[0].mcse)


@pytest.mark.parametrize("logs", [[0.0, math.nan], [0.0, math.inf], [-math.inf, -math.inf]])
def test_weights_are_refused_where_they_are_not_known(logs: list[float]) -> None:
    with pytest.raises(InputError, match=r"log-likelihoods|ruled out"):
        weights_of(np.array(logs))


# --- states


def played(config: str = CONFIG, plan: SamplingPlan = PLAN, overrides: tuple[str, ...] = ()) -> tuple[SoFar, dict, dict]:
    resolved = resolve(load_scenario(config, overrides=overrides))
    inputs, outputs = Draws(resolved, plan).play(0, plan.draws)
    return SoFar(resolved, plan, inputs, outputs), inputs, outputs


@pytest.mark.parametrize("config", [CONFIG, "configs/quickstart-de.yaml"])
def test_states_are_those_of_the_histories(config: str) -> None:
    plan = SamplingPlan(draws=256, seed=3)
    fans = over_time(load_scenario(config), plan, times=12)
    so_far = played(config, plan)[0]
    for k in (3, 6, 9):
        state = so_far.at(float(fans.time[k]))
        for name, column in (("spend", "cost_total"), ("emissions", "emissions_total"), ("energy", "energy"), ("progress", "progress")):
            np.testing.assert_allclose(state[name], fans[column].values[:, k], rtol=1e-9, atol=1e-9)


def test_a_run_that_has_ended_stays_at_its_totals() -> None:
    so_far, _, outputs = played()
    state = so_far.at(1e5)
    np.testing.assert_array_equal(state["device_hours"], outputs["device_hours"])
    np.testing.assert_array_equal(state["progress"], 1.0)
    np.testing.assert_allclose(state["spend"], outputs["cost_total"], rtol=1e-12)


@pytest.mark.parametrize(
    "overrides",
    [
        ("failure_rate=40 per 1000 node-days",),
        ("failure_rate=40 per 1000 node-days", "reliability.spare_nodes=1", "reliability.repair_time=2 days"),
        ("failure_rate=40 per 1000 node-days", "reliability.early_failure_ratio=4", "reliability.early_failure_time=3 days"),
        ("failure_rate=40 per 1000 node-days", "reliability.restart=immune", "downtime=3 h"),
    ],
)
def test_interruptions_so_far_are_poisson_about_the_expected_number(overrides: tuple[str, ...]) -> None:
    """N - Λ is a martingale: mean 0, variance E[Λ]; so many per draw that a wrong exposure shows."""
    so_far, _, outputs = played(overrides=overrides)
    hours = 1e5  # all have ended: the whole number of each draw is known
    excess = outputs["interruptions"] - so_far.at(hours)["interruptions"]
    expected = so_far.at(hours)["interruptions"]
    assert_within_mcse(excess.mean(), 0.0, excess.std() / math.sqrt(excess.size))
    squares = excess**2 - expected
    assert_within_mcse(squares.mean(), 0.0, squares.std() / math.sqrt(squares.size))


def test_expectations_are_alike_in_every_hour() -> None:
    so_far, _, outputs = played(overrides=("reliability.method=expected_value",))
    state = so_far.at(100.0)
    share = np.minimum(100.0 / outputs["wall_clock"], 1.0)
    np.testing.assert_array_equal(state["progress"], share)
    np.testing.assert_allclose(state["spend"], share * outputs["cost_total"], rtol=1e-12)
    np.testing.assert_array_equal(state["tokens"], share * 2e12)


def test_stated_device_hours_are_done_by_the_hour() -> None:
    scenario = parse_scenario(
        {
            "name": "stated",
            "workload": {"device_hours": "50k to 90k"},
            "hardware": {"accelerator": "H100 SXM", "accelerators": 256},
            "emissions": {"carbon_intensity": 0.4},
            "compute": {"basis": "rent", "rental_price": 3.0},
        }
    )
    known = Actuals("a.csv", (Observation("progress", 0.4, 100.0, 0.02, 2),))
    now = forecast_update(scenario, known, PLAN)
    found = now.value.sel(output="wall_clock", stage="now", quantile=0.5).item()
    assert_within_mcse(found, 250.0, 250 * 0.01)


# --- the forecast


def test_without_actuals_the_prior_comes_back_bitwise(tmp_path: Path) -> None:
    (tmp_path / "actuals.csv").write_text("date,spend [USD],energy [MWh]\n")
    found = forecast_update(load_scenario(CONFIG), read_actuals(tmp_path / "actuals.csv"), PLAN)
    for name in ("value", "mcse", "input_value", "input_mcse"):
        np.testing.assert_array_equal(found[name].sel(stage="now"), found[name].sel(stage="before"))
    prior = summarize(simulate(load_scenario(CONFIG), PLAN), quantiles=found["quantile"].values)
    for output in ("cost_total", "emissions_total", "wall_clock", "energy"):
        np.testing.assert_array_equal(found.value.sel(stage="now", output=output), prior.value.sel(output=output))
        np.testing.assert_array_equal(found.mcse.sel(stage="now", output=output), prior.mcse.sel(output=output))
    np.testing.assert_array_equal(found["shift"], 0.0)
    assert found.attrs["effective_draws"] == pytest.approx(PLAN.draws)
    assert not found.column.size


def half_way(draw: int, seed: int, columns: tuple[str, ...], error: float) -> tuple[Actuals, xr.Dataset]:
    """Return the exact state of a draw of another seed at half of its time, and the whole of it."""
    plan = SamplingPlan(draws=draw + 1, seed=seed)
    resolved = resolve(load_scenario(CONFIG))
    inputs, outputs = Draws(resolved, plan).play(0, plan.draws)
    time = float(np.round(outputs["wall_clock"][draw] / 2))
    state = SoFar(resolved, plan, inputs, outputs).at(time)
    truth = explain(load_scenario(CONFIG), plan, draw=draw)
    return Actuals("actuals.csv", tuple(Observation(name, float(state[name][draw]), time, error, 2) for name in columns)), truth


def test_actuals_of_the_first_half_shrink_the_band_and_cover_the_truth() -> None:
    covered = []
    for draw in range(8):
        known, truth = half_way(draw, 77, ("progress", "spend"), 0.05)
        found = forecast_update(load_scenario(CONFIG), known, SamplingPlan(draws=20_000))
        low, high = (found.value.sel(output="cost_total", quantile=q) for q in (0.05, 0.95))
        assert (high - low).sel(stage="now") < 0.35 * (high - low).sel(stage="before")
        covered.append(bool(low.sel(stage="now") <= truth.cost_total <= high.sel(stage="now")))
    assert sum(covered) >= stats.binom.ppf(1e-6, 8, 0.9)


def test_remaining_and_so_far_are_the_whole() -> None:
    known, _ = half_way(1, 77, ("progress",), 0.02)
    found = forecast_update(load_scenario(CONFIG), known, PLAN)
    prior = found.value.sel(stage="before")
    hours = found.attrs["hours"]
    assert prior.sel(output="remaining_time", quantile=0.5).item() == pytest.approx(
        prior.sel(output="wall_clock", quantile=0.5).item() - hours
    )
    assert (
        0
        < found.value.sel(stage="now", output="remaining_cost", quantile=0.5)
        < found.value.sel(stage="now", output="cost_total", quantile=0.5)
    )


def test_progress_tells_utilization_and_not_the_price() -> None:
    known, truth = half_way(4, 77, ("progress",), 0.02)
    found = forecast_update(load_scenario(CONFIG), known, SamplingPlan(draws=20_000))
    assert found.input.values[0] == "mfu"
    assert found.narrowed.sel(input="mfu") < 0.75
    price = found.sel(input="rental_price")
    assert abs(price["shift"]) < 4.5 * price.shift_mcse
    low, high = (found.input_value.sel(input="mfu", stage="now", quantile=q).item() for q in (0.05, 0.95))
    assert low < truth.mfu.item() < high


def test_limits_are_judged_anew() -> None:
    scenario = load_scenario(CONFIG, overrides=("limits.budget=250k USD",))
    known, _ = half_way(4, 77, ("progress", "spend"), 0.05)
    found = forecast_update(scenario, known, SamplingPlan(draws=20_000))
    draws = simulate(scenario, SamplingPlan(draws=20_000))
    assert found.chance.sel(stage="before", limit="budget").item() == float((draws.cost_total > 250e3).mean())
    now = float(found.weight.values[draws.cost_total.values > 250e3].sum())
    assert found.chance.sel(stage="now", limit="budget").item() == pytest.approx(now, rel=1e-9)


def test_sobol_points_are_weighted_by_replicate() -> None:
    known = Actuals("a.csv", (Observation("progress", 0.5, 140.0, 0.05, 2),))
    found = forecast_update(load_scenario(CONFIG), known, SamplingPlan(draws=16384, plan="sobol", replicates=16))
    random = forecast_update(load_scenario(CONFIG), known, SamplingPlan(draws=20_000))
    where = {"stage": "now", "output": "cost_total", "quantile": 0.5}
    error = math.hypot(found.mcse.sel(where).item(), random.mcse.sel(where).item())
    assert_within_mcse(found.value.sel(where).item(), random.value.sel(where).item(), error)
    one = forecast_update(load_scenario(CONFIG), known, SamplingPlan(draws=4096, plan="sobol", replicates=1))
    assert np.isnan(one.mcse).all()
    assert "one Sobol' scrambling has no Monte Carlo error" in one.attrs["notes"].lower().replace("sobol'", "Sobol'").replace(
        "monte carlo", "Monte Carlo"
    )


@pytest.mark.parametrize(
    ("observations", "message"),
    [
        ((("spend", 5e9, 0.02), ("progress", 0.5, 0.02)), r"line 2: spend of 5e\+09 USD after 140 h rules out all 4000 draws"),
        (
            (("progress", 0.5, 0.0), ("interruptions", 18.0, 0.0)),
            "once they agree with the actuals, fewer than 100; column 'interruptions'",
        ),
        ((("interruptions", 4000.0, 0.0),), "interruptions of 4000 after 140 h rules out"),
    ],
)
def test_what_no_draw_agrees_with_is_refused(observations: tuple, message: str) -> None:
    known = Actuals("a.csv", tuple(Observation(name, value, 140.0, error, 2) for name, value, error in observations))
    with pytest.raises(InputError, match=message):
        forecast_update(load_scenario(CONFIG), known, PLAN)


@pytest.mark.parametrize(
    ("overrides", "column", "message"),
    [
        (("reliability.max_wall_clock=240 h",), "progress", "draws do not know it. Runs that are stopped at max_wall_clock"),
        (("reliability.method=expected_value",), None, ""),
    ],
)
def test_what_is_not_known_is_refused(overrides: tuple[str, ...], column: str | None, message: str) -> None:
    scenario = load_scenario(CONFIG, overrides=overrides)
    if column is None:
        now = forecast_update(scenario, Actuals("a.csv", (Observation("progress", 0.5, 140.0, 0.05, 2),)), PLAN)
        assert now.value.sel(stage="now", output="wall_clock", quantile=0.5).item() == pytest.approx(280, rel=0.02)
        return
    with pytest.raises(InputError, match=message):
        forecast_update(scenario, Actuals("a.csv", (Observation(column, 0.5, 140.0, 0.05, 2),)), PLAN)


def test_a_surprise_is_told() -> None:
    so_far = played()[0]
    state = so_far.at(140.0)["progress"]
    far = float(np.quantile(state, 0.998))
    observed = Observation("progress", far, 140.0, 0.02, 2)
    assert surprise(observed, state) < 0.01
    assert distance(observed, state) < 5
    assert surprise(Observation("progress", float(np.median(state)), 140.0, 0.02, 2), state) > 0.9
    assert surprise(Observation("interruptions", 0.0, 1.0, 0.0, 2), np.full(10, 1e-9)) == pytest.approx(1.0)
    found = forecast_update(load_scenario(CONFIG), Actuals("a.csv", (observed,)), SamplingPlan(draws=60_000))
    assert any("progress is a surprise" in note for note in json.loads(found.attrs["notes"]))


# --- totals that are known more closely than there are draws for


def lognormal_pair(draws: int, seed: int, rho: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Return totals so far and totals at completion whose logarithms are normal with standard deviations of 0.3 and 0.5."""
    z = np.random.default_rng(seed).normal(size=(2, draws))
    return np.exp(0.3 * z[0]), np.exp(0.5 * (rho * z[0] + math.sqrt(1 - rho**2) * z[1]))


@pytest.mark.parametrize("seen", [1.0, 1.3, 0.6])
@pytest.mark.parametrize("error", [0.0, 0.001, 0.01, 0.3])
@pytest.mark.parametrize("draws", [5000, 100_000])
def test_a_lognormal_seen_exactly_or_nearly_has_its_posterior(seen: float, error: float, draws: int) -> None:
    state, total = lognormal_pair(draws, 3)
    columns = matched([Observation("spend", seen, 1.0, error, 2)], [state])
    assert columns[0].tolerance >= error
    weights = weights_of(columns[0].log_weights)
    now = Regression(weights, columns).moved(total)
    gain = 0.3**2 / (0.3**2 + error**2)
    middle, spread = 0.8 * 0.5 / 0.3 * gain * math.log(seen), 0.5 * math.sqrt(1 - 0.8**2 * gain)
    for probability, found in zip((0.05, 0.5, 0.95), weighted_percentiles(weights, now, (0.05, 0.5, 0.95)), strict=True):
        assert_within_mcse(found.value, math.exp(middle + spread * stats.norm.ppf(probability)), found.mcse)


def test_draws_that_are_enough_are_not_moved() -> None:
    state, total = lognormal_pair(20_000, 4)
    columns = matched([Observation("spend", 1.1, 1.0, 0.1, 2), Observation("interruptions", 2.0, 1.0, 0.0, 2)], [state, 2 * total])
    assert [m.tolerance for m in columns] == [pytest.approx(0.1, abs=1e-6), 0.0]
    weights = weights_of(columns[0].log_weights)
    assert np.max(np.abs(Regression(weights, columns).moved(total) / total - 1)) < 1e-6


def test_a_total_beyond_all_draws_is_matched_with_the_nearest() -> None:
    state, total = lognormal_pair(20_000, 5)
    beyond = 1.1 * float(state.max())
    (column,) = matched([Observation("spend", beyond, 1.0, 0.0, 2)], [state])
    assert column.tolerance >= math.log(1.1)
    now = Regression(weights_of(column.log_weights), [column]).moved(total)
    assert total.min() <= now.min() <= now.max() <= total.max()


def test_totals_that_say_the_same_twice_say_it_once() -> None:
    state, total = lognormal_pair(50_000, 6)
    once, twice = ([Observation(name, 1.2, 1.0, 0.0, 2) for name in names] for names in (("spend",), ("spend", "energy")))
    percentiles = []
    for observations in (once, twice):
        columns = matched(observations, [state] * len(observations))
        weights = weights_of(np.sum([m.log_weights for m in columns], axis=0))
        percentiles.append(weighted_percentiles(weights, Regression(weights, columns).moved(total), (0.05, 0.5, 0.95)))
    for one, other in zip(*percentiles, strict=True):
        assert_within_mcse(one.value, other.value, math.hypot(one.mcse, other.mcse))


@pytest.mark.parametrize("rounding", [0.0, 1e-15, 1e-12])
def test_a_total_that_is_the_same_in_all_draws_tells_nothing(rounding: float) -> None:
    same = 1000.0 * (1.0 + rounding * np.random.default_rng(8).normal(size=20_000))
    total = lognormal_pair(20_000, 8)[1]
    (column,) = matched([Observation("device_hours", 1000.0, 1.0, 0.0, 2)], [same])
    weights = weights_of(column.log_weights)
    assert effective_draws(weights) == pytest.approx(20_000, rel=1e-3)
    np.testing.assert_allclose(Regression(weights, [column]).moved(total), total, rtol=0.02)


def test_what_has_few_values_is_not_moved() -> None:
    state, _ = lognormal_pair(20_000, 7)
    counts = np.random.default_rng(7).poisson(state).astype(float)
    columns = matched([Observation("spend", 1.2, 1.0, 0.0, 2)], [state])
    np.testing.assert_array_equal(Regression(weights_of(columns[0].log_weights), columns).moved(counts), counts)


# --- the file


def test_totals_are_read_with_their_units(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("hours,progress,progress_error,spend,energy [MWh],interruptions\n24,8%,1%,20k USD,4,0\n5 days,0.42,,105k,20 GWh,2\n")
    found = {o.column: (o.value, o.hours, o.error, o.line) for o in read_actuals(path).observations}
    assert found == {
        "progress": (0.42, 120.0, 0.0, 3),
        "spend": (105_000.0, 120.0, 0.0, 3),
        "energy": (20e6, 120.0, 0.0, 3),
        "interruptions": (2.0, 120.0, 0.0, 3),
    }


def test_the_last_total_of_each_column_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,progress,progress_error,spend\n2027-01-12,8%,1%,20k\n2027-01-16,,,80k\n")
    read = read_actuals(path, start=float(np.datetime64("2027-01-11", "h").astype(int)))
    assert [(o.column, o.hours, o.error) for o in read.observations] == [("progress", 24.0, 0.01), ("spend", 120.0, 0.0)]
    assert read.hours == 120.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hours,sped\n1,2\n", "column 'sped' is not known; did you mean 'spend'"),
        ("progress\n0.1\n", "neither a column 'date' nor a column 'hours'"),
        ("hours,date,progress\n1,2027-01-01,0.1\n", "both a column 'date' and a column 'hours'"),
        ("hours,spend,spend [USD]\n1,2,3\n", "'spend' stands more than once"),
        ("hours,spend_error\n1,2\n", "no column 'spend' beside it"),
        ("hours,interruptions,interruptions_error\n1,2,1\n", "'interruptions_error' is not known"),
        ("hours [d],spend\n1,2\n", "has no unit to choose"),
        ("hours,spend [kWh]\n1,2\n", "'kWh' is not a unit of this quantity, which is measured in USD"),
        ("hours,spend\n1,2 kWh\n", "line 2: '2 kWh' in column 'spend': 'kWh' is not a unit"),
        ("hours,spend\n1,nan\n", "line 2: 'nan' in column 'spend': 'nan' is not a number"),
        ("hours,spend\n1,-5\n", "line 2: '-5' in column 'spend': -5 is negative"),
        ("hours,progress\n1,1.2\n", r"1.2 does not lie in the domain of progress, \[0, 1\]"),
        ("hours,interruptions\n1,1.5\n", "1.5 is no count"),
        ("hours,spend,spend_error\n1,5,-1%\n", "-0.01 is no relative standard error"),
        ("hours,spend,spend_error\n1,5,3\n", "3 is no relative standard error"),
        ("hours,spend\n1,5\n2,4\n", "line 3: column 'spend' falls from 5 in line 2 to 4"),
        ("hours,spend\n2,5\n1,6\n", "line 3: the time in column 'hours' is not after that of line 2"),
        ("hours,spend\n-1,5\n", "it lies before the start of the run"),
        ("hours,spend\n,5\n", "line 2: column 'hours' is empty"),
        ("hours,spend\n5,0\n", "the last total of column 'spend', 0 after 5 h, says nothing"),
        ("hours,spend\n0,5\n", "the last total of column 'spend', 5 after 0 h, says nothing"),
        ("date,spend\n2027-01-12,5\n", "has dates, and the scenario has no certain start_time"),
    ],
)
def test_a_wrong_file_is_told_by_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_actuals(path)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("2027-01-01", "it lies before the start of the run, 2027-01-11T00:00Z"),
        ("soon", "'soon' is not a date"),
        ("2027-01-12 to 2027-01-13", "is a range"),
    ],
)
def test_wrong_dates_are_told(tmp_path: Path, cell: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"date,spend\n{cell},5\n")
    with pytest.raises(InputError, match=message):
        read_actuals(path, start=float(np.datetime64("2027-01-11", "h").astype(int)))


# --- the command


def test_the_command_prints_json_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("hours,progress,spend,interruptions\n120,0.45,95k USD,1\n")
    words = ["update", CONFIG, "--actuals", str(path), "--draws", "20000"]
    assert _run([*words, "--json", "-o", str(tmp_path / "f.nc")], debug=True) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["observed"]["spend"]["observed"] == 95_000
    assert data["outputs"]["cost_total"]["now"]["mcse"]["0.5"] > 0
    assert set(data["inputs"]["mfu"]) == {"unit", "shift", "shift_mcse", "narrowed", "before", "now"}
    assert update_json(xr.load_dataset(tmp_path / "f.nc", engine="h5netcdf"))["outputs"] == data["outputs"]
    assert _run([*words, "-o", str(tmp_path / "f.png")], debug=True) == 0
    told = capsys.readouterr().out
    assert "cost at completion" in told
    assert "mfu" in told
    assert max(len(line) for line in told.splitlines() if "Not stated" not in line) <= 110
    assert (tmp_path / "f.png").stat().st_size > 10_000


def test_the_command_knows_when_the_run_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,progress\n2027-01-16,0.45\n")
    words = ["update", CONFIG, "--actuals", str(path), "--draws", "5000"]
    assert _run(words, debug=False) == 2
    assert "--start 2027-01-11" in capsys.readouterr().err
    assert _run([*words, "--start", "2027-01-11"], debug=False) == 0
    assert "after 120 h" in capsys.readouterr().out
    assert _run([*words, "--start", "yesterday"], debug=False) == 2
    assert "--start yesterday: 'yesterday' is not a date" in capsys.readouterr().err
