"""Polynomials of one lane at a time: what ``kernels.registers`` does for several in registers.

Parameters are those of the function of the same name there, whose place this takes where a group has one lane.
"""

from __future__ import annotations

from simulator.jit import stage
from simulator.kernels.lanes import Floats, Integers
from simulator.stochastic.octaves import TERMS

FOUR = 1


@stage
def four_polynomials(rows: Integers, table: Floats, places: Floats, lower: float, upper: float, start: int, out: Floats) -> None:
    """Write the polynomial of one lane, held in [lower, upper]."""
    row, s = rows[start], places[start]
    even, odd = table[row, TERMS - 2], table[row, TERMS - 1]
    for k in range(TERMS - 4, -1, -2):
        even, odd = even * (s * s) + table[row, k], odd * (s * s) + table[row, k + 1]
    value = odd * s + even
    value = lower if value < lower else value
    out[start] = upper if value > upper else value
