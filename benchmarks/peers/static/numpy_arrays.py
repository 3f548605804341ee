"""numpy: the methods of ``numpy.random.Generator`` and array functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LATENT, LAWS, PAIR, pert_shapes
from benchmarks.peers.static.model import play_out

Floats = NDArray[np.float64]
Parameters = Mapping[str, float]
Sampler = Callable[[np.random.Generator, int, Parameters], Floats]


def logistic(z: Floats, p: Parameters) -> Floats:
    """Return the logit-normal value at normal scores."""
    return p["low"] + (p["high"] - p["low"]) / (1.0 + np.exp(-(p["mu"] + p["sigma"] * z)))


def _pert(rng: np.random.Generator, n: int, p: Parameters) -> Floats:
    return p["low"] + (p["high"] - p["low"]) * rng.beta(*pert_shapes(p), n)


def _tuned_triangular(rng: np.random.Generator, n: int, p: Parameters) -> Floats:
    u, left, right = rng.random(n), p["mode"] - p["low"], p["high"] - p["mode"]
    width = left + right
    return np.where(u * width < left, p["low"] + np.sqrt(u * (width * left)), p["high"] - np.sqrt((1.0 - u) * (width * right)))


#: numpy's manual's way: the method that is named after the family
DOCUMENTED: Mapping[str, Sampler] = {
    "logit_normal": lambda rng, n, p: logistic(rng.standard_normal(n), p),
    "lognormal": lambda rng, n, p: p.get("lower", 0.0) + rng.lognormal(p["mu"], p["sigma"], n),
    "normal": lambda rng, n, p: rng.normal(p["mean"], p["sd"], n),
    "uniform": lambda rng, n, p: rng.uniform(p["low"], p["high"], n),
    "triangular": lambda rng, n, p: rng.triangular(p["low"], p["mode"], p["high"], n),
    "gamma": lambda rng, n, p: rng.gamma(p["shape"], p["scale"], n),
    "weibull": lambda rng, n, p: p["scale"] * rng.weibull(p["shape"], n),
    "beta": lambda rng, n, p: p["low"] + (p["high"] - p["low"]) * rng.beta(p["a"], p["b"], n),
    "pert": _pert,
}
#: an expert's way: array functions, which use SIMD, where the generator calls libm one draw at a time
TUNED: Mapping[str, Sampler] = {
    **DOCUMENTED,
    "lognormal": lambda rng, n, p: p.get("lower", 0.0) + np.exp(p["mu"] + p["sigma"] * rng.standard_normal(n)),
    "triangular": _tuned_triangular,
    "weibull": lambda rng, n, p: p["scale"] * rng.standard_exponential(n) ** (1.0 / p["shape"]),
}


def pair(first: Floats, other: Floats) -> dict[str, Floats]:
    """Return the correlated inputs of two independent rows of normal scores."""
    second = LATENT * first + math.sqrt(1.0 - LATENT * LATENT) * other
    return {name: logistic(z, LAWS[name][2]) for name, z in zip(PAIR, (first, second), strict=True)}


def sample(samplers: Mapping[str, Sampler], rng: np.random.Generator, n: int, *, correlated: bool) -> dict[str, Floats]:
    """Return n draws of every uncertain input."""
    drawn = pair(rng.standard_normal(n), rng.standard_normal(n)) if correlated else {}
    return {name: drawn[name] if name in drawn else samplers[family](rng, n, p) for name, (_, family, p) in LAWS.items()}


def _whole(rng: np.random.Generator, n: int, *, correlated: bool) -> Columns:
    drawn = sample(DOCUMENTED, rng, n, correlated=correlated)
    return {**drawn, **play_out(drawn)}


def prepare(*, correlated: bool) -> Draw:
    """Return numpy as it is commonly written: one array per quantity."""
    return partial(_whole, np.random.default_rng(1), correlated=correlated)
