"""Laws whose transform is normal: normal, lognormal (shifted) and logit-normal (scaled)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr

from simulator.stochastic.laws.base import Floats, Law


class Link(IntEnum):
    """How a transformed value becomes a value: x = t, lower + exp(t), or lower + width·logistic(t)."""

    IDENTITY = 0
    EXP = 1
    LOGISTIC = 2


@dataclass(frozen=True)
class AffineLaw(Law):
    """A law with x = link(mu + sigma z).

    Parameters
    ----------
    link : Link
        Identity gives the normal, exp the lognormal above ``lower``, logistic the logit-normal on
        (``lower``, ``upper``).
    mu, sigma : float
        Mean and standard deviation of the transformed value; sigma > 0.
    lower, upper : float
        Bounds of the support, where the link has them.
    """

    link: Link
    mu: float
    sigma: float
    lower: float = -math.inf
    upper: float = math.inf

    @property
    def support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @np.errstate(over="ignore")  # what is infinite is judged where a law is read
    def quantile(self, z: ArrayLike) -> Floats:
        t = self.mu + self.sigma * np.asarray(z, dtype=np.float64)
        if self.link is Link.EXP:
            return self.lower + np.exp(t)
        if self.link is Link.LOGISTIC:
            return np.asarray(self.lower + (self.upper - self.lower) * expit(t))
        return t

    def _score(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        with np.errstate(divide="ignore", over="ignore"):
            if self.link is Link.EXP:
                t = np.log(np.maximum(x - self.lower, 0.0))
            elif self.link is Link.LOGISTIC:
                t = np.log(np.maximum(x - self.lower, 0.0)) - np.log(np.maximum(self.upper - x, 0.0))
            else:
                t = x
            return np.asarray((t - self.mu) / self.sigma)

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(ndtr(self._score(x)))

    def sf(self, x: ArrayLike) -> Floats:
        return np.asarray(ndtr(-self._score(x)))
