"""Totals of draws are numbers that statistics can be made of, or the request fails: NaN and infinities never become plausible numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.quantities import QUANTITIES
from simulator.scenario import Resolved

#: outputs that hold all others as their parts, or carry them on, and those of renting a model instead: where one is not finite, one of
#: these is not
_TOTALS = (
    "wall_clock", "device_hours", "energy", "water", "cost_total", "emissions_total", "emissions_location", "emissions_market", "api_cost",
    "serving_cost", "building_saves",
)  # fmt: skip
_LARGEST = 1e50  # in its unit; the sixth power, which errors of a spread need, still is a double
_NAMED = 3  # inputs


def require_finite(outputs: Mapping[str, NDArray[np.float64]], resolved: Resolved) -> None:
    """Refuse draws whose totals overflow, or come so near to it that their statistics would.

    Parameters
    ----------
    outputs : mapping of str to ndarray
        Of some draws, by name.
    resolved : Resolved
        What they were played of.

    Raises
    ------
    InputError
        Naming the total and the inputs that are farthest from one.
    """
    for name in _TOTALS:
        if name not in outputs or not outputs[name].size:
            continue
        low, high = float(outputs[name].min()), float(outputs[name].max())
        if max(abs(low), abs(high)) <= _LARGEST and low in QUANTITIES[name].domain:
            continue
        value = high if math.isnan(high) or (low in QUANTITIES[name].domain and abs(high) > abs(low)) else low
        unit = "" if QUANTITIES[name].unit == "1" else f" {QUANTITIES[name].unit}"
        raise InputError(
            f"{name} comes out as {value:g}{unit}, and what is computed here is {_domain(name)} and no larger than {_LARGEST:g}. "
            f"The inputs farthest from 1 are {', '.join(_farthest(resolved))}: state what a run has"
        )


def _domain(name: str) -> str:
    domain = QUANTITIES[name].domain
    return "a number" if math.isinf(domain.lower) else f"{'>' if domain.lower_open else '>='} {domain.lower:g}"


def _farthest(resolved: Resolved) -> list[str]:
    """Return the inputs whose medians are farthest from one, on a scale of logarithms, and those medians."""
    medians = {place: item.value.median for place, item in resolved.inputs.items()}
    far = {place: abs(math.log10(abs(median))) for place, median in medians.items() if median and math.isfinite(median)}
    return [f"{place} = {medians[place]:g}" for place in sorted(far, key=lambda place: -far[place])[:_NAMED]]
