"""One output of draws as a column, and whether columns have the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import output_names
from simulator.analysis.statistic import likely
from simulator.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """One output of draws, and what tells whether another column has the same rows.

    Attributes
    ----------
    output : str
    values : ndarray, shape (n,)
    draws : ndarray of int64, shape (n,)
        Numbers of the draws.
    origin : str
        Scenario, plan and replicates that the rows come from.
    """

    output: str
    values: Floats
    draws: Integers
    origin: str


def column(results: xr.Dataset, output: str) -> Column:
    """Return one output of what :func:`simulator.simulate` returned.

    Parameters
    ----------
    results : xarray.Dataset
    output : str
        As the bands name it: ``cost_total``, ``cost[electricity]``.

    Raises
    ------
    InputError
        Bands in place of draws, or an output that is not there.
    """
    if "draw" not in results.dims:
        raise InputError("these results hold bands, not draws (run --summary keeps none). Run without --summary")
    if "scenario" in results.dims:
        held = ", ".join(map(str, results.scenario.values))
        raise InputError(f"these are draws of several scenarios ({held}). Choose one: results.sel(scenario=NAME), or run its config")
    name, bracket, label = output.partition("[")
    array = results.get(name)
    if array is None or array.attrs.get("role") != "output" or (array.ndim == 2) != bool(bracket):
        raise InputError(f"{output or 'an empty name'} is not an output of these results; {likely(output, output_names(results))}")
    if bracket:
        (dimension,) = (dim for dim in array.dims if dim != "draw")
        labels = [str(x) for x in array[dimension].values]
        if label.rstrip("]") not in labels:
            raise InputError(f"{output} is not an output of these results, whose {name} has {', '.join(labels)}")
        array = array.isel({dimension: labels.index(label.rstrip("]"))})
    origin = origin_of(str(results.attrs.get("scenario_hash")), str(results.attrs.get("plan")), int(results.attrs.get("replicates", 1)))
    return Column(output, np.asarray(array.values, dtype=np.float64), results["draw"].values.astype(np.int64), origin)


def origin_of(scenario: str, plan: str, replicates: int) -> str:
    """Return what rows come from, in words that tell two origins apart."""
    return f"scenario {scenario[:12]}, {plan} draws" + (f" in {replicates} replicates" if plan == "sobol" else "")


def require_same_rows(columns: Mapping[str, Column]) -> None:
    """Refuse columns whose rows do not belong together, and those with draws that are NaN or infinite.

    Parameters
    ----------
    columns : mapping of str to Column
        By what they are called in messages.

    Raises
    ------
    InputError
        Other outputs, scenarios, plans or draws, or another order of the draws; NaN or infinite draws, and how many.
    """
    first_name, first = next(iter(columns.items()))
    for name, other in columns.items():
        if (other.output, other.origin) != (first.output, first.origin):
            raise InputError(
                f"rows do not belong together: {first_name} holds {first.output} of {first.origin}, {name} {other.output} of {other.origin}"
            )
        if not np.array_equal(other.draws, first.draws):
            kind = "in another order" if np.array_equal(np.sort(other.draws), np.sort(first.draws)) else "others"
            raise InputError(f"rows do not belong together: the draws of {name} are {kind} than those of {first_name}. Sort all by draw")
    for name, own in columns.items():
        require_finite(own.output, own.values, where=f" of {name}")


def require_finite(output: str, values: Floats, *, where: str = "") -> None:
    """Refuse draws that are NaN or infinite, and say how many."""
    lost, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    if lost or infinite:
        parts = [f"{count} NaN" if kind == "NaN" else f"{count} infinite" for count, kind in ((lost, "NaN"), (infinite, "inf")) if count]
        raise InputError(
            f"{output}{where}: {' and '.join(parts)} of {values.size} draws; sensitivities are of outputs that are finite in every draw. "
            "Choose another --output"
        )
