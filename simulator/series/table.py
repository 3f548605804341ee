"""A CSV file as rows of text: compression and delimiter are found out, numbers are read strictly."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError, Problem, short
from simulator.text_file import MOST_DATA, read_bytes

_SHOWN = 5  # problems, or values of a column; the rest is counted
_LISTED = 12  # columns
_MISSING = frozenset({"", "-", "n/e", "n/a"})  # n/e: "not expected", as ENTSO-E writes
_HOW_NUMBERS_ARE_WRITTEN = (
    "Numbers are written like -12.5, without thousands separators; a decimal comma is read in files separated by semicolons "
    "or tabs; an empty cell, '-', 'n/e' or 'n/a' is a missing value"
)


@dataclass(frozen=True)
class Table:
    """The text of a CSV file.

    Attributes
    ----------
    source : str
        Name of the file.
    header : tuple of str
    rows : list of list of str
        Each as long as the header.
    lines : list of int
        Line of the file that each row stands in.
    delimiter : str
    """

    source: str
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    delimiter: str

    def column(self, index: int) -> list[str]:
        """Return the cells of a column, without blanks around them."""
        return [row[index].strip() for row in self.rows]

    def named(self, index: int) -> str:
        """Return how a message calls a column."""
        return f"column '{short(self.header[index])}'" if self.header[index] else f"column {index + 1}, which has no name,"

    def index(self, name: str, option: str) -> int:
        """Return the column that an option names.

        Raises
        ------
        InputError
            Where there is none, or more than one, of that name.
        """
        wanted = name.strip()
        found = [i for i, title in enumerate(self.header) if title == wanted]
        found = found or [i for i, title in enumerate(self.header) if title.casefold() == wanted.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f"{option} {name}: {self.source} has {len(found)} columns of that name; rename one of them")
        near = get_close_matches(wanted, self.header, n=1, cutoff=0.6)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise InputError(f"{option} {name}: {self.source} has no such column; {hint}it has {listed(self.header)}")

    def keep(self, mask: Iterable[bool]) -> Table:
        """Return the table with the rows of a mask only."""
        kept = [i for i, wanted in enumerate(mask) if wanted]
        return replace(self, rows=[self.rows[i] for i in kept], lines=[self.lines[i] for i in kept])

    def where(self, conditions: Mapping[str, str]) -> Table:
        """Return the rows whose cells equal the given ones.

        Raises
        ------
        InputError
            Where no row is left.
        """
        table = self
        for name, value in conditions.items():
            cells = table.column(table.index(name, "--where"))
            kept = table.keep(cell == value.strip() for cell in cells)
            if not kept.rows:
                raise InputError(f"--where {name}={value}: no row of {self.source} has it; '{name}' has {listed(sorted(set(cells)))}")
            table = kept
        return table


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row, and what its author can do about it."""

    line: int
    what: str
    way_out: str


def refuse(source: str, problems: Sequence[RowProblem]) -> NoReturn:
    """Raise all problems of a file at once: the first few in words, the others counted, each way out once."""
    shown = sorted(problems, key=lambda problem: problem.line)[:_SHOWN]
    head = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    tail = f"; the first {_SHOWN} are" if len(problems) > _SHOWN else ""
    letters = [f"  {Problem(problem.what, where=f'{source}, line {problem.line}')}" for problem in shown]
    raise InputError("\n".join([f"{head} in {source}{tail}:", *letters, *dict.fromkeys(problem.way_out for problem in shown)]))


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists them: the first few, the others counted."""
    quoted = [f"'{short(name)}'" for name in names]
    return ", ".join(quoted[:_LISTED]) + (f" and {len(quoted) - _LISTED} more" if len(quoted) > _LISTED else "")


def is_missing(cell: str) -> bool:
    """Return whether a cell without blanks stands for a missing value."""
    return cell.lower() in _MISSING


def read_table(path: str | Path, *, may_be_empty: bool = False, delimiter: str | None = None) -> Table:
    """Read a CSV file, compressed with gzip or not.

    The delimiter is the tab, semicolon or comma by which the header has several cells and the next
    row as many.

    Parameters
    ----------
    path : str or Path
    may_be_empty : bool
        Whether a header without rows is a table too.
    delimiter : str, optional
        Where it is known.

    Returns
    -------
    Table
        Without blank rows.

    Raises
    ------
    InputError
        Where the file cannot be read, is not text in UTF-8, has no rows, or has rows that are
        longer or shorter than its header.
    """
    path = Path(path)
    text = _text(path)
    delimiter = delimiter or _delimiter(text)
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num} cannot be read as CSV: {error}; is a quotation mark left open?") from None
    if not rows:
        raise InputError(f"{path} is empty; a table has a header and rows below it")
    header = tuple(cell.strip() for cell in rows[0])
    if not rows[1:] and not may_be_empty:
        raise InputError(f"{path} has a header ({listed(header)}) and no rows below it")
    return Table(path.name, header, _squared(path.name, header, rows[1:], lines[1:]), lines[1:], delimiter)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that is no table, compressed with gzip or not.

    Raises
    ------
    InputError
        Where the file cannot be read or is not text in UTF-8.
    """
    return _text(path).splitlines()


