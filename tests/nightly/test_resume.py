"""A run that is killed at a hundred random moments, and one of 1e7 draws at five: each ends as if it had not been. 20 minutes, 8 GB.

The second prints how long it took and how large it is.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from streaming import differing, flipped

from simulator.cli import _run

QUICKSTART = str(Path(__file__).parents[2] / "configs" / "quickstart.yaml")
#: a run whose blocks have the fewest draws that they can
SMALL = "import sys, simulator.results.store as store; store._BLOCK = 1; from simulator.cli import main; main(sys.argv[1:])"
USUAL = "import sys; from simulator.cli import main; main(sys.argv[1:])"


def command(program: str, draws: int, target: Path) -> list[str]:
    return [sys.executable, "-c", program, "run", QUICKSTART, "--draws", str(draws), "-o", str(target), "--resume", "--json"]


def lines(target: Path) -> int:
    """Return how many lines the manifest of an unfinished run has: one, and one for each block."""
    try:
        return (target.with_name(f"{target.name}.partial") / "manifest.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def killed(words: list[str], target: Path, blocks: int) -> bool:
    """Run a command and kill it a moment after it has written so many blocks more; returns whether it was alive then."""
    before = max(lines(target), 1)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and lines(target) < before + blocks:
        time.sleep(0.005)
    try:
        process.wait(random.uniform(0.0, 0.3))
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() != 0


def test_a_hundred_kills(tmp_path: Path) -> None:
    random.seed(20261127)
    whole, kills, runs = tmp_path / "whole.zarr", 0, 0
    subprocess.run(command(SMALL, 60_000, whole), check=True, capture_output=True)
    while kills < 100:
        target = tmp_path / "run.zarr"
        while killed(command(SMALL, 60_000, target), target, random.randint(0, 8)):  # of fifteen
            kills += 1
        runs += 1
        assert differing(target, whole) == [], f"after {kills} kills"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["run.zarr", "whole.zarr"]
        shutil.rmtree(target)
    print(f"{kills} kills of {runs} runs")


def test_ten_million_draws_killed_five_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(5)
    draws, times = 10_000_000, {}
    whole, target = tmp_path / "whole.zarr", tmp_path / "run.zarr"
    began = time.monotonic()
    subprocess.run(command(USUAL, draws, whole), check=True, capture_output=True)
    times["uninterrupted"] = time.monotonic() - began
    began, kills = time.monotonic(), 0
    while kills < 5:
        assert killed(command(USUAL, draws, target), target, random.randint(5, 28))  # of 153
        kills += 1
    subprocess.run(command(USUAL, draws, target), check=True, capture_output=True)
    times["killed five times"] = time.monotonic() - began
    assert subprocess.run(["diff", "-r", whole, target], check=False, capture_output=True).returncode == 0
    began = time.monotonic()
    assert _run(["verify", str(target)], debug=False) == 0
    times["verify"] = time.monotonic() - began
    size = sum(path.stat().st_size for path in target.rglob("*"))
    capsys.readouterr()
    files = sorted(path for path in target.rglob("*") if path.is_file())
    one = random.choice(files)
    flipped(one, random.randrange(one.stat().st_size))
    assert _run(["verify", str(target)], debug=False) == 2
    assert one.relative_to(target).as_posix() in capsys.readouterr().err
    with capsys.disabled():
        print("\n" + ", ".join(f"{what} {seconds:.0f} s" for what, seconds in times.items()) + f"; {size / 1e9:.2f} GB")
