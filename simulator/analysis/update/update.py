"""The forecast of a run that is under way: draws that agree with what is known of it count for more."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import ONE_SCRAMBLING, summarize
from simulator.analysis.chances import LIMITS, happenings
from simulator.analysis.estimates import chance
from simulator.analysis.moved import moved_inputs
from simulator.analysis.notes import notes, percentage
from simulator.analysis.update.actuals import COLUMNS, Actuals
from simulator.analysis.update.likelihood import distance, log_likelihood, surprise
from simulator.analysis.update.so_far import SoFar
from simulator.analysis.weighted import effective_draws, weighted_chance, weighted_percentiles, weights_of
from simulator.engine import Draws, in_part
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import label
from simulator.scenario import Scenario, resolve

Floats = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.8, 0.95)
FEWEST = 100  # draws' worth: a standard error of a tenth of the posterior's sd
SURPRISING = 0.01
_RULED_OUT = 5.0  # standard errors from the nearest draw
_OUTPUTS = ("cost_total", "emissions_total", "energy", "wall_clock", "programme_time", "interruptions", "goodput")
#: output that is still to come -> what it is of, and what of it is known so far
_REMAINING = {
    "remaining_cost": ("cost_total", "spend"),
    "remaining_emissions": ("emissions_total", "emissions"),
    "remaining_energy": ("energy", "energy"),
    "remaining_time": ("wall_clock", ""),
}


def forecast_update(
    scenario: Scenario, actuals: Actuals, plan: SamplingPlan | None = None, *, progress: Callable[[int], None] | None = None
) -> xr.Dataset:
    r"""Return the forecast of a run given its totals so far, beside that without them.

    Each draw is weighted by the likelihood of what was observed, :math:`w_i \propto \prod_c p(y_c \mid x_{ic})`, where x is what that
    draw's run has come to at the time of the observation: see :func:`simulator.analysis.update.likelihood.log_likelihood`. Errors of
    different columns are taken as independent. Of each column the last total counts, since it holds those before it.

    Parameters
    ----------
    scenario : Scenario
        As it was before the run: what the actuals tell must not stand in it as well.
    actuals : Actuals
        See :func:`simulator.analysis.update.actuals.read_actuals`; spend and emissions are of the run's own compute.
    plan : SamplingPlan, optional
    progress : callable, optional
        Called with the number of draws done; each is played once, and once more for each time of an observation.

    Returns
    -------
    xarray.Dataset
        On dimension ``stage`` ("before", "now"): ``value`` and ``mcse`` by (output, quantile), totals at completion and what remains of
        them after the last observation; ``input_value`` and ``input_mcse`` by (input, quantile); ``chance`` and ``chance_mcse`` by
        limit of the scenario. By input ``shift`` [1], by how many standard deviations of the prior its mean moved, with
        ``shift_mcse``, and ``narrowed`` [1], its P5 to P95 now over that before; those first that moved or narrowed most. By column:
        ``observed``, ``observed_at`` [h], ``observed_error``, ``surprise`` and ``effective_draws`` of the column alone. ``weight`` by
        draw. Attributes are those of the results, with ``effective_draws``, ``actuals``, ``hours`` and ``notes``.
        Without observations the second stage is the first, bitwise.

    Raises
    ------
    InputError
        Where observations rule all draws out, naming the column that conflicts most; where the weights are worth fewer than 100 draws;
        for an observation that the scenario has no counterpart of, and a plan for another device than the CPU.

    Notes
    -----
    Self-normalized importance sampling with the prior as proposal: Owen (2013), Monte Carlo theory, methods and examples, chapter 9.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> from simulator.analysis.update.actuals import Observation
    >>> known = Actuals("actuals.csv", (Observation("progress", 0.5, 150.0, 0.05, 2),))
    >>> now = forecast_update(load_scenario("configs/quickstart.yaml"), known, SamplingPlan(draws=2000))
    >>> float(now.value.sel(output="wall_clock", quantile=0.5, stage="now").round(-2))
    300.0
    """
    plan = plan or SamplingPlan()
    if plan.device != "cpu":
        raise InputError(
            f"device = {plan.device!r} plays no histories, and a forecast is updated from them. Use SamplingPlan(device='cpu')"
        )
    resolved = resolve(scenario)
    times = sorted({o.hours for o in actuals.observations})
    parts = 1 + len(times)
    inputs, outputs = Draws(resolved, plan).play(0, plan.draws, in_part(progress, 0, parts, plan.draws))
    so_far = SoFar(resolved, plan, inputs, outputs)
    states = {time: so_far.at(time, in_part(progress, k, parts, plan.draws)) for k, time in enumerate(times, 1)}
    results = label(resolved, plan, np.arange(plan.draws), inputs, outputs)
    columns = _columns(actuals, states, plan.draws)
    logs = np.sum([own["log"] for own in columns.values()], axis=0) if columns else np.zeros(plan.draws)
    weights = weights_of(logs) if np.isfinite(logs).any() else np.zeros(plan.draws)
    worth = effective_draws(weights) if weights.any() else 0.0
    _require_agreement(actuals, columns, worth, plan.draws)
    results = results.assign(_remaining(results, states.get(actuals.hours), actuals.hours))
    weighted = weights if columns else None
    variables = _outputs(results, weighted) | _limits(results, weighted) | moved_inputs(results, weights) | _observed(columns)
    variables["weight"] = xr.DataArray(weights, {"draw": results.draw}, "draw", attrs={"long_name": "weight of the draw", "units": "1"})
    told = [*notes(results), *_notes(results, columns)]
    keep = {"effective_draws": worth, "actuals": actuals.source, "hours": actuals.hours, "notes": json.dumps(told, ensure_ascii=False)}
    return xr.Dataset(variables, attrs={**results.attrs, **keep})


_Columns = dict[str, dict[str, Any]]


def _columns(actuals: Actuals, states: Mapping[float, Mapping[str, Floats]], draws: int) -> _Columns:
    """Return by column what the draws make of its observation."""
    found: _Columns = {}
    for o in actuals.observations:
        place = f"{actuals.source}, line {o.line}, column '{o.column}'"
        state = states[o.hours].get(o.column)
        if state is None:
            raise InputError(f"{place}: this scenario does not tell it draw by draw. {_WAYS_OUT[o.column]}")
        if unknown := int(np.isnan(state).sum()):
            raise InputError(f"{place}: {unknown} of {draws} draws do not know it. {_WAYS_OUT['unknown']}")
        found[o.column] = {
            "observation": o,
            "log": log_likelihood(o, state),
            "surprise": surprise(o, state),
            "distance": distance(o, state),
            "range": tuple(float(x) for x in np.quantile(state, [0.0, 1.0])),
        }
        finite = np.isfinite(found[o.column]["log"]).any()
        found[o.column]["worth"] = effective_draws(weights_of(found[o.column]["log"])) if finite else 0.0
    return found


_WAYS_OUT = {
    "tokens": "Where the work is stated by phases, flop or device_hours, state progress, the share of the work that is done",
    "spend": "Owned hardware in expectations has no cost by the hour: leave the column out, or use reliability.method: event_driven",
    "unknown": "Runs that are stopped at max_wall_clock have no known share of their work: raise it, or leave the column out",
}


def _require_agreement(actuals: Actuals, columns: _Columns, worth: float, draws: int) -> None:
    """Refuse observations that no draw, or too few, agree with."""
    if not columns:
        return
    name, worst = max(columns.items(), key=lambda item: item[1]["distance"])
    o, (low, high) = worst["observation"], worst["range"]
    if worst["distance"] > _RULED_OUT and not low <= o.value <= high:
        away = (
            "no draw comes near" if math.isinf(worst["distance"]) else f"the nearest draw is {worst['distance']:.3g} standard errors away"
        )
        told = "the draws expect" if name == "interruptions" else "the draws have"
        unit = f" {QUANTITIES[COLUMNS[name]].unit}".removesuffix(" 1")
        raise InputError(
            f"{actuals.source}, line {o.line}: {name} of {o.value:.6g}{unit} after {o.hours:g} h rules out all {draws} draws: "
            f"{told} {low:.4g} to {high:.4g}, and {away}. Look for a wrong unit or start, or widen what the scenario says"
        )
    if worth < FEWEST:
        name = min(columns, key=lambda column: columns[column]["worth"])
        needed = f"about {math.ceil(FEWEST * draws / worth):.2g} draws would be enough" if worth >= 1.5 else "more draws may not be enough"
        raise InputError(
            f"{actuals.source}: the {draws} draws are worth only {worth:.3g} once they agree with the actuals, fewer than {FEWEST}; "
            f"column '{name}' alone leaves {columns[name]['worth']:.3g}. Use more --draws ({needed}), state larger errors (a column "
            f"'{name}_error'), or widen what the scenario says"
        )


def _remaining(results: xr.Dataset, state: Mapping[str, Floats] | None, hours: float) -> dict[str, xr.Variable]:
    """Return what of each total is still to come after the last observation."""
    found = {}
    for name, (whole, part) in _REMAINING.items():
        total, q = results[whole].values, QUANTITIES[whole]
        so_far = np.minimum(total, hours) if not part else np.zeros_like(total) if state is None else state.get(part)
        if so_far is not None:
            about = {
                "units": q.unit,
                "long_name": f"{q.meaning}, still to come; what is paid or emitted beside the run counts as such",
                "role": "output",
            }
            found[name] = xr.Variable("draw", total - so_far, about)
    return found


def _outputs(results: xr.Dataset, weights: Floats | None) -> dict[str, xr.DataArray]:
    """Return percentiles of the outputs before and now."""
    names = [name for name in (*_OUTPUTS, *_REMAINING) if name in results]
    before = summarize(results[names], quantiles=QUANTILES)
    values, errors = [before.value.values], [before.mcse.values]
    if weights is None:
        values, errors = values * 2, errors * 2
    else:
        now = [weighted_percentiles(weights, results[name].values, QUANTILES, like=results) for name in before.output.values]
        values.append(np.array([[e.value for e in row] for row in now]))
        errors.append(np.array([[e.mcse for e in row] for row in now]))
    coords = {**_STAGES, "output": before.output.values, "quantile": list(QUANTILES), "unit": ("output", before.unit.values)}
    dims = ("stage", "output", "quantile")
    return {
        "value": xr.DataArray(np.array(values), coords, dims, attrs={"long_name": "percentile of the output"}),
        "mcse": xr.DataArray(np.array(errors), coords, dims, attrs={"long_name": "Monte Carlo standard error of the percentile"}),
    }


_STAGES = {"stage": ["before", "now"]}


def _limits(results: xr.Dataset, weights: Floats | None) -> dict[str, xr.DataArray]:
    """Return the chances to exceed the scenario's limits before and now."""
    limits: dict[str, float] = json.loads(results.attrs["limits"])
    found = happenings({str(name): values for name, values in results.data_vars.items()}, limits)
    happens = {name: own for name, own in found.items() if name in LIMITS}
    before = [chance(results, own) for own in happens.values()]
    now = before if weights is None else [weighted_chance(weights, own, like=results) for own in happens.values()]
    coords = {**_STAGES, "limit": list(happens)}

    def array(attribute: str, text: str) -> xr.DataArray:
        rows = [[float(getattr(e, attribute)) for e in stage] for stage in (before, now)]
        return xr.DataArray(np.array(rows).reshape(2, len(happens)), coords, ("stage", "limit"), attrs={"long_name": text, "units": "1"})

    return {
        "chance": array("value", "chance to exceed the limit"),
        "chance_mcse": array("mcse", "Monte Carlo standard error of the chance"),
    }


