"""Draws of a plan on the GPU, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from simulator.arguments import KernelArguments
from simulator.cuda.kernel import ledger_rows, play_draws
from simulator.kernels.inputs import input_workspace

Floats = NDArray[np.float64]
_workspace: Any = input_workspace  # whose uncompiled source serves here

BLOCK = 128  # threads
_BLOCKS = 4  # on each multiprocessor
_CHUNK = 2**19  # draws, of 0.2 to 1.7 kB each


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
        columns = min(draws, _CHUNK)
        self.kept = [*range(len(arguments.run_outputs)), *(len(arguments.run_outputs) + arguments.book.kept)]
        self._blocks = blocks()
        threads, tables = self._blocks * BLOCK, arguments.tables
        self._known = (
            cuda.to_device(arguments.play.modes),
            _on_device(tables),
            _on_device(arguments.book),
            cuda.to_device(_workspace.py_func(tables).place),
            cuda.device_array((tables.constants.size + ledger_rows(arguments.book), threads)),
            cuda.device_array((tables.correlated.size, 1, threads)),
        )
        self._inputs = cuda.device_array((len(arguments.drawn), columns))
        self._outputs = cuda.device_array((len(self.kept), columns))

    def play(self, low: int, high: int) -> None:
        """Play out draws ``low`` to ``high`` - 1; returns before they are done."""
        play_draws[self._blocks, BLOCK](low, high - low, *self._known, self._inputs, self._outputs)

    def fetch(self, inputs: Floats, outputs: Floats) -> None:
        """Copy what was played last into the columns of drawn inputs and outputs, of which those that are not worked out stay."""
        count = outputs.shape[1]
        for k, row in enumerate(inputs):
            self._inputs[k, :count].copy_to_host(row)
        for k, row in enumerate(self.kept):
            self._outputs[k, :count].copy_to_host(outputs[row])


def run_on_device(
    arguments: KernelArguments, start: int, stop: int, progress: Callable[[int], None] | None
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return drawn inputs by place and outputs by name, of draws ``start`` to ``stop`` - 1, as ``engine.run_kernel`` does."""
    count = stop - start
    inputs, outputs = np.empty((len(arguments.drawn), count)), np.zeros((len(arguments.outputs), count))
    device = Device(arguments, count)
    for low, high in chunks(start, stop):
        columns = slice(low - start, high - start)
        device.play(low, high)
        device.fetch(inputs[:, columns], outputs[:, columns])
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
