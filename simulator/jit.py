"""The single place where numba's options live.

``error_model="numpy"`` removes a branch from every division, without which no loop vectorizes;
``fastmath={"contract"}`` allows fused multiply-add and nothing else, so that NaN stays NaN and the
rounding trick of ``exp`` survives (both measured: full fastmath kills ``isnan`` and that ``exp``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic

from simulator.kernel_cache import cache_folder, cached_in, checked
from simulator.kernel_sources import vector_bits

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
#: Counting references to arrays is an atomic operation each time one is named: a tenth of the history kernel's time. What
#: allocates nothing needs no counts.
_NO_COUNTS: dict[str, Any] = {**_OPTIONS, "_nrt": False}


def jittable(function: F) -> F:
    """Compile a scalar law so that kernels can call it; ``.py_func`` is the uncompiled source.

    LLVM inlines it wherever it is called: a loop with a call in it does not vectorize.
    """
    return cast(F, numba.njit(forceinline=True, **_NO_COUNTS)(function))


def stage(function: F) -> F:
    """Compile one stage of a kernel: a function with loops of its own over lanes, which allocates nothing."""
    return cast(F, numba.njit(**_NO_COUNTS)(function))


def exact(function: F) -> F:
    """Compile a scalar law in which nothing is fused, so that two ways to one number agree to the last bit; inlined."""
    return cast(F, numba.njit(forceinline=True, error_model="numpy", fastmath=False, _nrt=False)(function))


def exact_stage(function: F) -> F:
    """Compile one stage of a kernel in which nothing is fused."""
    return cast(F, numba.njit(error_model="numpy", fastmath=False, _nrt=False)(function))


def allocating(function: F) -> F:
    """Compile a part of a kernel that makes or flattens arrays."""
    return cast(F, numba.njit(_nrt=True, **_OPTIONS)(function))


def kernel(function: F) -> F:
    """Compile a loop over blocks with threads, cached on disk between processes."""
    folder = cache_folder()
    if folder is None:
        return cast(F, numba.njit(parallel=True, **_OPTIONS)(function))
    with cached_in(folder):
        return cast(F, checked(numba.njit(parallel=True, cache=True, **_OPTIONS)(function)))


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def wide_vectors(_context: Any) -> Any:
    """Let LLVM use 512-bit vectors in the function that calls this, where the machine has them.

    LLVM prefers 256 bits on most such machines; the hint is an attribute of one function, so that
    nothing else that numba compiles in the process is touched. ``SIMULATOR_VECTOR_BITS`` asks for 128 or 256 instead.
    """

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        # llvmlite checks names against a list that lacks this one; its text is plain LLVM IR
        set.add(builder.function.attributes, f'"prefer-vector-width"="{vector_bits()}"')
        return context.get_dummy_value()

    return numba.types.void(), generate
