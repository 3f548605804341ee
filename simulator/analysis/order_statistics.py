"""Exact confidence intervals of percentiles from the ranks of independent draws, whatever their distribution."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError

# A level within this fraction of the allowed error is a tie and counts as reached. Needed because 1 − 0.95 and
# the binomial probabilities are rounded (p = 0.5, n = 2, confidence 0.5 is an equality); harmless because the
# coverage given away is at most 1e-10.
_TIE = 1e-10

# Binomial counts farther from the mean than a deviation of probability 2·exp(−60) ≈ 2e-26 are left out: ten orders
# of magnitude below the smallest error, 1.1e-16, that a confidence below 1 can allow in double precision.
_LOG_NEGLIGIBLE = 60.0


@dataclass(frozen=True)
class RankInterval:
    """Two order statistics that enclose a percentile.

    Attributes
    ----------
    lower, upper : int
        1-based ranks, ``1 <= lower < upper <= draws``.
    level : float
        Probability, at least the confidence asked for, that the interval covers the percentile of a
        continuous distribution; of a distribution with atoms the closed interval covers it at least as often.
    """

    lower: int
    upper: int
    level: float


def interval_ranks(draws: int, probability: float, *, confidence: float = 0.95) -> RankInterval | None:
    r"""Return the ranks of the shortest exact interval of a percentile, or None where no two ranks reach the confidence.

    The number B of draws below the percentile is binomial, so :math:`[X_{(l)}, X_{(u)}]` covers it exactly when
    :math:`l \le B < u`. Of all pairs that reach the confidence, the one with the fewest ranks between them is taken;
    among these the one whose two errors are most alike, then the lowest. It stops being true where draws are not
    independent: scrambled Sobol' points, Latin hypercubes, weighted draws.

    Parameters
    ----------
    draws : int
        Number n of independent draws, at least 1. Time and memory grow as its square root (10 ms for 1e8).
    probability : float
        The percentile p, in (0, 1): 0.95 is P95.
    confidence : float
        Wanted probability of coverage, in (0, 1).

    Returns
    -------
    RankInterval or None
        None exactly where :math:`p^n + (1-p)^n > 1 - \mathrm{confidence}`, see :func:`draws_needed`.

    Raises
    ------
    InputError
        If an argument lies outside its range.

    Notes
    -----
    .. math:: \Pr(X_{(l)} \le q_p < X_{(u)}) = F(u - 1; n, p) - F(l - 1; n, p)

    David & Nagaraja (2003), Order Statistics, 3rd ed., section 7.1, doi:10.1002/0471722162. Judged by the two errors,
    not by the difference of F, so that nothing cancels. ``scipy.special.bdtr`` is not used: scipy 1.17 gives
    F(5e7 − 100; 1e8, 0.5) = 0.433 where 0.492 is right.

    Examples
    --------
    >>> interval_ranks(2, 0.5, confidence=0.5)
    RankInterval(lower=1, upper=2, level=0.5)
    >>> interval_ranks(58, 0.95) is None
    True
    """
    if draws < 1:
        raise InputError(f"draws = {draws} is not a number of draws; it must be at least 1")
    require_open_unit("probability", probability)
    require_open_unit("confidence", confidence)
    allowed = (1 - confidence) * (1 + _TIE)
    first, at_most, at_least = _binomial_tails(draws, probability)

    # Position i stands for the count first + i, hence a lower rank first + i + 1 with the error P(B <= first + i),
    # and an upper rank first + i with the error P(B >= first + i). The smallest upper rank of each lower one:
    starts = np.flatnonzero(at_most[: draws - 1 - first] <= allowed)
    ends = len(at_least) - np.searchsorted(at_least[::-1], allowed - at_most[starts], side="right")
    ends = np.maximum(ends, starts + 2)
    exists = ends < len(at_least)
    if not exists.any():
        return None
    starts, ends = starts[exists], ends[exists]
    shortest = ends - starts == np.min(ends - starts)
    starts, ends = starts[shortest], ends[shortest]
    imbalance = np.abs(at_most[starts] - at_least[ends])
    best = int(np.argmax(imbalance <= imbalance.min() + _TIE * allowed))
    start, end = int(starts[best]), int(ends[best])
    level = 1 - float(at_most[start] + at_least[end])
    return RankInterval(first + start + 1, first + end, max(level, confidence))


def draws_needed(probability: float, *, confidence: float = 0.95) -> int:
    """Return the smallest number of draws whose extremes enclose a percentile with the confidence asked for.

    Parameters
    ----------
    probability : float
        The percentile p, in (0, 1).
    confidence : float
        Wanted probability of coverage, in (0, 1).

    Returns
    -------
    int
        Smallest n with p^n + (1 − p)^n <= 1 − confidence; :func:`interval_ranks` refuses below it and answers from it on.

    Raises
    ------
    InputError
        If an argument lies outside (0, 1).

    Notes
    -----
    David & Nagaraja (2003), section 7.1: the widest interval, from the least to the largest draw.

    Examples
    --------
    >>> draws_needed(0.95), draws_needed(0.5)
    (59, 6)
    """
    require_open_unit("probability", probability)
    require_open_unit("confidence", confidence)
    allowed = (1 - confidence) * (1 + _TIE)
    rarer = min(probability, 1 - probability)
    enough = 2 + math.ceil(math.log(allowed / 2) / math.log1p(-rarer))  # since p^n + (1 − p)^n <= 2·max(p, 1 − p)^n

    def is_enough(draws: int) -> bool:
        return probability**draws + math.exp(draws * math.log1p(-probability)) <= allowed

    return bisect_left(range(enough), True, lo=2, key=is_enough)


def require_open_unit(name: str, value: float) -> None:
    """Raise InputError unless the value lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} = {value} is not admissible; it must lie strictly between 0 and 1")


def require_levels(quantiles: Sequence[float], confidence: float) -> None:
    """Raise InputError unless there are quantiles, and all of them and the confidence lie strictly between 0 and 1."""
    if not len(quantiles):
        raise InputError("no quantile is stated; state one at least, as 0.8")
    for probability in quantiles:
        require_open_unit("quantile", probability)
    require_open_unit("confidence", confidence)


def _binomial_tails(draws: int, probability: float) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Return the first count k of a window around the mean and, for every k in it, P(B <= k) and P(B >= k).

    Probabilities follow from their ratios p(k+1)/p(k) = (n−k)/(k+1)·p/(1−p) and are scaled to sum 1, each tail is summed
    from its own end: relative errors stay near 1e-13 up to 1e8 draws.
    """
    mean = draws * probability
    # Bernstein's inequality, P(|B − np| >= t) <= 2·exp(−t²/(2·(np(1−p) + t/3))), solved for t
    reach = _LOG_NEGLIGIBLE / 3 + math.sqrt(_LOG_NEGLIGIBLE**2 / 9 + 2 * _LOG_NEGLIGIBLE * mean * (1 - probability))
    first, last = max(0, math.floor(mean - reach)), min(draws, math.ceil(mean + reach))
    counts = np.arange(first, last, dtype=np.float64)
    ratios = np.log((draws - counts) / (counts + 1) * (probability / (1 - probability)))
    logs = np.concatenate([[0.0], np.cumsum(ratios)])
    masses = np.exp(logs - logs.max())
    masses /= masses.sum()
    return first, np.cumsum(masses), np.cumsum(masses[::-1])[::-1]
