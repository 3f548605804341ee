"""Text to a file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from simulator.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Write a file; one of that name is replaced only when the new one is complete.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
