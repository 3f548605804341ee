"""One output of a scenario, played again with streams drawn anew or inputs held: rows that are known to belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from simulator.analysis.columns import Column, Floats, origin_of
from simulator.analysis.statistic import likely
from simulator.analysis.tails import moments_reported
from simulator.engine import Draws, in_part, output_names
from simulator.errors import InputError
from simulator.plan import LARGEST_SEED, SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import provenance
from simulator.room import require_memory
from simulator.scenario import Resolved
from simulator.stochastic.streams import stream_key

#: draws from which on the intervals of shares of a variance cover as they say: see tests/nightly/test_sensitivity.py
FEWEST_DRAWS = 1024
#: what an effect is whose interval holds zero, and one that is nought in every draw
NOT_TOLD, UNMOVED = "not distinguishable from zero", "moves the output in no draw"
_COPIES = 2  # of each run's output: as played, and as sums are made of it
KIND = "whether it is luck or could be known"
_FOURTH_MOMENT = 0.25  # the tail index from which on it is infinite, and with it the error of a variance


def require_random(plan: str) -> None:
    """Refuse plans whose points are not independent of each other.

    A Sobol' point and the point of the same number that is drawn anew fill the square of an input badly: on quickstart the errors
    of shares were eight times those of as many random draws.
    """
    if plan != "random":
        raise InputError(
            f"plan = {plan!r}: shares of a variance come from pairs of draws, which Sobol' points make badly. Use random draws"
        )


def require_shares(output: str, values: Floats, draws: int) -> str:
    """Refuse draws whose variance cannot be shared out; return what to say about its error, if anything.

    Parameters
    ----------
    output : str
    values : ndarray
        Finite draws.
    draws : int
        Of each run.

    Raises
    ------
    InputError
        Too few draws, an output that is always the same, or tails so heavy that the variance may not exist.
    """
    if draws < FEWEST_DRAWS:
        raise InputError(f"{draws} draws are too few for shares of the variance of {output}; at least {FEWEST_DRAWS} are needed")
    moments = moments_reported(values)
    if moments.sd == 0.0:
        raise InputError(f"{output} is {values[0]:.6g} in every draw, so that nothing drives it. Choose another --output")
    if np.isnan(moments.sd):
        raise InputError(
            f"the variance of {output} cannot be shared out ({moments.note.partition(': ')[2]}). "
            "Use --method tornado or rank, which read percentiles and ranks"
        )
    if moments.tail_index >= _FOURTH_MOMENT:
        return f"heavy tails (index {moments.tail_index:.2f}): the Monte Carlo errors are themselves uncertain"
    return ""


class Replays:
    """One output of a scenario, played as often as asked for by the same plan.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    output : str
        As the bands name it.
    runs : int
        How often it will be played: for the progress.
    progress : callable, optional
        Called with the progress of all runs as a number of draws of the plan.

    Raises
    ------
    InputError
        Where the scenario has no such output.
    """

    def __init__(
        self, resolved: Resolved, plan: SamplingPlan, output: str, *, runs: int, progress: Callable[[int], None] | None = None
    ) -> None:
        names = output_names(resolved)
        if output not in names:
            raise InputError(f"{output or 'an empty name'} is not an output of this scenario; {likely(output, names)}")
        require_memory(plan.draws, runs, _COPIES)
        self._resolved, self._plan, self._output = resolved, plan, output
        self._runs, self._progress, self._done = runs, progress, 0
        self._origin = origin_of(resolved.hash(), plan.plan, plan.scramblings)
        self.attributes = provenance(resolved, plan, {}, None, plan.draws) | {"output": output}
        self.unit = QUANTITIES[output.partition("[")[0]].unit

    def play(
        self,
        anew: Iterable[str] = (),
        *,
        resolved: Resolved | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Column:
        """Play the output once more.

        Parameters
        ----------
        anew : iterable of str
            Streams that are drawn from :func:`other_seed` in place of the plan's.
        resolved : Resolved, optional
            In place of the scenario: the same with inputs held.
        start, stop : int, optional
            Draws ``start`` to ``stop`` - 1 of the plan only.
        """
        resolved = resolved or self._resolved
        stop = self._plan.draws if stop is None else stop
        seed = other_seed(self._plan)
        progress = in_part(self._progress, self._done, self._runs, self._plan.draws)
        _, outputs = Draws(resolved, self._plan, dict.fromkeys(anew, seed)).play(start, stop, progress)
        self._done += 1
        return Column(self._output, outputs[self._output], np.arange(start, stop), self._origin)


def other_seed(plan: SamplingPlan) -> int:
    """Return the seed of what is drawn anew: one that no user's plan beside this one happens to have.

    Examples
    --------
    >>> other_seed(SamplingPlan(seed=0)) == other_seed(SamplingPlan(seed=1))
    False
    """
    return stream_key(seed=plan.seed, purpose="drawn anew", name="") & LARGEST_SEED
