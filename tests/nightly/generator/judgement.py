"""P-values: small where a count is too large and where it is too small to be random, since either is a defect."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

#: Least admissible p-value. Tests are 1000 at most, dieharder's and our own on all orders: a right generator fails one of them with
#: a probability below 1e-4 (Bonferroni), as in ``tests/nightly/test_draws.py``.
LEVEL = 1e-7
_LEAST = 10.0  # of a cell's expected count; cells with less are one


def two_sided(below: float, above: float) -> float:
    """Return a p-value from the probabilities of as little and of as much."""
    return float(min(1.0, 2.0 * min(below, above)))


def of_sum_of_squares(value: float, degrees: int) -> float:
    """Return the p-value of a chi-squared variable."""
    return two_sided(special.chdtr(degrees, value), special.chdtrc(degrees, value))


def of_counts(observed: ArrayLike, expected: ArrayLike) -> float:
    """Return the p-value of Pearson's statistic, of which one cell says nothing; both sums are equal."""
    counts, means = np.ravel(observed).astype(float), np.ravel(expected).astype(float)
    rare = means < _LEAST
    if rare.any():
        counts, means = np.append(counts[~rare], counts[rare].sum()), np.append(means[~rare], means[rare].sum())
        if means[-1] < _LEAST and means.size > 1:  # what is rare even together joins the rarest of the others
            place = int(np.argmin(means[:-1]))
            counts[place], means[place] = counts[place] + counts[-1], means[place] + means[-1]
            counts, means = counts[:-1], means[:-1]
    if counts.size == 1:
        return 1.0
    return of_sum_of_squares(float(((counts - means) ** 2 / means).sum()), counts.size - 1)


def of_normal(z: float) -> float:
    """Return the p-value of a standard-normal variable."""
    return float(2.0 * special.ndtr(-abs(z)))


def of_normals(z: ArrayLike) -> float:
    """Return the p-value of the sum of squares of independent standard-normal variables."""
    values = np.ravel(z)
    return of_sum_of_squares(float((values**2).sum()), values.size)


def of_largest(z: ArrayLike) -> float:
    """Return the p-value of the largest of uncorrelated standard-normal variables."""
    values = np.abs(np.ravel(z))
    return float(-np.expm1(values.size * np.log1p(-2.0 * special.ndtr(-values.max()))))


def of_poisson(count: int, mean: float) -> float:
    """Return the p-value of a count of rare events."""
    return two_sided(stats.poisson.cdf(count, mean), stats.poisson.sf(count - 1, mean))


def of_binomial(count: int, trials: int, chance: float) -> float:
    """Return the p-value of a count of events."""
    return two_sided(stats.binom.cdf(count, trials, chance), stats.binom.sf(count - 1, trials, chance))
