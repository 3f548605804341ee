"""What a file of results has to be before its numbers are read, and to hold before they are used: it may come from anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import h5py
import xarray as xr

from simulator.errors import InputError, printable
from simulator.plan import LARGEST_SEED
from simulator.quantities import QUANTITIES
from simulator.room import free_memory, told
from simulator.scenario.text import parse_yaml
from simulator.text_file import UnreadableError, require_file

#: attributes that count, with the least and the most of each
_COUNTS = {"draws": (1, 2**63 - 1), "seed": (0, LARGEST_SEED), "replicates": (1, 4096)}
#: attributes that hold JSON, and its kind
_JSON: dict[str, type] = {
    **dict.fromkeys(("choices", "grid", "defaults", "limits", "versions", "seeds", "time_shares", "evidence", "until"), dict),
    **dict.fromkeys(("correlations", "interrupted"), list),
}
#: what all draws of a run, and all bands of one, tell
_TOLD = (
    "scenario",
    "description",
    "scenario_hash",
    "config",
    "choices",
    "grid",
    "defaults",
    "levers",
    "limits",
    "correlations",
    "versions",
)
#: codecs of arrays that hold numbers and texts; others, above all `pickle`, run what a file says
_CODECS = {
    "vlen-utf8",
    "vlen_utf8",
    "string",
    "bytes",
    "blosc",
    "zstd",
    "zlib",
    "gzip",
    "lz4",
    "crc32c",
    "shuffle",
    "transpose",
    "sharding_indexed",
}


def check_container(source: Path, *, whole: bool = True) -> None:
    """Refuse what is no such file or folder, what leads out of it or runs code, and what does not fit the memory.

    Parameters
    ----------
    source : Path
    whole : bool
        Whether all of it is read into memory.

    Raises
    ------
    InputError
        Naming what it is. What is no netCDF or Zarr at all is left to the libraries, whose errors tell it.
    """
    if source.suffix == ".zarr" and source.is_dir():
        sizes = _sizes_of_zarr(source)
    elif source.suffix == ".zarr":
        return
    else:
        try:
            require_file(source)
        except UnreadableError as error:
            raise InputError(f"{source} cannot be read as a result: {error.reason}") from None
        if not h5py.is_hdf5(source):
            return
        sizes = _sizes_of_hdf5(source)
    declared, free = sum(sizes.values()), free_memory()
    if whole and declared > free:
        largest = max(sizes, key=lambda name: sizes[name])
        raise InputError(
            f"{source} holds {told(declared)} of numbers, most of them in {printable(largest)}, and {told(free)} of memory are free here. "
            "Read it where there is more, or save the bands alone: run --summary -o"
        )


def _sizes_of_hdf5(source: Path) -> dict[str, int]:
    """Return the bytes of each variable; InputError where one lies in another file."""
    sizes = {}
    with h5py.File(source, "r") as file:
        for name in file:
            if isinstance(file.get(name, getlink=True), h5py.ExternalLink):
                raise InputError(f"{source}: {printable(name)} is a link into another file, which is not followed. Copy it in")
            item = file.get(name)
            if isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise InputError(f"{source}: the numbers of {printable(name)} lie in another file, which is not read. Copy them in")
                sizes[name] = item.size * item.dtype.itemsize if item.size else 0
    return sizes


def _sizes_of_zarr(source: Path) -> dict[str, int]:
    """Return the bytes of each array; InputError for codecs that are not known, and for links."""
    for root, folders, files in os.walk(source):
        for name in (*folders, *files):
            if (Path(root) / name).is_symlink():
                raise InputError(f"{Path(root) / name} is a link, which is not followed in a result. Copy what it leads to")
    sizes = {}
    for name, array in _arrays(source):
        for codec in _codecs(array):
            if codec not in _CODECS:
                raise InputError(
                    f"{source}: {printable(name)} is stored by the codec {printable(codec)}, which is not read here: it may run code"
                )
        shape = array.get("shape", ())
        sizes[name] = 8 * prod(shape) if isinstance(shape, list) and all(isinstance(n, int) for n in shape) else 0
    return sizes


def _arrays(source: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the metadata of each array of a Zarr folder, of format 2 or 3, by name; nothing where there is none that can be read."""
    for file in (source / ".zmetadata", source / "zarr.json"):
        try:
            whole = json.loads(file.read_text(encoding="utf-8"))
            known = whole.get("metadata") or whole["consolidated_metadata"]["metadata"]
            yield from ((name.removesuffix("/.zarray"), array) for name, array in known.items() if "shape" in array)
        except (OSError, ValueError, RecursionError, AttributeError, TypeError, KeyError):
            continue


