"""The factors behind hourly price and carbon intensity, in lanes: midpoint displacement.

A factor's value in a calendar hour depends on (seed, draw, hour) only. Hours that are multiples of
``TOP`` are independent draws of the stationary law (the correlation left over is below 2**-16 for
half-lives of 1000 h); every other hour is a midpoint of its dyadic neighbours, given whose values an
Ornstein-Uhlenbeck process is normal with mean a (left + right) and variance b. So a block of hours is
reached in ``log2(TOP / HOURS)`` steps from anywhere, the next one in one step more than half of the
time, and runs that start, pause or fail at other times meet the same weather.

A block is filled span by span: what one span needs fits into a core's nearest cache.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.jit import allocating, jittable, stage, wide_vectors
from simulator.kernels.lanes import WIDTH, Integers
from simulator.kernels.zone_tables import LEVELS, HourlyTables
from simulator.stochastic.path_noise import box_muller
from simulator.stochastic.philox import philox_words_7

HOURS = 128  # of a block, aligned on calendar hours that are its multiples
SPAN = 8  # hours of a span
TOP = 1 << LEVELS  # hours between independent values
FACTORS = 4  # fast price, fast carbon, slow price, slow carbon
SIZE = FACTORS * WIDTH
SPANS = HOURS // SPAN
SPAN_LEVELS = 3  # log2(SPAN)
_BLOCK_LEVELS = 7  # log2(HOURS)

_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)

_f = np.float32
Singles = NDArray[np.float32]
Words = NDArray[np.uint32]
Pairs = NDArray[np.uint64]


class Factors(NamedTuple):
    """Memory of one group of lanes for the factors of a block.

    Attributes
    ----------
    rows : ndarray of float32, shape ((SPANS + 1 + SPAN_LEVELS) * SIZE,)
        Factors at the ends of the block's spans, then at one hour of each level inside a span.
    ahead : ndarray of float32, shape ((LEVELS + 1) * SIZE,)
        Factors at the first multiple of 2**level after the block's start, for the levels from the block's own on.
    middle, noise : ndarray of float32, shape (SIZE,)
    low : ndarray of int64, shape (WIDTH,)
    pairs : ndarray of uint64, shape (SIZE / 2,)
    words : ndarray of uint32, shape (SIZE,)
        The same memory.
        Scratch, contents without meaning between calls.
    """

    rows: Singles
    ahead: Singles
    middle: Singles
    noise: Singles
    low: Integers
    pairs: Pairs
    words: Words


@allocating
def factors() -> Factors:
    """Return memory for one group of lanes."""
    pairs = np.empty(SIZE // 2, dtype=np.uint64)
    return Factors(
        np.empty((SPANS + 1 + SPAN_LEVELS) * SIZE, dtype=np.float32),
        np.empty((LEVELS + 1) * SIZE, dtype=np.float32),
        np.empty(SIZE, dtype=np.float32),
        np.empty(SIZE, dtype=np.float32),
        np.empty(WIDTH, dtype=np.int64),
        pairs,
        pairs.view(np.uint32),
    )


@jittable
def _two_draws(draw: np.uint64, high: np.uint64, hour: np.uint64, later: np.uint64, key: np.uint64) -> tuple[np.uint64, ...]:
    """Return the four words of a draw's hour in the lower, of the next draw's hour in the upper halves: 32-bit lanes without a shuffle."""
    k0, k1 = key & _LOW, key >> _SHIFT
    a, b, c, d = philox_words_7(draw & _LOW, high, hour & _LOW, hour >> _SHIFT, k0, k1)
    e, f, g, h = philox_words_7((draw + np.uint64(1)) & _LOW, high, later & _LOW, later >> _SHIFT, k0, k1)
    return a | (e << _SHIFT), b | (f << _SHIFT), c | (g << _SHIFT), d | (h << _SHIFT)


@jittable
def fill_words(draw: int, hours: Integers, together: bool, offset: int, key: np.uint64, pairs: Pairs) -> None:
    """Write the random words of one hour of each lane, two lanes' in one place."""
    wide_vectors()
    low, high = np.uint64(draw) & _LOW, np.uint64(draw) >> _SHIFT  # WIDTH divides 2**32: the high word is the lanes' own
    half, hour = WIDTH // 2, np.uint64(hours[0] + offset)
    if together:
        for i in range(half):
            a, b, c, d = _two_draws(low + np.uint64(2 * i), high, hour, hour, key)
            pairs[i], pairs[half + i], pairs[2 * half + i], pairs[3 * half + i] = a, b, c, d
    else:
        for i in range(half):
            own, later = np.uint64(hours[2 * i] + offset), np.uint64(hours[2 * i + 1] + offset)
            a, b, c, d = _two_draws(low + np.uint64(2 * i), high, own, later, key)
            pairs[i], pairs[half + i], pairs[2 * half + i], pairs[3 * half + i] = a, b, c, d


