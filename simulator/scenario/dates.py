"""Dates of a scenario as hours since 1970-01-01T00:00Z, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.errors import LawError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)  # of start dates; far beyond it, calendars and their seasons end
_ADMISSIBLE = (
    "Dates lie from 1970 to 2199. Write 2026-03-01, 2026-03-01T06:00Z, or 2026-01-01 to 2026-12-31 for a start at any hour between"
)


def is_date(raw: Any) -> bool:
    """Return whether a text starts as a date does.

    Examples
    --------
    >>> is_date("2027-03-01"), is_date("2 to 3 h")
    (True, False)
    """
    return isinstance(raw, str) and re.match(r"\s*\d{4}-\d{2}-\d{2}", raw) is not None


def hours_of(raw: Any) -> float | dict[str, Any]:
    """Return a date as hours, or a range of dates as a uniform law of hours.

    Examples
    --------
    >>> hours_of("1970-01-02")
    24.0
    >>> hours_of("1970-01-02 to 1970-01-03")
    {'family': 'uniform', 'low': 24.0, 'high': 48.0}
    """
    if isinstance(raw, str) and " to " in raw:
        low, high = (_hours(part.strip()) for part in raw.split(" to ", 1))
        if not low < high:
            raise LawError(f"{raw!r}: the first date lies before the second", _ADMISSIBLE)
        return {"family": "uniform", "low": low, "high": high}
    return _hours(raw)


def _hours(raw: Any) -> float:
    try:
        moment = datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        raise LawError(f"{raw!r} is not a date", _ADMISSIBLE) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    hours = (moment - _EPOCH) / timedelta(hours=1)
    if not _EPOCH <= moment < _END or hours != int(hours):
        raise LawError(f"{raw!r} is not the start of an hour from 1970 to 2199", _ADMISSIBLE)
    return hours


def date_of(hours: float) -> str:
    """Return hours since 1970-01-01T00:00Z as a date and time, "after 9999" beyond the calendar.

    Examples
    --------
    >>> date_of(473376)
    '2024-01-02T00:00Z'
    """
    try:
        return (_EPOCH + timedelta(hours=float(hours))).strftime("%Y-%m-%dT%H:%MZ")
    except OverflowError:
        return "after 9999"
