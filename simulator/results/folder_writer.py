"""Blocks of draws to a Zarr folder, in any order: what is killed goes on where it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.results.identity import differences, machinery
from simulator.results.manifest import MANIFEST, Manifest, append, chained, changed_files, digest_of, read_manifest
from simulator.results.store import (
    PARTIAL,
    block_length,
    files_in,
    flush_folders,
    places_of,
    replace_folder,
    require_zarr,
    scratch_beside,
    write_attributes,
    write_block,
    write_skeleton,
)
from simulator.text_file import write_text

Floats = NDArray[np.float64]


class FolderWriter:
    """Writes blocks of draws into ``DIR.zarr.partial``, which becomes ``DIR.zarr`` once it is complete.

    The bytes of the finished folder are the same in whichever order blocks are written, and however often that was interrupted.

    Parameters
    ----------
    target : Path
        ``DIR.zarr``. Only one process may write it at a time; see :func:`simulator.results.lock.claimed`.
    skeleton : xarray.Dataset
        All but the draws, of which it has none.
    draws : int
        That there will be, of each scenario.
    identity : mapping
        What is computed, and whatever else decides its bits.

    Attributes
    ----------
    length : int
        Draws in a block; the last may have fewer.
    places : list of dict of str to int
        By number of the block, where it lies along ``draw``, and along ``scenario`` where that is a dimension.
    complete : bool
        Whether the folder stands in its place.
    """

    def __init__(self, target: Path, skeleton: xr.Dataset, draws: int, identity: Mapping[str, Any]) -> None:
        require_zarr()
        self._target, self._partial, self._skeleton, self._draws = target, partial_of(target), skeleton, draws
        self.length = block_length(skeleton, draws)
        self.places = places_of(draws, self.length, skeleton.sizes.get("scenario"))
        self._manifest = Manifest(dict(identity), self.length, len(self.places))
        self._chain = ""
        self._static: set[str] = set()
        self.complete = False

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the blocks that are to be written still."""
        return tuple(number for number in range(self._manifest.expected) if number not in self._manifest.blocks)

    def range_of(self, number: int) -> tuple[int, int]:
        """Return the first draw of a block, and the first after it."""
        low = self.places[number]["draw"] * self.length
        return low, min(low + self.length, self._draws)

    def told(self) -> list[dict[str, Any]]:
        """Return what was told of each block that is written, in their order."""
        return [block for _, block in sorted(self._manifest.blocks.items())]

    def begin(self, *, resume: bool) -> str:
        """Make the folder, or go on with it; returns what there is to tell of it.

        Raises
        ------
        InputError
            Where a folder of an interrupted run is there and is not to be resumed, or is one of another run: it stays as it is.
            Where nothing can be written.
        """
        before = read_manifest(self._partial)
        if before is None and self._partial.exists():
            raise InputError(f"{self._partial} exists and is not of an interrupted run; it is left as it is. Name another output")
        if before is not None and before.blocks and not resume:
            raise InputError(f"{unfinished(self._target)}. Continue it with --resume, or delete that folder to start anew")
        told = ""
        try:
            if resume and before is not None:
                told = self._take_over(before)
            elif resume and self._target.exists():
                return self._complete_already()
            elif resume:
                told = f"there is no interrupted run at {self._target}; this one starts anew"
            self._make()
        except OSError as error:
            raise InputError(f"{self._partial} cannot be written ({error.strerror or error}). Name another place, or make room") from error
        return told

    def _take_over(self, before: Manifest) -> str:
        """Take over the blocks of an interrupted run that are as they were written."""
        self._refuse_others(before, self._partial, "delete that folder to start anew")
        told = [before.damage] if before.damage else []
        for number, record in before.blocks.items():
            if wrong := changed_files(self._partial, record["files"]):
                told.append(f"block {number}: {'; '.join(wrong)}")
            else:
                self._manifest.blocks[number] = record
        done = f"{len(self._manifest.blocks)} of {self._manifest.expected} blocks are finished"
        return ". Computed again: ".join([done, "; ".join(told)]) if told else done

    def _complete_already(self) -> str:
        """Say that the run is complete, or refuse to resume another."""
        before = read_manifest(self._target)
        if before is None or not before.identity.keys() & machinery().keys():  # draws or bands that were saved whole
            raise InputError(
                f"{self._target} was not written by `run -o DIR.zarr`, and cannot be resumed. Leave out --resume to replace it"
            )
        self._refuse_others(before, self._target, "leave out --resume to replace it")
        if before.wrong:
            raise InputError(f"{self._target} is damaged: {before.wrong}. Leave out --resume to replace it")
        self._manifest.blocks |= before.blocks
        self.complete = True
        return f"{self._target} is complete already"

    def _refuse_others(self, before: Manifest, folder: Path, way_out: str) -> None:
        other = differences(before.identity, self._manifest.identity)
        if not other and before.block != self.length:
            other = [f"draws in a block: {before.block} -> {self.length}"]
        if other:
            raise InputError(f"{folder} is of another run: {'; '.join(other)}. Resume it as it was begun, or {way_out}")

    def _make(self) -> None:
        """Write all but draws, and the manifest; what an interrupted run left half-written goes."""
        with scratch_beside(self._target) as scratch:
            fresh = scratch / self._target.name
            write_skeleton(self._skeleton, fresh, self._draws, self.length)
            self._static = set(files_in(fresh))
            self._write_manifest(fresh)
            if not self._manifest.blocks:
                shutil.rmtree(self._partial, ignore_errors=True)
                fresh.replace(self._partial)
                return
            for name in [*sorted(self._static), MANIFEST]:
                (self._partial / name).parent.mkdir(exist_ok=True)
                (fresh / name).replace(self._partial / name)
            self._sweep()

    def _write_manifest(self, folder: Path) -> None:
        write_text(folder / MANIFEST, self._manifest.text())
        self._chain = ""
        for record in self._manifest.records():
            self._chain = chained(record, self._chain)[1]

    def _sweep(self) -> None:
        """Remove files that belong to no finished block: cut while they were written, or changed since."""
        known = self._static | self._manifest.files().keys()
        for name in [name for name in files_in(self._partial) if name not in known]:
            (self._partial / name).unlink()

    def write(self, number: int, block: xr.Dataset, **told: Any) -> None:
        """Write a block that is missing, and what is told of its draws together.

        Raises
        ------
        InputError
            Where it cannot be written: the finished blocks stay.
        """
        try:
            record = {"files": write_block(self._partial, block, self.places[number], self.length), **told}
            self._chain = append(self._partial, {"block": number, **record}, self._chain)
        except OSError as error:
            raise self._stopped(f"block {number} cannot be written", error) from error
        self._manifest.blocks[number] = record

    def finish(self, attributes: Callable[[Path], Mapping[str, Any]]) -> None:
        """Put the folder, whose blocks are all written, into its place.

        Parameters
        ----------
        attributes : callable
            Returns the attributes of all draws, from the folder that holds them.

        Raises
        ------
        InputError
            Where it cannot be: the finished blocks stay, and an older result too.
        """
        if self.missing:
            raise ValueError(f"blocks {self.missing} are missing")
        try:
            write_attributes(self._partial, attributes(self._partial))
            self._sweep()
            self._manifest.rest = {name: digest_of(self._partial / name, flush=True) for name in sorted(self._static)}
            self._manifest.complete = True
            self._write_manifest(self._partial)
            flush_folders(self._partial)
            replace_folder(self._partial, self._target)
            self.complete = True
        except (OSError, InputError) as error:  # the latter of the manifest
            raise self._stopped("cannot be completed", error) from error

    def leave(self) -> None:
        """Take the folder away where it holds no finished block: there is nothing to resume."""
        if not self._manifest.blocks:
            shutil.rmtree(self._partial, ignore_errors=True)

    def _stopped(self, what: str, error: OSError | InputError) -> InputError:
        left = unfinished(self._target) if self._manifest.blocks else ""
        way_out = f"{left}. Continue it with --resume once they can be written" if left else "Name another place, or make room"
        return InputError(f"{self._target}: {what} ({getattr(error, 'strerror', None) or error}). {way_out}")


def partial_of(target: Path) -> Path:
    """Return the folder that draws are written into until they are complete."""
    return target.with_name(target.name + PARTIAL)


def written(target: Path) -> int:
    """Return how many bytes an interrupted run has left of a result."""
    return sum(path.stat().st_size for path in partial_of(target).rglob("*") if path.is_file())


def unfinished(target: Path) -> str:
    """Return what an interrupted run has left of a result, in words; nothing where it left nothing."""
    partial = partial_of(target)
    manifest = read_manifest(partial)
    if manifest is None:
        return ""
    return f"{partial} holds {len(manifest.blocks)} of {manifest.expected} blocks of draws of an interrupted run"
