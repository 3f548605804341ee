"""Fit the hourly process of a zone to its history: moments of scores, less what the season takes from them.

A history becomes scores by its own distribution: the share of hours below a value is the share of
*simulated* scores, a mixture of normals about the seasonal means of the hours, below its score. So the
simulated values have the distribution of the history, whatever the season explains.

The regression on the season also follows the slow factor, which makes the season look larger and the
factors smaller and faster than they are. Mean products of residuals are therefore compared not with an
autocorrelation but with its expectation after the same regression on the same hours, gaps included;
and seasonal terms shrink by the share of their size that the factors explain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.interpolate import CubicSpline
from scipy.ndimage import median_filter
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from simulator.errors import InputError
from simulator.series.read import HourlySeries
from simulator.stochastic.zone import HOURS_PER_YEAR, SEASONAL_TERMS, HourlyLaw, Zone, autocorrelation, local_clock, seasonal_design

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Spectra = NDArray[np.complex128]
Pair = tuple[int, int]

FEWEST_HOURS = 336  # two weeks: every hour of the week twice
_MONTHS_SEEN = 11  # without annual terms below
_OWN_PART = 0.1  # of a seasonal term that no earlier one explains: 15 hours a day keep four harmonics, 12 do not
_SLOWEST = 240.0  # half-life [h]: what is slower than ten days is season or level
_HALF_LIVES = np.geomspace(0.5, _SLOWEST, 73)  # steps of 9 %; a year tells half-lives to 10 % to 30 %
_SLOWEST_FAST = 24.0  # [h]
_ADMITTED, _STRETCHES = 48.0, 40  # half-life that a short history has too [h]; least number of half-lives in a history
_APART = 2.0  # least ratio of the half-lives
_LAGS = np.array([0, 1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513])  # first lag of each bin [h]: like counts by octave
_LONGEST = 720  # last lag [h], 30 days
_ROUNDS, _SETTLED = 20, 1e-3  # of the scores, root mean square
_KNOTS, _ATOM = 48, 0.003  # least share of hours at one value that gets knots of its own
_CLOSEST = 1e-3  # between the scores of knots: the sampler works in single precision
_AROUND, _HIGH, _ISOLATED, _FEWEST_SPIKES = 49, 6.0, 18, 12  # window [h], threshold in robust sd, longest run of hours [h], runs
_SPIKE_HALF_LIVES = (0.3, 5.0)  # [h]; the sampler follows a spike for 48 h
_SPIKE_DRAWS = 2**18
_SPIKE_LAGS = (1, 2, 4, 8, 24, 168)  # [h]
_SPIKE_MISFIT = 0.08  # largest error of a percentile in sd; a check admits 0.10
_SPIKE_GAIN = 0.05  # least fall of the root-mean-square error of autocorrelations: a year tells them to 0.03


def fit_zone(price: HourlySeries | None, carbon: HourlySeries | None, *, name: str, timezone: str) -> Zone:
    """Return the hourly process fitted to a history of prices, of carbon intensities, or of both.

    Level and spread of the history become those of the process; how they move from year to year is not in it, nor
    is anything slower than ten days but the season. Annual terms need eleven months. Price spikes are added where
    they bring the autocorrelation of prices nearer to the history and keep its distribution.

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
    zone = _fit(price, carbon, name, timezone)
    spikes = find_spikes(price) if price is not None else None
    if price is None or spikes is None:
        return zone
    spiky = _fit(price, carbon, name, timezone, spikes)
    return spiky if memory_error(spiky, price) < memory_error(zone, price) - _SPIKE_GAIN else zone


class _Calendar:
    """The hours of a history on a grid without gaps, and their seasonal regressors, orthonormal as ``basis``."""

    def __init__(self, hours: Integers, timezone: str, first: int, length: int) -> None:
        self.at, self.length = hours - first, length
        self.size: int = next_fast_len(2 * length, real=True)
        annual = len(np.unique(np.floor(12 * local_clock(hours, timezone)[2]))) >= _MONTHS_SEEN
        self.used = np.array([annual or "year" not in term for term in SEASONAL_TERMS])
        design = seasonal_design(hours, timezone)
        self.basis, self.triangle = np.linalg.qr(design[:, self.used])
        told = np.abs(np.diag(self.triangle)) > _OWN_PART * np.linalg.norm(self.triangle, axis=0)
        if not told.all():
            self.used[self.used] = told
            self.basis, self.triangle = np.linalg.qr(design[:, self.used])
        self.design = design[:, self.used]
        self.groups = np.array([_group(term) for term in SEASONAL_TERMS])[self.used]
        self.mask, self.rows = self.on_grid(np.ones((1, len(hours)))), self.on_grid(self.basis.T)
        self.present, self.spectra = rfft(self.mask, self.size), rfft(self.rows, self.size)

    def on_grid(self, rows: Floats) -> Floats:
        """Return rows of values with zeros where the history has a gap."""
        grid = np.zeros((len(rows), self.length))
        grid[:, self.at] = rows
        return grid


