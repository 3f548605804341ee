"""The mean of what was logged, its error where values depend on each other, and an interval as a config writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulator.importing.imported import Floats
from simulator.quantities import QUANTITIES, Domain
from simulator.reference.priors.known import spread_between_runs

_TAIL = 0.95  # intervals of a config are central 90 %
_FEW = 10  # independent values below which an error is itself hardly known
_RUNS = 3  # from which on the spread between runs is worth more than the error within one


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error.

    Attributes
    ----------
    value, error : float
    effective : float
        Number of independent values that tell as much.
    count : int
    """

    value: float
    error: float
    effective: float
    count: int

    @property
    def told(self) -> str:
        """What a reader has to know of the error."""
        text = f"mean {self.value:.4g}, standard error {self.error:.2g}: {self.count} values worth {self.effective:.0f} independent ones"
        return f"{text}; so few that the error itself is rough" if self.effective < _FEW else text


def mean_of(values: Floats) -> Mean:
    r"""Return the mean of a series whose values follow each other in time at equal steps.

    The variance of the mean is :math:`\gamma_0 \tau / n` with :math:`\tau = 1 + 2\sum \rho_k`, summed as far as sums of two
    neighbouring autocorrelations stay positive and fall, and corrected for the mean being that of the series. What drifts
    throughout the series has no mean; its error comes out large. 90 % intervals of an AR(1) hold its mean in 89 to 91 % of series
    worth 15 independent values and more, in 80 to 86 % of those worth three to ten.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite, n >= 1.

    Returns
    -------
    Mean
        Its effective number lies in 1 to n; the error is infinite for one value.

    References
    ----------
    Geyer (1992), Practical Markov chain Monte Carlo, Statistical Science 7, doi:10.1214/ss/1177011137, section 3.3.

    Examples
    --------
    >>> mean_of(np.array([1.0, 2.0, 3.0, 2.0, 1.0, 3.0])).value
    2.0
    """
    n = values.size
    middle = float(np.mean(values))
    if n == 1:
        return Mean(middle, math.inf, 1.0, 1)
    variance = float(np.var(values, ddof=1))
    if variance <= (1e-12 * middle) ** 2:
        return Mean(middle, 0.0, float(n), n)
    spectrum = np.fft.rfft(values - middle, 1 << (2 * n - 1).bit_length())
    covariance = np.fft.irfft(np.abs(spectrum) ** 2)[:n] / n
    pairs = covariance[: n - n % 2].reshape(-1, 2).sum(axis=1) / covariance[0]
    negative = np.flatnonzero(pairs <= 0.0)
    positive = np.minimum.accumulate(pairs[: negative[0]] if negative.size else pairs)
    tau = max(2.0 * float(np.sum(positive)) - 1.0, 1.0)
    lags = 4 * positive.size - 1  # that are summed, both ways; each is too low by the variance of the mean itself
    error = math.sqrt(covariance[0] * tau / max(n - lags, 1))
    effective = min(max(covariance[0] / error**2 + 1.0, 1.0), float(n))
    return Mean(middle, error, effective, n)


def _to_line(x: float, domain: Domain) -> tuple[float, float]:
    """Return the score of a value on the whole line, and its slope there: logit, log or the value itself, as families follow domains."""
    low, high = domain.lower, domain.upper
    if math.isfinite(low) and math.isfinite(high):
        return math.log((x - low) / (high - x)), (high - low) / ((x - low) * (high - x))
    if math.isfinite(low):
        return math.log(x - low), 1.0 / (x - low)
    return x, 1.0


def _from_line(y: float, domain: Domain) -> float:
    low, high = domain.lower, domain.upper
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) / (1.0 + math.exp(-y))
    return low + math.exp(y) if math.isfinite(low) else y


def interval_of(mean: Mean, domain: Domain) -> tuple[float, float]:
    """Return the central 90 % interval of a mean inside its domain, by Student's t with the effective number of values.

    Parameters
    ----------
    mean : Mean
        Its value lies inside the domain, its error is finite.
    domain : Domain

    Examples
    --------
    >>> low, high = interval_of(Mean(0.4, 0.01, 1000.0, 1000), Domain(0.0, 1.0))
    >>> round(low, 3), round(high, 3)
    (0.384, 0.417)
    """
    score, slope = _to_line(mean.value, domain)
    reach = float(stats.t.ppf(_TAIL, max(mean.effective - 1.0, 1.0))) * mean.error * slope
    return _from_line(score - reach, domain), _from_line(score + reach, domain)


