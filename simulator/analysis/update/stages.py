"""A forecast before and now, as a Dataset and as plain data."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import summarize
from simulator.analysis.chances import happenings
from simulator.analysis.estimates import chance
from simulator.analysis.moved import QUANTILES
from simulator.analysis.notes import percentage
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.update.actuals import COLUMNS
from simulator.analysis.update.likelihood import surprise
from simulator.analysis.update.matching import Matched
from simulator.analysis.weighted import weighted_chance, weighted_percentiles
from simulator.quantities import QUANTITIES

Floats = NDArray[np.float64]

SURPRISING = 0.01
TOTALS = ("cost_total", "emissions_total", "energy", "wall_clock", "programme_time", "interruptions", "goodput")
#: output that is still to come -> what it is of, and what of it is known so far
REMAINING = {
    "remaining_cost": ("cost_total", "spend"),
    "remaining_emissions": ("emissions_total", "emissions"),
    "remaining_energy": ("energy", "energy"),
    "remaining_time": ("wall_clock", ""),
}


@dataclass(frozen=True)
class Stages:
    """Draws before and now.

    Attributes
    ----------
    before, now : xarray.Dataset
        With ``TOTALS`` and ``REMAINING``, as far as the scenario has them.
    weights : ndarray, shape (draws,), or None
        Of the draws now; None where nothing is known, so that they are those before.
    """

    before: xr.Dataset
    now: xr.Dataset
    weights: Floats | None


def outputs_of(stages: Stages) -> dict[str, xr.DataArray]:
    """Return percentiles of the outputs before and now."""
    names = [name for name in (*TOTALS, *REMAINING) if name in stages.before]
    before = summarize(stages.before[names], quantiles=QUANTILES)
    values, errors = [before.value.values], [before.mcse.values]
    if stages.weights is None:
        values, errors = values * 2, errors * 2
    else:
        draws = [stages.now[name].values for name in before.output.values]
        now = [weighted_percentiles(stages.weights, own, QUANTILES, like=stages.now) for own in draws]
        values.append(np.array([[e.value for e in row] for row in now]))
        errors.append(np.array([[e.mcse for e in row] for row in now]))
    coords = {**_STAGES, "output": before.output.values, "quantile": list(QUANTILES), "unit": ("output", before.unit.values)}
    dims = ("stage", "output", "quantile")
    return {
        "value": xr.DataArray(np.array(values), coords, dims, attrs={"long_name": "percentile of the output"}),
        "mcse": xr.DataArray(np.array(errors), coords, dims, attrs={"long_name": "Monte Carlo standard error of the percentile"}),
    }


_STAGES = {"stage": ["before", "now"]}


def limits_of(stages: Stages) -> dict[str, xr.DataArray]:
    """Return the chances to exceed the scenario's limits before and now."""
    limits: dict[str, float] = json.loads(stages.before.attrs["limits"])

    def happens(results: xr.Dataset) -> list[NDArray[np.bool_]]:
        found = happenings({str(name): values for name, values in results.data_vars.items()}, limits)
        return [found[name] for name in limits]

    before = [chance(stages.before, own) for own in happens(stages.before)]
    weights = stages.weights
    now = before if weights is None else [weighted_chance(weights, own, like=stages.now) for own in happens(stages.now)]
    coords = {**_STAGES, "limit": list(limits)}

    def array(attribute: str, text: str) -> xr.DataArray:
        rows = [[float(getattr(e, attribute)) for e in stage] for stage in (before, now)]
        return xr.DataArray(np.array(rows).reshape(2, len(limits)), coords, ("stage", "limit"), attrs={"long_name": text, "units": "1"})

    return {
        "chance": array("value", "chance to exceed the limit"),
        "chance_mcse": array("mcse", "Monte Carlo standard error of the chance"),
    }


