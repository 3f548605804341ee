"""The command line: exit codes, streams, JSON and tables."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import simulator.engine
from simulator import open_results
from simulator.arguments import KernelArguments
from simulator.cli import _VERBS, _run, progress

ROOT = Path(__file__).parent.parent
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")
FEW = ["--draws", "2000"]


def run(*words: str) -> int:
    return _run(words, debug=False)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    target = tmp_path / "run.nc"
    assert run("run", QUICKSTART, *FEW, "-o", str(target)) == 0
    return target


def test_json_has_the_promised_shape(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", QUICKSTART, *FEW, "--json") == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert err == ""
    assert (data["scenario"], data["draws"], data["seed"], data["plan"]) == ("quickstart", 2000, 0, "random")
    names = {"cost_total", "emissions_total", "energy", "wall_clock", "device_hours", "goodput", "interruptions"}
    names |= {"cost[accelerators]", "cost[electricity]", "emissions[operational]", "emissions[embodied_servers]", "water"}
    names |= {"completed", "pauses", "interruptions_planned", "time_spent[lost]", "interruptions_by_class[unclassified]"}
    assert names <= set(data["bands"])
    levels = ["0.05", "0.1", "0.25", "0.5", "0.75", "0.8", "0.9", "0.95"]
    for band in data["bands"].values():
        assert list(band["quantiles"]) == levels
        assert list(band["ci"]) == levels
        assert set(band["mcse"]) == {"mean", *levels}
        values = list(band["quantiles"].values())
        assert values == sorted(values)
        for level in levels:
            low, high = band["ci"][level]
            assert low <= band["quantiles"][level] <= high
    assert data["bands"]["cost_total"]["unit"] == "USD"


@pytest.mark.parametrize("plan", [[], ["--plan", "sobol", "--replicates", "4"]])
def test_json_does_not_depend_on_how_it_is_computed(plan: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    texts = set()
    for how in (["--threads", "1"], ["--threads", "2"], ["--block-size", "256"], ["--block-size", "1000"]):
        assert run("run", QUICKSTART, *FEW, *plan, *how, "--json") == 0
        texts.add(capsys.readouterr().out)
    assert len(texts) == 1
    assert run("run", QUICKSTART, *FEW, *plan, "--seed", "1", "--json") == 0
    assert capsys.readouterr().out.replace('"seed": 1', '"seed": 0') not in texts


def test_summarize_prints_what_run_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("run.nc", "run.zarr"):
        target = str(tmp_path / name)
        assert run("run", QUICKSTART, *FEW, "--json", "-o", target) == 0
        printed = capsys.readouterr()
        assert "saved" in printed.err
        assert run("summarize", target, "--json") == 0
        assert capsys.readouterr().out == printed.out


def test_table_tells_the_budget_owner(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", QUICKSTART, *FEW) == 0
    out = capsys.readouterr().out
    for text in ("cost, total", "emissions, total", "P80", "80 % chance to cost no more than", "thousand USD", "defaults", "pue"):
        assert text in out
    assert "interconnect" not in out  # rented: a component of nought is not shown


def test_a_terminal_breaks_sentences_between_words_and_a_pipe_breaks_none(
    saved: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(QUICKSTART).parent)  # the name of a file is one word, however long
    config = Path(QUICKSTART).name
    commands = [
        ["summarize", str(saved)],
        ["validate", config],
        ["compare", config, *FEW, "--set", "mfu=0.4"],
        ["sensitivity", str(saved), "--method", "rank"],
    ]
    for words in commands:
        for name in ("FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name, raising=False)
        assert run(*words) == 0
        piped = capsys.readouterr().out
        sentences = [line for line in piped.splitlines() if len(line) > 80]
        if words[0] != "sensitivity":
            assert sentences
        monkeypatch.setenv("FORCE_COLOR", "1")  # by which rich takes stdout for a terminal
        monkeypatch.setenv("COLUMNS", "72")
        assert run(*words) == 0
        wrapped = capsys.readouterr().out
        assert wrapped.split() == piped.split()  # the same words
        assert max(map(len, wrapped.splitlines())) <= 80
        joined = wrapped.splitlines()
        for sentence in sentences:
            place = next(k for k, line in enumerate(joined) if line and sentence.startswith(line) and len(line) < 80)
            assert len(joined[place]) <= 72


def test_the_help_of_all_tells_every_verb_and_the_first_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert set(re.findall(r"^  ([a-z]+) +[A-Z][a-z]", told, flags=re.MULTILINE)) == set(_VERBS)
    steps = re.findall(r"^    simulator (\w+)", told, flags=re.MULTILINE)
    assert steps[:2] == ["init", "run"]
    assert set(steps) <= set(_VERBS)


@pytest.mark.parametrize("verb", _VERBS)
def test_the_help_of_each_verb_fits_and_leads_on(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):  # what is added to it is added once
        assert run(verb, "--help") == 0
        told = capsys.readouterr().out
        assert max(map(len, told.splitlines())) <= 80
        assert told.count("Exit codes:") == 1
        assert f"  simulator {verb}" in told.partition("Options:")[2]


def test_thresholds_decide_the_exit_code(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(saved)
    assert run("summarize", file, "--fail-above", "cost_total p80 > 1 million USD") == 0
    assert run("summarize", file, "--fail-above", "cost_total p80 > 1k") == 3
    assert "threshold exceeded" in capsys.readouterr().err
    assert run("run", QUICKSTART, *FEW, "--fail-above", "emissions[operational] mean > 1 kgCO2e") == 3
    p80 = json.loads(_json(file, capsys))["bands"]["cost_total"]["quantiles"]["0.8"]
    assert run("summarize", file, "--fail-above", f"cost_total p80 > {p80 * (1 + 1e-9)!r}") == 0
    assert run("summarize", file, "--fail-above", f"cost_total p80 > {p80 * (1 - 1e-9)!r}") == 3


CUT = ["--set", "max_wall_clock=10.5 days", "--set", "failure_rate=30"]


def test_stopped_runs_are_told_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "cut.nc")
    assert run("run", QUICKSTART, *FEW, *CUT, "-o", target) == 0
    text = capsys.readouterr().out
    stopped = int((open_results(target).completed == 0).sum())
    assert 200 < stopped < 1900
    share = f"{stopped / 20:.3g} %"
    assert f"seed 0; {share} stopped" in text
    assert f"{stopped} of 2000 runs ({share}) were stopped at max_wall_clock and count as they stood." in text
    assert "80 % chance" not in text
    assert re.search(rf"P80 of runs as they stood: .*; {share} of the runs were stopped .*, so that finishing it costs more", text)
    data = json.loads(_json(target, capsys))
    assert data["stopped"] == stopped / 2000
    assert any(f"{stopped} of 2000 runs" in note for note in data["notes"])
    for limit, code in (("1k", 3), ("1 billion", 0)):
        assert run("summarize", target, "--fail-above", f"cost_total p80 > {limit}") == code
        assert f"({share} of the draws were stopped at max_wall_clock and count as they stood)" in capsys.readouterr().err


def test_whether_runs_end_can_be_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "cut.nc")
    assert run("run", QUICKSTART, *FEW, *CUT, "-o", target, "--fail-above", "completed mean > 0.999") == 0
    share = float((open_results(target).completed == 0).mean())
    assert run("summarize", target, "--fail-above", f"stopped mean > {share - 0.001}") == 3
    assert run("summarize", target, "--fail-above", f"stopped mean > {share + 0.001}") == 0
    assert run("summarize", target, "--fail-above", f"completed mean > {0.999 - share}") == 3
    assert run("run", QUICKSTART, *FEW, "--fail-above", "stopped mean > 0", "--fail-above", "time_spent[lost] p95 > 100 days") == 0
    capsys.readouterr()
    # of what a result does not have, nothing is judged, and nothing is simulated
    assert run("run", QUICKSTART, "--set", "method=expected_value", "--fail-above", "completed mean > 0.5") == 2
    assert run("run", QUICKSTART, "--fail-above", "paused_delay mean > 5 days") == 2
    assert capsys.readouterr().err.count("is not an output") == 2


def test_a_few_stopped_runs_leave_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", QUICKSTART, *FEW, "--set", "max_wall_clock=22 days", "--set", "failure_rate=3 to 12") == 0
    text = capsys.readouterr().out
    assert re.search(r"runs \((0\.\d+|less than 0.1) %\) were stopped", text)
    assert "80 % chance to cost no more than" in text


NOTED = """\
{name: Nowhere, timezone: UTC, fast_half_life: 8, slow_half_life: 99,
about: {kind: fitted, source: a test, period: never, check: failed, failed: [carbon P99], note: Only by daylight.,
  history_and_simulation: {carbon mean: [1, 2]}, held_out_history_and_simulation: {carbon mean: [1, 2]}},
carbon: {unit: gCO2e/kWh, residual_sd: 1, fast_weight: 0.5, quantiles: {-2: 100, 2: 300}}}
"""


def test_json_carries_the_notes_of_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zone.yaml").write_text(NOTED)
    config = (ROOT / "configs" / "quickstart.yaml").read_text(encoding="utf-8").partition("emissions:")
    text = config[0] + "grid: {zone: zone.yaml, start_time: 2026-03-01}\n" + config[2][config[2].index("\ncompute:") :]
    (tmp_path / "c.yaml").write_text(text)
    words = ["run", str(tmp_path / "c.yaml"), *FEW, "--set", "checkpoint_write_time=0.5 to 3 h", "--set", "checkpoint_interval=1 h"]
    assert run(*words, "--json") == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert run(*words) == 0
    shown = capsys.readouterr().out
    assert all(note in shown for note in notes)
    assert any("fitted; a test; never; its fit failed its own check" in note for note in notes)
    assert "Zone Nowhere: Only by daylight." in notes
    assert "Zone Nowhere: its fit failed its own check of carbon P99." in notes
    assert any(re.match(r"checkpoint_interval is shorter than checkpoint_write_time in \d+\.?\d* % of the draws", note) for note in notes)


def test_where_the_time_went_and_what_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    rates = [word for name in ("accelerator", "software", "planned") for word in ("--set", f"failure_rate_{name}=20 to 60")]
    assert run("run", QUICKSTART, *FEW, *rates) == 0
    text = capsys.readouterr().out
    shares = re.search(r"Time, on average: (.*)\.\n", text)
    assert shares
    told = dict(reversed(part.split(" % ")) for part in shares[1].split(", "))
    assert set(told) == {"productive", "saving", "lost with unsaved work", "down"}
    assert sum(map(float, told.values())) == pytest.approx(100, abs=0.2)
    assert re.search(r"Interruptions by class, P50 \(P5 to P95\): accelerator \d.* \(.* to .*\), software .*, planned .*\.", text)
    assert run("run", QUICKSTART, *FEW) == 0
    assert "by class" not in capsys.readouterr().out


def test_what_the_draws_do_not_support_is_neither_judged_nor_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", QUICKSTART, *FEW, "--fail-above", "cost_total p99.999 > 1M") == 1
    assert "cannot be judged from 2000 draws" in capsys.readouterr().err
    assert run("run", QUICKSTART, "--draws", "5") == 0
    assert "Too few draws for P80" in capsys.readouterr().out


def _json(file: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run("summarize", file, "--json") == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--fail-above", "cost_total p80"],
        ["--fail-above", "cost p80 > 3"],
        ["--fail-above", "cost_total p100 > 3"],
        ["--fail-above", "cost_total p80 > 3 kWh"],
        ["--draws", "0"],
        ["--draws", "many"],
        ["--seed", "-1"],
        ["--threads", "0"],
        ["--threads", "4096"],
        ["--block-size", "0"],
        ["--plan", "lhs"],
        ["--replicates", "4"],
        ["--plan", "sobol", "--replicates", "7"],
        ["--set", "mfu=4.2"],
        ["--set", "nonsense"],
        ["-o", "result.csv"],
        ["-o", "no/such/folder/run.nc"],
        ["--no-such-option"],
    ],
)
def test_bad_input_exits_with_2_and_writes_nothing(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    output = [] if "-o" in words else ["-o", "run.nc"]
    assert run("run", QUICKSTART, *FEW, *output, *words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip()
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_config_exits_with_2_and_leaves_an_older_result(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = saved.read_bytes()
    bad = tmp_path / "bad.yaml"
    bad.write_text("workload: {mfu: 4.2}\n")
    assert run("run", str(bad), "-o", str(saved)) == 2
    assert saved.read_bytes() == before
    assert run("run", str(tmp_path / "absent.yaml")) == 2
    assert run("summarize", str(bad)) == 2
    assert run("summarize", str(tmp_path / "absent.nc")) == 2
    assert run("validate", QUICKSTART, str(bad)) == 2
    printed = capsys.readouterr()
    assert f"{QUICKSTART}: valid" in printed.out
    assert "Did you mean 0.42?" in printed.err


def test_validate_lists_defaults_with_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", QUICKSTART) == 0
    out = capsys.readouterr().out
    assert "pue = 1.12 to 1.40  (Cottier et al. 2024" in out


def test_what_warmup_compiled_later_processes_read() -> None:
    for _ in range(2):
        done = subprocess.run([sys.executable, "-m", "simulator", "warmup"], capture_output=True, text=True, check=True)
    kernels, folder = done.stdout.splitlines()[:-1], done.stdout.splitlines()[-1].removeprefix("cached in ")
    assert len(kernels) == 5
    assert all(line.endswith("(was cached)") for line in kernels)
    assert any(Path(folder).iterdir())


def test_warmup_without_a_folder_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("simulator.warmup.cache_folder", lambda: None)
    assert run("warmup") == 1
    assert "SIMULATOR_CACHE_DIR" in capsys.readouterr().err


def test_interruption_and_failure_have_their_exit_codes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for error, code in ((KeyboardInterrupt(), 130), (RuntimeError("boom"), 1), (MemoryError(), 1)):

        def fail(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(simulator.engine, "simulate", fail)
        assert run("run", QUICKSTART) == code
        assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setattr(simulator.engine, "simulate", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("boom")))
    with pytest.raises(RuntimeError, match="boom"):
        _run(["run", QUICKSTART], debug=True)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Hear SIGINT, which a shell that starts its commands in the background has them ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupted(interruptible: None, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Press Ctrl-C in the third chunk of a hundred draws."""
    play, calls = KernelArguments.run, []

    def press(*arguments: Any, **options: Any) -> None:
        play(*arguments, **options)
        calls.append(arguments)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)  # heard when the kernel has returned

    monkeypatch.setattr(KernelArguments, "run", press)
    monkeypatch.setattr(simulator.engine, "chunks", lambda start, stop, _: [(low, low + 100) for low in range(start, stop, 100)])
    return calls


