"""Time the static kernel on one thread against numpy's own samplers on the same model.

The peers are numpy as it is commonly written, one array per quantity (``whole arrays``), and two
faster ways that need more care: the same samplers in chunks that stay in the cache (``chunked``), and
samplers rewritten around numpy's SIMD functions besides (``tuned``). All return 16 drawn inputs and
17 outputs (the kernels some totals more, which repeat others here) and must agree on each within Monte
Carlo error before any time is told. Rounds alternate between them and the ratio is taken within each
round. Times are processor times, in which other jobs on the machine count least; the wall-clock ratio
stands beside.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import NamedTuple

import numba
import numpy as np
from machine import describe, machine_lines, peak_memory
from numpy.typing import NDArray
from numpy_peer import OUTPUTS, run, whole
from scipy.stats import norm, spearmanr
from sixteen_inputs import LAWS, PAIR, SPEARMAN, scenario

from simulator import SamplingPlan, simulate
from simulator.arguments import compile_arguments
from simulator.scenario import resolve

WHOLE = "whole arrays"
PEERS = {"chunked": "documented", "tuned": "tuned"}  # of numpy_peer
_CHUNKS = (4096, 16_384, 65_536)
_PROBABILITIES = (0.05, 0.5, 0.95)
_FALSE_ALARM = 1e-6  # of a whole comparison

Columns = Mapping[str, NDArray[np.float64]]


class Spread(NamedTuple):
    """Median, least and greatest over rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Result:
    """Times in ns per draw; sides are the kernel and the peers of ``numpy_peer``."""

    draws: int
    rounds: int
    threads: int
    chunks: dict[str, int]
    processor: dict[str, Spread]
    wall_clock: dict[str, Spread]
    ratio: dict[str, Spread]
    ratio_of_wall_clocks: dict[str, Spread]
    simulate_wall_clock: Spread
    peak_memory_mib: float
    machine: dict[str, str | int]


def disagreements(ours: Columns, theirs: Columns) -> list[str]:
    """Return what differs by more than Monte Carlo error: means, quantiles, the pair's rank correlation."""
    z: dict[str, float] = {}
    for name, a in ours.items():
        b, n = theirs[name], len(a)
        z[f"mean of {name}"] = float((a.mean() - b.mean()) / math.sqrt((a.var() + b.var()) / n))
        for p, cut in zip(_PROBABILITIES, np.quantile(np.concatenate([a, b]), _PROBABILITIES), strict=True):
            # given the pooled quantile the counts below it are hypergeometric
            below = np.count_nonzero(a <= cut) - np.count_nonzero(b <= cut)
            z[f"P{100 * p:g} of {name}"] = float(below / math.sqrt(2 * n * p * (1 - p)))
    for side, columns in (("kernel", ours), ("numpy", theirs)):
        first, second = (columns[name] for name in PAIR)
        achieved = spearmanr(first, second).statistic
        z[f"Spearman correlation in {side}"] = float((achieved - SPEARMAN) * math.sqrt(len(first)))  # standard error below 1/sqrt(n)
    limit = float(norm.isf(_FALSE_ALARM / 2 / len(z)))
    return [f"{what}: off by {value:.1f} standard errors (limit {limit:.1f})" for what, value in z.items() if not abs(value) <= limit]


def clock(work: Callable[[], object], draws: int) -> tuple[float, float]:
    """Return processor time and wall-clock time [ns per draw]."""
    processor, wall = time.process_time_ns(), time.perf_counter_ns()
    work()
    return (time.process_time_ns() - processor) / draws, (time.perf_counter_ns() - wall) / draws


