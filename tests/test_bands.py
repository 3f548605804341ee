import json
import math

import numpy as np
import pytest
import xarray as xr
from statistics_helpers import assert_within_mcse

from simulator.analysis.bands import QUANTILES, bands_json, summarize
from simulator.analysis.order_statistics import draws_needed, interval_ranks
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.errors import InputError

USD = {"role": "output", "units": "USD", "long_name": "cost"}


def results(plan="random", replicates=1, **outputs):
    attrs = {"scenario": "demo", "draws": 0, "seed": 0, "plan": plan, "replicates": replicates, "version": "0.1.0"}
    return xr.Dataset({name: ("draw", values, USD) for name, values in outputs.items()}, attrs=attrs)


@pytest.fixture
def lognormal():
    return np.random.default_rng(1).lognormal(3, 0.5, 10_007)


def test_random_draws_by_another_road(lognormal):
    summary = summarize(results(cost_total=lognormal)).sel(output="cost_total")
    assert summary.value.values.tolist() == np.quantile(lognormal, QUANTILES).tolist()
    ordered = sorted(lognormal)
    for p in QUANTILES:
        at = summary.sel(quantile=p)
        ranks, one_sd = interval_ranks(10_007, p), interval_ranks(10_007, p, confidence=0.6827)
        assert at.ci.values.tolist() == [ordered[ranks.lower - 1], ordered[ranks.upper - 1]]
        assert at.ci_level == ranks.level
        # one_sd.level is close to 0.6827, where 2·z is close to 2
        assert at.mcse == pytest.approx((ordered[one_sd.upper - 1] - ordered[one_sd.lower - 1]) / 2, rel=0.03)
    assert summary.draws_needed.values.tolist() == [0] * 8
    assert summary["mean"] == pytest.approx(lognormal.mean())
    assert summary.sd == pytest.approx(lognormal.std(ddof=1))
    assert summary.mcse_mean == pytest.approx(lognormal.std(ddof=1) / math.sqrt(10_007))
    assert summary.note == ""


def test_coverage_is_the_achieved_level_and_the_standard_error_is_one():
    repetitions, draws = 1500, 1000
    exponential = np.random.default_rng(8).exponential(size=(draws, repetitions))
    many = xr.Dataset({"x": (("draw", "cost_component"), exponential, USD)}, attrs={"plan": "random"})
    summary = summarize(many, quantiles=[0.05, 0.5, 0.9])
    truth = -np.log1p(-summary["quantile"])
    covers = ((summary.ci.sel(ci_bound="lower") <= truth) & (truth <= summary.ci.sel(ci_bound="upper"))).mean("output")
    level = summary.ci_level.isel(output=0)
    assert_within_mcse(covers, level, np.sqrt(level * (1 - level) / repetitions))
    # ratio of mean reported variance to the variance seen; the latter errs by sqrt(2/repetitions) = 3.7 %, and the
    # discreteness of ranks adds 1 or 2 %
    for mcse, estimate in ((summary.mcse, summary.value), (summary.mcse_mean, summary["mean"])):
        ratio = (mcse**2).mean("output") / estimate.var("output", ddof=1)
        assert_within_mcse(ratio, 1, np.sqrt(2 / repetitions))
    assert_within_mcse(summary["mean"].mean(), 1, 1 / np.sqrt(draws * repetitions))


def test_too_few_draws_are_refused_with_the_number_that_would_do():
    summary = summarize(results(x=np.arange(58.0)), quantiles=[0.5, 0.95]).sel(output="x")
    assert summary.draws_needed.values.tolist() == [0, draws_needed(0.95)]
    refused = summary.sel(quantile=0.95)
    assert np.isnan([refused.mcse, refused.ci_level, *refused.ci]).all()
    assert refused.value == pytest.approx(np.quantile(np.arange(58.0), 0.95))
    assert "percentile 0.95" in summary.note.item()
    assert summarize(results(x=np.arange(59.0)), quantiles=[0.95]).draws_needed == 0


