"""What the run itself costs, emits and drinks."""

from __future__ import annotations

from simulator.jit import stage, wide_vectors
from simulator.kernels.lanes import WIDTH, Integers, add
from simulator.kernels.ledger.book import (
    BESIDE,
    CARBONED,
    COST,
    DEVICE_HOURS,
    EMITTED,
    EMITTED_OF_RUN,
    ENERGY,
    ENERGY_IT,
    HARDWARE_COST,
    LOCATION,
    MARKET,
    MATCHED,
    OF_HARDWARE,
    OF_RUN,
    PAID_LEVEL,
    PRICED,
    PUE,
    RUN_COST,
    RUN_EMISSIONS,
    WALL,
    WATER_OFF,
    WATER_ON,
    Pages,
    costs,
    emissions,
    places,
)
from simulator.kernels.slots import BASIS_RENT, DEPRECIATION_STRAIGHT_LINE
from simulator.model.clean_supply import market_based, matched_annually, matched_hourly
from simulator.model.compute_cost import (
    depreciation_cottier2024,
    depreciation_straight_line,
    electricity,
    interconnect,
    owned_hardware,
    rent,
)
from simulator.model.emissions import embodied, embodied_facility, operational
from simulator.model.energy import facility_energy, it_power, mean_pue
from simulator.model.ownership import decommissioning, facility, maintenance
from simulator.model.rental_market import blended_price, idle_commitment
from simulator.model.water import off_site, on_site
from simulator.model.workload import repeated_work

