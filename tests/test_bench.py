"""``simulator bench``: what is told adds up, differences are told from noise, and bad input is refused. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from simulator import bench, threads
from simulator.bench import measure, measuring, memory
from simulator.bench.compare import ALIKE, BETTER, UNKNOWN, WORSE, differences, notes, verdict
from simulator.bench.measuring import thread_counts
from simulator.bench.operations import Needed
from simulator.bench.repeats import FEWEST, metric, rounds
from simulator.bench.result import as_text, read
from simulator.bench.stages import CALLS, STAGES, Loops
from simulator.bench.workloads import hours_filled
from simulator.cli import _run
from simulator.errors import InputError
from simulator.kernels import factors
from simulator.kernels.lanes import WIDTH
from simulator.kernels.zone_tables import hourly_tables
from simulator.plan import available_threads
from simulator.plots.bench import bench_figure
from simulator.scenario.zones import load_zone

METRIC = {"unit", "median", "interval", "level", "repetitions"}
THREADS = min(2, available_threads())


@pytest.fixture(scope="module")
def busy() -> list[int]:
    """Cores that were held before anything was measured, and after each repetition."""
    return []


@pytest.fixture(scope="module")
def result(busy: list[int]) -> dict[str, Any]:
    """What is measured, but the memory of the static workload, which the command's own test measures: each takes a new process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "peak_of", lambda name, draws: None if name == "static" else memory.peak_of(name, draws))
        return measure(draws=2048, repeats=2, threads=THREADS, progress=lambda _done, _total: busy.append(threads._cores.busy))


def run(*words: str) -> int:
    return _run(["bench", *words], debug=False)


def saved(path: Path, result: dict[str, Any], **changes: Any) -> str:
    path.write_text(json.dumps({**result, **changes}), encoding="utf-8")
    return str(path)


