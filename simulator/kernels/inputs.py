"""Inputs in lanes: independent scores, dependence, quantile functions.

The part that every kernel shares. A kernel knows no distribution by name: each input is a stream of
normal scores and a compiled quantile function.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.jit import allocating, jittable, stage, wide_vectors
from simulator.kernels.lanes import LANES, Floats, Integers, Words, copy, spread
from simulator.kernels.octaves import values_of_uniforms
from simulator.kernels.quantiles import look_up
from simulator.kernels.scores import correlate, random_uniforms, scores_of_uniforms, sobol_uniforms

RESET, SCALE, SCALE_WHERE = range(3)


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
    directions : ndarray of uint64, shape (r, bits + 1, replicates)
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
    coefficients : ndarray, shape (cells, POWERS)
    guides : ndarray of int64, shape (r, GUIDE + 1)
    scales : ndarray, shape (r,)
        Guide cells per unit of score.
    octave_rows : ndarray of int64, shape (r,)
        Which of ``octaves`` takes a stream's uniform to its value; -1 where the score is looked up, since others share it or
        the law has jumps or kinks.
    octaves : ndarray, shape (n, 2 * SIDE, TERMS)
        See ``stochastic.octaves``.
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
    octave_rows: Integers
    octaves: Floats
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
    words : ndarray of uint64, shape (replicates,)
    """

    scores: Floats
    own: Floats
    uniforms: Floats
    where: Integers
    place: Integers
    words: Words


@allocating
def input_workspace(tables: InputTables) -> InputWorkspace:
    """Return scratch memory for one group of lanes."""
    place = np.full(tables.slots.size, -1)
    for j in range(tables.correlated.size):
        place[tables.correlated[j]] = j
    scores = np.empty((tables.correlated.size, LANES))
    words = np.empty(tables.directions.shape[2], dtype=np.uint64)
    return InputWorkspace(scores, np.empty(LANES), np.empty(LANES), np.empty(LANES, dtype=np.int64), place, words)


@allocating
def certain_inputs(tables: InputTables) -> Floats:
    """Return inputs, shape (inputs * LANES,), with the certain ones filled in."""
    x = np.empty(tables.constants.size * LANES)
    spread(tables.constants, LANES, x)
    return x


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


@jittable
def fill_uniforms(group: int, r: int, tables: InputTables, work: InputWorkspace) -> None:
    """Write the uniforms on (-1, 1) of one stream, row ``r`` of the tables, for one group of lanes."""
    if tables.replicates[r] == 0:
        random_uniforms(group, tables.keys[r], work.uniforms)
    else:
        sobol_uniforms(group, tables.directions[r], work.words, work.uniforms)


@jittable
def look_up_uniforms(r: int, tables: InputTables, x: Floats, work: InputWorkspace) -> None:
    """Write the input of row ``r`` of the tables from its uniforms."""
    values_of_uniforms(
        work.uniforms,
        tables.octaves[tables.octave_rows[r]],
        tables.kinds[r, 2],
        tables.shapes[r, 2],
        tables.shapes[r, 3],
        x[tables.slots[r] * LANES : (tables.slots[r] + 1) * LANES],
        work.where,
    )


@jittable
def look_up_scores(z: Floats, r: int, tables: InputTables, x: Floats, work: InputWorkspace) -> None:
    """Write the input of row ``r`` of the tables from its scores."""
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
        x[tables.slots[r] * LANES : (tables.slots[r] + 1) * LANES],
        work.where,
    )


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
    for j in range(tables.correlated.size):
        r = tables.correlated[j]
        fill_uniforms(group, r, tables, work)
        scores_of_uniforms(work.uniforms, work.scores[j], work.where)
        if tables.octave_rows[r] >= 0:  # others depend on its score, and it on none
            look_up_uniforms(r, tables, x, work)
    correlate(work.scores, tables.factor)
    for r in range(tables.slots.size):
        if work.place[r] >= 0:
            if tables.slots[r] >= 0 and tables.octave_rows[r] < 0:
                look_up_scores(work.scores[work.place[r]], r, tables, x, work)
            continue
        fill_uniforms(group, r, tables, work)
        if tables.octave_rows[r] >= 0:
            look_up_uniforms(r, tables, x, work)
        else:
            scores_of_uniforms(work.uniforms, work.own, work.where)
            look_up_scores(work.own, r, tables, x, work)
    change_inputs(tables, x)


@stage
def store_inputs(tables: InputTables, x: Floats, lane: int, count: int, inputs: Floats, column: int) -> None:
    """Copy ``count`` lanes of the drawn inputs to the columns from ``column`` on."""
    for k in range(tables.stored.size):
        copy(x, tables.stored[k] * LANES + lane, inputs[k], column, count)
