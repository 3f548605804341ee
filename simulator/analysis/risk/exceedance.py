"""The exceedance curve: how likely an outcome is above each of many values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from simulator.analysis.samples import Sample, percentiles

POINTS = 200
_ENDS = np.array([0.001, 0.999])  # percentiles of the finite draws between which the values lie

Floats = NDArray[np.float64]


class Curve(NamedTuple):
    """How likely more than each value is.

    Attributes
    ----------
    values, beyond : ndarray, shape (200,)
        In the unit of the draws; probability of more than each.
    interval : ndarray, shape (200, 2)
        Pointwise confidence intervals of the probabilities.
    bin_error : ndarray, shape (200,)
        By how much bins may make the probabilities wrong where the draws were counted; nought where they are kept.
    """

    values: Floats
    beyond: Floats
    interval: Floats
    bin_error: Floats


def exceedance_curve(sample: Sample, *, confidence: float = 0.95) -> Curve:
    """Return 200 values, even between P0.1 and P99.9, the probability of more than each, and its pointwise interval.

    The interval is that of Clopper and Pearson; of Sobol' draws Student's, from the spread of their replicates. Pointwise: that all points
    of the true curve lie inside is less likely than the confidence says.

    Parameters
    ----------
    sample : Sample
        Infinite draws exceed every value. Where one is NaN, or none is finite, all is NaN.
    confidence : float
        Of the intervals, in (0, 1).

    Examples
    --------
    >>> import xarray as xr
    >>> from simulator.analysis.samples import sample_of
    >>> curve = exceedance_curve(sample_of(xr.Dataset(attrs={"plan": "random"}), np.arange(1.0, 1001.0)))
    >>> curve.values[[0, -1]].round(3).tolist(), curve.beyond[[0, -1]].tolist()
    ([1.999, 999.001], [0.999, 0.001])
    """
    ordered, n = sample.ordered, sample.draws
    finite = n - sum(sample.infinite)
    if sample.missing or not finite:
        unknown = np.full(POINTS, np.nan)
        return Curve(unknown, unknown, np.full((POINTS, 2), np.nan), unknown)
    low, high = percentiles(ordered, _ENDS, first=sample.infinite[0], count=finite)
    values = np.linspace(low, high, POINTS)
    hits, bin_error = ordered.above(values)
    share = hits / n
    if sample.plan == "sobol":
        half = sample.mcse_above(values) * stdtrit(max(sample.replicates - 1, 1), (1 + confidence) / 2)
        interval = np.clip(share[:, None] + half[:, None] * np.array([-1.0, 1.0]), 0.0, 1.0)
    else:
        interval = np.stack(share_interval(hits, n, confidence=confidence), axis=1)
    return Curve(values, share, interval, bin_error / n)


def share_interval(hits: Floats, draws: int, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact confidence interval of a probability from how often it happened in independent draws.

    Parameters
    ----------
    hits : ndarray
        Each from 0 to ``draws``; whole numbers, but where the bin of a counted draw is cut.
    draws : int
    confidence : float
        In (0, 1); the interval covers at least as often.

    Notes
    -----
    Clopper & Pearson (1934), The use of confidence or fiducial limits, Biometrika 26(4):404-413, doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> low, high = share_interval(np.array([0, 5]), 10)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.1871], [0.3085, 0.8129])
    """
    side = (1 - confidence) / 2
    some, not_all = np.maximum(hits, 1), np.minimum(hits, draws - 1)
    low = np.where(hits > 0, betaincinv(some, draws - some + 1, side), 0.0)
    high = np.where(hits < draws, betaincinv(not_all + 1, draws - not_all, 1 - side), 1.0)
    return low, high
