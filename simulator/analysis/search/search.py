"""Search under uncertainty: the settings that make a statistic of the draws least, and all those that are as good."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from simulator.analysis.axes import parse_axis
from simulator.analysis.notes import percentage
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.search.constraints import parse_constraint
from simulator.analysis.search.grids import Candidate, explore, first_grid, most_candidates
from simulator.analysis.search.searched import label_search
from simulator.analysis.search.selection import Floats, Measured, judge
from simulator.analysis.statistic import Statistic, parse_statistic
from simulator.analysis.tails import moments_reported
from simulator.engine import Draws, after, output_names
from simulator.errors import ConfigError, InputError
from simulator.plan import SamplingPlan
from simulator.results import provenance
from simulator.room import require_memory
from simulator.scenario import Resolved, Scenario, resolve
from simulator.scenario.load import changed

DRAWS = 20_000  # where no plan is stated
PARTS = 32  # of random draws; those of Sobol' points are their replicates
_FORM = "NAME STATISTIC; for example 'cost_total mean', 'cost_total p80' or 'cost_total cvar95'"
_SEARCHED = 4  # one in so many draws is used to search
_CLEARLY = 1.0 - 1e-6  # joint confidence with which a candidate is left out before the draws that judge
_COPIES = 3  # of the draws of a goal: in parts, whole, and in order
_CHUNK = 2**16  # draws that are kept with all their outputs

#: streams of random numbers that search, and that evaluate the chosen anew; the plan's own seed judges
_SEARCH, _ANEW = 1, 2

Progress = Callable[[int], None]


def search(
    scenario: Scenario,
    over: Sequence[str],
    objective: str,
    constraints: Sequence[str] = (),
    plan: SamplingPlan | None = None,
    *,
    confidence: float = 0.95,
    tolerance: float = 0.005,
    base: Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Search for the settings that make a statistic of an output least, under limits, and tell all that are as good.

    A first grid is refined around the best and at the borders of what is as good, on draws that only search. What is not clearly worse
    is then judged on other draws, the same for every candidate, so that differences are paired; and the best is evaluated anew on a
    third set, since the least of many estimates is too low. A run that was stopped at max_wall_clock counts as infinitely long, dear and
    dirty: what is unfinished is not cheap.

    Parameters
    ----------
    scenario : Scenario
    over : sequence of str
        What is searched over, 1 to 3 of ``PATH=LOW..HIGH``, ``PATH=A,B,C``, or with a lever in place of the path; see
        :func:`simulator.analysis.axes.parse_axis`.
    objective : str
        ``cost_total mean``, ``cost_total p80`` or ``cost_total cvar95``.
    constraints : sequence of str
        ``programme_time p90 < 90 days``.
    plan : SamplingPlan, optional
        20 000 random draws from seed 0 where left out. Its draws and seed judge; a quarter as many search.
    confidence : float
        Joint, of the set of candidates that are as good; see :func:`simulator.analysis.search.selection.judge`.
    tolerance : float
        Difference that does not matter, as a share of the objective.
    base : Path, optional
        Folder that file names of the scenario are relative to.
    progress : callable, optional
        Called with the number of draws done, of ``Search(...).budget.most_draws`` at most.

    Returns
    -------
    xarray.Dataset
        See :func:`simulator.analysis.search.searched.label_search`.

    Raises
    ------
    InputError
        What is wrong with a range, a statistic, a limit or the plan; where a candidate is not a valid scenario; where no candidate can be
        compared, or the mean that is asked for may not exist.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> quickstart = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> found = search(quickstart, ["checkpoint_interval=5 min..4 h"], "cost_total mean", plan=SamplingPlan(draws=640))
    >>> bool(found.as_good.sum() > 1), bool((found.difference[found.as_good] <= 0.005 * found.objective.min()).all())
    (True, True)
    """
    return Search(scenario, over, objective, constraints, plan, confidence=confidence, tolerance=tolerance, base=base).run(progress)


@dataclass(frozen=True)
class Budget:
    """What a search simulates at most.

    Attributes
    ----------
    candidates, first : int
        In all, and in the first grid.
    search_draws, draws : int
        Of each candidate: to search, and to judge those that are not clearly worse.
    """

    candidates: int
    first: int
    search_draws: int
    draws: int

    @property
    def most_draws(self) -> int:
        """Draws in all: that search, that judge, and that evaluate the best and the safest anew."""
        return self.candidates * (self.search_draws + self.draws) + 2 * self.draws


