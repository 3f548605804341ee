"""Keys of random streams: by seed, purpose and the input's name, never by its place in a list."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from simulator.stochastic.philox import philox4x32


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
    key = np.uint64(stream_key(seed=seed, purpose=purpose, name=name))
    words = [philox4x32(np.uint64(i), np.uint64(0), key) for i in range((count + 1) // 2)]
    return np.array(words, dtype=np.uint64).ravel()[:count]
