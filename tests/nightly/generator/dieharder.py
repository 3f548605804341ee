"""Debian's dieharder (``apt-get install dieharder``) on an order's words, by a pipe.

Brown, R. G., Eddelbuettel, D., Bauer, D. dieharder 3.31.1. https://webhome.phy.duke.edu/~rgb/General/dieharder.php
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache

from nightly.generator.judgement import two_sided
from nightly.generator.streams import Words

#: Tests that ``dieharder -l`` calls suspect or not to be used: shown, not judged.
_UNRELIABLE = {"diehard_opso", "diehard_oqso", "diehard_dna", "diehard_sums"}
_ONCE = (0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 15, 16, 17, 100, 101, 102, 204, 205, 206, 207, 208, 209)
_BY_NTUPLE = {200: range(1, 13), 201: range(2, 6), 202: range(2, 6), 203: (0, 1, 3, 7)}
#: What is asked of dieharder, one process each: all, or every reliable test as often as among all, but lagged sums, which read nine
#: tenths of all bytes, at four lags of 33.
RUNS = {
    "full": ["-a"],
    "short": [*(f"-d {test}" for test in _ONCE), *(f"-d {test} -n {n}" for test, ntuples in _BY_NTUPLE.items() for n in ntuples)],
}


@cache
def version() -> str:
    """Return the name and version of the program that is installed; without it, nothing goes on."""
    try:
        text = subprocess.run(["dieharder", "-l"], capture_output=True, check=True, text=True).stdout
    except FileNotFoundError:
        sys.exit("dieharder is not installed; on Debian: apt-get install dieharder")
    return " ".join(re.findall(r"dieharder version [\w.]+", text))


def run(blocks: Iterator[Words], options: str, tell: Callable[[str, int], None]) -> int:
    """Run dieharder; return how many bytes it was given.

    Parameters
    ----------
    blocks : iterator of ndarray
        Without end.
    options : str
        Which tests: ``-a`` for all, ``-d 200 -n 8`` for one.
    tell : callable
        Given each line of a result as it is printed, and how many bytes had been read.
    """
    written = 0
    with subprocess.Popen(["dieharder", "-g", "200", *options.split()], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        pipe, printed = process.stdin, process.stdout
        assert pipe is not None
        assert printed is not None

        def listen() -> None:
            for line in printed:
                if (text := line.decode()).count("|") == 5 and "test_name" not in text:
                    tell(text.rstrip(), written)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            for block in blocks:
                pipe.write(block.data)
                written += block.nbytes
        except BrokenPipeError:  # it has had enough
            pass
        listener.join()
    if process.returncode != 0:
        raise RuntimeError(f"dieharder {options} ended with code {process.returncode} after {written} bytes")
    return written


def judged(lines: list[str]) -> dict[str, float]:
    """Return the two-sided p-value of each reliable test in dieharder's table, by its name, ntuple and line."""
    found: dict[str, float] = {}
    for number, line in enumerate(lines, 1):
        name, ntuple, _, _, p, _ = (cell.strip() for cell in line.split("|"))
        if name not in _UNRELIABLE:
            found[f"{name} {ntuple}, line {number}"] = two_sided(float(p), 1.0 - float(p))
    return found
