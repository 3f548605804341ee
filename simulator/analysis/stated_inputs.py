"""Inputs as a scenario states them, and as they were drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr

from simulator.analysis.bands import summarize
from simulator.analysis.estimates import Estimate
from simulator.quantities import QUANTITIES

LEVELS = (0.05, 0.5, 0.95)
_LUCK = "luck, by definition"
_NONE = "0.0"  # of a cost or delay that an event does not have


@dataclass(frozen=True)
class StatedInput:
    """One input of a result.

    Attributes
    ----------
    name : str
        A quantity, or ``salary[engineers]`` of a member of a group.
    meaning, unit : str
        Of the nomenclature.
    stated : str
        As the scenario, or a default, writes it.
    source : str
        ``stated``, or where the default comes from.
    drawn : tuple of Estimate
        P5, P50 and P95 of the draws [unit]; empty where the input is certain.
    """

    name: str
    meaning: str
    unit: str
    stated: str
    source: str
    drawn: tuple[Estimate, ...]


def stated_inputs(results: xr.Dataset) -> list[StatedInput]:
    """Return every input with what is stated of it, its source, and its percentiles; rules that are no figure last.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> found = {item.name: item for item in stated_inputs(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000)))}
    >>> found["mfu"].stated, found["mfu"].source, found["mfu"].drawn[0].value < found["mfu"].drawn[2].value, found["tokens"].drawn
    ('0.30 to 0.45', 'stated', True, ())
    """
    defaults = json.loads(results.attrs.get("defaults", "{}"))
    defaulted = {place.partition("[")[0] for place in defaults}
    rows = [row for name in map(str, results.data_vars) if results[name].attrs.get("role") == "input" for row in _of(results, name)]
    varied = {name: values for name, *_, values in rows if values.size > 1 and not (np.isnan(values).all() or np.ptp(values) == 0.0)}
    bands = _bands(results, varied)
    found = [
        StatedInput(
            name,
            QUANTITIES[name.partition("[")[0]].meaning,
            unit,
            stated,
            source if name.partition("[")[0] in defaulted else "stated",  # that of params may be the one of params_active
            bands.get(name, ()),
        )
        for name, unit, stated, source, _ in rows
        if source != _LUCK and not (name.startswith("event_") and stated == _NONE)
    ]
    known = {str(name) for name in results.data_vars}
    for place, told in defaults.items():
        name = place.partition("[")[0]
        if name not in known and name in QUANTITIES:
            found.append(StatedInput(place, QUANTITIES[name].meaning, QUANTITIES[name].unit, str(told["value"]), str(told["source"]), ()))
    return found


def _of(results: xr.Dataset, name: str) -> list[tuple[str, str, str, str, np.ndarray]]:
    """Return name, unit, statement, source and draws of an input, or of each member of a group that has it."""
    array = results[name]
    about = array.attrs
    unit, source = str(about.get("units", "1")), str(about.get("source", ""))
    (group,) = [dim for dim in array.dims if dim != "draw"] or [None]
    if group is None:
        return [(name, unit, str(about.get("stated", "")), source, np.atleast_1d(array.values))]
    stated = json.loads(about["stated"])
    return [
        (f"{name}[{member}]", unit, str(stated[member]), source, np.atleast_1d(array.sel({group: member}).values))
        for member in map(str, array[group].values)
        if member in stated
    ]


def _bands(results: xr.Dataset, values: dict[str, np.ndarray]) -> dict[str, tuple[Estimate, ...]]:
    """Return P5, P50 and P95 of columns of draws, and their errors."""
    if not values:
        return {}
    columns = {name: ("draw", own, {"role": "output", "units": ""}) for name, own in values.items()}
    coordinates = {"draw": results["draw"]} if "draw" in results.coords else {}
    found = summarize(xr.Dataset(columns, coordinates, results.attrs), quantiles=LEVELS)
    pairs = zip(found.value.values, found.mcse.values, strict=True)
    told = [tuple(Estimate(float(v), float(e)) for v, e in zip(*row, strict=True)) for row in pairs]
    return dict(zip(map(str, found.output.values), told, strict=True))