def observed(columns: Sequence[Matched]) -> dict[str, xr.DataArray]:
    """Return the observations, and what the draws make of each."""
    observations = [m.observation for m in columns]
    names = [o.column for o in observations]
    coords = {"column": names, "column_unit": ("column", [QUANTITIES[COLUMNS[name]].unit for name in names])}

    def array(values: list[float], text: str, unit: str = "") -> xr.DataArray:
        about = {"long_name": text} | ({"units": unit} if unit else {})
        return xr.DataArray(np.array(values, dtype=np.float64), coords, "column", attrs=about)

    return {
        "observed": array([o.value for o in observations], "last total that is known, in column_unit"),
        "observed_at": array([o.hours for o in observations], "time since the start at which it was read", "h"),
        "observed_error": array([o.error for o in observations], "relative standard error of its measurement; 0 of a count", "1"),
        "tolerance": array([m.tolerance for m in columns], "relative sd with which draws are matched with it; 0 of a count", "1"),
        "surprise": array(
            [surprise(m.observation, m.state) for m in columns], "chance before of a total as far out as this one, or farther", "1"
        ),
        "effective_draws": array([m.effective_draws for m in columns], "draws that the weights of this column alone are worth", "1"),
    }


def notes_of(results: xr.Dataset, columns: Sequence[Matched]) -> list[str]:
    """Return what a reader of the forecast has to know."""
    told = []
    for m in columns:
        name, chance_of_it = m.observation.column, surprise(m.observation, m.state)
        if chance_of_it < SURPRISING:
            told.append(
                f"{name} is a surprise: before, a total as far out had a chance of {percentage(chance_of_it)}; "
                "the forecast rests on few draws at the edge of what the scenario thought likely."
            )
    if str(results.attrs["plan"]) == "sobol" and results.attrs["replicates"] == 1:
        told.append(f"{ONE_SCRAMBLING[0].upper()}{ONE_SCRAMBLING[1:]}.")
    return told


def update_json(found: xr.Dataset) -> dict[str, Any]:
    """Return a forecast as plain data for ``json.dumps``; NaN and infinities are None.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`simulator.analysis.update.update.forecast_update` returns.
    """

    def by_quantile(name: str, **where: Any) -> dict[str, float | None]:
        row = found[name].sel(**where)
        return {repr(float(q)): _plain(x) for q, x in zip(found["quantile"].values, row.values.tolist(), strict=True)}

    a = found.attrs
    stages = [str(stage) for stage in found.stage.values]
    return {
        **{name: a[name] for name in ("scenario", "draws", "seed", "plan", "version", "actuals", "hours", "effective_draws")},
        "observed": {
            str(column): {"unit": str(found.column_unit.sel(column=column).item())}
            | {
                name: _plain(found[name].sel(column=column).item())
                for name in ("observed", "observed_at", "observed_error", "tolerance", "surprise", "effective_draws")
            }
            for column in found.column.values
        },
        "outputs": {
            str(output): {"unit": str(found.unit.sel(output=output).item())}
            | {
                stage: {
                    "quantiles": by_quantile("value", stage=stage, output=output),
                    "mcse": by_quantile("mcse", stage=stage, output=output),
                }
                for stage in stages
            }
            for output in found.output.values
        },
        "inputs": {
            str(name): {
                "unit": str(found.input_unit.sel(input=name).item()),
                **{key: _plain(found[key].sel(input=name).item()) for key in ("shift", "shift_mcse", "narrowed")},
                **{
                    stage: {
                        "quantiles": by_quantile("input_value", stage=stage, input=name),
                        "mcse": by_quantile("input_mcse", stage=stage, input=name),
                    }
                    for stage in stages
                },
            }
            for name in found.input.values
        },
        "limits": {
            str(limit): {
                stage: {
                    "probability_exceeded": _plain(found.chance.sel(stage=stage, limit=limit).item()),
                    "mcse": _plain(found.chance_mcse.sel(stage=stage, limit=limit).item()),
                }
                for stage in stages
            }
            for limit in found.limit.values
        },
        "notes": json.loads(a["notes"]),
    }


def _plain(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
