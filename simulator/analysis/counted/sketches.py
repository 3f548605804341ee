"""Draws that are counted and not kept: percentiles, ranks and moments from bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.counted.exact_sums import ExactSums, quotient
from simulator.errors import InputError
from simulator.kernels.tally import (
    ABOVE,
    BELOW,
    COLUMNS,
    GREATEST,
    LEAF,
    LEAST,
    NEGATIVE,
    NUMBER,
    POSITIVE,
    SMALLEST,
    SQUARES,
    TOTAL,
    ZERO,
    bin_ends,
    bin_of,
    multiply_leaves,
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

    The result is the same whichever draws are counted together and in which order, as long as they come in whole leaves.

    Parameters
    ----------
    outputs, replicates : int
        Draw i belongs to replicate i % replicates.
    paired : sequence of int
        Outputs whose correlations are told.

    Attributes
    ----------
    draws : int
        Counted so far.
    """

    def __init__(self, outputs: int, replicates: int, paired: Sequence[int] = ()) -> None:
        self.draws = 0
        self._replicates = replicates
        self._paired = np.array(paired, dtype=np.int64)
        self._pairs = {pair: k for k, pair in enumerate(combinations(paired, 2))}
        self._ends = np.tile([np.inf, -np.inf, -np.inf, np.inf], (outputs, 1))  # least, greatest, and nearest to nought below and above
        self._numbers = np.zeros(outputs, dtype=np.int64)
        self._totals = ExactSums(outputs)
        self._squares = ExactSums(outputs)
        self._products = ExactSums(len(self._pairs))
        self._of_replicates = ExactSums(outputs * replicates)
        self._bins = np.tile(np.array([0, 1, -1]), (outputs, 1))
        self._sizes = np.ones(outputs, dtype=np.int64)
        self._counts = np.zeros(outputs * replicates, dtype=np.int64)
        self._whole = np.ones(outputs, dtype=np.bool_)
        self._infinite = np.zeros(outputs, dtype=np.int64)

    def add(self, values: Floats, first: int) -> None:
        """Count draws.

        Parameters
        ----------
        values : ndarray, shape (outputs, draws)
            Whole leaves of ``kernels.tally.LEAF`` draws, but for the last of the plan.
        first : int
            Number of the first of them, a multiple of LEAF.
        """
        if first % LEAF:
            raise ValueError(f"draw {first} does not begin a leaf of {LEAF}")
        for k in np.flatnonzero(self._whole):
            self._whole[k] = np.all((values[k] == np.floor(values[k])) | np.isnan(values[k]))
        leaves = np.empty((len(values), -(-values.shape[1] // LEAF), len(COLUMNS)))
        weigh_leaves(values, leaves)
        self._stretch(
            np.stack(
                [
                    np.min(leaves[:, :, LEAST], 1),
                    np.max(leaves[:, :, GREATEST], 1),
                    np.max(leaves[:, :, BELOW], 1),
                    np.min(leaves[:, :, ABOVE], 1),
                ],
                axis=1,
            )
        )
        for k in np.flatnonzero(np.isinf(self._ends[:, :2]).any(axis=1)):
            self._infinite[k] += np.count_nonzero(np.isinf(values[k]))
        self._widen(*self._needed())
        sums = np.empty((len(values), leaves.shape[1], self._replicates))
        tally(values, first, leaves, self._bins, self._starts(), self._counts, sums)
        self._add_moments(values, leaves)
        if self._replicates > 1:
            self._of_replicates.add(sums.transpose(0, 2, 1).reshape(-1, leaves.shape[1]))
        self.draws += values.shape[1]

    def merge(self, other: Sketch) -> None:
        """Count the draws that another has counted too: other draws of the same outputs."""
        self._stretch(other._ends)
        bins, sizes = self._needed()
        self._widen(bins, sizes)
        other._widen(bins, sizes)
        self._counts += other._counts
        self._numbers += other._numbers
        self._infinite += other._infinite
        self._whole &= other._whole
        self._totals.merge(other._totals)
        self._squares.merge(other._squares)
        self._products.merge(other._products)
        self._of_replicates.merge(other._of_replicates)
        self.draws += other.draws

    def _add_moments(self, values: Floats, leaves: Floats) -> None:
        """Add the moments of leaves: their sums, and their squares about nought in parts that lose nothing."""
        number, total = leaves[:, :, NUMBER], leaves[:, :, TOTAL]
        self._numbers += number.sum(axis=1).astype(np.int64)
        known = np.maximum(number, 1.0)
        self._totals.add(total)
        self._squares.add(np.concatenate([leaves[:, :, SQUARES], *quotient(total, total, known)], axis=1))
        if self._pairs:
            own = np.empty((len(self._pairs), leaves.shape[1]))
            multiply_leaves(values, leaves, self._paired, own)
            left, right = np.array(list(self._pairs)).T
            self._products.add(np.concatenate([own, *quotient(total[left], total[right], known[left])], axis=1))

    def _starts(self) -> Integers:
        return np.append(0, np.cumsum(self._sizes * self._replicates))

    def _stretch(self, ends: Floats) -> None:
        """Take in the ends of other draws."""
        for column, further in enumerate((np.minimum, np.maximum, np.maximum, np.minimum)):
            self._ends[:, column] = further(self._ends[:, column], ends[:, column])

    def _needed(self) -> tuple[Integers, Integers]:
        """Return bins and sizes from each output's least to its greatest draw, those nearest to nought between them left out."""
        bins, sizes = np.empty_like(self._bins), np.empty_like(self._sizes)
        for k, (least, greatest, below, above) in enumerate(self._ends.tolist()):
            # of draws on one side of nought that are all infinite, none stands nearest to it
            positive, negative = (bin_of(above) if greatest >= SMALLEST else 1), (bin_of(below) if least <= -SMALLEST else -1)
            zero = negative - bin_of(least) + 1 if least <= -SMALLEST else 0
            bins[k] = zero, positive, negative
            sizes[k] = zero + 1 + (bin_of(greatest) - positive + 1 if greatest >= SMALLEST else 0)
        return bins, sizes

    def _widen(self, bins: Integers, sizes: Integers) -> None:
        """Make room for bins that hold those there are."""
        if np.array_equal(sizes, self._sizes) and np.array_equal(bins, self._bins):
            return
        if 8 * int(sizes.sum()) * self._replicates > _MOST:
            raise InputError(
                f"counting {len(sizes)} outputs in {self._replicates} replicates would take more than {_MOST >> 30} GiB; "
                "use fewer replicates, or keep the draws (leave --summary out)"
            )
        wider, starts = np.zeros(int(sizes.sum()) * self._replicates, dtype=np.int64), np.append(0, np.cumsum(sizes * self._replicates))
        for k, old in enumerate(np.split(self._counts, self._starts()[1:-1])):
            own, known = wider[starts[k] : starts[k + 1]].reshape(self._replicates, -1), old.reshape(self._replicates, -1)
            there = known.any(axis=0)
            own[:, _places(bins[k], _numbers(self._bins[k], self._sizes[k])[there])] = known[:, there]
        self._bins, self._sizes, self._counts = bins, sizes, wider

    def missing(self, output: int) -> int:
        """Return how many draws of an output were NaN."""
        return self.draws - int(self._numbers[output])

    def infinite(self, output: int) -> int:
        """Return how many draws of an output were infinite."""
        return int(self._infinite[output])

    def moments(self, output: int) -> tuple[float, float]:
        """Return mean and sd of the draws of an output that are not NaN."""
        number, total = int(self._numbers[output]), self._totals.fraction(output)
        squares = self._squares.fraction(output)
        if not number or total is None or squares is None:
            return np.nan, np.nan
        around = max(squares - total * total / number, Fraction(0))
        return float(total / number), float(np.sqrt(float(around / (number - 1)))) if number > 1 else np.nan

    def correlation(self, one: int, other: int) -> float:
        """Return the product-moment correlation of two paired outputs; NaN where a draw is, or one of them never changes."""
        products = self._products.fraction(self._pairs[min(one, other), max(one, other)])
        total, total_other = self._totals.fraction(one), self._totals.fraction(other)
        (_, sd), (_, sd_other) = self.moments(one), self.moments(other)
        if products is None or total is None or total_other is None or not sd * sd_other > 0.0 or self.missing(one) or self.missing(other):
            return np.nan
        around = products - total * total_other / self.draws
        return float(around / (self.draws - 1)) / (sd * sd_other)

    def ordered(self, output: int) -> CountedDraws:
        """Return the draws of an output that are not NaN."""
        return self._ordered(output, self._of(output).sum(axis=0))

    def by_replicate(self, output: int) -> list[tuple[CountedDraws, float]]:
        """Return the draws of each replicate that are not NaN and their mean; of those that have any."""
        totals = self._of_replicates.values().reshape(-1, self._replicates)[output]
        ordered = [(self._ordered(output, counts), float(total)) for counts, total in zip(self._of(output), totals, strict=True)]
        return [(draws, total / len(draws)) for draws, total in ordered if len(draws)]

    def _of(self, output: int) -> Integers:
        starts = self._starts()
        return self._counts[starts[output] : starts[output + 1]].reshape(self._replicates, -1)

    def _ordered(self, output: int, counts: Integers) -> CountedDraws:
        ends = bin_ends(_numbers(self._bins[output], counts.size))
        least, greatest = self._ends[output, :2]
        lower, upper = (np.clip(end, least, greatest) for end in ends)
        if counts.size:  # the outermost bins hold all that is beyond
            lower[0], upper[-1] = least, greatest
        return CountedDraws(lower, upper, np.append(0, np.cumsum(counts)), bool(self._whole[output]))


def _numbers(bins: Integers, size: int) -> Integers:
    """Return the bins of a row's counts, in their order."""
    at = np.arange(size) - bins[ZERO]
    return np.where(at > 0, bins[POSITIVE] + at - 1, np.where(at < 0, bins[NEGATIVE] + at + 1, 0))


def _places(bins: Integers, numbers: Integers) -> Integers:
    """Return where bins stand among a row's counts: the inverse of :func:`_numbers`."""
    apart = np.where(numbers > 0, numbers - bins[POSITIVE] + 1, np.where(numbers < 0, numbers - bins[NEGATIVE] - 1, 0))
    return np.asarray(bins[ZERO] + apart)