def scaled(result: dict[str, Any], factor: float, count: int = 9) -> dict[str, Any]:
    """The same machine with times that are longer by a factor, repeated with one per cent of spread."""

    def changed(part: Any) -> Any:
        if isinstance(part, dict) and part.keys() >= METRIC:
            slower = max(part["median"], 1e-3) * (factor if part["unit"].startswith("ns") else 1 / factor)
            return metric([slower * (1 + 0.002 * (k - count // 2)) for k in range(count)], part["unit"])
        if isinstance(part, dict):
            return {name: changed(value) for name, value in part.items()}
        return [changed(value) for value in part] if isinstance(part, list) else part

    found: dict[str, Any] = changed(result)
    return {**found, "repeats": count}


def test_a_result_is_json_of_the_promised_shape(result: dict[str, Any]) -> None:
    assert json.loads(as_text(result)) == result
    assert (result["format"], result["version"], result["repeats"], result["draws"]) == ("simulator-bench", 1, 2, 2048)
    assert {"cpu", "cores", "vector_bits", "python", "numpy", "numba", "training-risk-simulator"} <= result["machine"].keys()
    assert {name: found["unit"] for name, found in result["ceilings"].items()} == {
        "generator": "ns per uniform",
        "arithmetic": "GFLOP/s",
        "bandwidth": "GB/s",
    }
    static, path = result["workloads"]["static"], result["workloads"]["path"]
    assert (static["inputs"], static["hours"], static["per_hour"], static["draws"]) == (16, 0.0, None, 2048)
    assert path["draws"] == 2048 // 32
    assert 50 * 24 < path["hours"] < 70 * 24
    assert path["peak_memory"] is None or path["peak_memory"] > 50
    for workload in (static, path):
        assert set(workload["stages"]) == set(STAGES) - {"other"}
        for found in (workload["per_draw"], workload["per_input"], workload["of_ceiling"], *workload["stages"].values()):
            assert set(found) == METRIC
            assert len(found["repetitions"]) == 2


def test_shares_sum_to_one_and_rates_follow_from_times(result: dict[str, Any]) -> None:
    for workload in result["workloads"].values():
        assert list(workload["shares"]) == list(STAGES)
        assert sum(workload["shares"].values()) == pytest.approx(1.0)
        per_draw = workload["per_draw"]["median"]
        for stage, found in workload["stages"].items():
            assert workload["shares"][stage] == pytest.approx(found["median"] / per_draw)
        assert workload["per_input"]["median"] * workload["inputs"] == pytest.approx(per_draw)
    path = result["workloads"]["path"]
    assert path["per_hour"]["median"] * path["hours"] == pytest.approx(path["per_draw"]["median"])


def test_threads_are_listed_up_to_the_most(result: dict[str, Any]) -> None:
    for workload in result["workloads"].values():
        assert [entry["threads"] for entry in workload["threads"]] == list(range(1, THREADS + 1))
        assert workload["threads"][0]["efficiency"]["repetitions"] == [1.0, 1.0]
        one, last = workload["threads"][0], workload["threads"][-1]
        ratios = [b / a / THREADS for a, b in zip(one["rate"]["repetitions"], last["rate"]["repetitions"], strict=True)]
        assert last["efficiency"]["repetitions"] == pytest.approx(ratios)


def test_loops_hold_the_cores_that_they_are_timed_on(result: dict[str, Any], busy: list[int]) -> None:
    """So that they neither disturb what other threads launch nor end the process on a layer that serves one at a time."""
    assert result
    before, *while_measured = busy
    assert before == 0
    assert min(while_measured) >= THREADS


def test_thread_counts_are_powers_of_two_and_the_most() -> None:
    assert [thread_counts(most) for most in (1, 2, 4, 6)] == [[1], [1, 2], [1, 2, 4], [1, 2, 4, 6]]


def test_stages_of_inputs_and_weather_sum_to_their_wholes() -> None:
    names = (
        "uniforms", "scores", "inputs", "storing", "memory", "ledger", "words", "values", "weather", "replayed price", "replayed carbon",
        "replayed",
    )  # fmt: skip
    took = dict(zip(names, np.random.default_rng(0).uniform(1.0, 2.0, (len(names), 5)), strict=True))
    found = {stage: np.array(times) for stage, times in Loops({}, dict.fromkeys(names, 1.0)).stages(took).items()}
    drawn = found["generator"] + found["transform"] + found["look-up"]
    np.testing.assert_allclose(drawn, took["inputs"] + took["weather"])
    # a play that takes p besides its inputs and storing, and replays that take r and s
    p, r, s = 5.0, 0.3, 0.4
    base = took["inputs"] + took["storing"] + p
    took |= {"replayed price": base + r, "replayed carbon": base + s, "replayed": base + r + s}
    np.testing.assert_allclose(Loops({}, dict.fromkeys(names, 1.0)).stages(took)["model"], p)


def test_a_loop_that_does_a_workload_twice_counts_half() -> None:
    names = ("uniforms", "scores", "inputs", "storing", "memory", "ledger", "model")
    took = {name: [float(k + 1)] for k, name in enumerate(names)}
    once, twice = (Loops({}, dict.fromkeys(names, times)).stages(took) for times in (1.0, 2.0))
    assert {stage: [2 * time for time in times] for stage, times in twice.items()} == once


def test_calls_of_the_generator_in_a_block_are_those_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(factors, "wide_vectors", lambda: None)
    monkeypatch.setattr(factors, "displace", lambda *_: None)
    monkeypatch.setattr(factors, "row_of", factors.row_of.py_func)
    monkeypatch.setattr(factors, "_look_ahead", factors._look_ahead.py_func)
    monkeypatch.setattr(factors, "fill_noise", lambda *_: calls.append(1))
    tables = hourly_tables(load_zone("DE").zone, first=0, hours=1, seed=0)
    f, hours = factors.factors.py_func(), np.zeros(WIDTH, dtype=np.int64)
    blocks = factors.TOP // factors.HOURS
    for _ in range(blocks):
        factors.begin_block.py_func(0, hours, True, tables, f)
        factors.fill_ends.py_func(0, hours, True, 0, factors.HOURS, tables, f)
        for span in range(factors.SPANS):
            for hour in range(factors.SPAN):
                factors.fill_after.py_func(0, hours, True, span, hour, tables, f)
        hours += factors.HOURS
    assert len(calls) == blocks * CALLS


def test_hours_are_filled_until_the_longest_run_of_a_group_ends() -> None:
    wall_clock = np.full(WIDTH + 2, 10.0)
    wall_clock[3], wall_clock[-1] = 17.0, 30.0
    # from hour 5 of a span of 8 to the end of the span that holds hour 22, and 35
    expected = (WIDTH * 24.0 + 2 * 40.0) / (WIDTH + 2)
    assert hours_filled(wall_clock, 5) == pytest.approx(expected)


def test_what_is_needed_takes_as_long_as_its_ceilings_allow() -> None:
    assert Needed(uniforms=16, operations=1000, bytes=8).ceiling(1.5, 40.0) == pytest.approx(16 * 1.5 + 1000 / 40)


def test_rounds_go_forwards_and_backwards() -> None:
    order = list(rounds(["a", "b", "c"], 3))
    assert order == ["a", "b", "c", "c", "b", "a", "a", "b", "c"]
    assert sum(a == b for a, b in pairwise(order)) == 2


def test_intervals_are_repetitions_that_enclose_the_median_often_enough() -> None:
    assert FEWEST == 5
    assert metric([1.0, 2.0, 3.0, 4.0], "ns")["interval"] is None
    for count in range(FEWEST, 30):
        found = metric([float(k) for k in range(count)], "ns")
        low, high = found["interval"]
        assert low < found["median"] < high
        assert 0.9 <= found["level"] < 1


def test_a_factor_of_two_is_told_and_noise_is_not(result: dict[str, Any]) -> None:
    now, slower, again = scaled(result, 1.0), scaled(result, 2.0), scaled(result, 1.002)
    timed = [d for d in differences(now, slower) if d.unit != "MiB"]
    assert {d.verdict for d in timed} == {WORSE}
    assert {round(d.now / d.before if d.unit.startswith("ns") else d.before / d.now, 9) for d in timed} == {2.0}
    assert {d.verdict for d in differences(slower, now) if d.unit != "MiB"} == {BETTER}
    assert {d.verdict for d in differences(now, again) if d.unit != "MiB"} == {ALIKE}
    assert {d.verdict for d in differences(now, slower) if d.unit == "MiB"} <= {UNKNOWN}


def test_five_repetitions_alike_differ_in_one_of_126_orders() -> None:
    told = 0
    for ranks in combinations(range(10), 5):
        others = [k for k in range(10) if k not in ranks]
        told += verdict(*(metric([float(k) for k in part], "ns per draw") for part in (list(ranks), others))) != ALIKE
    assert told == 2  # of 252


def test_a_time_below_nought_has_no_ratio(result: dict[str, Any]) -> None:
    now = scaled(result, 1.0)
    before = scaled(result, 1.0)
    before["workloads"]["path"]["stages"]["look-up"] = metric([-1.0, -0.9, -1.1, -1.0, -1.2], "ns per draw")
    found = next(d for d in differences(before, now) if d.name == "path: look-up")
    assert (found.ratio, found.verdict) == (None, WORSE)


def test_fewer_than_five_repetitions_are_not_judged(result: dict[str, Any]) -> None:
    slower = scaled(result, 2.0)
    assert {d.verdict for d in differences(result, slower)} == {UNKNOWN}
    assert any("fewer than 5" in note for note in notes(result, slower))


def test_another_machine_is_a_note(result: dict[str, Any]) -> None:
    other = {**result, "machine": {**result["machine"], "cpu": "abacus"}, "clock": "hourglass", "draws": 7}
    told = notes(scaled(other, 1.0), scaled(result, 1.0))
    assert told[0] == f"cpu differs: abacus before, {result['machine']['cpu']} now"
    assert [note.split()[0] for note in told] == ["cpu", "clock", "draws"]
    assert notes(scaled(result, 1.0), scaled(result, 2.0)) == []


def test_other_work_is_refused(result: dict[str, Any]) -> None:
    static = {**result, "workloads": {"static": result["workloads"]["static"]}}
    path = {**result, "workloads": {"path": result["workloads"]["path"]}}
    assert {d.name.split(":")[0] for d in differences(static, result)} == {"static", "ceiling"}
    with pytest.raises(InputError, match="of static, the other of path"):
        differences(static, path)
    older = {**result, "workloads": {"static": {**result["workloads"]["static"], "work": 0}}}
    with pytest.raises(InputError, match="static workload is version 0 in one result and 1 in the other"):
        differences(older, result)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda path, result: str(path), "cannot be read (No such file or directory)"),
        (lambda path, result: path.write_text("{", encoding="utf-8") and str(path), "is not JSON"),
        (lambda path, result: saved(path, result, format="bill"), "its format is not 'simulator-bench'"),
        (lambda path, result: saved(path, result, version=0), "has version 0 of the format; this simulator reads version 1"),
        (lambda path, result: saved(path, {"format": "simulator-bench", "version": 1}), "lacks ceilings, clock, draws"),
    ],
)
def test_other_files_are_refused(
    write: Callable[[Path, dict[str, Any]], str], told: str, result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "x.json", result)
    assert run("--compare", file) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file} ")
    assert told in error
    with pytest.raises(InputError):
        read(file)


