"""The inputs of a result that were drawn, column by column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def drawn_inputs(results: xr.Dataset) -> Iterator[tuple[str, str, Floats]]:
    """Yield name, unit and draws of each input that was drawn; of members of a group, certain ones too, as ``tokens[long context]``.

    Examples
    --------
    >>> about = {"role": "input", "units": "1"}
    >>> [name for name, _, _ in drawn_inputs(xr.Dataset({"mfu": ("draw", [0.3, 0.4], about), "pue": ((), 1.1, about)}))]
    ['mfu']
    """
    for name, array in results.data_vars.items():
        if array.attrs.get("role") != "input" or "draw" not in array.dims:
            continue
        unit = str(array.attrs.get("units", ""))
        if array.ndim == 1:
            yield str(name), unit, np.asarray(array.values, dtype=np.float64)
            continue
        (group,) = (dim for dim in array.dims if dim != "draw")
        for member, values in zip(array[group].values, array.transpose(group, "draw").values, strict=True):
            yield f"{name}[{member}]", unit, np.asarray(values, dtype=np.float64)


def is_certain_member(name: str, values: Floats) -> bool:
    """Whether a column is that of a member of a group that is certain, or does not have the input."""
    return "[" in name and bool(np.isnan(values).all() or (values == values[0]).all())


def varied_inputs(results: xr.Dataset) -> Iterator[tuple[str, str, Floats]]:
    """Yield what :func:`drawn_inputs` does, without members that are certain or do not have the input."""
    return ((name, unit, values) for name, unit, values in drawn_inputs(results) if not is_certain_member(name, values))
