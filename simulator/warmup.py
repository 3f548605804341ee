"""Compile every kernel ahead of its first use, into the cache that later processes read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from simulator.engine import simulate
from simulator.kernel_cache import cache_folder
from simulator.kernels.history import run_history
from simulator.kernels.hourly import run_sample, sample_hours
from simulator.kernels.largest import run_largest
from simulator.kernels.ledger.settle import settle
from simulator.kernels.static import run_static
from simulator.kernels.tally import COLUMNS, multiply_leaves, tally, tally_replicates, weigh_leaves
from simulator.plan import SamplingPlan
from simulator.scenario import parse_scenario
from simulator.scenario.zones import load_zone, zone_names
from simulator.threads import launching

_RUN = {
    "workload": {"params": "7B", "tokens": "1T", "mfu": 0.4},
    "hardware": {"accelerator": "H100 SXM", "accelerators": 64},
    "compute": {"basis": "rent", "rental_price": "2 USD/h"},
    "emissions": {"carbon_intensity": "300 gCO2e/kWh"},
}


class Compiled(NamedTuple):
    """What became of one kernel: the seconds that its first call took, and whether it came from the cache."""

    name: str
    seconds: float
    cached: bool


def warm_up() -> Iterator[Compiled]:
    """Call every kernel once, so that it is compiled and, where a folder can be written, cached.

    Yields
    ------
    Compiled
        As each is ready.
    """

    def play(method: str, **reliability: object) -> None:
        stated = {"failure_rate": 5, "downtime": "1 h", "checkpoint_time": "1 min", **reliability}
        simulate(parse_scenario({**_RUN, "reliability": {"method": method, **stated}}), SamplingPlan(draws=1))

    def sample() -> None:
        sample_hours(load_zone(zone_names()[0]).zone, 0, 1, draws=1)

    def count() -> None:
        values, leaves = np.zeros((2, 1)), np.empty((2, 1, len(COLUMNS)))
        with launching():
            weigh_leaves(values, leaves)
            bins, starts, counts = np.tile([0, 1, -1], (2, 1)), np.arange(3), np.zeros(2, dtype=np.int64)
            tally(values, leaves, bins, starts, counts)
            tally_replicates(values, 0, bins, starts, counts, np.zeros((2, 1, 1)))
            multiply_leaves(values, leaves, np.arange(2), np.empty((1, 1)))

    calls: tuple[tuple[tuple[str, Any], Callable[[], None]], ...] = (
        (("runs in expectation, and their bills", (run_static, settle)), lambda: play("expected_value")),
        (("histories", (run_history,)), lambda: play("event_driven")),
        (("spare nodes", (run_largest,)), lambda: play("event_driven", spare_nodes="1 to 4", repair_time="24 h")),
        (("hourly samples", (run_sample,)), sample),
        (("counted draws", (weigh_leaves, tally, tally_replicates, multiply_leaves)), count),
    )
    for (name, kernels), call in calls:
        began = perf_counter()
        call()
        yield Compiled(name, perf_counter() - began, all(sum(kernel.stats.cache_hits.values()) for kernel in kernels))


def where() -> str | None:
    """Return the folder that kernels are cached in; None where none can be written."""
    folder = cache_folder()
    return None if folder is None else str(folder)
