"""What a measurement depends on beside the code: machine, versions, memory."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

#: what :func:`describe` tells of the machine; the rest are versions
_MACHINE = ("cpu", "cores", "vector_bits", "system")


def cpu_name() -> str:
    """Return the processor's name as the system tells it."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def vector_bits() -> int:
    """Return the widest vectors of float64 that kernels ask LLVM for here [bit], though it may prefer narrower ones."""
    from llvmlite.binding import get_host_cpu_features  # noqa: PLC0415 - a peer's process must not load what its users do not

    features = get_host_cpu_features()
    widest = next((bits for feature, bits in (("avx512f", 512), ("avx2", 256), ("avx", 256)) if features.get(feature)), 128)
    return min(widest, int(os.environ.get("SIMULATOR_VECTOR_BITS", widest)))


def describe() -> dict[str, str | int]:
    """Return machine and versions as one flat mapping."""
    found = {name: version(name) for name in ("numpy", "scipy", "numba", "xarray", "training-risk-simulator")}
    machine: dict[str, str | int] = {"cpu": cpu_name(), "cores": cores(), "vector_bits": vector_bits(), "system": platform.platform()}
    return {**machine, "python": platform.python_version(), **found}


def peak_memory() -> float:
    """Return the largest resident memory of this process so far [MiB]; NaN where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells begins with the parent's
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes on macOS, KiB elsewhere


def machine_lines(about: Mapping[str, str | int]) -> list[str]:
    """Return what :func:`describe` found, in words."""
    versions = {name: value for name, value in about.items() if name not in _MACHINE}
    return [
        f"machine   {about['cpu']}, {about['cores']} cores, {about['vector_bits']}-bit vectors, {about['system']}",
        "versions  " + ", ".join(f"{name} {value}" for name, value in versions.items()),
    ]
