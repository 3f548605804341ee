"""First-order and total Sobol' indices, each with its Monte Carlo error and interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.columns import Column, require_same_rows
from simulator.analysis.estimates import Estimate
from simulator.analysis.intervals import half_widths, linear_estimate
from simulator.analysis.sensitivity.luck import correlated_groups, drawn_inputs, knowable_streams, lucky_streams
from simulator.analysis.sensitivity.replays import (
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

Floats = NDArray[np.float64]


def sobol_indices(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    output: str = "cost_total",
    grouped: bool = False,
    confidence: float = 0.95,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Return which share of an output's variance each input has: alone (first-order), and with all its interactions (total).

    Every input that is drawn, every event's luck and every process of luck is one row. All draws are played once as they are (A),
    once with everything drawn anew (B), and once for each row with that row alone drawn anew.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        Random draws, 16 384 where left out; as many are played for A, B and each row.
    output : str
        As the bands name it.
    grouped : bool
        Whether correlated inputs, which have no Sobol' indices of their own, stand together as one row.
    confidence : float
        Level of the intervals, in (0, 1).
    progress : callable, optional
        As :func:`simulator.simulate` takes it; counts all runs as one.

    Returns
    -------
    xarray.Dataset
        See :func:`indices_of_rows`.

    Raises
    ------
    InputError
        Correlated inputs that are not grouped, an unknown output, draws that are too few, NaN or infinite, an output that never
        changes or whose variance may not exist.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> small = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> found = sobol_indices(small, SamplingPlan(draws=1024), grouped=True)
    >>> str(found.input.values[0])
    'rental_price'
    """
    resolved, plan = resolve(scenario), plan or SamplingPlan(draws=16_384)
    require_random(plan.plan)
    rows = rows_of(resolved, grouped=grouped)
    replays = Replays(resolved, plan, output, runs=len(rows) + 2, progress=progress)
    a = replays.play()
    b = replays.play(stream for streams in rows.values() for stream in streams)
    mixed = {name: replays.play(streams) for name, streams in rows.items()}
    found = indices_of_rows(a, b, mixed, attributes=replays.attributes, confidence=confidence)
    lucky = set(lucky_streams(resolved))
    kinds = ["luck" if rows[str(name)][0] in lucky else "knowable" for name in found.input.values]
    return found.assign_coords(kind=("input", kinds, {"long_name": KIND}))


def rows_of(resolved: Resolved, *, grouped: bool) -> dict[str, tuple[str, ...]]:
    """Return the streams of each row of a scenario's indices: those of one input, of a group of correlated ones, or of luck.

    Raises
    ------
    InputError
        For correlated inputs, unless ``grouped``.
    """
    drawn, lucky = drawn_inputs(resolved), lucky_streams(resolved)
    rows: dict[str, tuple[str, ...]] = {name: (name,) for name in (*knowable_streams(resolved), *lucky)}
    for group in correlated_groups(resolved):
        several = [name for name in group if name in drawn]
        if len(several) > 1 and not grouped:
            raise InputError(
                f"correlations: {several[0]} and {several[1]} are correlated, so that neither has a Sobol' index of its own. Group what is "
                "correlated (grouped=True, --grouped), or use Shapley effects (--method shapley), which share out what they have in common"
            )
        rows = {name: streams for name, streams in rows.items() if name not in group}
        if several:
            rows[" + ".join(several)] = group
    return rows


