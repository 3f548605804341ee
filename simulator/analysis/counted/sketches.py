"""Draws that are counted and not kept: percentiles, ranks and moments from bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.kernels.tally import (
    ABOVE,
    BELOW,
    COLUMNS,
    GREATEST,
    LEAF,
    LEAST,
    MEAN,
    NEGATIVE,
    NUMBER,
    POSITIVE,
    SMALLEST,
    SQUARES,
    ZERO,
    bin_ends,
    bin_of,
    tally,
    weigh_leaves,
)

_MOST = 2**30  # bytes of counts

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
        self._moments = np.zeros((outputs, len(COLUMNS)))
        self._moments[:, [LEAST, ABOVE]], self._moments[:, [GREATEST, BELOW]] = np.inf, -np.inf
        self._sums = np.zeros((outputs, replicates, 2))
        self._bins = np.tile(np.array([0, 1, -1]), (outputs, 1))
        self._sizes = np.ones(outputs, dtype=np.int64)
        self._counts = np.zeros(outputs * replicates, dtype=np.int64)
        self._whole = np.ones(outputs, dtype=np.bool_)
        self._infinite = np.zeros(outputs, dtype=np.int64)

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
        leaves = np.empty((len(values), -(-values.shape[1] // LEAF), len(COLUMNS)))
        weigh_leaves(values, leaves)
        for column in (LEAST, ABOVE):
            self._moments[:, column] = np.minimum(self._moments[:, column], leaves[:, :, column].min(axis=1))
        for column in (GREATEST, BELOW):
            self._moments[:, column] = np.maximum(self._moments[:, column], leaves[:, :, column].max(axis=1))
        for k in np.flatnonzero(np.isinf(self._moments[:, [LEAST, GREATEST]]).any(axis=1)):
            self._infinite[k] += np.count_nonzero(np.isinf(values[k]))
        self._widen()
        tally(values, self.draws, leaves, self._bins, self._starts(), self._counts, self._moments, self._sums)
        self.draws += values.shape[1]

    def _starts(self) -> Integers:
        return np.append(0, np.cumsum(self._sizes * self._replicates))

    def _widen(self) -> None:
        """Make room for the bins from each output's least to its greatest draw, those nearest to nought between them left out."""
        bins, sizes = np.empty_like(self._bins), np.empty_like(self._sizes)
        for k, row in enumerate(self._moments):
            least, greatest, below, above = (float(row[column]) for column in (LEAST, GREATEST, BELOW, ABOVE))
            # of draws on one side of nought that are all infinite, none stands nearest to it
            positive, negative = (bin_of(above) if greatest >= SMALLEST else 1), (bin_of(below) if least <= -SMALLEST else -1)
            zero = negative - bin_of(least) + 1 if least <= -SMALLEST else 0
            bins[k] = zero, positive, negative
            sizes[k] = zero + 1 + (bin_of(greatest) - positive + 1 if greatest >= SMALLEST else 0)
        if np.array_equal(sizes, self._sizes) and np.array_equal(bins, self._bins):
            return
        if 8 * int(sizes.sum()) * self._replicates > _MOST:
            raise InputError(
                f"counting {len(sizes)} outputs in {self._replicates} replicates would take more than {_MOST >> 30} GiB; "
                "use fewer replicates, or keep the draws (leave --summary out)"
            )
        parts = []
        for k, old in enumerate(np.split(self._counts, self._starts()[1:-1])):
            wider, known = np.zeros((self._replicates, sizes[k]), dtype=np.int64), old.reshape(self._replicates, -1)
            there = known.any(axis=0)
            wider[:, _places(bins[k], _numbers(self._bins[k], self._sizes[k])[there])] = known[:, there]
            parts.append(wider.ravel())
        self._bins, self._sizes, self._counts = bins, sizes, np.concatenate(parts)

    def missing(self, output: int) -> int:
        """Return how many draws of an output were NaN."""
        return self.draws - int(self._moments[output, NUMBER])

    def infinite(self, output: int) -> int:
        """Return how many draws of an output were infinite."""
        return int(self._infinite[output])

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
        ends = bin_ends(_numbers(self._bins[output], counts.size))
        lower, upper = (np.clip(end, self._moments[output, LEAST], self._moments[output, GREATEST]) for end in ends)
        if counts.size:  # the outermost bins hold all that is beyond
            lower[0], upper[-1] = self._moments[output, LEAST], self._moments[output, GREATEST]
        return CountedDraws(lower, upper, np.append(0, np.cumsum(counts)), bool(self._whole[output]))


def _numbers(bins: Integers, size: int) -> Integers:
    """Return the bins of a row's counts, in their order."""
    at = np.arange(size) - bins[ZERO]
    return np.where(at > 0, bins[POSITIVE] + at - 1, np.where(at < 0, bins[NEGATIVE] + at + 1, 0))


def _places(bins: Integers, numbers: Integers) -> Integers:
    """Return where bins stand among a row's counts: the inverse of :func:`_numbers`."""
    apart = np.where(numbers > 0, numbers - bins[POSITIVE] + 1, np.where(numbers < 0, numbers - bins[NEGATIVE] - 1, 0))
    return np.asarray(bins[ZERO] + apart)
