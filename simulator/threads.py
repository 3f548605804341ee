"""Kernels' threads among the threads and processes of others: thread pools, Dask, joblib, forks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

import numba

from simulator.errors import SimulatorError

_busy = 0
_changed = Condition()
_forked = False  # from a process whose OpenMP threads have run


def _layer() -> str | None:
    """Return how numba runs threads; None before it does."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return None


def _begin_again() -> None:
    """Note what a fork has: no thread but its own."""
    global _busy, _changed, _forked
    _busy, _changed, _forked = 0, Condition(), _layer() == "omp"


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
    numba's threads that can serve one caller at a time are safe.

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
    global _busy  # noqa: PLW0603 - a property of the process
    cores = int(numba.config.NUMBA_NUM_THREADS)
    share = numba.get_num_threads() if _layer() in ("omp", "tbb") else cores
    with _changed:
        _changed.wait_for(lambda: _busy + share <= cores)
        _busy += share
    try:
        yield
    finally:
        with _changed:
            _busy -= share
            _changed.notify_all()
