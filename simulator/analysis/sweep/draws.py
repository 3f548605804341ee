"""The draws of every scenario of a grid, to the disk as they are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from simulator.analysis.comparison.comparison import SHARED, SUMS, joined, scenarios_json
from simulator.analysis.sweep.grid import Grid
from simulator.engine import Draws, Floats, after, numbers_of, play_part
from simulator.errors import InputError
from simulator.executors import ListedParts, Work, in_parts
from simulator.plan import SamplingPlan
from simulator.results import check_target, claimed
from simulator.results.attributes import provenance
from simulator.results.folder_writer import FolderWriter, written
from simulator.results.identity import identity_of
from simulator.results.labelled import labelled
from simulator.results.writer import without_draws
from simulator.room import require_disk
from simulator.scenario import Resolved, Scenario
from simulator.streaming import machine_of

_Played = tuple[dict[str, Floats], dict[str, Floats]]


def stream_sweep(
    scenario: Scenario,
    grid: Sequence[str],
    plan: SamplingPlan | None = None,
    path: str | Path = "sweep.zarr",
    *,
    resume: bool = False,
    base: Path | None = None,
    progress: Callable[[int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> bool:
    """Draw the same futures of every scenario of a grid and write them to a Zarr folder, block by block.

    The folder holds what :func:`simulator.compare` returns of the scenarios, with their settings as coordinates along ``scenario``:
    ``xr.open_zarr(path)`` reads it when values are asked for. It is called ``DIR.zarr.partial`` until it is complete.

    Parameters
    ----------
    scenario, grid, plan, base
        See :func:`simulator.sweep`.
    path : str or Path
        ``DIR.zarr``.
    resume, progress, note
        See :func:`simulator.stream_draws`; draws are those of all scenarios together.

    Returns
    -------
    bool
        Whether anything was written: False where the folder was complete already.

    Raises
    ------
    ConfigError, InputError
        As :func:`simulator.sweep` and :func:`simulator.stream_draws` do.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from simulator import SamplingPlan, load_scenario
    >>> scenario = load_scenario("configs/quickstart.yaml")
    >>> with TemporaryDirectory() as folder:
    ...     written = stream_sweep(scenario, ["rental_price=2,3"], SamplingPlan(2000), f"{folder}/sweep.zarr")
    ...     with xr.open_zarr(f"{folder}/sweep.zarr", chunks=None) as swept:
    ...         swept.cost_total.sizes, swept.rental_price.values
    (Frozen({'scenario': 2, 'draw': 2000}), array([2., 3.]))
    """
    plan, target, stated = plan or SamplingPlan(), check_target(path), Grid(grid)
    if target.suffix != ".zarr":
        raise InputError(f"{target}: draws of a sweep are written by blocks to DIR.zarr only; FILE.nc takes its bands (--summary)")
    resolved = stated.resolved(scenario, base)
    with claimed(target):
        numbers = sum(numbers_of(one) for one in resolved.values())
        require_disk(target, plan.draws, numbers, there=written(target) if resume else 0)
        skeleton = _skeleton(resolved, plan, stated)
        writer = FolderWriter(target, skeleton, plan.draws, _identity(skeleton, plan))
        told = writer.begin(resume=resume)
        if told and note is not None:
            note(told)
        if writer.complete:
            return False
        works = [Work(one, plan) for one in resolved.values()]
        try:
            for number, (inputs, outputs) in _blocks(works, writer, progress):
                one = works[writer.places[number]["scenario"]].resolved
                block = labelled(one, np.arange(*writer.range_of(number)), inputs, outputs)
                writer.write(number, _conforming(block, skeleton))
            writer.finish(lambda _folder: skeleton.attrs)
        except BaseException:  # an interruption by the user too
            writer.leave()
            raise
    return True


def _skeleton(resolved: Mapping[str, Resolved], plan: SamplingPlan, grid: Grid) -> xr.Dataset:
    """Return the dataset of no draws, with everything else."""
    parts = []
    for one in resolved.values():
        draws = Draws(one, plan)
        attributes = provenance(one, plan, {}, None, plan.draws)
        parts.append(without_draws(one, draws.drawn, draws.names).assign_attrs(attributes))
    found = joined(parts, list(resolved))
    settings = grid.coordinates()
    attributes = {name: parts[0].attrs[name] for name in SHARED if name in parts[0].attrs}
    found = found.drop_vars([name for name in settings if name in found.data_vars]).assign_coords(settings)
    found.attrs = attributes | {"scenario": f"{len(parts)} scenarios", "scenarios": scenarios_json(parts, list(resolved))}
    return found.transpose("scenario", "draw", ...)


def _identity(skeleton: xr.Dataset, plan: SamplingPlan) -> dict[str, Any]:
    """Return what is computed: hashes of all scenarios, and the config of the first, whose values tell what else differs."""
    scenarios = json.loads(skeleton.attrs["scenarios"])
    first = next(iter(scenarios.values()))
    hashes = {name: told["hash"] for name, told in scenarios.items()}
    return identity_of(skeleton.attrs) | machine_of(plan) | {"config": first["config"], "scenarios": hashes}


def _blocks(works: Sequence[Work], writer: FolderWriter, progress: Callable[[int], None] | None) -> Iterator[tuple[int, _Played]]:
    """Yield the blocks that are missing, in their order, or as workers finish them: number, and inputs by place with outputs by name."""
    plan = works[0].plan
    ranges = {(writer.places[number]["scenario"], *writer.range_of(number)): number for number in writer.missing}
    done = plan.draws * len(works) - sum(high - low for _, low, high in ranges)
    if plan.executor is not None:
        tell = after(progress, done)
        for part in in_parts(play_part, works, ListedParts(ranges), tell):
            yield ranges[part.work, part.low, part.high], part.result
        return
    current, draws = -1, None
    for (place, low, high), number in ranges.items():
        if draws is None or place != current:
            current, draws = place, Draws(*works[place])
        yield number, draws.play(low, high, after(progress, done))
        done += high - low


def _conforming(block: xr.Dataset, skeleton: xr.Dataset) -> xr.Dataset:
    """Return a block of one scenario with the variables and components of all, as the first of its dimension ``scenario``."""
    variables: dict[str, Any] = {"draw": block.variables["draw"]}
    for name, like in skeleton.data_vars.items():
        if "draw" not in like.dims:
            continue
        rest = {dim: skeleton[dim] for dim in like.dims if dim not in ("scenario", "draw")}
        fill = 0.0 if name in SUMS else np.nan
        shape = (1, block.sizes["draw"], *(array.size for array in rest.values()))
        if name in block:
            own = block[name].reindex({dim: c for dim, c in rest.items() if dim in block[name].dims}, fill_value=fill)
            values = own.transpose(*[dim for dim in like.dims if dim in own.dims]).values
            variables[str(name)] = xr.Variable(like.dims, np.broadcast_to(values, shape))
        else:
            variables[str(name)] = xr.Variable(like.dims, np.full(shape, fill))
    return xr.Dataset(variables)
