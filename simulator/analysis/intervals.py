"""Confidence intervals of estimates that are nearly normal, from their Monte Carlo errors."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from simulator.analysis.estimates import Estimate, mean
from simulator.analysis.order_statistics import require_open_unit

Floats = NDArray[np.float64]


def half_widths(results: xr.Dataset, confidence: float) -> float:
    """Return how many Monte Carlo errors an interval reaches to either side.

    Those of a normal estimate where draws are random; of Student's t where the error is the spread of Sobol' replicates, NaN for
    a single one.

    Parameters
    ----------
    results : xarray.Dataset
        With attributes ``plan`` and ``replicates``.
    confidence : float
        In (0, 1).

    Raises
    ------
    InputError
        If the level is outside (0, 1).

    Examples
    --------
    >>> round(half_widths(xr.Dataset(attrs={"plan": "random"}), 0.95), 3)
    1.96
    """
    require_open_unit("confidence", confidence)
    upper = (1.0 + confidence) / 2.0
    if str(results.attrs.get("plan")) != "sobol":
        return float(ndtri(upper))
    replicates = int(results.attrs.get("replicates", 1))
    return float(stdtrit(replicates - 1, upper)) if replicates > 1 else math.nan


def linear_estimate(value: float, influence: Floats, results: xr.Dataset | None = None) -> Estimate:
    r"""Return a statistic whose influence function is known, with the error of the influence's mean.

    Of Sobol' points this is the spread of the replicates' means of it, so that a ratio of few points has no bias of its own.

    Parameters
    ----------
    value : float
        The statistic of all draws.
    influence : ndarray, shape (draws,)
        Influence of each draw on it.
    results : xarray.Dataset, optional
        With attributes ``plan`` and ``replicates``; independent draws where left out.

    Notes
    -----
    Hampel (1974), doi:10.1080/01621459.1974.10482962: :math:`\hat\theta - \theta \approx \frac1n \sum_i \psi(x_i)`.

    Examples
    --------
    >>> round(linear_estimate(2.0, np.array([-1.0, 0.0, 1.0, 0.0])).mcse, 3)
    0.408
    """
    return Estimate(value, mean(xr.Dataset() if results is None else results, influence).mcse)


def binomial_range(draws: int, probability: NDArray[np.float64] | float, *, confidence: float = 0.9) -> tuple[Floats, Floats]:
    """Return between which shares of so many independent trials a central part of all experiments lies, however few they are.

    Parameters
    ----------
    draws : int
        Trials, at least 1.
    probability : float or ndarray
        Of success, in [0, 1].
    confidence : float
        Share of the experiments, in (0, 1).

    Examples
    --------
    >>> low, high = binomial_range(10, 0.5)
    >>> float(low), float(high)
    (0.2, 0.8)
    """
    from scipy.stats import binom  # noqa: PLC0415 - takes a third of a second, which what is refused does not wait for

    low, high = binom.interval(confidence, draws, probability)
    return np.asarray(low) / draws, np.asarray(high) / draws
