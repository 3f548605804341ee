"""Any continuous scipy.stats distribution."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from simulator.stochastic.laws.base import SCORE_LIMIT, Floats, Law

_COARSE_LIMIT = 6.5  # where ppf(1 - q) has lost ten digits of q


class ScipyLaw(Law):
    """A frozen continuous scipy.stats distribution.

    Parameters
    ----------
    frozen : scipy.stats frozen distribution
        For example ``scipy.stats.beta(2, 5)``.
    kink : float, optional
        Score of the only place where the quantile function is not smooth.

    Notes
    -----
    The upper tail goes through ``isf``. Where scipy has only the generic ``isf``, which is
    ``ppf(1 - q)``, the tail is used up to z = 6.5 (probability 4e-11 beyond) and
    ``coarse`` says so; the same holds for a generic ``ppf`` in the lower tail.
    """

    def __init__(self, frozen: Any, *, kink: float | None = None) -> None:
        from scipy.stats import rv_continuous  # noqa: PLC0415 - takes a second, and many scenarios need none

        self.frozen, self.kink = frozen, kink
        kind = type(frozen.dist)
        self.coarse = kind._isf is rv_continuous._isf
        low = -_COARSE_LIMIT if kind._ppf is rv_continuous._ppf else -SCORE_LIMIT
        self.score_range = (low, _COARSE_LIMIT if self.coarse else SCORE_LIMIT)

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.frozen.support()
        return float(low), float(high)

    def quantile(self, z: ArrayLike) -> Floats:
        z = np.asarray(z, dtype=np.float64)
        upper = z > 0
        out = np.empty_like(z)
        with warnings.catch_warnings():  # of roots that are given up far out: noise, which a table judges
            warnings.filterwarnings("ignore", "Error in function boost", RuntimeWarning)
            out[~upper] = self.frozen.ppf(ndtr(z[~upper]))
            out[upper] = self.frozen.isf(ndtr(-z[upper]))
        return np.asarray(np.clip(out, *self.support))  # loguniform leaves it by a rounding

    def cdf(self, x: ArrayLike) -> Floats:
        return np.asarray(self.frozen.cdf(x))

    def sf(self, x: ArrayLike) -> Floats:
        return np.asarray(self.frozen.sf(x))
