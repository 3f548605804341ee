"""The season of a history, and what the regression on it takes from the residuals.

The regression also follows the slow factor, which makes the season look larger and the factors smaller and faster
than they are. Mean products of residuals are therefore compared not with an autocorrelation but with its
expectation after the same regression on the same hours, gaps included; and seasonal terms shrink by the share of
their size that the factors explain.

Hours of the day that a history never has would be extrapolated freely by the daily harmonics. In the regression
they stand with a score on the straight line between the nearest hours that were observed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.interpolate import CubicSpline

from simulator.stochastic.zone import SEASONAL_TERMS, local_clock, seasonal_design

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Spectra = NDArray[np.complex128]

SLOWEST = 240.0  # half-life [h]: what is slower than ten days is season or level
HALF_LIVES = np.geomspace(0.5, SLOWEST, 73)  # steps of 9 %; a year tells half-lives to 10 % to 30 %
_MONTHS_SEEN = 11  # without annual terms below
_OWN_PART = 0.1  # of a seasonal term that no earlier one explains: half a day keeps fewer harmonics than a whole one
_LAGS = np.array([0, 1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513])  # first lag of each bin [h]: like counts by octave
_BRIDGED = 24  # longest way between observed hours [h] on which unseen hours of the day are put on a straight line


def unseen_hours(hours: Integers, timezone: str) -> tuple[int, ...]:
    """Return the local hours of the day that no hour of a history falls into."""
    seen = np.unique(np.floor(local_clock(hours, timezone)[0]).astype(np.int64))
    return tuple(int(hour) for hour in np.setdiff1d(np.arange(24), seen))


def annual_seen(hours: Integers, timezone: str) -> bool:
    """Return whether a history has eleven months of the year or more, which annual terms need."""
    return len(np.unique(np.floor(12 * local_clock(hours, timezone)[2]))) >= _MONTHS_SEEN


class Calendar:
    """The hours of a history on a grid without gaps, and the regression of their scores on the season.

    With ``fitted`` the values of the seasonal terms, made orthonormal, at the hours, coefficients are
    ``weights.T @ scores`` and fitted values ``fitted @ coefficients``. The two are one matrix unless there are unseen hours of the day.
    """

    def __init__(self, hours: Integers, timezone: str, first: int, length: int) -> None:
        self.at, self.length = hours - first, length
        self.size: int = next_fast_len(2 * length, real=True)
        annual = annual_seen(hours, timezone)
        self.used = np.array([annual or "year" not in term for term in SEASONAL_TERMS])
        bridged, left, right, share = _bridges(hours, timezone)
        design = seasonal_design(np.concatenate([hours, bridged]), timezone)
        basis, self.triangle = np.linalg.qr(design[:, self.used])
        told = np.abs(np.diag(self.triangle)) > _OWN_PART * np.linalg.norm(self.triangle, axis=0)
        if not told.all():
            self.used[self.used] = told
            basis, self.triangle = np.linalg.qr(design[:, self.used])
        n = len(hours)
        self.design, self.fitted, self.weights = design[:n, self.used], basis[:n], basis[:n].copy()
        np.add.at(self.weights, left, (1 - share)[:, None] * basis[n:])
        np.add.at(self.weights, right, share[:, None] * basis[n:])
        self.groups = np.array([_group(term) for term in SEASONAL_TERMS])[self.used]
        self.mask = self.on_grid(np.ones((1, n)))
        self.fitted_rows, self.weight_rows = self.on_grid(self.fitted.T), self.on_grid(self.weights.T)
        self.present = rfft(self.mask, self.size)
        self.fitted_spectra, self.weight_spectra = rfft(self.fitted_rows, self.size), rfft(self.weight_rows, self.size)

    def on_grid(self, rows: Floats) -> Floats:
        """Return rows of values with zeros where the history has a gap."""
        grid = np.zeros((len(rows), self.length))
        grid[:, self.at] = rows
        return grid

    def season(self, coefficients: Floats, noise: Floats, variance: float) -> tuple[Floats, Floats, float]:
        """Return shrunk coefficients of SEASONAL_TERMS, the seasonal scores of the hours, and the residual sd.

        Location and scale of scores are free: here their mean is 0 and their variance 1 over the hours.
        """
        kept = coefficients.copy()
        for group in set(self.groups) - {"1"}:
            terms = self.groups == group
            kept[terms] *= max(0.0, 1.0 - np.sum(noise[terms]) / np.sum(kept[terms] ** 2))
        solved = np.linalg.solve(self.triangle, kept)
        season = self.design @ solved
        centre, scale = np.mean(season), np.sqrt(np.var(season) + variance)
        solved[0] -= centre
        every = np.zeros(len(SEASONAL_TERMS))
        every[self.used] = solved / scale
        return every, (season - centre) / scale, float(np.sqrt(variance) / scale)


def _bridges(hours: Integers, timezone: str) -> tuple[Integers, Integers, Integers, Floats]:
    """Return hours whose hour of the day is never seen, the places of the observed hours around each, and the way between them."""
    unseen = unseen_hours(hours, timezone)
    missing = np.setdiff1d(np.arange(hours[0], hours[-1]), hours, assume_unique=True) if unseen else hours[:0]
    if not len(missing):
        return missing, missing, missing, np.zeros(0)
    right = np.searchsorted(hours, missing)
    left = right - 1
    way = hours[right] - hours[left]
    chosen = (way <= _BRIDGED) & np.isin(np.floor(local_clock(missing, timezone)[0]), unseen)
    missing, left, right, way = missing[chosen], left[chosen], right[chosen], way[chosen]
    return missing, left, right, (missing - hours[left]) / way


def _group(term: str) -> str:
    """Return which seasonal terms shrink together: day, year, weekend or day * year."""
    if term.startswith("weekend"):
        return "weekend"
    return "day * year" if "*" in term else term.rsplit(maxsplit=1)[-1].split("/", maxsplit=1)[0]


def lagged(a: Spectra, b: Spectra, size: int) -> Floats:
    """Return the sums over rows and hours of a(t) b(t + k), averaged over k and -k."""
    both: Floats = irfft(np.sum(a.conj() * b, axis=0), size)
    return (both + np.roll(both[::-1], 1)) / 2


def binned(lagged: Floats, longest: int) -> Floats:
    """Return sums over bins of lags."""
    sums: Floats = np.add.reduceat(lagged[: longest + 1], _LAGS[longest >= _LAGS])
    return sums


class Expected:
    """Mean products of the residuals of a and b by bin of lags, expected where one factor of variance 1 moves both.

    With F and W the fitted values and the weights of a regression, and C the factor's covariance, the residuals'
    covariance is (1 - Fa Wa') C (1 - Wb Fb'); its sums along diagonals are products of Fourier transforms.

    Attributes
    ----------
    counts : ndarray, shape (bins,)
        Pairs of hours.
    products : ndarray, shape (half-lives, bins)
    noise : ndarray, shape (half-lives, terms)
        Variance of each coefficient, where a is b.
    """

    def __init__(self, a: Calendar, b: Calendar, longest: int) -> None:
        size, nodes = a.size, HALF_LIVES[::4]
        pairs = lagged(a.present, b.present, size)
        self.counts = np.maximum(np.round(binned(pairs, longest)), 1.0)
        distance = np.minimum(np.arange(size), size - np.arange(size))
        products, noise = [], []
        for half_life in nodes:
            rho = 2.0 ** (-distance / half_life)
            smooth = rfft(rho).real
            from_a = irfft(a.weight_spectra * smooth, size)[:, : a.length] * b.mask
            from_b = from_a if a is b else irfft(b.weight_spectra * smooth, size)[:, : a.length] * a.mask
            projected = np.einsum("it,jt->ij", a.weight_rows, from_b)  # on busy cores, products this small wait for BLAS's threads
            rest = from_a - np.einsum("ij,jt->it", projected, b.fitted_rows)
            taken = lagged(a.fitted_spectra, rfft(rest, size), size) + lagged(rfft(from_b, size), b.fitted_spectra, size)
            products.append(binned(pairs * rho - taken, longest) / self.counts)
            noise.append(np.diag(projected))
        self.products: Floats = CubicSpline(np.log(nodes), products)(np.log(HALF_LIVES))
        self.noise: Floats = CubicSpline(np.log(nodes), noise)(np.log(HALF_LIVES))
