"""What the ledger reads and writes: places of inputs, of a run's outcomes, of the components."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.kernels.lanes import WIDTH, Floats, Integers
from simulator.kernels.slots import INPUTS

#: outcomes of the run that the ledger reads; ``priced`` and ``carboned`` are IT energy times the price [currency] and the
#: carbon intensity [kgCO2e] of its hour, before the year's shift
OUTCOMES = ("device_hours", "wall_clock", "energy_it", "priced", "carboned")
DEVICE_HOURS, WALL, ENERGY_IT, PRICED, CARBONED = range(len(OUTCOMES))

COSTS = (
    "accelerators", "interconnect", "facility", "maintenance", "decommissioning", "electricity", "grid_fees", "demand_charge",
    "backup_generation", "idle_commitment", "idle_infrastructure", "rollbacks", "abandoned_runs", "research_compute", "teacher",
    "data_acquisition", "data_licences", "data_scraping", "data_cleaning", "annotation", "synthetic_data", "storage",
    "data_transfer", "people", "networking", "software", "support", "insurance", "events", "taxes", "carbon_price",
    "continuous_improvement",
)  # fmt: skip
#: the first of them are what the run's compute costs: research, attempts and refreshes cost multiples of their sum
OF_RUN = COSTS.index("idle_commitment")
#: those of the first that follow the price of accelerators
OF_HARDWARE = ("accelerators", "interconnect", "maintenance", "decommissioning")
EMISSIONS = (
    "operational", "backup_generation", "embodied_accelerators", "embodied_servers", "embodied_network", "embodied_building",
    "idle_infrastructure", "rollbacks", "abandoned_runs", "research_compute", "teacher", "data_cleaning", "continuous_improvement",
)  # fmt: skip
EMITTED_OF_RUN = EMISSIONS.index("idle_infrastructure")
YEARS = 12  # of the calendar of spending; the last holds all later ones
TOTALS = (
    "energy", "cost_total", "emissions_total", "emissions_location", "emissions_market", "water", "water_on_site", "water_off_site",
    "programme_time", "abandoned_runs", "device_hours_total", "energy_total",
    "api_cost", "serving_cost", "building_saves", "break_even_demand",
)  # fmt: skip
(
    ENERGY, COST_TOTAL, EMISSIONS_TOTAL, LOCATION, MARKET, WATER, WATER_ON, WATER_OFF, PROGRAMME, ABANDONED, ALL_DEVICE_HOURS,
    ALL_ENERGY, API_COST, SERVING_COST, SAVES, BREAK_EVEN,
) = range(len(TOTALS))  # fmt: skip
COST, EMITTED = len(TOTALS), len(TOTALS) + len(COSTS)
SPENDING = EMITTED + len(EMISSIONS)
#: what the ledger writes, in the order of its rows; pay by class and occurrences by event follow
OUTPUTS = (
    *TOTALS,
    *(f"cost[{name}]" for name in COSTS),
    *(f"emissions[{name}]" for name in EMISSIONS),
    *(f"spending[{year}]" for year in range(YEARS)),
)


class Book(NamedTuple):
    """A scenario as the ledger reads it.

    Attributes
    ----------
    constants : ndarray, shape (inputs,)
        Certain inputs, and what takes the place of those that are not read.
    drawn : ndarray of int64, shape (rows,)
        Slot of each input that is drawn, in the order of the rows that the run's kernel stores.
    basis, depreciation : int
    costs, emissions : ndarray of int64
        Rows of the components that count: all but those that are nought because they are off.
    extras : bool
        Whether there is anything but what every run has.
    kept : ndarray of int64
        Rows of the output that are written; the others stay nought.
    hourly_matching : bool
        Whether clean energy is matched hour by hour.
    seasonal : bool
        Whether PUE follows the season.
    attempting : bool
        Whether attempts may be abandoned.
    jumping : bool
        Whether prices of accelerators move between now and the end.
    dated : bool
        Whether spending is dated, and what comes beside the run is counted.
    buying : bool
    people : ndarray of int64, shape (classes, 5)
        Inputs of each class: headcount, fte_share, salary, pay_overhead, equity.
    events : ndarray of int64, shape (events, 5)
        Inputs of each event: probability, frequency, cost, delay, luck; -1 for the one of the first two that it does not have.
    prices : uint64
        Stream of the price path.
    """

    constants: Floats
    drawn: Integers
    basis: int
    depreciation: int
    costs: Integers
    emissions: Integers
    extras: bool
    kept: Integers
    hourly_matching: bool
    seasonal: bool
    attempting: bool
    jumping: bool
    dated: bool
    buying: bool
    people: Integers
    events: Integers
    prices: np.uint64


class Pages(NamedTuple):
    """Scratch memory of one group of lanes, contents without meaning between calls.

    Attributes
    ----------
    x : ndarray, shape (inputs * WIDTH,)
    run : ndarray, shape (len(OUTCOMES) * WIDTH,)
    level : ndarray, shape (2 * WIDTH,)
        Price of accelerators at the start of the run, and on average over it, divided by today's.
    path : ndarray, shape (4, WIDTH)
        Where each draw's price path stands: jumps passed, their scores summed, time of the next [yr from now] and its score.
    aside : ndarray, shape (len(ASIDE) * WIDTH,)
    y : ndarray, shape (rows * WIDTH,)
    """

    x: Floats
    run: Floats
    level: Floats
    path: Floats
    aside: Floats
    y: Floats


#: what is worked out apart, since its functions do not vectorize: delays by events [h], mean PUE of the run, matched share of its
#: energy, abandoned attempts; then the level of prices that the run paid, cost of its compute, that of its hardware alone, emissions
#: of its compute, compute beside it in multiples of it, discounted cost of refreshes, refreshes in multiples of its energy, and discounted
ASIDE = (
    "delay", "pue", "matched", "attempts", "paid_level", "run_cost", "hardware_cost", "run_emissions", "beside", "refresh_cost",
    "refresh_energy", "refresh_discounted",
)  # fmt: skip
(
    DELAY, PUE, MATCHED, ATTEMPTS, PAID_LEVEL, RUN_COST, HARDWARE_COST, RUN_EMISSIONS, BESIDE, REFRESH_COST, REFRESH_ENERGY,
    REFRESH_DISCOUNTED,
) = range(len(ASIDE))  # fmt: skip


def places(*names: str) -> tuple[int, ...]:
    """Return the first elements of inputs in ``Pages.x``."""
    return tuple(INPUTS.index(name) * WIDTH for name in names)


def costs(*names: str) -> tuple[int, ...]:
    """Return the first elements of cost components in ``Pages.y``."""
    return tuple((COST + COSTS.index(name)) * WIDTH for name in names)


def emissions(*names: str) -> tuple[int, ...]:
    """Return the first elements of emission components in ``Pages.y``."""
    return tuple((EMITTED + EMISSIONS.index(name)) * WIDTH for name in names)
