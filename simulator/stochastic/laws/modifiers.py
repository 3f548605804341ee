"""Truncation (renormalized, never clipped into an atom) and rounding to whole numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from simulator.stochastic.laws.base import SCORE_LIMIT, Floats, Law


class TruncatedLaw(Law):
    """A law given that its value lies in [lower, upper].

    Parameters
    ----------
    law : Law
    lower, upper : float
        Bounds, lower < upper; infinite for none.

    Raises
    ------
    ValueError
        Where the law has no mass between the bounds.
    """

    def __init__(self, law: Law, lower: float, upper: float) -> None:
        self.law, self.lower, self.upper = law, lower, upper
        below = float(law.cdf(np.nextafter(lower, -math.inf))) if math.isfinite(lower) else 0.0
        above = float(law.sf(upper)) if math.isfinite(upper) else 0.0
        kept_by_cdf = float(law.cdf(upper)) - below if math.isfinite(upper) else 1.0 - below
        kept_by_sf = (float(law.sf(np.nextafter(lower, -math.inf))) if math.isfinite(lower) else 1.0) - above
        self._below, self._above = below, above
        self._kept = kept_by_cdf if below < 0.5 else kept_by_sf  # the difference of two small numbers keeps its digits
        if not self._kept > 1e-12:
            raise ValueError("no mass between the bounds")
        # where a bound cuts probability off, the tail ends inside the law's accurate range
        self.score_range = (
            -SCORE_LIMIT if below > 0 else law.score_range[0],
            SCORE_LIMIT if above > 0 else law.score_range[1],
        )

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.law.support
        return max(low, self.lower), min(high, self.upper)

    def quantile(self, z: ArrayLike) -> Floats:
        z = np.asarray(z, dtype=np.float64)
        p = self._below + ndtr(z) * self._kept
        q = self._above + ndtr(-z) * self._kept
        with np.errstate(divide="ignore"):
            score = np.where(p <= q, ndtri(np.minimum(p, 0.5)), -ndtri(np.minimum(q, 0.5)))
        return np.clip(self.law.quantile(score), *self.support)  # rounding only: the mass outside is gone

    def cdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        # what lies in one tail is counted from that tail's end
        share = self.law.cdf(x) - self._below if self._below < 0.5 else self._kept + self._above - self.law.sf(x)
        inside = np.clip(share / self._kept, 0.0, 1.0)
        return np.where(x < self.lower, 0.0, np.where(x >= self.upper, 1.0, inside))

    def sf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        share = self.law.sf(x) - self._above if self._above < 0.5 else self._kept + self._below - self.law.cdf(x)
        inside = np.clip(share / self._kept, 0.0, 1.0)
        return np.where(x < self.lower, 1.0, np.where(x >= self.upper, 0.0, inside))


class RoundedLaw(Law):
    """A law rounded to the nearest whole number, half up.

    Parameters
    ----------
    law : Law
        The law of the number before rounding.
    """

    def __init__(self, law: Law) -> None:
        self.law = law
        self.score_range = law.score_range

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.law.support
        # an open end at k + 1/2, as the excess laws of counts have it, rounds inwards
        first = math.floor(low + 0.5) if math.isfinite(low) else low
        last = math.ceil(high - 0.5) if math.isfinite(high) else high
        return first, last

    def quantile(self, z: ArrayLike) -> Floats:
        return np.floor(self.law.quantile(z) + 0.5)

    def cdf(self, x: ArrayLike) -> Floats:
        return self.law.cdf(np.nextafter(np.floor(np.asarray(x, dtype=np.float64)) + 0.5, -math.inf))

    def sf(self, x: ArrayLike) -> Floats:
        return self.law.sf(np.nextafter(np.floor(np.asarray(x, dtype=np.float64)) + 0.5, -math.inf))
