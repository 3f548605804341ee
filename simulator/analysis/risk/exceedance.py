"""The exceedance curve: how likely an outcome is above each of many values."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from simulator.analysis.estimates import chance, members

POINTS = 200
_ENDS = (0.001, 0.999)  # percentiles of the finite draws between which the values lie

Floats = NDArray[np.float64]


def exceedance_curve(results: xr.Dataset, draws: Floats, *, confidence: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return 200 values, even between P0.1 and P99.9, the probability of more than each, and its pointwise interval.

    The interval is that of Clopper and Pearson; of Sobol' draws Student's, from the spread of their replicates. Pointwise: that all points
    of the true curve lie inside is less likely than the confidence says.

    Parameters
    ----------
    results : xarray.Dataset
        With attributes ``plan`` and ``replicates``.
    draws : ndarray, shape (n,)
        In any unit; infinite ones exceed every value. Where one is NaN, or none is finite, all is NaN.
    confidence : float
        Of the intervals, in (0, 1).

    Returns
    -------
    values, probabilities : ndarray, shape (200,)
    intervals : ndarray, shape (200, 2)

    Examples
    --------
    >>> values, beyond, _ = exceedance_curve(xr.Dataset(attrs={"plan": "random"}), np.arange(1.0, 1001.0))
    >>> values[[0, -1]].round(3).tolist(), beyond[[0, -1]].tolist()
    ([1.999, 999.001], [0.999, 0.001])
    """
    finite, n = draws[np.isfinite(draws)], draws.size
    if np.isnan(draws).any() or not finite.size:
        return np.full(POINTS, np.nan), np.full(POINTS, np.nan), np.full((POINTS, 2), np.nan)
    low, high = np.quantile(finite, _ENDS)
    values = np.linspace(low, high, POINTS)
    hits = n - np.searchsorted(np.sort(draws), values, side="right")
    share = hits / n
    if str(results.attrs.get("plan")) == "sobol":
        replicates = len(members(results, n))
        error = np.array([chance(results, draws > value).mcse for value in values])
        half = error * stdtrit(max(replicates - 1, 1), (1 + confidence) / 2)
        return values, share, np.clip(share[:, None] + half[:, None] * np.array([-1.0, 1.0]), 0.0, 1.0)
    return values, share, np.stack(share_interval(hits, n, confidence=confidence), axis=1)


def share_interval(hits: NDArray[np.int64], draws: int, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact confidence interval of a probability from how often it happened in independent draws.

    Parameters
    ----------
    hits : ndarray of int
        Each from 0 to ``draws``.
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