def _group(term: str) -> str:
    """Return which seasonal terms shrink together: day, year, weekend or day * year."""
    if term.startswith("weekend"):
        return "weekend"
    return "day * year" if "*" in term else term.rsplit(maxsplit=1)[-1].split("/", maxsplit=1)[0]


def _lagged(a: Spectra, b: Spectra, size: int) -> Floats:
    """Return the sums over rows and hours of a(t) b(t + k), averaged over k and -k."""
    both: Floats = irfft(np.sum(a.conj() * b, axis=0), size)
    return (both + np.roll(both[::-1], 1)) / 2


def _binned(lagged: Floats, longest: int) -> Floats:
    """Return sums over bins of lags."""
    sums: Floats = np.add.reduceat(lagged[: longest + 1], _LAGS[longest >= _LAGS])
    return sums


class _Expected:
    """Mean products of the residuals of a and b by bin of lags, expected where one factor of variance 1 moves both.

    With P the projection on the season and C the factor's covariance, the residuals' covariance is
    (1 - Pa) C (1 - Pb); its sums along diagonals are products of Fourier transforms.

    Attributes
    ----------
    counts : ndarray, shape (bins,)
        Pairs of hours.
    products : ndarray, shape (half-lives, bins)
    noise : ndarray, shape (half-lives, terms)
        Variance of each coefficient of the basis, where a is b.
    """

    def __init__(self, a: _Calendar, b: _Calendar, longest: int) -> None:
        size, nodes = a.size, _HALF_LIVES[::4]
        pairs = _lagged(a.present, b.present, size)
        self.counts = np.maximum(np.round(_binned(pairs, longest)), 1.0)
        distance = np.minimum(np.arange(size), size - np.arange(size))
        products, noise = [], []
        for half_life in nodes:
            rho = 2.0 ** (-distance / half_life)
            smooth = rfft(rho).real
            from_a = irfft(a.spectra * smooth, size)[:, : a.length] * b.mask
            from_b = from_a if a is b else irfft(b.spectra * smooth, size)[:, : a.length] * a.mask
            projected = np.einsum("it,jt->ij", a.rows, from_b)  # on busy cores, products this small wait for BLAS's threads
            rest = from_a - np.einsum("ij,jt->it", projected, b.rows)
            taken = _lagged(a.spectra, rfft(rest, size), size) + _lagged(rfft(from_b, size), b.spectra, size)
            products.append(_binned(pairs * rho - taken, longest) / self.counts)
            noise.append(np.diag(projected))
        self.products: Floats = CubicSpline(np.log(nodes), products)(np.log(_HALF_LIVES))
        self.noise: Floats = CubicSpline(np.log(nodes), noise)(np.log(_HALF_LIVES))


def _least_squares(x: Floats, y: Floats, target: Floats, most: tuple[Floats, Floats] | None) -> tuple[Floats, Floats, Floats]:
    """Return the coefficients of the target on each row of x with each row of y, and the squares left.

    Coefficients are positive, or between -``most`` and ``most``.
    """
    xx, yy, xy = np.sum(x * x, axis=1)[:, None], np.sum(y * y, axis=1)[None, :], x @ y.T
    xt, yt = (x @ target)[:, None], (y @ target)[None, :]
    a, b = np.zeros_like(xy), np.zeros_like(xy)
    for _ in range(80):  # a sweep takes a fifth or more of an error, for half-lives _APART
        a = np.maximum((xt - xy * b) / xx, 0) if most is None else np.clip((xt - xy * b) / xx, -most[0], most[0])
        b = np.maximum((yt - xy * a) / yy, 0) if most is None else np.clip((yt - xy * a) / yy, -most[1], most[1])
    return a, b, target @ target - 2 * (a * xt + b * yt) + a * a * xx + b * b * yy + 2 * a * b * xy


