"""A fit to a part of the history, compared with the rest; and what a zone is to be read with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.fitting.check import FitCheck, compare_hours
from simulator.fitting.fit import fit_zone
from simulator.fitting.season import annual_seen, unseen_hours
from simulator.series.read import HourlySeries
from simulator.stochastic.zone import Zone

_WEEK, _YEAR = 168, 8760
# a zone describes hours that it has not seen where half of their judged statistics are within the tolerance of a fit, or where its own
# replicates cover three quarters: of 95 % that they should, less what so few and dependent statistics vary
_LEAST, _COVERED = 0.5, 0.75


@dataclass(frozen=True, eq=False)
class OutOfSample:
    """A fit to a part of the history, compared with the rest.

    Attributes
    ----------
    zone : Zone
        Fitted to the part.
    check : FitCheck
        On the held-out hours.
    held_out, verdict : str
        In words.
    good : bool
        Whether half of the judged statistics of the held-out hours are within the tolerance of a fit, or three quarters of all
        within 95 % of the replicates.
    """

    zone: Zone
    check: FitCheck
    held_out: str
    verdict: str
    good: bool


def out_of_sample(
    price: HourlySeries | None, carbon: HourlySeries | None, *, name: str, timezone: str, seed: int = 0, years: int = 200
) -> OutOfSample:
    """Fit a part of the history and compare with the rest.

    Where each series has two years or more the last year is held out; else every fourth week, so that both parts have all seasons.
    """
    hours = np.concatenate([s.hours for s in (price, carbon) if s is not None])
    first, last = int(hours.min()), int(hours.max())
    by_year = all(last - int(s.hours[0]) + 1 >= 2 * _YEAR for s in (price, carbon) if s is not None)
    words = "the last year" if by_year else "every fourth week"

    def part(s: HourlySeries | None, *, out: bool) -> HourlySeries | None:
        if s is None:
            return None
        chosen = (s.hours > last - _YEAR if by_year else (s.hours - first) // _WEEK % 4 == 3) == out
        return replace(s, hours=s.hours[chosen], values=s.values[chosen])

    zone = fit_zone(part(price, out=False), part(carbon, out=False), name=name, timezone=timezone)
    check = compare_hours(zone, part(price, out=True), part(carbon, out=True), seed=seed, years=years)
    inside = sum(row.low <= row.data <= row.high for row in check.rows)
    judged = [row for row in check.rows if row.ok is not None]
    within = len(judged) - len(check.failures)
    good = within >= _LEAST * len(judged) or inside >= _COVERED * len(check.rows)
    describes = "describes" if good else "does not describe"
    verdict = (
        f"fitted without {words}: {within} of {len(judged)} statistics of the held-out hours within the tolerance of a fit, "
        f"{inside} of {len(check.rows)} within 95 % of the replicates: this zone {describes} other {'years' if by_year else 'weeks'}"
    )
    return OutOfSample(zone, check, words, verdict, good)


def caveats(price: HourlySeries | None, carbon: HourlySeries | None, timezone: str, unseen: OutOfSample) -> tuple[str, ...]:
    """Return what a zone fitted to these histories must be read with, in words; nothing where there is nothing.

    Parameters
    ----------
    price, carbon : HourlySeries or None
    timezone : str
        Clock of the zone.
    unseen : OutOfSample
        Of the histories.
    """
    told = []
    for name, s in (("price", price), ("carbon intensity", carbon)):
        if s is None:
            continue
        hours = unseen_hours(s.hours, timezone)
        if hours:
            told.append(
                f"{name} never observed at local hours {_ranges(hours)}, where its season is a straight line between the hours around"
            )
        if not annual_seen(s.hours, timezone):
            days = len(np.unique(s.hours // 24))
            told.append(f"{name} of {days} days, less than eleven months of the year: seasons not seen")
    return (*told, *([] if unseen.good else [f"held-out hours not reproduced ({unseen.verdict})"]))


def _ranges(hours: tuple[int, ...]) -> str:
    """Return hours as ranges: 0 to 8, 23."""
    starts = [h for h in hours if h - 1 not in hours]
    ends = [h for h in hours if h + 1 not in hours]
    return ", ".join(f"{a} to {b}" if b > a else f"{a}" for a, b in zip(starts, ends, strict=True))
