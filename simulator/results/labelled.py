"""The Dataset's schema: draws of a scenario with dimensions, names, units and roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.replayed import replayed_hours
from simulator.results.attributes import correlated_names, provenance
from simulator.scenario import Input, Resolved

#: draws of which achieved rank correlations are told: those of more would take the ranks of columns that no memory need hold
RANKED = 2**20
_COMPONENT_DIMENSIONS = {
    "cost": "cost_component",
    "emissions": "emission_component",
    "time_spent": "activity",
    "interruptions_by_class": "interruption_class",
    "pay": "person_class",
    "event_occurrences": "risk",
    "spending": "year",
}
#: what the members of a group of inputs are
_GROUPS = {
    "phase": "phase of the run", "person_class": "class of people", "risk": "event of the risk register",
    "event_effect": "what an event multiplies", "lever_effect": "what a lever multiplies", "currency": "currency of amounts",
}  # fmt: skip

Floats = NDArray[np.float64]


def label(
    resolved: Resolved, plan: SamplingPlan, draws: NDArray[np.int64], inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]
) -> xr.Dataset:
    """Return draws as a Dataset with units, roles and provenance.

    Achieved rank correlations are those of the first 1 048 576 draws where there are more.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    draws : ndarray of int64, shape (n,)
        Numbers of the draws.
    inputs : mapping of str to ndarray, shape (n,)
        Drawn inputs by quantity.
    outputs : mapping of str to ndarray, shape (n,)
        By quantity, or ``quantity[component]``.
    """
    results = labelled(resolved, draws, inputs, outputs)
    replayed = replayed_hours(resolved, inputs, outputs)
    return results.assign_attrs(provenance(resolved, plan, correlated_columns(resolved, results), replayed, len(draws)))


def labelled(resolved: Resolved, draws: NDArray[np.int64], inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]) -> xr.Dataset:
    """Return draws, which may be some of a run's or none, as :func:`label` does, but for the attributes, which tell of all draws."""
    variables: dict[str, xr.Variable] = {}
    coordinates: dict[str, Any] = {"draw": xr.Variable("draw", draws, {"long_name": "number of the draw"})}
    components: dict[str, dict[str, Floats]] = {}
    for name, values in outputs.items():
        quantity, bracket, component = name.partition("[")
        if bracket:
            components.setdefault(quantity, {})[component.rstrip("]")] = values
        else:
            variables[name] = _variable(name, ("draw",), values, role="output")
    for quantity, parts in components.items():
        dimension = _COMPONENT_DIMENSIONS[quantity]
        variables[quantity] = _variable(quantity, ("draw", dimension), _side_by_side(list(parts.values())), role="output")
        if dimension == "year":
            coordinates[dimension] = xr.Variable(
                dimension, np.arange(len(parts)), {"long_name": "years from now; the last holds all later"}
            )
            continue
        coordinates[dimension] = xr.Variable(dimension, np.array(list(parts), dtype=object), {"long_name": f"component of {quantity}"})
    whole, grouped = _by_group(resolved)
    for place, item in whole.items():
        name = item.value.quantity
        if name in variables:  # stated device-hours are an outcome too
            variables[name].attrs.update(stated=str(item.value), source=item.source)
            continue
        values, dims = _values(place, item, inputs)
        variables[name] = _variable(name, dims, values, role="input", stated=str(item.value), source=item.source)
    for (group, name), items in grouped.items():
        columns = [_values(place, item, inputs)[0] if item else np.asarray(np.nan) for place, item in items]
        members = resolved.members(group)
        stated = json.dumps({member: str(item.value) for member, (_, item) in zip(members, items, strict=True) if item})
        values = np.stack(np.broadcast_arrays(*columns), axis=-1)
        dims = ("draw", group) if values.ndim == 2 else (group,)
        source = "; ".join(dict.fromkeys(item.source for _, item in items if item))
        variables[name] = _variable(name, dims, values, role="input", stated=stated, source=source)
        coordinates[group] = xr.Variable(group, np.array(members, dtype=object), {"long_name": _GROUPS[group]})
    if "risk" in coordinates:
        coordinates["risk"].attrs["sources"] = evidence_json(resolved)
    return ordered(xr.Dataset(variables, coordinates))


