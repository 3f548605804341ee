"""Branch-free exp, log and expm1(x)/x in float64 that LLVM vectorizes.

libm calls cost 12-20 ns each and keep a loop scalar, and numba's wheels carry no vector math
library; these stay within 1.1 ulp (exp), 1 (log) or 3 over their range. They rely on ``fastmath`` being no
more than ``{"contract"}``: reassociation would undo the rounding trick of ``exp``.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
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


_TOO_SMALL, _TOO_LARGE = -708.3, 709.8  # of which exp is 0 and inf
_HALF = 0x3FE0000000000000  # bits of 0.5

# Minimax polynomial of e**r in |r| <= ln 2 / 2 by the Remez exchange in 50 digits, relative error 2.2e-17 once rounded (checked by
# ``tests/nightly/test_minimax.py``); the coefficients of powers 0 and 1 are 1
_E2, _E3 = 0.5000000000000018, 0.1666666666666617
_E4, _E5, _E6, _E7 = 0.04166666666649263, 0.008333333333559475, 0.0013888888951260668, 0.00019841269432397253
_E8, _E9, _E10, _E11 = 2.4801486481501874e-05, 2.7557622678621143e-06, 2.763230822964471e-07, 2.499428633588824e-08


def in_memory(*values: float) -> Any:
    """Return a function of compiled code that reads one of these constants, told by a literal, from memory.

    A polynomial's coefficients would otherwise be built from 64-bit immediates, two long instructions each, which keep
    the decoder of many processors busier than the arithmetic does (measured: 2.2 to 1.6 ns for :func:`normal.central_score`).
    """
    kind = ir.ArrayType(ir.DoubleType(), len(values))
    name = f"constants_{hashlib.sha256(np.array(values).tobytes()).hexdigest()[:16]}"

    @intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]  # numba's hints are skipped
    def constant(_context: Any, index: Any) -> Any:
        def generate(_c: Any, builder: Any, _s: Any, _a: Any) -> Any:
            table = builder.module.globals.get(name)
            if table is None:  # a variable, since the optimizer would fold a constant back into immediates
                table = ir.GlobalVariable(builder.module, kind, name)
                table.linkage, table.initializer = "linkonce", ir.Constant(kind, list(values))
            number = ir.IntType(32)
            found = builder.load(builder.gep(table, [number(0), number(index.literal_value)], inbounds=True))
            found.set_metadata("invariant.load", builder.module.add_metadata([]))  # so that it moves out of loops
            return found

        return types.float64(index), generate

    constant.values = values
    return constant


@jittable
def _reduced(x: float) -> tuple[float, float]:
    """Return 1.5·2**52 plus the n, and the r, of which x = n ln 2 + r with |r| <= ln 2 / 2 (Cody-Waite)."""
    t = x * _LOG2_E + _ROUNDER
    n = t - _ROUNDER
    r = x - n * _LN2_HIGH
    return t, r - n * _LN2_LOW


@jittable
def _half_power(t: float) -> float:
    """Return 2**(n - 1) of what :func:`_reduced` returns; 0 at n = -1022."""
    power: float = float_of((bits(t) << 52) + _HALF)  # all but the last bits of n are shifted out
    return power


@jittable
def exp(x: float) -> float:
    """Return e**x, within 1.1 ulp for -707.7 <= x <= 709.78; 0 below -708.3, inf above, NaN for NaN.

    Summed in pairs (Estrin): a chain of eleven steps would keep the vector units waiting.
    """
    held = _TOO_SMALL if x < _TOO_SMALL else (_TOO_LARGE if x > _TOO_LARGE else x)
    t, r = _reduced(held)
    s = r * r
    p = 2.0 * _E10 + r * (2.0 * _E11)  # of twice e**r, since half the power of two is in the range of normal numbers at 2**1024
    p = p * s + (2.0 * _E8 + r * (2.0 * _E9))
    p = p * s + (2.0 * _E6 + r * (2.0 * _E7))
    p = p * s + (2.0 * _E4 + r * (2.0 * _E5))
    p = p * s + (2.0 * _E2 + r * (2.0 * _E3))
    p = 2.0 + (p * s + (r + r))  # in this order one rounding counts
    return p * _half_power(t)


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
def expm1(x: float) -> float:
    """Return e**x - 1 for x >= 0, within 2 ulp; inf where it overflows, NaN for NaN.

    2**n (e**r - 1) + (2**n - 1) does not cancel, and is e**r - 1 itself below ln 2 / 2.
    """
    held = _TOO_LARGE if x > _TOO_LARGE else x
    t, r = _reduced(held)
    s = r * r
    p = _E10 + r * _E11
    p = p * s + (_E8 + r * _E9)
    p = p * s + (_E6 + r * _E7)
    p = p * s + (_E4 + r * _E5)
    p = p * s + (_E2 + r * _E3)
    power = 2.0 * _half_power(t)
    return power * (r + s * p) + (power - 1.0)


@jittable
def expm1_ratio(x: float) -> float:
    """Return (e**x - 1) / x for x >= 0, within 3 ulp, and 1 at 0; inf where it overflows, NaN for NaN."""
    held = _TOO_LARGE if x > _TOO_LARGE else x  # the quotient of two infinities is unknown
    return expm1(held) / held if held > 0.0 else 1.0 + x
