"""Conditional value at risk: the mean of the worst draws, with its Monte Carlo error and a confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.special import stdtrit

from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.samples import OrderedDraws, Sample

_FEWEST_WORST = 50  # draws beyond the percentile from which on the interval covers as often as it says: tests/nightly/test_risk.py
_FEWEST_OF_REPLICATE = 5  # as for the percentiles of a replicate, see bands
_FEWEST_TOLD = 5  # draws beyond, with fewer of which a mean of the worst is hardly more than the largest draw
_LARGEST_INDEX = 0.5  # of a tail whose variance is finite


@dataclass(frozen=True)
class Shortfall:
    """A conditional value at risk and its errors, in the unit of the draws.

    Attributes
    ----------
    value, mcse, low, high : float
        The mean of the worst draws, its Monte Carlo standard error, its confidence interval; NaN where the draws do not support them.
    bin_error : float
        How far the value may lie from that of the draws themselves where they were counted in bins; nought where they are kept.
    note : str
        Why something is missing, in words; empty if nothing is.
    """

    value: float
    mcse: float
    low: float
    high: float
    bin_error: float
    note: str


def shortfalls(sample: Sample, levels: Sequence[float], *, confidence: float = 0.95) -> list[Shortfall]:
    """Return the conditional value at risk at each level, as far as the draws support it.

    It is refused where the mean may not exist (:mod:`simulator.analysis.tails`), its errors where the variance may not: a tail
    index of 0.5 or more; and where fewer than 50 draws lie beyond the percentile. With fewer than five beyond, the value is refused too.
    Sobol' draws: the error is the spread of the replicates' own values, the interval Student's; each replicate needs five draws beyond.

    Parameters
    ----------
    sample : Sample
        Of a quantity of which more is worse.
    levels : sequence of float
        Each in (0, 1): 0.95 is the mean of the worst 5 %.
    confidence : float
        Of the intervals, in (0, 1).
    """
    for level in levels:
        require_open_unit("level", level)
    require_open_unit("confidence", confidence)
    moments = sample.moments()
    if math.isnan(moments.mean):
        return [_refused(f"no CVaR: {moments.note.partition(': ')[2]}")] * len(levels)
    heavy = ""
    if moments.tail_index >= _LARGEST_INDEX:
        heavy = f"no error of CVaR: tail index {moments.tail_index:.2f} is not below {_LARGEST_INDEX}, the variance may not exist"
    return [_shortfall(sample, level, confidence, heavy) for level in levels]


def _refused(why: str) -> Shortfall:
    return Shortfall(math.nan, math.nan, math.nan, math.nan, math.nan, why)


def _shortfall(sample: Sample, level: float, confidence: float, heavy: str) -> Shortfall:
    """Return one conditional value at risk of draws whose mean exists."""
    worst, ordered, sobol = _worst(sample.draws, level), sample.ordered, sample.plan == "sobol"
    needed = max(_FEWEST_WORST, _FEWEST_OF_REPLICATE * sample.replicates)
    if worst < _FEWEST_TOLD:
        fewest = math.ceil(_FEWEST_TOLD / (1 - _exact(level)))
        return _refused(f"no CVaR {level:g}: {float(worst):.3g} draws lie beyond, {_FEWEST_TOLD} are needed, that is {fewest} draws in all")
    note = heavy or (ONE_SCRAMBLING if sobol and sample.replicates == 1 else "")
    if not note and worst < needed:
        fewest = math.ceil(needed / (1 - _exact(level)))
        note = f"no error of CVaR {level:g}: {float(worst):g} draws lie beyond, {needed} are needed, that is {fewest} draws in all"
    value, bin_error = expected_shortfall(ordered, level), _bin_error(ordered, level)
    if note:
        return Shortfall(value, math.nan, math.nan, math.nan, bin_error, note)
    if sobol:
        own = np.array([expected_shortfall(part, level) for part, _ in sample.parts()])
        mcse = float(own.std(ddof=1) / math.sqrt(own.size))
        half = float(stdtrit(sample.replicates - 1, (1 + confidence) / 2)) * mcse
        return Shortfall(value, mcse, value - half, value + half, bin_error, "")
    mcse = math.sqrt(_moments_of_excess(ordered, level)[0] / (sample.draws - 1))
    return Shortfall(value, mcse, *shortfall_interval(ordered, level, confidence=confidence), bin_error, "")


def expected_shortfall(ordered: OrderedDraws, level: float) -> float:
    r"""Return the mean of the worst share 1 − p of the draws; the draw at the boundary counts with the fraction that belongs to it.

    Parameters
    ----------
    ordered : OrderedDraws
    level : float
        p, in (0, 1).

    Returns
    -------
    float
        In the unit of the draws.

    Notes
    -----
    With m = n·(1 − p) and k its whole part,

    .. math:: \frac1m \Bigl( \sum_{i = n-k+1}^{n} X_{(i)} + (m - k) X_{(n-k)} \Bigr)

    Acerbi & Tasche (2002), On the coherence of expected shortfall, J. Banking & Finance 26(7):1487-1503,
    doi:10.1016/S0378-4266(02)00283-2, definition 2.6 for an empirical distribution.

    Examples
    --------
    >>> from simulator.analysis.samples import ascending
    >>> expected_shortfall(ascending(np.array([1.0, 2.0, 3.0, 4.0])), 0.625)  # (4 + 3/2) / 1.5
    3.6666666666666665
    """
    worst = _worst(len(ordered), level)
    whole = math.floor(worst)
    largest = ordered.largest(whole)
    total = float(np.sum(largest.draws * largest.values))
    if worst > whole:
        total += float(worst - whole) * float(ordered[len(ordered) - whole - 1])
    return total / float(worst)


def _bin_error(ordered: OrderedDraws, level: float) -> float:
    """Return how far bins may move the mean of the worst draws."""
    worst = _worst(len(ordered), level)
    whole = math.floor(worst)
    largest = ordered.largest(whole)
    total = float(np.sum(largest.draws * largest.errors))
    if worst > whole:
        total += float(worst - whole) * float(ordered.errors(len(ordered) - whole - 1))
    return total / float(worst)


def shortfall_interval(ordered: OrderedDraws, level: float, *, confidence: float = 0.95) -> tuple[float, float]:
    r"""Return a confidence interval of the conditional value at risk of independent draws.

    To first order its error is that of the mean of :math:`Y = (X - q_p)_+ / (1 - p)`, whose distribution is so skewed that the
    normal interval of a lognormal tail of 50 draws covers 91 % in place of 95 %. Hall's transformation takes the skewness out of the
    studentized error T; the quantile is Student's, with the degrees of freedom of the variance's own variance, less what the mean tells of
    it, and of the percentile, beyond which only n·(1 − p) draws lie. Over normal and lognormal draws 95 % cover 94 to 96 %
    (tests/nightly/test_risk.py). It stops being true where the variance of the tail is infinite, and where draws depend on each other.

    Parameters
    ----------
    ordered : OrderedDraws
        n·(1 − p) at least 50.
    level : float
        p, in (0, 1).
    confidence : float
        In (0, 1).

    Returns
    -------
    tuple of float
        In the unit of the draws.

    Notes
    -----
    With γ and κ the skewness and kurtosis of Y and a = γ/√n,

    .. math:: g(T) = T + \tfrac{a}{3} T^2 + \tfrac{a^2}{27} T^3 + \tfrac{a}{6}, \quad |g(T)| \le t_\nu, \quad
       \frac1\nu = \frac{\kappa - 1 - \gamma^2}{2n} + \frac{1}{n(1-p) - 1}

    Hall (1992), On the removal of skewness by transformation, JRSS B 54(1):221-228, doi:10.1111/j.2517-6161.1992.tb01876.x;
    Satterthwaite (1946), Biometrics Bulletin 2(6):110-114, doi:10.2307/3002019, for the degrees of freedom.

    Examples
    --------
    >>> from simulator.analysis.samples import ascending
    >>> low, high = shortfall_interval(ascending((np.arange(1000) + 0.5) / 1000), 0.9)
    >>> bool(low < 0.95 < high), round(high - low, 3)
    (True, 0.022)
    """
    n, worst = len(ordered), _worst(len(ordered), level)
    value, (second, third, fourth) = expected_shortfall(ordered, level), _moments_of_excess(ordered, level)
    if second == 0.0:
        return value, value
    skewness, kurtosis = third / second**1.5, fourth / second**2
    freedom = 1 / (max(kurtosis - 1 - skewness**2, 0.0) / (2 * n) + 1 / (float(worst) - 1))
    error, bend = math.sqrt(second / (n - 1)), skewness / math.sqrt(n)
    reach = float(stdtrit(freedom, (1 + confidence) / 2))
    return value - error * _untransformed(reach, bend), value - error * _untransformed(-reach, bend)


def _moments_of_excess(ordered: OrderedDraws, level: float) -> tuple[float, ...]:
    """Return the second to fourth central moments of what :func:`shortfall_interval` calls Y, all but the worst of which are nought."""
    n, worst = len(ordered), math.floor(_worst(len(ordered), level))
    largest = ordered.largest(worst)
    tail = (largest.values - ordered[n - worst - 1]) / float(1 - _exact(level))
    mean = float(np.sum(largest.draws * tail)) / n
    return tuple(float(np.sum(largest.draws * (tail - mean) ** k) + (n - worst) * (-mean) ** k) / n for k in (2, 3, 4))


def _untransformed(reach: float, bend: float) -> float:
    """Return the T whose g(T), see :func:`shortfall_interval`, is given."""
    if abs(bend) < 1e-6:  # where the cube root would cancel, and the difference is below 1e-5
        return reach
    return 3 / bend * (float(np.cbrt(1 + bend * (reach - bend / 6))) - 1)


def _exact(level: float) -> Fraction:
    """Return a level as the decimal that was meant: in binary, 500·(1 − 0.9) is below 50."""
    return Fraction(repr(float(level)))


def _worst(draws: int, level: float) -> Fraction:
    """Return how many draws the worst share holds."""
    return draws * (1 - _exact(level))
