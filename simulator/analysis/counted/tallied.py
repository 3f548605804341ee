"""All that is kept of draws that are counted: bins, chances and what is told of all together, merged from any parts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from simulator.analysis.chances import LIMITS, TOGETHER, happenings, outcome
from simulator.analysis.counted.sketches import Sketch
from simulator.analysis.counted.told import Told
from simulator.quantities import QUANTITIES
from simulator.scenario import Resolved

#: outputs whose correlations with each other are told
PAIRED_OUTPUTS = ("cost_total", "emissions_total", "programme_time", "energy_total", "water", "device_hours_total")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Tally:
    """Counts of draws of a scenario; whichever draws are counted together and in which order, the counts are the same.

    Parameters
    ----------
    resolved : Resolved
    limits : mapping of str to float
        Those of the scenario, in canonical units.
    replicates : int
        Draw i belongs to replicate i % replicates.
    same : mapping of str to str
        Outputs that have the values of another.
    names : sequence of str
        Of all outputs.

    Attributes
    ----------
    sketch : Sketch
    places : dict of str to int
        Where each output stands in the sketch.
    outcomes : dict of str to int
        Where what each limit is compared with stands: a release that a stopped run never sees has a row of its own.
    exceeded, held : dict of str to ndarray of int64, shape (replicates,)
        Draws in which each limit is exceeded, or building is cheaper than buying; and in which limits hold together, by their names.
    told : Told
    """

    def __init__(
        self, resolved: Resolved, limits: Mapping[str, float], replicates: int, same: Mapping[str, str], names: tuple[str, ...]
    ) -> None:
        self._limits, self._replicates = limits, replicates
        self._kept = [name for name in names if same.get(name, name) == name or same[name] not in names]
        of = {name: self._kept.index(name if name in self._kept else same[name]) for name in names}
        self.places = {name: of[name] for name in sorted(names, key=nomenclature_order)}
        self.outcomes = {limit: of[output] for limit, output in LIMITS.items()}
        self._stopped = "completed" in names
        if self._stopped:
            self.outcomes["deadline"] = len(self._kept)
        self.sketch = Sketch(len(self._kept) + self._stopped, replicates, sorted({of[name] for name in PAIRED_OUTPUTS if name in of}))
        self.exceeded: dict[str, Integers] = {}
        self.held: dict[str, Integers] = {}
        self.told = Told(resolved)
        self._room = np.empty(0)

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process is sent: no draws."""
        return {**self.__dict__, "_room": np.empty(0)}

    def add(self, inputs: Mapping[str, Floats], outputs: Mapping[str, Floats], first: int) -> None:
        """Count draws ``first`` and following, a multiple of ``kernels.tally.LEAF`` but for the last of the plan."""
        never_released = [outcome(outputs, "deadline")] if self._stopped else []
        self.sketch.add(self._stacked([*(outputs[name] for name in self._kept), *never_released]), first)
        found = happenings(outputs, self._limits)
        for name, happens in found.items():
            self._count(self.exceeded, name, happens, first)
        for size in range(2, len(self._limits) + 1):
            for names in combinations(self._limits, size):
                beyond = np.logical_or.reduce([found[name] for name in names])
                self._count(self.held, TOGETHER.join(names), ~beyond, first)
        self.told.add(inputs, outputs)

    def merge(self, other: Tally) -> None:
        """Count the draws that another has counted too: other draws of the same scenario and plan."""
        self.sketch.merge(other.sketch)
        for own, others in ((self.exceeded, other.exceeded), (self.held, other.held)):
            for name, counts in others.items():
                own[name] = own.get(name, 0) + counts
        self.told.merge(other.told)

    def _stacked(self, rows: Sequence[Floats]) -> Floats:
        """Return rows as one array, in room that is used again: first touching as much memory takes three times as long as the copying."""
        size = rows[0].size
        if self._room.size < len(rows) * size:
            self._room = np.empty(len(rows) * size)
        stacked = self._room[: len(rows) * size].reshape(len(rows), size)
        with ThreadPoolExecutor(numba.get_num_threads()) as pool:
            list(pool.map(np.copyto, stacked, rows))
        return stacked

    def _count(self, counts: dict[str, Integers], name: str, happens: NDArray[np.bool_], first: int) -> None:
        replicate = (first + np.flatnonzero(happens)) % self._replicates
        counts[name] = counts.get(name, 0) + np.bincount(replicate, minlength=self._replicates)


def nomenclature_order(name: str) -> tuple[bool, int]:
    """Return what outputs are ordered by: whole ones first, each kind in the nomenclature's order."""
    quantity, bracket, _ = name.partition("[")
    return bool(bracket), list(QUANTITIES).index(quantity)
