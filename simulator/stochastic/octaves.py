"""A quantile function as a function of the uniform itself, in cells that the bits of the uniform name.

From a uniform x on (-1, 1) a normal score and a look-up in it make a value. Where nothing is correlated with an input, nobody else
reads its score, and one table can take both steps. Its cells are even within each octave of q = 1 - abs(x), twice the
probability of the nearer tail: as many between 1e-15 and 2e-15 as between 0.5 and 1, so that tails are as accurate as the middle.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.jit import jittable
from simulator.stochastic.elementary import bits, float_of
from simulator.stochastic.laws import Link
from simulator.stochastic.tabulate import LARGEST_ERROR, RELATIVE_ERROR, Kind, QuantileTable

OCTAVES = 52  # of q, whose smallest value is 2**-52: see ``normal.signed_uniform``
CELLS = 4  # in each
SIDE = OCTAVES * CELLS  # cells of the upper half of a law; as many follow for the lower half
TERMS = 8  # of a cell's polynomial; a row fills 64 bytes
_ROUNDING = 1e-15  # of a value, which counts where it is far from zero and close to a bound
_QUARTILE = 0.6744897501960817
_BITS = CELLS.bit_length() - 1  # of q's mantissa, which name the cell in its octave
_SHIFT = 52 - _BITS
_FIRST = (1023 - OCTAVES) << _BITS
_PLACE, _ONE = (1 << _SHIFT) - 1, 0x3FF0000000000000

Floats = NDArray[np.float64]

# Chebyshev-Lobatto points carry the ends of a cell, so that neighbours meet
_NODES = 0.5 - 0.5 * np.cos(np.pi * np.arange(TERMS) / (TERMS - 1))
_FROM_NODES = np.linalg.inv(np.vander(_NODES, TERMS, increasing=True))
_TESTS = 0.5 - 0.5 * np.cos(np.pi * (np.arange(TERMS - 1) + 0.5) / (TERMS - 1))
_AT_TESTS = np.vander(_TESTS, TERMS, increasing=True)


@lru_cache(maxsize=1)
def _scores() -> tuple[Floats, Floats]:
    """Return the normal scores of each cell's nodes and of its test points, shapes (2 * SIDE, points)."""
    octave, cell = np.divmod(np.arange(SIDE), CELLS)

    def scores(places: Floats) -> Floats:
        tail = 0.5 * 2.0 ** (octave - OCTAVES)[:, None] * (1.0 + (cell[:, None] + places) / CELLS)
        upper = -ndtri(tail)
        return np.concatenate([upper, -upper])

    return scores(_NODES), scores(_TESTS)


def octave_cells(table: QuantileTable) -> Floats | None:
    """Return a quantile function of a uniform, or None where the law has jumps, kinks or tails that such cells miss.

    Parameters
    ----------
    table : QuantileTable
        Of the normal score.

    Returns
    -------
    ndarray, shape (2 * SIDE, TERMS), or None
        Coefficients of the powers of the place in the cell, from 0 to 1. Within 10 times ``RELATIVE_ERROR`` of the table, in
        the units of its own error, where |z| <= 6, and 1e-6 beyond, where tables may be held; before rounding to whole
        numbers.
    """
    if table.kind is Kind.STEPS:
        return None
    nodes, tests = _scores()
    with np.errstate(all="ignore"):  # a law may overflow where no score is drawn: judged below
        rows: Floats = table.smooth(nodes) @ _FROM_NODES.T
        exact = table.smooth(tests)
        low, high = table.smooth(np.array([-_QUARTILE, _QUARTILE]))
        distance = exact - table.origin if table.link is Link.EXP else np.maximum(np.abs(exact), (high - low) / 100)
        admissible = np.where(np.abs(tests) <= 6, 10 * RELATIVE_ERROR, LARGEST_ERROR)
        met = np.abs(rows @ _AT_TESTS.T - exact) <= admissible * distance + _ROUNDING * np.abs(exact)
    return rows if met.all() else None


@jittable
def cell_of(x: float) -> tuple[int, float]:
    """Return the cell that a uniform on (-1, 1) lies in, and the place in it, from 0 to 1."""
    q = bits(1.0 - abs(x))
    lower_half = SIDE & (bits(x) >> 63)  # all ones below zero
    return (q >> _SHIFT) - _FIRST + lower_half, (float_of((q & _PLACE) | _ONE) - 1.0) * CELLS
