"""Values straight from uniforms in lanes: the look-up in the tables of ``stochastic.octaves``."""

from __future__ import annotations

import numpy as np

from simulator.jit import stage, wide_vectors
from simulator.kernels.lanes import LANES, Floats, Integers
from simulator.kernels.registers import FOUR, four_polynomials
from simulator.stochastic.octaves import cell_of


@stage
def values_of_uniforms(uniforms: Floats, cells: Floats, rounded: int, lower: float, upper: float, out: Floats, where: Integers) -> None:
    """Write the values at uniforms on (-1, 1).

    Parameters
    ----------
    uniforms, out : ndarray, shape (LANES,)
    cells : ndarray, shape (2 * SIDE, TERMS)
    rounded : int
        Whether values are rounded to whole numbers, half up.
    lower, upper : float
        Support, which values never leave.
    where : ndarray of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    for i in range(LANES):
        where[i], out[i] = cell_of(uniforms[i])
    for i in range(np.uint64(0), np.uint64(LANES), np.uint64(FOUR)):
        four_polynomials(where, cells, out, lower, upper, i, out)
    if rounded:
        for i in range(LANES):
            x = np.floor(out[i] + 0.5)  # math.floor makes an integer
            x = lower if x < lower else x
            out[i] = upper if x > upper else x
