"""Draws of a plan on the GPU, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numba import cuda
from numpy.typing import NDArray

from simulator.arguments import KernelArguments
from simulator.cuda.kernel import ledger_rows, play_draws
from simulator.kernels.inputs import input_workspace

Floats = NDArray[np.float64]
_workspace: Any = input_workspace  # whose uncompiled source serves here

BLOCK = 128  # threads
_BLOCKS = 4  # on each multiprocessor: more share its nearest cache (measured on an H100: 1.0e9 draws/s with 4, 0.6e9 with 32)
_CHUNK = 2**19  # draws whose results lie on the device at a time, of 0.2 to 1.7 kB each: several for every thread
_STAGING = 2**23  # numbers that are on their way back at a time


class Device:
    """A scenario and a plan on the GPU.

    Parameters
    ----------
    arguments : KernelArguments
    draws : int
        Most that are played.

    Attributes
    ----------
    kept : list of int
        Rows of the outputs that are worked out.
    """

    def __init__(self, arguments: KernelArguments, draws: int) -> None:
        self.kept = [*range(len(arguments.run_outputs)), *(len(arguments.run_outputs) + arguments.book.kept)]
        self._blocks, drawn = blocks(), len(arguments.drawn)
        threads, tables = self._blocks * BLOCK, arguments.tables
        self._columns = min(draws, _CHUNK)
        self._results = cuda.device_array((drawn + len(self.kept), self._columns))
        self._known = (
            cuda.to_device(arguments.play.modes),
            _on_device(tables),
            _on_device(arguments.book),
            cuda.to_device(_workspace.py_func(tables).place),
            cuda.device_array((tables.constants.size + ledger_rows(arguments.book), threads)),
            cuda.device_array((tables.correlated.size, 1, threads)),
            self._results[:drawn],
            self._results[drawn:],
        )

    def play(self, low: int, high: int) -> None:
        """Play out draws ``low`` to ``high`` - 1; returns before they are done."""
        play_draws[self._blocks, BLOCK](low, high - low, *self._known)

    def fetch(self, rows: list[Floats], pool: ThreadPoolExecutor) -> None:
        """Copy what was played last: drawn inputs, then outputs that are worked out, as many columns as these rows have.

        Threads share the rows: the first touch of new memory takes most of the time.
        """
        together = max(_STAGING // self._columns, 1)
        for low in range(0, len(rows), together):
            part = rows[low : low + together]
            staged = _pinned()[: len(part) * self._columns].reshape(len(part), self._columns)
            self._results[low : low + len(part)].copy_to_host(staged)
            list(pool.map(np.copyto, part, staged[:, : part[0].size]))


@lru_cache(maxsize=1)
def _pinned() -> Floats:
    """Return memory that the GPU writes to directly: pages that the system may move wait for each other (4 GB/s against 50)."""
    memory: Floats = cuda.pinned_array(max(_STAGING, _CHUNK))
    return memory


def run_on_device(
    arguments: KernelArguments, start: int, stop: int, progress: Callable[[int], None] | None
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return drawn inputs by place and outputs by name, of draws ``start`` to ``stop`` - 1, as ``engine.run_kernel`` does."""
    count = stop - start
    inputs, outputs = np.empty((len(arguments.drawn), count)), np.zeros((len(arguments.outputs), count))
    device = Device(arguments, count)
    results = [*inputs, *(outputs[row] for row in device.kept)]
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for low, high in chunks(start, stop):
            device.play(low, high)
            device.fetch([row[low - start : high - start] for row in results], pool)
            if progress is not None:
                progress(high - start)
    return dict(zip(arguments.drawn, inputs, strict=True)), dict(zip(arguments.outputs, outputs, strict=True))


def chunks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut draws into chunks whose results lie on the device at a time."""
    for low in range(start, stop, _CHUNK):
        yield low, min(low + _CHUNK, stop)


def blocks() -> int:
    """Return how many blocks of threads are launched."""
    return int(_BLOCKS * cuda.get_current_device().MULTIPROCESSOR_COUNT)


def _on_device(values: Any) -> Any:
    """Return the same named tuple with its arrays on the device."""
    return type(values)(*(cuda.to_device(np.ascontiguousarray(v)) if isinstance(v, np.ndarray) else v for v in values))
