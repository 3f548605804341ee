"""Hourly price and carbon intensity in lanes: midpoint displacement of the factors, then quantile functions.

A factor's value in a calendar hour depends on (seed, draw, hour) only. Hours that are multiples of
``TOP`` are independent draws of the stationary law (the correlation left over is below 2**-16 for
half-lives of 1000 h); every other hour is a midpoint of its dyadic neighbours, given whose values an
Ornstein-Uhlenbeck process is normal with mean a (left + right) and variance b. So a block of hours is
reached in ``log2(TOP / HOURS)`` steps from anywhere, and runs that start, pause or fail at other
times meet the same weather.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from simulator.jit import jittable, kernel, stage, wide_vectors
from simulator.stochastic.elementary import log
from simulator.stochastic.path_noise import box_muller
from simulator.stochastic.philox import philox4x32, philox_words
from simulator.stochastic.streams import stream_key
from simulator.stochastic.zone import HOURS_PER_YEAR, HourlyLaw, Zone, seasonal_design

WIDTH = 64  # draws side by side
HOURS = 128  # of a block, aligned on calendar hours that are its multiples
TOP = 1 << 14  # hours between independent values
LEVELS = 14  # log2(TOP)
SPIN_UP = 48  # hours before a block from which its spikes are followed
FACTORS = 4  # fast price, fast carbon, slow price, slow carbon
SIZE = FACTORS * WIDTH

#: half the smallest step of a price, 0.01 per MWh: what rounds to zero is zero, or float32 sums would make a pile-up at zero negative
_HALF_TICK = 5e-6
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)

_f = np.float32
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int64]
Words = NDArray[np.uint32]


class HourlyTables(NamedTuple):
    """A zone as the kernel reads it.

    Attributes
    ----------
    midpoints : ndarray of float32, shape (2, LEVELS, 2)
        Fast and slow: weight of the neighbours and noise sd at distance 2**level.
    correlations : ndarray of float32, shape (2,)
    weights : ndarray of float32, shape (2, 2)
        Price and carbon: loadings of the fast and the slow factor, residual sd included; 0 where absent.
    offsets : ndarray, shape (2,)
        Constant of each quantile function in hinge form.
    knots, slopes : ndarray of float32, shape (2, k)
        value(u) = offset + sum of slope max(u, knot).
    spikes : ndarray, shape (3,)
        Probability of an arrival in an hour, mean size, decay over one hour.
    seasons : ndarray of float32, shape (2, hours)
        Seasonal scores from ``first`` on.
    first : int
        Calendar hour of the first column, counted from 1970-01-01T00:00Z.
    key, spike_key : uint64
    """

    midpoints: Singles
    correlations: Singles
    weights: Singles
    offsets: Floats
    knots: Singles
    slopes: Singles
    spikes: Floats
    seasons: Singles
    first: int
    key: np.uint64
    spike_key: np.uint64


def no_tables() -> HourlyTables:
    """Return the tables of no zone."""
    none = np.zeros((2, 2), dtype=_f)
    return HourlyTables(
        np.zeros((2, LEVELS, 2), dtype=_f), none[0], none, np.zeros(2), none, none, np.zeros(3), none, 0, np.uint64(0), np.uint64(0)
    )


class Workspace(NamedTuple):
    """Scratch memory of one group of lanes, contents without meaning between calls."""

    ends: Singles
    low: Integers
    words: Words
    noise: Singles
    sums: Singles
    spikes: Floats


@stage
def workspace() -> Workspace:
    """Return scratch memory for one group of lanes."""
    return Workspace(
        np.empty(3 * SIZE, dtype=np.float32),
        np.empty(WIDTH, dtype=np.int64),
        np.empty(SIZE, dtype=np.uint32),
        np.empty(SIZE, dtype=np.float32),
        np.empty(2 * WIDTH, dtype=np.float32),
        np.empty(WIDTH),
    )


def _hinges(law: HourlyLaw | None, unit: float) -> tuple[float, list[float], list[float]]:
    """Return a law's quantile function as constant, knots and changes of slope."""
    if law is None:
        return 0.0, [0.0], [0.0]
    scores, values = np.asarray(law.scores), np.asarray(law.values) * unit
    slopes = np.diff(values) / np.diff(scores)
    changes = np.diff(np.concatenate([[0.0], slopes, [0.0]]))
    rounded, knots = changes.astype(_f).astype(float), scores.astype(_f).astype(float)
    return float(values[0] - rounded @ np.maximum(knots[0], knots)), list(scores), list(rounded)


