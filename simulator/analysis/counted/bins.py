"""Counts of draws in bins, with room only for the bins between the outermost draws of each output."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.kernels.tally import COARSE, NEGATIVE, POSITIVE, SMALLEST, ZERO, bin_of, coarse_bin

_MOST = 2**30  # bytes of counts after the first draws; what those that follow add may be as much again, so that no run is lost late
_SMALL = 2**16 - 1  # the largest count of two bytes
_STEP = 1024  # fine bins that room is made for at a time, 6 % of a value: few draws lie further out than all before them by more

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: columns of the ends of an output's draws: the outermost, and those nearest to nought on either side
LOWEST, HIGHEST, BELOW_NOUGHT, ABOVE_NOUGHT = range(4)


class Bins:
    """Counts of draws by output, replicate and bin.

    Parameters
    ----------
    outputs, replicates : int
    coarse : bool
        Whether in coarse bins.

    Attributes
    ----------
    counts : ndarray of int64
        Output after output, in each replicate after replicate.
    rows : ndarray of int64, shape (outputs, 3)
        See :func:`simulator.kernels.tally.tally`.
    """

    def __init__(self, outputs: int, replicates: int, *, coarse: bool) -> None:
        self._replicates, self._coarse = replicates, coarse
        self.rows = np.tile(np.array([0, 1, -1]), (outputs, 1))
        self._sizes = np.ones(outputs, dtype=np.int64)
        self.counts = np.zeros(outputs * replicates, dtype=np.int64)

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process is sent: most counts are small, so that two bytes of each are, and the others beside them."""
        large = np.flatnonzero(self.counts >= _SMALL)
        small = np.minimum(self.counts, _SMALL).astype(np.uint16)
        return {**self.__dict__, "counts": small, "large": (large, self.counts[large])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        large, counts = state.pop("large")
        self.__dict__.update(state)
        self.counts = self.counts.astype(np.int64)
        self.counts[large] = counts

    @property
    def starts(self) -> Integers:
        """Where the counts of each output lie, shape (outputs + 1,)."""
        return np.append(0, np.cumsum(self._sizes * self._replicates))

    def of(self, output: int) -> Integers:
        """Return the counts of an output, shape (replicates, bins)."""
        starts = self.starts
        return self.counts[starts[output] : starts[output + 1]].reshape(self._replicates, -1)

    def numbers(self, output: int) -> Integers:
        """Return which bins those are."""
        return _numbers(self.rows[output], int(self._sizes[output]))

    def widen(self, ends: Floats) -> None:
        """Make room for the bins from each output's least to its greatest draw, those nearest to nought between them left out.

        What room is made follows from the ends alone, so that counts of the same ends can be added.

        Parameters
        ----------
        ends : ndarray, shape (outputs, 4)
            Columns LOWEST, HIGHEST, BELOW_NOUGHT, ABOVE_NOUGHT, which hold those of all earlier calls.
        """
        rows, sizes = np.empty_like(self.rows), np.empty_like(self._sizes)
        for k, (least, greatest, below, above) in enumerate(ends.tolist()):
            # of draws on one side of nought that are all infinite, none stands nearest to it
            positive, most = self._room(above, greatest) if greatest >= SMALLEST else (1, 0)
            negative, zero = self._room(-below, -least) if least <= -SMALLEST else (1, 0)
            rows[k] = zero, positive, -negative
            sizes[k] = zero + 1 + most
        if np.array_equal(sizes, self._sizes) and np.array_equal(rows, self.rows):
            return
        if 8 * int(sizes.sum()) * self._replicates > _MOST * (1 if self._sizes.max() == 1 else 2):
            raise InputError(
                f"counting {len(sizes)} outputs in {self._replicates} replicates would take more than {_MOST >> 30} GiB; "
                "use fewer replicates, or keep the draws (leave --summary out)"
            )
        wider, starts = np.zeros(int(sizes.sum()) * self._replicates, dtype=np.int64), np.append(0, np.cumsum(sizes * self._replicates))
        for k in range(len(sizes)):
            known, own = self.of(k), wider[starts[k] : starts[k + 1]].reshape(self._replicates, -1)
            if np.array_equal(rows[k], self.rows[k]) and own.shape == known.shape:
                own[:] = known
                continue
            there = known.any(axis=0)
            own[:, _places(rows[k], self.numbers(k)[there])] = known[:, there]
        self.rows, self._sizes, self.counts = rows, sizes, wider

    def _room(self, nearest: float, furthest: float) -> tuple[int, int]:
        """Return the lowest bin and the number of those that room is made for, for positive draws between two."""
        step = _STEP // COARSE if self._coarse else _STEP
        first, last = ((self._bin(x) - 1) // step for x in (nearest, furthest))
        return first * step + 1, (last - first + 1) * step

    def _bin(self, x: float) -> int:
        return coarse_bin(bin_of(x)) if self._coarse else bin_of(x)


def _numbers(bins: Integers, size: int) -> Integers:
    """Return the bins of a row's counts, in their order."""
    at = np.arange(size) - bins[ZERO]
    return np.where(at > 0, bins[POSITIVE] + at - 1, np.where(at < 0, bins[NEGATIVE] + at + 1, 0))


def _places(bins: Integers, numbers: Integers) -> Integers:
    """Return where bins stand among a row's counts: the inverse of :func:`_numbers`."""
    apart = np.where(numbers > 0, numbers - bins[POSITIVE] + 1, np.where(numbers < 0, numbers - bins[NEGATIVE] - 1, 0))
    return np.asarray(bins[ZERO] + apart)
