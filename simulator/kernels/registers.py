"""Look-ups that LLVM does not find by itself: rows of memory turned into columns in registers.

Left alone, LLVM fetches coefficients one by one. A row of four is one load, and four rows become four columns by shuffles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from simulator.jit import jittable
from simulator.kernels.lanes import Floats, Integers
from simulator.stochastic.octaves import TERMS

Singles = NDArray[np.float32]
Words = NDArray[np.uint32]

FOUR, EIGHT = 4, 8  # lanes at a time; a load brings four terms
_PLACE = ir.IntType(32)


def _mixed(builder: Any, a: Any, b: Any, *order: int) -> Any:
    """Return elements of two vectors, those of the second counted on from the first's."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_PLACE, len(order)), order))


def _same(builder: Any, x: Any, lanes: int) -> Any:
    """Return a vector of one value."""
    unknown = ir.Constant(ir.VectorType(x.type, lanes), ir.Undefined)
    return _mixed(builder, builder.insert_element(unknown, x, _PLACE(0)), unknown, *[0] * lanes)


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a b + c, rounded once where the machine can."""
    return builder.fadd(builder.fmul(a, b, flags=["contract"]), c, flags=["contract"])


def _vector_at(builder: Any, base: Any, place: Any, lanes: int) -> Any:
    """Return the address of so many elements of an array from a place on."""
    pointer = builder.gep(base, [place])
    return builder.bitcast(pointer, ir.VectorType(base.type.pointee, lanes).as_pointer())


def _data(context: Any, builder: Any, signature: Any, arguments: Any, *which: int) -> list[Any]:
    """Return the addresses of the arrays among an intrinsic's arguments."""
    return [context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in which]


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def _polynomials(_context: Any, rows: Any, table: Any, places: Any, lower: Any, upper: Any, start: Any, out: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        names, cells, at, target = _data(context, builder, signature, arguments, 0, 1, 2, 6)
        low, high, first = arguments[3:6]
        lanes = [builder.load(builder.gep(names, [builder.add(first, first.type(k))])) for k in range(FOUR)]
        lanes = [builder.mul(row, row.type(TERMS)) for row in lanes]
        terms = []
        for part in range(0, TERMS, FOUR):
            a, b, c, d = (builder.load(_vector_at(builder, cells, builder.add(row, row.type(part)), FOUR), align=8) for row in lanes)
            for order in ((0, 4, 2, 6), (1, 5, 3, 7)):
                ab, cd = _mixed(builder, a, b, *order), _mixed(builder, c, d, *order)
                terms += [_mixed(builder, ab, cd, 0, 1, 4, 5), _mixed(builder, ab, cd, 2, 3, 6, 7)]
        # by power of the place: 0 and 2 of each load came before 1 and 3
        terms = [terms[part + k] for part in range(0, TERMS, FOUR) for k in (0, 2, 1, 3)]
        s = builder.load(_vector_at(builder, at, first, FOUR), align=8)
        square = builder.fmul(s, s)
        even, odd = terms[-2:]
        for k in range(TERMS - 4, -1, -2):
            even, odd = _fused(builder, even, square, terms[k]), _fused(builder, odd, square, terms[k + 1])
        value = _fused(builder, odd, s, even)
        for bound, beyond in ((_same(builder, low, FOUR), "<"), (_same(builder, high, FOUR), ">")):
            value = builder.select(builder.fcmp_ordered(beyond, value, bound), bound, value)
        builder.store(value, _vector_at(builder, target, first, FOUR), align=8)
        return context.get_dummy_value()

    return types.void(rows, table, places, lower, upper, start, out), generate


def _bent_lines_of(added: bool) -> Any:
    """Return what writes bent lines, or adds them to what stands there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        names, cells, at, target = _data(context, builder, signature, arguments, 0, 1, 2, 4)
        first, there = arguments[3], arguments[5]

        def row(lane: int) -> Any:
            cell = builder.zext(builder.load(builder.gep(names, [builder.add(first, first.type(lane))])), first.type)
            return builder.load(_vector_at(builder, cells, builder.mul(cell, cell.type(FOUR)), FOUR), align=4)

        # lanes 0 to 3 in the lower halves, 4 to 7 in the upper ones
        a, b, c, d = (_mixed(builder, row(k), row(k + FOUR), *range(EIGHT)) for k in range(FOUR))
        terms = []
        for order in ((0, 8, 1, 9, 4, 12, 5, 13), (2, 10, 3, 11, 6, 14, 7, 15)):
            ab, cd = _mixed(builder, a, b, *order), _mixed(builder, c, d, *order)
            terms += [_mixed(builder, ab, cd, 0, 1, 8, 9, 4, 5, 12, 13), _mixed(builder, ab, cd, 2, 3, 10, 11, 6, 7, 14, 15)]
        height, before, knot, after = terms
        x = builder.load(_vector_at(builder, at, first, EIGHT), align=4)
        slope = builder.select(builder.fcmp_ordered(">", x, knot), after, before)
        value = _fused(builder, slope, builder.fsub(x, knot), height)
        doubles = builder.fpext(value, ir.VectorType(ir.DoubleType(), EIGHT))
        place = _vector_at(builder, target, there, EIGHT)
        if added:
            doubles = builder.fadd(builder.load(place, align=8), doubles)
        builder.store(doubles, place, align=8)
        return context.get_dummy_value()

    return generate


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def _bent_lines(_context: Any, rows: Any, table: Any, places: Any, start: Any, out: Any, to: Any) -> Any:
    return types.void(rows, table, places, start, out, to), _bent_lines_of(False)


@intrinsic  # type: ignore[untyped-decorator]  # numba's hints are skipped
def _added_bent_lines(_context: Any, rows: Any, table: Any, places: Any, start: Any, out: Any, to: Any) -> Any:
    return types.void(rows, table, places, start, out, to), _bent_lines_of(True)


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


@jittable
def eight_bent_lines(rows: Words, table: Singles, places: Singles, start: int, out: Floats, to: np.uint64) -> None:
    """Write height + slope (x - knot) of eight lanes from ``start`` on to the places of ``out`` from ``to`` on.

    Parameters
    ----------
    rows : ndarray of uint32, shape (lanes,)
    table : ndarray of float32, shape (rows, 4)
        Height at the knot, slope before it, the knot, slope after it.
    places : ndarray of float32, shape (lanes,)
        x.
    start : int
    out : ndarray
    to : uint64
    """
    _bent_lines(rows, table, places, start, out, to)


@jittable
def add_eight_bent_lines(rows: Words, table: Singles, places: Singles, start: int, out: Floats, to: np.uint64) -> None:
    """Add what :func:`eight_bent_lines` writes."""
    _added_bent_lines(rows, table, places, start, out, to)