def interval_of_next(means: Sequence[Mean], domain: Domain) -> tuple[float, float]:
    """Return the central 90 % prediction interval of one more run, from the means of runs that are alike.

    Parameters
    ----------
    means : sequence of Mean
        Two or more.
    domain : Domain
    """
    scores = np.array([_to_line(mean.value, domain)[0] for mean in means])
    k = scores.size
    reach = float(stats.t.ppf(_TAIL, k - 1)) * float(np.std(scores, ddof=1)) * math.sqrt(1.0 + 1.0 / k)
    middle = float(np.mean(scores))
    return _from_line(middle - reach, domain), _from_line(middle + reach, domain)


@dataclass(frozen=True)
class Fitted:
    """An interval, and how it came about.

    Attributes
    ----------
    low, middle, high : float
    told : tuple of str
    caution : str
        What the interval does not hold; empty where it is a prediction.
    """

    low: float
    middle: float
    high: float
    told: tuple[str, ...]
    caution: str = ""


def fitted(means: Sequence[Mean], quantity: str, runs: str) -> Fitted:
    """Return what a run to come will have: predicted from three runs and more, else as known as the mean of those that were logged.

    Parameters
    ----------
    means : sequence of Mean
        One for each run, inside the domain.
    quantity : str
        Of which priors are fitted to published runs.
    runs : str
        What one of them is called, "run".
    """
    domain = QUANTITIES[quantity].domain
    middle = float(np.mean([mean.value for mean in means]))
    if len(means) >= _RUNS:
        spread = float(np.std([mean.value for mean in means], ddof=1))
        told = f"{len(means)} {runs}s, mean {middle:.4g}, standard deviation between them {spread:.2g}: the interval is that of one more"
        return Fitted(*_around(interval_of_next(means, domain), middle), (told,))
    if len(means) == 1:
        whole = means[0]
    else:
        inside = math.hypot(*(mean.error for mean in means)) / len(means)
        between = float(np.std([mean.value for mean in means], ddof=1)) / math.sqrt(len(means))
        effective = sum(mean.effective for mean in means)
        whole = Mean(middle, max(inside, between), effective, sum(mean.count for mean in means))
    how = "one" if len(means) == 1 else str(len(means))
    caution = caution_of(quantity, f"the mean of {how} {runs}{'s' * (len(means) > 1)}")
    return Fitted(*_around(interval_of(whole, domain), middle), (whole.told,), caution)


def caution_of(quantity: str, known: str) -> str:
    """Return what an interval does not hold that tells how well something is known of the runs that were logged.

    Examples
    --------
    >>> caution_of("power_fraction", "the mean of one log").partition(". ")[0]
    'the interval of power_fraction is how well the mean of one log is known'
    """
    return (
        f"the interval of {quantity} is how well {known} is known. Published runs of one family "
        f"differ by {spread_between_runs(quantity):.0%} (standard deviation): for a run that is not this one, widen it"
    )


def _around(interval: tuple[float, float], middle: float) -> tuple[float, float, float]:
    return interval[0], middle, interval[1]


def written(low: float, high: float, unit: str = "") -> float | str:
    """Return an interval as a config writes it, with digits enough to tell its ends apart; one number where they are equal.

    Examples
    --------
    >>> written(0.521234, 0.58), written(300.0, 300.0, "gCO2e/kWh"), written(0.4000012, 0.4000018)
    ('0.5212 to 0.58', '300 gCO2e/kWh', '0.40000120 to 0.40000180')
    """
    unit = f" {unit}" if unit else ""
    middle, width = (abs(low) + abs(high)) / 2.0, high - low
    if width <= 1e-12 * middle:
        return f"{low:.6g}{unit}" if unit else float(f"{low:.6g}")
    digits = max(4, 2 - math.floor(math.log10(width / middle)))
    if digits > 4:
        places = max(digits - 1 - math.floor(math.log10(middle)), 0)
        return f"{low:.{places}f} to {high:.{places}f}{unit}"
    return f"{plain(low)} to {plain(high)}{unit}"


def plain(x: float) -> str:
    """Return a number with four digits, never as a power of ten that is a plain number.

    Examples
    --------
    >>> plain(123456.0), plain(0.0012345)
    ('123500', '0.001234')
    """
    rounded = float(f"{x:.4g}")
    return f"{rounded:.0f}" if 1e4 <= abs(rounded) < 1e9 else f"{rounded:g}"
