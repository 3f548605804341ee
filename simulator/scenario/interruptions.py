"""About how many interruptions the history of one draw holds, before any is played out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.scenario.reads import BREAKING_CLASSES, INTERRUPTION_CLASSES
from simulator.scenario.resolved import Resolved

_STEEPEST = 700.0  # an exponent beyond which a double overflows


@dataclass(frozen=True)
class Exposure:
    """What a run is exposed to at the medians of its inputs.

    Attributes
    ----------
    interruptions : float
        Expected number, planned ones included.
    failure_rate : float
        Of all classes, per 1000 node-days.
    nodes : float
        The most of any phase.
    hours : float
        Wall-clock time.
    """

    interruptions: float
    failure_rate: float
    nodes: float
    hours: float


def median_exposure(resolved: Resolved) -> Exposure:
    """Return what a run of event_driven method is exposed to where every input is at its median.

    Wall-clock time is that of Daly's closed forms (``model.reliability``; plain Python here, so that a scenario is read
    without the compiler), cut off at max_wall_clock. Early failures and pauses are left out: this tells
    thousands from millions.

    Parameters
    ----------
    resolved : Resolved
    """
    rates = {name: _median(resolved, name) for name in ("failure_rate", *(f"failure_rate_{c}" for c in INTERRUPTION_CLASSES))}
    rates = {name: rate for name, rate in rates.items() if rate > 0}
    total = sum(rates.values())
    limit = _median(resolved, "max_wall_clock", math.inf)
    hours, count, most = 0.0, 0.0, 0.0
    for phase in range(max(len(resolved.phases), 1)):
        devices = _median(resolved, "accelerators", phase=phase)
        nodes = math.ceil(devices / _median(resolved, "accelerators_per_node"))
        most = max(most, nodes)
        work = _work(resolved, phase, devices)
        stretch, share_up = _stretch(resolved, rates, nodes, work)
        wall = work if resolved.choices.work == "device_hours" else min(work * stretch, limit - hours)
        exposed = share_up if resolved.choices.restart == "immune" else 1.0
        count += total * nodes / 24_000 * wall * exposed
        hours += wall
    return Exposure(_held_up(resolved, rates, count, hours if limit == math.inf else limit), total, most, hours)


def _median(resolved: Resolved, name: str, absent: float = 0.0, *, phase: int | None = None) -> float:
    item = resolved.inputs.get(f"{name}[{phase}]") or resolved.inputs.get(name)
    return absent if item is None else item.value.median


def _work(resolved: Resolved, phase: int, devices: float) -> float:
    """Return the hours of work of a phase, or those that are stated."""
    if resolved.choices.work == "device_hours":
        return _median(resolved, "device_hours") / devices
    flop = _median(resolved, "flop")
    if resolved.choices.work == "transformer":
        width, length = _median(resolved, "layers") * _median(resolved, "hidden_size"), _median(resolved, "sequence_length", phase=phase)
        attention = 12.0 * width * length
        flop = (6.0 * _median(resolved, "params_active") + attention) * _median(resolved, "tokens", phase=phase)
    effort = (1.0 + _median(resolved, "run_overhead")) * _median(resolved, "straggler_slowdown", 1.0)
    return flop * effort / (3600.0 * _median(resolved, "peak_flops") * _median(resolved, "mfu", phase=phase) * devices)


def _stretch(resolved: Resolved, rates: dict[str, float], nodes: float, work: float) -> tuple[float, float]:
    """Return hours of wall-clock time per hour of work, and the share of them that the job is up."""
    unplanned = {name: rate * nodes / 24_000 for name, rate in rates.items() if name != "failure_rate_planned"}
    rate, save, write = sum(unplanned.values()), _median(resolved, "checkpoint_time"), _median(resolved, "checkpoint_write_time")
    if rate == 0.0:
        return 1.0, 1.0
    tau = _median(resolved, "checkpoint_interval", min(math.sqrt(2.0 * save / rate), 1.0 / rate))
    tau = max(min(max(tau, write), work), 1e-6)
    up = math.expm1(min(rate * (tau + save), _STEEPEST)) / (rate * tau)
    general = _median(resolved, "downtime")
    down = sum(r * _median(resolved, name.replace("failure_rate", "downtime"), general) for name, r in unplanned.items())
    if resolved.choices.restart != "immune":
        down = math.expm1(min(down, _STEEPEST))
    return up * (1.0 + down), 1.0 / (1.0 + down)


def _held_up(resolved: Resolved, rates: dict[str, float], count: float, hours: float) -> float:
    """Return how many of so many interruptions come within hours where the job waits for spares: one more than they are in a repair."""
    breaking = sum(rate for name, rate in rates.items() if name == "failure_rate" or name.rpartition("_")[2] in BREAKING_CLASSES)
    if "spare_nodes" not in resolved.inputs or breaking == 0.0:
        return count
    served = (_median(resolved, "spare_nodes") + 1.0) * (1.0 + hours / _median(resolved, "repair_time"))
    return min(count, served * sum(rates.values()) / breaking)
