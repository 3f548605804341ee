"""Zarr folders of results: each block of draws in files of its own."""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import tempfile
import warnings
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from simulator.errors import InputError
from simulator.results.manifest import MANIFEST, digest_of

#: of an unfinished folder, after its name
PARTIAL = ".partial"
_BLOCK = 2**26  # bytes of numbers in a block, at most
_LEAST = 4096  # draws in a block: a leaf, in which draws are counted together


def require_zarr() -> None:
    """Raise InputError where Zarr, which is an extra, is not installed."""
    if importlib.util.find_spec("zarr") is None:
        raise InputError("Zarr is not installed; pip install 'training-risk-simulator[zarr]', or write FILE.nc")


def block_length(results: xr.Dataset, draws: int) -> int:
    """Return how many draws a block has: a power of two, 32 to 64 MiB of numbers; or all of them where they are fewer."""
    sizes: dict[Hashable, int] = dict(results.sizes) | {"draw": 1}
    numbers = 0
    for variable in results.variables.values():
        if "draw" in variable.dims:
            count = 1
            for dimension in variable.dims:
                count *= sizes[dimension]
            numbers += count
    length = max(_LEAST, 1 << max(_BLOCK // (8 * max(numbers, 1)), 1).bit_length() - 1)
    return min(length, max(draws, 1))


def places_of(draws: int, length: int, scenarios: int | None) -> list[dict[str, int]]:
    """Return the place of each block along its dimensions: blocks of draws, of one scenario after the other where there are several."""
    numbers = range(-(-draws // length))
    if scenarios is None:
        return [{"draw": number} for number in numbers]
    return [{"scenario": scenario, "draw": number} for scenario in range(scenarios) for number in numbers]


def write_dataset(results: xr.Dataset, folder: Path, length: int) -> None:
    """Write a Dataset as a Zarr folder whose chunks along ``draw`` have so many draws, of one scenario each."""
    lengths = {"draw": length, "scenario": 1}
    chunks = {
        name: {"chunks": tuple(lengths.get(str(dimension), max(size, 1)) for dimension, size in variable.sizes.items())}
        for name, variable in results.variables.items()
        if "draw" in variable.dims
    }
    # chunks that hold nothing but the fill value too, so that a missing one is a defect
    results.to_zarr(folder, mode="w", zarr_format=2, consolidated=True, write_empty_chunks=True, encoding=chunks)


def write_skeleton(results: xr.Dataset, folder: Path, draws: int, length: int) -> None:
    """Write all of a Zarr folder but its draws: a Dataset of none, with room for so many."""
    import zarr  # noqa: PLC0415 - an optional dependency

    write_dataset(results, folder, length)
    group = zarr.open_group(folder, mode="r+", zarr_format=2, use_consolidated=False)
    for name, variable in results.variables.items():
        if "draw" in variable.dims:
            array = group[str(name)]
            assert isinstance(array, zarr.Array)
            array.resize(tuple(draws if dimension == "draw" else size for dimension, size in variable.sizes.items()))
    zarr.consolidate_metadata(folder, zarr_format=2)


def write_block(folder: Path, block: xr.Dataset, at: Mapping[str, int], length: int) -> dict[str, str]:
    """Write a block of draws, whose place is told by dimension; returns the SHA-256 of each file by name, all of which are on the disk."""
    import zarr  # noqa: PLC0415 - an optional dependency

    lengths = {"draw": length, "scenario": 1}
    within = {name: slice(k * lengths[name], k * lengths[name] + block.sizes[name]) for name, k in at.items()}
    names = block_files(block, at)
    with zarr.config.set({"array.write_empty_chunks": True}):
        group = zarr.open_group(folder, mode="r+", zarr_format=2)
        for name in names:
            variable = block.variables[name]
            place = tuple(within.get(str(dimension), slice(None)) for dimension in variable.dims)
            group[name][place] = variable.values  # type: ignore[index]  # a group may hold groups, and this one holds arrays alone
    digests = {file: digest_of(folder / file, flush=True) for file in names.values()}
    flush_folders(folder)
    return digests


def write_attributes(folder: Path, attributes: Mapping[str, Any]) -> None:
    """Write the attributes of all draws in the place of others."""
    import zarr  # noqa: PLC0415 - an optional dependency

    zarr.open_group(folder, mode="r+", zarr_format=2).attrs.put(dict(attributes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zarr.errors.ZarrUserWarning)  # that the manifest is no array
        zarr.consolidate_metadata(folder, zarr_format=2)


def block_files(results: xr.Dataset, at: Mapping[str, int]) -> dict[str, str]:
    """Return the file that holds a block of draws, by variable; that of the draws' numbers is the same for all scenarios."""
    return {
        str(name): f"{name}/" + ".".join(str(at.get(str(dimension), 0)) for dimension in variable.dims)
        for name, variable in results.variables.items()
        if "draw" in variable.dims
    }


def files_in(folder: Path) -> Iterator[str]:
    """Yield the names of all files of a folder, relative to it, but for that of the manifest."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name != MANIFEST:
            yield name


def flush_folders(folder: Path) -> None:
    """Have the names of new files on the disk."""
    if os.name == "nt":  # where a folder cannot be opened
        return
    for path in [folder, *(path for path in folder.iterdir() if path.is_dir())]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside an output, to be moved from; it goes afterwards, and so do those of processes that were killed."""
    prefix = f".{target.name}.fresh-"
    for left in target.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def replace_folder(fresh: Path, target: Path) -> None:
    """Put a folder that is complete in the place of an older one, which stays until then."""
    older = target.with_name(f".{target.name}.older")
    if older.exists() and not target.exists():  # a process was killed between the two moves
        older.replace(target)
    shutil.rmtree(older, ignore_errors=True)
    if target.exists():
        target.replace(older)
    try:
        fresh.replace(target)
    except BaseException:  # an interruption by the user too
        if older.exists():
            older.replace(target)
        raise
    shutil.rmtree(older, ignore_errors=True)
