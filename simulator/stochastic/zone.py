"""The hourly price and carbon intensity of one grid zone: a normal-score copula of two Ornstein-Uhlenbeck factors.

The score of quantity k in hour t is

    u_k(t) = seasonal_k(t) + s_k (sqrt(w_k) fast_k(t) + sqrt(1 - w_k) slow_k(t)),

with unit-variance stationary factors whose price and carbon parts are correlated: a level correlation,
since both parts of a factor share its half-life. The zone's own quantile function, piecewise linear in
the score, turns u_k into a price or an intensity; negative prices and the pile-up at zero survive.
Scarcity spikes are added to the price: Poisson arrivals of exponential size that decay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HOURS_PER_YEAR = 8765.82  # Gregorian
_DAILY, _ANNUAL = 4, 2  # harmonics
_WEEKEND_TERMS, _INTERACTION_TERMS = 5, 16


def _names() -> tuple[str, ...]:
    day = [f"{f} day/{k}" for k in range(1, _DAILY + 1) for f in ("cos", "sin")]
    year = [f"{f} year/{k}" for k in range(1, _ANNUAL + 1) for f in ("cos", "sin")]
    weekend = ["weekend", *[f"weekend * {term}" for term in day[: _WEEKEND_TERMS - 1]]]
    return ("1", *day, *year, *weekend, *[f"{a} * {b}" for a in day[:4] for b in year])


#: columns of :func:`seasonal_design`, in order
SEASONAL_TERMS = _names()


def local_clock(hours: Integers, zone: str) -> tuple[Floats, Floats, Floats]:
    """Return local hour of the day, weekday (Monday 0) and fraction of the year.

    Parameters
    ----------
    hours : ndarray of int64, shape (n,)
        Starts of hours, counted from 1970-01-01T00:00Z.
    zone : str
        IANA name, for example Europe/Berlin; daylight saving is followed.

    Examples
    --------
    >>> hour, weekday, _ = local_clock(np.array([473376]), "Europe/Berlin")  # 2024-01-02T00:00Z, a Tuesday
    >>> float(hour[0]), float(weekday[0])
    (1.0, 1.0)
    """
    info = ZoneInfo(zone)
    local = [datetime.fromtimestamp(3600 * int(h), tz=UTC).astimezone(info) for h in hours]
    hour = np.array([t.hour + t.minute / 60 for t in local])
    weekday = np.array([t.weekday() for t in local], dtype=np.float64)
    year = np.array([(t.timetuple().tm_yday - 1 + (t.hour + t.minute / 60) / 24) / 365.2425 for t in local])
    return hour, weekday, year


def seasonal_design(hours: Integers, zone: str) -> Floats:
    """Return the seasonal regressors of each hour, shape (n, len(SEASONAL_TERMS)).

    Four daily and two annual harmonics, the weekend with two daily harmonics of its own, and two daily
    harmonics times both annual ones, on the local clock.
    """
    hour, weekday, year = local_clock(hours, zone)

    def harmonics(phase: Floats, count: int) -> list[Floats]:
        return [f(2 * np.pi * k * phase) for k in range(1, count + 1) for f in (np.cos, np.sin)]

    day, annual = harmonics(hour / 24, _DAILY), harmonics(year, _ANNUAL)
    weekend = (weekday >= 5).astype(np.float64)
    columns = [np.ones(len(hour)), *day, *annual, weekend, *[weekend * term for term in day[: _WEEKEND_TERMS - 1]]]
    columns += [a * b for a in day[:4] for b in annual]
    return np.column_stack(columns)


@dataclass(frozen=True)
class HourlyLaw:
    """Price or carbon intensity of a zone.

    Attributes
    ----------
    unit : str
        Of the values: ``EUR/MWh``, ``USD/MWh``, ``GBP/MWh``, or ``gCO2e/kWh``.
    seasonal : tuple of float
        Coefficients of :data:`SEASONAL_TERMS`, in scores.
    residual_sd : float
        s, > 0.
    fast_weight : float
        w in [0, 1], share of the fast factor in the residual's variance.
    scores, values : tuple of float
        Knots of the quantile function; scores increase, values do not fall. Held outside.
    spikes_per_year, spike_mean, spike_half_life : float
        Arrivals [1/yr], mean size [unit] and half-life [h] of scarcity spikes; none for carbon.
    """

    unit: str
    seasonal: tuple[float, ...]
    residual_sd: float
    fast_weight: float
    scores: tuple[float, ...]
    values: tuple[float, ...]
    spikes_per_year: float = 0.0
    spike_mean: float = 0.0
    spike_half_life: float = 1.0

    def value(self, scores: Floats) -> Floats:
        """Return the values at scores, spikes apart."""
        return np.interp(scores, self.scores, self.values)


@dataclass(frozen=True)
class Zone:
    """Parameters of the hourly process of one zone.

    Attributes
    ----------
    name : str
    timezone : str
        IANA name.
    fast_half_life, slow_half_life : float
        [h], of both quantities; at most 1000.
    fast_correlation, slow_correlation : float
        Of price and carbon inside each factor.
    price, carbon : HourlyLaw or None
        At least one.
    """

    name: str
    timezone: str
    fast_half_life: float
    slow_half_life: float
    fast_correlation: float
    slow_correlation: float
    price: HourlyLaw | None
    carbon: HourlyLaw | None


def autocorrelation(zone: Zone, a: HourlyLaw, b: HourlyLaw, lags: Floats) -> Floats:
    """Return the correlation of the residual scores of two laws of a zone at lags [h].

    Of one law with itself where ``a`` is ``b``: w 2^(-k/fast) + (1 - w) 2^(-k/slow); across laws each
    factor carries its correlation and the geometric mean of the weights.
    """
    fast, slow = (1.0, 1.0) if a is b else (zone.fast_correlation, zone.slow_correlation)
    fast *= np.sqrt(a.fast_weight * b.fast_weight)
    slow *= np.sqrt((1 - a.fast_weight) * (1 - b.fast_weight))
    lags = np.abs(np.asarray(lags, dtype=np.float64))
    result: Floats = fast * 2.0 ** (-lags / zone.fast_half_life) + slow * 2.0 ** (-lags / zone.slow_half_life)
    return result


def window_mean_sd(zone: Zone, law: HourlyLaw, window: int) -> float:
    """Return the standard deviation of the mean residual score over a window of consecutive hours, exactly.

    The sum over hours of the autocovariance, not the leading term sqrt(2 tau / T) of its integral.
    """
    lags = np.arange(1, window)
    rho = autocorrelation(zone, law, law, lags.astype(np.float64))
    variance = (1.0 + 2.0 * float(np.sum((1.0 - lags / window) * rho))) / window
    return float(law.residual_sd * np.sqrt(variance))


def stationary_quantile(law: HourlyLaw, season: Floats, share: float) -> float:
    """Return the value that a share of hours stays below, spikes apart.

    The scores of hours are a mixture of normals about their seasonal means.

    Parameters
    ----------
    law : HourlyLaw
    season : ndarray
        Seasonal scores of the hours, those of whole years as a rule.
    share : float
        In (0, 1).
    """
    low, high = float(season.min()) - 9.0 * law.residual_sd - 1.0, float(season.max()) + 9.0 * law.residual_sd + 1.0
    from scipy.optimize import brentq  # noqa: PLC0415 - 0.2 s that few scenarios need

    score = brentq(lambda u: float(np.mean(ndtr((u - season) / max(law.residual_sd, 1e-12)))) - share, low, high)
    return float(law.value(np.asarray(score)))
