"""Sums without rounding, so that the order in which parts are added, and which, changes no bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LIMB = 32  # bits of a limb; an int64 has room for two to the 31 of them before one runs over
_LOWEST = -1126  # exponent of the lowest bit: that of the least double, less the bits of a mantissa that frexp shifts out
_LIMBS = (1024 - _LOWEST) // _LIMB + 2
_MASK = np.int64(2**_LIMB - 1)


class ExactSums:
    """Sums of doubles as integers of many limbs: adding is exact, hence associative and commutative.

    Parameters
    ----------
    rows : int
        Number of sums.

    Notes
    -----
    The small superaccumulator of Neal (2015), Fast exact summation using small and large superaccumulators, arXiv:1505.05571, without
    carries: a sum takes no more than two to the 30 values.

    Examples
    --------
    >>> sums = ExactSums(1)
    >>> sums.add(np.array([[1e300, 1.0, -1e300]]))
    >>> sums.values().tolist()
    [1.0]
    """

    def __init__(self, rows: int) -> None:
        self._limbs = np.zeros((rows, _LIMBS), dtype=np.int64)
        self._unknown = np.zeros(rows, dtype=np.bool_)  # rows that were given what is not finite

    def add(self, values: Floats) -> None:
        """Add values, shape (rows, n), to the sum of each row; NaN and infinities make it NaN."""
        finite = np.isfinite(values)
        self._unknown |= ~finite.all(axis=1)
        fraction, exponent = np.frexp(np.where(finite, values, 0.0))
        mantissa = np.ldexp(np.abs(fraction), 53).astype(np.int64)
        place, shift = np.divmod(exponent.astype(np.int64) - 53 - _LOWEST, _LIMB)
        place = np.where(mantissa == 0, 0, place)
        low, high = (mantissa & _MASK) << shift, (mantissa >> _LIMB) << shift
        sign = np.where(fraction < 0, -1, 1).astype(np.int64)
        row = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
        for step, part in enumerate((low & _MASK, (low >> _LIMB) + (high & _MASK), high >> _LIMB)):
            np.add.at(self._limbs, (row, place + step), sign * part)

    def merge(self, other: ExactSums) -> None:
        """Add the sums of others."""
        self._limbs += other._limbs
        self._unknown |= other._unknown

    def fraction(self, row: int) -> Fraction | None:
        """Return a sum itself; None where it is not known."""
        if self._unknown[row]:
            return None
        whole = sum(int(limb) << (_LIMB * k) for k, limb in enumerate(self._limbs[row]) if limb)
        return Fraction(whole) * Fraction(2) ** _LOWEST

    def values(self) -> Floats:
        """Return the sums, each rounded once; NaN where it is not known, infinite beyond the doubles."""
        return np.array([_rounded(self.fraction(row)) for row in range(len(self._limbs))])


def _rounded(total: Fraction | None) -> float:
    if total is None:
        return float("nan")
    try:
        return float(total)
    except OverflowError:
        return float("inf") if total > 0 else float("-inf")


def product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return products as sums of two doubles, exact but for underflow and overflow.

    Notes
    -----
    Dekker (1971), A floating-point technique for extending the available precision, Numer. Math. 18:224-242, doi:10.1007/BF01397083.

    Examples
    --------
    >>> high, low = product(np.array([1 + 2**-30]), np.array([1 + 2**-30]))
    >>> Fraction(high.item()) + Fraction(low.item()) == (1 + Fraction(1, 2**30)) ** 2
    True
    """
    with np.errstate(over="ignore", invalid="ignore"):
        high = a * b
        (a1, a2), (b1, b2) = _halves(a), _halves(b)
        return high, a2 * b2 - (((high - a1 * b1) - a2 * b1) - a1 * b2)


def quotient(a: Floats, b: Floats, divisor: Floats) -> tuple[Floats, Floats]:
    """Return a·b/divisor as sums of two doubles, to a relative 2e-32 or so.

    Examples
    --------
    >>> high, low = quotient(np.array([1.0]), np.array([1.0]), np.array([3.0]))
    >>> abs(float(Fraction(high.item()) + Fraction(low.item()) - Fraction(1, 3))) < 1e-32
    True
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        top, rest = product(a, b)
        high = top / divisor
        back, lost = product(high, divisor)
        return high, ((top - back) + (rest - lost)) / divisor


def _halves(x: Floats) -> tuple[Floats, Floats]:
    """Return the upper 26 bits of a mantissa and the rest."""
    shifted = 134217729.0 * x  # 2**27 + 1
    upper = shifted - (shifted - x)
    return upper, x - upper
