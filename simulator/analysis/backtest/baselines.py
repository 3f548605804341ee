"""Plain forecasts of accelerator-hours, beside which bands have to be worth their while."""

from __future__ import annotations

import numpy as np

from simulator.analysis.backtest.published import BeforeRun
from simulator.analysis.backtest.scores import Score, point, score

_MFU = {"mfu_0.40": 0.40, "mfu_0.375": 0.375}  # a rule of thumb, and the default of Epoch AI's calculator of training FLOP
_FLAT = 0.5  # of the median, to both sides
_POINTS = 4096
_A100_PEAK = 312e12  # FLOP/s, of which LLMCarbon's throughputs were fitted
_PIPELINES = 20e9  # parameters beyond which a model no longer fits the tensor-parallel fit

NAMES = (*_MFU, "llmcarbon", "own_median", "flat_50")


def baseline_scores(run: BeforeRun, own: Score) -> dict[str, Score]:
    """Return by baseline the score of its accelerator-hours.

    ``mfu_0.40`` and ``mfu_0.375`` take that utilization, ``llmcarbon`` the throughput of :func:`llmcarbon_hours`; ``own_median`` is the
    forecast without its band, ``flat_50`` one that is even from half to one and a half times that.

    Parameters
    ----------
    run : BeforeRun
    own : Score
        Of the forecast.
    """
    hours = {name: run.flop / (3600.0 * run.kind.peak_flops * mfu) for name, mfu in _MFU.items()}
    hours |= {"llmcarbon": llmcarbon_hours(run), "own_median": own.p50}
    found = {name: point(own.run_id, own.family, own.target, value, own.actual) for name, value in hours.items()}
    flat = own.p50 * np.linspace(1.0 - _FLAT, 1.0 + _FLAT, _POINTS)
    return found | {"flat_50": score(own.run_id, own.family, own.target, flat, own.actual)}


def llmcarbon_hours(run: BeforeRun) -> float:
    """Return accelerator-hours by the chain of LLMCarbon: FLOP over a throughput that depends on the parameters [h].

    The throughput of an A100 is a parabola in the parameters, one for tensor and one for pipeline parallelism; other devices have it in
    proportion to their peaks, which the source does not say.

    Notes
    -----
    Faiz et al. 2024, LLMCarbon, arXiv:2309.14393; coefficients of the released model.py (SotaroKaneda/MLCarbon, dbd96b7).
    """
    x = run.params_active
    tensor = -8.82e-20 * x**2 + 1.686e-9 * x + 133.95
    pipeline = -5.60e-23 * x**2 + 8.45e-11 * x + 134.55
    throughput = 1e12 * (tensor if x < _PIPELINES else pipeline)
    return run.flop / (3600.0 * throughput * run.kind.peak_flops / _A100_PEAK)
