"""Text and bytes to a file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from simulator.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8; see :func:`write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file; one of that name is replaced only when the new one is complete and on the disk.

    Raises
    ------
    InputError
        Where the file cannot be written: no permission, no room, no such folder.
    """
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        Path(name).replace(path)
    except BaseException as error:
        if name:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path} cannot be written ({error.strerror or error}). Name another place, or make room") from None
        raise


def check_place(target: Path) -> None:
    """Refuse a place for a new file where none can be written, before anything is computed.

    Raises
    ------
    InputError
        Where a folder has the name, or the folder it would lie in is missing or cannot be written to.
    """
    if target.is_dir():
        raise InputError(f"{target} is a folder. Name a file")
    if not target.parent.is_dir():
        raise InputError(f"folder {target.parent} does not exist. Make it first")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"folder {target.parent} cannot be written to")
