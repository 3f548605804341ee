"""Scores of forecasts against what was reported, in logarithms: coverage, PIT, CRPS, log score, sharpness, bias."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9)
_BOOTSTRAPS = 4000


@dataclass(frozen=True)
class Score:
    """A forecast of one target of one run, scored.

    Attributes
    ----------
    run_id, family, target : str
    p05, p50, p95, actual : float
        In the target's canonical unit.
    pit : float
        Share of the forecast below what was reported.
    crps : float
        Continuous ranked probability score of the logarithm.
    crps_median : float
        The same of the forecast's own median, a point: its distance.
    log_score : float
        Logarithm of the density of the logarithm, by a normal kernel; larger is better.
    """

    run_id: str
    family: str
    target: str
    p05: float
    p50: float
    p95: float
    actual: float
    pit: float
    crps: float
    crps_median: float
    log_score: float


def score(run_id: str, family: str, target: str, draws: Floats, actual: float) -> Score:
    r"""Return the score of draws, shape (n,), all above 0, or counts of 0 and more, of which 1/2 stands for 0.

    Notes
    -----
    CRPS of an ensemble, :math:`E|X - y| - \frac12 E|X - X'|`: Gneiting & Raftery (2007), JASA 102(477):359-378,
    doi:10.1198/016214506000001437, equation 20. PIT of a discrete forecast counts half of the draws that are equal.

    Examples
    --------
    >>> s = score("a", "a", "device_hours", np.exp(np.random.default_rng(0).normal(size=20_000)), 1.0)
    >>> round(s.pit, 1), round(s.crps, 2)
    (0.5, 0.24)
    """
    x, y = np.sort(np.log(countable(target, draws))), math.log(countable(target, actual))
    n = x.size
    spread = 2.0 * float(np.sum((2.0 * np.arange(1, n + 1) - n - 1.0) * x)) / n**2
    crps = float(np.mean(np.abs(x - y))) - 0.5 * spread
    p05, p50, p95 = np.quantile(draws, [0.05, 0.5, 0.95]).tolist()
    pit = float(np.mean(x < y) + 0.5 * np.mean(x == y))
    return Score(run_id, family, target, p05, p50, p95, actual, pit, crps, abs(y - float(np.median(x))), _log_density(x, y))


@overload
def countable(target: str, value: float) -> float: ...
@overload
def countable(target: str, value: Floats) -> Floats: ...
def countable(target: str, value: float | Floats) -> float | Floats:
    """Return a value whose logarithm is taken: 1/2 for a count of 0, so that it has one."""
    if target != "interruptions":
        return value
    return np.maximum(value, 0.5) if isinstance(value, np.ndarray) else max(value, 0.5)


def point(run_id: str, family: str, target: str, value: float, actual: float) -> Score:
    """Return the score of a forecast without a spread: its CRPS is its distance, its log score minus infinity."""
    away = abs(math.log(countable(target, actual) / countable(target, value)))
    return Score(run_id, family, target, value, value, value, actual, float(value < actual), away, away, -math.inf)


def by_family(values: Mapping[str, Sequence[float]]) -> float:
    """Return the mean over families of the means of their runs."""
    return float(np.mean([np.mean(own) for own in values.values()]))


def coverage(scores: Sequence[Score], level: float) -> tuple[float, float]:
    """Return how often central bands of a level hold what was reported, and the p-value of that.

    Returns
    -------
    tuple of float
        Mean over families of the share of their runs; the two-sided exact binomial test on one run of each family, the first that is
        listed: chosen by its outcome, it would not be exact.
    """
    low, high = 0.5 * (1.0 - level), 0.5 * (1.0 + level)
    families = grouped(scores, lambda s: s.pit)
    share = by_family({name: [float(low <= pit <= high) for pit in pits] for name, pits in families.items()})
    held = sum(low <= pits[0] <= high for pits in families.values())
    return share, float(stats.binomtest(held, len(families), level).pvalue)


def gain(scores: Sequence[Score], others: Sequence[Score], *, seed: int = 0) -> tuple[float, float, float]:
    """Return by what share the CRPS lies below that of another forecast of the same runs, with its 95 % interval over families.

    It is not finite where all CRPS of the other are 0.

    Notes
    -----
    Paired bootstrap of families: Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 8.
    """
    pairs = _by_pairs(scores, others, lambda s: s.crps)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = _resampled(pairs, seed)
        low, high = np.quantile(1.0 - sums[:, 0] / sums[:, 1], [0.025, 0.975]).tolist()
        return float(1.0 - pairs[:, 0].sum() / pairs[:, 1].sum()), low, high


def log_gain(scores: Sequence[Score], others: Sequence[Score], *, seed: int = 0) -> tuple[float, float, float]:
    """Return by how much the mean log score lies above that of another forecast of the same runs, with its 95 % interval over families.

    It is infinite, and its interval unknown, where the other has no density for what was reported.
    """
    pairs = _by_pairs(scores, others, lambda s: s.log_score)
    if not np.all(np.isfinite(pairs)):
        return math.inf, math.nan, math.nan
    sums = _resampled(pairs, seed)
    low, high = np.quantile((sums[:, 0] - sums[:, 1]) / len(pairs), [0.025, 0.975]).tolist()
    return float(np.mean(pairs[:, 0] - pairs[:, 1])), low, high


def _by_pairs(scores: Sequence[Score], others: Sequence[Score], of: Callable[[Score], float]) -> Floats:
    """Return means of the families of two forecasts of the same runs, shape (families, 2)."""
    own, other = (grouped(part, of) for part in (scores, others))
    return np.array([(np.mean(own[name]), np.mean(other[name])) for name in own])


def _resampled(pairs: Floats, seed: int) -> Floats:
    """Return sums over families drawn with replacement, shape (bootstraps, 2)."""
    picks = np.random.default_rng(seed).integers(len(pairs), size=(_BOOTSTRAPS, len(pairs)))
    return np.asarray(pairs[picks].sum(axis=1))


def grouped(scores: Sequence[Score], of: Callable[[Score], float]) -> dict[str, list[float]]:
    """Return values of scores by family."""
    found: dict[str, list[float]] = {}
    for s in scores:
        found.setdefault(s.family, []).append(of(s))
    return found


def _log_density(x: Floats, y: float) -> float:
    """Return the logarithm of a normal kernel's density at y, with Silverman's bandwidth."""
    width = 1.06 * float(np.std(x)) * x.size**-0.2
    if width == 0.0:
        return -math.inf
    return float(np.logaddexp.reduce(stats.norm.logpdf(y, x, width)) - math.log(x.size))
