"""Draws of one quantity as statistics read them, whether they are kept or counted in bins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.estimates import UNKNOWN, Estimate, chance_of_counts, draw_numbers, require_equal_weights
from simulator.analysis.tails import Moments, Ordered, moments_judged, refused
from simulator.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Largest(NamedTuple):
    """The largest draws: values, ascending, how many draws each stands for, and by how much the mean of those may differ from it."""

    values: Floats
    draws: Floats
    errors: Floats


class OrderedDraws(Ordered, Protocol):
    """Draws in ascending order that know what their bins leave open; of kept ones that is nothing."""

    def errors(self, places: Any, /) -> Any:
        """Return how far each draw may lie from what is told of it, by its place."""
        ...

    def above(self, values: Floats, /) -> tuple[Floats, Floats]:
        """Return how many draws are above each value, and by how many that may be wrong."""
        ...

    def largest(self, count: int, /) -> Largest:
        """Return so many of the largest draws."""
        ...


@dataclass(frozen=True)
class SortedDraws:
    """Draws that are kept.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Ascending.
    """

    values: Floats

    def __len__(self) -> int:
        return self.values.size

    def __getitem__(self, places: Any) -> Any:
        return self.values[places]

    def errors(self, places: Any) -> Any:
        """Return nought: the draws are known."""
        return np.zeros(np.shape(places))

    def above(self, values: Floats) -> tuple[Floats, Floats]:
        """Return how many draws are above each value, and nought."""
        return (len(self) - np.searchsorted(self.values, values, side="right")).astype(np.float64), np.zeros(len(values))

    def largest(self, count: int) -> Largest:
        """Return so many of the largest draws."""
        return Largest(self.values[len(self) - count :], np.ones(1), np.zeros(1))


def ascending(values: Floats) -> SortedDraws:
    """Return draws in ascending order."""
    return SortedDraws(np.sort(values))


#: draws of each replicate that has some, and their mean
Parts = list[tuple[OrderedDraws, float]]


@dataclass(frozen=True)
class Sample:
    """Draws of one quantity.

    Attributes
    ----------
    plan : {"random", "sobol"}
    replicates : int
        1 of random draws.
    draws : int
        Number of all draws, those that are NaN too.
    ordered : OrderedDraws
        Those that are not NaN.
    infinite : tuple of int
        How many are minus, and plus, infinity.
    mean_and_sd : callable
        Returns both, of finite draws.
    parts : callable
        Returns the draws of each replicate that has some, and their mean.
    counted : bool
        Whether they are counted in bins and not kept.
    """

    plan: str
    replicates: int
    draws: int
    ordered: OrderedDraws
    infinite: tuple[int, int]
    mean_and_sd: Callable[[], tuple[float, float]]
    parts: Callable[[], Parts]
    counted: bool = False

    @property
    def missing(self) -> int:
        """How many draws are NaN."""
        return self.draws - len(self.ordered)

    def moments(self) -> Moments:
        """Return the moments that exist; of a NaN or infinite draw none does."""
        if self.missing:
            return refused(f"{self.missing} of {self.draws} draws are NaN")
        if infinite := sum(self.infinite):
            return refused(f"{infinite} of {self.draws} draws are infinite")
        return moments_judged(self.ordered, self.mean_and_sd)

    def chance_above(self, value: float) -> tuple[Estimate, float]:
        """Return how likely more than a value is, and by how much bins may make that wrong; NaN where a draw is, or the value."""
        if self.missing or math.isnan(value):
            return UNKNOWN, math.nan
        (hits,), (error,) = self.ordered.above(np.array([value]))
        (mcse,) = self.mcse_above(np.array([value]))
        return Estimate(float(hits / self.draws), float(mcse)), float(error / self.draws)

    def mcse_above(self, values: Floats) -> Floats:
        """Return the Monte Carlo standard errors of the chances of more than each value."""
        parts = [part for part, _ in self.parts()]
        sizes = np.array([len(part) for part in parts])
        hits = np.stack([part.above(values)[0] for part in parts], axis=1)
        return np.array([chance_of_counts(self.plan, row, sizes).mcse for row in hits])


def sample_of(results: xr.Dataset, values: Floats) -> Sample:
    """Return draws of a result as a sample.

    Parameters
    ----------
    results : xarray.Dataset
        With attributes ``plan`` and ``replicates``, and the numbers of the draws where some were taken out.
    values : ndarray, shape (n,)
        NaN where a draw is not known.

    Examples
    --------
    >>> sample = sample_of(xr.Dataset(attrs={"plan": "random"}), np.arange(1.0, 101.0))
    >>> sample.chance_above(80.0)[0].value, sample.ordered[-1].item()
    (0.2, 100.0)
    """
    require_equal_weights(results)
    plan, replicates = plan_of(results.attrs, values.size)
    return kept_sample(values, plan, replicates, draw_numbers(results, values.size) % replicates)


def plan_of(attributes: Mapping[Any, Any], draws: int) -> tuple[str, int]:
    """Return the plan of results and its replicates, 1 for random draws.

    Raises
    ------
    InputError
        Fewer draws than replicates.
    """
    plan = str(attributes.get("plan"))
    replicates = int(attributes.get("replicates", 1)) if plan == "sobol" else 1
    if not 1 <= replicates <= draws:
        raise InputError(f"replicates = {replicates} is not admissible; it must lie between 1 and the {draws} draws")
    return plan, replicates


def kept_sample(values: Floats, plan: str, replicates: int, replicate: Integers) -> Sample:
    """Return draws that are kept as a sample, by the replicate of each."""
    known = ~np.isnan(values)
    if not known.all():
        values, replicate = values[known], replicate[known]
    ordered = ascending(values)

    def parts() -> Parts:
        if replicates == 1:
            return [(ordered, float(values.mean()))] if values.size else []
        members = np.split(np.argsort(replicate, kind="stable"), np.cumsum(np.bincount(replicate))[:-1])
        return [(ascending(values[own]), float(values[own].mean())) for own in members if own.size]

    return Sample(
        plan,
        replicates,
        known.size,
        ordered,
        (int(np.searchsorted(ordered.values, -np.inf, side="right")), int(ordered.above(np.array([np.finfo(float).max]))[0].item())),
        lambda: (float(np.mean(ordered.values)), float(np.std(ordered.values, ddof=1))),
        cache(parts),
    )


def percentiles(ordered: Ordered, probabilities: Floats, *, first: int = 0, count: int | None = None) -> Floats:
    """Return what ``np.quantile`` does, bit by bit, but the nearer draw where infinite neighbours make it NaN.

    Parameters
    ----------
    ordered : sequence of float
        Ascending draws.
    probabilities : ndarray, shape (n,)
    first, count : int
        Of which draws by their places; all where left out.
    """
    below, above, weight = _neighbours(len(ordered) if count is None else count, probabilities)
    low, high = ordered[first + below], ordered[first + above]
    with np.errstate(invalid="ignore"):
        step = high - low
        between = np.where(weight < 0.5, low + step * weight, high - step * (1 - weight))
    return np.asarray(np.where(np.isnan(between), np.where(weight < 0.5, low, high), between))


def bin_errors(ordered: OrderedDraws, probabilities: Floats) -> Floats:
    """Return how far bins may move each percentile: none where draws are kept."""
    below, above, weight = _neighbours(len(ordered), probabilities)
    return np.asarray((1 - weight) * ordered.errors(below) + weight * ordered.errors(above))


def _neighbours(count: int, probabilities: Floats) -> tuple[Integers, Integers, Floats]:
    """Return the places of the draws on either side of percentiles, and the weight of the upper one."""
    place = (count - 1) * probabilities
    below = np.floor(place).astype(np.int64)
    return below, np.minimum(below + 1, count - 1), place - below
