"""Metrics of DCGM: what ``dcgmi dmon`` prints, and CSV of what dcgm-exporter publishes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.importing.cells import amounts, bare, find_column, within
from simulator.importing.dmon import is_dmon, read_dmon
from simulator.importing.imported import Floats, Imported
from simulator.importing.moments import read_moments
from simulator.importing.options import Options
from simulator.importing.power import PowerLog, imported_power
from simulator.series.table import RowProblem, Table, listed, read_table, refuse

#: fields 155 and 203, by their names up to DCGM 4.5 and from 4.6 on
_POWER = ("dcgm_fi_dev_power_usage", "dcgm_fi_dev_board_power_watts")
_BUSY = ("dcgm_fi_dev_gpu_util", "dcgm_fi_dev_gpu_util_ratio")
_TIMES = ("time", "timestamp", "date", "datetime")
_NAMES, _VALUES = ("__name__", "metric", "metric_name", "name"), ("value",)
_DEVICE = ("uuid", "hostname", "instance", "node", "gpu", "device", "entity")
_MOST_WATTS = 5000.0
_LABEL = re.compile(r'(\w+)="?([^",}]*)"?')
_HOW = (
    "dcgmi dmon -e 155,203 prints POWER and GPUTL; of dcgm-exporter, export DCGM_FI_DEV_POWER_USAGE and DCGM_FI_DEV_GPU_UTIL with times "
    "and labels as CSV"
)


def import_dcgm(paths: Sequence[Path], options: Options) -> Imported:
    """Read metrics of DCGM.

    Parameters
    ----------
    paths : sequence of Path
        As ``dcgmi dmon -e 155,203`` prints (``#Entity POWER GPUTL``, rows ``GPU 0 412.1 98``, which have no times); or CSV of
        dcgm-exporter's metrics with a column of times: a column for each metric and columns of labels (``gpu``, ``UUID``,
        ``Hostname``), a column for each series as Grafana exports them (``DCGM_FI_DEV_POWER_USAGE{gpu="0", Hostname="n1"}``),
        or the name of the metric in one column and its value in another.
    options : Options

    References
    ----------
    https://docs.nvidia.com/datacenter/dcgm/latest/reference/command-line-reference/dcgmi/dcgmi-dmon.html ;
    fields 155, power in W, and 203, utilization in %; https://docs.nvidia.com/datacenter/dcgm/latest/reference/dcgm-exporter-metrics.html
    """
    return imported_power("dcgm", [_read(path, options) for path in paths], options)


def _read(path: Path, options: Options) -> PowerLog:
    if is_dmon(path):
        return _printed(read_dmon(path), options)
    table = read_table(path).where(options.where)
    time = find_column(table, _TIMES)
    if time is None:
        raise InputError(f"{table.source} has no column of times ({', '.join(_TIMES)}); it has {listed(table.header)}. {_HOW}")
    problems: list[RowProblem] = []
    seconds = read_moments(table, time, timezone=options.timezone, problems=problems)
    series = _series(table, seconds, problems)
    if problems:
        refuse(table.source, problems)
    return _log(table.source, *series, notes=[])


def _printed(table: Table, options: Options) -> PowerLog:
    """Return the samples of ``dcgmi dmon``."""
    table = table.where(options.where)
    problems: list[RowProblem] = []
    power, busy = find_column(table, ("power", "power_usage")), find_column(table, ("gputl",))
    if power is None:
        raise InputError(f"{table.source} has no column POWER; it has {listed(table.header)}. {_HOW}")
    watts = amounts(table, power, "W", problems)
    within(table, power, watts, 0.0, _MOST_WATTS, "W", problems)
    shares = np.full(watts.size, np.nan)
    if busy is not None:
        shares = amounts(table, busy, "1", problems, stated="%")
        within(table, busy, 100.0 * shares, 0.0, 100.0, "%", problems)
    if problems:
        refuse(table.source, problems)
    devices = np.array(table.column(0))
    gpus = np.char.startswith(devices, "GPU") & ~np.char.startswith(devices, "GPU-")
    notes = [f"{table.source}: {int(np.sum(~gpus))} rows of entities other than whole GPUs were left out"] if not gpus.all() else []
    poll: dict[str, int] = {}
    numbers = np.empty(devices.size)
    for row, device in enumerate(devices):
        numbers[row] = poll.get(device, 0)
        poll[device] = int(numbers[row]) + 1
    return _log(table.source, numbers[gpus], devices[gpus], watts[gpus], shares[gpus], notes=notes, timed=False)


def _series(table: Table, seconds: Floats, problems: list[RowProblem]) -> tuple[Floats, np.ndarray, Floats, Floats]:
    """Return time, device, power and utilization of each sample of a CSV file."""
    name, value = find_column(table, _NAMES), find_column(table, _VALUES)
    if name is not None and value is not None:
        return _named(table, name, value, seconds, problems)
    titles = [_metric(title) for title in table.header]
    power = [i for i, title in enumerate(titles) if title in _POWER]
    if not power:
        raise InputError(f"{table.source} has no column DCGM_FI_DEV_POWER_USAGE; it has {listed(table.header)}. {_HOW}")
    if len(power) == 1 and "{" not in table.header[power[0]]:
        busy = [i for i, title in enumerate(titles) if title in _BUSY]
        watts = _watts(table, power[0], problems)
        shares = _shares(table, busy[0], problems) if busy else np.full(watts.size, np.nan)
        return seconds, _labels(table), watts, shares
    parts: list[tuple[Floats, np.ndarray, Floats, Floats]] = []
    for index in power:
        labels = _of_title(table.header[index])
        same = [i for i, title in enumerate(table.header) if titles[i] in _BUSY and _of_title(title) == labels]
        watts = _watts(table, index, problems)
        shares = _shares(table, same[0], problems) if same else np.full(watts.size, np.nan)
        parts.append((seconds, np.full(watts.size, labels or str(index)), watts, shares))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))  # type: ignore[return-value]  # four, as each part has


def _named(table: Table, name: int, value: int, seconds: Floats, problems: list[RowProblem]) -> tuple[Floats, np.ndarray, Floats, Floats]:
    """Return the samples of a file that names the metric of each row."""
    names = np.char.lower(np.array(table.column(name)))
    chosen = np.isin(names, [*_POWER, *_BUSY])
    if not np.isin(names, _POWER).any():
        raise InputError(
            f"{table.source}: {table.named(name)} has no DCGM_FI_DEV_POWER_USAGE; it has {listed(sorted(set(table.column(name))))}"
        )
    kept, names, seconds = table.keep(chosen), names[chosen], seconds[chosen]
    devices, power = _labels(kept), np.isin(names, _POWER)
    watts = _watts(kept.keep(power), value, problems)
    shares = _shares(kept.keep(~power), value, problems)
    known = dict(zip(zip(seconds[~power], devices[~power], strict=True), shares, strict=True))
    busy = np.array([known.get(key, math.nan) for key in zip(seconds[power], devices[power], strict=True)])
    return seconds[power], devices[power], watts, busy


def _labels(table: Table) -> np.ndarray:
    """Return which device each row is of, by the columns of labels."""
    found = [index for name in _DEVICE if (index := find_column(table, (name,))) is not None]
    if not found:
        raise InputError(f"{table.source} has no column that tells one device from another ({', '.join(_DEVICE)}). {_HOW}")
    return np.array([" ".join(cells) for cells in zip(*(table.column(index) for index in found), strict=True)])


def _of_title(title: str) -> str:
    """Return the labels that tell a device in the title of a column."""
    return " ".join(f"{key}={value}" for key, value in _LABEL.findall(title.partition("{")[2]) if key.casefold() in _DEVICE)


def _metric(title: str) -> str:
    """Return the metric of a column, without labels and unit."""
    return bare(title.partition("{")[0])


def _watts(table: Table, index: int, problems: list[RowProblem]) -> Floats:
    watts = amounts(table, index, "W", problems, stated="W")
    within(table, index, watts, 0.0, _MOST_WATTS, "W", problems)
    return watts


def _shares(table: Table, index: int, problems: list[RowProblem]) -> Floats:
    shares = amounts(table, index, "1", problems, stated="%")
    within(table, index, 100.0 * shares, 0.0, 100.0, "%", problems)
    # the newer name stands for per cent in one field and for a share in another: one that never passes 1 in a busy log is a share
    share = _BUSY[1] in table.header[index].casefold() and np.nanmax(shares, initial=0.0) <= 0.01
    return 100.0 * shares if share else shares


def _log(
    source: str, seconds: Floats, devices: np.ndarray, watts: Floats, busy: Floats, *, notes: list[str], timed: bool = True
) -> PowerLog:
    known = ~np.isnan(watts) & ~np.isnan(seconds)
    if lost := int(np.sum(~known)):
        notes.append(f"{source}: {lost} of {known.size} samples have no power or no time and were left out")
    if not known.any():
        raise InputError(f"{source}: no sample has a power. {_HOW}")
    return PowerLog(source, seconds[known], timed, devices[known], watts[known], busy[known], math.nan, tuple(notes))