@pytest.mark.parametrize("damage", [{"workloads": [1]}, {"machine": "x"}, {"repeats": "z"}, {"workloads": {"static": {}}}])
def test_a_damaged_result_is_refused_before_anything_is_measured(
    damage: dict[str, Any], result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "x.json", result, **damage)
    assert run("--compare", file) == 2
    assert capsys.readouterr().err.startswith(f"error: {file} is damaged (")


@pytest.fixture
def _nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        pytest.fail("measured before the input was refused")

    monkeypatch.setattr(bench, "measure", fail)


@pytest.mark.usefixtures("_nothing_is_measured")
def test_what_cannot_be_compared_is_refused_before_anything_is_measured(
    result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path / "path.json", result, workloads={"path": result["workloads"]["path"]})
    assert run("--compare", path, "--only", "static") == 2
    assert capsys.readouterr().err == ("error: one result is of path, the other of static. Measure both without --only, or with the same\n")
    older = saved(tmp_path / "older.json", result, workloads={"static": {**result["workloads"]["static"], "work": 0}})
    assert run("--compare", older) == 2
    assert "static workload is version 0 in one result and 1 in the other" in capsys.readouterr().err
    static = saved(tmp_path / "static.json", result, workloads={"static": result["workloads"]["static"]})
    picture = tmp_path / "x.png"
    assert run("--compare", path, "--with", static, "--picture", str(picture)) == 2
    assert not picture.exists()


