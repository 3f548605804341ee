"""JAX: samplers of ``jax.random`` and the model in ``jax.numpy``, in one jitted function on the CPU."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LATENT, LAWS, PAIR, pert_shapes
from benchmarks.peers.static.model import play_out


def _sample(key: Any, n: int, family: str, p: dict[str, float]) -> Any:
    """Return n draws; of a logit-normal its normal scores."""
    draw = jax.random
    return {
        "logit_normal": lambda: draw.normal(key, n),
        "lognormal": lambda: p.get("lower", 0.0) + jnp.exp(p["mu"] + p["sigma"] * draw.normal(key, n)),
        "normal": lambda: p["mean"] + p["sd"] * draw.normal(key, n),
        "uniform": lambda: draw.uniform(key, n, minval=p["low"], maxval=p["high"]),
        "triangular": lambda: draw.triangular(key, p["low"], p["mode"], p["high"], (n,)),
        "gamma": lambda: p["scale"] * draw.gamma(key, p["shape"], (n,)),
        "weibull": lambda: draw.weibull_min(key, p["scale"], p["shape"], (n,)),
        "beta": lambda: p["low"] + (p["high"] - p["low"]) * draw.beta(key, p["a"], p["b"], (n,)),
        "pert": lambda: p["low"] + (p["high"] - p["low"]) * draw.beta(key, *pert_shapes(p), (n,)),
    }[family]()


@partial(jax.jit, static_argnums=1)
def _draw(key: Any, n: int) -> dict[str, Any]:
    keys = dict(zip(LAWS, jax.random.split(key, len(LAWS)), strict=True))
    x = {name: _sample(keys[name], n, family, dict(p)) for name, (_, family, p) in LAWS.items()}
    first, second = PAIR
    x[second] = LATENT * x[first] + math.sqrt(1.0 - LATENT * LATENT) * x[second]
    for name in PAIR:
        p = LAWS[name][2]
        x[name] = p["low"] + (p["high"] - p["low"]) / (1.0 + jnp.exp(-(p["mu"] + p["sigma"] * x[name])))
    return {**x, **play_out(x, jnp)}


def prepare() -> Draw:
    key = jax.random.key(9)

    def draw(n: int) -> Columns:
        nonlocal key
        key, own = jax.random.split(key)
        return {name: np.asarray(values) for name, values in jax.block_until_ready(_draw(own, n)).items()}

    return draw
