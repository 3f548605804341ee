"""Mixtures: with probability w_i the value comes from law i."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from simulator.stochastic.laws.base import Floats, Law
from simulator.stochastic.laws.discrete import DiscreteLaw


class MixtureLaw(Law):
    """A weighted mixture of laws, inverted as one distribution.

    Parameters
    ----------
    laws : sequence of Law
    weights : sequence of float
        Positive, normalized here.

    Notes
    -----
    The whole mixture is one quantile function of one score, so that its rank correlation with
    other inputs survives; drawing the component first would destroy it.
    """

    def __init__(self, laws: Sequence[Law], weights: Sequence[float]) -> None:
        self.laws = tuple(laws)
        total = float(sum(weights))
        self.weights = tuple(weight / total for weight in weights)
        self._atoms = np.unique([value for law in laws if isinstance(law, DiscreteLaw) for value in law.values])
        self.score_range = (max(law.score_range[0] for law in laws), min(law.score_range[1] for law in laws))

    @property
    def support(self) -> tuple[float, float]:
        return min(law.support[0] for law in self.laws), max(law.support[1] for law in self.laws)

    def quantile(self, z: ArrayLike) -> Floats:
        shape, z = np.shape(z), np.atleast_1d(np.asarray(z, dtype=np.float64))
        parts = np.stack([law.quantile(z) for law in self.laws])
        low, high = parts.min(axis=0), parts.max(axis=0)  # the quantile of a mixture lies between those of its parts
        lower_half = z <= 0
        p, q = ndtr(z), ndtr(-z)

        def reached(x: Floats, at: Any = ...) -> Any:
            return np.where(lower_half[at], self.cdf(x) >= p[at], self.sf(x) <= q[at])

        # halving towards an atom at 0 would pass through every power of two
        if self._atoms.size:
            index = np.where(
                lower_half,
                np.searchsorted(self.cdf(self._atoms), p),
                self._atoms.size - np.searchsorted(self.sf(self._atoms)[::-1], q, side="right"),
            )
            nearest = self._atoms[np.minimum(index, self._atoms.size - 1)]
            hit = (index < self._atoms.size) & ~reached(np.nextafter(nearest, -math.inf))
            low, high = np.where(hit, nearest, low), np.where(hit, nearest, high)
        for _ in range(1100):  # halving the gap of two doubles ends
            middle = 0.5 * low + 0.5 * high
            at = np.nonzero((middle > low) & (middle < high))
            if not at[0].size:
                break
            middle = middle[at]
            yes = reached(middle, at)
            low[at] = np.where(yes, low[at], middle)
            high[at] = np.where(yes, middle, high[at])
        return np.asarray(np.where(reached(low), low, high)).reshape(shape)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(sum(weight * law.cdf(x) for weight, law in zip(self.weights, self.laws, strict=True)))

    def sf(self, x: ArrayLike) -> Floats:
        return np.asarray(sum(weight * law.sf(x) for weight, law in zip(self.weights, self.laws, strict=True)))
