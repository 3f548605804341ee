"""Bands as a table that a budget owner understands, or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import click
import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from simulator.analysis.bands import bands_json, summarize
from simulator.analysis.chances import LIMITS, budgets_exceeded, building_is_cheaper, chances_json, limits_exceeded
from simulator.analysis.equivalences import equivalences, equivalences_json
from simulator.analysis.estimates import Estimate
from simulator.analysis.notes import FEW_STOPPED, classes_interrupted, event_sources, notes, percentage, time_shares
from simulator.quantities import QUANTITIES

_COLUMNS = (0.05, 0.5, 0.8, 0.95)
#: canonical unit -> larger units with their size, largest first
_DISPLAY: dict[str, Sequence[tuple[float, str]]] = {
    "USD": ((1e9, "billion USD"), (1e6, "million USD"), (1e3, "thousand USD")),
    "kgCO2e": ((1e6, "kt CO2e"), (1e3, "t CO2e"), (1.0, "kg CO2e")),
    "kWh": ((1e6, "GWh"), (1e3, "MWh")),
    "L": ((1e6, "ML"), (1e3, "m³"), (1.0, "L")),
}
#: outputs that say nothing where they are those beside them
_REPEATED = (
    ("programme_time", "wall_clock"), ("energy_total", "energy"), ("emissions_location", "emissions[operational]"),
    ("emissions_market", "emissions_location"),
)  # fmt: skip
_DAYS = ((24.0, "days"),)
_HOURS = ((1e6, "million h"), (1e3, "thousand h"))
_ROWS = (
    "cost",
    "emissions",
    "emissions_location",
    "emissions_market",
    "energy",
    "energy_total",
    "water",
    "wall_clock",
    "programme_time",
    "device_hours",
    "goodput",
    "interruptions",
)
_LABELS = {
    "cost": "cost",
    "emissions": "emissions",
    "emissions_location": "operational, location-based",
    "emissions_market": "operational, market-based",
    "energy": "energy of the run",
    "energy_total": "energy of the programme",
    "water": "water",
    "wall_clock": "wall-clock time of the run",
    "programme_time": "time to release",
    "device_hours": "accelerator-hours",
    "goodput": "goodput",
    "interruptions": "interruptions",
}


def show(results: xr.Dataset, *, as_json: bool, context: bool = False) -> None:
    """Print the bands of results on stdout, in ``context`` with who could afford it and what it is as much as."""
    summary = summarize(results)
    if as_json:
        data = bands_json(summary) | {"notes": notes(results)} | chances_json(results) | {"equivalences": equivalences_json(results)}
        if "until" in results.attrs:
            data["until"] = json.loads(results.attrs["until"])
        data["sources"] = sources(results)
        click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False, markup=False, width=None if Console().is_terminal else 110)
    with console.capture() as captured:  # rich would end the process itself where a reader has gone
        _print_bands(console, results, summary)
        if context:
            _print_context(console, results)
    click.echo(captured.get(), nl=False)


def show_bands(summary: xr.Dataset, *, as_json: bool) -> None:
    """Print the bands of draws that were not kept."""
    if as_json:
        data = bands_json(summary) | {"notes": notes(summary)} | chances_json(summary) | {"value_error": summary.attrs["value_error"]}
        click.echo(json.dumps(data | {"sources": sources(summary)}, indent=2, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False, markup=False, width=None if Console().is_terminal else 110)
    with console.capture() as captured:
        console.print(_table(summary, summary))
        console.print(_sentence(summary), soft_wrap=True)
        _print_limits(console, summary, summary)
        _print_history(console, summary, summary)
        _print_refused(console, summary)
        for pair in _correlated(summary):
            console.print(f"Rank correlation of {' and '.join(pair['inputs'])}: asked {pair['requested']:g}.", soft_wrap=True)
        _print_defaults(console, summary)
        share = f"{100 * summary.attrs['value_error']:.1g} %"
        told = f"percentiles are those of bins no wider than {share} of their values"
        if _correlated(summary):
            told += ", and achieved rank correlations are not known"
        console.print(f"No draw was kept: {told}.", soft_wrap=True)
    click.echo(captured.get(), nl=False)


def sources(results: xr.Dataset) -> list[str]:
    """Return the sources of the defaults that a result used, and of its events, each once."""
    told = {entry["source"] for entry in json.loads(results.attrs["defaults"]).values() if "luck" not in entry["source"]}
    return sorted(told | set(event_sources(results).values()))


def _print_context(console: Console, results: xr.Dataset) -> None:
    """Print who could afford the run, and what its emissions, water and energy are as much as."""
    table = Table(
        title="chance that its dearest year costs more than a kind of organization can spend in a year",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for head in ("", "USD a year", "exceeded"):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    for name, budget, c, _ in budgets_exceeded(results):
        table.add_row(name, f"{budget:,.0f}".replace(",", " "), percentage(c.value))
    console.print(table)
    console.print("as much as (P50, P5 to P95; factors and their sources):", style="bold")
    for e in equivalences(results):
        band = f"{e.middle:.3g} ({e.low:.3g} to {e.high:.3g})"
        console.print(f"  {e.what}: {band}, of {e.factor:g} {e.unit} each; {e.basis}. {e.source} [{e.year}]", soft_wrap=True)


LIMIT_WORDS = {"budget": "budget", "deadline": "deadline", "carbon_cap": "carbon cap"}


def _print_limits(console: Console, results: xr.Dataset, summary: xr.Dataset) -> None:
    """Print how likely the scenario's limits are exceeded, and whether building is cheaper than buying."""
    for name, (limit, c) in limits_exceeded(results).items():
        factor, unit = scale(QUANTITIES[LIMITS[name]].unit, LIMITS[name], limit)
        console.print(f"Chance to exceed the {LIMIT_WORDS[name]} of {limit / factor:g} {unit}: {chance_in_words(c)}.", soft_wrap=True)
    cheaper = building_is_cheaper(results)
    if cheaper is not None:
        row = summary.sel(output="break_even_demand")
        low, middle, high = (_tokens(row.value.sel(quantile=p).item()) for p in (0.05, 0.5, 0.95))
        told = f"break-even, in tokens a month: {middle} ({low} to {high})"
        console.print(f"Chance that building is cheaper than buying: {chance_in_words(cheaper)}; {told}.", soft_wrap=True)


