"""The static workload's model for one draw in scalars: what :func:`~benchmarks.peers.static.model.play_out` does for arrays."""

from __future__ import annotations

import math

from benchmarks.peers.static.inputs import CERTAIN

_C = {name: value for name, (_, value) in CERTAIN.items()}
_DEVICES, _FLEET = _C["accelerators"], _C["accelerators"] / _C["fleet_utilization"]
_TO_RATE = math.ceil(_DEVICES / _C["accelerators_per_node"]) / 24_000.0
_TO_WORK = 6.0 * _C["params"] / (_C["peak_flops"] * 3600.0) / _DEVICES
_KILOWATTS = _DEVICES * _C["tdp"] / 1000.0
_PACE = -_C["depreciation_rate"] * math.log(10.0) / 8766.0
_SERVER_PRICE, _NETWORK = _C["server_price_ratio"], _C["interconnect_share"] / (1.0 - _C["interconnect_share"])
_CHIP, _SERVER = _C["embodied_accelerator"], _C["embodied_server"] / _C["accelerators_per_node"]
_WUE_ON, _WUE_OFF = _C["wue_on"], _C["wue_off"]


def play_out_one(
    mfu: float,
    power_fraction: float,
    tokens: float,
    run_overhead: float,
    failure_rate: float,
    downtime: float,
    checkpoint_time: float,
    server_power_ratio: float,
    idle_power_fraction: float,
    pue: float,
    electricity_price: float,
    price_year_shift: float,
    carbon_intensity: float,
    carbon_year_shift: float,
    accelerator_price: float,
    service_life: float,
) -> tuple[float, ...]:
    """Return the outputs in the order of ``model.OUTPUTS``."""
    rate, save = failure_rate * _TO_RATE, checkpoint_time
    work = _TO_WORK * tokens / mfu * (1.0 + run_overhead)
    half = save * rate / 2.0
    interval = 1.0 / rate
    if half < 1.0:
        interval = math.sqrt(2.0 * save / rate) * (1.0 + math.sqrt(half) / 3.0 + half / 9.0) - save
    interval = min(max(interval, 1e-6), work)
    up = math.expm1(rate * (interval + save)) / (rate * interval)
    stretch = up * math.exp(rate * downtime)
    wall_clock, hours_up = work * stretch, work * up
    energy_it = power_fraction * server_power_ratio * _KILOWATTS * (hours_up + idle_power_fraction * (wall_clock - hours_up))
    energy = pue * energy_it
    hardware = accelerator_price * -math.expm1(wall_clock * _PACE) * _FLEET * _SERVER_PRICE
    network, bill = hardware * _NETWORK, energy * electricity_price * price_year_shift
    used = energy * carbon_intensity * carbon_year_shift
    worn = wall_clock / service_life * _FLEET
    made, made_servers = worn * _CHIP, worn * _SERVER
    on_site, off_site = energy_it * _WUE_ON, energy * _WUE_OFF
    return (
        *(wall_clock * _DEVICES, wall_clock, 1.0 / stretch, rate * wall_clock, energy_it, energy),
        *(hardware + network + bill, used + made + made_servers, on_site + off_site, on_site, off_site),
        *(hardware, network, bill, used, made, made_servers),
    )
