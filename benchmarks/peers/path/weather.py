"""The path workload: 54 days of hourly price and carbon intensity, two correlated factors each, summed in every draw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma, norm, skewnorm

from simulator.stochastic.zone import SEASONAL_TERMS, HourlyLaw, Zone, seasonal_design

HOURS = 54 * 24
START = "2027-01-04"
FIRST = int(datetime.fromisoformat(START).replace(tzinfo=UTC).timestamp()) // 3600
#: what a peer returns: sums over the hours per kW of load
COLUMNS = ("price", "carbon")

Floats = NDArray[np.float64]


def _law(unit: str, distribution: object, weight: float, scores: Floats) -> HourlyLaw:
    seasonal = np.zeros(len(SEASONAL_TERMS))
    seasonal[SEASONAL_TERMS.index("cos day/1")] = 0.6
    values = distribution.ppf(norm.cdf(scores))  # type: ignore[attr-defined]  # scipy tells no type
    return HourlyLaw(unit, tuple(seasonal), 0.8, weight, tuple(scores), tuple(values))


def zone(scores: int) -> Zone:
    """Return a zone whose quantile functions have so many knots: 257 are a law tabulated finely, the shipped zones have up to 48."""
    knots = np.linspace(-6.5, 6.5, scores) if scores > 100 else np.linspace(-4.5, 4.5, scores)
    price, carbon = _law("USD/MWh", skewnorm(2, 40, 50), 0.25, knots), _law("gCO2e/kWh", gamma(6, scale=60), 0.1, knots)
    return Zone("bench", "UTC", 4.0, 45.0, 0.5, 0.9, price, carbon)


class Process(NamedTuple):
    """A zone's process in numbers, for peers that step it from hour to hour.

    Attributes
    ----------
    decay, step : ndarray, shape (2,)
        Of the fast and the slow factor over one hour.
    correlation, own : ndarray, shape (2,)
        Of price's noise in carbon's, fast and slow, and what is carbon's own.
    weights : ndarray, shape (2, 2)
        Loadings of price (row 0) and carbon (row 1) on the fast and the slow factor.
    season : ndarray, shape (2, HOURS)
    scores, values : ndarray, shape (2, knots)
        Even scores; values per kWh.
    """

    decay: Floats
    step: Floats
    correlation: Floats
    own: Floats
    weights: Floats
    season: Floats
    scores: Floats
    values: Floats


def process(scores: int) -> Process:
    """Return the process of :func:`zone`."""
    of = zone(scores)
    assert of.price is not None
    assert of.carbon is not None
    laws = (of.price, of.carbon)
    decay = 0.5 ** (1.0 / np.array([of.fast_half_life, of.slow_half_life]))
    correlation = np.array([of.fast_correlation, of.slow_correlation])
    design = seasonal_design(FIRST + np.arange(HOURS), of.timezone)
    return Process(
        decay,
        np.sqrt(1.0 - decay**2),
        correlation,
        np.sqrt(1.0 - correlation**2),
        np.array([[law.residual_sd * np.sqrt(w) for w in (law.fast_weight, 1.0 - law.fast_weight)] for law in laws]),
        np.stack([design @ np.asarray(law.seasonal) for law in laws]),
        np.array([law.scores for law in laws]),
        np.array([law.values for law in laws]) / 1000.0,
    )
