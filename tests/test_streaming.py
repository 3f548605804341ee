"""Is a run that is written block by block the run itself, whatever interrupts it?"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from streaming import RUN, SCENARIO, differing, everything, flipped

import simulator.results.folder_writer
import simulator.results.identity
from simulator import SamplingPlan, open_results, parse_scenario, save_results, simulate, simulate_bands, stream_draws, verify_results
from simulator.analysis.counted import stored
from simulator.analysis.counted.stored import count_stored
from simulator.cli import _run
from simulator.engine import Draws
from simulator.errors import InputError
from simulator.results import claimed
from simulator.results.identity import machinery
from simulator.results.manifest import MANIFEST
from simulator.results.writer import RunWriter
from simulator.scenario import resolve
from simulator.streaming import machine_of

LENGTH = 4096  # draws in a block, here
PLAN = SamplingPlan(draws=2 * LENGTH + 100)

PHASES = """\
name: phases
workload:
  params: 7e9
  mfu: 0.30 to 0.45
  phases:
    - {name: first, tokens: 1T to 2T tokens, accelerators: 512}
    - {name: last, tokens: 0.1T to 0.2T tokens, accelerators: 256, mfu: 0.25}
hardware: {accelerator: H100 SXM}
reliability: {failure_rate_host: 2 to 6, checkpoint_interval: 2 h}
emissions: {carbon_intensity: 400 gCO2e/kWh}
compute: {basis: own, accelerator_price: 30000}
correlations: [[mfu, power_fraction, 0.5]]
"""
HOURS = """\
name: device-hours
workload: {device_hours: 1e5 to 2e5}
hardware: {accelerator: H100 SXM, accelerators: 1000}
emissions: {carbon_intensity: 400 gCO2e/kWh}
compute: {basis: rent, rental_price: 2 to 3}
correlations: [[device_hours, power_fraction, 0.5]]
"""
REPLAYED = """\
name: replayed
workload: {params: 7e9, tokens: 0.02T tokens, mfu: 0.30 to 0.45}
hardware: {accelerator: H100 SXM, accelerators: 256}
grid: {price_history: history.csv, carbon_history: history.csv}
compute: {basis: own, accelerator_price: 30000}
"""


@pytest.fixture(autouse=True)
def small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write small blocks, and do not wait for the disk: no test pulls the plug."""
    monkeypatch.setattr("simulator.results.store._BLOCK", 1)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that nothing interrupted."""
    target = tmp_path_factory.mktemp("whole") / "run.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.results.store._BLOCK", 1)
        assert stream_draws(SCENARIO, PLAN, target)
    return target


def history(folder: Path) -> None:
    hours = np.datetime_as_string(np.datetime64("2025-01-01T00") + np.arange(2000), unit="s")
    rows = [f"{hour}Z,{50 + k % 24},{300 + k % 7}" for k, hour in enumerate(hours)]
    (folder / "history.csv").write_text("\n".join(["timestamp_utc,price_usd_per_mwh,ci_gco2e_per_kwh", *rows]) + "\n")


@pytest.mark.parametrize(
    ("text", "plan"),
    [(RUN, PLAN), (RUN, SamplingPlan(draws=LENGTH + 16, plan="sobol")), (PHASES, PLAN), (HOURS, PLAN), (REPLAYED, PLAN)],
    ids=["random", "sobol", "phases", "device hours", "replayed"],
)
def test_what_is_written_by_blocks_is_what_is_simulated(
    text: str, plan: SamplingPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(tmp_path)
    monkeypatch.setattr("simulator.results.labelled.RANKED", LENGTH + 10)  # fewer than there are
    scenario = parse_scenario(text, base=tmp_path)
    results = simulate(scenario, plan)
    assert stream_draws(scenario, plan, tmp_path / "a.zarr")
    xr.testing.assert_identical(open_results(tmp_path / "a.zarr"), results)
    save_results(results, tmp_path / "b.zarr")
    assert differing(tmp_path / "a.zarr", tmp_path / "b.zarr") == [MANIFEST]
    save_results(results, tmp_path / "a.nc")
    xr.testing.assert_identical(open_results(tmp_path / "a.nc"), results)
    with xr.open_zarr(tmp_path / "a.zarr") as lazy:
        assert lazy.attrs == results.attrs
        assert lazy.cost_total.units == "USD"
    if text != REPLAYED:
        assert json.loads(results.attrs["correlations"])[0]["achieved"] == pytest.approx(0.5, abs=0.05)
    else:
        assert json.loads(results.attrs["grid"])["replay"]["replayed"]


def test_correlations_of_many_draws_are_those_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.results.labelled.RANKED", 500)
    first, more = (simulate(SCENARIO, SamplingPlan(draws=draws)).attrs["correlations"] for draws in (500, 900))
    assert first == more


class Killed(BaseException):
    """As the end of a process that is killed: nothing is told, nothing is tidied up."""


def kill_at(number: int, patch: pytest.MonkeyPatch) -> list[str]:
    """Kill a run at one of the steps that leave a trace on the disk, half done; returns the steps that were reached."""
    steps: list[str] = []
    write_block, append, replace = simulator.results.folder_writer.write_block, simulator.results.folder_writer.append, Path.replace

    def reached(what: str) -> bool:
        steps.append(what)
        return len(steps) == number

    def write(folder: Path, block: xr.Dataset, *where: int) -> dict[str, str]:
        files = write_block(folder, block, *where)
        if reached("block"):  # with a file that was not finished
            (folder / "cost_total" / "1.deadbeef.partial").write_bytes(b"half")
            raise Killed
        return files

    def add(folder: Path, record: dict[str, Any], before: str) -> str:
        chain = append(folder, record, before)
        if reached("line"):
            text = (folder / MANIFEST).read_bytes()
            (folder / MANIFEST).write_bytes(text[:-40])
            raise Killed
        return chain

    def move(self: Path, to: Path) -> Path:
        chunk = self.suffix == ".partial" and self.is_file()  # of Zarr's own
        if not chunk and reached("move"):
            raise Killed
        return replace(self, to)

    patch.setattr(simulator.results.folder_writer, "write_block", write)
    patch.setattr(simulator.results.folder_writer, "append", add)
    patch.setattr(Path, "replace", move)
    patch.setattr(RunWriter, "leave", lambda self: None)
    return steps


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that a run left which was killed after two blocks."""
    target = tmp_path_factory.mktemp("killed") / "run.zarr"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.results.store._BLOCK", 1)
        kill_at(7, patch)
        with pytest.raises(Killed):
            stream_draws(SCENARIO, PLAN, target)
    return target.with_name("run.zarr.partial")


