"""Rare events by importance sampling: against closed forms, and refused where the draws do not support them."""

import json
import math

import numpy as np
import pytest
from rented_run import BASE, with_changes
from scipy.stats import binom, norm
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, load_scenario, open_results, parse_scenario, save_results, simulate, summarize
from simulator.analysis.chances import limits_exceeded
from simulator.analysis.estimates import chance, statistic
from simulator.analysis.rare.importance import PLAIN, Mixture, WeightedSums, fitted, mixed, search
from simulator.analysis.rare.rare import LARGEST_ERROR, Limit, rare_chances, weighted_draws
from simulator.analysis.rare.scored import ScoreSpace, shifted_table, shifted_value
from simulator.cli import _run
from simulator.errors import InputError
from simulator.scenario import parse_value, resolve
from simulator.stochastic.tabulate import Kind

MILLIONTH = norm.isf(1e-6)
# all that is paid is rent: price × accelerator-hours, which are proportional to 1/mfu
RENTED = with_changes(
    workload={"mfu": {"family": "lognormal", "median": 0.3, "sigma": 0.05}, "run_overhead": 0.0},
    compute={"rental_price": {"family": "lognormal", "median": 3.0, "sigma": 0.3}},
)
PLAN = SamplingPlan(draws=20_000)


def sample(mixture, rng):
    """Return scores of a mixture, law by law."""
    shifts = np.vstack([np.zeros((1, mixture.shifts.shape[1])), mixture.shifts])
    return rng.standard_normal((mixture.draws, shifts.shape[1])) + np.repeat(shifts, mixture.counts, axis=0)


def judged(response, limit, scores, *, seed=0, draws=20_000):
    """Return the sums of a final run, and the search before it."""
    rng = np.random.default_rng(seed)

    def respond(mixture, stage):
        z = sample(mixture, rng)
        return z, response(z, rng)

    found = search(respond, limit, scores=scores, draws=8192)
    assert found.reached
    mixture = found.mixture.of(draws)
    z, y = respond(mixture, 0)
    sums = WeightedSums(mixture, scores)
    for law, (own, values) in enumerate(zip(*(np.split(a, np.cumsum(mixture.counts)[:-1]) for a in (z, y)), strict=True)):
        beyond = own[values > limit]
        sums.add(law, mixture.weights(beyond), beyond)
    return sums, found


def normal_sum(z, rng):
    return z.sum(axis=1) / math.sqrt(z.shape[1])


def two_sided(z, rng):
    return np.abs(normal_sum(z, rng))


def lognormal_product(z, rng):
    return np.exp(0.5 * z[:, 0] - 2.0 * z[:, 1])


def three_ways(z, rng):
    return z[:, :3].max(axis=1)


def event(z, rng):
    """A jump of 3 with a probability of 0.001, luck that is an input as any other."""
    return z[:, 0] + 3.0 * (z[:, 1] > norm.isf(1e-3))


def coins(z, rng):
    return np.sum(z > norm.isf(0.05), axis=1).astype(float)


def partly_luck(z, rng):
    return math.sqrt(0.8) * z[:, 0] + math.sqrt(0.2) * rng.standard_normal(len(z))


@pytest.mark.parametrize(
    ("response", "limit", "scores", "truth"),
    [
        (normal_sum, MILLIONTH, 5, 1e-6),
        (normal_sum, MILLIONTH, 40, 1e-6),
        (two_sided, MILLIONTH, 5, 2e-6),
        (lognormal_product, math.exp(math.sqrt(4.25) * MILLIONTH), 2, 1e-6),
        (three_ways, MILLIONTH, 6, 1.0 - (1.0 - 1e-6) ** 3),
        (event, MILLIONTH, 2, (1 - 1e-3) * 1e-6 + 1e-3 * norm.sf(MILLIONTH - 3.0)),
        (coins, 3.5, 6, binom.sf(3, 6, 0.05)),
        (partly_luck, MILLIONTH, 2, 1e-6),
    ],
)
def test_closed_forms_lie_within_the_error(response, limit, scores, truth):
    sums, _ = judged(response, limit, scores)
    found = sums.probability
    assert_within_mcse(found.value, truth, found.mcse)
    assert found.mcse < 0.2 * truth
    assert sums.largest <= 1.0 / PLAIN + 1e-9


def test_two_ways_to_an_event_are_both_found():
    _, found = judged(two_sided, MILLIONTH, 3)
    sides = {float(np.sign(shift.sum())) for shift in found.mixture.shifts}
    assert sides == {-1.0, 1.0}


