"""Confidence regions of two outcomes: the smallest areas that hold so many of the draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from simulator.analysis.chances import LIMITS, outcome
from simulator.analysis.estimates import chance, draw_numbers
from simulator.analysis.order_statistics import require_open_unit
from simulator.errors import InputError
from simulator.quantities import QUANTITIES

Floats = NDArray[np.float64]

SHARES = (0.5, 0.8, 0.9)
_CELLS = 80  # of the grid, each way
_ENDS = (0.001, 0.999)  # percentiles of the finite draws between which the grid lies, with a margin
_MARGIN = 0.15  # of that range
_FEWEST = 1000  # draws: some ten in a cell at the edge of a region


def highest_density(results: xr.Dataset, x: str = "budget", y: str = "carbon_cap", *, shares: Sequence[float] = SHARES) -> xr.Dataset:
    r"""Return the density of two outcomes on a grid, and above which density lie the given shares of the draws.

    Of all regions that hold a share of the draws, the one in which the density is highest is the smallest. The density is that of the
    logarithms, or of the values where one is not positive: a histogram smoothed by a normal kernel of Scott's width. Each threshold is a
    percentile of the density at the draws. They are found on half of the draws and judged on the other, so that ``held`` tells how many
    draws the region really holds.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them; runs that were stopped have no release and lie in no region.
    x, y : {"budget", "deadline", "carbon_cap"}
        What each limit bounds: total cost, time to release, total emissions.
    shares : sequence of float
        Each in (0, 1).

    Returns
    -------
    xarray.Dataset
        ``density`` by (y, x), at the grid's values in canonical units, and scaled to a maximum of 1; ``threshold``, ``held`` and ``mcse``
        by (share); attributes ``x_output`` and ``y_output``.

    Raises
    ------
    InputError
        Bands in place of draws, fewer than 1000 draws, draws that are NaN, an outcome that does not vary, or a share that too few finite
        draws can reach.

    Notes
    -----
    Hyndman (1996), Computing and graphing highest density regions, The American Statistician 50(2):120-126,
    doi:10.1080/00031305.1996.10474359; Scott (2015), Multivariate Density Estimation, equation 6.44.

    Examples
    --------
    >>> z = np.exp(np.random.default_rng(0).normal(size=(2, 20_000)))
    >>> draws = xr.Dataset({"cost_total": ("draw", z[0]), "emissions_total": ("draw", z[1])}, attrs={"plan": "random"})
    >>> highest_density(draws).held.round(1).values.tolist()
    [0.5, 0.8, 0.9]
    """
    for share in shares:
        require_open_unit("share", share)
    if "draw" not in results.dims:
        raise InputError("these results hold bands, not draws, and bands of several outcomes do not tell how they go together")
    values = [outcome(results, name) for name in (x, y)]
    for name, own in zip((x, y), values, strict=True):
        if np.isnan(own).any():
            raise InputError(f"{LIMITS[name]} is NaN in {np.isnan(own).sum()} of {own.size} draws: where these lie is not known")
        if own.size < _FEWEST:
            raise InputError(f"{own.size} draws are too few for a region; at least {_FEWEST} are needed")
    finite = np.isfinite(values[0]) & np.isfinite(values[1])
    if finite.mean() <= max(shares):
        raise InputError(f"only {finite.mean():.1%} of the draws were completed: no region holds {max(shares):.0%}")
    for name, own in zip((x, y), values, strict=True):
        if np.ptp(own[finite]) == 0.0:
            raise InputError(f"{LIMITS[name]} is the same in every draw, so that it has no region with another outcome")
    logs = [bool((own[finite] > 0.0).all()) for own in values]
    points = [np.log(own[finite]) if log else own[finite] for own, log in zip(values, logs, strict=True)]
    edges = [_edges(own) for own in points]
    numbers = draw_numbers(results, finite.size)
    finds = numbers < np.median(numbers)  # not every other one: of Sobol' points those lie in half of the space
    density = _density([own[finds[finite]] for own in points], edges)
    at_draws = np.full(values[0].size, -1.0)
    at_draws[finite] = map_coordinates(density, [_place(own, e) for own, e in zip(points, edges, strict=True)], order=1, cval=0.0)
    thresholds = [float(np.quantile(at_draws[finds], 1.0 - share)) for share in shares]
    judges = xr.Dataset(coords={"draw": draw_numbers(results, finite.size)[~finds]}, attrs=results.attrs)
    held = [chance(judges, at_draws[~finds] >= threshold) for threshold in thresholds]
    grid = [np.exp(_centres(e)) if log else _centres(e) for e, log in zip(edges, logs, strict=True)]
    units = [QUANTITIES[LIMITS[name]].unit for name in (x, y)]
    return xr.Dataset(
        {
            "density": (("y", "x"), density.T, {"long_name": "density of the draws, of its maximum", "units": "1"}),
            "threshold": ("share", thresholds, {"long_name": "density at the region's edge", "units": "1"}),
            "held": ("share", [c.value for c in held], {"long_name": "share of other draws in the region", "units": "1"}),
            "mcse": ("share", [c.mcse for c in held], {"long_name": "its Monte Carlo standard error", "units": "1"}),
        },
        {
            "x": ("x", grid[0], {"units": units[0]}),
            "y": ("y", grid[1], {"units": units[1]}),
            "share": ("share", list(shares), {"long_name": "share of the draws that the region is made for", "units": "1"}),
        },
        results.attrs | {"x_output": LIMITS[x], "y_output": LIMITS[y]},
    )


def _edges(values: Floats) -> Floats:
    low, high = np.quantile(values, _ENDS)
    if low == high:  # but for a few draws
        low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low)
    return np.linspace(low - margin, high + margin, _CELLS + 1)


def _centres(edges: Floats) -> Floats:
    return np.asarray(0.5 * (edges[1:] + edges[:-1]))


def _place(values: Floats, edges: Floats) -> Floats:
    """Return where values lie on the grid, in cells from the first centre."""
    return np.asarray((values - edges[0]) / (edges[1] - edges[0]) - 0.5)


def _density(points: Sequence[Floats], edges: Sequence[Floats]) -> Floats:
    """Return a smoothed histogram, shape (x cells, y cells), of maximum 1."""
    counts = np.histogram2d(points[0], points[1], bins=[edges[0], edges[1]])[0]
    scott = points[0].size ** (-1.0 / 6.0)
    widths = [scott * float(np.std(own)) / (e[1] - e[0]) for own, e in zip(points, edges, strict=True)]
    smooth = gaussian_filter(counts, widths, mode="constant")
    return np.asarray(smooth / smooth.max())
