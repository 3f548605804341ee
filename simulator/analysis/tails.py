"""Does a mean exist? Moments are reported only where the tails of the draws allow it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72), arXiv:1507.02646: the threshold, and a
# weakly informative prior worth ten draws of index 0.5.
_LARGEST_INDEX = 0.7
_PRIOR_INDEX = 0.5
_PRIOR_DRAWS = 10
_FEWEST_IN_TAIL = 5  # as in the posterior and ArviZ packages
_FEWEST_DRAWS = 100  # the threshold of the mean, 1 − 1/log10(n), is only 0.5 here, and a tail has 20 draws


class Ordered(Protocol):
    """Draws in ascending order, read by their ranks as an array is."""

    def __len__(self) -> int: ...
    def __getitem__(self, places: Any, /) -> Any: ...


@dataclass(frozen=True)
class Moments:
    """Moments of one set of draws, as far as they can be reported.

    Attributes
    ----------
    mean, sd, standard_error : float
        In the unit of the draws; NaN where not reported. The standard error is that of the mean of independent draws.
    tail_index : float
        The larger index of the two tails: moments of order >= 1/index do not exist. Minus infinity where
        both tails end in an atom, NaN where it cannot be estimated.
    note : str
        Why something is not reported, in words; empty if everything is.
    """

    mean: float
    sd: float
    standard_error: float
    tail_index: float
    note: str


def moments_reported(draws: NDArray[np.float64]) -> Moments:
    """Return mean, sd and standard error of the mean, each only where the tails say that it exists.

    The mean of a finite sample always exists, that of the distribution need not: the mean of 1/mfu or of
    exp(rate·time) may be infinite, and then the sample mean is a number about the seed. The mean is reported where the
    larger tail index is below min(1 − 1/log10 n, 0.7). Sd and standard error are made of the mean of squares, whose tail index is
    twice as large, so their index must be below half of that: 0.35, safely inside the 0.5 from which on the variance is
    infinite. (A bare 0.5 prints an sd for every fourth sample of Student's t with 2 degrees of freedom, however
    large, since their index is 0.5.) It is a diagnostic: a tail that only shows beyond the draws is not seen.

    Parameters
    ----------
    draws : array of float, shape (n,)
        Independent draws in any unit.

    Returns
    -------
    Moments
        In the unit of the draws. Fewer than 100 draws, NaN and infinite draws have no mean; equal draws have sd 0.

    Notes
    -----
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72), arXiv:1507.02646.

    Examples
    --------
    >>> uniform = (np.arange(1000) + 0.5) / 1000
    >>> round(moments_reported(uniform).mean, 6)
    0.5
    >>> moments_reported(1 / uniform).note
    'no mean, sd or standard error: tail index 0.93 is not below 0.67, the mean may not exist'
    """
    ordered = np.sort(draws)
    if len(ordered) and np.isnan(ordered[-1]):
        return refused(f"{np.isnan(ordered).sum()} of {len(ordered)} draws are NaN")
    if len(ordered) and not np.isfinite(ordered[[0, -1]]).all():
        return refused(f"{np.isinf(ordered).sum()} of {len(ordered)} draws are infinite")
    return moments_judged(ordered, lambda: (float(np.mean(ordered)), float(np.std(ordered, ddof=1))))


def moments_judged(ordered: Ordered, moments: Callable[[], tuple[float, float]]) -> Moments:
    """Return what :func:`moments_reported` does, of finite draws whose mean and sd are worked out elsewhere.

    Parameters
    ----------
    ordered : sequence of float
        Ascending draws, read by ranks alone.
    moments : callable
        Returns mean and sd.
    """
    n = len(ordered)
    if n < _FEWEST_DRAWS:
        return refused(f"{n} draws are too few to judge the tails, {_FEWEST_DRAWS} are needed")
    if ordered[0] == ordered[-1]:
        return Moments(float(ordered[0]), 0.0, 0.0, -math.inf, "")

    index = larger_tail_index(ordered)
    if math.isnan(index):
        return refused(f"fewer than {_FEWEST_IN_TAIL} draws stand apart in a tail, too few to judge it")
    largest = min(1 - 1 / math.log10(n), _LARGEST_INDEX)
    if index >= largest:
        return refused(f"tail index {index:.2f} is not below {largest:.2f}, the mean may not exist", index)
    mean, sd = moments()
    if index >= largest / 2:
        note = f"no sd or standard error: tail index {index:.2f} is not below {largest / 2:.2f}, the variance may not exist"
        return Moments(mean, math.nan, math.nan, index, note)
    return Moments(mean, sd, sd / math.sqrt(n), index, "")


def refused(reason: str, index: float = math.nan) -> Moments:
    """Return no moments, and why."""
    return Moments(math.nan, math.nan, math.nan, index, f"no mean, sd or standard error: {reason}")


def larger_tail_index(ordered: Ordered) -> float:
    """Return the larger generalized-Pareto index of the two tails, each of min(0.2·n, 3·√n) draws.

    Both are examined, since costs can be negative (prices are). A tail whose draws all equal its end has the index
    minus infinity: a distribution that ends in an atom.

    Parameters
    ----------
    ordered : array of float, shape (n,)
        Finite draws in ascending order, at least 100.

    Returns
    -------
    float
        [1]; NaN if fewer than five draws, not all equal, lie beyond the threshold of a tail.

    Examples
    --------
    >>> bool(larger_tail_index(np.linspace(0, 1, 1000)) < -0.5)
    True
    """
    n = len(ordered)
    count = math.ceil(min(0.2 * n, 3 * math.sqrt(n)))
    noise = 8 * np.finfo(float).eps * max(abs(ordered[0]), abs(ordered[-1]))  # equal up to rounding is equal
    upper = ordered[n - count :] - ordered[n - count - 1]
    lower = (ordered[count] - ordered[:count])[::-1]
    return float(np.maximum(_index(upper[upper > noise]), _index(lower[lower > noise])))  # propagates NaN


def _index(excesses: NDArray[np.float64]) -> float:
    n = len(excesses)
    if n == 0 or (n > 1 and excesses[0] == excesses[-1]):
        return -math.inf
    if n < _FEWEST_IN_TAIL:
        return math.nan
    return (n * generalized_pareto_index(excesses) + _PRIOR_DRAWS * _PRIOR_INDEX) / (n + _PRIOR_DRAWS)


def generalized_pareto_index(excesses: NDArray[np.float64]) -> float:
    r"""Return the shape k of a generalized Pareto distribution fitted to excesses over a threshold.

    A mean of the profile likelihood over a grid of :math:`\theta = -k/\sigma` (the excesses are bounded by
    :math:`1/\theta` where it is positive) under a prior that the data scale; never fails to converge, unlike maximum likelihood.

    Parameters
    ----------
    excesses : array of float, shape (m,)
        Positive, ascending, not all equal; any unit, for the index does not depend on scale.

    Returns
    -------
    float
        [1]; the sign is that of Vehtari et al.: heavy tails are positive, the uniform distribution has −1.

    Notes
    -----
    .. math:: \hat k = \frac1m \sum_i \log(1 - \hat\theta x_i)

    Zhang & Stephens (2009), Technometrics 51(3):316-325, doi:10.1198/tech.2009.08017, with the 30 + √m points of the
    grid of Vehtari et al. (2024) instead of their 20 + √m.

    Examples
    --------
    >>> levels = (np.arange(4000) + 0.5) / 4000
    >>> round(generalized_pareto_index((1 - levels) ** -0.5 - 1), 2)
    0.5
    """
    x = excesses / excesses[-1]
    m = len(x)
    points = 30 + math.isqrt(m)
    quartile = max(x[int(m / 4 + 0.5) - 1], 1e-300)  # draws that span more than that have no moments in any case
    theta = 1 + (1 - np.sqrt(points / (np.arange(points) + 0.5))) / (3 * quartile)
    theta = theta[theta != 0]  # the exponential distribution itself: 0/0, met where the excesses are whole numbers
    index = np.array([np.log1p(-t * x).mean() for t in theta])  # one by one: of 1e9 draws the table of all takes half a gigabyte
    log_likelihood = m * (np.log(-theta / index) - index - 1)
    weight = np.exp(log_likelihood - log_likelihood.max())
    return float(np.log1p(-(weight @ theta) / weight.sum() * x).mean())
