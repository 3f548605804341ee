"""Which outputs stand in a table of bands, in which order, under which words."""

from __future__ import annotations

import numpy as np
import xarray as xr

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
    "emissions_location": "operational, location-based",
    "emissions_market": "operational, market-based",
    "energy": "energy of the run",
    "energy_total": "energy of the programme",
    "water": "water",
    "wall_clock": "wall-clock time of the run",
    "programme_time": "time to release",
    "device_hours": "accelerator-hours",
    "goodput": "goodput",
    "interruptions": "interruptions",
}


def band_rows(summary: xr.Dataset) -> list[tuple[str, str]]:
    """Return (output, label) of the rows of a table of bands: totals, and under them the components that are not nought.

    Parameters
    ----------
    summary : xarray.Dataset
        What :func:`simulator.summarize` returns.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate, summarize
    >>> band_rows(summarize(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000))))[:2]
    [('cost_total', 'cost, total'), ('cost[accelerators]', '  accelerators')]
    """
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