def indices_of_rows(
    a: Column, b: Column, mixed: Mapping[str, Column], *, attributes: Mapping[str, Any], confidence: float = 0.95
) -> xr.Dataset:
    """Return Sobol' indices of columns whose rows belong together, the largest total first.

    Parameters
    ----------
    a : Column
        As drawn; see :func:`simulator.analysis.sensitivity.replays.column`.
    b : Column
        The same draws with everything drawn anew.
    mixed : mapping of str to Column
        By row of the result: the same draws with that input alone drawn anew, by the seed of ``b``.
    attributes : mapping
        Of the draws: their ``plan`` is random.
    confidence : float
        In (0, 1).

    Returns
    -------
    xarray.Dataset
        ``first_order``, ``total``, their ``mcse_...`` by (input), ``ci_...`` by (input, ci_bound) and a ``note`` in words.

    Raises
    ------
    InputError
        Columns whose rows do not belong together; see :func:`simulator.analysis.columns.require_same_rows` and
        :func:`simulator.analysis.sensitivity.replays.require_shares`.
    """
    require_random(str(attributes["plan"]))
    require_same_rows({"A": a, "B": b, **mixed})
    note = require_shares(a.output, np.concatenate([a.values, b.values]), a.values.size)
    width = half_widths(xr.Dataset(attrs=dict(attributes)), confidence)
    rows = {name: indices(a.values, b.values, own.values) for name, own in mixed.items()}
    order = sorted(rows, key=lambda name: -rows[name][1].value)
    data: dict[str, Any] = {}
    for place, (name, words) in enumerate((("first_order", "first-order Sobol' index"), ("total", "total Sobol' index"))):
        value, mcse = (np.array([getattr(rows[row][place], field) for row in order]) for field in ("value", "mcse"))
        data[name] = "input", value, {"long_name": f"{words}: share of the variance", "units": "1"}
        data[f"mcse_{name}"] = "input", mcse, {"long_name": f"Monte Carlo standard error of the {words}", "units": "1"}
        bounds = value[:, None] + width * mcse[:, None] * np.array([-1.0, 1.0])
        data[f"ci_{name}"] = ("input", "ci_bound"), bounds, {"long_name": f"{100 * confidence:g} % interval of the {words}", "units": "1"}
    told = np.array([_told(*rows[name], width) for name in order], dtype=object)
    data["note"] = "input", told, {"long_name": "what the draws cannot tell"}
    attrs = {**attributes, "confidence": confidence, "method": "sobol", "note": note}
    return xr.Dataset(data, {"input": np.array(order, dtype=object), "ci_bound": ["lower", "upper"]}, attrs)


def _told(first: Estimate, total: Estimate, width: float) -> str:
    """Return what an index cannot be told apart from."""
    if total.value == 0.0:
        return UNMOVED
    if total.value - width * total.mcse <= 0.0:
        return NOT_TOLD
    return f"first-order {NOT_TOLD}" if first.value - width * first.mcse <= 0.0 else ""


def indices(a: Floats, b: Floats, mixed: Floats) -> tuple[Estimate, Estimate]:
    r"""Return the first-order and the total index of one input, or of one group of inputs.

    Parameters
    ----------
    a, b : ndarray, shape (n,)
        Output of independent draws of all inputs.
    mixed : ndarray, shape (n,)
        Output of the draws of ``a`` with this input of ``b``.

    Returns
    -------
    tuple of Estimate
        [1]. Their errors are those of the estimators' influence functions; a total of no effect is 0 exactly.

    Notes
    -----
    .. math::
        S = \frac{\overline{(b - \mu)(m - a)}}{V}, \qquad T = \frac{\overline{(a - m)^2}}{2 V}

    with mean :math:`\mu` and variance V of a and b together. First order: Saltelli et al. (2010), Computer Physics Communications
    181(2):259-270, doi:10.1016/j.cpc.2009.09.018, row (b) of table 2, centred as Owen (2013) advises for small indices,
    doi:10.1145/2457459.2457460. Total: Jansen (1999), doi:10.1016/S0010-4655(98)00154-4.

    Examples
    --------
    >>> x, y, anew_x, anew_y = np.random.default_rng(0).normal(size=(4, 10_000))
    >>> first, total = indices(x + 2 * y, anew_x + 2 * anew_y, anew_x + 2 * y)
    >>> abs(first.value - 0.2) < 3 * first.mcse, abs(total.value - 0.2) < 3 * total.mcse
    (True, True)
    """
    middle = 0.5 * (a.mean() + b.mean())
    spread = 0.5 * ((a - middle) ** 2 + (b - middle) ** 2)
    variance = float(spread.mean())
    found = []
    for part in ((b - middle) * (mixed - a), 0.5 * (a - mixed) ** 2):
        share = float(part.mean()) / variance
        found.append(linear_estimate(share, (part - share * spread) / variance))
    return found[0], found[1]
