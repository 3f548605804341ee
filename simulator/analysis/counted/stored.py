"""Draws on the disk, counted block by block where memory does not hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from simulator.results.opened import check_container
from simulator.results.store import require_zarr
from simulator.scenario import Scenario, parse_scenario, resolve
from simulator.threads import launching

#: bytes of draws that are read into memory as they are
IN_MEMORY = 2**30


def is_large(path: Path) -> bool:
    """Return whether a saved run has more draws than are read into memory: a Zarr folder of more than 1 GiB of numbers."""
    if path.suffix != ".zarr" or not path.is_dir() or read_manifest(path) is None:
        return False
    with opened(path) as results:
        return "draw" in results.dims and "weights" not in results.attrs and results.nbytes > IN_MEMORY


@contextmanager
def opened(path: Path) -> Iterator[xr.Dataset]:
    """Yield saved draws of which nothing is in memory until it is asked for.

    Raises
    ------
    InputError
        Where the folder cannot be read.
    """
    require_zarr()
    check_container(path, whole=False)
    try:
        results = xr.open_zarr(path, consolidated=True, chunks=None)
    except Exception as error:
        raise InputError(f"{path} cannot be read as a result: {error}") from error
    with results:
        yield results


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
        return bands_of(tally, resolved, plan, quantiles, confidence).assign_attrs(correlations=results.attrs["correlations"])


def _plan_of(results: xr.Dataset) -> SamplingPlan:
    attributes = results.attrs
    replicates = int(attributes["replicates"]) if attributes["plan"] == "sobol" else None
    return SamplingPlan(
        int(attributes["draws"]), int(attributes["seed"]), attributes["plan"], replicates, device=attributes.get("device", "cpu")
    )
