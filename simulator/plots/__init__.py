"""Pictures: a Dataset or the result of an analysis in, Axes out.

Each function takes what it draws and, where they are given, the Axes to draw on; it sets no global style. Pictures of several panels,
which ``simulator plot`` writes, are made in :mod:`simulator.plots.kinds`. A notebook shows a picture where ``ax.figure`` is the last value
of a cell.

>>> from simulator import SamplingPlan, load_scenario, plots, simulate
>>> ax = plots.exceedance(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000)), output="emissions_total")
>>> ax.get_xlabel(), ax.get_ylabel()
('emissions [t CO2e]', 'chance to exceed')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.plots.backtest import calibration, places, reported
    from simulator.plots.before_now import update
    from simulator.plots.components import bands
    from simulator.plots.differing import difference
    from simulator.plots.exceeding import exceedance
    from simulator.plots.over_time import fan
    from simulator.plots.pairs import joint
    from simulator.plots.ranked import ranks
    from simulator.plots.save import save_picture
    from simulator.plots.steps import waterfall
    from simulator.plots.swings import tornado
    from simulator.plots.variance import shares
    from simulator.plots.zones import fit

__all__ = [
    "bands",
    "calibration",
    "difference",
    "exceedance",
    "fan",
    "fit",
    "joint",
    "places",
    "ranks",
    "reported",
    "save_picture",
    "shares",
    "tornado",
    "update",
    "waterfall",
]

_HOMES = {
    "bands": "components",
    "calibration": "backtest",
    "difference": "differing",
    "exceedance": "exceeding",
    "fan": "over_time",
    "fit": "zones",
    "joint": "pairs",
    "places": "backtest",
    "ranks": "ranked",
    "reported": "backtest",
    "save_picture": "save",
    "shares": "variance",
    "tornado": "swings",
    "update": "before_now",
    "waterfall": "steps",
}


def __getattr__(name: str) -> Any:
    """Import a picture on first use: matplotlib should not be paid for by ``--help``."""
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator.plots' has no attribute {name!r}")
    return getattr(import_module(f"simulator.plots.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
