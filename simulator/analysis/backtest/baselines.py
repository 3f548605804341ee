"""Plain forecasts, beside which bands have to be worth their while."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulator.analysis.backtest import mlsysim
from simulator.analysis.backtest.llmcarbon import llmcarbon_utilization
from simulator.analysis.backtest.published import BeforeRun
from simulator.analysis.backtest.scores import Score, countable, point, score

_MFU = {"mfu_0.40": 0.40, "mfu_0.375": 0.375}  # a rule of thumb, and the default of Epoch AI's calculator of training FLOP
_FLAT = 0.5  # of the median, to both sides
_POINTS = 4096

NAMES = (*_MFU, "llmcarbon", "mlsysim", "own_median", "flat_50")


def baselines_left_out() -> dict[str, str]:
    """Return the baselines that cannot be computed here, and why."""
    return {} if mlsysim.is_installed() else {"mlsysim": "it is not installed; it comes with the extra peers"}


def utilizations(run: BeforeRun, *, whole: bool) -> dict[str, float]:
    """Return model FLOP over peak FLOP by the baselines that know a run beforehand.

    ``mfu_0.40`` and ``mfu_0.375`` are the same for every run; ``llmcarbon`` is that of
    :func:`simulator.analysis.backtest.llmcarbon.llmcarbon_utilization`, and ``mlsysim`` that of
    :func:`simulator.analysis.backtest.mlsysim.mlsysim_utilizations`.

    Parameters
    ----------
    run : BeforeRun
    whole : bool
        Over all hours of the run, not of undisturbed training; only ``mlsysim`` tells them apart.
    """
    found = dict(_MFU)
    share = llmcarbon_utilization(run.params_active, run.kind.accelerator)
    theirs = mlsysim.mlsysim_utilizations(run) if mlsysim.is_installed() else None
    if share is not None:
        found["llmcarbon"] = share
    if theirs is not None:
        found["mlsysim"] = theirs.whole if whole else theirs.steady
    return found


def baseline_scores(run: BeforeRun, own: Score) -> dict[str, Score]:
    """Return the scores of the baselines that forecast a run's target, by name.

    Those of :func:`utilizations` forecast hours, days and MFU; ``own_median`` is the forecast without its band, ``flat_50`` a band that is
    even from half to one and a half times that.

    Parameters
    ----------
    run : BeforeRun
    own : Score
        Of the forecast.
    """
    median = countable(own.target, own.p50)
    values = {"own_median": median}
    if own.target in ("device_hours", "wall_clock", "mfu"):
        shares = utilizations(run, whole=own.target == "wall_clock" or (own.target == "device_hours" and not run.productive))
        values |= {name: _value(run, own.target, share) for name, share in shares.items()}
    found = {name: point(own.run_id, own.family, own.target, value, own.actual) for name, value in values.items()}
    return found | {"flat_50": _flat(own, median)}


def _value(run: BeforeRun, target: str, utilization: float) -> float:
    """Return hours of all accelerators, hours of the run, or MFU."""
    hours = run.flop / (3600.0 * run.kind.peak_flops * utilization)
    return {"device_hours": hours, "wall_clock": hours / (run.accelerators or 1), "mfu": utilization}[target]


def _flat(own: Score, median: float) -> Score:
    """Return the score of a flat band: the density of the logarithm is the value over the width inside it, and 0 outside."""
    found = score(own.run_id, own.family, own.target, median * np.linspace(1.0 - _FLAT, 1.0 + _FLAT, _POINTS), own.actual)
    share = countable(own.target, own.actual) / median
    return replace(found, log_score=math.log(share / (2.0 * _FLAT)) if abs(share - 1.0) <= _FLAT else -math.inf)
