"""Time the static kernel and its ledger on a GPU against all threads of the processor, in one run: ``python -m benchmarks cuda``.

Both make the same draws, and must agree to rounding before any time is told. ``kernel`` is the GPU's work alone; ``with results``
is what ``simulator.simulate`` waits for: memory, tables there, draws back.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Spread
from simulator import SamplingPlan, load_scenario
from simulator.arguments import KernelArguments, compile_arguments
from simulator.bench.machine import describe, machine_lines
from simulator.cuda.device import why_not
from simulator.engine import run_kernel
from simulator.scenario import resolve

CONFIGS = ("quickstart", "full-anatomy")
EXPECTED = ["reliability.method=expected_value"]
_ROOT = Path(__file__).resolve().parent.parent
_COMPARED = 100_000  # draws
#: of the difference of a draw on the two sides, divided by its value, or by the output's median where that is larger
TOLERANCE = 1e-12

Arrays = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Result:
    """Draws per second of one config: least, median and greatest over rounds."""

    config: str
    draws: int
    rounds: int
    rows: int
    largest_difference: float
    kernel: Spread
    with_results: Spread
    processor: Spread


def differences(ours: Arrays, theirs: Arrays) -> dict[str, float]:
    """Return the largest difference of each array, divided by the value or, where it is larger, by the array's median; NaN is one."""
    found = {}
    for name, a in ours.items():
        b = theirs[name]
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        if same.all():
            found[name] = 0.0
            continue
        scale = np.maximum(np.abs(a), np.nanmedian(np.abs(a)))[~same]
        with np.errstate(invalid="ignore"):
            found[name] = float(np.nan_to_num(np.abs(a - b)[~same] / scale, nan=np.inf).max())
    return found


def disagreements(ours: Arrays, theirs: Arrays) -> list[str]:
    """Return what differs by more than rounding."""
    return [f"{name}: {found:.2g} exceeds {TOLERANCE:.0e}" for name, found in differences(ours, theirs).items() if not found <= TOLERANCE]


def arguments_of(config: str, plan: SamplingPlan) -> KernelArguments:
    """Return a config as kernels read it, its run in expectations."""
    return compile_arguments(resolve(load_scenario(_ROOT / "configs" / f"{config}.yaml", overrides=EXPECTED)), plan)


def draws_per_second(draws: int, work: Callable[[], object]) -> float:
    """Return how many draws a second are made by what makes so many."""
    began = time.perf_counter()
    work()
    return draws / (time.perf_counter() - began)


def measure(config: str, draws: int, repeats: int) -> Result:
    """Compare and time one config; SystemExit where the two sides do not agree."""
    from numba import cuda  # noqa: PLC0415 - only where there is a GPU

    from simulator.cuda.run import Device, chunks, run_on_device  # noqa: PLC0415 - imports numba-cuda

    plan = SamplingPlan(draws=draws)
    arguments = arguments_of(config, plan)
    compared = min(draws, _COMPARED)
    largest = 0.0
    for ours, theirs in zip(run_kernel(arguments, plan, 0, compared, None), run_on_device(arguments, 0, compared, None), strict=True):
        wrong = disagreements(ours, theirs)
        if wrong:
            raise SystemExit(f"No time is told: the GPU does not compute what the processor does in {config}.\n" + "\n".join(wrong))
        largest = max(largest, *differences(ours, theirs).values())
    device = Device(arguments, draws)

    def kernel() -> None:
        for low, high in chunks(0, draws):
            device.play(low, high)
        cuda.synchronize()

    ways: dict[str, Callable[[], object]] = {
        "kernel": kernel,
        "with_results": partial(run_on_device, arguments, 0, draws, None),
        "processor": partial(run_kernel, arguments, plan, 0, draws, None),
    }
    for work in ways.values():
        work()
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats):
        for name in list(ways) if repeat % 2 == 0 else reversed(ways):
            rates[name].append(draws_per_second(draws, ways[name]))
    spreads = {name: Spread.of(values) for name, values in rates.items()}
    return Result(config, draws, repeats, len(arguments.drawn) + len(device.kept), largest, **spreads)


def report(result: Result) -> list[str]:
    """Return a result in lines."""

    def shown(spread: Spread) -> str:
        return f"{spread.median / 1e6:10.3g} ({spread.least / 1e6:.3g} to {spread.greatest / 1e6:.3g})"

    return [
        f"{result.config}: {result.draws} draws of {result.rows} numbers, {result.rounds} rounds; largest difference "
        f"{result.largest_difference:.1e}",
        f"  million draws/s   kernel       {shown(result.kernel)}",
        f"                    with results {shown(result.with_results)}",
        f"                    processor    {shown(result.processor)}",
        f"  ratio             kernel {result.kernel.median / result.processor.median:.3g}, "
        f"with results {result.with_results.median / result.processor.median:.3g}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks cuda", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=2**20, help="in each repetition")
    parser.add_argument("--repeats", type=int, default=7, help="rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    options = parser.parse_args()
    reason = why_not()
    if reason is not None:
        print(f"not measured: no GPU that numba-cuda can use ({reason})")
        return
    from numba import cuda  # noqa: PLC0415 - only where there is a GPU

    results = []
    for config in CONFIGS:
        results.append(measure(config, options.draws, options.repeats))
        print("\n".join(report(results[-1])), flush=True)
    name = cuda.get_current_device().name
    about = {"gpu": name.decode() if isinstance(name, bytes) else name, **describe(), "numba-cuda": version("numba-cuda")}
    print("\n".join([f"gpu       {about['gpu']}", *machine_lines({k: v for k, v in about.items() if k != "gpu"})]))
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "configs": [asdict(result) for result in results]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
