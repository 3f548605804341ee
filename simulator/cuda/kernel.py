"""The kernel that a processor launches: each thread plays out draws, and works on them in memory of its own.

``memory`` holds for every thread a column of inputs and of the ledger's rows, so that neighbours read and write side by side.
"""

from __future__ import annotations

import numpy as np
from numba import cuda

from simulator.cuda import compiler
from simulator.cuda.one_lane import one_lane
from simulator.kernels.inputs import InputTables
from simulator.kernels.lanes import Floats, Integers
from simulator.kernels.ledger.book import ASIDE, OUTPUTS, Book
from simulator.kernels.static import OUTPUTS as RUN_OUTPUTS

_copy = one_lane(compiler)
_draw = _copy("simulator.cuda.draw")
begin, play_draw, FIRST_OUTCOME = _draw.begin, _draw.play_draw, _draw.FIRST_OUTCOME
Pages, InputWorkspace = _draw.Pages, _draw.InputWorkspace
_RUN, _ASIDE = len(RUN_OUTPUTS), len(ASIDE)


@compiler.launched
def play_draws(
    first: int,
    count: int,
    modes: Integers,
    tables: InputTables,
    book: Book,
    place: Integers,
    memory: Floats,
    scores: Floats,
    inputs: Floats,
    outputs: Floats,
) -> None:
    """Play out ``count`` draws from ``first`` on.

    Parameters
    ----------
    first, count : int
    modes, tables, book, inputs, outputs
        See ``draw.play_draw``.
    place : ndarray of int64, shape (r,)
        See ``kernels.inputs.InputWorkspace``.
    memory : ndarray, shape (inputs + rows of the ledger, threads)
    scores : ndarray, shape (k, 1, threads)
        Of the correlated names.
    """
    thread, size = cuda.grid(1), tables.constants.size
    own, uniforms = cuda.local.array(1, np.float64), cuda.local.array(1, np.float64)
    where, words = cuda.local.array(1, np.int64), cuda.local.array(1, np.uint64)
    run, level = cuda.local.array(_RUN, np.float64), cuda.local.array(2, np.float64)
    path, aside = cuda.local.array((4, 1), np.float64), cuda.local.array(_ASIDE, np.float64)
    pages = Pages(memory[:size, thread], run[FIRST_OUTCOME:], level, path, aside, memory[size:, thread])
    work = InputWorkspace(scores[:, :, thread], own, uniforms, where, place, words)
    begin(tables, pages)
    for column in range(thread, count, cuda.gridsize(1)):
        play_draw(first + column, column, modes, tables, book, work, run, pages, inputs, outputs)


def ledger_rows(book: Book) -> int:
    """Return how many rows the ledger works on."""
    return len(OUTPUTS) + int(book.people.shape[0] + book.events.shape[0])
