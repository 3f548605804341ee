"""A forecast before and after the actuals: totals at completion, and the inputs that moved most."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_OUTPUTS = (
    ("cost_total", ((1e6, "cost [million USD]"), (1e3, "cost [thousand USD]"))),
    ("emissions_total", ((1e6, "emissions [kt CO2e]"), (1e3, "emissions [t CO2e]"))),
    ("wall_clock", ((24.0, "wall-clock time [days]"),)),
)
_INPUTS = 6
_STAGES = (("before", 1.0, "0.55"), ("now", 0.0, "tab:blue"))


def update_figure(found: xr.Dataset) -> Figure:
    """Return a picture of nine panels or fewer: P5 to P95, P25 to P75 and P50 of each quantity, before above and now below.

    Parameters
    ----------
    found : xarray.Dataset
        As :func:`simulator.analysis.update.update.forecast_update` returns it.
    """
    inputs = [str(name) for name in found.input.values[:_INPUTS]]
    rows = 1 + -(-len(inputs) // 3)
    figure = Figure(figsize=(10, 2.1 * rows + 0.6), layout="constrained")
    panels = list(figure.subplots(rows, 3, squeeze=False).flat)
    for axes, (name, scales) in zip(panels, _OUTPUTS, strict=False):
        values = found.value.sel(output=name)
        highest = float(values.max())
        size, text = next((scale for scale in scales if highest >= scale[0]), scales[-1])
        _bars(axes, values / size, text)
    for axes, name in zip(panels[len(_OUTPUTS) :], inputs, strict=False):
        own = found.sel(input=name)
        unit = str(own.input_unit.item())
        _bars(axes, own.input_value, name if unit == "1" else f"{name} [{unit}]")
    for axes in panels[len(_OUTPUTS) + len(inputs) :]:
        axes.set_axis_off()
    a = found.attrs
    draws = f"{a['draws']:_} draws worth {a['effective_draws']:_.0f}, seed {a['seed']}".replace("_", " ")
    figure.suptitle(f"{a['scenario']} after {a['hours']:g} h: {draws}\nP5 to P95 light, P25 to P75 dark, a line at P50", fontsize=11)
    return figure


def _bars(axes: Axes, values: xr.DataArray, text: str) -> None:
    for stage, height, color in _STAGES:
        low, lower, middle, upper, high = (values.sel(stage=stage, quantile=q).item() for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        axes.barh(height, high - low, left=low, height=0.5, color=color, alpha=0.25, linewidth=0)
        axes.barh(height, upper - lower, left=lower, height=0.5, color=color, alpha=0.5, linewidth=0)
        axes.plot([middle, middle], [height - 0.25, height + 0.25], color=color)
    axes.use_sticky_edges = False
    axes.margins(x=0.05)
    axes.set(xlabel=text, yticks=[1.0, 0.0], yticklabels=["before", "now"], ylim=(-0.5, 1.5))
    axes.grid(alpha=0.3, axis="x")
