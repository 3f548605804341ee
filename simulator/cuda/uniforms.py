"""Uniforms of one draw at a time: the streams of ``kernels.scores``, which fills lanes of many draws at once.

Parameters are those of the functions of the same names there, whose place these take where a group has one lane.
"""

from __future__ import annotations

import numpy as np

from simulator.jit import stage
from simulator.kernels.lanes import Floats, Words
from simulator.kernels.scores import APART
from simulator.stochastic.normal import signed_uniform
from simulator.stochastic.philox import philox4x32
from simulator.stochastic.sobol import sobol_word

_ZERO = np.uint64(0)


@stage
def random_uniforms(draw: int, key: np.uint64, out: Floats) -> None:
    """Write the uniform on (-1, 1) of one stream for one draw."""
    place = draw % (2 * APART)
    call = (draw - place) // 2 + place % APART
    a, b = philox4x32(np.uint64(call), _ZERO, key)
    out[0] = signed_uniform(a if place < APART else b)


@stage
def sobol_uniforms(draw: int, directions: Words, _words: Words, out: Floats) -> None:
    """Write the coordinate on (-1, 1) of one dimension of the scrambled sequences for one draw."""
    replicates = directions.shape[1]
    point = draw // replicates
    out[0] = signed_uniform(sobol_word(np.uint64(point), directions[:, draw - point * replicates]))
