"""JAX: ``lax.scan`` over hours of all draws, jitted, float32 and threefry; quantile functions by ``interp`` or on their even grid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.path.weather import process


def _gathered(score: Any, scores: Any, values: Any) -> Any:
    """Return the piecewise linear function on even scores."""
    last = values.size - 1
    place = jnp.clip((score - scores[0]) * (last / (scores[-1] - scores[0])), 0.0, last)
    cell = jnp.minimum(place.astype(jnp.int32), last - 1)
    left = values[cell]
    return left + (place - cell) * (values[cell + 1] - left)


def prepare(*, interp: bool) -> Draw:
    p = process(257)
    single = jax.tree.map(lambda array: jnp.asarray(array, jnp.float32), p)
    value: Callable[..., Any] = jnp.interp if interp else _gathered

    @partial(jax.jit, static_argnums=1)
    def sums(key: Any, n: int) -> Any:
        r, q = single.correlation[:, None], single.own[:, None]

        def correlated(z: Any) -> tuple[Any, Any]:
            return z[:2], r * z[:2] + q * z[2:]

        def hour(state: Any, season: Any) -> Any:
            key, price, carbon, total_price, total_carbon = state
            key, own = jax.random.split(key)
            total_price += value(season[0] + single.weights[0] @ price, single.scores[0], single.values[0])
            total_carbon += value(season[1] + single.weights[1] @ carbon, single.scores[1], single.values[1])
            for_price, for_carbon = correlated(jax.random.normal(own, (4, n)))
            a, s = single.decay[:, None], single.step[:, None]
            return (key, a * price + s * for_price, a * carbon + s * for_carbon, total_price, total_carbon), None

        key, own = jax.random.split(key)
        price, carbon = correlated(jax.random.normal(own, (4, n)))
        state, _ = jax.lax.scan(hour, (key, price, carbon, jnp.zeros(n), jnp.zeros(n)), single.season.T)
        return state[3:]

    key = jax.random.key(3)

    def draw(n: int) -> Columns:
        nonlocal key
        key, own = jax.random.split(key)
        price, carbon = jax.block_until_ready(sums(own, n))
        return {"price": np.asarray(price), "carbon": np.asarray(carbon)}

    return draw
