"""From a uniform on (-1, 1) to a standard-normal score, in a part that vectorizes and a rare tail."""

from __future__ import annotations

import math

import numpy as np

from simulator.jit import jittable
from simulator.stochastic.elementary import float_of, in_memory, log

_SQRT2 = math.sqrt(2.0)
TAIL = 0.9990300541534335  # |x| = sqrt(1 - e**-6.25), w = 6.25, from which the tail's polynomials hold: one score in 1000
_HALF_CELL = 2.0**-52
_SHIFT, _ONE_TO_TWO = np.uint64(12), np.uint64(0x3FF0000000000000)


@jittable
def signed_uniform(word: np.uint64) -> float:
    """Return a uniform on (-1, 1) from the upper 52 bits of a word.

    Centred in its cell of width 2**-51, so that it is symmetric, exact in float64 and never ±1:
    scores reach |z| = 8.21.
    """
    one_to_two: float = float_of(np.int64((word >> _SHIFT) | _ONE_TO_TWO))
    return (one_to_two - 1.5) * 2.0 + _HALF_CELL


# Minimax rational function of v = 1 - x**2 for sqrt(2)·erfinv(x)/x where |x| <= TAIL, relative error 2.4e-13, by the Remez
# exchange in 60 digits (``tests/nightly/test_minimax.py``). All coefficients are positive: sums do not cancel.
_NUMERATOR = in_memory(
    1.1070614108391637e-17,
    8.831353115084237e-14,
    1.3858072697822909e-10,
    7.116355076218846e-08,
    1.4580737442986267e-05,
    0.001312523900549247,
    0.05448267354311006,
    1.063512262759157,
    9.734901266246561,
    40.69581800962231,
    73.20211820536791,
    50.29560124014964,
    10.19316381116452,
    0.2738964608290585,
)
_DENOMINATOR = in_memory(
    2.5505237155797423e-18,
    2.3182660937050054e-14,
    3.989781001836089e-11,
    2.2256987832055513e-08,
    4.951089534327433e-06,
    0.0004860503167200741,
    0.02219381660374211,
    0.4828525608494817,
    5.0204114371011075,
    24.508984433108754,
    53.72380395417604,
    48.35881365287278,
    14.90186068183142,
)


@jittable
def central_score(x: float) -> float:
    """Return sqrt(2)·erfinv(x) where |x| < TAIL, within 3e-13 of it, without a logarithm."""
    v = (1.0 - x) * (1.0 + x)
    p: float = _NUMERATOR(13)
    q: float = v + _DENOMINATOR(12)
    p = p * v + _NUMERATOR(12)
    p = p * v + _NUMERATOR(11)
    q = q * v + _DENOMINATOR(11)
    p = p * v + _NUMERATOR(10)
    q = q * v + _DENOMINATOR(10)
    p = p * v + _NUMERATOR(9)
    q = q * v + _DENOMINATOR(9)
    p = p * v + _NUMERATOR(8)
    q = q * v + _DENOMINATOR(8)
    p = p * v + _NUMERATOR(7)
    q = q * v + _DENOMINATOR(7)
    p = p * v + _NUMERATOR(6)
    q = q * v + _DENOMINATOR(6)
    p = p * v + _NUMERATOR(5)
    q = q * v + _DENOMINATOR(5)
    p = p * v + _NUMERATOR(4)
    q = q * v + _DENOMINATOR(4)
    p = p * v + _NUMERATOR(3)
    q = q * v + _DENOMINATOR(3)
    p = p * v + _NUMERATOR(2)
    q = q * v + _DENOMINATOR(2)
    p = p * v + _NUMERATOR(1)
    q = q * v + _DENOMINATOR(1)
    p = p * v + _NUMERATOR(0)
    q = q * v + _DENOMINATOR(0)
    return x * (p / q)


@jittable
def tail_score(x: float) -> float:
    """Return sqrt(2)·erfinv(x) where |x| >= TAIL.

    References
    ----------
    Giles, M. (2012). Approximating the erfinv function. GPU Computing Gems Jade Edition, 109-116.
    doi:10.1016/B978-0-12-385963-1.00010-1, double-precision coefficients.
    """
    w = -log((1.0 - x) * (1.0 + x))
    root = math.sqrt(w)
    if w < 16.0:
        v = root - 3.25
        p = 2.2137376921775787049e-09
        p = p * v + 9.0756561938885390979e-08
        p = p * v - 2.7517406297064545428e-07
        p = p * v + 1.8239629214389227755e-08
        p = p * v + 1.5027403968909827627e-06
        p = p * v - 4.013867526981545969e-06
        p = p * v + 2.9234449089955446044e-06
        p = p * v + 1.2475304481671778723e-05
        p = p * v - 4.7318229009055733981e-05
        p = p * v + 6.8284851459573175448e-05
        p = p * v + 2.4031110387097893999e-05
        p = p * v - 0.0003550375203628474796
        p = p * v + 0.00095328937973738049703
        p = p * v - 0.0016882755560235047313
        p = p * v + 0.0024914420961078508066
        p = p * v - 0.0037512085075692412107
        p = p * v + 0.005370914553590063617
        p = p * v + 1.0052589676941592334
        p = p * v + 3.0838856104922207635
    else:
        v = root - 5.0
        p = -2.7109920616438573243e-11
        p = p * v - 2.5556418169965252055e-10
        p = p * v + 1.5076572693500548083e-09
        p = p * v - 3.7894654401267369937e-09
        p = p * v + 7.6157012080783393804e-09
        p = p * v - 1.4960026627149240478e-08
        p = p * v + 2.9147953450901080826e-08
        p = p * v - 6.7711997758452339498e-08
        p = p * v + 2.2900482228026654717e-07
        p = p * v - 9.9298272942317002539e-07
        p = p * v + 4.5260625972231537039e-06
        p = p * v - 1.9681778105531670567e-05
        p = p * v + 7.5995277030017761139e-05
        p = p * v - 0.00021503011930044477347
        p = p * v - 0.00013871931833623122026
        p = p * v + 1.0103004648645343977
        p = p * v + 4.8499064014085844221
    return p * x * _SQRT2


@jittable
def normal_score(x: float) -> float:
    """Return the standard-normal score at probability (1 + x)/2, -1 < x < 1."""
    return central_score(x) if abs(x) < TAIL else tail_score(x)