@stage
def _fill_noise(
    draw: int,
    hours: Integers,
    together: bool,
    offset: int,
    key: np.uint64,
    correlations: Singles,
    pairs: Pairs,
    words: Words,
    noise: Singles,
) -> None:
    wide_vectors()
    fast, slow = correlations[0], correlations[1]
    fast_own, slow_own = _f(math.sqrt(_f(1.0) - fast * fast)), _f(math.sqrt(_f(1.0) - slow * slow))
    fill_words(draw, hours, together, offset, key, pairs)
    for i in range(WIDTH):  # a loop of its own: 64-bit products halve the lanes of whatever shares theirs
        z0, z1 = box_muller(words[i], words[WIDTH + i])
        z2, z3 = box_muller(words[2 * WIDTH + i], words[3 * WIDTH + i])
        noise[i] = z0
        noise[WIDTH + i] = fast * z0 + fast_own * z1
        noise[2 * WIDTH + i] = z2
        noise[3 * WIDTH + i] = slow * z2 + slow_own * z3


@jittable
def fill_noise(draw: int, hours: Integers, together: bool, offset: int, tables: HourlyTables, f: Factors) -> None:
    """Write the correlated noise of one hour of each lane: FACTORS rows of WIDTH in ``noise``.

    Numba hands a structure over field by field: the loops, which are called, are given what they read and no more.
    """
    _fill_noise(draw, hours, together, offset, tables.key, tables.correlations, f.pairs, f.words, f.noise)


@jittable
def displace(x: Singles, left: int, y: Singles, right: int, level: int, tables: HourlyTables, f: Factors, out: Singles, to: int) -> None:
    """Write row ``to`` of ``out``: midpoints, with ``noise``, of row ``left`` of ``x`` and ``right`` of ``y`` at distance 2**level."""
    wide_vectors()
    noise, midpoints = f.noise, tables.midpoints
    before, after, here = np.uint64(left * SIZE), np.uint64(right * SIZE), np.uint64(to * SIZE)  # signed sums would be checked
    for speed in range(2):
        a, b = midpoints[speed, level, 0], midpoints[speed, level, 1]
        first = np.uint64(speed * 2 * WIDTH)
        for i in range(2 * WIDTH):
            j = first + np.uint64(i)
            out[here + j] = a * (x[before + j] + y[after + j]) + b * noise[j]


@stage
def anchor(draw: int, hours: Integers, together: bool, tables: HourlyTables, f: Factors) -> None:
    """Stand at the lanes' hours, multiples of HOURS: fill row SPANS and what lies ahead, by descent from the multiples of TOP."""
    rows, ahead, middle, noise, low = f.rows, f.ahead, f.middle, f.noise, f.low
    for i in range(WIDTH):
        low[i] = hours[i] // TOP * TOP
    fill_noise(draw, low, together, 0, tables, f)
    for i in range(SIZE):
        rows[SPANS * SIZE + i] = noise[i]
    fill_noise(draw, low, together, TOP, tables, f)
    for i in range(SIZE):
        ahead[LEVELS * SIZE + i] = noise[i]
    for level in range(LEVELS - 1, _BLOCK_LEVELS - 1, -1):
        fill_noise(draw, low, together, 1 << level, tables, f)
        displace(rows, SPANS, ahead, level + 1, level, tables, f, middle, 0)
        for i in range(WIDTH):
            later = hours[i] >= low[i] + (1 << level)
            for k in range(FACTORS):
                j = k * WIDTH + i
                if later:
                    rows[SPANS * SIZE + j] = middle[j]
                    ahead[level * SIZE + j] = ahead[(level + 1) * SIZE + j]
                else:
                    ahead[level * SIZE + j] = middle[j]
            low[i] += (1 << level) if later else 0


