"""Percentile bands of every output, each with its Monte Carlo error or the reason why it has none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from simulator.analysis.estimates import draw_numbers, require_equal_weights
from simulator.analysis.notes import stopped_share
from simulator.analysis.order_statistics import draws_needed, interval_ranks, require_open_unit
from simulator.analysis.tails import Moments, Ordered, moments_reported
from simulator.errors import InputError

FloatArray = NDArray[np.float64]

#: what compares a draw with itself without pauses, of draws that were completed both ways
PAIRED = ("paused_delay", "paused_saving_cost", "paused_saving_emissions")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95)
ONE_SCRAMBLING = "one Sobol' scrambling has no Monte Carlo error: use replicates"

_ONE_SD = 0.6827  # P(|z| < 1): an interval of this level is two standard errors wide where the normal limit holds
_FEWEST_BEYOND = 5  # draws of a replicate beyond a percentile: the usual count from which a binomial is nearly normal

_VARIABLES = {  # name: (dims, long_name, units where they are the same for every output)
    "value": (("output", "quantile"), "percentile of the output", None),
    "mcse": (("output", "quantile"), "Monte Carlo standard error of the percentile", None),
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
        "output" are read. Dataset attributes ``plan`` ("random" or "sobol") and ``replicates`` (of "sobol").
    quantiles : sequence of float
        Percentiles as fractions, each in (0, 1).
    confidence : float
        Level of the intervals, in (0, 1).

    Returns
    -------
    xarray.Dataset
        ``value``, ``mcse``, ``ci``, ``ci_level``, ``draws_needed`` by (output, quantile), ``mean``, ``sd``,
        ``mcse_mean``, ``tail_index``, ``note`` by output, in the output's ``unit``. What cannot be stated is NaN.
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
    for probability in quantiles:
        require_open_unit("quantile", probability)
    require_open_unit("confidence", confidence)
    require_equal_weights(results)
    outputs = list(_outputs(results))
    if not outputs:
        raise InputError('these results have no variable of role "output"; summarize reads what simulate returns')
    draws = results.sizes["draw"]
    probabilities = np.array(quantiles, dtype=np.float64)
    plan = _plan_of(results)
    whole, numbers = np.arange(draws), draw_numbers(results, draws)
    errors_of = errors_by_plan(*plan, draws, probabilities, confidence)
    pairs = np.flatnonzero(results["paused_pair"].values != 0.0) if "paused_pair" in results else whole
    errors_of_pairs = errors_by_plan(*plan, pairs.size, probabilities, confidence) if 0 < pairs.size < draws else errors_of
    rows = []
    for name, _, raw in outputs:
        values = np.asarray(raw, dtype=np.float64)
        if name in PAIRED and 0 < pairs.size < draws:
            row = _row(values[pairs], numbers[pairs] % plan[1], probabilities, errors_of_pairs)
        else:
            row = _row(values, numbers % plan[1], probabilities, errors_of)
        if name in PAIRED and pairs.size < draws:
            row["note"] = note_of_pairs(pairs.size, draws, row["note"])
        rows.append(row)
    summary = as_summary(rows, [name for name, _, _ in outputs], [unit for _, unit, _ in outputs], probabilities)
    return summary.assign_attrs(results.attrs, draws=draws, confidence=confidence, stopped=stopped_share(results))


def note_of_pairs(pairs: int, draws: int, note: str) -> str:
    """Return the note of a comparison with and without pauses that some draws lack."""
    told = f"over the {pairs} of {draws} draws that were completed with and without pauses"
    return "; ".join(part for part in (told, note if pairs else "") if part)


def as_summary(rows: Sequence[Mapping[str, Any]], names: Sequence[str], units: Sequence[str], probabilities: FloatArray) -> xr.Dataset:
    """Return rows of statistics, one for each output, as the Dataset that :func:`summarize` describes; attributes are left out."""
    return xr.Dataset(
        {
            name: (dims, np.array([row[name] for row in rows]), {"long_name": meaning} | ({"units": unit} if unit else {}))
            for name, (dims, meaning, unit) in _VARIABLES.items()
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
        ``sd``, ``quantiles``, ``mcse``, ``ci``, ``ci_level``, ``refused`` (draws that the missing intervals need) and
        ``note``. NaN and infinities, which JSON does not have, are None; the note names the infinite ones.

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


@dataclass(frozen=True)
class _Errors:
    """Monte Carlo errors of one output; NaN, and the reason in words, where there are none."""

    mcse: FloatArray
    ci: FloatArray
    ci_level: FloatArray
    draws_needed: NDArray[np.int64]
    mcse_mean: float
    reason: str


#: draws of each replicate that has some, ascending, and their mean
Parts = Callable[[], list[tuple[Ordered, float]]]
# (replicates, ascending draws, percentiles, standard error of the mean of independent draws) -> errors
ErrorsOf = Callable[[Parts, Ordered, FloatArray, float], _Errors]


def _row(draws: FloatArray, replicate: NDArray[np.int64], probabilities: FloatArray, errors_of: ErrorsOf) -> dict[str, Any]:
    """Return the statistics of one output, named as in the summary."""
    ordered = np.sort(draws)
    moments = moments_reported(ordered, is_sorted=True)
    if np.isnan(ordered[-1]):  # one NaN draw makes every statistic NaN
        draws = ordered = np.full_like(ordered, np.nan)

    def parts() -> list[tuple[Ordered, float]]:
        members = np.split(np.argsort(replicate, kind="stable"), np.cumsum(np.bincount(replicate))[:-1])
        return [(np.sort(draws[own]), float(draws[own].mean())) for own in members if own.size]

    return statistics(ordered, parts, moments, probabilities, errors_of)


def statistics(ordered: Ordered, parts: Parts, moments: Moments, probabilities: FloatArray, errors_of: ErrorsOf) -> dict[str, Any]:
    """Return the statistics of one output, named as in the summary, from its draws in order."""
    value = _percentiles(ordered, probabilities)
    with np.errstate(invalid="ignore"):  # inf − inf is an error that cannot be stated: NaN
        errors = errors_of(parts, ordered, value, moments.standard_error)
    return {
        "value": value,
        "mcse": errors.mcse,
        "ci": errors.ci,
        "ci_level": np.where(np.isnan(errors.ci).any(axis=1), np.nan, errors.ci_level),
        "draws_needed": np.where(np.isnan(value), 0, errors.draws_needed),
        "mean": moments.mean,
        "sd": moments.sd,
        "mcse_mean": math.nan if math.isnan(moments.standard_error) else errors.mcse_mean,
        "tail_index": moments.tail_index,
        "note": "; ".join(part for part in (moments.note, errors.reason) if part),
    }


def _plan_of(results: xr.Dataset) -> tuple[str, int]:
    """Return the plan of results and its replicates, 1 for random draws."""
    plan, draws = str(results.attrs.get("plan")), results.sizes["draw"]
    replicates = int(results.attrs.get("replicates", 1)) if plan == "sobol" else 1
    if not 1 <= replicates <= draws:
        raise InputError(f"replicates = {replicates} is not admissible; it must lie between 1 and the {draws} draws")
    return plan, replicates


def errors_by_plan(plan: str, replicates: int, draws: int, probabilities: FloatArray, confidence: float) -> ErrorsOf:
    """Return the errors of statistics of so many draws of a plan.

    Raises
    ------
    InputError
        Unknown plan.
    """
    match plan:
        case "random":
            return _errors_of_random(draws, probabilities, confidence)
        case "sobol":
            return _errors_of_sobol(draws, replicates, probabilities, confidence)
        case _:
            raise InputError(f'plan = {plan!r} has no known Monte Carlo error; it must be "random" or "sobol"')


def _errors_of_random(draws: int, probabilities: FloatArray, confidence: float) -> ErrorsOf:
    positions, level = _positions(draws, probabilities, confidence)
    needed = np.array([draws_needed(p, confidence=confidence) for p in probabilities])
    needed[~np.isnan(level)] = 0
    sd_positions, sd_level = _positions(draws, probabilities, _ONE_SD)
    sds_between = np.where(np.isnan(level), np.nan, 2 * ndtri((1 + sd_level) / 2))

    def errors_of(_parts: Parts, ordered: Ordered, _value: FloatArray, standard_error: float) -> _Errors:
        return _Errors(
            mcse=np.diff(ordered[sd_positions], axis=1)[:, 0] / sds_between,
            ci=np.where(np.isnan(level)[:, None], np.nan, ordered[positions]),
            ci_level=level,
            draws_needed=needed,
            mcse_mean=standard_error,
            reason=_too_few(probabilities, needed),
        )

    return errors_of


def _positions(draws: int, probabilities: FloatArray, confidence: float) -> tuple[NDArray[np.int64], FloatArray]:
    """Return for every percentile the 0-based positions of its interval, and its level; 0 and NaN where refused."""
    intervals = [interval_ranks(draws, p, confidence=confidence) for p in probabilities]
    positions = [(i.lower - 1, i.upper - 1) if i else (0, 0) for i in intervals]
    return np.array(positions, dtype=np.int64), np.array([i.level if i else np.nan for i in intervals])


def _errors_of_sobol(draws: int, replicates: int, probabilities: FloatArray, confidence: float) -> ErrorsOf:
    # by decimal fractions, since in binary 5/(1 − 0.9) exceeds 50
    rarer = [min(p, 1 - p) for p in (Fraction(repr(float(p))) for p in probabilities)]
    needed = np.array([replicates * math.ceil(_FEWEST_BEYOND / p) for p in rarer])
    needed[(draws >= needed) | (replicates == 1)] = 0  # no number of draws gives one scrambling an error
    reason = ONE_SCRAMBLING if replicates == 1 else _too_few(probabilities, needed)
    half_width = stdtrit(replicates - 1, (1 + confidence) / 2) if replicates > 1 else np.nan

    def errors_of(parts: Parts, _ordered: Ordered, value: FloatArray, _standard_error: float) -> _Errors:
        own = parts()
        supported = (needed == 0) & (replicates > 1) & (len(own) == replicates)
        error = _error_of_mean(np.array([_percentiles(part, probabilities) for part, _ in own]))
        mcse = np.where(supported, error, np.nan)
        return _Errors(
            mcse=mcse,
            ci=value[:, None] + half_width * mcse[:, None] * np.array([-1, 1]),
            ci_level=np.full(len(probabilities), confidence),
            draws_needed=needed,
            mcse_mean=float(_error_of_mean(np.array([mean for _, mean in own]))),
            reason=reason,
        )

    return errors_of


def _error_of_mean(by_replicate: FloatArray) -> FloatArray:
    """Return sd/√m over the replicates (first axis), NaN for a single one."""
    m = len(by_replicate)
    deviations = by_replicate - by_replicate.mean(axis=0)
    squares: FloatArray = (deviations**2).sum(axis=0)
    return np.sqrt(squares / (m * (m - 1))) if m > 1 else np.full_like(squares, np.nan)


def _too_few(probabilities: FloatArray, needed: NDArray[np.int64]) -> str:
    refused = ", ".join(repr(float(p)) for p in probabilities[needed > 0])
    return f"too few draws for the error of percentile {refused}" if refused else ""


def _percentiles(ordered: Ordered, probabilities: FloatArray) -> FloatArray:
    """Return what ``np.quantile`` does, bit by bit, but the nearer draw where infinite neighbours make it NaN."""
    place = (len(ordered) - 1) * probabilities
    position = np.floor(place).astype(np.int64)
    weight = place - position
    below, above = ordered[position], ordered[np.minimum(position + 1, len(ordered) - 1)]
    with np.errstate(invalid="ignore"):
        step = above - below
        between = np.where(weight < 0.5, below + step * weight, above - step * (1 - weight))
    return np.asarray(np.where(np.isnan(between), np.where(weight < 0.5, below, above), between))


def output_names(results: xr.Dataset) -> tuple[str, ...]:
    """Return the outputs of a result as the bands name them."""
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
        "ci": {key: [float(x) for x in bounds] if np.isfinite(bounds).all() else None for key, bounds in ci.items()},
        "ci_level": {key: _number(x) for key, x in by_quantile["ci_level"].items()},
        "refused": {key: int(n) for key, n in by_quantile["draws_needed"].items() if n > 0},
        "note": "; ".join(note for note in notes if note),
    }


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
