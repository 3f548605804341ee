"""What every law can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SCORE_LIMIT = 8.3  # the scores of streams reach |z| = 8.21


class Law(ABC):
    """A probability distribution of one real number."""

    #: scores between which ``quantile`` is accurate to rounding
    score_range: tuple[float, float] = (-SCORE_LIMIT, SCORE_LIMIT)
    #: score of the only place where ``quantile`` is known not to be smooth
    kink: float | None = None

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest and largest value; may be infinite."""

    @abstractmethod
    def quantile(self, z: ArrayLike) -> Floats:
        """Return the quantile at probability Φ(z).

        Working in scores keeps both tails: 1 − Φ(9) is representable, Φ(9) is not.

        Parameters
        ----------
        z : array_like
            Standard-normal scores, any shape.

        Returns
        -------
        ndarray of float64
            Values, same shape, non-decreasing in ``z``.
        """

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x)."""

    @abstractmethod
    def sf(self, x: ArrayLike) -> Floats:
        """Return P(X > x)."""
