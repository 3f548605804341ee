"""Draws of several outputs that are counted and not kept: bins and moments, merged from any parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.counted.bins import Bins
from simulator.analysis.counted.exact_sums import ExactSums, quotient
from simulator.kernels.tally import (
    ABOVE,
    BELOW,
    COLUMNS,
    GREATEST,
    LEAF,
    LEAST,
    NUMBER,
    SQUARES,
    TOTAL,
    WHOLE,
    multiply_leaves,
    tally,
    tally_replicates,
    weigh_leaves,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
        self._bins = Bins(outputs, 1, coarse=False)
        self._parts = Bins(outputs, replicates, coarse=True) if replicates > 1 else None
        self._whole = np.ones(outputs, dtype=np.bool_)
        self._infinite = np.zeros((outputs, 2), dtype=np.int64)  # below and above

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
        leaves = np.empty((len(values), -(-values.shape[1] // LEAF), len(COLUMNS)))
        weigh_leaves(values, leaves)
        self._whole &= np.all(leaves[:, :, WHOLE] == 1.0, axis=1)
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
            self._infinite[k] += np.count_nonzero(values[k] == -np.inf), np.count_nonzero(values[k] == np.inf)
        self._bins.widen(self._ends)
        tally(values, leaves, self._bins.rows, self._bins.starts, self._bins.counts)
        self._add_moments(values, leaves)
        if self._parts is not None:
            self._parts.widen(self._ends)
            sums = np.empty((len(values), leaves.shape[1], self._replicates))
            tally_replicates(values, first, self._parts.rows, self._parts.starts, self._parts.counts, sums)
            self._of_replicates.add(sums.transpose(0, 2, 1).reshape(-1, leaves.shape[1]))
        self.draws += values.shape[1]

    def merge(self, other: Sketch) -> None:
        """Count the draws that another has counted too: other draws of the same outputs."""
        self._stretch(other._ends)
        for own, others in ((self._bins, other._bins), (self._parts, other._parts)):
            if own is not None and others is not None:
                own.widen(self._ends)
                others.widen(self._ends)
                own.counts += others.counts
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

    def _stretch(self, ends: Floats) -> None:
        """Take in the ends of other draws."""
        for column, further in enumerate((np.minimum, np.maximum, np.maximum, np.minimum)):
            self._ends[:, column] = further(self._ends[:, column], ends[:, column])

    def missing(self, output: int) -> int:
        """Return how many draws of an output were NaN."""
        return self.draws - int(self._numbers[output])

    def moments(self, output: int) -> tuple[float, float]:
        """Return mean and sd of the draws of an output that are not NaN."""
        number, total = int(self._numbers[output]), self._totals.fraction(output)
        least, greatest = self._ends[output, :2].tolist()
        if number > 1 and least == greatest and np.isfinite(least):
            return least + 0.0, 0.0  # -0.0 is nought too
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

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return what is saved of it, see :class:`simulator.analysis.counted.sketch_rows.SketchRows`."""
        outputs = range(len(self._ends))
        rows, _, numbers, draws = _sparse(self._bins, outputs)
        mean, sd = np.array([self.moments(k) for k in outputs]).T
        found: dict[str, NDArray[Any]] = {
            "row_least": self._ends[:, 0] + 0.0,  # noughts of both signs are one, whichever comes first
            "row_greatest": self._ends[:, 1] + 0.0,
            "row_mean": mean,
            "row_sd": sd,
            "row_missing": self.draws - self._numbers,
            "row_below": self._infinite[:, 0],
            "row_beyond": self._infinite[:, 1],
            "row_whole": self._whole,
            "bin_row": rows,
            "bin_number": numbers,
            "bin_draws": draws,
        }
        if self._parts is not None:
            rows, replicates, numbers, draws = _sparse(self._parts, outputs)
            own = np.zeros((len(outputs), self._replicates))
            np.add.at(own, (rows, replicates), draws)
            with np.errstate(invalid="ignore"):  # a replicate of which nothing is known
                means = self._of_replicates.values().reshape(own.shape) / own
            found |= {"part_row": rows, "part_replicate": replicates, "part_number": numbers, "part_draws": draws}
            found["replicate_mean"] = means
        return found


def _sparse(bins: Bins, outputs: Sequence[int]) -> tuple[Integers, ...]:
    """Return output, replicate, number and draws of the bins that hold some."""
    columns: list[tuple[Integers, ...]] = []
    for k in outputs:
        counts = bins.of(k)
        replicate, at = np.nonzero(counts)
        columns.append((np.full(at.size, k), replicate, bins.numbers(k)[at], counts[replicate, at]))
    return tuple(np.concatenate(column) for column in zip(*columns, strict=True))
