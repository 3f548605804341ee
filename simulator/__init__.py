"""Monte Carlo simulator of what it costs and emits to train a large AI model.

>>> from simulator import SamplingPlan, load_scenario, simulate, summarize
>>> ds = simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000, seed=0))
>>> summarize(ds).value.sel(output="goodput", quantile=0.5).item() <= 1.0
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.analysis.bands import summarize
    from simulator.analysis.counted import simulate_bands
    from simulator.analysis.fans import fan_bands
    from simulator.analysis.rare import rare_chances
    from simulator.engine import simulate
    from simulator.plan import SamplingPlan
    from simulator.replay import explain, over_time
    from simulator.results import open_results, save_results
    from simulator.scenario import Scenario, load_scenario, parse_scenario

__all__ = [
    "SamplingPlan",
    "Scenario",
    "explain",
    "fan_bands",
    "load_scenario",
    "open_results",
    "over_time",
    "parse_scenario",
    "rare_chances",
    "save_results",
    "simulate",
    "simulate_bands",
    "summarize",
]

_HOMES = {
    "SamplingPlan": "simulator.plan",
    "Scenario": "simulator.scenario",
    "explain": "simulator.replay",
    "fan_bands": "simulator.analysis.fans",
    "load_scenario": "simulator.scenario",
    "open_results": "simulator.results",
    "over_time": "simulator.replay",
    "parse_scenario": "simulator.scenario",
    "rare_chances": "simulator.analysis.rare",
    "save_results": "simulator.results",
    "simulate": "simulator.engine",
    "simulate_bands": "simulator.analysis.counted",
    "summarize": "simulator.analysis.bands",
}


def __getattr__(name: str) -> Any:
    """Import public names on first use: a kernel and a plot should not be paid for by ``--help``."""
    if name == "__version__":
        return import_module("importlib.metadata").version("training-risk-simulator")
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
