"""Kernels' threads among the threads and processes of others: thread pools, Dask, joblib, forks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, local

import numba

from simulator.errors import SimulatorError


class _Cores:
    """The cores of a process, which go to those that wait for them one after the other."""

    def __init__(self) -> None:
        self.busy = 0
        self.waiting: deque[object] = deque()
        self.changed = Condition()
        self.held = local()  # by this thread


_cores = _Cores()
_forked = False  # from a process whose OpenMP threads have run


def _layer() -> str | None:
    """Return how numba runs threads; None before it does."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return None


def _begin_again() -> None:
    """Note what a fork has: no thread but its own."""
    global _cores, _forked
    _cores, _forked = _Cores(), _layer() == "omp"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)


@contextmanager
def using_threads(count: int | None) -> Iterator[None]:
    """Let kernels use a number of threads, and give the old one back."""
    before = numba.get_num_threads()
    numba.set_num_threads(count or before)
    try:
        yield
    finally:
        numba.set_num_threads(before)


@contextmanager
def launching() -> Iterator[None]:
    """Wait until as many cores are free as the kernel that is launched inside may use.

    All threads of a process that launch kernels share its cores so, instead of each having all of them; and those layers of
    numba's threads that can serve one caller at a time are safe. Who asks first is served first, so that many who want one core
    do not keep it from one who wants all. What is launched by a thread that holds cores already is part of that, and waits for none.

    Raises
    ------
    SimulatorError
        In a fork of a process whose kernels ran on OpenMP, which would end the process.
    """
    if _forked:
        raise SimulatorError(
            "this process is a fork of one that has run kernels on OpenMP, which cannot go on in a fork; start processes by 'spawn' "
            "(multiprocessing.get_context('spawn')), or set NUMBA_THREADING_LAYER=workqueue in the first"
        )
    cores, most = _cores, int(numba.config.NUMBA_NUM_THREADS)
    if getattr(cores.held, "any", False):
        yield
        return
    share, ticket = numba.get_num_threads() if _layer() in ("omp", "tbb") else most, object()
    with cores.changed:
        cores.waiting.append(ticket)
        try:
            cores.changed.wait_for(lambda: cores.waiting[0] is ticket and cores.busy + share <= most)
            cores.busy += share
        finally:  # an interruption by the user too
            cores.waiting.remove(ticket)
            cores.changed.notify_all()
    cores.held.any = True
    try:
        yield
    finally:
        cores.held.any = False
        with cores.changed:
            cores.busy -= share
            cores.changed.notify_all()
