"""``emissions.csv`` of CodeCarbon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.importing.cells import amounts, column_of, find_column, within
from simulator.importing.imported import Floats, Imported, Panel, Prior, Totals
from simulator.importing.means import Mean, fitted, written
from simulator.importing.moments import read_moments, told_period
from simulator.importing.options import Options
from simulator.importing.power import METER_ERROR, thinned
from simulator.quantities import QUANTITIES
from simulator.series.table import RowProblem, Table, is_missing, listed, read_table, refuse

_HOW = "emissions.csv as CodeCarbon writes it has timestamp, run_id, duration, emissions, energy_consumed, gpu_energy and gpu_count"
_LEFT_OUT = {
    "server_power_ratio": "CodeCarbon counts CPU and memory, partly by assumption, and neither network nor fans nor power supplies",
    "mfu, failure_rate": "it logs neither throughput nor interruptions",
    "wue_on": "its water is energy times a figure that the user stated",
}


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of all files, each a total since the start of its run.

    Attributes
    ----------
    ends, lengths : ndarray
        [s]
    runs : ndarray of str
    energy, gpu_energy, emissions : ndarray
        [kWh], [kWh], [kgCO2e], the first two with the tracker's PUE.
    gpus, pue : ndarray
    """

    ends: Floats
    lengths: Floats
    runs: np.ndarray
    energy: Floats
    gpu_energy: Floats
    emissions: Floats
    gpus: Floats
    pue: Floats

    def last(self) -> list[int]:
        """Return the last row of each run, in the order of their starts."""
        lasts = [int(own[np.argmax(self.lengths[own])]) for run in np.unique(self.runs) for own in [np.flatnonzero(self.runs == run)]]
        return sorted(lasts, key=lambda row: self.ends[row] - self.lengths[row])


def import_codecarbon(paths: Sequence[Path], options: Options) -> Imported:
    """Read emissions of CodeCarbon, version 2 or 3.

    A row is the total of a run since its start; the last row of each ``run_id`` counts. Energies include the tracker's ``pue``.

    Parameters
    ----------
    paths : sequence of Path
        One file for each machine, or one for all runs.
    options : Options
        ``accelerator`` tells the rated power; ``pue`` that of the facility, in place of the tracker's; ``accelerators`` are all of the job,
        where fewer were tracked.

    References
    ----------
    https://docs.codecarbon.io, output, and ``codecarbon/output_methods/emissions_data.py`` of version 3; that energies are multiplied by
    the PUE stands in ``emissions_tracker.py``. Version 3 added ``experiment_id``, ``water_consumed``, ``wue`` and utilizations, which are
    not read.
    """
    tables = [read_table(path).where(options.where) for path in paths]
    notes: list[str] = []
    rows = _joined([_rows(table, options, notes) for table in tables])
    last = rows.last()
    repeated = rows.runs.size - len(last)
    if repeated:
        notes.append(f"{repeated} rows are earlier totals of a run that has a later one; the last row of each run_id counts")
    result = Imported("codecarbon", tuple(table.source for table in tables), left_out=_LEFT_OUT, notes=tuple(notes))
    result = _fraction(result, rows, last, options)
    result = _intensity(result, tables, rows, last)
    return _totals(result, rows, options)


def _rows(table: Table, options: Options, notes: list[str]) -> _Rows:
    problems: list[RowProblem] = []

    def read(name: str, unit: str, low: float, high: float) -> Floats:
        index = column_of(table, (name,), name, _HOW)
        values = amounts(table, index, unit, problems)
        within(table, index, values, low, high, unit if unit != "1" else "", problems)
        return values

    stamp = column_of(table, ("timestamp",), "time", _HOW)
    ends = read_moments(table, stamp, timezone=options.timezone, problems=problems)
    lengths, energy = read("duration", "s", 0.0, 1e9), read("energy_consumed", "kWh", 0.0, 1e12)
    emissions, gpu_energy = read("emissions", "kgCO2e", 0.0, 1e12), read("gpu_energy", "kWh", 0.0, 1e12)
    gpus = read("gpu_count", "1", 0.0, 1e6)
    pue = read("pue", "1", 1.0, 10.0) if find_column(table, ("pue",)) is not None else np.ones(ends.size)
    runs = np.array(table.column(column_of(table, ("run_id",), "run", _HOW)))
    if (mode := find_column(table, ("tracking_mode",))) is not None and "process" in table.column(mode):
        notes.append(f"{table.source}: tracking_mode is process: CPU and memory are shares of one process, accelerators are whole")
    if problems:
        refuse(table.source, problems)
    known = ~np.isnan(ends) & (lengths > 0.0) & ~np.isnan(energy)
    if lost := int(np.sum(~known)):
        notes.append(f"{table.source}: {lost} of {known.size} rows have no time, duration or energy and were left out")
    if not known.any():
        raise InputError(f"{table.source}: no row has a time, a duration and an energy. {_HOW}")
    pue = np.where(np.isnan(pue), 1.0, pue)
    return _Rows(ends[known], lengths[known], runs[known], energy[known], gpu_energy[known], emissions[known], gpus[known], pue[known])


