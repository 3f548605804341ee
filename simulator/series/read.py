"""Hourly prices and carbon intensities from CSV files as their publishers write them.

Exports of Electricity Maps and of the ENTSO-E transparency platform are read as they are; so is any
file with one column of time stamps and one column whose header tells quantity and unit. Nothing is
repaired in silence: what was done, and what is odd, stands in :attr:`HourlySeries.repairs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.series.clock import read_clock
from simulator.series.columns import apart, find_time_column, find_value_column, select
from simulator.series.disguise import check_disguise
from simulator.series.grid import average_hours, check_span, check_step, drop_doubles, fill_gaps, when
from simulator.series.stamps import is_stamp
from simulator.series.table import RowProblem, Table, listed, numbers, read_table, refuse
from simulator.series.units import Quantity, beyond_limits, check_plausible, unit_of, value_flag


@dataclass(frozen=True, eq=False)
class HourlySeries:
    """A price or carbon intensity, hour by hour.

    Attributes
    ----------
    hours : ndarray of int64
        Starts of hours since 1970-01-01T00:00Z, strictly increasing; there may be gaps.
    values : ndarray of float64
        [unit], finite.
    unit : str
        ``EUR/MWh``, ``USD/MWh`` or ``GBP/MWh`` of a price; ``gCO2e/kWh`` of a carbon intensity.
    column : str
        The values are from it.
    source : str
        Name of the file.
    repairs : tuple of str
        Every repair, assumption and oddity in words, with counts and the first place.
    """

    hours: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str
    column: str
    source: str
    repairs: tuple[str, ...]


def read_hourly(
    path: str | Path,
    *,
    quantity: Quantity,
    time_column: str | None = None,
    value_column: str | None = None,
    timezone: str | None = None,
    unit: str | None = None,
    where: Mapping[str, str] | None = None,
    other_timezone: str | None = None,
    limits: tuple[float, float] | None = None,
) -> HourlySeries:
    """Read hourly prices or carbon intensities from a CSV file.

    Values at 15 or 30 minutes are averaged to hours; up to three missing hours in a row are
    interpolated, longer gaps stay.

    Parameters
    ----------
    path : str or Path
        Comma, semicolon or tab separated, in UTF-8; may be compressed with gzip.
    quantity : {'price', 'carbon'}
    time_column, value_column : str, optional
        Where the header does not tell them.
    timezone : str, optional
        IANA name of the clock of stamps that state no offset.
    unit : str, optional
        Unit of the values, where the header states none or a wrong one.
    where : mapping, optional
        Column -> value: the rows to read of a file that holds several series.
    other_timezone : str, optional
        Clock of a file beside it, taken where neither stamps, header nor ``timezone`` state one.
    limits : tuple of float, optional
        Least and greatest admissible value, in canonical units; else those of known markets and grids.

    Returns
    -------
    HourlySeries

    Raises
    ------
    InputError
        Where the file, its layout or its unit cannot be read, where rows are wrong (all of them at
        once), or where there is too little in it.
    """
    table = read_table(path)
    notes: list[str] = []
    if any(is_stamp(cell) for cell in table.header):
        raise InputError(f"{table.source} starts with data ({listed(table.header)}); its first line has to name the columns")
    table = select(table, dict(where or {}), notes)
    time = find_time_column(table, time_column, quantity, notes)
    column = find_value_column(table, value_column, time, quantity, notes)
    data_unit = unit_of(table, column, quantity, unit, notes)

    values, problems = numbers(table, column)
    missing = np.isnan(values)
    clock = read_clock(table, time, timezone=timezone, other=other_timezone, missing=missing)
    problems += clock.problems
    if quantity == "carbon":
        problems += _negative(table, column, values)
    admissible = np.where(values < 0, np.nan, values) if quantity == "carbon" else values  # negative intensities are told above
    problems += beyond_limits(table, column, admissible, quantity, data_unit, limits)
    if problems:
        refuse(table.source, problems)
    notes += clock.notes
    if np.all(missing):
        raise InputError(f"{table.source}: {table.named(column)} is empty; name another with {value_flag(quantity)}")

    lines = np.array(table.lines, dtype=np.int64)
    step = check_step(clock.minutes[clock.valid], clock.shown[clock.valid], lines[clock.valid], table.source)
    empty = clock.valid & missing
    if empty.any():
        notes.append(f"{int(np.sum(empty))} rows have no value (first: line {lines[empty][0]})")
    used = clock.valid & ~missing
    check_disguise(clock.minutes[used], step, clock.stated, table.source, notes)
    _note_estimates(table, used, notes)
    minutes, values = drop_doubles(
        clock.minutes[used], values[used], lines[used], table.source, notes, way_out=partial(apart, table, time, column)
    )
    hours, values = average_hours(minutes, values, step, notes)
    place = f"{table.source}: {table.named(column)}"
    check_plausible(values, place, quantity, data_unit, settled=unit is not None, notes=notes)
    hours, values = fill_gaps(hours, values * data_unit.factor, table.source, notes)
    return HourlySeries(hours, values, data_unit.canonical, table.header[column], table.source, tuple(notes))


def align(price: HourlySeries, carbon: HourlySeries) -> tuple[HourlySeries, HourlySeries]:
    """Return both series on the hours that both have.

    Parameters
    ----------
    price, carbon : HourlySeries

    Returns
    -------
    price, carbon : HourlySeries
        With the same hours; what was left out is in their repairs.

    Raises
    ------
    InputError
        Where fewer than 60 days are common.
    """
    common, at_price, at_carbon = np.intersect1d(price.hours, carbon.hours, assume_unique=True, return_indices=True)
    spans = " and ".join(f"{s.source} ({s.column}) from {when(s.hours[0])} to {when(s.hours[-1])}" for s in (price, carbon))
    notes: list[str] = []
    try:
        check_span(len(common), "price and carbon have in common", notes)
    except InputError as error:
        raise InputError(f"{error}. Name files of the same time: these are {spans}") from None
    aligned = []
    for series, kept in ((price, at_price), (carbon, at_carbon)):
        lost = len(series.hours) - len(kept)
        own = [f"{lost} of {len(series.hours)} hours were left out, as only price or carbon has them"] if lost else []
        aligned.append(replace(series, hours=common, values=series.values[kept], repairs=(*series.repairs, *own, *notes)))
    return aligned[0], aligned[1]


def _negative(table: Table, column: int, values: NDArray[np.float64]) -> list[RowProblem]:
    what = f"in {table.named(column)} is a negative carbon intensity"
    way_out = "A carbon intensity is at least 0; correct the rows, or empty their cells"
    return [RowProblem(table.lines[row], f"{values[row]:g} {what}", way_out) for row in np.flatnonzero(values < 0)]


def _note_estimates(table: Table, used: NDArray[np.bool_], notes: list[str]) -> None:
    """Report the share of rows that their publisher marks as estimated."""
    for index, title in enumerate(table.header):
        if "estimated" not in title.lower():
            continue
        cells = [cell.lower() for cell, wanted in zip(table.column(index), used, strict=True) if wanted]
        if cells and set(cells) <= {"true", "false", "1", "0", "yes", "no", ""}:
            share = sum(cell in ("true", "1", "yes") for cell in cells) / len(cells)
            notes.append(f"{share:.2%} of the values are marked as estimated in '{title}'")
