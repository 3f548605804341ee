"""Time the static kernel on one thread against numpy's own samplers on the same model.

Both fill the same arrays (16 drawn inputs, 13 outputs, allocated once) and must agree on every
input and output within Monte Carlo error before any time is told. Rounds alternate between them, so
that a busy machine slows both; the ratio is taken within each round.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

import numba
import numpy as np
from machine import describe, peak_memory, print_machine
from numpy.typing import NDArray
from numpy_peer import PEERS, run
from scipy.stats import norm, spearmanr
from sixteen_inputs import PAIR, SPEARMAN, scenario

from simulator import SamplingPlan, simulate
from simulator.engine import compile_arguments
from simulator.kernels.static import OUTPUTS
from simulator.scenario import resolve

_CHUNKS = (4096, 16_384, 65_536)
_PROBABILITIES = (0.05, 0.5, 0.95)
_FALSE_ALARM = 1e-6  # of a whole comparison

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]


def disagreements(ours: Columns, theirs: Columns) -> list[str]:
    """Return what differs by more than Monte Carlo error: means, quantiles, the pair's rank correlation."""
    checks = [*((name, "mean") for name in ours), *((name, f"P{100 * p:g}") for name in ours for p in _PROBABILITIES)]
    limit = float(norm.isf(_FALSE_ALARM / 2 / (len(checks) + 1)))
    z: dict[str, float] = {}
    for name, a in ours.items():
        b = theirs[name]
        n = len(a)
        z[f"mean of {name}"] = float((a.mean() - b.mean()) / math.sqrt((a.var() + b.var()) / n))
        for p, cut in zip(_PROBABILITIES, np.quantile(np.concatenate([a, b]), _PROBABILITIES), strict=True):
            # given the pooled quantile the counts below it are hypergeometric
            below = np.count_nonzero(a <= cut) - np.count_nonzero(b <= cut)
            z[f"P{100 * p:g} of {name}"] = float(below / math.sqrt(2 * n * p * (1 - p)))
    for side in (ours, theirs):
        achieved = spearmanr(side[PAIR[0]], side[PAIR[1]]).statistic
        key = f"Spearman of {' and '.join(PAIR)} in {'the kernel' if side is ours else 'numpy'}"
        z[key] = float((achieved - SPEARMAN) * math.sqrt(len(side[PAIR[0]])))  # 1/sqrt(n) bounds its standard error
    return [f"{key}: off by {value:.1f} standard errors (limit {limit:.1f})" for key, value in z.items() if not abs(value) <= limit]


def clock(function: Callable[[], None], draws: int) -> tuple[float, float]:
    """Return wall-clock and processor time [ns per draw]."""
    wall, processor = time.perf_counter_ns(), time.process_time_ns()
    function()
    return (time.perf_counter_ns() - wall) / draws, (time.process_time_ns() - processor) / draws