def _match(seen: dict[Pair, Floats], expected: dict[Pair, _Expected], slowest: float) -> tuple[Pair, dict[Pair, tuple[float, float]]]:
    """Return the indices of the two half-lives whose expected products are nearest to those seen, and the covariances they carry."""
    fast, slow = np.flatnonzero(_HALF_LIVES <= _SLOWEST_FAST), np.flatnonzero(slowest >= _HALF_LIVES)
    squares = np.where(_HALF_LIVES[slow] >= _APART * _HALF_LIVES[fast][:, None], 0.0, np.inf)
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

    The ends; the change of sign; the ends of atoms; then always the point that is furthest off the chord with the
    largest sum of squares.
    """
    n = len(values)
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > 0)
    sizes = np.diff(starts, append=n)
    atoms = [a for a in np.argsort(-sizes)[:8] if sizes[a] >= _ATOM * n]
    wanted = [int(np.searchsorted(values, 0.0)), *(int(k) for a in atoms for k in (starts[a], starts[a] + sizes[a] - 1))]
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


def _fit(price: HourlySeries | None, carbon: HourlySeries | None, name: str, timezone: str, spikes: Spikes | None = None) -> Zone:
    """Return the zone whose price has these spikes."""
    histories = [(s.hours, s.values) for s in (price, carbon) if s is not None]
    if spikes is not None:
        histories[0] = (histories[0][0], spikes.base)
    first = min(int(hours[0]) for hours, _ in histories)
    length = max(int(hours[-1]) for hours, _ in histories) - first + 1
    longest = min(_LONGEST, length // 4)
    calendars = [_Calendar(histories[0][0], timezone, first, length)]
    for hours, _ in histories[1:]:
        calendars.append(calendars[0] if np.array_equal(hours, histories[0][0]) else _Calendar(hours, timezone, first, length))
    pairs = [(i, j) for i in range(len(calendars)) for j in range(i, len(calendars))]
    known: dict[tuple[_Calendar, _Calendar], _Expected] = {}
    expected: dict[Pair, _Expected] = {}
    for i, j in pairs:
        a, b = calendars[i], calendars[j]
        known[a, b] = expected[i, j] = known[a, b] if (a, b) in known else _Expected(a, b, longest)

    shares = [(rankdata(values) - 0.5) / len(values) for _, values in histories]
    scores: list[Floats] = [ndtri(share) for share in shares]
    slowest = min(_SLOWEST, max(_ADMITTED, length / _STRETCHES))
    for _ in range(_ROUNDS):
        coefficients = [c.basis.T @ u for c, u in zip(calendars, scores, strict=True)]
        residuals = [u - c.basis @ q for c, u, q in zip(calendars, scores, coefficients, strict=True)]
        spread = [float(np.std(r)) for r in residuals]
        spectra = [rfft(c.on_grid(r[None, :] / sd), c.size) for c, r, sd in zip(calendars, residuals, spread, strict=True)]
        seen = {(i, j): _binned(_lagged(spectra[i], spectra[j], calendars[i].size), longest) / expected[i, j].counts for i, j in pairs}
        (fast, slow), parts = _match(seen, expected, slowest)
        fits, before = [], scores
        for k, c in enumerate(calendars):
            carried = np.array(parts[k, k]) * spread[k] ** 2
            noise = carried @ expected[k, k].noise[[fast, slow]]
            fits.append(_season(c, coefficients[k], noise, float(np.sum(carried))))
        scores = [mixture_scores(season, sd, share) for (_, season, sd), share in zip(fits, shares, strict=True)]
        if all(np.mean((new - old) ** 2) < _SETTLED**2 for new, old in zip(scores, before, strict=True)):
            break

    laws = []
    series = [s for s in (price, carbon) if s is not None]
    for k, (coefficient, season, sd) in enumerate(fits):
        values = np.sort(histories[k][1]) if spikes is None or k > 0 else spikes.quantiles
        knots = quantile_knots(mixture_scores(season, sd, (np.arange(len(values)) + 0.5) / len(values)), values)
        laws.append(HourlyLaw(series[k].unit, tuple(map(float, coefficient)), sd, parts[k, k][0] / sum(parts[k, k]), *knots))
    if spikes is not None:
        laws[0] = replace(laws[0], spikes_per_year=spikes.per_year, spike_mean=spikes.mean, spike_half_life=spikes.half_life)
    zone = Zone(
        name,
        timezone,
        float(_HALF_LIVES[fast]),
        float(_HALF_LIVES[slow]),
        0.0,
        0.0,
        laws[0] if price else None,
        laws[-1] if carbon else None,
    )
    if price is None or carbon is None:
        return zone
    ratios = []
    for k in (0, 1):
        most = np.sqrt(parts[0, 0][k] * parts[1, 1][k])
        ratios.append(float(parts[0, 1][k] / most) if most > 0 else 0.0)
    return _correlate(replace(zone, fast_correlation=ratios[0], slow_correlation=ratios[1]), price, carbon)


def _season(calendar: _Calendar, coefficients: Floats, noise: Floats, variance: float) -> tuple[Floats, Floats, float]:
    """Return shrunk coefficients of SEASONAL_TERMS, the seasonal scores of the hours, and the residual sd.

    Location and scale of scores are free: here their mean is 0 and their variance 1 over the hours.
    """
    kept = coefficients.copy()
    for group in set(calendar.groups) - {"1"}:
        terms = calendar.groups == group
        kept[terms] *= max(0.0, 1.0 - np.sum(noise[terms]) / np.sum(kept[terms] ** 2))
    solved = np.linalg.solve(calendar.triangle, kept)
    season = calendar.design @ solved
    centre, scale = np.mean(season), np.sqrt(np.var(season) + variance)
    solved[0] -= centre
    every = np.zeros(len(SEASONAL_TERMS))
    every[calendar.used] = solved / scale
    return every, (season - centre) / scale, float(np.sqrt(variance) / scale)


def hermite(law: HourlyLaw, season: Floats, terms: int = 24) -> Floats:
    """Return the coefficients of each hour's value, spikes apart, on normalized Hermite polynomials of its residual.

    Two values whose residuals have correlation rho then have the mean product sum of rho**k c_k c'_k (Mehler).

    Parameters
    ----------
    law : HourlyLaw
    season : ndarray, shape (n,)
        Seasonal scores.
    terms : int

    Returns
    -------
    ndarray, shape (terms, n)
        [unit]
    """
    x = np.linspace(-6.0, 6.0, 241)
    polynomials = [np.ones_like(x), x]
    for k in range(1, terms - 1):
        polynomials.append((x * polynomials[k] - np.sqrt(k) * polynomials[k - 1]) / np.sqrt(k + 1))
    density = np.exp(-(x**2) / 2)
    coefficients: Floats = np.array(polynomials) * (density / np.sum(density)) @ law.value(season[:, None] + law.residual_sd * x).T
    return coefficients


def _correlate(zone: Zone, price: HourlySeries, carbon: HourlySeries) -> Zone:
    """Return the zone with both correlations moved, alike in Fisher's z, until values of common hours correlate as they did."""
    hours, i, j = np.intersect1d(price.hours, carbon.hours, assume_unique=True, return_indices=True)
    seen = np.corrcoef(price.values[i], carbon.values[j])[0, 1]
    design = seasonal_design(hours, zone.timezone)
    laws = [law for law in (zone.price, zone.carbon) if law is not None]
    p, c = (hermite(law, design @ np.array(law.seasonal)) for law in laws)
    joint, means = np.mean(p * c, axis=1), np.mean(p[0]) * np.mean(c[0])
    variances = [np.sum(np.mean(x**2, axis=1)) - np.mean(x[0]) ** 2 + spike_variance(law) for x, law in zip((p, c), laws, strict=True)]

    def moved(shift: float) -> Zone:
        fast, slow = np.tanh(np.arctanh(np.clip([zone.fast_correlation, zone.slow_correlation], -0.999, 0.999)) + shift)
        return replace(zone, fast_correlation=float(fast), slow_correlation=float(slow))

    def excess(shift: float) -> float:
        rho = autocorrelation(moved(shift), laws[0], laws[1], np.zeros(1))
        correlation = (joint @ rho ** np.arange(len(joint)) - means) / np.sqrt(variances[0] * variances[1])
        return float(correlation - seen)

    low, high = -5.0, 5.0  # correlations of -0.9999 and 0.9999
    if excess(low) > 0 or excess(high) < 0:  # the season alone correlates more, or less, than the values
        return moved(low if excess(low) > 0 else high)
    return moved(brentq(excess, low, high))


