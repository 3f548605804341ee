"""Draws that are counted: are bands the same as those of kept draws, whatever the chunks and threads, in bounded memory?"""

import json
import math

import numpy as np
import pytest
from test_cli import run
from test_kernel_contract import contract

from simulator import SamplingPlan, load_scenario, simulate, simulate_bands, summarize
from simulator.analysis import counted
from simulator.analysis.chances import limits_exceeded
from simulator.analysis.sketches import Sketch
from simulator.kernels.tally import BIN_WIDTH, LEAF, bin_ends, bin_of

QUICKSTART = "configs/quickstart.yaml"
EXPECTED = ["reliability.method=expected_value"]


@pytest.fixture
def columns():
    rng = np.random.default_rng(5)
    n = 5 * LEAF + 1234
    values = np.stack(
        [
            rng.lognormal(3, 0.5, n),
            rng.normal(0, 5, n),
            np.full(n, 7.25),
            np.where(rng.random(n) < 0.3, 0.0, rng.exponential(2, n)),
            rng.poisson(900, n).astype(float),
            rng.standard_cauchy(n),
        ]
    )
    values[3, 77] = np.nan
    return values


def sketched(values, replicates, sizes):
    sketch, low = Sketch(len(values), replicates), 0
    for size in sizes:
        sketch.add(np.ascontiguousarray(values[:, low : low + size]))
        low += size
    assert sketch.draws == values.shape[1]
    return sketch


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-10, 1.0, -1.0, 3.7e5, -2.2e-9, 1e35, 1e300, math.inf, -math.inf])
def test_a_value_lies_in_its_bin(x):
    k = bin_of(x)
    (lower,), (upper,) = bin_ends(np.array([k]))
    if 2.0**-30 < abs(x) < 2.0**120:
        assert lower <= x <= upper
        assert upper - lower <= BIN_WIDTH * min(abs(lower), abs(upper))
    assert bin_of(-x) == -k
    assert (k == 0) == (abs(x) < 2.0**-30)


def test_bins_join():
    lower, upper = bin_ends(np.arange(-3000, 3001))
    np.testing.assert_array_equal(lower[1:][np.arange(-2999, 3001) > 1], upper[:-1][np.arange(-2999, 3001) > 1])
    assert np.all(lower <= upper)


@pytest.mark.parametrize("replicates", [1, 3, 16])
def test_counted_draws_are_the_draws_to_a_bin(columns, replicates):
    sketch = sketched(columns, replicates, [LEAF, 2 * LEAF, 2 * LEAF + 1234])
    for k, values in enumerate(columns):
        known = np.sort(values[~np.isnan(values)])
        ordered = sketch.ordered(k)
        assert len(ordered) == known.size
        assert sketch.missing(k) == np.isnan(values).sum()
        np.testing.assert_allclose(ordered[:], known, rtol=BIN_WIDTH, atol=2.0**-30)
        assert (ordered[0], ordered[-1]) == (known[0], known[-1])
        mean, sd = sketch.moments(k)
        assert mean == pytest.approx(known.mean(), rel=1e-12, abs=1e-13)
        assert sd == pytest.approx(known.std(ddof=1), rel=1e-12)
        for r, (part, mean) in enumerate(sketch.by_replicate(k)) if replicates > 1 else ():
            own = values[r::replicates]
            own = np.sort(own[~np.isnan(own)])
            np.testing.assert_allclose(part[:], own, rtol=BIN_WIDTH, atol=2.0**-30)
            assert mean == pytest.approx(own.mean(), rel=1e-12, abs=1e-13)
    np.testing.assert_array_equal(sketch.ordered(4)[:], np.sort(columns[4]))  # whole numbers below 1024 are bins of their own
    assert set(sketch.ordered(2)[:]) == {7.25}


def test_chunks_change_nothing(columns):
    one, many = (sketched(columns, 16, sizes) for sizes in ([columns.shape[1]], [LEAF] * 5 + [1234]))
    for k in range(len(columns)):
        np.testing.assert_array_equal(one.ordered(k)[:], many.ordered(k)[:])
        assert one.moments(k) == many.moments(k)
        assert [mean for _, mean in one.by_replicate(k)] == [mean for _, mean in many.by_replicate(k)]


def test_leaves_are_whole():
    sketch = Sketch(1, 1)
    sketch.add(np.ones((1, 10)))
    with pytest.raises(ValueError, match="10 draws do not fill whole leaves"):
        sketch.add(np.ones((1, 10)))


