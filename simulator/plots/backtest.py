"""Forecasts of published runs against what was reported: bands, where in them the reports lie, how often they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from simulator.analysis.backtest.backtest import Backtest
from simulator.analysis.backtest.scores import Score, by_family, grouped
from simulator.analysis.intervals import binomial_range
from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
    GREY,
    SKY,
    SMALL,
    VERMILION,
    Picture,
    axes_of,
    headline,
    is_narrow,
    label_axes,
    legend_below,
    named,
    unit_of,
)
from simulator.plots.targets import PAGE

_TARGET = "device_hours"
_LEVELS = np.linspace(0.05, 0.95, 19)
_BINS = 10
_LUCK = "range of 90 % of right forecasts"

Found = Backtest | Mapping[str, Any]


def calibration(found: Found, ax: Axes | None = None, *, target: str = _TARGET) -> Axes:
    """Draw how often central bands of each level hold what was reported, with the range in which that is no surprise.

    Parameters
    ----------
    found : Backtest or mapping
        What :func:`simulator.analysis.backtest.backtest.backtest` returns, or ``backtest_json`` of it.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    target : str
        What is forecast: ``device_hours``, ``wall_clock``, ``mfu`` ...

    Returns
    -------
    matplotlib.axes.Axes
    """
    scores = _scores(found, target)
    alone = ax is None
    ax = axes_of(ax)
    families = len({s.family for s in scores})
    away = grouped(scores, lambda s: 2.0 * abs(s.pit - 0.5))  # the level of the narrowest central band that holds the report
    held = [by_family({name: [float(a <= level) for a in own] for name, own in away.items()}) for level in _LEVELS]
    low, high = binomial_range(families, _LEVELS)
    ax.fill_between(_LEVELS, low, high, step="mid", color=SKY, alpha=0.45, linewidth=0, label=_LUCK)
    ax.plot([0, 1], [0, 1], color=BLACK, linestyle="--", linewidth=1, label="expected")
    ax.plot(_LEVELS, held, color=BLUE, marker="o", markersize=3, linewidth=1, label="found")
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axis.set_ticks([0.0, 0.5, 1.0], minor=False)
    label_axes(ax, x="level of the band", y="reports inside")
    ax.grid(alpha=0.3)
    if alone:
        legend_below(ax, columns=1)
    return ax


def places(found: Found, ax: Axes | None = None, *, target: str = _TARGET) -> Axes:
    """Draw where in its forecast each report lies (the probability integral transform): of good forecasts equally often everywhere.

    Parameters
    ----------
    found, ax, target
        See :func:`calibration`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    scores = _scores(found, target)
    alone = ax is None
    ax = axes_of(ax)
    low, high = (float(share) * len(scores) for share in binomial_range(len(scores), 1.0 / _BINS))
    ax.hist([s.pit for s in scores], bins=_BINS, range=(0.0, 1.0), color=GREY, edgecolor="white")
    ax.axhline(len(scores) / _BINS, color=BLACK, linestyle="--", linewidth=1, label="expected")
    ax.axhspan(low, high, color=SKY, alpha=0.35, linewidth=0, label=_LUCK, zorder=0)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, max(ax.get_ylim()[1], 1.1 * high))
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    ax.set_xticks([0.0, 0.5, 1.0])
    label_axes(ax, x="share of the forecast\nbelow the report", y="runs")
    if alone:
        legend_below(ax, columns=1)
    return ax


def reported(found: Found, ax: Axes | None = None, *, target: str = _TARGET) -> Axes:
    """Draw by run the 90 % band of its forecast, the median, and what was reported.

    Parameters
    ----------
    found, ax, target
        See :func:`calibration`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    scores = sorted(_scores(found, target), key=lambda s: s.actual)
    alone = ax is None
    ax = axes_of(ax, height=_height(len(scores)))
    rows = np.arange(len(scores))
    held = np.array([s.p05 <= s.actual <= s.p95 for s in scores])
    actual = np.array([s.actual for s in scores])
    ax.barh(rows, [s.p95 - s.p05 for s in scores], left=[s.p05 for s in scores], height=0.5, color=SKY, label="forecast, P5 to P95")
    ax.plot([s.p50 for s in scores], rows, "|", color=BLACK, markersize=7, label="P50")
    ax.plot(actual[held], rows[held], "o", color=BLUE, markeredgecolor=BLACK, markeredgewidth=0.5, markersize=4, label="reported")
    if not held.all():
        ax.plot(actual[~held], rows[~held], "X", color=VERMILION, markeredgecolor=BLACK, markeredgewidth=0.5, markersize=6, label="outside")
    ax.use_sticky_edges = False
    ax.margins(x=0.04)
    if max(s.p95 for s in scores) > 5.0 * min(s.p05 for s in scores) > 0.0:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=6))
        ax.xaxis.set_major_formatter(LogFormatterSciNotation())
        ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(rows, [s.run_id for s in scores], fontsize=SMALL)
    ax.set_ylim(-0.6, len(scores) - 0.4)
    unit = unit_of(target)
    label_axes(ax, x=named(target) if unit == "1" else f"{named(target)} [{unit}]")
    ax.grid(alpha=0.3, axis="x")
    ax.set_axisbelow(True)
    if alone:
        legend_below(ax, columns=2)
    return ax


def backtest_figure(found: Found, *, width: float = PAGE, target: str = _TARGET) -> Figure:
    """Return a picture of a target: bands and figures by run, where in the bands these lie, and coverage by level."""
    scores = _scores(found, target)
    narrow = is_narrow(width)
    tall = _height(len(scores))
    figure = Picture((width, tall + (5.0 if narrow else 1.0)))
    if narrow:
        parts = figure.add_gridspec(3, 1, height_ratios=(tall, 1.9, 1.9))
        panels = [figure.add_subplot(parts[k, 0]) for k in range(3)]
    else:
        parts = figure.add_gridspec(2, 2, width_ratios=(1.7, 1))
        panels = [figure.add_subplot(part) for part in (parts[:, 0], parts[0, 1], parts[1, 1])]
    reported(found, panels[0], target=target)
    places(found, panels[1], target=target)
    calibration(found, panels[2], target=target)
    legend_below(*panels, columns=2 if narrow else 4)
    families = len({s.family for s in scores})
    headline(figure, f"{named(target)} of {len(scores)} published runs of {families} families, each forecast without its own family")
    return figure


def _height(runs: int) -> float:
    return 0.6 + 0.16 * max(runs, 18)


def _scores(found: Found, target: str) -> Sequence[Score]:
    """Return the scores of a target that count."""
    if isinstance(found, Backtest):
        scores = found.of(target)
    else:
        rows = [row for row in found["runs"] if row["target"] == target and row["counted"]]
        scores = [Score(**{field.name: row[field.name] for field in fields(Score)}) for row in rows]
    if not scores:
        raise InputError(f"no run of this backtest counts for {target}. Choose another target")
    return scores
