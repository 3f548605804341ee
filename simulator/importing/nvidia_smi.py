"""Logs of nvidia-smi: ``--query-gpu=... --format=csv`` and ``dmon``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.importing.cells import amounts, column_of, find_column, within
from simulator.importing.dmon import is_dmon, read_dmon
from simulator.importing.imported import Floats, Imported
from simulator.importing.moments import read_moments
from simulator.importing.options import Options
from simulator.importing.power import PowerLog, imported_power
from simulator.series.table import RowProblem, Table, read_table, refuse

_POWER = ("power.draw.average", "power.draw", "power.draw.instant", "pwr")
_BUSY = ("utilization.gpu", "sm")
_DEVICE = ("uuid", "gpu_uuid", "pci.bus_id", "gpu_bus_id", "serial", "gpu_serial", "index", "gpu")
_RATED = ("power.default_limit",)
_MOST_WATTS = 5000.0  # of one accelerator; the largest draw 1400 W (GB300)
_HOW = (
    "Log with nvidia-smi --query-gpu=timestamp,index,power.draw,utilization.gpu,power.default_limit --format=csv -l 10, or with "
    "nvidia-smi dmon -s pu -o DT"
)


def import_nvidia_smi(paths: Sequence[Path], options: Options) -> Imported:
    """Read logs of nvidia-smi.

    Parameters
    ----------
    paths : sequence of Path
        Comma separated with the header that ``--format=csv`` writes (``power.draw [W]``; cells ``400.00 W``, ``95 %``, ``[N/A]``;
        with ``nounits`` too), or as ``dmon`` prints (``# gpu pwr gtemp ... sm``, with ``-o DT`` date and time).
    options : Options

    References
    ----------
    nvidia-smi(1), sections "selective query options" and "device monitoring"; ``nvidia-smi --help-query-gpu``.
    """
    return imported_power("nvidia-smi", [_read(path, options) for path in paths], options)


def _read(path: Path, options: Options) -> PowerLog:
    return power_log(read_dmon(path) if is_dmon(path) else read_table(path), options)


def power_log(table: Table, options: Options) -> PowerLog:
    """Return the samples of a table of nvidia-smi."""
    notes: list[str] = []
    problems: list[RowProblem] = []
    again = [tuple(cell.strip() for cell in row) == table.header for row in table.rows]
    if any(again):
        notes.append(f"{table.source}: {sum(again)} rows repeat the header, of a log that was started again, and were left out")
        table = table.keep(not header for header in again)
    table = table.where(options.where)
    power = column_of(table, _POWER, "power", _HOW)
    watts = amounts(table, power, "W", problems)
    within(table, power, watts, 0.0, _MOST_WATTS, "W", problems)
    busy = np.full(watts.size, np.nan)
    if (found := find_column(table, _BUSY)) is not None:
        busy = amounts(table, found, "1", problems, stated="%")
        within(table, found, busy * 100.0, 0.0, 100.0, "%", problems)
    rated = math.nan
    if (found := find_column(table, _RATED)) is not None:
        limits = amounts(table, found, "W", problems)
        limits = np.unique(limits[~np.isnan(limits)])
        rated = float(limits[0]) if limits.size == 1 else math.nan
        if limits.size > 1:
            notes.append(f"{table.source}: {table.named(found)} tells {limits.size} powers, so that it is not taken as the rated one")
    device = find_column(table, _DEVICE)
    devices = np.array(table.column(device) if device is not None else ["0"] * len(table.rows))
    seconds, timed = _seconds(table, devices, options, problems)
    if problems:
        refuse(table.source, problems)
    known = ~np.isnan(watts) & ~np.isnan(seconds)
    if lost := int(np.sum(~known)):
        notes.append(
            f"{table.source}: {lost} of {known.size} samples have no power or no time and were left out (first: line {_line(table, known)})"
        )
    if not known.any():
        raise InputError(f"{table.source}: {table.named(power)} has no value at all; this accelerator or driver does not tell its power")
    if device is None and timed:
        _check_single(table, seconds[known])
    return PowerLog(table.source, seconds[known], timed, devices[known], watts[known], busy[known], rated, tuple(notes))


def _line(table: Table, known: np.ndarray) -> int:
    return table.lines[int(np.flatnonzero(~known)[0])]


def _seconds(table: Table, devices: np.ndarray, options: Options, problems: list[RowProblem]) -> tuple[Floats, bool]:
    """Return the time of each sample, or the number of its poll where the log has no times."""
    if (found := find_column(table, ("timestamp",))) is not None:
        seconds = read_moments(table, found, timezone=options.timezone, problems=problems)
        _require_order(table, found, seconds, devices, problems)
        return seconds, True
    date, time = find_column(table, ("date",)), find_column(table, ("time",))
    if date is not None and time is not None:
        stamps = [[f"{day} {clock}"] for day, clock in zip(table.column(date), table.column(time), strict=True)]
        both = Table(table.source, ("date and time",), stamps, table.lines, table.delimiter)
        seconds = read_moments(both, 0, timezone=options.timezone, problems=problems)
        _require_order(both, 0, seconds, devices, problems)
        return seconds, True
    poll: dict[str, int] = {}
    numbers = np.empty(devices.size)
    for row, device in enumerate(devices):
        numbers[row] = poll.get(device, 0)
        poll[device] = int(numbers[row]) + 1
    return numbers, False


def _require_order(table: Table, index: int, seconds: Floats, devices: np.ndarray, problems: list[RowProblem]) -> None:
    """Add to the problems where the clock of a device runs backwards."""
    way_out = "Export times in UTC, or state the clock of the file with --timezone; rows stand in the order of time"
    last: dict[str, float] = {}
    for row, device in enumerate(devices):
        if np.isnan(seconds[row]):
            continue
        if seconds[row] < last.get(device, -math.inf):
            what = f"the clock jumps back to '{table.column(index)[row]}' in {table.named(index)}"
            problems.append(RowProblem(table.lines[row], what, way_out))
        last[device] = seconds[row]


def _check_single(table: Table, seconds: Floats) -> None:
    """Refuse a log of several devices that it does not name: polls stand close together, and apart from each other."""
    steps = np.diff(seconds)
    if steps.size >= 3 and np.quantile(steps, 0.5) < 0.2 * np.max(steps) and np.mean(steps < 0.2 * np.mean(steps)) >= 0.3:
        raise InputError(f"{table.source}: several accelerators seem to be logged, and no column tells which is which. {_HOW}")
