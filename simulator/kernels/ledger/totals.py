"""Sums over the components, and the calendar of spending."""

from __future__ import annotations

import math

import numpy as np

from simulator.jit import jittable, stage, wide_vectors
from simulator.kernels.lanes import WIDTH, Floats, Integers, add
from simulator.kernels.ledger.book import (
    ALL_ENERGY,
    BESIDE,
    CARBONED,
    COST,
    COST_TOTAL,
    COSTS,
    DELAY,
    EMISSIONS_TOTAL,
    ENERGY,
    ENERGY_IT,
    LOCATION,
    MARKET,
    MATCHED,
    PROGRAMME,
    PUE,
    REFRESH_COST,
    REFRESH_DISCOUNTED,
    REFRESH_ENERGY,
    RUN_EMISSIONS,
    SPENDING,
    WATER,
    WATER_OFF,
    WATER_ON,
    YEARS,
    Pages,
    costs,
    emissions,
    places,
)
from simulator.model.clean_supply import market_based
from simulator.model.emissions import operational
from simulator.model.energy import facility_energy
from simulator.model.water import off_site, on_site

_BEFORE, _AFTER, _TAX, _CARBON_PRICE = places("preparation_time", "evaluation_time", "tax_rate", "carbon_price")
_CARBON_SHIFT, _RESIDUAL_MIX, _WUE_ON, _WUE_OFF = places("carbon_year_shift", "residual_intensity", "wue_on", "wue_off")
_IDLE, _BACKUP, _BACKUP_CARBON, _RAW, _CLEANING_ENERGY = places(
    "idle_infrastructure_ratio", "backup_share", "backup_intensity", "raw_data", "cleaning_energy"
)
_C_TAXES, _C_CARBON, _C_IMPROVEMENT, _C_PEOPLE, _C_EVENTS = costs("taxes", "carbon_price", "continuous_improvement", "people", "events")
(_E_IMPROVEMENT,) = emissions("continuous_improvement")
_HOURS_PER_YEAR = 8766.0

#: when each component is spent; refreshes are dated one by one
_IN_RUN, _IN_DATA, _IN_RESEARCH, _ALWAYS, _LATER = range(5)
_KINDS = {
    **dict.fromkeys(COSTS[COSTS.index("data_acquisition") : COSTS.index("storage")], _IN_DATA),
    **dict.fromkeys(("research_compute", "teacher"), _IN_RESEARCH),
    **dict.fromkeys(("storage", "data_transfer", "people"), _ALWAYS),
    "continuous_improvement": _LATER,
}
_WHEN = np.array([_KINDS.get(name, _IN_RUN) for name in COSTS])


@stage
def nothing_beside(pages: Pages) -> None:
    """Write the water of a run beside which there is nothing; its other totals are the run's own."""
    y = pages.y
    for i in range(WIDTH):
        y[WATER * WIDTH + i] = y[WATER_ON * WIDTH + i] + y[WATER_OFF * WIDTH + i]


@stage
def use_in_all(pages: Pages) -> None:
    """Write energy, water and operational emissions of the whole programme, idle infrastructure, data and refreshes with it."""
    wide_vectors()
    x, run, aside, y = pages.x, pages.run, pages.aside, pages.y
    for i in range(WIDTH):
        runs = 1.0 + aside[BESIDE * WIDTH + i] + aside[REFRESH_ENERGY * WIDTH + i]
        at_work, energy, pue = run[ENERGY_IT * WIDTH + i], y[ENERGY * WIDTH + i], aside[PUE * WIDTH + i]
        cleaning, diesel = x[_RAW + i] * x[_CLEANING_ENERGY + i], x[_BACKUP + i] * runs
        multiple = runs - diesel + x[_IDLE + i]
        bought, burnt = energy * multiple + cleaning, energy * diesel * x[_BACKUP_CARBON + i]
        intensity = operational(run[CARBONED * WIDTH + i] / at_work, x[_CARBON_SHIFT + i])  # mean over the run
        located = operational(facility_energy(run[CARBONED * WIDTH + i], pue), x[_CARBON_SHIFT + i]) * multiple + cleaning * intensity
        y[ALL_ENERGY * WIDTH + i] = energy * (runs + x[_IDLE + i]) + cleaning
        y[LOCATION * WIDTH + i] = located + burnt
        y[MARKET * WIDTH + i] = market_based(located, bought, aside[MATCHED * WIDTH + i], x[_RESIDUAL_MIX + i]) + burnt
        y[WATER_ON * WIDTH + i] = on_site(at_work * (runs + x[_IDLE + i]) + cleaning / pue, x[_WUE_ON + i])
        y[WATER_OFF * WIDTH + i] = off_site(bought, x[_WUE_OFF + i])
        y[WATER * WIDTH + i] = y[WATER_ON * WIDTH + i] + y[WATER_OFF * WIDTH + i]


