"""Draw a scenario until statistics are known as exactly as wanted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.statistic import likely
from simulator.analysis.stopping.precision import Target
from simulator.analysis.stopping.stopping import Look, looks_until
from simulator.engine import Draws, output_names
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import label
from simulator.room import draws_that_fit, require_memory
from simulator.scenario import Scenario, resolve

MOST_DRAWS = 10_000_000
_COPIES = 3  # of the draws, while they are put together and labelled

Floats = NDArray[np.float64]


def simulate_until(
    scenario: Scenario,
    plan: SamplingPlan,
    targets: Sequence[Target],
    *,
    confidence: float = 0.95,
    progress: Callable[[int, Look | None], None] | None = None,
) -> xr.Dataset:
    """Draw futures of a training run until statistics are known as exactly as wanted.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan
        Of random draws; its ``draws`` are the most that are made, see :func:`most_draws`.
    targets : sequence of Target
        Statistics and the half widths wanted of their confidence intervals; all have to be reached.
    confidence : float
        Of each interval, from 0.5 to 0.999. It holds although the draws decide when to stop: see
        :func:`simulator.analysis.stopping.stopping.looks_until`.
    progress : callable, optional
        Called about twice a second with the number of draws done and the last look at them.

    Returns
    -------
    xarray.Dataset
        What :func:`simulator.simulate` returns for so many draws, bit by bit. The attribute ``until`` tells as JSON whether the targets
        were ``reached``, the ``confidence``, the ``most`` draws allowed, the ``pilot`` that intervals leave out, the ``looks`` (numbers
        of draws), and of each target ``value``, ``lower``, ``upper``, ``half_width``, ``wanted``, ``unit``, the ``level`` of the interval
        at its look, and why one is ``missing``.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        Sobol' points; an unknown output; what the rule refuses.

    Examples
    --------
    >>> from simulator import SamplingPlan, Target, load_scenario, simulate_until
    >>> plan = SamplingPlan(draws=100_000)
    >>> ds = simulate_until(load_scenario("configs/quickstart.yaml"), plan, [Target("cost_total", 0.8, 0.02, relative=True)])
    >>> json.loads(ds.attrs["until"])["reached"], ds.sizes["draw"] < 100_000
    (True, True)
    """
    require_random(plan.plan)
    resolved = resolve(scenario)
    known = output_names(resolved)
    for target in targets:
        if target.output not in known:
            raise InputError(f"{target.output} is not an output; {likely(target.output, known)}")
    draws = Draws(resolved, plan)
    require_memory(plan.draws, draws.numbers, _COPIES)
    parts: list[tuple[dict[str, Floats], dict[str, Floats]]] = []
    looks: list[Look] = []

    def play(start: int, stop: int) -> Mapping[str, Floats]:
        last = looks[-1] if looks else None
        parts.append(draws.play(start, stop, None if progress is None else lambda done: progress(start + done, last)))
        return parts[-1][1]

    looks.extend(looks_until(play, targets, plan.draws, confidence=confidence))
    inputs, outputs = _joined([inputs for inputs, _ in parts]), _joined([outputs for _, outputs in parts])
    results = label(resolved, plan, np.arange(looks[-1].draws), inputs, outputs)
    return results.assign_attrs(until=json.dumps(_told(looks, plan.draws, confidence), ensure_ascii=False, allow_nan=False))


def require_random(plan: str) -> None:
    """Raise InputError unless a plan's draws are independent."""
    if plan != "random":
        raise InputError(
            "draws until a width is reached are random ones: each interval rests on new draws that are independent of those which decide "
            f"their number, and {plan} points are not; leave the plan out, or state the number of draws without a width"
        )


def most_draws(scenario: Scenario) -> int:
    """Return how many draws of a scenario are made at most where nobody says: ten million, or what half of the free memory holds."""
    numbers = Draws(resolve(scenario), SamplingPlan(draws=1)).numbers
    return max(min(MOST_DRAWS, draws_that_fit(numbers, 2 * _COPIES)), 1)


def _joined(parts: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Return parts of draws one after another; outputs that are others stay so."""
    names = {id(values): name for name, values in parts[0].items()}
    whole = {key: np.concatenate([part[name] for part in parts]) for key, name in names.items()}
    return {name: whole[id(values)] for name, values in parts[0].items()}


def _told(looks: Sequence[Look], most: int, confidence: float) -> dict[str, Any]:
    """Return what the attribute ``until`` tells; what is not finite is None."""
    last = looks[-1]
    return {
        "reached": last.reached,
        "confidence": confidence,
        "most": most,
        "pilot": last.pilot,
        "looks": [look.draws for look in looks],
        "targets": [
            {
                "target": str(p.target),
                "output": p.target.output,
                "probability": p.target.probability,
                "relative": p.target.relative,
                "unit": QUANTITIES[p.target.output.partition("[")[0]].unit,
                "reached": last.pilot > 0 and p.reached,
                **{name: _finite(getattr(p, name)) for name in ("value", "lower", "upper", "half_width", "wanted", "level")},
                "missing": p.missing,
            }
            for p in last.achieved
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
