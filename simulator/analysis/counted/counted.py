"""Bands of a scenario whose draws are counted and not kept: the memory of a hundred million draws is that of a few."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import PAIRED, QUANTILES, ErrorsOf, as_summary, errors_by_plan, note_of_pairs, statistics
from simulator.analysis.chances import BUILT, LIMITS, happenings
from simulator.analysis.counted.sketches import Sketch
from simulator.analysis.counted.told import Told
from simulator.analysis.estimates import Estimate, chance_of_counts
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.tails import Moments, moments_judged, refused
from simulator.engine import Draws
from simulator.kernels.tally import BIN_WIDTH, LEAF
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import provenance
from simulator.scenario import Scenario, resolve
from simulator.threads import launching, using_threads

_CHUNK = 2**26  # bytes of draws that are kept at a time

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

    Draws are played in chunks and counted in bins, of which the widest spans a thousandth of its values; a percentile stands where
    it would if the draws of its bin were spread evenly, and magnitudes below 1e-30 count as nought. Mean, sd, number and the chances
    to exceed limits are those of the draws themselves, as are shares of time and what notes tell. Neither threads nor chunks change a
    bit. Achieved correlations, which take the ranks of all draws, are not told.

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
        What :func:`simulator.summarize` returns; with ``probability_exceeded`` and ``mcse_exceeded`` by ``limit``, and the attribute
        ``value_error``: the largest error of a percentile by its bin, relative to it; see ``analysis.told`` for what else they tell.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        If a level is outside (0, 1).

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> bands = simulate_bands(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=20_000))
    >>> bool(bands.value.sel(output="cost_total", quantile=0.8) > bands.value.sel(output="cost_total", quantile=0.5))
    True
    """
    for probability in quantiles:
        require_open_unit("quantile", probability)
    require_open_unit("confidence", confidence)
    plan, resolved = plan or SamplingPlan(), resolve(scenario)
    draws = Draws(resolved, plan)
    limits = scenario.limits.model_dump(exclude_none=True)
    size = max(_CHUNK // (8 * draws.numbers) // LEAF, 1) * LEAF
    replicates = plan.scramblings
    places: dict[str, int] = {}
    sketch, counts, told = Sketch(0, replicates), dict[str, NDArray[np.int64]](), Told(resolved)
    for low in range(0, plan.draws, size):
        high = min(low + size, plan.draws)
        try:
            inputs, outputs = draws.play(low, high, None if progress is None else partial(_done_in_all, progress, low))
        except KeyboardInterrupt:
            if not (keep_finished and low and plan.plan == "random"):
                raise
            plan = replace(plan, draws=low)
            break
        distinct = {id(values): values for values in outputs.values()}  # some outputs are others
        if low == 0:
            sketch = Sketch(len(distinct), replicates)
            places = {name: list(distinct).index(id(outputs[name])) for name in sorted(outputs, key=_rank)}
        values = np.stack(list(distinct.values()))
        with using_threads(plan.threads), launching():
            sketch.add(values)
        for name, happens in happenings(outputs, limits).items():
            member = (low + np.flatnonzero(happens)) % replicates
            counts[name] = counts.get(name, np.zeros(replicates, dtype=np.int64)) + np.bincount(member, minlength=replicates)
        told.add(inputs, outputs)
    probabilities = np.array(quantiles, dtype=np.float64)
    errors_of = errors_by_plan(plan.plan, replicates, plan.draws, probabilities, confidence)
    statistics_of = [_statistics(sketch, name, place, plan, probabilities, confidence, errors_of) for name, place in places.items()]
    units = [QUANTITIES[name.partition("[")[0]].unit for name in places]
    summary = as_summary(statistics_of, list(places), units, probabilities)
    known = {name: not sketch.missing(places[LIMITS.get(name, BUILT)]) for name in counts}  # of a NaN draw nothing is known
    unknown = Estimate(math.nan, math.nan)
    chances = {name: chance_of_counts(plan.plan, hits, _sizes(plan)) if known[name] else unknown for name, hits in counts.items()}
    summary = summary.assign(
        probability_exceeded=(
            "limit",
            [c.value for c in chances.values()],
            {"long_name": "probability of more than the limit", "units": "1"},
        ),
        mcse_exceeded=("limit", [c.mcse for c in chances.values()], {"long_name": "its Monte Carlo standard error", "units": "1"}),
    ).assign_coords(limit=np.array(list(chances), dtype=object))
    attributes = provenance(resolved, plan, {}, told.replayed, plan.draws) | told.attributes()
    return summary.assign_attrs(attributes, confidence=confidence, value_error=BIN_WIDTH)


def _done_in_all(progress: Callable[[int], None], before: int, done: int) -> None:
    """Tell how many draws are done in all."""
    progress(before + done)


def _rank(name: str) -> tuple[bool, int]:
    """Return what outputs are ordered by: whole ones first, each kind in the nomenclature's order."""
    quantity, bracket, _ = name.partition("[")
    return bool(bracket), list(QUANTITIES).index(quantity)


def _sizes(plan: SamplingPlan) -> NDArray[np.int64]:
    """Return how many draws each replicate has."""
    return np.bincount(np.arange(plan.draws % plan.scramblings), minlength=plan.scramblings) + plan.draws // plan.scramblings


def _statistics(
    sketch: Sketch, name: str, place: int, plan: SamplingPlan, probabilities: Floats, confidence: float, errors_of: ErrorsOf
) -> dict[str, object]:
    """Return the statistics of one output, as those of kept draws are judged."""
    missing, ordered = sketch.missing(place), sketch.ordered(place)
    if name in PAIRED and missing and len(ordered):
        errors_of = errors_by_plan(plan.plan, plan.scramblings, len(ordered), probabilities, confidence)
    elif missing:  # one NaN draw makes every statistic NaN
        moments = refused(f"{missing} of {sketch.draws} draws are NaN")
        unknown = _Unknown(sketch.draws)
        row = statistics(unknown, lambda: [(unknown, math.nan)] * plan.scramblings, moments, probabilities, errors_of)
        return row | ({"note": note_of_pairs(0, sketch.draws, "")} if name in PAIRED else {})
    moments = _moments(sketch, place)
    row = statistics(ordered, lambda: list(sketch.by_replicate(place)), moments, probabilities, errors_of)
    return row | ({"note": note_of_pairs(len(ordered), sketch.draws, str(row["note"]))} if name in PAIRED and missing else {})


def _moments(sketch: Sketch, place: int) -> Moments:
    ordered = sketch.ordered(place)
    if infinite := sketch.infinite(place):
        return refused(f"{infinite} of {len(ordered)} draws are infinite")
    return moments_judged(ordered, lambda: sketch.moments(place))


class _Unknown:
    """So many draws of which none is known."""

    def __init__(self, draws: int) -> None:
        self._draws = draws

    def __len__(self) -> int:
        return self._draws

    def __getitem__(self, places: Any) -> Floats:
        return np.full(np.shape(places), math.nan)
