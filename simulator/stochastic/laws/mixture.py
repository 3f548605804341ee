"""Mixtures: with probability w_i the value comes from law i."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from simulator.stochastic.laws.base import Floats, Law


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
        self.score_range = (max(law.score_range[0] for law in laws), min(law.score_range[1] for law in laws))

    @property
    def support(self) -> tuple[float, float]:  # noqa: D102
        return min(law.support[0] for law in self.laws), max(law.support[1] for law in self.laws)

    def quantile(self, z: ArrayLike) -> Floats:  # noqa: D102
        z = np.asarray(z, dtype=np.float64)
        parts = np.stack([law.quantile(z) for law in self.laws])
        low, high = parts.min(axis=0), parts.max(axis=0)  # the quantile of a mixture lies between those of its parts
        lower_half = z <= 0
        p, q = ndtr(z), ndtr(-z)
        for _ in range(1100):  # halving the gap of two doubles ends
            middle = 0.5 * low + 0.5 * high
            inside = (middle > low) & (middle < high)
            if not inside.any():
                break
            reached = np.where(lower_half, self.cdf(middle) >= p, self.sf(middle) <= q)
            low = np.where(inside & ~reached, middle, low)
            high = np.where(inside & reached, middle, high)
        at_low = np.where(lower_half, self.cdf(low) >= p, self.sf(low) <= q)
        return np.asarray(np.where(at_low, low, high))

    def cdf(self, x: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(sum(weight * law.cdf(x) for weight, law in zip(self.weights, self.laws, strict=True)))

    def sf(self, x: ArrayLike) -> Floats:  # noqa: D102
        return np.asarray(sum(weight * law.sf(x) for weight, law in zip(self.weights, self.laws, strict=True)))
