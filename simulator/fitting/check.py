"""Compare a fitted zone with its history on the history's own calendar hours, and with hours that it has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from simulator.fitting.windows import window_sd
from simulator.kernels.hourly import sample_hours
from simulator.series.read import HourlySeries
from simulator.stochastic.zone import HOURS_PER_YEAR, Zone, local_clock

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PERCENTILES = (1, 5, 50, 95, 99)
_MONTH = 720  # 30 days [h]
_WINDOWS = np.array([1, 3, 6, 12, 24, 48, 96, 168, 336, _MONTH])
_LEVELS = np.concatenate([[0.001, 0.002, 0.005], np.arange(1, 100) / 100, [0.995, 0.998, 0.999]])
_MOST_VALUES, _FEWEST = 3 * 10**7, 100  # simulated at a time, 240 MB, but replicates enough for an interval of 95 %
_WINDOW_SD = "sd of 30-day means"
_SAMPLED = (_WINDOW_SD, "autocorrelation at 24 h", "autocorrelation at 168 h")  # passed also between 95 % of the replicates

# tolerances: of the mean, relative; of the sd, relative, without and with spikes; of percentiles, in sd; of a share; of the
# correlation; of the sd of 30-day means, relative: twelve windows tell it to 20 % at best; of autocorrelations by lag [h]: a year tells
# that at 1 h to 0.01, but the process is rougher than most carbon intensities, and those at a day and a week to 0.04 and 0.06
_MEAN, _SD, _SPIKY_SD, _PERCENTILE, _SHARE, _JOINT, _WINDOW = 0.03, 0.10, 0.15, 0.10, 0.015, 0.08, 0.35
_MEMORY = {1: 0.05, 24: 0.10, 168: 0.15}


@dataclass(frozen=True)
class CheckRow:
    """One statistic of the history and of the simulation.

    Attributes
    ----------
    quantity : str
        ``price``, ``carbon`` or ``price and carbon``.
    statistic, unit : str
    data : float
        Of the history [unit].
    simulated : float
        Of all simulated hours together [unit]; of autocorrelations and 30-day means the mean over replicates.
    mcse : float
        Monte Carlo standard error of ``simulated`` [unit].
    low, high : float
        Between them lie 95 % of the replicates, each as long as the history [unit].
    tolerance : float or None
        Largest admissible difference [unit]; None where the statistic is shown and not judged.
    ok : bool or None
    """

    quantity: str
    statistic: str
    unit: str
    data: float
    simulated: float
    mcse: float
    low: float
    high: float
    tolerance: float | None
    ok: bool | None


@dataclass(frozen=True, eq=False)
class Curves:
    """What a picture of one quantity needs; first row the history, second row the simulation.

    Attributes
    ----------
    quantity, unit : str
    levels : ndarray, shape (q,)
        Probabilities of ``quantiles``, shape (2, q) [unit].
    by_hour : ndarray, shape (2, 24)
        Mean by local hour of the day [unit]; NaN where there is none.
    by_month : ndarray, shape (2, 12)
        Mean by twelfth of the year [unit].
    autocorrelation : ndarray, shape (2, 337)
        At lags of 0 to 336 h; NaN where no two hours are that far apart.
    windows : ndarray, shape (w,)
        Lengths of windows [h].
    window_sd : ndarray, shape (4, w)
        Sd of window means [unit]; third and fourth row: 95 % of the replicates lie between.
    """

    quantity: str
    unit: str
    levels: Floats
    quantiles: Floats
    by_hour: Floats
    by_month: Floats
    autocorrelation: Floats
    windows: Integers
    window_sd: Floats


@dataclass(frozen=True, eq=False)
class FitCheck:
    """Comparison of a zone with hours of its history.

    Attributes
    ----------
    rows : tuple of CheckRow
    curves : tuple of Curves
        One per quantity.
    replicates : int
        Of the history's hours, simulated.
    """

    rows: tuple[CheckRow, ...]
    curves: tuple[Curves, ...]
    replicates: int

    @property
    def failures(self) -> tuple[CheckRow, ...]:
        """Rows outside their tolerance."""
        return tuple(row for row in self.rows if row.ok is False)

    @property
    def ok(self) -> bool:
        """Whether every judged row is within its tolerance."""
        return not self.failures


def check_fit(zone: Zone, price: HourlySeries | None, carbon: HourlySeries | None, *, seed: int = 0, years: int = 200) -> FitCheck:
    """Compare a history with simulations of its own calendar hours.

    Parameters
    ----------
    zone : Zone
    price, carbon : HourlySeries or None
        As given to :func:`~simulator.fitting.fit.fit_zone`.
    seed : int
    years : int
        Simulated replicates of the history's hours, more where they are less than a year; up to sixteen times as
        many where the Monte Carlo error leaves the judgement open.

    Returns
    -------
    FitCheck
    """
    for more in (1, 4, 16):
        check = compare_hours(zone, price, carbon, seed=seed, years=more * years)
        undecided = [row for row in check.rows if _undecided(row)]
        if not undecided or any(row not in undecided for row in check.failures):
            break
    return check


def _undecided(row: CheckRow) -> bool:
    """Whether the Monte Carlo error of a row could turn its judgement."""
    return row.tolerance is not None and abs(abs(row.simulated - row.data) - row.tolerance) < 3 * row.mcse


def compare_hours(zone: Zone, price: HourlySeries | None, carbon: HourlySeries | None, *, seed: int, years: int) -> FitCheck:
    """Return what :func:`check_fit` does of so many replicates."""
    hours = np.concatenate([s.hours for s in (price, carbon) if s is not None])
    first, length = int(hours.min()), int(np.ptp(hours)) + 1
    replicates = min(max(years, math.ceil(years * HOURS_PER_YEAR / length)), max(_FEWEST, _MOST_VALUES // length))
    simulated = dict(zip(("price", "carbon"), sample_hours(zone, first, length, draws=replicates, seed=seed), strict=True))
    series = [(name, s) for name, s in (("price", price), ("carbon", carbon)) if s is not None]
    rows: list[CheckRow] = []
    curves = []
    spiky = zone.price is not None and zone.price.spikes_per_year > 0
    for name, s in series:
        every = simulated[name]
        assert every is not None
        of_quantity, curve = _compare(name, s, every[:, s.hours - first], zone.timezone, spiky=spiky and name == "price")
        rows += of_quantity
        curves.append(curve)
    if price is not None and carbon is not None:
        hours, i, j = np.intersect1d(price.hours, carbon.hours, assume_unique=True, return_indices=True)
        p, c = (every[:, hours - first] for every in simulated.values() if every is not None)
        seen = float(np.corrcoef(price.values[i], carbon.values[j])[0, 1])
        each = np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(p, c, strict=True)])
        together = float(np.corrcoef(p.ravel(), c.ravel())[0, 1])
        rows.append(_row("price and carbon", "correlation", "1", seen, together, each, _JOINT))
    return FitCheck(tuple(rows), tuple(curves), replicates)


def _row(
    quantity: str,
    statistic: str,
    unit: str,
    seen: float,
    simulated: float,
    each: Floats,
    tolerance: float | None,
    mcse: float | None = None,
) -> CheckRow:
    low, high = (float(x) for x in np.quantile(each, (0.025, 0.975)))
    ok = None if tolerance is None else abs(simulated - seen) <= tolerance or (statistic in _SAMPLED and low <= seen <= high)
    mcse = float(np.std(each, ddof=1) / math.sqrt(len(each))) if mcse is None else mcse
    return CheckRow(quantity, statistic, unit, seen, simulated, mcse, low, high, tolerance, ok)


def _compare(quantity: str, s: HourlySeries, simulated: Floats, timezone: str, *, spiky: bool) -> tuple[list[CheckRow], Curves]:
    """Return rows and curves of one quantity; ``simulated`` has shape (replicates, hours of the history)."""
    data, unit, everything = s.values[None, :], s.unit, simulated.ravel()
    sd = float(np.std(data))
    rows = []

    def add(
        statistic: str,
        unit: str,
        seen: Floats,
        each: Floats,
        tolerance: float | None,
        together: float | None = None,
        mcse: float | None = None,
    ) -> None:
        value = float(np.mean(each)) if together is None else together
        if np.isfinite(seen[0]):
            rows.append(_row(quantity, statistic, unit, float(seen[0]), value, each, tolerance, mcse))

    add("mean", unit, np.mean(data, axis=1), np.mean(simulated, axis=1), _MEAN * abs(float(np.mean(data))))
    add("sd", unit, np.std(data, axis=1), np.std(simulated, axis=1), (_SPIKY_SD if spiky else _SD) * sd, float(np.std(everything)))
    fractions = np.array(_PERCENTILES) / 100
    seen, each, pooled = np.quantile(data, fractions, axis=1), np.quantile(simulated, fractions, axis=1), np.quantile(everything, fractions)
    for k, percentile in enumerate(_PERCENTILES):
        mcse = _pooled_mcse(simulated, float(pooled[k]), percentile / 100)
        add(f"P{percentile}", unit, seen[k], each[k], _PERCENTILE * sd, float(pooled[k]), mcse)
    if quantity == "price":
        add("negative share", "1", np.mean(data < 0, axis=1), np.mean(simulated < 0, axis=1), _SHARE)
    memory = [autocorrelations(s.hours, x) for x in (data, simulated)]
    for lag, tolerance in _MEMORY.items():
        add(f"autocorrelation at {lag} h", "1", memory[0][:, lag], memory[1][:, lag], tolerance)
    windows = _WINDOWS[s.hours[-1] - s.hours[0] + 1 >= 4 * _WINDOWS]
    spread = [np.stack([window_sd(s.hours, x, int(w)) for w in windows], axis=1) for x in (data, simulated)]
    if _MONTH in windows:
        add(_WINDOW_SD, unit, spread[0][:, -1], spread[1][:, -1], _WINDOW * float(spread[0][0, -1]))

    hour, _, year = local_clock(s.hours, timezone)
    both = np.stack([s.values, np.mean(simulated, axis=0)])
    curves = Curves(
        quantity=quantity,
        unit=unit,
        levels=_LEVELS,
        quantiles=np.stack([np.quantile(data, _LEVELS), np.quantile(everything, _LEVELS)]),
        by_hour=_means(both, np.floor(hour).astype(np.int64), 24),
        by_month=_means(both, np.minimum(np.floor(12 * year), 11).astype(np.int64), 12),
        autocorrelation=np.stack([np.mean(m, axis=0) for m in memory]),
        windows=windows,
        window_sd=np.stack([spread[0][0], np.mean(spread[1], axis=0), *np.quantile(spread[1], (0.025, 0.975), axis=0)]),
    )
    return rows, curves


def _pooled_mcse(simulated: Floats, quantile: float, level: float) -> float:
    """Return the Monte Carlo standard error of a quantile of all replicates together.

    That of the share below it over the density there: where few replicates hold most of the dearest hours, several
    times what the spread of the replicates' own quantiles would say.
    """
    share = np.mean(simulated <= quantile, axis=1)
    step = min(level, 1 - level) / 2
    low, high = np.quantile(simulated, (level - step, level + step))
    return float(np.std(share, ddof=1) / math.sqrt(len(share)) * (high - low) / (2 * step))


def _means(rows: Floats, groups: Integers, count: int) -> Floats:
    """Return the mean of each row by group; NaN where a group is empty."""
    sizes = np.bincount(groups, minlength=count).astype(np.float64)
    sizes[sizes == 0] = np.nan
    return np.stack([np.bincount(groups, weights=row, minlength=count) for row in rows]) / sizes


def autocorrelations(hours: Integers, values: Floats, longest: int = 336) -> Floats:
    """Return each row's autocorrelations at lags of 0 to ``longest`` hours, over the pairs of hours that exist.

    Parameters
    ----------
    hours : ndarray of int64, shape (n,)
    values : ndarray, shape (rows, n)
    longest : int
    """
    at = hours - hours[0]
    length = max(int(at[-1]) + 1, longest + 1)
    size = next_fast_len(length + longest, real=True)
    grid = np.zeros((len(values) + 1, length))
    grid[0, at] = 1.0
    grid[1:, at] = values - np.mean(values, axis=1, keepdims=True)
    products = irfft(np.abs(rfft(grid, size)) ** 2, size)[:, : longest + 1]
    pairs = np.round(products[0])
    pairs[pairs == 0] = np.nan
    covariances: Floats = products[1:] / pairs
    return covariances / covariances[:, :1]