def test_names_order_units_and_attributes():
    draws = np.random.default_rng(0).random((100, 2))
    attrs = {"role": "output", "units": "kg", "long_name": "emissions"}
    dataset = xr.Dataset(
        {
            "mfu": ("draw", draws[:, 0], {"role": "input", "units": "1"}),
            "cost": (("cost_component", "draw"), draws.T, USD),
            "cost_total": ("draw", draws.sum(axis=1), USD),
            "emissions_total": ("draw", draws[:, 1], attrs),
            "emissions": (("draw", "emission_component"), draws, attrs),
        },
        coords={"cost_component": ["electricity", "people"], "emission_component": ["dynamic", "embodied"]},
        attrs={"plan": "random", "seed": 3},
    )
    summary = summarize(dataset, confidence=0.9)
    names = ["cost_total", "emissions_total", "cost[electricity]", "cost[people]", "emissions[dynamic]", "emissions[embodied]"]
    assert summary.output.values.tolist() == names
    assert summary.unit.values.tolist() == ["USD", "kg", "USD", "USD", "kg", "kg"]
    assert summary.attrs == {"plan": "random", "seed": 3, "draws": 100, "confidence": 0.9, "stopped": 0.0}
    assert summary.value.dims == ("output", "quantile")
    assert summary.ci.dims == ("output", "quantile", "ci_bound")
    for mine, column in (("cost[people]", 1), ("emissions[dynamic]", 0)):
        assert summary.value.sel(output=mine, quantile=0.5) == np.median(draws[:, column])
    assert all(variable.attrs["long_name"] for variable in summary.data_vars.values())


def test_doubling_the_price_doubles_every_line(lognormal):
    once, twice = summarize(results(x=lognormal)), summarize(results(x=2 * lognormal))
    for name in ("value", "mcse", "ci", "mean", "sd", "mcse_mean"):
        np.testing.assert_array_equal(twice[name], 2 * once[name])
    np.testing.assert_array_equal(twice.ci_level, once.ci_level)


def test_one_nan_draw_makes_every_statistic_nan(lognormal):
    lognormal[17] = np.nan
    summary = summarize(results(x=lognormal, y=np.ones(10_007))).sel(output="x")
    for name in ("value", "mcse", "ci", "ci_level", "mean", "sd", "mcse_mean", "tail_index"):
        assert np.isnan(summary[name]).all(), name
    assert "1 of 10007 draws are NaN" in summary.note.item()
    assert set(bands_json(summarize(results(x=lognormal)))["bands"]["x"]["quantiles"].values()) == {None}


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_infinite_draws_have_percentiles(plan):
    draws = np.random.default_rng(0).permutation(np.append(np.arange(1000.0), [np.inf] * 1000))
    summary = summarize(results(plan, 4, x=draws), quantiles=[0.25, 0.5, 0.75])
    assert summary.value.values.tolist() == [[499.75, np.inf, np.inf]]  # the median lies between 999 and infinity
    assert np.isfinite(summary.ci.sel(quantile=0.25)).all()
    band = bands_json(summary)["bands"]["x"]
    assert band["quantiles"] == {"0.25": 499.75, "0.5": None, "0.75": None}
    assert band["ci"]["0.75"] is None
    assert band["mean"] is None
    assert "1000 of 2000 draws are infinite" in band["note"]
    assert "infinite, hence null: percentile or interval of 0.5, 0.75" in band["note"]


@pytest.mark.parametrize(("draws", "median"), [([-np.inf, -np.inf], -np.inf), ([-np.inf, 1.0], -np.inf), ([1.0, np.inf], np.inf)])
def test_infinite_neighbours_do_not_become_nan(draws, median):
    assert summarize(results(x=draws), quantiles=[0.5]).value == median


