"""Draws shared out in parts to the workers of an executor: a client of Dask, or any executor of ``concurrent.futures``."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar

import llvmlite.binding as llvm
import numba

from simulator.errors import InputError, SimulatorError
from simulator.jit import source_hash
from simulator.plan import SamplingPlan
from simulator.scenario import Resolved

_FIRST = 2**14  # draws of the first parts, which tell how long one takes
_SECONDS = 4.0  # that a part takes, of which handing it out and taking in what it counted are a hundredth
_GROWTH = 8  # from a part to the next, at most
_SHORTEST = 16  # of these parts makes one at the end
_PATIENCE = 5.0  # s, after which it is looked whether there is anyone to wait for
_FORSAKEN = 60.0  # s without any worker, after which none is thought to come
_WAITING = 2  # parts handed out for each worker, so that none waits for the next

T = TypeVar("T")


class Work(NamedTuple):
    """What workers are told once: a scenario, how it is sampled, and seeds of single streams."""

    resolved: Resolved
    plan: SamplingPlan
    seeds: Mapping[str, int] | None = None


#: of a part: work, first draw, draw after the last
Task = Callable[[Work, int, int], T]


@dataclass(frozen=True)
class _Done:
    """What a worker sends back of a part: the result, how long it took, and what computed it."""

    result: Any
    seconds: float
    sources: str
    cpu: str


class Part(NamedTuple, Generic[T]):
    """What a task made of draws ``low`` to ``high`` - 1 of one of several works."""

    work: int
    low: int
    high: int
    result: T


def in_parts(
    task: Task[T],
    works: Sequence[Work],
    start: int,
    stop: int,
    *,
    multiple: int,
    most: int,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Part[T]]:
    """Yield what a task makes of draws ``start`` to ``stop`` - 1 of several works, part by part as they are finished, each once.

    Parts become as long as a worker takes some seconds for, and shorter towards the end, so that all workers end together. A worker
    computes each on one core, or on the plan's ``threads``. Where Dask loses a worker, its scheduler has another compute what is missing.

    Parameters
    ----------
    task : callable
        Of a module that workers can import; takes the work, the first draw and the draw after the last.
    works : sequence of Work
        Whose plans have the same ``executor``. Parts of earlier ones are handed out first.
    start, stop : int
    multiple, most : int
        Parts start at ``start`` and a multiple of ``multiple`` draws from there; the length of the longest.
    progress : callable, optional
        Called with the number of draws done, of all works together.

    Raises
    ------
    InputError
        Where a worker has other sources than this process, or another processor than the workers before it.
    SimulatorError
        Where the executor is lost, or each worker that takes up a part ends.
    """
    executor = works[0].plan.executor
    parts = _Parts(len(works), start, stop, multiple, most)
    handed: dict[int, Any] = {}
    finished: SimpleQueue[Any] = SimpleQueue()
    running: dict[Any, tuple[int, int, int]] = {}
    done, cpu = 0, ""
    try:
        while True:
            workers = workers_of(executor)
            while len(running) < _WAITING * workers and (part := parts.next(workers)):
                place, low, high = part
                if place not in handed:
                    handed[place] = _handed_over(executor, _told(works[place]))
                future = _submitted(executor, task, handed[place], low, high)
                running[future] = part
                future.add_done_callback(finished.put)
            if not running:
                return
            future = _next_of(finished, executor)
            place, low, high = running.pop(future)
            found = _result(future, low, high)
            _check_sources(found.sources)
            cpu = cpu or found.cpu
            if found.cpu != cpu:
                raise InputError(
                    f"workers have processors of two kinds, {cpu} and {found.cpu}, for which numba compiles differently: draws would "
                    f"depend on who computes them, in their last digits. Start all with NUMBA_CPU_NAME=generic, or take those of one kind"
                )
            parts.learn((high - low) / max(found.seconds, 1e-6))
            for past in [k for k in handed if k < min((part[0] for part in running.values()), default=place)]:
                del handed[past]  # so that the cluster may forget it
            done += high - low
            if progress is not None:
                progress(done)
            yield Part(place, low, high, found.result)
    finally:
        for future in running:
            future.cancel()


class _Parts:
    """Ranges of draws of several works, each cut off when a worker asks for one."""

    def __init__(self, works: int, start: int, stop: int, multiple: int, most: int) -> None:
        self._works, self._start, self._stop, self._multiple, self._most = works, start, stop, multiple, most
        self._work, self._low = 0, start
        self._size = min(_FIRST, most)

    def next(self, workers: int) -> tuple[int, int, int] | None:
        """Return the place of a work, the first draw and the draw after the last; None where none is left."""
        if self._work == self._works:
            return None
        left = self._stop - self._low + (self._works - self._work - 1) * (self._stop - self._start)
        fair = math.ceil(left / (2 * workers))  # the last parts are short, so that nobody waits long for one of them
        size = max(min(self._size, max(fair, self._size // _SHORTEST)) // self._multiple, 1) * self._multiple
        part = self._work, self._low, min(self._low + size, self._stop)
        self._work, self._low = (self._work + 1, self._start) if part[2] == self._stop else (self._work, part[2])
        return part

    def learn(self, rate: float) -> None:
        """Take note of how many draws a worker does in a second."""
        self._size = max(min(int(rate * _SECONDS), _GROWTH * self._size, self._most), self._multiple)


def _told(work: Work) -> bytes:
    """Return what workers are told: a plan of one thread, where it does not say how many."""
    plan = replace(work.plan, executor=None, threads=work.plan.threads or 1)
    return pickle.dumps(work._replace(plan=plan), protocol=pickle.HIGHEST_PROTOCOL)


def _computed(task: Task[T], told: bytes, low: int, high: int) -> _Done:
    """Compute a part: what runs on a worker."""
    work = _known(told)
    began = perf_counter()
    result = task(work, low, high)
    return _Done(result, perf_counter() - began, _sources(), str(numba.config.CPU_NAME or llvm.get_host_cpu_name()))


@lru_cache(maxsize=1)
def _sources() -> str:
    """Return the hash of this process's kernels, whose sources are read once."""
    return source_hash()


