"""Metrics as MLflow keeps and exports them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.importing.cells import amounts, column_of
from simulator.importing.imported import Floats, Imported
from simulator.importing.metrics import Logged, imported_metric
from simulator.importing.options import Options
from simulator.series.table import RowProblem, Table, listed, read_lines, read_table, refuse

_POINT = re.compile(r"\d{10,13} \S+(?: -?\d+)?", re.ASCII)
_HOW = (
    "A chart of MLflow downloads as CSV with Run ID, metric, step, timestamp, value; a metric file has a line 'TIMESTAMP VALUE STEP' for "
    "each value, and stands in mlruns/EXPERIMENT/RUN/metrics/"
)


def import_mlflow(paths: Sequence[Path], options: Options) -> Imported:
    """Read the history of a metric.

    Parameters
    ----------
    paths : sequence of Path
        CSV of a chart's download (``Run,Run ID,metric,step,timestamp,value`` or ``run_id,key,value,step,timestamp``; times
        in milliseconds), or metric files of the file store, lines of ``timestamp value step``, each of one run and named after its metric.
    options : Options
        ``column`` names the metric, the key.

    References
    ----------
    https://mlflow.org/docs/latest, "MLflow tracking", file store: ``mlflow/store/tracking/file_store.py`` writes metric files,
    ``mlflow/server/js/src/experiment-tracking/utils/CsvUtils.ts`` (chartMetricHistoryToCsv) the CSV, and ``MetricsUtils.ts``
    (convertMetricsToCsv) that of comparisons.
    """
    parts = [_read(path, options) for path in paths]
    names = dict.fromkeys(part.name for part in parts)
    if len(names) > 1:
        raise InputError(f"the files are of several metrics: {listed(names)}. Import those of one metric")
    whole = Logged(
        ", ".join(part.source for part in parts),
        parts[0].name,
        np.concatenate([np.array([f"{place} {run}" for run in part.runs]) for place, part in enumerate(parts)]),
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.values for part in parts]),
        tuple(note for part in parts for note in part.notes),
    )
    return imported_metric("mlflow", whole, options)


def _read(path: Path, options: Options) -> Logged:
    lines = [line for line in read_lines(path) if line.strip()]
    if lines and _POINT.fullmatch(lines[0].strip()):
        return _metric_file(path)
    table = read_table(path).where(options.where)
    keys = table.column(column_of(table, ("metric", "key"), "metrics", _HOW))
    known = dict.fromkeys(keys)
    if options.column is None and len(known) > 1:
        raise InputError(f"{table.source} has several metrics: {listed(known)}; say which with --column")
    name = options.column if options.column is not None else next(iter(known))
    if name not in known:
        raise InputError(f"--column {name}: {table.source} has no metric of that name; it has {listed(known)}")
    table = table.keep(key == name for key in keys)
    return _logged(table, name, column_of(table, ("run id", "run_id"), "runs", _HOW))


def _metric_file(path: Path) -> Logged:
    """Return a metric file as a table with the columns of the CSV."""
    rows, numbers, problems = [], [], []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        words = line.split()
        if not _POINT.fullmatch(" ".join(words)):
            problems.append(RowProblem(number, f"'{line.strip()[:60]}' is not TIMESTAMP VALUE STEP", _HOW))
            continue
        rows.append([words[0], words[1], words[2] if len(words) > 2 else "0"])
        numbers.append(number)
    if problems:
        refuse(path.name, problems)
    return _logged(Table(path.name, ("timestamp", "value", "step"), rows, numbers, " "), path.name, None)


def _logged(table: Table, name: str, run: int | None) -> Logged:
    problems: list[RowProblem] = []
    value, step, time = (_numbers(table, title, problems) for title in ("value", "step", "timestamp"))
    if problems:
        refuse(table.source, problems)
    known = ~np.isnan(value)
    if not known.any():
        raise InputError(f"{table.source}: metric '{name}' has no value. {_HOW}")
    lost = int(np.sum(~known))
    notes = (f"{table.source}: {lost} of {known.size} values are none and were left out",) if lost else ()
    runs = np.array(table.column(run) if run is not None else [table.source] * len(table.rows))
    # milliseconds since 1970, logging of seconds in early versions apart
    seconds = np.where(time > 1e11, time / 1000.0, time)
    return Logged(table.source, name, runs[known], step[known], seconds[known], value[known], notes)


def _numbers(table: Table, title: str, problems: list[RowProblem]) -> Floats:
    index = column_of(table, (title,), title, _HOW)
    return amounts(table, index, "1", problems, stated="1")
