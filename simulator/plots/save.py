"""Pictures to files, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from simulator.errors import InputError
from simulator.plots.targets import check_picture
from simulator.text_file import written_file

_ANONYMOUS: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_DPI = 160


@contextmanager
def picture_beside(figure: Figure, path: str | Path, *, title: str = "") -> Iterator[None]:
    """Draw a figure, and put it in its place when what is done meanwhile has succeeded; else there is neither.

    Equal figures are equal files: they hold no date and no name of a program. A title, where there is one, stands in the file for those
    who do not see the picture.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """
    target = check_picture(path)
    try:
        real = written_file(target)
        handle, name = tempfile.mkstemp(dir=real.parent, suffix=target.suffix)
        os.close(handle)
        try:
            _draw(figure, name, target.suffix.lower(), title)
            os.chmod(name, 0o644)
            yield
            os.replace(name, real)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror or error})") from None


def picture_bytes(figure: Figure, ending: str = ".svg", *, title: str = "") -> bytes:
    """Return a figure as the content of a file, see :func:`picture_beside`.

    Examples
    --------
    >>> picture_bytes(Figure(), ".png")[1:4]
    b'PNG'
    """
    content = BytesIO()
    _draw(figure, content, ending, title)
    return content.getvalue()


def _draw(figure: Figure, to: str | BytesIO, ending: str, title: str) -> None:
    """Draw a figure without a date or the name of a program."""
    about = _ANONYMOUS[ending] | ({"Title": title} if title else {})
    with rc_context({"svg.hashsalt": "simulator"}):  # names in an SVG are random without
        figure.savefig(to, format=ending[1:], dpi=_DPI, metadata=about)


def save_picture(figure: Figure, path: str | Path, *, title: str = "") -> None:
    """Write a figure; a file of that name is replaced only when the new one is complete."""
    with picture_beside(figure, path, title=title):
        pass
