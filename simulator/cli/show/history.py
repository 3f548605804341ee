"""What happened in the runs: where the time went, interruptions by class, what pausing did."""

from __future__ import annotations

import xarray as xr

from simulator.analysis.notes import classes_interrupted, notes, percentage, time_shares
from simulator.analysis.words import scale
from simulator.cli.show.page import Page
from simulator.cli.show.table import cell

_ACTIVITIES = {"lost": "lost with unsaved work", "down": "down", "waiting": "waiting for spare nodes"}


def print_history(console: Page, results: xr.Dataset, summary: xr.Dataset) -> None:
    """Print where the time went, what pausing did, and the notes."""
    for line in (_time_spent(results), _by_class(results, summary)):
        if line:
            console.say(line)
    _print_pausing(console, summary)
    for note in notes(results):
        console.say(note)


def _print_pausing(console: Page, summary: xr.Dataset) -> None:
    """Print what pausing did, if there was any."""
    if "paused_delay" in summary.output:
        parts = []
        over = str(summary.note.sel(output="paused_delay").item()).partition(";")[0]
        for name, text in (
            ("paused_saving_cost", "saves {} {}"),
            ("paused_saving_emissions", "saves {} {}"),
            ("paused_delay", "delays by {} {}"),
        ):
            row = summary.sel(output=name)
            values = [row.value.sel(quantile=q).item() for q in (0.05, 0.5, 0.95)]
            factor, unit = (24.0, "days") if name == "paused_delay" else scale(str(row.unit.item()), name, max(map(abs, values)))
            low, middle, high = (f"{value / factor:.3g}" for value in values)
            parts.append(text.format(f"{middle} ({low} to {high})", unit))
        over = f", {over}" if over.startswith("over") else ""
        told = (
            f"{'; '.join(parts)} (P50, P5 to P95)"
            if float(summary.value.sel(output="paused_pair").max()) > 0 or float(summary["mean"].sel(output="paused_pair")) > 0
            else "nothing to compare"
        )
        console.say(f"Pausing, against the same draws without it{over}: {told}.")


def _time_spent(results: xr.Dataset) -> str:
    """Return what the time of the runs went to."""
    parts = [f"{percentage(share)} {_ACTIVITIES.get(name, name)}" for name, share in time_shares(results).items() if share]
    return f"Time, on average: {', '.join(parts)}." if parts else ""


def _by_class(results: xr.Dataset, summary: xr.Dataset) -> str:
    """Return the interruptions of each class, where a scenario tells classes apart."""
    parts = []
    classes = classes_interrupted(results)
    for name in classes:
        row = summary.sel(output=f"interruptions_by_class[{name}]")
        low, middle, high = (cell(row.sel(quantile=p), 1.0) for p in (0.05, 0.5, 0.95))
        parts.append(f"{name} {middle} ({low} to {high})")
    return f"Interruptions by class, P50 (P5 to P95): {', '.join(parts)}." if set(classes) - {"unclassified"} else ""
