"""The variance of an output, split between what could be known before a run and what is luck."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.columns import require_same_rows
from simulator.analysis.estimates import Estimate
from simulator.analysis.intervals import half_widths, linear_estimate
from simulator.analysis.sensitivity.luck import check_luck_is_apart, knowable_streams, lucky_streams
from simulator.analysis.sensitivity.replays import Replays, require_random, require_shares
from simulator.plan import SamplingPlan
from simulator.scenario import Scenario, resolve

Floats = NDArray[np.float64]

PARTS = ("knowable", "luck", "interaction")


def variance_split(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    output: str = "cost_total",
    confidence: float = 0.95,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Return which share of an output's variance better knowledge of the inputs could remove at most, and which is luck.

    All draws are played four times: as drawn, with all that could be known drawn anew, with all luck drawn anew, and with both.
    Which streams are luck stands in :mod:`simulator.analysis.sensitivity.luck`.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        Random draws, 16 384 where left out; each is played four times.
    output : str
        As the bands name it.
    confidence : float
        Level of the intervals, in (0, 1).
    progress : callable, optional
        As :func:`simulator.simulate` takes it; counts all runs as one.

    Returns
    -------
    xarray.Dataset
        ``share`` and ``mcse`` by (part), ``ci`` by (part, ci_bound): of ``knowable``, ``luck`` and their ``interaction``, which sum to
        1; ``sd`` and ``mcse_sd`` of the output; the ``streams`` of each part.

    Raises
    ------
    InputError
        An unknown output, draws that are too few, NaN or infinite, an output that never changes or whose variance may not exist,
        luck that is correlated with what could be known.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> certain = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> variance_split(certain, SamplingPlan(draws=1024)).share.values.tolist()
    [1.0, 0.0, 0.0]
    """
    resolved, plan = resolve(scenario), plan or SamplingPlan(draws=16_384)
    require_random(plan.plan)
    check_luck_is_apart(resolved)
    knowable, lucky = knowable_streams(resolved), lucky_streams(resolved)
    replays = Replays(resolved, plan, output, runs=4, progress=progress)
    a, both = replays.play(), replays.play((*knowable, *lucky))
    anew, other_luck = replays.play(knowable), replays.play(lucky)
    columns = {"the draws": a, "all drawn anew": both, "inputs drawn anew": anew, "luck drawn anew": other_luck}
    require_same_rows(columns)
    note = require_shares(output, np.concatenate([own.values for own in columns.values()]), plan.draws)
    shares, sd = split(a.values, both.values, knowable=anew.values, luck=other_luck.values)
    value, mcse = (np.array([getattr(share, field) for share in shares]) for field in ("value", "mcse"))
    bounds = value[:, None] + half_widths(xr.Dataset(attrs=replays.attributes), confidence) * mcse[:, None] * np.array([-1.0, 1.0])
    unit = replays.unit
    names = [", ".join(knowable), ", ".join(lucky), ""]
    return xr.Dataset(
        {
            "share": ("part", value, {"long_name": "share of the variance", "units": "1"}),
            "mcse": ("part", mcse, {"long_name": "Monte Carlo standard error of the share", "units": "1"}),
            "ci": (("part", "ci_bound"), bounds, {"long_name": f"{100 * confidence:g} % interval of the share", "units": "1"}),
            "sd": ((), sd.value, {"long_name": f"standard deviation of {output}", "units": unit}),
            "mcse_sd": ((), sd.mcse, {"long_name": "Monte Carlo standard error of the standard deviation", "units": unit}),
        },
        {
            "part": list(PARTS),
            "ci_bound": ["lower", "upper"],
            "streams": ("part", np.array(names, dtype=object), {"long_name": "streams of random numbers of the part"}),
        },
        {**replays.attributes, "confidence": confidence, "method": "split", "note": note},
    )


def split(a: Floats, both: Floats, *, knowable: Floats, luck: Floats) -> tuple[list[Estimate], Estimate]:
    r"""Return the shares of PARTS in the variance of an output, and its standard deviation.

    Parameters
    ----------
    a : ndarray, shape (n,)
        Output as drawn.
    both, knowable, luck : ndarray, shape (n,)
        Output of the same draws with both groups of streams, or one, drawn anew.

    Notes
    -----
    With a as drawn, b both anew, k the knowable and l the luck anew:

    .. math::
        V = \tfrac14 \overline{(a-b)^2 + (k-l)^2}, \quad
        V_K = V - \tfrac14 \overline{(a-l)^2 + (k-b)^2}, \quad
        V_L = V - \tfrac14 \overline{(a-k)^2 + (l-b)^2}

    What is left is the interaction, :math:`\tfrac14 \overline{(a+b-k-l)^2}`, never negative; so is a share of nothing exactly 0.
    Each is the estimator of Jansen (1999), doi:10.1016/S0010-4655(98)00154-4, of the other group's total index, averaged over
    the two pairs of columns that differ in that group alone.

    Examples
    --------
    >>> x, luck, anew_x, anew_luck = np.random.default_rng(0).normal(size=(4, 10_000))
    >>> shares, _ = split(x + luck, anew_x + anew_luck, knowable=anew_x + luck, luck=x + anew_luck)
    >>> [round(share.value, 1) + 0.0 for share in shares]
    [0.5, 0.5, 0.0]
    """
    spread = 0.25 * ((a - both) ** 2 + (knowable - luck) ** 2)
    variance = float(spread.mean())
    parts = (
        spread - 0.25 * ((a - luck) ** 2 + (knowable - both) ** 2),
        spread - 0.25 * ((a - knowable) ** 2 + (luck - both) ** 2),
        0.25 * (a + both - knowable - luck) ** 2,
    )
    values = [float(part.mean()) / variance for part in parts[:2]]
    values.append(1.0 - values[0] - values[1])
    shares = [linear_estimate(value, (part - value * spread) / variance) for value, part in zip(values, parts, strict=True)]
    sd = math.sqrt(variance)
    return shares, linear_estimate(sd, spread / (2.0 * sd))
