"""Budget risk against closed forms and brute force; what draws do not support is refused in words."""

from __future__ import annotations

import datetime
import json
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from rented_run import BASE, with_changes
from scipy.stats import binomtest, norm
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, budget_risk, open_results, parse_scenario, save_results, simulate
from simulator.analysis.chances import LIMITS, chances_json, limits_exceeded
from simulator.analysis.estimates import Estimate
from simulator.analysis.order_statistics import draws_needed, interval_ranks
from simulator.analysis.risk.deadlines import deadline_hours
from simulator.analysis.risk.exceedance import exceedance_curve, share_interval
from simulator.analysis.risk.joint import all_held, frontier
from simulator.analysis.risk.point_estimate import certain, point_estimate, point_of_results
from simulator.analysis.risk.risk import risk_json
from simulator.analysis.risk.shortfall import expected_shortfall, shortfall_interval, shortfalls
from simulator.analysis.samples import SortedDraws, ascending, sample_of
from simulator.cli import _run
from simulator.errors import InputError, LawError
from simulator.scenario import resolve
from simulator.scenario.dates import hours_of
from simulator.scenario.schema import HOMES

ROOT = Path(__file__).parent.parent
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")
RANDOM = {"plan": "random"}
EXPECTED = ["--set", "reliability.method=expected_value", "--draws", "2000"]


def results_of(cost, time=None, carbon=None, **attrs):
    """Return draws as results of random draws."""
    values = {"cost_total": cost, "programme_time": cost if time is None else time, "emissions_total": cost if carbon is None else carbon}
    return xr.Dataset({name: ("draw", np.asarray(v, dtype=float)) for name, v in values.items()}, attrs=RANDOM | attrs)


def shortfalls_of(results, draws, levels):
    return shortfalls(sample_of(results, draws), levels)


def run(*words):
    return _run(words, debug=False)


@pytest.mark.parametrize("level", ["0.05", "0.5", "0.8", "0.9", "0.95", "0.99", "0.975"])
@pytest.mark.parametrize("n", [1, 2, 7, 50, 333])
def test_cvar_is_the_mean_of_the_worst_share_exactly(n, level):
    draws, p = np.sort(np.random.default_rng(n).normal(size=n)), Fraction(level)
    many = np.repeat(draws, p.denominator)  # so often that the worst share holds whole ones
    brute = many[n * p.numerator :].mean()
    assert expected_shortfall(SortedDraws(draws), float(p)) == pytest.approx(brute, rel=1e-12)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.95, 0.99])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.0])
def test_cvar_of_normal_and_lognormal_draws_is_the_closed_form(sigma, level):
    scores, z = np.random.default_rng(3).standard_normal(200_000), norm.ppf(level)
    truth = math.exp(sigma**2 / 2) * norm.cdf(sigma - z) / (1 - level) if sigma else norm.pdf(z) / (1 - level)
    (found,) = shortfalls_of(xr.Dataset(attrs=RANDOM), np.exp(sigma * scores) if sigma else scores, [level])
    assert_within_mcse(found.value, truth, found.mcse)
    assert found.low < truth < found.high
    assert found.note == ""


def test_the_errors_of_cvar_and_contingency_are_what_other_draws_differ_by():
    draws = np.random.default_rng(5).lognormal(0, 0.5, size=(100, 3, 1000))
    found = [budget_risk(results_of(*three), {"budget": 2.0}, levels=[0.2, 0.8, 0.95]) for three in draws]
    for name in ("cvar", "contingency", "value_at_risk"):
        spread = np.concatenate([one[name].values for one in found]).std(axis=0, ddof=1)
        told = np.sqrt(np.mean(np.concatenate([one[f"{name}_mcse"].values ** 2 for one in found]), axis=0))
        np.testing.assert_allclose(told, spread, rtol=5 / math.sqrt(2 * 300))


@pytest.mark.parametrize(("sigma", "n", "level"), [(0.0, 100, 0.5), (1.0, 100, 0.5), (1.0, 1000, 0.95), (0.5, 5000, 0.99)])
def test_intervals_of_cvar_cover_as_often_as_they_say(sigma, n, level):
    rng, z, samples = np.random.default_rng(8), norm.ppf(level), 600
    truth = math.exp(sigma**2 / 2) * norm.cdf(sigma - z) / (1 - level) if sigma else norm.pdf(z) / (1 - level)
    covered = 0
    for _ in range(samples):
        scores = rng.standard_normal(n)
        low, high = shortfall_interval(ascending(np.exp(sigma * scores) if sigma else scores), level)
        covered += low <= truth <= high
    assert binomtest(covered, samples, 0.95).pvalue > 1e-6


