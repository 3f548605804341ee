"""About how many interruptions the history of one draw holds, before any is played out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.scenario.reads import BREAKING_CLASSES, INTERRUPTION_CLASSES
from simulator.scenario.resolved import Resolved

_STEEPEST = 700.0  # an exponent beyond which a double overflows
_RAREST = 1e-290  # an hourly rate whose inverse and product with an interval are still numbers
_PLANNED = "failure_rate_planned"
_BREAKING = ("failure_rate", *(f"failure_rate_{name}" for name in BREAKING_CLASSES))

# normal scores that draws reach, and their weights in a mean
_SCORES = np.arange(-8.0, 9.0)
_WEIGHTS = np.exp(-0.5 * _SCORES**2)
_WEIGHTS /= _WEIGHTS.sum()


@dataclass(frozen=True)
class Exposure:
    """What a run is exposed to at given values of its inputs.

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


@dataclass(frozen=True)
class Crowd:
    """How many interruptions a draw holds on average.

    Attributes
    ----------
    mean : float
        NaN or infinite where numbers overflow.
    widest : str
        Place of the input whose spread adds most to what the medians make; '' where none adds any.
    factor : float
        How many times as many that spread makes; infinite where the medians make none.
    """

    mean: float
    widest: str
    factor: float


class _Values:
    """The inputs of a scenario at their medians, but for those that are moved."""

    def __init__(self, resolved: Resolved) -> None:
        self.choices, self.phases = resolved.choices, max(len(resolved.phases), 1)
        self.inputs, self.moved = resolved.inputs, dict[str, float]()
        self.medians: dict[str, float] = {}  # of what has been read

    def __contains__(self, name: str) -> bool:
        return name in self.inputs

    def __call__(self, name: str, absent: float = 0.0, *, phase: int | None = None) -> float:
        place = f"{name}[{phase}]" if f"{name}[{phase}]" in self.inputs else name
        if place in self.moved:
            return self.moved[place]
        if place not in self.medians and place in self.inputs:
            self.medians[place] = self.inputs[place].value.median
        return self.medians.get(place, absent)


def median_exposure(resolved: Resolved) -> Exposure:
    """Return what a run of event_driven method is exposed to where every input is at its median.

    Wall-clock time is that of Daly's closed forms (``model.reliability``; plain Python here, so that a scenario is read
    without the compiler), cut off at max_wall_clock. Pauses are left out: this tells thousands from millions.

    Parameters
    ----------
    resolved : Resolved
    """
    return _exposure(_Values(resolved))


def mean_interruptions(resolved: Resolved) -> Crowd:
    """Return how many interruptions a draw of event_driven method holds on average: what it takes to play it out.

    A rate that is a thousand times its median in one draw of a hundred makes that draw as long as ten medians of all others. The mean is
    that of the medians, times what the spread of each input alone makes of it, as if all were independent and multiplied.

    Parameters
    ----------
    resolved : Resolved
    """
    at = _Values(resolved)
    middle = _exposure(at).interruptions
    mean, widest, largest = middle, "", 1.0
    for place in sorted(at.medians):
        table = resolved.inputs[place].value.table
        if table is None:
            continue
        alone = 0.0
        for value, weight in zip(table(_SCORES).tolist(), _WEIGHTS.tolist(), strict=True):
            at.moved = {place: value}
            alone += weight * _exposure(at).interruptions
        factor = alone / middle if middle > 0.0 else math.inf
        mean = mean * factor if middle > 0.0 else mean + alone
        if factor > largest and alone > 0.0:
            widest, largest = place, factor
    return Crowd(mean, widest, largest)


def _exposure(at: _Values) -> Exposure:
    rates = {name: at(name) for name in ("failure_rate", *(f"failure_rate_{c}" for c in INTERRUPTION_CLASSES))}
    rates = {name: rate for name, rate in rates.items() if rate > 0}
    total = sum(rates.values())
    limit = at("max_wall_clock", math.inf)
    hours, count, most = 0.0, 0.0, 0.0
    for phase in range(at.phases):
        devices = at("accelerators", phase=phase)
        nodes = math.ceil(devices / at("accelerators_per_node"))
        most = max(most, nodes)
        work = _work(at, phase, devices)
        stretch, share_up = _stretch(at, rates, nodes, work)
        wall = work if at.choices.work == "device_hours" else min(work * stretch, limit - hours)
        exposed = share_up if at.choices.restart == "immune" else 1.0
        count += total * nodes / 24_000 * wall * exposed
        hours += wall
    count += _early(at, rates, most, hours if limit == math.inf else min(hours, limit))
    return Exposure(_held_up(at, rates, count, hours if limit == math.inf else limit), total, most, hours)


def _work(at: _Values, phase: int, devices: float) -> float:
    """Return the hours of work of a phase, or those that are stated."""
    if at.choices.work == "device_hours":
        return at("device_hours") / devices
    flop = at("flop")
    if at.choices.work == "transformer":
        width, length = at("layers") * at("hidden_size"), at("sequence_length", phase=phase)
        attention = 12.0 * width * length
        flop = (6.0 * at("params_active") + attention) * at("tokens", phase=phase)
    effort = (1.0 + at("run_overhead")) * at("straggler_slowdown", 1.0)
    return flop * effort / (3600.0 * at("peak_flops") * at("mfu", phase=phase) * devices)


def _stretch(at: _Values, rates: dict[str, float], nodes: float, work: float) -> tuple[float, float]:
    """Return hours of wall-clock time per hour of work, and the share of them that the job is up."""
    unplanned = {name: rate * nodes / 24_000 for name, rate in rates.items() if name != _PLANNED}
    rate, save, write = sum(unplanned.values()), at("checkpoint_time"), at("checkpoint_write_time")
    if rate < _RAREST:
        return 1.0, 1.0
    tau = at("checkpoint_interval", min(math.sqrt(2.0 * save / rate), 1.0 / rate))
    tau = max(min(max(tau, write), work), 1e-6)
    up = math.expm1(min(rate * (tau + save), _STEEPEST)) / (rate * tau)
    general = at("downtime")
    down = sum(r * at(name.replace("failure_rate", "downtime"), general) for name, r in unplanned.items())
    if at.choices.restart != "immune":
        down = math.expm1(min(down, _STEEPEST))
    return up * (1.0 + down), 1.0 / (1.0 + down)


def _early(at: _Values, rates: dict[str, float], nodes: float, hours: float) -> float:
    """Return how many early failures come on top of what a steady rate makes."""
    if "early_failure_ratio" not in at:
        return 0.0
    settling, breaking = at("early_failure_time"), sum(rates.get(name, 0.0) for name in _BREAKING)
    return breaking * nodes / 24_000 * (at("early_failure_ratio") - 1.0) * settling * -math.expm1(-hours / settling)


def _held_up(at: _Values, rates: dict[str, float], count: float, hours: float) -> float:
    """Return how many of so many interruptions come within hours where the job waits for spares: one more than they are in a repair."""
    breaking = sum(rates.get(name, 0.0) for name in _BREAKING)
    if "spare_nodes" not in at or breaking == 0.0:
        return count
    served = (at("spare_nodes") + 1.0) * (1.0 + hours / at("repair_time"))
    return min(count, served * sum(rates.values()) / breaking)
