"""Bands as a table that a budget owner understands, or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import click
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from simulator.analysis.bands import bands_json, summarize
from simulator.analysis.notes import FEW_STOPPED, notes, percentage

_COLUMNS = (0.05, 0.5, 0.8, 0.95)
#: canonical unit -> larger units with their size, largest first
_DISPLAY: dict[str, Sequence[tuple[float, str]]] = {
    "USD": ((1e9, "billion USD"), (1e6, "million USD"), (1e3, "thousand USD")),
    "kgCO2e": ((1e6, "kt CO2e"), (1e3, "t CO2e"), (1.0, "kg CO2e")),
    "kWh": ((1e6, "GWh"), (1e3, "MWh")),
}
_DAYS = ((24.0, "days"),)
_HOURS = ((1e6, "million h"), (1e3, "thousand h"))
_ROWS = ("cost", "emissions", "energy", "wall_clock", "device_hours", "goodput", "interruptions")
_LABELS = {
    "cost": "cost",
    "emissions": "emissions",
    "energy": "energy",
    "wall_clock": "wall-clock time",
    "device_hours": "accelerator-hours",
    "goodput": "goodput",
    "interruptions": "interruptions",
}


def show(results: xr.Dataset, *, as_json: bool) -> None:
    """Print the bands of results on stdout."""
    summary = summarize(results)
    if as_json:
        data = bands_json(summary) | {"notes": notes(results)}
        click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False, width=None if Console().is_terminal else 110)
    with console.capture() as captured:  # rich would end the process itself where a reader has gone
        _print_bands(console, results, summary)
    click.echo(captured.get(), nl=False)


def _print_bands(console: Console, results: xr.Dataset, summary: xr.Dataset) -> None:
    console.print(_table(results, summary))
    console.print(_sentence(summary), soft_wrap=True)
    _print_history(console, results, summary)
    for output, text in _outputs(summary):
        row = summary.sel(output=output)
        if math.isnan(row["mean"].item()) and "[" not in output:
            console.print(f"{text}: {row.note.item()}.", soft_wrap=True)
    for pair in json.loads(results.attrs["correlations"]):
        if pair["requested"] == 0.0:
            continue
        achieved = "one of them is certain" if pair["achieved"] is None else f"achieved {pair['achieved']:.3f}"
        console.print(f"Rank correlation of {' and '.join(pair['inputs'])}: asked {pair['requested']:g}, {achieved}.", soft_wrap=True)
    defaults = json.loads(results.attrs["defaults"])
    if defaults:
        names = ", ".join(defaults)
        console.print(f"Not stated, so taken from sourced defaults (simulator validate lists them): {names}.", soft_wrap=True)


def _print_history(console: Console, results: xr.Dataset, summary: xr.Dataset) -> None:
    """Print where the time went, what pausing did, and the notes."""
    for line in (_time_spent(results), _by_class(results, summary)):
        if line:
            console.print(line, soft_wrap=True)
    if "paused_delay" in results:
        parts = []
        over = str(summary.note.sel(output="paused_delay").item()).partition(";")[0]
        for name, text in (
            ("paused_saving_cost", "saves {} {}"),
            ("paused_saving_emissions", "saves {} {}"),
            ("paused_delay", "delays by {} {}"),
        ):
            row = summary.sel(output=name)
            values = [row.value.sel(quantile=q).item() for q in (0.05, 0.5, 0.95)]
            factor, unit = _DAYS[0] if name == "paused_delay" else _scale(str(row.unit.item()), name, max(map(abs, values)))
            low, middle, high = (f"{value / factor:.3g}" for value in values)
            parts.append(text.format(f"{middle} ({low} to {high})", unit))
        over = f", {over}" if over.startswith("over") else ""
        told = f"{'; '.join(parts)} (P50, P5 to P95)" if float(results.paused_pair.max()) > 0 else "nothing to compare"
        console.print(f"Pausing, against the same draws without it{over}: {told}.", soft_wrap=True)
    for note in notes(results):
        console.print(note, soft_wrap=True)


_ACTIVITIES = {"lost": "lost with unsaved work", "down": "down", "waiting": "waiting for spare nodes"}


def _time_spent(results: xr.Dataset) -> str:
    """Return what the time of the runs went to: means over the draws of its shares, which have no tails."""
    if "time_spent" not in results:
        return ""
    shares = (results.time_spent / results.wall_clock).mean("draw")
    parts = [(str(name), float(share)) for name, share in zip(results.activity.values, shares.values, strict=True)]
    if any(math.isnan(share) for _, share in parts):
        return ""
    return "Time, on average: " + ", ".join(f"{percentage(share)} {_ACTIVITIES.get(name, name)}" for name, share in parts if share) + "."


def _by_class(results: xr.Dataset, summary: xr.Dataset) -> str:
    """Return the interruptions of each class, where a scenario tells classes apart."""
    if "interruptions_by_class" not in results:
        return ""
    parts = []
    for name in map(str, results.interruption_class.values):
        row = summary.sel(output=f"interruptions_by_class[{name}]")
        if float(results.interruptions_by_class.sel(interruption_class=name).max()) > 0:
            low, middle, high = (_cell(row.sel(quantile=p), 1.0) for p in (0.05, 0.5, 0.95))
            parts.append(f"{name} {middle} ({low} to {high})")
    told = [part for part in parts if not part.startswith("unclassified ")]
    return f"Interruptions by class, P50 (P5 to P95): {', '.join(parts)}." if told else ""


def _scale(unit: str, output: str, size: float) -> tuple[float, str]:
    steps = _DAYS if output == "wall_clock" else _HOURS if output == "device_hours" else _DISPLAY.get(unit, ())
    for factor, name in steps:
        if abs(size) >= factor:
            return factor, name
    return steps[-1] if steps and steps[-1][0] == 1.0 else (1.0, "" if unit == "1" else unit)


def rounded(value: float, error: float | None) -> str:
    """Return a number rounded to the first digit of its Monte Carlo error, at most four significant digits.

    Examples
    --------
    >>> rounded(31.2437, 0.08)
    '31.24'
    >>> rounded(31.2437, 0.4)
    '31.2'
    >>> rounded(0.0, None)
    '0'
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else "∞"
    if value == 0.0:
        return "0"
    digits = 3 - math.floor(math.log10(abs(value)))
    if error is not None and math.isfinite(error) and error > 0:
        digits = min(digits, -math.floor(math.log10(error)))
    return f"{round(value, digits):.{max(digits, 0)}f}"


