"""Quantile functions in lanes: from normal scores to values, whatever the law.

A table is one of the kinds of ``stochastic.tabulate``; its cell is looked for apart from its polynomial, since look-ups in memory
keep a loop scalar.
"""

from __future__ import annotations

import numpy as np

from simulator.jit import jittable, stage, wide_vectors
from simulator.kernels.lanes import LANES, Floats, Integers
from simulator.stochastic.elementary import exp

GUIDE = 256  # cells of the index that finds a table's cell
POWERS = 8  # places of a row of coefficients, six of them used

_AFFINE, _POLYNOMIAL, _EVEN, _CELLS = 0, 1, 2, 3  # stochastic.tabulate.Kind; steps are the rest
_LINK_EXP, _LINK_LOGISTIC = 1, 2  # stochastic.laws.Link; identity is the rest


@stage
def affine(z: Floats, link: int, origin: float, width: float, c0: float, c1: float, out: Floats) -> None:
    """Write link(c0 + c1 z)."""
    wide_vectors()
    if link == _LINK_EXP:
        for i in range(LANES):
            out[i] = origin + exp(c0 + c1 * z[i])
    elif link == _LINK_LOGISTIC:
        for i in range(LANES):
            out[i] = origin + width / (1.0 + exp(-c0 - c1 * z[i]))
    else:
        for i in range(LANES):
            out[i] = c0 + c1 * z[i]


@stage
def polynomial(z: Floats, low: float, high: float, c: Floats, out: Floats) -> None:
    """Write the polynomial of degree 31 of the score scaled from [low, high] to [-1, 1].

    Four chains of every fourth power: one chain of 31 steps would keep the vector units waiting.
    """
    wide_vectors()
    to_unit = 2.0 / (high - low)
    for i in range(LANES):
        x = z[i]
        x = low if x < low else (high if x > high else x)
        s = (x - low) * to_unit - 1.0
        s2 = s * s
        s4 = s2 * s2
        t0, t1, t2, t3 = c[3, 4], c[3, 5], c[3, 6], c[3, 7]
        t0, t1, t2, t3 = t0 * s4 + c[3, 0], t1 * s4 + c[3, 1], t2 * s4 + c[3, 2], t3 * s4 + c[3, 3]
        t0, t1, t2, t3 = t0 * s4 + c[2, 4], t1 * s4 + c[2, 5], t2 * s4 + c[2, 6], t3 * s4 + c[2, 7]
        t0, t1, t2, t3 = t0 * s4 + c[2, 0], t1 * s4 + c[2, 1], t2 * s4 + c[2, 2], t3 * s4 + c[2, 3]
        t0, t1, t2, t3 = t0 * s4 + c[1, 4], t1 * s4 + c[1, 5], t2 * s4 + c[1, 6], t3 * s4 + c[1, 7]
        t0, t1, t2, t3 = t0 * s4 + c[1, 0], t1 * s4 + c[1, 1], t2 * s4 + c[1, 2], t3 * s4 + c[1, 3]
        t0, t1, t2, t3 = t0 * s4 + c[0, 4], t1 * s4 + c[0, 5], t2 * s4 + c[0, 6], t3 * s4 + c[0, 7]
        t0, t1, t2, t3 = t0 * s4 + c[0, 0], t1 * s4 + c[0, 1], t2 * s4 + c[0, 2], t3 * s4 + c[0, 3]
        out[i] = (t3 * s + t2) * s2 + (t1 * s + t0)


@stage
def even_cells(z: Floats, low: float, high: float, c: Floats, out: Floats, where: Integers) -> None:
    """Write the polynomials of degree 5 of the place in even cells between ``low`` and ``high``."""
    wide_vectors()
    last, to_cells = np.int32(c.shape[0] - 1), c.shape[0] / (high - low)
    for i in range(LANES):
        x = z[i]
        x = low if x < low else (high if x > high else x)
        place = (x - low) * to_cells
        k = np.int32(place if place > 0.0 else 0.0)  # of NaN too: a cell is a place in memory
        k = k if k < last else last
        out[i] = place - np.float64(k)
        where[i] = k
    for i in range(LANES):
        row = np.uint64(where[i])
        s = out[i]
        even, odd = c[row, 4], c[row, 5]
        even, odd = even * (s * s) + c[row, 2], odd * (s * s) + c[row, 3]
        even, odd = even * (s * s) + c[row, 0], odd * (s * s) + c[row, 1]
        out[i] = odd * s + even


