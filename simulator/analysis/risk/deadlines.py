"""A deadline as a user writes it: a time from now on, or a date."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.errors import LawError
from simulator.scenario.dates import date_of, hours_of, is_date
from simulator.scenario.fields import limit_of

_WAY_OUT = "State the date of now (--now 2026-12-01), or a time from now on (--deadline '200 days')"


def deadline_hours(text: str, known: Mapping[str, float | None], *, now: str | None = None) -> float:
    """Return the time from now to a deadline [h].

    Time to release counts from now: a scenario whose run has a date puts now before it, by its time of preparation.

    Parameters
    ----------
    text : str
        A time, ``200 days``, or a date, ``2027-06-01``: its first hour.
    known : mapping of str to float or None
        The scenario's ``start_time`` [h since 1970] and ``preparation_time`` [h], those that it reads; None where uncertain.
    now : str, optional
        Date of now, in place of the scenario's.

    Raises
    ------
    LawError
        For what is neither, a date that is not after now, and a date without a date of now.

    Examples
    --------
    >>> deadline_hours("3 weeks", {})
    504.0
    >>> deadline_hours("2027-01-31", {"start_time": hours_of("2027-01-11"), "preparation_time": 240.0})
    720.0
    """
    if not is_date(text):
        return limit_of(text, "deadline")
    end, start = hours_of(text), now_hours(known, now=now)
    if isinstance(end, dict):
        raise LawError(f"{text} is a range; a deadline is one date", "State the date that must not be exceeded")
    if start is None:
        missing = "the scenario states no start_time"
        if known.get("preparation_time", 0.0) is None and "start_time" in known:
            missing = "the scenario's start_time less its preparation_time is not one date: preparation_time is uncertain"
        elif "start_time" in known:
            missing = "the scenario's start_time is uncertain"
        raise LawError(f"{text} is a date, and the date of now is not known: {missing}", _WAY_OUT)
    if end <= start:
        raise LawError(f"{text} is not after now, {date_of(start)}", "State a later date")
    return end - start


def now_hours(known: Mapping[str, float | None], *, now: str | None = None) -> float | None:
    """Return the date of now [h since 1970], as :func:`deadline_hours` finds it; None where it is not known."""
    if now is not None:
        stated = hours_of(now)
        if isinstance(stated, dict):
            raise LawError(f"{now} is a range; now is one date", "State for example 2026-12-01")
        return stated
    start, before = known.get("start_time"), known.get("preparation_time", 0.0)
    return None if start is None or before is None else start - before
