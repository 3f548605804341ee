"""What is told of all draws together where none is kept, added up from one range of draws to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.counted.exact_sums import ExactSums
from simulator.kernels.tally import LEAF
from simulator.replayed import ReplayedHours, replayed_hours
from simulator.results import evidence_json
from simulator.scenario import Resolved

Floats = NDArray[np.float64]


class Told:
    """Counts and sums over draws: runs that were stopped, intervals that were raised, hours that were replayed, where the time went.

    The result is the same whichever draws are counted together and in which order, as long as they come in whole leaves.

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
        self._known: dict[str, int] = {}  # by activity: number of known shares of the time, and their sum
        self._shares: dict[str, ExactSums] = {}

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
            self._known[name] = self._known.get(name, 0) + int(known.sum())
            leaves = np.add.reduceat(np.where(known, share, 0.0), np.arange(0, share.size, LEAF))
            self._shares.setdefault(name, ExactSums(1)).add(leaves[None])

    def merge(self, other: Told) -> None:
        """Count what another has counted too."""
        self._draws += other._draws
        self._stopped += other._stopped
        self._raised += other._raised
        for name, any_ in other._interrupted.items():
            self._interrupted[name] = self._interrupted.get(name, False) or any_
        for name, shares in other._shares.items():
            self._known[name] = self._known.get(name, 0) + other._known[name]
            self._shares.setdefault(name, ExactSums(1)).merge(shares)
        if other.replayed is not None:
            self.replayed = other.replayed if self.replayed is None else self.replayed.together(other.replayed)

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
        shares = {name: float(total.values()[0]) / self._known[name] if self._known[name] else None for name, total in self._shares.items()}
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
