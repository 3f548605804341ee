"""Tables in columns of a fixed width under a line of dashes, as sacct prints them without --parsable2."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.series.table import Table, read_lines

_DASHES = re.compile(r"\s*-+(?:\s+-+)*\s*")
CUT = "+"  # at the end of a cell that was longer than its column


def read_fixed_width(path: Path) -> Table | None:
    """Read a table whose second line tells the columns by its dashes; None where the file is no such table.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Table or None
        Cells that were cut off end with ``+``, as they were printed.
    """
    lines = [(number, line) for number, line in enumerate(read_lines(path), start=1) if line.strip()]
    if len(lines) < 2 or not _DASHES.fullmatch(lines[1][1]):
        return None
    spans = [match.span() for match in re.finditer("-+", lines[1][1])]
    cells = [[line[low:high].strip() for low, high in spans] for _, line in lines]
    kept = [place for place in range(2, len(lines)) if not _DASHES.fullmatch(lines[place][1]) and cells[place] != cells[0]]
    return Table(path.name, tuple(cells[0]), [cells[place] for place in kept], [lines[place][0] for place in kept], " ")
