"""Waterfall: from one percentile to a higher one, driver by driver."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.analysis.waterfall import REST
from simulator.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    ROWS,
    SKY,
    Picture,
    axes_of,
    axis_scale,
    few_ticks,
    headline,
    how_drawn,
    label_axes,
    label_of,
    name_rows,
    named,
    with_error,
)
from simulator.plots.targets import COLUMN

_ROW = 0.21  # [in]


def waterfall(found: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw what the distance of two percentiles is made of: bars that begin where the one above ends.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.analysis.waterfall.waterfall` returns.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> from simulator.analysis import waterfall as computed
    >>> ax = waterfall(computed.waterfall(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000))))
    >>> [text.get_text() for text in ax.get_yticklabels()][:2]
    ['P50', 'rental price']
    """
    rows = _rows(found)
    ax = axes_of(ax, height=0.8 + _ROW * (len(rows) + 2))
    start, end = found.percentile.values.tolist()
    output, unit = str(found.attrs["output"]), str(found.percentile.attrs["units"])
    factor, words = axis_scale(output, [start, end], unit)
    ends = [(f"P{100 * level:g}", value, error) for level, value, error in zip(
        found.level.values.tolist(), (start, end), found.mcse_percentile.values.tolist(), strict=True
    )]  # fmt: skip
    steps = np.concatenate([[start], start + np.cumsum([value for _, value, _ in rows])]) / factor
    origin = _origin(steps)
    for row, (_, value, _) in zip((0, len(rows) + 1), ends, strict=True):
        ax.barh(row, value / factor - origin, left=origin, height=0.7, color=GREY)
    for row, (name, value, error) in enumerate(rows, start=1):
        kind = (ORANGE, "////") if value < 0.0 else (SKY, "....") if name == REST else (BLUE, "")
        bar = ax.barh(row, value / factor, left=steps[row - 1], height=0.7, color=kind[0], hatch=kind[1], linewidth=0)
        bar.patches[0].set_edgecolor(BLACK if kind[1] else BLUE)
        ax.errorbar(steps[row], row, xerr=error / factor, color=BLACK, capsize=1.5, linewidth=0.8)
        ax.plot([steps[row - 1]] * 2, [row - 1.35, row + 0.35], color=BLACK, linewidth=0.6)
    ax.plot([steps[-1]] * 2, [len(rows) - 0.35, len(rows) + 1.35], color=BLACK, linewidth=0.6)
    left = [ends[0][0], *(named(name) for name, _, _ in rows), ends[1][0]]
    right = [with_error(v, e, factor) for _, v, e in (ends[0], *rows, ends[1])]
    name_rows(ax, left, right)
    few_ticks(ax, y=False, each=ROWS)
    ax.set_xlim(left=origin)
    label_axes(ax, x=label_of(output, words))
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    return ax


def waterfall_figure(found: xr.Dataset, *, width: float = COLUMN) -> Figure:
    """Return a picture of one waterfall."""
    rows = _rows(found)
    figure = Picture((width, 1.25 + _ROW * (len(rows) + 2)))
    waterfall(found, figure.subplots())
    start, end = (f"P{100 * level:g}" for level in found.level.values.tolist())
    told = f"bars: mean effect in draws at {end} less that in draws at {start}; ±: Monte Carlo error; the axis need not begin at 0"
    headline(figure, how_drawn(found.attrs), told)
    return figure


def _rows(found: xr.Dataset) -> list[tuple[str, float, float]]:
    """Return name, contribution and error of the bars."""
    return list(zip(map(str, found.driver.values), found.contribution.values.tolist(), found.mcse.values.tolist(), strict=True))


def _origin(steps: np.ndarray) -> float:
    """Return where the axis begins: at nought, or where that would leave the steps little room, below them."""
    low, high = float(steps.min()), float(steps.max())
    return max(0.0, low - 0.4 * (high - low)) if low >= 0.0 else low - 0.1 * (high - low)
