"""Counting draws in bins, so that percentiles of any number of draws take no more memory than those of a few.

A bin is named by the sign, the exponent and the first bits of the mantissa of a value: 16 384 to an octave, each no wider than 6.2e-5
of its values, as in a DDSketch (Masson, Rim & Lee 2019, DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees, PVLDB 12(12):2195-2205, arXiv:1908.10693) whose logarithm is linear within an octave. What is counted are whole numbers, so
that neither order nor threads change anything; moments are told by leaves of draws, to be added up without rounding.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from simulator.jit import jittable, kernel, stage
from simulator.kernels.lanes import Floats, Integers
from simulator.stochastic.elementary import bits

LEAF = 4096  # draws whose moments are worked out together
_NAMING = 14  # bits of the mantissa that name a bin
BIN_WIDTH = 2.0**-_NAMING  # of the value at a bin's lower end, at most
_SHIFT = 52 - _NAMING
_FIRST = ((1023 - 100) << _NAMING) - 1
LAST = ((1023 + 200) << _NAMING) - _FIRST  # that all larger magnitudes share
SMALLEST = 2.0**-100  # of a magnitude that is not taken for nought
_MAGNITUDE = 0x7FFFFFFFFFFFFFFF

#: columns of a leaf: number, sum, sum of squared deviations from its own mean, least and greatest value, those nearest to nought on
#: either side, and 1 where all are whole numbers
NUMBER, TOTAL, SQUARES, LEAST, GREATEST, BELOW, ABOVE, WHOLE = COLUMNS = range(8)
#: columns of the bins of a row
ZERO, POSITIVE, NEGATIVE = range(3)


#: fine bins to a coarse one: replicates, whose spread is all that is asked for, are counted in those
COARSE = 16


@jittable
def bin_of(x: float) -> int:
    """Return the bin of a value that is not NaN: 0 for what counts as nought, negative for negative values."""
    b = bits(x)
    k = ((b & _MAGNITUDE) >> _SHIFT) - _FIRST
    k = 0 if k < 1 else (LAST if k > LAST else k)
    return -k if b < 0 else k


@jittable
def coarse_bin(k: int) -> int:
    """Return the coarse bin that a bin lies in."""
    return (k - 1) // COARSE + 1 if k > 0 else (-((-k - 1) // COARSE + 1) if k < 0 else 0)


def bin_ends(bins: Integers, *, coarse: bool = False) -> tuple[Floats, Floats]:
    """Return the lower and the upper ends of bins; bin 0 is nought itself.

    Examples
    --------
    >>> [ends.tolist() for ends in bin_ends(np.array([0, bin_of(3.0)]))]
    [[0.0, 3.0], [0.0, 3.0001220703125]]
    """
    width = COARSE if coarse else 1

    def nearer(k: Integers) -> Floats:
        fine = (np.maximum(k, 1) - 1) * width + 1
        return np.asarray(((np.minimum(fine, LAST + 1) + _FIRST) << _SHIFT).view(np.float64))

    low, high = nearer(np.abs(bins)), nearer(np.abs(bins) + 1)
    return np.where(bins == 0, 0.0, np.where(bins > 0, low, -high)), np.where(bins == 0, 0.0, np.where(bins > 0, high, -low))


@stage
def _weigh(x: Floats, leaf: Floats) -> None:
    """Write the columns of one leaf; four chains of each, which do not wait for each other."""
    n0 = n1 = n2 = n3 = 0
    t0 = t1 = t2 = t3 = 0.0
    a0 = a1 = a2 = a3 = np.inf
    z0 = z1 = z2 = z3 = -np.inf
    whole = x.size - x.size % 4
    for i in range(0, whole, 4):
        p, q, r, s = x[i], x[i + 1], x[i + 2], x[i + 3]
        n0, n1, n2, n3 = n0 + (p == p), n1 + (q == q), n2 + (r == r), n3 + (s == s)
        t0, t1 = t0 + (p if p == p else 0.0), t1 + (q if q == q else 0.0)
        t2, t3 = t2 + (r if r == r else 0.0), t3 + (s if s == s else 0.0)
        a0, a1, a2, a3 = (p if p < a0 else a0), (q if q < a1 else a1), (r if r < a2 else a2), (s if s < a3 else a3)
        z0, z1, z2, z3 = (p if p > z0 else z0), (q if q > z1 else z1), (r if r > z2 else z2), (s if s > z3 else z3)
    for i in range(whole, x.size):
        p = x[i]
        n0, t0 = n0 + (p == p), t0 + (p if p == p else 0.0)
        a0, z0 = (p if p < a0 else a0), (p if p > z0 else z0)
    leaf[NUMBER], leaf[TOTAL] = n0 + n1 + n2 + n3, (t0 + t1) + (t2 + t3)
    leaf[LEAST], leaf[GREATEST] = min(a0, a1, a2, a3), max(z0, z1, z2, z3)
    leaf[BELOW], leaf[ABOVE] = _nearest_to_nought(x, leaf[LEAST], leaf[GREATEST])
    leaf[WHOLE] = _are_whole(x[:1] if _is_level(leaf, x.size) else x)


@stage
def _nearest_to_nought(x: Floats, least: float, greatest: float) -> tuple[float, float]:
    """Return the values nearest to nought below and above it; infinite where there is none."""
    below, above = -np.inf, np.inf
    if least >= SMALLEST:
        above = least
    elif greatest <= -SMALLEST:
        below = greatest
    elif least < greatest:
        for i in range(x.size):
            p = x[i]
            above = p if SMALLEST <= p < above else above
            below = p if below < p <= -SMALLEST else below
    return below, above


@jittable
def _is_level(leaf: Floats, draws: int) -> bool:
    """Return whether all draws of a leaf have one value, as those of what never happens do."""
    level: bool = leaf[LEAST] == leaf[GREATEST] and leaf[NUMBER] == draws
    return level


@stage
def _are_whole(x: Floats) -> float:
    """Return 1 where all that is not NaN is a whole number, else 0; most rows tell by their first value."""
    for i in range(x.size):
        if x[i] == x[i] and x[i] != np.floor(x[i]):
            return 0.0
    return 1.0


@kernel
def weigh_leaves(values: Floats, leaves: Floats) -> None:
    """Write the columns of each leaf of each row, shape (rows, leaves, len(COLUMNS)), but for squares; NaN counts for nothing."""
    for k in prange(values.shape[0]):
        for j in range(leaves.shape[1]):
            _weigh(values[k, j * LEAF : min((j + 1) * LEAF, values.shape[1])], leaves[k, j])


@jittable
def _place(k: int, bins: Integers) -> int:
    """Return where a bin stands among the counts of its row."""
    place: int = bins[ZERO] + (k - bins[POSITIVE] + 1 if k > 0 else (k - bins[NEGATIVE] - 1 if k < 0 else 0))
    return place


@stage
def _count(x: Floats, leaf: Floats, bins: Integers, counts: Integers) -> float:
    """Count one leaf of one row; returns the sum of its squared deviations."""
    if _is_level(leaf, x.size):
        counts[_place(bin_of(x[0]), bins)] += x.size
        return 0.0
    mean, even, odd = leaf[TOTAL] / leaf[NUMBER], 0.0, 0.0
    for i in range(x.size):
        if x[i] == x[i]:
            even, odd = odd, even + (x[i] - mean) ** 2
            counts[_place(bin_of(x[i]), bins)] += 1
    return even + odd


@stage
def _count_replicates(x: Floats, first: int, bins: Integers, counts: Integers) -> None:
    """Count one leaf of one row by replicate, in coarse bins."""
    replicates, r = counts.shape[0], first % counts.shape[0]
    for i in range(x.size):
        if x[i] == x[i]:
            counts[r, _place(coarse_bin(bin_of(x[i])), bins)] += 1
        r = r + 1 if r + 1 < replicates else 0


@stage
def _add_up(x: Floats, first: int, sums: Floats) -> None:
    """Write the sum of each replicate's draws in one leaf of one row."""
    replicates = sums.size
    for r in range(replicates):
        part = 0.0
        for i in range((r - first) % replicates, x.size, replicates):
            part += x[i] if x[i] == x[i] else 0.0
        sums[r] = part