@dataclass(frozen=True, eq=False)
class Spikes:
    """Scarcity spikes of a price history.

    Attributes
    ----------
    base : ndarray, shape (n,)
        The prices, spikes replaced by what surrounds them [unit].
    quantiles : ndarray, shape (n,)
        Of the base, ascending, such that base and spikes together keep the distribution of the prices [unit].
    per_year, mean, half_life : float
        Arrivals [1/yr], mean size [unit], half-life [h].
    """

    base: Floats
    quantiles: Floats
    per_year: float
    mean: float
    half_life: float


def find_spikes(price: HourlySeries) -> Spikes | None:
    """Return the spikes of a price history, or None where they are too few or base and spikes have another distribution.

    Spikes are runs of hours, less than a day long, far above the median of the two days around them. Their decay is
    the autocorrelation of what they add, their size follows from its variance, their number from the runs and from
    those that an exponential law expects below the threshold; within a factor of two of that, from the 99th percentile.
    """
    hours, values = price.hours, price.values
    excess = values - median_filter(values, _AROUND, mode="nearest")
    threshold = _HIGH * 1.4826 * np.median(np.abs(excess))
    edges = np.diff(np.concatenate([[False], excess > threshold, [False]]).astype(int))
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    isolated = hours[ends - 1] - hours[starts] < _ISOLATED
    runs = int(np.sum(isolated))
    if runs < _FEWEST_SPIKES:
        return None
    steps = np.zeros(len(values) + 1, dtype=int)
    steps[starts[isolated]], steps[ends[isolated]] = 1, -1
    spiky = np.cumsum(steps[:-1]) > 0
    base = np.where(spiky, np.minimum(np.interp(hours, hours[~spiky], values[~spiky]), values), values)
    added = values - base
    adjacent = np.diff(hours) == 1
    decay = np.sum((added[1:] * added[:-1])[adjacent]) / np.sum(added[:-1][adjacent] ** 2)
    decay = np.clip(decay, *(2.0 ** (-1.0 / half_life) for half_life in _SPIKE_HALF_LIVES))

    def size(rate: float) -> float:
        return float(np.sqrt(np.var(added) * (1 - decay**2) / (2 * rate)))

    rate = runs / len(values)
    for _ in range(10):
        rate = runs / len(values) * np.exp(min(threshold / size(rate), 1.0))
    rng = np.random.default_rng(0)
    places, share = rng.permutation(_SPIKE_DRAWS), (rng.permutation(_SPIKE_DRAWS) + 0.5) / _SPIKE_DRAWS
    sd, levels = np.std(values), (np.arange(len(values)) + 0.5) / len(values)

    def together(quantiles: Floats, rate: float) -> Floats:
        arrivals = np.zeros(_SPIKE_DRAWS)
        count = round(rate * _SPIKE_DRAWS)
        # every size once, in random hours: the percentiles then err by overlaps only
        arrivals[places[:count]] = -size(rate) * np.log((np.arange(count) + 0.5) / count)
        prices: Floats = np.interp(share, levels, quantiles) + lfilter([1.0], [1.0, -decay], arrivals)
        return prices

    quantiles, ordered = np.sort(base), np.sort(values)
    p99 = np.quantile(values, 0.99)
    rate = min(
        rate * np.geomspace(0.5, 2, 17),
        key=lambda r: abs(np.quantile(together(quantiles, r), 0.99) - p99) / sd + 0.05 * abs(np.log(r / rate)),
    )
    for _ in range(8):  # what is left of spikes in the base is taken from it
        above = np.quantile(together(quantiles, rate), levels) - ordered
        quantiles = np.maximum.accumulate(quantiles - np.maximum(above, 0.0) / 2)
    total = together(quantiles, rate)
    probabilities = np.array([0.01, 0.05, 0.5, 0.95, 0.99])
    if np.max(np.abs(np.quantile(total, probabilities) - np.quantile(values, probabilities))) > _SPIKE_MISFIT * sd:
        return None
    return Spikes(base, quantiles, float(rate * HOURS_PER_YEAR), size(rate), float(-1 / np.log2(decay)))


