"""Draws that carry weights: how many independent draws they are worth, and their mean, chances and percentiles with errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.estimates import Estimate, members, statistic
from simulator.analysis.order_statistics import require_open_unit
from simulator.errors import InputError

Floats = NDArray[np.float64]

#: attributes of independent draws, for arrays that come from no simulation
RANDOM = xr.Dataset(attrs={"plan": "random", "replicates": 1})

_ROUNDING = 1e-12  # of a sum of weights: a share that is reached exactly counts as reached
_FEWEST_BEYOND = 5  # draws' worth of weight beyond a percentile: the usual count from which a binomial is nearly normal


def weights_of(log_likelihood: Floats) -> Floats:
    """Return weights that sum to 1 from the log-likelihoods of draws; equal ones give exactly equal weights.

    Parameters
    ----------
    log_likelihood : ndarray, shape (draws,)
        Up to a constant; minus infinity for a draw that is ruled out.

    Raises
    ------
    InputError
        If one is NaN or plus infinity, or all draws are ruled out.

    Examples
    --------
    >>> weights_of(np.log([1.0, 3.0])).round(3).tolist()
    [0.25, 0.75]
    """
    if np.isnan(log_likelihood).any() or np.isposinf(log_likelihood).any():
        unknown = int(np.sum(np.isnan(log_likelihood) | np.isposinf(log_likelihood)))
        raise InputError(
            f"{unknown} of {log_likelihood.size} log-likelihoods are NaN or infinite; each has to be a number or minus infinity"
        )
    if not np.isfinite(log_likelihood).any():
        raise InputError(f"all {log_likelihood.size} draws are ruled out: no weights can be given to them")
    raw = np.exp(log_likelihood - log_likelihood.max())
    return np.asarray(raw / raw.sum())


def effective_draws(weights: Floats) -> float:
    r"""Return how many independent draws weighted ones are worth, :math:`(\sum w)^2 / \sum w^2`.

    Notes
    -----
    Kish (1965), Survey Sampling, section 11.7; Kong, Liu & Wong (1994), JASA 89(425):278-288, doi:10.1080/01621459.1994.10476469.

    Examples
    --------
    >>> effective_draws(np.array([0.5, 0.5, 0.0, 0.0]))
    2.0
    """
    return float(weights.sum() ** 2 / np.sum(weights**2))


def weighted_mean(weights: Floats, values: Floats, *, like: xr.Dataset = RANDOM) -> Estimate:
    r"""Return the weighted mean of draws.

    The error of random draws is that of self-normalized importance sampling, :math:`\sqrt{\sum \bar w_i^2 (x_i - \hat\mu)^2}`; that of
    Sobol' points the spread of their replicates, each with its own weights. Draws without weight do not count, whatever they are.

    Parameters
    ----------
    weights : ndarray, shape (draws,)
        At least one above 0.
    values : ndarray, shape (draws,)
    like : xarray.Dataset
        With attributes ``plan`` and ``replicates`` of the draws.

    Notes
    -----
    Owen (2013), Monte Carlo theory, methods and examples, equation 9.8, https://artowen.su.domains/mc/.

    Examples
    --------
    >>> weighted_mean(np.array([0.25, 0.25, 0.5]), np.array([1.0, 2.0, 3.0])).value
    2.25
    """
    counted = np.where(weights > 0.0, values, 0.0)

    def of(own: NDArray[np.int64]) -> float:
        total = weights[own].sum()
        return float(np.sum(weights[own] * counted[own]) / total) if total > 0.0 else math.nan

    share = weights / weights.sum()
    with np.errstate(invalid="ignore"):  # inf − inf is an error that cannot be stated: NaN
        return statistic(like, of, weights.size * share * (counted - float(np.sum(share * counted))))


def weighted_chance(weights: Floats, happens: NDArray[np.bool_], *, like: xr.Dataset = RANDOM) -> Estimate:
    """Return how likely something is under the weights; a chance of 0 or 1 has the error of as many draws as the weights are worth.

    Examples
    --------
    >>> weighted_chance(np.full(98, 1.0), np.zeros(98, dtype=bool)).mcse.__round__(5)
    0.00995
    """
    found = weighted_mean(weights, happens.astype(np.float64), like=like)
    if 0.0 < found.value < 1.0 or math.isnan(found.mcse):
        return found
    worth = effective_draws(weights)
    padded = 1.0 / (worth + 2.0)
    return Estimate(found.value, math.sqrt(padded * (1.0 - padded) / (worth + 2.0)))


def weighted_percentiles(weights: Floats, values: Floats, probabilities: Sequence[float], *, like: xr.Dataset = RANDOM) -> list[Estimate]:
    r"""Return percentiles of weighted draws: of each the least draw at or below which lies that share of the weight.

    The error of random draws is half the distance between the percentiles one standard error of the weighted distribution function
    below and above, :math:`\hat F^{-1}(p \pm \sqrt{\sum \bar w_i^2 (1[x_i \le \hat q] - p)^2})`; that of Sobol' points the spread of
    their replicates. NaN where the weight beyond the percentile is worth fewer than five draws, of Sobol' points in each replicate.

    Parameters
    ----------
    weights : ndarray, shape (draws,)
        At least one above 0.
    values : ndarray, shape (draws,)
        May be infinite; where one that has weight is NaN, so is every percentile.
    probabilities : sequence of float
        Each in (0, 1).
    like : xarray.Dataset
        With attributes ``plan`` and ``replicates`` of the draws.

    Notes
    -----
    Woodruff (1952), JASA 47(260):635-646, doi:10.1080/01621459.1952.10483443, for the interval; Owen (2013), equation 9.8, for the
    error of the weighted distribution function.

    Examples
    --------
    >>> weighted_percentiles(np.array([0.2, 0.2, 0.6]), np.array([1.0, 2.0, 3.0]), [0.3, 0.5])[1].value
    3.0
    """
    for probability in probabilities:
        require_open_unit("probability", probability)
    if np.isnan(values[weights > 0.0]).any():
        return [Estimate(math.nan, math.nan)] * len(probabilities)
    parts = members(like, values.size)
    worth = min(effective_draws(weights[part]) if weights[part].any() else 0.0 for part in parts)
    whole = _inverse(weights, values)
    own = [_inverse(weights[part], values[part]) for part in parts] if worth and str(like.attrs.get("plan")) == "sobol" else []
    share = weights / weights.sum()
    found = []
    for probability in probabilities:
        value, error = whole(probability), math.nan
        supported = worth * min(probability, 1.0 - probability) >= _FEWEST_BEYOND
        if supported and own:
            by_replicate = np.array([inverse(probability) for inverse in own])
            error = float(by_replicate.std(ddof=1) / math.sqrt(len(own))) if len(own) > 1 and np.isfinite(by_replicate).all() else math.nan
        elif supported:
            spread = math.sqrt(float(np.sum(share**2 * ((values <= value) - probability) ** 2)))
            low, high = probability - spread, probability + spread
            error = 0.5 * (whole(high) - whole(low)) if low > 0.0 and high < 1.0 else math.nan
        found.append(Estimate(value, error))
    return found


def _inverse(weights: Floats, values: Floats) -> Callable[[float], float]:
    """Return the inverse of the weighted distribution function."""
    order = np.argsort(values, kind="stable")
    ordered, below = values[order], np.cumsum(weights[order]) / weights.sum()
    return lambda share: float(ordered[min(int(np.searchsorted(below, share - _ROUNDING)), ordered.size - 1)])
