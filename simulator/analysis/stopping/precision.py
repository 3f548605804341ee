"""How exactly a statistic is known: the confidence interval that draws give it, and the width that is wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.analysis.order_statistics import draws_needed, interval_ranks, require_open_unit
from simulator.analysis.tails import moments_reported
from simulator.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """How exactly a statistic of an output is wanted.

    Parameters
    ----------
    output : str
        As the bands name it: ``cost_total``, ``cost[electricity]``.
    probability : float or None
        The percentile as a fraction in (0, 1); None asks for the mean.
    width : float
        Largest half width of the confidence interval, > 0: in the output's unit or, where ``relative``, as a share of the statistic.
    relative : bool

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> str(Target("cost_total", 0.95, 0.005, relative=True)), str(Target("energy", None, 2e4))
    ('cost_total p95 ± 0.5 %', 'energy mean ± 20000')
    """

    output: str
    probability: float | None
    width: float
    relative: bool = False

    def __post_init__(self) -> None:
        if self.probability is not None:
            require_open_unit("probability", self.probability)
        if not 0 < self.width < math.inf:
            raise InputError(
                f"width = {self.width} of {self.statistic} is not admissible; it must be positive and finite, for example 0.5 %"
            )

    @property
    def statistic(self) -> str:
        """The output and its statistic: ``cost_total p95``."""
        return f"{self.output} mean" if self.probability is None else f"{self.output} p{100 * self.probability:.12g}"

    def __str__(self) -> str:
        return f"{self.statistic} ± {f'{100 * self.width:.6g} %' if self.relative else f'{self.width:.6g}'}"


@dataclass(frozen=True)
class Precision:
    """How exactly a statistic is known.

    Attributes
    ----------
    target : Target
    value : float
        The statistic of all draws, in the output's unit; NaN where it has none.
    lower, upper : float
        Its confidence interval; NaN where the draws support none.
    level : float
        Of this interval.
    missing : str
        Why there is no interval, in words; empty where there is one.
    undefined : bool
        Whether no further draws can help: one NaN draw makes every statistic NaN.
    """

    target: Target
    value: float
    lower: float
    upper: float
    level: float
    missing: str = ""
    undefined: bool = False

    @property
    def half_width(self) -> float:
        """Half the width of the interval; infinite where there is none, or an end of it is infinite."""
        width = (self.upper - self.lower) / 2
        return width if math.isfinite(width) else math.inf

    @property
    def wanted(self) -> float:
        """The half width that is wanted, in the output's unit; NaN of a share of no number."""
        return self.target.width * abs(self.value) if self.target.relative else self.target.width

    @property
    def reached(self) -> bool:
        """Whether the interval is as narrow as wanted."""
        return math.isfinite(self.half_width) and self.half_width <= self.wanted

    @property
    def excess(self) -> float:
        """The half width over the one that is wanted; infinite where nothing tells how many draws would reach it."""
        if self.half_width == 0.0:  # an atom
            return 0.0
        return self.half_width / self.wanted if self.wanted > 0 and math.isfinite(self.half_width) else math.inf


def precision(target: Target, draws: Floats, *, level: float, first: int = 0) -> Precision:
    r"""Return how exactly independent draws tell a statistic.

    The value is that of all draws, the interval that of the draws from ``first`` on. That of a percentile is exact, whatever the
    distribution (:func:`simulator.analysis.order_statistics.interval_ranks`); that of a mean is the normal limit's,
    :math:`\bar x \pm z\,s / \sqrt n`, where the tails allow one (:mod:`simulator.analysis.tails`).

    Parameters
    ----------
    target : Target
    draws : ndarray of float, shape (n,)
        Independent draws of the output.
    level : float
        Of the interval, in (0, 1).
    first : int
        Draws before it are left out of the interval.

    Returns
    -------
    Precision

    Examples
    --------
    >>> p = precision(Target("x", 0.5, 0.1, relative=True), np.arange(1.0, 101.0), level=0.95)
    >>> p.value, p.lower, p.upper, p.reached
    (50.5, 40.0, 60.0, False)
    """
    if missing := int(np.isnan(draws).sum()):
        return Precision(target, math.nan, math.nan, math.nan, level, f"{missing} of {draws.size} draws are NaN", undefined=True)
    value, own = _statistic(target.probability, draws), draws[first:]
    if target.probability is None:
        moments = moments_reported(own)
        reach = float(ndtri((1 + level) / 2)) * moments.standard_error
        return Precision(target, value, moments.mean - reach, moments.mean + reach, level, moments.note)
    ranks = interval_ranks(own.size, target.probability, confidence=level) if own.size else None
    if ranks is None:
        needed = draws_needed(target.probability, confidence=level)
        return Precision(target, value, math.nan, math.nan, level, f"{own.size} draws are too few for an interval, {needed} are needed")
    places = [ranks.lower - 1, ranks.upper - 1]
    lower, upper = np.partition(own, places)[places].tolist()
    return Precision(target, value, lower, upper, level, "" if math.isfinite(upper - lower) else "an end of the interval is infinite")


def _statistic(probability: float | None, draws: Floats) -> float:
    """Return a mean, or a percentile as the bands have it; NaN of no draws, and of the mean of infinite ones of both signs."""
    if not draws.size:
        return math.nan
    with np.errstate(invalid="ignore"):
        value = draws.mean() if probability is None else np.quantile(draws, probability)
    if np.isnan(value) and probability is not None:  # between infinite draws
        value = np.quantile(draws, probability, method="nearest")
    return float(value)
