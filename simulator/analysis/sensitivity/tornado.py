"""Tornado: how far a percentile of an output swings with each input at its P10 and its P90, and with each event."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.columns import Column, require_finite
from simulator.analysis.estimates import Estimate
from simulator.analysis.order_statistics import draws_needed
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.sensitivity.replays import Replays
from simulator.analysis.sensitivity.tornado_bars import ENDS, Bar, bars_of
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.scenario import Resolved, Scenario, resolve

Floats = NDArray[np.float64]

QUANTILES = (0.5, 0.9)
BATCHES = 32  # of random draws: errors are known to 13 %, and a batch of 512 of 16 384 has 51 draws beyond its P90
_ROUNDING = 1e-12  # of a value: what sums of a few thousand products differ by
ENDS_NAMED = ("low", "high")
_ERRORS = {"base": "mcse_base", "value": "mcse", "swing": "mcse_swing"}


def tornado(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    output: str = "cost_total",
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Return what P50 and P90 of an output are with each input held at its P10 and its P90, all others sampled.

    The same draws are played again for every end of every bar, so that what is held is all that differs. An input is held as a
    decision would hold it: those that are correlated with it keep their own draws, as if one had fixed the input and not merely
    learnt it. An event of the risk register is one bar: it does not happen, or it does (once, where a frequency is stated); its
    probability, cost, delay and factors are sampled. Luck has no other bar.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        16 384 random draws where left out, played twice for every bar.
    output : str
        As the bands name it.
    progress : callable, optional
        As :func:`simulator.simulate` takes it; counts all runs as one.

    Returns
    -------
    xarray.Dataset
        ``base`` and ``mcse_base`` by (quantile); ``value`` and ``mcse`` by (input, end, quantile); ``swing``, from the low to the high
        end, and ``mcse_swing``, the error of the paired difference, by (input, quantile): the largest swing of P90 first. ``held``
        by (input, end) is the input's value in the unit of ``held_unit``.

    Raises
    ------
    InputError
        An unknown output, NaN or infinite draws, or too few draws for P90.

    Notes
    -----
    Errors are spreads over batches of the draws, in each of which both ends are played by the same draws, so that they need no density
    and see the pairing: sectioning, Asmussen & Glynn (2007), Stochastic Simulation, section III.5, doi:10.1007/978-0-387-69033-9.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario
    >>> small = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> found = tornado(small, SamplingPlan(draws=1000))
    >>> str(found.input.values[0]), float(found.held[0, 0]) < float(found.held[0, 1])
    ('rental_price', True)
    """
    resolved, plan = resolve(scenario), plan or SamplingPlan(draws=16_384)
    batches = plan.scramblings if plan.plan == "sobol" else BATCHES
    needed = batches * draws_needed(QUANTILES[1], confidence=0.95)
    if plan.draws < needed:
        each = f": {needed // batches} in each of {batches} {'replicates' if plan.plan == 'sobol' else 'batches'}"
        raise InputError(f"{plan.draws} draws are too few for P90 and its error; at least {needed} are needed{each}")
    bars = bars_of(resolved)
    replays = Replays(resolved, plan, output, runs=2 * len(bars) + 1, progress=progress)
    base = _percentiles(_play(replays, resolved), batches)
    ends = [[_percentiles(_play(replays, held), batches) for held in bar.scenarios] for bar in bars]
    rows = [[_estimates(end) for end in pair] for pair in ends]
    swings = [_estimates(high - low) for low, high in ends]
    order = sorted(range(len(bars)), key=lambda k: -abs(swings[k][1].value))
    return _as_dataset(
        [bars[k] for k in order],
        base=_estimates(base),
        rows=[rows[k] for k in order],
        swings=[swings[k] for k in order],
        unit=replays.unit,
        attributes={
            **replays.attributes,
            "method": "tornado",
            "note": ONE_SCRAMBLING if (plan.plan, plan.scramblings) == ("sobol", 1) else "",
        },
    )


def _as_dataset(
    bars: Sequence[Bar],
    *,
    base: Sequence[Estimate],
    rows: Sequence[Sequence[Sequence[Estimate]]],
    swings: Sequence[Sequence[Estimate]],
    unit: str,
    attributes: Mapping[str, Any],
) -> xr.Dataset:
    """Return estimates as the Dataset that :func:`tornado` describes."""
    data: dict[str, Any] = {}
    shape = (len(bars), len(ENDS), len(QUANTILES))
    for name, dims, meaning, estimates in (
        ("base", ("quantile",), "percentile, all inputs sampled", [base]),
        ("value", ("input", "end", "quantile"), "percentile, this input held", [row for pair in rows for row in pair]),
        ("swing", ("input", "quantile"), "percentile at the high less that at the low end", swings),
    ):
        for field, variable, words in (("value", name, meaning), ("mcse", _ERRORS[name], f"Monte Carlo standard error of {name}")):
            values = np.array([[getattr(own, field) for own in row] for row in estimates], dtype=np.float64)
            sizes = [dict(zip(("input", "end", "quantile"), shape, strict=True))[dim] for dim in dims]
            data[variable] = dims, values.reshape(sizes), {"long_name": words, "units": unit}
    held = np.array([[bar.low, bar.high] for bar in bars], dtype=np.float64).reshape(-1, len(ENDS))
    data["held"] = ("input", "end"), held, {"long_name": "value of the input, in held_unit"}

    def texts(values: list[str], meaning: str) -> tuple[str, NDArray[np.object_], dict[str, str]]:
        return "input", np.array(values, dtype=object), {"long_name": meaning}

    coordinates = {
        "input": np.array([bar.name for bar in bars], dtype=object),
        "kind": texts([bar.kind for bar in bars], "an input, or an event that happens or does not"),
        "held_unit": texts([bar.unit for bar in bars], "unit of what is held"),
        "end": list(ENDS_NAMED),
        "quantile": ("quantile", np.array(QUANTILES), {"long_name": "probability below the percentile", "units": "1"}),
    }
    return xr.Dataset(data, coordinates, dict(attributes))


def _play(replays: Replays, resolved: Resolved) -> Column:
    own = replays.play(resolved=resolved)
    require_finite(own.output, own.values)
    return own


def _percentiles(own: Column, batches: int) -> Floats:
    """Return QUANTILES of all draws, then of each batch of them: draw i is of batch i % batches, as it is of a replicate of Sobol' points.

    Shape (1 + batches, quantiles).
    """
    parts = (own.values, *(own.values[batch::batches] for batch in range(batches)))
    return np.array([np.quantile(part, QUANTILES) for part in parts])


def _estimates(found: Floats) -> list[Estimate]:
    """Return each column's first row with the error that the spread of the other rows tells; NaN for a single one.

    Rows that differ by the rounding of a last digit tell no error: a swing may be the same in every draw.
    """
    whole, parts = found[0], found[1:]
    if len(parts) == 1:
        return [Estimate(float(value), math.nan) for value in whole]
    errors = parts.std(axis=0, ddof=1) / math.sqrt(len(parts))
    errors[np.ptp(parts, axis=0) <= _ROUNDING * np.abs(parts).max(axis=0)] = 0.0
    return [Estimate(float(value), float(error)) for value, error in zip(whole, errors, strict=True)]
