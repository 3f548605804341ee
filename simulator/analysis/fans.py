"""Bands over the time of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from simulator.analysis.order_statistics import interval_ranks
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.replay import explain, over_time
from simulator.scenario import Scenario

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_ONE_SIGMA = 0.6827
_PLAYED = 1024  # draws


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


def draw_near(histories: xr.Dataset, level: float, *, output: str = "cost_total") -> int:
    """Return the number of the draw whose total, at the end of the grid, is nearest to a percentile.

    Examples
    --------
    >>> draws = xr.Dataset({"cost_total": (("draw", "time"), [[0.0, 3.0], [0.0, 1.0], [0.0, 2.0]])}, {"draw": [0, 1, 2]})
    >>> draw_near(draws, 0.5)
    2
    """
    last = histories[output].isel(time=-1).values
    away = np.abs(last - np.nanquantile(last, level))
    return int(histories["draw"].values[np.nanargmin(away)])


def fan_of(scenario: Scenario, plan: SamplingPlan, *, progress: Callable[[int], None] | None = None) -> xr.Dataset | None:
    """Return the fan of a plan's first draws, as :func:`fan_with_draw` does with a draw whose cost is near P80; None without histories.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan
        About 1024 of its draws are played, so that a fan takes no longer than a picture is waited for.
    progress : callable, optional
        See :func:`simulator.over_time`.

    Examples
    --------
    >>> from simulator.scenario import load_scenario
    >>> found = fan_of(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=200))
    >>> found.attrs["draws"], "cost_total_of_draw" in found
    (200, True)
    """
    if scenario.reliability.method != "event_driven":
        return None
    whole = max(_PLAYED // plan.scramblings, 1) * plan.scramblings  # as many points of each replicate
    histories = over_time(scenario, plan, draws=whole, progress=progress)
    return fan_with_draw(histories, explain(scenario, plan, draw=draw_near(histories, 0.8)))


def fan_with_draw(histories: xr.Dataset, one: xr.Dataset, *, quantiles: Sequence[float] = QUANTILES) -> xr.Dataset:
    """Return percentiles across draws at every time, and beside them one draw with its interruptions and pauses.

    Parameters
    ----------
    histories : xarray.Dataset
        As :func:`simulator.over_time` returns them.
    one : xarray.Dataset
        One of these draws, as :func:`simulator.explain` returns it.
    quantiles : sequence of float

    Returns
    -------
    xarray.Dataset
        What :func:`fan_bands` does; ``NAME_of_draw`` by (time), and ``event_time`` [h] and ``event_cause`` by (event). Attribute
        ``highlighted`` is the number of the draw, ``ends`` when its run ends [h].

    Raises
    ------
    InputError
        Where the draw is not one of the histories.
    """
    number = int(one["draw"].item())
    if number not in histories["draw"].values:
        held = f"0 to {int(histories['draw'].max())}"
        raise InputError(f"draw {number} is not one of those of the fan, which are {held}. Choose one of these, or make more --draws")
    bands = fan_bands(histories, quantiles=quantiles)
    own = {f"{name}_of_draw": ("time", values.sel(draw=number).values, values.attrs) for name, values in histories.data_vars.items()}
    events = {name: one[name] for name in ("event_time", "event_cause")}
    attrs = {**one.attrs, **bands.attrs, "highlighted": number, "ends": float(one["wall_clock"])}
    return bands.assign(own).assign(events).drop_vars("draw", errors="ignore").assign_attrs(attrs)
