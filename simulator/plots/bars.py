"""Horizontal bars of two kinds, one of them hatched, each with its error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from simulator.plots.style import BLACK, BLUE, ORANGE

MOST = 10  # bars of a picture
ROW = 0.21  # [in]


def bars_of_two_kinds(
    ax: Axes,
    values: NDArray[np.float64],
    errors: NDArray[np.float64],
    hatched: Sequence[bool],
    names: tuple[str, str],
    *,
    height: float = 0.7,
) -> None:
    """Draw bars downwards from nought, those of the second kind hatched, with whiskers of one Monte Carlo error.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    values, errors : ndarray, shape (bars,)
    hatched : sequence of bool
        Which are of the second kind.
    names : tuple of str
        Of the two kinds; one that has no bar is not named.
    height : float
        Of a bar, in rows.
    """
    places, second = np.arange(values.size), np.asarray(hatched, dtype=np.bool_)
    for own, colour, hatch, name in ((~second, BLUE, "", names[0]), (second, ORANGE, "////", names[1])):
        if own.any():
            edge = BLACK if hatch else colour
            ax.barh(places[own], values[own], height=height, color=colour, hatch=hatch, edgecolor=edge, linewidth=0, label=name)
    whiskers(ax, values, errors)
    ax.axvline(0.0, color=BLACK, linewidth=0.8)


def whiskers(ax: Axes, values: NDArray[np.float64], errors: NDArray[np.float64], *, lower: float = 0.0) -> None:
    """Draw the error of each bar, so far below its middle [rows]."""
    ax.errorbar(values, np.arange(values.size) + lower, xerr=errors, color=BLACK, capsize=1.5, linewidth=0.8, linestyle="")
