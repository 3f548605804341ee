"""Keys of random streams: by seed, purpose and the input's name, never by its place in a list."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simulator.stochastic.philox import philox_words

_ZERO, _SHIFT, _LOW = np.uint64(0), np.uint64(32), np.uint64(0xFFFFFFFF)


def stream_key(*, seed: int, purpose: str, name: str) -> int:
    """Return the 64-bit Philox key of a stream.

    Parameters
    ----------
    seed : int
        Non-negative; 0 is a seed.
    purpose : str
        What the stream is for, ``draw`` for the static inputs.
    name : str
        Of the input.

    Examples
    --------
    >>> stream_key(seed=0, purpose="draw", name="mfu") == stream_key(seed=1, purpose="draw", name="mfu")
    False
    """
    text = f"{seed}\0{purpose}\0{name}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8, person=b"training-risk").digest(), "little")


def random_words(count: int, *, seed: int, purpose: str, name: str) -> NDArray[np.uint64]:
    """Return 64-bit random words of a stream, shape (count,); for set-up work, not for draws."""
    words: NDArray[np.uint64] = words_of_keys(count, np.array([stream_key(seed=seed, purpose=purpose, name=name)], dtype=np.uint64))[0]
    return words


def words_of_keys(count: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64-bit random words of several streams, shape (keys.size, count), without compiling anything."""
    blocks, key = np.arange((count + 1) // 2, dtype=np.uint64), keys[:, None]
    of_arrays: Any = cast(Any, philox_words).py_func
    w0, w1, w2, w3 = of_arrays(blocks & _LOW, blocks >> _SHIFT, _ZERO, _ZERO, key & _LOW, key >> _SHIFT)
    pairs = np.stack([w0 | (w1 << _SHIFT), w2 | (w3 << _SHIFT)], axis=-1)
    return pairs.reshape(keys.size, -1)[:, :count]
