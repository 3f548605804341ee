"""What surrounds the final run: data, people, research, attempts that are given up."""

from __future__ import annotations

import numpy as np

from simulator.jit import jittable
from simulator.stochastic.elementary import exp, log

HOURS_PER_YEAR, HOURS_PER_MONTH = 8766.0, 730.5


@jittable
def abandoned_attempts(luck: float, probability: float) -> float:
    """Return how many attempts are abandoned before one succeeds [1]: geometric, by inversion of ``luck``.

    Parameters
    ----------
    luck : float
        Uniform on [0, 1).
    probability : float
        That an attempt is abandoned [1], in [0, 0.9].

    Examples
    --------
    >>> [float(abandoned_attempts(u, 0.3)) for u in (0.5, 0.71, 0.92)]
    [0.0, 1.0, 2.0]
    """
    # math.floor makes an integer, and one of NaN
    return np.floor(log(1.0 - luck) / log(probability)) if probability > 0.0 else 0.0 * (luck + probability)


@jittable
def occurrences(luck: float, expected: float) -> float:
    """Return how often something happens [1]: Poisson, by inversion of ``luck``.

    Parameters
    ----------
    luck : float
        Uniform on [0, 1).
    expected : float
        Mean [1], >= 0; from 700 on, where e**-mean underflows, the count is the mean.

    Examples
    --------
    >>> [occurrences(u, 1.0) for u in (0.3, 0.5, 0.99)]
    [0.0, 1.0, 4.0]
    """
    count, term = 0.0, exp(-expected)
    below = term
    if expected >= 700.0:
        return expected
    while luck >= below and count < 2000.0:
        count += 1.0
        term *= expected / count
        below += term
    return count + 0.0 * (luck + expected)


@jittable
def staff(headcount: float, fte_share: float, salary: float, pay_overhead: float, equity: float, time: float) -> float:
    """Return the cost of people of one class [USD].

    Parameters
    ----------
    headcount : float
        [1], >= 0.
    fte_share : float
        Share of their time [1], in (0, 1].
    salary, equity : float
        Of one person [USD/yr].
    pay_overhead : float
        On the salary, not on equity [1].
    time : float
        [h]

    References
    ----------
    Cottier et al. (2024), arXiv:2405.21015, section on research and development staff.

    Examples
    --------
    >>> staff(10.0, 0.5, 200_000.0, 0.25, 100_000.0, 8766.0)
    1750000.0
    """
    return headcount * fte_share * (salary * (1.0 + pay_overhead) + equity) * time / HOURS_PER_YEAR


@jittable
def stored(
    stored_data: float, checkpoint_size: float, checkpoints_kept: float, replicas: float, before: float, run: float, after: float
) -> float:
    """Return what is kept for how long [TB month]: data all the time, checkpoints that grow evenly over the run.

    Parameters
    ----------
    stored_data, checkpoint_size : float
        [TB], >= 0.
    checkpoints_kept : float
        By the end of the run [1].
    replicas : float
        Copies [1], >= 1.
    before, run, after : float
        Times of preparation, run and evaluation [h].

    Examples
    --------
    >>> stored(10.0, 2.0, 5.0, 2.0, 730.5, 730.5, 730.5)  # 2 x (30 + 10/2 + 10)
    90.0
    """
    checkpoints = checkpoint_size * checkpoints_kept * (0.5 * run + after)
    return replicas * (stored_data * (before + run + after) + checkpoints) / HOURS_PER_MONTH


@jittable
def renewed(time: float, renewal_interval: float, renewal_gain: float) -> float:
    """Return money and energy for the same compute after a time, divided by those at the start [1].

    Parameters
    ----------
    time, renewal_interval : float
        [h]; hardware is renewed whenever one interval is over.
    renewal_gain : float
        Orders of magnitude per year by which new hardware does more [1/yr], >= 0.

    Examples
    --------
    >>> round(renewed(3 * 8766.0, 2 * 8766.0, 0.5), 12)  # one renewal, after two years
    0.1
    """
    last = np.floor(time / renewal_interval) * renewal_interval
    return exp(-2.302585092994046 * renewal_gain * last / HOURS_PER_YEAR)
