"""Hours of work in a bounded time: does memory drift, does throughput drift, is any result wrong?

    python tests/nightly/soak.py --minutes 60

Rounds of each kind of work go on in turn in one process: parts of a thousand million counted draws, grids of scenarios, requests of the
page with ranges, limits, levers and pins, downloads among them, some of which are no scenarios. Each kind of work is done with a few dozen
settings again and again, and its result has to be the same bytes each time. What a part of the draws counts has to be what its halves do.
Exits with 1 where a result differs, where memory in the last third of the rounds is more than in the middle third by a tenth, or throughput
less by a third.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from simulator import SamplingPlan, load_scenario, sweep
from simulator.analysis.counted.counted import count_draws
from simulator.kernels.tally import LEAF
from simulator.scenario import resolve
from simulator.web.served import serve_config

CONFIG = "configs/quickstart.yaml"
_DRAWS = 10**9
_PART = 64 * LEAF
_ROUNDS = 20  # of one kind before the next
_WARM = 1 / 3  # of the rounds, in which caches fill
_GROWTH, _SLOWING = 1.10, 1.50


def memory() -> float:
    """Return the bytes that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096.0


def digest(content: object) -> str:
    """Return what tells whether two results are the same."""
    return hashlib.sha256(content if isinstance(content, bytes) else pickle.dumps(content)).hexdigest()


@dataclass
class Kind:
    """One kind of work: what it does with a setting, how much work that is, and what was measured of it."""

    name: str
    settings: list[Any]
    work: Callable[[Any], tuple[str, float]]
    known: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    def turn(self, chosen: random.Random, rounds: int = _ROUNDS) -> None:
        """Do some rounds."""
        began, done = time.perf_counter(), 0.0
        for _ in range(rounds):
            setting = chosen.choice(self.settings)
            found, amount = self.work(setting)
            done += amount
            if self.known.setdefault(repr(setting), found) != found:
                self.wrong.append(repr(setting))
        self.rates.append(done / (time.perf_counter() - began))
        self.held.append(memory())

    def verdict(self) -> list[str]:
        """Return what is wrong, after telling what was measured."""
        warm = int(_WARM * len(self.rates))
        middle, last = (slice(warm, 2 * warm), slice(2 * warm, None)) if warm else (slice(None), slice(None))
        growth = median(self.held[last]) / median(self.held[middle])
        slowing = median(self.rates[middle]) / median(self.rates[last])
        print(
            f"{self.name:8} {len(self.rates) * _ROUNDS:7d} rounds of {len(self.known)} settings, {median(self.rates):.4g} a second, "
            f"memory {median(self.held[last]) / 1e6:.0f} MB, drift of memory {growth:.3f}, of throughput {1 / slowing:.3f}, "
            f"wrong {len(self.wrong)}"
        )
        told = [f"{self.name}: another result of {setting}" for setting in dict.fromkeys(self.wrong)]
        if growth > _GROWTH:
            told.append(f"{self.name}: memory grew by {growth:.3f}")
        return told + ([f"{self.name}: throughput fell by {slowing:.3f}"] if slowing > _SLOWING else [])


def draws() -> Kind:
    """Return parts of a thousand million draws, counted whole and by halves."""
    scenario = load_scenario(CONFIG)
    resolved, plan = resolve(scenario), SamplingPlan(_DRAWS)

    def work(low: int) -> tuple[str, float]:
        whole = count_draws(scenario, resolved, plan, low, low + _PART)[0]
        first = count_draws(scenario, resolved, plan, low, low + _PART // 2)[0]
        second = count_draws(scenario, resolved, plan, low + _PART // 2, low + _PART)[0]
        second.merge(first)
        counted, merged = ([(name, kept.tobytes()) for name, kept in tally.sketch.columns().items()] for tally in (whole, second))
        if counted != merged:
            raise AssertionError(f"the halves of draws {low} and following count something else")
        return digest(counted), 2.0 * _PART

    places = random.Random(1)
    return Kind("draws", [places.randrange(0, _DRAWS // _PART) * _PART for _ in range(32)], work)


def sweeps() -> Kind:
    """Return grids of four scenarios."""
    scenario = load_scenario(CONFIG)

    def work(grid: tuple[str, ...]) -> tuple[str, float]:
        swept = sweep(scenario, list(grid), SamplingPlan(4096))
        return digest(swept.value.values.tobytes() + swept.mcse.values.tobytes()), float(swept.sizes["scenario"])

    regions, counts = ("FR", "DE", "SE", "US-CA", "CA-QC"), (128, 192, 256, 384)
    grids = [
        (f"region={a},{b}", f"accelerators={m},{n}") for a in regions for b in regions if a < b for m in counts for n in counts if m < n
    ]
    return Kind("sweeps", random.Random(2).sample(grids, 24), work)


def web() -> Kind:
    """Return requests of the page: answers, and files to take away."""
    from simulator.web.app import Page, make_app  # noqa: PLC0415 - wants the extra `web`

    served = serve_config(CONFIG)
    page, client, number = Page(served, 2000), make_app(served, 2000).server.test_client(), iter(range(10**12))

    def work(query: str) -> tuple[str, float]:
        if query.startswith("/"):
            got = client.get(query, headers={"Host": "127.0.0.1"})
            return digest(got.data), 1.0
        *shown, status, _, messages = page.update({"query": query, "tab": "soak", "number": next(number)}, [{"name": "mfu"}])
        shown[2] = None  # which tells how long it took
        return digest(json.dumps([shown, status, messages], default=lambda part: part.to_plotly_json(), sort_keys=True).encode()), 1.0

    chosen = random.Random(3)
    ranges = [f"mfu={0.2 + 0.02 * k:.2f}+to+{0.3 + 0.02 * k:.2f}" for k in range(12)]
    queries = [f"{mfu}&budget={chosen.randrange(200, 500)}k" for mfu in ranges]
    queries += [f"{mfu}&pin={chosen.choice(ranges).replace('=', '%3D').replace('+', '%2B')}" for mfu in ranges]
    queries += ["mfu=7", "mfu=nonsense", "lever=fp8", "region=FR", "region=XX", "budget=-1", "name=x", "draws=10"]
    queries += [f"/download/scenario{ending}?{mfu}" for ending in (".yaml", ".nc") for mfu in ranges[:4]]
    return Kind("web", queries, work)


def main() -> None:
    """Go on for so long, then tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    until, chosen, kinds = time.monotonic() + 60.0 * options.minutes, random.Random(0), [draws(), sweeps(), web()]
    while time.monotonic() < until:
        for kind in kinds:
            kind.turn(chosen)
    failed = [told for kind in kinds for told in kind.verdict()]
    print("FAILED: " + "; ".join(failed) if failed else "nothing drifts, and no result is wrong")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
