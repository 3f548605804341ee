"""Bands over the time of a run, and one draw's way through them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
    SKY,
    VERMILION,
    Picture,
    axes_of,
    axis_scale,
    few_ticks,
    headline,
    how_drawn,
    is_narrow,
    label_axes,
    label_of,
    largest_error,
    legend_below,
)
from simulator.plots.targets import PAGE

_PANELS = ("cost_total", "emissions_total", "energy", "progress")
_DASHES = (4, 1.5)
_MARK: dict[str, Any] = {"linestyle": "", "markersize": 5, "markeredgecolor": BLACK, "markeredgewidth": 0.5}


def fan(found: xr.Dataset, ax: Axes | None = None, *, output: str = "cost_total") -> Axes:
    """Draw the median, the central 50 % and the central 90 % of what runs have come to, and one draw with its interruptions and pauses.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.fan_bands` returns, or :func:`simulator.analysis.fans.fan_with_draw` with a draw to be highlighted.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    output : {"cost_total", "emissions_total", "energy", "progress"}

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, fan_bands, load_scenario, over_time
    >>> plan = SamplingPlan(draws=200)
    >>> fan(fan_bands(over_time(load_scenario("configs/quickstart.yaml"), plan)), output="energy").get_ylabel()
    'energy of the run [MWh]'
    """
    if output not in found or "quantile" not in found[output].dims:
        raise InputError(f"{output} is not drawn over the time of a run; that is {', '.join(n for n in _PANELS if n in found)}")
    alone = ax is None
    ax = axes_of(ax)
    factor, unit = (0.01, "% saved") if output == "progress" else axis_scale(output, found[output].values.ravel())
    days = found.time.values / 24.0
    low, lower, middle, upper, high = (found[output].sel(quantile=q).values / factor for q in (0.05, 0.25, 0.5, 0.75, 0.95))
    ax.fill_between(days, low, high, color=SKY, alpha=0.45, linewidth=0, label="P5 to P95")
    ax.fill_between(days, lower, upper, color=BLUE, alpha=0.55, linewidth=0, label="P25 to P75")
    ax.plot(days, middle, color=BLACK, linewidth=1.2, label="P50")
    if f"{output}_of_draw" in found:
        _draw_one(ax, found, output, factor)
    error = largest_error(found[f"{output}_mcse"].sel(quantile=0.5).values, factor)
    label_axes(ax, x=f"days since the start\n(P50: {error})", y=label_of(output, unit))
    few_ticks(ax)
    ax.set_xlim(0, days[-1])
    ax.set_ylim(bottom=0.0)
    ax.grid(alpha=0.3)
    if alone:
        legend_below(ax, columns=3)
    return ax


def fan_figure(found: xr.Dataset, *, width: float = PAGE) -> Figure:
    """Return a picture of cost, emissions, energy and progress over the run; at the width of a column, of cost and emissions."""
    narrow = is_narrow(width)
    figure = Picture((width, 4.6 if narrow else 0.35 + 0.72 * width))
    panels = list(figure.subplots(2, 1 if narrow else 2, squeeze=False).flat)
    for ax, output in zip(panels, _PANELS, strict=False):
        fan(found, ax, output=output)
    a = found.attrs
    longer = f"; {a['longer']} of them take longer" if a.get("longer") else ""
    one = f"black dashes: draw {a['highlighted']}, which ends after {a['ends'] / 24:.1f} days" if "highlighted" in a else ""
    headline(figure, f"{how_drawn(a)}{longer}; a run that has ended stays at its total", one)
    legend_below(panels[0], columns=3 if narrow else 6)
    return figure


def _draw_one(ax: Axes, found: xr.Dataset, output: str, factor: float) -> None:
    """Draw one draw's way, to its end, and mark on it what interrupted it."""
    ends = found.attrs["ends"]
    way = found[f"{output}_of_draw"]
    until = way.sel(time=way.time <= ends)
    text = f"draw {found.attrs['highlighted']}"
    ax.plot(until.time.values / 24.0, until.values / factor, color=BLACK, linewidth=1, dashes=_DASHES, label=text)
    times = found.event_time.values
    paused = np.array([str(cause).startswith("paused") for cause in found.event_cause.values], dtype=bool)
    for own, marker, colour, kind in ((~paused, "X", VERMILION, "interruption"), (paused, "|", BLACK, "pause")):
        if own.any():
            at = way.interp(time=times[own]).values / factor
            ax.plot(times[own] / 24.0, at, color=colour, label=kind, **_MARK, marker=marker)
