"""numba: one draw after the other in a scalar loop, with the samplers of ``np.random.Generator``."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LATENT, LAWS, pert_shapes
from benchmarks.peers.static.model import OUTPUTS
from benchmarks.peers.static.scalar_model import play_out_one

_model = numba.njit(play_out_one, fastmath=True, error_model="numpy", inline="always")
_OWN = math.sqrt(1.0 - LATENT * LATENT)
_P = {name: tuple(float(value) for value in p.values()) for name, (_, _, p) in LAWS.items()}
_mfu, _power, _tokens, _overhead, _failure, _down, _save, _server = tuple(_P.values())[:8]
_idle, _pue, _price, _price_shift, _carbon, _carbon_shift, _chip, _life = tuple(_P.values())[8:]
_A, _B = pert_shapes(LAWS["carbon_intensity"][2])


@numba.njit(fastmath=True, error_model="numpy")
def _loop(rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    for i in range(x.shape[1]):
        z = rng.standard_normal()
        other = LATENT * z + _OWN * rng.standard_normal()
        x[0, i] = _mfu[2] + (_mfu[3] - _mfu[2]) / (1.0 + math.exp(-_mfu[0] - _mfu[1] * z))
        x[1, i] = _power[2] + (_power[3] - _power[2]) / (1.0 + math.exp(-_power[0] - _power[1] * other))
        x[2, i] = rng.uniform(_tokens[0], _tokens[1])
        x[3, i] = rng.gamma(_overhead[0], _overhead[1])
        x[4, i] = rng.lognormal(_failure[0], _failure[1])
        x[5, i] = _down[1] * rng.weibull(_down[0])
        x[6, i] = rng.lognormal(_save[0], _save[1])
        x[7, i] = _server[2] + rng.lognormal(_server[0], _server[1])
        x[8, i] = _idle[2] + (_idle[3] - _idle[2]) * rng.beta(_idle[0], _idle[1])
        x[9, i] = rng.triangular(_pue[0], _pue[1], _pue[2])
        x[10, i] = rng.normal(_price[0], _price[1])
        x[11, i] = rng.lognormal(_price_shift[0], _price_shift[1])
        x[12, i] = _carbon[0] + (_carbon[2] - _carbon[0]) * rng.beta(_A, _B)
        x[13, i] = rng.lognormal(_carbon_shift[0], _carbon_shift[1])
        x[14, i] = rng.lognormal(_chip[0], _chip[1])
        x[15, i] = rng.uniform(_life[0], _life[1])
        out = _model(
            x[0, i], x[1, i], x[2, i], x[3, i], x[4, i], x[5, i], x[6, i], x[7, i],
            x[8, i], x[9, i], x[10, i], x[11, i], x[12, i], x[13, i], x[14, i], x[15, i],
        )  # fmt: skip
        for k in range(17):
            y[k, i] = out[k]


def prepare() -> Draw:
    rng = np.random.default_rng(4)
    x, y = np.empty((16, 0)), np.empty((17, 0))

    def draw(n: int) -> Columns:
        nonlocal x, y
        if x.shape[1] != n:
            x, y = np.empty((16, n)), np.empty((17, n))
        _loop(rng, x, y)
        return dict(zip((*LAWS, *OUTPUTS), (*x, *y), strict=True))

    return draw
