"""How closely draws are matched with what was read: as closely as it is known, or as there are draws enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.update.actuals import Observation
from simulator.analysis.update.likelihood import log_likelihood
from simulator.analysis.weighted import effective_draws, weights_of

Floats = NDArray[np.float64]

_SHARE = 0.01  # of the draws, that are to be left: a tolerance that moves the forecast by less than its Monte Carlo error
_FEWEST = 200  # draws that are to be left of few
_WIDEST = 1.0  # spread of the draws: beyond it nothing is learnt
_STEPS = 30  # of the bisection of a tolerance: 1e-9 of it
_ROUNDING = 1e-9  # of a total: what is the same in all draws is so but for it


@dataclass(frozen=True)
class Matched:
    """An observation and the draws' totals that are matched with it.

    Attributes
    ----------
    observation : Observation
    state : ndarray, shape (draws,)
        As :func:`simulator.analysis.update.likelihood.log_likelihood` takes it.
    tolerance : float
        Relative standard deviation with which draws are weighted: the observation's error where the draws allow it, more where they
        are too few or none has this total; 0 of interruptions, whose law tells it.
    """

    observation: Observation
    state: Floats
    tolerance: float

    @property
    def log_weights(self) -> Floats:
        """Logarithm of the weights, shape (draws,), up to a constant."""
        return log_likelihood(replace(self.observation, error=self.tolerance), self.state)

    @property
    def effective_draws(self) -> float:
        """What the draws are worth once they agree with this observation alone; 0 where none does."""
        logs = self.log_weights
        return effective_draws(weights_of(logs)) if np.isfinite(logs).any() else 0.0


def matched(observations: Sequence[Observation], states: Sequence[Floats]) -> list[Matched]:
    r"""Return observations with the least tolerances that leave enough draws.

    The tolerance of a total is :math:`\sqrt{e^2 + g^2 + (h\,\sigma)^2}`, and no less than rounding: its relative standard error e, the
    distance g of the nearest draw, and a share h of the spread σ of the draws' logarithms. h is the same for all totals: 0 where a
    hundredth of the draws, and 200 of them, are left without it, else the least that leaves them, at most 1.

    Parameters
    ----------
    observations : sequence of Observation
    states : sequence of ndarray, shape (draws,)
        By observation; not NaN.

    Notes
    -----
    Approximate Bayesian computation: Beaumont, Zhang & Balding (2002), Genetics 162(4):2025-2035, doi:10.1093/genetics/162.4.2025, who
    keep the nearest hundredth of the draws too.
    """
    pairs = list(zip(observations, states, strict=True))
    spreads = [_spread(state) for _, state in pairs]
    gaps = [_gap(o, state) for o, state in pairs]

    def at(share: float) -> list[Matched]:
        told = zip(pairs, gaps, spreads, strict=True)
        widths = [math.hypot(o.error, gap, share * spread, _ROUNDING) for (o, _), gap, spread in told]
        counted = [o.column == "interruptions" for o, _ in pairs]
        return [Matched(o, state, 0.0 if own else width) for (o, state), width, own in zip(pairs, widths, counted, strict=True)]

    def enough(share: float) -> bool:
        found = at(share)
        logs = np.sum([m.log_weights for m in found], axis=0)
        return bool(np.isfinite(logs).any() and effective_draws(weights_of(logs)) >= max(_SHARE * logs.size, _FEWEST))

    if not pairs or enough(0.0):
        return at(0.0)
    low, high = 0.0, _WIDEST
    for _ in range(_STEPS if enough(high) else 0):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return at(high)


def _spread(state: Floats) -> float:
    """Return the standard deviation of the logarithms of totals."""
    positive = state[state > 0.0]
    return float(np.std(np.log(positive))) if positive.size else 0.0


def _gap(observation: Observation, state: Floats) -> float:
    """Return how far the nearest draw is from a total, in logarithms; 0 where none is above nought."""
    positive = state[state > 0.0]
    return float(np.min(np.abs(np.log(positive / observation.value)))) if positive.size and observation.value > 0.0 else 0.0
