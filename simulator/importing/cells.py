"""Columns of log files: found by name, and read as amounts with their units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from simulator.errors import InputError, LawError
from simulator.importing.imported import Floats
from simulator.series.table import RowProblem, Table, is_missing, listed
from simulator.units import parse_unit

#: what the tools write where there is no value; the number is DCGM's blank of 64 bits, dcgm_structs.h, and its neighbours
_NONE = frozenset(
    {
        "n/a",
        "[n/a]",
        "[not supported]",
        "not supported",
        "[unknown error]",
        "err!",
        "nan",
        "none",
        "null",
        "unknown",
        "[gpu requires reset]",
    }
)
_BLANK = re.compile(r"92233720368547757\d\d(?:\.0*)?|1407374883553\d\d(?:\.0*)?")
_LONG = 15  # digits of such a blank, at least
_AMOUNT = re.compile(r"(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s].*)?")
_BRACKETS = re.compile(r"[\[(]([^\])]*)[\])]\s*$")


def is_blank(cell: str) -> bool:
    """Return whether a cell stands for a value that is not there.

    Examples
    --------
    >>> is_blank("[N/A]"), is_blank("0")
    (True, False)
    """
    return is_missing(cell) or cell.casefold() in _NONE or _BLANK.fullmatch(cell) is not None


def column_of(table: Table, names: Sequence[str], what: str, way_out: str) -> int:
    """Return the column that bears one of some names, units in brackets aside.

    Raises
    ------
    InputError
        Where there is none, with the way to get it.
    """
    found = find_column(table, names)
    if found is None:
        raise InputError(f"{table.source} has no column of {what} ({' or '.join(names)}); it has {listed(table.header)}. {way_out}")
    return found


def find_column(table: Table, names: Iterable[str]) -> int | None:
    """Return the first column that bears one of some names, in their order; None without one.

    Raises
    ------
    InputError
        Where two columns bear the name.
    """
    titles = [bare(title) for title in table.header]
    for name in names:
        if titles.count(name) > 1:
            raise InputError(f"{table.source} has {titles.count(name)} columns named {name}. Keep one of them")
        if name in titles:
            return titles.index(name)
    return None


def bare(title: str) -> str:
    """Return the name of a column without its unit.

    Examples
    --------
    >>> bare("power.draw [W]")
    'power.draw'
    """
    return _BRACKETS.sub("", title).strip().casefold()


def amounts(table: Table, index: int, unit: str, problems: list[RowProblem], *, stated: str = "") -> Floats:
    """Read a column of amounts.

    Parameters
    ----------
    table : Table
    index : int
        Of the column; a unit may stand in brackets in its title, and behind each number.
    unit : str
        In which they are returned.
    problems : list of RowProblem
        Cells that are none are added to it.
    stated : str
        Unit of bare numbers, in place of the title's.

    Returns
    -------
    ndarray, shape (rows,)
        NaN where a cell is blank or no amount.

    Raises
    ------
    InputError
        Where the unit of the title is not one of ``unit``.
    """
    in_title = _BRACKETS.search(table.header[index])
    place = f"{table.source}: {table.named(index)}"
    try:
        factors = {"": _factor(stated or (in_title[1] if in_title else unit), unit)}
    except LawError as error:
        raise InputError(f"{place}: {error}") from None
    cells = table.column(index)
    comma = table.delimiter != "," and any("," in cell for cell in cells)
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        match = _AMOUNT.fullmatch(cell.replace(",", ".") if comma else cell)
        if (match is None or len(cell) >= _LONG) and is_blank(cell):
            continue
        try:
            if match is None:
                raise LawError("it is not a number", "Numbers are written like 400, 400.00 or 4e2, a unit may follow")
            own = (match["unit"] or "").strip()
            if own not in factors:
                factors[own] = _factor(own, unit)
            values[row] = float(match["number"]) * factors[own]
        except LawError as error:
            way_out = error.way_out or f"Values are in {unit}, or have their unit behind them"
            problems.append(RowProblem(table.lines[row], f"'{cell}' in {table.named(index)}: {error.what}", way_out))
    return values


def _factor(given: str, unit: str) -> float:
    """Return what one of a unit is in another."""
    own, wanted = parse_unit(given), parse_unit(unit)
    if own.powers != wanted.powers:
        raise LawError(f"'{given}' is not a unit of this column, which is measured in {unit}", f"State it in {unit}")
    return float(own.factor / wanted.factor)


def within(table: Table, index: int, values: Floats, low: float, high: float, unit: str, problems: list[RowProblem]) -> None:
    """Add to the problems what lies outside of a range, which no such thing has."""
    for row in np.flatnonzero((values < low) | (values > high)):
        what = f"'{table.column(index)[row]}' in {table.named(index)} does not lie in {low:g} to {high:g} {unit}".rstrip()
        problems.append(RowProblem(table.lines[row], what, "Correct the rows, or empty their cells"))
