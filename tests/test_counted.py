"""Draws that are counted: are bands the same as those of kept draws, whatever the chunks and threads, in bounded memory?"""

import json
import math
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_cli import run
from test_kernel_contract import contract

from simulator import SamplingPlan, load_scenario, simulate, simulate_bands, summarize
from simulator.analysis.chances import limits_exceeded
from simulator.analysis.counted import counted
from simulator.analysis.counted.sketch_rows import SketchRows
from simulator.analysis.counted.sketches import Sketch
from simulator.analysis.counted.tallied import Tally
from simulator.analysis.notes import notes
from simulator.analysis.tails import moments_reported
from simulator.arguments import compile_arguments
from simulator.engine import Draws, run_kernel
from simulator.errors import InputError
from simulator.kernels.tally import BIN_WIDTH, COARSE, LEAF, SMALLEST, bin_ends, bin_of
from simulator.ledger import SAME, same_outputs
from simulator.scenario import resolve

ROOT = Path(__file__).parent.parent
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


def sample_in(sketch, output, replicates=1):
    return SketchRows(sketch.columns(), "sobol" if replicates > 1 else "random", replicates, sketch.draws).sample(output)


def sketched(values, replicates, sizes, paired=()):
    sketch, low = Sketch(len(values), replicates, paired), 0
    for size in sizes:
        sketch.add(np.ascontiguousarray(values[:, low : low + size]), low)
        low += size
    assert sketch.draws == values.shape[1]
    return sketch


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-31, 1e-10, 1.0, -1.0, 3.7e5, -2.2e-9, 1e35, 1e300, math.inf, -math.inf])
def test_a_value_lies_in_its_bin(x):
    k = bin_of(x)
    (lower,), (upper,) = bin_ends(np.array([k]))
    if SMALLEST < abs(x) < 2.0**200:
        assert lower <= x <= upper
        assert upper - lower <= BIN_WIDTH * min(abs(lower), abs(upper))
    assert bin_of(-x) == -k
    assert (k == 0) == (abs(x) < SMALLEST)


def test_bins_join():
    lower, upper = bin_ends(np.arange(-40000, 40001))
    np.testing.assert_array_equal(lower[1:][np.arange(-39999, 40001) > 1], upper[:-1][np.arange(-39999, 40001) > 1])
    assert np.all(lower <= upper)


@pytest.mark.parametrize("replicates", [1, 3, 16])
def test_counted_draws_are_the_draws_to_a_bin(columns, replicates):
    sketch = sketched(columns, replicates, [LEAF, 2 * LEAF, 2 * LEAF + 1234])
    for k, values in enumerate(columns):
        known = np.sort(values[~np.isnan(values)])
        sample = sample_in(sketch, k, replicates)
        ordered = sample.ordered
        assert len(ordered) == known.size
        assert sketch.missing(k) == sample.missing == np.isnan(values).sum()
        np.testing.assert_allclose(ordered[:], known, rtol=BIN_WIDTH, atol=SMALLEST)
        assert np.all(np.abs(ordered[:] - known) <= ordered.errors(np.arange(known.size)) + SMALLEST)
        assert (ordered[0], ordered[-1]) == (known[0], known[-1])
        mean, sd = sketch.moments(k)
        assert mean == pytest.approx(known.mean(), rel=1e-12, abs=1e-13)
        assert sd == pytest.approx(known.std(ddof=1), rel=1e-12)
        for r, (part, mean) in enumerate(sample.parts()) if replicates > 1 else ():
            own = values[r::replicates]
            own = np.sort(own[~np.isnan(own)])
            np.testing.assert_allclose(part[:], own, rtol=COARSE * BIN_WIDTH, atol=SMALLEST)
            assert mean == pytest.approx(own.mean(), rel=1e-12, abs=1e-13)
    whole = sample_in(sketch, 4).ordered
    np.testing.assert_array_equal(whole[:], np.sort(columns[4]))  # whole numbers below 1024 are bins of their own
    assert not whole.errors(np.arange(len(whole))).any()
    assert set(sample_in(sketch, 2).ordered[:]) == {7.25}


def same(one, other):
    a, b = one.columns(), other.columns()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("seed", range(4))