def assert_same_bands(bands, kept, *, error=BIN_WIDTH):
    assert bands.output.values.tolist() == kept.output.values.tolist()
    for name in ("value", "ci"):
        # the error of an end of a bin, of magnitudes above what counts as nought
        np.testing.assert_allclose(bands[name], kept[name], rtol=error, atol=2.0**-29)
    for name in ("mean", "sd"):
        a, b = bands[name].values, kept[name].values
        both = np.isfinite(a) & np.isfinite(b)
        np.testing.assert_allclose(a[both], b[both], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(bands.ci_level, kept.ci_level)
    np.testing.assert_array_equal(bands.draws_needed, kept.draws_needed)
    np.testing.assert_array_equal(bands.unit, kept.unit)


@pytest.mark.parametrize(
    "plan", [SamplingPlan(draws=3 * LEAF + 500, seed=3), SamplingPlan(draws=2**15, plan="sobol")], ids=["random", "sobol"]
)
@pytest.mark.parametrize("config", ["quickstart", "full-anatomy"])
def test_bands_are_those_of_kept_draws(config, plan, monkeypatch):
    monkeypatch.setattr(counted, "_CHUNK", 1)  # one leaf at a time
    scenario = load_scenario(f"configs/{config}.yaml", overrides=EXPECTED)
    results = simulate(scenario, plan)
    bands, kept = simulate_bands(scenario, plan), summarize(results)
    assert_same_bands(bands, kept)
    # errors are differences of percentiles a bin or a few apart
    size = np.abs(kept.value.values)
    known = np.isfinite(size) & np.isfinite(kept.mcse.values)
    assert np.all((np.abs(bands.mcse.values - kept.mcse.values) <= 0.1 * kept.mcse.values + 2 * BIN_WIDTH * size + 2.0**-29)[known])
    np.testing.assert_allclose(bands.mcse_mean, kept.mcse_mean, rtol=1e-6, atol=1e-12)
    told, exact = limits_exceeded(bands), limits_exceeded(results)
    assert told.keys() == exact.keys()
    for name, (limit, chance) in exact.items():
        assert told[name][0] == limit
        assert told[name][1].value == chance.value
        assert told[name][1].mcse == pytest.approx(chance.mcse, rel=1e-12)
    different = {"correlations", "grid", "confidence", "stopped", "value_error"}
    assert {k: v for k, v in bands.attrs.items() if k not in different} == {k: v for k, v in kept.attrs.items() if k not in different}


@pytest.mark.parametrize("way", ["event_driven", "everything"])
def test_histories_are_counted_too(way):
    scenario, plan = contract(way), SamplingPlan(draws=3000)
    bands, kept = simulate_bands(scenario, plan), summarize(simulate(scenario, plan))
    assert_same_bands(bands, kept)
    assert bands.attrs["stopped"] == kept.attrs["stopped"]
    np.testing.assert_array_equal(bands.note.str.startswith("over"), kept.note.str.startswith("over"))


def test_threads_and_chunks_change_no_bit(monkeypatch):
    scenario = load_scenario(QUICKSTART, overrides=EXPECTED)
    one = simulate_bands(scenario, SamplingPlan(draws=50_000, threads=1))
    monkeypatch.setattr(counted, "_CHUNK", 1)
    assert simulate_bands(scenario, SamplingPlan(draws=50_000, block_size=512)).identical(one)


def test_on_the_command_line(tmp_path, capsys):
    target = tmp_path / "bands.nc"
    thresholds = ["--fail-above", "cost_total p81 > 1M", "--fail-above", "energy mean > 1 kWh"]
    code = run("run", QUICKSTART, "--set", EXPECTED[0], "--summary", "--draws", "20000", "--json", "-o", str(target), *thresholds)
    printed = capsys.readouterr()
    assert code == 3
    assert "threshold exceeded: energy mean > 1 kWh" in printed.err
    assert "not exceeded: cost_total p81 > 1M" in printed.err
    data = json.loads(printed.out)
    kept = summarize(simulate(load_scenario(QUICKSTART, overrides=EXPECTED), SamplingPlan(draws=20_000)))
    told = data["bands"]["cost_total"]["quantiles"]["0.8"]
    assert told == pytest.approx(float(kept.value.sel(output="cost_total", quantile=0.8)), rel=BIN_WIDTH)
    assert data["value_error"] == BIN_WIDTH
    assert target.stat().st_size < 1e6


def test_what_reads_draws_is_refused(capsys):
    assert run("run", QUICKSTART, "--summary", "--context") == 2
    assert "--context reads draws, and --summary keeps none" in capsys.readouterr().err
