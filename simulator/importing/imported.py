"""What was found in files of one kind: priors, totals so far, what is not in them, and what a check plot shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """The value of one quantity, as a config writes it.

    Attributes
    ----------
    quantity : str
        Name in the nomenclature.
    value : float, str or mapping
        Read back by :func:`simulator.scenario.values.parse_value`.
    told : tuple of str
        Where it comes from, what was left out, and what it does not say; one line each.
    """

    quantity: str
    value: Any
    told: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Totals:
    """Totals since the start of a run.

    Attributes
    ----------
    hours : ndarray, shape (n,)
        Since the start [h], strictly increasing, > 0.
    columns : mapping of str to ndarray, shape (n,)
        Columns of :mod:`simulator.analysis.update.actuals`, in canonical units, none of which falls; NaN where not known.
    errors : mapping of str to float
        Relative standard error of a column; exact where left out.
    """

    hours: Floats
    columns: Mapping[str, Floats]
    errors: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Panel:
    """One part of the check plot: what was read, and the interval that was fitted to it.

    Attributes
    ----------
    title, unit, along : str
        What is drawn, its unit, and what the horizontal axis is.
    x, y : ndarray, shape (n,)
    low, middle, high : float
        Of the fitted value, in ``unit``; NaN where nothing was fitted.
    left_out : ndarray of bool, shape (n,), optional
        What was read and not used.
    steps : bool
        Whether ``y`` is drawn as a line.
    total : bool
        Whether the fitted value is that of the last ``x``, and grows in proportion from nought.
    """

    title: str
    unit: str
    along: str
    x: Floats
    y: Floats
    low: float = np.nan
    middle: float = np.nan
    high: float = np.nan
    left_out: NDArray[np.bool_] | None = None
    steps: bool = False
    total: bool = False


@dataclass(frozen=True)
class Imported:
    """All that was found.

    Attributes
    ----------
    kind : str
    sources : tuple of str
        Names of the files.
    priors : tuple of Prior
    totals : Totals or None
        None where the files tell no totals.
    left_out : mapping of str to str
        What somebody could expect of the files, and why it is not given.
    notes : tuple of str
        Repairs, exclusions and assumptions.
    panels : tuple of Panel
    """

    kind: str
    sources: tuple[str, ...]
    priors: tuple[Prior, ...] = ()
    totals: Totals | None = None
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
