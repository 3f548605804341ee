"""Where compiled kernels are kept between processes, and what is done about those that are not as they were written.

numba's disk cache does not see edits in other files, so compiled kernels live in a folder whose name is a hash of every source file that a
kernel is made from. Wherever the package is installed anew, kernels of the same sources are found there. Each file of the cache ends in
the checksum of what stands before it: one that was cut or of which a bit flipped is compiled again, and never run.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile, UserProvidedCacheLocator

from simulator.kernel_sources import PACKAGE, source_hash

_DIGEST = hashlib.sha256().digest_size


@contextmanager
def cached_in(folder: Path) -> Iterator[None]:
    """Let numba keep the functions that are decorated inside in a folder."""
    before = numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES
    numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = str(folder), f"{__name__}.{KernelCacheLocator.__name__}"
    try:
        yield
    finally:
        numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = before


def checked(dispatcher: Any) -> Any:
    """Return a cached function whose files are checked when they are read."""
    cache = dispatcher._cache
    stamp = cache._impl.locator.get_source_stamp()
    cache._cache_file = CheckedCacheFile(cache_path=cache.cache_path, filename_base=cache._impl.filename_base, source_stamp=stamp)
    return dispatcher


class CheckedCacheFile(IndexDataCacheFile):  # type: ignore[misc]  # numba has no hints
    """The files of one function, each with a checksum; what is damaged counts as missing, and what cannot be written is not kept."""

    def save(self, key: Any, data: Any) -> None:
        """Keep a compiled function, unless the disk is full or the folder has gone."""
        with suppress(OSError):
            super().save(key, data)

    def _load_index(self) -> Any:
        try:
            version, stamp, overloads = self._read(self._index_path)
        except OSError:
            return {}
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: Any) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _read(self, path: str) -> Any:
        """Return what a file holds; OSError where it is not as it was written."""
        content = Path(path).read_bytes()
        kept, digest = content[:-_DIGEST], content[-_DIGEST:]
        if hashlib.sha256(kept).digest() != digest:
            raise OSError(f"{path} is damaged")
        return pickle.loads(kept)

    def _write(self, path: str, held: Any) -> None:
        kept = self._dump(held)
        with self._open_for_write(path) as file:
            file.write(kept + hashlib.sha256(kept).digest())


class KernelCacheLocator(UserProvidedCacheLocator):  # type: ignore[misc]  # numba has no hints
    """Where numba keeps what it compiled of a file: by its place in the package and what it holds, not by where that is installed."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return the folder below the cache's."""
        folder = Path(py_file).resolve().parent
        return (
            folder.relative_to(PACKAGE.parent).as_posix() if folder.is_relative_to(PACKAGE) else super().get_suitable_cache_subpath(py_file)
        )

    def get_source_stamp(self) -> str:
        """Return what changes with the file."""
        return hashlib.sha256(Path(self._py_file).read_bytes()).hexdigest()


def cache_folder() -> Path | None:
    """Return a folder of this user's for compiled kernels, or None where none can be written.

    ``SIMULATOR_CACHE_DIR`` overrides; then the user's cache folder; then a private folder among the
    temporary files. The files in it are code that numba will run, so a folder that another user
    could write to is never used.
    """
    for base in _candidates():
        folder = base / source_hash()
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        if _is_ours(folder):
            return folder
    return None


def _candidates() -> list[Path]:
    name = "training-risk-simulator"
    override = os.environ.get("SIMULATOR_CACHE_DIR")
    if override:
        return [Path(override)]
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    elif sys.platform == "darwin":
        user = Path(os.path.expanduser("~/Library/Caches"))
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    return [user / name, Path(tempfile.gettempdir()) / f"{name}-{owner}"]


def _is_ours(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    for path in (folder, folder.parent):
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
    return True
