"""Which hours of a history stand for those of the runs, and how many runs outlast it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scenario import Resolved
from simulator.scenario.dates import date_of
from simulator.scenario.replayed import extremes

Floats = NDArray[np.float64]


class ReplayedHours(NamedTuple):
    """Hours of a history that some draws replayed.

    Attributes
    ----------
    first, last : float
        Where the earliest of them starts and the latest ends [h since the first hour of the history].
    wrapped : int
        Draws that outlast the history.
    """

    first: float
    last: float
    wrapped: int

    def together(self, others: ReplayedHours) -> ReplayedHours:
        """Return the hours of these draws and of others."""
        return ReplayedHours(min(self.first, others.first), max(self.last, others.last), self.wrapped + others.wrapped)


def replayed_hours(resolved: Resolved, inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]) -> ReplayedHours | None:
    """Return which hours draws replayed; None where there is no history, or no run is played on it."""
    if resolved.past is None or "wall_clock" not in outputs:
        return None
    begin = replay_place(resolved, inputs)
    end = begin + np.ceil(outputs["wall_clock"])
    return ReplayedHours(float(np.min(begin)), float(np.nanmax(end, initial=0.0)), int(np.sum(end > resolved.past.size)))


def describe_replay(resolved: Resolved, hours: ReplayedHours) -> dict[str, Any]:
    """Return the dates of a history and of those of its hours that were replayed, the draws that outlast it, and a shift of dates."""
    past = resolved.past
    if past is None:
        raise ValueError("nothing is replayed")
    told: dict[str, Any] = {
        "history": [date_of(past.first), date_of(past.first + past.size)],
        "replayed": [date_of(past.first + hours.first), date_of(past.first + (past.size if hours.wrapped else hours.last))],
        "wrapped": hours.wrapped,
    }
    if resolved.choices.dated:
        told["shift_hours"] = past.shift(*extremes(resolved.inputs["start_time"].value)) or 0
    return told


def replay_place(resolved: Resolved, inputs: Mapping[str, Floats]) -> Floats:
    """Return the hour of the history that each draw starts in, from 0."""
    past = resolved.past
    if past is None:
        raise ValueError("nothing is replayed")
    name = "start_time" if resolved.choices.dated else "history_place"
    value = resolved.inputs[name].value
    drawn = np.asarray(inputs.get(name, value.constant), dtype=np.float64)
    if resolved.choices.dated:
        return np.floor(drawn) - past.first - (past.shift(*extremes(value)) or 0)
    return np.floor(drawn * past.size)
