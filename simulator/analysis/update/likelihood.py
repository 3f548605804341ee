"""How likely a total that was read is in each draw, and how surprising it is in all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, pdtr

from simulator.analysis.update.actuals import Observation

Floats = NDArray[np.float64]

_EXACT = 1e-12  # error of a total without one: rounding
_USUAL_ERROR = 0.02  # a judgement: meters and books err by about as much, so that no total that is stated as exact is nearer the truth


def log_likelihood(observation: Observation, state: Floats) -> Floats:
    r"""Return the log-likelihood of an observation in each draw, up to a constant.

    A measured total errs by a factor: :math:`\ln y \sim N(\ln x, s^2)`, with the relative standard error s. A count of interruptions is
    Poisson about the draw's cumulative hazard x: :math:`k \ln x - x - \ln k!`, since a counting process with independent increments is
    (Cox & Lewis 1966, section 2.3); which interruptions the draw itself had does not matter to it.

    Parameters
    ----------
    observation : Observation
    state : ndarray, shape (draws,)
        The total x of each draw at that time, or its cumulative hazard. A draw whose total is nought or less is ruled out.

    Returns
    -------
    ndarray, shape (draws,)
        Minus infinity where a draw is ruled out, NaN where its total is.

    Notes
    -----
    Cox & Lewis (1966), The Statistical Analysis of Series of Events. The error by a factor is that of the log-normal measurement model of
    Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 19.2.

    Examples
    --------
    >>> log_likelihood(Observation("energy", 100.0, 24.0, 0.1, 2), np.array([100.0, 0.0])).tolist()
    [-0.0, -inf]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.log(np.where(state > 0.0, state, np.where(np.isnan(state), np.nan, 0.0)))
        if observation.column == "interruptions":
            count = observation.value
            return np.asarray((count * x if count else 0.0 * state) - state - gammaln(count + 1.0))
        return np.asarray(-0.5 * ((np.log(observation.value) - x) / observation.error) ** 2)


def surprise(observation: Observation, state: Floats) -> float:
    r"""Return how likely the prior makes an observation as far out as this one, or farther: its two-sided predictive p-value.

    Notes
    -----
    Box (1980), Sampling and Bayes' inference in scientific modelling and robustness, JRSS A 143(4):383-430, doi:10.2307/2982063; of a
    count the mid-p-value.

    Examples
    --------
    >>> surprise(Observation("energy", 100.0, 24.0, 0.1, 2), np.array([90.0, 110.0])) > 0.9
    True
    """
    if observation.column == "interruptions":
        count = observation.value
        below = 0.5 * (pdtr(count, state) + (pdtr(count - 1.0, state) if count else 0.0))
    else:
        with np.errstate(divide="ignore"):
            away = np.log(observation.value) - np.log(np.maximum(state, 0.0))
            below = ndtr(away / max(observation.error, _EXACT))
    share = float(np.mean(below))
    return 2.0 * min(share, 1.0 - share)


def distance(observation: Observation, state: Floats) -> float:
    """Return how many standard errors, of at least 2 %, the nearest draw lies from a total; of a count, sd of the draw's law."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if observation.column == "interruptions":
            away = np.abs(observation.value - state) / np.sqrt(np.maximum(state, 1.0))
        else:
            away = np.abs(np.log(observation.value) - np.log(np.maximum(state, 0.0))) / max(observation.error, _USUAL_ERROR)
    return float(np.min(away))
