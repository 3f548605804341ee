"""Inputs of results that levers alone make: a certain value times factors that were drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING = 1e-9  # of a logarithm


def is_made_by_levers(values: Floats, factors: Sequence[Floats]) -> bool:
    """Return whether an input tells no more than the factors of levers do, so that it is none of its own.

    Parameters
    ----------
    values : ndarray, shape (draws,)
        Of the input, as results hold it: after levers.
    factors : sequence of ndarray, shape (draws,)
        Of each lever.

    Examples
    --------
    >>> factor = np.array([1.2, 1.5, 1.7])
    >>> is_made_by_levers(990 * factor, [factor]), is_made_by_levers(np.array([0.3, 0.4, 0.3]) * factor, [factor])
    (True, False)
    """
    if not factors or not (values > 0.0).all():
        return False
    known = np.column_stack([np.ones(values.size), *map(np.log, factors)])
    wanted = np.log(values)
    left = wanted - known @ np.linalg.lstsq(known, wanted, rcond=None)[0]
    return bool(np.abs(left).max() < _ROUNDING)
