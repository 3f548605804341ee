"""From instants and values to one value per hour: doubled rows, quarter-hours, gaps. Every repair is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.series.table import RowProblem, refuse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STEPS = (15, 30, 60)  # minutes; day-ahead auctions and grid operators publish in these
SHORTEST = 60 * 24 - 1  # hours; a spring change takes one from 60 days of a local clock
YEAR_SEEN = 330 * 24 - 1  # hours: eleven months leave no season out
_INTERPOLATED = 3  # hours in a row; price and carbon change little in a quarter of their half-day cycle
_MOST_MISSING = 0.5  # markets that publish part of the day keep their pattern of hours; less than half a day shows none
_MOST_CONFLICTS = 0.001


_LONGEST = 100  # years
_MINUTES_PER_YEAR = 525_960


def when(time: int | np.int64, unit: Literal["h", "m"] = "h") -> str:
    """Return a time, in hours or minutes since 1970, as messages write it."""
    return f"{np.datetime64(int(time), unit).astype('datetime64[m]')}Z".replace("T", " ")


def check_step(minutes: Ints, shown: Ints, lines: Ints, source: str) -> int:
    """Return the finest step of the stamps in minutes.

    Parameters
    ----------
    minutes : ndarray of int64
        Since 1970-01-01T00:00Z.
    shown : ndarray of int64
        Minute of the hour on the clock of the file.
    lines : ndarray of int64
    source : str

    Raises
    ------
    InputError
        Where they span more than a hundred years, where the step is not 15, 30 or 60 minutes, or a stamp stands beside it.
    """
    steps = np.diff(np.unique(minutes))
    if not len(steps):
        raise InputError(f"{source} has values at one time only; hourly values are read")
    first, last = int(minutes.min()), int(minutes.max())
    if last - first > _LONGEST * _MINUTES_PER_YEAR:
        raise InputError(
            f"{source} has values from {when(first, 'm')} to {when(last, 'm')}, and {_LONGEST} years at most are read; is a stamp mistyped?"
        )
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    admissible = "hourly, half-hourly or quarter-hourly values are read, on the full hour and its halves or quarters"
    if usual in STEPS:
        finest = int(np.gcd.reduce(steps))
        coarse = np.flatnonzero(shown % usual != 0)
        # a finer step that lasts for less than a day is not a change of the market's time unit
        beside = coarse if finest not in STEPS or len(coarse) < 24 else np.flatnonzero(shown % finest != 0)
        if finest in STEPS and not len(beside):
            return finest
        way_out = f"The usual step is {usual} minutes; {admissible}"
        refuse(source, [RowProblem(int(lines[row]), f"the stamp is at {shown[row]} minutes past the hour", way_out) for row in beside])
    raise InputError(f"{source} has a value every {usual} minutes, usually; {admissible}")


def drop_doubles(
    minutes: Ints, values: Floats, lines: Ints, source: str, notes: list[str], *, way_out: Callable[[], str]
) -> tuple[Ints, Floats]:
    """Return one value per instant, in order of time.

    Rows that repeat an instant and its value are dropped. Where the values differ, their mean is
    taken if that concerns fewer than one row in a thousand.

    Parameters
    ----------
    minutes, values, lines : ndarray
        Of the rows that have a value.
    source : str
    notes : list of str
        What was done is added to it.
    way_out : callable
        Returns what to do about differing values.

    Returns
    -------
    minutes, values : ndarray

    Raises
    ------
    InputError
        Where the values of more instants differ.
    """
    order = np.argsort(minutes, kind="stable")
    distinct, start, count = np.unique(minutes[order], return_index=True, return_counts=True)
    if len(distinct) == len(minutes):
        return distinct, values[order]
    sorted_values, sorted_lines = values[order], lines[order]
    differ = np.minimum.reduceat(sorted_values, start) < np.maximum.reduceat(sorted_values, start)
    if np.sum(differ) >= _MOST_CONFLICTS * len(minutes):
        problems, advice = [], way_out()
        for at in np.flatnonzero(differ):
            first, rows = start[at], slice(start[at], start[at] + count[at])
            other = first + int(np.argmax(sorted_values[rows] != sorted_values[first]))
            what = f"{when(distinct[at], 'm')} stands twice, with {sorted_values[first]:.12g} here and {sorted_values[other]:.12g}"
            problems.append(RowProblem(int(sorted_lines[first]), f"{what} in line {sorted_lines[other]}", advice))
        refuse(source, problems)
    repeated = (count > 1) & ~differ
    if repeated.any():
        first = int(sorted_lines[start[repeated][0] + 1])
        notes.append(f"{int(np.sum(count[repeated] - 1))} rows that repeat a time and its value were dropped (first: line {first})")
    if differ.any():
        notes.append(
            f"{int(np.sum(differ))} times stand twice with different values, of which the mean was taken "
            f"(first: {when(distinct[differ][0], 'm')}, line {sorted_lines[start[differ][0]]})"
        )
    return distinct, np.where(differ, np.add.reduceat(sorted_values, start) / count, sorted_values[start])


def average_hours(minutes: Ints, values: Floats, step: int, notes: list[str]) -> tuple[Ints, Floats]:
    """Return the mean of each hour of UTC that has a value.

    Parameters
    ----------
    minutes, values : ndarray
        Strictly increasing, and finite.
    step : int
        Of the file, in minutes.
    notes : list of str
        What was done is added to it.

    Returns
    -------
    hours, means : ndarray
    """
    if step == 60 and minutes[0] % 60:
        notes.append(f"the hours start {minutes[0] % 60} minutes past the hour of UTC, and count as the hour of UTC in which they start")
    hours, start, count = np.unique(minutes // 60, return_index=True, return_counts=True)
    means = np.add.reduceat(values, start) / count
    if step < 60:
        whole = 60 // step
        notes.append(f"{int(np.sum(count[count > 1]))} values at steps of {step} minutes were averaged to {int(np.sum(count > 1))} hours")
        _note(notes, hours, (count > 1) & (count < whole), f"hours are the mean of fewer than {whole} values")
        _note(notes, hours, count == 1, "hours have one value, taken for the whole hour")
    return hours, means


def _note(notes: list[str], hours: Ints, mask: NDArray[np.bool_], what: str) -> None:
    if mask.any():
        notes.append(f"{int(np.sum(mask))} {what} (first: {when(hours[mask][0])})")


def fill_gaps(hours: Ints, values: Floats, source: str, notes: list[str]) -> tuple[Ints, Floats]:
    """Fill short gaps by straight lines, and leave long ones.

    Parameters
    ----------
    hours, values : ndarray
    source : str
    notes : list of str
        What was done is added to it.

    Returns
    -------
    hours, values : ndarray

    Raises
    ------
    InputError
        Where the series has less than 60 days or misses more than half of their hours.
    """
    span = min(int(hours[-1] - hours[0]) + 1, 24 * len(np.unique(hours // 24)))  # of days that have data
    check_span(span, f"{source} has", notes)
    missing = np.diff(hours) - 1
    total = int(np.sum(missing))
    lacking = span - len(hours)
    if lacking > _MOST_MISSING * span:
        raise InputError(
            f"{source} lacks {lacking} of the {span} hours of its days, {lacking / span:.0%}; "
            f"at most {_MOST_MISSING:.0%} may be missing. Name a file, or rows of it with --where, without such holes"
        )
    if not total:
        return hours, values
    longest = int(np.argmax(missing))
    gaps = missing[missing > 0]
    short = np.repeat(missing <= _INTERPOLATED, missing)
    holes = np.setdiff1d(np.arange(hours[0], hours[-1] + 1), hours, assume_unique=True)
    filled = holes[short]
    left = f"; {total - len(filled)} in longer gaps were left out" if len(filled) < total else ""
    notes.append(
        f"{total} hours are missing, the first of them {when(holes[0])}, in {len(gaps)} gaps of up to {missing[longest]} h "
        f"(the longest from {when(hours[longest] + 1)}); {len(filled)} in gaps of up to {_INTERPOLATED} h were interpolated{left}"
    )
    whole = np.sort(np.concatenate([hours, filled]))
    return whole, np.interp(whole, hours, values)


def check_span(span: int, subject: str, notes: list[str]) -> None:
    """Refuse a series of less than 60 days, and note one of less than 330.

    Raises
    ------
    InputError
    """
    days = f"{span / 24:.4g} days"
    if span < SHORTEST:
        raise InputError(f"{subject} {days} of data, which cannot show a season; at least 60 days are needed, a year is advised")
    if span < YEAR_SEEN:
        notes.append(f"{subject} {days} of data: the season is not seen whole, a year is advised")
