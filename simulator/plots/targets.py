"""Where pictures go and how wide they are: what is known without the library that draws."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import InputError
from simulator.text_file import check_place

COLUMN, PAGE, WIDEST = 3.3, 6.5, 20.0  # widths [in]: of a column of print, of a page, and the most
ENDINGS = (".png", ".svg", ".pdf")


def check_picture(path: str | Path) -> Path:
    """Return where a picture will be written, or say early why it cannot be.

    Raises
    ------
    InputError
    """
    target = Path(path)
    if target.suffix.lower() not in ENDINGS:
        raise InputError(f"{target} is no picture. Its name ends in {', '.join(ENDINGS)}")
    check_place(target)
    return target
