"""Dask's client and the executors of ``concurrent.futures``: what differs between them, and what is wrong where they fail."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from simulator.errors import InputError, SimulatorError
from simulator.executors.work import Done, Task, computed

_PATIENCE = 5.0  # s, after which it is looked whether there is anyone to wait for
_FORSAKEN = 60.0  # s without any worker, after which none is thought to come

T = TypeVar("T")


def next_of(finished: SimpleQueue[Any], executor: Any) -> Any:
    """Wait for the next part that is finished; SimulatorError where none can be any more."""
    idle = 0.0
    while True:
        try:
            return finished.get(timeout=_PATIENCE)
        except Empty:
            if not _is_dask(executor):
                continue
            idle = 0.0 if _threads_of(executor) else idle + _PATIENCE
            if idle > _FORSAKEN:
                raise SimulatorError(f"the scheduler has had no workers for {idle:g} s; start some, and run again") from None


def workers_of(executor: Any) -> int:
    """Return how many parts an executor computes at a time, one at least."""
    if _is_dask(executor):  # whose workers come and go
        return max(sum(_threads_of(executor).values()), 1)
    return int(getattr(executor, "_max_workers", 0) or os.cpu_count() or 1)


def _threads_of(client: Any) -> dict[str, int]:
    """Return by worker of a Dask cluster how many threads it has."""
    return dict(_asked(client, client.nthreads))


def _asked(client: Any, question: Callable[..., T], *words: Any, **options: Any) -> T:
    """Ask a client of Dask, whose scheduler may have gone; what it raises then depends on the moment."""
    status = getattr(client, "status", "running")
    if status != "running":
        raise SimulatorError(f"the scheduler is lost: the client of Dask is {status}")
    try:
        return question(*words, **options)
    except Exception as error:
        status = client.status
        if not isinstance(error, OSError) and status == "running":  # Dask's own of closed and reset connections are OSErrors
            raise
        raise SimulatorError(f"the scheduler is lost ({_first_line(error).rstrip('.')})") from error


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _is_dask(executor: Any) -> bool:
    return hasattr(executor, "scheduler_info")


def _given(told: bytes) -> bytes:
    return told


def handed_over(executor: Any, told: bytes) -> Any:
    """Return what stands for the work among a task's arguments.

    Of Dask that is the result of a task, not scattered data, which would be lost with the workers that hold it.
    """
    if not _is_dask(executor):
        return told
    return _asked(executor, executor.submit, _given, told, key=f"simulator-work-{hashlib.sha256(told).hexdigest()}")


def submitted(executor: Any, task: Task[T], handed: Any, low: int, high: int) -> Any:
    """Return the future of a part."""
    if _is_dask(executor):
        return _asked(executor, executor.submit, computed, task, handed, low, high, pure=False)
    return executor.submit(computed, task, handed, low, high)


def result_of(future: Any, low: int, high: int) -> Done:
    """Return the result of a part; SimulatorError where the executor failed, and whatever the task itself raised."""
    try:
        found: Done = future.result()
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
            told = _first_line(error).rstrip(".")
            raise SimulatorError(f"the executor was lost while draws {low} to {high} were computed ({told})") from error
        if "ModuleNotFoundError" in kinds:
            raise InputError(
                f"a worker cannot import what it is to run ({error}); install training-risk-simulator where workers run"
            ) from error
        raise
    return found
