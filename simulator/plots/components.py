"""Bands by component."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.analysis.bands import summarize
from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
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
    legend_below,
    name_rows,
    named,
    with_error,
)
from simulator.plots.targets import COLUMN

_MOST = 12  # components beside the total
_LEAST = 0.005  # of the total's P95, by a component's: what is less cannot be seen
_OUTPUTS = ("cost", "emissions")
_ROW, _REST = 0.19, 0.75  # heights [in]


def bands(found: xr.Dataset, ax: Axes | None = None, *, output: str = "cost") -> Axes:
    """Draw P5 to P95, P25 to P75 and P50 of a total and of its components, the largest first.

    Parameters
    ----------
    found : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them, or their bands, as :func:`simulator.summarize` does.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    output : {"cost", "emissions"}

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> ax = bands(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000)), output="emissions")
    >>> [text.get_text() for text in ax.get_yticklabels()][:2]
    ['total', 'operational']
    """
    found = _summary(found)
    names = _rows(found, output)
    alone = ax is None
    ax = axes_of(ax, height=_REST + _ROW * len(names))
    at = [0.05, 0.25, 0.5, 0.75, 0.95]
    levels = dict(zip(at, found.value.sel(output=names, quantile=at).values.T, strict=True))
    if not np.isfinite(list(levels.values())).all():
        raise InputError(f"percentiles of the {output} are infinite or not known, so that there are no bands to draw")
    factor, unit = axis_scale(f"{output}_total", levels[0.95])
    rows = np.arange(len(names))
    v = {level: values / factor for level, values in levels.items()}
    ax.barh(rows, v[0.95] - v[0.05], left=v[0.05], height=0.3, color=SKY, label="P5 to P95")
    ax.barh(rows, v[0.75] - v[0.25], left=v[0.25], height=0.66, color=BLUE, label="P25 to P75")
    ax.vlines(v[0.5], rows - 0.45, rows + 0.45, color=BLACK, linewidth=1.5, label="P50")
    middle = found.sel(output=names, quantile=0.5)
    words = [with_error(value, error, factor) for value, error in zip(middle.value.values, middle.mcse.values, strict=True)]
    shown = [named(name).partition(": ")[2] or "total" for name in names]
    name_rows(ax, shown, words)
    left_out = len(_components(found, output)) - len(names) + 1
    more = f"; {left_out} smaller not shown" if left_out else ""
    few_ticks(ax, y=False, each=ROWS)
    label_axes(ax, x=f"{label_of(output, unit)}{more}")
    ax.set_xlim(left=min(0.0, float(v[0.05].min())))
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    if alone:
        legend_below(ax, columns=3)
    return ax


def bands_figure(found: xr.Dataset, *, width: float = COLUMN) -> Figure:
    """Return a picture of cost and emissions by component."""
    found = _summary(found)
    counts = [len(_rows(found, output)) for output in _OUTPUTS]
    figure = Picture((width, 0.45 + sum(_REST + _ROW * n for n in counts)))
    panels = figure.subplots(2, height_ratios=[n + 1 for n in counts])
    for ax, output in zip(panels, _OUTPUTS, strict=True):
        bands(found, ax, output=output)
    headline(figure, how_drawn(found.attrs), "numbers: P50 ± Monte Carlo error")
    legend_below(panels[0], columns=3)
    return figure


def _summary(found: xr.Dataset) -> xr.Dataset:
    return summarize(found) if "draw" in found.dims else found


def _components(found: xr.Dataset, output: str) -> list[str]:
    """Return the names of the components that are not nought, the largest P50 first."""
    names = [str(name) for name in found.output.values if str(name).startswith(f"{output}[")]
    values = found.value.sel(output=names)
    size = {name: (abs(float(values.sel(output=name, quantile=0.5))), float(values.sel(output=name, quantile=0.95))) for name in names}
    some = [name for name in names if (values.sel(output=name, quantile=[0.05, 0.95]) != 0.0).any()]
    return sorted(some, key=lambda name: size[name], reverse=True)


def _rows(found: xr.Dataset, output: str) -> list[str]:
    if f"{output}_total" not in found.output.values:
        raise InputError(f"these bands have no {output}_total; bands are drawn of what simulate, simulate_bands and summarize return")
    total = f"{output}_total"
    least = _LEAST * abs(float(found.value.sel(output=total, quantile=0.95)))
    highest = abs(found.value.sel(quantile=[0.05, 0.95])).max("quantile")
    return [total, *[name for name in _components(found, output) if float(highest.sel(output=name)) >= least][:_MOST]]