def measure(draws: int, repeats: int) -> dict[str, object]:
    """Run the comparison; SystemExit where the two sides disagree."""
    numba.set_num_threads(1)
    plan = SamplingPlan(draws=draws, seed=0, threads=1)
    question = scenario()
    arguments, drawn = compile_arguments(resolve(question), plan)
    assert len(drawn) == 16, drawn
    ours_in, ours_out = np.zeros((len(drawn), draws)), np.zeros((len(OUTPUTS), draws))
    theirs_in, theirs_out = np.zeros_like(ours_in), np.zeros_like(ours_out)
    columns_in, columns_out = dict(zip(drawn, theirs_in, strict=True)), dict(zip(OUTPUTS, theirs_out, strict=True))
    rng = np.random.default_rng(1)

    def kernel() -> None:
        arguments.run(0, draws, ours_in, ours_out, first=0, block_size=plan.block_size)

    def numpy_in(peer: str, chunk: int) -> Callable[[], None]:
        return lambda: run(peer, rng, chunk, columns_in, columns_out)

    kernel()  # compiles
    ours = dict(zip((*drawn, *OUTPUTS), (*ours_in, *ours_out), strict=True))
    sides: dict[str, Callable[[], None]] = {"kernel": kernel}
    chunks: dict[str, int] = {}
    for peer in PEERS:
        chunks[peer] = min(_CHUNKS, key=lambda chunk: min(clock(numpy_in(peer, chunk), draws)[0] for _ in range(2)))  # noqa: B023
        sides[peer] = numpy_in(peer, chunks[peer])
        sides[peer]()
        if wrong := disagreements(ours, {**columns_in, **columns_out}):
            raise SystemExit(f"No ratio: kernel and numpy ({peer}) do not compute the same.\n" + "\n".join(wrong))
    arrays = peak_memory()

    wall: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(repeats):
        order = list(sides) if repeat % 2 == 0 else list(sides)[::-1]
        for name in order:
            nanoseconds, processor = clock(sides[name], draws)
            wall[name].append(nanoseconds)
            busy[name].append(processor / nanoseconds)
    simulate(question, SamplingPlan(draws=256, threads=1))  # imports
    whole = [clock(lambda: simulate(question, plan) and None, draws)[0] for _ in range(min(repeats, 3))]
    ratios = {peer: [theirs / mine for theirs, mine in zip(wall[peer], wall["kernel"], strict=True)] for peer in PEERS}
    return {
        "draws": draws,
        "rounds": repeats,
        "uncertain_inputs": len(drawn),
        "outputs": len(OUTPUTS),
        "threads": numba.get_num_threads(),
        "chunk": chunks,
        "nanoseconds_per_draw": {name: {"median": median(v), "min": min(v), "max": max(v)} for name, v in wall.items()},
        "processor_per_wall_clock": {name: median(v) for name, v in busy.items()},
        "ratio": {peer: {"median": median(v), "min": min(v), "max": max(v)} for peer, v in ratios.items()},
        "simulate_nanoseconds_per_draw": {"median": median(whole), "min": min(whole), "max": max(whole)},
        "peak_memory_mib": {"kernel_and_numpy": arrays, "with_simulate": peak_memory()},
        "machine": describe(),
    }


def _show(result: dict[str, object]) -> None:
    timing, ratio, busy, chunk = (result[key] for key in ("nanoseconds_per_draw", "ratio", "processor_per_wall_clock", "chunk"))
    assert isinstance(timing, dict)
    assert isinstance(ratio, dict)
    assert isinstance(busy, dict)
    assert isinstance(chunk, dict)
    print(f"{result['uncertain_inputs']} uncertain inputs, {result['outputs']} outputs, {result['draws']} draws, {result['rounds']} rounds, one thread")
    print(f"{'':18}{'ns/draw: median':>16}{'min':>8}{'max':>8}   processor/wall-clock")
    for name, times in timing.items():
        title = "kernel" if name == "kernel" else f"numpy {name}"
        note = "" if name == "kernel" else f"   chunks of {chunk[name]}"
        print(f"{title:18}{times['median']:16.1f}{times['min']:8.1f}{times['max']:8.1f}   {busy[name]:.2f}{note}")
    whole = result["simulate_nanoseconds_per_draw"]
    assert isinstance(whole, dict)
    print(f"{'simulate()':18}{whole['median']:16.1f}{whole['min']:8.1f}{whole['max']:8.1f}   apart: compile the laws, draw, rank, label")
    print("inputs and outputs agree within Monte Carlo error")
    for peer, r in ratio.items():
        print(f"ratio     numpy {peer} / kernel = {r['median']:.2f} (rounds: {r['min']:.2f} to {r['max']:.2f})")
    memory = result["peak_memory_mib"]
    assert isinstance(memory, dict)
    print(f"memory    {memory['kernel_and_numpy']:.0f} MiB peak with both sides' arrays, {memory['with_simulate']:.0f} MiB after simulate()")
    print_machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2**19)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = measure(options.draws, options.repeats)
    if options.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        _show(result)


if __name__ == "__main__":
    main()
