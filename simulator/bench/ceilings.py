"""What one thread of this machine can do at most, measured: random words, arithmetic, memory.

Numba keeps compiled loops in the folder that is named after the kernels' sources, and asks itself whether this file has changed: no
function of another module of ``bench`` may be called from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numba import prange
from numpy.typing import NDArray

from simulator.jit import kernel, stage, wide_vectors
from simulator.stochastic.philox import philox4x32

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

CHAINS = 10  # sums that do not wait for each other: two units with a latency of four cycles need eight
STEPS = 8  # of each
_LANES = 512
_TIMES = 3000  # of a loop over _LANES: about 10 ms
_BYTES = 1 << 27  # of an array, far beyond a core's share of the caches
_KEY, _ZERO = np.uint64(1), np.uint64(0)

#: loop: what one repetition of it does, and the unit of which
SIZES: Mapping[str, tuple[int, str]] = {
    "generator": (2 * _LANES * _TIMES, "uniforms"),
    "arithmetic": (2 * CHAINS * STEPS * _LANES * _TIMES, "operations"),
    "bandwidth": (2 * _BYTES, "bytes"),
}


@stage
def draw_words(times: int, out: Words) -> None:
    """Fill lanes with the exclusive or of a call of Philox4x32-10 each, again and again: two words of 64 bits a call."""
    wide_vectors()
    for time in range(times):
        first = np.uint64(time * _LANES)
        for i in range(_LANES):
            a, b = philox4x32(first + np.uint64(i), _ZERO, _KEY)
            out[np.uint64(i)] ^= a ^ b


@stage
def multiply_and_add(times: int, x: Floats) -> None:
    """Take CHAINS sums of each lane through STEPS fused multiply-adds, again and again; lanes stay in the nearest cache."""
    wide_vectors()
    for _ in range(times):
        for i in range(_LANES):
            s = x[i]
            a, b, c, d, e = s, s + 0.1, s + 0.2, s + 0.3, s + 0.4
            f, g, h, j, k = s + 0.5, s + 0.6, s + 0.7, s + 0.8, s + 0.9
            for _step in range(STEPS):
                a, b, c, d, e = a * s + 0.1, b * s + 0.1, c * s + 0.1, d * s + 0.1, e * s + 0.1
                f, g, h, j, k = f * s + 0.1, g * s + 0.1, h * s + 0.1, j * s + 0.1, k * s + 0.1
            x[i] = 0.05 * ((a + b + c + d + e) + (f + g + h + j + k))


@kernel
def run_ceilings(generator: bool, times: int, x: Floats, words: Words) -> None:
    """Run one of the loops in one thread."""
    for _ in prange(1):
        if generator:
            draw_words(times, words)
        else:
            multiply_and_add(times, x)


def loops() -> dict[str, Callable[[], object]]:
    """Return the loops of :data:`SIZES`, ready to be timed: each works on memory of its own.

    ``generator`` is Philox4x32-10 alone, whose words become no numbers. ``arithmetic`` is a float64 multiply-add, two operations,
    in chains that do not wait for each other. ``bandwidth`` is ``numpy.copyto`` between arrays of 128 MiB, a byte read and a byte
    written counted each.
    """
    x, words = np.linspace(0.1, 0.9, _LANES), np.zeros(_LANES, dtype=np.uint64)
    source, target = np.ones(_BYTES // 8), np.zeros(_BYTES // 8)
    return {
        "generator": lambda: run_ceilings(True, _TIMES, x, words),
        "arithmetic": lambda: run_ceilings(False, _TIMES, x, words),
        "bandwidth": lambda: np.copyto(target, source),
    }