def unlabelled(resolved: Resolved, results: xr.Dataset) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return inputs of the whole scenario that were drawn, by place, and outputs by name: what :func:`labelled` was given."""
    inputs, outputs = {}, {}
    for name, variable in results.data_vars.items():
        if variable.attrs["role"] == "input":
            if variable.dims == ("draw",) and str(name) in resolved.inputs:
                inputs[str(name)] = variable.values
        elif variable.ndim == 1:
            outputs[str(name)] = variable.values
        else:
            members = results[variable.dims[1]].values
            outputs |= {f"{name}[{member}]": variable.values[:, place] for place, member in enumerate(members)}
    return inputs, outputs


def correlated_columns(resolved: Resolved, results: xr.Dataset) -> dict[str, Floats]:
    """Return the first draws of correlated inputs, by quantity, as a result keeps them: stated device-hours as an outcome.

    Of a quantity that phases state for themselves it is the value of the whole run that is correlated.
    """
    _, grouped = _by_group(resolved)
    columns = {}
    for name in correlated_names(resolved):
        if name not in results or "draw" not in results[name].dims:
            continue
        column = results[name].variable[:RANKED]
        if column.ndim > 1:
            places = next(items for (_, quantity), items in grouped.items() if quantity == name)
            whole = [index for index, (place, _) in enumerate(places) if place == name]
            if not whole:
                continue
            column = column[:, whole[0]]
        columns[name] = np.asarray(column.values)
    return columns


def evidence_json(resolved: Resolved) -> str:
    """Return the evidence of each event that states one, as JSON."""
    return json.dumps({event.name: event.source for event in resolved.scenario.events if event.source}, ensure_ascii=False)


def _side_by_side(rows: list[Floats]) -> Floats:
    """Return rows as columns, shape (n, k): as they lie in memory where they follow each other there, else copied."""
    base = rows[0].base
    if isinstance(base, np.ndarray) and base.ndim == 2 and all(row.base is base and row.size == base.shape[1] for row in rows):
        places = [(row.ctypes.data - base.ctypes.data) // base.strides[0] for row in rows]
        if places == list(range(places[0], places[0] + len(rows))):
            return np.asarray(base[places[0] : places[0] + len(rows)].T)
    return np.stack(rows, axis=1)


_Grouped = dict[tuple[str, str], list[tuple[str, Input | None]]]


def _by_group(resolved: Resolved) -> tuple[dict[str, Input], _Grouped]:
    """Return the inputs of the whole scenario by place, and those of groups by (group, quantity), one (place, input) for each member.

    What a phase does not state is that of the whole run; what another member does not have is None.
    """
    grouped: _Grouped = {}
    kinds = dict.fromkeys((item.group, item.value.quantity) for item in resolved.inputs.values() if item.group)
    for group, name in kinds:
        items = {place: item for place, item in resolved.inputs.items() if (item.group, item.value.quantity) == (group, name)}
        own = {item.member: (place, item) for place, item in items.items()}
        rest = (name, resolved.inputs.get(name))
        grouped[group, name] = [own.get(member, rest) for member in resolved.members(group)]
    shared = {name for _, name in grouped}
    return {place: item for place, item in resolved.inputs.items() if not item.group and place not in shared}, grouped


def _values(place: str, item: Input, inputs: Mapping[str, Floats]) -> tuple[Floats, tuple[str, ...]]:
    return (inputs[place], ("draw",)) if place in inputs else (np.asarray(item.value.constant), ())


def ordered(results: xr.Dataset) -> xr.Dataset:
    """Return outputs, then inputs, each in the nomenclature's order: files keep no order of their own."""
    others = [str(name) for name in results.data_vars if name not in QUANTITIES]  # weights
    names = [*(name for name in QUANTITIES if name in results.data_vars), *others]
    return results[sorted(names, key=lambda name: results[name].attrs.get("role") == "input")]


def _variable(name: str, dims: tuple[str, ...], values: Floats, **attributes: str) -> xr.Variable:
    q = QUANTITIES[name]
    return xr.Variable(dims, values, {"units": q.unit, "long_name": q.meaning, "symbol": q.symbol, **attributes})
