"""What a run costs and emits, from its hours and energies: shared by every kernel."""

from __future__ import annotations

from simulator.jit import jittable
from simulator.kernels.inputs import LANES, Floats
from simulator.kernels.slots import BASIS_RENT, DEPRECIATION_STRAIGHT_LINE, INPUTS
from simulator.model.compute_cost import (
    depreciation_cottier2024,
    depreciation_straight_line,
    electricity,
    interconnect,
    owned_hardware,
    rent,
)
from simulator.model.emissions import embodied, operational
from simulator.model.energy import facility_energy

_PUE = INPUTS.index("pue")
_PRICE_SHIFT, _CARBON_SHIFT, _EXCHANGE = (INPUTS.index(name) for name in ("price_year_shift", "carbon_year_shift", "exchange_rate"))
_ACCELERATOR, _SERVER, _PER_NODE = (INPUTS.index(name) for name in ("embodied_accelerator", "embodied_server", "accelerators_per_node"))
_LIFE, _FLEET, _RENT = (INPUTS.index(name) for name in ("service_life", "fleet_utilization", "rental_price"))
_PRICE, _SERVER_PRICE, _INTERCONNECT = (INPUTS.index(name) for name in ("accelerator_price", "server_price_ratio", "interconnect_share"))
_RATE, _RESIDUAL = INPUTS.index("depreciation_rate"), INPUTS.index("residual_value")


@jittable
def settle(
    x: Floats,
    lane: int,
    basis: int,
    depreciation_mode: int,
    device_hours: float,
    wall_clock: float,
    energy_it: float,
    priced: float,
    carboned: float,
) -> tuple[float, float, float, float, float, float]:
    """Return facility energy [kWh], cost of accelerators, interconnect and electricity [USD], operational and embodied emissions [kgCO2e].

    Parameters
    ----------
    x : ndarray, shape (inputs * LANES,)
    lane, basis, depreciation_mode : int
    device_hours, wall_clock : float
        [h]
    energy_it : float
        [kWh]
    priced : float
        IT energy times the price of its hour, in the currency of the price and before the year's shift.
    carboned : float
        IT energy times the carbon intensity of its hour, before the year's shift [kgCO2e].
    """
    pue = x[_PUE * LANES + lane]
    by_performance = depreciation_cottier2024(wall_clock, x[_RATE * LANES + lane])
    by_line = depreciation_straight_line(wall_clock, x[_LIFE * LANES + lane], x[_RESIDUAL * LANES + lane])
    lost = by_line if depreciation_mode == DEPRECIATION_STRAIGHT_LINE else by_performance
    held = device_hours / wall_clock  # on average over the run's phases
    hardware = owned_hardware(held, x[_PRICE * LANES + lane], x[_SERVER_PRICE * LANES + lane], lost, x[_FLEET * LANES + lane])
    network = interconnect(hardware, x[_INTERCONNECT * LANES + lane])
    power_bill = electricity(facility_energy(priced, pue), x[_EXCHANGE * LANES + lane] * x[_PRICE_SHIFT * LANES + lane])
    hardware = rent(device_hours, x[_RENT * LANES + lane]) if basis == BASIS_RENT else hardware
    network = 0.0 if basis == BASIS_RENT else network
    power_bill = 0.0 if basis == BASIS_RENT else power_bill
    used = operational(facility_energy(carboned, pue), x[_CARBON_SHIFT * LANES + lane])
    made = embodied(
        device_hours,
        x[_ACCELERATOR * LANES + lane],
        x[_SERVER * LANES + lane],
        x[_PER_NODE * LANES + lane],
        x[_LIFE * LANES + lane],
        x[_FLEET * LANES + lane],
    )
    return facility_energy(energy_it, pue), hardware, network, power_bill, used, made
