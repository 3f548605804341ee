"""Estimates, each with its Monte Carlo error: shares, means and other statistics of random draws or of Sobol' replicates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A number and its Monte Carlo standard error.

    Attributes
    ----------
    value, mcse : float
        NaN where the draws do not support them.
    """

    value: float
    mcse: float


UNKNOWN = Estimate(math.nan, math.nan)


def chance(results: xr.Dataset, happens: NDArray[np.bool_]) -> Estimate:
    """Return how likely something is.

    The error of random draws is that of a binomial share, with one success and one failure added so that a share of 0 or 1 has
    one too; that of Sobol' points is the spread of their replicates, NaN for a single one.

    Parameters
    ----------
    results : xarray.Dataset
        With attributes ``plan`` and ``replicates``.
    happens : ndarray of bool, shape (draws,)

    Examples
    --------
    >>> c = chance(xr.Dataset(attrs={"plan": "random"}), np.arange(100) < 20)
    >>> c.value, round(c.mcse, 4)
    (0.2, 0.04)
    """
    parts = [happens[own] for own in members(results, happens.size)]
    return chance_of_counts(str(results.attrs.get("plan")), np.array([np.sum(p) for p in parts]), np.array([p.size for p in parts]))


def chance_of_counts(plan: str, hits: Integers, draws: Integers) -> Estimate:
    """Return how likely something is that happened in so many of so many draws, both by replicate: see :func:`chance`."""
    whole, replicates = int(draws.sum()), len(draws)
    share = float(hits.sum() / whole)
    if plan == "sobol":
        return Estimate(share, float((hits / draws).std(ddof=1) / math.sqrt(replicates)) if replicates > 1 else math.nan)
    padded = (share * whole + 1.0) / (whole + 2.0)
    return Estimate(share, math.sqrt(padded * (1.0 - padded) / (whole + 2.0)))


def mean(results: xr.Dataset, values: Floats) -> Estimate:
    """Return the mean of a quantity over the draws; whether it exists is for :mod:`simulator.analysis.tails` to judge.

    Examples
    --------
    >>> mean(xr.Dataset(attrs={"plan": "random"}), np.array([1.0, 2.0, 3.0, 4.0])).value
    2.5
    """
    return statistic(results, lambda own: float(values[own].mean()), values)


def statistic(results: xr.Dataset, of: Callable[[Integers], float], influence: Floats) -> Estimate:
    r"""Return a statistic of the draws.

    The error of random draws is that of the mean of its influence function, :math:`\mathrm{sd}(\psi) / \sqrt n`; that of Sobol'
    points the spread of the replicates' own statistics, NaN for a single one.

    Parameters
    ----------
    results : xarray.Dataset
        With attributes ``plan`` and ``replicates``.
    of : callable
        Takes places of draws, returns the statistic of these draws.
    influence : ndarray, shape (draws,)
        Influence of each draw on the statistic, up to a constant: of the mean, the values themselves.

    Notes
    -----
    Hampel (1974), The influence curve and its role in robust estimation, JASA 69(346):383-393,
    doi:10.1080/01621459.1974.10482962.
    """
    require_equal_weights(results)
    draws = influence.size
    value = of(np.arange(draws))
    if str(results.attrs.get("plan")) == "sobol":
        own = np.array([of(part) for part in members(results, draws)])
        return Estimate(value, float(own.std(ddof=1) / math.sqrt(own.size)) if own.size > 1 else math.nan)
    return Estimate(value, float(influence.std(ddof=1) / math.sqrt(draws)) if draws > 1 else math.nan)


def require_equal_weights(results: xr.Dataset) -> None:
    """Refuse draws that do not count alike.

    Raises
    ------
    InputError
        Where the attribute ``weights`` names a variable that holds their weights.
    """
    if name := results.attrs.get("weights"):
        raise InputError(
            f"these draws have weights ('{name}') and do not count alike, so that shares, percentiles and means of them as they stand are "
            f"wrong; weigh each by '{name}', or read plain draws (simulator run)"
        )


def members(results: xr.Dataset, draws: int) -> list[Integers]:
    """Return the places of each replicate's draws: of random draws, all in one. Draw i belongs to replicate i % replicates."""
    require_equal_weights(results)
    replicates = int(results.attrs.get("replicates", 1)) if str(results.attrs.get("plan")) == "sobol" else 1
    numbers = draw_numbers(results, draws)
    return [np.flatnonzero(numbers % replicates == replicate) for replicate in range(replicates)]


def draw_numbers(results: xr.Dataset, draws: int) -> Integers:
    """Return the numbers of the draws, which some may have been taken out of; 0, 1, ... where they are not told."""
    return np.asarray(results["draw"].values) if "draw" in results.coords else np.arange(draws)