def test_intervals_of_cvar_are_offered_from_fifty_draws_beyond_on():
    draws, plan = np.random.default_rng(1).normal(size=500), xr.Dataset(attrs=RANDOM)
    assert math.isfinite(shortfalls_of(plan, draws, [0.9])[0].low)  # 500 (1 - 0.9), in binary below 50
    few = shortfalls_of(plan, draws[1:], [0.9])[0]
    assert math.isfinite(few.value)
    assert math.isnan(few.low)
    assert math.isnan(few.mcse)
    assert few.note == "no error of CVaR 0.9: 49.9 draws lie beyond, 50 are needed, that is 500 draws in all"


def test_the_mean_of_fewer_than_five_draws_is_no_cvar(capsys):
    draws, plan = np.random.default_rng(1).normal(size=500), xr.Dataset(attrs=RANDOM)
    five, few, one = shortfalls_of(plan, draws, [0.99, 0.995, 0.9999])
    assert math.isfinite(five.value)
    assert math.isnan(few.value)
    assert few.note == "no CVaR 0.995: 2.5 draws lie beyond, 5 are needed, that is 1000 draws in all"
    assert math.isnan(one.value)
    assert run("risk", QUICKSTART, *EXPECTED, "--budget", "300k", "--levels", "0.95,0.98,0.999") == 0
    out = capsys.readouterr().out
    by_level = [line.split() for line in out.splitlines() if "mean of the worst" in line]
    assert [line.count("±") for line in by_level] == [3, 3, 0]
    assert by_level[1].count("?") == 3  # 40 draws beyond
    assert by_level[2][-3:] == ["-", "-", "-"]
    assert out.count("no error of CVaR 0.98: 40 draws lie beyond") == 1
    assert "\nBudget and deadline and carbon cap: too few draws" in out


def test_tails_without_a_mean_have_no_cvar_and_those_without_a_variance_no_error():
    levels = (np.arange(10_000) + 0.5) / 10_000
    none, no_error = (shortfalls_of(xr.Dataset(attrs=RANDOM), (1 - levels) ** -index, [0.9])[0] for index in (0.9, 0.6))
    assert math.isnan(none.value)
    assert none.note.startswith("no CVaR: tail index")
    assert math.isfinite(no_error.value)
    assert math.isnan(no_error.mcse)
    assert "variance may not exist" in no_error.note


def test_equal_draws_have_an_exact_cvar():
    (found,) = shortfalls_of(xr.Dataset(attrs=RANDOM), np.full(1000, 3.0), [0.9])
    assert (found.value, found.mcse, found.low, found.high) == (3.0, 0.0, 3.0, 3.0)


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99])
def test_ranks_never_leave_the_sample(p, confidence):
    """OpenTURNS 1.27 returns ranks (2000, 2000) at p = 0.9, n = 2000, 95 %, and reads past the sample (openturns#3182)."""
    for n in (1, 2, 10, 58, 59, 100, 200, 500, 1000, 1999, 2000, 2001, 5000, 20_000):
        found = interval_ranks(n, p, confidence=confidence)
        assert (found is None) == (n < draws_needed(p, confidence=confidence))
        if found is not None:
            assert 1 <= found.lower < found.upper <= n
            assert found.lower <= n * p + 1
            assert found.upper >= n * p
            assert confidence <= found.level < 1


def test_limits_are_judged_draw_by_draw():
    cost, time = np.arange(1.0, 1001.0), np.arange(1000.0, 0.0, -1.0)
    risk = budget_risk(results_of(cost, time), {"budget": 800.0, "deadline": 700.0})
    assert risk.probability_exceeded.values[:2].tolist() == [0.2, 0.3]
    assert math.isnan(risk.probability_exceeded.sel(limit="carbon_cap"))
    assert risk.probability_met.item() == np.mean((cost <= 800) & (time <= 700)) == 0.5
    assert risk.mcse_met.item() == pytest.approx(math.sqrt(0.25 / 1000), rel=1e-2)
    for variable in risk.variables.values():
        assert variable.dtype == object or "long_name" in variable.attrs


