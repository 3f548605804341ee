"""Hourly price and carbon intensity in lanes: a zone's quantile functions of its factors.

A span's prices and intensities are written hour by hour, or summed at once where nobody asks for the hours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from simulator.jit import allocating, jittable, kernel, stage, wide_vectors
from simulator.kernels.factors import (
    HOURS,
    SIZE,
    SPAN,
    Factors,
    Singles,
    Words,
    anchor,
    begin_block,
    factors,
    fill_after,
    fill_ends,
    row_of,
)
from simulator.kernels.lanes import WIDTH, Floats, Integers
from simulator.kernels.registers import EIGHT, add_eight_bent_lines, eight_bent_lines
from simulator.kernels.zone_tables import HourlyTables, hourly_tables
from simulator.stochastic.elementary import log
from simulator.stochastic.philox import philox4x32
from simulator.stochastic.zone import Zone
from simulator.threads import launching

SPIN_UP = 48  # hours before a block from which its spikes are followed

_f = np.float32


class Weather(NamedTuple):
    """Memory of one group of lanes for the hours of a block.

    Attributes
    ----------
    factors : Factors
    price, carbon : ndarray, shape (SPAN * WIDTH,)
        Of one span, per kWh.
    totals : ndarray, shape (2 * WIDTH,)
        Sums of price and of carbon over one span.
    spikes : ndarray, shape (HOURS * WIDTH,)
        Of the block; empty where the zone has none.
    scores : ndarray of float32, shape (WIDTH,)
    cells : ndarray of uint32, shape (WIDTH,)
    uniforms : ndarray, shape (2 * WIDTH,)
    level : ndarray, shape (WIDTH,)
        Scratch, contents without meaning between calls.
    """

    factors: Factors
    price: Floats
    carbon: Floats
    totals: Floats
    spikes: Floats
    scores: Singles
    cells: Words
    uniforms: Floats
    level: Floats


@allocating
def weather(tables: HourlyTables) -> Weather:
    """Return memory for one group of lanes."""
    return Weather(
        factors(),
        np.zeros(SPAN * WIDTH),
        np.zeros(SPAN * WIDTH),
        np.zeros(2 * WIDTH),
        np.empty(HOURS * WIDTH if tables.spikes[0] > 0.0 else 0),
        np.empty(WIDTH, dtype=np.float32),
        np.empty(WIDTH, dtype=np.uint32),
        np.empty(2 * WIDTH),
        np.empty(WIDTH),
    )


@stage
def fill_span(draw: int, hours: Integers, together: bool, span: int, apart: bool, tables: HourlyTables, w: Weather) -> None:
    """Write price and carbon intensity of one span of a block, whose ends stand.

    Parameters
    ----------
    draw : int
        First lane's draw.
    hours : ndarray of int64, shape (WIDTH,)
        First calendar hour of each lane's block, a multiple of HOURS.
    together : bool
        Whether these are all one.
    span : int
    apart : bool
        Whether the hours are asked for: ``price`` [currency/kWh] and ``carbon`` [kgCO2e/kWh] are written; 0 where the zone has
        none. Else ``totals`` are, the sums of what would have been written, in order of hours.
    tables : HourlyTables
    w : Weather
    """
    price, spikes = w.price, w.spikes
    w.totals[:] = 0.0
    for hour in range(SPAN):
        fill_after(draw, hours, together, span, hour, tables, w.factors)
        for k in range(2):
            find_cells(k, hours, together, span, hour, tables, w)
            look_up(k, hour, apart, tables, w)
    if apart and spikes.size > 0:
        for i in range(SPAN * WIDTH):
            price[i] += spikes[span * SPAN * WIDTH + i]


@jittable
def find_cells(k: int, hours: Integers, together: bool, span: int, hour: int, tables: HourlyTables, w: Weather) -> None:
    """Write the cell of the quantile function of price (k = 0) or intensity (1) that each lane lies in, and where in it."""
    wide_vectors()
    w_fast, w_slow, top, own = tables.weights[k, 0], tables.weights[k, 1], tables.tops[k], np.uint32(tables.starts[k])
    seasons, rows, scores, cells = tables.seasons, w.factors.rows, w.scores, w.cells
    first, last = tables.first - span * SPAN - hour, seasons.shape[1] - 1  # hours beyond the table are outside every run
    if together:
        season = seasons[k, min(max(hours[0] - first, 0), last)]
        for i in range(WIDTH):
            scores[i] = season
    else:
        for i in range(WIDTH):
            scores[i] = seasons[k, min(max(hours[i] - first, 0), last)]
    row = row_of(span, hour) * SIZE + k * WIDTH
    fast, slow = np.uint64(row), np.uint64(row + 2 * WIDTH)
    for i in range(WIDTH):
        score = scores[i] + (w_fast * rows[fast + np.uint64(i)] + w_slow * rows[slow + np.uint64(i)])
        score = score if score > _f(0.0) else _f(0.0)  # of NaN too: a cell is a place in memory
        score = top if score > top else score
        cell = np.int32(score)
        cells[i] = np.uint32(cell) + own
        scores[i] = score - _f(cell)


@jittable
def look_up(k: int, hour: int, apart: bool, tables: HourlyTables, w: Weather) -> None:
    """Write the prices (k = 0) or intensities (1) of the lanes' cells as an hour of the span, or add them to the totals."""
    cells, scores, totals, out = w.cells, w.scores, w.totals, w.price if k == 0 else w.carbon
    for i in range(np.uint64(0), np.uint64(WIDTH), np.uint64(EIGHT)):
        if apart:
            eight_bent_lines(cells, tables.cells, scores, i, out, np.uint64(hour * WIDTH) + np.uint64(i))
        else:
            add_eight_bent_lines(cells, tables.cells, scores, i, totals, np.uint64(k * WIDTH) + np.uint64(i))


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
        anchor(draw, base, True, tables, w.factors)
        for block in range(start, (first + hours - 1) // HOURS + 1):
            base[:] = block * HOURS
            begin_block(draw, base, True, tables, w.factors)
            low, high = max(first - block * HOURS, 0), min(first + hours - block * HOURS, HOURS)
            fill_ends(draw, base, True, low, high, tables, w.factors)
            if w.spikes.size > 0:
                follow_spikes(draw, base, tables, w)
            for span in range(low // SPAN, (high - 1) // SPAN + 1):
                fill_span(draw, base, True, span, True, tables, w)
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
