"""Cost, carbon and date together: regions of each pair."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from simulator.analysis.chances import LIMITS
from simulator.analysis.regions import highest_density
from simulator.analysis.risk.deadlines import now_hours
from simulator.analysis.words import LIMIT_WORDS, error_in_words
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
    legend_below,
)
from simulator.plots.targets import PAGE
from simulator.scenario.dates import date_of

Floats = NDArray[np.float64]

_OUTSIDE, _NEXT = "#DCEFFA", SKY  # regions of 90 and of 80 %; that of 50 % is BLUE
_LINES: tuple[Literal["solid", "dashed", "dotted"], ...] = ("solid", "dashed", "dotted")  # of 50, 80 and 90 %
_AXES = {"budget": "cost_total", "carbon_cap": "emissions_total", "deadline": "programme_time"}


def joint(found: xr.Dataset, ax: Axes | None = None, *, x: str = "budget", y: str = "carbon_cap") -> Axes:
    """Draw the smallest regions of two outcomes that hold 50, 80 and 90 % of the draws, and limits where they are stated.

    Parameters
    ----------
    found : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    x, y : {"budget", "carbon_cap", "deadline"}
        What each limit bounds: total cost, total emissions, time to release.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> ax = joint(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000)), y="deadline")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('cost [thousand USD]', 'time to release [days]')
    """
    regions = highest_density(found, x, y)
    ax = axes_of(ax, height=2.8)
    limits = json.loads(found.attrs.get("limits", "{}"))
    inside = regions.density.values >= regions.threshold.values.min()
    spans = {}
    for name, own, values, kept in (("x", x, regions.x.values, inside.any(axis=0)), ("y", y, regions.y.values, inside.any(axis=1))):
        first, last = np.flatnonzero(kept)[[0, -1]]  # and a cell more, in which the edge of the region lies
        shown, span = _axis(found, own, values, values[max(first - 1, 0) : last + 2], limits.get(own))
        spans[name] = shown, span
        if own in limits:
            line = ax.axvline if name == "x" else ax.axhline
            line(span.at(limits[own]), color=VERMILION, linestyle="-.", linewidth=1.2)
    levels = sorted(regions.threshold.values.tolist())
    grid = spans["x"][0], spans["y"][0], regions.density.values
    ax.contourf(*grid, levels=[*levels, 1.0 + 1e-9], colors=[_OUTSIDE, _NEXT, BLUE])
    ax.contour(*grid, levels=levels, colors=BLACK, linewidths=0.8, linestyles=list(reversed(_LINES)))
    few_ticks(ax)
    ax.set_xlim(*spans["x"][1].ends)
    ax.set_ylim(*spans["y"][1].ends)
    for axis, (_, span) in zip((ax.xaxis, ax.yaxis), spans.values(), strict=True):
        if span.is_date:
            axis.set_major_formatter(_date)
    label_axes(ax, x=spans["x"][1].label, y=spans["y"][1].label)
    ax.grid(alpha=0.3)
    return ax


def joint_figure(found: xr.Dataset, *, width: float = PAGE) -> Figure:
    """Return a picture of the three pairs of cost, emissions and time to release, with how many draws each region holds."""
    narrow = is_narrow(width)
    height = 0.8 + (3 * 0.62 * width if narrow else 0.42 * width)
    figure = Picture((width, height))
    panels = figure.subplots(3, 1) if narrow else figure.subplots(1, 3)
    held = []
    for ax, (x, y) in zip(panels, combinations(_AXES, 2), strict=True):
        joint(found, ax, x=x, y=y)
        held.append(highest_density(found, x, y))
    off = max(float(abs(regions.held - regions.share).max()) for regions in held)
    error = max(float(regions.mcse.max()) for regions in held)
    told = f"regions hold their share of other draws within {error_in_words(100 * off)} %"
    headline(figure, how_drawn(found.attrs), f"{told} (Monte Carlo error ± {error_in_words(100 * error)} %)")
    handles = [Line2D([], [], color=BLACK, linewidth=0.8, linestyle=line) for line in _LINES]
    labels = [f"{share:.0%} of the draws".replace("%", " %") for share in held[0].share.values.tolist()]
    if stated := [LIMIT_WORDS[name] for name in json.loads(found.attrs.get("limits", "{}")) if name in LIMITS]:
        handles.append(Line2D([], [], color=VERMILION, linestyle="-.", linewidth=1.2))
        labels.append(", ".join(stated))
    legend_below(panels[0], columns=2 if narrow else 4, handles=handles, labels=labels)
    return figure


class _Span(NamedTuple):
    """How an outcome is drawn: what it is divided by, what is added, between which ends, under which label."""

    factor: float
    offset: float
    ends: tuple[float, float]
    label: str
    is_date: bool

    def at(self, value: float) -> float:
        return value / self.factor + self.offset


def _axis(found: xr.Dataset, name: str, values: Floats, inside: Floats, limit: float | None) -> tuple[Floats, _Span]:
    """Return where values lie on an axis, and the axis: dates where the scenario states when the run begins."""
    output = _AXES[name]
    factor, unit = axis_scale(output, inside)
    label, offset = label_of(output, unit), 0.0
    now = _now(found) if name == "deadline" else None
    if now is not None:
        factor, offset, label = 24.0, now / 24.0, "date of release"
    ends = [float(inside.min()), float(inside.max()), *([] if limit is None else [limit])]
    margin = 0.03 * (max(ends) - min(ends))
    low, high = ((end / factor + offset) for end in (min(ends) - margin, max(ends) + margin))
    return values / factor + offset, _Span(factor, offset, (low, high), label, now is not None)


def _date(days: float, _place: float) -> str:
    return date_of(24.0 * days)[:10]


def _now(found: xr.Dataset) -> float | None:
    """Return the date from which the time to release counts [h since 1970], where it is one."""
    names = [name for name in ("start_time", "preparation_time") if name in found]
    return now_hours({name: found[name].item() if found[name].ndim == 0 else None for name in names})
