"""Time how long a new Python process takes to import the package, to answer ``--help`` and to its first result.

Every command runs once unmeasured (bytecode, disk cache, compiled kernels), then in alternating rounds; a ratio is
taken of the least times, which other jobs on the machine disturb least, and of the medians.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from simulator.bench.machine import describe, machine_lines
from simulator.bench.repeats import rounds

_ROOT = Path(__file__).resolve().parent.parent


def _simulator(*words: str) -> list[str]:
    script = Path(sys.executable).with_name("simulator")
    return [str(script), *words] if script.exists() else [sys.executable, "-m", "simulator", *words]


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


COMMANDS = {
    "import numpy": _python("import numpy"),
    "import numba, xarray": _python("import numba, xarray"),
    "import simulator": _python("import simulator"),
    "from simulator import simulate": _python("from simulator import simulate"),
    "simulator --help": _simulator("--help"),
    "simulator run, 100 000 draws": _simulator("run", "configs/quickstart.yaml", "--draws", "100000"),
}
#: (measured, against)
PAIRS = (
    ("import simulator", "import numba, xarray"),
    ("from simulator import simulate", "import numba, xarray"),
    ("simulator --help", "import numpy"),
    ("simulator run, 100 000 draws", "import numba, xarray"),
)


@dataclass(frozen=True)
class Ratio:
    """Of the least and of the median times of two commands."""

    measured: str
    against: str
    of_least: float
    of_medians: float


@dataclass(frozen=True)
class Result:
    """Times in ms of every command that works, and why the others do not."""

    rounds: int
    least: dict[str, float]
    medians: dict[str, float]
    ratios: list[Ratio]
    failed: dict[str, str]
    machine: dict[str, str | int]


def start(command: list[str]) -> float:
    """Return the wall-clock time of one process [ms]; RuntimeError where it fails."""
    before = time.perf_counter_ns()
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    elapsed = (time.perf_counter_ns() - before) / 1e6
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["nothing on stderr"]
        raise RuntimeError(f"exit status {done.returncode}: {told[-1]}")
    return elapsed


def measure(repeats: int) -> Result:
    """Time every command ``repeats`` times."""
    failed: dict[str, str] = {}
    for name, command in COMMANDS.items():
        try:
            start(command)
        except RuntimeError as error:
            failed[name] = str(error)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS if name not in failed}
    for name in rounds(times, repeats):
        times[name].append(start(COMMANDS[name]))
    least = {name: min(values) for name, values in times.items()}
    medians = {name: median(values) for name, values in times.items()}
    ratios = [Ratio(a, b, least[a] / least[b], medians[a] / medians[b]) for a, b in PAIRS if a in times and b in times]
    return Result(repeats, least, medians, ratios, failed, describe())


def report(result: Result) -> list[str]:
    """Return the result in lines."""
    lines = [f"{result.rounds} rounds of new processes", f"{'ms':34}{'least':>8}{'median':>8}"]
    lines += [f"{name:34}{result.least[name]:8.1f}{result.medians[name]:8.1f}" for name in result.least]
    lines += [f"{name:34}not measured: {why}" for name, why in result.failed.items()]
    lines += [f"ratio     {r.measured} / {r.against} = {r.of_least:.2f} (of medians {r.of_medians:.2f})" for r in result.ratios]
    return [*lines, *machine_lines(result.machine)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="rounds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = measure(options.repeats)
    print(json.dumps(asdict(result), indent=2) if options.json else "\n".join(report(result)))
    if result.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
