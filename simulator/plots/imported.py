"""What was read from files, and what was fitted to it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulator.importing.imported import Imported, Panel
from simulator.plots.style import Picture

_READ, _LEFT_OUT, _FITTED = "black", "0.6", "tab:blue"
_SMALL = 60  # values that are drawn as large dots
_FEW = 10  # values that have no histogram


def imported_figure(found: Imported) -> Figure:
    """Return a picture with a row for each thing that was read: values along time and, where there are many, how they are spread.

    Parameters
    ----------
    found : Imported
        With one panel or more.
    """
    panels = found.panels
    figure = Picture((10, 2.9 * max(len(panels), 1) + 0.7))
    grid = figure.add_gridspec(max(len(panels), 1), 2, width_ratios=(3, 1))
    for row, panel in enumerate(panels):
        if panel.total or np.isnan(panel.middle) or panel.y.size < _FEW:
            _along(figure.add_subplot(grid[row, :]), panel)
            continue
        along = figure.add_subplot(grid[row, 0])
        _along(along, panel)
        _spread(figure.add_subplot(grid[row, 1], sharey=along), panel)
    figure.suptitle(f"{found.kind}: {_shortened(', '.join(found.sources))}", fontsize=11)
    return figure


def _shortened(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:87]}..."


def _along(axes: Axes, panel: Panel) -> None:
    used = np.ones(panel.x.size, bool) if panel.left_out is None else ~panel.left_out
    if panel.steps:
        axes.step(panel.x, panel.y, where="post", color=_READ, linewidth=1.2, label="read")
    else:
        size = 5.0 if panel.x.size <= _SMALL else 2.0
        axes.plot(panel.x[used], panel.y[used], ".", color=_READ, markersize=size, label="read")
        if not used.all():
            axes.plot(panel.x[~used], panel.y[~used], "x", color=_LEFT_OUT, markersize=size + 1, label="left out")
    if not np.isnan(panel.middle):
        if panel.total:
            axes.plot([0.0, panel.x[-1]], [0.0, panel.middle], color=_FITTED)
            axes.fill_between(
                [0.0, panel.x[-1]], [0.0, panel.low], [0.0, panel.high], color=_FITTED, alpha=0.25, linewidth=0, label="fitted, 90 %"
            )
        else:
            axes.axhspan(panel.low, panel.high, color=_FITTED, alpha=0.3, linewidth=0, label="fitted, 90 %")
            axes.axhline(panel.middle, color=_FITTED, linewidth=1.2)
    unit = "" if panel.unit == "1" else f" [{panel.unit}]"
    axes.set(xlabel=panel.along, ylabel=f"{panel.title}{unit}")
    if panel.along in ("run", "interruption"):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8, loc="best")


def _spread(axes: Axes, panel: Panel) -> None:
    """Draw how the values that were used are spread."""
    used = panel.y if panel.left_out is None else panel.y[~panel.left_out]
    axes.hist(used, bins=min(40, max(5, used.size // 5)), orientation="horizontal", color="0.75")
    axes.axhspan(panel.low, panel.high, color=_FITTED, alpha=0.3, linewidth=0)
    axes.axhline(panel.middle, color=_FITTED, linewidth=1.2)
    axes.set(xlabel="values")
    axes.tick_params(labelleft=False)
    axes.grid(alpha=0.3)