@jittable
def find_cell(z: float, breaks: Floats, guide: Integers, scale: float) -> int:
    """Return the cell k with breaks[k] < z <= breaks[k + 1], the first or last for scores outside."""
    last = breaks.size - 2
    g = int((z - breaks[1]) * scale)
    g = 0 if g < 0 else (GUIDE - 1 if g > GUIDE - 1 else g)
    low: int = guide[g]
    high = guide[g + 1]
    while low < high:
        middle = (low + high + 1) >> 1
        if z > breaks[middle]:
            low = middle
        else:
            high = middle - 1
    while low < last and z > breaks[low + 1]:  # rounding at the edge of a guide cell
        low += 1
    while low > 0 and not z > breaks[low]:
        low -= 1
    return low


@stage
def searched_cells(z: Floats, breaks: Floats, c: Floats, guide: Integers, scale: float, out: Floats) -> None:
    """Write the polynomials of degree 5 of the distance from the left break of the cell that a score lies in."""
    low, high = breaks[0], breaks[breaks.size - 1]
    for i in range(LANES):
        x = z[i]
        x = low if x < low else (high if x > high else x)
        if x == x:
            k = find_cell(x, breaks, guide, scale)
            s = x - breaks[k]
            t = c[k, 5]
            t = t * s + c[k, 4]
            t = t * s + c[k, 3]
            t = t * s + c[k, 2]
            t = t * s + c[k, 1]
            out[i] = t * s + c[k, 0]
        else:
            out[i] = x


@stage
def steps(z: Floats, breaks: Floats, c: Floats, guide: Integers, scale: float, out: Floats) -> None:
    """Write the value of the step that a score lies on."""
    for i in range(LANES):
        x = z[i]
        out[i] = c[find_cell(x, breaks, guide, scale), 0] if x == x else x


@stage
def look_up(
    z: Floats,
    kind: int,
    link: int,
    rounded: int,
    shape: Floats,
    scale: float,
    breaks: Floats,
    coefficients: Floats,
    guide: Integers,
    out: Floats,
    where: Integers,
) -> None:
    """Write the values at the scores z: a table's polynomial, its link, its bounds, its rounding.

    Parameters
    ----------
    z, out : ndarray, shape (LANES,)
    kind, link, rounded : int
        See ``stochastic.tabulate``.
    shape : ndarray, shape (4,)
        origin, width, lower, upper.
    scale : float
        Guide cells per unit of score.
    breaks, coefficients, guide : ndarray
        Of shapes (m + 1,), (m, POWERS) and (GUIDE + 1,).
    where : ndarray of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    low, high = breaks[0], breaks[breaks.size - 1]
    origin, width, lower, upper = shape[0], shape[1], shape[2], shape[3]
    if kind == _AFFINE:
        affine(z, link, origin, width, coefficients[0, 0], coefficients[0, 1], out)
        if not rounded:
            return  # these links cannot leave the bounds
    elif kind == _POLYNOMIAL:
        polynomial(z, low, high, coefficients, out)
    elif kind == _EVEN:
        even_cells(z, low, high, coefficients, out, where)
    elif kind == _CELLS:
        searched_cells(z, breaks, coefficients, guide, scale, out)
    else:
        steps(z, breaks, coefficients, guide, scale, out)
    if kind != _AFFINE and link == _LINK_EXP:
        for i in range(LANES):
            out[i] = origin + exp(out[i])
    if rounded:
        for i in range(LANES):
            out[i] = np.floor(out[i] + 0.5)  # math.floor makes an integer, and one of NaN
    for i in range(LANES):
        x = out[i]
        x = lower if x < lower else x
        out[i] = upper if x > upper else x
