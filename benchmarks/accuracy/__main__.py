"""Measure the time to a given standard error: ``python -m benchmarks accuracy``.

Scrambled Sobol' points with replicates against random draws of the same kernel, and against peers. The standard error is
the spread of many independent estimates; its uncertainty and that of every ratio is told. All on one thread.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.accuracy.cases import CASES, FEWEST, PEERS_PART, Comparison, Convergence, compare, converge
from benchmarks.accuracy.repeated import Repeated
from benchmarks.accuracy.report import compared, converging
from benchmarks.accuracy.ways import OUTPUTS, STATISTICS
from simulator.bench.machine import describe, machine_lines

_SMOKE_REPEATS = 8


def plain(repeated: Repeated) -> dict[str, object]:
    """Return what is kept of the repetitions."""
    return {
        "seconds": [float(q) for q in np.quantile(repeated.seconds, (0.5, 0.0, 1.0))],
        "mean_seconds": float(repeated.seconds.mean()),
        "value": repeated.values.mean(axis=0).tolist(),
        "standard_error": repeated.error.tolist(),
        "told_to_true": repeated.told_to_true.tolist() if np.isfinite(repeated.told).any() else None,
    }


def as_json(convergences: list[Convergence], comparison: Comparison, about: dict[str, str | int]) -> str:
    """Return all numbers; ``seconds`` are median, least and greatest."""
    return json.dumps(
        {
            "machine": about,
            "outputs": OUTPUTS,
            "statistics": STATISTICS,
            "scenarios": [
                {
                    "name": one.name,
                    "title": one.title,
                    "repeats": one.repeats,
                    "sizes": one.sizes,
                    "ways": {name: [plain(row) for row in rows] for name, rows in one.ways.items()},
                    "gains": [asdict(row) for row in one.gains],
                    "slopes": one.slopes,
                    "path_share": one.path_share,
                }
                for one in convergences
            ],
            "peers": {
                "repeats": comparison.repeats,
                "draws": comparison.draws,
                "statistics": STATISTICS[1:],
                "ways": {name: plain(one) for name, one in comparison.ways.items()},
                "gains": {name: asdict(one) for name, one in comparison.gains.items()},
            },
        },
        indent=1,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=2**17, help=f"greatest size: a power of two from {16 * FEWEST} on")
    parser.add_argument("--repeats", type=int, default=128, help="independent estimates at each size, 8 or more")
    parser.add_argument("--smoke", action="store_true", help="few draws, few estimates: does it still work?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    options = parser.parse_args()
    draws, repeats = (16 * FEWEST, _SMOKE_REPEATS) if options.smoke else (options.draws, options.repeats)
    if draws < 16 * FEWEST or draws & (draws - 1) or repeats < _SMOKE_REPEATS:
        parser.error(f"--draws {draws} is not a power of two from {16 * FEWEST} on, or --repeats {repeats} is below {_SMOKE_REPEATS}")
    rng = np.random.default_rng(0)
    sizes = [FEWEST << k for k in range(draws.bit_length() - FEWEST.bit_length() + 1)]
    convergences = []
    for case in CASES:
        convergences.append(converge(case, [size for size in sizes if size <= draws // case.part][-case.sizes :], repeats, rng))
        print("\n".join(converging(convergences[-1])), flush=True)
    comparison = compare(draws // PEERS_PART, repeats, rng)
    print("\n".join(compared(comparison)))
    about = describe()
    lines = machine_lines(about)
    print("\n".join(lines))
    if options.json:
        options.json.write_text(as_json(convergences, comparison, about) + "\n")
    if options.markdown:
        head = ["# Time to accuracy", "", "Written by `python -m benchmarks accuracy`; see [the benchmarks](../README.md).", ""]
        told = [line for one in convergences for line in converging(one)] + compared(comparison)
        options.markdown.write_text("\n".join([*head, *told, "## Machine", "", *(f"    {line}" for line in lines)]) + "\n")


if __name__ == "__main__":
    main()