def hourly_tables(zone: Zone, *, first: int, hours: int, seed: int) -> HourlyTables:
    """Return a zone's tables for the calendar hours ``first`` to ``first`` + ``hours`` - 1; values per kWh."""
    laws = (zone.price, zone.carbon)
    distance = 2.0 ** np.arange(LEVELS)
    rho = np.array([2.0 ** (-distance / half_life) for half_life in (zone.fast_half_life, zone.slow_half_life)])
    midpoints = np.stack([rho / (1 + rho**2), np.sqrt((1 - rho**2) / (1 + rho**2))], axis=2)
    weights = [
        (0.0, 0.0) if law is None else (law.residual_sd * math.sqrt(law.fast_weight), law.residual_sd * math.sqrt(1 - law.fast_weight))
        for law in laws
    ]
    hinges = [_hinges(law, 1e-3) for law in laws]
    size = -(-max(len(knots) for _, knots, _ in hinges) // 8) * 8
    design = seasonal_design(np.arange(first, first + hours), zone.timezone)
    price = zone.price
    spiky = price is not None and price.spikes_per_year > 0
    spikes = [0.0, 0.0, 0.0]
    if price is not None and spiky:
        spikes = [price.spikes_per_year / HOURS_PER_YEAR, 1e-3 * price.spike_mean, 2.0 ** (-1.0 / price.spike_half_life)]
    return HourlyTables(
        midpoints=midpoints.astype(_f),
        correlations=np.array([zone.fast_correlation, zone.slow_correlation], dtype=_f),
        weights=np.array(weights, dtype=_f),
        offsets=np.array([offset for offset, _, _ in hinges]),
        knots=np.array([knots + [knots[-1]] * (size - len(knots)) for _, knots, _ in hinges], dtype=_f),
        slopes=np.array([slopes + [0.0] * (size - len(slopes)) for _, _, slopes in hinges], dtype=_f),
        spikes=np.array(spikes),
        seasons=np.stack([np.zeros(hours) if law is None else design @ np.asarray(law.seasonal) for law in laws]).astype(_f),
        first=first,
        key=np.uint64(stream_key(seed=seed, purpose="path", name="weather")),
        spike_key=np.uint64(stream_key(seed=seed, purpose="path", name="spikes")),
    )


@jittable
def fill_noise(draw: int, hours: Integers, offset: int, key: np.uint64, correlations: Singles, words: Words, out: Singles) -> None:
    """Write the correlated noise of one hour of each lane: FACTORS rows of WIDTH in ``out``."""
    low, high = np.uint64(draw) & _LOW, np.uint64(draw) >> _SHIFT  # WIDTH divides 2**32: the high word is the lanes' own
    for i in range(WIDTH):
        hour = np.uint64(hours[i] + offset)
        a, b, c, d = philox_words(low + np.uint64(i), high, hour & _LOW, hour >> _SHIFT, key & _LOW, key >> _SHIFT)
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


@jittable
def displace(rows: Singles, left: int, right: int, to: int, noise: Singles, midpoints: Singles, level: int) -> None:
    """Write at ``rows[to:]`` the midpoints of the factors at ``rows[left:]`` and ``rows[right:]``, each at distance 2**level."""
    x, y, z = np.uint64(left), np.uint64(right), np.uint64(to)  # signed sums would be checked for a wrap-around, and stay scalar
    a, b = midpoints[0, level, 0], midpoints[0, level, 1]
    for i in range(2 * WIDTH):
        j = np.uint64(i)
        rows[z + j] = a * (rows[x + j] + rows[y + j]) + b * noise[j]
    a, b = midpoints[1, level, 0], midpoints[1, level, 1]
    for i in range(2 * WIDTH, 4 * WIDTH):
        j = np.uint64(i)
        rows[z + j] = a * (rows[x + j] + rows[y + j]) + b * noise[j]


@stage
def anchor(draw: int, hours: Integers, tables: HourlyTables, rows: Singles, to: int, work: Workspace) -> None:
    """Write the factors of the lanes' hours, multiples of HOURS, by descent from the hours that are multiples of TOP."""
    wide_vectors()
    key, correlations, midpoints = tables.key, tables.correlations, tables.midpoints
    ends, low, words, noise = work.ends, work.low, work.words, work.noise
    for i in range(WIDTH):
        low[i] = hours[i] // TOP * TOP
    fill_noise(draw, low, 0, key, correlations, words, noise)
    for i in range(SIZE):
        ends[i] = noise[i]
    fill_noise(draw, low, TOP, key, correlations, words, noise)
    for i in range(SIZE):
        ends[SIZE + i] = noise[i]
    level = LEVELS - 1
    while (1 << level) >= HOURS:
        fill_noise(draw, low, 1 << level, key, correlations, words, noise)
        displace(ends, 0, SIZE, 2 * SIZE, noise, midpoints, level)
        for i in range(WIDTH):
            later = hours[i] >= low[i] + (1 << level)
            for k in range(FACTORS):
                j = k * WIDTH + i
                ends[j + (0 if later else SIZE)] = ends[2 * SIZE + j]
            low[i] += (1 << level) if later else 0
        level -= 1
    for i in range(SIZE):
        rows[to + i] = ends[i]


@stage
def fill_factors(draw: int, hours: Integers, low: int, high: int, tables: HourlyTables, rows: Singles, work: Workspace) -> None:
    """Fill the hours between two anchors that rows ``low`` to ``high`` - 1 need, in a block whose first and last rows stand."""
    wide_vectors()
    key, correlations, midpoints, words, noise = tables.key, tables.correlations, tables.midpoints, work.words, work.noise
    level = 6  # log2(HOURS) - 1
    while level >= 0:
        step = 1 << level
        for j in range(step, HOURS, 2 * step):
            if j + step <= low or j - step >= high:
                continue
            fill_noise(draw, hours, j, key, correlations, words, noise)
            displace(rows, (j - step) * SIZE, (j + step) * SIZE, j * SIZE, noise, midpoints, level)
        level -= 1


@stage
def to_values(k: int, hours: Integers, low: int, high: int, rows: Singles, tables: HourlyTables, sums: Singles, out: Floats) -> None:
    """Write a block's prices (k = 0) or intensities (1): scores, then the quantile function as a sum of hinges, eight at a time."""
    wide_vectors()
    w_fast, w_slow, offset = tables.weights[k, 0], tables.weights[k, 1], tables.offsets[k]
    knots, slopes, seasons = tables.knots, tables.slopes, tables.seasons
    first, last = tables.first, seasons.shape[1] - 1
    together = True
    for i in range(WIDTH):
        together = together and hours[i] == hours[0]
    for j in range(low, high):
        fast, slow, to = np.uint64(j * SIZE + k * WIDTH), np.uint64(j * SIZE + (2 + k) * WIDTH), np.uint64(j * WIDTH)
        if together:
            season = seasons[k, min(max(hours[0] + j - first, 0), last)]  # hours beyond the table are outside every run
            for i in range(WIDTH):
                sums[i] = season
        else:
            for i in range(WIDTH):
                sums[i] = seasons[k, min(max(hours[i] + j - first, 0), last)]
        for i in range(WIDTH):
            sums[i] += w_fast * rows[fast + np.uint64(i)] + w_slow * rows[slow + np.uint64(i)]
            sums[WIDTH + i] = _f(0.0)
        for m in range(0, knots.shape[1], 8):
            k0, k1, k2, k3 = knots[k, m], knots[k, m + 1], knots[k, m + 2], knots[k, m + 3]
            k4, k5, k6, k7 = knots[k, m + 4], knots[k, m + 5], knots[k, m + 6], knots[k, m + 7]
            s0, s1, s2, s3 = slopes[k, m], slopes[k, m + 1], slopes[k, m + 2], slopes[k, m + 3]
            s4, s5, s6, s7 = slopes[k, m + 4], slopes[k, m + 5], slopes[k, m + 6], slopes[k, m + 7]
            for i in range(WIDTH):
                u = sums[i]
                a = s0 * (k0 if u < k0 else u) + s1 * (k1 if u < k1 else u)
                b = s2 * (k2 if u < k2 else u) + s3 * (k3 if u < k3 else u)
                c = s4 * (k4 if u < k4 else u) + s5 * (k5 if u < k5 else u)
                d = s6 * (k6 if u < k6 else u) + s7 * (k7 if u < k7 else u)
                sums[WIDTH + i] += (a + b) + (c + d)
        for i in range(WIDTH):
            value = offset + sums[WIDTH + i]
            out[to + np.uint64(i)] = 0.0 if abs(value) < _HALF_TICK else value


@stage
def add_spikes(draw: int, hours: Integers, tables: HourlyTables, out: Floats, state: Floats) -> None:
    """Add scarcity spikes to the prices of a block: each hour's arrival decays over the hours after it.

    A word decides on the arrival and, where there is one, on its exponential size.
    """
    rate, size, decay = tables.spikes[0], tables.spikes[1], tables.spikes[2]
    state[:] = 0.0
    for j in range(-SPIN_UP, HOURS):
        for i in range(WIDTH):
            word, _ = philox4x32(np.uint64(draw + i), np.uint64(hours[i] + j), tables.spike_key)
            u = (float(word >> np.uint64(11)) + 0.5) * 2.0**-53
            state[i] = decay * state[i]
            if u < rate:
                state[i] -= size * log(u / rate)
        if j >= 0:
            for i in range(WIDTH):
                out[j * WIDTH + i] += state[i]


@stage
def fill_hours(
    draw: int, hours: Integers, low: int, high: int, tables: HourlyTables, rows: Singles, price: Floats, carbon: Floats, work: Workspace
) -> None:
    """Write price and carbon intensity of a block of hours, HOURS rows of WIDTH each, from its two anchors on.

    Parameters
    ----------
    draw : int
        First lane's draw.
    hours : ndarray of int64, shape (WIDTH,)
        First calendar hour of each lane's block, a multiple of HOURS.
    low, high : int
        Rows that are wanted; others may be left as they were.
    tables : HourlyTables
    rows : ndarray of float32, shape ((HOURS + 1) * FACTORS * WIDTH,)
        Factors, anchors in the first and the last row.
    price, carbon : ndarray, shape (HOURS * WIDTH,)
        [currency/kWh] and [kgCO2e/kWh]; 0 where the zone has none.
    work : Workspace
    """
    fill_factors(draw, hours, low, high, tables, rows, work)
    to_values(0, hours, low, high, rows, tables, work.sums, price)
    to_values(1, hours, low, high, rows, tables, work.sums, carbon)
    if tables.spikes[0] > 0.0:
        add_spikes(draw, hours, tables, price, work.spikes)


@kernel
def run_sample(tables: HourlyTables, first: int, draws: int, price: Floats, carbon: Floats) -> None:
    """Write hourly series, shape (draws, hours)."""
    hours = price.shape[1]
    for group in prange((draws + WIDTH - 1) // WIDTH):
        draw = group * WIDTH
        rows, p, c, work = np.empty((HOURS + 1) * SIZE, dtype=_f), np.empty(HOURS * WIDTH), np.empty(HOURS * WIDTH), workspace()
        base = np.empty(WIDTH, dtype=np.int64)
        start = first // HOURS
        base[:] = start * HOURS
        anchor(draw, base, tables, rows, HOURS * SIZE, work)
        for block in range(start, (first + hours - 1) // HOURS + 1):
            rows[:SIZE] = rows[HOURS * SIZE :]
            base[:] = (block + 1) * HOURS
            anchor(draw, base, tables, rows, HOURS * SIZE, work)
            base[:] = block * HOURS
            fill_hours(draw, base, 0, HOURS, tables, rows, p, c, work)
            for j in range(max(first - block * HOURS, 0), min(first + hours - block * HOURS, HOURS)):
                for i in range(min(WIDTH, draws - draw)):
                    price[draw + i, block * HOURS + j - first] = p[j * WIDTH + i]
                    carbon[draw + i, block * HOURS + j - first] = c[j * WIDTH + i]


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
    run_sample(tables, first, draws, price, carbon)
    return (price * 1e3 if zone.price else None), (carbon * 1e3 if zone.carbon else None)