@pytest.fixture
def partial(killed: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder."""
    return Path(shutil.copytree(killed, tmp_path / "run.zarr.partial"))


def test_a_run_that_is_killed_anywhere_ends_as_if_it_had_not_been(whole: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        steps = kill_at(0, patch)
        stream_draws(SCENARIO, PLAN, tmp_path / "dry.zarr")
    assert steps[:8] == ["move", "move", "block", "line", "block", "line", "block", "line"]
    for number in (2, 3, 6, len(steps) - 1, len(steps), len(steps) + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        target = folder / "run.zarr"
        if number > len(steps) - 2:  # killed between the two moves that put a new result in the place of an older one
            shutil.copytree(tmp_path / "dry.zarr", target)
        with pytest.MonkeyPatch.context() as patch:
            kill_at(number, patch)
            with pytest.raises(Killed):
                stream_draws(SCENARIO, PLAN, target)
        assert stream_draws(SCENARIO, PLAN, target, resume=True)
        assert differing(target, whole) == [], number
        assert list(folder.iterdir()) == [target]


def test_a_finished_run_is_resumed_by_doing_nothing(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(Draws, "play", None)
    assert not stream_draws(SCENARIO, PLAN, whole, resume=True, note=notes.append)
    assert notes == [f"{whole} is complete already"]


def test_what_is_resumed_and_what_is_computed_again_is_told(whole: Path, partial: Path, tmp_path: Path) -> None:
    target, notes = tmp_path / "run.zarr", []
    assert verify_results(partial) == f"{partial}: 2 of 3 blocks, each whole"
    flipped(partial / "cost_total" / "1", 100)
    with pytest.raises(InputError, match=r"run\.zarr\.partial is damaged: cost_total/1 has changed$"):
        verify_results(partial)
    done: list[int] = []
    stream_draws(SCENARIO, PLAN, target, resume=True, note=notes.append, progress=done.append)
    assert notes == ["1 of 3 blocks are finished. Computed again: block 1: cost_total/1 has changed"]
    assert done[0] > LENGTH
    assert done[-1] == PLAN.draws
    assert differing(target, whole) == []
    stream_draws(SCENARIO, PLAN, tmp_path / "new.zarr", resume=True, note=notes.append)
    assert notes[1:] == [f"there is no interrupted run at {tmp_path / 'new.zarr'}; this one starts anew"]


def test_a_line_of_the_manifest_that_is_damaged_counts_for_nothing(whole: Path, killed: Path, partial: Path, tmp_path: Path) -> None:
    target, notes = tmp_path / "run.zarr", []
    lines = (partial / MANIFEST).read_bytes().splitlines(keepends=True)
    flipped(partial / MANIFEST, len(lines[0]) + 200)
    stream_draws(SCENARIO, PLAN, target, resume=True, note=notes.append)
    assert notes == ["0 of 3 blocks are finished. Computed again: manifest.jsonl, line 2 is damaged"]
    assert differing(target, whole) == []
    other = Path(shutil.copytree(killed, tmp_path / "b.zarr.partial"))
    flipped(other / MANIFEST, 60)
    with pytest.raises(InputError, match=r"manifest\.jsonl, line 1: is damaged"):
        stream_draws(SCENARIO, PLAN, tmp_path / "b.zarr", resume=True)


OTHERS = {
    "scenario": (RUN.replace("0.30 to 0.45", "0.4"), PLAN, "of another run: workload.mfu: 0.30 to 0.45 -> 0.4. Resume"),
    "seed": (RUN, SamplingPlan(draws=PLAN.draws, seed=7), "of another run: seed: 0 -> 7. Resume"),
    "draws": (RUN, SamplingPlan(draws=20_000), f"of another run: draws: {PLAN.draws} -> 20000. Resume"),
    "plan": (RUN, SamplingPlan(draws=16 * 512, plan="sobol"), "plan: random -> sobol; replicates: 1 -> 16. Resume"),
}


@pytest.mark.parametrize("what", [*OTHERS, "version", "processor"])
def test_another_run_is_not_resumed_and_what_differs_is_said(
    what: str, partial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "run.zarr"
    before = everything(tmp_path)
    text, plan, told = OTHERS.get(what, (RUN, PLAN, ""))
    if what == "version":
        monkeypatch.setattr("simulator.results.attributes.version", lambda name: "9.9")
        told = "version: 0.1.0 -> 9.9; versions.numpy: "
    elif what == "processor":
        monkeypatch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "i486")
        told = " -> x86_64 i486. Resume it as it was begun, or delete that folder to start anew"
    for resume, message in (
        (True, told),
        (False, f"{partial} holds 2 of 3 blocks of draws of an interrupted run. Continue it with --resume"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            stream_draws(parse_scenario(text), plan, target, resume=resume)
    assert everything(tmp_path) == before


def test_a_gpu_is_part_of_what_a_run_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (b"NVIDIA H100", "NVIDIA H100"):  # as one driver or another tells it
        monkeypatch.setattr("simulator.cuda.device.require_gpu", lambda: None)
        monkeypatch.setattr("numba.cuda.get_current_device", lambda name=name: SimpleNamespace(name=name))
        assert machine_of(SamplingPlan(device="cuda")) == machinery() | {"gpu": "NVIDIA H100"}


def test_another_result_is_not_taken_for_the_finished_run(tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    stream_draws(SCENARIO, SamplingPlan(draws=100), target)
    with pytest.raises(InputError, match=r"run\.zarr is of another run: draws: 100 -> 8292\. .* leave out --resume to replace it"):
        stream_draws(SCENARIO, PLAN, target, resume=True)
    assert open_results(target).sizes["draw"] == 100
    (tmp_path / "mine.zarr.partial").mkdir()
    (tmp_path / "mine.zarr.partial" / "thesis.tex").write_text("years of work")
    for resume in (True, False):
        with pytest.raises(InputError, match="is not of an interrupted run; it is left as it is"):
            stream_draws(SCENARIO, PLAN, tmp_path / "mine.zarr", resume=resume)


def test_a_finished_run_whose_manifest_is_damaged_is_not_called_complete(whole: Path, tmp_path: Path) -> None:
    target = Path(shutil.copytree(whole, tmp_path / "run.zarr"))
    lines = (target / MANIFEST).read_bytes().splitlines(keepends=True)
    for kept, told in ((lines[:2] + lines[3:], "line 3 is damaged"), (lines[:-1], "holds 3 of 3 blocks, and no end")):
        (target / MANIFEST).write_bytes(b"".join(kept))
        with pytest.raises(InputError, match=rf"run\.zarr is damaged: manifest\.jsonl.* {told}\. Leave out --resume to replace it"):
            stream_draws(SCENARIO, PLAN, target, resume=True)
        with pytest.raises(InputError, match=rf"run\.zarr is damaged: manifest\.jsonl.* {told}$"):
            count_stored(target, SCENARIO)
    save_results(simulate(SCENARIO, PLAN), target)
    with pytest.raises(InputError, match=r"was not written by `run -o DIR\.zarr`, and cannot be resumed\. Leave out --resume"):
        stream_draws(SCENARIO, PLAN, target, resume=True)
    (tmp_path / "b.zarr.partial").write_text("a file")
    for resume in (True, False):
        with pytest.raises(InputError, match=r"b\.zarr\.partial exists and is not of an interrupted run; it is left as it is"):
            stream_draws(SCENARIO, PLAN, tmp_path / "b.zarr", resume=resume)


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link, real, plan = tmp_path / "run.zarr", tmp_path / "disk" / "a.zarr", SamplingPlan(draws=100)
    link.symlink_to(real)
    for seed in (0, 1):  # first where there is nothing yet, then in the place of another
        assert stream_draws(SCENARIO, replace(plan, seed=seed), link)
        assert open_results(real).attrs["seed"] == seed
    save_results(simulate(SCENARIO, plan), link)
    assert open_results(link).attrs["seed"] == 0
    assert link.is_symlink()
    assert [sorted(path.name for path in folder.iterdir()) for folder in (tmp_path, link.parent / "disk")] == [
        ["disk", "run.zarr"],
        ["a.zarr"],
    ]
    with claimed(real), pytest.raises(InputError, match="is being written by process"):
        stream_draws(SCENARIO, plan, link)
    (tmp_path / "other.zarr").symlink_to(tmp_path / "disk" / "b")
    with pytest.raises(InputError, match=r"leads to .*/disk/b, whose name does not end in \.zarr"):
        stream_draws(SCENARIO, plan, tmp_path / "other.zarr")


def test_an_older_result_stays_until_the_new_one_is_complete(partial: Path, tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    older = simulate(SCENARIO, SamplingPlan(draws=100, seed=3))
    save_results(older, target)
    xr.testing.assert_identical(open_results(target), older)
    stream_draws(SCENARIO, PLAN, target, resume=True)
    assert open_results(target).attrs["seed"] == 0
    assert list(tmp_path.iterdir()) == [target]


def test_opening_an_interrupted_run_says_how_to_go_on(partial: Path, tmp_path: Path) -> None:
    told = r"run\.zarr\.partial holds 2 of 3 blocks of draws of an interrupted run\. Continue it with --resume"
    for path in (tmp_path / "run.zarr", partial):
        with pytest.raises(InputError, match=told):
            open_results(path)
    with pytest.raises(InputError, match=r"run\.zarr does not exist; .*run\.zarr\.partial holds 2 of 3 blocks"):
        verify_results(tmp_path / "run.zarr")


def test_blocks_come_in_any_order(whole: Path, tmp_path: Path) -> None:
    resolved = resolve(SCENARIO)
    draws = Draws(resolved, PLAN)
    writer = RunWriter(resolved, PLAN, tmp_path / "run.zarr", draws.drawn, draws.names, machinery())
    writer.begin(resume=False)
    for number in (2, 0, 1):
        with pytest.raises(ValueError, match="missing"):
            writer.finish_run()
        writer.write_draws(number, *draws.play(*writer.range_of(number)))
    writer.finish_run()
    assert differing(tmp_path / "run.zarr", whole) == []


@pytest.mark.parametrize(
    ("where", "error", "what"),
    [
        ("write_block", OSError(errno.ENOSPC, "no more"), "block 2 cannot be written"),
        ("append", OSError(errno.EIO, "no more"), "block 2 cannot be written"),
        ("flush_folders", OSError(errno.EACCES, "no more"), "cannot be completed"),
        ("write_text", InputError("no more"), "cannot be completed"),
    ],
)
def test_a_disk_that_takes_no_more_is_told_and_finished_blocks_stay(
    where: str, error: Exception, what: str, whole: Path, tmp_path: Path
) -> None:
    target, allowed, calls = tmp_path / "run.zarr", {"write_block": 2, "append": 2, "flush_folders": 0, "write_text": 1}[where], []
    usual = getattr(simulator.results.folder_writer, where)

    def full(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > allowed:
            raise error
        return usual(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator.results.folder_writer, where, full)
        told = (
            f"{target}: {what} (no more). {target}.partial holds {2 if 'block' in what else 3} of 3 blocks of draws of an interrupted run"
        )
        with pytest.raises(InputError, match=re.escape(told) + ". Continue it with --resume once they can be written"):
            stream_draws(SCENARIO, PLAN, target)
    assert stream_draws(SCENARIO, PLAN, target, resume=True)
    assert differing(target, whole) == []


def test_a_disk_that_is_full_from_the_first_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(simulator.results.folder_writer, "write_block", full)
    with pytest.raises(InputError, match=r"block 0 cannot be written \(No space left on device\)\. Name another place, or make room"):
        stream_draws(SCENARIO, PLAN, tmp_path / "run.zarr")
    monkeypatch.setattr(simulator.results.folder_writer, "write_skeleton", full)
    with pytest.raises(InputError, match=r"run\.zarr\.partial cannot be written \(No space left on device\)"):
        stream_draws(SCENARIO, PLAN, tmp_path / "run.zarr")
    assert list(tmp_path.iterdir()) == []


# The command


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "streamed.yaml"
    path.write_text(RUN)
    return str(path)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Hear SIGINT, which a shell that starts its commands in the background has them ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interruption_keeps_finished_blocks_and_resume_goes_on(
    interruptible: None, config: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, play, calls = tmp_path / "run.zarr", Draws.play, []
    words = ["run", config, "--draws", str(PLAN.draws), "-o", str(target)]

    def press(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) in (1, 4):
            signal.raise_signal(signal.SIGINT)
        return play(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draws, "play", press)
        assert _run(words, debug=False) == 130
        assert "interrupted after 0 of 8292 draws; nothing was written" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["streamed.yaml"]
        assert _run(words, debug=False) == 130
    told = f"interrupted after 8192 of 8292 draws; {target}.partial holds 2 of 3 blocks of draws of an interrupted run. Continue it with"
    assert told in capsys.readouterr().err
    assert _run(words, debug=False) == 2
    assert "Continue it with --resume, or delete that folder to start anew" in capsys.readouterr().err
    assert _run([*words, "--resume", "--json"], debug=False) == 0
    out, err = capsys.readouterr()
    assert err == f"note: 2 of 3 blocks are finished\nsaved 8292 draws to {target}\n"
    assert differing(target, whole) == []
    assert _run([*words, "--resume", "--json"], debug=False) == 0
    assert capsys.readouterr() == (out, f"note: {target} is complete already\n")
    assert _run(["run", config, "--draws", "8292", "--json"], debug=False) == 0
    assert capsys.readouterr().out == out
    assert _run(["verify", str(target)], debug=False) == 0


@pytest.mark.parametrize(
    "words",
    [[], ["-o", "run.nc"], ["-o", "run.zarr", "--summary"], ["-o", "run.zarr", "--until", "cost_total p50 ± 5%"]],
    ids=lambda w: w[-1:],
)
def test_what_is_not_written_as_it_is_made_cannot_be_resumed(
    words: list[str], config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(["run", config, "--resume", *words], debug=False) == 2
    assert "--resume continues a run whose draws are written as they are made: -o DIR.zarr" in capsys.readouterr().err


def test_correlations_that_the_folder_tells_are_told_where_draws_are_counted_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulator.results.unread.IN_MEMORY", 0)
    target = tmp_path / "run.zarr"
    assert _run(["run", "configs/quickstart.yaml", "--draws", "5000", "-o", str(target)], debug=False) == 0
    achieved = json.loads(open_results(target).attrs["correlations"])[0]["achieved"]
    out = capsys.readouterr().out
    assert f"Rank correlation of mfu and power_fraction: asked 0.5, achieved {achieved:.3f}." in out
    assert "not known" not in out


def test_draws_that_memory_should_not_hold_are_counted_on_the_disk(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target, draws = str(tmp_path / "run.zarr"), ["--draws", str(PLAN.draws), "--set", "limits.budget=300k USD"]
    limit = ["--fail-above", "cost_total p81 > 1"]
    assert _run(["run", config, *draws, "--summary", *limit], debug=False) == 3
    counted = capsys.readouterr().out
    monkeypatch.setattr("simulator.results.unread.IN_MEMORY", 0)
    for words in (["run", config, *draws, "-o", target], ["summarize", target]):
        assert _run([*words, *limit], debug=False) == 3
        told = re.sub(r"(?m)(^Rank correlation .*), achieved 0\.\d+\.$", r"\1.", capsys.readouterr().out)
        unknown = ", and achieved rank correlations are not known"
        assert told == counted.replace("No draw was kept", "Draws were counted").replace(unknown, "")
    scenario = parse_scenario(RUN)
    save_results(simulate(scenario, PLAN), tmp_path / "b.zarr")
    back = stored.count_stored(tmp_path / "b.zarr")
    assert back.attrs.pop("correlations") == open_results(tmp_path / "b.zarr").attrs["correlations"]
    counted_once = simulate_bands(scenario, PLAN)
    del counted_once.attrs["correlations"]  # achieved ones take the ranks of all draws
    xr.testing.assert_identical(back, counted_once)
    flipped(tmp_path / "b.zarr" / "goodput" / "1", 100)
    assert _run(["summarize", str(tmp_path / "b.zarr")], debug=False) == 2
    assert "b.zarr is damaged: goodput/1 has changed" in capsys.readouterr().err
