"""OpenTURNS: ``JointDistribution.getSample``, without and with a normal copula."""

from __future__ import annotations

from typing import Any

import numpy as np
import openturns as ot

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LATENT, LAWS, PAIR, pert_shapes
from benchmarks.peers.static.model import play_out
from benchmarks.peers.static.numpy_arrays import logistic


def _beta(a: float, b: float, p: dict[str, float]) -> Any:
    return ot.Beta(a, b, p["low"], p["high"])


def _law(family: str, p: dict[str, float]) -> Any:
    """Return the distribution; of a logit-normal that of its normal score."""
    return {
        "logit_normal": lambda: ot.Normal(0, 1),
        "lognormal": lambda: ot.LogNormal(p["mu"], p["sigma"], p.get("lower", 0.0)),
        "normal": lambda: ot.Normal(p["mean"], p["sd"]),
        "uniform": lambda: ot.Uniform(p["low"], p["high"]),
        "triangular": lambda: ot.Triangular(p["low"], p["mode"], p["high"]),
        "gamma": lambda: ot.Gamma(p["shape"], 1.0 / p["scale"]),
        "weibull": lambda: ot.WeibullMin(p["scale"], p["shape"]),
        "beta": lambda: _beta(p["a"], p["b"], p),
        "pert": lambda: _beta(*pert_shapes(p), p),
    }[family]()


def prepare(*, correlated: bool) -> Draw:
    ot.TBB.Disable()  # one thread
    ot.RandomGenerator.SetSeed(6)
    laws = [_law(family, dict(p)) for _, family, p in LAWS.values()]
    joint = ot.JointDistribution(laws)
    if correlated:
        correlation = ot.CorrelationMatrix(len(laws))
        i, j = (list(LAWS).index(name) for name in PAIR)
        correlation[i, j] = LATENT
        joint = ot.JointDistribution(laws, ot.NormalCopula(correlation))

    def draw(n: int) -> Columns:
        x = dict(zip(LAWS, np.ascontiguousarray(np.asarray(joint.getSample(n)).T), strict=True))
        x.update({name: logistic(x[name], LAWS[name][2]) for name in PAIR})
        return {**x, **play_out(x)}

    return draw
