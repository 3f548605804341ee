"""Draws on the disk, counted block by block where memory does not hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import xarray as xr

from simulator.analysis.bands import QUANTILES
from simulator.analysis.counted.counted import bands_of
from simulator.analysis.counted.tallied import Tally
from simulator.engine import output_names
from simulator.errors import InputError
from simulator.ledger import same_outputs
from simulator.plan import SamplingPlan
from simulator.results.labelled import unlabelled
from simulator.results.manifest import changed_files, read_manifest
from simulator.results.unread import opened
from simulator.scenario import Scenario, parse_scenario, resolve
from simulator.threads import launching


def count_stored(
    path: Path,
    scenario: Scenario | None = None,
    *,
    quantiles: Sequence[float] = QUANTILES,
    confidence: float = 0.95,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Return the bands of a run whose draws are in a Zarr folder, reading one block of them at a time.

    Parameters
    ----------
    path : Path
        ``DIR.zarr``, as :func:`simulator.stream_draws` writes it.
    scenario : Scenario, optional
        What was drawn; where left out it is read from the folder, with the files that it names beside that.
    quantiles, confidence
        See :func:`simulator.summarize`.
    progress : callable, optional
        Called with the number of draws counted.

    Returns
    -------
    xarray.Dataset
        What :func:`simulator.simulate_bands` returns of the same draws, with the achieved rank correlations that the folder tells.

    Raises
    ------
    InputError
        Where a block has changed since it was written; where the scenario cannot be read again as it was.
    """
    manifest = read_manifest(path)
    if manifest is None:
        raise InputError(f"{path} was not written by `run -o DIR.zarr`, and is not read by blocks")
    if manifest.wrong:
        raise InputError(f"{path} is damaged: {manifest.wrong}")
    with opened(path) as results:
        resolved = resolve(scenario or parse_scenario(results.attrs["config"], base=path.parent))
        if resolved.hash() != results.attrs["scenario_hash"]:
            raise InputError(f"{path}: the scenario of these draws cannot be read again as it was; files that it names have changed")
        plan = _plan_of(results)
        limits = json.loads(results.attrs["limits"])
        tally = Tally(resolved, limits, plan.scramblings, same_outputs(resolved), output_names(resolved))
        for number, record in manifest.blocks.items():
            if wrong := changed_files(path, record["files"]):
                raise InputError(f"{path} is damaged: {'; '.join(wrong)}")
            low = number * manifest.block
            block = results.isel(draw=slice(low, low + manifest.block)).load()
            with launching():
                tally.add(*unlabelled(resolved, block), low)
            if progress is not None:
                progress(low + block.sizes["draw"])
            del block  # before the next is read
        return bands_of(tally, resolved, plan, quantiles, confidence).assign_attrs(correlations=results.attrs["correlations"])


def _plan_of(results: xr.Dataset) -> SamplingPlan:
    attributes = results.attrs
    replicates = int(attributes["replicates"]) if attributes["plan"] == "sobol" else None
    return SamplingPlan(
        int(attributes["draws"]), int(attributes["seed"]), attributes["plan"], replicates, device=attributes.get("device", "cpu")
    )
