r"""Utilization before a run: a hierarchical regression on the published runs of before.

Logarithms of utilization are normal about a linear predictor,

.. math:: \ln u = \mu + x^\top b + f_\text{family} + e, \qquad f \sim N(0, \sigma_f^2), \quad e \sim N(0, \sigma_r^2),

with weak normal priors on μ and b and half-normal ones on the two standard deviations, which are integrated over a grid. Figures over
whole runs scatter by what these lose besides, so that a forecast, which draws its losses, does not count that scatter twice. What a new run
gets is its predictive distribution: few published runs, or none of its kind, make it wide by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.priors.evidence import Evidence

Floats = NDArray[np.float64]

#: judgement, and weak: of a run of which nothing else is known. Name, mean and standard deviation of a coefficient
_COEFFICIENTS = (
    ("level", math.log(0.38), 0.40),  # steady: a kernel reaches 0.6 of the peak at most, a badly fed one 0.15
    ("whole", -0.16, 0.03),  # what a whole run loses in the model: the priors of run_overhead and goodput, so that no loss is counted twice
    ("hopper", 0.0, 0.20),  # faster devices are harder to feed; which way is left to the data
    ("tpu", 0.0, 0.20),
    ("volta", 0.0, 0.20),
    ("experts", 0.0, 0.25),  # 6·N·T with active parameters leaves routing out
    ("others", 0.0, 0.20),  # organisations whose work it is not to train models at scale
    ("small", 0.0, 0.06),  # a factor e below 20 billion active parameters
)
_LOSSES = 0.12  # standard deviation of the logarithm of what whole runs lose: 1 + run_overhead of 0.02 to 0.40, and goodput
_LARGE = 20e9  # active parameters, from which size no longer tells
_FAMILIES = np.linspace(0.05, 0.50, 10)  # standard deviations of families, half-normal about 0.25
_RESIDUALS = np.linspace(0.05, 0.35, 7)  # of runs in a family, half-normal about 0.20
_SCALE_OF_FAMILIES, _SCALE_OF_RESIDUALS = 0.25, 0.20
_VOLTA_PEAK, _HOPPER_PEAK = 2e14, 6e14  # FLOP/s at 16 bits, dense: V100 and before lie below, H100 and later above


@dataclass(frozen=True)
class Kind:
    """What of a run tells of its utilization.

    Attributes
    ----------
    accelerator : str
        As in the table ``accelerators``.
    peak_flops : float
        Dense, at 16 bits [FLOP/s].
    params_active : float
    experts : bool
        Whether it is a mixture of experts.
    laboratory : bool
        Whether a laboratory trains it whose work that is, at scale; not a public project or another company.
    """

    accelerator: str
    peak_flops: float
    params_active: float
    experts: bool
    laboratory: bool = True

    def row(self, basis: Literal["steady", "whole"]) -> Floats:
        """Return the coefficients' factors, shape (coefficients,)."""
        small = min(0.0, math.log(self.params_active / _LARGE))
        tpu = self.accelerator.startswith("TPU")
        hopper, volta = (not tpu and beyond for beyond in (self.peak_flops >= _HOPPER_PEAK, self.peak_flops < _VOLTA_PEAK))
        return np.array([1.0, basis == "whole", hopper, tpu, volta, self.experts, not self.laboratory, small], dtype=np.float64)


def predictive(known: Sequence[tuple[Kind, Evidence]], kind: Kind, *, basis: Literal["steady", "whole"]) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of the utilization of a run of a new family.

    Parameters
    ----------
    known : sequence of (Kind, Evidence)
        What is known; may be empty.
    kind : Kind
        Of the new run.
    basis : {"steady", "whole"}
        Of undisturbed training, or over all hours of a run.

    Returns
    -------
    tuple of float

    Notes
    -----
    Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., chapters 5 and 15; half-normal scales: Gelman (2006), Bayesian Analysis
    1(3):515-534, doi:10.1214/06-BA117A.

    Examples
    --------
    >>> mean, sd = predictive([], Kind("A100 SXM 80GB", 312e12, 70e9, False), basis="steady")
    >>> round(math.exp(mean), 2), sd > 0.4
    (0.38, True)
    """
    means, variances = (np.array([row[k] for row in _COEFFICIENTS]) for k in (1, 2))
    variances = variances**2
    x = kind.row(basis)
    rows = np.array([own.row(e.kind) for own, e in known]).reshape(-1, means.size)
    left = np.array([e.log_utilization for _, e in known]) - rows @ means
    families = np.array([e.run.family for _, e in known])
    same = (families[:, np.newaxis] == families).astype(np.float64)
    losses = np.array([_LOSSES**2 if e.kind == "whole" else 0.0 for _, e in known])
    shared, across = (rows * variances) @ rows.T + np.diag(losses), rows @ (variances * x)
    own_losses = _LOSSES**2 if basis == "whole" else 0.0
    weights, centres, spreads = [], [], []
    for family in _FAMILIES:
        for residual in _RESIDUALS:
            factor = np.linalg.cholesky(shared + family**2 * same + residual**2 * np.eye(left.size))
            own, towards = np.linalg.solve(factor, left), np.linalg.solve(factor, across)
            likelihood = -0.5 * own @ own - np.sum(np.log(np.diag(factor)))
            prior = -0.5 * ((family / _SCALE_OF_FAMILIES) ** 2 + (residual / _SCALE_OF_RESIDUALS) ** 2)
            weights.append(likelihood + prior)
            centres.append(x @ means + towards @ own)
            spreads.append(x @ (variances * x) - towards @ towards + family**2 + residual**2 + own_losses)
    w = np.exp(np.array(weights) - max(weights))
    w, centre = w / w.sum(), np.array(centres)
    mean = float(w @ centre)
    return mean, math.sqrt(float(w @ (np.array(spreads) + centre**2)) - mean**2)
