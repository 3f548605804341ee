"""The metalog family: a smooth law through any set of percentiles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_ndtr, ndtr

from simulator.stochastic.laws.base import SCORE_LIMIT, Floats, Law

_GRID = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, 4001)


def _basis(z: Floats, terms: int) -> Floats:
    """Return the metalog basis at Φ(z), shape z.shape + (terms,); Keelin 2016, equation 6."""
    logit = log_ndtr(z) - log_ndtr(-z)
    centred = ndtr(z) - 0.5
    columns = [np.ones_like(z), logit, centred * logit, centred]
    for term in range(4, terms):  # a5 (y-1/2)^2, a6 (y-1/2)^2 logit, a7 (y-1/2)^3, ...
        columns.append(centred ** (term // 2) * (logit if term % 2 else 1.0))
    return np.stack(columns[:terms], axis=-1)


class MetalogLaw(Law):
    """A metalog through given percentiles, unbounded, half-bounded or bounded.

    Parameters
    ----------
    scores : array_like, shape (k,)
        Normal scores of the percentiles, increasing, k >= 2.
    values : array_like, shape (k,)
        Their values, increasing, strictly inside the bounds.
    lower, upper : float
        Bounds: none, one (log metalog) or both (logit metalog).

    Raises
    ------
    ValueError
        Where no metalog with k terms is increasing through these percentiles.

    References
    ----------
    Keelin, T. W. (2016). The metalog distributions. Decision Analysis 13(4), 243-277.
    doi:10.1287/deca.2016.0338, equations 6, 14 and 17.
    """

    def __init__(self, scores: ArrayLike, values: ArrayLike, lower: float = -math.inf, upper: float = math.inf) -> None:
        self.lower, self.upper = lower, upper
        z = np.asarray(scores, dtype=np.float64)
        target = self._transform(np.asarray(values, dtype=np.float64))
        self.coefficients: Floats = np.asarray(np.linalg.solve(_basis(z, z.size), target), dtype=np.float64)
        if not np.all(np.diff(_basis(_GRID, z.size) @ self.coefficients) > 0):
            raise ValueError("no increasing metalog passes through these percentiles")

    def _transform(self, x: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            if math.isfinite(self.lower) and math.isfinite(self.upper):
                return np.asarray(np.log(np.maximum(x - self.lower, 0.0)) - np.log(np.maximum(self.upper - x, 0.0)))
            if math.isfinite(self.lower):
                return np.asarray(np.log(np.maximum(x - self.lower, 0.0)))
            if math.isfinite(self.upper):
                return np.asarray(-np.log(np.maximum(self.upper - x, 0.0)))
        return x

    @property
    def support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @np.errstate(over="ignore")  # what is infinite is judged where a law is read
    def quantile(self, z: ArrayLike) -> Floats:
        t = _basis(np.asarray(z, dtype=np.float64), self.coefficients.size) @ self.coefficients
        if math.isfinite(self.lower) and math.isfinite(self.upper):
            return np.asarray(self.lower + (self.upper - self.lower) * expit(t))
        if math.isfinite(self.lower):
            return np.asarray(self.lower + np.exp(t))
        if math.isfinite(self.upper):
            return np.asarray(self.upper - np.exp(-t))
        return np.asarray(t)

    def _score(self, x: ArrayLike) -> Floats:
        """Invert the quantile function by bisection; it has no closed inverse."""
        x = np.asarray(x, dtype=np.float64)
        low, high = np.full(x.shape, -40.0), np.full(x.shape, 40.0)
        target = self._transform(x)
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = _basis(middle, self.coefficients.size) @ self.coefficients < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(0.5 * (low + high))

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(ndtr(self._score(x)))

    def sf(self, x: ArrayLike) -> Floats:
        return np.asarray(ndtr(-self._score(x)))
