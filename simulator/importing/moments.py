"""Times of log files: stamps to the second and below, seconds since 1970, and elapsed times."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np

from simulator.errors import InputError
from simulator.importing.imported import Floats
from simulator.series.clock import find_zone
from simulator.series.table import RowProblem, Table, is_missing

_SINCE_1970 = re.compile(r"\d{9,10}(?:\.\d+)?(?:[eE]\+?0?9)?|\d\.\d+[eE]\+?0?9", re.ASCII)  # seconds; pandas may write 1.7e+09
_MILLISECONDS = re.compile(r"\d{13}(?:\.\d+)?", re.ASCII)
_ELAPSED = re.compile(r"(?:(?P<days>\d+)-)?(?:(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)", re.ASCII)
_STAMPS = (
    "Times are written like 2026-05-07T22:08:19, 2026/05/07 22:08:19.005, 20260507 22:08:19, with +02:00 or Z where they state their "
    "offset, or are seconds or milliseconds since 1970"
)
ELAPSED_TIMES = "Elapsed times are written [DAYS-]HOURS:MINUTES:SECONDS, for example 1-02:03:04"


def read_moments(table: Table, index: int, *, timezone: str | None, problems: list[RowProblem]) -> Floats:
    """Read a column of times.

    Parameters
    ----------
    table : Table
    index : int
        Of the column.
    timezone : str or None
        IANA name of the clock of stamps without an offset. Without it such a clock is taken to run evenly: an hour is wrong where it
        was changed meanwhile.
    problems : list of RowProblem
        Cells that are no times are added to it.

    Returns
    -------
    ndarray, shape (rows,)
        Seconds since 1970, on the clock of the file where that is not known; NaN where a cell is missing or is no time.
    """
    zone = find_zone(timezone) if timezone is not None else None
    found = np.full(len(table.rows), np.nan)
    kinds: dict[bool, int] = {}
    last = -np.inf
    for row, cell in enumerate(table.column(index)):
        if is_missing(cell):
            continue
        try:
            moment = _parse(cell)
        except ValueError:
            problems.append(RowProblem(table.lines[row], f"'{cell}' in {table.named(index)} is not a time", _STAMPS))
            continue
        if isinstance(moment, float):
            found[row] = moment
            continue
        kinds.setdefault(moment.tzinfo is not None, table.lines[row])
        if moment.tzinfo is None:
            local = moment.replace(tzinfo=zone or UTC)
            found[row] = local.timestamp()
            if zone is not None and found[row] < last and local.replace(fold=1).timestamp() >= last:
                found[row] = local.replace(fold=1).timestamp()  # the second of the two autumn hours
        else:
            found[row] = moment.timestamp()
        last = max(last, found[row])
    if len(kinds) == 2:
        raise InputError(
            f"{table.source}: {table.named(index)} has times with an offset from UTC (line {kinds[True]}) and without one "
            f"(line {kinds[False]}). Export all of them in UTC"
        )
    return found


def _parse(cell: str) -> datetime | float:
    if _MILLISECONDS.fullmatch(cell):
        return float(cell) / 1000.0
    if _SINCE_1970.fullmatch(cell):
        return float(cell)
    return datetime.fromisoformat(cell.replace("/", "-"))


def told_moment(seconds: float) -> str:
    """Return seconds since 1970 as a comment tells them.

    Examples
    --------
    >>> told_moment(0.0)
    '1970-01-01 00:00'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def told_period(moments: Floats) -> str:
    """Return the first and the last of some times."""
    return f"{told_moment(float(np.nanmin(moments)))} to {told_moment(float(np.nanmax(moments)))}"


def elapsed_hours(text: str) -> float:
    """Return an elapsed time, ``[days-]hours:minutes:seconds``, in hours.

    Raises
    ------
    ValueError
        Where it is none.

    Examples
    --------
    >>> elapsed_hours("1-02:15:00"), elapsed_hours("30:00")
    (26.25, 0.5)
    """
    match = _ELAPSED.fullmatch(text.strip())
    if match is None or float(match["seconds"]) >= 60 or (match["hours"] and int(match["minutes"]) >= 60):
        raise ValueError(text)
    return int(match["days"] or 0) * 24 + int(match["hours"] or 0) + int(match["minutes"]) / 60 + float(match["seconds"]) / 3600