@stage
def _look_ahead(draw: int, together: bool, tables: HourlyTables, f: Factors) -> None:
    """Let ``ahead``, as seen from the hours HOURS before ``low``, be as seen from ``low``, whose factors stand in row SPANS."""
    rows, ahead, middle, noise, low = f.rows, f.ahead, f.middle, f.noise, f.low
    for level in range(LEVELS, _BLOCK_LEVELS - 1, -1):
        inside = (1 << level) - 1, min(2 << level, TOP) - 1  # bits of an hour that is no multiple of its level's, of twice that
        reached, passed = 0, 0  # lanes that stand at what was ahead; of these, what now lies ahead is a midpoint, or independent
        for i in range(WIDTH):
            reached += 1 if low[i] & inside[0] == 0 else 0
            passed += 1 if low[i] & inside[1] == 0 else 0
        if reached == 0:
            continue
        if passed > 0:
            fill_noise(draw, low, together, 1 << level, tables, f)
            if level < LEVELS:
                displace(rows, SPANS, ahead, level + 1, level, tables, f, middle, 0)
        new = noise if level == LEVELS else middle
        above = min(level + 1, LEVELS) * SIZE
        for k in range(FACTORS):
            for i in range(WIDTH):
                j = k * WIDTH + i
                if low[i] & inside[0] == 0:
                    ahead[level * SIZE + j] = new[j] if low[i] & inside[1] == 0 else ahead[above + j]


@stage
def begin_block(draw: int, hours: Integers, together: bool, tables: HourlyTables, f: Factors) -> None:
    """Go on to the block that starts at the lanes' ``hours``, where :func:`anchor` or the block before has led."""
    rows, ahead, low = f.rows, f.ahead, f.low
    for i in range(SIZE):
        rows[i] = rows[SPANS * SIZE + i]
        rows[SPANS * SIZE + i] = ahead[_BLOCK_LEVELS * SIZE + i]
    for i in range(WIDTH):
        low[i] = hours[i] + HOURS
    _look_ahead(draw, together, tables, f)


@stage
def fill_ends(draw: int, hours: Integers, together: bool, low: int, high: int, tables: HourlyTables, f: Factors) -> None:
    """Fill the ends of the spans between a block's own ends, as far as the hours ``low`` to ``high`` - 1 need them."""
    rows = f.rows
    for level in range(_BLOCK_LEVELS - 1, SPAN_LEVELS - 1, -1):
        step = 1 << level
        for j in range(step, HOURS, 2 * step):
            if j + step > low and j - step < high:
                fill_noise(draw, hours, together, j, tables, f)
                displace(rows, (j - step) // SPAN, rows, (j + step) // SPAN, level, tables, f, rows, j // SPAN)


@jittable
def row_of(span: int, hour: int) -> int:
    """Return the row of an hour of a span, 0 to SPAN: its ends stand among the block's, one hour of each level beside them."""
    if hour % SPAN == 0:
        return span + hour // SPAN
    level = 0
    while hour % (2 << level) == 0:
        level += 1
    return SPANS + 1 + level


@jittable
def fill_after(draw: int, hours: Integers, together: bool, span: int, hour: int, tables: HourlyTables, f: Factors) -> None:
    """Fill the midpoints that have this hour of a span to their left: in order of hours, each stands when it is its turn."""
    rows = f.rows
    for level in range(SPAN_LEVELS - 1, -1, -1):
        step = 1 << level
        if hour % (2 * step) == 0:
            fill_noise(draw, hours, together, span * SPAN + hour + step, tables, f)
            left, right, to = row_of(span, hour), row_of(span, hour + 2 * step), row_of(span, hour + step)
            displace(rows, left, rows, right, level, tables, f, rows, to)
