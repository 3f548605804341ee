"""Utilization by LLMCarbon: a throughput that depends on the parameters alone."""

from __future__ import annotations

_TENSOR = (-8.82079068e-20, 1.68591116e-9, 133.954735)  # of the square of the parameters, of these, and of 1 [TFLOP/s]
_PIPELINE = (-5.60233749e-23, 8.45435587e-11, 134.546129)
_A100_PEAK = 312.0  # TFLOP/s, of the A100 that these were fitted to
_NODE = 8 * 80 * 0.03e9  # parameters that fit a node of 8 devices of 80 GB, 0.03 billion a GB
_V100 = 1.0 - 7.76 / 33.46  # of the A100's share of the peak
_LARGEST = 1.008e12  # parameters of the largest model that was fitted


def llmcarbon_utilization(params_active: float, accelerator: str) -> float | None:
    """Return model FLOP over peak FLOP by LLMCarbon, None beyond the largest model that it was fitted to.

    The throughput of an A100 is a parabola in the parameters: of tensor parallelism where a model fits one node, of pipeline parallelism
    where it does not. A mixture of experts counts with its active parameters, as in its FLOP. A V100 reaches 0.77 of the share of its peak
    that an A100 does; of others LLMCarbon says nothing, and they have the A100's share. (Its code takes each without 80 GB for a V100, peak
    included.) The throughputs count activations that are computed again, and 6·N·T does not: they are a third too high, as published.

    Parameters
    ----------
    params_active : float
    accelerator : str
        As in the table ``accelerators``.

    Notes
    -----
    Faiz et al. (2024), LLMCarbon, arXiv:2309.14393: time is FLOP over devices, peak and hardware efficiency. Coefficients, size of a node,
    factor of the V100 and the parameters that count: ``training_co2eq`` and ``predict_num_throughput`` of the released model.py
    (SotaroKaneda/MLCarbon, dbd96b7), fitted to Narayanan et al. (2021), arXiv:2104.04473, table 1. The number of devices, which it predicts
    as well, is known here.

    Examples
    --------
    >>> round(llmcarbon_utilization(175e9, "A100 SXM 80GB"), 3), llmcarbon_utilization(2e12, "H100 SXM")
    (0.473, None)
    """
    x = params_active
    if x > _LARGEST:
        return None
    square, linear, constant = _TENSOR if x < _NODE else _PIPELINE
    share = (square * x**2 + linear * x + constant) / _A100_PEAK
    return share * _V100 if accelerator.startswith("V100") else share
