"""What happened in a tail, as text."""

from __future__ import annotations

import json
import math

import click
import numpy as np
import xarray as xr

from simulator.analysis.notes import percentage
from simulator.analysis.words import error_in_words, rounded, scale
from simulator.cli.show.page import say

_MOST_INPUTS = 10


def show_stress(found: xr.Dataset, condition: str, source: str) -> None:
    """Print findings on stdout.

    Parameters
    ----------
    found : xarray.Dataset
        As :func:`simulator.analysis.stress.stress.stress` returns it.
    condition, source : str
        What was asked, and the scenario as ``simulator explain`` takes it.
    """
    a = found.attrs
    share = percentage(a["inside"] / a["draws"])
    say(f"{a['scenario']}: {condition}: {a['inside']} of {a['draws']} draws ({share}), seed {a['seed']}")
    click.echo()
    click.echo("inputs by how well they tell inside from outside: means, shift in sd,")
    click.echo("chance that a draw inside is larger than one outside")
    for name in found.input.values[:_MOST_INPUTS]:
        row = found.sel(input=name)
        unit = "" if row.input_unit.item() == "1" else f" {row.input_unit.item()}"
        click.echo(f"  {name}: {row.input_inside.item():.4g} inside, {row.input_outside.item():.4g} outside{unit}")
        shift, larger = (_with_error(row[name].item(), row[f"{name}_mcse"].item()) for name in ("shift", "larger"))
        click.echo(f"    shift {shift}, larger {larger}")
    if found.input.size > _MOST_INPUTS:
        click.echo(f"  and {found.input.size - _MOST_INPUTS} more (--json)")
    click.echo()
    say("what came out: P50 ± its standard error (P5 to P95; their errors: --json)")
    for output in _told(found):
        for part in ("inside", "all"):
            click.echo(f"  {str(output) if part == 'inside' else '':<22} {part:<7} {_band(found.sel(output=output, part=part))}")
    _show_histories(found, source)
    for note in json.loads(a["notes"]):
        say(note)


def _told(found: xr.Dataset) -> list[str]:
    """Return the outputs that are not the same in all draws, or those of another."""
    told: list[str] = []
    for output in map(str, found.output.values):
        own = found.value.sel(output=output).values
        if np.ptp(own) != 0.0 and not any((own == found.value.sel(output=other).values).all() for other in told):
            told.append(output)
    return told


def _band(row: xr.Dataset) -> str:
    """Return P50 with its error and P5 to P95 in a readable unit, each with no more digits than its error allows."""
    factor, unit = scale(str(row.unit.item()), str(row.output.item()), row.value.values[1])
    values, errors = (row[name].values / factor for name in ("value", "mcse"))
    low, middle, high = (rounded(float(value), float(error)) for value, error in zip(values, errors, strict=True))
    error = error_in_words(errors[1]) if math.isfinite(errors[1]) else "?"
    return f"P50 {middle} ± {error} ({low} to {high}) {unit}".rstrip()


def _with_error(value: float, error: float) -> str:
    return f"{rounded(value, error)} ± {error:.1g}" if math.isfinite(error) else f"{rounded(value, None)} (error not known)"


def _show_histories(found: xr.Dataset, source: str) -> None:
    """Print three draws and the commands that replay them, where they have histories."""
    a = found.attrs
    click.echo("\nthree of these draws")
    has_history = json.loads(a["choices"])["method"] == "event_driven"
    replicates = f" --replicates {a['replicates']}" if a["plan"] == "sobol" else ""
    how = f"--draws {a['draws']} --seed {a['seed']}" + (f" --plan sobol{replicates}" if replicates else "")
    for name in found.history.values:
        row = found.sel(history=name)
        unit = "" if row.history_value.attrs["units"] == "1" else f" {row.history_value.attrs['units']}"
        click.echo(f"  {name}: draw {row.history_draw.item()}, {a['of']} {row.history_value.item():.6g}{unit}")
        if has_history:
            click.echo(f"    simulator explain {source} --draw {row.history_draw.item()} {how}")
    if not has_history:
        click.echo("  reliability.method: expected_value has no histories to replay")
