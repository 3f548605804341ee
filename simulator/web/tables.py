"""What the page tells in words and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import xarray as xr
from dash import html

from simulator.analysis.chances import LIMITS, limits_exceeded
from simulator.analysis.notes import notes, percentage
from simulator.analysis.rows import band_rows, sentence
from simulator.analysis.words import LIMIT_WORDS, chance_in_words, error_in_words, rounded, scale
from simulator.quantities import QUANTITIES
from simulator.web.answer import COMPARED, Answer
from simulator.web.state import State

_COLUMNS = (0.05, 0.5, 0.8, 0.95)
_OF_DIFFERENCE = (0.05, 0.5, 0.95)
_LABELS = {"cost_total": "Cost", "emissions_total": "Emissions", "energy": "Energy", "wall_clock": "Time of the run"}
_MINUS = "\N{MINUS SIGN}"

#: columns, rows and their looks, which ``page.js`` makes a table of: a row has a name, a unit, and cells of a number and its error
Table = dict[str, Any]


def headline(answer: Answer) -> list[Any]:
    """Return the sentence, and how likely each limit is exceeded."""
    text = sentence(answer.bands).removeprefix("P80: ")
    told = [html.P(text[0].upper() + text[1:], className="sentence"), html.P(_halves(answer.bands), className="halves")]
    for name, (limit, chance) in limits_exceeded(answer.results).items():
        factor, unit = scale(QUANTITIES[LIMITS[name]].unit, LIMITS[name], limit)
        unit, factor = ("days", 24.0) if name == "deadline" else (unit, factor)
        text = f"Chance to exceed the {LIMIT_WORDS[name]} of {limit / factor:g} {unit}: {chance_in_words(chance)}."
        told.append(html.P(text.replace(" %", "\N{NO-BREAK SPACE}%"), className="limit"))
    return told


def _halves(bands: xr.Dataset) -> str:
    """Return the medians that matter most, in a sentence."""
    cells, told = _cells(bands), []
    for name, quantity in (("cost_total", "USD"), ("emissions_total", "kgCO2e"), ("wall_clock", "h")):
        at = cells[name][0.5]
        factor, unit = scale(quantity, name, at.value)
        told.append(f"{rounded(at.value / factor, at.error / factor)} {unit}")
    return f"P50: costs {told[0]}, emits {told[1]}, takes {told[2]}."


def band_tables(answer: Answer) -> dict[str, Table]:
    """Return P5, P50, P80 and P95 of every output, each with its Monte Carlo error: ``bands``, and ``parts`` of components."""
    rows, cells = band_rows(answer.bands), _cells(answer.bands)
    wholes, parts = ([row for row in rows if ("[" in row[0]) is apart] for apart in (False, True))
    return {"bands": _table(answer.bands, wholes, cells), "parts": _table(answer.bands, parts, cells)}


def _table(bands: xr.Dataset, rows: list[tuple[str, str]], cells: Mapping[str, Mapping[float, _Cell]]) -> Table:
    units = dict(zip(bands.output.values, bands.unit.values, strict=True))
    told = []
    for name, label in rows:
        factor, unit = scale(str(units[name]), name, cells[name][_COLUMNS[-1]].value)
        of = f", {name.partition('[')[0]}" if "[" in name else ""
        numbers = [_number(cells[name][level], factor) for level in _COLUMNS]
        total = name in ("cost_total", "emissions_total")
        told.append({"name": label.strip().replace("_", " "), "unit": f"{unit}{of}", "cells": numbers, "total": total})
    return {"columns": ["outcome", *(f"P{100 * level:g}" for level in _COLUMNS)], "rows": told, "kind": "bands"}


class _Cell(NamedTuple):
    """A percentile, its error, and the draws that it needs."""

    value: float
    error: float
    needed: int


def _cells(bands: xr.Dataset) -> dict[str, dict[float, _Cell]]:
    """Return the percentiles of every output by level; read at once, since xarray takes a millisecond each time."""
    levels, names = bands["quantile"].values.tolist(), bands.output.values.tolist()
    columns = (bands[name].values.tolist() for name in ("value", "mcse", "draws_needed"))
    rows = zip(names, *columns, strict=True)
    return {name: dict(zip(levels, map(_Cell, *row), strict=True)) for name, *row in rows}


def _number(at: _Cell, factor: float) -> list[str]:
    """Return one percentile and its error, or a dash where the draws do not support it."""
    if at.needed:
        return ["\N{EN DASH}"]
    value, error = at.value / factor, at.error / factor
    told = [rounded(value, error).replace("-", _MINUS)]
    return [*told, f"± {error_in_words(error)}"] if error > 0 and math.isfinite(error) else told


def difference_table(difference: xr.Dataset) -> Table:
    """Return the paired difference of the current scenario to the pinned one."""
    heads = ["outcome", *(f"P{100 * level:g}" for level in _OF_DIFFERENCE), "lower in"]
    known, rows = _cells(difference), []
    for name in COMPARED:
        if name not in known:
            continue
        row = difference.sel(output=name)
        factor, unit = scale(str(row.unit.item()), name, max(abs(known[name][level].value) for level in _OF_DIFFERENCE))
        cells = [_signed(_number(known[name][level], factor)) for level in _OF_DIFFERENCE]
        rows.append({"name": _LABELS[name], "unit": unit, "cells": [*cells, [_share(row)]], "total": False})
    return {"columns": heads, "rows": rows, "kind": "bands difference"}


def _signed(cell: list[str]) -> list[str]:
    text = cell[0]
    return [f"+{text}" if text[:1].isdigit() and text != "0" else text, *cell[1:]]


def _share(row: xr.Dataset) -> str:
    """Return in how many draws the scenario is lower, or that none differs."""
    if row.probability_equal.item() == 1.0:
        return "no draw differs"
    return percentage(row.probability_lower.item())


def legend(base: State | None) -> list[Any]:
    """Return what the two colours stand for, where something is pinned, and what that was changed of the config."""
    if base is None:
        return []
    changes = ", ".join(f"{name} {text}" for name, text in parse_qsl(base.to_query()) if name != "draws")
    return [html.Span("current", className="current"), html.Span(f"pinned: {changes or 'the config as it stands'}", className="pinned")]


def remarks(answer: Answer, seconds: float) -> list[Any]:
    """Return the notes of the result, and how it was made."""
    a = answer.results.attrs
    draws = f"{a['draws']:,}".replace(",", " ")
    told = [f"{draws} random draws, seed {a['seed']}, in {seconds:.1f} s.", *notes(answer.results)]
    return [html.Li(text) for text in told]