def test_nan_draws_leave_nothing_to_believe():
    cost = np.r_[np.nan, np.arange(1.0, 1000.0)]
    results = results_of(cost, np.arange(1000.0), limits='{"budget": 500.0}')
    told = risk_json(budget_risk(results, {"budget": 500.0, "deadline": 500.0}))
    budget = told["budget"]
    for name in ("probability_exceeded", "mcse", "p50", "point_estimate"):
        assert budget[name] is None
    for name in ("value_at_risk", "cvar", "contingency", "cvar_mcse"):
        assert set(budget[name].values()) == {None}
    assert budget["note"] == "1 of 1000 draws are NaN: nothing is known"
    assert told["joint"]["probability_met"] is None
    assert told["frontier"]["pairs"] == []
    assert told["deadline"]["probability_exceeded"] == 0.499
    assert math.isnan(limits_exceeded(results)["budget"][1].value)
    assert np.isnan(exceedance_curve(sample_of(results, cost)).beyond).all()


def test_runs_that_were_stopped_exceed_their_deadline():
    draws = np.arange(1.0, 1001.0)
    results = results_of(draws).assign(completed=("draw", np.where(draws <= 70, 0.0, 1.0)))
    risk = budget_risk(results, {"deadline": 2000.0}).sel(limit="deadline")
    assert risk.probability_exceeded.item() == 0.07
    late = np.sort(np.where(draws <= 70, np.inf, draws))
    assert risk.value_at_risk.values.tolist() == [np.quantile(late, 0.8), np.quantile(late, 0.9), np.inf]
    assert np.isnan(risk.cvar).all()
    assert "7 % of the runs were stopped at max_wall_clock: their release counts as never, so there is no CVaR" in str(risk.note.item())
    told = risk_json(budget_risk(results, {"deadline": 2000.0}))
    assert told["deadline"]["value_at_risk"]["0.95"] is None
    assert "count as they stood" in told["budget"]["note"]
    json.dumps(told, allow_nan=False)


def test_a_handful_of_draws_supports_little_and_says_so():
    told = risk_json(budget_risk(results_of(np.arange(1.0, 6.0)), {"budget": 3.0}))["budget"]
    assert told["probability_exceeded"] == 0.4
    assert set(told["value_at_risk"].values()) == set(told["cvar"].values()) == set(told["contingency"].values()) == {None}
    assert "too few draws for the error of percentile 0.5, 0.8, 0.9, 0.95" in told["note"]
    assert "no CVaR: 5 draws are too few to judge the tails, 100 are needed" in told["note"]


def test_sobol_errors_are_the_spread_of_the_replicates():
    scenario, levels = parse_scenario({**BASE, "limits": {"budget": 25_000}}), [0.8, 0.95]
    results = simulate(scenario, SamplingPlan(draws=16_384, plan="sobol", replicates=8))
    risk = budget_risk(results, levels=levels).sel(limit="budget")
    parts = np.sort(results.cost_total.values.reshape(-1, 8), axis=0)
    cvar = np.array([[expected_shortfall(SortedDraws(part), p) for p in levels] for part in parts.T])
    np.testing.assert_allclose(risk.cvar_mcse, cvar.std(axis=0, ddof=1) / math.sqrt(8))
    gap = np.quantile(parts, levels, axis=0) - np.quantile(parts, 0.5, axis=0)
    np.testing.assert_allclose(risk.contingency_mcse, gap.std(axis=1, ddof=1) / math.sqrt(8), rtol=0.2)  # to the nearest draw
    random = budget_risk(simulate(scenario, SamplingPlan(draws=16_384)), levels=levels).sel(limit="budget")
    assert_within_mcse(risk.cvar, random.cvar, np.hypot(risk.cvar_mcse, random.cvar_mcse))
    one = budget_risk(simulate(scenario, SamplingPlan(draws=4096, plan="sobol", replicates=1))).sel(limit="budget")
    assert np.isnan(one.cvar_mcse).all()
    assert np.isnan(one.contingency_mcse).all()
    assert np.isfinite(one.cvar).all()
    assert "one Sobol' scrambling has no Monte Carlo error" in str(one.note.item())


