"""monaco: a ``Sim`` with scipy distributions, whose model runs case by case."""

from __future__ import annotations

import logging
from typing import Any

import monaco
import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LAWS, PAIR
from benchmarks.peers.static.model import OUTPUTS
from benchmarks.peers.static.numpy_arrays import logistic
from benchmarks.peers.static.scalar_model import play_out_one
from benchmarks.peers.static.scipy_sobol import law


def _inputs(case: Any) -> tuple[float, ...]:
    x = {name: value.val for name, value in case.invals.items()}
    return tuple(float(logistic(x[name], p)) if name in PAIR else x[name] for name, (_, _, p) in LAWS.items())


def _outputs(case: Any, *values: float) -> None:
    for name, value in zip(OUTPUTS, values, strict=True):
        case.addOutVal(name, value)


def prepare() -> Draw:
    laws = {name: law(family, p) for name, (_, family, p) in LAWS.items()}
    functions = {
        monaco.SimFunctions.PREPROCESS: _inputs,
        monaco.SimFunctions.RUN: play_out_one,
        monaco.SimFunctions.POSTPROCESS: _outputs,
    }
    seed = 8

    def draw(n: int) -> Columns:
        nonlocal seed
        seed += 1
        sim = monaco.Sim("static", n, functions, samplemethod=monaco.SampleMethod.RANDOM, seed=seed, verbose=False)
        for name, (distribution, parameters) in laws.items():
            sim.addInVar(name, distribution, parameters)
        sim.runSim()
        x = {name: np.asarray(variable.nums, dtype=np.float64) for name, variable in sim.invars.items()}
        x.update({name: logistic(x[name], LAWS[name][2]) for name in PAIR})
        return {**x, **{name: np.asarray(variable.nums, dtype=np.float64) for name, variable in sim.outvars.items()}}

    logging.getLogger("monaco").setLevel(logging.WARNING)
    return draw
