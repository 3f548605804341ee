"""What happened in the draws of a tail: which inputs shifted and by how much, what came out, and three typical histories."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import rankdata

from simulator.analysis.drawn_inputs import varied_inputs
from simulator.analysis.estimates import Estimate, members
from simulator.analysis.notes import notes
from simulator.analysis.order_statistics import interval_ranks
from simulator.analysis.stress.conditions import FEWEST, MORE_IS_BETTER, known
from simulator.errors import InputError
from simulator.quantities import QUANTITIES

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

QUANTILES = (0.05, 0.5, 0.95)
_ONE_SIGMA = 0.6827
_FEWEST_BEYOND = 5  # draws of a replicate beyond a percentile: the usual count from which a binomial is nearly normal
_OUTPUTS = (
    "cost_total",
    "emissions_total",
    "energy",
    "wall_clock",
    "programme_time",
    "goodput",
    "interruptions",
    "interruptions_planned",
    "pauses",
)
_TYPICAL = ("cost_total", "emissions_total", "wall_clock")


def stress(results: xr.Dataset, inside: Mask, *, of: str = "cost_total") -> xr.Dataset:
    r"""Return what tells the draws inside a condition from those outside.

    Parameters
    ----------
    results : xarray.Dataset
        As :func:`simulator.simulate` returns it.
    inside : ndarray of bool, shape (draws,)
        See :mod:`simulator.analysis.stress.conditions`.
    of : str
        Output by which the three histories are ordered.

    Returns
    -------
    xarray.Dataset
        By input, the most telling first: ``shift`` [1], mean inside less mean outside in standard deviations of all draws, and
        ``larger`` [1], the probability that a draw inside has a larger value than one outside (half of the ties; 0.5 where the
        condition tells nothing), each with ``_mcse``; ``input_inside`` and ``input_outside``, their means, in ``input_unit``. By output
        and quantile: ``value`` and ``mcse`` on dimension ``part`` ("inside", "all"), in ``unit``. By history ("mild", "typical",
        "severe"): ``history_draw``, the draws nearest the P10 and P90 inside by ``of``, and between them the one nearest the medians
        of cost, emissions and time; ``history_value``, its value of ``of``. Attribute ``inside`` counts the draws, ``notes`` are those
        of the results. Errors take the condition as given.

    Raises
    ------
    InputError
        Where fewer than 100 draws lie inside, or outside.

    Notes
    -----
    ``larger`` is the measure of stochastic superiority A of Vargha & Delaney (2000), J. Educ. Behav. Stat. 25(2):101-132,
    doi:10.3102/10769986025002101; its error is that of DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3):837-845,
    doi:10.2307/2531595. Of Sobol' points all errors are the spread of their replicates.

    Examples
    --------
    >>> from simulator.analysis.stress.conditions import worst
    >>> draws = np.arange(2000.0)
    >>> ds = xr.Dataset(
    ...     {"cost_total": ("draw", draws, {"role": "output", "units": "USD"}), "mfu": ("draw", -draws, {"role": "input", "units": "1"})},
    ...     {"draw": np.arange(2000)}, {"plan": "random"},
    ... )
    >>> stress(ds, worst(ds, 0.1)).larger.item()
    0.0
    """
    _require_enough(inside)
    told = json.dumps(notes(results), ensure_ascii=False)
    rows = [
        (name, unit, values, _shift(results, values, inside), _larger(results, values, inside))
        for name, unit, values in varied_inputs(results)
    ]
    rows.sort(key=lambda row: -abs(row[4].value - 0.5))
    inputs = {"input": [row[0] for row in rows], "input_unit": ("input", [row[1] for row in rows])}

    def by_input(values: list[float], text: str, unit: str = "1") -> xr.DataArray:
        return xr.DataArray(
            np.array(values, dtype=np.float64), inputs, ("input",), attrs={"long_name": text} | ({"units": unit} if unit else {})
        )

    variables = {
        "shift": by_input([row[3].value for row in rows], "mean inside less mean outside, in standard deviations of all draws"),
        "shift_mcse": by_input([row[3].mcse for row in rows], "Monte Carlo standard error of the shift"),
        "larger": by_input([row[4].value for row in rows], "probability that a draw inside is larger than one outside"),
        "larger_mcse": by_input([row[4].mcse for row in rows], "Monte Carlo standard error of that probability"),
        "input_inside": by_input([float(row[2][inside].mean()) for row in rows], "mean inside, in input_unit", ""),
        "input_outside": by_input([float(row[2][~inside].mean()) for row in rows], "mean outside, in input_unit", ""),
    }
    return xr.Dataset(
        variables | _outputs(results, inside) | _histories(results, inside, of),
        attrs={**results.attrs, "inside": int(inside.sum()), "of": of, "notes": told},
    )


def _require_enough(inside: Mask) -> None:
    count, whole = int(inside.sum()), inside.size
    fewer, place = min((count, "inside"), (whole - count, "outside"))
    if fewer >= FEWEST:
        return
    needed = (
        f"about --draws {math.ceil(FEWEST * whole / fewer)} would give {FEWEST}"
        if fewer
        else "none of so many may mean that there are none"
    )
    raise InputError(f"{fewer} of {whole} draws lie {place} the condition, and at least {FEWEST} are needed on both sides; {needed}")


def _by_replicate(results: xr.Dataset, inside: Mask, of: Callable[[NDArray[np.int64]], float]) -> float:
    """Return the standard error of a statistic of draws from the spread of its replicates; NaN where one has too few or there is one."""
    parts = members(results, inside.size)
    if len(parts) < 2 or any(inside[part].all() or not inside[part].any() for part in parts):
        return math.nan
    own = np.array([of(part) for part in parts])
    return float(own.std(ddof=1) / math.sqrt(own.size))


def _is_sobol(results: xr.Dataset) -> bool:
    return str(results.attrs.get("plan")) == "sobol"


def _shift(results: xr.Dataset, values: Floats, inside: Mask) -> Estimate:
    sd = float(values.std())

    def of(part: NDArray[np.int64]) -> float:
        x, own = values[part], inside[part]
        return float(x[own].mean() - x[~own].mean()) / sd

    x, y = values[inside], values[~inside]
    error = math.sqrt(x.var(ddof=1) / x.size + y.var(ddof=1) / y.size) / sd
    return Estimate(of(np.arange(values.size)), _by_replicate(results, inside, of) if _is_sobol(results) else error)


def _larger(results: xr.Dataset, values: Floats, inside: Mask) -> Estimate:
    def of(part: NDArray[np.int64]) -> float:
        return float(placements(values[part], inside[part])[0].mean())

    x, y = placements(values, inside)
    error = math.sqrt(x.var(ddof=1) / x.size + y.var(ddof=1) / y.size)
    return Estimate(float(x.mean()), _by_replicate(results, inside, of) if _is_sobol(results) else error)


def placements(values: Floats, inside: Mask) -> tuple[Floats, Floats]:
    """Return of each draw inside the share of those outside that are smaller, and of each outside that of those inside that are larger.

    Half of the ties counts. Both have the mean of :func:`stress`'s ``larger``, and their variances are those of its error.

    Examples
    --------
    >>> x, y = placements(np.array([1.0, 2.0, 3.0, 2.0]), np.array([False, True, True, False]))
    >>> x.tolist(), y.tolist()
    ([0.75, 1.0], [1.0, 0.75])
    """
    ranks = rankdata(values)
    m, n = int(inside.sum()), int((~inside).sum())
    x = (ranks[inside] - rankdata(values[inside])) / n
    y = 1.0 - (ranks[~inside] - rankdata(values[~inside])) / m
    return x, y


def _outputs(results: xr.Dataset, inside: Mask) -> dict[str, xr.DataArray]:
    """Return percentiles of the outputs inside and of all draws."""
    names = [name for name in _OUTPUTS if name in results]
    estimates = [[_percentiles(results, results[name].values, part) for name in names] for part in (inside, np.ones_like(inside))]
    units = [str(results[name].attrs.get("units", "")) for name in names]
    coords = {"part": ["inside", "all"], "output": names, "quantile": list(QUANTILES), "unit": ("output", units)}

    def array(attribute: str, text: str) -> xr.DataArray:
        values = [[[getattr(e, attribute) for e in row] for row in part] for part in estimates]
        return xr.DataArray(np.array(values), coords, ("part", "output", "quantile"), attrs={"long_name": text})

    return {"value": array("value", "percentile of the output"), "mcse": array("mcse", "Monte Carlo standard error of the percentile")}


def _percentiles(results: xr.Dataset, values: Floats, own: Mask) -> list[Estimate]:
    """Return percentiles of some of the draws: errors by order statistics, or of Sobol' points by replicate."""
    ordered = np.sort(values[own])
    found = []
    for probability in QUANTILES:
        value = _inverse(ordered, probability)
        ranks = interval_ranks(ordered.size, probability, confidence=_ONE_SIGMA)
        if math.isnan(value) or ranks is None:
            found.append(Estimate(value, math.nan))
        elif _is_sobol(results):
            parts = [np.sort(values[part][own[part]]) for part in members(results, own.size)]
            supported = len(parts) > 1 and min(part.size for part in parts) * min(probability, 1.0 - probability) >= _FEWEST_BEYOND
            by_replicate = np.array([_inverse(part, probability) for part in parts]) if supported else np.full(2, math.nan)
            found.append(Estimate(value, float(by_replicate.std(ddof=1) / math.sqrt(by_replicate.size))))
        else:
            low, high = float(ordered[ranks.lower - 1]), float(ordered[ranks.upper - 1])
            found.append(Estimate(value, 0.5 * (high - low) if math.isfinite(high - low) else math.nan))
    return found