@lru_cache(maxsize=4)
def _known(told: bytes) -> Work:
    """Return the work that a worker was told of; read once for many parts."""
    work: Work = pickle.loads(told)
    return work


def _next_of(finished: SimpleQueue[Any], executor: Any) -> Any:
    """Wait for the next part that is finished; SimulatorError where none can be any more."""
    idle = 0.0
    while True:
        try:
            return finished.get(timeout=_PATIENCE)
        except Empty:
            if not _is_dask(executor):
                continue
            if executor.status != "running":
                raise SimulatorError(f"the scheduler is lost: the client of Dask is {executor.status}") from None
            idle = 0.0 if executor.nthreads() else idle + _PATIENCE
            if idle > _FORSAKEN:
                raise SimulatorError(f"the scheduler has had no workers for {idle:g} s; start some, and run again") from None


def workers_of(executor: Any) -> int:
    """Return how many parts an executor computes at a time, one at least."""
    if hasattr(executor, "nthreads"):  # Dask: workers come and go
        return max(int(sum(executor.nthreads().values())), 1)
    return int(getattr(executor, "_max_workers", 0) or os.cpu_count() or 1)


def _is_dask(executor: Any) -> bool:
    return hasattr(executor, "scheduler_info")


def _given(told: bytes) -> bytes:
    return told


def _handed_over(executor: Any, told: bytes) -> Any:
    """Return what stands for the work among a task's arguments.

    Of Dask that is the result of a task, not scattered data, which would be lost with the workers that hold it.
    """
    if not _is_dask(executor):
        return told
    return executor.submit(_given, told, key=f"simulator-work-{hashlib.sha256(told).hexdigest()}")


def _submitted(executor: Any, task: Task[T], handed: Any, low: int, high: int) -> Any:
    return executor.submit(_computed, task, handed, low, high, **({"pure": False} if _is_dask(executor) else {}))


def _result(future: Any, low: int, high: int) -> _Done:
    """Return the result of a part; SimulatorError where the executor failed, and whatever the task itself raised."""
    try:
        found: _Done = future.result()
    except SimulatorError:
        raise
    except Exception as error:
        # of executors that need not be installed: told apart by name
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "KilledWorker" in kinds:
            raise SimulatorError(
                f"each of several workers that took up draws {low} to {high} ended; for want of memory, most likely. "
                "Give each worker more memory, or fewer threads"
            ) from error
        if kinds & {"BrokenExecutor", "CancelledError", "FutureCancelledError", "CommClosedError", "TimeoutError"}:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SimulatorError(f"the executor was lost while draws {low} to {high} were computed ({told.rstrip('.')})") from error
        if "ModuleNotFoundError" in kinds:
            raise InputError(
                f"a worker cannot import what it is to run ({error}); install training-risk-simulator where workers run"
            ) from error
        raise
    return found


def _check_sources(sources: str) -> None:
    if sources != _sources():
        raise InputError(
            "a worker has other sources of the kernels, or another numba or numpy, than this process: its draws would not be those of this "
            "version. Install the same version of training-risk-simulator, numba and numpy where workers run"
        )