def chance_in_words(c: Estimate) -> str:
    """Return a chance in per cent, with its Monte Carlo error where it has one."""
    return f"{percentage(c.value)} (± {100 * c.mcse:.1g} %)" if math.isfinite(c.mcse) else percentage(c.value)


def band_in_words(band: tuple[float, float, float], unit: str, output: str = "") -> str:
    """Return P5, P50 and P95 in a readable unit."""
    low, middle, high = band
    factor, name = scale(unit, output, middle)
    return f"P50 {middle / factor:.3g} ({low / factor:.3g} to {high / factor:.3g}) {name}".rstrip()


def _tokens(value: float) -> str:
    if math.isinf(value):
        return "no volume"
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g}"


def _print_bands(console: Console, results: xr.Dataset, summary: xr.Dataset) -> None:
    console.print(_table(results, summary))
    console.print(_sentence(summary), soft_wrap=True)
    _print_limits(console, results, summary)
    _print_history(console, results, summary)
    _print_refused(console, summary)
    for pair in _correlated(results):
        achieved = "one of them is certain" if pair["achieved"] is None else f"achieved {pair['achieved']:.3f}"
        console.print(f"Rank correlation of {' and '.join(pair['inputs'])}: asked {pair['requested']:g}, {achieved}.", soft_wrap=True)
    _print_defaults(console, results)


def _correlated(results: xr.Dataset) -> list[dict[str, Any]]:
    """Return the pairs of inputs for which a rank correlation is asked."""
    return [pair for pair in json.loads(results.attrs["correlations"]) if pair["requested"] != 0.0]


def _print_defaults(console: Console, results: xr.Dataset) -> None:
    """Print what was taken from defaults."""
    defaults = json.loads(results.attrs["defaults"])
    if defaults:
        names = ", ".join(dict.fromkeys(place.partition("[")[0] for place, told in defaults.items() if "luck" not in told["source"]))
        console.print(f"Not stated, so taken from sourced defaults (simulator validate lists them): {names}.", soft_wrap=True)


def _print_history(console: Console, results: xr.Dataset, summary: xr.Dataset) -> None:
    """Print where the time went, what pausing did, and the notes."""
    for line in (_time_spent(results), _by_class(results, summary)):
        if line:
            console.print(line, soft_wrap=True)
    _print_pausing(console, summary)
    for note in notes(results):
        console.print(note, soft_wrap=True)


def _print_pausing(console: Console, summary: xr.Dataset) -> None:
    """Print what pausing did, if there was any."""
    if "paused_delay" in summary.output:
        parts = []
        over = str(summary.note.sel(output="paused_delay").item()).partition(";")[0]
        for name, text in (
            ("paused_saving_cost", "saves {} {}"),
            ("paused_saving_emissions", "saves {} {}"),
            ("paused_delay", "delays by {} {}"),
        ):
            row = summary.sel(output=name)
            values = [row.value.sel(quantile=q).item() for q in (0.05, 0.5, 0.95)]
            factor, unit = _DAYS[0] if name == "paused_delay" else scale(str(row.unit.item()), name, max(map(abs, values)))
            low, middle, high = (f"{value / factor:.3g}" for value in values)
            parts.append(text.format(f"{middle} ({low} to {high})", unit))
        over = f", {over}" if over.startswith("over") else ""
        told = (
            f"{'; '.join(parts)} (P50, P5 to P95)"
            if float(summary.value.sel(output="paused_pair").max()) > 0 or float(summary["mean"].sel(output="paused_pair")) > 0
            else "nothing to compare"
        )
        console.print(f"Pausing, against the same draws without it{over}: {told}.", soft_wrap=True)


