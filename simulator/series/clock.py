"""From time stamps to instants: local clocks show one hour twice in autumn and skip one in spring.

The doubled hour is told apart by order of appearance. Where that cannot be, the file is refused
rather than shifted by an hour.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.series.stamps import CLOCKS, EPOCH, Stamp, read_stamps
from simulator.series.table import RowProblem, Table
from simulator.series.units import ELECTRICITY_MAPS

_UTC_HEADER = re.compile(r"(?<![a-z])(?:utc|gmt)(?![a-z0-9+/-])", re.IGNORECASE)
_MINUTE, _ZERO = timedelta(minutes=1), timedelta(0)


@dataclass(frozen=True)
class Clock:
    """When the rows of a table are.

    Attributes
    ----------
    minutes : ndarray of int64
        Since 1970-01-01T00:00Z.
    shown : ndarray of int64
        Minute of the hour on the clock of the file; it differs from that of UTC in zones such as India's.
    valid : ndarray of bool
        False where a row is no instant and is left out.
    notes : list of str
    problems : list of RowProblem
    stated : {'stamps', 'file', ''}
        Who says that the clock has one offset all year; '' where it changes with the seasons.
    """

    minutes: NDArray[np.int64]
    shown: NDArray[np.int64]
    valid: NDArray[np.bool_]
    notes: list[str]
    problems: list[RowProblem]
    stated: str


def find_zone(name: str, option: str = "--timezone") -> ZoneInfo:
    """Return the time zone that an option names, by its IANA name.

    Raises
    ------
    InputError
        Where there is none of that name; with names that are near.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name can also be a path outside the database, or a folder in it
        zones = available_timezones()
        places = {zone.rpartition("/")[2].casefold(): zone for zone in zones} | {zone.casefold(): zone for zone in zones}
        near = [places[key] for key in get_close_matches(name.strip().replace(" ", "_").casefold(), places, n=3, cutoff=0.6)]
        hint = f"did you mean {' or '.join(dict.fromkeys(near))}? " if near else ""
        known = f"{hint}names are those of IANA, such as Europe/Berlin, America/Chicago or UTC"
        raise InputError(f"{option} {name} is not a time zone; {known}") from None


def read_clock(table: Table, index: int, *, timezone: str | None, other: str | None = None, missing: NDArray[np.bool_]) -> Clock:
    """Read a column of time stamps as instants.

    Parameters
    ----------
    table : Table
    index : int
    timezone : str or None
        IANA name of the clock of stamps without an offset; None takes it from the header.
    other : str or None
        The same of a file beside it, where the header does not tell.
    missing : ndarray of bool
        Rows without a value; such a row may stand at the hour that a clock skips in spring.

    Returns
    -------
    Clock

    Raises
    ------
    InputError
        Where the clock is not known. What is wrong with single rows is in ``problems``.
    """
    stamps, problems = read_stamps(table, index)
    zone, notes = _zone(table, index, timezone, other, stamps)
    known = [stamp.shown for stamp in stamps if stamp is not None]
    order = range(len(stamps))
    if sum(b < a for a, b in pairwise(known)) > 0.9 * len(known):  # a shuffled file runs backwards at half of its rows
        order = order[::-1]
        notes.append("the rows run from the latest to the earliest")

    minutes, shown = np.zeros(len(stamps), np.int64), np.zeros(len(stamps), np.int64)
    valid, doubled = np.zeros(len(stamps), bool), np.zeros(len(stamps), bool)
    times_seen: Counter[datetime] = Counter()
    skipped = []
    for row in order:
        stamp = stamps[row]
        if stamp is None:
            continue
        before, after = _offsets(zone, stamp.shown)
        if before > after:
            doubled[row] = True
            times_seen[stamp.shown] += 1
        if stamp.offset is None and before < after:
            skipped.append(row)
            continue
        by_order = after if times_seen[stamp.shown] > 1 else before
        minutes[row] = (stamp.shown - EPOCH) // _MINUTE - (by_order if stamp.offset is None else stamp.offset)
        shown[row] = stamp.shown.minute
        valid[row] = True

    filler = [row for row in skipped if missing[row]]
    if filler:
        notes.append(f"{len(filler)} empty rows at an hour that the clock skips were left out (first: line {table.lines[filler[0]]})")
    all_days_alike = all(times == 1 for times in times_seen.values())
    problems += [_skipped(table, index, row, zone, stamps[row], all_days_alike) for row in skipped if not missing[row]]
    once = [time for time, times in times_seen.items() if times == 1]
    if once:
        notes.append(
            f"{once[0]:%Y-%m-%d %H:%M} stands once, where the clock of {zone} shows it twice; it is read as the first of the two "
            f"({len(once)} such stamp{'s' if len(once) > 1 else ''})"
        )
    rows = np.array([row for row in order if valid[row]], dtype=np.int64)
    if zone.utcoffset(None) is None:  # not one offset all year: only the order tells which autumn hour is meant
        problems += _jumps(table, index, rows, minutes, doubled)
    elif len(late := np.flatnonzero(minutes[rows] < np.maximum.accumulate(minutes[rows]))):
        notes.append(f"{len(late)} rows out of order were sorted (first: line {table.lines[rows[late[0]]]})")
    fixed = "" if zone.utcoffset(None) is None else "stamps" if all(s is None or s.offset is not None for s in stamps) else "file"
    return Clock(minutes, shown, valid, notes, problems, fixed)


