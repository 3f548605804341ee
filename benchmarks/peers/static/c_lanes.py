"""C: ``static.c``, with quantile functions as tables of cubics."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.compiled import load
from benchmarks.peers.static.inputs import CERTAIN, LATENT, LAWS, PAIR
from benchmarks.peers.static.model import OUTPUTS
from benchmarks.peers.static.scipy_sobol import frozen
from simulator.stochastic.streams import stream_key

_OCTAVES, _PER_OCTAVE, _SIDE = 40, 32, 2048  # of static.c

Floats = NDArray[np.float64]


def _cells(law: Any) -> Floats:
    """Return a law's quantile function as static.c looks it up, shape (2 * _SIDE, 4): cubics through Chebyshev points of each cell.

    The first side is the upper one; q, the distance of a uniform on (-1, 1) from its nearer end, is twice the tail's probability.
    """
    nodes = (0.5 - 0.5 * np.cos(np.pi * (np.arange(4) + 0.5) / 4)) / _PER_OCTAVE
    to_powers = np.linalg.inv(np.vander(nodes, 4, increasing=True)).T
    octave, place = np.divmod(np.arange(_OCTAVES * _PER_OCTAVE), _PER_OCTAVE)
    tail = 0.5 * 2.0 ** (octave - _OCTAVES)[:, None] * (1.0 + (place / _PER_OCTAVE)[:, None] + nodes)
    cells = np.zeros((2 * _SIDE, 4))
    for side, quantile in enumerate((law.isf, law.ppf)):
        cells[side * _SIDE : side * _SIDE + len(tail)] = quantile(tail) @ to_powers
    return cells


def _parameters(family: str, p: Mapping[str, float]) -> tuple[float, ...]:
    """Return what static.c reads of a law that it does not look up."""
    if family == "logit_normal":
        return p["mu"], p["sigma"], p["low"], p["high"] - p["low"]
    if family == "uniform":
        return 0.5 * (p["low"] + p["high"]), 0.5 * (p["high"] - p["low"]), 0.0, 0.0
    return 0.0, 0.0, 0.0, 0.0


def _constants() -> Floats:
    c = {name: value for name, (_, value) in CERTAIN.items()}
    devices, per_node = c["accelerators"], c["accelerators_per_node"]
    fleet = devices / c["fleet_utilization"]
    return np.array(
        [
            *(LATENT, math.sqrt(1.0 - LATENT * LATENT)),
            *(math.ceil(devices / per_node) / 24_000.0, 6.0 * c["params"] / (c["peak_flops"] * 3600.0) / devices),
            *(devices, devices * c["tdp"] / 1000.0, -c["depreciation_rate"] * math.log(10.0) / 8766.0),
            *(fleet * c["server_price_ratio"], c["interconnect_share"] / (1.0 - c["interconnect_share"]), fleet),
            *(c["embodied_accelerator"], c["embodied_server"] / per_node, c["wue_on"], c["wue_off"]),
        ]
    )


def prepare(*, width: int, rounds: int) -> Draw:
    library = load("static/static.c", width=width, rounds=rounds)
    looked_up = [stats.norm(), *(frozen(family, p) for name, (_, family, p) in LAWS.items() if name not in PAIR)]
    cells = np.stack([_cells(law) for law in looked_up])
    parameters = np.array([_parameters(family, p) for _, family, p in LAWS.values()])
    keys = np.array([stream_key(seed=1, purpose="draw", name=name) for name in LAWS], dtype=np.uint64)
    read = (keys, cells, parameters, _constants())
    x, y = np.empty((len(LAWS), 0)), np.empty((len(OUTPUTS), 0))

    def draw(n: int) -> Columns:
        nonlocal x, y
        whole = -(-n // 128) * 128  # lanes are always full
        if x.shape[1] != whole:
            x, y = np.zeros((len(LAWS), whole)), np.zeros((len(OUTPUTS), whole))
        library.run(ctypes.c_long(whole), *(ctypes.c_void_p(array.ctypes.data) for array in (*read, x, y)))
        return {name: row[:n] for name, row in zip((*LAWS, *OUTPUTS), (*x, *y), strict=True)}

    return draw
