"""What a worker is told, computes and sends back."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from simulator.kernel_sources import source_hash
from simulator.plan import SamplingPlan
from simulator.results.identity import processor
from simulator.scenario import Resolved

T = TypeVar("T")


class Work(NamedTuple):
    """What workers are told once: a scenario, how it is sampled, and seeds of single streams."""

    resolved: Resolved
    plan: SamplingPlan
    seeds: Mapping[str, int] | None = None


#: of a part: work, first draw, draw after the last
Task = Callable[[Work, int, int], T]


@dataclass(frozen=True)
class Done:
    """What a worker sends back of a part: the result, how long it took, and what computed it."""

    result: Any
    seconds: float
    sources: str
    cpu: str


def told_of(work: Work) -> bytes:
    """Return what workers are told: a plan of one thread, where it does not say how many."""
    plan = replace(work.plan, executor=None, threads=work.plan.threads or 1)
    return pickle.dumps(work._replace(plan=plan), protocol=pickle.HIGHEST_PROTOCOL)


def computed(task: Task[T], told: bytes, low: int, high: int) -> Done:
    """Compute a part: what runs on a worker."""
    work = _known(told)
    began = perf_counter()
    result = task(work, low, high)
    return Done(result, perf_counter() - began, own_sources(), processor())


@lru_cache(maxsize=1)
def own_sources() -> str:
    """Return the hash of this process's kernels, whose sources are read once."""
    return source_hash()


@lru_cache(maxsize=4)
def _known(told: bytes) -> Work:
    """Return the work that a worker was told of; read once for many parts."""
    work: Work = pickle.loads(told)
    return work
