"""A fitted zone beside its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.errors import InputError
from simulator.fitting.check import Curves, FitCheck
from simulator.fitting.held_out import OutOfSample
from simulator.plots.style import (
    BLACK,
    BLUE,
    ORANGE,
    SKY,
    SMALL,
    Picture,
    axes_of,
    few_ticks,
    headline,
    is_narrow,
    label_axes,
    legend_below,
)
from simulator.plots.targets import PAGE
from simulator.scenario.zones import CARBON_UNIT, ZoneFile

_PANELS = 5  # of each quantity
_EDGE: dict[str, Any] = {"markeredgecolor": BLACK, "markeredgewidth": 0.5}
_HISTORY: dict[str, Any] = {"color": BLACK, "marker": "o", "markersize": 3, "linewidth": 0.8}


def fit_figure(name: str, check: FitCheck, unseen: OutOfSample, *, width: float = 2.0 * PAGE) -> Figure:
    """Return one picture: quantiles, means by hour and month, autocorrelation and sd of window means, of each quantity.

    Parameters
    ----------
    name : str
        Of the zone.
    check : FitCheck
        On the hours of the fit.
    unseen : OutOfSample
        On held-out hours, whose quantiles are drawn beside.
    width : float
        [in].
    """
    columns = 1 if is_narrow(width) else 2 if width < 1.5 * PAGE else _PANELS
    rows = -(-_PANELS // columns) * len(check.curves)
    figure = Picture((width, 1.9 * rows + 0.6))
    panels = figure.subplots(rows, columns, squeeze=False).reshape(len(check.curves), -1)
    for axes, curves in zip(panels, check.curves, strict=True):
        other = next(c for c in unseen.check.curves if c.quantity == curves.quantity)
        _quantiles(axes[0], curves, other, unseen.held_out)
        _means(axes[1], np.arange(24), curves.by_hour, f"{curves.quantity}, mean [{curves.unit}]", "local hour of the day")
        _means(axes[2], np.arange(1, 13), curves.by_month, f"{curves.quantity}, mean [{curves.unit}]", "month")
        _autocorrelation(axes[3], curves)
        _windows(axes[4], curves)
        for spare in axes[_PANELS:]:
            spare.remove()
    verdict = "passes its check" if check.ok else f"FAILS its check: {', '.join(f'{r.quantity} {r.statistic}' for r in check.failures)}"
    told = f"{name}: history (black dots) and {check.replicates} simulated replicates (blue lines); the fit {verdict}"
    wide = round(3.9 * np.sqrt(check.replicates))
    headline(figure, told, f"band: 95 % of the replicates, about {wide} Monte Carlo errors of their mean wide")
    return figure


def fit(file: ZoneFile, ax: Axes | None = None, *, quantity: str = "price") -> Axes:
    """Draw statistics of the simulated hours of a zone over those of its history, in the fit and held out of it.

    Parameters
    ----------
    file : ZoneFile
        Made by ``simulator fit``, or shipped: :func:`simulator.scenario.zones.load_zone`.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    quantity : {"price", "carbon", "shares"}
        Mean, standard deviation and percentiles of one of the two; or what has no unit: correlations, and the share of negative prices.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        For a zone that was not fitted, or does not have the quantity.

    Examples
    --------
    >>> from simulator.scenario.zones import load_zone
    >>> fit(load_zone("DE"), quantity="carbon").get_title()
    'carbon intensity [gCO2e/kWh]'
    """
    known, units = _known(file), _units(file)
    if quantity not in units:
        raise InputError(f"{quantity} is not drawn of zone {file.zone.name}; that is {', '.join(units)}")
    alone = ax is None
    ax = axes_of(ax)
    ends: list[float] = []
    for (words, own), marker, colour in zip(known.items(), ("o", "X"), (BLUE, ORANGE), strict=False):
        shown = [pair for name, pair in own.items() if _belongs(name, quantity)]
        history, simulated = np.array(shown, dtype=np.float64).reshape(-1, 2).T
        ax.plot(history, simulated, marker, color=colour, markersize=5, alpha=0.85, label=words, **_EDGE)
        ends += [*history, *simulated]
    ax.plot([min(ends), max(ends)], [min(ends), max(ends)], color=BLACK, linestyle="--", linewidth=0.8, label="equal", zorder=0)
    few_ticks(ax)
    label_axes(ax, x="history", y="simulated", title=f"{_NAMES[quantity]} [{units[quantity]}]".removesuffix(" [1]"))
    ax.grid(alpha=0.3)
    if alone:
        legend_below(ax, columns=2)
    return ax


def zone_figure(file: ZoneFile, *, width: float = PAGE) -> Figure:
    """Return a picture of what a zone file tells of its fit: statistics of the history beside those of the simulation."""
    _known(file)
    units = _units(file)
    columns = 1 if is_narrow(width) else len(units)
    figure = Picture((width, 0.9 + (2.4 * len(units) if columns == 1 else 0.4 * width)))
    panels = list(figure.subplots(len(units) // columns, columns, squeeze=False).flat)
    for ax, quantity in zip(panels, units, strict=True):
        fit(file, ax, quantity=quantity)
    a = file.about
    headline(
        figure,
        f"{file.zone.name}, {a.get('period', 'period not stated')}: the fit has {a.get('check', 'no verdict of')} its check",
        f"simulated: {a.get('replicates', 'many')} replicates of the same hours; the file does not tell their Monte Carlo error",
    )
    legend_below(panels[0], columns=2 if columns == 1 else 3)
    return figure


def _known(file: ZoneFile) -> dict[str, Mapping[str, tuple[float, float]]]:
    """Return history and simulation by statistic, in the fit and held out of it."""
    pairs = {words: file.about.get(key) for words, key in _HOURS.items()}
    if not isinstance(pairs[_OF_FIT], Mapping):
        raise InputError(f"zone {file.zone.name} tells no check of a fit: it was not made by simulator fit")
    return {words: own for words, own in pairs.items() if isinstance(own, Mapping)}


def _units(file: ZoneFile) -> dict[str, str]:
    """Return the units of what can be drawn."""
    price = {} if file.zone.price is None else {"price": file.zone.price.unit}
    return {**price, **({} if file.zone.carbon is None else {"carbon": CARBON_UNIT}), "shares": "1"}


_OF_FIT = "hours of the fit"
_HOURS = {_OF_FIT: "history_and_simulation", "hours held out": "held_out_history_and_simulation"}
_NAMES = {"price": "price", "carbon": "carbon intensity", "shares": "shares, correlations"}
_SHARES = ("negative share", "autocorrelation", "correlation")


def _belongs(name: str, quantity: str) -> bool:
    of, _, statistic = name.partition(" ")
    share = statistic.startswith(_SHARES) or name.endswith("correlation")
    return share if quantity == "shares" else of == quantity and not share


def _quantiles(ax: Axes, curves: Curves, other: Curves, held_out: str) -> None:
    axes_of(ax)
    low, high = float(np.nanmin(curves.quantiles)), float(np.nanmax(curves.quantiles))
    ax.plot([low, high], [low, high], color=BLACK, linestyle="--", linewidth=0.8)
    ax.plot(curves.quantiles[0], curves.quantiles[1], "o", color=BLUE, markersize=3, label="hours of the fit")
    ax.plot(other.quantiles[0], other.quantiles[1], "X", color=ORANGE, markersize=4, label=f"unseen: {held_out}")
    few_ticks(ax)
    label_axes(ax, x=f"{curves.quantity}, history [{curves.unit}]", y="simulated")
    ax.legend(frameon=False, fontsize=SMALL - 0.5, loc="upper left", borderaxespad=0.1, handletextpad=0.2)
    ax.grid(alpha=0.3)


def _means(ax: Axes, at: np.ndarray, means: np.ndarray, text: str, label: str) -> None:
    axes_of(ax)
    ax.plot(at, means[0], **_HISTORY)
    ax.plot(at, means[1], color=BLUE)
    few_ticks(ax, x=False)
    ax.set_xticks(at[:: len(at) // 4])
    label_axes(ax, x=label, y=text)
    ax.grid(alpha=0.3)


def _autocorrelation(ax: Axes, curves: Curves) -> None:
    axes_of(ax)
    lags = np.arange(curves.autocorrelation.shape[1]) / 24
    ax.plot(lags, curves.autocorrelation[0], color=BLACK, linestyle="--", linewidth=1)
    ax.plot(lags, curves.autocorrelation[1], color=BLUE)
    ax.set_ylim(-0.5, 1.05)
    few_ticks(ax)
    label_axes(ax, x="lag [days]", y=f"{curves.quantity}, autocorrelation")
    ax.grid(alpha=0.3)


def _windows(ax: Axes, curves: Curves) -> None:
    axes_of(ax)
    sd = curves.window_sd
    ax.fill_between(curves.windows, sd[2], sd[3], color=SKY, alpha=0.45, linewidth=0)
    ax.plot(curves.windows, sd[0], **_HISTORY)
    ax.plot(curves.windows, sd[1], color=BLUE)
    ax.set(xscale="log", ylim=(0, None))
    few_ticks(ax, x=False)
    label_axes(ax, x="window [h]", y=f"sd of means [{curves.unit}]")
    ax.grid(alpha=0.3)
