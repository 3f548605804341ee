"""What is measured: one run, once in expectations and once as a history on an hourly grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulator.arguments import KernelArguments, compile_arguments
from simulator.engine import COPIES, run_kernel
from simulator.errors import InputError
from simulator.kernels.factors import SPAN
from simulator.kernels.lanes import WIDTH, Floats
from simulator.kernels.slots import INPUTS
from simulator.plan import SamplingPlan
from simulator.room import require_memory
from simulator.scenario import parse_scenario, resolve

DRAWS = 131_072  # of the static workload, where none are stated: 0.1 to 0.2 s
PATH_SHARE = 32  # the path workload plays one draw for so many: a history takes about twice as much longer
VERSION = 1  # of what is done: with another one, times are not those of the same work

_ZONE = "DE"
_START = "2027-01-11"

#: the run, all inputs stated, so that no default moves a result: 512 devices for about 54 days, staff, data and research beside it
_RUN: Mapping[str, Any] = {
    "workload": {
        "params": "70B",
        "tokens": {"family": "uniform", "low": 1.8e12, "high": 2.2e12},
        "mfu": "0.30 to 0.45",
        "run_overhead": "0.05 to 0.2",
    },
    "hardware": {
        "accelerators": 512,
        "accelerators_per_node": 8,
        "peak_flops": "989 TFLOP/s",
        "tdp": "700 W",
        "power_fraction": {"family": "pert", "low": 0.5, "mode": 0.7, "high": 1.0},
        "server_power_ratio": "1.5 to 2.0",
        "idle_power_fraction": {"family": "triangular", "low": 0.2, "mode": 0.3, "high": 0.6},
    },
    "reliability": {
        "failure_rate": "2 to 14 per 1000 node-days",
        "downtime": "0.3 to 2 h",
        "checkpoint_time": "10 to 120 s",
        "checkpoint_interval": "daly2006",
    },
    "energy": {"pue": {"p10": 1.08, "p50": 1.12, "p90": 1.30}, "price_year_shift": 1},
    "emissions": {
        "carbon_year_shift": {"family": "lognormal", "mu": 0, "sigma": 0.15},
        "carbon_price": "50 to 120 USD/tCO2e",
        "embodied_accelerator": 300,
        "embodied_server": 4500,
    },
    "compute": {
        "basis": "own",
        "accelerator_price": "22k to 45k USD",
        "service_life": "3 to 6 years",
        "fleet_utilization": 0.85,
        "server_price_ratio": 1.6,
        "interconnect_share": 0.19,
        "depreciation_rate": 0.14,
    },
    "water": {"wue_on": 0.4, "wue_off": 3},
    "people": [{"name": "staff", "headcount": 60, "fte_share": 0.5, "salary": "200k USD/yr", "pay_overhead": 0.4, "equity": 0.3}],
    "data": {"data_licence_cost": "1M USD"},
    "programme": {"research_ratio": 1.5, "preparation_time": "6 months", "evaluation_time": "2 months"},
    "correlations": [["mfu", "power_fraction", 0.5], ["failure_rate", "downtime", 0.3]],
}
#: workload: sections and what they state beside
_STATED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "static": {
        "reliability": {"method": "expected_value"},
        "energy": {"electricity_price": "0.06 to 0.12 USD/kWh"},
        "emissions": {"carbon_intensity": "300 to 450 gCO2e/kWh"},
    },
    "path": {"reliability": {"method": "event_driven"}, "grid": {"zone": _ZONE, "start_time": _START}},
}
_TITLES = {
    "static": "a run in expectations and its whole bill",
    "path": f"the same run hour by hour, zone {_ZONE} from {_START}, and its whole bill",
}
NAMES = tuple(_STATED)


@dataclass(frozen=True)
class Workload:
    """One workload as the kernels read it, played once so that all is compiled.

    Attributes
    ----------
    name, title : str
    draws : int
    arguments : KernelArguments
    hours : float
        Mean length of a run of the path [h]; 0 where no hours are played.
    hours_filled : float
        Hours that the kernel simulates for a draw: those of the longest run of its group, in whole spans.
    """

    name: str
    title: str
    draws: int
    arguments: KernelArguments
    hours: float = 0.0
    hours_filled: float = 0.0

    @property
    def rows(self) -> int:
        """Numbers that a draw leaves in memory: drawn inputs, outcomes of the run, and what of its bill is kept."""
        a = self.arguments
        return len(a.drawn) + len(a.run_outputs) + a.book.kept.size

    def run(self, threads: int) -> dict[str, Floats]:
        """Play it by the public kernel, into arrays of its own as every user's, once for each thread; returns the outputs."""
        draws = threads * self.draws
        return run_kernel(self.arguments, SamplingPlan(draws=draws, threads=threads), 0, draws, None)[1]


def prepare(name: str, draws: int, threads: int = 1) -> Workload:
    """Return a workload of which ``draws`` are asked for by each thread, of the path one in PATH_SHARE.

    Raises
    ------
    InputError
        Where there is no such workload, the draws are no whole number from 1 on, or those of all threads do not fit the memory.
    """
    if name not in NAMES:
        raise InputError(f"'{name}' is no workload of the benchmark; workloads are {' and '.join(NAMES)}")
    SamplingPlan(draws=draws)
    count = draws if name == "static" else max(draws // PATH_SHARE, 1)
    stated = _STATED[name]
    scenario = parse_scenario({**_RUN, **{section: {**_RUN.get(section, {}), **values} for section, values in stated.items()}})
    workload = Workload(name, _TITLES[name], count, compile_arguments(resolve(scenario), SamplingPlan(draws=count)))
    require_memory(count, threads * (len(workload.arguments.drawn) + len(workload.arguments.outputs)), COPIES)
    wall_clock = workload.run(1)["wall_clock"]
    if name == "static":
        return workload
    start = int(workload.arguments.tables.constants[INPUTS.index("start_time")])
    return replace(workload, hours=float(wall_clock.mean()), hours_filled=hours_filled(wall_clock, start))


def hours_filled(wall_clock: Floats, start: int) -> float:
    """Return the hours that the kernel simulates for a draw: until the longest run of each group of WIDTH ends, in whole spans.

    Parameters
    ----------
    wall_clock : ndarray, shape (draws,)
        Length of every run [h].
    start : int
        Calendar hour at which all start.

    Examples
    --------
    >>> hours_filled(np.full(300, 1296.0), 0)
    1296.0
    """
    groups = np.arange(0, wall_clock.size, WIDTH)
    offset = start % SPAN
    spans = np.ceil((offset + np.maximum.reduceat(wall_clock, groups)) / SPAN)
    return float(SPAN * np.average(spans, weights=np.diff([*groups, wall_clock.size])))
