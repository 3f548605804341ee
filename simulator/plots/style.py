"""What all pictures have in common: sizes, colours that survive colour blindness and grey, units, errors in words.

Nothing global: no rcParams, no pyplot. Texts that a picture makes have their sizes stated.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulator.analysis.words import input_scale, rounded, scale
from simulator.plots.targets import COLUMN, PAGE
from simulator.quantities import QUANTITIES
from simulator.scenario.dates import date_of

TEXT, SMALL = 8.0, 7.0  # points
_DPI = 160  # of what a notebook shows
_STEPS = (1, 2, 2.5, 5, 10)
ROWS = 0.85  # width [in] for each number on the axis of a panel that has names and numbers at its sides

# Okabe & Ito (2008), Color Universal Design, https://jfly.uni-koeln.de/color/: told apart with any colour vision
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION = "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00"
GREY = "#767676"

_NAMES = {
    "cost_total": "cost", "emissions_total": "emissions", "wall_clock": "time of the run", "programme_time": "time to release",
    "energy": "energy of the run", "energy_total": "energy", "device_hours": "accelerator-hours", "progress": "progress",
    "mfu": "utilization (MFU)", "pue": "PUE",
}  # fmt: skip


class Picture(Figure):
    """A figure that a notebook shows as the value of a cell, whether or not pyplot was imported there.

    Parameters
    ----------
    size : tuple of float
        Width and height [in].
    """

    def __init__(self, size: tuple[float, float]) -> None:
        super().__init__(figsize=size, dpi=_DPI, layout="constrained")

    def _repr_png_(self) -> bytes:
        """Return the picture as IPython asks for it."""
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def axes_of(ax: Axes | None, *, height: float = 2.4) -> Axes:
    """Return the axes to draw on, those of a new figure of a column's width where none are given, with small ticks."""
    if ax is None:
        ax = Picture((COLUMN, height)).subplots()
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def is_narrow(width: float) -> bool:
    """Tell whether a figure is as wide as a column rather than a page [in]."""
    return width < 0.5 * (COLUMN + PAGE)


def named(output: str) -> str:
    """Return an output or input in words.

    Examples
    --------
    >>> named("emissions_total"), named("cost[data_licences]")
    ('emissions', 'cost: data licences')
    """
    name, bracket, member = output.partition("[")
    words = _NAMES.get(name, name.replace("_", " "))
    return f"{words}: {member.rstrip(']').replace('_', ' ')}" if bracket else words


def unit_of(output: str) -> str:
    """Return the canonical unit of an output or input, 1 of what the nomenclature does not know."""
    name = output.partition("[")[0]
    return QUANTITIES[name].unit if name in QUANTITIES else "1"


def axis_scale(output: str, values: Iterable[float], unit: str | None = None) -> tuple[float, str]:
    """Return what values are divided by on an axis, and the readable unit that gives.

    Examples
    --------
    >>> axis_scale("cost_total", [0.1e6, 2.5e6])
    (1000000.0, 'million USD')
    """
    sizes = [abs(v) for v in values if math.isfinite(v)]
    return scale(unit_of(output) if unit is None else unit, output.partition("[")[0], max(sizes, default=0.0))


def label_of(output: str, unit: str) -> str:
    """Return the label of an axis.

    Examples
    --------
    >>> label_of("cost_total", "million USD"), label_of("goodput", "")
    ('cost [million USD]', 'goodput')
    """
    return f"{named(output)} [{unit}]" if unit else named(output)


def with_error(value: float, error: float, factor: float = 1.0) -> str:
    """Return a number and its Monte Carlo standard error, no more digits than that allows.

    Examples
    --------
    >>> with_error(246_812.0, 431.0, 1e3), with_error(0.0187321, 0.00007), with_error(1.5, float("nan"))
    ('246.8 ± 0.4', '0.01873 ± 0.00007', '1.5 (error not known)')
    """
    value, error = value / factor, error / factor
    if not math.isfinite(value):
        return "infinite" if math.isinf(value) else "not known"
    if error == 0.0 or not math.isfinite(error):
        text = rounded(value, None)
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text if error == 0.0 else f"{text} (error not known)"
    if value != 0.0 and error > abs(value):  # no digit is certain
        return f"{_one_digit(value)} ± {_one_digit(error)}"
    return f"{rounded(value, float(f'{error:.1g}'))} ± {_one_digit(error)}"