@kernel
def tally(values: Floats, leaves: Floats, bins: Integers, starts: Integers, counts: Integers) -> None:
    """Count draws, a row for each output, and write the squares of their leaves.

    Parameters
    ----------
    values : ndarray, shape (rows, draws)
    leaves : ndarray, shape (rows, leaves, len(COLUMNS))
        See :func:`weigh_leaves`; squares are written.
    bins : ndarray of int64, shape (rows, 3)
        Of each row the place of nought among its counts, the lowest positive and the highest negative bin: what lies between is
        left out, since some outputs are nought in many draws and large in others.
    starts : ndarray of int64, shape (rows + 1,)
        Where the counts of each row lie.
    counts : ndarray of int64
    """
    for k in prange(values.shape[0]):
        own = counts[starts[k] : starts[k + 1]]
        for j in range(leaves.shape[1]):
            leaf, x = leaves[k, j], values[k, j * LEAF : min((j + 1) * LEAF, values.shape[1])]
            leaf[SQUARES] = _count(x, leaf, bins[k], own)


@kernel
def tally_replicates(values: Floats, first: int, bins: Integers, starts: Integers, counts: Integers, sums: Floats) -> None:
    """Count draws ``first`` and following by replicate in coarse bins; draw i belongs to replicate i % replicates.

    Parameters
    ----------
    values : ndarray, shape (rows, draws)
    first : int
        A multiple of LEAF.
    bins, starts, counts : ndarray of int64
        As of :func:`tally`, by coarse bins, replicate after replicate.
    sums : ndarray, shape (rows, leaves, replicates)
        Of each replicate's draws in each leaf, written.
    """
    replicates = sums.shape[2]
    for k in prange(values.shape[0]):
        own = counts[starts[k] : starts[k + 1]].reshape(replicates, -1)
        for j in range(sums.shape[1]):
            low = j * LEAF
            x = values[k, low : min(low + LEAF, values.shape[1])]
            _count_replicates(x, first + low, bins[k], own)
            _add_up(x, first + low, sums[k, j])


