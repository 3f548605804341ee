"""Rank correlations: which way an output goes with each input, and how surely."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.errors import InputError
from simulator.plots.bars import MOST, ROW, bars_of_two_kinds
from simulator.plots.style import ROWS, axes_of, few_ticks, headline, how_drawn, label_axes, legend_below, name_rows, named, with_error
from simulator.plots.targets import COLUMN

_UP, _DOWN = "rises with the input", "falls"


def ranks(found: xr.Dataset, ax: Axes | None = None, *, most: int = MOST) -> Axes:
    """Draw the partial rank correlation of an output with each input that the draws can tell from none, the largest first.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.rank_correlations` returns.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    most : int
        Bars at most.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, rank_correlations, simulate
    >>> ax = ranks(rank_correlations(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000))), most=2)
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['rental price', 'utilization (MFU)']
    """
    rows = _rows(found, most)
    alone = ax is None
    ax = axes_of(ax, height=0.8 + ROW * rows.sizes["input"])
    values, errors = rows.partial.values, rows.mcse_partial.values
    bars_of_two_kinds(ax, values, errors, (values <= 0.0).tolist(), (_UP, _DOWN))
    name_rows(ax, [named(str(name)) for name in rows.input.values], [with_error(v, e) for v, e in zip(values, errors, strict=True)])
    ax.set_xlim(-1.05 if (values < 0.0).any() else 0.0, 1.05)
    few_ticks(ax, y=False, each=ROWS)
    label_axes(ax, x=f"partial rank correlation with {named(str(found.attrs['output']))}")
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    if alone:
        legend_below(ax, columns=2)
    return ax


def ranks_figure(found: xr.Dataset, *, width: float = COLUMN) -> Figure:
    """Return a picture of the rank correlations of an output."""
    rows = _rows(found, MOST)
    figure = Figure(figsize=(width, 1.15 + ROW * rows.sizes["input"]), layout="constrained")
    ax = ranks(found, figure.subplots())
    more = found.sizes["input"] - rows.sizes["input"]
    left_out = f"; {more} smaller, or not told from none, are not shown" if more else ""
    headline(figure, f"{how_drawn(found.attrs)}{left_out}", "other inputs' ranks held; numbers and whiskers: ± Monte Carlo error")
    legend_below(ax, columns=2)
    return figure


def _rows(found: xr.Dataset, most: int) -> xr.Dataset:
    """Return the bars that are drawn: those that the draws tell from none, or the first where there is no such."""
    some = [k for k, note in enumerate(map(str, found.note.values)) if not note] or [0]
    if not found.sizes.get("input"):
        raise InputError("these rank correlations are of no input: none was drawn")
    return found.isel(input=some[:most])
