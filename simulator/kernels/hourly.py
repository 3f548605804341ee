"""Hourly price and carbon intensity in lanes: midpoint displacement of the factors, then quantile functions.

A factor's value in a calendar hour depends on (seed, draw, hour) only. Hours that are multiples of
``TOP`` are independent draws of the stationary law (the correlation left over is below 2**-16 for
half-lives of 1000 h); every other hour is a midpoint of its dyadic neighbours, given whose values an
Ornstein-Uhlenbeck process is normal with mean a (left + right) and variance b. So a block of hours is
reached in ``log2(TOP / HOURS)`` steps from anywhere, and runs that start, pause or fail at other
times meet the same weather.

A block is filled span by span: what one span needs fits into a core's nearest cache.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from simulator.jit import allocating, jittable, kernel, stage, wide_vectors
from simulator.kernels.lanes import WIDTH
from simulator.kernels.registers import EIGHT, eight_bent_lines
from simulator.kernels.zone_tables import LEVELS, HourlyTables, hourly_tables
from simulator.stochastic.elementary import log
from simulator.stochastic.path_noise import box_muller
from simulator.stochastic.philox import philox4x32, philox_words_7
from simulator.stochastic.zone import Zone
from simulator.threads import launching

HOURS = 128  # of a block, aligned on calendar hours that are its multiples
SPAN = 8  # hours of a span
TOP = 1 << LEVELS  # hours between independent values
SPIN_UP = 48  # hours before a block from which its spikes are followed
FACTORS = 4  # fast price, fast carbon, slow price, slow carbon
SIZE = FACTORS * WIDTH
SPANS = HOURS // SPAN
_SPAN_LEVELS = 3  # log2(SPAN)
_BLOCK_LEVELS = 7  # log2(HOURS)

_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)

_f = np.float32
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
Words = NDArray[np.uint32]


class Weather(NamedTuple):
    """Memory of one group of lanes for the hours of a block.

    Attributes
    ----------
    rows : ndarray of float32, shape ((SPANS + SPAN) * SIZE,)
        Factors at the ends of the block's spans, then inside one span.
    price, carbon : ndarray, shape (SPAN * WIDTH,)
        Of one span, per kWh.
    spikes : ndarray, shape (HOURS * WIDTH,)
        Of the block; empty where the zone has none.
    ends, low, words, noise, scores, cells, uniforms, level : ndarray
        Scratch, contents without meaning between calls.
    """

    rows: Singles
    price: Floats
    carbon: Floats
    spikes: Floats
    ends: Singles
    low: Integers
    words: Words
    noise: Singles
    scores: Singles
    cells: Words
    uniforms: Floats
    level: Floats


@allocating
def weather(tables: HourlyTables) -> Weather:
    """Return memory for one group of lanes."""
    return Weather(
        np.empty((SPANS + SPAN) * SIZE, dtype=np.float32),
        np.zeros(SPAN * WIDTH),
        np.zeros(SPAN * WIDTH),
        np.empty(HOURS * WIDTH if tables.spikes[0] > 0.0 else 0),
        np.empty(3 * SIZE, dtype=np.float32),
        np.empty(WIDTH, dtype=np.int64),
        np.empty(SIZE, dtype=np.uint32),
        np.empty(SIZE, dtype=np.float32),
        np.empty(WIDTH, dtype=np.float32),
        np.empty(WIDTH, dtype=np.uint32),
        np.empty(2 * WIDTH),
        np.empty(WIDTH),
    )


@stage
def fill_noise(draw: int, hours: Integers, offset: int, key: np.uint64, correlations: Singles, words: Words, out: Singles) -> None:
    """Write the correlated noise of one hour of each lane: FACTORS rows of WIDTH in ``out``."""
    wide_vectors()
    low, high = np.uint64(draw) & _LOW, np.uint64(draw) >> _SHIFT  # WIDTH divides 2**32: the high word is the lanes' own
    for i in range(WIDTH):
        hour = np.uint64(hours[i] + offset)
        a, b, c, d = philox_words_7((low + np.uint64(i)) & _LOW, high, hour & _LOW, hour >> _SHIFT, key & _LOW, key >> _SHIFT)
        words[i] = np.uint32(a)
        words[WIDTH + i] = np.uint32(b)
        words[2 * WIDTH + i] = np.uint32(c)
        words[3 * WIDTH + i] = np.uint32(d)
    fast, slow = correlations[0], correlations[1]
    fast_own, slow_own = _f(math.sqrt(_f(1.0) - fast * fast)), _f(math.sqrt(_f(1.0) - slow * slow))
    for i in range(WIDTH):  # a loop of its own: 64-bit products halve the lanes of whatever shares theirs
        z0, z1 = box_muller(words[i], words[WIDTH + i])
        z2, z3 = box_muller(words[2 * WIDTH + i], words[3 * WIDTH + i])
        out[i] = z0
        out[WIDTH + i] = fast * z0 + fast_own * z1
        out[2 * WIDTH + i] = z2
        out[3 * WIDTH + i] = slow * z2 + slow_own * z3


@stage
def displace(rows: Singles, left: int, right: int, to: int, noise: Singles, midpoints: Singles, level: int) -> None:
    """Write row ``to`` of the factors: midpoints of rows ``left`` and ``right``, each at distance 2**level."""
    wide_vectors()
    x, y, z = np.uint64(left * SIZE), np.uint64(right * SIZE), np.uint64(to * SIZE)  # signed sums would be checked, and stay scalar
    a, b = midpoints[0, level, 0], midpoints[0, level, 1]
    for i in range(2 * WIDTH):
        j = np.uint64(i)
        rows[z + j] = a * (rows[x + j] + rows[y + j]) + b * noise[j]
    a, b = midpoints[1, level, 0], midpoints[1, level, 1]
    for i in range(2 * WIDTH, 4 * WIDTH):
        j = np.uint64(i)
        rows[z + j] = a * (rows[x + j] + rows[y + j]) + b * noise[j]


@stage
def anchor(draw: int, hours: Integers, tables: HourlyTables, w: Weather) -> None:
    """Write the factors at the lanes' hours, multiples of HOURS, into row SPANS, by descent from the hours that are multiples of TOP."""
    wide_vectors()
    ends, low, words, noise = w.ends, w.low, w.words, w.noise
    key, correlations, midpoints = tables.key, tables.correlations, tables.midpoints
    for i in range(WIDTH):
        low[i] = hours[i] // TOP * TOP
    fill_noise(draw, low, 0, key, correlations, words, noise)
    for i in range(SIZE):
        ends[i] = noise[i]
    fill_noise(draw, low, TOP, key, correlations, words, noise)
    for i in range(SIZE):
        ends[SIZE + i] = noise[i]
    level = LEVELS - 1
    while level >= _BLOCK_LEVELS:
        fill_noise(draw, low, 1 << level, key, correlations, words, noise)
        displace(ends, 0, 1, 2, noise, midpoints, level)
        for i in range(WIDTH):
            later = hours[i] >= low[i] + (1 << level)
            for k in range(FACTORS):
                j = k * WIDTH + i
                ends[j + (0 if later else SIZE)] = ends[2 * SIZE + j]
            low[i] += (1 << level) if later else 0
        level -= 1
    for i in range(SIZE):
        w.rows[SPANS * SIZE + i] = ends[i]


