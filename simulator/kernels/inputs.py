"""Inputs in lanes: independent scores, dependence, quantile functions.

The part that every kernel shares. A kernel knows no distribution by name: each input is a stream of
normal scores and a compiled quantile function.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.jit import allocating, jittable, stage, wide_vectors
from simulator.stochastic.elementary import exp
from simulator.stochastic.normal import TAIL, central_score, signed_uniform, tail_score
from simulator.stochastic.philox import philox4x32
from simulator.stochastic.sobol import sobol_word

LANES = 512
WIDTH = 128  # of them played out side by side in time
GUIDE = 256  # cells of the index that finds a table's cell
APART = 64  # draws d and d + 64 of each 128 share a generator call, whatever the number of lanes
_FIVE = np.uint64(5)

_AFFINE, _POLYNOMIAL, _EVEN, _CELLS = 0, 1, 2, 3  # stochastic.tabulate.Kind; steps are the rest
RESET, SCALE, SCALE_WHERE = range(3)
_LINK_EXP, _LINK_LOGISTIC = 1, 2  # stochastic.laws.Link; identity is the rest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


class InputTables(NamedTuple):
    """A scenario's inputs as kernels read them: a struct of arrays.

    Attributes
    ----------
    constants : ndarray, shape (inputs,)
        Certain inputs; NaN for those that are drawn or not read.
    slots : ndarray of int64, shape (r,)
        Input that each latent score becomes; -1 for correlated names that are certain.
    keys : ndarray of uint64, shape (r,)
    replicates : ndarray of int64, shape (r,)
        0 for random draws.
    directions : ndarray of uint64, shape (r, replicates, bits + 1)
    correlated : ndarray of int64, shape (k,)
        Rows of the correlated names, in canonical order.
    factor : ndarray, shape (k, k)
        Lower-triangular factor of the latent correlation.
    kinds : ndarray of int64, shape (r, 3)
        Kind, link, rounding of each table.
    shapes : ndarray, shape (r, 4)
        origin, width, lower, upper of each table.
    cell_offsets : ndarray of int64, shape (r + 1,)
        Table i owns cells cell_offsets[i] to cell_offsets[i + 1].
    breaks : ndarray, shape (cells + r,)
    coefficients : ndarray, shape (cells, 6)
    guides : ndarray of int64, shape (r, GUIDE + 1)
    scales : ndarray, shape (r,)
        Guide cells per unit of score.
    changes : ndarray of int64, shape (c, 5)
        What events and levers do to inputs once all are drawn, in this order: kind, target, and the inputs that hold the
        factor, and an event's luck and probability; see :func:`change_inputs`.
    bounds : ndarray, shape (c, 2)
        Of the target's domain.
    stored : ndarray of int64
        Inputs that are kept: all that differ between draws.
    """

    constants: Floats
    slots: Integers
    keys: Words
    replicates: Integers
    directions: Words
    correlated: Integers
    factor: Floats
    kinds: Integers
    shapes: Floats
    cell_offsets: Integers
    breaks: Floats
    coefficients: Floats
    guides: Integers
    scales: Floats
    changes: Integers
    bounds: Floats
    stored: Integers


class InputWorkspace(NamedTuple):
    """Scratch memory of one group of lanes, contents without meaning between calls.

    Attributes
    ----------
    scores : ndarray, shape (k, LANES)
        Of the correlated names.
    own, uniforms : ndarray, shape (LANES,)
    where : ndarray of int64, shape (LANES,)
    place : ndarray of int64, shape (r,)
        Row of each input in ``scores``, or -1.
    """

    scores: Floats
    own: Floats
    uniforms: Floats
    where: Integers
    place: Integers


@allocating
def input_workspace(tables: InputTables) -> InputWorkspace:
    """Return scratch memory for one group of lanes."""
    place = np.full(tables.slots.size, -1)
    for j in range(tables.correlated.size):
        place[tables.correlated[j]] = j
    scores = np.empty((tables.correlated.size, LANES))
    return InputWorkspace(scores, np.empty(LANES), np.empty(LANES), np.empty(LANES, dtype=np.int64), place)


@allocating
def certain_inputs(tables: InputTables) -> Floats:
    """Return inputs, shape (inputs * LANES,), with the certain ones filled in."""
    x = np.empty(tables.constants.size * LANES)
    for slot in range(tables.constants.size):
        x[slot * LANES : (slot + 1) * LANES] = tables.constants[slot]
    return x


@stage
def fill_scores(group: int, key: np.uint64, replicates: int, directions: Words, out: Floats, uniforms: Floats, where: Integers) -> None:
    """Write the independent normal scores of one input for one group of lanes.

    Parameters
    ----------
    group : int
        Index of the group: draws group·LANES and following.
    key : uint64
        Stream of the input.
    replicates : int
        0 for random draws; else draw i is point i // replicates of replicate i % replicates.
    directions : ndarray of uint64, shape (replicates, bits + 1)
        Scrambled Sobol' direction numbers; unused for random draws.
    out : ndarray, shape (LANES,)
        Scores.
    uniforms, where : ndarray of float64 and of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    if replicates == 0:
        for pairs in range(0, LANES, 2 * APART):
            first = np.uint64(group * LANES + pairs) >> np.uint64(1)
            for i in range(APART):
                a, b = philox4x32(first + np.uint64(i), np.uint64(0), key)
                uniforms[pairs + i] = signed_uniform(a)
                uniforms[pairs + APART + i] = signed_uniform(b)
    else:
        for i in range(LANES):
            draw = group * LANES + i
            uniforms[i] = signed_uniform(sobol_word(np.uint64(draw // replicates), directions[draw % replicates]))
    tails = 0
    for i in range(LANES):
        out[i] = central_score(uniforms[i])
        tails += abs(uniforms[i]) >= TAIL
    if tails > 0:  # two groups in five: found first, or the loop would work out the tail's polynomials for every lane
        found = 0
        for i in range(LANES):
            if abs(uniforms[i]) >= TAIL:
                where[found] = i
                found += 1
        for j in range(found):
            out[where[j]] = tail_score(uniforms[where[j]])


@stage
def correlate(scores: Floats, factor: Floats) -> None:
    """Apply the Gaussian copula in place: row i becomes the sum over j <= i of factor[i, j] times row j."""
    for i in range(scores.shape[0] - 1, -1, -1):
        target, own = scores[i], factor[i, i]
        for lane in range(LANES):
            target[lane] = own * target[lane]
        for j in range(i):
            other, share = scores[j], factor[i, j]
            for lane in range(LANES):
                target[lane] += share * other[lane]


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


@allocating
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
        Of shapes (m + 1,), (m, 6) and (GUIDE + 1,).
    where : ndarray of int64, shape (LANES,)
        Work space.
    """
    wide_vectors()
    low, high = breaks[0], breaks[breaks.size - 1]
    origin, width, lower, upper = shape[0], shape[1], shape[2], shape[3]
    if kind == _AFFINE:
        c0, c1 = coefficients[0, 0], coefficients[0, 1]
        if link == _LINK_EXP:
            for i in range(LANES):
                out[i] = origin + exp(c0 + c1 * z[i])
        elif link == _LINK_LOGISTIC:
            for i in range(LANES):
                out[i] = origin + width / (1.0 + exp(-c0 - c1 * z[i]))
        else:
            for i in range(LANES):
                out[i] = c0 + c1 * z[i]
        if not rounded:
            return  # these links cannot leave the bounds
    elif kind == _POLYNOMIAL:
        to_unit = 2.0 / (high - low)
        for i in range(LANES):
            x = z[i]
            x = low if x < low else (high if x > high else x)
            s = (x - low) * to_unit - 1.0
            t = coefficients[5, 1]  # degree 31
            t = t * s + coefficients[5, 0]
            for row in range(4, -1, -1):
                t = t * s + coefficients[row, 5]
                t = t * s + coefficients[row, 4]
                t = t * s + coefficients[row, 3]
                t = t * s + coefficients[row, 2]
                t = t * s + coefficients[row, 1]
                t = t * s + coefficients[row, 0]
            out[i] = t
    elif kind == _EVEN:
        last = coefficients.shape[0] - 1
        to_cells = coefficients.shape[0] / (high - low)
        flat = coefficients.ravel()
        for i in range(LANES):
            x = z[i]
            x = low if x < low else (high if x > high else x)
            cell = (x - low) * to_cells
            k = int(cell) if x == x else 0
            k = k if k < last else last
            out[i] = cell - k
            where[i] = 6 * k
        for i in range(0, LANES, 4):  # four chains at a time: each waits for its own look-ups only
            k0, k1, k2, k3 = np.uint64(where[i]), np.uint64(where[i + 1]), np.uint64(where[i + 2]), np.uint64(where[i + 3])
            s0, s1, s2, s3 = out[i], out[i + 1], out[i + 2], out[i + 3]
            t0, t1, t2, t3 = flat[k0 + _FIVE], flat[k1 + _FIVE], flat[k2 + _FIVE], flat[k3 + _FIVE]
            for power in range(4, -1, -1):
                j = np.uint64(power)
                t0, t1 = t0 * s0 + flat[k0 + j], t1 * s1 + flat[k1 + j]
                t2, t3 = t2 * s2 + flat[k2 + j], t3 * s3 + flat[k3 + j]
            out[i], out[i + 1], out[i + 2], out[i + 3] = t0, t1, t2, t3
    elif kind == _CELLS:
        for i in range(LANES):
            x = z[i]
            x = low if x < low else (high if x > high else x)
            if x == x:
                k = find_cell(x, breaks, guide, scale)
                s = x - breaks[k]
                t = coefficients[k, 5]
                t = t * s + coefficients[k, 4]
                t = t * s + coefficients[k, 3]
                t = t * s + coefficients[k, 2]
                t = t * s + coefficients[k, 1]
                out[i] = t * s + coefficients[k, 0]
            else:
                out[i] = x
    else:
        for i in range(LANES):
            x = z[i]
            out[i] = coefficients[find_cell(x, breaks, guide, scale), 0] if x == x else x
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


@stage
def change_inputs(tables: InputTables, x: Floats) -> None:
    """Change inputs by events and levers, in place.

    ``RESET`` gives a target its certain value back, since ``x`` is used group after group; ``SCALE`` multiplies it by an
    input; ``SCALE_WHERE`` does so where an event happens, that is where its luck is below its probability. A target stays
    in its domain.
    """
    wide_vectors()
    for c in range(tables.changes.shape[0]):
        kind, target, by = tables.changes[c, 0], tables.changes[c, 1] * LANES, tables.changes[c, 2] * LANES
        low, high = tables.bounds[c, 0], tables.bounds[c, 1]
        if kind == RESET:
            for i in range(LANES):
                x[target + i] = tables.constants[tables.changes[c, 1]]
            continue
        if kind == SCALE:
            for i in range(LANES):
                x[target + i] *= x[by + i]
        else:
            luck, chance = tables.changes[c, 3] * LANES, tables.changes[c, 4] * LANES
            for i in range(LANES):
                unknown = 0.0 * (x[luck + i] + x[chance + i] + x[by + i])
                x[target + i] *= (x[by + i] if x[luck + i] < x[chance + i] else 1.0) + unknown
        for i in range(LANES):
            value = x[target + i]
            value = low if value < low else value
            x[target + i] = high if value > high else value


@stage
def draw_inputs(group: int, tables: InputTables, x: Floats, work: InputWorkspace) -> None:
    """Write the drawn inputs of one group of lanes.

    Parameters
    ----------
    group : int
        Draws group·LANES and following.
    tables : InputTables
    x : ndarray, shape (inputs * LANES,)
        Inputs, one row of lanes after the other. Flat, so that LLVM knows the distance of any two rows.
    work : InputWorkspace
    """
    scores, own, uniforms, where, place = work.scores, work.own, work.uniforms, work.where, work.place
    correlated, slots = tables.correlated, tables.slots
    for j in range(correlated.size):
        r = correlated[j]
        fill_scores(group, tables.keys[r], tables.replicates[r], tables.directions[r], scores[j], uniforms, where)
    correlate(scores, tables.factor)
    for r in range(slots.size):
        if slots[r] >= 0:
            z = own
            if place[r] >= 0:
                z = scores[place[r]]
            else:
                fill_scores(group, tables.keys[r], tables.replicates[r], tables.directions[r], own, uniforms, where)
            low, high = tables.cell_offsets[r], tables.cell_offsets[r + 1]
            look_up(
                z,
                tables.kinds[r, 0],
                tables.kinds[r, 1],
                tables.kinds[r, 2],
                tables.shapes[r],
                tables.scales[r],
                tables.breaks[low + r : high + r + 1],
                tables.coefficients[low:high],
                tables.guides[r],
                x[slots[r] * LANES : (slots[r] + 1) * LANES],
                where,
            )
    change_inputs(tables, x)


@jittable
def store_inputs(tables: InputTables, x: Floats, lane: int, count: int, inputs: Floats, column: int) -> None:
    """Copy ``count`` lanes of the drawn inputs to the columns from ``column`` on."""
    for k in range(tables.stored.size):
        for i in range(count):
            inputs[k, column + i] = x[tables.stored[k] * LANES + lane + i]