def _print_refused(console: Console, summary: xr.Dataset) -> None:
    """Print why means are missing."""
    for output, text in _outputs(summary):
        row = summary.sel(output=output)
        if math.isnan(row["mean"].item()) and "[" not in output:
            console.print(f"{text}: {row.note.item()}.", soft_wrap=True)


_ACTIVITIES = {"lost": "lost with unsaved work", "down": "down", "waiting": "waiting for spare nodes"}


def _time_spent(results: xr.Dataset) -> str:
    """Return what the time of the runs went to."""
    parts = [f"{percentage(share)} {_ACTIVITIES.get(name, name)}" for name, share in time_shares(results).items() if share]
    return f"Time, on average: {', '.join(parts)}." if parts else ""


def _by_class(results: xr.Dataset, summary: xr.Dataset) -> str:
    """Return the interruptions of each class, where a scenario tells classes apart."""
    parts = []
    classes = classes_interrupted(results)
    for name in classes:
        row = summary.sel(output=f"interruptions_by_class[{name}]")
        low, middle, high = (_cell(row.sel(quantile=p), 1.0) for p in (0.05, 0.5, 0.95))
        parts.append(f"{name} {middle} ({low} to {high})")
    return f"Interruptions by class, P50 (P5 to P95): {', '.join(parts)}." if set(classes) - {"unclassified"} else ""


def scale(unit: str, output: str, size: float) -> tuple[float, str]:
    """Return the size and name of a readable unit for values of an output as large as ``size``.

    Examples
    --------
    >>> scale("USD", "cost_total", 2.5e6)
    (1000000.0, 'million USD')
    """
    steps = _DAYS if output in ("wall_clock", "programme_time") else _HOURS if output == "device_hours" else _DISPLAY.get(unit, ())
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
    values = dict(zip(names, summary.value.values, strict=True))  # read often: xarray takes a millisecond each time
    repeated = [name for name, other in _REPEATED if (values[name] == values[other]).all()]
    rows = []
    for name in _ROWS:
        if name in names:
            if name not in repeated:
                rows.append((name, _LABELS[name]))
            continue
        rows.append((f"{name}_total", f"{_LABELS[name]}, total"))
        parts = [part for part in names if part.startswith(f"{name}[")]
        alive = [part for part in parts if np.nan_to_num(values[part]).any()]
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
        factor, unit = scale(str(row.unit.item()), output, float(whole.value.sel(quantile=0.5).item()))
        cells = [_cell(row.sel(quantile=p), factor) for p in _COLUMNS]
        mean = "" if math.isnan(row["mean"].item()) else _shown(row["mean"].item() / factor, row.mcse_mean.item() / factor)
        table.add_row(text, *cells, mean, unit, style="bold" if output.endswith("_total") else None)
    return table


_DECIMALS = 4  # of a component in the unit of its total


def _cell(row: xr.Dataset, factor: float) -> str:
    """Return one percentile, or a dash where the draws do not support it."""
    return "-" if row.draws_needed.item() else _shown(row.value.item() / factor, row.mcse.item() / factor)


def _shown(value: float, error: float) -> str:
    """Return a rounded number; one that is nought in the table's decimals, and is not, says so."""
    if 0.0 < abs(value) < 0.5 * 10.0**-_DECIMALS:
        return f"{'-' if value < 0 else ''}<{10.0**-_DECIMALS:.{_DECIMALS}f}"
    text = rounded(value, error)
    return text if len(text.partition(".")[2]) <= _DECIMALS else f"{value:.{_DECIMALS}f}"


def _sentence(summary: xr.Dataset) -> str:
    row = summary.sel(output="cost_total")
    needed = int(row.draws_needed.sel(quantile=0.8).item())
    if needed:
        return f"Too few draws for P80; at least {needed} support it."
    value, error = row.value.sel(quantile=0.8).item(), row.mcse.sel(quantile=0.8).item()
    factor, unit = scale("USD", "cost_total", float(row.value.sel(quantile=0.5).item()))
    shown = rounded(value / factor, error / factor)
    digits = "its Monte Carlo error is not known" if math.isnan(error) else f"± {float(f'{error / factor:.1g}'):g} Monte Carlo error"
    if summary.stopped > FEW_STOPPED:
        cut = f"{percentage(summary.stopped)} of the runs were stopped at max_wall_clock, their work undone"
        return f"P80 of runs as they stood: {shown} {unit} ({digits}); {cut}, so that finishing it costs more."
    return f"P80: there is an 80 % chance to cost no more than {shown} {unit} ({digits})."
