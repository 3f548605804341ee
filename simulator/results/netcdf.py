"""netCDF files that tell their own checksum."""

from __future__ import annotations

import hashlib
import mmap
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5netcdf
import xarray as xr

from simulator.errors import InputError

#: name of the attribute
CHECKSUM = "sha256"
_TEXT = "sha256 of this file with these digits as zeros: "
_ZEROS = "0" * 64
_PLACE = re.compile(_TEXT.encode() + rb"([0-9a-f]{64})")


def netcdf_bytes(results: xr.Dataset) -> memoryview:
    """Return a Dataset as a netCDF file, whose attribute ``sha256`` tells the checksum of all of its bytes but its own digits.

    Raises
    ------
    InputError
        Where another attribute of the Dataset has the words of that one.
    """
    with _in_this_thread():
        content: memoryview = results.assign_attrs({CHECKSUM: _TEXT + _ZEROS}).to_netcdf(engine="h5netcdf")
    places = [match.start(1) for match in _PLACE.finditer(content)]
    if len(places) != 1:
        raise InputError(f"a text of this result says {_TEXT!r}, as its file will of itself. Change that text")
    content[places[0] : places[0] + 64] = _digest(content, places[0]).encode()
    return content


@contextmanager
def _in_this_thread() -> Iterator[None]:
    """Keep xarray from a Dask cluster that the caller has made the default: it would lock a file in memory there, and fail."""
    if "dask" not in sys.modules:
        yield
        return
    import dask  # noqa: PLC0415 - an optional dependency

    with dask.config.set(scheduler="synchronous"):
        yield


def damage_of(path: Path) -> str | None:
    """Return what is wrong with a netCDF file: an empty text where nothing is, None where it tells no checksum.

    The digits are looked for among the bytes, so that a file that is damaged is not parsed.

    Raises
    ------
    OSError
        Where the file cannot be read.
    """
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return "it is empty"
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            told = _PLACE.search(content)
            if told:
                whole = _digest(content, told.start(1)) == told[1].decode()
                return "" if whole else "its bytes are not those that its checksum was made of; the file has changed since it was written"
    try:
        with h5netcdf.File(path, "r") as opened:
            marked = CHECKSUM in opened.attrs
    except (OSError, ValueError, KeyError, RuntimeError):  # what HDF5 says of what is not its own
        return "it is not a netCDF file"
    return "its checksum cannot be read" if marked else None


def _digest(content: mmap.mmap | memoryview, place: int) -> str:
    """Return the SHA-256 of a file whose digits at a place count as zeros."""
    with memoryview(content) as view:
        whole = hashlib.sha256(view[:place])
        whole.update(_ZEROS.encode())
        whole.update(view[place + 64 :])
    return whole.hexdigest()