def _joined(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(*(np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])))


def _fraction(result: Imported, rows: _Rows, last: list[int], options: Options) -> Imported:
    """Add the share of rated power, a mean over each run with its idle times."""
    rated, name = options.rated("tdp"), "power_fraction"
    usable = [row for row in last if rows.gpus[row] > 0 and rows.gpu_energy[row] > 0]
    if rated is None or not usable:
        why = (
            "the rated power is not known: name the accelerator (--accelerator 'H100 SXM')"
            if usable
            else "no run has accelerators and their energy"
        )
        return replace(result, left_out={**result.left_out, name: why})
    shares = [float(rows.gpu_energy[r] / rows.pue[r] * 3.6e6 / rows.lengths[r] / rows.gpus[r] / rated) for r in usable]
    domain = QUANTITIES[name].domain
    if not all(domain.lower < share < domain.upper for share in shares):
        worst = max(shares)
        raise InputError(
            f"{', '.join(result.sources)}: run {rows.runs[usable[int(np.argmax(shares))]]} draws {worst * rated:.0f} W an accelerator, "
            f"{worst:.2f} of the rated {rated:g} W; power_fraction lies in {domain}. Is it another accelerator? Name it with --accelerator"
        )
    means = [Mean(share, METER_ERROR * share, 30.0, 1) for share in shares]
    fit = fitted(means, name, "run")
    few = f"mean {fit.middle:.4g} of {len(means)} run{'s' * (len(means) > 1)}; the error of 5 % is that of the sensors"
    told = (few,) if fit.caution else fit.told
    source = f"{', '.join(result.sources)}: gpu_energy without pue over duration and gpu_count; {told_period(rows.ends)}; rated {rated:g} W"
    prior = Prior(name, written(fit.low, fit.high), (source, *told, "idle times of a run are in its mean: under load it is higher"))
    panel = Panel("mean draw / rated power", "1", "run", np.arange(1.0, len(shares) + 1), np.array(shares), fit.low, fit.middle, fit.high)
    notes = (*result.notes, *filter(None, (fit.caution,)))
    return replace(result, priors=(*result.priors, prior), notes=notes, panels=(*result.panels, panel))


def _intensity(result: Imported, tables: Sequence[Table], rows: _Rows, last: list[int]) -> Imported:
    """Add the carbon intensity that CodeCarbon took, and the PUE that its user stated."""
    places = sorted({cell for table in tables for cell in _places(table)})
    usable = [row for row in last if rows.energy[row] > 0 and rows.emissions[row] > 0]
    found = np.array([rows.emissions[row] / rows.energy[row] for row in usable])
    left_out, priors = dict(result.left_out), list(result.priors)
    if not found.size:
        left_out["carbon_intensity"] = "no run has energy and emissions"
    elif len(places) > 1 or np.ptp(found) > 1e-3 * found.mean():
        which = f"runs are of several places ({listed(places)}); choose with --where" if len(places) > 1 else "it differs between the runs"
        left_out["carbon_intensity"] = which
    else:
        told = (
            f"{', '.join(result.sources)}: emissions over energy_consumed of {found.size} runs{' in ' + places[0] if places else ''}",
            "CodeCarbon's figure for the place, not measured: what other years may bring is in carbon_year_shift",
        )
        priors.append(Prior("carbon_intensity", f"{1000.0 * float(found.mean()):.4g} gCO2e/kWh", told))
    stated = np.unique(rows.pue[last])
    if stated.size == 1 and stated[0] > 1.0:
        priors.append(
            Prior("pue", float(f"{stated[0]:.4g}"), (f"{', '.join(result.sources)}: as it was stated to the tracker, not measured",))
        )
    else:
        left_out["pue"] = "the tracker was told none" if stated.size == 1 else "the runs were told different ones"
    return replace(result, priors=tuple(priors), left_out=left_out)


