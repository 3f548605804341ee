"""Budget risk: how likely limits are exceeded, by how much, and what contingency that asks for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from simulator.analysis.bands import summary_of
from simulator.analysis.chances import LIMITS
from simulator.analysis.counted.sketch_rows import is_counted
from simulator.analysis.estimates import UNKNOWN, Estimate
from simulator.analysis.notes import percentage, stopped_share
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.outcomes import exceeded, outcome_samples
from simulator.analysis.risk.contingency import MIDDLE, errors_over_median
from simulator.analysis.risk.exceedance import exceedance_curve
from simulator.analysis.risk.joint import all_held, frontier, what_counts_leave_open
from simulator.analysis.risk.shortfall import shortfalls
from simulator.analysis.samples import Sample
from simulator.errors import InputError
from simulator.quantities import QUANTITIES

LEVELS = (0.8, 0.9, 0.95)

_BY_BINS = "how far it may be wrong by the bins that draws were counted in, 0 where they are kept"
_VARIABLES = {  # name: (dims, long_name, units where they are the same for every limit)
    "limit_value": (("limit",), "limit, NaN where none is stated", None),
    "probability_exceeded": (("limit",), "probability of more than the limit", "1"),
    "mcse_exceeded": (("limit",), "its Monte Carlo standard error", "1"),
    "bin_error_exceeded": (("limit",), _BY_BINS, "1"),
    "p50": (("limit",), "P50", None),
    "p50_mcse": (("limit",), "its Monte Carlo standard error", None),
    "p50_bin_error": (("limit",), _BY_BINS, None),
    "point_estimate": (("limit",), "estimate with every input at its median", None),
    "point_estimate_mcse": (("limit",), "its Monte Carlo standard error", None),
    "value_at_risk": (("limit", "level"), "value at risk: the percentile at the level", None),
    "value_at_risk_mcse": (("limit", "level"), "its Monte Carlo standard error", None),
    "value_at_risk_bin_error": (("limit", "level"), _BY_BINS, None),
    "value_at_risk_ci": (("limit", "level", "ci_bound"), "its confidence interval, from order statistics", None),
    "value_at_risk_ci_level": (("limit", "level"), "achieved level of that interval", "1"),
    "cvar": (("limit", "level"), "conditional value at risk: the mean of the worst 1 - level of the draws", None),
    "cvar_mcse": (("limit", "level"), "its Monte Carlo standard error", None),
    "cvar_bin_error": (("limit", "level"), _BY_BINS, None),
    "cvar_ci": (("limit", "level", "ci_bound"), "its confidence interval", None),
    "contingency": (("limit", "level"), "contingency over P50: percentile at the level less P50", None),
    "contingency_mcse": (("limit", "level"), "its Monte Carlo standard error", None),
    "contingency_over_point": (("limit", "level"), "percentile at the level less the point estimate", None),
    "contingency_over_point_mcse": (("limit", "level"), "its Monte Carlo standard error", None),
    "curve_value": (("limit", "point"), "value of the exceedance curve, even between P0.1 and P99.9", None),
    "curve_exceeded": (("limit", "point"), "probability of more than that value", "1"),
    "curve_bin_error": (("limit", "point"), _BY_BINS, "1"),
    "curve_ci": (("limit", "point", "ci_bound"), "its pointwise confidence interval", "1"),
    "note": (("limit",), "why a statistic is missing, or what it is of", None),
}


def budget_risk(
    results: xr.Dataset,
    limits: Mapping[str, float] | None = None,
    *,
    levels: Sequence[float] = LEVELS,
    confidence: float = 0.95,
    joint_confidence: float = 0.7,
    point: Mapping[str, Estimate] | None = None,
) -> xr.Dataset:
    r"""Return the risk to exceed a budget, a deadline and a carbon cap, every number with its Monte Carlo error.

    Runs that were stopped at max_wall_clock exceed every deadline, and their release is never: percentiles of the time count it as
    infinite, and its CVaR is refused. Their cost and emissions count as they stood, and the note says so.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them; or bands, as :func:`simulator.simulate_bands` does, whose percentiles, CVaR,
        contingencies and curves come from their counts. How likely the scenario's own limits are exceeded, and hold together, was counted;
        whether others hold together is not known, nor which budgets hold together with a date.
    limits : mapping of str to float, optional
        ``budget`` [USD], ``deadline`` [h from now to the release], ``carbon_cap`` [kgCO2e], or some of them; the scenario's own where left
        out.
    levels : sequence of float
        Of value at risk, CVaR and contingency, each in (0, 1).
    confidence : float
        Of the intervals, in (0, 1).
    joint_confidence : float
        Of the frontier of budgets and dates, in (0, 1).
    point : mapping of str to Estimate, optional
        What :func:`simulator.analysis.risk.point_estimate.point_estimate` returns; without it there is no contingency over it.

    Returns
    -------
    xarray.Dataset
        By ``limit`` (all three; the unit is in the coordinate ``unit``), ``level`` and ``ci_bound``: limit, probability exceeded, P50,
        point estimate, ``value_at_risk`` with its exact interval, ``cvar`` with its interval, contingency, the exceedance curve (see
        :mod:`simulator.analysis.risk.exceedance`), and what :func:`simulator.analysis.risk.joint.frontier` tells. ``probability_met`` and
        ``mcse_met``: that all limits stated hold in one draw. What the draws do not support is NaN, the ``note`` says why; the attribute
        ``joint_note`` why limits together are not known. ``bin_error_exceeded``, ``p50_bin_error``, ``value_at_risk_bin_error``,
        ``cvar_bin_error`` and ``curve_bin_error``: how far each may be wrong by the bins that draws were counted in, 0 where they are
        kept; a contingency as far as both of its percentiles.

    Raises
    ------
    InputError
        For bands without counts in place of draws, no limit, a limit that is not one of the three or not positive, or a level outside
        (0, 1).

    Notes
    -----
    The error of a contingency: :func:`simulator.analysis.risk.contingency.errors_over_median`.

    Examples
    --------
    >>> draws = {name: ("draw", np.arange(1.0, 1001.0)) for name in LIMITS.values()}
    >>> risk = budget_risk(xr.Dataset(draws, attrs={"plan": "random"}), {"budget": 800.0}).sel(limit="budget")
    >>> risk.probability_exceeded.item(), risk.cvar.sel(level=0.95).item(), round(risk.contingency.sel(level=0.8).item(), 6)
    (0.2, 975.5, 299.7)
    """
    stated = json.loads(results.attrs.get("limits", "{}")) if limits is None else dict(limits)
    _check(results, stated, levels, confidence)
    samples = outcome_samples(results)
    units = {name: QUANTITIES[output].unit for name, output in LIMITS.items()}
    outcomes = [(name, units[name], sample) for name, sample in samples.items()]
    bands = summary_of(outcomes, samples["budget"].draws, [MIDDLE, *levels], confidence)
    rows = []
    for name, sample in samples.items():
        limit, own = stated.get(name, math.nan), bands.sel(output=name)
        known = (point or {}).get(name, UNKNOWN)
        rows.append(_row(results, name, sample, limit, own, known, levels, confidence))
    met = all_held(results, stated)
    deadlines = [stated["deadline"]] if "deadline" in stated else []
    found = xr.Dataset(
        {
            name: (dims, np.array([row[name] for row in rows]), {"long_name": meaning} | ({"units": unit} if unit else {}))
            for name, (dims, meaning, unit) in _VARIABLES.items()
        },
        {
            "limit": np.array(list(LIMITS), dtype=object),
            "unit": ("limit", np.array(list(units.values()), dtype=object), {"long_name": "unit of the limit"}),
            "level": ("level", np.array(levels, dtype=np.float64), {"long_name": "probability below the percentile", "units": "1"}),
            "ci_bound": np.array(["lower", "upper"], dtype=object),
        },
        results.attrs
        | {"confidence": confidence, "joint_confidence": joint_confidence, "joint_note": what_counts_leave_open(results, stated)},
    )
    found["probability_met"] = ((), met.value, {"long_name": f"probability that {' and '.join(stated)} hold in one draw", "units": "1"})
    found["mcse_met"] = ((), met.mcse, {"long_name": "its Monte Carlo standard error", "units": "1"})
    return found.merge(frontier(results, deadlines=deadlines, confidence=joint_confidence), combine_attrs="override")


def _check(results: xr.Dataset, limits: Mapping[str, float], levels: Sequence[float], confidence: float) -> None:
    """Refuse what cannot be read."""
    if not is_counted(results) and "draw" not in results.dims:
        raise InputError("these results hold bands without counts, and risk reads draws or counts of them; run again")
    if missing := [name for name in LIMITS.values() if name not in results and not is_counted(results)]:
        raise InputError(f"these results have no {', '.join(missing)}; risk reads what simulate returns")
    if not limits:
        raise InputError("no limit is stated. State --budget, --deadline or --carbon, or limits: {budget: ...} in the scenario")
    for name, limit in limits.items():
        if name not in LIMITS:
            raise InputError(f"{name} is not a limit; limits are {', '.join(LIMITS)}")
        if not 0 < limit < math.inf:
            raise InputError(f"{name} = {limit} is not admissible; a limit is a positive number")
    if not levels or len(set(levels)) < len(levels):
        raise InputError(f"levels = {', '.join(map(str, levels)) or 'none'} is not admissible; state one or more, each once")
    for level in levels:
        require_open_unit("level", level)
    require_open_unit("confidence", confidence)


def _row(
    results: xr.Dataset,
    name: str,
    sample: Sample,
    limit: float,
    bands: xr.Dataset,
    point: Estimate,
    levels: Sequence[float],
    confidence: float,
) -> dict[str, Any]:
    """Return the statistics of one limit's outcome, named as in the Dataset."""
    (chance_of, chance_error), worst = exceeded(results, sample, name, limit), shortfalls(sample, levels, confidence=confidence)
    supported = bands.draws_needed.values == 0
    value, mcse = (np.where(supported, bands[key].values, np.nan) for key in ("value", "mcse"))
    mcse = np.where(np.isfinite(value), mcse, np.nan)
    bin_error = bands.bin_error.values if sample.counted else np.zeros(value.size)
    reserve = errors_over_median(sample, value, mcse, levels)
    curve = exceedance_curve(sample, confidence=confidence)
    return {
        "limit_value": limit,
        "probability_exceeded": chance_of.value,
        "mcse_exceeded": chance_of.mcse,
        "bin_error_exceeded": chance_error,
        "p50": value[0],
        "p50_mcse": mcse[0],
        "p50_bin_error": bin_error[0],
        "point_estimate": point.value,
        "point_estimate_mcse": point.mcse,
        "value_at_risk": value[1:],
        "value_at_risk_mcse": mcse[1:],
        "value_at_risk_bin_error": bin_error[1:],
        "value_at_risk_ci": bands.ci.values[1:],
        "value_at_risk_ci_level": bands.ci_level.values[1:],
        "cvar": [w.value for w in worst],
        "cvar_mcse": [w.mcse for w in worst],
        "cvar_bin_error": [w.bin_error for w in worst],
        "cvar_ci": [(w.low, w.high) for w in worst],
        "contingency": value[1:] - value[0] if math.isfinite(value[0]) else np.full(len(levels), np.nan),
        "contingency_mcse": reserve,
        "contingency_over_point": value[1:] - point.value if math.isfinite(point.value) else np.full(len(levels), np.nan),
        "contingency_over_point_mcse": np.hypot(mcse[1:], point.mcse),
        "curve_value": curve.values,
        "curve_exceeded": curve.beyond,
        "curve_bin_error": curve.bin_error,
        "curve_ci": curve.interval,
        "note": "; ".join(dict.fromkeys(_notes(results, name, sample, bands, [w.note for w in worst]))),
    }


