"""Assumptions: what the scenario states, what was taken from defaults, levers, and correlations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import xarray as xr

from simulator.analysis.notes import notes
from simulator.analysis.stated_inputs import StatedInput, stated_inputs
from simulator.plots.style import named
from simulator.report.numbers import input_numbers, number, stated
from simulator.report.parts import Block, Paragraph, Row, Section, Table, Text
from simulator.scenario.levers import LEVERS, factors, given

_HEADS = ("Input", "as stated", "P5", "P50", "P95", "unit")
_CERTAIN: tuple[Text, ...] = (("",), ("certain",), ("",), ("",))


def assumptions(results: xr.Dataset) -> Section:
    """Return the section on every input: the law that is stated, the draws made of it, and its source.

    Parameters
    ----------
    results : xarray.Dataset
        Draws.
    """
    found = stated_inputs(results)
    own = [item for item in found if item.source == "stated"]
    defaulted = [item for item in found if item.source != "stated"]
    told = (
        "A range LOW to HIGH is a central 90 % interval, whose family follows from the quantity's domain. P5, P50 and P95 are those of the "
        "draws; an input without them is certain."
    )
    blocks: list[Block] = [Paragraph((told,))]
    if own:
        blocks.append(Table("Stated in the scenario", _HEADS, tuple(map(_row, own)), frozenset({0}), frozenset({4})))
    if defaulted:
        rows = tuple(Row(r.head, (*r.cells, (item.source,)), r.detail) for item, r in zip(defaulted, map(_row, defaulted), strict=True))
        caption = "Not stated, hence taken from sourced defaults, or changed by a lever"
        blocks.append(Table(caption, (*_HEADS, "source"), rows, frozenset({0, 5}), frozenset({4})))
    else:
        blocks.append(Paragraph(("Nothing was taken from defaults: the scenario states every input.",)))
    blocks += _levers(str(results.attrs.get("levers", "")))
    blocks += _correlations(json.loads(results.attrs.get("correlations", "[]")))
    return Section("assumptions", "Assumptions", (*blocks, *(Paragraph((note,), "note") for note in _notes(results))))


def _row(item: StatedInput) -> Row:
    """Return what is stated of an input, and its percentiles in a readable unit."""
    if not item.drawn:
        return Row(named(item.name), ((stated(item.stated),), *_CERTAIN), item.meaning)
    cells, unit = input_numbers(item.name, item.unit, item.drawn)
    return Row(named(item.name), ((stated(item.stated),), *cells, (_per(unit),)), item.meaning)


def _per(unit: str) -> str:
    """Return a unit as it is read: per 1000 node-day of 1/(1000 node-day)."""
    return "" if unit == "1" else f"per {unit[2:].strip('()')}" if unit.startswith("1/") else unit


def _levers(text: str) -> list[Block]:
    """Return the table of the levers that were pulled, with their evidence."""
    if not text:
        return [Paragraph(("No lever is pulled.",))]
    rows = []
    for pulled in text.split(", "):
        meaning = LEVERS[pulled.partition("=")[0]].meaning
        known = {**factors(pulled), **given(pulled)}
        evidence = "; ".join(f"{quantity}: {figure.value} ({figure.source})" for quantity, figure in known.items())
        rows.append(Row(pulled, ((meaning,), (evidence or "what it sets stands among the inputs",))))
    return [Table("Levers that are pulled", ("Lever", "meaning", "evidence"), tuple(rows), frozenset({0, 1}))]


def _correlations(pairs: Sequence[dict[str, Any]]) -> list[Block]:
    """Return the table of rank correlations that were asked for."""
    rows = []
    for pair in pairs:
        asked, achieved = float(str(pair["requested"])), pair["achieved"]
        if asked != 0.0:
            a, b = (named(str(name)) for name in pair["inputs"])
            shown: Text = ("one of them is certain",) if achieved is None else (number(float(str(achieved)), 1e-3),)
            rows.append(Row(f"{a} and {b}", ((number(asked, 0.0),), shown)))
    if not rows:
        return [Paragraph(("No correlations are stated: inputs are independent.",))]
    return [Table("Rank correlations of inputs; all other pairs are independent", ("Pair", "asked", "achieved"), tuple(rows))]


def _notes(results: xr.Dataset) -> list[str]:
    """Return what else a reader has to know, but for what stands elsewhere in the report."""
    elsewhere = ("Levers pulled", "Event ")
    return [note for note in notes(results) if not note.startswith(elsewhere) and "were stopped at max_wall_clock" not in note]
