"""Monte Carlo errors of percentiles: from order statistics of random draws, from the spread of Sobol' replicates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from simulator.analysis.order_statistics import draws_needed, interval_ranks
from simulator.analysis.samples import Parts, percentiles
from simulator.analysis.tails import Ordered
from simulator.errors import InputError

FloatArray = NDArray[np.float64]

ONE_SCRAMBLING = "one Sobol' scrambling has no Monte Carlo error: use replicates"

_ONE_SD = 0.6827  # P(|z| < 1): an interval of this level is two standard errors wide where the normal limit holds
_FEWEST_BEYOND = 5  # draws of a replicate beyond a percentile: the usual count from which a binomial is nearly normal


@dataclass(frozen=True)
class Errors:
    """Monte Carlo errors of one output; NaN, and the reason in words, where there are none."""

    mcse: FloatArray
    ci: FloatArray
    ci_level: FloatArray
    draws_needed: NDArray[np.int64]
    mcse_mean: float
    reason: str


# (draws by replicate, ascending draws, percentiles, standard error of the mean of independent draws) -> errors
ErrorsOf = Callable[[Callable[[], Parts], Ordered, FloatArray, float], Errors]


def errors_by_plan(plan: str, replicates: int, draws: int, probabilities: FloatArray, confidence: float) -> ErrorsOf:
    """Return the errors of statistics of so many draws of a plan.

    Raises
    ------
    InputError
        Unknown plan.
    """
    match plan:
        case "random":
            return _errors_of_random(draws, probabilities, confidence)
        case "sobol":
            return _errors_of_sobol(draws, replicates, probabilities, confidence)
        case _:
            raise InputError(f'plan = {plan!r} has no known Monte Carlo error; it must be "random" or "sobol"')


def _errors_of_random(draws: int, probabilities: FloatArray, confidence: float) -> ErrorsOf:
    positions, level = _positions(draws, probabilities, confidence)
    needed = np.array([draws_needed(p, confidence=confidence) for p in probabilities])
    needed[~np.isnan(level)] = 0
    sd_positions, sd_level = _positions(draws, probabilities, _ONE_SD)
    sds_between = np.where(np.isnan(level), np.nan, 2 * ndtri((1 + sd_level) / 2))

    def errors_of(_parts: Callable[[], Parts], ordered: Ordered, _value: FloatArray, standard_error: float) -> Errors:
        return Errors(
            mcse=np.diff(ordered[sd_positions], axis=1)[:, 0] / sds_between,
            ci=np.where(np.isnan(level)[:, None], np.nan, ordered[positions]),
            ci_level=level,
            draws_needed=needed,
            mcse_mean=standard_error,
            reason=_too_few(probabilities, needed),
        )

    return errors_of


def _positions(draws: int, probabilities: FloatArray, confidence: float) -> tuple[NDArray[np.int64], FloatArray]:
    """Return for every percentile the 0-based positions of its interval, and its level; 0 and NaN where refused."""
    intervals = [interval_ranks(draws, p, confidence=confidence) for p in probabilities]
    positions = [(i.lower - 1, i.upper - 1) if i else (0, 0) for i in intervals]
    return np.array(positions, dtype=np.int64), np.array([i.level if i else np.nan for i in intervals])


def _errors_of_sobol(draws: int, replicates: int, probabilities: FloatArray, confidence: float) -> ErrorsOf:
    # by decimal fractions, since in binary 5/(1 − 0.9) exceeds 50
    rarer = [min(p, 1 - p) for p in (Fraction(repr(float(p))) for p in probabilities)]
    needed = np.array([replicates * math.ceil(_FEWEST_BEYOND / p) for p in rarer])
    needed[(draws >= needed) | (replicates == 1)] = 0  # no number of draws gives one scrambling an error
    reason = ONE_SCRAMBLING if replicates == 1 else _too_few(probabilities, needed)
    half_width = stdtrit(replicates - 1, (1 + confidence) / 2) if replicates > 1 else np.nan

    def errors_of(parts: Callable[[], Parts], _ordered: Ordered, value: FloatArray, _standard_error: float) -> Errors:
        own = parts()
        supported = (needed == 0) & (replicates > 1) & (len(own) == replicates)
        error = _error_of_mean(np.array([percentiles(part, probabilities) for part, _ in own]))
        mcse = np.where(supported, error, np.nan)
        return Errors(
            mcse=mcse,
            ci=value[:, None] + half_width * mcse[:, None] * np.array([-1, 1]),
            ci_level=np.full(len(probabilities), confidence),
            draws_needed=needed,
            mcse_mean=float(_error_of_mean(np.array([mean for _, mean in own]))),
            reason=reason,
        )

    return errors_of


def _error_of_mean(by_replicate: FloatArray) -> FloatArray:
    """Return sd/√m over the replicates (first axis), NaN for a single one."""
    m = len(by_replicate)
    deviations = by_replicate - by_replicate.mean(axis=0)
    squares: FloatArray = (deviations**2).sum(axis=0)
    return np.sqrt(squares / (m * (m - 1))) if m > 1 else np.full_like(squares, np.nan)


def _too_few(probabilities: FloatArray, needed: NDArray[np.int64]) -> str:
    refused = ", ".join(repr(float(p)) for p in probabilities[needed > 0])
    return f"too few draws for the error of percentile {refused}" if refused else ""
