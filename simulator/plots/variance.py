"""Shares of a variance: Sobol' indices, Shapley effects, or what could be known against luck."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simulator.analysis.sensitivity.replays import NOT_TOLD, UNMOVED
from simulator.errors import InputError
from simulator.plots.bars import MOST, ROW, bars_of_two_kinds, whiskers
from simulator.plots.style import (
    ROWS,
    SKY,
    Picture,
    axes_of,
    few_ticks,
    headline,
    how_drawn,
    label_axes,
    legend_below,
    name_rows,
    named,
    with_error,
)
from simulator.plots.targets import COLUMN

_ROUNDING = 1e-12  # of a variance
_PARTS = {"knowable": "could be known before", "luck": "is luck", "interaction": "depends on both at once"}


class _Bars(NamedTuple):
    """What is drawn: variable and its error, and those of a wider pale bar behind it where there is one."""

    share: str
    mcse: str
    behind: str = ""
    mcse_behind: str = ""
    text: str = "share"


_KINDS = {
    "sobol": _Bars("first_order", "mcse_first_order", "total", "mcse_total", "first order: by itself"),
    "shapley": _Bars("effect", "mcse", text="Shapley effect"),
    "split": _Bars("share", "mcse"),
}


def shares(found: xr.Dataset, ax: Axes | None = None, *, most: int = MOST) -> Axes:
    """Draw the share that each input, or each part, has in the variance of an output, the largest first.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.sobol_indices`, :func:`simulator.shapley_effects` or :func:`simulator.variance_split` returns.
    ax : matplotlib.axes.Axes, optional
        Those of a new figure where left out.
    most : int
        Bars at most.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Where the output depends on no input.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, variance_split
    >>> split = variance_split(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=1024))
    >>> [text.get_text() for text in shares(split).get_yticklabels()]
    ['could be known before', 'is luck', 'depends on both at once']
    """
    own, rows = _rows(found, most)
    alone = ax is None
    ax = axes_of(ax, height=0.8 + ROW * len(rows))
    names = [_PARTS.get(name, " + ".join(map(named, name.split(" + ")))) for name in rows]
    at = found.sel({_dimension(found): rows})
    values, errors = _percent(at[own.share]), _percent(at[own.mcse])
    numbers, number_errors = values, errors
    if own.behind:
        numbers, number_errors = _percent(at[own.behind]), _percent(at[own.mcse_behind])
        ax.barh(np.arange(len(rows)), numbers, height=0.8, color=SKY, label="total: with interactions")
        whiskers(ax, numbers, number_errors, lower=0.28)
    lucky = np.array([name == _PARTS["luck"] for name in names]) | (at.kind.values == "luck" if "kind" in at.coords else False)
    bars_of_two_kinds(ax, values, errors, lucky.tolist(), (own.text, "the same of luck"), height=0.4 if own.behind else 0.7)
    name_rows(ax, names, [with_error(v, e) for v, e in zip(numbers, number_errors, strict=True)])
    ax.set_xlim(min(0.0, float((values - errors).min())), 1.05 * max(100.0, float((numbers + number_errors).max())))
    few_ticks(ax, y=False, each=ROWS)
    label_axes(ax, x=f"share of the variance [%]\nof {named(str(found.attrs['output']))} ")
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    if alone:
        legend_below(ax, columns=1)
    return ax


def shares_figure(found: xr.Dataset, *, width: float = COLUMN) -> Figure:
    """Return a picture of shares of a variance."""
    _, rows = _rows(found, MOST)
    figure = Picture((width, 1.7 + ROW * len(rows)))
    ax = shares(found, figure.subplots())
    more = found.sizes[_dimension(found)] - len(rows)
    left_out = f"; {more} smaller, or not told from none, are not shown" if more else ""
    which = "total" if "total" in found else "share"
    headline(figure, f"{how_drawn(found.attrs)}{left_out}", f"numbers: {which}; whiskers and ±: Monte Carlo error")
    legend_below(ax, columns=1 if width < 2 * COLUMN and "total" in found else 3)
    return figure


def _percent(found: xr.DataArray) -> NDArray[np.float64]:
    """Return shares, or their errors, in per cent; nought where they are rounding alone."""
    return np.where(abs(found.values) < _ROUNDING, 0.0, 100.0 * found.values)


def _dimension(found: xr.Dataset) -> str:
    return "part" if "part" in found.dims else "input"


def _rows(found: xr.Dataset, most: int) -> tuple[_Bars, list[str]]:
    """Return what is drawn, and the names of the rows in the order in which they are."""
    own = next(own for own in _KINDS.values() if own.share in found and own.mcse in found)
    dimension = _dimension(found)
    if dimension == "part":
        return own, [str(name) for name in found.part.values]
    some = found.isel(input=[k for k, note in enumerate(found.note.values) if note not in (NOT_TOLD, UNMOVED)])
    if not some.sizes["input"]:
        raise InputError(f"{found.attrs['output']} depends on no input that the draws can tell, so that none has a share of its variance")
    order = np.argsort(-some[own.behind or own.share].values, kind="stable")
    return own, [str(name) for name in some.input.values[order][:most]]
