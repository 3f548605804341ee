"""The forecast of a run that is under way: draws that agree with what is known of it count for more."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.moved import moved_inputs
from simulator.analysis.notes import notes
from simulator.analysis.update.actuals import COLUMNS, Actuals
from simulator.analysis.update.likelihood import distance
from simulator.analysis.update.matching import Matched, matched
from simulator.analysis.update.regression import Regression
from simulator.analysis.update.so_far import SoFar
from simulator.analysis.update.stages import REMAINING, TOTALS, Stages, limits_of, notes_of, observed, outputs_of
from simulator.analysis.weighted import effective_draws, weights_of
from simulator.engine import Draws, in_part
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import label
from simulator.scenario import Scenario, resolve

Floats = NDArray[np.float64]

FEWEST = 100  # draws' worth: a standard error of a tenth of the posterior's sd
_RULED_OUT = 5.0  # standard errors from the nearest draw


def forecast_update(
    scenario: Scenario, actuals: Actuals, plan: SamplingPlan | None = None, *, progress: Callable[[int], None] | None = None
) -> xr.Dataset:
    r"""Return the forecast of a run given its totals so far, beside that without them.

    Each draw is weighted by the likelihood of what was observed, :math:`w_i \propto \prod_c p(y_c \mid x_{ic})`, where x is what that
    draw's run has come to at the time of the observation: see :func:`simulator.analysis.update.likelihood.log_likelihood`. Errors of
    different columns are taken as independent. Of each column the last total counts, since it holds those before it. Totals that are
    known more closely than there are draws for are matched with a tolerance (:func:`simulator.analysis.update.matching.matched`), and
    what this adds is taken out again (:class:`simulator.analysis.update.regression.Regression`).

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
        ``observed``, ``observed_at`` [h], ``observed_error``, ``tolerance``, ``surprise`` and ``effective_draws`` of the column alone.
        ``weight`` by draw. Attributes are those of the results, with ``effective_draws``, ``actuals``, ``hours`` and ``notes``.
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
    columns = matched(actuals.observations, _known(actuals, states, plan.draws))
    logs = np.sum([m.log_weights for m in columns], axis=0) if columns else np.zeros(plan.draws)
    weights = weights_of(logs) if np.isfinite(logs).any() else np.zeros(plan.draws)
    worth = effective_draws(weights) if weights.any() else 0.0
    _require_agreement(actuals, columns, worth, plan.draws)
    results = label(resolved, plan, np.arange(plan.draws), inputs, outputs)
    state, regression = states.get(actuals.hours), Regression(weights, columns)
    before, now = (
        results.assign(_at_completion(results, state, actuals.hours, moved)) for moved in (lambda values: values, regression.moved)
    )
    stages = Stages(before, now if columns else before, weights if columns else None)
    variables = outputs_of(stages) | limits_of(stages) | moved_inputs(results, weights, moved=regression.moved) | observed(columns)
    variables["weight"] = xr.DataArray(weights, {"draw": results.draw}, "draw", attrs={"long_name": "weight of the draw", "units": "1"})
    told = [*notes(results), *notes_of(results, columns)]
    keep = {"effective_draws": worth, "actuals": actuals.source, "hours": actuals.hours, "notes": json.dumps(told, ensure_ascii=False)}
    return xr.Dataset(variables, attrs={**results.attrs, **keep})


def _known(actuals: Actuals, states: Mapping[float, Mapping[str, Floats]], draws: int) -> list[Floats]:
    """Return by observation what the draws have come to at its time."""
    found = []
    for o in actuals.observations:
        place = f"{actuals.source}, line {o.line}, column '{o.column}'"
        state = states[o.hours].get(o.column)
        if state is None:
            raise InputError(f"{place}: this scenario does not tell it draw by draw. {_WAYS_OUT[o.column]}")
        if unknown := int(np.isnan(state).sum()):
            raise InputError(f"{place}: {unknown} of {draws} draws do not know it. {_WAYS_OUT['unknown']}")
        found.append(state)
    return found


_WAYS_OUT = {
    "tokens": "Where the work is stated by phases, flop or device_hours, state progress, the share of the work that is done",
    "spend": "Owned hardware in expectations has no cost by the hour: leave the column out, or use reliability.method: event_driven",
    "unknown": "Runs that are stopped at max_wall_clock have no known share of their work: raise it, or leave the column out",
}


def _require_agreement(actuals: Actuals, columns: Sequence[Matched], worth: float, draws: int) -> None:
    """Refuse observations that no draw, or too few, agree with."""
    if not columns:
        return
    away, worst = max(((distance(m.observation, m.state), m) for m in columns), key=lambda pair: pair[0])
    o, low, high = worst.observation, float(worst.state.min()), float(worst.state.max())
    if away > _RULED_OUT and not low <= o.value <= high:
        far = "no draw comes near" if math.isinf(away) else f"the nearest draw is {away:.3g} standard errors away"
        told = "the draws expect" if o.column == "interruptions" else "the draws have"
        unit = f" {QUANTITIES[COLUMNS[o.column]].unit}".removesuffix(" 1")
        raise InputError(
            f"{actuals.source}, line {o.line}: {o.column} of {o.value:.6g}{unit} after {o.hours:g} h rules out all {draws} draws: "
            f"{told} {low:.4g} to {high:.4g}, and {far}. Look for a wrong unit or start, or widen what the scenario says"
        )
    if worth < FEWEST:
        alone = min(columns, key=lambda m: m.effective_draws)
        needed = f"about {math.ceil(FEWEST * draws / worth):.2g} draws would be enough" if worth >= 1.5 else "more draws may not be enough"
        raise InputError(
            f"{actuals.source}: the {draws} draws are worth only {worth:.3g} once they agree with the actuals, fewer than {FEWEST}; "
            f"column '{alone.observation.column}' alone leaves {alone.effective_draws:.3g}. Use more --draws ({needed}), state larger "
            f"errors (a column '{alone.observation.column}_error'), or widen what the scenario says"
        )


def _at_completion(
    results: xr.Dataset, state: Mapping[str, Floats] | None, hours: float, moved: Callable[[Floats], Floats]
) -> dict[str, xr.Variable]:
    """Return what each total comes to, and what of it is still to come after the last observation."""
    found = {name: xr.Variable("draw", moved(results[name].values), results[name].attrs) for name in TOTALS if name in results}
    for name, (whole, part) in REMAINING.items():
        total, q = found[whole].values, QUANTITIES[whole]
        so_far = np.minimum(total, hours) if not part else np.zeros_like(total) if state is None else state.get(part)
        if so_far is not None:
            about = {
                "units": q.unit,
                "long_name": f"{q.meaning}, still to come; what is paid or emitted beside the run counts as such",
                "role": "output",
            }
            found[name] = xr.Variable("draw", total - (moved(so_far) if part else so_far), about)
    return found
