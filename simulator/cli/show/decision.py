"""A choice among options, and what knowing more is worth, as tables or as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import click
import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.comparison.differences import plain
from simulator.analysis.decisions.decisions import PerfectInformation
from simulator.analysis.words import rounded, scale
from simulator.cli.show.page import Page, page

_MOST_INPUTS = 8  # lines; all of them are in --json
_OPTION = ("expected", "cvar", "probability_best", "opportunity_loss", "behind", "behind_cvar")
_INPUT = ("value", "mcse", "too_high", "too_low", "cost", "net")


def show_decision(decision: xr.Dataset, perfect: PerfectInformation, known: xr.Dataset, *, as_json: bool) -> None:
    """Print options, and values of information."""
    if as_json:
        click.echo(json.dumps(_json(decision, perfect, known), indent=2, ensure_ascii=False, allow_nan=False))
        return
    with page() as console:
        console.print(_options(decision))
        console.say(_choice(decision, "expected", "best", "noise"))
        console.say(_choice(decision, f"CVaR {100 * decision.attrs['level']:g} %", "best_cvar", "noise_cvar"))
        most = _amount(perfect.value.value, perfect.value.mcse)
        console.say(f"Knowing everything before choosing is worth {most}{_low(perfect.too_low, perfect.value.mcse)}.")
        _print_inputs(console, known)


def _json(decision: xr.Dataset, perfect: PerfectInformation, known: xr.Dataset) -> dict[str, Any]:
    """Return all of it as plain data."""
    options = {}
    for name in decision.option.values:
        row = decision.sel(option=name)
        options[str(name)] = {key: {"value": plain(row[key].item()), "mcse": plain(row[f"{key}_mcse"].item())} for key in _OPTION}
    inputs = {}
    for name in known.input.values:
        row = known.sel(input=name)
        inputs[str(name)] = {key: plain(row[key].item()) for key in _INPUT} | {"note": str(row.note.item())}
    return {
        "unit": "USD",
        **decision.attrs,
        "options": options,
        "evpi": {"value": plain(perfect.value.value), "mcse": plain(perfect.value.mcse), "too_low": plain(perfect.too_low)},
        "evppi": inputs,
    }


def _options(decision: xr.Dataset) -> Table:
    factor, unit = scale("USD", "cost_total", float(decision.expected.max()))
    table = Table(title=f"losses, {unit}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    cvar = f"CVaR {100 * decision.attrs['level']:g}"
    for head in ("option", "expected", "±", cvar, "±", "behind", "±", "regret", "best in"):
        table.add_column(head, justify="left" if head == "option" else "right", no_wrap=head != "option", overflow="fold")
    for name in decision.option.values:
        row = decision.sel(option=name)
        cells = []
        for key in ("expected", "cvar", "behind"):
            value, error = row[key].item() / factor, row[f"{key}_mcse"].item() / factor
            cells += [rounded(value, error), _error(error)]
        regret = rounded(row.opportunity_loss.item() / factor, row.opportunity_loss_mcse.item() / factor)
        table.add_row(str(name), *cells, regret, f"{100 * row.probability_best.item():.3g} %")
    return table


def _choice(decision: xr.Dataset, how: str, best: str, noise: str) -> str:
    """Return which option is the best, and from which it is not told."""
    told = f"Lowest {how} loss: {decision.attrs[best]}"
    alike, error = decision.attrs[noise], decision[f"behind{'_cvar' if best.endswith('_cvar') else ''}_mcse"]
    if np.isnan(error.values[decision.option.values != decision.attrs[best]]).any():
        return f"{told}; whether by more than noise is not known: these draws tell no error."
    return f"{told}; the difference to {', '.join(alike)} is noise." if alike else f"{told}."


def _error(error: float) -> str:
    return "-" if math.isnan(error) else f"{float(f'{error:.1g}'):g}"


def _amount(value: float, error: float) -> str:
    """Return an amount of money with its Monte Carlo error."""
    factor, unit = scale("USD", "cost_total", value)
    digits = "" if math.isnan(error) else f" (± {_error(error / factor)})"
    return f"{rounded(value / factor, error / factor)} {unit}{digits}"


def _low(too_low: float, error: float) -> str:
    return f", or up to {_amount(too_low, math.nan)} more, which noise hides" if too_low > 0.1 * error else ""


def _print_inputs(console: Page, known: xr.Dataset) -> None:
    """Print what knowing single inputs is worth, and whether measuring them pays."""
    worth = [name for name in known.input.values if known.value.sel(input=name).item() > 2.0 * known.mcse.sel(input=name).item()]
    if not worth:
        console.say("Knowing any single input changes the choice too seldom for its worth to stand apart from noise.")
    for name in (name for name in worth[:_MOST_INPUTS] if math.isnan(known.cost.sel(input=name).item())):
        row = known.sel(input=name)
        high = f", and that may be {_amount(row.too_high.item(), math.nan)} too high" if row.too_high.item() > row.mcse.item() else ""
        console.say(f"Measuring {name} is worth at most {_amount(row.value.item(), row.mcse.item())}{high}.")
    if len(worth) > _MOST_INPUTS:
        console.say(f"{len(worth) - _MOST_INPUTS} more are worth something: --json lists all.")
    for name in known.input.values:
        row = known.sel(input=name)
        if str(row.note.item()):
            console.say(f"Measuring {name}: {row.note.item()}.")
        elif math.isfinite(row.cost.item()):
            console.say(_verdict(str(name), row))


def _verdict(name: str, row: xr.Dataset) -> str:
    net, error = row.net.item(), row.mcse.item()
    value, cost = _amount(row.value.item(), error), _amount(row.cost.item(), math.nan)
    told = f"Measuring {name} is worth at most {value} and costs {cost}"
    if math.isnan(error):
        return f"{told}; one Sobol' scrambling has no Monte Carlo error, so that neither can be said to be more."
    if abs(net) <= 2.0 * error:
        return f"{told}: the difference is noise."
    return f"{told}: it can pay, by {_amount(net, error)} at most." if net > 0.0 else f"{told}: it does not pay, however good the study."
