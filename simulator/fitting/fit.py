"""Fit the hourly process of a zone to its history: moments of scores, less what the season takes from them.

A history becomes scores by its own distribution: the share of hours below a value is the share of
*simulated* scores, a mixture of normals about the seasonal means of the hours, below its score. So the
simulated values have the distribution of the history, whatever the season explains. Half-lives and weights
come from mean products of the scores' residuals, and then from the autocorrelations of the values themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from simulator.errors import InputError
from simulator.fitting.memory import APART, SLOWEST_FAST, correlate, memory_error, remember
from simulator.fitting.season import HALF_LIVES, SLOWEST, Calendar, Expected, annual_seen, binned, lagged
from simulator.fitting.spikes import Spikes, find_spikes
from simulator.series.read import HourlySeries
from simulator.stochastic.zone import HourlyLaw, Zone

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Pair = tuple[int, int]

FEWEST_HOURS = 336  # two weeks: every hour of the week twice
_ADMITTED, _STRETCHES = 48.0, 40  # half-life that a short history has too [h]; least number of half-lives in a history
_SLOWEST_LEVEL, _LEVELS = 480.0, 12  # where seasons are not seen the slow factor carries them; half-life [h], half-lives in a history
_LONGEST = 720  # last lag [h], 30 days
_ROUNDS, _SETTLED = 20, 1e-3  # of the scores, root mean square
_SPIKE_LOSS = 0.015  # of the rms error of autocorrelations, told to 0.03 by a year, for a tail beyond the dearest hour
_KNOTS, _ATOM = 48, 0.003  # least share of hours at one value that gets knots of its own
_CLOSEST = 1e-3  # between the scores of knots: the sampler works in single precision


def fit_zone(price: HourlySeries | None, carbon: HourlySeries | None, *, name: str, timezone: str) -> Zone:
    """Return the hourly process fitted to a history of prices, of carbon intensities, or of both.

    Level and spread of the history become those of the process; how they move from year to year is not in it, nor
    is anything slower than ten days but the season. Annual terms need eleven months. Scarcity
    spikes are added where a price has them and they keep its distribution and, within what a year tells, its autocorrelation:
    with them a price can pass the dearest hour of its history.

    Parameters
    ----------
    price, carbon : HourlySeries or None
        At least one, of two weeks or more. Each is used in full, their dependence comes from the hours they share.
    name : str
    timezone : str
        IANA name of the clock that days and weeks follow.

    Returns
    -------
    Zone

    Raises
    ------
    InputError
        Where there is no series, one is too short or constant, or both share too few hours.
    """
    given = [s for s in (price, carbon) if s is not None]
    if not given:
        raise InputError("a zone needs a history of prices, of carbon intensities, or of both")
    for s in given:
        if len(s.hours) < FEWEST_HOURS:
            raise InputError(f"{s.source}: {s.column} has {len(s.hours)} hours; a fit needs {FEWEST_HOURS}, two weeks, or more")
        if np.ptp(s.values) == 0:
            raise InputError(f"{s.source}: {s.column} is {s.values[0]:g} in every hour; what is constant needs no hourly process")
    common = len(np.intersect1d(given[0].hours, given[-1].hours, assume_unique=True))
    if common < FEWEST_HOURS:
        raise InputError(f"{given[0].source} and {given[-1].source} share {common} hours; their dependence needs {FEWEST_HOURS} or more")
    grid = _Grid(given, timezone)
    plain = _fit(price, carbon, name, timezone, grid)
    spiky = [_fit(price, carbon, name, timezone, grid, spikes) for spikes in (find_spikes(price) if price is not None else [])]
    best, error = min(((zone, memory_error(zone, given)) for zone in spiky), key=lambda found: found[1], default=(plain, np.inf))
    return best if error < memory_error(plain, given) + _SPIKE_LOSS else plain


class _Grid:
    """What a fit takes from the hours of a history, whatever its values."""

    def __init__(self, series: Sequence[HourlySeries], timezone: str) -> None:
        hours = [s.hours for s in series]
        first = min(int(h[0]) for h in hours)
        self.length = max(int(h[-1]) for h in hours) - first + 1
        self.longest = min(_LONGEST, self.length // 4)
        self.calendars = [Calendar(hours[0], timezone, first, self.length)]
        for h in hours[1:]:
            self.calendars.append(self.calendars[0] if np.array_equal(h, hours[0]) else Calendar(h, timezone, first, self.length))
        known: dict[tuple[Calendar, Calendar], Expected] = {}
        self.expected: dict[Pair, Expected] = {}
        for i, a in enumerate(self.calendars):
            for j, b in enumerate(self.calendars[i:], i):
                known[a, b] = self.expected[i, j] = known[a, b] if (a, b) in known else Expected(a, b, self.longest)


def _least_squares(x: Floats, y: Floats, target: Floats, most: tuple[Floats, Floats] | None) -> tuple[Floats, Floats, Floats]:
    """Return the coefficients of the target on each row of x with each row of y, and the squares left.

    Coefficients are positive, or between -``most`` and ``most``.
    """
    xx, yy, xy = np.sum(x * x, axis=1)[:, None], np.sum(y * y, axis=1)[None, :], x @ y.T
    xt, yt = (x @ target)[:, None], (y @ target)[None, :]
    a, b = np.zeros_like(xy), np.zeros_like(xy)
    for _ in range(80):  # a sweep takes a fifth or more of an error, for half-lives APART
        a = np.maximum((xt - xy * b) / xx, 0) if most is None else np.clip((xt - xy * b) / xx, -most[0], most[0])
        b = np.maximum((yt - xy * a) / yy, 0) if most is None else np.clip((yt - xy * a) / yy, -most[1], most[1])
    return a, b, target @ target - 2 * (a * xt + b * yt) + a * a * xx + b * b * yy + 2 * a * b * xy


def _match(seen: dict[Pair, Floats], expected: dict[Pair, Expected], slowest: float) -> tuple[Pair, dict[Pair, tuple[float, float]]]:
    """Return the indices of the two half-lives whose expected products are nearest to those seen, and the covariances they carry."""
    fast, slow = np.flatnonzero(HALF_LIVES <= SLOWEST_FAST), np.flatnonzero(slowest >= HALF_LIVES)
    squares = np.where(HALF_LIVES[slow] >= APART * HALF_LIVES[fast][:, None], 0.0, np.inf)
    fits: dict[Pair, tuple[Floats, Floats, Floats]] = {}
    for pair in sorted(seen, key=lambda p: p[1] - p[0]):  # variances first, they bound covariances
        most = None if pair[0] == pair[1] else (np.sqrt(fits[0, 0][0] * fits[1, 1][0]), np.sqrt(fits[0, 0][1] * fits[1, 1][1]))
        fits[pair] = _least_squares(expected[pair].products[fast], expected[pair].products[slow], seen[pair], most)
        squares = squares + fits[pair][2]
    i, j = np.unravel_index(np.argmin(squares), squares.shape)
    return (int(fast[i]), int(slow[j])), {pair: (float(a[i, j]), float(b[i, j])) for pair, (a, b, _) in fits.items()}


def mixture_scores(season: Floats, sd: float, share: Floats) -> Floats:
    """Return the scores below which a share of all hours' scores lies: the mean over hours of Phi((u - season) / sd), inverted."""
    hours, edges = np.histogram(season, bins=400)
    grid = np.linspace(edges[0] - 5 * sd, edges[-1] + 5 * sd, 1501)
    below = ndtr((grid[:, None] - (edges[1:] + edges[:-1]) / 2) / sd) @ (hours / len(season))
    scores: Floats = np.interp(share, below, grid)
    return scores


