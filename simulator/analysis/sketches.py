"""Draws that are counted and not kept: percentiles, ranks and moments from bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.tally import GREATEST, LEAF, LEAST, MEAN, NUMBER, SQUARES, bin_ends, bin_of, tally, weigh_leaves

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class CountedDraws:
    """Draws in ascending order, as far as bins tell: those of a bin are spread evenly over it.

    Attributes
    ----------
    lower, upper : ndarray, shape (bins,)
        Ends of the bins.
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
        at = np.asarray(places)
        at = np.where(at < 0, at + len(self), at)
        k = np.searchsorted(self.before, at, side="right") - 1
        share = (at - self.before[k] + 0.5) / (self.before[k + 1] - self.before[k])
        share = np.where(at == 0, 0.0, np.where(at == len(self) - 1, 1.0, share))  # the outermost are known
        with np.errstate(invalid="ignore"):  # of infinite ends
            inside = self.lower[k] + share * (self.upper[k] - self.lower[k])
        inside = np.where(np.isnan(inside), self.lower[k], inside)
        return (np.trunc(inside) if self.whole else inside)[()]


class Sketch:
    """Draws of several outputs, counted in bins.

    The result is the same however the draws come, as long as they come in order and in whole leaves.

    Parameters
    ----------
    outputs : int
    replicates : int
        Draw i belongs to replicate i % replicates.

    Attributes
    ----------
    draws : int
        Counted so far.
    """

    def __init__(self, outputs: int, replicates: int) -> None:
        self.draws = 0
        self._replicates = replicates
        self._moments = np.zeros((outputs, 5))
        self._moments[:, LEAST], self._moments[:, GREATEST] = np.inf, -np.inf
        self._sums = np.zeros((outputs, replicates, 2))
        self._lowest, self._sizes = np.zeros(outputs, dtype=np.int64), np.zeros(outputs, dtype=np.int64)
        self._counts = np.zeros(0, dtype=np.int64)
        self._whole = np.ones(outputs, dtype=np.bool_)

    def add(self, values: Floats) -> None:
        """Count the next draws.

        Parameters
        ----------
        values : ndarray, shape (outputs, draws)
            A multiple of ``kernels.tally.LEAF`` draws, but for the last time.
        """
        if self.draws % LEAF:
            raise ValueError(f"{self.draws} draws do not fill whole leaves of {LEAF}: none can follow")
        for k in np.flatnonzero(self._whole):
            self._whole[k] = np.all((values[k] == np.floor(values[k])) | np.isnan(values[k]))
        leaves = np.empty((len(values), -(-values.shape[1] // LEAF), 5))
        weigh_leaves(values, leaves)
        self._widen(
            np.minimum(self._moments[:, LEAST], leaves[:, :, LEAST].min(axis=1)),
            np.maximum(self._moments[:, GREATEST], leaves[:, :, GREATEST].max(axis=1)),
        )
        tally(values, self.draws, leaves, self._lowest, self._starts(), self._counts, self._moments, self._sums)
        self.draws += values.shape[1]

    def _starts(self) -> Integers:
        return np.append(0, np.cumsum(self._sizes * self._replicates))

    def _widen(self, least: Floats, greatest: Floats) -> None:
        """Make room for the bins from each output's least to its greatest draw."""
        bins = np.array([[bin_of(a), bin_of(z)] if a <= z else [0, 0] for a, z in zip(least, greatest, strict=True)])
        sizes = bins[:, 1] - bins[:, 0] + 1
        if np.array_equal(sizes, self._sizes):
            return
        parts = []
        for k, old in enumerate(np.split(self._counts, self._starts()[1:-1])):
            wider = np.zeros((self._replicates, sizes[k]), dtype=np.int64)
            first = self._lowest[k] - bins[k, 0]
            wider[:, first : first + self._sizes[k]] = old.reshape(self._replicates, -1)
            parts.append(wider.ravel())
        self._lowest, self._sizes, self._counts = bins[:, 0], sizes, np.concatenate(parts)

    def missing(self, output: int) -> int:
        """Return how many draws of an output were NaN."""
        return self.draws - int(self._moments[output, NUMBER])

    def moments(self, output: int) -> tuple[float, float]:
        """Return mean and sd of the draws of an output that are not NaN."""
        number, mean, squares = (float(self._moments[output, k]) for k in (NUMBER, MEAN, SQUARES))
        return mean, float(np.sqrt(squares / (number - 1.0))) if number > 1.0 else np.nan

    def ordered(self, output: int) -> CountedDraws:
        """Return the draws of an output that are not NaN."""
        return self._ordered(output, self._of(output).sum(axis=0))

    def by_replicate(self, output: int) -> list[tuple[CountedDraws, float]]:
        """Return the draws of each replicate that are not NaN and their mean; of those that have any."""
        parts = zip(self._of(output), self._sums[output].sum(axis=1), strict=True)
        ordered = [(self._ordered(output, counts), float(total)) for counts, total in parts]
        return [(draws, total / len(draws)) for draws, total in ordered if len(draws)]

    def _of(self, output: int) -> Integers:
        starts = self._starts()
        return self._counts[starts[output] : starts[output + 1]].reshape(self._replicates, -1)

    def _ordered(self, output: int, counts: Integers) -> CountedDraws:
        ends = bin_ends(self._lowest[output] + np.arange(counts.size))
        lower, upper = (np.clip(end, self._moments[output, LEAST], self._moments[output, GREATEST]) for end in ends)
        if counts.size:  # the outermost bins hold all that is beyond
            lower[0], upper[-1] = self._moments[output, LEAST], self._moments[output, GREATEST]
        return CountedDraws(lower, upper, np.append(0, np.cumsum(counts)), bool(self._whole[output]))
