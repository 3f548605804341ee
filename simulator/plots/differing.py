"""By how much two scenarios differ, draw by draw."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.analysis.comparison.differences import differences, names_of, pairs_of
from simulator.analysis.estimates import Estimate
from simulator.analysis.words import chance_in_words
from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
    SKY,
    SMALL,
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
    with_error,
)
from simulator.plots.targets import PAGE

_OUTPUTS = ("cost_total", "emissions_total", "wall_clock")
_BINS = 60
_ENDS = (0.001, 0.999)  # percentiles of the draws between which they are counted
_MARKS = ((0.05, ":"), (0.5, "-"), (0.95, "--"))


def difference(found: xr.Dataset, ax: Axes | None = None, *, output: str = "cost_total", scenario: str | None = None) -> Axes:
    """Draw how a scenario differs from the first on the same draws: a histogram with P5, P50, P95, and how likely it is lower.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.compare` returns.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    output : str
        One by draw: ``cost_total``, ``emissions_total``, ``energy`` ...
    scenario : str, optional
        The last where left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, compare, load_scenario
    >>> one = load_scenario("configs/quickstart.yaml")
    >>> both = compare({"plain": one, "fp8": load_scenario("configs/quickstart.yaml", levers=["fp8"])}, SamplingPlan(draws=2000))
    >>> difference(both).get_xlabel()
    'difference in cost [thousand USD]'
    """
    base, other = _chosen(found, scenario)
    if output not in found or found[output].dims != ("scenario", "draw"):
        raise InputError(f"{output} is not compared draw by draw here; compared are {', '.join(_compared(found))}")
    told = differences(found.sel(scenario=[base, other])[[output, *(["completed"] if "completed" in found else [])]]).isel(scenario=0)
    told = told.sel(output=output)
    paired = pairs_of(found, [base, other])[output]
    d = paired.sel(scenario=other).values - paired.sel(scenario=base).values
    ax = axes_of(ax)
    low, high = np.quantile(d, _ENDS).tolist()
    factor, unit = axis_scale(output, [low, high])
    edges = np.linspace(low, high, _BINS + 1) / factor if high > low else np.array([low - 0.5 * factor, low + 0.5 * factor]) / factor
    if low < 0.0 < high:  # no bar on both sides of nought
        edges = np.unique(np.append(edges, 0.0))
    counts, _ = np.histogram(d / factor, edges)
    shares = counts / d.size / np.diff(edges)
    below = edges[1:] <= 0.0
    for side, colour, hatch, words in ((below, BLUE, "", "lower"), (~below, SKY, "////", "not lower")):
        bars = ax.bar(edges[:-1][side], shares[side], np.diff(edges)[side], align="edge", color=colour, hatch=hatch, label=words)
        for bar in bars:
            bar.set_edgecolor(colour if not hatch else "white")
            bar.set_linewidth(0.0)
    top = 1.05 * float(shares.max())
    for level, line in _MARKS:
        at = told.sel(quantile=level)
        text = f"P{100 * level:g}: {with_error(at.value.item(), at.mcse.item(), factor)}"
        ax.plot([at.value.item() / factor] * 2, [0.0, top], color=BLACK, linestyle=line, linewidth=1, label=text)
    ax.plot([0.0, 0.0], [0.0, top], color=VERMILION, linewidth=1.5)
    ax.set_ylim(0.0, 1.6 * top)  # room for the legend
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    few_ticks(ax, y=False)
    lower = chance_in_words(Estimate(told.probability_lower.item(), told.mcse_lower.item()))
    label_axes(ax, x=f"difference in {label_of(output, unit)}", y="share of the draws", title=f"lower in {lower}")
    handles, labels = ax.get_legend_handles_labels()
    marks = [(h, text) for h, text in zip(handles, labels, strict=True) if text.startswith("P")]
    ax.legend(*zip(*marks, strict=True), fontsize=SMALL, frameon=False, loc="upper center", handlelength=1.6, borderaxespad=0.1)
    return ax


def difference_figure(found: xr.Dataset, *, width: float = PAGE, scenario: str | None = None) -> Figure:
    """Return a picture of how cost, emissions and time of the run differ."""
    base, other = _chosen(found, scenario)
    narrow = is_narrow(width)
    figure = Picture((width, 6.2 if narrow else 2.9))
    panels = figure.subplots(3, 1) if narrow else figure.subplots(1, 3)
    for ax, output in zip(panels, _OUTPUTS, strict=True):
        difference(found, ax, output=output, scenario=other)
    for ax in panels[:0] if narrow else panels[1:]:
        ax.set_ylabel("")
    attrs = {**found.attrs, "scenario": f"{other}, less {base}"}
    headline(figure, how_drawn(attrs), "line at 0: no difference; dark: lower, hatched: not; ±: Monte Carlo error")
    return figure


def _chosen(found: xr.Dataset, scenario: str | None) -> tuple[str, str]:
    """Return the name of the base and of the scenario that is compared with it."""
    names = names_of(found)
    other = names[-1] if scenario is None else scenario
    if other not in names[1:]:
        raise InputError(f"'{other}' is not compared with {names[0]} here; that are {', '.join(names[1:])}")
    return names[0], other


def _compared(found: xr.Dataset) -> list[str]:
    outputs = {str(name): values for name, values in found.data_vars.items() if values.attrs.get("role") == "output"}
    return [name for name, values in outputs.items() if values.dims == ("scenario", "draw")]
