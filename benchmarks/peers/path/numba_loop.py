# ruff: noqa: NPY002 - of numba's own generator, which compiles into the loop
"""numba: one draw after the other, hour by hour in scalars, a look-up on the even grid of scores."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.path.weather import HOURS, Process, process

Floats = NDArray[np.float64]


@numba.njit
def _seed(seed: int) -> None:
    np.random.seed(seed)


@numba.njit(fastmath=True, inline="always")
def _value(score: float, low: float, per_score: float, values: Floats) -> float:
    place = min(max((score - low) * per_score, 0.0), values.size - 1.0)
    cell = min(int(place), values.size - 2)
    left: float = values[cell]
    return left + (place - cell) * (values[cell + 1] - left)


@numba.njit
def _of_generator(rng: np.random.Generator) -> float:
    return rng.standard_normal()


@numba.njit
def _of_numba(_rng: np.random.Generator) -> float:
    return np.random.standard_normal()


def _loop_with(normal: Callable[[np.random.Generator], float]) -> Callable[[np.random.Generator, Process, Floats], None]:
    @numba.njit(fastmath=True, error_model="numpy")
    def loop(rng: np.random.Generator, p: Process, out: Floats) -> None:
        low, per_score = p.scores[:, 0], (p.scores.shape[1] - 1) / (p.scores[:, -1] - p.scores[:, 0])
        for i in range(out.shape[1]):
            pf, ps = normal(rng), normal(rng)
            cf = p.correlation[0] * pf + p.own[0] * normal(rng)
            cs = p.correlation[1] * ps + p.own[1] * normal(rng)
            price, carbon = 0.0, 0.0
            for hour in range(HOURS):
                price += _value(p.season[0, hour] + p.weights[0, 0] * pf + p.weights[0, 1] * ps, low[0], per_score[0], p.values[0])
                carbon += _value(p.season[1, hour] + p.weights[1, 0] * cf + p.weights[1, 1] * cs, low[1], per_score[1], p.values[1])
                z1, z3 = normal(rng), normal(rng)
                pf, ps = p.decay[0] * pf + p.step[0] * z1, p.decay[1] * ps + p.step[1] * z3
                cf = p.decay[0] * cf + p.step[0] * (p.correlation[0] * z1 + p.own[0] * normal(rng))
                cs = p.decay[1] * cs + p.step[1] * (p.correlation[1] * z3 + p.own[1] * normal(rng))
            out[0, i], out[1, i] = price, carbon

    return loop


def prepare(*, generator: bool) -> Draw:
    """Return the loop with numpy's generator, or with numba's own behind ``np.random``."""
    _seed(2)
    rng, p, loop = np.random.default_rng(2), process(257), _loop_with(_of_generator if generator else _of_numba)

    def draw(n: int) -> Columns:
        out = np.empty((2, n))
        loop(rng, p, out)
        return {"price": out[0], "carbon": out[1]}

    return draw
