"""Time: interruptions, checkpoints and goodput, in closed form.

The run saves every τ hours of work, a save blocks for δ, interruptions are exponential with rate Λ
for the whole job, and each loses the work since the last save. These are expectations over the
interruptions of one draw; where single histories matter, they must be played out event by event.
"""

from __future__ import annotations

import math

from simulator.jit import jittable
from simulator.stochastic.elementary import exp, expm1, expm1_ratio

_SHORTEST_INTERVAL = 1e-6  # h: where saving is free the optimum is zero, and 4 ms is far below one step
_RARE = 1e-18  # interruptions in a segment, below which e**x - 1 is x
_SMALL_OVERHEAD = 1e-6  # Λδ


@jittable
def interruption_rate(failure_rate: float, nodes: float) -> float:
    """Return the job's rate of unplanned interruptions Λ [1/h].

    Parameters
    ----------
    failure_rate : float
        Interruptions per 1000 node-days, >= 0.
    nodes : float
        Nodes in the job [1].

    Notes
    -----
    The mean time to failure does not scale exactly as 1/nodes: Kokolis et al. (2024),
    arXiv:2410.21680, measured 3.6 times shorter at 1024 devices than its own rate implies.

    Examples
    --------
    >>> round(1 / interruption_rate(3.79, 2048), 2)  # Llama 3.1: one in 3.09 h
    3.09
    """
    return failure_rate * nodes * (1.0 / 24000.0)  # constants multiply: a division takes a vector unit eight times as long


@jittable
def young1974(rate: float, checkpoint_time: float) -> float:
    """Return Young's checkpoint interval τ = sqrt(2 δ / Λ) [h]; infinite without interruptions.

    Parameters
    ----------
    rate : float
        Λ [1/h], >= 0.
    checkpoint_time : float
        δ [h], >= 0.

    References
    ----------
    Young, J. W. (1974). A first order approximation to the optimum checkpoint interval.
    Communications of the ACM 17(9), 530-531. doi:10.1145/361147.361115.

    Examples
    --------
    >>> young1974(0.5, 0.04)
    0.4
    """
    return math.inf if rate == 0.0 else math.sqrt(2.0 * checkpoint_time / rate)


@jittable
def daly2006(rate: float, checkpoint_time: float) -> float:
    """Return Daly's checkpoint interval [h], good where δ is not small against 1/Λ; infinite without interruptions.

    τ = sqrt(2 δ M) [1 + sqrt(δ / 2M) / 3 + (δ / 2M) / 9] − δ for δ < 2M, else M, with M = 1/Λ.

    Parameters
    ----------
    rate : float
        Λ [1/h], >= 0.
    checkpoint_time : float
        δ [h], >= 0.

    References
    ----------
    Daly, J. T. (2006). A higher order estimate of the optimum checkpoint interval for restart
    dumps. Future Generation Computer Systems 22(3), 303-312. doi:10.1016/j.future.2004.11.016,
    equation 37.

    Examples
    --------
    >>> round(daly2006(0.5, 0.04), 4)
    0.3738
    """
    half = checkpoint_time * rate * 0.5  # δ / 2M
    interval = young1974(rate, checkpoint_time) * (1.0 + math.sqrt(half) * (1.0 / 3.0) + half * (1.0 / 9.0)) - checkpoint_time
    return 1.0 / rate if half >= 1.0 else interval


