"""The same model rented: present values of serving tokens, and the volume from which building is cheaper."""

from __future__ import annotations

import math

from simulator.jit import jittable
from simulator.model.rental_market import drifted
from simulator.stochastic.elementary import log

HOURS_PER_YEAR, MONTHS_PER_YEAR = 8766.0, 12.0


@jittable
def months_worth(horizon: float, growth: float, price_drift: float, discount_rate: float) -> float:
    """Return how many of the first month's bills a growing demand costs over a horizon, discounted [month].

    Parameters
    ----------
    horizon : float
        [h], >= 0.
    growth : float
        Of the volume [1/yr], > -1.
    price_drift : float
        Of the logarithm of the price [1/yr].
    discount_rate : float
        [1/yr], > -1.

    Examples
    --------
    >>> months_worth(2 * 8766.0, 0.0, 0.0, 0.0)
    24.0
    """
    rate = log(1.0 + growth) + price_drift - log(1.0 + discount_rate)
    return MONTHS_PER_YEAR * drifted(rate, 0.0, horizon / HOURS_PER_YEAR)


@jittable
def break_even(build: float, saved_by_token: float) -> float:
    """Return the tokens a month from which building is cheaper [token/month]; infinite where no volume is enough.

    Parameters
    ----------
    build : float
        What building costs whatever the volume [USD]; where that is less than nothing, any volume is enough.
    saved_by_token : float
        Present value of what one token a month saves over the horizon [USD month/token].

    Examples
    --------
    >>> break_even(1e6, 1e-4), break_even(1e6, -1e-4), break_even(-1e6, 1e-4)
    (10000000000.0, inf, 0.0)
    """
    if not saved_by_token > 0.0:
        return math.inf + 0.0 * (build + saved_by_token)
    return build / saved_by_token if build > 0.0 else 0.0 * build + 0.0
