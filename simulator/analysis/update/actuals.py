"""What is known of a run that is under way: totals so far by column of a CSV file, with the errors of their measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES
from simulator.scenario.dates import date_of, hours_of
from simulator.series.table import RowProblem, Table, is_missing, listed, read_table, refuse
from simulator.units import convert, parse_amount

#: column -> the quantity whose unit and domain it has
COLUMNS = {
    "device_hours": "device_hours",
    "tokens": "tokens",
    "progress": "progress",
    "energy": "energy",
    "spend": "cost_total",
    "emissions": "emissions_total",
    "interruptions": "interruptions",
}
_LARGEST_ERROR = 1.0
_ADMISSIBLE = f"Columns are date or hours, {', '.join(COLUMNS)}, and NAME_error for all but interruptions; a unit may follow as NAME [UNIT]"


@dataclass(frozen=True)
class Observation:
    """The last total that is known of a quantity.

    Attributes
    ----------
    column : str
        One of ``COLUMNS``.
    value : float
        In the canonical unit, > 0; of interruptions a whole number >= 0.
    hours : float
        Time since the start of the run at which it was read [h], > 0.
    error : float
        Relative standard error of the measurement, >= 0; 0 for interruptions, which are counted.
    line : int
        Of the file.
    """

    column: str
    value: float
    hours: float
    error: float
    line: int


@dataclass(frozen=True)
class Actuals:
    """Totals so far.

    Attributes
    ----------
    source : str
        Name of the file.
    observations : tuple of Observation
        One for each column that has a value: its last, since a total holds what came before it.
    """

    source: str
    observations: tuple[Observation, ...] = ()

    @property
    def hours(self) -> float:
        """Time of the last total [h]; 0 where nothing is known."""
        return max((o.hours for o in self.observations), default=0.0)


def read_actuals(path: str | Path, *, start: float | None = None) -> Actuals:
    r"""Read totals so far.

    Parameters
    ----------
    path : str or Path
        CSV with a column ``hours`` (since the start) or ``date``, and any of ``COLUMNS``: totals since the start, each with an optional
        column ``NAME_error``, its relative standard error (0.02 or 2%); left out, the total is
        exact. Units stand in the header (``energy [MWh]``), in the cells
        (``1.2 GWh``), or are canonical. Empty cells are not known.
    start : float, optional
        Start of the run [h since 1970-01-01T00:00Z]; needed where the file has dates.

    Returns
    -------
    Actuals
        Nothing observed where the file has a header only.

    Raises
    ------
    InputError
        Naming line and column: unknown columns, cells that are no amounts, times that do not ascend or lie before the start, totals that
        fall, are negative, or say nothing because the last one is nought.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     _ = file.write("hours,energy [MWh],interruptions\n100,30,2\n200,61 MWh,3\n")
    ...     file.flush()
    ...     [(o.column, o.value, o.error) for o in read_actuals(file.name).observations]
    [('energy', 61000.0, 0.0), ('interruptions', 3.0, 0.0)]
    """
    table = read_table(path, may_be_empty=True)
    titles = [_title(table, index) for index in range(len(table.header))]
    names = [name for name, _ in titles]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{table.source}: column {listed(doubled)} stands more than once. Keep one of each")
    for name in names:
        if name.endswith("_error") and name.removesuffix("_error") not in names:
            raise InputError(
                f"{table.source}: column '{name}' has no column '{name.removesuffix('_error')}' beside it. Add it, or leave it out"
            )
    problems: list[RowProblem] = []
    hours = _hours(table, names, start, problems)
    observations = []
    for name in (name for name in names if name in COLUMNS):
        index = names.index(name)
        values = _cells(table, index, _amount(name, titles[index][1]), problems)
        errors = _errors(table, names, name, problems)
        _require_rising(table, index, values, problems)
        known = [row for row, value in enumerate(values) if value is not None]
        if problems or not known:
            continue
        last = known[-1]
        value, error, time = values[last], errors[last], hours[last]
        if value is None or time is None:
            continue
        if time <= 0.0 or (value == 0.0 and name != "interruptions"):
            way_out = "Leave the cell empty until there is something to tell"
            problems.append(
                RowProblem(table.lines[last], f"the last total of {table.named(index)}, {value:g} after {time:g} h, says nothing", way_out)
            )
            continue
        observations.append(Observation(name, value, time, error or 0.0, table.lines[last]))
    if problems:
        refuse(table.source, problems)
    return Actuals(table.source, tuple(observations))


def _title(table: Table, index: int) -> tuple[str, str]:
    """Return name and unit of a column."""
    name, bracket, unit = table.header[index].partition("[")
    name, unit = name.strip().casefold(), unit.strip().removesuffix("]").strip()
    known = ["date", "hours", *COLUMNS, *(f"{column}_error" for column in COLUMNS if column != "interruptions")]
    place = f"{table.source}: {table.named(index)}"
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise InputError(f"{place} is not known; {hint}{_ADMISSIBLE}")
    if bracket and name not in COLUMNS:
        raise InputError(f"{place} has no unit to choose: hours are in h, errors are shares of the total. Leave '[{unit}]' out")
    if bracket:
        try:
            QUANTITIES[COLUMNS[name]].parse(f"1 {unit}")
        except LawError as error:
            raise InputError(f"{place}: {error}") from None
    return name, unit


def _amount(name: str, unit: str) -> Callable[[str], float]:
    """Return what reads a cell of a column in its canonical unit."""
    quantity = QUANTITIES[COLUMNS[name]]

    def parse(cell: str) -> float:
        value = quantity.parse(cell if parse_amount(cell).unit or not unit else f"{cell} {unit}")
        if value < 0.0:
            raise LawError(f"{value:g} is negative", "Totals since the start are not")
        if value not in quantity.domain and value != 0.0:
            raise LawError(f"{value:g} does not lie in the domain of {name}, {quantity.domain}")
        if name == "interruptions" and value != int(value):
            raise LawError(f"{value:g} is no count", "Interruptions are whole numbers")
        return value

    return parse


def _share(cell: str) -> float:
    value = convert(parse_amount(cell), "1")
    if not 0.0 <= value <= _LARGEST_ERROR:
        raise LawError(f"{value:g} is no relative standard error", f"It lies in 0 to {_LARGEST_ERROR:g}: 0.02, or 2%")
    return value


def _cells(table: Table, index: int, parse: Callable[[str], float], problems: list[RowProblem]) -> list[float | None]:
    """Return the values of a column, None where a cell is empty or is none; the latter are added to the problems."""
    values: list[float | None] = []
    for cell, line in zip(table.column(index), table.lines, strict=True):
        try:
            values.append(None if is_missing(cell) else parse(cell))
        except LawError as error:
            values.append(None)
            problems.append(RowProblem(line, f"'{cell}' in {table.named(index)}: {error.what}", error.way_out or _ADMISSIBLE))
    return values


def _errors(table: Table, names: list[str], name: str, problems: list[RowProblem]) -> list[float | None]:
    own = f"{name}_error"
    return _cells(table, names.index(own), _share, problems) if own in names else [None] * len(table.rows)


def _hours(table: Table, names: list[str], start: float | None, problems: list[RowProblem]) -> list[float | None]:
    """Return the time of each row since the start."""
    found = [name for name in ("date", "hours") if name in names]
    if len(found) != 1:
        which = "neither a column 'date' nor" if not found else "both a column 'date' and"
        raise InputError(f"{table.source} has {which} a column 'hours'; it needs one of them. It has {listed(table.header)}")
    if found == ["date"] and start is None and table.rows:
        raise InputError(
            f"{table.source} has dates, and the scenario has no certain start_time. Say when the run began: --start 2027-01-11"
        )
    index = names.index(found[0])

    def since_start(cell: str) -> float:
        moment = hours_of(cell)
        if not isinstance(moment, float):
            raise LawError(f"{cell} is a range", "A total is read at one time")
        hours = moment - (start or 0.0)
        if hours < 0.0:
            raise LawError(
                f"it lies before the start of the run, {date_of(start or 0.0)}", "State another start with --start, or leave the row out"
            )
        return hours

    def elapsed(cell: str) -> float:
        hours = convert(parse_amount(cell), "h")
        if hours < 0.0:
            raise LawError("it lies before the start of the run", "Hours are counted from the start of the run")
        return hours

    times = _cells(table, index, since_start if found == ["date"] else elapsed, problems)
    for row, cell in enumerate(table.column(index)):
        if is_missing(cell):
            problems.append(RowProblem(table.lines[row], f"{table.named(index)} is empty", "Every row has its time"))
    known = [(row, time) for row, time in enumerate(times) if time is not None]
    for (before, earlier), (row, time) in pairwise(known):
        if time <= earlier:
            what = f"the time in {table.named(index)} is not after that of line {table.lines[before]}"
            problems.append(RowProblem(table.lines[row], what, "Rows stand in the order of time, one for each"))
    return times


def _require_rising(table: Table, index: int, values: list[float | None], problems: list[RowProblem]) -> None:
    """Add to the problems where a total falls."""
    known = [(row, value) for row, value in enumerate(values) if value is not None]
    for (before, earlier), (row, value) in pairwise(known):
        if value < earlier:
            what = f"{table.named(index)} falls from {earlier:g} in line {table.lines[before]} to {value:g}"
            problems.append(RowProblem(table.lines[row], what, "Columns hold totals since the start, which do not fall"))
