"""Parts of draws: handed out, waited for, each taken once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

from simulator.errors import InputError
from simulator.executors.cuts import Cuts
from simulator.executors.libraries import handed_over, next_of, result_of, submitted, workers_of
from simulator.executors.work import Task, Work, own_sources, told_of

_WAITING = 2  # parts handed out for each worker, so that none waits for the next

T = TypeVar("T")


class Part(NamedTuple, Generic[T]):
    """What a task made of draws ``low`` to ``high`` - 1 of one of several works."""

    work: int
    low: int
    high: int
    result: T


def in_parts(task: Task[T], works: Sequence[Work], cuts: Cuts, progress: Callable[[int], None] | None = None) -> Iterator[Part[T]]:
    """Yield what a task makes of draws of several works, part by part as they are finished, each once.

    A worker computes each on one core, or on the plan's ``threads``. Where Dask loses a worker, its scheduler has another compute what is
    missing.

    Parameters
    ----------
    task : callable
        Of a module that workers can import; takes the work, the first draw and the draw after the last.
    works : sequence of Work
        Whose plans have the same ``executor``.
    cuts : Cuts
        :class:`GrowingParts`, or :class:`ListedParts`.
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
    handed: dict[int, Any] = {}
    finished: SimpleQueue[Any] = SimpleQueue()
    running: dict[Any, tuple[int, int, int]] = {}
    done, cpu = 0, ""
    try:
        while True:
            workers = workers_of(executor)
            while len(running) < _WAITING * workers and (part := cuts.next(workers)):
                place, low, high = part
                if place not in handed:
                    handed[place] = handed_over(executor, told_of(works[place]))
                future = submitted(executor, task, handed[place], low, high)
                running[future] = part
                future.add_done_callback(finished.put)
            if not running:
                return
            future = next_of(finished, executor)
            place, low, high = running.pop(future)
            found = result_of(future, low, high)
            _check_sources(found.sources)
            cpu = cpu or found.cpu
            if found.cpu != cpu:
                raise InputError(
                    f"workers have processors of two kinds, {cpu} and {found.cpu}, for which numba compiles differently: draws would "
                    f"depend on who computes them, in their last digits. Start all with NUMBA_CPU_NAME=generic, or take those of one kind"
                )
            cuts.learn((high - low) / max(found.seconds, 1e-6))
            for past in [k for k in handed if k < min((part[0] for part in running.values()), default=place)]:
                del handed[past]  # so that the cluster may forget it
            done += high - low
            if progress is not None:
                progress(done)
            yield Part(place, low, high, found.result)
    finally:
        for future in running:
            future.cancel()


def _check_sources(sources: str) -> None:
    if sources != own_sources():
        raise InputError(
            "a worker has other sources of the kernels, or another numba or numpy, than this process: its draws would not be those of this "
            "version. Install the same version of training-risk-simulator, numba and numpy where workers run"
        )
