"""What a search found, as a Dataset and as plain data: every candidate, and the range of what is as good along each axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from simulator.analysis.axes import Axis
from simulator.analysis.search.constraints import Constraint
from simulator.analysis.search.grids import Candidate
from simulator.analysis.search.selection import Judgement, Measured, standard_error
from simulator.analysis.statistic import Statistic
from simulator.quantities import QUANTITIES


def label_search(
    axes: Sequence[Axis],
    objective: Statistic,
    constraints: Sequence[Constraint],
    explored: Mapping[Candidate, Measured],
    judged: Mapping[Candidate, Measured],
    anew: Mapping[Candidate, Measured],
    stopped: Mapping[Candidate, float],
    judgement: Judgement,
) -> xr.Dataset:
    """Return what a search found.

    Parameters
    ----------
    axes, objective, constraints
        What was asked.
    explored, judged, anew : mapping of Candidate to Measured
        On the draws that search, that judge, and that evaluate what was chosen anew; ``judged`` in the order of ``explored``.
    stopped : mapping of Candidate to float
        Share of runs that were stopped.
    judgement : Judgement
        Of those judged that are comparable, in their order.

    Returns
    -------
    xarray.Dataset
        By (candidate, axis) ``setting`` and ``number``. By candidate ``objective``, ``difference`` to the best, their standard errors,
        ``as_good``, ``judged`` (else figures are those of the search, where the candidate was clearly worse), ``standing`` in words,
        ``stopped``, ``anew`` with its error (NaN but for the best and the safest). By (candidate, constraint) ``limited``, ``holds`` and
        ``limited_anew``, with errors; by constraint ``limit``. By axis ``lowest`` and ``highest`` of what is as good, what was tried next
        to them (``below``, ``above``), and whether the axis ``matters``. Scalars ``best``, ``safest`` (-1 where none surely keeps all
        limits) and ``feasible``.
    """
    candidates = list(explored)
    compared = [candidate for candidate, own in judged.items() if own.comparable]
    best = compared[judgement.best]
    figures = {candidate: judged.get(candidate, explored[candidate]) for candidate in candidates}
    whole, errors = np.array([own.whole for own in figures.values()]), np.array([standard_error(own.parts) for own in figures.values()])
    gaps = [_difference(candidate, best, judged if candidate in judged else explored) for candidate in candidates]
    place = {candidate: index for index, candidate in enumerate(compared)}
    holds = np.array([judgement.holds[place[c]] if c in place else [math.nan] * len(constraints) for c in candidates])
    again = np.array([anew[c].whole if c in anew else np.full(1 + len(constraints), math.nan) for c in candidates])
    again_errors = np.array([standard_error(anew[c].parts) if c in anew else np.full(1 + len(constraints), math.nan) for c in candidates])
    as_good = np.array([c in place and bool(judgement.as_good[place[c]]) for c in candidates])
    unit = QUANTITIES[objective.output.partition("[")[0]].unit
    by, limited = "candidate", ("candidate", "constraint")
    shape = (len(candidates), len(constraints))
    variables: dict[str, tuple[Any, Any, str, str]] = {
        "number": ((by, "axis"), [[a.numbers[i] for a, i in zip(axes, c, strict=True)] for c in candidates], "setting as a number", ""),
        "objective": (by, whole[:, 0], f"{objective}", unit),
        "objective_mcse": (by, errors[:, 0], "Monte Carlo standard error of the objective", unit),
        "difference": (by, [gap for gap, _ in gaps], "objective minus that of the best on the same draws, mean over their parts", unit),
        "difference_mcse": (by, [error for _, error in gaps], "Monte Carlo standard error of the difference", unit),
        "anew": (by, again[:, 0], "objective on draws that chose nothing", unit),
        "anew_mcse": (by, again_errors[:, 0], "its Monte Carlo standard error", unit),
        "as_good": (by, as_good, "whether the candidate may be the best, or differs by less than matters", "1"),
        "judged": (by, [c in judged for c in candidates], "whether figures are of the draws that judge, not of those that search", "1"),
        "stopped": (by, [stopped[c] for c in candidates], "share of runs that were stopped, and count as infinite", "1"),
        "limited": (limited, whole[:, 1:].reshape(shape), "statistic that is limited", ""),
        "limited_mcse": (limited, errors[:, 1:].reshape(shape), "its Monte Carlo standard error", ""),
        "holds": (limited, holds.reshape(shape), "probability that the statistic lies below its limit", "1"),
        "limited_anew": (limited, again[:, 1:].reshape(shape), "statistic that is limited, on draws that chose nothing", ""),
        "limited_anew_mcse": (limited, again_errors[:, 1:].reshape(shape), "its Monte Carlo standard error", ""),
        "limit": ("constraint", [constraint.limit for constraint in constraints], "limit", ""),
        "best": ((), candidates.index(best), "place of the best candidate", "1"),
        "safest": (
            (),
            -1 if judgement.safest is None else candidates.index(compared[judgement.safest]),
            "place of the best candidate that surely keeps all limits",
            "1",
        ),
        "feasible": ((), judgement.feasible, "whether the estimates of the best keep all limits", "1"),
        "matters": ("axis", [_matters(axes, i, explored) for i in range(len(axes))], "whether the axis changes anything", "1"),
    }
    texts: dict[str, tuple[Any, Any, str]] = {
        "setting": ((by, "axis"), [[a.settings[i] for a, i in zip(axes, c, strict=True)] for c in candidates], "what is set"),
        "standing": (
            by,
            [_standing(c, best, judged, figures, judgement, place, constraints) for c in candidates],
            "what the draws say of the candidate",
        ),
    }
    good = [c for c, is_good in zip(candidates, as_good, strict=True) if is_good] or [best]
    for name, meaning in _ENDS.items():
        texts[name] = ("axis", [_ends(axis, i, good, candidates)[name] for i, axis in enumerate(axes)], meaning)
    return xr.Dataset(
        {
            name: (dims, np.asarray(data), {"long_name": told} | ({"units": u} if u else {}))
            for name, (dims, data, told, u) in variables.items()
        }
        | {name: (dims, np.array(data, dtype=object), {"long_name": told}) for name, (dims, data, told) in texts.items()},
        coords={
            "axis": [axis.name for axis in axes],
            "axis_unit": ("axis", [axis.unit for axis in axes], {"long_name": "unit of the axis's numbers"}),
            "axis_spacing": ("axis", [axis.spacing for axis in axes], {"long_name": "how settings lie"}),
            "ordered": ("axis", [axis.ordered for axis in axes], {"long_name": "whether settings lie one behind the other"}),
            "constraint": np.array([constraint.text for constraint in constraints], dtype=object),
            "limit_unit": (
                "constraint",
                np.array([QUANTITIES[constraint.statistic.output.partition("[")[0]].unit for constraint in constraints], dtype=object),
                {"long_name": "unit of the limit"},
            ),
        },
        attrs={"objective": str(objective), "output": objective.output},
    )


_ENDS = {
    "lowest": "lowest setting that is as good",
    "highest": "highest setting that is as good",
    "below": "nearest setting tried below, which is worse; '' where the range ends",
    "above": "nearest setting tried above, which is worse; '' where the range ends",
}


def _ends(axis: Axis, i: int, good: Sequence[Candidate], tried: Sequence[Candidate]) -> dict[str, str]:
    """Return where what is as good ends along an axis; nothing for choices without order."""
    if not axis.ordered:
        return dict.fromkeys(_ENDS, "")
    low, high = min(c[i] for c in good), max(c[i] for c in good)
    below, above = max((c[i] for c in tried if c[i] < low), default=None), min((c[i] for c in tried if c[i] > high), default=None)
    places = {"lowest": low, "highest": high, "below": below, "above": above}
    return {name: "" if at is None else axis.settings[at] for name, at in places.items()}


def _difference(candidate: Candidate, best: Candidate, measured: Mapping[Candidate, Measured]) -> tuple[float, float]:
    """Return the objective minus that of the best, and its standard error; NaN where one is not finite."""
    own, least = measured[candidate], measured[best]
    if not (own.comparable and least.comparable):
        return math.nan, math.nan
    gap = own.parts[0] - least.parts[0]
    return float(gap.mean()), float(standard_error(gap))


def _matters(axes: Sequence[Axis], i: int, explored: Mapping[Candidate, Measured]) -> bool:
    """Return whether candidates that differ along one axis alone, on the same draws, ever differ in a figure."""
    groups: dict[Candidate, list[Measured]] = {}
    for candidate, own in explored.items():
        groups.setdefault((*candidate[:i], *candidate[i + 1 :]), []).append(own)
    return len(axes[i].settings) == 1 or any(
        not np.array_equal(own.parts, others[0].parts, equal_nan=True) for others in groups.values() for own in others[1:]
    )


def _standing(
    candidate: Candidate,
    best: Candidate,
    judged: Mapping[Candidate, Measured],
    figures: Mapping[Candidate, Measured],
    judgement: Judgement,
    place: Mapping[Candidate, int],
    constraints: Sequence[Constraint],
) -> str:
    """Return what the draws say of a candidate."""
    if not figures[candidate].comparable:
        return "not compared: not a finite number"
    if candidate == best:
        return "best" if judgement.feasible else "nearest miss"
    if candidate not in judged:
        missed = any(value >= one.limit for value, one in zip(figures[candidate].whole[1:], constraints, strict=True))
        return "far over a limit" if missed else "clearly worse"
    at = place[candidate]
    if not judgement.possibly[at]:
        return "over a limit"
    if judgement.as_good[at]:
        return "as good" if judgement.surely[at] else "limit unsure"
    return "worse"


def search_json(found: xr.Dataset) -> dict[str, Any]:
    """Return what a search found as plain data for ``json.dumps``; what is not a finite number is None."""
    axes, limits = [str(name) for name in found.axis.values], [str(text) for text in found.constraint.values]
    a, plain = found.attrs, {name: found[name].values.tolist() for name in found.data_vars}

    def one(i: int) -> dict[str, Any]:
        numbers = ("objective", "objective_mcse", "difference", "difference_mcse", "anew", "anew_mcse", "stopped")
        told: dict[str, Any] = {"settings": dict(zip(axes, plain["setting"][i], strict=True))}
        told |= {name: _finite(plain[name][i]) for name in numbers}
        told |= {name: plain[name][i] for name in ("as_good", "judged", "standing")}
        columns = {"value": "limited", "mcse": "limited_mcse", "probability_holds": "holds", "anew": "limited_anew"}
        told["constraints"] = {text: {key: _finite(plain[name][i][k]) for key, name in columns.items()} for k, text in enumerate(limits)}
        return told

    best, safest = int(plain["best"]), int(plain["safest"])
    return {
        **{name: a[name] for name in ("scenario", "objective", "draws", "seed", "plan", "version", "confidence", "tolerance")},
        "unit": found.objective.attrs["units"],
        "limits": {text: {"limit": float(found.limit[k]), "unit": str(found.limit_unit.values[k])} for k, text in enumerate(limits)},
        "budget": {name: int(a[name]) for name in ("most_candidates", "search_draws", "simulated_draws")},
        "feasible": bool(plain["feasible"]),
        "best": one(best),
        "safest": one(safest) if safest >= 0 else None,
        "as_good": {
            name: {key: plain[key][i] or None for key in _ENDS}
            if bool(found.ordered.values[i])
            else {"choices": list(dict.fromkeys(row[i] for row, good in zip(plain["setting"], plain["as_good"], strict=True) if good))}
            for i, name in enumerate(axes)
        },
        "candidates": [one(i) for i in range(found.sizes["candidate"])],
    }


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
