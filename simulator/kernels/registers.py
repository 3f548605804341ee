"""Look-ups that LLVM does not find by itself: rows of memory turned into columns in registers.

Left alone, LLVM fetches coefficients one by one. A row of four is one load, and four rows become four columns by shuffles.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simulator.jit import jittable
from simulator.kernels.lanes import Floats, Integers
from simulator.stochastic.octaves import TERMS

FOUR = 4  # lanes at a time, and the terms that one load brings


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def _polynomials(_context: Any, rows: Any, table: Any, places: Any, lower: Any, upper: Any, start: Any, out: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, four = ir.IntType(32), ir.VectorType(ir.DoubleType(), FOUR)
        places_of = [0, 1, 2, 6]
        names, cells, at, target = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in places_of)
        low, high, first = arguments[3:6]

        def vector(pointer: Any) -> Any:
            return builder.bitcast(pointer, four.as_pointer())

        def mixed(a: Any, b: Any, *order: int) -> Any:
            return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(number, FOUR), order))

        def same(x: Any) -> Any:
            return mixed(builder.insert_element(ir.Constant(four, ir.Undefined), x, number(0)), ir.Constant(four, ir.Undefined), 0, 0, 0, 0)

        def fused(a: Any, b: Any, c: Any) -> Any:
            return builder.fadd(builder.fmul(a, b, flags=["contract"]), c, flags=["contract"])

        lanes = [builder.load(builder.gep(names, [builder.add(first, first.type(k))])) for k in range(FOUR)]
        terms = []
        for part in range(0, TERMS, FOUR):
            a, b, c, d = (
                builder.load(vector(builder.gep(cells, [builder.add(builder.mul(row, row.type(TERMS)), row.type(part))])), align=8)
                for row in lanes
            )
            ab, cd, odd_ab, odd_cd = mixed(a, b, 0, 4, 2, 6), mixed(c, d, 0, 4, 2, 6), mixed(a, b, 1, 5, 3, 7), mixed(c, d, 1, 5, 3, 7)
            terms += [mixed(ab, cd, 0, 1, 4, 5), mixed(odd_ab, odd_cd, 0, 1, 4, 5)]
            terms += [mixed(ab, cd, 2, 3, 6, 7), mixed(odd_ab, odd_cd, 2, 3, 6, 7)]
        s = builder.load(vector(builder.gep(at, [first])), align=8)
        square = builder.fmul(s, s)
        even, odd = terms[-2:]
        for k in range(TERMS - 4, -1, -2):
            even, odd = fused(even, square, terms[k]), fused(odd, square, terms[k + 1])
        value = fused(odd, s, even)
        for bound, beyond in ((same(low), "<"), (same(high), ">")):
            value = builder.select(builder.fcmp_ordered(beyond, value, bound), bound, value)
        builder.store(value, vector(builder.gep(target, [first])), align=8)
        return context.get_dummy_value()

    return types.void(rows, table, places, lower, upper, start, out), generate


@jittable
def four_polynomials(rows: Integers, table: Floats, places: Floats, lower: float, upper: float, start: int, out: Floats) -> None:
    """Write the polynomials of four lanes from ``start`` on, held in [lower, upper].

    Parameters
    ----------
    rows : ndarray of int64, shape (lanes,)
    table : ndarray, shape (rows, TERMS)
        Coefficients of the powers of the place.
    places, out : ndarray, shape (lanes,)
        May be one array.
    lower, upper : float
    start : int
    """
    _polynomials(rows, table, places, lower, upper, start, out)
