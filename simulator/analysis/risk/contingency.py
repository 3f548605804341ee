"""Contingency: what a percentile asks for beyond P50, with the Monte Carlo error of the difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import summary_of
from simulator.analysis.chances import LIMITS
from simulator.analysis.estimates import Estimate
from simulator.analysis.outcomes import outcome_samples
from simulator.analysis.samples import Sample
from simulator.analysis.tails import Ordered
from simulator.quantities import QUANTITIES

MIDDLE = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contingency:
    """What one outcome asks for, in its unit.

    Attributes
    ----------
    unit : str
    p50 : Estimate
    at, over : mapping of float to Estimate
        By level, the percentile and how far it lies above P50; NaN where the draws do not support it.
    """

    unit: str
    p50: Estimate
    at: Mapping[float, Estimate]
    over: Mapping[float, Estimate]


def contingencies(results: xr.Dataset, levels: Sequence[float] = (0.8, 0.95)) -> dict[str, Contingency]:
    """Return the contingency of cost, time to release and emissions over P50, by the limit that may bound each.

    A run that was stopped at max_wall_clock is never released; see :func:`simulator.budget_risk`, which asks for limits and tells more.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them, or bands as :func:`simulator.simulate_bands` does.
    levels : sequence of float
        Each in (0, 1).

    Examples
    --------
    >>> draws = {name: ("draw", np.arange(1.0, 1001.0)) for name in LIMITS.values()}
    >>> cost = contingencies(xr.Dataset(draws, attrs={"plan": "random"}))["budget"]
    >>> round(cost.p50.value, 6), round(cost.over[0.8].value, 6)
    (500.5, 299.7)
    """
    found = {}
    for name, sample in outcome_samples(results).items():
        unit = QUANTITIES[LIMITS[name]].unit
        bands = summary_of([(name, unit, sample)], sample.draws, [MIDDLE, *levels], 0.95).isel(output=0)
        supported = bands.draws_needed.values == 0
        value, mcse = (np.where(supported, bands[key].values, np.nan) for key in ("value", "mcse"))
        mcse = np.where(np.isfinite(value), mcse, np.nan)
        with np.errstate(invalid="ignore"):  # infinity less infinity is not known
            over = value[1:] - value[0]
        known = np.where(np.isfinite(value[0]), over, np.nan)
        errors = errors_over_median(sample, value, mcse, levels)
        at = {level: Estimate(float(v), float(e)) for level, v, e in zip(levels, value[1:], mcse[1:], strict=True)}
        reserve = {level: Estimate(float(v), float(e)) for level, v, e in zip(levels, known, errors, strict=True)}
        found[name] = Contingency(unit, Estimate(float(value[0]), float(mcse[0])), at, reserve)
    return found


def errors_over_median(sample: Sample, value: Floats, mcse: Floats, levels: Sequence[float]) -> Floats:
    r"""Return the Monte Carlo errors of percentiles less P50; of Sobol' draws by their replicates.

    Parameters
    ----------
    sample : Sample
    value, mcse : ndarray, shape (1 + levels,)
        P50 and the percentiles, and their errors.
    levels : sequence of float
        Of the percentiles.

    Notes
    -----
    That of a difference of two percentiles of the same random draws, whose correlation is known (p < r):

    .. math:: \sigma^2 = \sigma_p^2 + \sigma_r^2 - 2 \sqrt{\frac{p (1 - r)}{(1 - p) r}} \sigma_p \sigma_r

    Mosteller (1946), On some useful "inefficient" statistics, Ann. Math. Statist. 17(4):377-408, doi:10.1214/aoms/1177730881.
    """
    if sample.plan == "sobol":
        parts = [_lower(part, np.array([MIDDLE, *levels])) for part, _ in sample.parts()]
        if len(parts) <= 1:
            return np.full(len(levels), np.nan)
        with np.errstate(invalid="ignore"):  # of infinite percentiles there is no spread: NaN
            spread = np.std([part[1:] - part[0] for part in parts], axis=0, ddof=1) / math.sqrt(len(parts))
        return np.where(np.isfinite(value[1:] + mcse[1:]) & np.isfinite(value[0]), spread, np.nan)
    low, high = np.minimum(levels, MIDDLE), np.maximum(levels, MIDDLE)
    correlation = np.sqrt(low * (1 - high) / ((1 - low) * high))
    variance: Floats = mcse[0] ** 2 + mcse[1:] ** 2 - 2 * correlation * mcse[0] * mcse[1:]
    return np.sqrt(np.maximum(variance, 0.0))


def _lower(ordered: Ordered, probabilities: Floats) -> Floats:
    """Return what ``np.quantile`` does with the method ``lower``."""
    return np.asarray(ordered[np.floor((len(ordered) - 1) * probabilities).astype(np.int64)])
