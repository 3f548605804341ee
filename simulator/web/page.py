"""The page: fields left, or above them on a phone, and what follows from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html

from simulator.scenario.levers import LEVERS
from simulator.units import parse_amount
from simulator.web.fields import LIMIT_UNITS, Field
from simulator.web.served import Served, places
from simulator.web.state import DRAWS, SWITCHES, State

_LIMIT_LABELS = {"budget": "Budget", "deadline": "Deadline from now", "carbon_cap": "Carbon cap"}
_LIMIT_HINTS = {"budget": "none, or 300k", "deadline": "none, or 120", "carbon_cap": "none, or 40"}
_NO_BAR = {"displayModeBar": False, "showTips": False}
_PICTURES = (
    ("exceedance", "How likely it costs more", "The chance that the total cost is above each amount."),
    ("fan", "Cost over the run", "Of the run's own compute: P50, the central 50 % and the central 90 %."),
    ("costs", "Cost by component", "Line: P5 to P95; thick: P25 to P75; mark: P50."),
    ("emitted", "Emissions by component", "Line: P5 to P95; thick: P25 to P75; mark: P50."),
    (
        "tornado",
        "What drives the cost",
        "Partial rank correlation: plain bars raise the cost, hatched ones lower it. Whiskers: 95 % intervals.",
    ),
)


def page(served: Served, state: State, fields: tuple[Field, ...], draws: int, problem: str = "") -> list[Any]:
    """Return the page of a state.

    Parameters
    ----------
    served : Served
    state : State
    fields : tuple of Field
        With what stands where nothing is changed.
    draws : int
        Where the state does not say how many.
    problem : str
        What is wrong with the address.
    """
    initial = {"scenario": served.name, "levers": " ".join(served.levers), "limits": stated_limits(served), "draws": draws}
    return [
        html.A("Skip to the results", href="#results", className="skip"),
        html.Header([html.P("Training cost and carbon, what if", className="product"), html.H1(served.name), html.P(served.description)]),
        html.P(problem, id="problem", role="alert", className="problem"),
        dcc.Store("initial", data=initial),
        dcc.Store("pinned", data=state.pinned),
        dcc.Store("query"),
        dcc.Store("choice"),
        dcc.Store("collected"),
        dcc.Store("renewed"),
        dcc.Store("tables"),
        dcc.Store("filled"),
        *(dcc.Store(f"{name}-chosen", data=value) for name, value in _chosen(state, draws).items()),
        html.Main([_controls(served, state, fields, draws), _results()]),
    ]


def stated_limits(served: Served) -> dict[str, str]:
    """Return the limits of the config, as the page writes them."""
    limits = served.scenario(State()).limits.model_dump(exclude_none=True)
    sizes = {"budget": 1.0, "deadline": 24.0, "carbon_cap": 1000.0}
    return {name: _short(value / sizes[name]) for name, value in limits.items()}


def _short(amount: float) -> str:
    """Return an amount with a suffix where that says the same."""
    for suffix, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        text = f"{amount / size:.12g}"
        if amount >= size and len(text) <= 5 and float(parse_amount(text).number) * size == amount:
            return f"{text}{suffix}"
    return f"{amount:.12g}"


def _controls(served: Served, state: State, fields: tuple[Field, ...], draws: int) -> Any:
    buttons = [
        html.Button("Pin as base", id="pin", type="button", className="main"),
        html.Button("Unpin", id="unpin", type="button", disabled=state.pinned is None),
        html.A("Start over", href="?", className="button"),
    ]
    parts = [
        html.Div(buttons, className="buttons", role="group", **{"aria-label": "Scenario"}),
        html.P("A pinned scenario stays in the pictures, and is compared with the current one on the same draws.", className="hint"),
        html.Div(_choices(served, state), className="choices"),
        html.Div(field_groups(state, fields), id="fields"),
        _levers(served, state),
        _limits(served, state),
        _drawn(state, draws),
    ]
    return html.Section(parts, className="controls", **{"aria-label": "What is assumed"})


def _chosen(state: State, draws: int) -> dict[str, str]:
    """Return what is chosen in the drop-downs, by name."""
    return {"accelerator": state.accelerator, "region": state.region, "draws": str(state.draws or draws)}


def _choices(served: Served, state: State) -> list[Any]:
    hardware = (served.data.get("hardware") or {}).get("accelerator")
    grid = served.data.get("grid") or {}
    devices = {"": [("", _stands(hardware)), *((name, name) for name in served.accelerators)]}
    regions = {"": [("", _stands(grid.get("region") or grid.get("zone")))], **places()}
    return [
        _drop_down("accelerator", "Accelerator", devices, state.accelerator),
        _drop_down("region", "Region", regions, state.region),
    ]


def _stands(name: str | None) -> str:
    return f"{name} (config)" if name else "as in the config"


def _drop_down(name: str, label: str, options: Mapping[str, Sequence[tuple[str, str]]], chosen: str) -> Any:
    """Return a drop-down of the browser's own; ``page.js`` makes its options, and puts what is chosen into the store of its name.

    Parameters
    ----------
    name, label : str
    options : mapping
        Values and labels by the name of their group; '' for those of none.
    chosen : str
        Value.
    """
    box = html.Select(id=name, **{"data-value": chosen, "data-options": json.dumps(list(options.items()))})
    return html.Div([html.Label([html.Span(label), box]), message(name)], className="field")


def field_groups(state: State, fields: tuple[Field, ...]) -> list[Any]:
    """Return the fields, under their headings."""
    changed = {name: (low, high) for name, low, high in state.ranges}
    return [
        html.Fieldset([html.Legend(group), *(_range(field, changed.get(field.name, (field.low, field.high))) for field in members)])
        for group, members in groupby(fields, key=lambda field: field.group)
    ]


def _range(field: Field, ends: tuple[str, str]) -> Any:
    """Return two boxes and a slider for the ends of a range, with what stands there by default and where that comes from."""
    boxes = [
        dcc.Input(
            id={"type": end, "name": field.name}, type="text", inputMode="decimal", value=value, placeholder=stands,
            autoComplete="off", maxLength=24, className="end",
        )
        for end, value, stands in (("low", ends[0], field.low), ("high", ends[1], field.high))
    ]  # fmt: skip
    told = f"{field.low} to {field.high}" if field.low != field.high else field.low
    law = [html.P(f"Written as {field.written}.")] if field.written.startswith("{") else []
    return html.Div(
        [
            html.Div([html.Span(field.label, className="label"), html.Span(field.unit, className="unit")], className="name"),
            html.Div([html.Label([html.Span(word), box]) for word, box in zip(("from", "to"), boxes, strict=True)], className="ends"),
            dcc.RangeSlider(
                id={"type": "slider", "name": field.name}, min=field.start, max=field.stop, value=_within(ends, field), marks=None,
                step=(field.stop - field.start) / 200, updatemode="drag", allow_direct_input=False,
            ),
            html.Details([html.Summary(f"default {told}"), *law, html.P(f"Source: {field.source}")]),
            message(field.name),
        ],
        className="field range",
        role="group",
        **{"aria-label": f"{field.label} {field.unit}".strip(), "data-label": field.label},
    )  # fmt: skip


def _within(ends: tuple[str, str], field: Field) -> list[float]:
    """Return the ends as far as the slider reaches; those of the default where they are no numbers."""
    try:
        low, high = (float(end) for end in ends)
    except ValueError:
        low, high = float(field.low), float(field.high)
    return [min(max(end, field.start), field.stop) for end in (low, high)]


def message(name: str) -> Any:
    """Return the place beside a field where it is told what is wrong with it."""
    return html.P("", id={"type": "message", "name": name}, className="message", **{"aria-live": "polite"})


def _levers(served: Served, state: State) -> Any:
    pulled = served.levers if state.levers is None else state.levers
    switches = [
        html.Button(
            [html.Span(className="switch"), html.Span([name.replace("_", " "), html.Small(LEVERS[name].meaning)])],
            id={"type": "switch", "name": name},
            type="button",
            role="switch",
            **{"aria-checked": "true" if name in pulled else "false"},
        )
        for name in SWITCHES
    ]
    return html.Fieldset([html.Legend("Levers"), message("lever"), *switches], className="levers")


def _limits(served: Served, state: State) -> Any:
    stated = {**stated_limits(served), **dict(state.limits)}
    rows = []
    for name, unit in LIMIT_UNITS.items():
        box = dcc.Input(
            id={"type": "limit", "name": name}, type="text", value=stated.get(name, ""), placeholder=_LIMIT_HINTS[name],
            autoComplete="off", maxLength=24, className="end",
        )  # fmt: skip
        label = [html.Span(_LIMIT_LABELS[name], className="label"), html.Span("t CO2e" if unit == "t" else unit, className="unit")]
        rows.append(html.Div([html.Label([html.Span(label, className="name"), box]), message(name)], className="field"))
    return html.Fieldset([html.Legend("Limits"), *rows])


def _drawn(state: State, draws: int) -> Any:
    options = [(str(count), f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")) for count in DRAWS]
    return _drop_down("draws", "Random draws", {"": options}, str(state.draws or draws))


def _folded(title: str, name: str) -> Any:
    return html.Details([html.Summary(title), html.Div(id=name)])


def _results() -> Any:
    pictures = [
        html.Figure(
            [
                html.Figcaption([html.H2(title), html.P(told, id=f"{name}-told")]),
                dcc.Graph(id=name, figure={"data": [], "layout": {}}, config=_NO_BAR, responsive=True),
            ],
            className="card",
        )
        for name, title, told in _PICTURES
    ]
    status = html.P("", id="status")
    waiting = html.P("Simulating\N{HORIZONTAL ELLIPSIS}", className="sentence")
    return html.Section(
        [
            html.Div([html.Div(waiting, id="headline"), status], className="headline", **{"aria-live": "polite"}),
            html.Div(id="legend", className="legend"),
            html.Div([html.H2("Current less pinned"), html.Div(id="difference")], id="compared", className="card", hidden=True),
            html.Div([html.H2("Bands"), html.Div(id="bands"), _folded("Components", "parts"), html.Ul(id="remarks")], className="card"),
            *pictures,
            html.Nav(id="downloads", className="buttons", **{"aria-label": "Downloads"}),
        ],
        id="results",
        tabIndex=-1,
        className="results",
        **{"aria-label": "What follows", "aria-busy": "true"},
    )  # fmt: skip
