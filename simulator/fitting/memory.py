"""The memory of a zone in its own values: autocorrelations and the correlation of price and carbon.

Moments of scores tell where half-lives and weights lie, but costs and emissions are sums of values, and the two
remember differently: where dear or dirty hours last longer than cheap or clean ones, values have the longer memory.
So half-lives and weights are moved until values are as autocorrelated as they were; that leaves their distribution as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from simulator.fitting.season import HALF_LIVES
from simulator.fitting.windows import window_sd
from simulator.series.read import HourlySeries
from simulator.stochastic.zone import HOURS_PER_YEAR, HourlyLaw, Zone, autocorrelation, seasonal_design

Floats = NDArray[np.float64]

SLOWEST_FAST = 24.0  # [h]
APART = 2.0  # least ratio of the half-lives
#: lags [h] and how much each counts: some of each octave, and those that a check judges once more
_LAGS = {
    1: 2.0, 2: 0.5, 3: 0.5, 5: 0.5, 7: 0.5, 10: 0.5, 14: 0.5, 19: 0.5, 24: 1.5, 29: 0.5, 36: 0.5, 48: 0.5, 60: 0.5,
    80: 0.5, 96: 0.5, 120: 0.5, 156: 0.5, 168: 1.5, 240: 0.5, 336: 0.5, 444: 0.5,
}  # fmt: skip
_WINDOWS, _WINDOW_WEIGHT = np.array([168, 720]), 0.2  # [h]; a year tells the sd of monthly means to 20 % at best


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


def spike_variance(law: HourlyLaw) -> float:
    """Return the variance that spikes add [unit**2]."""
    decay = 2.0 ** (-1 / law.spike_half_life)
    return 2 * law.spikes_per_year / HOURS_PER_YEAR * law.spike_mean**2 / float(1 - decay**2)


@dataclass(frozen=True, eq=False)
class ValueMemory:
    """Autocorrelations and window means of a history's values, and what a process of given memory is expected to show in as many hours.

    Attributes
    ----------
    lags, weights, seen : ndarray, shape (l,)
        Of lags at which the history has pairs of hours [h].
    seasonal : ndarray, shape (l,)
        Mean products of seasonal means [unit**2].
    products : ndarray, shape (terms, l)
        Mean products of Hermite coefficients [unit**2].
    own : ndarray, shape (terms,)
        Mean squares of Hermite coefficients [unit**2].
    level : ndarray, shape (2,)
        Squared means of the first two coefficients [unit**2].
    season : float
        Variance of seasonal means [unit**2].
    span : int
        Hours from the first to the last.
    windows, spread, seasonal_spread : ndarray, shape (w,)
        Lengths of windows [h], sd of their means and variance of their seasonal means [unit, unit**2].
    """

    law: HourlyLaw
    lags: Floats
    weights: Floats
    seen: Floats
    seasonal: Floats
    products: Floats
    own: Floats
    level: Floats
    season: float
    span: int
    windows: NDArray[np.int64]
    spread: Floats
    seasonal_spread: Floats

    def expected(self, zone: Zone, law: HourlyLaw) -> Floats:
        """Return the autocorrelations of the law's values about the mean of so many hours."""
        rho = autocorrelation(zone, law, law, self.lags)
        powers = np.arange(1, len(self.own) + 1)[:, None]
        spikes = spike_variance(law)
        covariance = self.seasonal + np.sum(self.products * rho**powers, axis=0) + spikes * 2.0 ** (-self.lags / law.spike_half_life)
        of_mean = self._of_mean(zone, law, self.span)
        result: Floats = (covariance - of_mean) / (self.season + np.sum(self.own) + spikes - of_mean)
        return result

    def error(self, zone: Zone, law: HourlyLaw) -> Floats:
        """Return the weighted differences of autocorrelations, and those of the sd of window means, relative."""
        of_mean = self._of_mean(zone, law, self.span)
        variances = [v + self._of_mean(zone, law, int(w)) - of_mean for w, v in zip(self.windows, self.seasonal_spread, strict=True)]
        spread = np.sqrt(np.maximum(variances, 0.0))
        return np.concatenate([self.weights * (self.expected(zone, law) - self.seen), _WINDOW_WEIGHT * (spread / self.spread - 1)])

    def _of_mean(self, zone: Zone, law: HourlyLaw, window: int) -> float:
        """Return the variance of the mean of residuals over a window [unit**2]."""
        every = np.arange(1.0, window)
        triangle = 2 * (1 - every / window) / window
        rho = autocorrelation(zone, law, law, every)
        return float(sum(level * (1 / window + float(np.sum(triangle * rho**k))) for k, level in enumerate(self.level, 1)))


