"""What a reader of bands has to know beside them: stopped runs, where hourly values come from, what was raised or mended."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import xarray as xr

#: share of stopped draws above which a percentile is said to be that of runs as they stood, not of finished work
FEW_STOPPED = 0.01


def stopped_share(results: xr.Dataset) -> float:
    """Return the share of draws that were stopped at max_wall_clock before their work was done.

    Examples
    --------
    >>> stopped_share(xr.Dataset({"completed": ("draw", [1.0, 1.0, 0.0, 1.0])}))
    0.25
    """
    if "completed" in results:
        return float(np.mean(results["completed"].values == 0.0))
    return float(results.attrs.get("stopped", 0.0))  # of bands


def time_shares(results: xr.Dataset) -> dict[str, float]:
    """Return what the time of the runs went to: means over the draws of its shares, which have no tails; none where one is not known.

    Examples
    --------
    >>> spent = (("draw", "activity"), [[9.0, 1.0], [5.0, 5.0]])
    >>> runs = {"time_spent": spent, "wall_clock": ("draw", [10.0, 10.0])}
    >>> time_shares(xr.Dataset(runs, {"activity": ["productive", "down"]}))
    {'productive': 0.7, 'down': 0.3}
    """
    if "time_spent" in results:
        means = (results.time_spent / results.wall_clock).mean("draw").values.tolist()
        shares = dict(zip(map(str, results.activity.values), means, strict=True))
    else:
        shares = json.loads(results.attrs.get("time_shares", "{}"))  # of bands
    return {} if any(share is None or math.isnan(share) for share in shares.values()) else shares


def classes_interrupted(results: xr.Dataset) -> list[str]:
    """Return the classes of interruptions that occurred in any draw.

    Examples
    --------
    >>> counts = ("draw", "interruption_class"), [[0.0, 3.0], [0.0, 0.0]]
    >>> classes_interrupted(xr.Dataset({"interruptions_by_class": counts}, {"interruption_class": ["planned", "software"]}))
    ['software']
    """
    if "interruptions_by_class" in results:
        most = results.interruptions_by_class.max("draw")
        return [str(name) for name, count in zip(most.interruption_class.values, most.values, strict=True) if count > 0]
    told: list[str] = json.loads(results.attrs.get("interrupted", "[]"))  # of bands
    return told


def percentage(share: float) -> str:
    """Return a share in per cent that is nought only where the share is, and all only where it is.

    Examples
    --------
    >>> percentage(0.00004), percentage(0.4567), percentage(1.0), percentage(0.99999)
    ('less than 0.1 %', '45.7 %', '100 %', 'more than 99.9 %')
    """
    if 0.0 < share < 0.001:
        return "less than 0.1 %"
    return "more than 99.9 %" if 0.999 < share < 1.0 else f"{100 * share:.3g} %"


def event_sources(results: xr.Dataset) -> dict[str, str]:
    """Return the evidence of each event that states one."""
    told = results.risk.attrs.get("sources", "{}") if "risk" in results.coords else results.attrs.get("evidence", "{}")  # of bands
    evidence: dict[str, str] = json.loads(told)
    return evidence


def notes(results: xr.Dataset) -> list[str]:
    """Return the notes of a result, each a sentence.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it, or bands.
    """
    told = []
    whole = int(results.attrs["draws"]) if "draw" not in results.sizes else results.sizes["draw"]
    if levers := results.attrs.get("levers", ""):
        told.append(f"Levers pulled: {levers}.")
    if stopped := round(stopped_share(results) * whole):
        share = percentage(stopped / whole)
        told.append(f"{stopped} of {whole} runs ({share}) were stopped at max_wall_clock and count as they stood.")
    told += _raised_intervals(results)
    grid = json.loads(results.attrs.get("grid", "{}"))
    if "zone" in grid:
        told.append(f"Hourly prices or intensities: zone {grid['zone']['name']} ({grid['zone']['source']}).")
        told += [f"Zone {grid['zone']['name']}: {note}." for note in grid["zone"].get("notes", [])]
    told += [f"Event {name}: {source}." for name, source in event_sources(results).items()]
    for name in ("price_history", "carbon_history"):
        told += [f"{grid[name]['file']}: {repair}." for repair in grid.get(name, {}).get("repairs", [])]
    return told + _replayed(grid.get("replay"), whole)


def _replayed(replay: dict[str, Any] | None, whole: int) -> list[str]:
    """Tell which hours of a history were replayed, for which dates, and how many runs outlasted it."""
    if replay is None:
        return []
    first, last = replay["replayed"]
    told = [f"Replayed hours: {first} to {last}, of a history from {replay['history'][0]} to {replay['history'][1]}."]
    if shift := replay.get("shift_hours", 0):
        told.append(f"They stand for dates {abs(shift) // 168} weeks {'later' if shift > 0 else 'earlier'}: the same season and weekday.")
    if wrapped := replay["wrapped"]:
        share = percentage(wrapped / whole)
        told.append(f"{wrapped} of {whole} runs ({share}) outlasted the history and went on with its first hours.")
    return told


def _raised_intervals(results: xr.Dataset) -> list[str]:
    """Tell checkpoint intervals that are shorter than the write that each of their saves needs."""
    share = float(results.attrs.get("raised", 0.0))  # of bands
    if {"checkpoint_interval", "checkpoint_write_time"} <= set(results.data_vars):
        share = float(np.mean((results.checkpoint_interval < results.checkpoint_write_time).values))
    if share == 0.0:
        return []
    where = f"in {percentage(share)} of the draws" if share < 1.0 else "in every draw"
    return [f"checkpoint_interval is shorter than checkpoint_write_time {where} and was raised to it: a save is written before the next."]
