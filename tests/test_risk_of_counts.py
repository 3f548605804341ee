"""Risk from draws that were counted: within the errors that are told of that of the draws, before and after a file."""

from __future__ import annotations

import json
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from counts_against_draws import assert_risk_is_that_of_the_draws
from test_cli import run

from simulator import SamplingPlan, load_scenario, open_results, save_results, simulate, simulate_bands, summarize
from simulator.analysis.bands import QUANTILES, bands_json
from simulator.analysis.counted import counted
from simulator.analysis.counted.counted_draws import counted_draws
from simulator.analysis.counted.sketch_rows import SketchRows
from simulator.analysis.counted.sketches import Sketch
from simulator.analysis.outcomes import output_sample
from simulator.analysis.risk.contingency import contingencies
from simulator.analysis.risk.joint import all_held
from simulator.analysis.risk.risk import budget_risk, risk_json
from simulator.analysis.risk.shortfall import expected_shortfall
from simulator.analysis.samples import ascending, sample_of
from simulator.errors import InputError
from simulator.kernels.tally import LEAF
from simulator.plots.exceeding import exceedance
from simulator.scenario import resolve

QUICKSTART = "configs/quickstart.yaml"
EXPECTED = "reliability.method=expected_value"
OWN = {"budget": 3e5, "deadline": 336.0, "carbon_cap": 4e4}
LIMITED = ["limits.budget=300k USD", "limits.deadline=14 days", "limits.carbon_cap=40 t"]
PLANS = {"random": SamplingPlan(draws=20_000, seed=3), "sobol": SamplingPlan(draws=2**14, plan="sobol")}


@pytest.fixture(scope="module")
def both():
    """Return bands and draws of the same plans, with stopped runs."""
    scenario = load_scenario(QUICKSTART, overrides=[*LIMITED, "max_wall_clock=14 days"])
    return {name: (simulate_bands(scenario, plan), simulate(scenario, plan)) for name, plan in PLANS.items()}


def hostile(replicates):
    """Return a sketch of what is nought, negative, infinite, whole, NaN, and of one value."""
    rng = np.random.default_rng(replicates)
    n = 2 * LEAF + 77
    values = rng.lognormal(0, 2, (7, n)) * np.array([[1.0], [-1.0], [1.0], [1.0], [1.0], [1.0], [1e-40]])
    values[2, rng.random(n) < 0.5] = 0.0
    values[3, :3] = math.inf, -math.inf, math.inf
    values[4] = np.round(1e5 * values[4])
    values[5, rng.random(n) < 0.1] = math.nan
    values[5, 1:] = values[5, 1:] if replicates == 1 else math.nan  # of which some replicates have no draw
    sketch = Sketch(len(values), replicates)
    sketch.add(values, 0)
    return sketch


@pytest.mark.parametrize("ending", ["nc", "zarr"])
@pytest.mark.parametrize("replicates", [1, 3])
def test_a_sketch_is_read_as_it_was_saved(replicates, ending, tmp_path):
    sketch = hostile(replicates)
    told = {"schema": 1, "draws": sketch.draws, "seed": 0, "plan": "sobol" if replicates > 1 else "random", "replicates": replicates}
    rows, target = SketchRows(sketch.columns(), told["plan"], replicates, sketch.draws), tmp_path / f"bands.{ending}"
    save_results(xr.Dataset(rows.variables(), attrs=told), target)
    again = open_results(target)
    read = SketchRows.of_bands(again)
    for k in range(7):
        one, other = rows.sample(k), read.sample(k)
        assert (one.missing, one.infinite, one.counted) == (other.missing, other.infinite, other.counted)
        np.testing.assert_equal(one.moments(), other.moments())
        np.testing.assert_array_equal(one.ordered[:], other.ordered[:])
        assert len(one.parts()) == len(other.parts())
        for (draws, mean), (draws_read, mean_read) in zip(one.parts(), other.parts(), strict=True):
            np.testing.assert_array_equal(draws[:], draws_read[:])
            np.testing.assert_equal(mean, mean_read)
    for variable in again.variables.values():
        assert "long_name" in variable.attrs
        assert "units" in variable.attrs or variable.dtype == float