@stage
def add_up(costs: Integers, emissions: Integers, pages: Pages) -> None:
    """Write the totals of the components that count, but what is added by :func:`add_what_is_not_bought`."""
    wide_vectors()
    y = pages.y
    for i in range(WIDTH):
        y[COST_TOTAL * WIDTH + i], y[EMISSIONS_TOTAL * WIDTH + i] = 0.0, 0.0
    for k in range(emissions.size):
        add(y, emissions[k] * WIDTH, y, EMISSIONS_TOTAL * WIDTH)
    for k in range(costs.size):
        if costs[k] * WIDTH not in (_C_PEOPLE, _C_EVENTS, _C_TAXES, _C_CARBON):
            add(y, costs[k] * WIDTH, y, COST_TOTAL * WIDTH)


@stage
def renew(pages: Pages) -> None:
    """Write what refreshes cost and emit."""
    wide_vectors()
    y, aside = pages.y, pages.aside
    for i in range(WIDTH):
        y[_C_IMPROVEMENT + i] = aside[REFRESH_COST * WIDTH + i]
        y[_E_IMPROVEMENT + i] = aside[REFRESH_ENERGY * WIDTH + i] * aside[RUN_EMISSIONS * WIDTH + i]


@stage
def add_what_is_not_bought(costs: Integers, pages: Pages) -> None:
    """Add taxes on what is bought, people, events and the carbon price, that of refreshes discounted, to the total, where they count."""
    wide_vectors()
    x, y, aside = pages.x, pages.y, pages.aside
    for i in range(WIDTH):
        y[_C_TAXES + i] = x[_TAX + i] * y[COST_TOTAL * WIDTH + i]
        later = (aside[REFRESH_DISCOUNTED * WIDTH + i] - aside[REFRESH_ENERGY * WIDTH + i]) * aside[RUN_EMISSIONS * WIDTH + i]
        y[_C_CARBON + i] = x[_CARBON_PRICE + i] * 0.001 * (y[EMISSIONS_TOTAL * WIDTH + i] + later)
    for k in range(costs.size):
        if costs[k] * WIDTH in (_C_PEOPLE, _C_EVENTS, _C_TAXES, _C_CARBON):
            add(y, costs[k] * WIDTH, y, COST_TOTAL * WIDTH)


@jittable
def year_of(time: float) -> int:
    """Return the year of the calendar that a time [h from now] falls into: the last one for all later, and for an unknown one."""
    years = time / _HOURS_PER_YEAR
    return int(years) if years < YEARS - 1 else YEARS - 1


@jittable
def unknown_spending(lane: int, y: Floats) -> None:
    """Leave no year of the calendar known."""
    for year in range(YEARS):
        y[(SPENDING + year) * WIDTH + lane] = math.nan


@jittable
def _spend(amount: float, begin: float, end: float, lane: int, y: Floats) -> None:
    """Add an amount to the years that it is spent in, evenly from ``begin`` to ``end`` [h from now]; to none where these are unknown."""
    first = begin / _HOURS_PER_YEAR
    last = end / _HOURS_PER_YEAR
    if math.isnan(first + last):
        unknown_spending(lane, y)
        return
    year = year_of(begin)
    if not last > first or not last < 1e9:
        y[(SPENDING + year) * WIDTH + lane] += amount
        return
    while first < last:
        until = last if year == YEARS - 1 or last < year + 1.0 else year + 1.0
        y[(SPENDING + year) * WIDTH + lane] += amount * (until - first) / (last / 1.0 - begin / _HOURS_PER_YEAR)
        first = until
        year = min(year + 1, YEARS - 1)


@stage
def date_spending(costs: Integers, count: int, pages: Pages) -> None:
    """Add what is spent until the release to the years from now on: evenly over the time that each cost belongs to."""
    x, y, aside = pages.x, pages.y, pages.aside
    for i in range(count):
        before, end = x[_BEFORE + i], y[PROGRAMME * WIDTH + i]
        start, stop = before + aside[DELAY * WIDTH + i], end - x[_AFTER + i]
        data = research = at_run = throughout = 0.0
        for k in range(costs.size):
            amount, kind = y[costs[k] * WIDTH + i], _WHEN[costs[k] - COST]
            data += amount if kind == _IN_DATA else 0.0
            research += amount if kind == _IN_RESEARCH else 0.0
            at_run += amount if kind == _IN_RUN else 0.0
            throughout += amount if kind == _ALWAYS else 0.0
        of_refreshes = aside[REFRESH_DISCOUNTED * WIDTH + i] * aside[RUN_EMISSIONS * WIDTH + i]
        at_run -= x[_TAX + i] * y[_C_IMPROVEMENT + i] + x[_CARBON_PRICE + i] * 0.001 * of_refreshes  # they are dated with them
        _spend(data, 0.0, before, i, y)
        _spend(research, 0.0 if before > 0.0 else start, before if before > 0.0 else stop, i, y)
        _spend(at_run, start, stop, i, y)
        _spend(throughout, 0.0, end, i, y)
