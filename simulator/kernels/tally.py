"""Counting draws in bins, so that percentiles of any number of draws take no more memory than those of a few.

A bin is named by the sign, the exponent and the first bits of the mantissa of a value: 1024 to an octave, each no wider than a
thousandth of its values. What is counted are whole numbers, so that neither order nor threads change anything; moments are those of
leaves of draws, merged in the order of the draws.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from simulator.jit import jittable, kernel, stage
from simulator.kernels.lanes import Floats, Integers
from simulator.stochastic.elementary import bits

LEAF = 8192  # draws whose moments are worked out together
BIN_WIDTH = 2.0**-10  # of the value at a bin's lower end, at most
_SHIFT = 42  # bits of the mantissa that do not name a bin
_FIRST = ((1023 - 100) << 10) - 1
LAST = ((1023 + 200) << 10) - _FIRST  # that all larger magnitudes share
SMALLEST = 2.0**-100  # of a magnitude that is not taken for nought
_MAGNITUDE = 0x7FFFFFFFFFFFFFFF

#: columns of the moments of a row: number, mean, sum of squared deviations, least and greatest value, and those nearest to nought
#: on either side
NUMBER, MEAN, SQUARES, LEAST, GREATEST, BELOW, ABOVE = COLUMNS = range(7)
_TOTAL = MEAN
#: columns of the bins of a row
ZERO, POSITIVE, NEGATIVE = range(3)


@jittable
def bin_of(x: float) -> int:
    """Return the bin of a value that is not NaN: 0 for what counts as nought, negative for negative values."""
    b = bits(x)
    k = ((b & _MAGNITUDE) >> _SHIFT) - _FIRST
    k = 0 if k < 1 else (LAST if k > LAST else k)
    return -k if b < 0 else k


def bin_ends(bins: Integers) -> tuple[Floats, Floats]:
    """Return the lower and the upper ends of bins; bin 0 is nought itself.

    Examples
    --------
    >>> [ends.tolist() for ends in bin_ends(np.array([0, bin_of(3.0)]))]
    [[0.0, 3.0], [0.0, 3.001953125]]
    """

    def nearer(k: Integers) -> Floats:
        return np.asarray(((np.maximum(k, 1) + _FIRST) << _SHIFT).view(np.float64))

    low, high = nearer(np.abs(bins)), nearer(np.abs(bins) + 1)
    return np.where(bins == 0, 0.0, np.where(bins > 0, low, -high)), np.where(bins == 0, 0.0, np.where(bins > 0, high, -low))


@stage
def _weigh(x: Floats, leaf: Floats) -> None:
    """Write the columns of one leaf; four chains of each, which do not wait for each other."""
    n0 = n1 = n2 = n3 = 0
    t0 = t1 = t2 = t3 = 0.0
    a0 = a1 = a2 = a3 = np.inf
    z0 = z1 = z2 = z3 = -np.inf
    below, above = -np.inf, np.inf
    whole = x.size - x.size % 4
    for i in range(0, whole, 4):
        p, q, r, s = x[i], x[i + 1], x[i + 2], x[i + 3]
        n0, n1, n2, n3 = n0 + (p == p), n1 + (q == q), n2 + (r == r), n3 + (s == s)
        t0, t1 = t0 + (p if p == p else 0.0), t1 + (q if q == q else 0.0)
        t2, t3 = t2 + (r if r == r else 0.0), t3 + (s if s == s else 0.0)
        a0, a1, a2, a3 = (p if p < a0 else a0), (q if q < a1 else a1), (r if r < a2 else a2), (s if s < a3 else a3)
        z0, z1, z2, z3 = (p if p > z0 else z0), (q if q > z1 else z1), (r if r > z2 else z2), (s if s > z3 else z3)
    for i in range(x.size):
        p = x[i]
        above = p if SMALLEST <= p < above else above
        below = p if below < p <= -SMALLEST else below
    for i in range(whole, x.size):
        p = x[i]
        n0, t0 = n0 + (p == p), t0 + (p if p == p else 0.0)
        a0, z0 = (p if p < a0 else a0), (p if p > z0 else z0)
    leaf[NUMBER], leaf[_TOTAL] = n0 + n1 + n2 + n3, (t0 + t1) + (t2 + t3)
    leaf[LEAST], leaf[GREATEST] = min(a0, a1, a2, a3), max(z0, z1, z2, z3)
    leaf[BELOW], leaf[ABOVE] = below, above


@kernel
def weigh_leaves(values: Floats, leaves: Floats) -> None:
    """Write the columns of each leaf of each row, shape (rows, leaves, len(COLUMNS)); a total stands for the mean, NaN apart."""
    for k in prange(values.shape[0]):
        for j in range(leaves.shape[1]):
            _weigh(values[k, j * LEAF : min((j + 1) * LEAF, values.shape[1])], leaves[k, j])


@stage
def _count(x: Floats, first: int, bins: Integers, mean: float, counts: Integers) -> float:
    """Count one leaf of one row; returns the sum of its squared deviations."""
    replicates, r = counts.shape[0], first % counts.shape[0]
    even, odd = 0.0, 0.0
    for i in range(x.size):
        if x[i] == x[i]:
            even, odd = odd, even + (x[i] - mean) ** 2
            k = bin_of(x[i])
            counts[r, bins[ZERO] + (k - bins[POSITIVE] + 1 if k > 0 else (k - bins[NEGATIVE] - 1 if k < 0 else 0))] += 1
        r = r + 1 if r + 1 < replicates else 0
    return even + odd


@stage
def _add_up(x: Floats, first: int, sums: Floats) -> None:
    """Add one leaf of one row to the sums of its replicates, compensated: there may be millions of leaves."""
    replicates = sums.shape[0]
    for r in range(replicates):
        part = 0.0
        for i in range((r - first) % replicates, x.size, replicates):
            part += x[i] if x[i] == x[i] else 0.0
        kept = sums[r, 0] + part
        sums[r, 1] += (sums[r, 0] - kept) + part if abs(sums[r, 0]) >= abs(part) else (part - kept) + sums[r, 0]
        sums[r, 0] = kept


@kernel
def tally(
    values: Floats, first: int, leaves: Floats, bins: Integers, starts: Integers, counts: Integers, moments: Floats, sums: Floats
) -> None:
    """Count draws ``first`` and following, a row for each output.

    Parameters
    ----------
    values : ndarray, shape (rows, draws)
    first : int
        A multiple of LEAF.
    leaves : ndarray, shape (rows, leaves, len(COLUMNS))
        See :func:`weigh_leaves`.
    bins : ndarray of int64, shape (rows, 3)
        Of each row the place of nought among its counts, the lowest positive and the highest negative bin: what lies between is
        left out, since some outputs are nought in many draws and large in others.
    starts : ndarray of int64, shape (rows + 1,)
        Where the counts of each row lie, replicate after replicate.
    counts : ndarray of int64
    moments : ndarray, shape (rows, len(COLUMNS))
        Updated.
    sums : ndarray, shape (rows, replicates, 2)
        Of each replicate's draws, and what was lost in rounding; updated where there are several replicates. Draw i belongs to
        replicate i % replicates.
    """
    replicates = sums.shape[1]
    for k in prange(values.shape[0]):
        own, of_row = counts[starts[k] : starts[k + 1]].reshape(replicates, -1), moments[k]
        for j in range(leaves.shape[1]):
            low, leaf = j * LEAF, leaves[k, j]
            x, number = values[k, low : min(low + LEAF, values.shape[1])], leaf[NUMBER]
            mean = leaf[_TOTAL] / number
            squares = _count(x, first + low, bins[k], mean, own)
            if number > 0.0:
                before = of_row[NUMBER]
                apart, whole = mean - of_row[MEAN], before + number
                of_row[MEAN] += apart * (number / whole)
                of_row[SQUARES] += squares + apart * apart * (before * number / whole)
                of_row[NUMBER] = whole
            if replicates > 1:
                _add_up(x, first + low, sums[k])
