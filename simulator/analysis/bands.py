"""Percentile bands of every output, each with its Monte Carlo error or the reason why it has none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.counted.sketch_rows import SketchRows, is_counted
from simulator.analysis.estimates import draw_numbers, require_equal_weights
from simulator.analysis.notes import stopped_share
from simulator.analysis.order_statistics import require_levels
from simulator.analysis.percentile_errors import ErrorsOf, errors_by_plan
from simulator.analysis.samples import Sample, SortedDraws, bin_errors, kept_sample, percentiles, plan_of
from simulator.errors import InputError
from simulator.quantities import QUANTITIES

FloatArray = NDArray[np.float64]

#: what compares a draw with itself without pauses, of draws that were completed both ways
PAIRED = ("paused_delay", "paused_saving_cost", "paused_saving_emissions")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95)

_VARIABLES = {  # name: (dims, long_name, units where they are the same for every output)
    "value": (("output", "quantile"), "percentile of the output", None),
    "mcse": (("output", "quantile"), "Monte Carlo standard error of the percentile", None),
    "bin_error": (("output", "quantile"), "how far the percentile may lie from that of the draws, by the bin it lies in", None),
    "ci": (("output", "quantile", "ci_bound"), "confidence interval of the percentile", None),
    "ci_level": (("output", "quantile"), "achieved level of the confidence interval", "1"),
    "draws_needed": (("output", "quantile"), "draws that would support the interval, 0 where more draws are not what is missing", "1"),
    "mean": (("output",), "mean of the output", None),
    "sd": (("output",), "standard deviation of the output", None),
    "mcse_mean": (("output",), "Monte Carlo standard error of the mean", None),
    "tail_index": (("output",), "larger generalized-Pareto index of the two tails", "1"),
    "note": (("output",), "why a statistic is missing, or of which draws it is", None),
}


def summarize(results: xr.Dataset, *, quantiles: Sequence[float] = QUANTILES, confidence: float = 0.95) -> xr.Dataset:
    """Return percentiles, their exact intervals and the moments that exist, for every output.

    Random draws: intervals and standard errors come from order statistics, whatever the distribution. Sobol' draws are not
    independent; there, replicates are, so the error is the spread of the replicates' own percentiles (draw i
    belongs to replicate i mod m) and the interval is Student's: approximate, and only as good as m is large.

    Parameters
    ----------
    results : xarray.Dataset
        Variables with the attributes ``role``, ``units`` and dims ``(draw,)`` or ``(draw, component)``; those of role
        "output" are read. Dataset attributes ``plan`` ("random" or "sobol") and ``replicates`` (of "sobol"). Or what
        :func:`simulator.simulate_bands` returns, for other percentiles of the same draws.
    quantiles : sequence of float
        Percentiles as fractions, each in (0, 1).
    confidence : float
        Level of the intervals, in (0, 1).

    Returns
    -------
    xarray.Dataset
        ``value``, ``mcse``, ``ci``, ``ci_level``, ``draws_needed`` by (output, quantile), ``mean``, ``sd``,
        ``mcse_mean``, ``tail_index``, ``note`` by output, in the output's ``unit``. What cannot be stated is NaN. Of draws that were
        counted, ``bin_error`` by (output, quantile) too: how far the percentile may lie from that of the draws themselves.
        Outputs by draw come first, then components as ``cost[electricity]``, both in the order of the results. Attributes are
        those of the results, with the ``draws`` that were read, the ``confidence`` and ``stopped``: the share of draws that were
        stopped at max_wall_clock, and count as they stood.

    Raises
    ------
    InputError
        If a level is outside (0, 1), the plan is unknown, there is no output, an output has other dims, or draws have weights.

    Examples
    --------
    >>> cost = xr.DataArray(np.arange(1.0, 101.0), dims="draw", attrs={"role": "output", "units": "USD"})
    >>> bands = summarize(xr.Dataset({"cost_total": cost}, attrs={"plan": "random"}), quantiles=[0.5])
    >>> bands.value.item(), bands.ci.values.tolist()
    (50.5, [[[40.0, 60.0]]])
    """
    require_levels(quantiles, confidence)
    require_equal_weights(results)
    if is_counted(results):
        draws, found = int(results.attrs["draws"]), _counted(results)
    else:
        outputs = list(_outputs(results))
        if not outputs:
            raise InputError('these results have no variable of role "output"; summarize reads what simulate returns')
        draws, found = results.sizes["draw"], _kept(results, outputs)
    summary = summary_of(found, draws, quantiles, confidence)
    return summary.assign_attrs(results.attrs, draws=draws, confidence=confidence, stopped=stopped_share(results))


def summary_of(samples: Iterable[tuple[str, str, Sample]], draws: int, quantiles: Sequence[float], confidence: float) -> xr.Dataset:
    """Return what :func:`summarize` does, but for attributes, of samples.

    Parameters
    ----------
    samples : iterable of tuple
        Name, unit and draws of each output, all of one plan. Those of a comparison with and without pauses may lack draws.
    draws : int
        Number of all draws.
    quantiles, confidence
        See :func:`summarize`.
    """
    probabilities, rows, names, units = np.array(quantiles, dtype=np.float64), [], [], []
    errors_of = cache(lambda plan, replicates, count: errors_by_plan(plan, replicates, count, probabilities, confidence))
    for name, unit, sample in samples:
        row = _row(sample, probabilities, errors_of(sample.plan, sample.replicates, sample.draws))
        pairs = 0 if sample.missing == sample.draws else sample.draws
        if name in PAIRED and pairs < draws:
            row["note"] = _note_of_pairs(pairs, draws, row["note"])
        rows.append(row)
        names.append(name)
        units.append(unit)
    return _as_summary(rows, names, units, probabilities)


def _kept(results: xr.Dataset, outputs: Sequence[tuple[str, str, NDArray[Any]]]) -> Iterator[tuple[str, str, Sample]]:
    """Yield name, unit and draws of outputs whose draws are kept."""
    draws = results.sizes["draw"]
    plan, replicates = plan_of(results.attrs, draws)
    replicate = draw_numbers(results, draws) % replicates
    pairs = np.flatnonzero(results["paused_pair"].values != 0.0) if "paused_pair" in results else np.arange(draws)
    for name, unit, raw in outputs:
        values, own = np.asarray(raw, dtype=np.float64), replicate
        if name in PAIRED and 0 < pairs.size < draws:
            values, own = values[pairs], replicate[pairs]
        yield name, unit, kept_sample(values, plan, replicates, own)


def _counted(bands: xr.Dataset) -> Iterator[tuple[str, str, Sample]]:
    """Yield name, unit and draws of outputs whose draws were counted."""
    places = dict(zip(map(str, bands.output.values), map(int, bands.sketch_row.values), strict=True))
    return counted_samples(SketchRows.of_bands(bands), places)


def counted_samples(rows: SketchRows, places: Mapping[str, int]) -> Iterator[tuple[str, str, Sample]]:
    """Yield name, unit and draws of outputs by their rows in a sketch; a comparison with and without pauses is over its pairs."""
    for name, place in places.items():
        sample = rows.sample(place)
        if name in PAIRED and len(sample.ordered):
            sample = replace(sample, draws=len(sample.ordered))
        yield name, QUANTITIES[name.partition("[")[0]].unit, sample


def _note_of_pairs(pairs: int, draws: int, note: str) -> str:
    """Return the note of a comparison with and without pauses that some draws lack."""
    told = f"over the {pairs} of {draws} draws that were completed with and without pauses"
    return "; ".join(part for part in (told, note if pairs else "") if part)


def _as_summary(rows: Sequence[Mapping[str, Any]], names: Sequence[str], units: Sequence[str], probabilities: FloatArray) -> xr.Dataset:
    """Return rows of statistics, one for each output, as the Dataset that :func:`summarize` describes; attributes are left out."""
    return xr.Dataset(
        {
            name: (dims, np.array([row[name] for row in rows]), {"long_name": meaning} | ({"units": unit} if unit else {}))
            for name, (dims, meaning, unit) in _VARIABLES.items()
            if name in rows[0]
        },
        coords={
            "output": list(names),
            "quantile": ("quantile", probabilities, {"long_name": "probability below the percentile", "units": "1"}),
            "ci_bound": ["lower", "upper"],
            "unit": ("output", list(units), {"long_name": "unit of the output"}),
        },
    )


def bands_json(summary: xr.Dataset) -> dict[str, Any]:
    """Return a summary as plain numbers, strings and None, ready for ``json.dumps``.

    Parameters
    ----------
    summary : xarray.Dataset
        What :func:`summarize` returns.

    Returns
    -------
    dict
        ``scenario``, ``draws``, ``seed``, ``plan``, ``version``, ``confidence``, ``stopped`` and ``bands``, by output: ``unit``, ``mean``,
        ``sd``, ``quantiles``, ``mcse``, ``bin_error`` where draws were counted, ``ci``, ``ci_level``, ``refused`` (draws that the missing
        intervals need) and ``note``. NaN and infinities, which JSON does not have, are None; the note names the infinite ones.

    Raises
    ------
    InputError
        If the summary lacks one of these attributes.

    Examples
    --------
    >>> cost = xr.DataArray(np.arange(1.0, 101.0), dims="draw", attrs={"role": "output", "units": "USD"})
    >>> attrs = {"scenario": "demo", "seed": 0, "plan": "random", "version": "0.1.0"}
    >>> bands_json(summarize(xr.Dataset({"cost_total": cost}, attrs=attrs)))["bands"]["cost_total"]["quantiles"]["0.5"]
    50.5
    """
    kinds = {"scenario": str, "draws": int, "seed": int, "plan": str, "version": str, "confidence": float, "stopped": float}
    if missing := [name for name in kinds if name not in summary.attrs]:
        raise InputError(f"the summary lacks the attributes {', '.join(missing)}; bands_json reads what summarize returns")
    bands = {str(name): _band(summary.sel(output=name)) for name in summary.output.values}
    return {name: kind(summary.attrs[name]) for name, kind in kinds.items()} | {"bands": bands}


def _row(sample: Sample, probabilities: FloatArray, errors_of: ErrorsOf) -> dict[str, Any]:
    """Return the statistics of one output, named as in the summary."""
    moments, ordered, parts = sample.moments(), sample.ordered, sample.parts
    if sample.missing:  # one NaN draw makes every statistic NaN
        unknown = SortedDraws(np.broadcast_to(math.nan, sample.draws))
        ordered, parts = unknown, lambda: [(unknown, math.nan)] * sample.replicates
    value = percentiles(ordered, probabilities)
    with np.errstate(invalid="ignore"):  # inf − inf is an error that cannot be stated: NaN
        errors = errors_of(parts, ordered, value, moments.standard_error)
    of_bins = {"bin_error": np.where(np.isnan(value), np.nan, bin_errors(ordered, probabilities))} if sample.counted else {}
    return {
        "value": value,
        "mcse": errors.mcse,
        **of_bins,
        "ci": errors.ci,
        "ci_level": np.where(np.isnan(errors.ci).any(axis=1), np.nan, errors.ci_level),
        "draws_needed": np.where(np.isnan(value), 0, errors.draws_needed),
        "mean": moments.mean,
        "sd": moments.sd,
        "mcse_mean": math.nan if math.isnan(moments.standard_error) else errors.mcse_mean,
        "tail_index": moments.tail_index,
        "note": "; ".join(part for part in (moments.note, errors.reason) if part),
    }


def output_names(results: xr.Dataset) -> tuple[str, ...]:
    """Return the outputs of a result, draws or bands, as the bands name them."""
    if is_counted(results):
        return tuple(map(str, results.output.values))
    return tuple(name for name, _, _ in _outputs(results))


def _outputs(results: xr.Dataset) -> Iterator[tuple[str, str, NDArray[Any]]]:
    """Yield name, unit and draws of the outputs: first those by draw, then components as ``cost[electricity]``."""
    outputs = {str(name): array for name, array in results.data_vars.items() if array.attrs.get("role") == "output"}
    for name, array in outputs.items():
        if "scenario" in array.dims:
            held = ", ".join(map(str, results.scenario.values))
            raise InputError(f"these are draws of several scenarios ({held}). Choose one: results.sel(scenario=NAME)")
        if "draw" not in array.dims or array.ndim > 2:
            raise InputError(f"{name} has the dims {array.dims}; summarize reads (draw,) and (draw, component)")
        if array.ndim == 1:
            yield name, array.attrs.get("units", ""), array.values
    for name, array in outputs.items():
        if array.ndim == 2:
            (component,) = (dim for dim in array.dims if dim != "draw")
            for label, values in zip(array[component].values, array.transpose(component, "draw").values, strict=True):
                yield f"{name}[{label}]", array.attrs.get("units", ""), values


def _band(output: xr.Dataset) -> dict[str, Any]:
    keys = [repr(float(q)) for q in output["quantile"].values]
    by_quantile = {name: dict(zip(keys, output[name].values, strict=True)) for name in ("value", "mcse", "ci", "ci_level", "draws_needed")}
    value, ci = by_quantile["value"], by_quantile["ci"]
    infinite = [key for key in keys if np.isinf(value[key]) or np.isinf(ci[key]).any()]
    notes = [str(output["note"].item()), f"infinite, hence null: percentile or interval of {', '.join(infinite)}" if infinite else ""]
    return {
        "unit": str(output["unit"].item()),
        "mean": _number(output["mean"].item()),
        "sd": _number(output["sd"].item()),
        "quantiles": {key: _number(x) for key, x in value.items()},
        "mcse": {"mean": _number(output["mcse_mean"].item())} | {key: _number(x) for key, x in by_quantile["mcse"].items()},
        **({"bin_error": dict(zip(keys, map(_number, output["bin_error"].values), strict=True))} if "bin_error" in output else {}),
        "ci": {key: [float(x) for x in bounds] if np.isfinite(bounds).all() else None for key, bounds in ci.items()},
        "ci_level": {key: _number(x) for key, x in by_quantile["ci_level"].items()},
        "refused": {key: int(n) for key, n in by_quantile["draws_needed"].items() if n > 0},
        "note": "; ".join(note for note in notes if note),
    }


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
