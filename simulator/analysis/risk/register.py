"""What the events of a risk register do: how likely each happens, and what a draw costs and takes where it does."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.estimates import UNKNOWN, Estimate, chance, mean, statistic
from simulator.analysis.notes import event_sources
from simulator.analysis.tails import moments_reported

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EventEffect:
    """One event of the risk register.

    Attributes
    ----------
    name : str
    stated : str
        Probability, or frequency, as the scenario states it.
    chance : Estimate
        That it happens at all.
    occurrences : Estimate
        How often, in the mean.
    added : Estimate
        What it adds to the mean cost [USD]: the mean less that of the draws in which it does not happen.
    cost, delay : Estimate
        Mean cost [USD] and time to release [h] where it happens, less those where it does not.
    source : str
        Evidence, where one is stated.
    """

    name: str
    stated: str
    chance: Estimate
    occurrences: Estimate
    added: Estimate
    cost: Estimate
    delay: Estimate
    source: str


def event_effects(results: xr.Dataset) -> list[EventEffect]:
    """Return what each event of the risk register does, the largest effect on the mean cost first.

    Events happen by luck of their own, so that draws with and without one differ by nothing else but chance.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them.

    Examples
    --------
    >>> counts = np.tile([[1.0], [0.0]], (200, 1))
    >>> total = {"cost_total": ("draw", 5.0 + 3.0 * counts[:, 0]), "programme_time": ("draw", np.ones(400))}
    >>> draws = xr.Dataset({"event_occurrences": (("draw", "risk"), counts), **total}, {"risk": ["strike"]}, {"plan": "random"})
    >>> one = event_effects(draws)[0]
    >>> one.chance.value, one.added.value, one.cost.value, one.delay.value
    (0.5, 1.5, 3.0, 0.0)
    """
    if "event_occurrences" not in results:
        return []
    sources = event_sources(results)
    found = []
    for name in map(str, results["risk"].values):
        counts = np.asarray(results["event_occurrences"].sel(risk=name).values, dtype=np.float64)
        happens = counts > 0.0
        total = results["cost_total"].values
        added = _added(results, happens, total)
        cost, delay = (_difference(results, happens, results[output].values) for output in ("cost_total", "programme_time"))
        often = mean(results, counts)
        found.append(EventEffect(name, _stated(results, name), chance(results, happens), often, added, cost, delay, sources.get(name, "")))
    return sorted(found, key=lambda event: -abs(event.added.value) if math.isfinite(event.added.value) else 0.0)


def _stated(results: xr.Dataset, name: str) -> str:
    """Return an event's probability or frequency as it is stated."""
    for quantity in ("event_probability", "event_frequency"):
        stated = json.loads(results[quantity].attrs["stated"]) if quantity in results else {}
        if name in stated:
            return str(stated[name])
    return ""


def _difference(results: xr.Dataset, happens: NDArray[np.bool_], values: Floats) -> Estimate:
    """Return the mean of values where something happens less that where it does not; NaN where one of them has none."""
    if not _have_means(values[happens], values[~happens]):
        return UNKNOWN
    share, there, away = happens.mean(), values[happens].mean(), values[~happens].mean()
    influence = np.where(happens, (values - there) / share, (away - values) / (1.0 - share))

    def of(own: NDArray[np.int64]) -> float:
        """Return the difference of some draws, NaN where all of them are of one kind."""
        inside, part = happens[own], values[own]
        return float(part[inside].mean() - part[~inside].mean()) if 0 < inside.sum() < inside.size else math.nan

    return statistic(results, of, influence)


def _added(results: xr.Dataset, happens: NDArray[np.bool_], values: Floats) -> Estimate:
    """Return the mean of values less that where something does not happen; NaN where one of them has none."""
    if not _have_means(values, values[~happens]):
        return UNKNOWN
    away = values[~happens].mean()
    influence = values - np.where(happens, 0.0, (values - away) / (1.0 - happens.mean()))

    def of(own: NDArray[np.int64]) -> float:
        """Return the difference of some draws, NaN where it happens in all of them."""
        part, inside = values[own], happens[own]
        return math.nan if inside.all() else float(part.mean() - part[~inside].mean())

    return statistic(results, of, influence)


def _have_means(*parts: Floats) -> bool:
    """Return whether all of these draws have a mean, and it an error."""
    return all(math.isfinite(moments_reported(own).standard_error) for own in parts)
