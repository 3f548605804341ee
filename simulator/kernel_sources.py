"""What compiled kernels are made from: their sources, the compiler's flags and versions, as one hash that needs no compiler."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

from simulator.errors import InputError

PACKAGE = Path(__file__).resolve().parent
_JITTED = ("jit.py", "kernel_cache.py", "kernel_sources.py", "stochastic", "model", "kernels", "cuda")
_BITS_OF_VECTORS = ("128", "256", "512")
_COMPILER_FLAGS = (
    "SIMULATOR_VECTOR_BITS", "NUMBA_OPT", "NUMBA_LOOP_VECTORIZE", "NUMBA_SLP_VECTORIZE", "NUMBA_ENABLE_AVX", "NUMBA_BOUNDSCHECK",
)  # fmt: skip


def source_hash() -> str:
    """Return the hash of the sources that kernels are compiled from, and of the compiler's flags."""
    vector_bits()  # refused before anything is compiled
    digest = hashlib.sha256()
    for name in _JITTED:
        path = PACKAGE / name
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(source.relative_to(PACKAGE)).encode() + b"\0" + source.read_bytes() + b"\0")
    flags = [f"{flag}={os.environ[flag]}" for flag in _COMPILER_FLAGS if flag in os.environ]
    digest.update("\0".join([version("numba"), version("numpy"), *flags]).encode())
    return digest.hexdigest()[:24]


def vector_bits() -> str:
    """Return how wide the vectors are that kernels use, of 128, 256 and 512 bits."""
    bits = os.environ.get("SIMULATOR_VECTOR_BITS", _BITS_OF_VECTORS[-1])
    if bits not in _BITS_OF_VECTORS:
        raise InputError(f"SIMULATOR_VECTOR_BITS = {bits!r} is not one of {', '.join(_BITS_OF_VECTORS)}; leave it unset for the widest")
    return bits
