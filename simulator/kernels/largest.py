"""The largest value of an input among some draws, known before they are played out."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from simulator.jit import kernel
from simulator.kernels.inputs import InputTables, certain_inputs, draw_inputs, input_workspace
from simulator.kernels.lanes import LANES, Floats

_GROUPS = 32  # of lanes, by one thread at a time


@kernel
def run_largest(first: int, last: int, slot: int, tables: InputTables, largest: Floats) -> None:
    """Write the largest value of an input in groups of lanes ``first`` to ``last``, one for each _GROUPS of them; NaN apart."""
    for block in prange(largest.size):
        x, work = certain_inputs(tables), input_workspace(tables)
        most = -math.inf
        start = first + block * _GROUPS
        for group in range(start, min(start + _GROUPS, last + 1)):
            draw_inputs(group, tables, x, work)
            for i in range(LANES):
                value = x[slot * LANES + i]
                most = value if value > most else most
        largest[block] = most


def largest_drawn(tables: InputTables, slot: int, low: int, high: int) -> float:
    """Return the largest value that an input takes in draws ``low`` to ``high`` - 1, or in others of their groups of lanes."""
    first, last = low // LANES, (high - 1) // LANES
    largest = np.empty((last - first) // _GROUPS + 1)
    run_largest(first, last, slot, tables, largest)
    return float(largest.max())
