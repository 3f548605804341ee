"""One draw as text, or as JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from simulator.cli.show.page import page
from simulator.scenario.dates import date_of

_MOST_EVENTS = 40  # lines; all of them are in --json and in the file
_DAYS = 14


def draw_json(one: xr.Dataset) -> dict[str, Any]:
    """Return a draw as plain data: numbers exactly as they are, so that they can be compared bit by bit."""
    data: dict[str, Any] = {"draw": int(one.draw), "scenario": one.attrs["scenario"], "seed": one.attrs["seed"]}
    for name, v in one.variables.items():
        if name == "draw":
            continue
        data[str(name)] = _plain(v.values.tolist())
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show_draw(one: xr.Dataset) -> None:
    """Print a draw on stdout."""
    with page() as console:
        a = one.attrs
        console.say(f"{a['scenario']}: draw {int(one.draw)} of seed {a['seed']}", style="bold")
        console.print(_quantities(one, "input", "what was drawn"))
        console.print(_quantities(one, "output", "what came of it"))
        if one.sizes["event"]:
            console.print(_events(one))
        if one.sizes["hour"] and any(np.ptp(one[name].values) > 0 for name in ("hour_price", "hour_carbon")):
            console.print(_hours(one))


def _quantities(one: xr.Dataset, role: str, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, v in one.data_vars.items():
        if v.attrs.get("role") != role:
            continue
        unit = "" if v.attrs["units"] == "1" else v.attrs["units"]
        if v.ndim == 0:
            shown = date_of(math.floor(v.item())) if name == "start_time" else f"{v.item():.6g}"
            table.add_row(str(name), shown, "" if name == "start_time" else unit)
            continue
        for label, value in zip(v[v.dims[0]].values, v.values, strict=True):
            if value and not math.isnan(value):  # what a member does not have
                table.add_row(Text(f"  {name}[{label}]"), f"{value:.6g}", unit)
    return table


def _events(one: xr.Dataset) -> Table:
    count = one.sizes["event"]
    paused = bool(one.event_paused.values.any())
    title = "interruptions and pauses" if paused else "interruptions"
    title = f"{title}, the first {_MOST_EVENTS} of {count}" if count > _MOST_EVENTS else title
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for head in ("after", "cause", "phase", "work lost", "wait", "downtime", *(["paused"] if paused else [])):
        table.add_column(head, justify="left" if head in ("cause", "phase") else "right", no_wrap=True)
    for k in range(min(count, _MOST_EVENTS)):
        event = one.isel(event=k)
        day, hour = divmod(float(event.event_time), 24.0)
        table.add_row(
            f"{int(day)} d {hour:4.1f} h",
            str(event.event_cause.item()),
            str(event.event_phase.item()),
            *(f"{60 * float(event[f'event_{name}']):.1f} min" for name in ("work_lost", "wait", "downtime")),
            *([f"{float(event.event_paused):.1f} h"] if paused else []),
        )
    return table


def _hours(one: xr.Dataset) -> Table:
    """Return the run's days: mean price and intensity, accelerator-hours at full power, hours paused."""
    day = (one.hour.values - one.hour.values[0]) // 24
    shown = np.unique(day)
    title = f"days, the first {_DAYS} of {len(shown)}" if len(shown) > _DAYS else "days"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    priced = not np.isnan(one.hour_price.values).all()  # a rented run pays no price of its hours
    for head in ("from", *(["mean price", "highest"] if priced else []), "mean intensity", "load", "paused"):
        table.add_column(head, justify="left" if head == "from" else "right", no_wrap=True)
    price, shown_hours = one.hour_price.values, one["hour_replayed" if "hour_replayed" in one else "hour"].values
    for d in shown[:_DAYS]:
        here = day == d
        table.add_row(
            date_of(shown_hours[here][0]),
            *([f"{1e3 * price[here].mean():.1f} USD/MWh", f"{1e3 * price[here].max():.1f}"] if priced else []),
            f"{1e3 * one.hour_carbon.values[here].mean():.0f} g/kWh",
            f"{one.hour_load.values[here].sum():.0f} h",
            f"{one.hour_paused.values[here].sum():.1f} h",
        )
    return table