def test_sobol_error_is_the_spread_of_replicates(lognormal):
    draws = lognormal[:10_000]
    summary = summarize(results("sobol", 4, x=draws), quantiles=[0.1, 0.5])
    replicates = [draws[[i for i in range(10_000) if i % 4 == r]] for r in range(4)]
    for p in (0.1, 0.5):
        at = summary.sel(quantile=p, output="x")
        value = at.value.item()
        error = np.std([np.quantile(part, p) for part in replicates], ddof=1) / 2
        assert value == np.quantile(draws, p)
        assert at.mcse == pytest.approx(error)
        # Student's t with 3 degrees of freedom, 97.5 %: 3.182446 in any table
        assert at.ci.values == pytest.approx([value - 3.182446305 * error, value + 3.182446305 * error])
        assert at.ci_level == 0.95
    assert summary.mcse_mean.item() == pytest.approx(np.std([part.mean() for part in replicates], ddof=1) / 2)
    assert summary.sd.item() == pytest.approx(draws.std(ddof=1))


def test_one_scrambling_has_no_error(lognormal):
    summary = summarize(results("sobol", 1, x=lognormal)).sel(output="x")
    for name in ("mcse", "ci", "ci_level", "mcse_mean"):
        assert np.isnan(summary[name]).all(), name
    assert np.isfinite(summary["mean"])
    assert (summary.draws_needed == 0).all()
    assert summary.note == ONE_SCRAMBLING


@pytest.mark.parametrize(("draws", "refused"), [(199, {0.1: 200, 0.9: 200, 0.95: 400}), (200, {0.95: 400}), (399, {0.95: 400}), (400, {})])
def test_each_replicate_needs_five_draws_beyond_the_percentile(draws, refused):
    summary = summarize(results("sobol", 4, x=np.random.default_rng(0).random(draws)), quantiles=[0.1, 0.5, 0.9, 0.95])
    needed = dict(zip(summary["quantile"].values.tolist(), summary.draws_needed.values[0].tolist(), strict=True))
    assert {p: n for p, n in needed.items() if n} == refused
    assert (np.isnan(summary.mcse) == (summary.draws_needed > 0)).all()


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_no_mean_is_printed_that_does_not_exist(plan):
    rng = np.random.default_rng(0)
    both = results(plan, 8, cauchy=1 / rng.random(20_000), student=rng.standard_t(2, 20_000))
    bands = bands_json(summarize(both))["bands"]
    assert bands["cauchy"]["mean"] is bands["cauchy"]["sd"] is bands["cauchy"]["mcse"]["mean"] is None
    assert "the mean may not exist" in bands["cauchy"]["note"]
    assert bands["student"]["mean"] is not None
    assert bands["student"]["sd"] is bands["student"]["mcse"]["mean"] is None
    assert "the variance may not exist" in bands["student"]["note"]
    assert None not in bands["cauchy"]["ci"].values()


@pytest.mark.parametrize("plan", ["random", "sobol"])
def test_a_constant_has_neither_spread_nor_error(plan):
    summary = summarize(results(plan, 4, x=np.full(1000, 0.1))).sel(output="x")
    assert (summary.value == 0.1).all()
    assert (summary.ci == 0.1).all()
    assert (summary.mcse == 0).all()
    assert (summary["mean"], summary.sd, summary.mcse_mean, summary.note) == (0.1, 0.0, 0.0, "")


def test_json_is_plain_and_complete():
    document = bands_json(summarize(results(x=np.arange(120.0))))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == ["scenario", "draws", "seed", "plan", "version", "confidence", "stopped", "bands"]
    assert [document[key] for key in list(document)[:6]] == ["demo", 120, 0, "random", "0.1.0", 0.95]
    band = document["bands"]["x"]
    assert list(band) == ["unit", "mean", "sd", "quantiles", "mcse", "ci", "ci_level", "refused", "note"]
    keys = ["0.05", "0.1", "0.25", "0.5", "0.75", "0.8", "0.9", "0.95"]
    assert list(band["quantiles"]) == list(band["ci"]) == list(band["ci_level"]) == keys
    assert list(band["mcse"]) == ["mean", *keys]
    assert (band["unit"], band["mean"], band["quantiles"]["0.5"], band["refused"], band["note"]) == ("USD", 59.5, 59.5, {}, "")
    few = bands_json(summarize(results(x=np.arange(58.0))))["bands"]["x"]
    assert few["refused"] == {"0.05": 59, "0.95": 59}
    assert few["ci"]["0.95"] is few["mcse"]["0.95"] is few["ci_level"]["0.95"] is None


