"""Philox4x32, a counter-based generator: no state, and any draw can be replayed alone.

One call serves two draws of one input, never two inputs: adding, removing or fixing an input
changes no other input's draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.jit import jittable

# Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3. doi:10.1145/2063384.2063405
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def _of_rounds(rounds: int) -> Callable[..., tuple[np.uint64, np.uint64, np.uint64, np.uint64]]:
    """Return the generator with a number of rounds that is fixed, so that the loop unrolls."""

    @jittable
    def words(
        c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
    ) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
        for _ in range(rounds):
            # factors alone are cut to 32 bits, which vector products do by themselves; what stands above in the rest is cut at the end
            p0, p1 = (c0 & _LOW) * _M0, (c2 & _LOW) * _M1
            c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ k0, p1, (p0 >> _SHIFT) ^ c3 ^ k1, p0
            k0, k1 = k0 + _W0, k1 + _W1
        return c0 & _LOW, c1 & _LOW, c2 & _LOW, c3 & _LOW

    return words


#: Four random words of 32 bits for a counter of four and a key of two, all held in 64 bits, where a product lies without
#: repacking of vector lanes. Ten rounds are the authors' margin over the seven that pass BigCrush.
philox_words = _of_rounds(10)
#: The same in seven rounds: for noise that is averaged over hours, where rounds are most of the time.
philox_words_7 = _of_rounds(7)


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
    c0, c1, c2, c3 = philox_words(counter & _LOW, counter >> _SHIFT, step & _LOW, step >> _SHIFT, key & _LOW, key >> _SHIFT)
    return c0 | (c1 << _SHIFT), c2 | (c3 << _SHIFT)