def _notes(results: xr.Dataset, name: str, sample: Sample, bands: xr.Dataset, of_cvar: Sequence[str]) -> Iterator[str]:
    """Tell why statistics are missing, and what stopped runs make of them."""
    stopped = stopped_share(results)
    if sample.missing:
        yield f"{sample.missing} of {sample.draws} draws are NaN: nothing is known"
        return
    if stopped and name == "deadline":
        yield f"{percentage(stopped)} of the runs were stopped at max_wall_clock: their release counts as never, so there is no CVaR"
        of_cvar = ()
    elif stopped:
        yield f"{percentage(stopped)} of the runs were stopped at max_wall_clock and count as they stood: to finish them takes more"
    reasons = str(bands.note.item()).split("; ")
    yield from (reason for reason in reasons if reason and not reason.startswith("no "))  # those of means are not of percentiles
    yield from filter(None, of_cvar)


def risk_json(risk: xr.Dataset) -> dict[str, Any]:
    """Return what :func:`budget_risk` does as plain data for ``json.dumps``; NaN and infinities, which JSON does not have, are None.

    ``budget``, ``deadline`` and ``carbon`` hold the same keys; a limit that is not stated is None, and its other numbers stay. By level:
    ``value_at_risk``, ``cvar``, ``contingency``, ``contingency_over_point``, each with its ``_mcse``; where draws were counted, with
    ``bin_error`` too: of a probability, and ``_bin_error`` of P50, value at risk and CVaR.
    """
    counted = bool(risk.attrs.get("value_error"))
    limits = {str(name).removesuffix("_cap"): _limit_json(risk.sel(limit=name), counted=counted) for name in risk.limit.values}
    met = {"probability_met": _plain(risk.probability_met.item()), "mcse": _plain(risk.mcse_met.item())}
    if note := risk.attrs["joint_note"]:
        met["note"] = note
    stated = [str(name).removesuffix("_cap") for name, limit in zip(risk.limit.values, risk.limit_value.values, strict=True) if limit > 0]
    rows = zip(risk.release.values, *(risk[name].values for name in _FRONTIER.values()), strict=True)
    front = [{"release": _plain(release)} | dict(zip(_FRONTIER, map(_plain, row), strict=True)) for release, *row in rows]
    kinds = {"scenario": str, "draws": int, "seed": int, "plan": str, "confidence": float, "now": str}
    about = {name: kind(risk.attrs[name]) for name, kind in kinds.items() if name in risk.attrs}
    told = {"confidence": float(risk.attrs["joint_confidence"]), "unit": {"release": "h", "budget": "USD"}, "pairs": front}
    return {**about, **limits, "joint": {**met, "limits": stated}, "frontier": told, "point_estimate": risk.attrs.get("point_estimate", "")}


