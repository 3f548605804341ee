"""What ``simulator bench`` measured: a roofline, what the time goes to, and threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from simulator.plots.style import Picture

# Okabe & Ito (2008), Color Universal Design: told apart by colour-blind readers
_COLOURS = {"static": "black", "path": "#D55E00"}
_MARKERS = {"static": "o", "path": "s"}
_OF_STAGES = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#CC79A7", "#BBBBBB")
_DARK = ("#0072B2", "#009E73")  # white text is read better on these
_WRITTEN = 0.045  # share from which it is written into its bar


def bench_figure(result: Mapping[str, Any]) -> Figure:
    """Return a picture: kernels under the ceilings of one thread; shares of the stages; what more threads bring.

    Parameters
    ----------
    result : mapping
        As :func:`simulator.bench.measure` returns it.
    """
    figure = Picture((8, 8))
    grid = figure.add_gridspec(3, 2, height_ratios=(1.9, 0.9, 1.1))
    _roofline(figure.add_subplot(grid[0, :]), result)
    _shares(figure.add_subplot(grid[1, :]), result)
    _threads(figure.add_subplot(grid[2, 0]), result, "rate")
    _threads(figure.add_subplot(grid[2, 1]), result, "efficiency")
    machine = result["machine"]
    version = machine["training-risk-simulator"]
    figure.suptitle(f"{machine['cpu']}, {machine['cores']} cores, {machine['vector_bits']}-bit vectors; simulator {version}", fontsize=11)
    return figure


def _roofline(axes: Axes, result: Mapping[str, Any]) -> None:
    """Draw the two ceilings, and each workload at what it needs and reaches; random words in operations that take as long."""
    ceilings = result["ceilings"]
    roof, slope = ceilings["arithmetic"]["median"], ceilings["bandwidth"]["median"]
    ridge, places = roof / slope, {}
    for name, workload in result["workloads"].items():
        need = workload["needed"]
        operations = need["operations"] + need["uniforms"] * ceilings["generator"]["median"] * roof
        places[name] = operations / need["bytes"], workload["of_ceiling"]
    low = min(ridge, *(at for at, _ in places.values())) / 12
    high = max(ridge, *(at for at, _ in places.values())) * 8
    at = np.array([low, ridge, high])
    axes.plot(at, np.minimum(roof, slope * at), color="0.4", linewidth=2.5)
    axes.text(ridge * 1.3, roof * 1.12, f"arithmetic alone: {roof:.3g} G operations/s", va="bottom", fontsize=9)
    axes.text(low * 1.15, slope * np.sqrt(low * ridge) * 1.7, f"memory alone:\n{slope:.3g} GB/s", va="bottom", fontsize=9)
    least = roof
    for name, (place, found) in places.items():
        low_share, high_share = found["interval"] or (found["median"], found["median"])
        share = found["median"]
        least = min(least, low_share * roof)
        axes.errorbar(
            place,
            share * roof,
            yerr=[[(share - low_share) * roof], [(high_share - share) * roof]],
            marker=_MARKERS[name],
            color=_COLOURS[name],
            markersize=9,
            capsize=4,
            linestyle="none",
            label=name,
        )
        axes.annotate(
            f"{name}: {share:.0%} of the ceiling",
            (place, low_share * roof),
            xytext=(0, -12),
            textcoords="offset points",
            ha="center",
            va="top",
            color=_COLOURS[name],
            fontsize=10,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(low, high),
        ylim=(min(least, slope * low) / 2.2, roof * 1.9),
        xlabel="operations per byte left in memory",
        ylabel="G operations/s, one thread",
        title="Kernels under the ceilings of one thread",
    )
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_plain))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)


def _shares(axes: Axes, result: Mapping[str, Any]) -> None:
    """Draw what the time goes to, a bar for each workload."""
    names = list(result["workloads"])
    stages = list(result["workloads"][names[0]]["shares"])
    for row, name in enumerate(names):
        left = 0.0
        for stage, colour in zip(stages, _OF_STAGES, strict=True):
            share = max(result["workloads"][name]["shares"][stage], 0.0)
            axes.barh(row, share, left=left, color=colour, edgecolor="white", label=stage if row == 0 else None)
            if share >= _WRITTEN:
                ink = "white" if colour in _DARK else "black"
                axes.text(left + share / 2, row, f"{share:.0%}", ha="center", va="center", fontsize=9, color=ink)
            left += share
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set(xlabel="share of a draw's time, one thread; stages measured alone", xlim=(0, None))
    axes.legend(ncols=len(stages), fontsize=9, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), handlelength=1.0)


def _threads(axes: Axes, result: Mapping[str, Any], what: str) -> None:
    """Draw the rate, or its efficiency, over the number of threads."""
    for name, workload in result["workloads"].items():
        counts = [entry["threads"] for entry in workload["threads"]]
        found = [entry[what] for entry in workload["threads"]]
        ends = np.array([entry["interval"] or [entry["median"]] * 2 for entry in found])
        middle = np.array([entry["median"] for entry in found])
        axes.errorbar(
            counts,
            middle,
            yerr=np.abs(ends - middle[:, None]).T,
            marker=_MARKERS[name],
            color=_COLOURS[name],
            capsize=3,
            label=name,
        )
    axes.set_xlabel("threads")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if what == "rate":
        axes.set(yscale="log", ylabel="draws per second")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.legend(frameon=False, fontsize=9)
    else:
        axes.axhline(1.0, color="black", linewidth=1, linestyle=":")
        axes.set(ylabel="efficiency", ylim=(0, None))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.3)


def _plain(value: float, _place: int) -> str:
    """Return a power of ten as it is written."""
    return f"{value:,.0f}".replace(",", " ") if value >= 1 else f"{value:g}"
