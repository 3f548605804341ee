"""Differences between scenarios as a table, or as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import click
import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.comparison.abatement import UNIT, Abatement, abatement
from simulator.analysis.comparison.differences import differences, differences_json, names_of, plain
from simulator.analysis.comparison.pairing import changes_in_words, names_in_words
from simulator.analysis.estimates import Estimate
from simulator.analysis.notes import percentage
from simulator.analysis.words import chance_in_words, rounded, scale
from simulator.cli.show.page import Page, page

_ROWS = {
    "cost_total": "cost",
    "emissions_total": "emissions",
    "energy_total": "energy",
    "water": "water",
    "wall_clock": "time of the run",
    "programme_time": "time to release",
}
_COLUMNS = (0.05, 0.5, 0.95)


def show_comparison(results: xr.Dataset, *, as_json: bool) -> None:
    """Print how scenarios differ from the first."""
    found = differences(results)
    base, *others = names_of(results)
    steps = {name: abatement(results, name) for name in others}
    pairing = json.loads(results.attrs["pairing"])
    if as_json:
        parts = [_json(found.sel(scenario=name), steps[name], pairing[name], base, name) for name in others]
        head = {name: results.attrs[name] for name in ("draws", "seed", "plan", "version")}
        data = head | (parts[0] if len(parts) == 1 else {"comparisons": parts})
        click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
        return
    with page() as console:
        for name in others:
            _print(console, found.sel(scenario=name), steps[name], pairing[name], base)


def _json(found: xr.Dataset, step: Abatement, pairing: dict[str, Any], base: str, name: str) -> dict[str, Any]:
    """Return one comparison as plain data."""
    return {
        "base": base,
        "scenario": name,
        "pairs": int(found.pairs),
        "differences": differences_json(found),
        "abatement": {
            "unit": UNIT,
            "ratio_of_means": plain(step.mean.value),
            "mcse": plain(step.mean.mcse),
            "interval": [plain(end) for end in step.interval],
            "confidence": step.confidence,
            "quantiles": {repr(q): plain(x) for q, x in step.quantiles.items()},
            "mcse_quantiles": {repr(q): plain(x) for q, x in step.mcse.items()},
            "note": step.note,
        },
        "pairing": pairing,
    }


def _print(console: Page, found: xr.Dataset, step: Abatement, pairing: dict[str, Any], base: str) -> None:
    console.say(f"{found.scenario.item()}, less {base}", style="bold")
    names = [name for name in _ROWS if name in found.output]
    if "programme_time" in names and _alike(found, "programme_time", "wall_clock"):
        names.remove("programme_time")
    console.print(_table(found, names))
    if int(found.pairs) < found.attrs["draws"]:
        console.say(f"Over the {int(found.pairs)} of {found.attrs['draws']} draws that were completed in both.")
    for name in names:
        note = str(found.note.sel(output=name).item())
        if math.isnan(found.mcse_mean.sel(output=name).item()):
            console.say(f"{_ROWS[name].capitalize()}: {note}.")
    _print_pairing(console, found)
    _print_abatement(console, step)
    console.say(changes_in_words({place: (a, b) for place, (a, b) in pairing["changed"].items()}))
    for note in pairing["notes"]:
        console.say(note)
    console.say(_streams(pairing))


def _alike(found: xr.Dataset, a: str, b: str) -> bool:
    return bool(np.array_equal(found.value.sel(output=a).values, found.value.sel(output=b).values, equal_nan=True))


def _table(found: xr.Dataset, names: list[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for head in ("", *(f"P{100 * q:g}" for q in _COLUMNS), "mean", "±", "", "lower in"):
        table.add_column(head, justify="left" if head == "" else "right", no_wrap=True)
    for name in names:
        row = found.sel(output=name)
        values = [row.sel(quantile=q).value.item() for q in _COLUMNS]
        largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
        factor, unit = scale(str(row.unit.item()), name, largest)
        cells = [_cell(row.sel(quantile=q), factor) for q in _COLUMNS]
        mean, error = row["mean"].item() / factor, row.mcse_mean.item() / factor
        table.add_row(_ROWS[name], *cells, rounded(mean, error), _error(error), unit, _lower(row))
    return table


def _cell(row: xr.Dataset, factor: float) -> str:
    return "-" if row.draws_needed.item() else rounded(row.value.item() / factor, row.mcse.item() / factor)


def _error(error: float) -> str:
    return "-" if math.isnan(error) else f"{float(f'{error:.1g}'):g}"


def _lower(row: xr.Dataset) -> str:
    if row.probability_equal.item() == 1.0:
        return "equal"
    lower = row.probability_lower.item()
    return "-" if math.isnan(lower) else percentage(lower)


def _print_pairing(console: Page, found: xr.Dataset) -> None:
    """Print how sure the sign of the difference in cost is, and what pairing was worth."""
    row = found.sel(output="cost_total")
    if row.probability_equal.item() == 1.0:
        console.say("Cost is the same in every draw.")
        return
    if math.isfinite(row.probability_lower.item()):
        chance = chance_in_words(Estimate(row.probability_lower.item(), row.mcse_lower.item()))
        console.say(f"Chance to be cheaper: {chance}.")
    mean, error = abs(row["mean"].item()), row.mcse_mean.item()
    if mean <= 2.0 * error:
        console.say("The mean difference in cost is within twice its Monte Carlo error: its sign is noise.")
    fewer = row.fewer_draws.item()
    if math.isfinite(fewer):
        times = rounded(fewer, row.mcse_fewer_draws.item())
        told = f"{times} times fewer draws than independent ones" if fewer > 1.0 else f"{1.0 / fewer:.3g} times more draws: it hurts here"
        error = row.mcse_unpaired.item()
        unpaired = "" if math.isnan(error) else f"; unpaired, its error would be {rounded(error, None)} USD"
        console.say(f"Pairing needs {told} for cost{unpaired}.")


def _print_abatement(console: Page, step: Abatement) -> None:
    """Print what a tonne that is avoided costs, or why that is no number."""
    if math.isfinite(step.mean.value):
        low, high = step.interval
        shown, error = rounded(step.mean.value, step.mean.mcse), _error(step.mean.mcse)
        told = f"{shown} {UNIT} in the mean (± {error}, {100 * step.confidence:g} % interval {low:.4g} to {high:.4g})"
        if all(q in step.quantiles for q in _COLUMNS):
            p5, p50, p95 = (rounded(step.quantiles[q], step.mcse[q]) for q in _COLUMNS)
            told += f"; by draw P50 {p50} ({p5} to {p95})"
        console.say(f"Cost of abatement: {told}{'; less than nothing: it saves both' if high < 0.0 else ''}.")
    if step.note:
        console.say(f"Cost of abatement: {step.note}.")


def _streams(pairing: dict[str, Any]) -> str:
    """Return which random numbers are shared."""
    told = f"{len(pairing['shared'])} streams of random numbers are shared"
    apart = [
        f"only in the {whose}: {names_in_words(pairing[key])}"
        for key, whose in (("base_only", "base"), ("other_only", "other"))
        if pairing[key]
    ]
    return f"{told}; {'; '.join(apart)}." if apart else f"{told}, none is not."
