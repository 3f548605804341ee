"""Normal scores in lanes: random or Sobol' uniforms, the inverse normal distribution, the copula."""

from __future__ import annotations

import numpy as np

from simulator.jit import stage, wide_vectors
from simulator.kernels.lanes import LANES, Floats, Integers, Words
from simulator.stochastic.normal import TAIL, central_score, signed_uniform, tail_score
from simulator.stochastic.philox import philox4x32
from simulator.stochastic.sobol import INDEX_BITS

APART = 64  # draws d and d + 64 of each 128 share a generator call, whatever the number of lanes
_ONE, _ZERO = np.uint64(1), np.uint64(0)


@stage
def random_uniforms(group: int, key: np.uint64, out: Floats) -> None:
    """Write the uniforms on (-1, 1) of one stream for one group of lanes."""
    wide_vectors()
    for pairs in range(0, LANES, 2 * APART):
        first = np.uint64(group * LANES + pairs) >> _ONE
        low, high = np.uint64(pairs), np.uint64(pairs + APART)
        for i in range(APART):
            a, b = philox4x32(first + np.uint64(i), _ZERO, key)
            out[low + np.uint64(i)] = signed_uniform(a)
            out[high + np.uint64(i)] = signed_uniform(b)


@stage
def sobol_uniforms(group: int, directions: Words, words: Words, out: Floats) -> None:
    """Write the coordinates on (-1, 1) of one dimension of the scrambled sequences for one group of lanes.

    Draw i is point i // replicates of replicate i % replicates, so that lanes fall into rows of one point of every replicate.
    From a point to the next as many directions change as its number has trailing ones, one on average.

    Parameters
    ----------
    group : int
    directions : ndarray of uint64, shape (INDEX_BITS + 1, replicates)
        See ``stochastic.sobol``, the shift in the last row.
    words : ndarray of uint64, shape (replicates,)
        Work space.
    out : ndarray, shape (LANES,)
    """
    wide_vectors()
    replicates = directions.shape[1]
    point = (group * LANES) // replicates
    first = group * LANES - point * replicates
    lane = 0
    while lane < LANES:
        last = min(replicates, first + LANES - lane)
        if lane == 0 or replicates > LANES:  # from nothing, and no more than is used: replicates may be thousands
            low, high = (0, replicates) if replicates <= LANES else (first, last)
            for r in range(low, high):
                words[r] = directions[INDEX_BITS, r]
            changed = np.uint64(point)
        else:
            low, high = 0, replicates
            changed = np.uint64(point ^ (point - 1))
        k = 0
        while changed != _ZERO:
            if changed & _ONE != _ZERO:
                for r in range(low, high):
                    words[r] ^= directions[k, r]
            changed >>= _ONE
            k += 1
        for r in range(first, last):
            out[lane + r - first] = signed_uniform(words[r])
        lane += last - first
        first = 0
        point += 1


@stage
def scores_of_uniforms(uniforms: Floats, out: Floats, where: Integers) -> None:
    """Write the normal scores of uniforms on (-1, 1).

    Parameters
    ----------
    uniforms, out : ndarray, shape (LANES,)
    where : ndarray of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    tails = 0
    for i in range(LANES):
        out[i] = central_score(uniforms[i])
        tails += abs(uniforms[i]) >= TAIL
    if tails > 0:  # two groups in five: found first, or the loop would work out the tail's polynomials for every lane
        found = 0
        for i in range(LANES):
            where[found] = i
            found += abs(uniforms[i]) >= TAIL
        for j in range(found):
            out[where[j]] = tail_score(uniforms[where[j]])


@stage
def correlate(scores: Floats, factor: Floats) -> None:
    """Apply the Gaussian copula in place: row i becomes the sum over j <= i of factor[i, j] times row j."""
    wide_vectors()
    for i in range(scores.shape[0] - 1, -1, -1):
        target, own = scores[i], factor[i, i]
        for lane in range(LANES):
            target[lane] = own * target[lane]
        for j in range(i):
            other, share = scores[j], factor[i, j]
            for lane in range(LANES):
                target[lane] += share * other[lane]
