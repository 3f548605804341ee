"""Estimates repeated with independent seeds: their standard errors, rates and ratios, each with its own uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from benchmarks.accuracy.ways import OUTPUTS, STATISTICS, Floats, Way

_RESAMPLES = 2000
_LEVEL = (0.025, 0.975)
_FALSE_ALARM = 1e-6  # that two ways which agree do not seem to


class Interval(NamedTuple):
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Repeated:
    """Independent estimates of one way at one size.

    Attributes
    ----------
    seconds : ndarray, shape (repeats,)
    values, told : ndarray, shape (repeats, len(OUTPUTS), len(STATISTICS)), or without the first of them
    """

    seconds: Floats
    values: Floats
    told: Floats

    def without_mean(self) -> Repeated:
        """Return the quantiles alone."""
        return Repeated(self.seconds, self.values[:, :, 1:], self.told[:, :, 1:])

    @property
    def error(self) -> Floats:
        """Standard error of one estimate: the spread over the repetitions."""
        spread: Floats = self.values.std(axis=0, ddof=1)
        return spread

    @property
    def relative_error(self) -> Floats:
        """The same divided by the mean estimate."""
        found: Floats = self.error / self.values.mean(axis=0)
        return found

    @property
    def told_to_true(self) -> Floats:
        """Root mean square of the errors that were told, divided by the error; some estimates tell none."""
        found: Floats = np.sqrt(np.nanmean(self.told**2, axis=0)) / self.error
        return found

    def resampled(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return variances and mean times of bootstrap samples, one after the other on the first axis."""
        chosen = rng.integers(self.seconds.size, size=(_RESAMPLES, self.seconds.size))
        return self.values[chosen].var(axis=1, ddof=1), self.seconds[chosen].mean(axis=1)


def repeat(ways: Mapping[str, Way], draws: int, repeats: int, *, tell: bool) -> dict[str, Repeated]:
    """Repeat every way with seeds that no other size shares, forwards and backwards in turn."""
    found: dict[str, list[tuple[float, Floats, Floats]]] = {name: [] for name in ways}
    for way in ways.values():  # memory, and what is compiled or read once
        way(draws, 0, False)
    for k in range(repeats):
        for name in list(ways)[:: 1 if k % 2 == 0 else -1]:
            found[name].append(ways[name](draws, draws + k, tell))
    return {name: Repeated(*(np.array(part) for part in zip(*rows, strict=True))) for name, rows in found.items()}


def disagreements(found: Mapping[str, Repeated]) -> list[str]:
    """Return the statistics of which two ways tell different values, judged by the spread of their repetitions."""
    first, *others = found
    repeats, wrong = found[first].seconds.size, []
    limit = float(stdtrit(repeats - 1, 1.0 - _FALSE_ALARM / (2 * len(OUTPUTS) * len(STATISTICS) * len(found))))
    for name in others:
        a, b = found[first], found[name]
        z = (a.values.mean(axis=0) - b.values.mean(axis=0)) / np.sqrt((a.error**2 + b.error**2) / repeats)
        for k, s in zip(*np.nonzero(~(np.abs(z) < limit)), strict=True):
            wrong.append(
                f"{STATISTICS[s - z.shape[1]]} of {OUTPUTS[k]}: {name} is {z[k, s]:.1f} standard errors off {first} (limit {limit:.1f})"
            )
    return wrong


@dataclass(frozen=True)
class Gain:
    """What a way gains on another at equal draws, by output and statistic.

    Attributes
    ----------
    draws : list of list of Interval
        Ratio of variances: draws of the other way for each of this one.
    time : list of list of Interval
        The same times the ratio of times: time to a given error of the other way for each second of this one.
    """

    draws: list[list[Interval]]
    time: list[list[Interval]]


def gain(of: Repeated, on: Repeated, rng: np.random.Generator) -> Gain:
    """Return what a way gains on another."""
    variances = on.error**2 / of.error**2
    times = on.seconds.mean() / of.seconds.mean()
    (ours, fast), (theirs, slow) = of.resampled(rng), on.resampled(rng)
    by_draws = theirs / ours
    by_time = by_draws * (slow / fast)[:, None, None]
    return Gain(intervals(variances, by_draws), intervals(variances * times, by_time))


def slopes(sizes: Sequence[int], found: Sequence[Repeated], rng: np.random.Generator) -> list[list[Interval]]:
    """Return the slopes of log error over log draws, by least squares; -1/2 for random draws."""
    x = np.log2(sizes) - np.log2(sizes).mean()
    weights = x / np.sum(x**2)

    def slope(variances: Floats) -> Floats:
        fitted: Floats = np.tensordot(weights, 0.5 * np.log2(variances), axes=1)
        return fitted

    resampled = np.array([one.resampled(rng)[0] for one in found])
    return intervals(slope(np.array([one.error**2 for one in found])), slope(resampled))


def intervals(values: Floats, resampled: Floats) -> list[list[Interval]]:
    """Return values with the percentile intervals of their bootstrap samples, by output and statistic."""
    low, high = np.quantile(resampled, _LEVEL, axis=0)
    return [[Interval(*map(float, cell)) for cell in zip(*row, strict=True)] for row in zip(values, low, high, strict=True)]
