"""Budget risk as a table that fits 80 columns."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.chances import LIMITS
from simulator.analysis.estimates import Estimate
from simulator.analysis.notes import percentage
from simulator.analysis.words import LIMIT_WORDS, error_in_words, rounded, scale
from simulator.cli.show.page import page


def show_risk(risk: xr.Dataset) -> None:
    """Print what :func:`simulator.analysis.risk.risk.budget_risk` returns on stdout."""
    with page() as console:
        console.print(_table(risk))
        stated = [str(name) for name in risk.limit.values if risk.limit_value.sel(limit=name) > 0]
        if len(stated) > 1:
            words = " and ".join(LIMIT_WORDS[name] for name in stated).capitalize()
            met = Estimate(risk.probability_met.item(), risk.mcse_met.item())
            console.say(f"{words} hold together: {_chance(met)}.")
        if note := risk.attrs["joint_note"]:
            console.say(f"{note[0].upper()}{note[1:]}.")
            console.say(_of_bins(risk))
        console.say("± is one Monte Carlo standard error, ± ? where it is not known; - is what the draws do not support.")
        if risk.release.size:
            console.print()
            console.print(_frontier(risk))
        console.say(f"Point estimate: {risk.attrs['point_estimate']}.")
        told = dict(zip(map(str, risk.limit.values), map(str, risk.note.values), strict=True))
        for note in dict.fromkeys(filter(None, told.values())):
            words = " and ".join(LIMIT_WORDS[name] for name, own in told.items() if own == note).capitalize()
            console.say(f"{words}: {note}.")


def _of_bins(risk: xr.Dataset) -> str:
    """Return how far counting in bins may move what the table shows."""
    chance_error = float(np.nanmax(risk.bin_error_exceeded.values, initial=0.0))
    told = f"Percentiles and means of the worst lie within {100 * risk.attrs['value_error']:.1g} % of those of the draws themselves"
    return told + (f", chances within {error_in_words(100 * chance_error)} percentage points." if chance_error else ".")


def _table(risk: xr.Dataset) -> Table:
    a = risk.attrs
    draws = f"{a['draws']:,}".replace(",", " ") + (" Sobol' points" if a["plan"] == "sobol" else " random draws")
    table = Table(title=f"{a['scenario']}: risk, {draws}, seed {a['seed']}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    scales = {}
    table.add_column("", no_wrap=True)
    for name in map(str, risk.limit.values):
        one = risk.sel(limit=name)
        scales[name] = scale(str(one.unit.item()), LIMITS[name], one.p50.item())
        table.add_column(f"{LIMIT_WORDS[name]}\n{scales[name][1]}", justify="right", no_wrap=True)

    def row(text: str, value: str, mcse: str, level: float | None = None) -> None:
        cells = []
        for name, (factor, _) in scales.items():
            one = risk.sel(limit=name) if level is None else risk.sel(limit=name, level=level)
            cells.append(_cell(one[value].item() / factor, one[mcse].item() / factor))
        table.add_row(text, *cells)

    limits = {name: risk.limit_value.sel(limit=name).item() for name in scales}
    table.add_row("limit", *("none" if math.isnan(limits[name]) else f"{limits[name] / scale[0]:g}" for name, scale in scales.items()))
    chances = (Estimate(risk.probability_exceeded.sel(limit=name).item(), risk.mcse_exceeded.sel(limit=name).item()) for name in scales)
    table.add_row("exceeded with", *map(_chance, chances))
    row("point estimate", "point_estimate", "point_estimate_mcse")
    row("P50", "p50", "p50_mcse")
    for level in risk.level.values.tolist():
        row(f"P{100 * level:g}", "value_at_risk", "value_at_risk_mcse", level)
        row("  over P50", "contingency", "contingency_mcse", level)
        row("  over point estimate", "contingency_over_point", "contingency_over_point_mcse", level)
        row(f"  mean of the worst {100 - 100 * level:.4g} %", "cvar", "cvar_mcse", level)
    return table


def _frontier(risk: xr.Dataset) -> Table:
    """Return the budgets that hold together with a date."""
    title = f"budget and date that hold together with {percentage(risk.attrs['joint_confidence'])}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    finite = [x for x in risk.frontier_budget.values.tolist() if math.isfinite(x)]
    factor, unit = scale("USD", "cost_total", min(finite, default=1.0))
    for head in ("released within, days", f"budget, {unit}", "both hold"):
        table.add_column(head, justify="right", no_wrap=True)
    for date in risk.release.values:
        one = risk.sel(release=date)
        budget = one.frontier_budget.item()
        shown = "none is enough" if math.isinf(budget) else _cell(budget / factor, one.frontier_budget_mcse.item() / factor)
        table.add_row(rounded(date / 24.0, None), shown, _chance(Estimate(one.frontier_probability.item(), one.frontier_mcse.item())))
    return table


def _cell(value: float, error: float) -> str:
    """Return a number with its Monte Carlo error: ``± ?`` where it is not known, none where it is nought."""
    text = rounded(value, error)
    if not math.isfinite(value) or error == 0.0:
        return text
    return f"{text} ± {error_in_words(error) if math.isfinite(error) else '?'}"


def _chance(c: Estimate) -> str:
    """Return a chance in per cent with its Monte Carlo error, short."""
    if math.isnan(c.value):
        return "-"
    text = percentage(c.value).replace("less than", "<").replace("more than", ">")
    return f"{text} ± {error_in_words(100 * c.mcse) if math.isfinite(c.mcse) else '?'}"
