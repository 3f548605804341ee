"""Which draws a condition holds: the worst share of an output or input, or one beyond a limit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.drawn_inputs import varied_inputs
from simulator.analysis.estimates import require_equal_weights
from simulator.analysis.order_statistics import require_open_unit
from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 100  # draws inside, and outside: a shift is known to a tenth of a standard deviation
#: outputs of which little is bad
MORE_IS_BETTER = ("goodput", "completed", "building_saves", "paused_saving_cost", "paused_saving_emissions")
_CONDITION = re.compile(r"\s*(?P<name>[^<>]+?)\s*(?P<sign>[<>])\s*(?P<limit>[^<>=]+)")


def worst(results: xr.Dataset, share: float, *, of: str = "cost_total") -> Mask:
    """Return which draws are the worst of an output or input: the largest, but the smallest where more is better.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it.
    share : float
        Of the draws, in (0, 1). Draws that are equal to the last one that counts, count too.
    of : str
        As the bands and the inputs name it: ``cost_total``, ``cost[electricity]``, ``mfu``.

    Raises
    ------
    InputError
        For a name that the results do not have, NaN among its draws, or too few draws.

    Examples
    --------
    >>> int(worst(xr.Dataset({"cost_total": ("draw", np.arange(4000.0), {"role": "output"})}), 0.05).sum())
    200
    """
    require_open_unit("share", share)
    values = known(results, of)
    if share * values.size < FEWEST - 0.5:
        needed = math.ceil(FEWEST / share)
        raise InputError(
            f"the worst {share:g} of {values.size} draws are fewer than {FEWEST}, too few to tell; use at least --draws {needed}"
        )
    rank = max(round(share * values.size), 1)
    bad = -values if of in MORE_IS_BETTER else values
    return np.asarray(bad >= np.partition(bad, bad.size - rank)[bad.size - rank])


def where(results: xr.Dataset, condition: str) -> Mask:
    """Return in which draws a condition holds.

    Parameters
    ----------
    results : xarray.Dataset
    condition : str
        ``NAME < LIMIT`` or ``NAME > LIMIT``, the limit with a unit or in the canonical one: ``mfu < 0.3``, ``cost_total > 400k USD``.

    Raises
    ------
    InputError
        For another text, a name that the results do not have, a limit that is no amount of it, or NaN among its draws.

    Examples
    --------
    >>> where(xr.Dataset({"mfu": ("draw", [0.28, 0.4], {"role": "input"})}), "mfu < 30%").tolist()
    [True, False]
    """
    match = _matched(condition)
    values = known(results, match["name"])
    try:
        limit = QUANTITIES[match["name"].partition("[")[0]].parse(match["limit"])
    except LawError as error:
        raise InputError(f"'{condition}': {error}") from None
    return np.asarray(values < limit if match["sign"] == "<" else values > limit)


def check_condition(condition: str) -> None:
    """Raise InputError where a condition is none, whatever draws it is put to."""
    _matched(condition)


def _matched(condition: str) -> re.Match[str]:
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise InputError(f"'{condition}' is not NAME < LIMIT or NAME > LIMIT; for example 'mfu < 0.3' or 'cost_total > 400k USD'")
    return match


def known(results: xr.Dataset, name: str) -> Floats:
    """Return the draws of an output or input, none of which is NaN; InputError where there is none, one is, or draws have weights."""
    if "draw" not in results.dims:
        raise InputError("these are bands, and conditions are put to draws; run without --summary")
    require_equal_weights(results)
    columns = dict(_columns(results))
    if name not in columns:
        near = get_close_matches(name, columns, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "name an output or an input that differs between draws"
        raise InputError(f"{name} is not told by these draws; {hint}")
    values = columns[name]
    if unknown := int(np.isnan(values).sum()):
        raise InputError(
            f"{name} is NaN in {unknown} of {values.size} draws, and whether these belong to the condition is not known; name another"
        )
    return values


def _columns(results: xr.Dataset) -> Mapping[str, Floats]:
    """Return outputs, components and drawn inputs by name."""
    found = {}
    for name, array in results.data_vars.items():
        if array.attrs.get("role") != "output" or "draw" not in array.dims:
            continue
        if array.ndim == 1:
            found[str(name)] = np.asarray(array.values, dtype=np.float64)
            continue
        (component,) = (dim for dim in array.dims if dim != "draw")
        found |= {f"{name}[{c}]": array.sel({component: c}).values for c in array[component].values}
    return found | {name: values for name, _, values in varied_inputs(results)}