def _codecs(array: dict[str, Any]) -> Iterator[str]:
    """Return the names of all codecs of an array, also of those inside another."""
    stack = [array.get(key) for key in ("filters", "compressor", "codecs")]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if name := item.get("id") or item.get("name"):
                yield str(name)
            stack += [*(item.get("configuration") or {}).values()]
        elif isinstance(item, list):
            stack += item


def check_content(results: xr.Dataset, source: Path) -> None:
    """Refuse what tells something else than this simulator writes, so that no number of it is taken for one of ours.

    Raises
    ------
    InputError
        Naming the attribute or the variable, and what is wrong with it.
    """
    attributes = results.attrs
    parse_yaml(str(attributes.get("config", "")), where=f"{source}, attribute config")
    for name, (low, high) in _COUNTS.items():
        if name not in attributes:
            raise InputError(f"{source} is not a result of this simulator: it has no attribute {name}")
        try:
            count = int(attributes[name])
        except (TypeError, ValueError):
            count = low - 1
        if not low <= count <= high:
            raise _wrong(source, f"attribute {name} = {attributes[name]!r} is not a whole number from {low} to {high}")
    if attributes.get("plan", "random") not in ("random", "sobol"):
        raise _wrong(source, f"attribute plan = {attributes['plan']!r} is not known; plans are random and sobol")
    for name, kind in _JSON.items():
        if name in attributes and not isinstance(_json(attributes[name]), kind):
            raise _wrong(source, f"attribute {name} is not JSON of a {'mapping' if kind is dict else 'list'}")
    limits = _json(attributes.get("limits", "{}"))
    if not all(isinstance(limit, int | float) and not isinstance(limit, bool) for limit in limits.values()):
        raise _wrong(source, f"attribute limits = {attributes['limits']} holds something else than numbers")
    _check_texts(results, source)
    for key, variable in results.variables.items():
        name = str(key)
        quantity = QUANTITIES.get(name)
        if quantity is None or name in results.coords:
            continue
        if variable.dtype.kind not in "fiu":
            raise _wrong(source, f"{name} does not hold numbers")
        if variable.attrs.get("units", quantity.unit) != quantity.unit:
            raise _wrong(source, f"{name} is in {variable.attrs['units']}, and in {quantity.unit} where this simulator writes it")
    _check_kind(results, source)


def _check_kind(results: xr.Dataset, source: Path) -> None:
    """Refuse draws of a run, and bands of one, that lack a part."""
    attributes = results.attrs
    bands = "bin_draws" in results and "value_error" in attributes
    if bands:
        missing = {"value", "mcse", "mean", "note", "output", "quantile"} - {*map(str, results.variables)}
        if missing or not isinstance(attributes["value_error"], float):
            raise _wrong(source, f"bands without {', '.join(sorted(missing)) or 'a number as value_error'}")
    outputs = [name for name, array in results.data_vars.items() if array.attrs.get("role") == "output"]
    draws = bool(outputs) and "draw" in results.dims and "scenario" not in results.dims
    if draws and results.sizes["draw"] != int(attributes["draws"]):
        raise _wrong(source, f"it holds {results.sizes['draw']} draws, and its attribute draws is {attributes['draws']}")
    if draws and (strangers := [str(name) for name in outputs if str(name) not in QUANTITIES]):
        raise _wrong(source, f"{printable(strangers[0])} is not an output that is known")
    if untold := [name for name in _TOLD if (draws or bands) and name not in attributes]:
        raise _wrong(source, f"it has no attribute {', '.join(untold)}")


def _check_texts(results: xr.Dataset, source: Path) -> None:
    """Refuse control characters, which a terminal would obey, in any text but the config, which is read as one."""
    places = [("attribute " + str(name), value) for name, value in results.attrs.items()]
    for name, variable in results.variables.items():
        places += [(f"{name}, attribute {key}", value) for key, value in variable.attrs.items()]
        if variable.dtype.kind in "OSU":
            places += [(str(name), value) for value in variable.values.ravel()[:100_000].tolist()]
    for place, value in places:
        if isinstance(value, str) and printable(value) != value:
            raise _wrong(source, f"{printable(place)} holds a control character: {printable(value)[:80]!r}")


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None


def _wrong(source: Path, what: str) -> InputError:
    return InputError(f"{source} is not as this simulator writes it: {what}. Make it anew with run -o")
