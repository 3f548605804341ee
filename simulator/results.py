"""The Dataset's schema: names, units and provenance; netCDF and Zarr, in and out."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.opened import check_container, check_content
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.replayed import ReplayedHours, describe_replay, replayed_hours
from simulator.scenario import Input, Resolved
from simulator.stochastic.dependence import achieved_spearman
from simulator.text_file import write_bytes, written_file

SCHEMA = 1
_COMPONENT_DIMENSIONS = {
    "cost": "cost_component",
    "emissions": "emission_component",
    "time_spent": "activity",
    "interruptions_by_class": "interruption_class",
    "pay": "person_class",
    "event_occurrences": "risk",
    "spending": "year",
}
#: what the members of a group of inputs are
_GROUPS = {
    "phase": "phase of the run", "person_class": "class of people", "risk": "event of the risk register",
    "event_effect": "what an event multiplies", "lever_effect": "what a lever multiplies", "currency": "currency of amounts",
}  # fmt: skip

Floats = NDArray[np.float64]


def label(
    resolved: Resolved, plan: SamplingPlan, draws: NDArray[np.int64], inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]
) -> xr.Dataset:
    """Return draws as a Dataset with units, roles and provenance.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    draws : ndarray of int64, shape (n,)
        Numbers of the draws.
    inputs : mapping of str to ndarray, shape (n,)
        Drawn inputs by quantity.
    outputs : mapping of str to ndarray, shape (n,)
        By quantity, or ``quantity[component]``.
    """
    variables: dict[str, xr.Variable] = {}
    coordinates: dict[str, Any] = {"draw": xr.Variable("draw", draws, {"long_name": "number of the draw"})}
    components: dict[str, dict[str, Floats]] = {}
    for name, values in outputs.items():
        quantity, bracket, component = name.partition("[")
        if bracket:
            components.setdefault(quantity, {})[component.rstrip("]")] = values
        else:
            variables[name] = _variable(name, ("draw",), values, role="output")
    for quantity, parts in components.items():
        dimension = _COMPONENT_DIMENSIONS[quantity]
        variables[quantity] = _variable(quantity, ("draw", dimension), _side_by_side(list(parts.values())), role="output")
        if dimension == "year":
            coordinates[dimension] = xr.Variable(
                dimension, np.arange(len(parts)), {"long_name": "years from now; the last holds all later"}
            )
            continue
        coordinates[dimension] = xr.Variable(dimension, np.array(list(parts), dtype=object), {"long_name": f"component of {quantity}"})
    whole, grouped = _by_group(resolved)
    for place, item in whole.items():
        name = item.value.quantity
        if name in variables:  # stated device-hours are an outcome too
            variables[name].attrs.update(stated=str(item.value), source=item.source)
            continue
        values, dims = _values(place, item, inputs)
        variables[name] = _variable(name, dims, values, role="input", stated=str(item.value), source=item.source)
    for (group, name), items in grouped.items():
        columns = [_values(place, item, inputs)[0] if item else np.asarray(np.nan) for place, item in items]
        members = resolved.members(group)
        stated = json.dumps({member: str(item.value) for member, (_, item) in zip(members, items, strict=True) if item})
        values = np.stack(np.broadcast_arrays(*columns), axis=-1)
        dims = ("draw", group) if values.ndim == 2 else (group,)
        source = "; ".join(dict.fromkeys(item.source for _, item in items if item))
        variables[name] = _variable(name, dims, values, role="input", stated=stated, source=source)
        coordinates[group] = xr.Variable(group, np.array(members, dtype=object), {"long_name": _GROUPS[group]})
    if "risk" in coordinates:
        coordinates["risk"].attrs["sources"] = evidence_json(resolved)
    attributes = provenance(resolved, plan, inputs, replayed_hours(resolved, inputs, outputs), len(draws))
    return _ordered(xr.Dataset(variables, coordinates, attributes))


def evidence_json(resolved: Resolved) -> str:
    """Return the evidence of each event that states one, as JSON."""
    return json.dumps({event.name: event.source for event in resolved.scenario.events if event.source}, ensure_ascii=False)


def _side_by_side(rows: list[Floats]) -> Floats:
    """Return rows as columns, shape (n, k): as they lie in memory where they follow each other there, else copied."""
    base = rows[0].base
    if base is not None and base.ndim == 2 and all(row.base is base and row.size == base.shape[1] for row in rows):
        places = [(row.ctypes.data - base.ctypes.data) // base.strides[0] for row in rows]
        if places == list(range(places[0], places[0] + len(rows))):
            return np.asarray(base[places[0] : places[0] + len(rows)].T)
    return np.stack(rows, axis=1)


_Grouped = dict[tuple[str, str], list[tuple[str, Input | None]]]


def _by_group(resolved: Resolved) -> tuple[dict[str, Input], _Grouped]:
    """Return the inputs of the whole scenario by place, and those of groups by (group, quantity), one (place, input) for each member.

    What a phase does not state is that of the whole run; what another member does not have is None.
    """
    grouped: _Grouped = {}
    kinds = dict.fromkeys((item.group, item.value.quantity) for item in resolved.inputs.values() if item.group)
    for group, name in kinds:
        items = {place: item for place, item in resolved.inputs.items() if (item.group, item.value.quantity) == (group, name)}
        own = {item.member: (place, item) for place, item in items.items()}
        rest = (name, resolved.inputs.get(name))
        grouped[group, name] = [own.get(member, rest) for member in resolved.members(group)]
    shared = {name for _, name in grouped}
    return {place: item for place, item in resolved.inputs.items() if not item.group and place not in shared}, grouped


def _values(place: str, item: Input, inputs: Mapping[str, Floats]) -> tuple[Floats, tuple[str, ...]]:
    return (inputs[place], ("draw",)) if place in inputs else (np.asarray(item.value.constant), ())


def _ordered(results: xr.Dataset) -> xr.Dataset:
    """Return outputs, then inputs, each in the nomenclature's order: files keep no order of their own."""
    others = [str(name) for name in results.data_vars if name not in QUANTITIES]  # weights
    names = [*(name for name in QUANTITIES if name in results.data_vars), *others]
    return results[sorted(names, key=lambda name: results[name].attrs.get("role") == "input")]


