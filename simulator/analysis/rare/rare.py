"""How likely an output exceeds a limit that hardly any plain draw exceeds, and which inputs it takes: importance sampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.estimates import Estimate, chance_of_counts
from simulator.analysis.notes import percentage
from simulator.analysis.rare.importance import PLAIN, Mixture, Search, WeightedSums, search
from simulator.analysis.rare.scored import ScoreSpace
from simulator.analysis.statistic import likely
from simulator.engine import after, output_names
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import label, provenance
from simulator.scenario import Resolved, Scenario, resolve

STAGE = 8192  # draws of each stage of the search
LARGEST_ERROR = 0.1  # relative to the probability; above it the error of weighted draws is itself too uncertain, and often too small
_NOTED_SHARE = 0.1  # of a single draw in the probability
_FEWEST = 1000  # draws
_FIRST = 2**20  # draw of the final run, beyond those of all stages

Floats = NDArray[np.float64]


class Limit(NamedTuple):
    """An output by the name that bands give it, ``cost_total`` or ``cost[electricity]``, and a limit in its canonical unit."""

    output: str
    limit: float


@dataclass(frozen=True)
class _Found:
    """What a final run tells of one limit."""

    probability: Estimate
    search: Search
    sums: WeightedSums
    scores: list[Estimate]
    note: str


def rare_chances(
    scenario: Scenario,
    limits: Sequence[Limit],
    plan: SamplingPlan | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    r"""Return how likely outputs exceed limits, by draws that are shifted to where they do and weighted back.

    Stages find where in the space of the inputs' normal scores a limit is exceeded: see :func:`simulator.analysis.rare.importance.search`.
    Then a run of its own draws a tenth of its draws plainly and the others with scores shifted there, and it alone makes the estimate,
    which is therefore unbiased:

    .. math:: \hat p = \frac1N \sum_i w_i 1\{y_i > \text{limit}\}, \qquad w = \frac{\varphi(z)}{q(z)} \le 10 .

    Failures, weather and the later price of accelerators are drawn as ever, whatever the shift of the inputs, so that their density is
    the same in numerator and denominator and the weight of the inputs is the weight of all. A limit that ten per cent of plain draws
    exceed is judged by plain draws.

    What no draw met is in neither estimate nor error: of two ways to exceed a limit, one that is a thousand times rarer than the
    other at every level on the way may be missed. Several are looked for, and an error that is large, or a single draw that
    makes up much of the probability, tells of one that is hardly covered.

    Parameters
    ----------
    scenario : Scenario
    limits : sequence of Limit
        Outputs, each with its limit [canonical unit]; a run that was stopped exceeds any ``programme_time``. Several are judged on their
        own, from the same streams.
    plan : SamplingPlan, optional
        Random draws, 100 000 from seed 0 where left out: those of the final run, at least 1000. A search adds 8192 a stage.
    progress : callable, optional
        Called with the number of draws of final runs that are done.

    Returns
    -------
    xarray.Dataset
        By ``event``: ``output``, ``limit``, ``unit``; ``probability`` and its ``mcse``; ``relative_error``, the ratio of the two;
        ``effective_draws`` of the event, ``largest_weight`` and ``largest_share``, that of a single draw in the probability;
        ``stopped``, the share of runs that exceed the limit and were stopped, by probability; ``stages``, ``shifts``, ``note``. By
        ``event`` and ``input``: ``score``, the mean normal score of the input given the event [sd], 0 where it has nothing to do
        with it, and ``mcse_score``.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        For an unknown output, no random plan, too few draws, NaN draws, a limit that the stages do not reach, or an error above a tenth
        of the probability.

    Notes
    -----
    Rubinstein & Kroese (2004), The Cross-Entropy Method, doi:10.1007/978-1-4757-4321-0; Hesterberg (1995), Weighted average importance
    sampling and defensive mixture distributions, Technometrics 37(2):185-194, doi:10.1080/00401706.1995.10484303; Owen & Zhou (2000),
    Safe and effective importance sampling, JASA 95(449):135-143, doi:10.1080/01621459.2000.10473909.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> from simulator.analysis.rare.rare import Limit, rare_chances
    >>> quick = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> tail = rare_chances(quick, [Limit("cost_total", 2e6)], SamplingPlan(draws=4000))
    >>> bool(tail.probability.item() < 1e-3) and bool(tail.relative_error.item() < 0.1)
    True
    """
    plan, resolved = plan or SamplingPlan(), resolve(scenario)
    space = _space(resolved, limits, plan)
    found = [_judged(space, limit, plan, after(progress, k * plan.draws)) for k, limit in enumerate(limits)]
    by_event: dict[str, tuple[Sequence[object], str, str]] = {
        "output": ([limit.output for limit in limits], "output that the limit is of", ""),
        "limit": ([limit.limit for limit in limits], "limit, in the unit of the output", ""),
        "unit": ([_unit(limit.output) for limit in limits], "unit of the output", ""),
        "probability": ([f.probability.value for f in found], "probability of more than the limit", "1"),
        "mcse": ([f.probability.mcse for f in found], "Monte Carlo standard error of the probability", "1"),
        "relative_error": ([_relative(f.probability) for f in found], "Monte Carlo standard error over the probability", "1"),
        "effective_draws": ([f.sums.effective for f in found], "draws of equal weight beyond the limit that are worth as much", "1"),
        "largest_weight": ([f.sums.largest for f in found], "largest weight of a draw beyond the limit", "1"),
        "largest_share": ([f.sums.largest_share for f in found], "share of a single draw in the probability", "1"),
        "stopped": ([f.scores[-1].value for f in found], "share of the probability that is of runs that were stopped", "1"),
        "stages": ([len(f.search.levels) for f in found], "stages of the search", "1"),
        "shifts": ([len(f.search.mixture.shifts) for f in found], "places that the scores were shifted to", "1"),
        "note": ([f.note for f in found], "what is to be known beside the probability", ""),
    }
    variables: dict[str, Any] = {name: ("event", list(values), _attributes(text, unit)) for name, (values, text, unit) in by_event.items()}
    for name, pick, text in (("score", "value", "mean normal score of the input given the event"), ("mcse_score", "mcse", "its error")):
        values = np.array([[getattr(e, pick) for e in f.scores[:-1]] for f in found]).reshape(len(found), len(space.drawn))
        variables[name] = (("event", "input"), values, _attributes(text, "sd"))
    coordinates = {
        "event": ("event", [_words(limit) for limit in limits]),
        "input": ("input", np.array(space.drawn, dtype=object)),
    }
    attributes = provenance(resolved, plan, {}, None, plan.draws) | {"plain_share": PLAIN, "stage_draws": STAGE}
    return xr.Dataset(variables, coordinates, attributes)


def weighted_draws(scenario: Scenario, limit: Limit, plan: SamplingPlan | None = None) -> xr.Dataset:
    """Return the draws themselves that :func:`rare_chances` judges a limit by, with their weights.

    Parameters
    ----------
    scenario : Scenario
    limit : Limit
    plan : SamplingPlan, optional
        As there; all draws are kept.

    Returns
    -------
    xarray.Dataset
        As :func:`simulator.simulate` returns it, with ``weight`` by ``draw`` [1], whose mean is 1 up to Monte Carlo error, and the
        attribute ``weights``, the name of that variable: what counts all draws alike, such as :func:`simulator.summarize`,
        refuses them. The probability of anything is the mean of ``weight`` where it happens and 0 elsewhere.

    Raises
    ------
    ConfigError, InputError
        As :func:`rare_chances`, errors of the estimate apart.
    """
    plan, resolved = plan or SamplingPlan(), resolve(scenario)
    space = _space(resolved, [limit], plan)
    mixture = _searched(space, limit).mixture.of(plan.draws)
    parts = list(space.play(mixture, _FIRST, plan.draws))
    inputs = {name: np.concatenate([part.inputs[name] for part in parts]) for name in parts[0].inputs}
    outputs = {name: np.concatenate([part.outputs[name] for part in parts]) for name in parts[0].outputs}
    weights = mixture.weights(np.concatenate([part.scores for part in parts]))
    results = label(resolved, plan, np.arange(_FIRST, _FIRST + plan.draws), inputs, outputs)
    told = {"units": "1", "long_name": "weight of the draw", "role": "weight"}
    results = results.assign(weight=("draw", weights, told))
    # achieved correlations and replayed hours count all draws alike
    return results.assign_attrs(provenance(resolved, plan, {}, None, plan.draws), weights="weight")


def _space(resolved: Resolved, limits: Sequence[Limit], plan: SamplingPlan) -> ScoreSpace:
    known = output_names(resolved)
    for limit in limits:
        if limit.output not in known:
            raise InputError(f"{limit.output} is not an output of this scenario; {likely(limit.output, known)}")
        if not np.isfinite(limit.limit):
            raise InputError(f"{limit.output} > {limit.limit}: a limit is a finite number")
    if plan.draws < _FEWEST:
        raise InputError(f"draws = {plan.draws} are too few to weigh; use {_FEWEST} or more")
    space = ScoreSpace(resolved, plan)
    if not space.drawn:
        raise InputError("this scenario has no uncertain input, so there is nothing to shift; simulator run counts its plain draws")
    return space


def _response(limit: Limit, outputs: Mapping[str, Floats]) -> Floats:
    """Return the output that is limited; what a run that was stopped would still have taken is not known, and is infinite."""
    values = np.asarray(outputs[limit.output], dtype=np.float64)
    if limit.output == "programme_time" and "completed" in outputs:
        values = np.where(outputs["completed"] == 0.0, np.inf, values)
    if missing := int(np.isnan(values).sum()):
        raise InputError(
            f"{limit.output} is NaN in {missing} of {values.size} draws, so that how often it exceeds a limit is not known. "
            "Limit an output that every draw has"
        )
    return values


def _searched(space: ScoreSpace, limit: Limit) -> Search:
    """Find where the limit is exceeded."""

    def respond(mixture: Mixture, stage: int) -> tuple[Floats, Floats]:
        parts = list(space.play(mixture, stage * STAGE, STAGE))
        return np.concatenate([part.scores for part in parts]), np.concatenate([_response(limit, part.outputs) for part in parts])

    found = search(respond, limit.limit, scores=len(space.names), draws=STAGE)
    if not found.reached:
        raise InputError(
            f"{_words(limit)}: {len(found.levels)} stages of {STAGE} draws came to {max(found.levels):.6g} and no further. It may be "
            "impossible, come in one jump, or take failures or weather, which are not shifted. State a nearer limit, or count plain draws "
            "with simulator run --summary"
        )
    return found


def _judged(space: ScoreSpace, limit: Limit, plan: SamplingPlan, progress: Callable[[int], None] | None) -> _Found:
    """Return the estimate of a run of its own, from where the search led."""
    found = _searched(space, limit)
    mixture = found.mixture.of(plan.draws)
    places = [space.names.index(name) for name in space.drawn]
    sums = WeightedSums(mixture, len(places) + 1)
    for part in space.play(mixture, _FIRST, progress=progress):
        beyond = _response(limit, part.outputs) > limit.limit
        scores = part.scores[beyond]
        stopped = np.asarray(part.outputs["completed"])[beyond] == 0.0 if "completed" in part.outputs else np.zeros(len(scores))
        sums.add(part.law, mixture.weights(scores), np.column_stack([space.of_inputs(scores)[:, places], stopped]))
    rare = len(mixture.shifts) > 0
    hits, draws = np.array([sums.hits.sum()]), np.array([plan.draws])
    probability = sums.probability if rare else chance_of_counts(plan.plan, hits, draws)
    error = _relative(probability)
    if not error <= LARGEST_ERROR:
        needed = f"about {float(f'{plan.draws * (2.0 * error / LARGEST_ERROR) ** 2:.1g}'):.0f}" if np.isfinite(error) else "more"
        raise InputError(
            f"{_words(limit)}: {sums.hits.sum()} of {plan.draws} draws exceed it, with an error of "
            f"{percentage(error) if np.isfinite(error) else 'unknown size'} of the probability; above {LARGEST_ERROR:.0%} none is told. "
            f"Use {needed} draws"
        )
    scores_given = [sums.given_event(k) for k in range(len(places) + 1)]
    return _Found(probability, found, sums, scores_given, _note(sums, scores_given[-1].value, rare=rare))


def _note(sums: WeightedSums, stopped: float, *, rare: bool) -> str:
    notes = [] if rare else ["not rare: plain draws"]
    if sums.largest_share > _NOTED_SHARE:
        notes.append(f"one draw makes up {percentage(sums.largest_share)} of it: a way there that is hardly covered; use more draws")
    if stopped > 0.0:
        notes.append(f"{percentage(round(stopped, 9))} of it are runs stopped at max_wall_clock")
    return "; ".join(notes)


def _relative(estimate: Estimate) -> float:
    return estimate.mcse / estimate.value if estimate.value > 0.0 else float("inf")


def _unit(output: str) -> str:
    return QUANTITIES[output.partition("[")[0]].unit


def _words(limit: Limit) -> str:
    unit = _unit(limit.output)
    return f"{limit.output} > {limit.limit:g}{'' if unit == '1' else f' {unit}'}"


def _attributes(text: str, unit: str) -> dict[str, str]:
    return {"long_name": text, **({"units": unit} if unit else {})}
