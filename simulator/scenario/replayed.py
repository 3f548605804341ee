"""Where in a replayed history a run starts: at any hour from which it fits, or on the date of its season and weekday."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulator.errors import Problem
from simulator.scenario.dates import date_of
from simulator.scenario.interruptions import median_exposure
from simulator.scenario.resolved import Resolved
from simulator.scenario.values import UncertainValue, parse_value

_SLOW = 1.645  # score of the wall-clock time that has to fit in: P95


def placed(resolved: Resolved) -> tuple[Resolved, list[Problem]]:
    """Return a scenario with the starts that its history admits, and what it does not admit.

    Without a ``start_time`` the start is uniform over the hours from which the P95 of the wall-clock time fits in, as far as
    that is known before anything is played out. Half of the draws or more have to fit in.

    Parameters
    ----------
    resolved : Resolved
        With every input that it reads.
    """
    past, grid = resolved.past, resolved.scenario.grid
    if past is None or resolved.choices.method != "event_driven" or "history" not in (resolved.choices.price, resolved.choices.carbon):
        return resolved, []
    middle, slow = wall_clock(resolved)
    path, place = ("grid.price_history" if grid.price_history else "grid.carbon_history"), None
    held = f"the history holds {date_of(past.first)} to {date_of(past.first + past.size)}, {past.size} h"
    if resolved.choices.dated:
        path, start = "grid.start_time", resolved.inputs["start_time"].value
        shift = past.shift(*extremes(start))
        if shift is None:
            way = "State a date whose season it holds, or leave start_time out"
            return resolved, [Problem(f"{start} has no counterpart in the history: {held}", path, way)]
        place = start.median - past.first - shift
    elif "history_place" in resolved.scenario.values():
        path, place = "grid.history_place", math.floor(resolved.inputs["history_place"].value.median * past.size)
    if middle > past.size - (place or 0.0):
        way = "Replay a longer history, or fit a zone with simulator fit"
        what = f"a run of about {middle:.0f} h (P50) outlasts its history" + ("" if place is None else f" from hour {place:.0f} of it on")
        return resolved, [Problem(f"{what}: {held}; its hours would be played again from the first on", path, way)]
    if place is not None:
        return resolved, []
    share = max(1.0 - math.ceil(slow) / past.size, 0.0)
    law = {"family": "uniform", "low": 0.0, "high": share} if share > 0.0 else 0.0
    source = f"any hour from which a run of {slow:.0f} h, its P95 by closed forms, fits into the history is as likely a start"
    begin = replace(resolved.inputs["history_place"], value=parse_value(law, "history_place"), source=source)
    return replace(resolved, inputs={**resolved.inputs, "history_place": begin}), []


def wall_clock(resolved: Resolved) -> tuple[float, float]:
    """Return about the P50 and the P95 of the wall-clock time [h], before any draw is played out.

    The P50 is that of the medians of the inputs; from there to the P95 it is as far as for a lognormal whose variance is the sum of what
    the worse of P5 and P95 of each input makes of it. Waits for spares and early failures are left out.
    """
    middle = _hours(resolved)
    variance = 0.0
    for place, item in resolved.inputs.items():
        law = item.value.law
        if law is None or item.value.quantity in ("history_place", "start_time"):
            continue
        ends = [
            _hours(replace(resolved, inputs={**resolved.inputs, place: replace(item, value=replace(item.value, law=None, constant=x))}))
            for x in map(float, law.quantile(np.array([-_SLOW, _SLOW])))
        ]
        variance += (math.log(max(*ends, middle, 1e-9) / max(middle, 1e-9)) / _SLOW) ** 2
    return middle, middle * math.exp(_SLOW * math.sqrt(variance))


def _hours(resolved: Resolved) -> float:
    """Return the wall-clock time at the medians, with pauses and without more than max_wall_clock [h]."""
    hours, inputs = median_exposure(resolved).hours, resolved.inputs
    if resolved.choices.pausing:
        paused = hours / max(_running_share(resolved), 1e-6)
        deadline = inputs["deadline"].value.median if "deadline" in inputs else math.inf
        hours = max(hours, min(paused, deadline))
    return min(hours, inputs["max_wall_clock"].value.median) if "max_wall_clock" in inputs else hours


def _running_share(resolved: Resolved) -> float:
    """Return about the share of the hours in which the policy does not pause: of the history's own, or what a quantile says."""
    policy, past, share = resolved.scenario.pausing, resolved.past, 1.0
    runs = np.ones(past.size if past else 1, dtype=np.bool_)
    for quantity in ("price", "carbon"):
        stated, hours, threshold = getattr(policy, f"{quantity}_quantile"), getattr(past, quantity, None), f"{quantity}_threshold"
        if hours is None or getattr(resolved.choices, quantity) != "history":
            share = min(share, stated or 1.0)
        elif stated is not None:
            runs &= hours <= np.quantile(hours, stated)
        elif threshold in resolved.inputs:
            rate = resolved.inputs["exchange_rate"].value.median if quantity == "price" and "exchange_rate" in resolved.inputs else 1.0
            runs &= rate * hours <= resolved.inputs[threshold].value.median
    return share * float(runs.mean())


def extremes(value: UncertainValue) -> tuple[float, float]:
    """Return the least and the largest value of all draws."""
    if value.law is None:
        return float(value.constant or 0.0), float(value.constant or 0.0)
    low, high = value.law.quantile(np.array([-8.3, 8.3]))  # beyond every normal score that is drawn
    return float(low), float(high)
