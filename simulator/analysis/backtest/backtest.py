"""A backtest: forecasts of published runs by what was known before each, scored beside plain baselines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.backtest.baselines import NAMES, baseline_scores, baselines_left_out
from simulator.analysis.backtest.forecasts import DRAWS, forecast, later_evidence
from simulator.analysis.backtest.published import TARGETS, UNITS, BeforeRun, Published, own_runs, read_runs
from simulator.analysis.backtest.scores import LEVELS, Score, by_family, countable, coverage, gain, grouped, log_gain, score
from simulator.errors import InputError
from simulator.plan import SamplingPlan

Floats = NDArray[np.float64]

#: how a forecast is kept from what it is scored on
PROTOCOLS = {
    "leave_one_family_out": "priors from the project's own table of published runs, without the family of the run",
    "knowledge_date": "priors from what was published before the run, without its family",
}
_TURN = "2023-07"
_LOG_SCORE = (
    "its gain is infinite, and null here, against points, which have no density, and where a run lies outside a band with ends; "
    "runs_without_density counts these"
)


@dataclass(frozen=True)
class Backtest:
    """Scores of all runs and targets, by protocol and by baseline.

    Attributes
    ----------
    scores : mapping of str to list of Score
        By protocol.
    baselines : mapping of str to mapping of str to list of Score
        By protocol and name, on those of its runs and targets that a baseline forecasts.
    tiers : mapping of str to str
        By run.
    cautions : mapping of (run, target) to str
    months : mapping of str to str
        By run.
    later : mapping of str to int
        Inputs that, in how many forecasts by knowledge date, rest on sources of the run's own year or later, since none of before is known.
    left_out : list of str
        Runs that cannot be forecast, and why.
    source : str
    """

    scores: Mapping[str, Sequence[Score]]
    baselines: Mapping[str, Mapping[str, Sequence[Score]]]
    tiers: Mapping[str, str]
    cautions: Mapping[tuple[str, str], str]
    months: Mapping[str, str]
    later: Mapping[str, int]
    left_out: Sequence[str]
    source: str

    def of(self, target: str, protocol: str = "leave_one_family_out") -> list[Score]:
        """Return the scores that count for a target: of tier A, without a caution; of all where there is none of these."""
        mine = [s for s in self.scores[protocol] if s.target == target]
        return [s for s in mine if self.tiers[s.run_id] == "A" and (s.run_id, target) not in self.cautions]


def backtest(path: str | Path | None = None, *, seed: int = 0) -> Backtest:
    """Forecast every published run of a file and score the forecasts.

    Parameters
    ----------
    path : str or Path, optional
        See :func:`simulator.analysis.backtest.published.read_runs`; the project's own table of published runs where it is left out.
    seed : int

    Raises
    ------
    InputError
        Where the file or the seed is refused, or no run can be forecast.
    """
    plan = SamplingPlan(draws=DRAWS, seed=seed)
    runs, left_out = (own_runs(), []) if path is None else read_runs(path)
    scores: dict[str, list[Score]] = {protocol: [] for protocol in PROTOCOLS}
    baselines: dict[str, dict[str, list[Score]]] = {protocol: {name: [] for name in NAMES} for protocol in PROTOCOLS}
    known = []
    for run in runs:
        b, dates = run.before, {"leave_one_family_out": None, "knowledge_date": run.before.known_before}
        try:
            forecasts = {protocol: forecast(b, before=dates[protocol], without=b.family, plan=plan) for protocol in PROTOCOLS}
        except InputError as error:
            left_out.append(f"{b.run_id}: {' '.join(str(error).split())}")
            continue
        known.append(b)
        for protocol, draws in forecasts.items():
            own = [
                score(b.run_id, b.family, target, draws[target], run.actual[target])
                for target in TARGETS
                if target in b.targets and target in draws and _is_reported(run, target) and _is_scorable(b, target)
            ]
            scores[protocol] += own
            for s in own:
                for name, baseline in baseline_scores(b, s).items():
                    baselines[protocol][name].append(baseline)
    if not known:
        raise InputError(f"no run can be forecast: {'; '.join(left_out)}")
    later = Counter(name for b in known for name in later_evidence(b))
    return Backtest(
        scores, baselines, {b.run_id: b.tier for b in known},
        {(b.run_id, target): text for b in known for target, text in b.cautions},
        {b.run_id: b.month for b in known}, dict(sorted(later.items())), left_out, "the table runs" if path is None else Path(path).name,
    )  # fmt: skip


def _is_reported(run: Published, target: str) -> bool:
    """Whether there is a report, and one that has a logarithm; no interruptions are a report as well."""
    return target in run.actual and (run.actual[target] > 0.0 or target == "interruptions")


def _is_scorable(run: BeforeRun, target: str) -> bool:
    """Whether a forecast has what a target depends on: days depend on how many accelerators there are."""
    return target != "wall_clock" or run.accelerators is not None


def backtest_json(result: Backtest) -> dict[str, Any]:
    """Return a backtest as plain data for ``json.dumps``; what is infinite or has no runs is None."""
    counted = {(s.run_id, s.target) for target in TARGETS for s in result.of(target)}
    return {
        "file": result.source,
        "protocol": "leave_one_family_out",
        "targets": {target: _summary(result.of(target), UNITS[target]) for target in TARGETS},
        "protocols": {
            protocol: {target: _summary(result.of(target, protocol), UNITS[target]) for target in TARGETS} for protocol in PROTOCOLS
        },
        "by_date": {
            name: _summary([s for s in result.of("device_hours") if (result.months[s.run_id] < _TURN) == early], "h")
            for name, early in (("before_2023_07", True), ("from_2023_07", False))
        },
        "baselines": _baselines(result, "leave_one_family_out"),
        "baselines_by_protocol": {protocol: _baselines(result, protocol) for protocol in PROTOCOLS},
        "baselines_left_out": baselines_left_out(),
        "log_score": _LOG_SCORE,
        "runs": [
            {
                **{key: _plain(value) for key, value in asdict(s).items()},
                "unit": UNITS[s.target], "tier": result.tiers[s.run_id], "counted": (s.run_id, s.target) in counted,
                "held": bool(s.p05 <= s.actual <= s.p95),
                "caution": result.cautions.get((s.run_id, s.target), ""),
            }
            for s in result.scores["leave_one_family_out"]
        ],
        "later_evidence": dict(result.later),
        "left_out": list(result.left_out),
        "cost": "not testable: published costs are hours times an assumed price, or bounds; no invoice of a run is public",
    }  # fmt: skip


def _summary(scores: Sequence[Score], unit: str) -> dict[str, Any]:
    if not scores:
        return {"families": 0, "runs": 0, "unit": unit}
    covered = {level: coverage(scores, level) for level in LEVELS}
    counts, _ = np.histogram([s.pit for s in scores], bins=10, range=(0.0, 1.0))
    return {
        "families": len({s.family for s in scores}),
        "runs": len(scores),
        "unit": unit,
        "coverage": {repr(level): share for level, (share, _) in covered.items()},
        "coverage_p_value": {repr(level): p for level, (_, p) in covered.items()},
        "pit_histogram": counts.tolist(),
        "crps_log": by_family(grouped(scores, lambda s: s.crps)),
        "crps_log_of_median": by_family(grouped(scores, lambda s: s.crps_median)),
        "log_score": _plain(by_family(grouped(scores, lambda s: s.log_score))),
        "median_band_ratio": float(np.median([countable(s.target, s.p95) / countable(s.target, s.p05) for s in scores])),
        "bias_log": by_family(grouped(scores, lambda s: math.log(countable(s.target, s.p50) / countable(s.target, s.actual)))),
    }


def _baselines(result: Backtest, protocol: str) -> dict[str, dict[str, Any]]:
    """Return scores by baseline and target, of those that have any."""
    found = {name: {target: _against(result, target, protocol, name) for target in TARGETS} for name in NAMES}
    return {name: some for name, own in found.items() if (some := {target: row for target, row in own.items() if row})}


def _against(result: Backtest, target: str, protocol: str, name: str) -> dict[str, Any]:
    """Return the scores of a baseline beside ours on the runs that both forecast; empty where there are none."""
    ours = {s.run_id: s for s in result.of(target, protocol)}
    others = [s for s in result.baselines[protocol][name] if s.target == target and s.run_id in ours]
    if not others:
        return {}
    same = [ours[s.run_id] for s in others]
    (share, low, high), (more, least, most) = gain(same, others), log_gain(same, others)
    return {
        "crps_log": by_family(grouped(others, lambda s: s.crps)),
        "crps_below": _plain(share),
        "crps_below_ci": [_plain(low), _plain(high)],
        "log_score_gain": _plain(more),
        "log_score_gain_ci": [least, most] if math.isfinite(more) else None,
        "families": len({s.family for s in others}),
        "runs": len(others),
        "runs_without_density": sum(math.isinf(s.log_score) for s in others),
    }


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
