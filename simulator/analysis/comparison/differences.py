"""How scenarios differ: the distribution of each difference to a base, over draws that are paired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.bands import PAIRED, QUANTILES, summarize
from simulator.analysis.comparison.comparison import SHARED
from simulator.analysis.estimates import Estimate, chance, statistic
from simulator.errors import InputError

#: what is a comparison already, and what tells whether a run ended
_APART = (*PAIRED, "paused_pair", "completed")

Floats = NDArray[np.float64]


def names_of(results: xr.Dataset) -> list[str]:
    """Return the names of the scenarios of a comparison.

    Raises
    ------
    InputError
        Where the results are those of one scenario, or bands.
    """
    if "scenario" not in results.dims or "draw" not in results.dims:
        held = "bands" if "draw" not in results.dims else "draws of one scenario"
        raise InputError(f"these results hold {held}; a comparison reads what simulator.compare returns, paired draws of several scenarios")
    return [str(name) for name in results.scenario.values]


def differences(
    results: xr.Dataset, *, base: str | None = None, quantiles: Sequence[float] = QUANTILES, confidence: float = 0.95
) -> xr.Dataset:
    r"""Return the distribution of each scenario's difference to the base, draw by draw.

    A run that was stopped at max_wall_clock left work undone, so that its difference is none: all is told of the pairs of draws that were
    completed in both. Ties are told apart: ``probability_lower`` counts draws in which a scenario is strictly lower than the base,
    ``probability_equal`` those in which the two are the same number; of a scenario and itself they are 0 and 1.

    Parameters
    ----------
    results : xarray.Dataset
        What :func:`compare` returns.
    base : str, optional
        Name of the scenario that others are compared with; the first where left out.
    quantiles, confidence
        See :func:`simulator.summarize`.

    Returns
    -------
    xarray.Dataset
        By (scenario, output), of :math:`d = b - a`: what :func:`simulator.summarize` tells of outputs (``value``, ``mcse``, ``ci``,
        ``mean``, ``sd``, ``mcse_mean``, ``note`` ...). ``probability_lower`` and ``probability_equal``, with ``mcse_lower`` and
        ``mcse_equal``. ``mcse_unpaired``: the standard error that the mean difference of as many independent draws would have.
        ``fewer_draws``, :math:`(s_a^2 + s_b^2) / s_d^2`: how many times fewer random draws pairing needs; infinite where the difference
        is the same in every draw, NaN where nothing varies. ``correlation`` of a and b, NaN where one does not vary. Both are NaN where
        a variance may not exist. ``pairs`` by scenario.

    Raises
    ------
    InputError
        Unknown base, a level outside (0, 1), or results that are no comparison.

    Notes
    -----
    Pairing on common random numbers: Glasserman (2003), Monte Carlo Methods in Financial Engineering, section 7.1,
    doi:10.1007/978-0-387-21617-1. :math:`s_d^2 = s_a^2 + s_b^2 - 2 s_{ab}`.

    Examples
    --------
    >>> values = np.arange(1.0, 201.0)
    >>> cost = ("scenario", "draw"), np.stack([values, 0.9 * values]), {"role": "output", "units": "USD"}
    >>> both = xr.Dataset({"cost_total": cost}, {"scenario": ["a", "b"]}, {"plan": "random"})
    >>> found = differences(both).sel(scenario="b", output="cost_total")
    >>> round(found["mean"].item(), 3), found.probability_lower.item(), round(found.fewer_draws.item(), 1)
    (-10.05, 1.0, 181.0)
    """
    names = names_of(results)
    base = names[0] if base is None else base
    if base not in names:
        raise InputError(f"base = {base!r} is not a scenario of this comparison, which holds {', '.join(names)}")
    others = [name for name in names if name != base]
    if not others or len(set(names)) < len(names):
        raise InputError(f"scenarios {', '.join(names)}: a comparison needs two or more, each with a name of its own")
    tables = [_difference(results, base, other, quantiles, confidence) for other in others]
    index = xr.Variable("scenario", np.array(others, dtype=object), {"long_name": "scenario that is compared with the base"})
    joined = xr.concat(tables, index, data_vars="all", coords="minimal", compat="override", join="exact", combine_attrs="drop_conflicts")
    return joined.assign_attrs({name: value for name, value in results.attrs.items() if name in (*SHARED, "pairing")}, base=base)


def pairs_of(results: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Return the draws that were completed in all the scenarios named."""
    if "completed" not in results:
        return results
    return results.isel(draw=np.flatnonzero((results.completed.sel(scenario=list(names)) != 0.0).all("scenario").values))