def test_an_infinite_percentile_leaves_the_errors_of_others():
    draws = np.random.default_rng(3).lognormal(size=4096)
    completed = ("draw", np.where(np.random.default_rng(1).random(4096) < 0.07, 0.0, 1.0))
    results = results_of(draws, plan="sobol", replicates=8).assign(completed=completed)
    found = budget_risk(results, {"deadline": 3.0}, levels=[0.8, 0.95]).sel(limit="deadline")
    assert np.isinf(found.value_at_risk.sel(level=0.95))
    assert np.isfinite(found.contingency_mcse.values).tolist() == [True, False]


def test_chances_of_few_draws_are_told_in_plain_numbers(capsys):
    assert run("risk", QUICKSTART, *EXPECTED[:2], "--draws", "16", "--budget", "300k") == 0
    assert re.search(r"exceeded with +[0-9.]+ % ± [1-9]0", capsys.readouterr().out)


def test_the_frontier_has_the_least_budgets():
    rng = np.random.default_rng(2)
    cost, time = rng.lognormal(size=2000), rng.lognormal(size=2000)
    results = results_of(cost, time)
    front = frontier(results, deadlines=[0.5, 3.0], confidence=0.7)
    assert front.release.size == 7
    assert front.frontier_budget.values[0] == np.inf
    assert front.frontier_probability.values[0] == np.mean(time <= 0.5)
    for date, budget, met in zip(front.release.values, front.frontier_budget.values, front.frontier_probability.values, strict=True):
        if math.isfinite(budget):
            assert met == np.mean((cost <= budget) & (time <= date)) >= 0.7
            assert met - 1 / 2000 < 0.7  # without the dearest of these draws
            assert met == all_held(results, {"budget": budget, "deadline": date}).value
    assert (np.diff(front.frontier_budget.values[1:]) <= 0).all()


def test_the_exceedance_curve_is_a_count():
    draws = np.random.default_rng(4).lognormal(size=3000)
    values, beyond, ci, bin_error = exceedance_curve(sample_of(xr.Dataset(attrs=RANDOM), draws))
    assert not bin_error.any()
    assert values.size == 200
    assert beyond.tolist() == [float(np.mean(draws > value)) for value in values]
    assert ((ci[:, 0] <= beyond) & (beyond <= ci[:, 1])).all()
    hits = np.array([0, 1, 7, 29, 30])
    for k, low, high in zip(hits, *share_interval(hits, 30, confidence=0.9), strict=True):
        exact = binomtest(int(k), 30).proportion_ci(0.9, method="exact")
        assert (low, high) == (pytest.approx(exact.low), pytest.approx(exact.high))


def test_the_point_estimate_is_the_scenario_of_medians():
    scenario = parse_scenario(BASE)
    inputs = resolve(scenario).inputs
    medians = {name: item.value.median for name, item in inputs.items() if item.value.law is not None}
    assert len(medians) > 5
    changes = {}
    for name, median in medians.items():
        changes.setdefault(HOMES[name], {})[name] = median
    stated = simulate(parse_scenario(with_changes(**changes)), SamplingPlan(draws=1))
    found = point_estimate(scenario)
    for limit, output in LIMITS.items():
        assert found[limit].value == pytest.approx(stated[output].item(), rel=1e-12)
        assert found[limit].mcse == 0.0
    assert all(item.value.law is None for item in certain(resolve(scenario)).inputs.values())
    results = simulate(scenario, SamplingPlan(draws=2000))
    assert point_of_results(results)[0] == found
    risk = budget_risk(results, {"budget": 1e5}, point=found).sel(limit="budget")
    np.testing.assert_allclose(risk.contingency_over_point, risk.value_at_risk - found["budget"].value)
    np.testing.assert_array_equal(risk.contingency_over_point_mcse, risk.value_at_risk_mcse)
    none, why = point_of_results(results.assign_attrs(scenario_hash="another"))
    assert none is None
    assert "cannot be read again as it was" in why


def test_an_uncertain_point_estimate_adds_its_error():
    results = results_of(np.arange(1.0, 1001.0))
    risk = budget_risk(results, {"budget": 500.0}, point={"budget": Estimate(400.0, 30.0)}).sel(limit="budget")
    np.testing.assert_allclose(risk.contingency_over_point_mcse, np.hypot(risk.value_at_risk_mcse, 30.0))


