"""Bands as a table that a budget owner understands, or as JSON."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.bands import bands_json, summarize
from simulator.analysis.chances import LIMITS, budgets_exceeded, building_is_cheaper, chances_json, limits_exceeded
from simulator.analysis.equivalences import equivalences, equivalences_json
from simulator.analysis.notes import event_sources, notes, percentage
from simulator.analysis.rows import band_rows, sentence
from simulator.analysis.words import LIMIT_WORDS, chance_in_words, scale
from simulator.cli.show.history import print_history
from simulator.cli.show.page import Page, page
from simulator.cli.show.table import table_of_bands
from simulator.quantities import QUANTITIES


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
    with page() as console:
        _print_bands(console, results, summary)
        if context:
            _print_context(console, results)


def tell_next(config: str, saved: str | None) -> None:
    """Tell a person at a terminal what to ask next."""
    if sys.stdout.isatty():
        config, about = shlex.quote(config), shlex.quote(saved or config)
        for command, why in (
            (f"sensitivity {config}", "what drives it"),
            (f"risk {about} --budget AMOUNT", "how likely it costs more, and what to reserve"),
            (f"report {about} -o report.html", "a page to attach"),
        ):
            click.echo(f"next: simulator {command}  ({why})", err=True)


def show_bands(summary: xr.Dataset, *, as_json: bool, kept: bool = False) -> None:
    """Print the bands of draws that were counted, and not kept unless they are on the disk."""
    if as_json:
        data = bands_json(summary) | {"notes": notes(summary)} | chances_json(summary) | {"value_error": summary.attrs["value_error"]}
        click.echo(json.dumps(data | {"sources": sources(summary)}, indent=2, ensure_ascii=False, allow_nan=False))
        return
    with page() as console:
        console.print(table_of_bands(summary, summary))
        console.say(sentence(summary))
        _print_limits(console, summary, summary)
        print_history(console, summary, summary)
        _print_refused(console, summary)
        correlated = _correlated(summary)
        _say_correlations(console, correlated)
        _print_defaults(console, summary)
        share = f"{100 * summary.attrs['value_error']:.1g} %"
        told = f"percentiles are those of bins no wider than {share} of their values"
        if correlated and all(pair["achieved"] is None for pair in correlated):
            told += ", and achieved rank correlations are not known"
        console.say(f"{'Draws were counted' if kept else 'No draw was kept'}: {told}.")


def sources(results: xr.Dataset) -> list[str]:
    """Return the sources of the defaults that a result used, and of its events, each once."""
    told = {entry["source"] for entry in json.loads(results.attrs["defaults"]).values() if "luck" not in entry["source"]}
    return sorted(told | set(event_sources(results).values()))


def _print_context(console: Page, results: xr.Dataset) -> None:
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
    console.say("as much as (P50, P5 to P95; factors and their sources):", style="bold")
    for e in equivalences(results):
        band = f"{e.middle:.3g} ({e.low:.3g} to {e.high:.3g})"
        console.say(f"  {e.what}: {band}, of {e.factor:g} {e.unit} each; {e.basis}. {e.source} [{e.year}]")


def _print_limits(console: Page, results: xr.Dataset, summary: xr.Dataset) -> None:
    """Print how likely the scenario's limits are exceeded, and whether building is cheaper than buying."""
    for name, (limit, c) in limits_exceeded(results).items():
        factor, unit = scale(QUANTITIES[LIMITS[name]].unit, LIMITS[name], limit)
        console.say(f"Chance to exceed the {LIMIT_WORDS[name]} of {limit / factor:g} {unit}: {chance_in_words(c)}.")
    cheaper = building_is_cheaper(results)
    if cheaper is not None:
        row = summary.sel(output="break_even_demand")
        low, middle, high = (_tokens(row.value.sel(quantile=p).item()) for p in (0.05, 0.5, 0.95))
        told = f"break-even, in tokens a month: {middle} ({low} to {high})"
        console.say(f"Chance that building is cheaper than buying: {chance_in_words(cheaper)}; {told}.")


def _say_correlations(console: Page, pairs: Sequence[Mapping[str, Any]], unknown: str = "") -> None:
    """Tell the rank correlations that were asked for, and those achieved, or why these are not known."""
    for pair in pairs:
        achieved = unknown if pair["achieved"] is None else f", achieved {pair['achieved']:.3f}"
        console.say(f"Rank correlation of {' and '.join(pair['inputs'])}: asked {pair['requested']:g}{achieved}.")


def _print_bands(console: Page, results: xr.Dataset, summary: xr.Dataset) -> None:
    console.print(table_of_bands(results, summary))
    console.say(sentence(summary))
    _print_limits(console, results, summary)
    print_history(console, results, summary)
    _print_refused(console, summary)
    _say_correlations(console, _correlated(results), ", one of them is certain" if results.attrs["draws"] > 1 else ", one draw has none")
    _print_defaults(console, results)


def _correlated(results: xr.Dataset) -> list[dict[str, Any]]:
    """Return the pairs of inputs for which a rank correlation is asked."""
    return [pair for pair in json.loads(results.attrs["correlations"]) if pair["requested"] != 0.0]


def _print_defaults(console: Page, results: xr.Dataset) -> None:
    """Print what was taken from defaults."""
    defaults = json.loads(results.attrs["defaults"])
    if defaults:
        names = ", ".join(dict.fromkeys(place.partition("[")[0] for place, told in defaults.items() if "luck" not in told["source"]))
        console.say(f"Not stated, so taken from sourced defaults (simulator validate lists them): {names}.")


def _print_refused(console: Page, summary: xr.Dataset) -> None:
    """Print why means are missing, each reason once."""
    missing: dict[str, list[str]] = {}
    for output, text in band_rows(summary):
        row = summary.sel(output=output)
        if math.isnan(row["mean"].item()) and "[" not in output:
            missing.setdefault(str(row.note.item()), []).append(text)
    for note, names in missing.items():
        console.say(f"{'; '.join(names)}: {note}.")


def _tokens(value: float) -> str:
    if math.isinf(value):
        return "no volume"
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.3g}"
