"""Functions whose Sobol' indices are known in closed form."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_A, _B = 7.0, 0.1  # of the Ishigami function
_WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0])  # of the G function
_SLOPES = np.array([1.0, 2.0, 3.0])


def ishigami(u: Floats) -> Floats:
    """Ishigami & Homma (1990) on uniforms, shape (n, 3)."""
    x = math.pi * (2.0 * u - 1.0)
    return np.sin(x[:, 0]) + _A * np.sin(x[:, 1]) ** 2 + _B * x[:, 2] ** 4 * np.sin(x[:, 0])


def sobol_g(u: Floats) -> Floats:
    """Saltelli & Sobol' (1995) on uniforms, shape (n, 5)."""
    return np.prod((np.abs(4.0 * u - 2.0) + _WEIGHTS) / (1.0 + _WEIGHTS), axis=1)


def linear(u: Floats) -> Floats:
    """Return a weighted sum of uniforms, shape (n, 3)."""
    return u @ _SLOPES


def _ishigami_indices() -> tuple[Floats, Floats]:
    own = np.array([0.5 * (1.0 + _B * math.pi**4 / 5.0) ** 2, _A**2 / 8.0, 0.0])
    pair = 8.0 * _B**2 * math.pi**8 / 225.0
    variance = own.sum() + pair
    return own / variance, (own + np.array([pair, 0.0, pair])) / variance


def _g_indices() -> tuple[Floats, Floats]:
    own = 1.0 / 3.0 / (1.0 + _WEIGHTS) ** 2
    variance = np.prod(1.0 + own) - 1.0
    return own / variance, own / (1.0 + own) * np.prod(1.0 + own) / variance


def _linear_indices() -> tuple[Floats, Floats]:
    share = _SLOPES**2 / np.sum(_SLOPES**2)
    return share, share


#: name -> function of uniforms, number of inputs, first-order and total indices
KNOWN: dict[str, tuple[Callable[[Floats], Floats], int, Floats, Floats]] = {
    "ishigami": (ishigami, 3, *_ishigami_indices()),
    "sobol_g": (sobol_g, 5, *_g_indices()),
    "linear": (linear, 3, *_linear_indices()),
}


def matrices(name: str, draws: int, seed: int) -> tuple[Floats, Floats, list[Floats]]:
    """Return outputs of two matrices of uniforms, and of the first with each column of the second."""
    function, inputs, _, _ = KNOWN[name]
    a, b = np.random.default_rng(seed).random((2, draws, inputs))
    mixed = []
    for k in range(inputs):
        own = a.copy()
        own[:, k] = b[:, k]
        mixed.append(function(own))
    return function(a), function(b), mixed
