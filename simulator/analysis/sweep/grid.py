"""Scenarios that differ along the axes of a grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from simulator.analysis.axes import parse_axis
from simulator.errors import ConfigError, InputError, Problem
from simulator.scenario import Resolved, Scenario, resolve
from simulator.scenario.load import changed

MOST = 10_000  # scenarios, which all have a name and a config in the result


class Grid:
    """Every combination of the settings of some axes, the last axis changing fastest.

    Parameters
    ----------
    texts : sequence of str
        ``PATH=A,B,C``, ``PATH=LOW..HIGH step STEP``, or with a lever in place of the path; see :func:`simulator.analysis.axes.parse_axis`.

    Attributes
    ----------
    axes : tuple of Axis
    names : tuple of str
        Of the scenarios: ``region=FR, accelerators=1024``.

    Raises
    ------
    InputError
        No axis, what is wrong with one, two that change the same value, or more than 10 000 scenarios.

    Examples
    --------
    >>> Grid(["region=FR,SE", "accelerators=128,256"]).names[:2]
    ('region=FR, accelerators=128', 'region=FR, accelerators=256')
    """

    def __init__(self, texts: Sequence[str]) -> None:
        if not texts:
            raise InputError("no axis is stated. State --grid region=FR,SE, or --grid 'accelerators=128..1024 step 128'")
        self.axes = tuple(parse_axis(text, "--grid") for text in texts)
        if twice := [f"{a.name} and {b.name}" for a, b in combinations(self.axes, 2) if a.name == b.name or a.paths & b.paths]:
            raise InputError(f"--grid: {', '.join(twice)} change the same value; state it along one axis")
        count = math.prod(len(axis.settings) for axis in self.axes)
        if count > MOST:
            raise InputError(f"the grid has {count} scenarios; {MOST} is the most: state fewer settings, or steps that are larger")
        self._places = list(product(*(range(len(axis.settings)) for axis in self.axes)))
        self.names = tuple(", ".join(f"{a.name}={a.settings[k]}" for a, k in zip(self.axes, at, strict=True)) for at in self._places)

    def resolved(self, scenario: Scenario, base: Path | None = None) -> dict[str, Resolved]:
        """Return the scenarios, ready to be simulated, by name.

        Parameters
        ----------
        scenario : Scenario
            What is changed.
        base : Path, optional
            Folder that file names of the scenario are relative to.

        Raises
        ------
        ConfigError
            With what is wrong with the first that is none.
        """
        found = {}
        for name, at in zip(self.names, self._places, strict=True):
            changes = [axis.changes(place) for axis, place in zip(self.axes, at, strict=True)]
            overrides, levers = ([change for one in changes for change in one[kind]] for kind in (0, 1))
            try:
                found[name] = resolve(changed(scenario, overrides=overrides, levers=levers, base=base))
            except ConfigError as error:
                raise ConfigError([Problem(f"{problem} (of the scenario {name})") for problem in error.problems]) from None
        return found

    def coordinates(self) -> Mapping[str, Any]:
        """Return the settings of each axis by scenario, as numbers in the canonical unit where they are numbers."""
        found: dict[str, Any] = {
            "scenario": xr.Variable("scenario", np.array(self.names, dtype=object), {"long_name": "name of the scenario"})
        }
        for number, axis in enumerate(self.axes):
            name = axis.name.rpartition(".")[2]
            name = f"grid_{name}" if name in found or name in ("draw", "output", "quantile") else name
            numeric = all(map(math.isfinite, axis.numbers))
            values = axis.numbers if numeric else axis.settings
            told = {"long_name": f"{axis.name} of the scenario"} | ({"units": axis.unit} if numeric else {})
            column = np.array([values[at[number]] for at in self._places], dtype=None if numeric else object)
            found[name] = xr.Variable("scenario", column, told)
        return found
