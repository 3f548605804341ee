"""Text and bytes from a file, no more than a limit, and to one, whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from simulator.errors import InputError

MOST_TEXT = 100_000  # bytes of YAML, of which a second reads as much; the largest config that is shipped has 15 kB
MOST_DATA = 100_000_000  # bytes of a table, whose cells take some times as much memory

_NO_FILE = "it is a folder, a pipe or a device, and not a file"


class UnreadableError(InputError):
    """A file that is not read.

    Attributes
    ----------
    reason : str
        Why, as it stands in brackets behind the name of the file.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{path} cannot be read ({reason})")


def require_file(path: str | Path, *, most: int | None = None) -> None:
    """Refuse what is no file on a disk, before it is opened: a pipe would be waited for, and a device never ends.

    Parameters
    ----------
    path : str or Path
        Links are followed.
    most : int, optional
        Bytes.

    Raises
    ------
    UnreadableError
        Also where there is no such file, and where it is larger.
    """
    try:
        about = os.stat(path)
    except (OSError, ValueError) as error:  # a zero byte in the name is a ValueError
        raise UnreadableError(path, getattr(error, "strerror", None) or str(error)) from None
    if not stat.S_ISREG(about.st_mode):
        raise UnreadableError(path, _NO_FILE)
    if most is not None and about.st_size > most:
        raise UnreadableError(path, f"it has {about.st_size} bytes and is larger than {most}, the most that is read")


def read_bytes(path: str | Path, *, most: int = MOST_DATA) -> bytes:
    """Return the content of a file.

    Raises
    ------
    UnreadableError
        Where it cannot be read, is no file, or is larger than ``most`` bytes.
    """
    require_file(path, most=most)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UnreadableError(path, error.strerror or str(error)) from None


def read_text(path: str | Path, *, most: int = MOST_TEXT) -> str:
    """Return the content of a text file in UTF-8, with or without the mark of its byte order; see :func:`read_bytes`."""
    try:
        return read_bytes(path, most=most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError(path, "it is not UTF-8 text") from None


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8; see :func:`write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file; one of that name is replaced only when the new one is complete and on the disk.

    Where the name is a symbolic link the link stays, and the file that it leads to is written: as with every program that opens a file.

    Raises
    ------
    InputError
        Where the file cannot be written: no permission, no room, no such folder; a device or a pipe of that name.
    """
    name = ""
    try:
        real = written_file(path)
        handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:100]}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        Path(name).replace(real)
    except BaseException as error:
        if name:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path} cannot be written ({error.strerror or error}). Name another place, or make room") from None
        raise


def written_file(path: Path) -> Path:
    """Return the file that is written where a name is given: what a link leads to, never a device or a pipe.

    Raises
    ------
    InputError
    """
    try:
        real = Path(os.path.realpath(path))
        other = os.path.lexists(real) and not os.path.isfile(real)  # a link that leads to itself is no file either
    except ValueError as error:  # a zero byte
        raise InputError(f"{path} cannot be written ({error}). Name another place") from None
    if other:
        raise InputError(f"{path} cannot be written ({_NO_FILE}). Name another place")
    return real


def where_link_leads(path: Path) -> Path:
    """Return what a symbolic link leads to, whether or not that exists, and any other path as it is."""
    try:
        return Path(os.path.realpath(path)) if path.is_symlink() else path
    except (OSError, ValueError):  # a zero byte, or a name that is too long: told where it is opened
        return path


def check_place(target: Path) -> None:
    """Refuse a place for a new file where none can be written, before anything is computed.

    Raises
    ------
    InputError
        Where a folder, a pipe or a device has the name, or the folder it would lie in is missing or cannot be written to.
    """
    if os.path.isdir(target):
        raise InputError(f"{target} is a folder. Name a file")
    real = written_file(target)
    if not real.parent.is_dir():
        raise InputError(f"folder {target.parent} does not exist. Make it first")
    if not os.access(real.parent, os.W_OK):
        raise InputError(f"folder {target.parent} cannot be written to")