def largest_error(errors: Iterable[float], factor: float) -> str:
    """Return in words how large the Monte Carlo standard errors of what is drawn are.

    Examples
    --------
    >>> largest_error([1.0, 31.0, float("nan")], 10.0)
    'Monte Carlo error ± 3 at most'
    """
    known = [e / factor for e in errors if math.isfinite(e)]
    return f"Monte Carlo error ± {_one_digit(max(known))} at most" if known else "Monte Carlo error not known"


def _one_digit(x: float) -> str:
    return np.format_float_positional(float(f"{x:.1g}"), trim="-")


def amount(unit: str, low: float, high: float, name: str = "") -> str:
    """Return two values of an input as a range in a readable unit.

    Examples
    --------
    >>> amount("h", 0.00206, 0.0337), amount("1", 67_100.0, 960_000.0), amount("h", 496_008.0, 500_000.0, "start_time")
    ('0.124 to 2.02 min', '67 100 to 960 000', '2026-08-02 to 2027-01-15')
    """
    if name == "start_time":
        return f"{date_of(low)[:10]} to {date_of(high)[:10]}"
    size = max(abs(low), abs(high))
    factor, words = input_scale(unit, name, size)
    if words.startswith("1/"):
        words = f"per {words[2:].strip('()')}"
    ends = [f"{float(f'{x / factor:.3g}'):,.10g}".replace(",", " ") for x in (low, high)]
    return f"{ends[0]} to {ends[1]} {words}".rstrip()


def how_drawn(attrs: Mapping[str, object]) -> str:
    """Return scenario, draws and seed in words, as far as they are known."""
    draws = f"{int(str(attrs['draws'])):,}".replace(",", " ") if "draws" in attrs else ""
    points = "Sobol' points" if attrs.get("plan") == "sobol" else "draws"
    parts = [str(attrs.get("scenario", "")), f"{draws} {points}" if draws else "", f"seed {attrs['seed']}" if "seed" in attrs else ""]
    return ", ".join(part for part in parts if part)


def headline(figure: Figure, *parts: str) -> None:
    """Write above all what it is of, and what a reader has to know: lines no longer than the figure is wide."""
    room = int(16 * figure.get_figwidth())  # characters of SMALL size
    lines = [line for part in parts if part for line in textwrap.wrap(part, room)]
    figure.suptitle("\n".join(lines), fontsize=SMALL, parse_math=False)  # a name may hold a dollar sign
    figure.set_label("; ".join(part for part in parts if part))  # unbroken, for those who do not see it


def label_axes(ax: Axes, *, x: str = "", y: str = "", title: str = "") -> None:
    """Write labels and title at their sizes."""
    ax.set_xlabel(x, fontsize=TEXT)
    ax.set_ylabel(y, fontsize=TEXT)
    if title:
        ax.set_title(title, fontsize=TEXT)


def few_ticks(ax: Axes, *, x: bool = True, y: bool = True, each: float = 0.55) -> None:
    """Have no more numbers on linear axes than there is room for: one for so many inches of a panel, what stands beside it counted in."""
    specification = ax.get_subplotspec()
    columns = specification.get_gridspec().ncols if specification is not None else 1
    width = ax.figure.get_figure(root=True).get_figwidth() / columns
    if x:
        ax.xaxis.set_major_locator(MaxNLocator(min(7, max(3, round(width / each))), steps=_STEPS))
    if y:
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=_STEPS))


def name_rows(ax: Axes, left: Sequence[str], right: Sequence[str]) -> None:
    """Name rows at 0, 1, ... from the top, and write a number at the right of each."""
    ax.set_yticks(range(len(left)), left, fontsize=SMALL, parse_math=False)
    ax.set_ylim(len(left) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    numbers = ax.secondary_yaxis("right")
    numbers.set_yticks(range(len(right)), right, fontsize=SMALL)
    numbers.tick_params(length=0)
    numbers.spines["right"].set_visible(False)


def legend_below(*panels: Axes, columns: int, handles: Sequence[Artist] = (), labels: Sequence[str] = ()) -> None:
    """Write one legend under all axes of a figure, of what some of them have drawn, or of what is given."""
    found = dict(zip(labels, handles, strict=True))
    for ax in panels:
        found |= {text: handle for handle, text in zip(*ax.get_legend_handles_labels(), strict=True)}
    panels[0].figure.get_figure(root=True).legend(
        list(found.values()), list(found), loc="outside lower center", ncols=columns, fontsize=SMALL, frameon=False, handlelength=2.0,
        columnspacing=1.2,
    )  # fmt: skip
