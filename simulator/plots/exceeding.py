"""How likely each value is exceeded."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from simulator.analysis.bands import summary_of
from simulator.analysis.chances import LIMITS
from simulator.analysis.estimates import UNKNOWN, Estimate
from simulator.analysis.outcomes import exceeded, output_sample
from simulator.analysis.risk.exceedance import exceedance_curve
from simulator.analysis.words import LIMIT_WORDS, chance_in_words
from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    SMALL,
    VERMILION,
    Picture,
    axes_of,
    axis_scale,
    few_ticks,
    headline,
    how_drawn,
    label_axes,
    label_of,
    with_error,
)
from simulator.plots.targets import COLUMN

Floats = NDArray[np.float64]

_LEVELS = (0.5, 0.8, 0.95)
_MARKS = (("o", "-", GREEN), ("s", "--", ORANGE), ("D", ":", VERMILION))


class _Told(NamedTuple):
    """A curve, its pointwise interval, marked percentiles, and the limit with how likely it is exceeded."""

    values: Floats
    beyond: Floats
    interval: Floats
    marks: dict[float, Estimate]
    limit: float
    chance: Estimate


def exceedance(found: xr.Dataset, ax: Axes | None = None, *, output: str = "cost_total") -> Axes:
    """Draw how likely more than each value is, with its 95 % interval, P50, P80, P95 and the limit where one is stated.

    Parameters
    ----------
    found : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them, or bands, as :func:`simulator.simulate_bands` does; or what
        :func:`simulator.budget_risk` returns: the levels marked are then its own.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    output : str
        As the bands name it; of risks, one that has a limit: ``cost_total``, ``programme_time``, ``emissions_total``.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> ax = exceedance(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000)))
    >>> ax.get_xlabel()
    'cost [thousand USD]'
    """
    told = _of_risk(found, output) if "curve_value" in found else _of_draws(found, output)
    if not np.isfinite(told.values).all():
        raise InputError(f"{output} is not known in some draws, so that there is no curve")
    if told.values[0] == told.values[-1]:
        raise InputError(f"{output} is the same in every draw, so that there is no curve")
    ax = axes_of(ax)
    factor, unit = axis_scale(output, [e.value for e in told.marks.values()] or told.values)
    x = told.values / factor
    ax.fill_between(x, *told.interval.T, color=SKY, alpha=0.6, linewidth=0)
    ax.plot(x, told.beyond, color=BLUE, linewidth=1.5, gid="curve")
    for (level, e), (marker, line, colour) in zip(told.marks.items(), _MARKS, strict=False):
        at = e.value / factor
        text = f"P{100 * level:g}: {with_error(e.value, e.mcse, factor)}"
        if math.isfinite(at):
            ax.plot([at, at], [0.0, 1.0 - level], color=colour, linestyle=line, linewidth=1)
        ax.plot(
            [at] if math.isfinite(at) else [],
            [1.0 - level] if math.isfinite(at) else [],
            marker,
            color=colour,
            markeredgecolor=BLACK,
            markeredgewidth=0.5,
            markersize=5,
            label=text,
        )
    if math.isfinite(told.limit):
        own = next(name for name, bounded in LIMITS.items() if bounded == output)
        text = f"{LIMIT_WORDS[own]} {told.limit / factor:.4g} {unit}:\nexceeded {chance_in_words(told.chance)}"
        ax.axvline(told.limit / factor, color=BLACK, linestyle="-.", linewidth=1.2, label=text)
    ax.set_ylim(0.0, 1.0)
    low, high = float(x[0]), float(x[-1])
    if math.isfinite(told.limit):
        low, high = min(low, told.limit / factor), max(high, 1.02 * told.limit / factor)
    ax.set_xlim(low, high)
    few_ticks(ax, y=False)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    label_axes(ax, x=label_of(output, unit), y="chance to exceed")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=SMALL, framealpha=0.85, edgecolor="none", loc="best", borderaxespad=0.1, handlelength=1.8)
    return ax


def exceedance_figure(found: xr.Dataset, *, width: float = COLUMN, output: str = "cost_total") -> Figure:
    """Return a picture of one exceedance curve."""
    figure = Picture((width, max(2.6, 0.5 * width)))
    exceedance(found, figure.subplots(), output=output)
    headline(figure, how_drawn(found.attrs), "± and band (95 %): Monte Carlo error")
    return figure


def _of_risk(found: xr.Dataset, output: str) -> _Told:
    own = [name for name, bounded in LIMITS.items() if bounded == output]
    if not own:
        raise InputError(f"{output} has no limit, and risks are those of {', '.join(LIMITS.values())}. Choose one, or name a file of draws")
    one = found.sel(limit=own[0])
    marks = {0.5: Estimate(one.p50.item(), one.p50_mcse.item())}
    for level in (level for level in one.level.values.tolist() if level in _LEVELS):
        at = one.sel(level=level)
        marks[level] = Estimate(at.value_at_risk.item(), at.value_at_risk_mcse.item())
    chance_of = Estimate(one.probability_exceeded.item(), one.mcse_exceeded.item())
    return _Told(one.curve_value.values, one.curve_exceeded.values, one.curve_ci.values, marks, one.limit_value.item(), chance_of)


def _of_draws(found: xr.Dataset, output: str) -> _Told:
    sample, limit, chance_of = output_sample(found, output), math.nan, UNKNOWN
    for name, bounded in LIMITS.items():
        if bounded == output:
            limit = float(json.loads(found.attrs.get("limits", "{}")).get(name, math.nan))
            chance_of, _ = exceeded(found, sample, name, limit)
    told = summary_of([("value", "", sample)], sample.draws, _LEVELS, 0.95).isel(output=0)
    marks = {level: Estimate(float(v), float(e)) for level, v, e in zip(_LEVELS, told.value.values, told.mcse.values, strict=True)}
    curve = exceedance_curve(sample)
    return _Told(curve.values, curve.beyond, curve.interval, marks, limit, chance_of)