def _places(table: Table) -> set[str]:
    parts = [table.column(i) for name in ("country_iso_code", "region", "cloud_region") if (i := find_column(table, (name,))) is not None]
    cells = (" ".join(cell for cell in row if not is_missing(cell)) for row in zip(*parts, strict=True)) if parts else ()
    return {cell for cell in cells if cell}


def _totals(result: Imported, rows: _Rows, options: Options) -> Imported:
    """Add totals since the start of the first run: sums over runs of the last row of each so far."""
    start = float(np.min(rows.ends - rows.lengths))
    order = np.argsort(rows.ends, kind="stable")
    times = rows.ends[order]
    values = {
        "device_hours": rows.gpus * rows.lengths / 3600.0,
        "energy": rows.energy if options.pue is None else rows.energy / rows.pue * options.pue,
        "emissions": rows.emissions if options.pue is None else rows.emissions / rows.pue * options.pue,
    }
    together = _most_at_once(rows)
    left_out, notes, columns = dict(result.left_out), list(result.notes), {}
    scale = 1.0
    if options.accelerators is not None:
        if not together > 0:
            raise InputError(f"{', '.join(result.sources)}: no run has accelerators, so that --accelerators cannot be compared with them")
        scale = options.accelerators / together
        notes.append(f"totals are {scale:g} times those of the {together:g} accelerators that were tracked at once")
    facility = options.pue is not None or bool(np.all(rows.pue > 1.0))
    for name, own in values.items():
        if np.isnan(own).all() or (name == "device_hours" and np.isnan(own).any()):
            left_out[name] = "gpu_count is empty" if name == "device_hours" else "its column is empty"
        elif name != "device_hours" and not facility:
            left_out[f"{name} so far"] = "of the facility: the tracker was told no pue; state --pue"
        else:
            columns[name] = scale * _so_far(own, rows.runs, order)
    if not columns:
        return replace(result, left_out=left_out)
    errors: dict[str, float] = {name: METER_ERROR for name in ("energy", "emissions") if name in columns}
    if errors:
        notes.append(
            "energy and emissions are those of accelerators, CPU and memory times the PUE; their error of 5 % is that of the sensors"
        )
    hours = (times - start) / 3600.0
    totals: Totals = thinned(hours, columns, errors)
    shown = "energy" if "energy" in columns else next(iter(columns))
    unit = QUANTITIES["emissions_total" if shown == "emissions" else shown].unit
    panel = Panel(f"{shown} so far", unit, "hours since the first start", hours, columns[shown], steps=True)
    return replace(result, totals=totals, left_out=left_out, notes=tuple(notes), panels=(*result.panels, panel))


def _so_far(values: Floats, runs: np.ndarray, order: np.ndarray) -> Floats:
    """Return the sum over runs of their last total, at each row in the order of time."""
    last: dict[str, float] = {}
    total, found = 0.0, np.empty(order.size)
    for place, row in enumerate(order):
        if not np.isnan(values[row]):
            total += max(values[row] - last.get(runs[row], 0.0), 0.0)
            last[runs[row]] = max(values[row], last.get(runs[row], 0.0))
        found[place] = total
    return found


def _most_at_once(rows: _Rows) -> float:
    """Return the most accelerators that runs had at one time."""
    last = rows.last()
    changes = [(rows.ends[r] - rows.lengths[r] + 1.0, rows.gpus[r]) for r in last] + [(rows.ends[r], -rows.gpus[r]) for r in last]
    held = np.cumsum([count for _, count in sorted(changes)])
    return float(np.nanmax(held)) if held.size and not np.isnan(held).all() else 0.0