def test_a_way_that_no_shift_leads_to_shows_in_the_error():
    one = mixed(200_000, np.array([[2.5]]), np.ones(1), np.empty((0, 1)))  # one side of two, each of probability 1 %
    rng = np.random.default_rng(3)
    z, limit = sample(one, rng), norm.isf(0.01)
    sums = WeightedSums(one, 1)
    for law, own in enumerate(np.split(z, np.cumsum(one.counts)[:-1])):
        beyond = own[np.abs(own[:, 0]) > limit]
        sums.add(law, one.weights(beyond), beyond)
    assert_within_mcse(sums.probability.value, 0.02, sums.probability.mcse)
    assert sums.largest == pytest.approx(1.0 / PLAIN, rel=1e-3)  # of plain draws on the other side, ten each


def test_the_scores_given_the_event_are_those_of_a_normal_sum():
    sums, _ = judged(normal_sum, MILLIONTH, 4)
    expected = norm.pdf(MILLIONTH) / 1e-6 / 2.0
    for k in range(4):
        given = sums.given_event(k)
        assert_within_mcse(given.value, expected, given.mcse)
        assert given.mcse < 0.02


def test_weights_are_ratios_of_densities():
    mixture = Mixture(np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([10, 60, 30]))
    z = np.random.default_rng(0).normal(size=(100, 2))
    laws = [(0.1, [0, 0]), (0.6, [1, -2]), (0.3, [0.5, 3])]
    density = sum(share * norm.pdf(z - np.array(mean)).prod(axis=1) for share, mean in laws)
    np.testing.assert_allclose(mixture.weights(z), norm.pdf(z).prod(axis=1) / density, rtol=1e-12)


def test_the_error_counts_two_more_of_the_largest_weight():
    """Where luck that is not shifted has a part, errors without them are short: tests/nightly/test_rare_coverage.py."""
    sums, found = judged(partly_luck, norm.isf(1e-4), 2)
    rng, mixture = np.random.default_rng(0), found.mixture.of(20_000)
    z = sample(mixture, rng)
    law = np.repeat(np.arange(len(mixture.counts)), mixture.counts)
    plain, weights = WeightedSums(mixture, 0), np.where(z[:, 0] > 3.0, mixture.weights(z), 0.0)
    for k in range(len(mixture.counts)):
        own = weights[(law == k) & (weights > 0.0)]
        plain.add(k, own, np.empty((own.size, 0)))
    by_law = sum(n * weights[law == k].var(ddof=1) for k, n in enumerate(mixture.counts) if n)
    expected = math.sqrt(by_law + 2.0 * weights.max() ** 2) / mixture.draws
    assert plain.probability.mcse == pytest.approx(expected, rel=1e-9)
    assert_within_mcse(sums.probability.value, 1e-4, sums.probability.mcse)


def test_weights_have_the_mean_one():
    mixture = Mixture(np.array([[1.5, 0.0]]), np.array([20_000, 80_000]))
    weights = mixture.weights(sample(mixture, np.random.default_rng(1)))
    parts = np.split(weights, [20_000])
    error = math.sqrt(sum(part.size * part.var(ddof=1) for part in parts)) / weights.size
    assert_within_mcse(weights.mean(), 1.0, error)


def test_means_that_are_noise_are_nought():
    z = np.random.default_rng(2).normal(size=(800, 60)) + np.eye(60)[0]
    means, shares = fitted(z, np.ones(800))
    assert shares.tolist() == [1.0]
    assert np.flatnonzero(means[0]).size <= 4  # three standard errors: 0.0027 of 59 others
    assert means[0, 0] == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    "response",
    [
        lambda z, rng: np.tanh(z[:, 0]),  # never above 1
        lambda z, rng: 2.0 * (z[:, 0] > norm.isf(1e-6)),  # nothing on the way tells where
        lambda z, rng: 0.2 * rng.standard_normal(len(z)),  # luck alone
    ],
)
def test_what_stages_do_not_reach_is_not_reached(response):
    rng = np.random.default_rng(0)

    def respond(mixture, stage):
        z = sample(mixture, rng)
        return z, response(z, rng)

    assert not search(respond, 1.0, scores=2, draws=8192).reached


def test_infinite_responses_are_levels_like_others():
    def response(z, rng):
        return np.where(z[:, 0] > 3.0, np.inf, z[:, 0])

    sums, _ = judged(response, 1e9, 2)
    assert_within_mcse(sums.probability.value, norm.sf(3.0), sums.probability.mcse)