def _difference(results: xr.Dataset, base: str, other: str, quantiles: Sequence[float], confidence: float) -> xr.Dataset:
    """Return the statistics of one scenario's differences to the base."""
    whole = results.sizes["draw"]
    paired = pairs_of(results, [base, other])
    pairs = paired.sizes["draw"]
    if pairs == 0:
        raise InputError(
            f"no draw of {whole} was completed both in {base} and in {other}: there is nothing to compare. Raise reliability.max_wall_clock"
        )
    outputs = [str(name) for name, array in results.data_vars.items() if array.attrs.get("role") == "output" and name not in _APART]
    a, b = (paired[outputs].sel(scenario=name, drop=True) for name in (base, other))
    with np.errstate(invalid="ignore"):  # inf - inf is unknown
        d = xr.Dataset({name: (b[name] - a[name]).assign_attrs(a[name].attrs) for name in outputs}, attrs=results.attrs)
    told, of_a, of_b = (summarize(x.assign_attrs(results.attrs), quantiles=quantiles, confidence=confidence) for x in (d, a, b))
    known = np.isfinite(told.sd.values + of_a.sd.values + of_b.sd.values).tolist()
    rows = [
        _row(paired, _draws(a, str(name)), _draws(b, str(name)), moments=own) for name, own in zip(told.output.values, known, strict=True)
    ]
    variables: dict[str, Any] = {
        key: ("output", np.array([row[key] for row in rows]), {"long_name": text, "units": "1"}) for key, text in _TOLD.items()
    }
    unpaired = np.hypot(of_a.mcse_mean.values, of_b.mcse_mean.values)
    over = f"over the {pairs} of {whole} draws that were completed in both" if pairs < whole else ""
    notes = np.array(["; ".join(part for part in (over, str(note)) if part) for note in told.note.values], dtype=object)
    long_name = "standard error of the mean difference of as many independent draws"
    variables["mcse_unpaired"] = ("output", unpaired, {"long_name": long_name})
    variables["note"] = ("output", notes, told.note.attrs)
    variables["pairs"] = ((), pairs, {"long_name": "draws that were completed in both", "units": "1"})
    return told.drop_vars("tail_index").assign(variables)


#: name -> meaning, of what stands beside the bands of a difference
_TOLD = {
    "probability_lower": "probability that the scenario is lower than the base",
    "mcse_lower": "Monte Carlo standard error of the probability of being lower",
    "probability_equal": "probability that scenario and base are the same number",
    "mcse_equal": "Monte Carlo standard error of the probability of being the same",
    "fewer_draws": "how many times fewer random draws pairing needs",
    "mcse_fewer_draws": "Monte Carlo standard error of how many times fewer",
    "correlation": "correlation of scenario and base over the draws",
    "mcse_correlation": "Monte Carlo standard error of the correlation",
}


def _draws(results: xr.Dataset, output: str) -> Floats:
    """Return the draws of an output as bands name it."""
    name, bracket, component = output.partition("[")
    array = results[name]
    if bracket:
        array = array.sel({str(dim): component.rstrip("]") for dim in array.dims if dim != "draw"})
    return np.asarray(array.values, dtype=np.float64)


