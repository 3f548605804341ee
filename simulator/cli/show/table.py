"""The table of bands: totals, and under them their components."""

from __future__ import annotations

import math

import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from simulator.analysis.notes import percentage
from simulator.analysis.rows import band_rows
from simulator.analysis.words import rounded, scale

_COLUMNS = (0.05, 0.5, 0.8, 0.95)
_DECIMALS = 4  # of a component in the unit of its total


def table_of_bands(results: xr.Dataset, summary: xr.Dataset) -> Table:
    """Return P5, P50, P80, P95 and mean of the outputs of a run, each in a readable unit."""
    a = results.attrs
    how = f"{a['draws']:,} random draws".replace(",", " ")
    if a["plan"] == "sobol":
        how = f"{a['draws']:,} Sobol' points in {a['replicates']} replicates".replace(",", " ")
    stopped = f"; {percentage(summary.stopped)} stopped" if summary.stopped else ""
    table = Table(
        title=f"{a['scenario']}: {how}, seed {a['seed']}{stopped}",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    for p in _COLUMNS:
        table.add_column(f"P{100 * p:g}", justify="right", no_wrap=True)
    table.add_column("mean", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for output, text in band_rows(summary):
        row = summary.sel(output=output)
        whole = summary.sel(output=f"{output.partition('[')[0]}_total") if "[" in output else row
        factor, unit = scale(str(row.unit.item()), output, float(whole.value.sel(quantile=0.5).item()))
        cells = [cell(row.sel(quantile=p), factor) for p in _COLUMNS]
        mean = "" if math.isnan(row["mean"].item()) else _shown(row["mean"].item() / factor, row.mcse_mean.item() / factor)
        table.add_row(text, *cells, mean, unit, style="bold" if output.endswith("_total") else None)
    return table


def cell(row: xr.Dataset, factor: float) -> str:
    """Return one percentile, or a dash where the draws do not support it."""
    return "-" if row.draws_needed.item() else _shown(row.value.item() / factor, row.mcse.item() / factor)


def _shown(value: float, error: float) -> str:
    """Return a rounded number; one that is nought in the table's decimals, and is not, says so."""
    if 0.0 < abs(value) < 0.5 * 10.0**-_DECIMALS:
        return f"{'-' if value < 0 else ''}<{10.0**-_DECIMALS:.{_DECIMALS}f}"
    text = rounded(value, error)
    return text if len(text.partition(".")[2]) <= _DECIMALS else f"{value:.{_DECIMALS}f}"
