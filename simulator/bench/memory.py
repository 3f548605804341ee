"""The peak memory of a process that plays a workload and nothing else: ``python -m simulator.bench.memory NAME DRAWS``."""

from __future__ import annotations

import json
import math
import subprocess
import sys

from simulator.bench.machine import peak_memory
from simulator.bench.workloads import prepare
from simulator.errors import SimulatorError


def peak_of(name: str, draws: int) -> float | None:
    """Return the largest resident memory of a new process that plays a workload [MiB]; None where the system does not tell.

    Raises
    ------
    SimulatorError
        Where the process fails.
    """
    command = [sys.executable, "-m", "simulator.bench.memory", name, str(draws)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise SimulatorError(f"the process that measures the memory of the {name} workload failed: {told[-1]}")
    found: float | None = json.loads(done.stdout)
    return found


def main(name: str, draws: str) -> None:
    """Play a workload once and print the peak."""
    prepare(name, int(draws))
    peak = peak_memory()
    print(json.dumps(None if math.isnan(peak) else peak))


if __name__ == "__main__":
    main(*sys.argv[1:])
