"""One output of a scenario, played again with streams drawn anew or inputs held: rows that are known to belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import output_names as output_names_of
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

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: draws from which on the intervals of shares of a variance cover as they say: see tests/nightly/test_sensitivity.py
FEWEST_DRAWS = 1024
#: what an effect is whose interval holds zero, and one that is nought in every draw
NOT_TOLD, UNMOVED = "not distinguishable from zero", "moves the output in no draw"
_COPIES = 2  # of each run's output: as played, and as sums are made of it
KIND = "whether it is luck or could be known"
_FOURTH_MOMENT = 0.25  # the tail index from which on it is infinite, and with it the error of a variance


@dataclass(frozen=True)
class Column:
    """One output of draws, and what tells whether another column has the same rows.

    Attributes
    ----------
    output : str
    values : ndarray, shape (n,)
    draws : ndarray of int64, shape (n,)
        Numbers of the draws.
    origin : str
        Scenario, plan and replicates that the rows come from.
    """

    output: str
    values: Floats
    draws: Integers
    origin: str


def column(results: xr.Dataset, output: str) -> Column:
    """Return one output of what :func:`simulator.simulate` returned.

    Parameters
    ----------
    results : xarray.Dataset
    output : str
        As the bands name it: ``cost_total``, ``cost[electricity]``.

    Raises
    ------
    InputError
        Bands in place of draws, or an output that is not there.
    """
    if "draw" not in results.dims:
        raise InputError("these results hold bands, not draws (run --summary keeps none). Run without --summary")
    if "scenario" in results.dims:
        held = ", ".join(map(str, results.scenario.values))
        raise InputError(f"these are draws of several scenarios ({held}). Choose one: results.sel(scenario=NAME), or run its config")
    name, bracket, label = output.partition("[")
    array = results.get(name)
    if array is None or array.attrs.get("role") != "output" or (array.ndim == 2) != bool(bracket):
        raise InputError(f"{output or 'an empty name'} is not an output of these results; {likely(output, output_names_of(results))}")
    if bracket:
        (dimension,) = (dim for dim in array.dims if dim != "draw")
        labels = [str(x) for x in array[dimension].values]
        if label.rstrip("]") not in labels:
            raise InputError(f"{output} is not an output of these results, whose {name} has {', '.join(labels)}")
        array = array.isel({dimension: labels.index(label.rstrip("]"))})
    origin = _origin(str(results.attrs.get("scenario_hash")), str(results.attrs.get("plan")), int(results.attrs.get("replicates", 1)))
    return Column(output, np.asarray(array.values, dtype=np.float64), results["draw"].values.astype(np.int64), origin)


def _origin(scenario: str, plan: str, replicates: int) -> str:
    return f"scenario {scenario[:12]}, {plan} draws" + (f" in {replicates} replicates" if plan == "sobol" else "")


def require_same_rows(columns: Mapping[str, Column]) -> None:
    """Refuse columns whose rows do not belong together, and those with draws that are NaN or infinite.

    Parameters
    ----------
    columns : mapping of str to Column
        By what they are called in messages.

    Raises
    ------
    InputError
        Other outputs, scenarios, plans or draws, or another order of the draws; NaN or infinite draws, and how many.
    """
    first_name, first = next(iter(columns.items()))
    for name, other in columns.items():
        if (other.output, other.origin) != (first.output, first.origin):
            raise InputError(
                f"rows do not belong together: {first_name} holds {first.output} of {first.origin}, {name} {other.output} of {other.origin}"
            )
        if not np.array_equal(other.draws, first.draws):
            kind = "in another order" if np.array_equal(np.sort(other.draws), np.sort(first.draws)) else "others"
            raise InputError(f"rows do not belong together: the draws of {name} are {kind} than those of {first_name}. Sort all by draw")
    for name, own in columns.items():
        require_finite(own.output, own.values, where=f" of {name}")


def require_finite(output: str, values: Floats, *, where: str = "") -> None:
    """Refuse draws that are NaN or infinite, and say how many."""
    lost, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    if lost or infinite:
        parts = [f"{count} NaN" if kind == "NaN" else f"{count} infinite" for count, kind in ((lost, "NaN"), (infinite, "inf")) if count]
        raise InputError(
            f"{output}{where}: {' and '.join(parts)} of {values.size} draws; sensitivities are of outputs that are finite in every draw. "
            "Choose another --output"
        )


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
        self._origin = _origin(resolved.hash(), plan.plan, plan.scramblings)
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
