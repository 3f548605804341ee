"""chaospy: ``J`` of its distributions and ``sample``."""

from __future__ import annotations

from typing import Any

import chaospy
import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LAWS, PAIR, pert_shapes
from benchmarks.peers.static.model import play_out
from benchmarks.peers.static.numpy_arrays import logistic


def _law(family: str, p: dict[str, float]) -> Any:
    """Return the distribution; of a logit-normal that of its normal score."""
    return {
        "logit_normal": lambda: chaospy.Normal(0, 1),
        "lognormal": lambda: chaospy.LogNormal(p["mu"], p["sigma"], shift=p.get("lower", 0.0)),
        "normal": lambda: chaospy.Normal(p["mean"], p["sd"]),
        "uniform": lambda: chaospy.Uniform(p["low"], p["high"]),
        "triangular": lambda: chaospy.Triangle(p["low"], p["mode"], p["high"]),
        "gamma": lambda: chaospy.Gamma(p["shape"], p["scale"]),
        "weibull": lambda: chaospy.Weibull(p["shape"], p["scale"]),
        "beta": lambda: chaospy.Beta(p["a"], p["b"], p["low"], p["high"]),
        "pert": lambda: chaospy.Beta(*pert_shapes(p), p["low"], p["high"]),
    }[family]()


def prepare() -> Draw:
    np.random.seed(7)  # noqa: NPY002 - chaospy draws from numpy's global generator
    joint = chaospy.J(*(_law(family, dict(p)) for _, family, p in LAWS.values()))

    def draw(n: int) -> Columns:
        x = dict(zip(LAWS, joint.sample(n, rule="random"), strict=True))
        x.update({name: logistic(x[name], LAWS[name][2]) for name in PAIR})
        return {**x, **play_out(x)}

    return draw