def test_deadlines_are_times_or_dates():
    start = {"start_time": hours_of("2027-01-11")}
    assert deadline_hours("2027-01-21", start) == 240.0
    assert deadline_hours("2027-01-21", start | {"preparation_time": 24.0}) == 264.0
    assert deadline_hours("2027-01-21", {}, now="2027-01-20") == 24.0
    assert deadline_hours("2027-01-21", start, now="2027-01-20") == 24.0
    assert deadline_hours("200 days", {}) == 4800.0


@pytest.mark.parametrize(
    ("text", "known", "now", "told"),
    [
        ("2027-01-21", {}, None, "states no start_time. State the date of now (--now 2026-12-01), or a time from now on"),
        ("2027-01-21", {"start_time": None}, None, "start_time is uncertain"),
        ("2027-01-21", {"start_time": 0.0, "preparation_time": None}, None, "preparation_time is uncertain"),
        ("2027-01-21", {}, "2027-01-21", "is not after now, 2027-01-21T00:00Z"),
        ("2027-01-21 to 2027-02-01", {}, "2027-01-01", "is a range; a deadline is one date"),
        ("2027-01-21", {}, "2027-01-01 to 2027-01-02", "is a range; now is one date"),
        ("2027-13-21", {}, "2027-01-01", "is not a date"), ("a while", {}, None, "'a while' is not a number"),
        ("-3 h", {}, None, "above 0"), ("3 t", {}, None, "not a unit of this quantity"),
        ("1 to 2 weeks", {}, None, "is a range; a limit is one number"),
    ],
)  # fmt: skip
def test_bad_deadlines_are_told(text, known, now, told):
    with pytest.raises(LawError) as error:
        deadline_hours(text, known, now=now)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"limits": {}}, "no limit is stated"), ({"limits": {"cost": 1.0}}, "cost is not a limit; limits are budget, deadline, carbon_cap"),
        ({"limits": {"budget": math.nan}}, "a limit is a positive number"), ({"limits": {"budget": -1.0}}, "a limit is a positive number"),
        ({"levels": [1.0]}, "strictly between 0 and 1"), ({"levels": []}, "state one or more"), ({"levels": [0.8, 0.8]}, "each once"),
        ({"joint_confidence": 1.5}, "joint confidence = 1.5"), ({"confidence": 0.0}, "confidence = 0.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(arguments, told):
    with pytest.raises(InputError, match=told):
        budget_risk(results_of(np.arange(1.0, 101.0)), **{"limits": {"budget": 3.0}} | arguments)


def test_json_has_the_promised_shape(capsys):
    limits = ["--budget", "300k", "--deadline", "2 weeks", "--carbon", "40t"]
    assert run("risk", QUICKSTART, *EXPECTED, *limits, "--levels", "0.8,0.95", "--json") == 0
    out, err = capsys.readouterr()
    assert err == ""
    data = json.loads(out)
    for name, limit, unit in (("budget", 300_000.0, "USD"), ("deadline", 336.0, "h"), ("carbon", 40_000.0, "kgCO2e")):
        one = data[name]
        assert (one["limit"], one["unit"]) == (limit, unit)
        assert 0 < one["probability_exceeded"] < 1
        assert 0 < one["mcse"] < 0.02
        assert list(one["cvar"]) == list(one["contingency"]) == ["0.8", "0.95"]
        assert one["value_at_risk"]["0.8"] < one["value_at_risk"]["0.95"] < one["cvar"]["0.95"]
        low, high = one["cvar_ci"]["0.95"]
        assert low < one["cvar"]["0.95"] < high
        assert one["contingency"]["0.8"] == pytest.approx(one["value_at_risk"]["0.8"] - one["p50"])
        assert one["note"] == ""
    assert 0 < data["joint"]["probability_met"] <= 1 - data["budget"]["probability_exceeded"]
    assert 0 < data["joint"]["mcse"] < 0.02
    assert data["joint"]["limits"] == ["budget", "deadline", "carbon"]


def test_a_file_tells_what_its_config_does(tmp_path, capsys):
    file, saved = str(tmp_path / "run.nc"), str(tmp_path / "risk.nc")
    assert run("run", QUICKSTART, *EXPECTED, "--set", "limits.budget=250k", "-o", file) == 0
    capsys.readouterr()
    assert run("risk", QUICKSTART, *EXPECTED, "--set", "limits.budget=250k", "--json") == 0
    of_config = capsys.readouterr().out
    assert run("risk", file, "--json", "-o", saved) == 0
    assert capsys.readouterr().out == of_config
    data = json.loads(of_config)
    assert data["budget"]["limit"] == 250_000
    assert data["deadline"]["limit"] is None
    assert data["deadline"]["probability_exceeded"] is None
    assert data["joint"]["probability_met"] == pytest.approx(1 - data["budget"]["probability_exceeded"])
    again = open_results(saved)
    assert again.probability_exceeded.sel(limit="budget").item() == data["budget"]["probability_exceeded"]
    assert again.curve_exceeded.dims == ("limit", "point")
    assert run("risk", saved) == 2
    assert "holds no draws" in capsys.readouterr().err
    assert run("risk", file, "--draws", "100", "--set", "mfu=0.4") == 2
    assert "leave out --draws, --set, or give" in capsys.readouterr().err


def test_a_date_counts_from_the_start_that_a_file_knows(tmp_path, capsys):
    file, dated = str(tmp_path / "run.nc"), str(tmp_path / "dated.nc")
    assert run("run", QUICKSTART, *EXPECTED, "-o", file) == 0
    results = open_results(file)
    for start, code, told in ((hours_of("2027-01-01"), 0, '"limit": 336.0'), (np.linspace(0, 1, 2000), 2, "start_time is uncertain")):
        known = xr.Variable(("draw",) if code else (), start, {"role": "input", "units": "h"})
        save_results(results.assign(start_time=known), dated)
        capsys.readouterr()
        assert run("risk", dated, "--deadline", "2027-01-15", "--json") == code
        out, err = capsys.readouterr()
        assert told in out + err


def test_the_table_fits_eighty_columns(capsys):
    assert run("risk", QUICKSTART, *EXPECTED, "--budget", "300k", "--deadline", "2027-01-15", "--now", "2027-01-01", "--carbon", "1kt") == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[: lines.index(next(line for line in lines if line.startswith("± is one")))]
    assert max(map(len, table)) <= 80
    assert "…" not in "".join(table)
    for text in ("exceeded with", "point estimate", "over P50", "mean of the worst 5 %", "hold together", "both hold"):
        assert text in "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "no limit to judge. State --budget 30M, --deadline 2027-06-01 or --carbon 5000t, or limits in the scenario"),
        (["--deadline", "2020-06-01"], "--deadline '2020-06-01': 2020-06-01 is not after now"),
        (["--budget", "3M", "--now", "2027-06-01"], "--now 2027-06-01 is not read"),
        (["--budget", "3 t"], "--budget '3 t': 't' is not a unit"),
        (["--carbon", "-3"], "--carbon '-3': -3 is not above 0"), (["--budget", "3M EUR"], "is in EUR"),
        (["--budget", "3M", "--levels", "high"], "--levels high is not a list of levels"),
        (["--budget", "3M", "--levels", "0.8,0.8"], "--levels 0.8,0.8: a level stands there twice"),
        (["--budget", "3M", "--levels", "0.8,95"], "strictly between 0 and 1"), (["--budget", "3M", "--joint", "70"], "--joint = 70"),
    ],
)  # fmt: skip
def test_bad_options_are_told(words, told, capsys):
    assert run("risk", QUICKSTART, *EXPECTED, *words) == 2
    assert told in capsys.readouterr().err


def test_a_nan_chance_is_null_in_the_json_of_a_run():
    results = simulate(parse_scenario({**BASE, "limits": {"budget": 25_000}}), SamplingPlan(draws=100))
    results["cost_total"][3] = np.nan
    assert chances_json(results)["limits"]["budget"]["probability_exceeded"] is None


def test_a_date_counts_from_today_where_nothing_says_when_the_run_starts(capsys):
    words = ["risk", QUICKSTART, *EXPECTED, "--draws", "1000", "--deadline", "2199-06-01", "--json"]
    before = datetime.datetime.now(datetime.UTC).date()
    assert run(*words) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    today = datetime.date.fromisoformat(data["now"])
    assert before <= today <= datetime.datetime.now(datetime.UTC).date()
    assert f"note: the deadline counts from today, {today}" in err
    assert data["deadline"]["limit"] == 24 * (datetime.date(2199, 6, 1) - today).days
    assert run(*words, "--now", str(today)) == 0
    assert capsys.readouterr() == (out, "")
