"""Means over windows of calendar hours that a history may lack some of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def window_sd(hours: Integers, values: Floats, window: int) -> Floats:
    """Return the sd of each row's means over windows of so many calendar hours, which start a day apart or less.

    Windows with fewer hours than four fifths of the fullest are left out.
    """
    at = hours - hours[0]
    length = int(at[-1]) + 1
    grid = np.zeros((len(values) + 1, length + 1))
    grid[0, at + 1] = 1.0
    grid[1:, at + 1] = values
    sums = np.cumsum(grid, axis=1)
    starts = np.arange(0, length - window + 1, min(window, 24))
    counts = np.round(sums[0, starts + window] - sums[0, starts])
    full = counts >= 0.8 * np.max(counts)
    starts, counts = starts[full], counts[full]
    spread: Floats = np.std((sums[1:, starts + window] - sums[1:, starts]) / counts, axis=1)
    return spread
