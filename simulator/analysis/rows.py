"""What a table of bands shows: totals, under them their components, and the sentence that sums it up."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from simulator.analysis.notes import FEW_STOPPED, percentage
from simulator.analysis.words import rounded, scale

#: outputs that say nothing where they are those beside them
_REPEATED = (
    ("programme_time", "wall_clock"), ("energy_total", "energy"), ("emissions_location", "emissions[operational]"),
    ("emissions_market", "emissions_location"),
)  # fmt: skip
_ROWS = (
    "cost",
    "emissions",
    "emissions_location",
    "emissions_market",
    "energy",
    "energy_total",
    "water",
    "wall_clock",
    "programme_time",
    "device_hours",
    "goodput",
    "interruptions",
)
_LABELS = {
    "cost": "cost",
    "emissions": "emissions",
    "emissions_location": "  of it, location-based",
    "emissions_market": "  of it, market-based",
    "energy": "energy of the run",
    "energy_total": "energy of the programme",
    "water": "water",
    "wall_clock": "wall-clock time",
    "programme_time": "time to release",
    "device_hours": "accelerator-hours",
    "goodput": "goodput",
    "interruptions": "interruptions",
}


def band_rows(summary: xr.Dataset) -> list[tuple[str, str]]:
    """Return (output, label) of the table's rows: totals, and under them the components that are not nought."""
    names = [str(name) for name in summary.output.values]
    values = dict(zip(names, summary.value.values, strict=True))  # read often: xarray takes a millisecond each time
    repeated = [name for name, other in _REPEATED if (values[name] == values[other]).all()]
    rows = []
    for name in _ROWS:
        if name in names:
            if name not in repeated:
                rows.append((name, _LABELS[name]))
            continue
        rows.append((f"{name}_total", f"{_LABELS[name]}, total"))
        parts = [part for part in names if part.startswith(f"{name}[")]
        alive = [part for part in parts if np.nan_to_num(values[part]).any()]
        rows += [(part, "  " + part.partition("[")[2].rstrip("]")) for part in alive]
    return rows


def sentence(summary: xr.Dataset) -> str:
    """Return what the P80 of the cost says, with its Monte Carlo error."""
    row = summary.sel(output="cost_total")
    needed = int(row.draws_needed.sel(quantile=0.8).item())
    if needed:
        return f"Too few draws for P80; at least {needed} support it."
    value, error = row.value.sel(quantile=0.8).item(), row.mcse.sel(quantile=0.8).item()
    factor, unit = scale("USD", "cost_total", float(row.value.sel(quantile=0.5).item()))
    shown = rounded(value / factor, error / factor)
    digits = "its Monte Carlo error is not known" if math.isnan(error) else f"± {float(f'{error / factor:.1g}'):g} Monte Carlo error"
    if summary.stopped > FEW_STOPPED:
        cut = f"{percentage(summary.stopped)} of the runs were stopped at max_wall_clock, their work undone"
        return f"P80 of runs as they stood: {shown} {unit} ({digits}); {cut}, so that finishing it costs more."
    return f"P80: there is an 80 % chance to cost no more than {shown} {unit} ({digits})."