@pytest.mark.parametrize("plan", PLANS)
def test_bands_are_read_again_from_their_counts_to_the_last_bit(plan, both, tmp_path):
    bands, results = both[plan]
    save_results(bands, tmp_path / "bands.nc")
    saved = open_results(tmp_path / "bands.nc")
    assert summarize(saved, quantiles=bands["quantile"].values).equals(bands[list(summarize(bands).data_vars)])
    others = [0.001, 0.33, 0.999]
    told, exact = summarize(saved, quantiles=others), summarize(results, quantiles=others)
    known = np.isfinite(exact.value.values)
    assert np.all((np.abs(told.value - exact.value).values <= told.bin_error.values + 1e-12 * np.abs(exact.value.values))[known])
    assert "bin_error" not in exact
    data = bands_json(told)["bands"]["cost_total"]
    assert data["bin_error"] == dict(zip(data["quantiles"], told.bin_error.sel(output="cost_total").values.tolist(), strict=True))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("limits", [OWN, {"budget": 3.3e5, "deadline": 320.0}, {"carbon_cap": 35_000.0}], ids=["own", "others", "one"])
def test_risk_of_bands_is_that_of_their_draws(plan, limits, both):
    told, exact = assert_risk_is_that_of_the_draws(*both[plan], limits)
    if limits != {"budget": 3.3e5, "deadline": 320.0}:
        assert told.probability_met.item() == pytest.approx(exact.probability_met.item(), abs=3e-4 if len(limits) == 1 else 1e-12)
        assert told.mcse_met.item() == pytest.approx(exact.mcse_met.item(), rel=0.05 if len(limits) == 1 else 1e-9)
    else:
        assert math.isnan(told.probability_met)
        assert "state them there (run --summary --set limits.budget=...)" in told.joint_note
    assert told.release.size == 0
    assert "are not known" in told.joint_note
    assert exact.joint_note == ""
    json.dumps(risk_json(told), allow_nan=False)


@pytest.mark.parametrize("config", ["full-anatomy", "full-anatomy-rented"])
def test_risk_of_the_whole_bill_is_that_of_its_draws(config):
    scenario = load_scenario(f"configs/{config}.yaml", overrides=[EXPECTED])
    plan = SamplingPlan(draws=12_000)
    bands = simulate_bands(scenario, plan)
    assert_risk_is_that_of_the_draws(bands, simulate(scenario, plan), {"budget": float(bands.value.sel(output="cost_total", quantile=0.8))})


def test_two_of_the_own_limits_hold_together_as_counted(both):
    for bands, results in both.values():
        for names in (("budget", "deadline"), ("deadline", "carbon_cap"), ("budget", "carbon_cap"), tuple(OWN)):
            limits = {name: OWN[name] for name in names}
            told, exact = all_held(bands, limits), all_held(results, limits)
            assert told.value == exact.value
            assert told.mcse == pytest.approx(exact.mcse)


def test_contingencies_of_bands_are_those_of_their_draws(both):
    for bands, results in both.values():
        told, exact = contingencies(bands), contingencies(results)
        for name in OWN:
            assert told[name].over[0.8].value == pytest.approx(exact[name].over[0.8].value, rel=1e-3)
            assert told[name].unit == exact[name].unit


def test_a_draw_that_is_not_known_leaves_nothing_to_believe(monkeypatch):
    scenario, play = load_scenario(QUICKSTART, overrides=[*LIMITED, EXPECTED]), counted.Draws.play
    results = simulate(scenario, SamplingPlan(draws=3000))
    results["cost_total"][7] = math.nan

    def with_a_nan(self, low, high, progress=None):
        inputs, outputs = play(self, low, high, progress)
        cost = outputs["cost_total"].copy()
        cost[7] = math.nan
        return inputs, outputs | {"cost_total": cost}

    monkeypatch.setattr(counted.Draws, "play", with_a_nan)
    bands = simulate_bands(scenario, SamplingPlan(draws=3000))
    told, _ = assert_risk_is_that_of_the_draws(bands, results, OWN)
    assert math.isnan(told.probability_met)
    assert math.isnan(told.probability_exceeded.sel(limit="budget"))
    assert str(told.note.sel(limit="budget").item()) == "1 of 3000 draws are NaN: nothing is known"


