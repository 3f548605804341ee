"""Inputs before and after their draws were weighted: percentiles, by how much each moved, by how much it narrowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.drawn_inputs import varied_inputs
from simulator.analysis.estimates import Estimate, statistic
from simulator.analysis.weighted import weighted_percentiles

Floats = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.8, 0.95)


def moved_inputs(
    results: xr.Dataset, weights: Floats, *, moved: Callable[[Floats], Floats] = lambda values: values
) -> dict[str, xr.DataArray]:
    """Return percentiles of every drawn input before and now, those first that moved or narrowed most.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it.
    weights : ndarray, shape (draws,)
        Of sum 1.
    moved : callable, optional
        Returns the values of the weighted draws from those before; the same where left out.

    Returns
    -------
    dict of DataArray
        ``input_value``, ``input_mcse`` by (stage, input, quantile), in ``input_unit``; by input ``shift``, how far its mean moved in
        standard deviations of its draws, with ``shift_mcse``, and ``narrowed``, its P5 to P95 now over that before.
    """
    rows = sorted((_moved(results, weights, moved, *own) for own in varied_inputs(results)), key=lambda row: -row.interest)
    own = {"input": [row.name for row in rows], "input_unit": ("input", [row.unit for row in rows])}
    coords = {"stage": ["before", "now"], "quantile": list(QUANTILES), **own}

    def by_quantile(attribute: str, text: str) -> xr.DataArray:
        values = [[[getattr(e, attribute) for e in stage] for stage in (row.before, row.now)] for row in rows]
        stages = np.array(values, dtype=np.float64).reshape(len(rows), 2, len(QUANTILES))
        return xr.DataArray(stages, coords, ("input", "stage", "quantile"), attrs={"long_name": text}).transpose("stage", ...)

    def by_input(values: list[float], text: str) -> xr.DataArray:
        return xr.DataArray(np.array(values, dtype=np.float64), own, ("input",), attrs={"long_name": text, "units": "1"})

    return {
        "input_value": by_quantile("value", "percentile of the input"),
        "input_mcse": by_quantile("mcse", "Monte Carlo standard error of the percentile"),
        "shift": by_input([row.shift.value for row in rows], "mean now less mean before, in standard deviations before"),
        "shift_mcse": by_input([row.shift.mcse for row in rows], "Monte Carlo standard error of the shift"),
        "narrowed": by_input([row.narrowed for row in rows], "distance of P95 and P5 now, over that before"),
    }


class _Moved(NamedTuple):
    name: str
    unit: str
    before: list[Estimate]
    now: list[Estimate]
    shift: Estimate
    narrowed: float

    @property
    def interest(self) -> float:
        return max(abs(self.shift.value), 1.0 - self.narrowed)


def _moved(results: xr.Dataset, weights: Floats, moved: Callable[[Floats], Floats], name: str, unit: str, values: Floats) -> _Moved:
    even, after = np.full(values.size, 1.0 / values.size), moved(values)
    before, now = (weighted_percentiles(w, own, QUANTILES, like=results) for w, own in ((even, values), (weights, after)))

    def difference(own: NDArray[np.int64]) -> float:
        return float(np.sum(weights[own] / weights[own].sum() * after[own] - even[own] / even[own].sum() * values[own]))

    sd = float(np.std(values))
    influence = values.size * (weights * (after - np.sum(weights * after)) - even * (values - values.mean()))
    shift = statistic(results, lambda own: difference(own) / sd, influence / sd)
    width = [stage[-1].value - stage[0].value for stage in (before, now)]
    return _Moved(name, unit, before, now, shift, width[1] / width[0] if width[0] > 0.0 else 1.0)