def _variable(name: str, dims: tuple[str, ...], values: Floats, **attributes: str) -> xr.Variable:
    q = QUANTITIES[name]
    return xr.Variable(dims, values, {"units": q.unit, "long_name": q.meaning, "symbol": q.symbol, **attributes})


def provenance(
    resolved: Resolved, plan: SamplingPlan, inputs: Mapping[str, Floats], replayed: ReplayedHours | None, draws: int
) -> dict[str, Any]:
    """Return attributes that say what was computed from what; no time of day, so that equal runs are equal files."""
    scenario = resolved.scenario
    return {
        "schema": SCHEMA,
        "scenario": scenario.name,
        "description": scenario.description,
        "scenario_hash": resolved.hash(),
        "config": scenario.to_yaml(),
        "choices": json.dumps(asdict(resolved.choices)),
        "grid": json.dumps(_grid(resolved, replayed), ensure_ascii=False),
        "defaults": json.dumps(resolved.describe_defaults(), ensure_ascii=False),
        "levers": ", ".join(scenario.levers),
        "limits": json.dumps(scenario.limits.model_dump(exclude_none=True)),
        "correlations": json.dumps(_correlations(resolved, inputs)),
        "draws": draws,
        "seed": plan.seed,
        "plan": plan.plan,
        "replicates": plan.scramblings,
        **({} if plan.device == "cpu" else {"device": plan.device}),
        "version": version("training-risk-simulator"),
        "versions": json.dumps({"python": platform.python_version(), **{n: version(n) for n in ("numpy", "scipy", "numba", "xarray")}}),
    }


def _grid(resolved: Resolved, replayed: ReplayedHours | None) -> dict[str, Any]:
    """Return where hourly prices and intensities come from, what was mended in a history, and which of its hours were replayed."""
    grid = resolved.scenario.grid
    told: dict[str, Any] = {}
    if resolved.zone is not None:
        told["zone"] = {"name": resolved.zone.zone.name, "source": resolved.zone.source}
        if resolved.zone.notes:
            told["zone"]["notes"] = list(resolved.zone.notes)
    for name in ("price_history", "carbon_history"):
        history = getattr(grid, name)
        if history is not None:
            told[name] = {"file": history.source, "digest": history.digest, "repairs": list(history.repairs)}
    if replayed is not None:
        told["replay"] = describe_replay(resolved, replayed)
    return told


def _correlations(resolved: Resolved, inputs: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """Return requested and achieved rank correlation of every stated pair; null where one is certain."""
    names, matrix = resolved.correlations.names, resolved.correlations.spearman
    places = {item.value.quantity: place for place, item in resolved.inputs.items() if not item.group}
    columns = [resolved.inputs[n].value.quantity if n in resolved.inputs else n for n in names]
    drawn = {c: inputs[places[c]] for c in columns if places.get(c) in inputs}
    achieved = achieved_spearman(drawn) if len(drawn) > 1 and len(next(iter(drawn.values()))) > 1 else np.empty((0, 0))
    order = list(drawn)
    pairs = []
    for i, a in enumerate(columns):
        for j in range(i + 1, len(columns)):
            b = columns[j]
            both = achieved.size and a in drawn and b in drawn
            value = float(achieved[order.index(a), order.index(b)]) if both else float("nan")
            pairs.append({"inputs": [a, b], "requested": float(matrix[i][j]), "achieved": value if np.isfinite(value) else None})
    return pairs


def check_target(path: str | Path) -> Path:
    """Return where results will be written, or say early why they cannot be.

    Raises
    ------
    InputError
        Unknown ending, missing or unwritable folder, or a target that is not a result.
    """
    target = Path(path)
    if target.suffix not in (".nc", ".zarr"):
        raise InputError(f"{target}: results are written as FILE.nc (netCDF) or DIR.zarr (Zarr), not '{target.suffix}'")
    if target.suffix == ".zarr":
        _require_zarr()
    if not target.parent.is_dir():
        raise InputError(f"{target}: folder {target.parent} does not exist")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"{target}: folder {target.parent} cannot be written to")
    if target.suffix == ".nc" and target.is_dir():
        raise InputError(f"{target} is a folder")
    if target.suffix == ".nc":
        written_file(target)
    if target.suffix == ".zarr" and target.exists() and not (target / ".zgroup").is_file():
        raise InputError(f"{target} exists and is not a Zarr result; it is left as it is")
    return target


