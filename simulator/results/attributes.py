"""What a result says of itself: what was computed from what, by which versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.plan import SamplingPlan
from simulator.replayed import ReplayedHours, describe_replay
from simulator.scenario import Resolved
from simulator.stochastic.dependence import achieved_spearman

SCHEMA = 1

Floats = NDArray[np.float64]


def provenance(
    resolved: Resolved, plan: SamplingPlan, correlated: Mapping[str, Floats], replayed: ReplayedHours | None, draws: int
) -> dict[str, Any]:
    """Return attributes that say what was computed from what; no time of day, so that equal runs are equal files.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    correlated : mapping of str to ndarray
        Draws of the inputs that are correlated, by quantity; see :func:`simulator.results.labelled.correlated_columns`.
    replayed : ReplayedHours or None
    draws : int
    """
    scenario = resolved.scenario
    return {
        "schema": SCHEMA,
        "scenario": scenario.name,
        "description": scenario.description,
        "scenario_hash": resolved.hash(),
        "config": scenario.to_yaml(),
        "choices": json.dumps(asdict(resolved.choices)),
        "grid": json.dumps(_grid(resolved, replayed), ensure_ascii=False),
        "defaults": json.dumps(resolved.describe_defaults(), ensure_ascii=False),
        "levers": ", ".join(scenario.levers),
        "limits": json.dumps(scenario.limits.model_dump(exclude_none=True)),
        "correlations": json.dumps(_correlations(resolved, correlated)),
        "draws": draws,
        "seed": plan.seed,
        "plan": plan.plan,
        "replicates": plan.scramblings,
        **({} if plan.device == "cpu" else {"device": plan.device}),
        "version": version("training-risk-simulator"),
        "versions": json.dumps({"python": platform.python_version(), **{n: version(n) for n in ("numpy", "scipy", "numba", "xarray")}}),
    }


def _grid(resolved: Resolved, replayed: ReplayedHours | None) -> dict[str, Any]:
    """Return where hourly prices and intensities come from, what was mended in a history, and which of its hours were replayed."""
    grid = resolved.scenario.grid
    told: dict[str, Any] = {}
    if resolved.zone is not None:
        told["zone"] = {"name": resolved.zone.zone.name, "source": resolved.zone.source}
        if resolved.zone.notes:
            told["zone"]["notes"] = list(resolved.zone.notes)
    for name in ("price_history", "carbon_history"):
        history = getattr(grid, name)
        if history is not None:
            told[name] = {"file": history.source, "digest": history.digest, "repairs": list(history.repairs)}
    if replayed is not None:
        told["replay"] = describe_replay(resolved, replayed)
    return told


def correlated_names(resolved: Resolved) -> list[str]:
    """Return the quantities for which rank correlations are stated, in the order of the stated matrix."""
    return [resolved.inputs[n].value.quantity if n in resolved.inputs else n for n in resolved.correlations.names]


def _correlations(resolved: Resolved, drawn: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """Return requested and achieved rank correlation of every stated pair; null where one is certain."""
    matrix, columns = resolved.correlations.spearman, correlated_names(resolved)
    achieved = achieved_spearman(drawn) if len(drawn) > 1 and len(next(iter(drawn.values()))) > 1 else np.empty((0, 0))
    order = list(drawn)
    pairs = []
    for i, a in enumerate(columns):
        for j in range(i + 1, len(columns)):
            b = columns[j]
            both = achieved.size and a in drawn and b in drawn
            value = float(achieved[order.index(a), order.index(b)]) if both else float("nan")
            pairs.append({"inputs": [a, b], "requested": float(matrix[i][j]), "achieved": value if np.isfinite(value) else None})
    return pairs