def spike_variance(law: HourlyLaw) -> float:
    """Return the variance that spikes add [unit**2]."""
    decay = 2.0 ** (-1 / law.spike_half_life)
    return 2 * law.spikes_per_year / HOURS_PER_YEAR * law.spike_mean**2 / float(1 - decay**2)


def memory_error(zone: Zone, price: HourlySeries) -> float:
    """Return the root-mean-square difference between the autocorrelations of the process's and of the history's prices."""
    law = zone.price
    assert law is not None
    c = hermite(law, seasonal_design(price.hours, zone.timezone) @ np.array(law.seasonal))
    squared_mean, spikes = np.mean(c[0]) ** 2, spike_variance(law)
    variance = np.sum(np.mean(c**2, axis=1)) - squared_mean + spikes
    values = price.values - np.mean(price.values)
    errors = []
    for lag in _SPIKE_LAGS:
        _, i, j = np.intersect1d(price.hours + lag, price.hours, assume_unique=True, return_indices=True)
        if len(i):
            rho = autocorrelation(zone, law, law, np.array([lag]))
            base = np.mean(c[:, i] * c[:, j], axis=1) @ rho ** np.arange(len(c)) - squared_mean
            model = (base + spikes * 2.0 ** (-lag / law.spike_half_life)) / variance
            errors.append(model - np.mean(values[i] * values[j]) / np.mean(values**2))
    return float(np.sqrt(np.mean(np.square(errors))))
