"""Tornado: how far a percentile swings with each input."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
    ORANGE,
    ROWS,
    Picture,
    amount,
    axes_of,
    axis_scale,
    few_ticks,
    headline,
    how_drawn,
    label_axes,
    label_of,
    legend_below,
    name_rows,
    named,
    with_error,
)
from simulator.plots.targets import COLUMN

_MOST = 10
_LEAST = 0.01  # of the largest swing: what is less cannot be seen


def tornado(found: xr.Dataset, ax: Axes | None = None, *, quantile: float = 0.9, most: int = _MOST) -> Axes:
    """Draw a percentile of an output with each input at its P10 and at its P90, the largest swing first.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.tornado` returns.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    quantile : {0.5, 0.9}
    most : int
        Bars at most.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> from simulator.analysis.sensitivity import tornado as computed
    >>> small = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> ax = tornado(computed.tornado(small, SamplingPlan(draws=1000)), most=3)
    >>> ax.get_xlabel()
    'P90 of cost [thousand USD]'
    """
    rows = _rows(found, quantile, most)
    alone = ax is None
    ax = axes_of(ax, height=0.8 + 0.3 * rows.sizes["input"])
    base = found.base.sel(quantile=quantile).item()
    output = str(found.attrs["output"])
    factor, unit = axis_scale(output, [base], str(found.base.attrs["units"]))
    for row in range(rows.sizes["input"]):
        own = rows.isel(input=row)
        for end, colour, hatch, height in (("low", ORANGE, "////", 0.6), ("high", BLUE, "", 0.6)):
            at = own.sel(end=end)
            bar = ax.barh(
                row, (at.value.item() - base) / factor, left=base / factor, height=height, color=colour, hatch=hatch, edgecolor="white",
                linewidth=0, label=f"input at its {'P10' if end == 'low' else 'P90'}" if row == 0 else None,
            )  # fmt: skip
            bar.patches[0].set_edgecolor(BLACK if hatch else colour)
            ax.errorbar(at.value.item() / factor, row, xerr=at.mcse.item() / factor, color=BLACK, capsize=1.5, linewidth=0.8)
    ax.axvline(base / factor, color=BLACK, linewidth=0.8)
    left = [f"{named(str(name))}\n{_held(rows.isel(input=k))}" for k, name in enumerate(rows.input.values)]
    right = [with_error(v, e, factor) for v, e in zip(rows.swing.values, rows.mcse_swing.values, strict=True)]
    name_rows(ax, left, right)
    few_ticks(ax, y=False, each=ROWS)
    label_axes(ax, x=f"P{100 * quantile:g} of {label_of(output, unit)}")
    ax.margins(x=0.06)
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    if alone:
        legend_below(ax, columns=2)
    return ax


def tornado_figure(found: xr.Dataset, *, width: float = COLUMN) -> Figure:
    """Return a picture of a tornado of P90."""
    rows = _rows(found, 0.9, _MOST)
    figure = Picture((width, 1.1 + 0.3 * rows.sizes["input"]))
    ax = tornado(found, figure.subplots())
    left_out = found.sizes["input"] - rows.sizes["input"]
    more = f"; {left_out} smaller not shown" if left_out else ""
    headline(figure, f"{how_drawn(found.attrs)}{more}", "numbers: swing ± Monte Carlo error; whiskers: error of each end")
    legend_below(ax, columns=2)
    return figure


def _rows(found: xr.Dataset, quantile: float, most: int) -> xr.Dataset:
    """Return the bars that are drawn: those that have a swing, the largest first."""
    if not found.sizes.get("input"):
        raise InputError("this tornado has no bar: no input was drawn")
    at = found.sel(quantile=quantile)
    order = abs(at.swing).argsort().values[::-1]
    least = _LEAST * float(abs(at.swing).max())
    some = [k for k in order.tolist() if abs(at.swing.values[k]) > least] or order.tolist()[:1]
    return at.isel(input=some[:most])


def _held(row: xr.Dataset) -> str:
    """Return what an input is held at."""
    if row["kind"].item() == "event":
        return "never or once"
    low, high = row.held.values.tolist()
    return amount(str(row.held_unit.item()), low, high, str(row.input.item()))
