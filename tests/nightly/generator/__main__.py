"""Qualify the generator as used: the battery of our own, or dieharder where asked for, on the words in five orders.

    cd tests && python -m nightly.generator                     # 2**34 bytes of each order, five minutes of one core
    cd tests && python -m nightly.generator --dieharder full    # dieharder -a in its place, half an hour of a core an order

Each order's p-values are written to a file of ``nightly/generator/results``, which is kept. Exit code 1 where one fails.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

from nightly.generator import dieharder
from nightly.generator.battery import p_values
from nightly.generator.judgement import LEVEL
from nightly.generator.streams import BLOCK, MEANING, ORDERS

from simulator.kernel_sources import source_hash

_RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("numpy", "scipy", "numba", "llvmlite")


def size(text: str) -> int:
    """Return a number that may be written as a power; argparse tells the name of this function where it is neither."""
    base, _, exponent = text.partition("**")
    return int(base) ** int(exponent or 1)


def _heading(order: str, test: str, amount: str) -> list[str]:
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return [
        f"{test} on order {order}: {MEANING[order]}",
        f"command   (cd tests && {' '.join(['python -m nightly.generator', *sys.argv[1:]])})",
        f"read      {amount}",
        f"with      Python {platform.python_version()}, {versions}, kernel sources {source_hash()}",
    ]


def _verdict(found: dict[str, float]) -> tuple[list[str], bool]:
    lowest = min(found, key=lambda name: found[name])
    passed = found[lowest] >= LEVEL
    return [
        f"level     {LEVEL:.0e} a test, so that a right generator fails none of all tests of all orders with a probability of 0.9999",
        f"verdict   {'passed' if passed else 'FAILED'}: {len(found)} tests, lowest p {found[lowest]:.3g} ({lowest})",
    ], passed


def _own(order: str, words: int) -> bool:
    begin = time.process_time()
    found = p_values(ORDERS[order](words), words, hourly=order == "hours")
    verdict, passed = _verdict(found)
    amount = f"{8 * words} bytes (2**{(8 * words).bit_length() - 1}) by each test, {time.process_time() - begin:.0f} s of one core"
    lines = [*_heading(order, "own battery", amount), *verdict, "", *(f"{p:12.3g}  {name}" for name, p in found.items())]
    _RESULTS.joinpath(f"{order}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{order}: {verdict[-1]}", flush=True)
    return passed


def _dieharder(order: str, which: str) -> bool:
    dieharder.version()
    lines: list[str] = []
    runs, before = dieharder.RUNS[which], 0
    for number, options in enumerate(runs, 1):
        state = f"run {number} of {len(runs)} under way"
        before += dieharder.run(ORDERS[order](2**31), options, partial(_tell, order, which, state, lines, before))
    return _keep(order, which, "complete", lines, before)


def _tell(order: str, which: str, state: str, lines: list[str], before: int, line: str, written: int) -> None:
    lines.append(line)
    _keep(order, which, state, lines, before + written)


def _keep(order: str, which: str, state: str, lines: list[str], read: int) -> bool:
    verdict, passed = _verdict(dieharder.judged(lines))
    table = "        test_name   |ntup| tsamples |psamples|  p-value |Assessment"
    text = [
        *_heading(order, f"{dieharder.version()}, {which}, {state},", f"{read} bytes by all tests together"),
        *verdict,
        "",
        table,
        *lines,
    ]
    _RESULTS.joinpath(f"{order}-dieharder.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    return passed


def main() -> int:
    """Return 0 where all passes."""
    parser = argparse.ArgumentParser(prog="python -m nightly.generator", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bytes", type=size, default=2**34, help="of each order; 2**34 unless stated")
    parser.add_argument("--order", choices=list(ORDERS), nargs="+", default=list(ORDERS), help="all unless stated")
    parser.add_argument(
        "--dieharder", choices=list(dieharder.RUNS), help="run dieharder in place of the battery: all of it, or lagged sums at 4 of 33 lags"
    )
    given = parser.parse_args()
    words = max(given.bytes // 8 // BLOCK, 2) * BLOCK
    passed = [_dieharder(order, given.dieharder) if given.dieharder else _own(order, words) for order in given.order]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
