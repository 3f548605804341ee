"""A fitted zone beside its history."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.fitting.check import Curves, FitCheck
from simulator.fitting.held_out import OutOfSample

_HISTORY, _SIMULATED, _UNSEEN = "black", "tab:blue", "tab:orange"


def fit_figure(name: str, check: FitCheck, unseen: OutOfSample) -> Figure:
    """Return one picture: quantiles, means by hour and month, autocorrelation and sd of window means, a row for each quantity.

    Parameters
    ----------
    name : str
        Of the zone.
    check : FitCheck
        On the hours of the fit.
    unseen : OutOfSample
        On held-out hours, whose quantiles are drawn beside.
    """
    figure = Figure(figsize=(17, 3.6 * len(check.curves) + 0.6), layout="constrained")
    rows = figure.subplots(len(check.curves), 5, squeeze=False)
    for axes, curves in zip(rows, check.curves, strict=True):
        other = next(c for c in unseen.check.curves if c.quantity == curves.quantity)
        _quantiles(axes[0], curves, other, unseen.held_out)
        _means(axes[1], np.arange(24), curves.by_hour, f"mean by local hour [{curves.unit}]", "hour of the day")
        _means(axes[2], np.arange(1, 13), curves.by_month, f"mean by month [{curves.unit}]", "month")
        _autocorrelation(axes[3], curves)
        _windows(axes[4], curves)
    rows[0][0].legend(frameon=False, fontsize=8)
    verdict = "passes its check" if check.ok else f"FAILS its check: {', '.join(f'{r.quantity} {r.statistic}' for r in check.failures)}"
    figure.suptitle(f"{name}: history (black) and {check.replicates} simulated replicates (blue); the fit {verdict}", fontsize=11)
    return figure


def _quantiles(axes: Axes, curves: Curves, other: Curves, held_out: str) -> None:
    low, high = float(np.nanmin(curves.quantiles)), float(np.nanmax(curves.quantiles))
    axes.plot([low, high], [low, high], color="0.7", linewidth=1)
    axes.plot(curves.quantiles[0], curves.quantiles[1], ".", color=_SIMULATED, label="hours of the fit")
    axes.plot(other.quantiles[0], other.quantiles[1], "x", color=_UNSEEN, markersize=4, label=f"unseen: {held_out}")
    axes.set(
        xlabel=f"{curves.quantity}, history [{curves.unit}]", ylabel=f"simulated [{curves.unit}]", title=f"{curves.quantity}: quantiles"
    )
    axes.grid(alpha=0.3)


def _means(axes: Axes, at: np.ndarray, means: np.ndarray, title: str, label: str) -> None:
    axes.plot(at, means[0], "o-", color=_HISTORY, markersize=3)
    axes.plot(at, means[1], "-", color=_SIMULATED)
    axes.set(xlabel=label, title=title)
    axes.grid(alpha=0.3)


def _autocorrelation(axes: Axes, curves: Curves) -> None:
    lags = np.arange(curves.autocorrelation.shape[1]) / 24
    axes.plot(lags, curves.autocorrelation[0], color=_HISTORY)
    axes.plot(lags, curves.autocorrelation[1], color=_SIMULATED)
    axes.set(xlabel="lag [days]", title="autocorrelation", ylim=(-0.5, 1.05))
    axes.grid(alpha=0.3)


def _windows(axes: Axes, curves: Curves) -> None:
    sd = curves.window_sd
    axes.fill_between(curves.windows, sd[2], sd[3], color=_SIMULATED, alpha=0.2, linewidth=0)
    axes.plot(curves.windows, sd[0], "o-", color=_HISTORY, markersize=3)
    axes.plot(curves.windows, sd[1], "-", color=_SIMULATED)
    axes.set(xlabel="window [h]; band: 95 % of replicates", title=f"sd of window means [{curves.unit}]", xscale="log", ylim=(0, None))
    axes.grid(alpha=0.3)
