"""scipy: points of the unit cube, scrambled Sobol' ones as a rule, through the quantile functions of frozen distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import LATENT, LAWS, PAIR, pert_shapes
from benchmarks.peers.static.model import play_out
from benchmarks.peers.static.numpy_arrays import logistic


def law(family: str, p: Mapping[str, float]) -> tuple[Any, dict[str, float]]:
    """Return a distribution and its parameters; of a logit-normal those of its normal score."""
    width = p["high"] - p["low"] if "high" in p else 1.0
    if family == "pert":
        a, b = pert_shapes(p)
        return stats.beta, {"a": a, "b": b, "loc": p["low"], "scale": width}
    laws: dict[str, Callable[[], tuple[Any, dict[str, float]]]] = {
        "logit_normal": lambda: (stats.norm, {}),
        "lognormal": lambda: (stats.lognorm, {"s": p["sigma"], "loc": p.get("lower", 0.0), "scale": math.exp(p["mu"])}),
        "normal": lambda: (stats.norm, {"loc": p["mean"], "scale": p["sd"]}),
        "uniform": lambda: (stats.uniform, {"loc": p["low"], "scale": width}),
        "triangular": lambda: (stats.triang, {"c": (p["mode"] - p["low"]) / width, "loc": p["low"], "scale": width}),
        "gamma": lambda: (stats.gamma, {"a": p["shape"], "scale": p["scale"]}),
        "weibull": lambda: (stats.weibull_min, {"c": p["shape"], "scale": p["scale"]}),
        "beta": lambda: (stats.beta, {"a": p["a"], "b": p["b"], "loc": p["low"], "scale": width}),
    }
    return laws[family]()


def frozen(family: str, p: Mapping[str, float]) -> Any:
    """Return the frozen distribution of :func:`law`."""
    distribution, parameters = law(family, p)
    return distribution(**parameters)


def antithetic(n: int, dimensions: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return random points, each beside its mirror image."""
    points = rng.random((n // 2, dimensions))
    return np.concatenate([points, 1.0 - points])


#: (number, dimensions, generator) -> points, shape (number, dimensions)
POINTS: Mapping[str, Callable[[int, int, np.random.Generator], NDArray[np.float64]]] = {
    "Sobol'": lambda n, dimensions, rng: stats.qmc.Sobol(dimensions, rng=rng).random(n),
    "Latin hypercube": lambda n, dimensions, rng: stats.qmc.LatinHypercube(dimensions, rng=rng).random(n),
    "antithetic": antithetic,
}


def prepare(*, points: str = "Sobol'") -> Draw:
    laws = {name: frozen(family, p) for name, (_, family, p) in LAWS.items()}
    rng = np.random.default_rng(3)

    def draw(n: int) -> Columns:
        u = POINTS[points](n, len(laws), rng)
        x = {name: of.ppf(u[:, k]) for k, (name, of) in enumerate(laws.items())}
        first, second = PAIR
        x[second] = LATENT * x[first] + math.sqrt(1.0 - LATENT * LATENT) * x[second]
        x.update({name: logistic(x[name], LAWS[name][2]) for name in PAIR})
        return {**x, **play_out(x)}

    return draw
