"""The pictures of the page, as plain data that plotly draws: Dataset in, dict out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any

import xarray as xr

from simulator.analysis.rows import band_rows
from simulator.analysis.words import scale
from simulator.web.answer import Answer
from simulator.web.fields import SHOWN

#: of Okabe & Ito 2008, apart for all kinds of colour vision; the pinned scenario has other dashes and marks too
CURRENT, PINNED, INK, LINES = "#0072B2", "#D55E00", "#1f2933", "#d9dee4"
_INNER, _OUTER = "rgba(0,114,178,0.38)", "rgba(0,114,178,0.16)"
_MOST = 10  # components
_MARKED = (0.5, 0.8, 0.95)

_HEIGHT = 320  # px, where a picture needs no other
_LINE = 38  # characters, which a phone shows

Figure = dict[str, Any]


def _layout(height: int = _HEIGHT, **more: Any) -> dict[str, Any]:
    return {
        "height": height,
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "margin": {"l": 56, "r": 16, "t": 12, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "hovermode": "closest",
        "showlegend": False,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        **more,
    }


def _axis(title: str = "", **more: Any) -> dict[str, Any]:
    told = {"text": title, "standoff": 8, "font": {"size": 13}}
    return {"title": told, "gridcolor": LINES, "zeroline": False, "fixedrange": True, "automargin": True, **more}


def _plain(name: str) -> str:
    """Return an input as it is told."""
    name = name.removeprefix("lever_factor[").removesuffix("]") if name.startswith("lever_factor[") else name
    return SHOWN[name].label if name in SHOWN else name.replace("_", " ")


def bands_figure(answer: Answer, pinned: Answer | None, total: str) -> Figure:
    """Return the bands of a total and of its largest components.

    Parameters
    ----------
    answer, pinned : Answer
    total : {"cost", "emissions"}
    """
    whole = f"{total}_total"
    values = _percentiles(answer.bands)
    parts = [name for name, _ in band_rows(answer.bands) if name.startswith(f"{total}[")]
    parts = [whole, *sorted(parts, key=lambda name: -values[name][0.5])[:_MOST]]
    factor, unit = scale(str(answer.bands.unit.sel(output=whole).item()), whole, values[whole][0.5])
    data = _strips(parts, values, factor, _OF_CURRENT)
    if pinned is not None:
        data += _strips(parts, _percentiles(pinned.bands), factor, _OF_PINNED)
    names = ["total" if name == whole else name.partition("[")[2].rstrip("]").replace("_", " ") for name in parts]
    ticks: dict[str, Any] = {"tickmode": "array", "tickvals": list(range(len(parts))), "ticktext": names}
    y = _axis(**ticks, range=[len(parts) - 0.5, -0.6], showgrid=False, ticklabelstandoff=10)
    return {"data": data, "layout": _layout(92 + 38 * len(parts), xaxis=_axis(unit, rangemode="tozero"), yaxis=y)}


def _percentiles(bands: xr.Dataset) -> dict[str, dict[float, float]]:
    levels = [float(level) for level in bands["quantile"].values]
    return {
        str(name): dict(zip(levels, row, strict=True)) for name, row in zip(bands.output.values, bands.value.values.tolist(), strict=True)
    }


@dataclass(frozen=True)
class _Look:
    """How a scenario is drawn: its name, colour, mark, dash, and how far above the row."""

    name: str
    colour: str
    mark: str
    dash: str
    shift: float


_OF_CURRENT, _OF_PINNED = _Look("current", CURRENT, "circle", "solid", 0.0), _Look("pinned", PINNED, "diamond", "dot", 0.3)


def _strips(parts: Sequence[str], values: Mapping[str, Mapping[float, float]], factor: float, look: _Look) -> list[Figure]:
    """Return lines from P5 to P95, thicker ones from P25 to P75, and marks at P50, one row each."""
    rows = [
        (row - look.shift, {level: at / factor for level, at in values[name].items()}) for row, name in enumerate(parts) if name in values
    ]
    traces: list[Figure] = []
    for low, high, width, dash in ((0.05, 0.95, 2, look.dash), (0.25, 0.75, 8 if look is _OF_CURRENT else 4, "solid")):
        x = [at for _, band in rows for at in (band[low], band[high], None)]
        y = [at for row, _ in rows for at in (row, row, None)]
        line = {"color": look.colour, "width": width, "dash": dash}
        traces.append({"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"})
    told = [f"{look.name}: P50 {band[0.5]:.4g} ({band[0.05]:.4g} to {band[0.95]:.4g})" for _, band in rows]
    marks = {
        "marker": {"color": "white", "size": 10, "symbol": look.mark, "line": {"color": look.colour, "width": 2.5}},
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }
    x, y = [band[0.5] for _, band in rows], [row for row, _ in rows]
    return [*traces, {"type": "scatter", "mode": "markers", "x": x, "y": y, "text": told, **marks}]


def fan_figure(answer: Answer, pinned: Answer | None) -> Figure:
    """Return the fan of what the run has cost by then; empty where there are no histories."""
    if isinstance(answer.fan, str):
        return _nothing(answer.fan)
    fan = answer.fan
    factor, unit = scale("USD", "cost_total", float(fan.cost_total.max()))
    days = (fan.time.values / 24.0).tolist()
    low, lower, middle, upper, high = _levels(fan, factor)
    edge = {"width": 0}
    data: list[Figure] = [
        {"x": days, "y": low, "line": edge, "hoverinfo": "skip"},
        {"x": days, "y": high, "line": edge, "fill": "tonexty", "fillcolor": _OUTER, "hoverinfo": "skip"},
        {"x": days, "y": lower, "line": edge, "hoverinfo": "skip"},
        {"x": days, "y": upper, "line": edge, "fill": "tonexty", "fillcolor": _INNER, "hoverinfo": "skip"},
        {"x": days, "y": middle, "line": {"color": CURRENT, "width": 2.5}, "hovertemplate": "day %{x:.1f}: P50 %{y:.4g}<extra></extra>"},
    ]
    if pinned is not None and not isinstance(pinned.fan, str):
        other = _levels(pinned.fan, factor)
        days = (pinned.fan.time.values / 24.0).tolist()
        data += [
            {"x": days, "y": values, "line": {"color": PINNED, "width": width, "dash": dash}, "hoverinfo": "skip"}
            for values, width, dash in ((other[0], 1.5, "dot"), (other[4], 1.5, "dot"), (other[2], 2, "dash"))
        ]
    lines = [{"type": "scatter", "mode": "lines", **trace} for trace in data]
    return {"data": lines, "layout": _layout(xaxis=_axis("days since the start"), yaxis=_axis(unit, rangemode="tozero"))}


def _levels(fan: xr.Dataset, factor: float) -> list[list[float]]:
    return [(fan.cost_total.sel(quantile=q).values / factor).tolist() for q in (0.05, 0.25, 0.5, 0.75, 0.95)]


def exceedance_figure(answer: Answer, pinned: Answer | None) -> Figure:
    """Return how likely the run costs more than each amount, with the budget and P50, P80 and P95 marked."""
    values, beyond = answer.curve
    known = _percentiles(answer.bands)["cost_total"]
    factor, unit = scale("USD", "cost_total", known[0.5])
    data: list[Figure] = [_curve(values / factor, beyond, {"color": CURRENT, "width": 2.5})]
    if pinned is not None:
        data.append(_curve(pinned.curve[0] / factor, pinned.curve[1], {"color": PINNED, "width": 2, "dash": "dash"}))
    text = [f"P{100 * level:g}" for level in _MARKED]
    x, y = [known[level] / factor for level in _MARKED], [100.0 * (1.0 - level) for level in _MARKED]
    marker = {"color": "white", "size": 9, "line": {"color": CURRENT, "width": 2.5}}
    data.append(
        {
            "type": "scatter", "mode": "markers+text", "x": x, "y": y, "text": text, "textposition": "top right", "marker": marker,
            "cliponaxis": False, "hovertemplate": f"%{{text}}: %{{x:.4g}} {unit}<extra></extra>",
        }
    )  # fmt: skip
    layout = _layout(xaxis=_axis(unit), yaxis=_axis("chance to cost more", ticksuffix=" %", range=[0, 103]))
    budget = json.loads(answer.results.attrs["limits"]).get("budget")
    if budget is not None:
        at = budget / factor
        line = {"color": INK, "width": 2, "dash": "dashdot"}
        layout["shapes"] = [{"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}]
        layout["annotations"] = [{"x": at, "y": 1, "yref": "paper", "yanchor": "bottom", "text": "budget", "showarrow": False}]
        layout["margin"]["t"] = 28
    return {"data": data, "layout": layout}


def _curve(x: Any, beyond: Any, line: Mapping[str, Any]) -> Figure:
    hover = "%{y:.3g} % chance of more than %{x:.4g}<extra></extra>"
    return {"type": "scatter", "mode": "lines", "x": x.tolist(), "y": (100.0 * beyond).tolist(), "line": dict(line), "hovertemplate": hover}


def tornado_figure(answer: Answer) -> Figure:
    """Return the partial rank correlations of the total cost with the inputs that tell most, with their intervals."""
    if isinstance(answer.ranks, str):
        return _nothing(answer.ranks)
    found = answer.ranks
    values, ends = found.partial.values, found.ci_partial.values
    colours = [CURRENT if value > 0 else "#7fb8d9" for value in values]
    bars = {
        "type": "bar", "orientation": "h", "x": values.tolist(), "y": [_plain(str(name)) for name in found.input.values],
        "marker": {"color": colours, "pattern": {"shape": ["" if value > 0 else "/" for value in values], "fgcolor": INK, "size": 6}},
        "error_x": {
            "type": "data", "symmetric": False, "array": [_known(up - value) for value, (_, up) in zip(values, ends, strict=True)],
            "arrayminus": [_known(value - low) for value, (low, _) in zip(values, ends, strict=True)], "thickness": 1.5, "color": INK,
        },
        "hovertemplate": "%{y}: %{x:.2f}<extra></extra>",
    }  # fmt: skip
    x = _axis(range=[-1.05, 1.05], tickvals=[-1, 0, 1], zeroline=True, zerolinecolor=INK)
    y = _axis(autorange="reversed", showgrid=False)
    return {"data": [bars], "layout": _layout(64 + 28 * len(values), xaxis=x, yaxis=y, bargap=0.35)}


def _nothing(reason: str) -> Figure:
    """Return why there is no picture."""
    told = {"text": "<br>".join(wrap(escape(reason), _LINE)), "showarrow": False, "align": "left"}
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1}
    hidden = {"visible": False}
    return {"data": [], "layout": _layout(140, xaxis=hidden, yaxis=hidden, annotations=[told | place])}


def _known(number: float) -> float:
    return number if math.isfinite(number) else 0.0
