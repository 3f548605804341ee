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
    from simulator.analysis.backtest.backtest import backtest
    from simulator.analysis.bands import summarize
    from simulator.analysis.comparison.abatement import abatement
    from simulator.analysis.comparison.comparison import compare
    from simulator.analysis.comparison.differences import differences
    from simulator.analysis.counted.counted import simulate_bands
    from simulator.analysis.decisions.decisions import decide, losses_of, perfect_information
    from simulator.analysis.decisions.evppi import evppi
    from simulator.analysis.fans import fan_bands
    from simulator.analysis.rare.rare import rare_chances
    from simulator.analysis.risk.point_estimate import point_estimate
    from simulator.analysis.risk.risk import budget_risk
    from simulator.analysis.search.search import search
    from simulator.analysis.sensitivity.rank_correlation import rank_correlations
    from simulator.analysis.sensitivity.shapley_effects import shapley_effects
    from simulator.analysis.sensitivity.sobol_indices import sobol_indices
    from simulator.analysis.sensitivity.tornado import tornado
    from simulator.analysis.sensitivity.variance_split import variance_split
    from simulator.analysis.stopping.precision import Target
    from simulator.analysis.stopping.until import simulate_until
    from simulator.analysis.stress.stress import stress
    from simulator.analysis.sweep.bands import sweep
    from simulator.analysis.update.actuals import read_actuals
    from simulator.analysis.update.update import forecast_update
    from simulator.analysis.waterfall import waterfall
    from simulator.engine import simulate
    from simulator.plan import SamplingPlan
    from simulator.replay import explain, over_time
    from simulator.results import open_results, save_results, verify_results
    from simulator.scenario import Scenario, load_scenario, parse_scenario
    from simulator.streaming import stream_draws

__all__ = [
    "SamplingPlan",
    "Scenario",
    "Target",
    "abatement",
    "backtest",
    "budget_risk",
    "compare",
    "decide",
    "differences",
    "evppi",
    "explain",
    "fan_bands",
    "forecast_update",
    "load_scenario",
    "losses_of",
    "open_results",
    "over_time",
    "parse_scenario",
    "perfect_information",
    "point_estimate",
    "rank_correlations",
    "rare_chances",
    "read_actuals",
    "save_results",
    "search",
    "shapley_effects",
    "simulate",
    "simulate_bands",
    "simulate_until",
    "sobol_indices",
    "stream_draws",
    "stress",
    "summarize",
    "sweep",
    "tornado",
    "variance_split",
    "verify_results",
    "waterfall",
]

_HOMES = {
    "SamplingPlan": "simulator.plan",
    "Scenario": "simulator.scenario",
    "Target": "simulator.analysis.stopping.precision",
    "abatement": "simulator.analysis.comparison.abatement",
    "backtest": "simulator.analysis.backtest.backtest",
    "budget_risk": "simulator.analysis.risk.risk",
    "compare": "simulator.analysis.comparison.comparison",
    "decide": "simulator.analysis.decisions.decisions",
    "differences": "simulator.analysis.comparison.differences",
    "evppi": "simulator.analysis.decisions.evppi",
    "explain": "simulator.replay",
    "fan_bands": "simulator.analysis.fans",
    "forecast_update": "simulator.analysis.update.update",
    "load_scenario": "simulator.scenario",
    "losses_of": "simulator.analysis.decisions.decisions",
    "open_results": "simulator.results",
    "over_time": "simulator.replay",
    "parse_scenario": "simulator.scenario",
    "perfect_information": "simulator.analysis.decisions.decisions",
    "point_estimate": "simulator.analysis.risk.point_estimate",
    "rank_correlations": "simulator.analysis.sensitivity.rank_correlation",
    "rare_chances": "simulator.analysis.rare.rare",
    "read_actuals": "simulator.analysis.update.actuals",
    "save_results": "simulator.results",
    "search": "simulator.analysis.search.search",
    "shapley_effects": "simulator.analysis.sensitivity.shapley_effects",
    "simulate": "simulator.engine",
    "simulate_bands": "simulator.analysis.counted.counted",
    "simulate_until": "simulator.analysis.stopping.until",
    "sobol_indices": "simulator.analysis.sensitivity.sobol_indices",
    "stream_draws": "simulator.streaming",
    "stress": "simulator.analysis.stress.stress",
    "summarize": "simulator.analysis.bands",
    "sweep": "simulator.analysis.sweep.bands",
    "tornado": "simulator.analysis.sensitivity.tornado",
    "variance_split": "simulator.analysis.sensitivity.variance_split",
    "verify_results": "simulator.results",
    "waterfall": "simulator.analysis.waterfall",
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
