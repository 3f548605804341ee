"""A forecast before and after the actuals: totals at completion, and the inputs that moved most."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.errors import InputError
from simulator.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ROWS,
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
    name_rows,
    with_error,
)
from simulator.plots.targets import PAGE

_OUTPUTS = ("cost_total", "emissions_total", "wall_clock")
_INPUTS = 6
_WORDS = {"before": "P25 to P75 before", "now": "P25 to P75 now (thin bars: P5 to P95)"}
_STAGES = (("before", GREY, "////"), ("now", BLUE, ""))


def update(found: xr.Dataset, ax: Axes | None = None, *, of: str = "cost_total") -> Axes:
    """Draw P5 to P95, P25 to P75 and P50 of a total at completion or of an input, before the actuals and now.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.analysis.update.update.forecast_update` returns.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    of : str
        An output or an input, as the forecast names it.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> from simulator.analysis.update.actuals import Actuals, Observation
    >>> from simulator.analysis.update.update import forecast_update
    >>> known = Actuals("actuals.csv", (Observation("progress", 0.5, 150.0, 0.05, 2),))
    >>> ax = update(forecast_update(load_scenario("configs/quickstart.yaml"), known, SamplingPlan(draws=2000)), of="wall_clock")
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_yticklabels()]
    ('time of the run [days]', ['before', 'now'])
    """
    values, errors, unit = _of(found, of)
    alone = ax is None
    ax = axes_of(ax, height=1.6)
    at = {q: values.sel(quantile=q).values for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
    factor, words = axis_scale(of, at[0.95], unit)
    for row, (stage, colour, hatch) in enumerate(_STAGES):
        low, lower, middle, upper, high = (at[q][row] / factor for q in at)
        ax.barh(row, high - low, left=low, height=0.25, color=colour, alpha=0.5, linewidth=0)
        bar = ax.barh(row, upper - lower, left=lower, height=0.6, color=colour, hatch=hatch, linewidth=0, label=_WORDS[stage])
        bar.patches[0].set_edgecolor("white")
        ax.plot([middle, middle], [row - 0.4, row + 0.4], color=BLACK, linewidth=1.8)
    name_rows(ax, [stage for stage, _, _ in _STAGES], [with_error(v, e, factor) for v, e in zip(at[0.5], errors, strict=True)])
    few_ticks(ax, y=False, each=ROWS)
    ax.use_sticky_edges = False
    ax.margins(x=0.05)
    label_axes(ax, x=label_of(of, words))
    ax.grid(alpha=0.3, axis="x")
    ax.set_axisbelow(True)
    if alone:
        legend_below(ax, columns=1)
    return ax


def update_figure(found: xr.Dataset, *, width: float = PAGE) -> Figure:
    """Return a picture of totals at completion and of the inputs that moved or narrowed most, before and now."""
    names = [*(name for name in _OUTPUTS if name in found.output.values), *(str(name) for name in found.input.values[:_INPUTS])]
    columns = 1 if is_narrow(width) else 2
    rows = -(-len(names) // columns)
    figure = Picture((width, 0.9 + 0.92 * rows))
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax, name in zip(panels, names, strict=False):
        update(found, ax, of=name)
    for ax in panels[len(names) :]:
        ax.remove()
    a = found.attrs
    worth = f"after {a['hours']:g} h; the draws are worth {a['effective_draws']:,.0f} now".replace(",", " ")
    headline(figure, f"{how_drawn(a)}, {worth}", "numbers: P50 ± Monte Carlo error")
    legend_below(panels[0], columns=columns)
    return figure


def _of(found: xr.Dataset, name: str) -> tuple[xr.DataArray, np.ndarray, str]:
    """Return percentiles by stage, the errors of P50, and the unit."""
    if name in found.output.values:
        own = found.sel(output=name)
        return own.value, own.mcse.sel(quantile=0.5).values, str(own.unit.item())
    if name in found.input.values:
        own = found.sel(input=name)
        return own.input_value, own.input_mcse.sel(quantile=0.5).values, str(own.input_unit.item())
    known = ", ".join(map(str, [*found.output.values, *found.input.values]))
    raise InputError(f"{name} is neither an output nor an input of this forecast; these are {known}")