_FRONTIER = {
    "budget": "frontier_budget", "budget_mcse": "frontier_budget_mcse", "probability_met": "frontier_probability", "mcse": "frontier_mcse"
}  # fmt: skip
_BY_LEVEL = (
    "value_at_risk", "value_at_risk_mcse", "value_at_risk_ci_level", "cvar", "cvar_mcse", "contingency", "contingency_mcse",
    "contingency_over_point", "contingency_over_point_mcse",
)  # fmt: skip


_OF_BINS = {"bin_error": "bin_error_exceeded", "p50_bin_error": "p50_bin_error"}
_OF_BINS_BY_LEVEL = ("value_at_risk_bin_error", "cvar_bin_error")


def _limit_json(one: xr.Dataset, *, counted: bool) -> dict[str, Any]:
    keys = [repr(float(level)) for level in one.level.values]
    of_bins = {key: _plain(one[name].item()) for key, name in _OF_BINS.items()} if counted else {}
    by_level = (*_BY_LEVEL, *(_OF_BINS_BY_LEVEL if counted else ()))
    intervals = {
        name: {key: None if None in (ends := [_plain(x) for x in pair]) else ends for key, pair in zip(keys, one[name].values, strict=True)}
        for name in ("value_at_risk_ci", "cvar_ci")
    }
    return {
        "limit": _plain(one.limit_value.item()),
        "unit": str(one.unit.item()),
        "probability_exceeded": _plain(one.probability_exceeded.item()),
        "mcse": _plain(one.mcse_exceeded.item()),
        **{name: _plain(one[name].item()) for name in ("p50", "p50_mcse", "point_estimate", "point_estimate_mcse")},
        **{name: {key: _plain(x) for key, x in zip(keys, one[name].values, strict=True)} for name in by_level},
        **intervals,
        **of_bins,
        "note": str(one.note.item()),
    }


def _plain(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
