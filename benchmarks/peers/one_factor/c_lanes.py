"""C: ``one_factor.c``."""

from __future__ import annotations

import ctypes

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.compiled import load
from benchmarks.peers.one_factor.numpy_hours import FACTORS, HOURS, SEASONS

_LANES = 128  # of one_factor.c


def prepare(*, width: int) -> Draw:
    function = load("one_factor/one_factor.c", width=width, rounds=7).one_factor
    factors, seasons = np.array(FACTORS, dtype=np.float32), SEASONS.astype(np.float32)

    def draw(n: int) -> Columns:
        out = np.empty((2, -(-n // _LANES) * _LANES), dtype=np.float32)
        pointers = (ctypes.c_void_p(array.ctypes.data) for array in (factors, *seasons, *out))
        function(ctypes.c_long(out.shape[1]), ctypes.c_long(HOURS), *pointers)
        return {"price": out[0, :n], "carbon": out[1, :n]}

    return draw
