"""Bands over the time of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator.analysis.order_statistics import interval_ranks

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_ONE_SIGMA = 0.6827


def fan_bands(histories: xr.Dataset, *, quantiles: Sequence[float] = QUANTILES) -> xr.Dataset:
    """Return percentiles across draws at every time.

    Parameters
    ----------
    histories : xarray.Dataset
        Variables by (draw, time), as :func:`simulator.over_time` returns them.
    quantiles : sequence of float

    Returns
    -------
    xarray.Dataset
        Each variable by (quantile, time), and ``NAME_mcse``: half the distance of the order statistics
        that enclose the percentile with a probability of 68 %; NaN where the draws do not support one.

    Examples
    --------
    >>> draws = xr.Dataset({"cost_total": (("draw", "time"), np.arange(2000.0).reshape(1000, 2))})
    >>> fan_bands(draws, quantiles=[0.5]).cost_total.values.ravel().tolist()
    [999.0, 1000.0]
    """
    probabilities = np.asarray(quantiles, dtype=np.float64)
    draws = histories.sizes["draw"]
    variables = {}
    for name, values in histories.data_vars.items():
        ordered = np.sort(values.transpose("draw", "time").values, axis=0)
        bands = np.quantile(ordered, probabilities, axis=0)
        errors = np.full_like(bands, np.nan)
        for i, probability in enumerate(probabilities):
            ranks = interval_ranks(draws, float(probability), confidence=_ONE_SIGMA)
            if ranks is not None:
                errors[i] = 0.5 * (ordered[ranks.upper - 1] - ordered[ranks.lower - 1])
        variables[name] = xr.Variable(("quantile", "time"), bands, values.attrs)
        long_name = f"Monte Carlo standard error of {values.attrs.get('long_name', name)}"
        variables[f"{name}_mcse"] = xr.Variable(("quantile", "time"), errors, {**values.attrs, "long_name": long_name})
    return xr.Dataset(
        variables,
        {"quantile": probabilities, "time": histories["time"]} if "time" in histories.coords else {"quantile": probabilities},
        histories.attrs,
    )