SPECS = {
    Kind.AFFINE: ("2 to 3 USD/h", "rental_price"),
    Kind.POLYNOMIAL: ({"family": "beta", "a": 2, "b": 5}, "mfu"),
    Kind.CELLS: ({"family": "triangular", "low": 1, "mode": 2, "high": 5}, "rental_price"),
    Kind.STEPS: ({"family": "choice", "values": [1, 2, 3], "probabilities": [0.7, 0.2, 0.1]}, "rental_price"),
}


@pytest.mark.parametrize("spec", [*SPECS.values(), ("100 to 900", "accelerators")])
@pytest.mark.parametrize("shift", [-2.5, 0.7, 4.0])
def test_a_shifted_law_is_the_law_of_the_shifted_score(spec, shift):
    value = parse_value(*spec)
    moved = shifted_value(value, shift)
    z = np.linspace(-4.0, 4.0, 401) + 1e-6  # beside the steps
    np.testing.assert_allclose(moved.table(z), value.table(z + shift), rtol=1e-9)
    np.testing.assert_array_equal(moved.law.quantile(z), shifted_table(value.table, shift)(z))
    x = moved.table(np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(moved.law.cdf(x) + moved.law.sf(x), 1.0, rtol=1e-9)
    below = norm.cdf(norm.ppf(value.law.cdf(x)) - shift)
    np.testing.assert_allclose(moved.law.cdf(x), below, rtol=1e-6)


MIXED = with_changes(
    workload={"mfu": "0.3 to 0.45"},
    compute={"rental_price": {"family": "choice", "values": [2, 3, 9], "probabilities": [0.7, 0.2, 0.1]}},
    correlations=[["mfu", "power_fraction", 0.5], ["mfu", "rental_price", -0.4], ["pue", "carbon_intensity", 0.3]],
    events=[{"name": "claim", "probability": 0.01, "cost": "1M to 2M USD"}],
)


def test_scores_are_those_that_the_kernels_draw_from():
    """Of plain and of shifted draws: correlated, discrete, an event's luck, from any draw on."""
    resolved = resolve(parse_scenario(MIXED))
    space = ScoreSpace(resolved, PLAN)
    shift = 0.5 * np.sin(1.0 + np.arange(len(space.names)))
    low, high = 12_345, 13_100
    (part,) = list(space.play(Mixture(shift[None, :], np.array([0, high - low])), low))
    for own, inputs in ((space.scores(low, high), space.shifted(0.0 * shift).play(low, high)[0]), (part.scores, part.inputs)):
        scores = dict(zip(space.names, space.of_inputs(own).T, strict=True))
        for place, item in resolved.inputs.items():
            if item.value.table is not None:
                np.testing.assert_allclose(inputs[place], item.value.table(scores[item.stream]), rtol=2e-6)
    plain = simulate(parse_scenario(MIXED), PLAN, start=low, stop=high)
    np.testing.assert_array_equal(plain.mfu, space.shifted(0.0 * shift).play(low, high)[0]["mfu"])


def test_correlated_scores_weigh_as_their_copula_does():
    """exp(-m' R^-1 z + m' R^-1 m / 2), for latent scores z of correlation R that are shifted by m."""
    space = ScoreSpace(resolve(parse_scenario(MIXED)), PLAN)
    shift = 0.3 * np.cos(np.arange(len(space.names)))
    own = space.scores(0, 500) + shift
    latent, moved = space.of_inputs(own), space.of_inputs(shift[None, :])[0]
    unit = space.of_inputs(np.eye(len(space.names)))  # rows: what each independent score does to all
    inverse = np.linalg.inv(unit.T @ unit)
    expected = np.exp(-latent @ inverse @ moved + 0.5 * moved @ inverse @ moved)
    np.testing.assert_allclose(Mixture(shift[None, :], np.array([0, 500])).weights(own), expected, rtol=1e-9)


@pytest.fixture
def only(tmp_path):
    """Return scenarios in which all inputs but some are certain, each at its median."""

    def certain(data, *uncertain):
        path = tmp_path / "only.yaml"
        path.write_text(json.dumps(data))
        inputs = resolve(parse_scenario(data)).inputs
        fixed = [f"{name}={item.value.median!r}" for name, item in inputs.items() if item.value.table and name not in uncertain]
        return load_scenario(path, overrides=fixed)

    return certain


def test_the_tail_of_a_rented_run_has_its_closed_form(only):
    """Rent is a lognormal price times accelerator-hours that a lognormal utilization divides."""
    scenario = only(RENTED, "mfu", "rental_price")
    middle = simulate(only(RENTED), SamplingPlan(draws=1)).cost_total.item()
    sd = math.hypot(0.05, 0.3)
    limit = middle * math.exp(sd * MILLIONTH)
    found = rare_chances(scenario, [Limit("cost_total", limit)], PLAN)
    assert_within_mcse(found.probability, 1e-6, found.mcse)
    assert found.relative_error.item() < 0.03
    given = norm.pdf(MILLIONTH) / 1e-6
    scores = found.score.isel(event=0)
    for name, share in (("rental_price", 0.3 / sd), ("mfu", -0.05 / sd)):
        assert_within_mcse(scores.sel(input=name), given * share, found.mcse_score.sel(input=name))


def test_correlated_inputs_have_their_closed_form(only):
    scenario = only({**RENTED, "correlations": [["mfu", "rental_price", -0.5]]}, "mfu", "rental_price")
    middle = simulate(only(RENTED), SamplingPlan(draws=1)).cost_total.item()
    latent = 2.0 * math.sin(math.pi * -0.5 / 6.0)
    sd = math.sqrt(0.05**2 + 0.3**2 - 2.0 * latent * 0.05 * 0.3)
    found = rare_chances(scenario, [Limit("cost_total", middle * math.exp(sd * norm.isf(1e-5)))], PLAN)
    assert_within_mcse(found.probability, 1e-5, found.mcse)
    assert found.relative_error.item() < 0.03


def test_discrete_inputs_and_events_have_their_closed_form(only):
    events = [{"name": name, "probability": p, "cost": 1e6} for name, p in (("a", 0.01), ("b", 0.004), ("c", 0.02))]
    prices = {"family": "choice", "values": [2, 4], "probabilities": [0.98, 0.02]}
    data = {**with_changes(compute={"rental_price": prices}), "events": events}
    lucks = ("rental_price", *(f"event_luck[risk {k}]" for k in range(3)))
    scenario = only(data, *lucks)
    draws = simulate(scenario, SamplingPlan(draws=4096))
    assert set(resolve(scenario).inputs) >= set(lucks)
    dear = float(draws.cost_total.where(draws.rental_price == 4.0).min())
    cheap = float(draws.cost_total.min())
    assert dear < cheap + 1e6
    found = rare_chances(scenario, [Limit("cost_total", 0.5 * (cheap + dear) + 2e6)], PLAN)
    two = 0.01 * 0.004 * 0.98 + 0.01 * 0.996 * 0.02 + 0.99 * 0.004 * 0.02
    truth = 0.02 * two + 0.01 * 0.004 * 0.02
    assert_within_mcse(found.probability, truth, found.mcse)


def test_what_is_not_rare_is_judged_by_plain_draws():
    found = rare_chances(parse_scenario(BASE), [Limit("cost_total", 40_000.0)], PLAN)
    assert found.note.item() == "not rare: plain draws"
    assert found.shifts.item() == 0
    assert found.largest_weight.item() == 1.0
    plain = simulate(parse_scenario(BASE), SamplingPlan(draws=100_000, seed=5)).cost_total.values > 40_000.0
    error = math.hypot(found.mcse.item(), math.sqrt(plain.mean() * (1 - plain.mean()) / plain.size))
    assert_within_mcse(found.probability, plain.mean(), error)


def test_weighted_draws_are_those_of_the_estimate_and_are_refused_where_draws_count_alike(tmp_path):
    scenario = parse_scenario({**BASE, "limits": {"budget": 100_000}})
    limit = Limit("cost_total", 200_000.0)
    found, draws = rare_chances(scenario, [limit], PLAN), weighted_draws(scenario, limit, PLAN)
    beyond = draws.cost_total.values > limit.limit
    assert float(np.mean(draws.weight.values * beyond)) == pytest.approx(found.probability.item(), rel=1e-9)
    save_results(draws, tmp_path / "draws.nc")
    for results in (draws, open_results(tmp_path / "draws.nc")):
        assert results.weight.sizes == {"draw": PLAN.draws}
        for reading in (
            summarize,
            limits_exceeded,
            lambda ds: chance(ds, ds.cost_total.values > 1e5),
            lambda ds: statistic(ds, lambda own: 0.0, ds.cost_total.values),
        ):
            with pytest.raises(InputError, match="these draws have weights \\('weight'\\) and do not count alike"):
                reading(results)


def test_seeds_are_used_and_repeat():
    scenario, limits = parse_scenario(BASE), [Limit("cost_total", 120_000.0)]
    zero, again, one = (rare_chances(scenario, limits, SamplingPlan(draws=2000, seed=seed)).probability.item() for seed in (0, 0, 1))
    assert zero == again != one


def test_runs_that_are_stopped_exceed_any_time():
    stopped = with_changes(reliability={"method": "event_driven", "max_wall_clock": "45 h"})
    found = rare_chances(parse_scenario(stopped), [Limit("programme_time", 1e6)], PLAN)
    draws = simulate(parse_scenario(stopped), SamplingPlan(draws=50_000, seed=3))
    share = float((draws.completed == 0.0).mean())
    assert_within_mcse(found.probability, share, math.hypot(found.mcse.item(), math.sqrt(share / 50_000)))
    assert found.stopped.item() == pytest.approx(1.0)
    assert "100 % of it are runs stopped at max_wall_clock" in found.note.item()


@pytest.mark.parametrize(
    ("limit", "plan", "words"),
    [
        (Limit("cost_totl", 1.0), PLAN, "cost_totl is not an output of this scenario; did you mean cost_total"),
        (Limit("cost_total", math.inf), PLAN, "cost_total > inf: a limit is a finite number"),
        (Limit("cost_total", math.nan), PLAN, "cost_total > nan: a limit is a finite number"),
        (Limit("cost_total", 1e6), SamplingPlan(draws=999), "draws = 999 are too few to weigh; use 1000 or more"),
        (Limit("cost_total", 1e6), SamplingPlan(draws=4096, plan="sobol"), "plan = 'sobol' has no independent draws to weigh"),
        (Limit("abandoned_runs", 1.0), PLAN, "abandoned_runs > 1: [0-9]+ stages of 8192 draws came to 0 and no further"),
    ],
)
def test_what_cannot_be_told_is_refused(limit, plan, words):
    with pytest.raises(InputError, match=words):
        rare_chances(parse_scenario(BASE), [limit], plan)


def test_a_scenario_without_uncertain_inputs_is_refused(only):
    with pytest.raises(InputError, match="no uncertain input"):
        rare_chances(only(BASE), [Limit("cost_total", 1.0)], PLAN)


def test_nan_draws_are_refused(monkeypatch):
    whole = ScoreSpace.play

    def broken(*words, **named):
        for part in whole(*words, **named):
            part.outputs["cost_total"][7] = math.nan
            yield part

    monkeypatch.setattr(ScoreSpace, "play", broken)
    with pytest.raises(InputError, match="cost_total is NaN in 1 of 8192 draws"):
        rare_chances(parse_scenario(BASE), [Limit("cost_total", 1e5)], PLAN)


def test_large_errors_are_refused():
    with pytest.raises(InputError, match=rf"above {LARGEST_ERROR:.0%} none is told. Use about [0-9]+ draws"):
        rare_chances(parse_scenario(MIXED), [Limit("cost_total", 2.2e6)], SamplingPlan(draws=1000))


# ---- the command line


def run(*words):
    return _run(words, debug=False)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(json.dumps(BASE))
    return str(path)


def test_the_table_fits_and_tells_the_error(config, capsys):
    assert run("rare", config, "--draws", "4000", "--exceeds", "cost_total > 200k USD", "--exceeds", "emissions_total>30 t") == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "cost_total > 200k USD" in out
    assert "emissions_total>30 t" in out
    assert out.count("\n  probability ") == out.count("standard error") == 2
    assert "rental_price" in out


def test_json_is_plain_data(config, capsys):
    words = ["rare", config, "--draws", "4000", "--seed", "3", "--exceeds", "cost_total > 0.2M USD", "--json"]
    assert run(*words) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["seed"], data["draws"], data["stage_draws"]) == (3, 4000, 8192)
    (event,) = data["events"]
    assert (event["output"], event["limit"], event["unit"]) == ("cost_total", 200_000.0, "USD")
    assert 0.0 < event["mcse"] < 0.1 * event["probability"]
    assert event["inputs"]["rental_price"]["score"] > 2.0
    assert event["inputs"]["rental_price"]["mcse"] > 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cost_total < 3", "is not NAME > LIMIT; for example 'cost_total > 60M USD'"),
        ("cost_totl > 3", "cost_totl is not an output; did you mean cost_total"),
        ("cost_total > 3 t", "--exceeds 'cost_total > 3 t': "),
        ("abandoned_runs > 1", "came to 0 and no further"),
    ],
)
def test_what_is_wrong_is_told(config, capsys, text, words):
    assert run("rare", config, "--exceeds", text) == 2
    assert words in capsys.readouterr().err


def test_help_has_examples(capsys):
    assert run("rare", "--help") == 0
    assert "Examples:" in capsys.readouterr().out