@pytest.mark.parametrize("law", ["lognormal", "normal", "half nought", "whole", "few values"])
def test_what_bins_tell_lies_within_what_they_leave_open(law):
    rng, n = np.random.default_rng(11), 3 * LEAF
    draws = {
        "lognormal": lambda: rng.lognormal(2, 1, n),
        "normal": lambda: rng.normal(0, 3, n),
        "half nought": lambda: np.where(rng.random(n) < 0.5, 0.0, rng.exponential(5, n)),
        "whole": lambda: rng.poisson(60_000, n).astype(float) - 59_000.0,
        "few values": lambda: rng.choice([-2.5, 0.0, 1.0, 7.0], n),
    }[law]()
    sketch = Sketch(1, 1)
    sketch.add(draws[None], 0)
    told, exact = SketchRows(sketch.columns(), "random", 1, n).sample(0).ordered, ascending(draws)
    values = np.concatenate([rng.choice(draws, 300), rng.uniform(draws.min() - 1, draws.max() + 1, 300), [-np.inf, np.inf, 0.0]])
    hits, errors = told.above(values)
    assert np.all(np.abs(hits - exact.above(values)[0]) <= errors)
    for count in (0, 1, 7, 1000, n - 1, n):
        one, other = told.largest(count), exact.largest(count)
        assert one.draws.sum() == count
        assert abs(np.sum(one.draws * one.values) - other.values.sum()) <= np.sum(one.draws * one.errors) + 1e-9
    assert expected_shortfall(told, 0.95) == pytest.approx(expected_shortfall(exact, 0.95), rel=1e-4)


@pytest.mark.parametrize("plan", PLANS)
def test_parts_that_are_counted_elsewhere_merge_to_the_same_bands(plan, both):
    bands, _ = both[plan]
    scenario = load_scenario(QUICKSTART, overrides=[*LIMITED, "max_wall_clock=14 days"])
    resolved, cuts = resolve(scenario), [0, LEAF, 3 * LEAF, PLANS[plan].draws]
    parts = [counted.count_draws(scenario, resolved, PLANS[plan], low, high)[0] for low, high in pairwise(cuts)]
    last, first, middle = (pickle.loads(pickle.dumps(parts[k])) for k in (2, 0, 1))
    last.merge(first)
    last.merge(middle)
    assert counted.bands_of(last, resolved, PLANS[plan], QUANTILES, 0.95).identical(bands)


def test_counts_of_a_billion_draws_are_never_expanded():
    numbers = np.arange(1_700_000, 1_700_040)
    draws = counted_draws(numbers, np.full(40, 2**30), (0.0, 1e9), (int(numbers[0]), int(numbers[-1])), whole=False)
    assert len(draws) == 40 * 2**30
    (above,), (error,) = draws.above(draws[[20 * 2**30]])
    assert above == pytest.approx(20 * 2**30, abs=2)
    assert 0 < error <= 2**30
    assert draws.largest(3 * 2**29).draws.tolist() == [2.0**29, 2.0**30]


def test_files_whose_counts_are_not_whole_are_refused(both, tmp_path, capsys):
    bands, _ = both["random"]
    fewer = bands.assign(bin_draws=bands.bin_draws - (np.arange(bands.sizes["bin"]) == 5))
    lacking = bands.drop_vars("row_mean")
    for broken, told in ((fewer, "tell of 20000 draws, and their bins do not hold as many"), (lacking, "lack row_mean of the counts")):
        save_results(broken, tmp_path / "broken.nc")
        assert run("risk", str(tmp_path / "broken.nc"), "--budget", "300k") == 2
        assert told in capsys.readouterr().err
    with pytest.raises(InputError, match="bands without counts"):
        budget_risk(summarize(bands), OWN)