def _observed(columns: _Columns) -> dict[str, xr.DataArray]:
    """Return the observations, and what the draws make of each."""
    observations = [own["observation"] for own in columns.values()]
    coords = {"column": list(columns), "column_unit": ("column", [QUANTITIES[COLUMNS[name]].unit for name in columns])}

    def array(values: list[float], text: str, unit: str = "") -> xr.DataArray:
        about = {"long_name": text} | ({"units": unit} if unit else {})
        return xr.DataArray(np.array(values, dtype=np.float64), coords, "column", attrs=about)

    return {
        "observed": array([o.value for o in observations], "last total that is known, in column_unit"),
        "observed_at": array([o.hours for o in observations], "time since the start at which it was read", "h"),
        "observed_error": array([o.error for o in observations], "relative standard error of its measurement; 0 of a count", "1"),
        "surprise": array(
            [own["surprise"] for own in columns.values()], "chance before of a total as far out as this one, or farther", "1"
        ),
        "effective_draws": array([own["worth"] for own in columns.values()], "draws that the weights of this column alone are worth", "1"),
    }


def _notes(results: xr.Dataset, columns: _Columns) -> list[str]:
    """Return what a reader of the forecast has to know."""
    told = []
    for name, own in columns.items():
        if own["surprise"] < SURPRISING:
            told.append(
                f"{name} is a surprise: before, a total as far out had a chance of {percentage(own['surprise'])}; "
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
        What :func:`forecast_update` returns.
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
                for name in ("observed", "observed_at", "observed_error", "surprise", "effective_draws")
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
