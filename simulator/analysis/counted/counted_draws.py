"""Draws in order, as far as the bins tell in which they were counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.samples import Largest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class CountedDraws:
    """Draws in ascending order, as far as bins tell: those of a bin are spread evenly over it.

    Attributes
    ----------
    lower, upper : ndarray, shape (bins,)
        Ends of the bins that hold draws; where all draws are whole numbers, the outermost of those.
    before : ndarray of int64, shape (bins + 1,)
        Draws below each bin, and of all.
    whole : bool
        Whether all of them are whole numbers.
    """

    lower: Floats
    upper: Floats
    before: Integers
    whole: bool = False

    def __len__(self) -> int:
        return int(self.before[-1])

    def __getitem__(self, places: Any) -> Any:
        """Return draws by their places, as a sorted array does."""
        if isinstance(places, slice):
            places = np.arange(*places.indices(len(self)))
        return self._told(*self._found(places))

    def errors(self, places: Any) -> Any:
        """Return how far each draw may lie from what is told of it, by its place; the outermost are known."""
        at, k = self._found(places)
        told = self._told(at, k)
        with np.errstate(invalid="ignore"):  # of infinite ends
            apart = np.fmax(told - self.lower[k], self.upper[k] - told)
        return np.where((at == 0) | (at == len(self) - 1) | (self.lower[k] == self.upper[k]), 0.0, apart)[()]

    def above(self, values: Floats) -> tuple[Floats, Floats]:
        """Return how many draws are above each value, those of a bin that it cuts spread evenly, and by how many that may be wrong."""
        k = np.minimum(np.searchsorted(self.upper, values, side="right"), len(self.lower) - 1)
        lower, upper, draws = self.lower[k], self.upper[k], self.before[k + 1] - self.before[k]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(values >= upper, 1.0, np.where(values < lower, 0.0, (values - lower) / (upper - lower)))
        share = np.where(np.isnan(share), 0.0, share)  # minus infinity in a bin that begins there
        cut = (values >= lower) & (values < upper)
        return len(self) - self.before[k] - share * draws, np.where(cut, np.maximum(share, 1.0 - share) * draws, 0.0)

    def largest(self, count: int) -> Largest:
        """Return so many of the largest draws, by bin."""
        place = len(self) - count
        k = max(int(np.searchsorted(self.before, place, side="right")) - 1, 0)
        lower, upper, draws = self.lower[k:], self.upper[k:], np.diff(self.before[k:]).astype(np.float64)
        taken = draws.copy()
        taken[:1] = self.before[k + 1 : k + 2] - place  # of the bin that is cut, the upper part
        with np.errstate(invalid="ignore"):
            middle = upper - 0.5 * taken / draws * (upper - lower)
        middle = np.where(np.isnan(middle) | (lower == upper), lower, middle)
        values = np.trunc(middle) if self.whole else middle
        with np.errstate(invalid="ignore"):
            errors = np.where(lower == upper, 0.0, np.maximum(values - lower, upper - values))
        return Largest(values, taken, errors)

    def _found(self, places: Any) -> tuple[Integers, Integers]:
        """Return places, counted from the front, and their bins."""
        at = np.asarray(places)
        at = np.where(at < 0, at + len(self), at)
        return at, np.searchsorted(self.before, at, side="right") - 1

    def _told(self, at: Integers, k: Integers) -> Any:
        share = (at - self.before[k] + 0.5) / (self.before[k + 1] - self.before[k])
        share = np.where(at == 0, 0.0, np.where(at == len(self) - 1, 1.0, share))  # the outermost are known
        with np.errstate(invalid="ignore"):  # of infinite ends
            inside = self.lower[k] + share * (self.upper[k] - self.lower[k])
        inside = np.where(np.isnan(inside), self.lower[k], inside)
        return (np.trunc(inside) if self.whole else inside)[()]


def counted_draws(
    numbers: Integers,
    draws: Integers,
    ends: tuple[float, float],
    outermost: tuple[int, int],
    *,
    whole: bool,
    infinite: tuple[int, int] = (0, 0),
    coarse: bool = False,
) -> CountedDraws:
    """Return draws by the bins that hold some.

    Parameters
    ----------
    numbers, draws : ndarray of int64, shape (bins,)
        Which bins, ascending, and how many draws each holds.
    ends : tuple of float
        The least and the greatest draw, of all replicates: what lies beyond the range of bins is counted in the last ones.
    outermost : tuple of int
        Which bins those lie in.
    whole : bool
        Whether all draws are whole numbers.
    infinite : tuple of int
        How many are known to be minus, and plus, infinity: they share their bins with magnitudes above 1e60.
    coarse : bool
        Whether the bins are coarse.

    Examples
    --------
    >>> from simulator.kernels.tally import bin_of
    >>> bins = bin_of(3.0), bin_of(5.0)
    >>> draws = counted_draws(np.array(bins), np.array([1, 2]), (3.0, 5.0), bins, whole=True)
    >>> draws[:].tolist(), draws.above(np.array([4.0]))[0].tolist()
    ([3.0, 5.0, 5.0], [2.0])
    """
    from simulator.kernels.tally import bin_ends  # noqa: PLC0415 - the compiler is loaded where counts are read

    lower, upper = (np.clip(side, *ends) for side in bin_ends(numbers, coarse=coarse))
    lower[numbers == outermost[0]], upper[numbers == outermost[1]] = ends
    if infinite[0] and infinite[0] == draws[0]:
        upper[0] = -np.inf
    if infinite[1] and infinite[1] == draws[-1]:
        lower[-1] = np.inf
    if whole:
        lower, upper = np.ceil(lower), np.floor(upper)
    return CountedDraws(lower, upper, np.append(0, np.cumsum(draws)), whole)