@pytest.mark.parametrize("words", [["fan"], ["run", "--plan", "sobol", "--replicates", "4"], ["run", "--summary"]])
def test_an_interruption_between_chunks_is_told_and_leaves_nothing(
    words: list[str], interrupted: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / ("fan.png" if words[0] == "fan" else "run.nc")
    assert run(words[0], QUICKSTART, *words[1:], "--draws", "400", "-o", str(output), "--json") == 130
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"interrupted after {100 if words[0] == 'fan' else 200} of 400 draws; nothing was written" in printed.err
    assert len(interrupted) == 3
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_keeps_the_draws_that_are_finished(
    interrupted: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run.nc"
    assert run("run", QUICKSTART, "--draws", "400", "-o", str(output)) == 130
    printed = capsys.readouterr()
    assert "quickstart: 200 random draws, seed 0" in printed.out
    assert printed.err.startswith("stopped; saving the 200 draws that are finished\nsaved 200 draws")  # which may take a while
    assert "interrupted after 200 of 400 draws; these are told, as of a run with --draws 200" in printed.err
    monkeypatch.undo()
    again = tmp_path / "again.nc"
    assert run("run", QUICKSTART, "--draws", "200", "-o", str(again)) == 0
    assert output.read_bytes() == again.read_bytes()


def test_counted_draws_are_kept_too(interruptible: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    play, calls = simulator.engine.Draws.play, []

    def press(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return play(*arguments, **options)

    monkeypatch.setattr(simulator.engine.Draws, "play", press)
    monkeypatch.setattr("simulator.analysis.counted.counted._CHUNK", 1)
    assert run("run", QUICKSTART, "--summary", "--draws", "100000", "--json") == 130
    cut, err = capsys.readouterr()
    (draws,) = re.findall(r"these are told, as of a run with --draws (\d+)", err)
    monkeypatch.undo()
    assert run("run", QUICKSTART, "--summary", "--draws", draws, "--json") == 0
    assert capsys.readouterr().out == cut


@contextlib.contextmanager
def terminal() -> Iterator[Callable[[], str]]:
    """Make stderr a terminal; what it shows comes from calling what this yields."""
    reader, writer = os.openpty()
    os.set_blocking(reader, False)
    shown = b""

    def read() -> str:
        nonlocal shown
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(reader, 65536):
                shown += chunk
        return re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", shown.decode())  # colours and moves of the cursor

    with pytest.MonkeyPatch.context() as patch, os.fdopen(writer, "w") as stream:
        patch.setenv("TERM", "xterm")
        patch.delenv("NO_COLOR", raising=False)
        patch.setattr(sys, "stderr", stream)
        yield read
    os.close(reader)


def test_a_long_run_shows_how_far_it_is_and_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENT", 0.05)
    with terminal() as shown, progress.showing_progress(1000) as tell:
        time.sleep(0.3)
        assert "compiles" in shown()
        for done in (10, 20, 30):
            time.sleep(0.3)
            tell(done)
        time.sleep(0.3)
        assert "3%" in shown()
        # 970 draws at 10 in 0.3 s
        assert re.search(r"(2\d|3[0-4]) draws/s 0:00:(2[89]|3[0-9]) left, Ctrl-C stops", shown())


def test_a_short_run_and_a_pipe_show_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with terminal() as shown:
        with progress.showing_progress(1000) as tell:
            tell(500)
        assert shown() == ""
    monkeypatch.setattr(progress, "_SILENT", 0.0)
    with progress.showing_progress(1000) as tell:
        time.sleep(0.1)
        tell(500)
    assert capsys.readouterr() == ("", "")


def test_progress_does_not_reach_stdout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", QUICKSTART, *FEW, "--json") == 0
    alone = capsys.readouterr().out
    monkeypatch.setattr(progress, "_SILENT", 0.0)
    with terminal() as shown:
        assert run("run", QUICKSTART, *FEW, "--json") == 0
        assert "simulating" in shown()
    assert capsys.readouterr().out == alone


CROWDED = """
import resource, signal, sys
from simulator.cli import _run
words = sys.argv[1:]
assert _run([*words, "--json"], debug=False) == 0  # the kernel is compiled, and its cache written
resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))  # as on a disk with little room
sys.exit(_run([*words, "-o", "out/" + {"fan": "a.png"}.get(words[0], "a.nc")], debug=False))
"""


@pytest.mark.parametrize(("verb", "options"), [("run", ["--draws", "2000"]), ("explain", ["--draw", "3"]), ("fan", ["--draws", "200"])])
def test_a_full_disk_is_told_and_leaves_nothing(verb: str, options: list[str], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CROWDED, verb, QUICKSTART, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=300,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: out/a.{'png' if verb == 'fan' else 'nc'} cannot be written (File too large)"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_output_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "simulator", "validate", QUICKSTART],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 2
    assert done.stderr == "error: standard output cannot be read or written (No space left on device)\n"


def test_saved_results_open(saved: Path) -> None:
    results = open_results(saved)
    assert results.sizes["draw"] == 2000
    assert results.attrs["seed"] == 0


def test_as_a_process_data_go_to_stdout_and_nothing_else_to_a_pipe() -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "run", QUICKSTART, *FEW],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    head = subprocess.run(
        f'"{sys.executable}" -m simulator run "{QUICKSTART}" --draws 2000 --json | head -n 1',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert head.stdout == "{\n"
    assert head.stderr == ""


def test_a_reader_that_goes_between_two_lines_has_seen_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_words: object, **_named: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr("click.echo", gone)
    assert _run(["rare", QUICKSTART, "--set", "reliability.method=expected_value", *FEW, "--exceeds", "cost_total > 1"], debug=False) == 0


def test_a_result_in_place_of_a_config_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.nc"
    assert _run(["run", QUICKSTART, *FEW, "-o", str(file)], debug=False) == 0
    (tmp_path / "run.zarr").mkdir()
    for name in (file, tmp_path / "run.zarr"):
        capsys.readouterr()
        assert _run(["explain", str(name), "--draw", "1"], debug=False) == 2
        told = f"{name}: holds results, and a scenario is asked for. Name the CONFIG that they were made of"
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runn", "x"], "No such command 'runn'. Did you mean run?"),
        (["xyzzy"], "simulator --help lists all."),
        (["reference", "confg"], "Did you mean config, the keys of configs?"),
        (["import", "sacct", "jobs.txt", "-o", "no/r.yaml"], "folder no does not exist. Make it first"),
        (["schema", "-o", "no/s.json"], "folder no does not exist. Make it first"),
        (["examples", "quickstart", "-o", "no/q.yaml"], "folder no does not exist. Make it first"),
        (["init", "q.yaml", "--params", "7\x1b[31mB"], "--params 7\\x1b[31mB: not valid YAML"),
    ],
)
def test_mistyped_words_are_answered_with_the_nearest(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    assert told in capsys.readouterr().err


def test_one_draw_is_told_in_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", QUICKSTART, "--draws", "1") == 0
    told = capsys.readouterr().out
    assert told.count("no mean, sd or standard error") == 1
    assert "asked 0.5, one draw has none." in told
