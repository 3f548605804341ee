"""One process at a time writes an output."""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.errors import InputError
from simulator.text_file import where_link_leads

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # Windows has none, and no lock


@contextmanager
def claimed(target: Path) -> Iterator[None]:
    """Keep an output from other processes that would write it too.

    A lock is held on the file ``.NAME.lock`` beside the output (of a symbolic link beside what it leads to), which is gone afterwards; one
    that a killed process left behind claims nothing. Windows, and file systems that know no locks, hold none: two writers there are not
    told of each other, and what stays is the whole result of one of them.

    Parameters
    ----------
    target : Path
        File or folder that will be written.

    Raises
    ------
    InputError
        Where another process holds the lock, or the folder takes no file.
    """
    if fcntl is None:
        yield
        return
    real = where_link_leads(target)  # two names of one output have one lock
    lock = real.with_name(f".{real.name}.lock")
    try:
        held = _acquire(lock, target)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error}). Name another place, or make room") from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)  # before others can hold it: they look whether the file is still there
        os.close(held)


def _acquire(lock: Path, target: Path) -> int:
    """Return an open file on which this process holds the lock."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle, target)
            if _is_at(lock, handle):  # else the process that held it has taken it away
                os.ftruncate(handle, 0)
                os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _lock(handle: int, target: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(handle, 200).decode("utf-8", "replace") or "another process"
        raise InputError(f"{target} is being written by {holder}. Wait until it is done, or name another output") from None
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
            raise


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
