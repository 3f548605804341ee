"""The forecast of a run that is under way, as text."""

from __future__ import annotations

import json
import math

import click
import xarray as xr

from simulator.analysis.estimates import Estimate
from simulator.analysis.words import band_in_words, chance_in_words, rounded
from simulator.cli.show.page import say

_MOST_INPUTS = 8
_WORTH_TELLING = 0.1  # of a standard deviation, or of a width
_LABELS = {
    "cost_total": "cost at completion",
    "remaining_cost": "  still to come",
    "emissions_total": "emissions at completion",
    "remaining_emissions": "  still to come",
    "energy": "energy at completion",
    "remaining_energy": "  still to come",
    "wall_clock": "wall-clock time",
    "remaining_time": "  still to come",
    "interruptions": "interruptions",
}
_TIMES = {"remaining_time": "wall_clock"}


def show_update(found: xr.Dataset) -> None:
    """Print a forecast on stdout: what was observed, totals before and now, the inputs that moved, limits, notes."""
    a = found.attrs
    worth = f"worth {a['effective_draws']:.0f} once weighted" if found.column.size else "no actuals: the forecast is the prior"
    say(f"{a['scenario']} after {a['hours']:g} h: {a['draws']} draws, seed {a['seed']}, {worth}")
    for column in found.column.values:
        row = found.sel(column=column)
        unit = "" if row.column_unit.item() == "1" else f" {row.column_unit.item()}"
        error = f" ± {100 * row.observed_error.item():.3g} %" if row.observed_error.item() else ""
        wider = row.tolerance.item() > row.observed_error.item()
        near = f", matched within {100 * row.tolerance.item():.2g} %" if wider else ""
        click.echo(f"  {column} {row.observed.item():,.6g}{unit}{error} after {row.observed_at.item():g} h".replace(",", " ") + near)
    click.echo("\nP50 (P5 to P95)")
    for output, text in _LABELS.items():
        if output in found.output:
            for stage in ("before", "now") if found.column.size else ("now",):
                head = text if stage == "before" or not found.column.size else ""
                click.echo(f"{head:<24} {stage:<7} {_band(found, stage, output)}")
    _show_inputs(found)
    _show_cost(found)
    for limit in found.limit.values:
        before, now = (
            chance_in_words(Estimate(found.chance.sel(stage=s, limit=limit).item(), found.chance_mcse.sel(stage=s, limit=limit).item()))
            for s in ("before", "now")
        )
        say(f"Chance to exceed the {str(limit).replace('_', ' ')}: {now}; before {before}.")
    for note in json.loads(a["notes"]):
        say(note)


def _band(found: xr.Dataset, stage: str, output: str) -> str:
    row = found.value.sel(stage=stage, output=output)
    low, middle, high = (row.sel(quantile=q).item() for q in (0.05, 0.5, 0.95))
    return band_in_words((low, middle, high), str(found.unit.sel(output=output).item()), _TIMES.get(output, output))


def _show_inputs(found: xr.Dataset) -> None:
    """Print the inputs that moved or narrowed most."""
    told = found.isel(input=(abs(found["shift"]) > _WORTH_TELLING) | (found.narrowed < 1.0 - _WORTH_TELLING))
    if not told.input.size:
        return
    click.echo()
    say("inputs that moved: shift of the mean in sd before, P5 to P95 over that before")
    for name in told.input.values[:_MOST_INPUTS]:
        row = told.sel(input=name)
        before, now = (
            "{1:.3g} ({0:.3g} to {2:.3g})".format(*(row.input_value.sel(stage=s, quantile=q).item() for q in (0.05, 0.5, 0.95)))
            for s in ("before", "now")
        )
        shift = rounded(row["shift"].item(), row.shift_mcse.item())
        unit = "" if row.input_unit.item() == "1" else f" {row.input_unit.item()}"
        click.echo(f"  {name}: {before} -> {now}{unit}")
        click.echo(f"    shift {shift} ± {row.shift_mcse.item():.1g}, width {row.narrowed.item():.2f}")
    if told.input.size > _MOST_INPUTS:
        click.echo(f"  and {told.input.size - _MOST_INPUTS} more (--json)")
    click.echo()


def _show_cost(found: xr.Dataset) -> None:
    """Print P80 of the cost with its Monte Carlo error."""
    where = {"stage": "now", "output": "cost_total", "quantile": 0.8}
    value, error = found.value.sel(where).item(), found.mcse.sel(where).item()
    digits = "its Monte Carlo error is not known" if math.isnan(error) else f"± {_spaced(f'{error:.1g}')} Monte Carlo"
    say(f"P80: there is an 80 % chance to cost up to {_spaced(rounded(value, error))} USD ({digits}).")


def _spaced(number: str) -> str:
    """Return a number with blanks between its thousands."""
    return f"{float(number):,.0f}".replace(",", " ") if math.isfinite(float(number)) else number