@jittable
def optimal_interval(rate: float, checkpoint_time: float) -> float:
    """Return the checkpoint interval of least expected cost per work [h]; infinite without interruptions.

    The minimum of (e^{Λ(τ + δ)} − 1)/τ, where Λτ − 1 + e^{−Λ(τ + δ)} = 0, found by Newton steps from
    Young's interval. It is the interval of least expected time, and of least expected cost whatever an
    hour up and an hour down cost, a and b: a segment then costs (e^{Λ(τ + δ)} − 1)(a/Λ + bR), or with
    restarts that can be interrupted (e^{Λ(τ + δ)} − 1)(a + b (e^{ΛR} − 1))/Λ, whose second factor does not
    depend on τ.

    Parameters
    ----------
    rate : float
        Λ [1/h], >= 0.
    checkpoint_time : float
        δ [h], >= 0.

    References
    ----------
    Daly (2006), doi:10.1016/j.future.2004.11.016, equation 20: the expected time that is minimized.

    Examples
    --------
    >>> round(optimal_interval(0.5, 0.04), 4)
    0.3738
    """
    d = rate * checkpoint_time
    y = math.sqrt(2.0 * d)  # Λτ; the function is convex and Young's start lies above its root
    for _ in range(6):
        decay = exp(-y - d)
        slope = 1.0 - decay
        y = y - (y - slope) / slope if slope > 0.0 else y
    # below, y - slope cancels, and Daly's series is good to 1e-9
    return daly2006(rate, checkpoint_time) if d < _SMALL_OVERHEAD else y / rate


@jittable
def early_failure_factor(hours: float, ratio: float, settling: float) -> float:
    """Return the mean hazard over the first hours of new machines, over its settled value.

    1 + (r − 1)(1 − e^{−t/s}) s/t for a hazard that starts r times higher and settles with time constant s.

    Parameters
    ----------
    hours : float
        t [h], > 0.
    ratio, settling : float
        r >= 1, s [h] > 0.

    Examples
    --------
    >>> round(early_failure_factor(1e9, 3.0, 10.0), 6), round(early_failure_factor(1e-9, 3.0, 10.0), 6)
    (1.0, 3.0)
    """
    u = hours / settling
    share = expm1_ratio(u) * exp(-u) if u < 1.0 else (1.0 - exp(-u)) / u
    return 1.0 + (ratio - 1.0) * share if ratio != 1.0 else 1.0


@jittable
def admissible_interval(interval: float, work: float) -> float:
    """Return the checkpoint interval held between 4 ms and the whole run [h]; NaN where either is."""
    held = interval if interval <= work or math.isnan(interval) else work
    return _SHORTEST_INTERVAL if held < _SHORTEST_INTERVAL else held


@jittable
def uptime_ratio(rate: float, interval: float, checkpoint_time: float) -> float:
    """Return the expected hours up (working, saving, redoing lost work) per hour of work.

    (e^{Λx} − 1)/(Λτ) with x = τ + δ; (τ + δ)/τ at Λ = 0.

    Parameters
    ----------
    rate, interval, checkpoint_time : float
        Λ [1/h] >= 0, τ [h] > 0, δ [h] >= 0.

    Examples
    --------
    >>> uptime_ratio(0.0, 1.0, 0.25)
    1.25
    """
    exposure = interval + checkpoint_time
    expected = rate * exposure
    rare = expected < _RARE
    return (exposure if rare else expm1(expected)) / (interval if rare else rate * interval)


@jittable
def downtime_ratio_immune(rate: float, downtime: float) -> float:
    """Return the expected hours down per hour up where nothing interrupts a restart: Λ R.

    With ``uptime_ratio`` it gives the wall-clock (e^{Λx} − 1)(1/Λ + R) of one segment.

    Parameters
    ----------
    rate, downtime : float
        Λ [1/h] >= 0, R [h] >= 0.
    """
    return rate * downtime


@jittable
def downtime_ratio_interruptible(rate: float, downtime: float) -> float:
    """Return the expected hours down per hour up where a restart can itself be interrupted: e^{ΛR} − 1.

    With ``uptime_ratio`` it gives the wall-clock (e^{Λx} − 1) e^{ΛR}/Λ of one segment.

    Parameters
    ----------
    rate, downtime : float
        Λ [1/h] >= 0, R [h] >= 0.

    References
    ----------
    Daly (2006), doi:10.1016/j.future.2004.11.016, equation 20.
    """
    return expm1(rate * downtime)


@jittable
def expected_interruptions(rate: float, wall_clock: float) -> float:
    """Return the expected number of interruptions, those during restarts included: Λ t."""
    return rate * wall_clock