def _require_zarr() -> None:
    from importlib.util import find_spec  # noqa: PLC0415 - one caller

    if find_spec("zarr") is None:
        raise InputError("Zarr is not installed; pip install 'training-risk-simulator[zarr]', or write FILE.nc")


def save_results(results: xr.Dataset, path: str | Path) -> None:
    """Write results whole or not at all.

    Parameters
    ----------
    results : xarray.Dataset
    path : str or Path
        ``FILE.nc`` or ``DIR.zarr``; an older result there is replaced once the new one is complete.

    Raises
    ------
    InputError
        See :func:`check_target`; and where writing fails, for example on a full disk: the older result stays.
    """
    target = check_target(path)
    if target.suffix == ".nc":
        # in memory first: where a disk is full, HDF5 leaves a file that it cannot close, and ends the process
        write_bytes(target, results.to_netcdf(engine="h5netcdf"))
    else:
        _write_folder(results, target)


def _write_folder(results: xr.Dataset, target: Path) -> None:
    scratch = None
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        fresh = scratch / target.name
        # chunks that hold nothing but the fill value too, so that a missing one is a defect
        results.to_zarr(fresh, mode="w", zarr_format=2, consolidated=True, write_empty_chunks=True)
        _replace_folder(fresh, target, older=scratch / "older")
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error}). Name another place, or make room") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _replace_folder(fresh: Path, target: Path, *, older: Path) -> None:
    """Put one folder in the place of another, which goes to ``older``, or leave it there."""
    if target.exists():
        target.replace(older)
    try:
        fresh.replace(target)
    except BaseException:  # an interruption by the user too
        if older.exists():
            older.replace(target)
        raise


def open_results(path: str | Path) -> xr.Dataset:
    """Read results that :func:`save_results` wrote, into memory.

    Raises
    ------
    InputError
        Where there is no such result, or the file is something else.
    """
    source = Path(path)
    if not source.exists():
        raise InputError(f"{source} does not exist")
    if source.suffix == ".zarr":
        _require_zarr()
    try:
        check_container(source)
        zarr = source.suffix == ".zarr"
        with xr.open_zarr(source, consolidated=True) if zarr else xr.open_dataset(source, engine="h5netcdf") as results:
            loaded: xr.Dataset = results.load()
        if zarr:
            _check_chunks(source)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{source} cannot be read as a result: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
    counts = ("schema", "draws", "seed", "replicates")
    if str(loaded.attrs.get("schema")) != str(SCHEMA) or not set(counts) <= set(loaded.attrs):
        raise InputError(f"{source} is not a result of this simulator (schema {loaded.attrs.get('schema')!r}, expected {SCHEMA})")
    check_content(loaded, source)
    loaded.attrs.update({name: int(loaded.attrs[name]) for name in counts})
    # what each format makes of text differs, and would reach the next file that is written
    text = {name: c.variable.astype(object) for name, c in loaded.coords.items() if c.dtype.kind not in "iuf"}
    whole = loaded.assign_coords(text).drop_encoding()
    return _ordered(whole) if "draw" in whole.dims else whole  # draws, or bands


def open_draws(path: str | Path) -> xr.Dataset:
    """Read the draws of one scenario that :func:`save_results` wrote, into memory.

    Raises
    ------
    InputError
        As :func:`open_results` does; and where a file holds bands, another verb's findings, or draws of several scenarios.
    """
    results = open_results(path)
    if "draw" not in results.dims or not any(array.attrs.get("role") == "output" for array in results.data_vars.values()):
        raise InputError(f"{path} holds no draws of a run: it was saved by `run --summary` or by another verb. Save draws with `run -o`")
    if "scenario" in results.dims:
        names = ", ".join(map(str, results.scenario.values))
        raise InputError(f"{path} holds draws of several scenarios ({names}), and those of one are read here. Save them with `run -o`")
    return results


def _check_chunks(source: Path) -> None:
    """Refuse a Zarr folder that was copied in part: what is missing would be read as the fill value."""
    from zarr import open_group  # noqa: PLC0415 - an optional dependency

    for name, array in open_group(source, mode="r").arrays():
        if array.nchunks_initialized < array.nchunks:
            raise OSError(f"{name} lacks {array.nchunks - array.nchunks_initialized} of {array.nchunks} chunks")