def test_a_summary_survives_a_file(tmp_path, lognormal):
    summary = summarize(results(x=lognormal, y=1 / lognormal))
    summary.to_netcdf(tmp_path / "summary.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "summary.nc", engine="h5netcdf") as read:
        assert bands_json(read) == bands_json(summary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.assign_attrs(plan="lhs"), "plan = 'lhs' has no known Monte Carlo error"),
        (lambda ds: ds.assign_attrs(plan="sobol", replicates=101), "between 1 and the 100 draws"),
        (lambda ds: ds.drop_vars("x"), 'no variable of role "output"'),
        (lambda ds: ds.assign(y=ds.x.expand_dims("time").expand_dims("place")), "summarize reads"),
        (lambda ds: ds.assign(y=ds.x.isel(draw=0)), "summarize reads"),
    ],
)
def test_foreign_results_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        summarize(change(results(x=np.arange(100.0))))


def test_levels_and_attributes_are_checked():
    ds = results("sobol", 4, x=np.arange(100.0))
    with pytest.raises(InputError, match="quantile = 95"):
        summarize(ds, quantiles=[95])
    with pytest.raises(InputError, match="no quantile is stated; state one at least"):
        summarize(ds, quantiles=[])
    with pytest.raises(InputError, match="confidence = 1"):
        summarize(ds, confidence=1)
    del ds.attrs["seed"]
    with pytest.raises(InputError, match="lacks the attributes seed"):
        bands_json(summarize(ds))


# What compares a draw with itself without pauses is of draws that were completed both ways


def paired(plan, replicates, draws, stopped):
    saving = np.random.default_rng(3).normal(5.0, 2.0, draws)
    pair = np.ones(draws)
    pair[:stopped] = 0.0
    ds = results(plan, replicates, paused_saving_cost=np.where(pair == 0, np.nan, saving), paused_pair=pair, cost_total=saving)
    return ds, saving[stopped:]


@pytest.mark.parametrize(("plan", "replicates"), [("random", 1), ("sobol", 4)])
def test_savings_are_those_of_whole_pairs(plan, replicates):
    ds, kept = paired(plan, replicates, 1000, 400)
    row = summarize(ds, quantiles=[0.2, 0.5]).sel(output="paused_saving_cost")
    np.testing.assert_array_equal(row.value, np.quantile(kept, [0.2, 0.5]))
    assert row["mean"].item() == pytest.approx(kept.mean(), rel=1e-12)
    assert row.note.item().startswith("over the 600 of 1000 draws that were completed with and without pauses")
    if plan == "sobol":
        error = np.std([np.quantile(kept[r::4], 0.5) for r in range(4)], ddof=1) / 2
        assert row.mcse.sel(quantile=0.5).item() == pytest.approx(error)
    else:
        alone = summarize(results(plan, replicates, x=kept), quantiles=[0.2, 0.5]).sel(output="x")
        np.testing.assert_array_equal(row.mcse, alone.mcse)
        np.testing.assert_array_equal(row.ci, alone.ci)
    assert summarize(ds).sel(output="cost_total").note.item() == ""


@pytest.mark.parametrize(("plan", "replicates"), [("random", 1), ("sobol", 4)])
@pytest.mark.parametrize("stopped", [999, 1000])
def test_few_pairs_or_none_make_no_error(plan, replicates, stopped):
    ds, kept = paired(plan, replicates, 1000, stopped)
    row = summarize(ds, quantiles=[0.5]).sel(output="paused_saving_cost")
    assert np.array_equal(row.value, kept, equal_nan=True) if kept.size else np.isnan(row.value).all()
    assert np.isnan(row.mcse).all()
    assert f"over the {1000 - stopped} of 1000 draws" in row.note.item()


def test_a_pair_that_is_not_known_stays_so():
    ds, _ = paired("random", 1, 1000, 400)
    ds.paused_pair[500] = ds.paused_saving_cost[500] = np.nan
    assert np.isnan(summarize(ds, quantiles=[0.5]).sel(output="paused_saving_cost").value).all()
