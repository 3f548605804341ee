"""Branch-free exp, log and expm1(x)/x in float64 that LLVM vectorizes.

libm calls cost 12-20 ns each and keep a loop scalar, and numba's wheels carry no vector math
library; these stay within 1 ulp (exp, log) over their range. They rely on ``fastmath`` being no
more than ``{"contract"}``: reassociation would undo the rounding trick of ``exp``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simulator.jit import jittable

_ROUNDER = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # fdlibm e_log.c


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def bits(_context: Any, x: Any) -> Any:
    """Return the bits of a float64 as int64."""

    def generate(_c: Any, builder: Any, _s: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(x), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def float_of(_context: Any, i: Any) -> Any:
    """Return the float64 with these bits."""

    def generate(_c: Any, builder: Any, _s: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(i), generate


@jittable
def exp(x: float) -> float:
    """Return e**x, within 1 ulp for |x| <= 708; 0 below, inf above, NaN for NaN.

    Cody-Waite reduction to |r| <= ln 2 / 2 and a Taylor polynomial of degree 13.
    """
    held = -745.0 if x < -745.0 else (710.0 if x > 710.0 else x)
    t = held * _LOG2_E + _ROUNDER
    n = t - _ROUNDER
    r = held - n * _LN2_HIGH
    r = r - n * _LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    # two halves of the scale, so that neither leaves the range of normal numbers
    k = bits(t) - bits(_ROUNDER)
    half = k >> 1
    y = p * float_of((half + 1023) << 52) * float_of((k - half + 1023) << 52)
    return 0.0 if x < -745.0 else y


@jittable
def log(x: float) -> float:
    """Return ln(x), within 1 ulp for normal positive x; -inf at 0, NaN below 0 and for NaN.

    Reduction and minimax coefficients of fdlibm e_log.c (Sun Microsystems, 1993).
    """
    i = bits(x)
    e = (i - 0x3FE6A09E667F3BCD) >> 52
    f = float_of(i - (e << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    q = 1.531383769920937332e-01 + z * 1.479819860511658591e-01
    q = 1.818357216161805012e-01 + z * q
    q = 2.222219843214978396e-01 + z * q
    q = 2.857142874366239149e-01 + z * q
    q = 3.999999999940941908e-01 + z * q
    q = z * (6.666666666666735130e-01 + z * q)
    h, n = 0.5 * f * f, float(e)
    y = n * _LN2_HIGH - ((h - (s * (h + q) + n * _LN2_LOW)) - f)
    y = float("inf") if x > 1.7976931348623157e308 else y
    return y if x > 0.0 else (-float("inf") if x == 0.0 else float("nan"))


@jittable
def expm1_ratio(x: float) -> float:
    """Return (e**x - 1) / x for x >= 0, and 1 at 0; inf where it overflows, NaN for NaN.

    The Taylor series below 0.5 (13 terms, truncation below 1e-17), the quotient above.
    """
    p = 1.0 / 87178291200.0
    p = p * x + 1.0 / 6227020800.0
    p = p * x + 1.0 / 479001600.0
    p = p * x + 1.0 / 39916800.0
    p = p * x + 1.0 / 3628800.0
    p = p * x + 1.0 / 362880.0
    p = p * x + 1.0 / 40320.0
    p = p * x + 1.0 / 5040.0
    p = p * x + 1.0 / 720.0
    p = p * x + 1.0 / 120.0
    p = p * x + 1.0 / 24.0
    p = p * x + 1.0 / 6.0
    p = p * x + 0.5
    p = p * x + 1.0
    divisor = 710.0 if x > 710.0 else x  # the numerator is inf from there on, and inf / inf is NaN
    return p if x < 0.5 else (exp(x) - 1.0) / divisor
