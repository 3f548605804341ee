"""Bands of a scenario whose draws are counted and not kept: the memory of a hundred million draws is that of a few."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import QUANTILES, counted_samples, summary_of
from simulator.analysis.chances import BUILT, LIMITS, TOGETHER
from simulator.analysis.counted.sketch_rows import SketchRows
from simulator.analysis.counted.tallied import PAIRED_OUTPUTS, Tally
from simulator.analysis.estimates import UNKNOWN, chance_of_counts
from simulator.analysis.order_statistics import require_levels
from simulator.engine import Draws, after
from simulator.executors import GrowingParts, Work, in_parts
from simulator.kernels.tally import BIN_WIDTH, LEAF
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import provenance
from simulator.scenario import Resolved, Scenario, resolve
from simulator.threads import launching, using_threads

_CHUNK = 2**25  # bytes of draws that are kept at a time, beside which as much is counted
_LONGEST = 2**27  # draws of a worker's part: more take no longer to hand out

Floats = NDArray[np.float64]


def simulate_bands(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    quantiles: Sequence[float] = QUANTILES,
    confidence: float = 0.95,
    progress: Callable[[int], None] | None = None,
    keep_finished: bool = False,
) -> xr.Dataset:
    """Draw futures of a training run and return their bands alone.

    Draws are played in chunks and counted in bins, of which the widest spans 6.2e-5 of its values; a percentile stands where it would if
    the draws of its bin were spread evenly, and magnitudes below 1e-30 count as nought. Mean, sd, number, the chances to exceed limits and
    to keep them together, and correlations are those of the draws themselves, as are shares of time and what notes tell. Replicates of
    Sobol' points, of which only the spread is asked for, are counted in bins sixteen times as wide. Neither threads, chunks nor the order
    of the chunks change a bit. Achieved correlations of inputs, which take the ranks of all draws, are not told.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        100 000 random draws from seed 0 where left out.
    quantiles, confidence
        See :func:`simulator.summarize`.
    progress : callable, optional
        Called with the number of draws done.
    keep_finished : bool, optional
        Return the bands of the draws that are counted where ``KeyboardInterrupt`` ends it; see :func:`simulator.simulate`.

    Returns
    -------
    xarray.Dataset
        What :func:`simulator.summarize` returns; with ``probability_exceeded`` and ``mcse_exceeded`` by ``limit``, ``probability_held``
        and ``mcse_held`` by ``limits_together``, ``correlation`` by ``paired_output`` and ``with_output``, and the
        attribute ``value_error``: the largest error of a percentile by its bin, relative to it, which ``bin_error`` tells of each; see
        :class:`simulator.analysis.counted.told.Told` for what else they tell. The counts are kept beside: by ``bin`` its row, number and
        draws, by ``row`` what is known of its draws, so that other percentiles (:func:`simulator.summarize`) and risk
        (:func:`simulator.budget_risk`) can be asked of them.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        If a level is outside (0, 1), or none is stated.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> bands = simulate_bands(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=20_000))
    >>> bool(bands.value.sel(output="cost_total", quantile=0.8) > bands.value.sel(output="cost_total", quantile=0.5))
    True
    """
    require_levels(quantiles, confidence)
    plan, resolved = plan or SamplingPlan(), resolve(scenario)
    tally, finished = count_draws(scenario, resolved, plan, 0, plan.draws, progress, keep_finished=keep_finished)
    return bands_of(tally, resolved, replace(plan, draws=finished), quantiles, confidence)


def count_draws(
    scenario: Scenario,
    resolved: Resolved,
    plan: SamplingPlan,
    start: int,
    stop: int,
    progress: Callable[[int], None] | None = None,
    *,
    keep_finished: bool = False,
) -> tuple[Tally, int]:
    """Return counts of draws ``start``, which begins a leaf, to ``stop`` - 1, and the number of those that are finished."""
    draws = Draws(resolved, plan)
    tally = Tally(resolved, scenario.limits.model_dump(exclude_none=True), plan.scramblings, draws.same, draws.names)
    if plan.executor is not None:
        parts = GrowingParts(1, start, stop, multiple=LEAF, most=_LONGEST)
        for part in in_parts(count_part, [Work(resolved, plan)], parts, progress):
            tally.merge(part.result)
        return tally, stop
    size = max(_CHUNK // (8 * draws.written_numbers) // LEAF, 1) * LEAF
    for low in range(start, stop, size):
        high = min(low + size, stop)
        try:
            inputs, outputs = draws.play(low, high, after(progress, low - start))
        except KeyboardInterrupt:
            if not (keep_finished and low > start and plan.plan == "random"):
                raise
            return tally, low
        with using_threads(plan.threads), launching():
            tally.add(inputs, outputs, low)
        del inputs, outputs  # before the next are played
    return tally, stop


def count_part(work: Work, start: int, stop: int) -> Tally:
    """Return counts of draws ``start`` to ``stop`` - 1 of what a worker was told of."""
    return count_draws(work.resolved.scenario, work.resolved, work.plan, start, stop)[0]


def bands_of(tally: Tally, resolved: Resolved, plan: SamplingPlan, quantiles: Sequence[float], confidence: float) -> xr.Dataset:
    """Return the bands of counted draws; see :func:`simulate_bands`."""
    rows = SketchRows(tally.sketch.columns(), plan.plan, plan.scramblings, plan.draws)
    summary = summary_of(counted_samples(rows, tally.places), plan.draws, quantiles, confidence)
    summary = summary.assign(rows.variables()).assign(_places(tally) | _chances(tally, plan) | _correlations(tally) | _dates(resolved))
    attributes = provenance(resolved, plan, {}, tally.told.replayed, plan.draws) | tally.told.attributes()
    return summary.assign_attrs(attributes, confidence=confidence, value_error=BIN_WIDTH)


def _places(tally: Tally) -> dict[str, xr.DataArray]:
    """Return where outputs, and what limits are compared with, stand in the sketch."""
    found = {}
    for dim, name, places, meaning in (
        ("output", "sketch_row", tally.places, "row of the sketch that holds the output"),
        ("outcome", "outcome_row", tally.outcomes, "row of the sketch that holds what the limit is compared with"),
    ):
        coords = {dim: np.array(list(places), dtype=object)} if dim == "outcome" else None
        rows = np.array(list(places.values()), dtype=np.int32)
        found[name] = xr.DataArray(rows, coords, [dim], attrs={"long_name": meaning, "units": "1"})
    return found


def _dates(resolved: Resolved) -> dict[str, xr.DataArray]:
    """Return what tells when now is, as kept draws do: NaN where it is uncertain."""
    known = {name: resolved.inputs[name] for name in ("start_time", "preparation_time") if name in resolved.inputs}
    return {
        name: xr.DataArray(
            math.nan if item.value.constant is None else item.value.constant,
            attrs={"units": QUANTITIES[name].unit, "long_name": QUANTITIES[name].meaning, "role": "input"},
        )
        for name, item in known.items()
    }


def _chances(tally: Tally, plan: SamplingPlan) -> dict[str, xr.DataArray]:
    """Return how likely limits are exceeded, and hold together; of a NaN draw nothing is known."""
    found = {}
    for dim, variable, counts, meaning in (
        ("limit", "exceeded", tally.exceeded, "probability of more than the limit"),
        ("limits_together", "held", tally.held, "probability that the limits hold in the same draw"),
    ):
        names = {name: [LIMITS.get(one, BUILT) for one in name.split(TOGETHER)] for name in counts}
        known = {name: not any(tally.sketch.missing(tally.places[output]) for output in outputs) for name, outputs in names.items()}
        rows = [chance_of_counts(plan.plan, counts[name], _sizes(plan)) if known[name] else UNKNOWN for name in counts]
        coords = {dim: np.array(list(counts), dtype=object)}
        for name, values, told in (
            (f"probability_{variable}", [row.value for row in rows], meaning),
            (f"mcse_{variable}", [row.mcse for row in rows], "its Monte Carlo standard error"),
        ):
            found[name] = xr.DataArray(np.array(values, dtype=np.float64), coords, [dim], attrs={"long_name": told, "units": "1"})
    return found


def _correlations(tally: Tally) -> dict[str, xr.DataArray]:
    """Return the correlations of whole outputs with each other; one of an output with itself."""
    names = [name for name in PAIRED_OUTPUTS if name in tally.places]
    places = [tally.places[name] for name in names]
    values = [[1.0 if p == q else tally.sketch.correlation(p, q) for q in places] for p in places]
    coords = {"paired_output": names, "with_output": names}
    told = {"long_name": "product-moment correlation of two outputs", "units": "1"}
    return {"correlation": xr.DataArray(np.array(values).reshape(len(names), -1), coords, list(coords), attrs=told)}


def _sizes(plan: SamplingPlan) -> NDArray[np.int64]:
    """Return how many draws each replicate has."""
    return np.bincount(np.arange(plan.draws % plan.scramblings), minlength=plan.scramblings) + plan.draws // plan.scramblings
