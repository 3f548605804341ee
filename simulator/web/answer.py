"""What the page shows of a state: made by what the command line and the notebooks use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import perf_counter

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import summarize
from simulator.analysis.comparison.differences import differences
from simulator.analysis.fans import fan_bands
from simulator.analysis.risk.exceedance import exceedance_curve
from simulator.analysis.samples import sample_of
from simulator.analysis.sensitivity.rank_correlation import rank_correlations
from simulator.engine import simulate
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.replay import over_time
from simulator.scenario import Scenario
from simulator.web.served import Served
from simulator.web.state import DRAWS, State

RANKED = 2_048  # draws, for the tornado
DRIVERS = 10  # inputs that it shows
FANNED = 512  # draws, for the fan
_KEPT = 6  # answers
_SOON = 0.5  # s, of a simulation
#: outputs whose paired difference is shown
COMPARED = ("cost_total", "emissions_total", "energy", "wall_clock")
PINNED, CURRENT = "pinned", "current"

Floats = NDArray[np.float64]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Answer:
    """The draws of a scenario, and what is read from them.

    Attributes
    ----------
    scenario : Scenario
    plan : SamplingPlan
    results, bands : xarray.Dataset
    fan : xarray.Dataset or str
        Or why there is none.
    ranks : xarray.Dataset or str
        Of the first draws; or why there are none.
    curve : tuple of ndarray
        Values of the total cost [USD], and the probability of more than each.
    """

    scenario: Scenario
    plan: SamplingPlan
    results: xr.Dataset
    bands: xr.Dataset
    fan: xr.Dataset | str
    ranks: xr.Dataset | str
    curve: tuple[Floats, Floats]


class Answers:
    """Answers by state; the last few are kept.

    Parameters
    ----------
    served : Served
    draws : int
        Where a state does not say how many.
    """

    def __init__(self, served: Served, draws: int) -> None:
        self.served, self.draws = served, draws
        self._kept: OrderedDict[tuple[int, str], Answer] = OrderedDict()
        self._lock = Lock()

    def plan(self, state: State) -> SamplingPlan:
        """Return the sampling plan of a state."""
        return SamplingPlan(draws=state.draws or self.draws)

    def of(self, state: State, progress: Progress) -> Answer:
        """Return the answer to a state.

        Raises
        ------
        ConfigError
            Where it is no scenario.
        """
        scenario, plan = self.served.scenario(state), self.plan(state)
        key = plan.draws, scenario.to_yaml()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = answer(scenario, plan, progress)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def difference(current: Answer, pinned: Answer) -> xr.Dataset:
    """Return the paired difference of the current scenario to the pinned one, as :func:`differences` tells it of a comparison.

    Both have draws of one plan: draw i of each has the same random numbers, which is what :func:`simulator.compare` makes of them.

    Examples
    --------
    >>> from simulator.scenario import load_scenario
    >>> dear, cheap = (load_scenario("configs/quickstart.yaml", overrides=[f"rental_price={price}"]) for price in (4, 2))
    >>> found = difference(answer(cheap, SamplingPlan(draws=500)), answer(dear, SamplingPlan(draws=500)))
    >>> found.probability_lower.sel(output="cost_total").item(), found.probability_equal.sel(output="energy").item()
    (1.0, 1.0)
    """
    parts = [part.results for part in (pinned, current)]
    wanted = [name for name in (*COMPARED, "completed") if all(name in part for part in parts)]
    names = xr.Variable("scenario", np.array([PINNED, CURRENT], dtype=object))
    pairs = xr.concat([part[wanted] for part in parts], names, combine_attrs="drop_conflicts")
    return differences(pairs).sel(scenario=CURRENT)


def answer(scenario: Scenario, plan: SamplingPlan, progress: Progress | None = None) -> Answer:
    """Simulate a scenario and read its draws.

    Examples
    --------
    >>> from simulator.scenario import load_scenario
    >>> found = answer(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000))
    >>> found.bands.sizes["output"] > 10, found.fan.sizes["quantile"], len(found.curve)
    (True, 5, 2)
    """
    results = simulate(scenario, plan, progress=progress)
    curve = exceedance_curve(sample_of(results, results.cost_total.values))
    fan, ranks = _fan(scenario, plan, progress), _ranks(results)
    return Answer(scenario, plan, results, summarize(results), fan, ranks, (curve.values, curve.beyond))


def _fan(scenario: Scenario, plan: SamplingPlan, progress: Progress | None) -> xr.Dataset | str:
    try:
        return fan_bands(over_time(scenario, plan, draws=FANNED, progress=progress))
    except InputError as error:
        return str(error)


def _ranks(results: xr.Dataset) -> xr.Dataset | str:
    try:
        return rank_correlations(results.isel(draw=slice(0, RANKED)), most=DRIVERS)
    except InputError as error:
        return str(error)


def draws_within_a_second(scenario: Scenario) -> int:
    """Return how many draws the page makes unless it is told: as many as take half a second here, 50 000 at most."""
    fits = DRAWS[0]
    simulate(scenario, SamplingPlan(draws=fits))
    for draws in DRAWS[1:-1]:
        began = perf_counter()
        simulate(scenario, SamplingPlan(draws=draws))
        if perf_counter() - began > _SOON:
            break
        fits = draws
    return fits
