"""The static workload's model in array functions, from the literature's formulas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy

from benchmarks.peers.static.inputs import CERTAIN, LAWS

_HOURS_PER_YEAR = 8766.0  # Cottier et al. (2024), arXiv:2405.21015
_SHORTEST_INTERVAL = 1e-6  # h, as in simulator.model.reliability


def play_out(x: Mapping[str, Any], np: Any = numpy) -> dict[str, Any]:
    """Return the outputs of the run, and of the bill and footprint of what the scenario switches on; ``np`` may be jax.numpy."""
    c = {name: value for name, (_, value) in CERTAIN.items()}
    devices = c["accelerators"]
    nodes = math.ceil(devices / c["accelerators_per_node"])

    rate = x["failure_rate"] * (nodes / 24_000.0)
    work = 6.0 * c["params"] * x["tokens"] / (c["peak_flops"] * x["mfu"] * 3600.0) * (1.0 + x["run_overhead"]) / devices
    save = x["checkpoint_time"]
    half = save * rate / 2.0
    interval = np.sqrt(2.0 * save / rate) * (1.0 + np.sqrt(half) / 3.0 + half / 9.0) - save  # Daly (2006), equation 37
    interval = np.clip(np.where(half >= 1.0, 1.0 / rate, interval), _SHORTEST_INTERVAL, work)
    up = np.expm1(rate * (interval + save)) / (rate * interval)
    stretch = up * np.exp(rate * x["downtime"])
    wall_clock = work * stretch
    hours_up = work * up

    power = x["power_fraction"] * x["server_power_ratio"] * (devices * c["tdp"] / 1000.0)
    energy_it = power * (hours_up + x["idle_power_fraction"] * (wall_clock - hours_up))
    energy = x["pue"] * energy_it

    depreciation = -np.expm1(wall_clock * (-c["depreciation_rate"] * math.log(10.0) / _HOURS_PER_YEAR))
    hardware = x["accelerator_price"] * depreciation * (devices * c["server_price_ratio"] / c["fleet_utilization"])
    network = hardware * (c["interconnect_share"] / (1.0 - c["interconnect_share"]))
    bill = energy * (x["electricity_price"] * x["price_year_shift"])

    used = energy * (x["carbon_intensity"] * x["carbon_year_shift"])
    worn = wall_clock / x["service_life"] * (devices / c["fleet_utilization"])
    made = worn * c["embodied_accelerator"]
    made_servers = worn * (c["embodied_server"] / c["accelerators_per_node"])
    on_site, off_site = energy_it * c["wue_on"], energy * c["wue_off"]
    return {
        "device_hours": wall_clock * devices,
        "wall_clock": wall_clock,
        "goodput": 1.0 / stretch,
        "interruptions": rate * wall_clock,
        "energy_it": energy_it,
        "energy": energy,
        "cost_total": hardware + network + bill,
        "emissions_total": used + made + made_servers,
        "water": on_site + off_site,
        "water_on_site": on_site,
        "water_off_site": off_site,
        "cost[accelerators]": hardware,
        "cost[interconnect]": network,
        "cost[electricity]": bill,
        "emissions[operational]": used,
        "emissions[embodied_accelerators]": made,
        "emissions[embodied_servers]": made_servers,
    }


#: what :func:`play_out` returns
OUTPUTS = tuple(play_out({name: numpy.full(1, 0.5) for name in LAWS}))
