"""What whole runs lose: overhead, failures, and the time that interruptions and checkpoints take."""

from __future__ import annotations

import math
from functools import cache

from simulator.reference.priors.facts import facts
from simulator.reference.priors.kind import Kind
from simulator.reference.priors.regression import Coefficient, Figure, Spread
from simulator.reference.priors.utilization import rows_of, whole_utilization
from simulator.reference.tables import table

# overhead: 1 + run_overhead = goodput over the ratio of whole-run to steady utilization
OVERHEAD = (Coefficient("level", math.log(0.07), 0.8),)  # evaluation, ramp-up and repeated steps: 0.02 to 0.26
OVERHEAD_SPREAD = Spread(families=0.5, residuals=0.5)
MOST_OVERHEAD = 1.0  # a run that does all its work twice is one that was given up
_LEAST_OVERHEAD = 0.02  # ratios are published to two digits: less cannot be told
_USUAL_GOODPUT = 0.95  # of a run that publishes none

FAILURES = (
    Coefficient("level", math.log(4.0), 1.0),  # per 1000 node-days of 8 GPUs: 0.8 to 21
    Coefficient("tpu", math.log(0.5), 0.7),  # a host has 4 and no switches of its own
)
FAILURES_SPREAD = Spread(families=0.5, residuals=0.3)

DOWNTIME = (
    Coefficient("level", math.log(50.0), 0.8),  # min: a restart by itself takes minutes, by a person at night hours
    Coefficient("many nodes", math.log(0.5), 0.5),  # a job that fails every day would not be run without automatic restart
)
DOWNTIME_SPREAD = Spread(families=0.5, residuals=0.3)

CHECKPOINT = (
    Coefficient("level", math.log(40.0), 0.8),  # s: a blocking write to a shared file system takes minutes, a copy to host memory seconds
    Coefficient("many nodes", math.log(0.4), 0.5),  # what holds up thousands of devices is written behind their backs
)
CHECKPOINT_SPREAD = Spread(families=0.5, residuals=0.3)
_MANY_NODES = 250.0
_PER_NODE = 8.0


def many_nodes(accelerators: float | None) -> bool:
    """Whether machines restart a job, since people could not follow."""
    return accelerators is not None and accelerators >= _MANY_NODES * _PER_NODE


def factors(quantity: str, kind: Kind) -> tuple[float, ...]:
    """Return the factor of each coefficient of ``run_overhead``, ``failure_rate``, ``downtime`` or ``checkpoint_time``."""
    many = (True, many_nodes(kind.accelerators))
    told = {"run_overhead": (True,), "failure_rate": (True, kind.tpu), "downtime": many, "checkpoint_time": many}
    return tuple(map(float, told[quantity]))


@cache
def overheads() -> tuple[Figure, ...]:
    """Return the overheads that follow from runs with both utilizations, what failures take divided out.

    Examples
    --------
    >>> [f.told for f in overheads() if f.facts.family == "palm"]
    ['0.444 = 0.95 of usual goodput / (0.304 whole run / 0.462 steady) - 1']
    """
    found = []
    for own in facts().values():
        rows = rows_of(own.name)
        whole = whole_utilization(own)
        if whole is None or own.hours != "run" or "mfu" not in rows or "steady" not in rows["mfu"].basis:
            continue
        steady = rows["mfu"].central
        goodput = rows["goodput"].central if "goodput" in rows else _USUAL_GOODPUT
        overhead = max(goodput * steady / whole - 1.0, _LEAST_OVERHEAD)
        whose = "published" if "goodput" in rows else "usual"
        told = f"{overhead:.3g} = {goodput:g} of {whose} goodput / ({whole:.3g} whole run / {steady:.3g} steady) - 1"
        found.append(Figure(own.known_by("mfu"), math.log(overhead), (1.0,), told=told))
    return tuple(found)


@cache
def failures() -> tuple[Figure, ...]:
    """Return the published failure rates, per 1000 node-days."""
    return _of_table("failure_rate")


@cache
def downtimes() -> tuple[Figure, ...]:
    """Return the published downtimes after an interruption [min]."""
    return _of_table("downtime")


@cache
def checkpoints() -> tuple[Figure, ...]:
    """Return the published times for which saving a checkpoint holds a run up [s]."""
    return _of_table("checkpoint_time")


def _of_table(quantity: str) -> tuple[Figure, ...]:
    found = []
    for row in table("failures").rows:
        own = facts().get(row.name)
        if row.quantity == quantity and own is not None:
            kind = Kind(own.accelerator, 0.0, accelerators=_size(row.name))
            told = f"{row.central:g} {row.unit}, {row.basis}"
            found.append(Figure(own, math.log(row.central), factors(quantity, kind), told=told))
    return tuple(found)


def _size(name: str) -> float | None:
    """Return how many accelerators a system has, or a run on it."""
    rows = (row for known in ("failures", "runs") for row in table(known).rows)
    return next((row.central for row in rows if (row.name, row.quantity) == (name, "accelerators")), None)