def _inverse(ordered: Floats, probability: float) -> float:
    """Return the least draw at or below which lies a share; NaN where one is."""
    return float(ordered[math.ceil(probability * ordered.size) - 1]) if not np.isnan(ordered[-1]) else math.nan


def _histories(results: xr.Dataset, inside: Mask, of: str) -> dict[str, xr.DataArray]:
    """Return the draws inside that are nearest its P10, its middle and its P90."""
    places = np.flatnonzero(inside)
    values = known(results, of)[places]
    mild, severe = (
        int(np.argmin(np.abs(rankdata(values) / values.size - p))) for p in ((0.9, 0.1) if of in MORE_IS_BETTER else (0.1, 0.9))
    )
    totals = [results[name].values[places] for name in dict.fromkeys(_TYPICAL) if name in results] or [values]
    typical = int(np.argmin(np.sum([np.abs(rankdata(total) / total.size - 0.5) for total in totals], axis=0)))
    chosen = [mild, typical, severe]
    coords = {"history": ["mild", "typical", "severe"]}
    numbers = results["draw"].values[places[chosen]]
    return {
        "history_draw": xr.DataArray(numbers, coords, ("history",), attrs={"long_name": "number of the draw"}),
        "history_value": xr.DataArray(
            values[chosen], coords, ("history",), attrs={"long_name": f"its {of}", "units": QUANTITIES[of.partition("[")[0]].unit}
        ),
    }


