"""What tests of searches share: a scenario with a closed form, and what is measured of draws by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator import load_scenario
from simulator.analysis.search.search import PARTS
from simulator.analysis.search.selection import Measured
from simulator.analysis.statistic import Statistic
from simulator.model.reliability import daly2006
from simulator.scenario import Scenario

QUICKSTART = "configs/quickstart.yaml"
EXPECTED = ["reliability.method=expected_value"]
NONE = np.empty(0)
#: a failure rate and a time of a save that are certain, so that the best checkpoint interval is the same in every draw
KNOWN = ["failure_rate=20 per 1000 node-days", "checkpoint_time=3 min", "downtime=1 h"]
OPTIMUM = daly2006(32 * 20.0 / (1000.0 * 24.0), 0.05)  # h, of 256 accelerators in nodes of 8


def quickstart(*overrides: str) -> Scenario:
    return load_scenario(QUICKSTART, overrides=[*EXPECTED, *overrides])


def measured(values: Any, goal: Statistic | None = None) -> Measured:
    """Return what is measured of draws, shape (statistics, n)."""
    values, goal = np.atleast_2d(np.asarray(values, dtype=float)), goal or Statistic("x", "mean")
    parts = [[goal.of(row[k::PARTS]) for k in range(PARTS)] for row in values]
    return Measured(np.array([goal.of(row) for row in values]), np.array(parts))
