"""Philox4x32-10, a counter-based generator: no state, and any draw can be replayed alone.

One call serves two draws of one input, never two inputs: adding, removing or fixing an input
changes no other input's draws.
"""

from __future__ import annotations

import numpy as np

from simulator.jit import jittable

# Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3. doi:10.1145/2063384.2063405
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ROUNDS = 10  # the authors' margin over the 7 that pass BigCrush; fixed so that the loop unrolls


@jittable
def philox4x32(counter: np.uint64, step: np.uint64, key: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return 128 random bits for a counter of 128 bits and a key of 64.

    Parameters
    ----------
    counter, step : uint64
        Low and high half of the counter.
    key : uint64
        Key; equal keys share a stream.

    Returns
    -------
    tuple of uint64
        Words (0, 1) and (2, 3) of the block, low word first.
    """
    c0, c1 = np.uint32(counter & _LOW), np.uint32(counter >> _SHIFT)
    c2, c3 = np.uint32(step & _LOW), np.uint32(step >> _SHIFT)
    k0, k1 = np.uint32(key & _LOW), np.uint32(key >> _SHIFT)
    for _ in range(_ROUNDS):
        p0, p1 = np.uint64(c0) * _M0, np.uint64(c2) * _M1
        n0 = np.uint32(p1 >> _SHIFT) ^ c1 ^ k0
        n2 = np.uint32(p0 >> _SHIFT) ^ c3 ^ k1
        c0, c1, c2, c3 = n0, np.uint32(p1 & _LOW), n2, np.uint32(p0 & _LOW)
        k0, k1 = np.uint32(k0 + _W0), np.uint32(k1 + _W1)
    first = np.uint64(c0) | (np.uint64(c1) << _SHIFT)
    second = np.uint64(c2) | (np.uint64(c3) << _SHIFT)
    return first, second