def stress_json(found: xr.Dataset) -> dict[str, Any]:
    """Return findings as plain data for ``json.dumps``; NaN and infinities are None.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`stress` returns.
    """

    def by_quantile(name: str, **where: Any) -> dict[str, float | None]:
        row = found[name].sel(**where)
        return {repr(float(q)): _plain(x) for q, x in zip(found["quantile"].values, row.values.tolist(), strict=True)}

    told = ("shift", "shift_mcse", "larger", "larger_mcse", "input_inside", "input_outside")
    return {
        **{name: found.attrs[name] for name in ("scenario", "draws", "seed", "plan", "version", "inside", "of")},
        "inputs": {
            str(name): {"unit": str(found.input_unit.sel(input=name).item())}
            | {key.removeprefix("input_"): _plain(found[key].sel(input=name).item()) for key in told}
            for name in found.input.values
        },
        "outputs": {
            str(output): {"unit": str(found.unit.sel(output=output).item())}
            | {
                str(part): {
                    "quantiles": by_quantile("value", part=part, output=output),
                    "mcse": by_quantile("mcse", part=part, output=output),
                }
                for part in found.part.values
            }
            for output in found.output.values
        },
        "histories": {
            str(name): {"draw": int(found.history_draw.sel(history=name)), "value": _plain(found.history_value.sel(history=name).item())}
            for name in found.history.values
        },
        "notes": json.loads(found.attrs["notes"]),
    }


def _plain(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
