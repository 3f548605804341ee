"""Time stamps as data files write them: ISO 8601, day or month first, intervals, seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from simulator.errors import InputError
from simulator.series.table import RowProblem, Table

EPOCH = datetime(1970, 1, 1)

#: the clocks that ENTSO-E offers; all of the Union changes at 01:00 UTC, directive 2000/84/EC
CLOCKS = {"CET/CEST": "Europe/Brussels", "WET/WEST": "Europe/Lisbon", "EET/EEST": "Europe/Athens"}
#: minutes ahead of UTC; ENTSO-E marks stamps around a change of the clock
_MARKS = {"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180}

_STAMP = re.compile(
    r"(?:(?P<y>\d{4})([-/.])(?P<m>\d\d?)\2(?P<d>\d\d?)|(?P<first>\d\d?)(?P<by>[-/.])(?P<second>\d\d?)(?P=by)(?P<year>\d{4}))"
    r"(?:(?:[T,]|\s)\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<seconds>\d\d(?:\.\d+)?))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*\(?(?P<mark>Z|[A-Z]{3,4}(?:/[A-Z]{3,4})?|[+-]\d\d(?::?\d\d)?)?\)?",
    re.ASCII,
)
_SINCE_1970 = re.compile(r"\d{10}|\d{13}", re.ASCII)  # seconds or milliseconds, from 2001 to 2286
_OFF_MINUTE = "is not on a full minute; hourly, half-hourly and quarter-hourly values are read"
_HOW_STAMPS_ARE_WRITTEN = (
    "Stamps are written like 2023-01-31 13:00, 2023-01-31T13:00:00Z, 2023-01-31T13:00+01:00, 31.01.2023 13:00, 31/01/2023 13:00 or "
    "'31.01.2023 13:00 - 31.01.2023 14:00', with hours from 0 to 23, or are seconds since 1970"
)


class Stamp(NamedTuple):
    """What the clock showed, and its minutes ahead of UTC where the stamp states them."""

    shown: datetime
    offset: int | None


def is_stamp(cell: str) -> bool:
    """Return whether a cell is a time stamp, seconds since 1970 apart."""
    return _STAMP.fullmatch(_start(cell)) is not None


def is_since_1970(cell: str) -> bool:
    """Return whether a cell may be seconds or milliseconds since 1970."""
    return _SINCE_1970.fullmatch(cell) is not None


def read_stamps(table: Table, index: int) -> tuple[list[Stamp | None], list[RowProblem]]:
    """Read a column of time stamps.

    Parameters
    ----------
    table : Table
    index : int
        Of the column. Of intervals the start counts.

    Returns
    -------
    stamps : list of Stamp or None
        None where a cell is no stamp.
    problems : list of RowProblem
        Those cells.

    Raises
    ------
    InputError
        Where days cannot be told from months.
    """
    cells = table.column(index)
    month_first = _month_first(cells, table, index)
    stamps: list[Stamp | None] = []
    problems = []
    for cell, line in zip(cells, table.lines, strict=True):
        try:
            stamps.append(_parse(_start(cell), month_first))
        except ValueError as error:
            stamps.append(None)
            problems.append(RowProblem(line, f"'{cell}' in {table.named(index)} {error}", _HOW_STAMPS_ARE_WRITTEN))
    return stamps, problems


def _start(cell: str) -> str:
    return cell.split(" - ", 1)[0].strip()


def _month_first(cells: Sequence[str], table: Table, index: int) -> bool:
    """Tell 01/31/2023 from 31/01/2023: over two months one of the two numbers passes 12."""
    if table.header[index].upper().startswith("MTU"):  # ENTSO-E writes the day first
        return False
    first = second = 0
    for cell in cells:
        match = _STAMP.fullmatch(_start(cell))
        if match and match["by"] in ("/", "-"):
            first, second = max(first, int(match["first"])), max(second, int(match["second"]))
    if first and (first > 12) == (second > 12):
        which = "both pass 12" if first > 12 else "neither passes 12"
        raise InputError(
            f"{table.source}: the stamps of {table.named(index)} ('{cells[0]}') do not say which number is the day, since {which}; "
            "write them as 2023-01-31 13:00 or 31.01.2023 13:00"
        )
    return second > 12


def _parse(text: str, month_first: bool) -> Stamp:
    """Return one stamp, or raise ValueError with what is wrong with it."""
    if _SINCE_1970.fullmatch(text):
        shown = EPOCH + int(text) * (timedelta(seconds=1) if len(text) == 10 else timedelta(milliseconds=1))
        if shown.second or shown.microsecond:
            raise ValueError(_OFF_MINUTE)
        return Stamp(shown, 0)
    match = _STAMP.fullmatch(text)
    if match is None:
        raise ValueError("is not a time stamp")
    year, _, month, day, first, by, second, last, hour, minute, seconds, half, mark = match.groups()
    if year is None:
        day, month = (second, first) if month_first and by != "." else (first, second)
        year = last
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("is not an hour from 1 to 12 AM or PM")
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    try:
        shown = datetime(int(year), int(month), int(day), hours, int(minute or 0))
    except ValueError as error:
        raise ValueError(f"is not a time: {error}") from None
    if seconds and float(seconds):
        raise ValueError(_OFF_MINUTE)
    return Stamp(shown, _offset(mark))


def _offset(mark: str | None) -> int | None:
    if mark is None or mark in CLOCKS:
        return None
    if mark in _MARKS:
        return _MARKS[mark]
    if mark[0] not in "+-":
        raise ValueError(f"has the mark {mark}, which is not an offset from UTC; known are {', '.join(_MARKS)} and offsets such as +01:00")
    hours, minutes = int(mark[1:3]), int(mark[3:].strip(":") or 0)
    if hours > 14 or minutes > 59:  # the Line Islands are at +14:00
        raise ValueError(f"has the offset {mark}, which no clock has; offsets lie in -12:00 to +14:00")
    return (1 if mark[0] == "+" else -1) * (hours * 60 + minutes)
