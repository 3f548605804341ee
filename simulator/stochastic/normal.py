"""From a uniform on (-1, 1) to a standard-normal score, in a part that vectorizes and a rare tail."""

from __future__ import annotations

import math

import numpy as np

from simulator.jit import jittable
from simulator.stochastic.elementary import float_of, log

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


@jittable
def central_score(x: float) -> float:
    """Return sqrt(2)·erfinv(x) where |x| < TAIL.

    References
    ----------
    Giles, M. (2012). Approximating the erfinv function. GPU Computing Gems Jade Edition, 109-116.
    doi:10.1016/B978-0-12-385963-1.00010-1, double-precision coefficients.
    """
    v = -log((1.0 - x) * (1.0 + x)) - 3.125
    v2 = v * v
    even = -3.6444120640178196996e-21  # the even and the odd powers are two chains, half as long
    even = even * v2 + 1.2858480715256400167e-18
    even = even * v2 - 1.333171662854620906e-16
    even = even * v2 + 6.6376381343583238325e-15
    even = even * v2 - 8.1519341976054721522e-14
    even = even * v2 - 1.2975133253453532498e-11
    even = even * v2 + 1.051212273321532285e-09
    even = even * v2 - 2.9070369957882005086e-08
    even = even * v2 - 1.3654692000834678645e-06
    even = even * v2 + 0.0001867342080340571352
    even = even * v2 - 0.0060336708714301490533
    even = even * v2 + 1.6536545626831027356
    odd = -1.685059138182016589e-19
    odd = odd * v2 + 1.115787767802518096e-17
    odd = odd * v2 + 2.0972767875968561637e-17
    odd = odd * v2 - 4.0545662729752068639e-14
    odd = odd * v2 + 2.6335093153082322977e-12
    odd = odd * v2 - 5.4154120542946279317e-11
    odd = odd * v2 - 4.1126339803469836976e-09
    odd = odd * v2 + 4.2347877827932403518e-07
    odd = odd * v2 - 1.3882523362786468719e-05
    odd = odd * v2 - 0.00074070253416626697512
    odd = odd * v2 + 0.24015818242558961693
    p = even + v * odd
    return p * x * _SQRT2


@jittable
def tail_score(x: float) -> float:
    """Return sqrt(2)·erfinv(x) where |x| >= TAIL; see :func:`central_score`."""
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
