"""Laws with finitely many values: discrete choice, empirical, and discrete scipy.stats laws."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from simulator.stochastic.laws.base import Floats, Law


class DiscreteLaw(Law):
    """Values with probabilities; the quantile function is an exact step search.

    Parameters
    ----------
    values : array_like, shape (k,)
        In any order; equal values are merged.
    weights : array_like, shape (k,), optional
        Non-negative, normalized here; equal weights where left out.

    Attributes
    ----------
    values, probabilities : ndarray, shape (m,)
        Increasing values and their probabilities.
    scores : ndarray, shape (m - 1,)
        Scores at which the quantile function steps to the next value, from whichever of
        P(X <= x) and P(X > x) is smaller.
    """

    def __init__(self, values: ArrayLike, weights: ArrayLike | None = None) -> None:
        raw = np.asarray(values, dtype=np.float64)
        mass = np.ones_like(raw) if weights is None else np.asarray(weights, dtype=np.float64)
        self.values, inverse = np.unique(raw[mass > 0], return_inverse=True)
        merged = np.bincount(inverse, weights=mass[mass > 0])
        self.probabilities = merged / merged.sum()
        self._cdf = np.minimum(np.cumsum(self.probabilities), 1.0)
        self._cdf[-1] = 1.0
        self._sf = np.append(np.cumsum(self.probabilities[::-1])[-2::-1], 0.0)
        lower, upper = self._cdf[:-1], self._sf[:-1]
        self.scores = np.where(lower <= 0.5, ndtri(np.minimum(lower, 0.5)), -ndtri(np.minimum(upper, 0.5)))

    @property
    def support(self) -> tuple[float, float]:
        return float(self.values[0]), float(self.values[-1])

    def quantile(self, z: ArrayLike) -> Floats:
        return self.values[np.searchsorted(self.scores, np.asarray(z, dtype=np.float64), side="left")]

    def cdf(self, x: ArrayLike) -> Floats:
        index = np.searchsorted(self.values, np.asarray(x, dtype=np.float64), side="right")
        return np.concatenate([[0.0], self._cdf])[index]

    def sf(self, x: ArrayLike) -> Floats:
        index = np.searchsorted(self.values, np.asarray(x, dtype=np.float64), side="right")
        return np.concatenate([[1.0], self._sf])[index]
