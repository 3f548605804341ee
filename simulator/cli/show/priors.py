"""Fitted priors, and the figures that they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.cli.show.page import page
from simulator.reference.priors.known import Prior
from simulator.reference.priors.regression import Figure


def show_priors(found: Mapping[str, Prior]) -> None:
    """Print the central 90 % of each prior, and what it rests on."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("central 90 %", no_wrap=True)
    table.add_column("figures", justify="right")
    table.add_column("latest", no_wrap=True)
    for name, prior in found.items():
        table.add_row(name, prior.text, str(len(prior.figures)), max((f.facts.published for f in prior.figures), default="judgement"))
    _print(table, "Each figure with its source: simulator priors QUANTITY ...")


def show_figures(prior: Prior) -> None:
    """Print every figure that a prior rests on, and every one that it leaves out."""
    table = Table(
        title=f"{prior.quantity}: {prior.text}, central 90 %", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("known from", no_wrap=True)
    table.add_column("of")
    table.add_column("figure")
    table.add_column("source")
    for figure, reason in [*((f, "") for f in prior.figures), *prior.excluded]:
        own = figure.facts
        told = f"left out, {reason}: {figure.told}" if reason else figure.told
        table.add_row(own.published, own.name, told, own.source)
    _print(table, f"{prior.source[0].upper()}{prior.source[1:]}." if prior.figures else "No figure is left: the weak prior alone.")


def priors_json(found: Mapping[str, Prior]) -> dict[str, Any]:
    """Return priors as plain data for ``json.dumps``."""
    return {
        name: {
            "value": prior.value,
            "p05": prior.low,
            "p95": prior.high,
            "unit": prior.unit or "1",
            "source": prior.source,
            "figures": [_plain(figure) for figure in prior.figures],
            "left_out": [{**_plain(figure), "reason": reason} for figure, reason in prior.excluded],
        }
        for name, prior in found.items()
    }


def _plain(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure.facts), "figure": figure.told}


def _print(table: Table, below: str) -> None:
    with page() as console:
        console.print(table)
        console.say(below)
