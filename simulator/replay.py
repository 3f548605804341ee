"""Draws played again with a record kept: one draw's whole history, and many draws on a grid of times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.arguments import KernelArguments, compile_arguments, no_records
from simulator.engine import in_part, run_kernel, simulate
from simulator.errors import InputError
from simulator.kernels.ledger.book import COST, EMITTED, EMITTED_OF_RUN, OF_RUN, OUTCOMES
from simulator.kernels.play import FAN, TRACE
from simulator.kernels.runs import LOGGED
from simulator.kernels.slots import CLASSES, INPUTS
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.replayed import replay_place
from simulator.scenario import Scenario, resolve
from simulator.threads import launching, using_threads

Floats = NDArray[np.float64]

MOST_FANS = 4096  # draws
_GRID_END = 0.99  # share of the runs that end on the fans' grid
_LOAD, _PAUSED = TRACE.index("load"), TRACE.index("paused")
_MOST_EVENTS = 1_000_000  # of one draw; a run with more is cut short in its list, and says so


def _require_history(scenario: Scenario, plan: SamplingPlan) -> None:
    if scenario.reliability.method != "event_driven":
        raise InputError("reliability.method: expected_value has no history to show. Use method: event_driven")
    if plan.device != "cpu":
        raise InputError(f"device = {plan.device!r} plays no histories, and one is asked for here. Use SamplingPlan(device='cpu')")


def explain(scenario: Scenario, plan: SamplingPlan | None = None, *, draw: int) -> xr.Dataset:
    """Replay one draw: its inputs, its interruptions and pauses one by one, its hours, its bill.

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
        beside it, on dimension ``event``, interruptions and pauses in the order of time: ``event_time``
        [h since the start], ``event_cause`` (a class of interruptions, or ``paused: price``, ``paused: carbon``,
        ``paused: price and carbon``), ``event_phase`` (of an interruption), ``event_work_lost``, ``event_wait``,
        ``event_downtime``, ``event_paused`` [h]; and on dimension ``hour``, the calendar hours of the run:
        ``hour_price`` [USD/kWh], NaN where a rented run has none, ``hour_carbon`` [kgCO2e/kWh], ``hour_load``
        [accelerators at full power], ``hour_paused`` [h], and ``hour_replayed``, the hour of a history that stands for it.

    Raises
    ------
    InputError
        For a draw outside the plan, a scenario without histories, or a plan for another device than the CPU.

    Examples
    --------
    >>> from simulator import SamplingPlan, explain, load_scenario
    >>> one = explain(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=1000), draw=7)
    >>> int(one.interruptions + one.pauses) == one.sizes["event"]
    True
    """
    plan = plan or SamplingPlan()
    _require_history(scenario, plan)
    if not 0 <= draw < plan.draws:
        raise InputError(f"draw {draw} does not lie in the plan's 0 to {plan.draws - 1}")
    row = simulate(scenario, plan, start=draw, stop=draw + 1).isel(draw=0)
    resolved = resolve(scenario)
    arguments = compile_arguments(resolved, plan)
    events = int(row.interruptions.item() + row.interruptions_planned.item())
    hours = math.ceil(float(row.wall_clock)) + 1
    trace, log = np.full((hours, len(TRACE)), np.nan), np.full((min(events, _MOST_EVENTS), LOGGED), np.nan)
    records = no_records()._replace(trace=trace, log=log, traced=draw)
    drawn, _ = run_kernel(arguments, plan, draw, draw + 1, None, records=records)
    trace = trace[~np.isnan(trace[:, _LOAD])]  # a price may be unknown in an hour that was played
    constant = float(arguments.tables.constants[INPUTS.index("exchange_rate")])
    scales = _scales(row, float(drawn["exchange_rate"][0]) if "exchange_rate" in drawn else constant)
    pauses = _pauses(arguments, row, trace, scales)
    start = float(row.get("start_time", 0.0))
    times = np.concatenate([_elapsed(log[:, 0], trace[:, _PAUSED]), [pause.start for pause in pauses]])
    order = np.argsort(times, kind="stable")

    def hourly(values: Floats, unit: str, text: str) -> xr.Variable:
        return xr.Variable("hour", values, {"units": unit, "long_name": text})

    def event(values: Floats, text: str) -> xr.Variable:
        return xr.Variable("event", values[order], {"units": "h", "long_name": text})

    def of_interruptions(column: int, text: str) -> xr.Variable:
        return event(np.concatenate([log[:, column], np.zeros(len(pauses))]), text)

    causes = np.array([*(CLASSES[int(c)] for c in log[:, 1]), *(pause.cause for pause in pauses)], dtype=object)
    phases = np.array([*(resolved.phases[int(p)] if resolved.phases else "" for p in log[:, 2]), *("" for _ in pauses)], dtype=object)
    variables = {
        "event_time": event(times, "elapsed time at which the run was interrupted or paused"),
        "event_cause": xr.Variable("event", causes[order], {"long_name": "class of the interruption, or what the pause was for"}),
        "event_phase": xr.Variable("event", phases[order], {"long_name": "phase of the run that was interrupted"}),
        "event_work_lost": of_interruptions(3, "work lost"),
        "event_wait": of_interruptions(4, "wait for a spare node"),
        "event_downtime": of_interruptions(5, "downtime asked for, cut short where the restart was interrupted"),
        "event_paused": event(
            np.concatenate([np.zeros(len(log)), [pause.hours for pause in pauses]]), "length of the pause, with the time lost to it"
        ),
        "hour_price": hourly(trace[:, 0] * scales[0], "USD/kWh", "price of electricity"),
        "hour_carbon": hourly(trace[:, 1] * scales[1], "kgCO2e/kWh", "carbon intensity of the grid"),
        "hour_load": hourly(trace[:, _LOAD], "1", "accelerators at full power that would draw as much"),
        "hour_paused": hourly(trace[:, _PAUSED], "h", "time paused"),
    }
    coordinates = {
        "event": np.arange(len(order)),
        "hour": xr.Variable("hour", math.floor(start) + np.arange(len(trace)), {"long_name": "hours since 1970-01-01T00:00Z"}),
    }
    if resolved.past is not None:
        drawn = {name: row[name].values for name in ("start_time", "history_place") if name in row}
        place = int(replay_place(resolved, drawn)) + np.arange(len(trace))
        variables["hour_replayed"] = hourly(
            (resolved.past.first + place % resolved.past.size).astype(np.float64), "h", "hour of the history, since 1970-01-01T00:00Z"
        )
    return row.assign(variables).assign_coords(coordinates)


def _scales(row: xr.Dataset, rate: float) -> tuple[float, float]:
    """Return what hourly prices, at an exchange rate, and intensities of a draw are multiplied by."""
    price, carbon = (float(row.get(f"{quantity}_year_shift", 1.0)) for quantity in ("price", "carbon"))
    return rate * price, carbon


class _Pause(NamedTuple):
    start: float
    hours: float
    cause: str


def _pauses(arguments: KernelArguments, row: xr.Dataset, trace: Floats, scales: tuple[float, float]) -> list[_Pause]:
    """Return the pauses of a run from its hours: when each began, how long it stood, and which threshold it was for.

    The time lost to resuming counts to the pause that it follows.
    """
    begins = np.flatnonzero(np.diff(trace[:, TRACE.index("resting")], prepend=0.0) == 1.0).tolist()
    pauses = []
    for begin, following in pairwise([*begins, len(trace)]):
        over = []
        for k, quantity in enumerate(("price", "carbon")):
            name = f"{quantity}_threshold"
            limit = float(row[name]) if name in row else float(arguments.tables.constants[INPUTS.index(name)])
            if trace[begin, k] * (1.0 if arguments.play.relative[k] else scales[k]) > limit:
                over.append(quantity)
        pauses.append(_Pause(float(begin), float(trace[begin:following, _PAUSED].sum()), f"paused: {' and '.join(over)}"))
    return pauses


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
        Steps of the grid. It ends after 99 % of these runs, so that a late one does not press all others into its first steps.
    progress : callable, optional
        Called with the number of draws done; each is played twice, and counts half until then.

    Returns
    -------
    xarray.Dataset
        ``cost_total``, ``emissions_total``, ``energy``, ``progress`` by (draw, time); time in hours since the start. Cost and
        emissions are those of the run's own compute: what is paid for beside it has no hour.
        A run that has ended stays at what it has come to; attribute ``longer`` counts those that have not when the grid ends.

    Raises
    ------
    InputError
        For a scenario without histories, or a plan for another device than the CPU.
    """
    plan = plan or SamplingPlan()
    _require_history(scenario, plan)
    count = min(draws, plan.draws)
    resolved = resolve(scenario)
    arguments = compile_arguments(resolved, plan)
    inputs, outputs = run_kernel(arguments, plan, 0, count, in_part(progress, 0, 2, count))
    walls = outputs["wall_clock"][~np.isnan(outputs["wall_clock"])]
    last = float(np.quantile(walls, _GRID_END, method="higher")) if walls.size else 1.0
    step = max(math.ceil(last / times), 1)
    fans = np.full((count, times, len(FAN)), np.nan)
    records = no_records()._replace(fans=fans, step=step)
    run_kernel(arguments, plan, 0, count, in_part(progress, 1, 2, count), records=records)
    with using_threads(plan.threads):
        known = _settled(arguments, inputs, fans)
    variables = {}
    for name, values in known.items():
        q = QUANTITIES[name]
        variables[name] = xr.Variable(("draw", "time"), np.pad(values, ((0, 0), (1, 0))), {"units": q.unit, "long_name": q.meaning})
    time = xr.Variable("time", step * np.arange(times + 1.0), {"units": "h", "long_name": "time since the start of the run"})
    attributes = {
        "scenario": scenario.name,
        "scenario_hash": resolved.hash(),
        "seed": plan.seed,
        "plan": plan.plan,
        "draws": count,
        "longer": int((walls > step * times).sum()),
    }
    return xr.Dataset(variables, {"draw": np.arange(count), "time": time}, attributes)


