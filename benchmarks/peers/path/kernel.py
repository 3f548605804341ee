"""The package: the history kernel with hourly prices and intensities."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.path.weather import HOURS, START, zone
from simulator import SamplingPlan, parse_scenario
from simulator.arguments import compile_arguments
from simulator.scenario import Scenario, resolve
from simulator.scenario.zones import ZoneFile, zone_yaml


def scenario(scores: int, nodes: int, failure_rate: float) -> Scenario:
    """Return runs of exactly 54 days on so many nodes of eight."""
    data = {
        "workload": {"device_hours": HOURS * 8 * nodes},
        "hardware": {"accelerators": 8 * nodes, "accelerators_per_node": 8, "tdp": 700, "power_fraction": 0.8, "server_power_ratio": 1.8},
        "reliability": {"failure_rate": failure_rate, "downtime": 0.5, "checkpoint_time": "30 s"},
        "energy": {"pue": 1.1, "price_year_shift": 1},
        "emissions": {"carbon_year_shift": 1},
        "grid": {"zone": "zone.yaml", "start_time": START},
        "compute": {"basis": "own", "accelerator_price": 30_000},
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "zone.yaml").write_text(zone_yaml(ZoneFile(zone(scores))), encoding="utf-8")
        return parse_scenario(data, base=Path(folder))


def prepare(*, scores: int, nodes: int = 32, failure_rate: float = 0.0) -> Draw:
    """Return the kernel, whose bills over the facility's power are the sums of price and of intensity."""
    arguments = compile_arguments(resolve(scenario(scores, nodes, failure_rate)), SamplingPlan(draws=1))
    power = 8 * nodes * 0.7 * 0.8 * 1.8 * 1.1
    rows = [arguments.outputs.index(name) for name in ("cost[electricity]", "emissions[operational]")]
    inputs, outputs = np.empty((len(arguments.drawn), 0)), np.zeros((len(arguments.outputs), 0))

    def draw(n: int) -> Columns:
        nonlocal inputs, outputs
        if outputs.shape[1] != n:
            inputs, outputs = np.empty((len(inputs), n)), np.zeros((len(outputs), n))
        arguments.run(0, n, inputs, outputs, first=0, block_size=4096)
        return {"price": outputs[rows[0]] / power, "carbon": outputs[rows[1]] / power}

    return draw