def _outputs(summary: xr.Dataset) -> list[tuple[str, str]]:
    """Return (output, label) of the table's rows: totals, and under them the components that are not nought."""
    names = [str(name) for name in summary.output.values]
    rows = []
    for name in _ROWS:
        if name in names:
            rows.append((name, _LABELS[name]))
            continue
        rows.append((f"{name}_total", f"{_LABELS[name]}, total"))
        parts = [part for part in names if part.startswith(f"{name}[")]
        alive = [part for part in parts if float(abs(summary.value.sel(output=part)).max()) > 0]
        rows += [(part, "  " + part.partition("[")[2].rstrip("]")) for part in alive]
    return rows


def _table(results: xr.Dataset, summary: xr.Dataset) -> Table:
    a = results.attrs
    how = f"{a['draws']:,} random draws".replace(",", " ")
    if a["plan"] == "sobol":
        how = f"{a['draws']:,} Sobol' points in {a['replicates']} replicates".replace(",", " ")
    stopped = f"; {percentage(summary.stopped)} stopped" if summary.stopped else ""
    table = Table(title=f"{a['scenario']}: {how}, seed {a['seed']}{stopped}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for p in _COLUMNS:
        table.add_column(f"P{100 * p:g}", justify="right", no_wrap=True)
    table.add_column("mean", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for output, text in _outputs(summary):
        row = summary.sel(output=output)
        whole = summary.sel(output=f"{output.partition('[')[0]}_total") if "[" in output else row
        factor, unit = _scale(str(row.unit.item()), output, float(whole.value.sel(quantile=0.5).item()))
        cells = [_cell(row.sel(quantile=p), factor) for p in _COLUMNS]
        mean = rounded(row["mean"].item() / factor, row.mcse_mean.item() / factor)
        table.add_row(text, *cells, mean, unit, style="bold" if output.endswith("_total") else None)
    return table


def _cell(row: xr.Dataset, factor: float) -> str:
    """Return one percentile, or a dash where the draws do not support it."""
    return "-" if row.draws_needed.item() else rounded(row.value.item() / factor, row.mcse.item() / factor)


def _sentence(summary: xr.Dataset) -> str:
    row = summary.sel(output="cost_total")
    needed = int(row.draws_needed.sel(quantile=0.8).item())
    if needed:
        return f"Too few draws for P80; at least {needed} support it."
    value, error = row.value.sel(quantile=0.8).item(), row.mcse.sel(quantile=0.8).item()
    factor, unit = _scale("USD", "cost_total", float(row.value.sel(quantile=0.5).item()))
    shown = rounded(value / factor, error / factor)
    digits = "its Monte Carlo error is not known" if math.isnan(error) else f"± {float(f'{error / factor:.1g}'):g} Monte Carlo error"
    if summary.stopped > FEW_STOPPED:
        cut = f"{percentage(summary.stopped)} of the runs were stopped at max_wall_clock, their work undone"
        return f"P80 of runs as they stood: {shown} {unit} ({digits}); {cut}, so that finishing it costs more."
    return f"P80: there is an 80 % chance to cost no more than {shown} {unit} ({digits})."
