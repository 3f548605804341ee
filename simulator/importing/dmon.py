"""Tables of ``nvidia-smi dmon`` and ``dcgmi dmon``: blanks between columns, and headers that come again."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import InputError
from simulator.series.table import RowProblem, Table, read_lines, refuse


def is_dmon(path: Path) -> bool:
    """Return whether the first line that is not blank is the header of one of them, or a row of dcgmi below it."""
    return next((line for line in read_lines(path) if line.strip()), "").lstrip().startswith(("#", "GPU "))


def read_dmon(path: Path) -> Table:
    """Read what one of them printed, or wrote with ``-f``.

    The header starts with ``#`` and comes again every few samples; below it stand the units. ``--format csv`` of newer versions has commas.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Table
        Titles in lower case, an entity of dcgmi (``GPU 0``) as one cell.

    Raises
    ------
    InputError
        Where there is no header, no row, or where rows have other columns than their header.

    References
    ----------
    nvidia-smi(1), device monitoring; https://docs.nvidia.com/datacenter/dcgm/latest/reference/command-line-reference/dcgmi/dcgmi-dmon.html
    """
    header: tuple[str, ...] = ()
    rows, lines, problems = [], [], []
    for number, line in enumerate(read_lines(path), start=1):
        words = _words(line)
        if not words:
            continue
        if line.lstrip().startswith("#"):
            titles = tuple(word.casefold() for word in words)
            if titles[0] in ("idx", "id", "yyyymmdd", "hh:mm:ss"):  # units
                continue
            if header and titles != header:
                raise InputError(
                    f"{path.name}, line {number}: the columns change from {' '.join(header)} to {' '.join(titles)}. Import each apart"
                )
            header = titles
        elif not header:
            raise InputError(f"{path.name}, line {number}: there is no header; print it (no noheader), or add the line that starts with #")
        elif words[0] == "ID" and header[0] == "entity":  # units, below the header of dcgmi
            continue
        else:
            if header[0] == "entity" and len(words) == len(header) + 1:
                words = [" ".join(words[:2]), *words[2:]]
            if len(words) != len(header):
                way_out = "Each row has as many values as the header has columns"
                problems.append(RowProblem(number, f"{len(words)} values where the header has {len(header)} columns", way_out))
                continue
            rows.append(words)
            lines.append(number)
    if problems:
        refuse(path.name, problems)
    if not rows:
        raise InputError(f"{path} has no samples. Let dmon run for a while, with -c 600 for example")
    return Table(path.name, header, rows, lines, " ")


def _words(line: str) -> list[str]:
    text = line.strip().lstrip("#").strip()
    return [word.strip() for word in text.split(",")] if "," in text else text.split()
