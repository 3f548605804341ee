"""The single place where options of the compiler for GPUs live: what ``simulator.jit`` is for processors.

Products and sums are fused as there; nothing else is rearranged, so that NaN stays NaN. Division by nought gives infinity, as there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, cast

import numpy as np
from numba import cuda
from numba.cuda import config, libdevice

from simulator.kernel_cache import cache_folder

F = TypeVar("F", bound=Callable[..., Any])

#: The kernel would take all 255 registers of a thread, which leaves room for half as many threads (measured on an H100: 0.7e9 to 1.0e9
#: draws/s of quickstart, 0.08e9 to 0.12e9 of full-anatomy). The simulator of a GPU does not know the option.
_LAUNCH: dict[str, Any] = {} if config.ENABLE_CUDASIM else {"max_registers": 128}


def stage(function: F) -> F:
    """Compile a function that threads call."""
    return cast(F, cuda.jit(device=True)(function))


jittable = exact = exact_stage = allocating = kernel = stage


@stage
def wide_vectors() -> None:
    """Do nothing: a thread has no vectors."""


@stage
def bits(x: float) -> np.int64:
    """Return the bits of a float64 as int64."""
    return np.float64(x).view(np.int64)


@stage
def float_of(i: np.int64) -> np.float64:
    """Return the float64 with these bits."""
    return np.int64(i).view(np.float64)


def in_memory(*values: float) -> Any:
    """Return a function that reads one of these constants from the memory that all threads share."""
    table = np.array(values)

    @stage
    def constant(index: int) -> Any:
        return cuda.const.array_like(table)[index]

    return constant


def _numpy() -> ModuleType:
    """Return numpy with what it lacks on a GPU; the simulator of one has it."""
    module = ModuleType("numpy")
    vars(module).update(vars(np))
    if not config.ENABLE_CUDASIM:
        vars(module).update(floor=libdevice.floor, ceil=libdevice.ceil)
    return module


numpy = _numpy()


def launched(function: F) -> Any:
    """Compile what a processor launches on a grid of threads, cached on disk between processes."""
    folder = cache_folder()
    if folder is None:
        return cuda.jit(**_LAUNCH)(function)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)  # read once, while the function is decorated
    try:
        return cuda.jit(cache=True, **_LAUNCH)(function)
    finally:
        config.CACHE_DIR = before
