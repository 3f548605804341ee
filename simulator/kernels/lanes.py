"""How many draws are computed side by side, and copying between lanes and columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.jit import stage

LANES = 256  # draws whose inputs are drawn together
WIDTH = 128  # of them played out side by side in time, and settled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


@stage
def copy(source: Floats, start: int, target: Floats, column: int, count: int) -> None:
    """Copy ``count`` values from ``source[start:]`` to ``target[column:]``."""
    here, there = np.uint64(start), np.uint64(column)  # a signed place might count from the end, and each would be asked
    for i in range(count):
        target[there + np.uint64(i)] = source[here + np.uint64(i)]


@stage
def spread(values: Floats, width: int, rows: Floats) -> None:
    """Write each value into a row of ``width`` lanes."""
    for k in range(values.size):
        value, start = values[k], np.uint64(k * width)
        for i in range(width):
            rows[start + np.uint64(i)] = value


@stage
def add(source: Floats, start: int, target: Floats, place: int) -> None:
    """Add WIDTH values from ``source[start:]`` to ``target[place:]``."""
    here, there = np.uint64(start), np.uint64(place)
    for i in range(WIDTH):
        target[there + np.uint64(i)] += source[here + np.uint64(i)]
