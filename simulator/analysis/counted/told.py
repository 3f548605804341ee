"""What is told of all draws together where none is kept, added up from one range of draws to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.tally import LEAF
from simulator.replayed import ReplayedHours, replayed_hours
from simulator.results import evidence_json
from simulator.scenario import Resolved

Floats = NDArray[np.float64]


class Told:
    """Counts and sums over draws: runs that were stopped, intervals that were raised, hours that were replayed, where the time went.

    The result is the same however the draws come, as long as they come in order and in whole leaves.

    Parameters
    ----------
    resolved : Resolved

    Attributes
    ----------
    replayed : ReplayedHours or None
        Of the draws so far.
    """

    def __init__(self, resolved: Resolved) -> None:
        self.replayed: ReplayedHours | None = None
        self._resolved = resolved
        self._draws = self._stopped = self._raised = 0
        self._interrupted: dict[str, bool] = {}
        self._time: dict[str, Floats] = {}  # by activity: number of known shares, and their sum

    def add(self, inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]) -> None:
        """Count the next draws: inputs by place, outputs by name, each a multiple of ``kernels.tally.LEAF`` but for the last time."""
        draws = next(iter(outputs.values())).size
        self._draws += draws
        self._stopped += int(np.sum(outputs["completed"] == 0.0)) if "completed" in outputs else 0
        self._raised += self._raised_of(inputs, draws)
        hours = replayed_hours(self._resolved, inputs, outputs)
        if hours is not None:
            self.replayed = hours if self.replayed is None else self.replayed.together(hours)
        for name, values in _components("interruptions_by_class", outputs).items():
            self._interrupted[name] = self._interrupted.get(name, False) or bool((values > 0.0).any())
        for name, values in _components("time_spent", outputs).items():
            with np.errstate(invalid="ignore", divide="ignore"):
                share = values / outputs["wall_clock"]
            known = ~np.isnan(share)
            sums = self._time.setdefault(name, np.zeros(2))
            for leaf in np.add.reduceat([known, np.where(known, share, 0.0)], np.arange(0, share.size, LEAF), axis=1).T:
                sums += leaf

    def _raised_of(self, inputs: Mapping[str, Floats], draws: int) -> int:
        names = ("checkpoint_interval", "checkpoint_write_time")
        if not set(names) <= set(self._resolved.inputs):
            return 0
        interval, write = (np.asarray(inputs.get(name, self._resolved.inputs[name].value.constant)) for name in names)
        return int(np.sum(np.broadcast_to(interval < write, draws)))

    def attributes(self) -> dict[str, Any]:
        """Return what ``analysis.notes`` reads of bands.

        Returns
        -------
        dict
            ``stopped`` and ``raised``, shares of the draws; as JSON ``time_shares`` by activity, means over the draws whose share is known,
            None where there are none, ``interrupted``, the classes of interruptions that occurred, and ``evidence``, of the events.
        """
        shares = {name: total / number if number else None for name, (number, total) in self._time.items()}
        return {
            "stopped": self._stopped / self._draws,
            "raised": self._raised / self._draws,
            "time_shares": json.dumps(shares),
            "interrupted": json.dumps([name for name, any_ in self._interrupted.items() if any_]),
            "evidence": evidence_json(self._resolved),
        }


def _components(quantity: str, outputs: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the components of an output by name."""
    return {name.partition("[")[2].rstrip("]"): values for name, values in outputs.items() if name.startswith(f"{quantity}[")}