@stage
def begin_block(draw: int, hours: Integers, tables: HourlyTables, w: Weather) -> None:
    """Go on to the block that starts at the lanes' ``hours``; row SPANS stands at its first hour."""
    for i in range(SIZE):
        w.rows[i] = w.rows[SPANS * SIZE + i]
    for i in range(WIDTH):
        hours[i] += HOURS
    anchor(draw, hours, tables, w)
    for i in range(WIDTH):
        hours[i] -= HOURS


@stage
def fill_ends(draw: int, hours: Integers, low: int, high: int, tables: HourlyTables, w: Weather) -> None:
    """Fill the ends of the spans between a block's own ends, as far as the hours ``low`` to ``high`` - 1 need them."""
    rows, words, noise = w.rows, w.words, w.noise  # out of the loops, where each would be counted as a reference
    key, correlations, midpoints = tables.key, tables.correlations, tables.midpoints
    for level in range(_BLOCK_LEVELS - 1, _SPAN_LEVELS - 1, -1):
        step = 1 << level
        for j in range(step, HOURS, 2 * step):
            if j + step > low and j - step < high:
                fill_noise(draw, hours, j, key, correlations, words, noise)
                displace(rows, (j - step) // SPAN, (j + step) // SPAN, j // SPAN, noise, midpoints, level)


@jittable
def _row(span: int, hour: int) -> int:
    """Return the row of an hour of a span, 0 to SPAN: its ends stand among the block's."""
    return span + hour // SPAN if hour % SPAN == 0 else SPANS + hour


@stage
def fill_span(draw: int, hours: Integers, span: int, tables: HourlyTables, w: Weather) -> None:
    """Write price and carbon intensity of one span of a block, whose ends stand.

    Parameters
    ----------
    draw : int
        First lane's draw.
    hours : ndarray of int64, shape (WIDTH,)
        First calendar hour of each lane's block, a multiple of HOURS.
    span : int
    tables : HourlyTables
    w : Weather
        ``price`` [currency/kWh] and ``carbon`` [kgCO2e/kWh] are written; 0 where the zone has none.
    """
    rows, words, noise, price, spikes = w.rows, w.words, w.noise, w.price, w.spikes
    key, correlations, midpoints = tables.key, tables.correlations, tables.midpoints
    for level in range(_SPAN_LEVELS - 1, -1, -1):
        step = 1 << level
        for j in range(step, SPAN, 2 * step):
            fill_noise(draw, hours, span * SPAN + j, key, correlations, words, noise)
            displace(rows, _row(span, j - step), _row(span, j + step), _row(span, j), noise, midpoints, level)
    to_values(0, hours, span, tables, rows, w.scores, w.cells, price)
    to_values(1, hours, span, tables, rows, w.scores, w.cells, w.carbon)
    if spikes.size > 0:
        for i in range(SPAN * WIDTH):
            price[i] += spikes[span * SPAN * WIDTH + i]


@stage
def to_values(k: int, hours: Integers, span: int, tables: HourlyTables, rows: Singles, scores: Singles, cells: Words, out: Floats) -> None:
    """Write a span's prices (k = 0) or intensities (1): scores, then the cell of the quantile function that each lies in."""
    wide_vectors()
    w_fast, w_slow, top = tables.weights[k, 0], tables.weights[k, 1], tables.tops[k]
    seasons = tables.seasons
    own = np.uint32(tables.starts[k])
    first, last = tables.first - span * SPAN, seasons.shape[1] - 1  # hours beyond the table are outside every run
    together = True
    for i in range(WIDTH):
        together = together and hours[i] == hours[0]
    for j in range(SPAN):
        if together:
            season = seasons[k, min(max(hours[0] + j - first, 0), last)]
            for i in range(WIDTH):
                scores[i] = season
        else:
            for i in range(WIDTH):
                scores[i] = seasons[k, min(max(hours[i] + j - first, 0), last)]
        row = _row(span, j) * SIZE + k * WIDTH
        fast, slow, to = np.uint64(row), np.uint64(row + 2 * WIDTH), np.uint64(j * WIDTH)
        for i in range(WIDTH):
            score = scores[i] + (w_fast * rows[fast + np.uint64(i)] + w_slow * rows[slow + np.uint64(i)])
            score = score if score > _f(0.0) else _f(0.0)  # of NaN too: a cell is a place in memory
            score = top if score > top else score
            cell = np.int32(score)
            cells[i] = np.uint32(cell) + own
            scores[i] = score - _f(cell)
        for i in range(np.uint64(0), np.uint64(WIDTH), np.uint64(EIGHT)):
            eight_bent_lines(cells, tables.cells, scores, i, out, to + i)


@stage
def follow_spikes(draw: int, hours: Integers, tables: HourlyTables, w: Weather) -> None:
    """Write the scarcity spikes of a block: each hour's arrival decays over the hours after it.

    A word decides on the arrival and, where there is one, on its exponential size; one call of the generator
    serves an even hour and the next.
    """
    rate, size, decay = tables.spikes[0], tables.spikes[1], tables.spikes[2]
    level, uniforms = w.level, w.uniforms
    level[:] = 0.0
    for j in range(-SPIN_UP, HOURS, 2):
        for i in range(WIDTH):
            a, b = philox4x32(np.uint64(draw + i), np.uint64(hours[i] + j) >> np.uint64(1), tables.spike_key)
            uniforms[i] = (float(a >> np.uint64(11)) + 0.5) * 2.0**-53
            uniforms[WIDTH + i] = (float(b >> np.uint64(11)) + 0.5) * 2.0**-53
        for odd in range(2):
            for i in range(WIDTH):
                u = uniforms[odd * WIDTH + i]
                level[i] = decay * level[i]
                if u < rate:
                    level[i] -= size * log(u / rate)
            if j >= 0:
                for i in range(WIDTH):
                    w.spikes[(j + odd) * WIDTH + i] = level[i]


@kernel
def run_sample(tables: HourlyTables, first: int, draws: int, price: Floats, carbon: Floats) -> None:
    """Write hourly series, shape (draws, hours)."""
    hours = price.shape[1]
    for group in prange((draws + WIDTH - 1) // WIDTH):
        draw, w = group * WIDTH, weather(tables)
        base = np.empty(WIDTH, dtype=np.int64)
        start = first // HOURS
        base[:] = start * HOURS
        anchor(draw, base, tables, w)
        for block in range(start, (first + hours - 1) // HOURS + 1):
            base[:] = block * HOURS
            begin_block(draw, base, tables, w)
            low, high = max(first - block * HOURS, 0), min(first + hours - block * HOURS, HOURS)
            fill_ends(draw, base, low, high, tables, w)
            if w.spikes.size > 0:
                follow_spikes(draw, base, tables, w)
            for span in range(low // SPAN, (high - 1) // SPAN + 1):
                fill_span(draw, base, span, tables, w)
                for j in range(max(low - span * SPAN, 0), min(high - span * SPAN, SPAN)):
                    at = block * HOURS + span * SPAN + j - first
                    for i in range(min(WIDTH, draws - draw)):
                        price[draw + i, at] = w.price[j * WIDTH + i]
                        carbon[draw + i, at] = w.carbon[j * WIDTH + i]


def sample_hours(zone: Zone, first: int, hours: int, *, draws: int, seed: int = 0) -> tuple[Floats | None, Floats | None]:
    """Simulate hourly prices and carbon intensities of a zone.

    Parameters
    ----------
    zone : Zone
    first : int
        First hour, counted from 1970-01-01T00:00Z.
    hours, draws : int
    seed : int

    Returns
    -------
    tuple of ndarray, shape (draws, hours), or None
        Price [currency/MWh] and carbon intensity [gCO2e/kWh]; None where the zone has none. A value
        depends on (seed, draw, hour) only.
    """
    tables = hourly_tables(zone, first=first, hours=hours, seed=seed)
    price, carbon = np.empty((draws, hours)), np.empty((draws, hours))
    with launching():
        run_sample(tables, first, draws, price, carbon)
    return (price * 1e3 if zone.price else None), (carbon * 1e3 if zone.carbon else None)