@stage
def _products(x: Floats, y: Floats, mean_x: float, mean_y: float) -> float:
    """Return the sum of products of deviations over a leaf, NaN where a draw is; four chains that do not wait for each other."""
    s0 = s1 = s2 = s3 = 0.0
    whole = x.size - x.size % 4
    for i in range(0, whole, 4):
        s0, s1 = s0 + (x[i] - mean_x) * (y[i] - mean_y), s1 + (x[i + 1] - mean_x) * (y[i + 1] - mean_y)
        s2, s3 = s2 + (x[i + 2] - mean_x) * (y[i + 2] - mean_y), s3 + (x[i + 3] - mean_x) * (y[i + 3] - mean_y)
    for i in range(whole, x.size):
        s0 += (x[i] - mean_x) * (y[i] - mean_y)
    return (s0 + s1) + (s2 + s3)


@kernel
def multiply_leaves(values: Floats, leaves: Floats, rows: Integers, products: Floats) -> None:
    """Write the sum of products of deviations from their leaf's means, for each pair of the rows that are named.

    Parameters
    ----------
    values : ndarray, shape (rows, draws)
    leaves : ndarray, shape (rows, leaves, len(COLUMNS))
        See :func:`weigh_leaves`.
    rows : ndarray of int64, shape (n,)
    products : ndarray, shape (n (n - 1) / 2, leaves)
        Pairs in the order (0, 1), (0, 2), ..., (1, 2), ...
    """
    for j in prange(leaves.shape[1]):
        low, high = j * LEAF, min((j + 1) * LEAF, values.shape[1])
        pair = 0
        for a in range(rows.size):
            p = rows[a]
            for b in range(a + 1, rows.size):
                q = rows[b]
                mean_p, mean_q = leaves[p, j, TOTAL] / leaves[p, j, NUMBER], leaves[q, j, TOTAL] / leaves[q, j, NUMBER]
                products[pair, j] = _products(values[p, low:high], values[q, low:high], mean_p, mean_q)
                pair += 1