def test_parts_merged_in_any_order_are_the_whole(columns, seed):
    """Leaves shared out among workers, each of which counts its own in an order of its own, merged in any order."""
    rng = np.random.default_rng(seed)
    whole = sketched(columns, 16, [columns.shape[1]], [0, 1, 4])
    leaves = rng.permutation(-(-columns.shape[1] // LEAF))
    parts = []
    for own in np.array_split(leaves, int(rng.integers(1, 4))):
        part = Sketch(len(columns), 16, [0, 1, 4])
        for leaf in own:
            part.add(np.ascontiguousarray(columns[:, leaf * LEAF : (leaf + 1) * LEAF]), int(leaf) * LEAF)
        parts.append(part)
    merged = Sketch(len(columns), 16, [0, 1, 4])
    for part in parts:
        merged.merge(part)
    assert merged.draws == columns.shape[1]
    same(merged, whole)
    assert [merged.correlation(*pair) for pair in ((0, 1), (0, 4), (4, 1))] == [
        whole.correlation(*pair) for pair in ((0, 1), (0, 4), (4, 1))
    ]


def test_correlations_are_those_of_the_draws(columns):
    columns[1] += 0.1 * columns[0]
    columns[0] += 1e9  # what the mean swallows in a sum of squares about nought
    sketch = sketched(columns, 1, [columns.shape[1]], [0, 1, 2, 3])
    assert sketch.correlation(0, 1) == pytest.approx(np.corrcoef(columns[0], columns[1])[0, 1], abs=1e-9)
    assert sketch.correlation(1, 0) == sketch.correlation(0, 1)
    assert math.isnan(sketch.correlation(0, 2))  # a constant
    assert math.isnan(sketch.correlation(0, 3))  # a draw is NaN


def test_a_spread_of_1e_14_of_the_mean_is_not_lost():
    values = 1.0 + 1e-14 * np.random.default_rng(1).integers(0, 100, (1, 9 * LEAF)).astype(float)
    exact = float(np.std((values[0] - 1.0).astype(np.longdouble), ddof=1))
    assert sketched(values, 1, [LEAF, 8 * LEAF]).moments(0)[1] == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("scale", [1e-20, 1e-9, 1e12, 1e50])
def test_any_scale_is_counted_as_well(scale):
    values = scale * np.random.default_rng(2).lognormal(0, 1, (1, LEAF))
    np.testing.assert_allclose(sample_in(sketched(values, 1, [LEAF]), 0).ordered[:], np.sort(values[0]), rtol=BIN_WIDTH)


def test_what_lies_between_nought_and_large_draws_takes_no_room():
    rng = np.random.default_rng(3)
    values = np.where(rng.random((2, LEAF)) < 0.5, 0.0, rng.uniform(1e6, 2e6, (2, LEAF)) * np.array([[1.0], [-1.0]]))
    sketch = sketched(values, 256, [LEAF])
    assert sketch._bins.counts.nbytes < 2 * 18_500 * 8
    assert sketch._parts.counts.nbytes < 2 * 256 * 1160 * 8  # an octave and an eighth of bins for each output and replicate
    for k in range(2):
        np.testing.assert_allclose(sample_in(sketch, k).ordered[:], np.sort(values[k]), rtol=BIN_WIDTH)


def test_more_counts_than_memory_are_refused():
    values = np.exp(np.random.default_rng(4).uniform(-60, 60, (20, LEAF)))
    with pytest.raises(InputError, match="counting 20 outputs in 4096 replicates would take more than 1 GiB; use fewer"):
        sketched(values, 4096, [LEAF])


def test_counts_that_grow_late_are_not_lost(monkeypatch):
    """What the first draws are within, those that follow may pass twice over."""
    monkeypatch.setattr("simulator.analysis.counted.bins._MOST", 2**22)
    values = np.exp(np.random.default_rng(4).uniform(0, 15, (1, 3 * LEAF))) * np.repeat([1.0, 1e5, 1e25], LEAF)
    found = sketched(values[:, : 2 * LEAF], 1, [LEAF, LEAF])
    assert found._bins.counts.nbytes > 2**22
    with pytest.raises(InputError, match="would take more than"):
        sketched(values, 1, [LEAF, LEAF, LEAF])


def test_memory_does_not_grow_with_draws():
    """Chunks and counts are what is kept: ten times the draws take the same."""
    code = """
import resource, sys
from simulator import SamplingPlan, load_scenario, simulate_bands
scenario = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
peaks = []
for draws in (200_000, 2_000_000):
    simulate_bands(scenario, SamplingPlan(draws=draws))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*peaks)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    few, many = map(int, done.stdout.split())
    assert many - few < 60 * 1024  # KiB


def test_leaves_of_one_value_are_counted_as_others_are():
    level, unknown = np.full(LEAF, 0.1), np.full(LEAF, np.nan)
    known_later, half = np.append(np.full(9, np.nan), np.full(LEAF - 9, 3.0)), np.arange(LEAF) / 2
    rows = [(level, level), (np.zeros(LEAF), half), (known_later, np.full(LEAF, 3.0)), (2 * half, np.full(LEAF, 5.0)), (unknown, unknown)]
    values = np.array([np.append(*pair) for pair in rows])[:, : LEAF + 1003]
    sketch = sketched(values, 1, [LEAF, 1003], [0, 1, 3])
    assert sketch.columns()["row_whole"].tolist() == [False, False, True, True, True]
    for k, row in enumerate(values[:4]):
        known = row[~np.isnan(row)]
        assert sketch.missing(k) == row.size - known.size
        np.testing.assert_allclose(sketch.moments(k), (known.mean(), known.std(ddof=1)), rtol=1e-14, atol=1e-15)
        bins, draws = np.unique([bin_of(x) for x in known], return_counts=True)
        columns = sketch.columns()
        own = columns["bin_row"] == k
        np.testing.assert_array_equal(columns["bin_number"][own], bins)
        np.testing.assert_array_equal(columns["bin_draws"][own], draws)
    assert sketch.moments(0) == (0.1, 0.0)
    assert np.isnan(sketch.correlation(0, 1))
    np.testing.assert_allclose(sketch.correlation(1, 3), np.corrcoef(values[1], values[3])[0, 1], rtol=1e-12)
    assert np.isnan(sketch.moments(4)).all()


def test_what_never_happens_is_counted_once_and_sent_without_draws():
    resolved = resolve(load_scenario(ROOT / QUICKSTART))
    draws = Draws(resolved, SamplingPlan(draws=100 * LEAF))
    tally = Tally(resolved, {}, 1, draws.same, draws.names)
    inputs, outputs = draws.play(0, 40 * LEAF)
    tally.add(inputs, outputs, 0)
    rows = dict(tally.places)
    assert rows["cost[people]"] == rows["emissions[teacher]"] != rows["cost[accelerators]"]
    assert len(set(rows.values())) < len(rows) / 2
    sent = pickle.dumps(tally)
    assert len(sent) < len(pickle.dumps(tally.sketch)) + outputs["cost_total"].nbytes
    np.testing.assert_array_equal(pickle.loads(sent).sketch.columns()["bin_draws"], tally.sketch.columns()["bin_draws"])


def test_noughts_of_both_signs_are_the_same_whichever_comes_first():
    noughts = np.zeros((2, LEAF, 1))
    noughts[1] = -0.0
    first, then = (sketched(np.append(*pair, axis=1).reshape(1, -1), 1, [LEAF, LEAF]) for pair in (noughts, noughts[::-1]))
    for name, column in first.columns().items():
        assert column.tobytes() == then.columns()[name].tobytes(), name


@pytest.mark.parametrize(
    ("config", "overrides"),
    [
        (QUICKSTART, []),
        (QUICKSTART, ["reliability.method=expected_value"]),
        ("configs/full-anatomy.yaml", ["components.operational=false", "components.electricity=false"]),
        ("configs/full-anatomy-rented.yaml", []),
        ("configs/university-7b.yaml", []),
    ],
)
def test_outputs_that_share_a_row_are_equal_where_each_has_one(config, overrides):
    resolved, plan = resolve(load_scenario(ROOT / config, overrides=overrides)), SamplingPlan(draws=500)
    same = same_outputs(resolved)
    _, rows = run_kernel(compile_arguments(resolved, plan), plan, 0, 500, None)
    _, outputs = Draws(resolved, plan).play(0, 500)
    for name, other in same.items():
        np.testing.assert_array_equal(outputs[name], outputs[other])
        assert name in SAME or not (rows[name].any() or rows[other].any())
    for total, quantity in (("cost_total", "cost["), ("emissions_total", "emissions[")):  # nothing that counts was taken for nought
        components = [values for name, values in outputs.items() if name.startswith(quantity)]
        np.testing.assert_allclose(np.sum(components, axis=0), outputs[total], rtol=1e-12)


def test_rows_that_nobody_writes_are_not_copied():
    """Components lie side by side in what the kernels wrote, whose noughts take no memory."""
    results = simulate(load_scenario(ROOT / QUICKSTART), SamplingPlan(draws=1000))
    for name in ("cost", "emissions"):
        assert results[name].values.flags.f_contiguous
        assert not results[name].values.flags.owndata


def test_leaves_are_whole():
    sketch = Sketch(1, 1)
    sketch.add(np.ones((1, 10)), 0)
    with pytest.raises(ValueError, match="draw 10 does not begin a leaf of"):
        sketch.add(np.ones((1, 10)), 10)


def assert_same_bands(bands, kept, *, error=BIN_WIDTH):
    assert bands.output.values.tolist() == kept.output.values.tolist()
    of_interval = error if kept.attrs["plan"] == "random" else COARSE * error  # from the spread of replicates
    for name, largest in (("value", error), ("ci", of_interval)):
        # the error of an end of a bin, of magnitudes above what counts as nought
        np.testing.assert_allclose(bands[name], kept[name], rtol=largest, atol=SMALLEST)
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
    size, width = np.abs(kept.value.values), BIN_WIDTH if plan.plan == "random" else COARSE * BIN_WIDTH
    known = np.isfinite(size) & np.isfinite(kept.mcse.values)
    assert np.all((np.abs(bands.mcse.values - kept.mcse.values) <= 0.1 * kept.mcse.values + 2 * width * size + 2.0**-29)[known])
    # a tail index that bins move across its limit is that limit, to the digits told
    apart = np.isnan(bands.mcse_mean.values) != np.isnan(kept.mcse_mean.values)
    refusals = [note for one in (bands, kept) for note in one.note.values[apart] if note]
    assert all("tail index 0.35 is not below 0.35" in note for note in refusals)
    assert len(refusals) == apart.sum() <= 2
    np.testing.assert_allclose(bands.mcse_mean.values[~apart], kept.mcse_mean.values[~apart], rtol=1e-6, atol=1e-12)
    told, exact = limits_exceeded(bands), limits_exceeded(results)
    assert told.keys() == exact.keys()
    for name, (limit, chance) in exact.items():
        assert told[name][0] == limit
        assert told[name][1].value == chance.value
        assert told[name][1].mcse == pytest.approx(chance.mcse, rel=1e-12)
    different = {"correlations", "confidence", "stopped", "value_error", "raised", "time_shares", "interrupted", "evidence"}
    assert {k: v for k, v in bands.attrs.items() if k not in different} == {k: v for k, v in kept.attrs.items() if k not in different}
    assert notes(bands) == notes(results)


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


def test_of_a_draw_that_is_not_known_no_chance_is_told(monkeypatch):
    scenario = load_scenario(QUICKSTART, overrides=[*EXPECTED, "limits.budget=250k", "limits.carbon_cap=40t"])
    play = counted.Draws.play

    def with_a_nan(self, low, high, progress=None):
        inputs, outputs = play(self, low, high, progress)
        cost = outputs["cost_total"].copy()
        cost[7] = math.nan
        return inputs, outputs | {"cost_total": cost}

    monkeypatch.setattr(counted.Draws, "play", with_a_nan)
    chances = simulate_bands(scenario, SamplingPlan(draws=2000)).probability_exceeded
    assert math.isnan(chances.sel(limit="budget"))
    assert 0 < chances.sel(limit="carbon_cap") < 1


def test_on_the_command_line(tmp_path, capsys):
    target = tmp_path / "bands.nc"
    thresholds = ["--fail-above", "cost_total p81 > 1M", "--fail-above", "energy mean > 1 kWh"]
    code = run("run", QUICKSTART, "--set", EXPECTED[0], "--summary", "--draws", "20000", "--json", "-o", str(target), *thresholds)
    printed = capsys.readouterr()
    assert code == 3
    assert "threshold exceeded: energy mean > 1 kWh" in printed.err
    assert "not exceeded: cost_total p81 > 1M" in printed.err
    data = json.loads(printed.out)
    results = simulate(load_scenario(QUICKSTART, overrides=EXPECTED), SamplingPlan(draws=20_000))
    kept = summarize(results)
    told = data["bands"]["cost_total"]["quantiles"]["0.8"]
    assert told == pytest.approx(float(kept.value.sel(output="cost_total", quantile=0.8)), rel=BIN_WIDTH)
    assert data["value_error"] == BIN_WIDTH
    assert target.stat().st_size < 4e5  # for 20 000 draws of 60 rows

    assert run("summarize", str(target), "--json") == 0
    assert json.loads(capsys.readouterr().out) == data
    assert run("summarize", str(target), "--fail-above", "cost_total p33 > 1") == 3
    (told,) = re.findall(r"p33 > 1: it is (\S+) USD \(within (\S+) USD, by the bin it lies in\)", capsys.readouterr().err)
    exact = float(summarize(results, quantiles=[0.33]).value.sel(output="cost_total").item())
    assert abs(float(told[0]) - exact) <= 1.1 * float(told[1])  # of six and of one digit
    assert run("summarize", str(target), "--fail-above", "stopped mean > 1%") == 2
    assert "stopped is not an output" in capsys.readouterr().err
    assert run("summarize", str(target), "--context") == 2


def test_the_text_tells_what_that_of_kept_draws_does(tmp_path, capsys):
    target = str(tmp_path / "bands.nc")
    stated = ["max_wall_clock=25 days", "checkpoint_interval=1 h", "checkpoint_write_time=0.5 to 3 h"]
    stated += [f"failure_rate_{name}=20 to 60" for name in ("accelerator", "software", "planned")]
    words = ["run", QUICKSTART, "--draws", "2000", *(word for value in stated for word in ("--set", value))]
    texts = []
    for way in (words, [*words, "--summary", "-o", target], ["summarize", target]):
        assert run(*way) == 0
        texts.append(capsys.readouterr().out)
    kept, bands, saved = texts
    for begin in ("Time, on average: ", "Interruptions by class", "checkpoint_interval is shorter", "P80"):
        (line,) = (line for line in kept.splitlines() if line.startswith(begin))
        assert line.partition(", P50")[0] in bands
        assert begin.startswith(("Int", "P80")) or line in bands.splitlines()
    assert saved == bands
    (asked,) = (line for line in kept.splitlines() if line.startswith("Rank correlation"))
    before, _, achieved = asked.partition(", achieved ")
    assert float(achieved.rstrip(".")) != 0
    assert f"{before}." in bands.splitlines()
    (last,) = (line for line in bands.splitlines() if line.startswith("No draw was kept"))
    assert last.endswith("and achieved rank correlations are not known.")


@pytest.mark.parametrize("others", [[], [0.0], [-2.0, 0.0], [np.nan]])
@pytest.mark.parametrize("infinite", [math.inf, -math.inf])
def test_draws_that_are_all_infinite_on_one_side_of_nought_have_room(infinite, others):
    values = np.resize(np.array([infinite, *others]), (2, 2 * LEAF)) * np.array([[1.0], [-1.0]])
    sketch = sketched(values, 3, [LEAF, LEAF])
    for k in range(2):
        known = np.sort(values[k][~np.isnan(values[k])])
        sample = sample_in(sketch, k, 3)
        assert len(sample.ordered) == known.size
        np.testing.assert_array_equal(sample.ordered[:], known)
        assert not sample.ordered.errors(np.arange(known.size)).any()
        assert sample.ordered.above(np.array([-1.0, 1.0]))[0].tolist() == [np.sum(known > -1.0), np.sum(known > 1.0)]
        assert sum(len(part) for part, _ in sample.parts()) == known.size


def test_infinite_draws_are_counted_as_those_that_are_kept():
    values = np.random.default_rng(1).lognormal(0, 1, (3, 2 * LEAF + 50))
    values[0, [5, LEAF + 7, -1]], values[1, [2, 3]] = np.inf, (-np.inf, 2.0**900)  # the latter shares its bin with the infinite
    values[0, 9] = np.nan
    for sizes in ([2 * LEAF + 50], [LEAF, LEAF, 50]):
        sketch = sketched(values, 1, sizes)
        samples = [sample_in(sketch, k) for k in range(3)]
        assert [sample.infinite for sample in samples] == [(0, 3), (1, 0), (0, 0)]
        for k in (1, 2):
            assert samples[k].moments().note == moments_reported(values[k]).note
    assert "1 of 8242 draws are infinite" in moments_reported(values[1]).note


def test_a_share_of_stopped_runs_is_judged_whatever_its_tail(capsys):
    limited = ["run", QUICKSTART, "--set", "max_wall_clock=10 days", "--draws", "300"]
    for way in ([], ["--summary"]):
        assert run(*limited, *way, "--fail-above", "stopped mean > 1%") == 3
        assert "stopped mean > 1%: it is 0.8" in capsys.readouterr().err
    assert run(*limited, "--summary", "--fail-above", "stopped p50 > 0.1") == 2
    assert "write 'stopped mean > ...', or leave --summary out" in capsys.readouterr().err


def test_what_reads_draws_is_refused(capsys):
    assert run("run", QUICKSTART, "--summary", "--context") == 2
    assert "--context reads draws, and --summary keeps none" in capsys.readouterr().err
