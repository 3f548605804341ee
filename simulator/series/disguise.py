"""A local clock that is declared as UTC: it skips one hour in spring and shows one twice in autumn, on the very dates.

Read as UTC, a summer of it is an hour off, and two odd repairs are all that would tell.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.series.stamps import EPOCH

Ints = NDArray[np.int64]

#: one for each rule of changing the clock at another hour shown: west, middle and east of the European Union, North America, Australia
_CLOCKS = ("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "Australia/Sydney")


def check_disguise(minutes: Ints, step: int, stated: str, source: str, notes: list[str]) -> None:
    """Refuse a file that is said to be in UTC, and whose rows double and skip hours as a local clock does.

    Parameters
    ----------
    minutes : ndarray of int64
        Of the rows with a value, since 1970-01-01T00:00Z on the declared clock.
    step : int
        [min]
    stated : {'stamps', 'file', ''}
        Who declares the clock; nothing is checked where it changes with the seasons.
    source : str
    notes : list of str
        A skipped hour alone is added to it.

    Raises
    ------
    InputError
    """
    if not stated:
        return
    times, counts = np.unique(minutes, return_counts=True)
    doubled = set(np.unique(times[counts > 1] // 60).tolist())
    ends = np.flatnonzero(np.diff(times) == 60 + step)
    skipped = set(((times[ends] + step) // 60).tolist())
    if not skipped and not doubled:
        return
    first, last = int(times[0]) // 60, int(times[-1]) // 60
    for name in _CLOCKS:
        spring, autumn = _changes(name, first, last)
        shows = [f"{EPOCH + timedelta(hours=min(hours)):%Y-%m-%d %H:%M}" for hours in (autumn, spring) if hours]
        if autumn and autumn == doubled and spring <= skipped:
            seen = " and ".join(f"{show} {how}" for show, how in zip(shows, ("stands twice", "is missing"), strict=False))
            state = f"state it with --timezone {name}, or the zone's own name"
            way_out = state if stated == "file" else f"remove the offset from the stamps and {state}, or export the file in UTC"
            raise InputError(f"{source}: its stamps are said to be in UTC, yet {seen}, as on the clock of {name}; {way_out}")
        if spring and spring == skipped and not autumn:
            told = f"{shows[0]}, the only hour missing, is the one that the clock of {name} skips"
            notes.append(f"{told}: if the file is on a local clock, state it with --timezone")
            return


def _changes(name: str, first: int, last: int) -> tuple[set[int], set[int]]:
    """Return the hours shown that a clock skips, and those that it shows twice, counted from 1970-01-01T00:00 on the clock."""
    zone = ZoneInfo(name)
    spring: set[int] = set()
    autumn: set[int] = set()
    for day in range(first // 24, last // 24 + 1):
        start = EPOCH + timedelta(days=day)
        if _offset(zone, start) == _offset(zone, start + timedelta(days=1)):
            continue
        for hour in range(24):
            before, after = _offset(zone, start + timedelta(hours=hour)), _offset(zone, (start + timedelta(hours=hour)).replace(fold=1))
            if before != after and first <= 24 * day + hour <= last:
                (spring if before < after else autumn).add(24 * day + hour)
    return spring, autumn


def _offset(zone: ZoneInfo, shown: datetime) -> timedelta:
    return zone.utcoffset(shown) or timedelta(0)
