"""About how many interruptions the history of one draw holds, before any is played out."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from simulator.scenario.reads import BREAKING_CLASSES, INTERRUPTION_CLASSES
from simulator.scenario.resolved import Resolved

_STEEPEST = 700.0  # an exponent beyond which a double overflows
_RAREST = 1e-290  # an hourly rate whose inverse and product with an interval are still numbers
_PLANNED = "failure_rate_planned"
_BREAKING = ("failure_rate", *(f"failure_rate_{name}" for name in BREAKING_CLASSES))

_STRATA = 128  # joint draws
_MIDDLES = ndtri((np.arange(_STRATA) + 0.5) / _STRATA)  # scores in the middle of slices of the same probability
_FAR = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)  # scores beyond them, as far as draws reach, and their chances on either side
_CHANCES = tuple(-np.diff(ndtr(-np.array([_MIDDLES[-1], 3.5, 4.5, 5.5, 6.5, 7.5, np.inf]))))


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


class _Values:
    """The inputs of a scenario at their medians, but for those that are moved."""

    def __init__(self, resolved: Resolved) -> None:
        self.choices, self.phases = resolved.choices, max(len(resolved.phases), 1)
        self.inputs, self.moved = resolved.inputs, dict[str, float]()
        self.medians: dict[str, float] = {}
        self.read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.inputs

    def __call__(self, name: str, absent: float = 0.0, *, phase: int | None = None) -> float:
        place = f"{name}[{phase}]" if f"{name}[{phase}]" in self.inputs else name
        if place in self.inputs:
            self.read.add(place)
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


def mean_interruptions(resolved: Resolved, *, at_median: str = "") -> float:
    """Return how many interruptions a draw of event_driven method holds on average: what it takes to play it out.

    A rate that is a thousand times its median in one draw of a hundred makes that draw as long as ten medians of all others. The mean is
    that of a Latin hypercube of independent inputs (McKay, Beckman & Conover 1979, Technometrics 21(2):239-245), and what each input adds
    alone in tails that it does not reach.

    Parameters
    ----------
    resolved : Resolved
    at_median : str
        Place of an input that is held at its median.

    Returns
    -------
    float
        NaN or infinite where numbers overflow.
    """
    at = _Values(resolved)
    places = [place for place in _uncertain(resolved) if place != at_median]
    if not places:
        return _exposure(at).interruptions
    shuffle, columns, outer = random.Random(0).shuffle, [], 0.0
    for place in places:
        table = resolved.inputs[place].value.table
        assert table is not None
        with np.errstate(over="ignore"):  # what is infinite is counted as such
            column = table(_MIDDLES).tolist()
            tails = [table(side * np.array([_MIDDLES[-1], *_FAR])).tolist() for side in (-1.0, 1.0)]
        for edge, *far in tails:
            at.moved = {place: edge}
            reached = _exposure(at).interruptions
            for value, chance in zip(far, _CHANCES, strict=True):
                at.moved = {place: value}
                outer += chance * (_exposure(at).interruptions - reached)
        shuffle(column)
        columns.append(column)
    total = 0.0
    for row in zip(*columns, strict=True):
        at.moved = dict(zip(places, row, strict=True))
        total += _exposure(at).interruptions
    return total / _STRATA + outer


def _uncertain(resolved: Resolved) -> list[str]:
    """Return the places of the uncertain inputs that the number of interruptions depends on."""
    at = _Values(resolved)
    at.moved = {name: 1.0 for name in at.inputs if name.startswith("failure_rate")}
    _exposure(at)  # which reads them
    return [place for place in sorted(at.read) if at.inputs[place].value.table is not None]


def widest_spread(resolved: Resolved, mean: float) -> tuple[str, float]:
    """Return the place of the input that makes most of a mean by its spread, and how many times what its median makes."""
    held = {place: mean_interruptions(resolved, at_median=place) for place in _uncertain(resolved)}
    place = min((place for place in held if not math.isnan(held[place])), key=lambda place: held[place], default="")
    return place, (mean / held[place] if place and held[place] > 0.0 else math.inf)


def _exposure(at: _Values) -> Exposure:
    rates = {name: at(name) for name in ("failure_rate", *(f"failure_rate_{c}" for c in INTERRUPTION_CLASSES))}
    rates = {name: rate for name, rate in rates.items() if rate > 0}
    total = sum(rates.values())
    limit = at("max_wall_clock", math.inf)
    hours, count, most = 0.0, 0.0, 0.0
    for phase in range(at.phases):
        devices = at("accelerators", phase=phase)
        nodes = float(np.ceil(devices / at("accelerators_per_node")))
        most = max(most, nodes)
        work = _work(at, phase, devices)
        stretch, share_up = _stretch(at, rates, nodes, work)
        wall = work if at.choices.work == "device_hours" else min(work * stretch, limit - hours)
        exposed = share_up if at.choices.restart == "immune" else 1.0
        count += total * nodes / 24_000 * wall * exposed
        hours += wall
    count += _early(at, rates, most, hours if limit == math.inf else min(hours, limit))
    count = _held_up(at, rates, count, hours if limit == math.inf else limit) if total > 0.0 else 0.0
    return Exposure(count, total, most, hours)


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
    return flop * effort / 3600.0 / at("peak_flops") / at("mfu", phase=phase) / devices  # products of small numbers would be 0


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
