"""Forecast bands against what was reported, PIT, and reliability."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.analysis.backtest.backtest import Backtest
from simulator.analysis.backtest.scores import Score, by_family

_TARGET = "device_hours"
_LEVELS = np.linspace(0.05, 0.95, 19)


def backtest_figure(found: Backtest) -> Figure:
    """Return a picture of the accelerator-hours that count: bands and figures by run, histogram of PIT, coverage by level.

    Parameters
    ----------
    found : Backtest
    """
    scores = sorted(found.of(_TARGET), key=lambda s: s.actual)
    figure = Figure(figsize=(10, 1.6 + 0.28 * max(len(scores), 8)), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(2.2, 1))
    _bands(figure.add_subplot(grid[:, 0]), scores)
    _pit(figure.add_subplot(grid[0, 1]), scores)
    _reliability(figure.add_subplot(grid[1, 1]), scores)
    families = len({s.family for s in scores})
    figure.suptitle(f"accelerator-hours of {len(scores)} published runs of {families} families, forecast without their own family")
    return figure


def _bands(axes: Axes, scores: list[Score]) -> None:
    for height, s in enumerate(scores):
        axes.plot([s.p05, s.p95], [height, height], color="0.6", linewidth=5, solid_capstyle="butt")
        axes.plot(s.p50, height, "|", color="black", markersize=9)
        held = s.p05 <= s.actual <= s.p95
        axes.plot(s.actual, height, "o" if held else "X", color="tab:blue" if held else "tab:red")
    axes.set(xscale="log", xlabel="accelerator-hours: 90 % band, median |, reported ● (outside: ✕)")
    axes.set_yticks(range(len(scores)), [s.run_id for s in scores], fontsize=8)
    axes.grid(alpha=0.3, axis="x")


def _pit(axes: Axes, scores: list[Score]) -> None:
    axes.hist([s.pit for s in scores], bins=10, range=(0.0, 1.0), color="0.6", edgecolor="white")
    axes.axhline(len(scores) / 10, color="black", linestyle="--", linewidth=1)
    axes.set(xlabel="share of the forecast below the report", ylabel="runs")


def _reliability(axes: Axes, scores: list[Score]) -> None:
    held: list[float] = []
    for level in _LEVELS:
        families: dict[str, list[float]] = {}
        for s in scores:
            families.setdefault(s.family, []).append(float(abs(s.pit - 0.5) <= 0.5 * level))
        held.append(by_family(families) if families else math.nan)
    axes.plot([0, 1], [0, 1], color="black", linestyle="--", linewidth=1)
    axes.plot(_LEVELS, held, color="tab:blue", marker=".")
    axes.set(xlabel="level of the band", ylabel="share of families inside", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
