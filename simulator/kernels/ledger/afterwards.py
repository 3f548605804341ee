"""What comes after the release: refreshes, with their price and their hardware; and a model rented instead."""

from __future__ import annotations

import math

import numpy as np

from simulator.jit import stage
from simulator.kernels.lanes import WIDTH
from simulator.kernels.ledger.book import (
    API_COST,
    BREAK_EVEN,
    COST_TOTAL,
    HARDWARE_COST,
    PAID_LEVEL,
    PROGRAMME,
    REFRESH_COST,
    REFRESH_DISCOUNTED,
    REFRESH_ENERGY,
    RUN_COST,
    RUN_EMISSIONS,
    SAVES,
    SERVING_COST,
    SPENDING,
    Pages,
    places,
)
from simulator.kernels.ledger.prices import level_at
from simulator.kernels.ledger.totals import unknown_spending, year_of
from simulator.model.api import break_even, months_worth
from simulator.model.programme import renewed
from simulator.stochastic.elementary import exp, log

_HOURS_PER_YEAR = 8766.0
_MOST_REFRESHES = 40_000.0  # one a day for a century; more are not worked out, and not known

_HORIZON, _EVERY, _RATIO, _GROWTH, _RENEWAL, _GAIN, _DISCOUNT = places(
    "improvement_horizon", "refresh_interval", "refresh_ratio", "refresh_growth", "renewal_interval", "renewal_gain", "discount_rate"
)
_TAX, _CARBON_PRICE = places("tax_rate", "carbon_price")
_DRIFT, _RATE, _SIZE = places("price_drift", "price_jump_rate", "price_jump_size")
_IN, _OUT, _DEMAND_GROWTH, _PRICE_IN, _PRICE_OUT, _API_DRIFT, _SERVING, _BUY_HORIZON = places(
    "demand_in", "demand_out", "demand_growth", "api_price_in", "api_price_out", "api_price_drift", "serving_price", "buy_horizon"
)


@stage
def refresh(draw: int, count: int, key: np.uint64, jumping: bool, dated: bool, pages: Pages) -> None:
    """Write what refreshes cost, and use in multiples of the run, and date what they cost: hardware follows its price, the rest stays."""
    x, y, aside = pages.x, pages.y, pages.aside
    for i in range(count):
        horizon, every = x[_HORIZON + i], x[_EVERY + i]
        cost, energy, discounted = 0.0, 0.0, 0.0
        released, many = y[PROGRAMME * WIDTH + i], horizon / every
        if math.isnan(many) or many > _MOST_REFRESHES:
            aside[REFRESH_COST * WIDTH + i] = aside[REFRESH_ENERGY * WIDTH + i] = aside[REFRESH_DISCOUNTED * WIDTH + i] = math.nan
            if dated:
                unknown_spending(i, y)
            continue
        if dated and many >= 1.0 and math.isnan(released):
            unknown_spending(i, y)
        growth, discount = log(1.0 + x[_GROWTH + i]), log(1.0 + x[_DISCOUNT + i])
        for k in range(1, int(many) + 1):
            after = k * every
            years = after / _HOURS_PER_YEAR
            less = renewed(after, x[_RENEWAL + i], x[_GAIN + i])
            work = x[_RATIO + i] * exp(growth * years) * less
            price = 1.0
            if jumping:
                now = (released + after) / _HOURS_PER_YEAR
                price = level_at(now, draw + i, i, key, x[_DRIFT + i], x[_RATE + i], x[_SIZE + i], pages.path)
                price /= aside[PAID_LEVEL * WIDTH + i]
            paid = work * (aside[RUN_COST * WIDTH + i] + aside[HARDWARE_COST * WIDTH + i] * (price - 1.0))
            worth = exp(-discount * years)
            cost += paid * worth
            energy += work
            discounted += work * worth
            if dated:
                of_carbon = x[_CARBON_PRICE + i] * 0.001 * work * aside[RUN_EMISSIONS * WIDTH + i]
                y[(SPENDING + year_of(released + after)) * WIDTH + i] += paid * (1.0 + x[_TAX + i]) + of_carbon
        aside[REFRESH_COST * WIDTH + i], aside[REFRESH_ENERGY * WIDTH + i] = cost, energy
        aside[REFRESH_DISCOUNTED * WIDTH + i] = discounted


@stage
def rent_instead(pages: Pages) -> None:
    """Write what serving costs from a rented model and from the own one, from the release on, and the volume at which they are equal."""
    x, y = pages.x, pages.y
    for i in range(WIDTH):
        discount, growth, horizon = x[_DISCOUNT + i], x[_DEMAND_GROWTH + i], x[_BUY_HORIZON + i]
        tokens = x[_IN + i] + x[_OUT + i]
        rented = (x[_IN + i] * x[_PRICE_IN + i] + x[_OUT + i] * x[_PRICE_OUT + i]) * 1e-6
        rented *= exp(x[_API_DRIFT + i] * y[PROGRAMME * WIDTH + i] / _HOURS_PER_YEAR)  # prices of the day of the release
        rented *= months_worth(horizon, growth, x[_API_DRIFT + i], discount)
        served = tokens * x[_SERVING + i] * 1e-6 * months_worth(horizon, growth, 0.0, discount)
        build = y[COST_TOTAL * WIDTH + i]
        y[API_COST * WIDTH + i], y[SERVING_COST * WIDTH + i] = rented, served
        y[SAVES * WIDTH + i] = rented - served - build
        y[BREAK_EVEN * WIDTH + i] = break_even(build, (rented - served) / tokens)
