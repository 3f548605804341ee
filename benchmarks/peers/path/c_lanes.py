"""C: ``path.c``, by the package's midpoints or by recursion, with the package's tables of the zone."""

from __future__ import annotations

import ctypes

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.compiled import load
from benchmarks.peers.path.weather import FIRST, HOURS, process, zone
from simulator.kernels.zone_tables import LEVELS, hourly_tables

_Singles = ctypes.POINTER(ctypes.c_float)
_LANES = 128  # of path.c


class _Zone(ctypes.Structure):
    """As in path.c."""

    _fields_ = (
        *((name, ctypes.c_float * 2) for name in ("correlation", "own")),
        *((name, ctypes.c_float * LEVELS * 2) for name in ("neighbours", "noise")),
        *((name, ctypes.c_float * 2) for name in ("decay", "step")),
        *(("weights", ctypes.c_float * 2 * 2), ("tops", ctypes.c_float * 2), ("seasons", _Singles * 2), ("cells", _Singles * 2)),
        *((name, ctypes.c_uint64) for name in ("key", "first", "hours")),
    )


def prepare(*, algorithm: str, width: int) -> Draw:
    """Return ``midpoints`` or ``recursion``."""
    function = getattr(load("path/path.c", width=width, rounds=7), algorithm)
    tables, steps = hourly_tables(zone(257), first=FIRST, hours=HOURS, seed=0), process(257)
    seasons = np.ascontiguousarray(tables.seasons)
    height, before, knot, after = tables.cells.T
    cells = np.ascontiguousarray(np.stack([height - before * knot, before, knot, after - before], axis=1))
    z = _Zone(key=int(tables.key), first=FIRST, hours=HOURS)
    for k in range(2):  # fast and slow; price and carbon
        z.correlation[k], z.own[k], z.decay[k], z.step[k] = steps.correlation[k], steps.own[k], steps.decay[k], steps.step[k]
        z.weights[k][:] = tables.weights[k].tolist()
        z.tops[k] = tables.tops[k]
        z.neighbours[k][:], z.noise[k][:] = tables.midpoints[k, :, 0].tolist(), tables.midpoints[k, :, 1].tolist()
        z.seasons[k] = seasons[k].ctypes.data_as(_Singles)
        z.cells[k] = cells[int(tables.starts[k]) :].ctypes.data_as(_Singles)

    z.kept = (seasons, cells)  # alive as long as what points to them

    def draw(n: int) -> Columns:
        out = np.empty((2, -(-n // _LANES) * _LANES))
        pointers = (ctypes.c_void_p(row.ctypes.data) for row in out)
        function(ctypes.c_long(out.shape[1]), ctypes.byref(z), *pointers)
        return {"price": out[0, :n], "carbon": out[1, :n]}

    return draw
