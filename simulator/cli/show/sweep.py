"""The scenarios of a sweep as a table, or as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import click
import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.notes import FEW_STOPPED, percentage
from simulator.analysis.words import LIMIT_WORDS, rounded, scale
from simulator.cli.show.page import Page, page

_MOST = 60  # rows of the table
_WIDE = 160  # columns of a screen, at least: names of scenarios are long
_COLUMNS = (
    ("cost_total", "cost", (0.5, 0.8)),
    ("emissions_total", "emissions", (0.5, 0.8)),
    ("programme_time", "time to release", (0.5, 0.8)),
)


def show_sweep(swept: xr.Dataset, *, as_json: bool) -> None:
    """Print P50 and P80 of cost, emissions and time of every scenario."""
    if as_json:
        click.echo(json.dumps(_json(swept), indent=2, ensure_ascii=False, allow_nan=False))
        return
    with page(_WIDE) as console:
        console.print(_table(swept))
        _print_ends(console, swept)


def _table(swept: xr.Dataset) -> Table:
    draws = f"{swept.attrs['draws']:,}".replace(",", " ")
    kind = "random draws" if swept.attrs["plan"] == "random" else "Sobol' points"
    title = f"{swept.sizes['scenario']} scenarios on the same {draws} {kind} each, seed {swept.attrs['seed']}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    columns = [(name, text, p, *_scale(swept, name)) for name, text, levels in _COLUMNS for p in levels]
    for _, text, p, _, unit in columns:
        table.add_column(f"{text}\nP{100 * p:g}\n{unit}", justify="right")
    limits = [str(name) for name in swept.limit.values if str(name) in LIMIT_WORDS]
    for name in limits:
        table.add_column(f"{LIMIT_WORDS[name]}\nexceeded", justify="right")
    for place in range(min(swept.sizes["scenario"], _MOST)):
        row = swept.isel(scenario=place)
        cells = [_cell(row.sel(output=name, quantile=p), factor) for name, _, p, factor, _ in columns]
        chances = [percentage(row.probability_exceeded.sel(limit=name).item()) for name in limits]
        stopped = " *" if row.stopped.item() > FEW_STOPPED else ""
        table.add_row(f"{row.scenario.item()}{stopped}", *cells, *chances)
    return table


def _scale(swept: xr.Dataset, output: str) -> tuple[float, str]:
    """Return one readable unit for all scenarios."""
    middle = swept.value.sel(output=output, quantile=0.5)
    return scale(str(swept.unit.sel(output=output).item()), output, float(np.nanmedian(middle)))


def _cell(one: xr.Dataset, factor: float) -> str:
    return "-" if one.draws_needed.item() else rounded(one.value.item() / factor, one.mcse.item() / factor)


def _print_ends(console: Page, swept: xr.Dataset) -> None:
    """Tell which scenario costs and emits least, and what the table leaves out."""
    if (left := swept.sizes["scenario"] - _MOST) > 0:
        console.say(f"{left} more scenarios are not shown: --json and -o have all.")
    for output, words in (("cost_total", "cost"), ("emissions_total", "emissions")):
        values = swept.value.sel(output=output, quantile=0.8).values
        if np.isfinite(values).any():
            least = int(np.nanargmin(values))
            factor, unit = scale(str(swept.unit.sel(output=output).item()), output, float(values[least]))
            error = float(swept.mcse.sel(output=output, quantile=0.8)[least]) / factor
            told = f"Least P80 of the {words}: {rounded(values[least] / factor, error)} {unit}, {swept.scenario.values[least]}"
            alike = int(np.sum(values == values[least])) - 1
            console.say(f"{told}{f', and {alike} more that have the same' if alike else ''}.")
    if (swept.stopped > FEW_STOPPED).any():
        console.say("* Runs were stopped at max_wall_clock and count as they stood: to finish them takes more.")


def _json(swept: xr.Dataset) -> dict[str, Any]:
    axes = [str(name) for name, array in swept.coords.items() if array.dims == ("scenario",) and name != "scenario"]
    outputs = [str(name) for name in swept.output.values]
    keys = [repr(float(p)) for p in swept["quantile"].values]
    limits = [str(name) for name in swept.limit.values]
    rows = []
    for place in range(swept.sizes["scenario"]):
        row = swept.isel(scenario=place)
        value, mcse, mean, mcse_mean = (row[name].values for name in ("value", "mcse", "mean", "mcse_mean"))
        exceeded, error = row.probability_exceeded.values, row.mcse_exceeded.values
        rows.append(
            {
                "scenario": str(row.scenario.item()),
                **{axis: row[axis].item() for axis in axes},
                "stopped": row.stopped.item(),
                "bands": {
                    name: {
                        "mean": _plain(mean[k]),
                        "mcse_mean": _plain(mcse_mean[k]),
                        "quantiles": dict(zip(keys, map(_plain, value[k]), strict=True)),
                        "mcse": dict(zip(keys, map(_plain, mcse[k]), strict=True)),
                    }
                    for k, name in enumerate(outputs)
                },
                "probability_exceeded": {name: {"value": _plain(exceeded[k]), "mcse": _plain(error[k])} for k, name in enumerate(limits)},
            }
        )
    units = dict(zip(outputs, map(str, swept.unit.values), strict=True))
    head = {name: swept.attrs[name] for name in ("draws", "seed", "plan", "version", "confidence", "value_error")}
    return {**head, "units": units, "scenarios": rows}


def _plain(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
