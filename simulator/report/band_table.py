"""The table of bands."""

from __future__ import annotations

import math

import xarray as xr

from simulator.analysis.estimates import Estimate
from simulator.analysis.rows import band_rows
from simulator.analysis.words import scale
from simulator.report.numbers import estimate
from simulator.report.parts import Row, Table, Text

LEVELS = (0.05, 0.5, 0.8, 0.95)
_LEAST = 0.1  # of the unit of the total, by the P95 of a part that is shown in it


def band_table(summary: xr.Dataset) -> Table:
    """Return P5, P50, P80, P95 and mean of the outputs of a run with their Monte Carlo errors, each in a readable unit.

    Parameters
    ----------
    summary : xarray.Dataset
        What :func:`simulator.summarize` returns.
    """
    rows = []
    for output, label in band_rows(summary):
        row = summary.sel(output=output)
        whole = summary.sel(output=f"{output.partition('[')[0]}_total") if "[" in output else row
        high = float(row.value.sel(quantile=LEVELS[-1]).item())
        factor, unit = scale(str(row.unit.item()), output, float(whole.value.sel(quantile=0.5).item()))
        if abs(high) < _LEAST * factor:
            factor, unit = scale(str(row.unit.item()), output, high)
        cells = [_cell(row.sel(quantile=level), factor) for level in LEVELS]
        mean = Estimate(row["mean"].item(), row.mcse_mean.item())
        cells.append(("–",) if math.isnan(mean.value) else estimate(mean, factor))
        kind = "part" if "[" in output else "total" if output.endswith("_total") else ""
        rows.append(Row(label.strip().replace("_", " "), (*cells, (unit,)), kind=kind))
    heads = (*(f"P{100 * level:g}" for level in LEVELS), "mean", "unit")
    return Table(
        "Percentiles and mean of each outcome, ± one Monte Carlo standard error", ("Outcome", *heads), tuple(rows), units=frozenset({5})
    )


def _cell(at: xr.Dataset, factor: float) -> Text:
    """Return one percentile, a dash where the draws do not support it."""
    return ("–",) if at.draws_needed.item() else estimate(Estimate(at.value.item(), at.mcse.item()), factor)
