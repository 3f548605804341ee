"""Time the kernels against other libraries and against C: ``python -m benchmarks peers``.

All peers of a workload do the same work in the same run, on one thread each, and must agree within
Monte Carlo error before any time is told.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.harness import measure
from benchmarks.peers.compiled import FLAGS, compiler_version
from benchmarks.peers.one_factor import ONE_FACTOR
from benchmarks.peers.path import PATH
from benchmarks.peers.static import STATIC
from benchmarks.report import table
from simulator.bench.machine import describe, machine_lines

WORKLOADS = {workload.name: workload for workload in (STATIC, PATH, ONE_FACTOR)}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=WORKLOADS, help="this workload alone")
    parser.add_argument("--peer", action="append", metavar="NAME", help="this peer beside the kernels (repeatable)")
    parser.add_argument("--draws", type=int, help="of every peer in a repetition; else each has its own number")
    parser.add_argument("--repeats", type=int, default=11, help="rounds")
    parser.add_argument("--smoke", action="store_true", help="few draws, one round: does it still work?")
    parser.add_argument("--require-all", action="store_true", help="fail where a peer cannot be measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    options = parser.parse_args()
    results = []
    for name, workload in WORKLOADS.items():
        if options.only not in (None, name):
            continue
        references = {workload.peers[0].name, *(str(peer.reference) for peer in workload.peers)}
        sizes = {
            peer.name: options.draws or (peer.fewest if options.smoke else peer.draws)
            for peer in workload.peers
            if not options.peer or peer.name in options.peer or peer.name in references
        }
        results.append(measure(workload, 1 if options.smoke else options.repeats, sizes))
        print("\n".join(table(results[-1])), flush=True)
    about = {**describe(), "compiler": compiler_version(), "flags": " ".join(FLAGS)}
    lines = machine_lines(about)
    print("\n".join(lines))
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "workloads": [asdict(result) for result in results]}, indent=1) + "\n")
    if options.markdown:
        head = ["# Kernels and peers", "", "Written by `python -m benchmarks peers`; see [the benchmarks](../README.md).", ""]
        told = [line for result in results for line in table(result)]
        options.markdown.write_text("\n".join([*head, *told, "## Machine", "", *(f"    {line}" for line in lines)]) + "\n")
    missing = [f"{result.name}: {name}" for result in results for name in result.not_measured]
    if options.require_all and missing:
        raise SystemExit(f"not measured: {', '.join(missing)}")


if __name__ == "__main__":
    main()
