"""Scrambled Sobol' points whose coordinate depends on the input's name only.

Library scrambles change with the number of dimensions; here each nomenclature quantity owns one
dimension of the sequence for good (``quantities.csv``), and its scramble, a random linear one with
a digital shift, is keyed by (seed, replicate, name).

References
----------
Joe, S., & Kuo, F. Y. (2008). Constructing Sobol sequences with better two-dimensional projections.
SIAM J. Sci. Comput. 30, 2635-2654. doi:10.1137/070709359 (``joe_kuo_2008.csv``: their first rows).
Matoušek, J. (1998). On the L2-discrepancy for anchored boxes. J. Complexity 14, 527-556.
doi:10.1006/jcom.1998.0489 (random linear scramble).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from simulator.jit import jittable
from simulator.stochastic.streams import stream_key, words_of_keys

INDEX_BITS = 52  # points per replicate: 2**52
_DIGITS = 64  # of each coordinate; the scramble fills those that the sequence leaves empty
_ONE, _ZERO = np.uint64(1), np.uint64(0)


@cache
def _table() -> tuple[tuple[int, tuple[int, ...]], ...]:
    text = files("simulator.stochastic").joinpath("joe_kuo_2008.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple((int(row["polynomial"]), tuple(int(m) for m in row["initial"].split())) for row in rows)


@cache
def direction_numbers(dimension: int) -> tuple[int, ...]:
    """Return the unscrambled direction numbers of one dimension.

    Parameters
    ----------
    dimension : int
        From 0, the van der Corput sequence.

    Returns
    -------
    tuple of int, length INDEX_BITS
        64-bit integers, the first binary digit of the coordinate uppermost.
    """
    if dimension == 0:
        return tuple(1 << (_DIGITS - 1 - k) for k in range(INDEX_BITS))
    polynomial, initial = _table()[dimension]
    degree = polynomial.bit_length() - 1
    v = [m << (_DIGITS - 1 - k) for k, m in enumerate(initial[:degree])]
    for k in range(degree, INDEX_BITS):
        new = v[k - degree] ^ (v[k - degree] >> degree)
        for j in range(1, degree):
            if (polynomial >> (degree - j)) & 1:
                new ^= v[k - j]
        v.append(new)
    return tuple(v[:INDEX_BITS])


def scrambled_directions(dimension: int, *, seed: int, replicates: int, name: str) -> NDArray[np.uint64]:
    """Return direction numbers under independent random linear scrambles, and their digital shifts.

    Parameters
    ----------
    dimension : int
    seed : int
    replicates : int
    name : str
        Of the input.

    Returns
    -------
    ndarray of uint64, shape (replicates, INDEX_BITS + 1)
        Scrambled direction numbers; the shift in the last column.
    """
    plain = np.array(direction_numbers(dimension), dtype=np.uint64)
    shifts = np.arange(_DIGITS - 1, -1, -1, dtype=np.uint64)
    diagonal = _ONE << shifts
    before = ~(diagonal | (diagonal - _ONE))
    out = np.empty((replicates, INDEX_BITS + 1), dtype=np.uint64)
    keys = [stream_key(seed=seed, purpose=f"sobol scramble {replicate}", name=name) for replicate in range(replicates)]
    for replicate, words in enumerate(words_of_keys(_DIGITS + 1, np.array(keys, dtype=np.uint64))):
        # digit d of the result: digit d and a random subset of those before it
        masks = (words[:_DIGITS] & before) | diagonal
        parity = np.bitwise_count(plain & masks[:, None]).astype(np.uint64) & _ONE
        out[replicate, :INDEX_BITS] = np.bitwise_or.reduce(parity << shifts[:, None])
        out[replicate, INDEX_BITS] = words[_DIGITS]
    return out


@jittable
def sobol_word(index: np.uint64, directions: NDArray[np.uint64]) -> np.uint64:
    """Return the 64 binary digits of one coordinate.

    Parameters
    ----------
    index : uint64
        Of the point in its replicate.
    directions : ndarray of uint64, shape (INDEX_BITS + 1,)
    """
    word: np.uint64 = directions[INDEX_BITS]
    rest = index
    k = 0
    while rest != _ZERO:
        word ^= directions[k] * (rest & _ONE)
        rest >>= _ONE
        k += 1
    return word
