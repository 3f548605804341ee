"""A sketch as it is saved among the bands: columns of the bins that hold draws, and of what is known of each of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.counted.counted_draws import CountedDraws, counted_draws
from simulator.analysis.samples import Parts, Sample, plan_of
from simulator.errors import InputError

Columns = Mapping[str, NDArray[Any]]

_OF_ROWS: Mapping[str, tuple[tuple[str, ...], type, str, str | None]] = {  # name: (dims, dtype, long_name, units)
    "row_least": (("row",), np.float64, "least draw of a row of the sketch, in the unit of its output", None),
    "row_greatest": (("row",), np.float64, "greatest draw", None),
    "row_mean": (("row",), np.float64, "mean of the draws that are not NaN, whether or not one exists", None),
    "row_sd": (("row",), np.float64, "their standard deviation", None),
    "row_missing": (("row",), np.int64, "draws that are NaN", "1"),
    "row_below": (("row",), np.int64, "draws that are minus infinity", "1"),
    "row_beyond": (("row",), np.int64, "draws that are plus infinity", "1"),
    "row_whole": (("row",), np.int8, "1 where all draws are whole numbers", "1"),
    "bin_row": (("bin",), np.int32, "row of the sketch that a bin belongs to", "1"),
    "bin_number": (("bin",), np.int32, "number of the bin: 16384 to an octave of values, 0 of nought, negative of negative values", "1"),
    "bin_draws": (("bin",), np.int64, "draws in the bin", "1"),
}
_OF_REPLICATES: Mapping[str, tuple[tuple[str, ...], type, str, str | None]] = {
    "part_row": (("part",), np.int32, "row of the sketch that a replicate's bin belongs to", "1"),
    "part_replicate": (("part",), np.int32, "replicate of the Sobol' points", "1"),
    "part_number": (("part",), np.int32, "number of the coarse bin: 1024 to an octave of values", "1"),
    "part_draws": (("part",), np.int64, "draws of the replicate in the bin", "1"),
    "replicate_mean": (("row", "replicate"), np.float64, "mean of a replicate's draws that are not NaN", None),
}


def is_counted(results: xr.Dataset) -> bool:
    """Whether a result holds bands whose draws were counted, with the counts."""
    return "bin_draws" in results


class SketchRows:
    """Rows of a sketch, one for each output with values of its own.

    Parameters
    ----------
    columns : mapping of str to ndarray
        As they are saved, bins in the order of rows, replicates and numbers.
    plan : str
    replicates, draws : int
    """

    def __init__(self, columns: Columns, plan: str, replicates: int, draws: int) -> None:
        self._columns, self._plan, self._replicates, self._draws = columns, plan, replicates, draws

    @classmethod
    def of_bands(cls, bands: xr.Dataset) -> SketchRows:
        """Read the rows that bands hold.

        Raises
        ------
        InputError
            Where counts are missing, or fewer draws are counted than the bands tell of.
        """
        draws = int(bands.attrs["draws"])
        columns = {name: bands[name].values for name in (*_OF_ROWS, *_OF_REPLICATES) if name in bands}
        if lacking := [name for name in _OF_ROWS if name not in columns]:
            raise InputError(f"these bands lack {', '.join(lacking)} of the counts they are read from; run again with --summary")
        held = np.bincount(columns["bin_row"], columns["bin_draws"], minlength=len(columns["row_missing"])) + columns["row_missing"]
        if not np.all(held == draws):
            raise InputError(f"these bands tell of {draws} draws, and their bins do not hold as many; run again with --summary")
        return cls(columns, *plan_of(bands.attrs, draws), draws)

    def variables(self) -> dict[str, xr.Variable]:
        """Return the columns as variables, compressed where they are written to a file that is not so by itself."""
        found = {}
        for name, (dims, dtype, meaning, unit) in (*_OF_ROWS.items(), *_OF_REPLICATES.items()):
            if name in self._columns:
                told = {"long_name": meaning} | ({"units": unit} if unit else {})
                small = {"zlib": True, "complevel": 4, "shuffle": True}
                found[name] = xr.Variable(dims, self._columns[name].astype(dtype), told, encoding=small)
        return found

    def sample(self, row: int) -> Sample:
        """Return the draws of a row."""
        infinite = int(self._columns["row_below"][row]), int(self._columns["row_beyond"][row])
        mean, sd = (float(self._columns[name][row]) for name in ("row_mean", "row_sd"))
        (ordered,) = self._ordered("bin", row, infinite)

        def parts() -> Parts:
            if "part_row" not in self._columns:
                return [(ordered, mean)] if len(ordered) else []
            found, means = self._ordered("part", row), self._columns["replicate_mean"][row]
            return [(draws, float(own)) for draws, own in zip(found, means, strict=True) if len(draws)]

        return Sample(self._plan, self._replicates, self._draws, ordered, infinite, lambda: (mean, sd), cache(parts), counted=True)

    def _ordered(self, kind: str, row: int, infinite: tuple[int, int] = (0, 0)) -> list[CountedDraws]:
        """Return the draws of a row, in bins of all or in those of each replicate."""
        begin, end = np.searchsorted(self._columns[f"{kind}_row"], [row, row + 1])
        numbers = self._columns[f"{kind}_number"][begin:end].astype(np.int64)
        draws = self._columns[f"{kind}_draws"][begin:end]
        ends = float(self._columns["row_least"][row]), float(self._columns["row_greatest"][row])
        outermost = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, 0)
        whole, cuts = bool(self._columns["row_whole"][row]), [0, numbers.size]
        if coarse := kind == "part":
            cuts = list(np.searchsorted(self._columns["part_replicate"][begin:end], np.arange(self._replicates + 1)))
        return [
            counted_draws(numbers[low:high], draws[low:high], ends, outermost, whole=whole, infinite=infinite, coarse=coarse)
            for low, high in pairwise(cuts)
        ]
