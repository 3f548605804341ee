"""Waterfall: what an output's way from one percentile to another is made of, driver by driver."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from simulator.analysis.bands import summarize
from simulator.analysis.columns import column, require_finite
from simulator.analysis.estimates import draw_numbers, require_equal_weights
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.sensitivity.rank_correlation import input_columns
from simulator.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REST = "luck and interactions"
_BATCHES = 32  # of random draws: errors are known to 13 %
_NEAR = 0.05  # draws whose share below lies within this distance of a percentile are near it
_DEGREE = 3  # of the polynomials in an input's normal score: what is monotone and curved
_DRAWS_PER_TERM = 10  # the usual least number of observations for each regressor
_LEAST = 0.005  # of the distance, by a bar: what is less cannot be seen
_SINGULAR = 1e-10  # of the largest eigenvalue: directions in which the draws do not vary


def waterfall(results: xr.Dataset, *, output: str = "cost_total", start: float = 0.5, end: float = 0.8, most: int = 8) -> xr.Dataset:
    r"""Return by driver what it contributes to an output's distance from one percentile to a higher one.

    The output is written as a sum of one function of each driver and a rest, by least squares: cubic polynomials in the normal scores of
    the ranks of each drawn input, a straight line in how often each event of the risk register happened. A driver's bar is the
    expectation of its function in draws at the upper percentile less that in draws at the lower one; what depends on several
    drivers at once, and luck (failures, the hours' weather), is the rest. Bars and rest sum to the distance of the two percentiles. Of
    correlated drivers each has what it tells beside the others. A bar may be negative: the driver then tends to be better at the upper
    percentile.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them.
    output : str
        As the bands name it.
    start, end : float
        Percentiles as fractions, 0.05 < start < end < 0.95.
    most : int
        Drivers that have a bar of their own, each at least half a per cent of the distance; all others stand together.

    Returns
    -------
    xarray.Dataset
        ``contribution`` and ``mcse`` by (driver), the largest first, then the others together, the rest (``luck and interactions``) last;
        ``percentile`` and ``mcse_percentile`` by (end_of), the start and the end; ``distance`` and ``mcse_distance``; all in the output's
        unit. ``explained`` is the share of the output's variance that is told by one driver at a time.

    Raises
    ------
    InputError
        Bands in place of draws; an output that is not there, is NaN or infinite in some draw or the same in all; percentiles out of
        range; too few draws for the drivers.

    Notes
    -----
    .. math:: E[g_j(X_j) \mid Y = q_b] - E[g_j(X_j) \mid Y = q_a], \quad Y = \sum_j g_j(X_j) + R

    Expectations at a percentile are those of the Euler allocation, Tasche (2008), Capital allocation to business units and
    sub-portfolios: the Euler principle, arXiv:0708.2542; the sum of functions is an additive model, Hastie & Tibshirani (1990),
    Generalized Additive Models, chapter 4. They are estimated by local linear weights over the draws within five percentage points,
    which give the percentile itself without error, Fan & Gijbels (1996), Local Polynomial Modelling, chapter 2. Errors are those of
    the delete-a-group jackknife, Shao & Tu (1995), The Jackknife and Bootstrap, chapter 2: 32 groups of random draws, or the
    replicates of Sobol' points.

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(size=(2, 4000))
    >>> about = {"role": "input", "units": "1"}
    >>> draws = xr.Dataset({"a": ("draw", z[0], about), "b": ("draw", z[1], about)}, {"draw": np.arange(4000)}, {"plan": "random"})
    >>> draws["cost_total"] = ("draw", 2 * z[0] + z[1], {"role": "output", "units": "USD"})
    >>> found = waterfall(draws)
    >>> found.driver.values.tolist(), round(float(found.contribution.sum() / found.distance), 9)
    (['a', 'b', 'luck and interactions'], 1.0)
    """
    for name, level in (("start", start), ("end", end)):
        require_open_unit(name, level)
    if not _NEAR < start < end < 1.0 - _NEAR:
        raise InputError(f"start = {start:g}, end = {end:g}: percentiles of a waterfall ascend and lie in ({_NEAR:g}, {1 - _NEAR:g})")
    target = column(results, output)
    require_equal_weights(results)
    require_finite(output, target.values)
    if np.ptp(target.values) == 0.0:
        raise InputError(f"{output} is {target.values[0]:.6g} in every draw: there is no way from one percentile to another")
    drivers = _drivers(results)
    names = drivers.names
    groups = _groups(results, target.values.size)
    needed = max(_DRAWS_PER_TERM * drivers.owners.size, math.ceil(len(groups) / _NEAR))
    if target.values.size < needed:
        raise InputError(f"{target.values.size} draws are too few for a waterfall over {len(names)} drivers; at least {needed} are needed")
    whole, parts, explained = _steps(drivers, target.values, groups, (start, end))

    def spread(of_groups: Floats) -> Floats:
        """Return the standard errors of statistics that were computed without each group."""
        if len(groups) == 1:
            return np.full(of_groups.shape[1], np.nan)
        return np.asarray(np.sqrt((len(groups) - 1) / len(groups) * np.sum((of_groups - of_groups.mean(axis=0)) ** 2, axis=0)))

    order = np.argsort(-np.abs(whole[: len(names)]), kind="stable")
    most = min(most, int(np.sum(np.abs(whole[order]) >= _LEAST * abs(whole[-1]))))
    members = [(names[k], [k]) for k in order[:most]] + [(REST, [len(names)])]
    if order.size > most:
        members.insert(most, (f"{order.size - most} others", order[most:].tolist()))
    rows = [(name, float(whole[own].sum()), float(spread(parts[:, own].sum(axis=1, keepdims=True))[0])) for name, own in members]
    about = results[output.partition("[")[0]].attrs
    one = xr.Dataset({output: ("draw", target.values, {"role": "output"})}, {"draw": target.draws}, results.attrs)
    of_percentiles = summarize(one, quantiles=(start, end)).mcse.values[0]
    errors = np.array([*of_percentiles, *spread(parts[:, -1:])])
    told = _as_dataset(rows, whole[len(names) + 1 :], errors, explained, (start, end), about)
    return told.assign_attrs(results.attrs, output=output, method="waterfall", note="" if len(groups) > 1 else ONE_SCRAMBLING)


class _Drivers(NamedTuple):
    """What an output is regressed on.

    Attributes
    ----------
    names : list of str
        Drawn inputs, then events.
    scores : ndarray, shape (inputs, draws)
        Normal scores of the ranks.
    counts : ndarray, shape (events, draws)
        How often each event happened, in standard deviations.
    """

    names: list[str]
    scores: Floats
    counts: Floats

    @property
    def owners(self) -> Integers:
        """Return the place of each term's driver, shape (terms,)."""
        inputs = len(self.scores)
        return np.concatenate([np.repeat(np.arange(inputs), _DEGREE), inputs + np.arange(len(self.counts))])

    def terms(self, own: Integers) -> Floats:
        """Return a one and the terms of some draws, shape (draws, 1 + terms): those of all draws at once would fill the memory."""
        x = np.empty((own.size, 1 + _DEGREE * len(self.scores) + len(self.counts)))
        z, curved = self.scores[:, own].T, 1 + _DEGREE * len(self.scores)
        x[:, 0] = 1.0
        x[:, 1:curved:_DEGREE], x[:, 2:curved:_DEGREE], x[:, 3:curved:_DEGREE] = z, z**2 - 1.0, z**3 - 3.0 * z
        x[:, curved:] = self.counts[:, own].T
        return x


def _drivers(results: xr.Dataset) -> _Drivers:
    """Return the drivers that differ between draws."""
    scores = {
        name: ndtri(rankdata(values) / (values.size + 1.0))
        for name, values in input_columns(results).items()
        if not (name.startswith(_OF_EVENTS) or np.isnan(values).any() or np.ptp(values) == 0.0)
    }
    counts = {name: own / own.std() for name, own in _events(results).items() if np.ptp(own) > 0.0}
    if not scores and not counts:
        raise InputError("these results have no input that was drawn, so that no driver has a share")
    draws = results.sizes["draw"]
    return _Drivers([*scores, *counts], *(np.array([*own.values()]).reshape(len(own), draws) for own in (scores, counts)))


#: inputs whose effect is that of how often the event happened
_OF_EVENTS = ("event_probability", "event_frequency", "event_luck")


def _events(results: xr.Dataset) -> Mapping[str, Floats]:
    if "event_occurrences" not in results:
        return {}
    counts = results["event_occurrences"].transpose("risk", "draw").values
    return {f"event: {name}": np.asarray(own, dtype=np.float64) for name, own in zip(results["risk"].values, counts, strict=True)}


def _groups(results: xr.Dataset, draws: int) -> list[Integers]:
    """Return the places of each group's draws: one Sobol' replicate, or every 32nd random draw."""
    sobol = str(results.attrs.get("plan")) == "sobol"
    count = int(results.attrs.get("replicates", 1)) if sobol else _BATCHES
    numbers = draw_numbers(results, draws)
    return [np.flatnonzero(numbers % count == group) for group in range(count)]


def _steps(drivers: _Drivers, values: Floats, groups: list[Integers], levels: tuple[float, float]) -> tuple[Floats, Floats, float]:
    """Return contributions by driver and rest, the two percentiles and their distance: of all draws, and without each group; and R²."""
    centred = values - values.mean()
    squares = [(x.T @ x, x.T @ centred[own]) for own, x in ((own, drivers.terms(own)) for own in groups)]
    gram, product = (np.sum([pair[k] for pair in squares], axis=0) for k in (0, 1))
    order = np.argsort(values, kind="stable")
    fits, orders = [np.linalg.lstsq(gram, product, rcond=_SINGULAR)[0]], [order]
    kept = np.ones(values.size, dtype=bool)
    for own, (own_gram, own_product) in zip(groups, squares, strict=True) if len(groups) > 1 else ():
        kept[own] = False
        fits.append(np.linalg.lstsq(gram - own_gram, product - own_product, rcond=_SINGULAR)[0])
        orders.append(order[kept[order]])
        kept[own] = True
    percentiles, means = _near_percentiles(drivers, values, orders, levels)
    away = (means[1] - means[0]) * np.array(fits)
    shares = np.array([np.bincount(drivers.owners, weights=row[1:]) for row in away])
    distance = percentiles[1] - percentiles[0]
    rows = np.column_stack([shares, distance - shares.sum(axis=1), *percentiles, distance])
    return rows[0], rows[1:], float(fits[0] @ product / (centred @ centred))


def _near_percentiles(
    drivers: _Drivers, values: Floats, orders: Sequence[Integers], levels: tuple[float, float]
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return at each level the percentile in some sets of draws, shape (sets,), and the means of the terms there, (sets, 1 + terms).

    Parameters
    ----------
    orders : sequence of ndarray
        Places of the draws of a set, the lowest value first.
    """
    percentiles, means = [], []
    for level in levels:
        at = np.array([np.quantile(values[order], level) for order in orders])
        near = [order[math.floor((level - _NEAR) * order.size) : math.ceil((level + _NEAR) * order.size)] for order in orders]
        some, places = np.unique(np.concatenate(near), return_inverse=True)
        weights = np.zeros((len(orders), some.size))
        ends = np.cumsum([own.size for own in near])
        for row, own, place, percentile in zip(weights, near, np.split(places, ends[:-1]), at, strict=True):
            row[place] = _local_weights(values[own] - percentile)
        percentiles.append(at)
        means.append(weights @ drivers.terms(some))
    return (percentiles[0], percentiles[1]), (means[0], means[1])


def _local_weights(away: Floats) -> Floats:
    """Return weights of sum 1 under which the mean distance is nought."""
    scaled = away / (np.abs(away).max() or 1.0)
    first, second = scaled.sum(), float(scaled @ scaled)
    spread = second * scaled.size - first**2
    return np.asarray((second - first * scaled) / spread) if spread > 0.0 else np.full(scaled.size, 1.0 / scaled.size)


def _as_dataset(
    rows: Sequence[tuple[str, float, float]],
    percentiles: Floats,
    errors: Floats,
    explained: float,
    levels: tuple[float, float],
    about: Mapping[str, str],
) -> xr.Dataset:
    """Return the Dataset that :func:`waterfall` describes."""
    unit = about.get("units", "")
    names, values, mcse = zip(*rows, strict=True)
    told: dict[str, tuple[Any, Any, str]] = {
        "contribution": ("driver", list(values), "contribution to the distance of the two percentiles"),
        "mcse": ("driver", list(mcse), "Monte Carlo standard error of the contribution"),
        "percentile": ("end_of", percentiles[:2], "percentile of the output"),
        "mcse_percentile": ("end_of", errors[:2], "Monte Carlo standard error of the percentile"),
        "distance": ((), percentiles[2], "distance of the two percentiles"),
        "mcse_distance": ((), errors[2], "Monte Carlo standard error of the distance"),
    }
    found = xr.Dataset(
        {name: (dims, data, {"long_name": text, "units": unit}) for name, (dims, data, text) in told.items()},
        {
            "driver": np.array(names, dtype=object),
            "end_of": np.array(["start", "end"], dtype=object),
            "level": ("end_of", np.array(levels), {"long_name": "probability below the percentile", "units": "1"}),
        },
    )
    found["explained"] = ((), explained, {"long_name": "share of the variance that is told by one driver at a time", "units": "1"})
    return found