def test_a_file_of_bands_tells_what_that_of_draws_does(both, tmp_path, capsys):
    texts = []
    for name, one in zip(("bands", "kept"), both["random"], strict=True):
        save_results(one, tmp_path / f"{name}.nc")
        assert run("risk", str(tmp_path / f"{name}.nc"), "--budget", "310k", "--deadline", "300 h") == 0
        texts.append(capsys.readouterr().out)
    of_bands, of_draws = ([line.split() for line in text.splitlines() if " ± " in line and " within" not in line] for text in texts)
    assert [line[:2] for line in of_bands[:8]] == [line[:2] for line in of_draws[:8]]
    assert "Budget and deadline and carbon cap hold together: -." in texts[0]
    assert "No draw was kept, so that the budgets and dates that hold together are not known, nor how likely" in texts[0]
    assert "Percentiles and means of the worst lie within 0.006 % of those of the draws themselves, chances within" in texts[0]
    assert "No draw was kept" not in texts[1]
    assert run("risk", str(tmp_path / "bands.nc"), "--json", "-o", str(tmp_path / "risk.nc")) == 0
    data = json.loads(capsys.readouterr().out)
    exact = risk_json(budget_risk(both["random"][1], OWN))
    for name in ("budget", "deadline", "carbon"):
        assert data[name]["probability_exceeded"] == exact[name]["probability_exceeded"]
        assert data[name]["bin_error"] == 0.0
        assert data[name]["value_at_risk_bin_error"].keys() == data[name]["value_at_risk"].keys()
        assert "bin_error" not in exact[name]
    assert data["joint"]["probability_met"] == exact["joint"]["probability_met"]
    assert run("plot", str(tmp_path / "bands.nc"), "exceedance", "-o", str(tmp_path / "bands.svg")) == 0
    assert run("plot", str(tmp_path / "risk.nc"), "exceedance", "-o", str(tmp_path / "risk.svg")) == 0
    assert run("stress", str(tmp_path / "bands.nc"), "--worst", "5%") == 2
    assert "holds no draws of a run" in capsys.readouterr().err


def test_curves_of_bands_are_drawn_as_those_of_their_draws(both):
    for bands, results in both.values():
        for output in ("programme_time", "energy"):
            told, exact = (exceedance(one, output=output) for one in (bands, results))
            line, other = (next(line for line in ax.lines if line.get_gid() == "curve").get_xydata() for ax in (told, exact))
            np.testing.assert_allclose(line[:, 0], other[:, 0], rtol=1e-4)
            np.testing.assert_allclose(line[:, 1], other[:, 1], atol=2e-3)
            assert [t.get_text() for t in told.get_legend().texts] == [t.get_text() for t in exact.get_legend().texts]
    with pytest.raises(InputError, match="cost is not an output of these results; did you mean"):
        output_sample(bands, "cost")


@pytest.mark.parametrize(
    ("stated", "told"), [("2027-01-01", '"limit": 336.0'), ("2027-01-01 to 2027-02-01", "start_time is uncertain")], ids=["date", "range"]
)
def test_a_date_counts_from_the_start_that_bands_know(stated, told, tmp_path, capsys):
    file = str(tmp_path / "bands.nc")
    assert run("run", "configs/quickstart-de.yaml", "--set", f"start_time={stated}", "--draws", "300", "--summary", "-o", file) == 0
    capsys.readouterr()
    run("risk", file, "--deadline", "2027-01-15", "--json")
    out, err = capsys.readouterr()
    assert told in out + err


def test_the_point_estimate_of_bands_is_that_of_their_draws(both, capsys, tmp_path):
    points = []
    for one in both["random"]:
        save_results(one, tmp_path / "one.nc")
        assert run("risk", str(tmp_path / "one.nc"), "--json") == 0
        points.append(json.loads(capsys.readouterr().out)["budget"]["point_estimate"])
    assert points[0] == points[1]


def test_samples_of_kept_draws_have_no_error_of_bins():
    sample = sample_of(xr.Dataset(attrs={"plan": "random"}), np.r_[np.arange(99.0), math.nan])
    assert (sample.missing, sample.draws, sample.counted) == (1, 100, False)
    assert math.isnan(sample.chance_above(3.0)[0].value)
    assert sample.moments().note == "no mean, sd or standard error: 1 of 100 draws are NaN"