def _text(path: Path) -> str:
    try:
        if not os.path.exists(path):
            raise InputError(f"{path!s} does not exist")
        if path.is_dir():
            raise InputError(f"{path} is a directory; name a CSV file in it")
        raw = read_bytes(path)
        if raw.startswith(b"\x1f\x8b"):  # the mark of gzip, RFC 1952
            with gzip.open(io.BytesIO(raw)) as unpacked:
                raw = unpacked.read(MOST_DATA + 1)
            if len(raw) > MOST_DATA:
                raise InputError(f"{path} is larger than {MOST_DATA} bytes when it is unpacked, the most that is read. Cut it in parts")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    try:
        wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # what `>` of Windows' PowerShell writes
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(f"{path} is not text in UTF-8; export it as CSV in UTF-8 (a workbook is saved as 'CSV UTF-8')")
    return text


def _delimiter(text: str) -> str:
    head = [line for line in text[:100_000].splitlines() if line.strip()][:2]  # csv refuses cells above 131072 characters
    widths = {mark: [len(next(csv.reader([line], delimiter=mark))) for line in head] for mark in "\t;,"}
    fitting = [mark for mark, width in widths.items() if len(set(width)) == 1 and width[0] > 1]
    return fitting[0] if fitting else max(widths, key=lambda mark: widths[mark][:1])


def _squared(source: str, header: tuple[str, ...], rows: list[list[str]], lines: list[int]) -> list[list[str]]:
    """Return the rows, each as long as the header; empty cells beyond it are the marks of a trailing delimiter."""
    width, squared, problems = len(header), [], []
    for row, line in zip(rows, lines, strict=True):
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            way_out = "A row has as many cells as the header; a comma inside a cell needs quotation marks around the cell"
            problems.append(RowProblem(line, f"{len(row)} cells where the header has {width}", way_out))
        squared.append(row[:width])
    if problems:
        refuse(source, problems)
    return squared


def numbers(table: Table, index: int) -> tuple[NDArray[np.float64], list[RowProblem]]:
    """Read a column of numbers.

    Parameters
    ----------
    table : Table
    index : int

    Returns
    -------
    values : ndarray
        NaN where a value is missing or is no number.
    problems : list of RowProblem
        The cells that are no numbers; ``nan`` and ``inf`` are none.
    """
    cells = table.column(index)
    mark = "," if table.delimiter != "," and any("," in cell for cell in cells) else "."
    is_number = re.compile(rf"[+-]?(?:[0-9]+(?:{re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+)(?:[eE][+-]?[0-9]{{1,2}})?").fullmatch
    values = np.full(len(cells), np.nan)
    problems = []
    for row, cell in enumerate(cells):
        if is_number(cell):
            values[row] = float(cell.replace(",", "."))
        elif not is_missing(cell):
            problems.append(
                RowProblem(table.lines[row], f"'{short(cell)}' in {table.named(index)} is not a number", _HOW_NUMBERS_ARE_WRITTEN)
            )
    return values, problems
