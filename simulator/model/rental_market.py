"""What a market asks for accelerators: discounts, commitments, prices that jump both ways."""

from __future__ import annotations

from simulator.jit import jittable
from simulator.stochastic.elementary import exp, expm1_ratio

HOURS_PER_YEAR = 8766.0


@jittable
def blended_price(
    rental_price: float,
    level_at_start: float,
    level_in_run: float,
    reserved_share: float,
    spot_share: float,
    reserved_discount: float,
    spot_discount: float,
) -> float:
    """Return the mean price of an accelerator-hour over what is reserved, spot and on demand [USD/h].

    Reserved capacity keeps the price of the day on which it is reserved; on-demand and spot capacity follow the market.
    Where the two shares, drawn apart, come to more than all, spot capacity is what reserved capacity leaves.

    Parameters
    ----------
    rental_price : float
        On-demand price today [USD/h], > 0.
    level_at_start, level_in_run : float
        Price level when the run starts, and on average over it, divided by today's [1].
    reserved_share, spot_share : float
        Shares of the accelerators [1]; the rest is on demand.
    reserved_discount, spot_discount : float
        On the on-demand price [1], in [0, 1).

    Examples
    --------
    >>> blended_price(4.0, 1.0, 1.5, 0.5, 0.0, 0.25, 0.0)
    4.5
    >>> round(blended_price(4.0, 1.0, 1.0, 0.75, 0.5, 0.0, 0.5), 12)  # a quarter is left for spot
    3.5
    """
    left = 1.0 - reserved_share
    spot = left if spot_share > left else spot_share
    reserved = reserved_share * (1.0 - reserved_discount) * level_at_start
    return rental_price * ((left - spot) * level_in_run + reserved + spot * (1.0 - spot_discount) * level_in_run)


@jittable
def idle_commitment(
    wall_clock: float,
    commitment_time: float,
    accelerators: float,
    reserved_share: float,
    reserved_price: float,
) -> float:
    """Return the rent of reserved accelerators for the time that the run does not need them [USD].

    Parameters
    ----------
    wall_clock, commitment_time : float
        [h], >= 0.
    accelerators, reserved_share : float
        n and the share of them that is reserved [1].
    reserved_price : float
        [USD/h]

    Examples
    --------
    >>> idle_commitment(600.0, 720.0, 100.0, 0.5, 2.0)
    12000.0
    """
    idle = commitment_time - wall_clock
    return (0.0 if idle < 0.0 else idle) * accelerators * reserved_share * reserved_price


@jittable
def drifted(drift: float, begin: float, end: float) -> float:
    """Return the integral of exp(μ t) from ``begin`` to ``end`` [yr]: a price level without jumps.

    Parameters
    ----------
    drift : float
        μ [1/yr], any sign.
    begin, end : float
        [yr], begin <= end.

    Examples
    --------
    >>> drifted(0.0, 1.0, 3.0)
    2.0
    >>> round(drifted(-0.5, 0.0, 2.0), 6)  # (1 - 1/e)/0.5
    1.264241
    """
    x = drift * (end - begin)
    ratio = exp(x) * expm1_ratio(-x) if x < 0.0 else expm1_ratio(x)
    return exp(drift * begin) * (end - begin) * ratio