def _row(paired: xr.Dataset, a: Floats, b: Floats, *, moments: bool) -> dict[str, float]:
    """Return what stands beside the bands of one difference; nothing that is made of moments which may not exist."""
    unknown = Estimate(math.nan, math.nan)
    known = not (np.isnan(a).any() or np.isnan(b).any())
    lower, equal = (chance(paired, b < a), chance(paired, b == a)) if known else (unknown, unknown)
    fewer, correlation = (_fewer_draws(paired, a, b), _correlation(paired, a, b)) if moments else (unknown, unknown)
    found = {"probability_lower": lower, "probability_equal": equal, "fewer_draws": fewer, "correlation": correlation}
    errors = {"mcse_lower": lower, "mcse_equal": equal, "mcse_fewer_draws": fewer, "mcse_correlation": correlation}
    return {name: e.value for name, e in found.items()} | {name: e.mcse for name, e in errors.items()}


def _fewer_draws(paired: xr.Dataset, a: Floats, b: Floats) -> Estimate:
    """Return (var a + var b) / var(b - a)."""

    def ratio(own: NDArray[np.int64]) -> float:
        return float((np.var(a[own]) + np.var(b[own])) / np.var(b[own] - a[own]))

    if not (np.isfinite(a).all() and np.isfinite(b).all()) or (np.ptp(a) == 0.0 and np.ptp(b) == 0.0):
        return Estimate(math.nan, math.nan)
    d = b - a
    if np.ptp(d) == 0.0:
        return Estimate(math.inf, math.nan)
    whole = ratio(np.arange(a.size))
    influence = ((a - a.mean()) ** 2 + (b - b.mean()) ** 2 - whole * (d - d.mean()) ** 2) / np.var(d)
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate whose draws all differ by as much
        return statistic(paired, ratio, influence)


def _correlation(paired: xr.Dataset, a: Floats, b: Floats) -> Estimate:
    """Return Pearson's correlation; its influence is that of Devlin, Gnanadesikan & Kettenring (1975), doi:10.1093/biomet/62.3.531."""
    if a.size < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()) or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return Estimate(math.nan, math.nan)
    x, y = ((v - v.mean()) / v.std() for v in (a, b))
    r = float(np.mean(x * y))
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate of one draw, or of equal ones
        return statistic(paired, lambda own: float(np.corrcoef(a[own], b[own])[0, 1]), x * y - 0.5 * r * (x**2 + y**2))


def differences_json(found: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Return the differences of one scenario to its base as plain data, by output; what is not finite is None.

    ``ci`` is the exact interval of each percentile, which holds too where many draws do not differ at all, and a percentile lies next to
    these: there its error tells little.

    Parameters
    ----------
    found : xarray.Dataset
        What :func:`differences` returns, at one scenario.
    """
    keys = [repr(float(q)) for q in found["quantile"].values]
    data: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(found.output.values):
        row = {str(key): array.values[place] for key, array in found.data_vars.items() if array.dims[:1] == ("output",)}
        data[str(name)] = {
            "unit": str(found.unit.values[place]),
            "mean": plain(row["mean"]),
            "mcse": plain(row["mcse_mean"]),
            "sd": plain(row["sd"]),
            "quantiles": {key: plain(x) for key, x in zip(keys, row["value"], strict=True)},
            "mcse_quantiles": {key: plain(x) for key, x in zip(keys, row["mcse"], strict=True)},
            "ci": {key: [float(x) for x in ends] if np.isfinite(ends).all() else None for key, ends in zip(keys, row["ci"], strict=True)},
            "ci_level": {key: plain(x) for key, x in zip(keys, row["ci_level"], strict=True)},
            **{key: plain(row[key]) for key in (*_TOLD, "mcse_unpaired")},
            "note": str(row["note"]),
        }
    return data


def plain(x: float) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(x) if math.isfinite(x) else None
