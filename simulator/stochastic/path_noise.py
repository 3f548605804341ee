"""Normal scores for hourly paths: float32 Box-Muller from one Philox call per hour and draw.

Four scores serve the four factors of one hour. They reach |z| = 6.66 on a lattice that is fine enough
for hourly noise and too coarse for static inputs or for tails beyond 1e-6: those use
``stochastic.normal``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simulator.jit import jittable

_f, _i = np.float32, np.int32
_HALF, _ONE = _f(0.5), _f(1.0)
_BIT = np.uint32(1)
_CELL = _f(2.0**-31)
_EIGHTH = _f(0.5 * math.pi * 2.0**-32)  # a signed word times this lies within an eighth of a turn of zero


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def _bits32(_context: Any, x: Any) -> Any:
    def generate(_c: Any, builder: Any, _s: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(x), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def _float32_of(_context: Any, i: Any) -> Any:
    def generate(_c: Any, builder: Any, _s: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(i), generate


@jittable
def log32(x: np.float32) -> np.float32:
    """Return ln(x) in float32 for normal positive x, within 2 ulp or 1e-7.

    The polynomial is summed in pairs (Estrin): a chain of nine steps would keep the vector units waiting.

    References
    ----------
    Moshier, S. L. Cephes Mathematical Library, ``logf``: reduction and coefficients.
    """
    b = _bits32(x)
    e = _i(_i(b - _i(0x3F3504F3)) >> _i(23))  # numba widens every 32-bit sum: each is narrowed again, or lanes halve
    f = _float32_of(_i(b - _i(e << _i(23)))) - _ONE
    z = f * f
    p0 = _f(-2.4999993993e-1) * f + _f(3.3333331174e-1)
    p1 = _f(-1.6668057665e-1) * f + _f(2.0000714765e-1)
    p2 = _f(-1.2420140846e-1) * f + _f(1.4249322787e-1)
    p3 = _f(-1.1514610310e-1) * f + _f(1.1676998740e-1)
    p = (_f(7.0376836292e-2) * (z * z) + (p3 * z + p2)) * (z * z) + (p1 * z + p0)
    y: np.float32 = f + (p * f * z - _HALF * z) + _f(e) * _f(0.69314718)
    return y


@jittable
def sin_cos_eighth(x: np.float32) -> tuple[np.float32, np.float32]:
    """Return sine and cosine of x [rad], -pi/4 <= x <= pi/4, within 1e-7.

    References
    ----------
    Moshier, S. L. Cephes Mathematical Library, ``sinf`` and ``cosf``: coefficients.
    """
    z = x * x
    s = ((_f(-1.9515295891e-4) * z + _f(8.3321608736e-3)) * z + _f(-1.6666654611e-1)) * z * x + x
    c = ((_f(2.443315711809948e-5) * z + _f(-1.388731625493765e-3)) * z + _f(4.166664568298827e-2)) * z * z - _HALF * z + _ONE
    return s, c


@jittable
def box_muller(a: np.uint32, b: np.uint32) -> tuple[np.float32, np.float32]:
    """Return two independent normal scores from two words of 32 random bits.

    The second word is a direction: its value an angle within an eighth of a turn of an axis, its last
    two bits the end of that axis and which axis it is. The angle keeps 30 bits of its own, more than
    float32 has.

    References
    ----------
    Box, G. E. P., Muller, M. E. (1958). A note on the generation of random normal deviates. Annals of
    Mathematical Statistics 29(2), 610-611. doi:10.1214/aoms/1177706645.
    """
    radius = _f(_i(a >> _BIT)) * _CELL + _HALF * _CELL
    r = _f(math.sqrt(_f(-2.0) * log32(radius)))
    s, c = sin_cos_eighth(_f(_i(b)) * _EIGHTH)
    across = r * s
    along = _float32_of(_i(_bits32(r * c) ^ _i(_i(b) << _i(31))))
    other = _i(_i(b) << _i(30)) < _i(0)
    return (along if other else across), (across if other else along)