def _settled(arguments: KernelArguments, inputs: Mapping[str, Floats], fans: Floats) -> dict[str, Floats]:
    """Return what each run has cost, emitted and used at each time, as if it ended there."""
    count, times, _ = fans.shape
    rows = np.array([inputs[name] for name in arguments.drawn]).reshape(len(arguments.drawn), count)
    names = arguments.outputs[len(arguments.run_outputs) :]
    book = arguments.book._replace(kept=np.arange(len(names)))
    known = {name: np.empty((count, times)) for name in ("cost_total", "emissions_total", "energy", "progress")}
    costs, emitted = slice(COST, COST + OF_RUN), slice(EMITTED, EMITTED + EMITTED_OF_RUN)
    repeated = [names.index("cost[rollbacks]"), names.index("emissions[rollbacks]")]
    for k in range(times):
        out = np.empty((len(names), count))
        with launching():
            replace(arguments, book=book).settle(0, count, rows, fans[:, k].T[: len(OUTCOMES)].copy(), out, first=0, block_size=count)
        known["cost_total"][:, k] = out[costs].sum(axis=0) + out[repeated[0]]
        known["emissions_total"][:, k] = out[emitted].sum(axis=0) + out[repeated[1]]
        known["energy"][:, k], known["progress"][:, k] = out[names.index("energy")], fans[:, k, FAN.index("progress")]
    return known
