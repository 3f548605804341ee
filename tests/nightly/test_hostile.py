"""Each case of the corpus in a process of its own: at most three times the time of a valid `validate`, and half a gigabyte. Ten minutes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile.corpus import Case, cases, faults, names_in

CASES = list(cases())
MOST_MEMORY = 500_000_000  # bytes, resident at most
ADDRESSES = 8 * 2**30  # of libraries, threads and the interpreter, which are not resident
SLOWER = 3.0
ROOT = Path(__file__).parent.parent.parent


def played(words: list[str], folder: Path) -> tuple[int, str, str, float, int]:
    """Return exit code, both streams, processor time [s] and peak memory [bytes] of a command in a fresh process."""
    environment = {**os.environ, "TMPDIR": str(folder.parent / "scratch"), "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "simulator", *words]
    with (folder.parent / "out").open("w+b") as out, (folder.parent / "err").open("w+b") as err:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES)),  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", errors="replace"))
    return process.returncode, texts[0], texts[1], used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss


def validated(folder: Path) -> float:
    """Return the processor time of a valid `validate` [s]."""
    code, _, _, used, _ = played(["validate", str(ROOT / "configs" / "quickstart.yaml")], folder)
    assert code == 0
    return used


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> float:
    """The least of five."""
    folder = tmp_path_factory.mktemp("valid") / "folder"
    folder.mkdir()
    (folder.parent / "scratch").mkdir()
    return min(validated(folder) for _ in range(5))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_refused_quickly_and_in_little_memory(case: Case, tmp_path: Path, valid: float) -> None:
    folder, scratch = tmp_path / "folder", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    case.lay(folder)
    before, began = names_in(folder), time.monotonic()
    code, out, err, used, memory = played(case.words, folder)
    assert faults(case, code, out, err) == []
    assert names_in(folder) == before
    assert list(scratch.iterdir()) == []
    assert memory < MOST_MEMORY
    slower = used / valid
    for _ in range(3):  # others may have been at work: once more, one after the other
        if slower > SLOWER:
            slower = min(slower, played(case.words, folder)[3] / validated(folder))
    assert slower <= SLOWER, f"{used:.2f} s, {time.monotonic() - began:.1f} s by the clock; a valid validate takes {valid:.2f} s"
