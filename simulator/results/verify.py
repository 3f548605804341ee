"""Whether a saved result is as it was written."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import InputError
from simulator.results import netcdf
from simulator.results.folder_writer import unfinished
from simulator.results.manifest import changed_files, read_manifest
from simulator.results.store import PARTIAL, files_in
from simulator.text_file import require_file

_TOLD = 5  # files by name in a sentence


def verify_results(path: str | Path) -> str:
    """Return in words what of a saved result was found to be as it was written, byte by byte.

    Parameters
    ----------
    path : str or Path
        ``FILE.nc``, ``DIR.zarr``, or the ``DIR.zarr.partial`` of an interrupted run, whose finished blocks are looked at.

    Raises
    ------
    InputError
        Where something has changed, is missing or was added, with its name; and where a file of another tool tells no checksum.
    """
    source = Path(path)
    if not source.exists():
        left = unfinished(source)
        raise InputError(f"{source} does not exist{left and f'; {left}'}")
    try:
        found = damage_of(source, strangers=True)
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror or error})") from error
    if found is None:
        raise InputError(f"{source} tells no checksum: it was not written by this simulator, and whether it is whole cannot be known")
    if found:
        raise InputError(f"{source} is damaged: {in_words(found)}")
    manifest = read_manifest(source) if source.is_dir() else None
    if manifest is None:
        return f"{source}: whole"
    if manifest.complete:
        return f"{source}: whole, {len(manifest.files())} files"
    return f"{source}: {len(manifest.blocks)} of {manifest.expected} blocks, each whole"


def damage_of(source: Path, *, strangers: bool = False) -> list[str] | None:
    """Return what is wrong with a file or folder, one line each; None where it tells no checksum.

    Raises
    ------
    InputError, OSError
        Where that cannot be known.
    """
    if source.is_dir():
        return _damage_of_folder(source, strangers=strangers)
    require_file(source)
    damage = netcdf.damage_of(source)
    return None if damage is None else [damage] if damage else []


def _damage_of_folder(folder: Path, *, strangers: bool) -> list[str] | None:
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    files = manifest.files()
    found = [manifest.wrong] if manifest.wrong and (manifest.damage or folder.suffix != PARTIAL) else []
    found += changed_files(folder, files)
    if strangers and manifest.complete:
        found += [f"{name} was added" for name in files_in(folder) if name not in files]
    return found


def in_words(found: list[str]) -> str:
    """Return what is wrong as one sentence."""
    more = len(found) - _TOLD
    return "; ".join(found[:_TOLD]) + (f"; and {more} more" if more > 0 else "")
