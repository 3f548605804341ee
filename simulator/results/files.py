"""Results to a file and back, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import xarray as xr

from simulator.errors import InputError, printable, short
from simulator.results.attributes import SCHEMA
from simulator.results.folder_writer import unfinished
from simulator.results.identity import identity_of
from simulator.results.labelled import ordered
from simulator.results.lock import claimed
from simulator.results.manifest import MANIFEST, Manifest, digest_of
from simulator.results.netcdf import CHECKSUM, netcdf_bytes
from simulator.results.opened import check_container, check_content
from simulator.results.store import (
    PARTIAL,
    block_files,
    block_length,
    files_in,
    flush_folders,
    places_of,
    replace_folder,
    require_zarr,
    scratch_beside,
    write_dataset,
)
from simulator.results.verify import damage_of, in_words
from simulator.text_file import where_link_leads, write_bytes, write_text, written_file


def check_target(path: str | Path) -> Path:
    """Return where results will be written, or say early why they cannot be.

    Where the name is a symbolic link the link stays, and what it leads to is written.

    Raises
    ------
    InputError
        Unknown ending, missing or unwritable folder, or a target that is not a result.
    """
    target = Path(path)
    if target.suffix not in (".nc", ".zarr"):
        raise InputError(f"{target}: results are written as FILE.nc (netCDF) or DIR.zarr (Zarr), not '{target.suffix}'")
    if target.suffix == ".zarr":
        require_zarr()
        target = where_link_leads(target)
        if target.suffix != ".zarr":
            raise InputError(f"{path} leads to {target}, whose name does not end in .zarr, as that of a Zarr folder does. Rename it")
    if not target.parent.is_dir():
        raise InputError(f"{target}: folder {target.parent} does not exist")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"{target}: folder {target.parent} cannot be written to")
    if target.suffix == ".nc" and target.is_dir():
        raise InputError(f"{target} is a folder")
    if target.suffix == ".nc":
        written_file(target)
    if target.suffix == ".zarr" and os.path.lexists(target) and not (target / ".zgroup").is_file():
        raise InputError(f"{target} exists and is not a Zarr result; it is left as it is")
    return target


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
        See :func:`check_target`; where another process writes it too; and where writing fails, for example on a full disk: the older
        result stays.
    """
    target = check_target(path)
    with claimed(target):
        write_results(results, target)


def write_results(results: xr.Dataset, target: Path) -> None:
    """Write results where :func:`simulator.results.lock.claimed` keeps others from it; see :func:`save_results`."""
    if target.suffix == ".nc":
        # in memory first: where a disk is full, HDF5 leaves a file that it cannot close, and ends the process
        write_bytes(target, netcdf_bytes(results))
    else:
        _write_folder(results, target)


def _write_folder(results: xr.Dataset, target: Path) -> None:
    try:
        with scratch_beside(target) as scratch:
            fresh = scratch / target.name
            length = block_length(results, results.sizes["draw"]) if "draw" in results.dims else 0
            write_dataset(results, fresh, length)
            write_text(fresh / MANIFEST, _manifest(results, fresh, length).text())
            flush_folders(fresh)
            replace_folder(fresh, target)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error}). Name another place, or make room") from error


def _manifest(results: xr.Dataset, folder: Path, length: int) -> Manifest:
    """Return the manifest of a folder that holds a whole Dataset."""
    places = places_of(results.sizes["draw"], length, results.sizes.get("scenario")) if length else []
    manifest = Manifest(identity_of(results.attrs), length, len(places), complete=True)
    digests = {name: digest_of(folder / name, flush=True) for name in files_in(folder)}
    for number, at in enumerate(places):
        manifest.blocks[number] = {"files": {file: digests.pop(file) for file in block_files(results, at).values() if file in digests}}
    manifest.rest = digests
    return manifest


def open_results(path: str | Path) -> xr.Dataset:
    """Read results that :func:`save_results` wrote, into memory, where every byte is as it was written.

    Raises
    ------
    InputError
        Where there is no such result, or the file is something else, or it has changed since it was written.
    """
    source = Path(path)
    if source.suffix == PARTIAL and (left := unfinished(source.with_suffix(""))):
        raise InputError(f"{left}. Continue it with --resume")
    zarr = source.suffix == ".zarr"
    if not source.exists():
        left = unfinished(source) if zarr else ""
        raise InputError(f"{source} does not exist{f'; {left}. Continue it with --resume' if left else ''}")
    if zarr:
        require_zarr()
    try:
        check_container(source)
        if damage := damage_of(source):
            raise OSError(in_words(damage))
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
    loaded.attrs.pop(CHECKSUM, None)  # of the file, not of what it holds
    schema = loaded.attrs.get("schema")
    if str(schema) != str(SCHEMA):
        told = "no attribute schema" if schema is None else f"schema {printable(str(schema)[:40])}"
        raise InputError(f"{source} is not a result of this simulator ({told}, expected {SCHEMA})")
    check_content(loaded, source)
    loaded.attrs.update({name: int(loaded.attrs[name]) for name in ("schema", "draws", "seed", "replicates")})
    # what each format makes of text differs, and would reach the next file that is written
    text = {name: c.variable.astype(object) for name, c in loaded.coords.items() if c.dtype.kind not in "iuf"}
    whole = loaded.assign_coords(text).drop_encoding()
    return ordered(whole) if "draw" in whole.dims else whole  # draws, or bands


def open_draws(path: str | Path, *, counted: bool = False) -> xr.Dataset:
    """Read the draws of one scenario that :func:`save_results` wrote, into memory.

    Parameters
    ----------
    path : str or Path
    counted : bool
        Whether bands will do whose draws were counted.

    Raises
    ------
    InputError
        As :func:`open_results` does; and where a file holds bands, another verb's findings, or draws of several scenarios.
    """
    results = open_results(path)
    if counted and "bin_draws" in results:
        return results
    if "scenario" in results.dims:
        held = (
            f"{'draws' if 'draw' in results.dims else 'bands'} of several scenarios ({short(', '.join(map(str, results.scenario.values)))})"
        )
        raise InputError(f"{path} holds {held}, and draws of one are read here. Save them with `run -o`")
    if "draw" not in results.dims or not any(array.attrs.get("role") == "output" for array in results.data_vars.values()):
        raise InputError(f"{path} holds no draws of a run: it was saved by `run --summary` or by another verb. Save draws with `run -o`")
    return results


def _check_chunks(source: Path) -> None:
    """Refuse a Zarr folder that was copied in part: what is missing would be read as the fill value."""
    from zarr import open_group  # noqa: PLC0415 - an optional dependency

    for name, array in open_group(source, mode="r").arrays():
        if array.nchunks_initialized < array.nchunks:
            raise OSError(f"{name} lacks {array.nchunks - array.nchunks_initialized} of {array.nchunks} chunks")