def measure(draws: int, repeats: int) -> Result:
    """Run the comparison; SystemExit where the two sides disagree."""
    numba.set_num_threads(1)
    plan = SamplingPlan(draws=draws, seed=0, threads=1)
    question = scenario()
    arguments = compile_arguments(resolve(question), plan)
    if sorted(arguments.drawn) != sorted(LAWS):
        raise SystemExit(f"No ratio: the kernel draws {', '.join(arguments.drawn)}")
    if not arguments.in_expectation:
        raise SystemExit("No ratio: the scenario is played out, and numpy's is an expectation")
    names, split = (*arguments.drawn, *OUTPUTS), len(arguments.drawn)
    ours, theirs = np.zeros((split + len(arguments.outputs), draws)), np.zeros((len(names), draws))
    rows = dict(zip((*arguments.drawn, *arguments.outputs), ours, strict=True))
    columns = dict(zip(names, theirs, strict=True))
    rng = np.random.default_rng(1)

    def kernel() -> None:
        arguments.run(0, draws, ours[:split], ours[split:], first=0, block_size=plan.block_size)

    def peer(name: str, chunk: int) -> Callable[[], object]:
        if name == WHOLE:
            return lambda: whole(rng, draws)
        return lambda: run(PEERS[name], rng, chunk, columns, columns)

    kernel()  # compiles
    sides: dict[str, Callable[[], object]] = {"kernel": kernel, WHOLE: peer(WHOLE, draws)}
    chunks = {WHOLE: draws}
    for name in PEERS:
        trials = {chunk: min(clock(peer(name, chunk), draws)[0] for _ in range(3)) for chunk in _CHUNKS}
        chunks[name] = min(trials, key=trials.__getitem__)
        sides[name] = peer(name, chunks[name])
    for name, side in sides.items():
        filled = side()
        theirs_now = filled if isinstance(filled, dict) else columns
        if name != "kernel" and (wrong := disagreements({column: rows[column] for column in names}, theirs_now)):
            raise SystemExit(f"No ratio: kernel and numpy ({name}) do not compute the same.\n" + "\n".join(wrong))

    processor: dict[str, list[float]] = {name: [] for name in sides}
    wall: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(repeats):
        for name in list(sides) if repeat % 2 == 0 else reversed(sides):
            busy, elapsed = clock(sides[name], draws)
            processor[name].append(busy)
            wall[name].append(elapsed)
    peak = peak_memory()
    simulate(question, SamplingPlan(draws=256, threads=1))  # imports what labelling needs
    end_to_end = [clock(lambda: simulate(question, plan), draws)[1] for _ in range(min(repeats, 5))]

    def ratio(times: Mapping[str, list[float]]) -> dict[str, Spread]:
        return {name: Spread.of([b / a for a, b in zip(times["kernel"], times[name], strict=True)]) for name in chunks}

    return Result(
        draws=draws,
        rounds=repeats,
        threads=numba.get_num_threads(),
        chunks=chunks,
        processor={name: Spread.of(values) for name, values in processor.items()},
        wall_clock={name: Spread.of(values) for name, values in wall.items()},
        ratio=ratio(processor),
        ratio_of_wall_clocks=ratio(wall),
        simulate_wall_clock=Spread.of(end_to_end),
        peak_memory_mib=peak,
        machine=describe(),
    )


def report(result: Result) -> list[str]:
    """Return the result in lines."""
    lines = [
        f"{len(LAWS)} uncertain inputs, {len(OUTPUTS)} outputs, {result.draws} draws, {result.rounds} rounds, {result.threads} thread",
        f"{'ns per draw':18}{'processor':>10}{'least':>8}{'greatest':>10}{'wall-clock':>12}",
    ]
    for name, busy in result.processor.items():
        title, note = (name, "") if name == "kernel" else (f"numpy {name}", f"  in chunks of {result.chunks[name]}")
        elapsed = result.wall_clock[name].median
        lines.append(f"{title:18}{busy.median:10.1f}{busy.least:8.1f}{busy.greatest:10.1f}{elapsed:12.1f}{note}")
    lines.append(f"{'simulate()':18}{'':28}{result.simulate_wall_clock.median:12.1f}  apart: laws compiled, draws ranked and labelled")
    lines.append("every input and output agrees within Monte Carlo error")
    for name, r in result.ratio.items():
        wall = result.ratio_of_wall_clocks[name].median
        text = f"{r.median:.2f} ({r.least:.2f} to {r.greatest:.2f} over rounds; wall-clock {wall:.2f})"
        lines.append(f"ratio     numpy {name} / kernel = {text}")
    return [*lines, f"memory    {result.peak_memory_mib:.0f} MiB at the peak, both sides' arrays included", *machine_lines(result.machine)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2**18)
    parser.add_argument("--repeats", type=int, default=21, help="rounds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = measure(options.draws, options.repeats)
    # a Spread becomes a list in JSON
    print(json.dumps(asdict(result), indent=2) if options.json else "\n".join(report(result)))


if __name__ == "__main__":
    main()
