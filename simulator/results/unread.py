"""Draws on the disk of which nothing is in memory until it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from simulator.errors import InputError
from simulator.results.manifest import read_manifest
from simulator.results.opened import check_container
from simulator.results.store import require_zarr

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