def quantile_knots(scores: Floats, values: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return at most 48 knots of the quantile function, scores and values, of which both ascend.

    The ends; the change of sign; the percentiles that a check judges; the ends of atoms; then always the point that is
    furthest off the chord with the largest sum of squares.
    """
    n = len(values)
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > 0)
    sizes = np.diff(starts, append=n)
    atoms = [a for a in np.argsort(-sizes)[:8] if sizes[a] >= _ATOM * n]
    percentiles = (int(level * n) for level in (0.01, 0.05, 0.5, 0.95, 0.99))
    wanted = [int(np.searchsorted(values, 0.0)), *percentiles, *(int(k) for a in atoms for k in (starts[a], starts[a] + sizes[a] - 1))]
    knots = [0, n - 1]
    chords: dict[Pair, tuple[float, int]] = {}
    while len(knots) < _KNOTS:
        if wanted:
            k = wanted.pop(0)
        else:
            for left, right in pairwise(knots):
                if (left, right) not in chords:
                    u, v = scores[left : right + 1], values[left : right + 1]
                    error = np.where((u >= u[0] + _CLOSEST) & (u <= u[-1] - _CLOSEST), v - np.interp(u, u[[0, -1]], v[[0, -1]]), 0.0)
                    chords[left, right] = float(error @ error), left + int(np.argmax(np.abs(error)))
            squares, k = max(chords[chord] for chord in pairwise(knots))
            if squares == 0:
                break
        if k < n and np.min(np.abs(scores[knots] - scores[k])) >= _CLOSEST:
            knots = sorted([*knots, k])
    return tuple(map(float, scores[knots])), tuple(map(float, values[knots]))


def _fit(
    price: HourlySeries | None, carbon: HourlySeries | None, name: str, timezone: str, grid: _Grid, spikes: Spikes | None = None
) -> Zone:
    """Return the zone whose price has these spikes."""
    series = [s for s in (price, carbon) if s is not None]
    histories = [s.values for s in series]
    if spikes is not None:
        histories[0] = spikes.base
    calendars, expected, longest = grid.calendars, grid.expected, grid.longest
    shares = [(rankdata(values) - 0.5) / len(values) for values in histories]
    scores: list[Floats] = [ndtri(share) for share in shares]
    slowest = min(SLOWEST, max(_ADMITTED, grid.length / _STRETCHES))
    for _ in range(_ROUNDS):
        coefficients = [c.weights.T @ u for c, u in zip(calendars, scores, strict=True)]
        residuals = [u - c.fitted @ q for c, u, q in zip(calendars, scores, coefficients, strict=True)]
        spread = [float(np.std(r)) for r in residuals]
        spectra = [rfft(c.on_grid(r[None, :] / sd), c.size) for c, r, sd in zip(calendars, residuals, spread, strict=True)]
        seen = {(i, j): binned(lagged(spectra[i], spectra[j], calendars[i].size), longest) / e.counts for (i, j), e in expected.items()}
        (fast, slow), parts = _match(seen, expected, slowest)
        fits, before = [], scores
        for k, c in enumerate(calendars):
            carried = np.array(parts[k, k]) * spread[k] ** 2
            noise = carried @ expected[k, k].noise[[fast, slow]]
            fits.append(c.season(coefficients[k], noise, float(np.sum(carried))))
        scores = [mixture_scores(season, sd, share) for (_, season, sd), share in zip(fits, shares, strict=True)]
        if all(np.mean((new - old) ** 2) < _SETTLED**2 for new, old in zip(scores, before, strict=True)):
            break

    laws = []
    for k, (coefficient, season, sd) in enumerate(fits):
        values = np.sort(histories[k]) if spikes is None or k > 0 else spikes.quantiles
        knots = quantile_knots(mixture_scores(season, sd, (np.arange(len(values)) + 0.5) / len(values)), values)
        laws.append(HourlyLaw(series[k].unit, tuple(map(float, coefficient)), sd, parts[k, k][0] / sum(parts[k, k]), *knots))
    if spikes is not None:
        laws[0] = replace(laws[0], spikes_per_year=spikes.per_year, spike_mean=spikes.mean, spike_half_life=spikes.half_life)
    zone = Zone(
        name,
        timezone,
        float(HALF_LIVES[fast]),
        float(HALF_LIVES[slow]),
        0.0,
        0.0,
        laws[0] if price else None,
        laws[-1] if carbon else None,
    )
    if price is not None and carbon is not None:
        ratios = []
        for k in (0, 1):
            most = np.sqrt(parts[0, 0][k] * parts[1, 1][k])
            ratios.append(float(parts[0, 1][k] / most) if most > 0 else 0.0)
        zone = replace(zone, fast_correlation=ratios[0], slow_correlation=ratios[1])
    seasons = all(annual_seen(s.hours, timezone) for s in series)
    zone = remember(zone, series, slowest if seasons else min(_SLOWEST_LEVEL, max(_ADMITTED, grid.length / _LEVELS)))
    return zone if price is None or carbon is None else correlate(zone, price, carbon)
