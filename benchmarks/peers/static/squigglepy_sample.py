"""squigglepy: its distributions and its ``sample``; the pair by ``correlate``, which reorders draws (Iman and Conover)."""

from __future__ import annotations

from typing import Any

import numpy as np
import squigglepy as sq

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LATENT, LAWS, PAIR
from benchmarks.peers.static.model import play_out
from benchmarks.peers.static.numpy_arrays import logistic


def _law(family: str, p: dict[str, float]) -> Any:
    """Return the distribution; where squigglepy has none, that of what :func:`_value` starts from."""
    return {
        "logit_normal": lambda: sq.norm(mean=0, sd=1),
        "lognormal": lambda: sq.lognorm(norm_mean=p["mu"], norm_sd=p["sigma"]),
        "normal": lambda: sq.norm(mean=p["mean"], sd=p["sd"]),
        "uniform": lambda: sq.uniform(p["low"], p["high"]),
        "triangular": lambda: sq.triangular(p["low"], p["mode"], p["high"]),
        "gamma": lambda: sq.gamma(p["shape"], p["scale"]),
        "weibull": lambda: sq.exponential(1),
        "beta": lambda: sq.beta(p["a"], p["b"]),
        "pert": lambda: sq.pert(p["low"], p["mode"], p["high"]),
    }[family]()


def _value(family: str, p: dict[str, float], x: Any) -> Any:
    if family == "logit_normal":
        return logistic(x, p)
    if family == "weibull":
        return p["scale"] * x ** (1.0 / p["shape"])
    if family == "beta":
        return p["low"] + (p["high"] - p["low"]) * x
    return x + p["lower"] if "lower" in p else x


def prepare(*, correlated: bool) -> Draw:
    sq.set_seed(5)
    laws = {name: _law(family, dict(p)) for name, (_, family, p) in LAWS.items()}
    if correlated:
        laws.update(zip(PAIR, sq.correlate(tuple(laws[name] for name in PAIR), [[1, LATENT], [LATENT, 1]]), strict=True))

    def draw(n: int) -> Columns:
        x = {name: np.asarray(_value(LAWS[name][1], dict(LAWS[name][2]), sq.sample(law, n))) for name, law in laws.items()}
        return {**x, **play_out(x)}

    return draw