def value_memory(series: HourlySeries, law: HourlyLaw, timezone: str) -> ValueMemory:
    """Return what :class:`ValueMemory` holds, of a law with the season and distribution of its history."""
    c = hermite(law, seasonal_design(series.hours, timezone) @ np.array(law.seasonal))
    about = series.values - np.mean(series.values)
    means, rest = c[0] - np.mean(c[0]), c[1:]
    kept, seen, seasonal, products = [], [], [], []
    for lag in _LAGS:
        _, i, j = np.intersect1d(series.hours + lag, series.hours, assume_unique=True, return_indices=True)
        if 8 * len(i) < len(series.hours):  # too few pairs of hours: a short history, or one of part of the day
            continue
        kept.append(lag)
        seen.append(np.mean(about[i] * about[j]) / np.var(series.values))
        seasonal.append(np.mean(means[i] * means[j]))
        products.append(np.mean(rest[:, i] * rest[:, j], axis=1))
    windows = _WINDOWS[series.hours[-1] - series.hours[0] + 1 >= 4 * _WINDOWS]
    spread = [window_sd(series.hours, np.stack([series.values, c[0]]), int(w)) for w in windows]
    return ValueMemory(
        law=law,
        lags=np.array(kept, dtype=np.float64),
        weights=np.array([_LAGS[lag] for lag in kept]),
        seen=np.array(seen),
        seasonal=np.array(seasonal),
        products=np.array(products).T,
        own=np.mean(rest**2, axis=1),
        level=np.mean(rest[:2], axis=1) ** 2,
        season=float(np.var(c[0])),
        span=int(series.hours[-1] - series.hours[0]) + 1,
        windows=windows,
        spread=np.array([both[0] for both in spread]),
        seasonal_spread=np.array([both[1] ** 2 for both in spread]),
    )


def remember(zone: Zone, series: Sequence[HourlySeries], slowest: float) -> Zone:
    """Return the zone with half-lives and weights moved until its values are autocorrelated as those of the history."""
    memories = [value_memory(s, law, zone.timezone) for s, law in zip(series, _laws(zone), strict=True)]

    def moved(x: Floats) -> Zone:
        fast = float(np.exp(x[0]))
        slow = min(max(float(np.exp(x[1])), APART * fast), slowest)
        laws = [replace(m.law, fast_weight=float(w)) for m, w in zip(memories, x[2:], strict=True)]
        price = laws[0] if zone.price else None
        return replace(zone, fast_half_life=fast, slow_half_life=slow, price=price, carbon=laws[-1] if zone.carbon else None)

    def error(x: Floats) -> Floats:
        new = moved(x)
        return np.concatenate([m.error(new, law) for m, law in zip(memories, _laws(new), strict=True)])

    low = np.array([np.log(HALF_LIVES[0]), np.log(2 * HALF_LIVES[0]), *[0.0] * len(memories)])
    high = np.array([np.log(min(SLOWEST_FAST, slowest / APART)), np.log(slowest), *[1.0] * len(memories)])
    starts = [
        [np.log(zone.fast_half_life), np.log(zone.slow_half_life), *[law.fast_weight for law in _laws(zone)]],
        [np.log(4.0), np.log(slowest / 2), *[0.3] * len(memories)],
    ]
    inside = [np.clip(start, low + 1e-3, high - 1e-3) for start in starts]
    found = min((least_squares(error, start, bounds=(low, high), xtol=1e-6, ftol=1e-6) for start in inside), key=lambda fit: fit.cost)
    return moved(found.x)


def _laws(zone: Zone) -> list[HourlyLaw]:
    return [law for law in (zone.price, zone.carbon) if law is not None]


def memory_error(zone: Zone, series: Sequence[HourlySeries]) -> float:
    """Return the weighted root-mean-square difference between autocorrelations of the process's and of the history's values."""
    squares = total = 0.0
    for s, law in zip(series, _laws(zone), strict=True):
        m = value_memory(s, law, zone.timezone)
        squares += float(np.sum(m.weights**2 * (m.expected(zone, law) - m.seen) ** 2))
        total += float(np.sum(m.weights**2))
    return float(np.sqrt(squares / total))


def correlate(zone: Zone, price: HourlySeries, carbon: HourlySeries) -> Zone:
    """Return the zone with both correlations moved, alike in Fisher's z, until values of common hours correlate as they did."""
    hours, i, j = np.intersect1d(price.hours, carbon.hours, assume_unique=True, return_indices=True)
    seen = np.corrcoef(price.values[i], carbon.values[j])[0, 1]
    design = seasonal_design(hours, zone.timezone)
    laws = _laws(zone)
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
