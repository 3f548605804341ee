"""Scenarios on common random numbers: pairing, the statistics of differences, cost of abatement, ``simulator compare``."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binomtest, norm
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, compare, load_scenario, open_results, simulate, summarize
from simulator.analysis.comparison.abatement import abatement
from simulator.analysis.comparison.differences import differences, differences_json
from simulator.analysis.comparison.pairing import pair
from simulator.cli import _run
from simulator.errors import InputError
from simulator.scenario import resolve

ROOT = Path(__file__).parent.parent
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")
DEARER = "rental_price=2.02 to 6.262 USD/GPU-hour"
PLAN = SamplingPlan(draws=4000)


def scenario(*overrides, levers=()):
    return load_scenario(QUICKSTART, overrides=overrides, levers=levers)


@pytest.fixture(scope="module")
def fp8():
    return compare({"base": scenario(), "fp8": scenario(levers=["fp8"])}, PLAN)


def pairs(a, b, *, plan="random", completed=None, **attrs):
    """A comparison of two made-up costs, b of which emits a tonne less."""
    emissions = np.stack([np.full_like(a, 5000.0), np.full_like(a, 4000.0)])
    outputs = {"cost_total": (np.stack([a, b]), "USD"), "emissions_total": (emissions, "kgCO2e")}
    if completed is not None:
        outputs["completed"] = (completed, "1")
    variables = {name: (("scenario", "draw"), values, {"role": "output", "units": unit}) for name, (values, unit) in outputs.items()}
    return xr.Dataset(variables, {"scenario": ["a", "b"], "draw": np.arange(a.size)}, {"plan": plan, **attrs})


def cost(results, **how):
    return differences(results, **how).isel(scenario=0).sel(output="cost_total")


def test_a_scenario_does_not_differ_from_itself_in_any_draw():
    both = compare({"a": scenario(), "b": scenario()}, PLAN)
    outputs = [name for name, array in both.data_vars.items() if array.attrs["role"] == "output"]
    assert {"cost_total", "emissions_total", "water", "programme_time", "energy", "cost"} <= set(outputs)
    for name in outputs:
        assert (both[name][0].values == both[name][1].values).all()
    found = differences(both)
    assert (found.probability_lower == 0.0).all()
    assert (found.probability_equal == 1.0).all()
    assert (found["mean"] == 0.0).all()
    assert (found.mcse_mean == 0.0).all()


def test_each_scenario_has_the_draws_that_it_has_alone(fp8):
    alone = simulate(scenario(levers=["fp8"]), PLAN)
    one = fp8.sel(scenario="fp8")
    for name in ("cost_total", "wall_clock", "mfu", "cost", "lever_factor"):
        np.testing.assert_array_equal(one[name].values.squeeze(), alone[name].values.squeeze())
    assert summarize(one).value.sel(output="cost_total", quantile=0.5) == np.median(alone.cost_total)
    assert np.isnan(fp8.lever_factor.sel(scenario="base")).all()


def test_prices_one_per_cent_higher_are_seen_through_the_noise():
    found = cost(compare({"a": scenario(), "b": scenario(DEARER)}, PLAN))
    assert found.mcse_unpaired > 50 * found.mcse_mean
    assert found.probability_lower == 0.0
    a = simulate(scenario(), PLAN).cost_total
    assert_within_mcse(found["mean"], 0.01 * a.mean(), found.mcse_mean)


def test_gain_from_pairing_is_the_covariance_identity(fp8):
    a, b = (fp8.cost_total.sel(scenario=name).values for name in ("base", "fp8"))
    covariance = np.cov(a, b)
    var_a, var_b, of_both = covariance[0, 0], covariance[1, 1], covariance[0, 1]
    found = cost(fp8)
    assert found.fewer_draws.item() == pytest.approx((var_a + var_b) / (var_a + var_b - 2 * of_both), rel=1e-9)
    assert found.mcse_mean.item() ** 2 * a.size == pytest.approx(var_a + var_b - 2 * of_both, rel=1e-9)
    assert found.mcse_unpaired.item() ** 2 * a.size == pytest.approx(var_a + var_b, rel=1e-9)
    assert found.correlation.item() == pytest.approx(np.corrcoef(a, b)[0, 1], rel=1e-9)


def test_errors_are_what_other_seeds_differ_by():
    rng = np.random.default_rng(5)
    found = []
    for _ in range(100):
        x, y = rng.normal(size=(2, 1000))
        found.append(cost(pairs(x, 0.3 + 0.8 * x + 0.6 * y), quantiles=[0.5]))
    for value, error, truth in (
        ("mean", "mcse_mean", 0.3),
        ("correlation", "mcse_correlation", 0.8),
        ("fewer_draws", "mcse_fewer_draws", 2 / 0.4),
    ):
        values, errors = (np.array([f[name].item() for f in found]) for name in (value, error))
        assert errors.mean() == pytest.approx(values.std(ddof=1), rel=5 / math.sqrt(2 * 100))
        assert_within_mcse(values.mean(), truth, errors.mean() / math.sqrt(100))


def test_ties_are_told_apart():
    a = np.arange(200.0)
    found = cost(pairs(a, a - (np.arange(200) % 4 == 0) + (np.arange(200) % 4 == 1)))
    assert (found.probability_lower.item(), found.probability_equal.item()) == (0.25, 0.5)


def test_stopped_runs_are_left_out_and_told():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 500))
    completed = np.ones((2, 500))
    completed[0, :50], completed[1, 40:80] = 0.0, 0.0
    found = differences(pairs(a, b, completed=completed)).isel(scenario=0)
    row = found.sel(output="cost_total")
    assert int(found.pairs) == 420
    assert row["mean"].item() == pytest.approx((b - a)[80:].mean())
    assert "over the 420 of 500 draws" in row.note.item()
    with pytest.raises(InputError, match="no draw of 500 was completed both in a and in b"):
        differences(pairs(a, b, completed=np.zeros((2, 500))))


def test_sobol_draws_keep_their_replicate_where_some_are_left_out():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 400))
    completed = np.ones((2, 400))
    completed[0, [0, 1, 2, 7]] = 0.0
    found = cost(pairs(a, b, plan="sobol", replicates=4, completed=completed))
    kept = completed[0] == 1.0
    means = [(b - a)[kept & (np.arange(400) % 4 == r)].mean() for r in range(4)]
    assert found.mcse_mean.item() == pytest.approx(np.std(means, ddof=1) / 2)
    single = cost(pairs(a, b, plan="sobol", replicates=1))
    assert math.isnan(single.mcse_mean.item())
    assert "one Sobol' scrambling" in single.note.item()


def test_nan_and_infinite_draws_never_become_numbers():
    a = np.random.default_rng(2).normal(size=300)
    for bad in (math.nan, math.inf):
        b = a.copy()
        b[7] = bad
        found = cost(pairs(a, b))
        assert math.isnan(found["mean"].item())
        assert found.note.item()
        assert math.isnan(found.fewer_draws.item())
        assert math.isnan(found.correlation.item())
        assert math.isnan(found.probability_lower.item()) == math.isnan(bad)
        assert math.isnan(abatement(pairs(a, b), "b").mean.value)
    json.dumps(differences_json(differences(pairs(a, b)).isel(scenario=0)), allow_nan=False)


def test_a_handful_of_draws_has_no_mean():
    a = np.random.default_rng(3).normal(size=20)
    found = cost(pairs(a, a + 1.0))
    assert math.isnan(found["mean"].item())
    assert "too few" in found.note.item()


def test_exact_intervals_of_percentiles_hold_next_to_an_atom():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):  # 79 % of the draws do not differ, and P80 of the others' N(30, 1) lies at their start
        a = rng.normal(size=500)
        d = np.where(rng.random(500) < 0.79, 0.0, rng.normal(30.0, 1.0, size=500))
        low, high = differences_json(differences(pairs(a, a + d), quantiles=[0.8]).isel(scenario=0))["cost_total"]["ci"]["0.8"]
        covered += low <= 30.0 + norm.ppf(0.01 / 0.21) <= high
    assert binomtest(covered, 400, 0.95, alternative="less").pvalue > 1e-6


def test_no_gain_from_pairing_is_told_of_variances_that_may_not_exist():
    a, b = np.random.default_rng(4).standard_t(2.0, size=(2, 5000))
    found = cost(pairs(a, b))
    assert math.isnan(found["sd"].item())
    assert math.isnan(found.fewer_draws.item())
    assert math.isnan(found.correlation.item())
    assert math.isfinite(found.probability_lower.item())


def test_streams_are_those_that_the_results_depend_on():
    owned = resolve(load_scenario(ROOT / "configs" / "quickstart-de.yaml"))
    assert "accelerator_prices" not in pair(owned, owned).shared  # at a price that does not jump
    jumping = resolve(scenario("compute.price_jump_rate=1 to 3"))
    assert "accelerator_prices" in pair(jumping, jumping).shared


def test_only_comparisons_are_compared():
    with pytest.raises(InputError, match="draws of one scenario"):
        differences(simulate(scenario(), SamplingPlan(draws=200)))
    with pytest.raises(InputError, match="bands"):
        differences(summarize(simulate(scenario(), SamplingPlan(draws=200))))
    with pytest.raises(InputError, match="1 scenario cannot be compared"):
        compare({"a": scenario()}, PLAN)
    with pytest.raises(InputError, match="is not a scenario of this comparison, which holds a, b"):
        differences(pairs(np.arange(200.0), np.arange(200.0)), base="c")


# cost of abatement


def of_emissions(extra, avoided, **attrs):
    outputs = {"cost_total": np.stack([0 * extra, extra]), "emissions_total": np.stack([0 * avoided, -1000.0 * avoided])}
    variables = {name: (("scenario", "draw"), values, {"role": "output", "units": "USD"}) for name, values in outputs.items()}
    return xr.Dataset(variables, {"scenario": ["a", "b"]}, {"plan": "random", **attrs})


def test_fieller_covers_the_ratio_of_means():
    rng = np.random.default_rng(4)
    found = [abatement(of_emissions(*(rng.normal(size=(2, 200)) + np.array([[3.0], [0.5]]))), "b") for _ in range(600)]
    # where no ratio is given, the interval does not end, and lacks the truth only if the mean is far off
    covered = np.mean([math.isnan(f.mean.value) or f.interval[0] <= 6.0 <= f.interval[1] for f in found])
    assert_within_mcse(covered, 0.95, math.sqrt(0.95 * 0.05 / 600))


def test_a_ratio_needs_a_denominator_that_stands_apart_from_nought():
    rng = np.random.default_rng(6)
    extra = rng.normal(size=400)
    noise = rng.normal(size=400)
    for avoided, told in (
        (0 * extra, "the same in every draw"),
        (noise - noise.mean() + 0.05, "do not stand apart from their Monte Carlo error"),
        (noise - 5.0, "t more in the mean: it avoids nothing"),
    ):
        found = abatement(of_emissions(extra, avoided), "b")
        assert math.isnan(found.mean.value)
        assert not found.quantiles
        assert told in found.note
    mixed = abatement(of_emissions(extra, noise + 1.0), "b")
    assert math.isfinite(mixed.mean.value)
    assert not mixed.quantiles
    assert "of the draws only" in mixed.note


def test_abatement_of_one_scrambling_is_refused():
    rng = np.random.default_rng(6)
    found = abatement(of_emissions(*(rng.normal(size=(2, 400)) + 9.0), plan="sobol", replicates=1), "b")
    assert math.isnan(found.mean.value)
    assert "scrambling" in found.note


# the command


def run(*words):
    return _run(["compare", *words], debug=False)


def test_the_command_tells_a_config_from_itself(capsys):
    assert run(QUICKSTART, QUICKSTART, "--draws", "2000", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["base"], data["scenario"]) == ("quickstart", "quickstart (2)")
    for row in data["differences"].values():
        assert (row["mean"], row["mcse"], row["probability_lower"], row["probability_equal"]) == (0.0, 0.0, 0.0, 1.0)
        assert set(row["quantiles"].values()) == {0.0}
        assert {"unit", "mcse_unpaired"} <= set(row)
    assert data["abatement"]["ratio_of_means"] is None
    assert data["pairing"]["changed"] == {}


def test_the_command_changes_all_but_the_first(capsys):
    assert run(QUICKSTART, "--set", DEARER, "--draws", "2000", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    row = data["differences"]["cost_total"]
    assert row["mcse_unpaired"] > 50 * row["mcse"] > 0.0
    assert list(data["pairing"]["changed"]) == ["rental_price"]
    assert run(QUICKSTART, QUICKSTART, QUICKSTART, "--lever", "region=CA-QC", "--draws", "2000", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert [part["scenario"] for part in data["comparisons"]] == ["quickstart with region=CA-QC", "quickstart with region=CA-QC (2)"]
    assert data["comparisons"][0]["pairing"]["base_only"] == ["carbon_intensity", "wue_off"]
    assert data["comparisons"][0]["abatement"]["ratio_of_means"] == 0.0


def test_the_table_fits_a_terminal(capsys):
    assert run(QUICKSTART, "--lever", "fp8", "--draws", "2000") == 0
    out = capsys.readouterr().out
    table = out.partition("Chance")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in table
    assert "times fewer draws than independent ones" in out
    assert "it saves both" in out


def test_paired_draws_are_saved(tmp_path, capsys):
    target = str(tmp_path / "both.nc")
    assert run(QUICKSTART, "--lever", "fp8", "--draws", "500", "-o", target) == 0
    saved = open_results(target)
    again = compare({"quickstart": scenario(), "quickstart with fp8": scenario(levers=["fp8"])}, SamplingPlan(draws=500))
    assert saved.scenario.values.tolist() == again.scenario.values.tolist()
    xr.testing.assert_equal(differences(saved), differences(again))
    capsys.readouterr()
    assert _run(["summarize", target], debug=False) == 0
    assert "2 scenarios on the same 500 random draws each, seed 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([QUICKSTART], "alone is nothing to compare"),
        ([QUICKSTART, "run.nc"], "run.nc is a result"),
        ([QUICKSTART, "nowhere.yaml"], "nowhere.yaml"),
        ([QUICKSTART, "--lever", "fp9"], "fp9"),
        ([QUICKSTART, "--lever", "fp8", "-o", "both.txt"], "both.txt"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, told, capsys):
    assert run(*words, "--draws", "200") == 2
    assert told in capsys.readouterr().err


def test_what_differs_is_told(capsys):
    changed = ["--set", "limits.budget=400k USD", "--set", "reliability.method=expected_value", "--draws", "300", "--json"]
    assert run(QUICKSTART, *changed) == 0
    data = json.loads(capsys.readouterr().out)["pairing"]
    assert any(note.startswith("Limits differ: none in the base, budget 400000 USD in the other") for note in data["notes"])
    assert "Choice method: event_driven in the base, expected_value in the other." in data["notes"]
    assert data["base_only"] == ["interruptions"]
