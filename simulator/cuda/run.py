"""Draws of a plan on the GPU, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
_CHUNK = 2**26  # bytes of results that lie on the device at a time


class Device:
    """A scenario and a plan on the GPU.

    Parameters
    ----------
    arguments : KernelArguments

    Attributes
    ----------
    kept : list of int
        Rows of the outputs that are worked out.
    columns : int
        Draws that are played at a time.
    """

    def __init__(self, arguments: KernelArguments) -> None:
        self.kept = [*range(len(arguments.run_outputs)), *(len(arguments.run_outputs) + arguments.book.kept)]
        self._blocks, drawn = blocks(), len(arguments.drawn)
        threads, tables = self._blocks * BLOCK, arguments.tables
        rows = drawn + len(self.kept)
        self.columns = max(_CHUNK // (8 * rows), 1)
        self._results = cuda.device_array((rows, self.columns))
        # the system takes pages from under other memory, so that a copy to it waits for each (measured: 4 GB/s against 50)
        self._pinned = cuda.pinned_array((rows, self.columns))
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

    def chunks(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Cut draws into chunks whose results lie on the device at a time."""
        for low in range(start, stop, self.columns):
            yield low, min(low + self.columns, stop)

    def play(self, low: int, high: int) -> None:
        """Play out draws ``low`` to ``high`` - 1; returns before they are done."""
        play_draws[self._blocks, BLOCK](low, high - low, *self._known)

    def fetch(self, rows: list[Floats], pool: ThreadPoolExecutor) -> None:
        """Copy what was played last: drawn inputs, then outputs that are worked out, as many columns as these rows have.

        Threads share the rows: the first touch of new memory takes most of the time.
        """
        self._results.copy_to_host(self._pinned)
        list(pool.map(np.copyto, rows, self._pinned[:, : rows[0].size]))


def run_on_device(
    arguments: KernelArguments, start: int, stop: int, progress: Callable[[int], None] | None
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return drawn inputs by place and outputs by name, of draws ``start`` to ``stop`` - 1, as ``engine.run_kernel`` does."""
    count = stop - start
    inputs, outputs = np.empty((len(arguments.drawn), count)), np.zeros((len(arguments.outputs), count))
    device = Device(arguments)
    results = [*inputs, *(outputs[row] for row in device.kept)]
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for low, high in device.chunks(start, stop):
            device.play(low, high)
            device.fetch([row[low - start : high - start] for row in results], pool)
            if progress is not None:
                progress(high - start)
    return dict(zip(arguments.drawn, inputs, strict=True)), dict(zip(arguments.outputs, outputs, strict=True))


def blocks() -> int:
    """Return how many blocks of threads are launched."""
    return int(_BLOCKS * cuda.get_current_device().MULTIPROCESSOR_COUNT)


def _on_device(values: Any) -> Any:
    """Return the same named tuple with its arrays on the device."""
    return type(values)(*(cuda.to_device(np.ascontiguousarray(v)) if isinstance(v, np.ndarray) else v for v in values))
