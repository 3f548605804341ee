"""History of runs as Weights & Biases exports it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import InputError
from simulator.importing.cells import amounts
from simulator.importing.imported import Floats, Imported
from simulator.importing.metrics import Logged, imported_metric
from simulator.importing.options import Options
from simulator.series.table import RowProblem, Table, listed, read_lines, read_table, refuse

_STEPS, _TIMES = ("_step", "step", "global_step", "trainer/global_step"), ("_timestamp", "_runtime", "wall time", "relative time (process)")
_BOUNDS = re.compile(r"__(?:min|max)$", re.IGNORECASE)
_HOW = "Export a chart as CSV, or the history: run.history().to_csv(...), or one JSON object a line of run.scan_history()"


def import_wandb(paths: Sequence[Path], options: Options) -> Imported:
    """Read the history of a metric.

    Parameters
    ----------
    paths : sequence of Path
        CSV of a chart (``"Step","RUN - METRIC","RUN - METRIC__MIN","RUN - METRIC__MAX"``, a column for each run), CSV of
        ``run.history()`` (``_step``, ``_runtime``, ``_timestamp`` and a column for each metric), or JSON lines with the same keys.
        Each file of a history is a run.
    options : Options
        ``column`` names the metric.

    References
    ----------
    https://docs.wandb.ai, "Import and export data" and "Download data from W&B": run.history, run.scan_history, export of plots.
    """
    parts = [_read(path, options) for path in paths]
    first = parts[0]
    runs = [part.runs if len(paths) == 1 else np.array([f"{part.source} {run}".strip() for run in part.runs]) for part in parts]
    whole = replace(
        first,
        source=", ".join(part.source for part in parts),
        runs=np.concatenate(runs),
        steps=np.concatenate([part.steps for part in parts]),
        seconds=np.concatenate([part.seconds for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        notes=tuple(note for part in parts for note in part.notes),
    )
    return imported_metric("wandb", whole, options)


def _read(path: Path, options: Options) -> Logged:
    head = next((line for line in read_lines(path) if line.strip()), "").lstrip()
    table = _json_lines(path) if head.startswith("{") else read_table(path)
    table = table.where(options.where)
    titles = [title.casefold() for title in table.header]
    step, time = _first(titles, _STEPS), _first(titles, _TIMES)
    columns = _metric(table, [i for i in (step, time) if i is not None], options)
    problems: list[RowProblem] = []
    steps, seconds = (_numbers(table, index, problems) for index in (step, time))
    values = np.concatenate([_numbers(table, index, problems) for index in columns])
    if problems:
        refuse(table.source, problems)
    known = ~np.isnan(values)
    if not known.any():
        raise InputError(f"{table.source}: {table.named(columns[0])} has no value. {_HOW}")
    lost = int(np.sum(~known))
    notes = (f"{table.source}: {lost} of {known.size} cells have no value and were left out",) if lost else ()
    runs = np.repeat(np.array([table.header[i].rpartition(" - ")[0] for i in columns]), len(table.rows))
    steps, seconds = (np.tile(x, len(columns))[known] for x in (steps, seconds))
    return Logged(table.source, _name(table.header[columns[0]]), runs[known], steps, seconds, values[known], notes)


def _first(titles: Sequence[str], names: Sequence[str]) -> int | None:
    return next((titles.index(name) for name in names if name in titles), None)


def _name(title: str) -> str:
    """Return the metric of a column: that of a chart has the run before it."""
    return title.rpartition(" - ")[2]


def _metric(table: Table, others: Sequence[int], options: Options) -> list[int]:
    """Return the columns of the metric: one, or one for each run of a chart."""
    found = [i for i, title in enumerate(table.header) if i not in others and not _BOUNDS.search(title)]
    if options.column is not None:
        named = [i for i in found if options.column in (table.header[i], _name(table.header[i]))]
        return named or [table.index(options.column, "--column")]
    found = [i for i in found if table.header[i] and not table.header[i].startswith("_")]
    names = dict.fromkeys(_name(table.header[i]) for i in found)
    if len(names) == 1:
        return found
    what = f"several metrics: {listed(names)}; say which with --column" if names else f"no metric beside {listed(table.header)}. {_HOW}"
    raise InputError(f"{table.source} has {what}")


def _numbers(table: Table, index: int | None, problems: list[RowProblem]) -> Floats:
    return np.full(len(table.rows), np.nan) if index is None else amounts(table, index, "1", problems, stated="1")


def _json_lines(path: Path) -> Table:
    """Return objects, one a line, as a table of all their keys; what is no number is left empty."""
    objects: list[dict[str, Any]] = []
    lines: list[int] = []
    problems: list[RowProblem] = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = (
                f"{error.msg} at column {error.colno}"
                if isinstance(error, json.JSONDecodeError)
                else "nested too deep, or a number too long"
            )
            problems.append(
                RowProblem(
                    number,
                    f"is not JSON: {what}",
                    "Each line is one object; a last line cut short is left out by hand",
                )
            )
            continue
        if not isinstance(item, dict):
            problems.append(RowProblem(number, f"is {type(item).__name__}, not an object", 'Each line is one object, {"_step": 1, ...}'))
            continue
        objects.append(item)
        lines.append(number)
    if problems:
        refuse(path.name, problems)
    header = tuple(dict.fromkeys(key for item in objects for key in item))
    return Table(path.name, header, [[_cell(item.get(key)) for key in header] for item in objects], lines, ",")


def _cell(value: Any) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and abs(value) <= sys.float_info.max:  # neither NaN, nor infinite, nor a whole number that no double holds
        return repr(value)
    return value if isinstance(value, str) else ""
