"""A zone as the history kernel reads it: midpoints of its factors, seasons, quantile functions in even cells."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.stochastic.streams import stream_key
from simulator.stochastic.zone import HOURS_PER_YEAR, HourlyLaw, Zone, seasonal_design

LEVELS = 14  # midpoints halve the hours between independent values so many times
_COARSEST, _FINEST = 3, 8  # cells of a quantile function per score, powers of two

_f = np.float32
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


class HourlyTables(NamedTuple):
    """A zone as the kernel reads it.

    Scores are counted in cells of the quantile function: cell 0 lies below its knots, the last one above.

    Attributes
    ----------
    midpoints : ndarray of float32, shape (2, LEVELS, 2)
        Fast and slow: weight of the neighbours and noise sd at distance 2**level.
    correlations : ndarray of float32, shape (2,)
    weights : ndarray of float32, shape (2, 2)
        Price and carbon: loadings of the fast and the slow factor in cells, residual sd included; 0 where absent.
    tops : ndarray of float32, shape (2,)
        Score in the last cell, which higher ones are taken for.
    starts : ndarray of uint32, shape (2,)
        First cell of each quantity.
    cells : ndarray of float32, shape (cells, 4)
        Of two lines that meet in the cell: height where they meet, slope per cell before, the place, 0 to 1, slope after.
    spikes : ndarray, shape (3,)
        Probability of an arrival in an hour, mean size, decay over one hour.
    seasons : ndarray of float32, shape (2, hours)
        Seasonal scores in cells from ``first`` on.
    first : int
        Calendar hour of the first column, counted from 1970-01-01T00:00Z.
    key, spike_key : uint64
    """

    midpoints: Singles
    correlations: Singles
    weights: Singles
    tops: Singles
    starts: NDArray[np.uint32]
    cells: Singles
    spikes: Floats
    seasons: Singles
    first: int
    key: np.uint64
    spike_key: np.uint64


class _Cells(NamedTuple):
    """A quantile function in even cells; ``rows`` are those of ``HourlyTables.cells``."""

    low: float  # score at which cell 1 starts
    per_score: float
    rows: Floats


def _cells(law: HourlyLaw | None, unit: float) -> _Cells:
    """Return a quantile function in the widest cells that hold one knot each.

    Where knots share a cell of the finest grid, a line leads from the first of them to the cell's end.
    """
    if law is None:
        return _Cells(0.0, 1.0, np.zeros((2, 4)))
    knots, heights = np.asarray(law.scores), np.asarray(law.values) * unit
    for power in range(_COARSEST, _FINEST + 1):
        per_score = 2.0**power
        low = math.floor(knots[0] * per_score) / per_score
        places = (knots - low) * per_score + 1.0
        cells = places.astype(np.int64)
        if np.all(np.diff(cells) > 0):
            break
    edges = np.arange(cells[-1] + 3, dtype=np.float64)
    ends = np.interp(edges, places, heights)  # level outside of the knots
    held, first = np.unique(cells, return_index=True)
    rows = np.stack([ends[:-1], np.diff(ends), np.zeros(edges.size - 1), np.diff(ends)], axis=1)
    place, height = places[first] - held, heights[first]
    before = np.divide(height - ends[held], place, out=np.zeros(held.size), where=place > 0)
    after = (ends[held + 1] - height) / (1.0 - place)
    rows[held] = np.stack([height, before, place, after], axis=1)
    return _Cells(low, per_score, rows)


def no_tables() -> HourlyTables:
    """Return the tables of no zone."""
    none, pair, zero = np.zeros((2, 2), dtype=_f), np.zeros(2, dtype=_f), np.uint64(0)
    midpoints, starts = np.zeros((2, LEVELS, 2), dtype=_f), np.zeros(2, dtype=np.uint32)
    return HourlyTables(midpoints, pair, none, pair, starts, np.zeros((2, 4), dtype=_f), np.zeros(3), none, 0, zero, zero)


def hourly_tables(zone: Zone, *, first: int, hours: int, seed: int) -> HourlyTables:
    """Return a zone's tables for the calendar hours ``first`` to ``first`` + ``hours`` - 1; values per kWh."""
    laws = (zone.price, zone.carbon)
    distance = 2.0 ** np.arange(LEVELS)
    rho = np.array([2.0 ** (-distance / half_life) for half_life in (zone.fast_half_life, zone.slow_half_life)])
    midpoints = np.stack([rho / (1 + rho**2), np.sqrt((1 - rho**2) / (1 + rho**2))], axis=2)
    cells = [_cells(law, 1e-3) for law in laws]
    weights, seasons = np.zeros((2, 2)), np.zeros((2, hours))
    design = seasonal_design(np.arange(first, first + hours), zone.timezone)
    for k, (law, grid) in enumerate(zip(laws, cells, strict=True)):
        if law is not None:
            shares = np.array([law.fast_weight, 1 - law.fast_weight])
            weights[k] = law.residual_sd * np.sqrt(shares) * grid.per_score
            seasons[k] = (design @ np.asarray(law.seasonal) - grid.low) * grid.per_score + 1.0
    price = zone.price
    spikes = [0.0, 0.0, 0.0]
    if price is not None and price.spikes_per_year > 0:
        spikes = [price.spikes_per_year / HOURS_PER_YEAR, 1e-3 * price.spike_mean, 2.0 ** (-1.0 / price.spike_half_life)]
    return HourlyTables(
        midpoints=midpoints.astype(_f),
        correlations=np.array([zone.fast_correlation, zone.slow_correlation], dtype=_f),
        weights=weights.astype(_f),
        tops=np.array([len(grid.rows) - 0.5 for grid in cells], dtype=_f),
        starts=np.array([0, len(cells[0].rows)], dtype=np.uint32),
        cells=np.concatenate([grid.rows for grid in cells]).astype(_f),
        spikes=np.array(spikes),
        seasons=seasons.astype(_f),
        first=first,
        key=np.uint64(stream_key(seed=seed, purpose="path", name="weather")),
        spike_key=np.uint64(stream_key(seed=seed, purpose="path", name="spikes")),
    )
