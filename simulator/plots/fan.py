"""Bands over the time of a run."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

_PANELS = (
    ("cost_total", ((1e6, "cost [million USD]"), (1e3, "cost [thousand USD]"))),
    ("emissions_total", ((1e6, "emissions [kt CO2e]"), (1e3, "emissions [t CO2e]"))),
    ("energy", ((1e6, "energy [GWh]"), (1e3, "energy [MWh]"))),
    ("progress", ((0.01, "progress [% of the work, saved]"),)),
)


def fan_figure(bands: xr.Dataset) -> Figure:
    """Return a picture of four fans: the median, the central 50 % and the central 90 %.

    Parameters
    ----------
    bands : xarray.Dataset
        As :func:`simulator.fan_bands` returns it, with quantiles 0.05, 0.25, 0.5, 0.75 and 0.95.
    """
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    days = bands.time.values / 24
    for axes, (name, scales) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        highest = float(bands[name].max())
        size, label = next((scale for scale in scales if highest >= scale[0]), scales[-1])
        low, lower, middle, upper, high = (bands[name].sel(quantile=q).values / size for q in (0.05, 0.25, 0.5, 0.75, 0.95))
        axes.fill_between(days, low, high, color="tab:blue", alpha=0.18, linewidth=0, label="P5 to P95")
        axes.fill_between(days, lower, upper, color="tab:blue", alpha=0.35, linewidth=0, label="P25 to P75")
        axes.plot(days, middle, color="tab:blue", label="P50")
        axes.set(ylabel=label, xlabel="days since the start", xlim=(0, days[-1]), ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.axes[0].legend(loc="upper left", frameon=False)
    a = bands.attrs
    longer = f"; {a['longer']} of them take longer" if a.get("longer") else ""
    title = f"{a['scenario']}: {a['draws']} draws, seed {a['seed']}; a run that has ended stays at its total{longer}"
    figure.suptitle(title, fontsize=11)
    return figure
