"""Which column of a data file is what, and which rows are one series.

What the header and the first cells do not tell is asked for, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from simulator.errors import InputError
from simulator.series.stamps import is_since_1970, is_stamp
from simulator.series.table import Table, is_missing, listed
from simulator.series.units import ELECTRICITY_MAPS, PRICE_NAMES, Quantity, kind, stated_unit, value_flag

_NAMES = {
    "price": PRICE_NAMES,
    "carbon": re.compile(r"carbon|co2|co₂|emission|intensity|(?<![a-z])(?:ci|aci)(?![a-z])", re.IGNORECASE),
}
_NO_VALUES = re.compile(r"%|percent|estimat|source|currency(?!/)", re.IGNORECASE)
_LIFE_CYCLE = re.compile(r"life.?cycle|(?<![a-z])lca(?![a-z])", re.IGNORECASE)
_DIRECT = re.compile(r"(?<![a-z])direct(?![a-z])", re.IGNORECASE)
_DAY_AHEAD = re.compile(r"day.?ahead", re.IGNORECASE)
_END = re.compile(r"(?<![a-z])(?:end|stop|until|to|bis)(?![a-z])", re.IGNORECASE)
_PUBLISHED = re.compile(r"update", re.IGNORECASE)  # when a row was, as ENTSO-E's file library tells
_EPOCH_NAME = re.compile(r"time|date|epoch|unix", re.IGNORECASE)
_SERIES = re.compile(r"(?:area|region|country|pair|location|node|hub|(?:bidding[ _]?)?zone)(?:[ _]?(?:id|name|key|code))?", re.IGNORECASE)

_FLAGS = "--time-column, {value}, --timezone, --unit and --where COLUMN=VALUE"


def _undecided(table: Table, what: str, quantity: Quantity) -> InputError:
    flags = _FLAGS.format(value=value_flag(quantity))
    return InputError(f"{table.source}: {what}. Its columns are {listed(table.header)}; what is what can be said with {flags}")


def select(table: Table, where: Mapping[str, str], notes: list[str]) -> Table:
    """Return the rows of one series: those asked for, and of ENTSO-E's auctions the first.

    Parameters
    ----------
    table : Table
    where : mapping
        Column -> value.
    notes : list of str
        What was left out is added to it.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        Where no row is asked for, or where a column such as ``Area`` tells several series.
    """
    total = len(table.rows)
    selected = table.where(where)
    if where:
        notes.append(f"{len(selected.rows)} of {total} rows have {' and '.join(f'{k}={v}' for k, v in where.items())}")
    named = {selected.header[selected.index(name, "--where")] for name in where}
    for index, title in enumerate(selected.header):
        if title in named:
            continue
        if title.casefold() == "sequence":
            selected = _first_auction(selected, index, notes)
        elif _SERIES.fullmatch(title):
            kinds = sorted({cell for cell in selected.column(index) if not is_missing(cell)})
            if len(kinds) > 1:
                raise InputError(
                    f"{table.source} holds several series: '{title}' has {listed(kinds)}; say which with --where '{title}={kinds[0]}'"
                )
    return selected


def _first_auction(table: Table, index: int, notes: list[str]) -> Table:
    """Keep sequence 1, the coupled day-ahead auction; later sequences are auctions of single exchanges."""
    cells = table.column(index)
    sequence = {cell: int("".join(re.findall(r"[0-9]", cell)) or 1) for cell in set(cells)}
    first = min(sequence.values())
    others = {cell for cell, number in sequence.items() if number > first}
    if others:
        left = sum(cell in others for cell in cells)
        notes.append(f"{left} of {len(cells)} rows are of other auctions ({listed(sorted(others))}) and were left out")
    return table.keep(cell not in others for cell in cells)


def find_time_column(table: Table, flag: str | None, quantity: Quantity, notes: list[str]) -> int:
    """Return the column of time stamps: the option's, else the only one, else that of a known publisher.

    Parameters
    ----------
    table : Table
    flag : str or None
        What ``--time-column`` says.
    quantity : {'price', 'carbon'}
        For the message.
    notes : list of str
        A choice among several is added to it.

    Returns
    -------
    int

    Raises
    ------
    InputError
        Listing the columns, where it is not clear.
    """
    if flag is not None:
        return table.index(flag, "--time-column")
    found = [i for i in range(len(table.header)) if _tells_time(table, i) and not _PUBLISHED.match(table.header[i])]
    preferences: tuple[Callable[[str], bool], ...] = (
        lambda title: title.startswith("mtu"),  # ENTSO-E; it has a second interval for the intraday auctions
        lambda title: "utc" in title,
        lambda title: title == "datetime",  # Electricity Maps; it has seconds since 1970, too
        lambda title: not _END.search(title),
    )
    for prefers in preferences:
        preferred = [i for i in found if prefers(table.header[i].casefold())]
        if len(preferred) == 1:
            others = [table.header[i] for i in found if i not in preferred]
            if others:
                notes.append(f"the time is read from '{table.header[preferred[0]]}', not from {listed(others)}")
            return preferred[0]
    if found:
        names = listed(table.header[i] for i in found)
        raise InputError(f"{table.source}: several columns hold time stamps: {names}; say which with --time-column")
    raise _undecided(table, "no column holds time stamps", quantity)


def _first_cells(table: Table, index: int) -> list[str]:
    """Return a few cells that are not empty, from which the kind of a column is told."""
    return [cell for cell in (row[index].strip() for row in table.rows[:200]) if not is_missing(cell)][:5]


def _tells_time(table: Table, index: int) -> bool:
    cells = _first_cells(table, index)
    since_1970 = bool(_EPOCH_NAME.search(table.header[index])) and all(map(is_since_1970, cells))
    return bool(cells) and (since_1970 or all(map(is_stamp, cells)))


def find_value_column(table: Table, flag: str | None, time: int, quantity: Quantity, notes: list[str]) -> int:
    """Return the column of values: the option's, else the only one whose unit, or else name, fits.

    Of several intensities the only life-cycle one is taken, of several prices the only day-ahead one.

    Parameters
    ----------
    table : Table
    flag : str or None
        What ``--price-column`` or ``--carbon-column`` says.
    time : int
        Column of the time stamps.
    quantity : {'price', 'carbon'}
    notes : list of str
        A choice among several is added to it.

    Returns
    -------
    int

    Raises
    ------
    InputError
        Listing the columns, where it is not clear.
    """
    index = table.index(flag, value_flag(quantity)) if flag is not None else _choose(table, time, quantity, notes)
    if quantity == "carbon" and _DIRECT.search(table.header[index]):
        notes.append(f"'{table.header[index]}' is direct: emissions of fuel supply and construction are not in it")
    return index


def _choose(table: Table, time: int, quantity: Quantity, notes: list[str]) -> int:
    others = [i for i in range(len(table.header)) if i != time]
    found = [i for i in others if _quantity_of(table.header[i]) == quantity]
    if not found:
        found = [i for i in others if table.header[i] == ELECTRICITY_MAPS] if quantity == "carbon" else []
    if not found:
        named = [i for i in others if _NAMES[quantity].search(table.header[i]) and not _NO_VALUES.search(table.header[i])]
        found = [i for i in named if not _tells_time(table, i)]
    if not found and len(others) == 1:
        found = others
    preference, word = (_LIFE_CYCLE, "life-cycle intensity") if quantity == "carbon" else (_DAY_AHEAD, "day-ahead price")
    preferred = [i for i in found if preference.search(table.header[i])]
    if len(found) > 1 and len(preferred) == 1:
        left = [table.header[i] for i in found if i not in preferred]
        notes.append(f"the {word} '{table.header[preferred[0]]}' is read, not {listed(left)}")
        found = preferred
    if len(found) == 1:
        return found[0]
    if found:
        names = listed(table.header[i] for i in found)
        raise InputError(f"{table.source}: several columns may be the {kind(quantity)}: {names}; say which with {value_flag(quantity)}")
    raise _undecided(table, f"no column looks like a {kind(quantity)}", quantity)


def _quantity_of(header: str) -> str | None:
    found = stated_unit(header)
    return found.quantity if found else None


def apart(table: Table, time: int, column: int) -> str:
    """Return how rows of one time might be told apart, as the way out of a message."""
    kinds = {
        title: sorted(set(table.column(i)) - {""})
        for i, title in enumerate(table.header)
        if i not in (time, column) and not all(map(_is_number, _first_cells(table, i)))
    }
    few = {title: values for title, values in kinds.items() if 1 < len(values) <= 100}
    if not few:
        return "Keep one row for each time"
    return "Keep one row for each time, for example with " + " or ".join(f"--where '{title}={values[0]}'" for title, values in few.items())


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[-+0-9.,eE]+", cell) is not None
