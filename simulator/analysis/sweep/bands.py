"""Bands of every scenario of a grid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from simulator.analysis.bands import QUANTILES, summarize
from simulator.analysis.chances import LIMITS, limits_exceeded
from simulator.analysis.comparison.comparison import SHARED, scenarios_json
from simulator.analysis.counted.counted import bands_of, count_draws, count_part
from simulator.analysis.counted.tallied import Tally, nomenclature_order
from simulator.analysis.order_statistics import require_levels
from simulator.analysis.sweep.grid import Grid
from simulator.engine import after
from simulator.executors import GrowingParts, Work, in_parts
from simulator.kernels.tally import LEAF
from simulator.plan import SamplingPlan
from simulator.scenario import Resolved, Scenario

_LONGEST = 2**27  # draws of a worker's part
#: of the bands of one scenario, those that those of many have too
_DIMENSIONS = {"output", "quantile", "ci_bound", "limit", "limits_together", "paired_output", "with_output"}


def sweep(
    scenario: Scenario,
    grid: Sequence[str],
    plan: SamplingPlan | None = None,
    *,
    quantiles: Sequence[float] = QUANTILES,
    confidence: float = 0.95,
    base: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Draw the same futures of every scenario of a grid and return their bands.

    Draw i of every scenario has the same random numbers for all that has the same name, as in :func:`simulator.compare`. Draws are counted
    and not kept, as :func:`simulator.simulate_bands` does; :func:`simulator.stream_sweep` keeps them.

    Parameters
    ----------
    scenario : Scenario
    grid : sequence of str
        Axes: ``region=FR,SE``, ``accelerators=128..1024 step 128``; see :class:`simulator.analysis.sweep.grid.Grid`.
    plan : SamplingPlan, optional
        Of each scenario: 100 000 random draws from seed 0 where left out. The workers of its ``executor`` compute several scenarios at a
        time.
    quantiles, confidence
        See :func:`simulator.summarize`.
    base : Path, optional
        Folder that file names of the scenario are relative to.
    progress : callable, optional
        Called with the number of draws done, of all scenarios together.

    Returns
    -------
    xarray.Dataset
        What :func:`simulator.simulate_bands` returns, by ``scenario`` too, NaN of an output that a scenario does not have. The settings of
        the axes are coordinates by scenario: ``bands.set_index(scenario=["region", "accelerators"]).unstack()`` makes them dimensions.
        The attribute ``scenarios`` has each one's hash and config, as JSON.

    Raises
    ------
    ConfigError
        Where a scenario is none, or lacks an input.
    InputError
        For a grid that is none.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> swept = sweep(load_scenario("configs/quickstart.yaml"), ["rental_price=2,3,4"], SamplingPlan(draws=5000))
    >>> swept.value.sel(output="cost_total", quantile=0.5).diff("scenario").values > 0.0
    array([ True,  True])
    """
    require_levels(quantiles, confidence)
    plan, stated = plan or SamplingPlan(), Grid(grid)
    resolved = stated.resolved(scenario, base)
    found: dict[str, xr.Dataset] = {}
    for name, tally in _tallies(resolved, plan, progress):
        found[name] = bands_of(tally, resolved[name], plan, quantiles, confidence)
    return together([found[name] for name in stated.names], stated.names, stated.coordinates())


def _tallies(resolved: Mapping[str, Resolved], plan: SamplingPlan, progress: Callable[[int], None] | None) -> Iterator[tuple[str, Tally]]:
    """Yield the counts of each scenario, as they are complete."""
    names = list(resolved)
    if plan.executor is None:
        for place, name in enumerate(names):
            tell = after(progress, place * plan.draws)
            yield name, count_draws(resolved[name].scenario, resolved[name], plan, 0, plan.draws, tell)[0]
        return
    works = [Work(one, plan) for one in resolved.values()]
    growing: dict[int, Tally] = {}
    cuts = GrowingParts(len(works), 0, plan.draws, multiple=LEAF, most=_LONGEST)
    for part in in_parts(count_part, works, cuts, progress):
        if part.work in growing:
            growing[part.work].merge(part.result)
        else:
            growing[part.work] = part.result
        if growing[part.work].sketch.draws == plan.draws:
            yield names[part.work], growing.pop(part.work)


def together(bands: Sequence[xr.Dataset], scenarios: Sequence[str], settings: Mapping[str, Any]) -> xr.Dataset:
    """Return the bands of scenarios, by name, as one dataset with their settings as coordinates."""
    units = {str(name): str(unit) for one in bands for name, unit in zip(one.output.values, one.unit.values, strict=True)}
    names = sorted(units, key=nomenclature_order)
    kept = [
        one.drop_vars([name for name, array in one.variables.items() if not set(array.dims) <= _DIMENSIONS] + ["unit"])
        .assign(stopped=((), one.attrs["stopped"], {"long_name": "share of draws that were stopped at max_wall_clock", "units": "1"}))
        .reindex(output=names, fill_value={"note": "", "draws_needed": 0})
        for one in bands
    ]
    joined = xr.concat(kept, "scenario", data_vars="all", coords="minimal", compat="override", join="outer", combine_attrs="drop_conflicts")
    attributes = {name: bands[0].attrs[name] for name in (*SHARED, "confidence", "value_error") if name in bands[0].attrs}
    joined = joined.assign_coords({**settings, "unit": ("output", np.array([units[name] for name in names], dtype=object))})
    joined.attrs = {**attributes, "scenario": f"{len(bands)} scenarios", "scenarios": scenarios_json(bands, list(scenarios))}
    return joined


def bands_of_draws(swept: xr.Dataset) -> xr.Dataset:
    """Return the bands of cost, emissions and time of each scenario, one of which is in memory at a time.

    Parameters
    ----------
    swept : xarray.Dataset
        As :func:`simulator.stream_sweep` writes it, read when values are asked for.
    """
    told, bands = json.loads(swept.attrs["scenarios"]), []
    names = [str(name) for name in swept.scenario.values]
    for name in names:
        one = swept[[output for output in (*LIMITS.values(), "completed") if output in swept]].sel(scenario=name, drop=True).load()
        provenance = {"scenario_hash": told[name]["hash"]} | {key: told[name][key] for key in ("config", "levers", "limits")}
        one = one.drop_vars([coordinate for coordinate in one.coords if coordinate != "draw"]).assign_attrs(provenance)
        limits = limits_exceeded(one)
        chances = {
            variable: ("limit", np.array([getattr(chance, key) for _, chance in limits.values()], dtype=np.float64))
            for variable, key in (("probability_exceeded", "value"), ("mcse_exceeded", "mcse"))
        }
        bands.append(summarize(one).assign(chances).assign_coords(limit=np.array(list(limits), dtype=object)))
    settings = {str(name): array.variable for name, array in swept.coords.items() if array.dims == ("scenario",)}
    return together(bands, names, settings)
