"""Shapley effects: the variance of an output shared out among inputs, correlated ones too, without remainder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit

from simulator.analysis.columns import require_finite
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.sensitivity.luck import drawn_inputs, lucky_streams
from simulator.analysis.sensitivity.replays import (
    FEWEST_DRAWS,
    KIND,
    NOT_TOLD,
    UNMOVED,
    Replays,
    require_random,
    require_shares,
)
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.scenario import Resolved, Scenario, resolve
from simulator.stochastic.dependence import RankCorrelation
from simulator.stochastic.streams import random_words

Floats = NDArray[np.float64]

ORDERS = 16  # random orders of the inputs, each read both ways: errors are known to 18 %
_FEWEST_ORDERS = 16


def shapley_effects(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    output: str = "cost_total",
    orders: int = ORDERS,
    confidence: float = 0.95,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    r"""Return the Shapley effect of every input on an output: its share of the variance, what it shares with others split evenly.

    Effects are never negative, though estimates of small ones may be, and sum to 1. Of independent inputs each lies between the
    first-order and the total Sobol' index. A correlated input has part of what its neighbours do, even where the output does not read it.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        Random draws, 16 384 where left out. They are cut into ``orders`` blocks, and each block is played twice for every input.
    output : str
        As the bands name it.
    orders : int
        Random orders of the inputs, at least 16.
    confidence : float
        Level of the intervals, in (0, 1).
    progress : callable, optional
        As :func:`simulator.simulate` takes it; counts all runs as one.

    Returns
    -------
    xarray.Dataset
        ``effect`` and ``mcse`` by (input), ``ci`` by (input, ci_bound) and a ``note``, the largest first.

    Raises
    ------
    InputError
        Few draws or orders, an unknown output, draws that are NaN or infinite, an output that never changes or whose variance may not
        exist.

    Notes
    -----
    Along an order of the inputs, one after the other is drawn anew, :math:`y_0, y_1, \dots, y_d`; the k-th has

    .. math:: \phi_k = \overline{(y_0 - \tfrac12 (y_{k-1} + y_k)) (y_{k-1} - y_k)}, \qquad \sum_k \phi_k = \tfrac12 \overline{(y_0 - y_d)^2}

    averaged over random orders, each forwards and backwards on the same draws: Goda (2021), Reliability Engineering and System Safety
    213:107702, doi:10.1016/j.ress.2021.107702. What is drawn anew has to be drawn given what stays: so the copula's triangular factor
    is that of the order read backwards, in which the scores that stay depend on no other; Song, Nelson & Staum (2016),
    doi:10.1137/15M1048070, on dependent inputs. Errors are those of the means over the blocks, which are independent.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> small = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> found = shapley_effects(small, SamplingPlan(draws=2048), orders=16)
    >>> str(found.input.values[0]), round(float(found.effect.sum()), 12)
    ('rental_price', 1.0)
    """
    resolved, plan = resolve(scenario), plan or SamplingPlan(draws=16_384)
    require_random(plan.plan)
    require_open_unit("confidence", confidence)
    _check_sizes(plan.draws, orders, output)
    lucky = lucky_streams(resolved)
    players = tuple(dict.fromkeys([*drawn_inputs(resolved), *lucky]))
    replays = Replays(resolved, plan, output, runs=2 * orders * (len(players) + 1) + 1, progress=progress)
    whole = replays.play().values
    require_finite(output, whole)
    note = require_shares(output, whole, plan.draws)
    ends = np.linspace(0, plan.draws, orders + 1).astype(np.int64)
    blocks = np.zeros((orders, len(players)))
    for block, (start, stop) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        order = np.argsort(random_words(len(players), seed=plan.seed, purpose="order of inputs", name=str(block)))
        for way in (order, order[::-1]):
            names = [players[place] for place in way]
            apart = conditioned(resolved, names[::-1])
            chain = [replays.play(names[:count], resolved=apart, start=start, stop=stop).values for count in range(len(names) + 1)]
            require_finite(output, np.concatenate(chain))
            blocks[block, way] += (stop - start) / plan.draws * orders * 0.5 * increments(chain)
    value, mcse = effects(blocks)
    width = float(stdtrit(orders - 1, (1.0 + confidence) / 2.0))
    rank = np.argsort(-value, kind="stable")
    value, mcse = value[rank], mcse[rank]
    bounds = value[:, None] + width * mcse[:, None] * np.array([-1.0, 1.0])
    told = ["" if low > 0.0 else UNMOVED if share == 0.0 else NOT_TOLD for share, low in zip(value, bounds[:, 0], strict=True)]
    return xr.Dataset(
        {
            "effect": ("input", value, {"long_name": "Shapley effect: share of the variance", "units": "1"}),
            "mcse": ("input", mcse, {"long_name": "Monte Carlo standard error of the Shapley effect", "units": "1"}),
            "ci": (("input", "ci_bound"), bounds, {"long_name": f"{100 * confidence:g} % interval of the Shapley effect", "units": "1"}),
            "note": ("input", np.array(told, dtype=object), {"long_name": "what the draws cannot tell"}),
        },
        {
            "input": np.array([players[place] for place in rank], dtype=object),
            "ci_bound": ["lower", "upper"],
            "kind": ("input", ["luck" if players[place] in lucky else "knowable" for place in rank], {"long_name": KIND}),
        },
        {**replays.attributes, "confidence": confidence, "method": "shapley", "orders": orders, "note": note},
    )


def _check_sizes(draws: int, orders: int, output: str) -> None:
    if orders < _FEWEST_ORDERS:
        raise InputError(f"orders = {orders} is not admissible; at least {_FEWEST_ORDERS} random orders give effects an error")
    needed = max(FEWEST_DRAWS, 16 * orders)
    if draws < needed:
        raise InputError(f"{draws} draws are too few for Shapley effects on {output} in {orders} orders; at least {needed} are needed")


def conditioned(resolved: Resolved, order: Sequence[str]) -> Resolved:
    """Return the same scenario with a copula in which each score depends only on those that come before it in an order.

    Certain names leave the copula: what others have in common with them is then luck of the draw alone, as it should be.

    Parameters
    ----------
    resolved : Resolved
    order : sequence of str
        Streams of all inputs that are drawn.
    """
    old = resolved.correlations
    names = tuple(name for name in order if name in old.names)
    places = [old.names.index(name) for name in names]
    matrix = tuple(tuple(old.spearman[i][j] for j in places) for i in places)
    scenario = resolved.scenario.model_copy(update={"correlations": RankCorrelation(names, matrix)})
    return replace(resolved, scenario=scenario)


def increments(chain: Sequence[Floats]) -> Floats:
    """Return what each step of a chain adds to half the mean squared change: see :func:`shapley_effects`.

    Parameters
    ----------
    chain : sequence of ndarray, shape (n,)
        Output as drawn, then with one input more drawn anew each time.

    Examples
    --------
    >>> increments([np.array([0.0]), np.array([1.0]), np.array([3.0])]).tolist()
    [0.5, 4.0]
    """
    first = chain[0]
    return np.array([np.mean((first - 0.5 * (before + after)) * (before - after)) for before, after in pairwise(chain)])


def effects(blocks: Floats) -> tuple[Floats, Floats]:
    """Return effects and their errors from the increments of independent blocks.

    Parameters
    ----------
    blocks : ndarray, shape (blocks, inputs)
        Increments of each input, in any unit.

    Returns
    -------
    tuple of ndarray, shape (inputs,)
        Shares, which sum to 1, and their standard errors [1].

    Examples
    --------
    >>> [column.tolist() for column in effects(np.array([[1.0, 3.0], [1.0, 3.0]]))]
    [[0.25, 0.75], [0.0, 0.0]]
    """
    whole = blocks.sum(axis=1)
    share = blocks.mean(axis=0) / whole.mean()
    influence = (blocks - share * whole[:, None]) / whole.mean()
    return share, influence.std(axis=0, ddof=1) / np.sqrt(len(blocks))