class Search:
    """A search that is checked, and whose budget is known, before it runs; parameters are those of :func:`search`.

    Attributes
    ----------
    budget : Budget
    """

    def __init__(
        self,
        scenario: Scenario,
        over: Sequence[str],
        objective: str,
        constraints: Sequence[str] = (),
        plan: SamplingPlan | None = None,
        *,
        confidence: float = 0.95,
        tolerance: float = 0.005,
        base: Path | None = None,
    ) -> None:
        require_open_unit("confidence", confidence)
        if not 0.0 <= tolerance < 1.0:
            raise InputError(f"tolerance = {tolerance} is not a share of the objective in [0, 1); 0.005 is half a per cent")
        self._scenario, self._base = scenario, base
        self._plan = plan or SamplingPlan(draws=DRAWS)
        self._confidence, self._tolerance = confidence, tolerance
        self._resolved = resolve(scenario)
        names = output_names(self._resolved)
        self._objective = parse_statistic(objective, names, where=f"--minimize '{objective}'", form=_FORM)
        self._constraints = [parse_constraint(text, names) for text in constraints]
        self._goals = [self._objective, *(constraint.statistic for constraint in self._constraints)]
        self._limits = np.array([constraint.limit for constraint in self._constraints])
        self._axes = [parse_axis(text) for text in over]
        self._parts = _parts_of(self._plan)
        grid = first_grid(self._axes)
        searching = max(_draws_needed(self._goals, self._plan), self._plan.draws // _SEARCHED // self._parts * self._parts)
        self.budget = Budget(most_candidates(self._axes), len(grid), searching, self._plan.draws)
        self._built: dict[Candidate, Resolved] = {}
        for candidate in grid:  # what is wrong with one is told before anything is simulated
            self._build(candidate)

    def run(self, progress: Progress | None = None) -> xr.Dataset:
        """Search; see :func:`search`."""
        done, stopped = 0, dict[Candidate, float]()

        def told(draws: int) -> None:
            if progress is not None:
                progress(done + draws)

        def play(candidate: Candidate, plan: SamplingPlan) -> list[Floats]:
            nonlocal done
            values, stopped[candidate] = self._play(candidate, plan, told)
            done += plan.draws
            return values

        judging = self._plan
        require_memory(judging.draws, len(self._goals), _COPIES)
        searching = replace(judging, draws=self.budget.search_draws, seed=_derived(judging.seed, _SEARCH))
        anew = replace(judging, seed=_derived(judging.seed, _ANEW))
        explored = explore(
            self._axes,
            lambda candidates: [self._measure(play(candidate, searching)) for candidate in candidates],
            self._limits,
            confidence=self._confidence,
            tolerance=self._tolerance,
        )
        judged = {candidate: self._measure(play(candidate, judging)) for candidate in self._not_clearly_worse(explored, stopped)}
        compared = self._comparable(judged, stopped)
        judgement = judge(list(compared.values()), self._limits, confidence=self._confidence, tolerance=self._tolerance)
        chosen = [list(compared)[place] for place in (judgement.best, judgement.safest) if place is not None]
        again = {}
        for candidate in dict.fromkeys(chosen):
            values = play(candidate, anew)
            self._require_means(values)
            again[candidate] = self._measure(values)
        found = label_search(self._axes, self._objective, self._constraints, explored, judged, again, stopped, judgement)
        return found.assign_attrs(
            provenance(self._resolved, judging, {}, None, judging.draws),
            confidence=self._confidence,
            tolerance=self._tolerance,
            parts=self._parts,
            search_draws=searching.draws,
            search_seed=searching.seed,
            anew_seed=anew.seed,
            most_candidates=self.budget.candidates,
            simulated_draws=done,
        )

    def _build(self, candidate: Candidate) -> Resolved:
        """Return the scenario of a candidate, with all outputs that are asked about."""
        if candidate not in self._built:
            changes = [axis.changes(place) for axis, place in zip(self._axes, candidate, strict=True)]
            overrides, levers = ([change for one in changes for change in one[kind]] for kind in (0, 1))
            words = ", ".join([*overrides, *levers])
            try:
                built = resolve(changed(self._scenario, overrides=overrides, levers=levers, base=self._base))
            except ConfigError as error:
                raise InputError(f"the search cannot try {words}: {error}") from None
            if missing := {goal.output for goal in self._goals} - set(output_names(built)):
                raise InputError(f"the search cannot try {words}: it has no {', '.join(sorted(missing))}; leave that setting out")
            self._built[candidate] = built
        return self._built[candidate]

    def _play(self, candidate: Candidate, plan: SamplingPlan, told: Progress) -> tuple[list[Floats], float]:
        """Return the draws of each goal's output, infinite where a run was stopped, and the share of these runs."""
        draws, chunks = Draws(self._build(candidate), plan), []
        stopped = 0
        for low in range(0, plan.draws, _CHUNK):
            _, outputs = draws.play(low, min(low + _CHUNK, plan.draws), after(told, low))
            cut = outputs["completed"] == 0.0 if "completed" in outputs else np.zeros(1, dtype=np.bool_)
            stopped += int(cut.sum())
            chunks.append([np.where(cut, np.inf, outputs[goal.output]) for goal in self._goals])
        return [np.concatenate(parts) for parts in zip(*chunks, strict=True)], stopped / plan.draws

    def _measure(self, values: Sequence[Floats]) -> Measured:
        pairs = list(zip(self._goals, values, strict=True))
        parts = [[goal.of(own[part :: self._parts]) for part in range(self._parts)] for goal, own in pairs]
        return Measured(np.array([goal.of(own) for goal, own in pairs]), np.array(parts))

    def _not_clearly_worse(self, explored: dict[Candidate, Measured], stopped: dict[Candidate, float]) -> list[Candidate]:
        """Return the candidates that may be the best at a confidence next to certainty."""
        compared = self._comparable(explored, stopped)
        judgement = judge(list(compared.values()), self._limits, confidence=_CLEARLY, tolerance=self._tolerance)
        kept = {*np.flatnonzero(judgement.as_good).tolist(), judgement.best}
        return [candidate for place, candidate in enumerate(compared) if place in kept]

    def _comparable(self, measured: dict[Candidate, Measured], stopped: dict[Candidate, float]) -> dict[Candidate, Measured]:
        """Return the candidates whose statistics are finite.

        Raises
        ------
        InputError
            Where there is none.
        """
        compared = {candidate: own for candidate, own in measured.items() if own.comparable}
        if not compared:
            goals, most = " or ".join(map(str, self._goals)), max(stopped.values())
            why = f"; up to {percentage(most)} of the runs were stopped at max_wall_clock, and count as infinite" if most else ""
            raise InputError(
                f"no candidate can be compared: {goals} is not a finite number for any{why}. Minimize another percentile or output"
            )
        return compared

    def _require_means(self, values: Sequence[Floats]) -> None:
        """Refuse means that may not exist."""
        for goal, own in zip(self._goals, values, strict=True):
            if goal.kind != "percentile" and math.isnan((moments := moments_reported(own)).mean):
                raise InputError(f"{goal} cannot be searched by: {moments.note}. Take a percentile, for example '{goal.output} p80'")


def _parts_of(plan: SamplingPlan) -> int:
    """Return into how many parts draws are cut that tell errors.

    Raises
    ------
    InputError
        One Sobol' scrambling.
    """
    if plan.plan == "random":
        return PARTS
    if plan.scramblings == 1:
        raise InputError(f"replicates = 1: {ONE_SCRAMBLING}, 8 or more")
    return plan.scramblings


def _draws_needed(goals: Sequence[Statistic], plan: SamplingPlan) -> int:
    """Return the fewest draws that tell every goal with its error.

    Raises
    ------
    InputError
        Where the plan has fewer.
    """
    most = max(goals, key=lambda goal: goal.draws_needed)
    needed = _parts_of(plan) * most.draws_needed
    if plan.draws < needed:
        raise InputError(f"draws = {plan.draws} are too few for the error of {most}; at least {needed} support it")
    return needed


def _derived(seed: int, stream: int) -> int:
    """Return a seed that is made from another, far from those that users count up."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)[0] >> np.uint64(1))
