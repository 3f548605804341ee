"""What would not fit memory or disk is refused before any work, with the number of draws that would."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import simulator.engine
from simulator import SamplingPlan, load_scenario, room, simulate
from simulator.cli import _run
from simulator.engine import COPIES, numbers_of
from simulator.errors import InputError
from simulator.room import draws_that_fit, free_memory, require_disk, require_memory
from simulator.scenario import resolve

QUICKSTART = str(Path(__file__).parent.parent / "configs" / "quickstart.yaml")
LIMITED = """
import resource
from simulator.room import free_memory
resource.setrlimit(resource.RLIMIT_AS, (LIMIT := 3 * 2**30, LIMIT))
print(free_memory())
"""


def stated(error: str) -> int:
    """Return the number of draws that a refusal says would fit."""
    [count] = re.findall(r"--draws (\d+) or fewer", error)
    return int(count)


def test_the_number_that_is_told_fits_and_a_tenth_more_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free_memory", lambda: 10**9)
    with pytest.raises(
        InputError, match=r"1 000 000 000 draws of 100 numbers each take 1\.2 TB of memory, and 1 GB are free here"
    ) as caught:
        require_memory(10**9, 100, 1.5, way_out="leave some out")
    assert str(caught.value).endswith("or fewer, or leave some out")
    fits = stated(str(caught.value))
    require_memory(fits, 100, 1.5)
    assert 8 * 100 * 1.5 * fits <= 10**9
    with pytest.raises(InputError):
        require_memory(int(1.11 * fits), 100, 1.5)


def test_a_limit_of_address_space_is_heard() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 3 * 2**30 < free_memory()


def test_a_control_group_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(room, "_GROUP", tmp_path)
    assert free_memory() > 1_000_000
    for name, text in (
        ("memory.max", "5000000"),
        ("memory.current", "4500000"),
        ("memory.stat", "anon 7\ninactive_file 400000\nactive_file 0"),
    ):
        (tmp_path / name).write_text(f"{text}\n", encoding="ascii")
    assert free_memory() == 900_000
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert free_memory() > 1_000_000


@pytest.mark.parametrize("version", [1, 2])
def test_the_group_that_a_job_scheduler_made_is_heard_and_those_above(
    version: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(room, "_GROUP", tmp_path)
    monkeypatch.setattr(room, "_OWN_GROUPS", tmp_path / "own")
    line, root = {1: ("5:cpu,memory:/slurm/job_7/step_0", tmp_path / "memory"), 2: ("0::/slurm/job_7/step_0", tmp_path)}[version]
    (tmp_path / "own").write_text(f"9:pids:/\n{line}\n")
    names = {1: ("memory.limit_in_bytes", "memory.usage_in_bytes"), 2: ("memory.max", "memory.current")}[version]
    for folder, limit, taken in (("slurm", 9_000_000, 1_000_000), ("slurm/job_7", 3_000_000, 1_000_000), ("slurm/job_7/step_0", None, 0)):
        (root / folder).mkdir(parents=True)
        for name, value in zip(names, (limit, taken), strict=True):
            (root / folder / name).write_text(f"{'max' if value is None else value}\n")
    assert free_memory() == 2_000_000
    (root / "slurm" / "job_7" / "memory.stat").write_text("inactive_file 500000\n")
    assert free_memory() == 2_500_000
    (tmp_path / "own").write_text("0::/../../elsewhere\n")
    assert free_memory() > 9_000_000


def test_a_disk_without_room_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    with pytest.raises(InputError, match=r"a\.zarr: 100 000 draws of 100 numbers each take 80 MB, and 1 MB are free on its disk") as caught:
        require_disk(tmp_path / "a.zarr", 100_000, 100)
    require_disk(tmp_path / "a.zarr", stated(str(caught.value)), 100)


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "-o", "a.nc"],
        ["risk", "--budget", "1M"],
        ["compare", "--set", "mfu=0.4"],
        ["sensitivity"],
        ["stress", "--worst", "5%"],
    ],
    ids=" ".join,
)
def test_verbs_refuse_before_anything_is_drawn(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn(*_: object, **__: object) -> None:
        pytest.fail("draws were made")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(room, "free_memory", lambda: 10**8)
    monkeypatch.setattr(simulator.engine.KernelArguments, "run", drawn)
    assert _run([words[0], QUICKSTART, *words[1:], "--draws", "5000000"], debug=False) == 2
    told = capsys.readouterr().err
    assert "free here" in told
    assert 10_000 < stated(told) < 1_000_000
    assert list(tmp_path.iterdir()) == []


def test_what_a_draw_takes_is_not_underestimated() -> None:
    scenario = load_scenario(QUICKSTART)
    results = simulate(scenario, SamplingPlan(draws=1000))
    held = sum(array.nbytes for array in results.data_vars.values() if "draw" in array.dims) / 1000
    assert held <= 8 * numbers_of(resolve(scenario)) <= 2 * held
    assert draws_that_fit(numbers_of(resolve(scenario)), COPIES) > 1000
