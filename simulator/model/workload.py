"""Work: from a model's size to device-hours."""

from __future__ import annotations

from simulator.jit import jittable


@jittable
def transformer_flop(params_active: float, tokens: float) -> float:
    """Return the model FLOP of training a transformer: 6·N·T.

    Two FLOP per parameter and token forward and four backward. It leaves out attention over the
    sequence (:func:`attention_flop`) and over-counts encoder-decoder models, whose tokens
    pass one half only.

    Parameters
    ----------
    params_active : float
        Parameters active for one token [1], > 0.
    tokens : float
        Training tokens seen [1], > 0.

    Returns
    -------
    float
        Model FLOP [FLOP].

    References
    ----------
    Kaplan et al. (2020), arXiv:2001.08361, section 2.1; Hoffmann et al. (2022), arXiv:2203.15556.

    Examples
    --------
    >>> transformer_flop(175e9, 300e9)
    3.15e+23
    """
    return 6.0 * params_active * tokens


@jittable
def attention_flop(layers: float, hidden_size: float, sequence_length: float, tokens: float) -> float:
    """Return the model FLOP of attention over the sequence: 12·L·d·s·T.

    A few per cent of 6·N·T at 4-8k tokens, more than it at 100k. Counted as if every token attended
    to the whole sequence, as the model FLOP utilization of the sources does.

    Parameters
    ----------
    layers, hidden_size : float
        L and d, heads times their size [1], > 0.
    sequence_length : float
        s, tokens in one sequence [1], > 0.
    tokens : float
        T, training tokens seen [1], > 0.

    References
    ----------
    Chowdhery et al. (2022), PaLM, arXiv:2204.02311, appendix B.

    Examples
    --------
    >>> round(attention_flop(126, 16384, 8192, 1e12) / (6 * 405e9 * 1e12), 4)  # Llama 3.1 405B at 8k
    0.0835
    """
    return 12.0 * layers * hidden_size * sequence_length * tokens


@jittable
def productive_device_hours(flop: float, peak_flops: float, mfu: float) -> float:
    """Return the device-hours that the work takes at steady state, without any loss.

    Parameters
    ----------
    flop : float
        Model FLOP [FLOP], > 0.
    peak_flops : float
        Dense peak of one device [FLOP/s], > 0.
    mfu : float
        Model FLOP utilization [1], in (0, 1].

    Returns
    -------
    float
        Productive device-hours [h].

    References
    ----------
    Chowdhery et al. (2022), PaLM, arXiv:2204.02311, section 4.1 (definition of MFU).

    Examples
    --------
    >>> round(productive_device_hours(3.6e18, 1e15, 0.5), 12)
    2.0
    """
    return flop / (peak_flops * mfu * 3600.0)


@jittable
def repeated_work(rollback_rate: float, rollback_time: float) -> float:
    """Return the work repeated after loss spikes, as a fraction of productive work [1].

    The expected value: λ t/1000. A run has tens of rollbacks at most, of hours each, so that their number matters less
    than how uncertain their rate is before the run.

    Parameters
    ----------
    rollback_rate : float
        λ, per 1000 hours of work, >= 0.
    rollback_time : float
        t, hours of work repeated after one rollback [h], >= 0.

    References
    ----------
    Chowdhery et al. (2022), PaLM, arXiv:2204.02311, section 5.1: about 20 spikes, each restarted about 100 steps before it.

    Examples
    --------
    >>> repeated_work(10.0, 2.0)
    0.02
    """
    return rollback_rate * rollback_time * 0.001