def _zone(table: Table, index: int, timezone: str | None, other: str | None, stamps: Sequence[Stamp | None]) -> tuple[ZoneInfo, list[str]]:
    """Return the clock of stamps without an offset, and what is to be said about it."""
    if all(stamp is None or stamp.offset is not None for stamp in stamps):
        return ZoneInfo("UTC"), [f"the stamps state their offset from UTC; --timezone {timezone} was not needed"] if timezone else []
    header, example = table.header[index], table.column(index)[0]
    stated = next((zone for mark, zone in CLOCKS.items() if mark in f"{header} {example}".upper()), None)
    if stated is None and (_UTC_HEADER.search(header) or ELECTRICITY_MAPS in table.header):  # Electricity Maps publishes in UTC
        stated = "UTC"
    if timezone is None and stated is None:
        timezone = other
    if timezone is None and stated is None:
        raise InputError(
            f"{table.source}: the stamps of {table.named(index)} ('{example}') do not say on which clock they are; "
            "state it with --timezone, for example UTC, Europe/Berlin, or Etc/GMT-1 for UTC+1 all year"
        )
    name = timezone or stated or ""
    contrary = f", though the file says {stated}" if stated not in (None, name) else ""
    return find_zone(name), [f"stamps without an offset are read as {name}{contrary}"]


def _offsets(zone: ZoneInfo, shown: datetime) -> tuple[int, int]:
    """Return the minutes ahead of UTC by the rule before and after a change of the clock; elsewhere they are one."""
    before, after = zone.utcoffset(shown), zone.utcoffset(shown.replace(fold=1))
    return (before or _ZERO) // _MINUTE, (after or _ZERO) // _MINUTE


def _skipped(table: Table, index: int, row: int, zone: ZoneInfo, stamp: Stamp | None, all_days_alike: bool) -> RowProblem:
    """Return what is wrong with a value at an hour that the clock skips: most often the file is in standard time."""
    way_out = "Correct the row, or state the clock of the file with --timezone"
    if all_days_alike and stamp is not None:
        ahead = _offsets(zone, stamp.shown)[0]
        fixed = f"--timezone Etc/GMT{-ahead // 60:+d}" if ahead % 60 == 0 else "--timezone and a zone of one offset"
        way_out = f"No hour of the file stands twice and none is skipped, as in standard time all year, which is read with {fixed}"
    what = f"'{table.column(index)[row]}' does not exist on the clock of {zone}, which skips this hour in spring"
    return RowProblem(table.lines[row], what, way_out)


def _jumps(table: Table, index: int, rows: NDArray[np.int64], minutes: NDArray[np.int64], doubled: NDArray[np.bool_]) -> list[RowProblem]:
    """Return the rows at which a local clock runs backwards, the autumn hour apart."""
    way_out = "On a local clock the order of the rows tells the two autumn hours apart; sort the file, or export it in UTC"
    back = (minutes[rows[1:]] < minutes[rows[:-1]]) & ~(doubled[rows[1:]] & doubled[rows[:-1]])
    cells = table.column(index)
    return [
        RowProblem(table.lines[rows[i + 1]], f"the clock jumps back from '{cells[rows[i]]}' to '{cells[rows[i + 1]]}'", way_out)
        for i in np.flatnonzero(back)
    ]
