"""Draws played again with a record kept: one draw's whole history, and many draws on a grid of times."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.arguments import compile_arguments, no_records
from simulator.engine import in_part, run_kernel, simulate
from simulator.errors import InputError
from simulator.kernels.events import LOGGED
from simulator.kernels.history import FAN, TRACE
from simulator.kernels.slots import CLASSES
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.scenario import Scenario, resolve

Floats = NDArray[np.float64]

MOST_FANS = 4096  # draws
_MOST_EVENTS = 1_000_000  # of one draw; a run with more is cut short in its list, and says so


def _require_history(scenario: Scenario) -> None:
    if scenario.reliability.method != "event_driven":
        raise InputError("reliability.method: expected_value has no history to show. Use method: event_driven")


def explain(scenario: Scenario, plan: SamplingPlan | None = None, *, draw: int) -> xr.Dataset:
    """Replay one draw: its inputs, its interruptions one by one, its hours, its bill.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        Of the whole run that the draw belongs to.
    draw : int
        From 0 to the plan's draws - 1.

    Returns
    -------
    xarray.Dataset
        The draw's row as :func:`simulator.simulate` returns it, bitwise, without dimension ``draw``;
        beside it, on dimension ``event``: ``event_time`` [h since the start], ``event_cause``,
        ``event_phase``, ``event_work_lost``, ``event_wait``, ``event_downtime`` [h]; and on dimension ``hour``,
        the calendar hours of the run: ``hour_price`` [USD/kWh], ``hour_carbon`` [kgCO2e/kWh], ``hour_load``
        [accelerators at full power], ``hour_paused`` [h].

    Raises
    ------
    InputError
        For a draw outside the plan, or a scenario without histories.

    Examples
    --------
    >>> from simulator import SamplingPlan, explain, load_scenario
    >>> one = explain(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=1000), draw=7)
    >>> int(one.interruptions) == one.sizes["event"]
    True
    """
    plan = plan or SamplingPlan()
    _require_history(scenario)
    if not 0 <= draw < plan.draws:
        raise InputError(f"draw {draw} does not lie in the plan's 0 to {plan.draws - 1}")
    row = simulate(scenario, plan, start=draw, stop=draw + 1).isel(draw=0)
    resolved = resolve(scenario)
    arguments = compile_arguments(resolved, plan)
    events = int(row.interruptions.item() + row.interruptions_planned.item())
    hours = math.ceil(float(row.wall_clock)) + 1
    trace, log = np.full((hours, len(TRACE)), np.nan), np.full((min(events, _MOST_EVENTS), LOGGED), np.nan)
    records = no_records()._replace(trace=trace, log=log, traced=draw)
    run_kernel(arguments, plan, draw, draw + 1, None, records=records)
    trace = trace[~np.isnan(trace[:, 0])]
    exchange, shifts = float(row.get("exchange_rate", 1.0)), [float(row.get(f"{q}_year_shift", 1.0)) for q in ("price", "carbon")]
    start = float(row.get("start_time", 0.0))

    def hourly(values: Floats, unit: str, text: str) -> xr.Variable:
        return xr.Variable("hour", values, {"units": unit, "long_name": text})

    def event(column: int, unit: str, text: str) -> xr.Variable:
        return xr.Variable("event", log[:, column], {"units": unit, "long_name": text})

    causes = np.array([CLASSES[int(c)] for c in log[:, 1]], dtype=object)
    phases = np.array([resolved.phases[int(p)] if resolved.phases else "" for p in log[:, 2]], dtype=object)
    variables = {
        "event_time": event(0, "h", "elapsed time at which the run was interrupted"),
        "event_cause": xr.Variable("event", causes, {"long_name": "class of the interruption"}),
        "event_phase": xr.Variable("event", phases, {"long_name": "phase of the run"}),
        "event_work_lost": event(3, "h", "work lost"),
        "event_wait": event(4, "h", "wait for a spare node"),
        "event_downtime": event(5, "h", "downtime asked for, cut short where the restart was interrupted"),
        "hour_price": hourly(trace[:, 0] * exchange * shifts[0], "USD/kWh", "price of electricity"),
        "hour_carbon": hourly(trace[:, 1] * shifts[1], "kgCO2e/kWh", "carbon intensity of the grid"),
        "hour_load": hourly(trace[:, 2], "1", "accelerators at full power that would draw as much"),
        "hour_paused": hourly(trace[:, 3], "h", "time paused"),
    }
    variables["event_time"].values[:] = _elapsed(log[:, 0], trace[:, 3])
    coordinates = {
        "event": np.arange(len(log)),
        "hour": xr.Variable("hour", math.floor(start) + np.arange(len(trace)), {"long_name": "hours since 1970-01-01T00:00Z"}),
    }
    return row.assign(variables).assign_coords(coordinates)


def _elapsed(job: Floats, paused: Floats) -> Floats:
    """Return elapsed times of times on the job's clock, which stands while the run is paused."""
    clock = np.concatenate([[0.0], np.cumsum(1.0 - paused)])  # at the end of each hour
    hour = np.clip(np.searchsorted(clock, job, side="right") - 1, 0, max(len(paused) - 1, 0))
    if not len(paused):
        return job
    # a pause that ends inside an hour lies at that hour's beginning
    return np.where(job > clock[hour], hour + paused[hour] + job - clock[hour], hour.astype(np.float64))


def over_time(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    draws: int = MOST_FANS,
    times: int = 96,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Play the first draws of a plan again and keep what each has cost, emitted, used and done at a grid of times.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
    draws : int
        How many; memory grows with draws × times only.
    times : int
        Steps of the grid, which ends after the last of these runs.
    progress : callable, optional
        Called with the number of draws done; each is played twice, and counts half until then.

    Returns
    -------
    xarray.Dataset
        ``cost_total``, ``emissions_total``, ``energy``, ``progress`` by (draw, time); time in hours since the start.
        A run that has ended stays at what it has come to.

    Raises
    ------
    InputError
        For a scenario without histories.
    """
    plan = plan or SamplingPlan()
    _require_history(scenario)
    count = min(draws, plan.draws)
    resolved = resolve(scenario)
    arguments = compile_arguments(resolved, plan)
    _, outputs = run_kernel(arguments, plan, 0, count, in_part(progress, 0, 2, count))
    step = max(math.ceil(float(np.nanmax(outputs["wall_clock"])) / times), 1)
    fans = np.full((count, times, len(FAN)), np.nan)
    records = no_records()._replace(fans=fans, step=step)
    run_kernel(arguments, plan, 0, count, in_part(progress, 1, 2, count), records=records)
    variables = {}
    for k, name in enumerate(FAN):
        q = QUANTITIES[name]
        values = np.concatenate([np.zeros((count, 1)), fans[:, :, k]], axis=1)
        variables[name] = xr.Variable(("draw", "time"), values, {"units": q.unit, "long_name": q.meaning})
    time = xr.Variable("time", step * np.arange(times + 1.0), {"units": "h", "long_name": "time since the start of the run"})
    attributes = {
        "scenario": scenario.name,
        "scenario_hash": resolved.hash(),
        "seed": plan.seed,
        "plan": plan.plan,
        "draws": count,
    }
    return xr.Dataset(variables, {"draw": np.arange(count), "time": time}, attributes)
