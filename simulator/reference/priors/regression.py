r"""A hierarchical regression on published figures.

Logarithms of a quantity are normal about a linear predictor,

.. math:: \ln y = x^\top b + f_\text{family} + e, \qquad f \sim N(0, \sigma_f^2), \quad e \sim N(0, \sigma_r^2 + s^2),

with weak normal priors on the coefficients b and half-normal ones on the two standard deviations, which are integrated over a grid that
ends at about twice their scales: beyond that a figure says little of another. s is what a figure is known to scatter by besides. What a new
run gets is its predictive distribution: few published figures, or none of its kind, make it wide by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.reference.priors.facts import Facts

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient and its weak prior, a judgement.

    Attributes
    ----------
    name : str
    mean, sd : float
        Of the logarithm, for each unit of its factor.
    """

    name: str
    mean: float
    sd: float


@dataclass(frozen=True)
class Spread:
    """Half-normal scales of the standard deviations of families and of figures in a family, and their grids, which cut them off.

    Attributes
    ----------
    families, residuals : float
        Scales.
    """

    families: float
    residuals: float

    def grid(self) -> tuple[Floats, Floats, Floats]:
        """Return pairs of standard deviations and the logarithms of their prior weights, shape (70,) each."""
        family, residual = (
            part.ravel() for part in np.meshgrid(np.linspace(0.2, 2.0, 10) * self.families, np.linspace(0.25, 1.75, 7) * self.residuals)
        )
        return family, residual, -0.5 * ((family / self.families) ** 2 + (residual / self.residuals) ** 2)


@dataclass(frozen=True)
class Figure:
    """One published figure.

    Attributes
    ----------
    facts : Facts
    log : float
        Natural logarithm of its value.
    factors : tuple of float
        Of each coefficient.
    scatter : float
        Standard deviation of its logarithm besides that of families and residuals.
    told : str
        What it is, and where it comes from.
    """

    facts: Facts
    log: float
    factors: tuple[float, ...]
    scatter: float = 0.0
    told: str = ""


def predictive(
    figures: Sequence[Figure], coefficients: Sequence[Coefficient], spread: Spread, factors: Sequence[float]
) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of the quantity for a run of a new family.

    Parameters
    ----------
    figures : sequence of Figure
        What is known; may be empty.
    coefficients : sequence of Coefficient
    spread : Spread
    factors : sequence of float
        Of each coefficient, for the new run.

    Returns
    -------
    tuple of float

    Notes
    -----
    Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., chapters 5 and 15; half-normal scales: Gelman (2006), Bayesian Analysis
    1(3):515-534, doi:10.1214/06-BA117A.

    Examples
    --------
    >>> mean, sd = predictive([], [Coefficient("level", 0.0, 0.4)], Spread(0.25, 0.2), [1.0])
    >>> mean, sd > 0.4
    (0.0, True)
    """
    means, variances = np.array([c.mean for c in coefficients]), np.array([c.sd for c in coefficients]) ** 2
    x = np.asarray(factors, dtype=np.float64)
    across = (_rows(figures, coefficients) * variances) @ x
    weights, centres, spreads = [], [], []
    for family, residual, weight, factor, own in _hypotheses(figures, coefficients, spread):
        towards = np.linalg.solve(factor, across)
        weights.append(weight)
        centres.append(x @ means + towards @ own)
        spreads.append(x @ (variances * x) - towards @ towards + family**2 + residual**2)
    w = _normalised(weights)
    centre = np.array(centres)
    mean = float(w @ centre)
    return mean, math.sqrt(float(w @ (np.array(spreads) + centre**2)) - mean**2)


def residual_sd(figures: Sequence[Figure], coefficients: Sequence[Coefficient], spread: Spread) -> float:
    """Return by how much the logarithms of figures of one family differ: the root of the posterior mean of their variance.

    Examples
    --------
    >>> 0.15 < residual_sd([], [Coefficient("level", 0.0, 0.4)], Spread(0.25, 0.2)) < 0.2
    True
    """
    found = [(residual, weight) for _, residual, weight, _, _ in _hypotheses(figures, coefficients, spread)]
    residuals, weights = (np.array(part) for part in zip(*found, strict=True))
    return math.sqrt(float(_normalised(weights) @ residuals**2))


def _rows(figures: Sequence[Figure], coefficients: Sequence[Coefficient]) -> Floats:
    return np.array([f.factors for f in figures], dtype=np.float64).reshape(-1, len(coefficients))


def _hypotheses(
    figures: Sequence[Figure], coefficients: Sequence[Coefficient], spread: Spread
) -> Iterator[tuple[float, float, float, Floats, Floats]]:
    """Return, for each pair of standard deviations, both, its log weight, the factor of the covariance, and the figures whitened by it."""
    means, variances = np.array([c.mean for c in coefficients]), np.array([c.sd for c in coefficients]) ** 2
    rows = _rows(figures, coefficients)
    left = np.array([f.log for f in figures]) - rows @ means
    families = np.array([f.facts.family for f in figures])
    same = (families[:, np.newaxis] == families).astype(np.float64)
    shared = (rows * variances) @ rows.T + np.diag([f.scatter**2 for f in figures])
    for family, residual, prior in zip(*spread.grid(), strict=True):
        factor = np.linalg.cholesky(shared + family**2 * same + residual**2 * np.eye(left.size))
        own = np.linalg.solve(factor, left)
        yield float(family), float(residual), float(prior - 0.5 * own @ own - np.sum(np.log(np.diag(factor)))), factor, own


def _normalised(weights: Sequence[float] | Floats) -> Floats:
    """Return weights of sum one, from their logarithms."""
    w = np.exp(np.asarray(weights) - np.max(weights))
    normalised: Floats = w / w.sum()
    return normalised
