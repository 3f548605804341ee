"""The single place where numba's options live.

``error_model="numpy"`` removes a branch from every division, without which no loop vectorizes;
``fastmath={"contract"}`` allows fused multiply-add and nothing else, so that NaN stays NaN and the
rounding trick of ``exp`` survives (both measured: full fastmath kills ``isnan`` and that ``exp``).

numba's disk cache does not see edits in other files, so compiled kernels live in a folder whose
name is a hash of every source file that a kernel is made from. Wherever the package is installed
anew, kernels of the same sources are found there.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import UserProvidedCacheLocator
from numba.extending import intrinsic

from simulator.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
#: Counting references to arrays is an atomic operation each time one is named: a tenth of the history kernel's time. What
#: allocates nothing needs no counts.
_NO_COUNTS: dict[str, Any] = {**_OPTIONS, "_nrt": False}
_PACKAGE = Path(__file__).resolve().parent
_JITTED = ("jit.py", "stochastic", "model", "kernels", "cuda")
_BITS_OF_VECTORS = ("128", "256", "512")
_COMPILER_FLAGS = (
    "SIMULATOR_VECTOR_BITS", "NUMBA_OPT", "NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE", "NUMBA_ENABLE_AVX", "NUMBA_BOUNDSCHECK",
)  # fmt: skip


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
    before = numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES
    # read once, while the function is decorated
    numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = str(folder), f"{__name__}.{KernelCacheLocator.__name__}"
    try:
        return cast(F, numba.njit(parallel=True, cache=True, **_OPTIONS)(function))
    finally:
        numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = before


class KernelCacheLocator(UserProvidedCacheLocator):  # type: ignore[misc]  # numba has no hints
    """Where numba keeps what it compiled of a file: by its place in the package and what it holds, not by where that is installed."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return the folder below the cache's."""
        folder = Path(py_file).resolve().parent
        return (
            folder.relative_to(_PACKAGE.parent).as_posix()
            if folder.is_relative_to(_PACKAGE)
            else super().get_suitable_cache_subpath(py_file)
        )

    def get_source_stamp(self) -> str:
        """Return what changes with the file."""
        return hashlib.sha256(Path(self._py_file).read_bytes()).hexdigest()


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def wide_vectors(_context: Any) -> Any:
    """Let LLVM use 512-bit vectors in the function that calls this, where the machine has them.

    LLVM prefers 256 bits on most such machines; the hint is an attribute of one function, so that
    nothing else that numba compiles in the process is touched. ``SIMULATOR_VECTOR_BITS`` asks for 128 or 256 instead.
    """

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        # llvmlite checks names against a list that lacks this one; its text is plain LLVM IR
        set.add(builder.function.attributes, f'"prefer-vector-width"="{_vector_bits()}"')
        return context.get_dummy_value()

    return numba.types.void(), generate


def _vector_bits() -> str:
    bits = os.environ.get("SIMULATOR_VECTOR_BITS", _BITS_OF_VECTORS[-1])
    if bits not in _BITS_OF_VECTORS:
        raise InputError(f"SIMULATOR_VECTOR_BITS = {bits!r} is not one of {', '.join(_BITS_OF_VECTORS)}; leave it unset for the widest")
    return bits


def source_hash() -> str:
    """Return the hash of the sources that kernels are compiled from, and of the compiler's flags."""
    _vector_bits()  # refused before anything is compiled
    digest = hashlib.sha256()
    for name in _JITTED:
        path = _PACKAGE / name
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(source.relative_to(_PACKAGE)).encode() + b"\0" + source.read_bytes() + b"\0")
    flags = [f"{flag}={os.environ[flag]}" for flag in _COMPILER_FLAGS if flag in os.environ]
    digest.update("\0".join([numba.__version__, np.__version__, *flags]).encode())
    return digest.hexdigest()[:24]


def cache_folder() -> Path | None:
    """Return a folder of this user's for compiled kernels, or None where none can be written.

    ``SIMULATOR_CACHE_DIR`` overrides; then the user's cache folder; then a private folder among the
    temporary files. The files in it are code that numba will run, so a folder that another user
    could write to is never used.
    """
    for base in _candidates():
        folder = base / source_hash()
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        if _is_ours(folder):
            return folder
    return None


def _candidates() -> list[Path]:
    name = "training-risk-simulator"
    override = os.environ.get("SIMULATOR_CACHE_DIR")
    if override:
        return [Path(override)]
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    elif sys.platform == "darwin":
        user = Path(os.path.expanduser("~/Library/Caches"))
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    return [user / name, Path(tempfile.gettempdir()) / f"{name}-{owner}"]


def _is_ours(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    for path in (folder, folder.parent):
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
    return True