@pytest.mark.usefixtures("_nothing_is_measured")
@pytest.mark.parametrize("output", ["bench.json", "."])
def test_a_result_is_not_replaced_by_what_is_compared_with_it(
    output: str, result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path / "bench.json", result)
    target = str(tmp_path / output)
    assert run("--compare", file, "-o", target) == 2
    told = f"error: --output {target} would replace the result that --compare {file} reads. Name another file\n"
    assert capsys.readouterr().err == told
    assert read(file) == result


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--repeats", "0"], "repeats = 0 is not a whole number from 1 to 1000"),
        (["--threads", "4096"], "threads = 4096 is not a whole number from 1 to"),
        (["--draws", "0"], "draws = 0 is not a whole number from 1 to"),
        (["--only", "paths"], "'paths' is not one of 'static', 'path'"),
        (["-o", "x.txt"], "x.txt is neither a folder nor FILE.json"),
        (["-o", "nowhere/x.json"], "folder nowhere does not exist"),
        (["--picture", "x.bmp"], "x.bmp is no picture"),
        (["--with", "x.json"], "--with FILE stands beside --compare FILE"),
        (["--compare", "x.json", "--with", "y.json", "--draws", "9"], "--with y.json measures nothing, so that --draws can have no effect"),
    ],
)
def test_bad_input_exits_with_2_before_anything_is_measured(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    assert told in capsys.readouterr().err


def test_unknown_workloads_are_refused() -> None:
    with pytest.raises(InputError, match="'paths' is no workload of the benchmark; workloads are static and path"):
        measure(only="paths")


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # by which stdout is taken for a terminal, of 80 columns
    monkeypatch.setenv("COLUMNS", "80")
    assert run("--draws", "512", "--repeats", "1", "--threads", "1", "--only", "static", "-o", str(tmp_path)) == 0
    printed = capsys.readouterr()
    assert max(map(len, printed.out.splitlines())) <= 80
    assert "ns per input and draw" in printed.out
    assert "1 thread " in printed.out
    assert "measuring" in printed.err
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    found = read(tmp_path / "bench.json")["workloads"]
    assert list(found) == ["static"]
    assert found["static"]["peak_memory"] is None or found["static"]["peak_memory"] > 50


def test_text_fits_a_terminal_of_80_columns_and_json_is_json(
    result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # by which stdout is taken for a terminal, of 80 columns
    monkeypatch.setenv("COLUMNS", "80")
    before, after = (saved(tmp_path / f"{factor}.json", scaled(result, factor)) for factor in (1.0, 2.0))
    assert run("--compare", before, "--with", after) == 0
    printed = capsys.readouterr()
    assert max(map(len, printed.out.splitlines())) <= 80
    assert printed.err == ""
    line = next(line for line in printed.out.splitlines() if line.startswith("static: ledger"))
    assert line.split()[-2:] == ["2.000", "worse"]
    assert run("--compare", before, "--with", before) == 0
    alike = capsys.readouterr().out.splitlines()
    assert max(map(len, alike)) <= 80
    assert any(line.endswith("1.000  within the spread") for line in alike)
    assert run("--compare", before, "--with", after, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {entry["verdict"] for entry in found["metrics"]} == {WORSE, UNKNOWN}


def test_the_picture_has_its_parts_and_no_text_upon_text(result: dict[str, Any]) -> None:
    figure = bench_figure(scaled(result, 1.0))
    roofline, shares, rate, efficiency = figure.axes
    assert roofline.get_xlabel() == "operations per byte left in memory"
    assert roofline.get_ylabel() == "G operations/s, one thread"
    assert [axes.get_ylabel() for axes in (rate, efficiency)] == ["draws per second", "efficiency"]
    assert [label.get_text() for label in shares.get_yticklabels()] == ["static", "path"]
    assert [container.get_label() for container in roofline.containers] == ["static", "path"]
    roof = result["ceilings"]["arithmetic"]["median"]
    for container, workload in zip(roofline.containers, result["workloads"].values(), strict=True):
        (height,) = container[0].get_ydata()
        assert height == pytest.approx(workload["of_ceiling"]["median"] * roof, rel=1e-6)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in roofline.texts]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    inside = roofline.get_window_extent(canvas.get_renderer())
    assert all(inside.x0 < box.x0 and box.x1 < inside.x1 and inside.y0 < box.y0 and box.y1 < inside.y1 for box in boxes)


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "Examples:" in capsys.readouterr().out


def test_memory_that_is_not_told_is_not_measured(monkeypatch: pytest.MonkeyPatch, result: dict[str, Any]) -> None:
    monkeypatch.setattr(memory.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=0, stdout="null\n", stderr=""))
    assert memory.peak_of("static", 512) is None
    monkeypatch.setattr(memory.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stdout="", stderr="x\nno room\n"))
    with pytest.raises(Exception, match="memory of the static workload failed: no room"):
        memory.peak_of("static", 512)


def test_the_machine_is_described_without_loading_a_kernel() -> None:
    code = "import sys; from simulator.bench.machine import peak_memory; peak_memory(); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
