"""Scarcity spikes of a price history: found, counted and taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import lfilter

from simulator.series.read import HourlySeries
from simulator.stochastic.zone import HOURS_PER_YEAR

Floats = NDArray[np.float64]

_AROUND, _ISOLATED, _FEWEST = 49, 18, 6  # window [h], longest run of hours [h], runs: six tell their rate to 40 %
_THRESHOLDS = (6.0, 9.0, 13.0, 19.0)  # in robust sd: where dear evenings are many, only the dearest are spikes
_HALF_LIVES = (0.3, 5.0)  # [h]; the sampler follows a spike for 48 h
_DRAWS = 2**16
_SD = 0.95  # of the prices, reached at least: spikes of random hours as wide as those of dear evenings would cost memory
_RATES, _FINER = np.geomspace(0.35, 2.0, 5), np.geomspace(0.85, 1.2, 5)  # of what the runs tell
_MISFIT, _SD_MISFIT = 0.09, 0.10  # largest error of a percentile in sd, of the sd, relative; a check admits 0.10 and 0.15
_SCARCE = 2.0  # least mean size in sd of the prices: smaller ones are dear evenings, which the season has
_PROBABILITIES = (0.01, 0.05, 0.5, 0.95, 0.99)


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


def find_spikes(price: HourlySeries) -> list[Spikes]:
    """Return what may be the spikes of a price history, by threshold; none where they are few or change the distribution.

    Spikes are runs of hours, less than a day long, far above the median of the two days around them. Their decay is
    the autocorrelation of what they add, their number follows from the runs and from those that an exponential law
    expects below the threshold; within factors of 1/3 and 2 of that, from the 99th percentile. Their size is what the
    variance of prices lacks without them.
    """
    excess = price.values - median_filter(price.values, _AROUND, mode="nearest")
    scale = 1.4826 * float(np.median(np.abs(excess)))
    found = (_above(price, excess, scale * threshold) for threshold in _THRESHOLDS)
    return [spikes for spikes in found if spikes is not None]


def _above(price: HourlySeries, excess: Floats, threshold: float) -> Spikes | None:
    """Return the spikes above a threshold [unit]."""
    hours, values = price.hours, price.values
    edges = np.diff(np.concatenate([[False], excess > threshold, [False]]).astype(int))
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    isolated = hours[ends - 1] - hours[starts] < _ISOLATED
    runs = int(np.sum(isolated))
    if runs < _FEWEST:
        return None
    steps = np.zeros(len(values) + 1, dtype=int)
    steps[starts[isolated]], steps[ends[isolated]] = 1, -1
    spiky = np.cumsum(steps[:-1]) > 0
    base = np.where(spiky, np.minimum(np.interp(hours, hours[~spiky], values[~spiky]), values), values)
    added = values - base
    sd = float(np.std(values))
    if np.max(added) < _SCARCE * sd:
        return None
    adjacent = np.diff(hours) == 1
    decay = np.sum((added[1:] * added[:-1])[adjacent]) / np.sum(added[:-1][adjacent] ** 2)
    decay = np.clip(decay, *(2.0 ** (-1.0 / half_life) for half_life in _HALF_LIVES))

    def size(variance: float, rate: float) -> float:
        return float(np.sqrt(variance * (1 - decay**2) / (2 * rate)))

    own, rate = float(np.var(added)), runs / len(values)
    for _ in range(10):
        rate = runs / len(values) * np.exp(min(threshold / size(own, rate), 1.0))
    rng = np.random.default_rng(0)
    places, share = rng.permutation(_DRAWS), (rng.permutation(_DRAWS) + 0.5) / _DRAWS
    levels = (np.arange(len(values)) + 0.5) / len(values)

    def together(quantiles: Floats, rate: float, mean: float) -> Floats:
        arrivals = np.zeros(_DRAWS)
        count = round(rate * _DRAWS)
        # every size once, in random hours: the percentiles then err by overlaps only
        arrivals[places[:count]] = -mean * np.log((np.arange(count) + 0.5) / count)
        prices: Floats = np.interp(share, levels, quantiles) + lfilter([1.0], [1.0, -decay], arrivals)
        return prices

    ordered, share_levels = np.sort(values), (np.arange(_DRAWS) + 0.5) / _DRAWS

    def taken_out(rate: float) -> tuple[Floats, float]:
        """Return quantiles of the base and mean size: what is left of spikes in the base is taken from it, and given to them."""
        quantiles, mean = np.sort(base), size(own, rate)
        for _ in range(4):
            above = np.interp(levels, share_levels, np.sort(together(quantiles, rate, mean))) - ordered
            quantiles = np.maximum.accumulate(quantiles - np.maximum(above, 0.0) / 2)
            mean = size(max((_SD * sd) ** 2 - float(np.var(quantiles)), own), rate)
        return quantiles, mean

    def p99_error(rate: float) -> float:
        quantiles, mean = taken_out(rate)
        return abs(float(np.quantile(together(quantiles, rate, mean), 0.99) - np.quantile(values, 0.99))) / sd

    for steps in (_RATES, _FINER):
        rate = min(rate * steps, key=p99_error)
    quantiles, mean = taken_out(rate)
    total = together(quantiles, rate, mean)
    misfit = np.abs(np.quantile(total, _PROBABILITIES) - np.quantile(values, _PROBABILITIES))
    if mean < _SCARCE * sd or np.max(misfit) > _MISFIT * sd or abs(np.std(total) / sd - 1) > _SD_MISFIT:
        return None
    return Spikes(base, quantiles, float(rate * HOURS_PER_YEAR), mean, float(-1 / np.log2(decay)))
