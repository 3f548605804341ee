"""The draws of a run to a Zarr folder, block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.plan import SamplingPlan
from simulator.replayed import ReplayedHours, replayed_hours
from simulator.results.attributes import provenance
from simulator.results.folder_writer import FolderWriter
from simulator.results.identity import identity_of
from simulator.results.labelled import correlated_columns, labelled
from simulator.scenario import Resolved

Floats = NDArray[np.float64]


class RunWriter(FolderWriter):
    """Writes the draws of a run; see :class:`simulator.results.folder_writer.FolderWriter`.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    target : Path
        ``DIR.zarr``.
    inputs, outputs : sequence of str
        Places of the inputs that are drawn, and names of the outputs.
    machine : mapping
        What decides their bits besides scenario and plan.
    """

    def __init__(
        self,
        resolved: Resolved,
        plan: SamplingPlan,
        target: Path,
        inputs: Sequence[str],
        outputs: Sequence[str],
        machine: Mapping[str, Any],
    ) -> None:
        self._resolved, self._plan = resolved, plan
        skeleton = without_draws(resolved, inputs, outputs).assign_attrs(provenance(resolved, plan, {}, None, plan.draws))
        super().__init__(target, skeleton, plan.draws, identity_of(skeleton.attrs) | dict(machine))

    def write_draws(self, number: int, inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]) -> None:
        """Write a block that is missing: inputs by place, outputs by name; see :meth:`FolderWriter.write`."""
        block = labelled(self._resolved, np.arange(*self.range_of(number)), inputs, outputs)
        self.write(number, block, replayed=replayed_hours(self._resolved, inputs, outputs))

    def finish_run(self) -> None:
        """Put the folder into its place; see :meth:`FolderWriter.finish`."""
        hours = [ReplayedHours(*block["replayed"]) for block in self.told() if block["replayed"]]
        self.finish(partial(self._attributes, reduce(ReplayedHours.together, hours) if hours else None))

    def _attributes(self, replayed: ReplayedHours | None, folder: Path) -> dict[str, Any]:
        with xr.open_zarr(folder, consolidated=True, chunks=None) as results:
            columns = correlated_columns(self._resolved, results)
        return provenance(self._resolved, self._plan, columns, replayed, self._plan.draws)


def without_draws(resolved: Resolved, inputs: Sequence[str], outputs: Sequence[str]) -> xr.Dataset:
    """Return the Dataset of no draws, whose inputs and outputs are named."""
    none = np.empty(0)
    return labelled(resolved, np.empty(0, np.int64), dict.fromkeys(inputs, none), dict.fromkeys(outputs, none))