_PUE, _SEASON, _START = places("pue", "pue_seasonal_amplitude", "start_time")
_TDP, _SERVER_POWER, _PER_NODE, _FRACTION = places("tdp", "server_power_ratio", "accelerators_per_node", "power_fraction")
_PRICE_SHIFT, _CARBON_SHIFT, _EXCHANGE = places("price_year_shift", "carbon_year_shift", "exchange_rate")
_RENT, _SPREAD, _RESERVED, _SPOT = places("rental_price", "provider_spread", "reserved_share", "spot_share")
_RESERVED_OFF, _SPOT_OFF, _COMMITTED = places("reserved_discount", "spot_discount", "commitment_time")
_PRICE, _SERVER_PRICE, _INTERCONNECT = places("accelerator_price", "server_price_ratio", "interconnect_share")
_RATE, _RESIDUAL, _LIFE, _FLEET = places("depreciation_rate", "residual_value", "service_life", "fleet_utilization")
_BUILDING, _BUILDING_LIFE = places("facility_price", "facility_life")
_MAINTENANCE, _DECOMMISSIONING = places("maintenance_rate", "decommissioning_share")
_FEE, _DEMAND, _BACKUP, _BACKUP_PRICE, _BACKUP_CARBON = places(
    "grid_fee", "demand_charge", "backup_share", "backup_price", "backup_intensity"
)
_IDLE, _ROLLBACKS, _ROLLBACK_TIME, _OVERHEAD = places("idle_infrastructure_ratio", "rollback_rate", "rollback_time", "run_overhead")
_ACCELERATOR, _SERVER, _NETWORK, _EMBODIED_BUILDING = places(
    "embodied_accelerator", "embodied_server", "embodied_network", "embodied_building"
)
_MATCHED, _VARIABILITY, _RESIDUAL_MIX = places("matched_share", "supply_variability", "residual_intensity")
_WUE_ON, _WUE_OFF = places("wue_on", "wue_off")
_HOURS_PER_MONTH = 730.5
_HARDWARE_ROWS = tuple(place // WIDTH for place in costs(*OF_HARDWARE))

(
    _C_ACCELERATORS, _C_INTERCONNECT, _C_FACILITY, _C_MAINTENANCE, _C_DECOMMISSIONING, _C_ELECTRICITY, _C_FEES, _C_DEMAND, _C_BACKUP,
    _C_COMMITMENT, _C_IDLE, _C_ROLLBACKS,
) = costs(
    "accelerators", "interconnect", "facility", "maintenance", "decommissioning", "electricity", "grid_fees", "demand_charge",
    "backup_generation", "idle_commitment", "idle_infrastructure", "rollbacks",
)  # fmt: skip
_E_OPERATIONAL, _E_BACKUP, _E_ACCELERATORS, _E_SERVERS, _E_NETWORK, _E_BUILDING, _E_IDLE, _E_ROLLBACKS = emissions(
    "operational", "backup_generation", "embodied_accelerators", "embodied_servers", "embodied_network", "embodied_building",
    "idle_infrastructure", "rollbacks",
)  # fmt: skip


@stage
def weigh_season(seasonal: bool, pages: Pages) -> None:
    """Write the mean PUE of each run."""
    x, run, aside = pages.x, pages.run, pages.aside
    for i in range(WIDTH):
        aside[PUE * WIDTH + i] = x[_PUE + i]
    if seasonal:
        for i in range(WIDTH):
            aside[PUE * WIDTH + i] = mean_pue(x[_PUE + i], x[_SEASON + i], x[_START + i], run[WALL * WIDTH + i])


@stage
def match(hourly: bool, pages: Pages) -> None:
    """Write the share of each run's energy that contracted clean energy covers."""
    x, aside = pages.x, pages.aside
    if hourly:
        for i in range(WIDTH):
            aside[MATCHED * WIDTH + i] = matched_hourly(x[_MATCHED + i], x[_VARIABILITY + i])
    else:
        for i in range(WIDTH):
            aside[MATCHED * WIDTH + i] = matched_annually(x[_MATCHED + i])


@stage
def pay_for_compute(basis: int, depreciation: int, pages: Pages) -> None:
    """Write facility energy and the costs that every run has: accelerators, interconnect, electricity."""
    wide_vectors()
    x, run, level, aside, y = pages.x, pages.run, pages.level, pages.aside, pages.y
    for i in range(WIDTH):
        hours, wall, pue = run[DEVICE_HOURS * WIDTH + i], run[WALL * WIDTH + i], aside[PUE * WIDTH + i]
        y[ENERGY * WIDTH + i] = facility_energy(run[ENERGY_IT * WIDTH + i], pue)
        if basis == BASIS_RENT:
            market, reserved, spot = x[_RENT + i] * x[_SPREAD + i], x[_RESERVED + i], x[_SPOT + i]
            price = blended_price(market, level[i], level[WIDTH + i], reserved, spot, x[_RESERVED_OFF + i], x[_SPOT_OFF + i])
            today = blended_price(market, 1.0, 1.0, reserved, spot, x[_RESERVED_OFF + i], x[_SPOT_OFF + i])
            aside[PAID_LEVEL * WIDTH + i] = price / today
            y[_C_ACCELERATORS + i], y[_C_INTERCONNECT + i], y[_C_ELECTRICITY + i] = rent(hours, price), 0.0, 0.0
        else:
            by_line = depreciation_straight_line(wall, x[_LIFE + i], x[_RESIDUAL + i])
            lost = by_line if depreciation == DEPRECIATION_STRAIGHT_LINE else depreciation_cottier2024(wall, x[_RATE + i])
            aside[PAID_LEVEL * WIDTH + i] = level[i]
            # accelerators are those held on average over the run's phases
            hardware = owned_hardware(hours / wall, x[_PRICE + i] * level[i], x[_SERVER_PRICE + i], lost, x[_FLEET + i])
            bill = electricity(facility_energy(run[PRICED * WIDTH + i], pue), x[_EXCHANGE + i] * x[_PRICE_SHIFT + i])
            y[_C_ACCELERATORS + i] = hardware
            y[_C_INTERCONNECT + i] = interconnect(hardware, x[_INTERCONNECT + i])
            y[_C_ELECTRICITY + i] = bill


@stage
def pay_beside_compute(basis: int, pages: Pages) -> None:
    """Write what else the compute of an owner's run costs: building, maintenance, fees, backup, idle infrastructure."""
    wide_vectors()
    x, run, level, aside, y = pages.x, pages.run, pages.level, pages.aside, pages.y
    if basis != BASIS_RENT:
        for i in range(WIDTH):
            wall, energy = run[WALL * WIDTH + i], y[ENERGY * WIDTH + i]
            held = run[DEVICE_HOURS * WIDTH + i] / wall
            life, fleet, bill, diesel = x[_LIFE + i], x[_FLEET + i], y[_C_ELECTRICITY + i], x[_BACKUP + i]
            servers = held * x[_PRICE + i] * level[i] * x[_SERVER_PRICE + i]
            rated = it_power(held, x[_TDP + i], 1.0, x[_SERVER_POWER + i])
            highest = it_power(held, x[_TDP + i], x[_FRACTION + i], x[_SERVER_POWER + i]) * aside[PUE * WIDTH + i]
            y[_C_FACILITY + i] = facility(rated, x[_BUILDING + i], wall, x[_BUILDING_LIFE + i], fleet)
            y[_C_MAINTENANCE + i] = maintenance(servers, x[_MAINTENANCE + i], wall, fleet)
            y[_C_DECOMMISSIONING + i] = decommissioning(servers, x[_DECOMMISSIONING + i], wall, life, fleet)
            y[_C_ELECTRICITY + i] = bill * (1.0 - diesel)
            y[_C_FEES + i] = energy * (1.0 - diesel) * x[_FEE + i]
            y[_C_DEMAND + i] = highest * x[_DEMAND + i] * wall / _HOURS_PER_MONTH
            y[_C_BACKUP + i] = energy * diesel * x[_BACKUP_PRICE + i]
            y[_C_IDLE + i] = x[_IDLE + i] * (bill + energy * x[_FEE + i])


@stage
def pay_for_what_idles(basis: int, pages: Pages) -> None:
    """Write the rent of reserved accelerators for the time that neither the run nor what is computed beside it needs them."""
    wide_vectors()
    x, run, level, aside, y = pages.x, pages.run, pages.level, pages.aside, pages.y
    if basis == BASIS_RENT:
        for i in range(WIDTH):
            wall = run[WALL * WIDTH + i]
            held, used = run[DEVICE_HOURS * WIDTH + i] / wall, wall * (1.0 + aside[BESIDE * WIDTH + i])
            reserved = x[_RENT + i] * x[_SPREAD + i] * level[i] * (1.0 - x[_RESERVED_OFF + i])
            y[_C_COMMITMENT + i] = idle_commitment(used, x[_COMMITTED + i], held, x[_RESERVED + i], reserved)


@stage
def emit_and_drink(pages: Pages) -> None:
    """Write what every run emits, and its water."""
    wide_vectors()
    x, run, aside, y = pages.x, pages.run, pages.aside, pages.y
    for i in range(WIDTH):
        hours, energy, fleet, life = run[DEVICE_HOURS * WIDTH + i], y[ENERGY * WIDTH + i], x[_FLEET + i], x[_LIFE + i]
        carboned = facility_energy(run[CARBONED * WIDTH + i], aside[PUE * WIDTH + i])
        located = operational(carboned, x[_CARBON_SHIFT + i])
        y[_E_OPERATIONAL + i] = located
        y[_E_ACCELERATORS + i] = embodied(hours, x[_ACCELERATOR + i], life, fleet)
        y[_E_SERVERS + i] = embodied(hours, x[_SERVER + i] / x[_PER_NODE + i], life, fleet)
        y[LOCATION * WIDTH + i] = located
        y[MARKET * WIDTH + i] = market_based(located, energy, aside[MATCHED * WIDTH + i], x[_RESIDUAL_MIX + i])
        y[WATER_ON * WIDTH + i] = on_site(run[ENERGY_IT * WIDTH + i], x[_WUE_ON + i])
        y[WATER_OFF * WIDTH + i] = off_site(energy, x[_WUE_OFF + i])


@stage
def emit_beside_compute(pages: Pages) -> None:
    """Write what else the run emits: network, building, backup, idle infrastructure."""
    wide_vectors()
    x, run, y = pages.x, pages.run, pages.y
    for i in range(WIDTH):
        hours, wall, energy, fleet = run[DEVICE_HOURS * WIDTH + i], run[WALL * WIDTH + i], y[ENERGY * WIDTH + i], x[_FLEET + i]
        located, diesel = y[_E_OPERATIONAL + i], x[_BACKUP + i]
        rated = it_power(hours / wall, x[_TDP + i], 1.0, x[_SERVER_POWER + i])
        y[_E_OPERATIONAL + i] = located * (1.0 - diesel)
        y[_E_BACKUP + i] = energy * diesel * x[_BACKUP_CARBON + i]
        y[_E_IDLE + i] = x[_IDLE + i] * located
        y[_E_NETWORK + i] = embodied(hours, x[_NETWORK + i], x[_LIFE + i], fleet)
        y[_E_BUILDING + i] = embodied_facility(rated, x[_EMBODIED_BUILDING + i], wall, x[_BUILDING_LIFE + i], fleet)


@stage
def set_rollbacks_apart(costs: Integers, emissions: Integers, pages: Pages) -> None:
    """Sum up the run's compute, and move the share of repeated work to a component of its own.

    Parameters
    ----------
    costs, emissions : ndarray of int64
        Rows of the components that count; others are as if they were not there.
    pages : Pages
    """
    wide_vectors()
    x, y, aside = pages.x, pages.y, pages.aside
    for i in range(WIDTH):
        aside[RUN_COST * WIDTH + i], aside[HARDWARE_COST * WIDTH + i], aside[RUN_EMISSIONS * WIDTH + i] = 0.0, 0.0, 0.0
    for k in range(costs.size):
        if costs[k] < COST + OF_RUN:
            add(y, costs[k] * WIDTH, aside, RUN_COST * WIDTH)
        if costs[k] in _HARDWARE_ROWS:
            add(y, costs[k] * WIDTH, aside, HARDWARE_COST * WIDTH)
    for k in range(emissions.size):
        if emissions[k] < EMITTED + EMITTED_OF_RUN:
            add(y, emissions[k] * WIDTH, aside, RUN_EMISSIONS * WIDTH)
    for i in range(WIDTH):
        repeated = repeated_work(x[_ROLLBACKS + i], x[_ROLLBACK_TIME + i])
        share = repeated / (1.0 + x[_OVERHEAD + i] + repeated) if repeated > 0.0 else repeated
        for row in range(COST, COST + OF_RUN):
            y[row * WIDTH + i] *= 1.0 - share
        for row in range(EMITTED, EMITTED + EMITTED_OF_RUN):
            y[row * WIDTH + i] *= 1.0 - share
        y[_C_ROLLBACKS + i] = aside[RUN_COST * WIDTH + i] * share
        y[_E_ROLLBACKS + i] = aside[RUN_EMISSIONS * WIDTH + i] * share
