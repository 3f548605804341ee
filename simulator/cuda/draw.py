"""One draw from its inputs to its bill, of the stages of the kernels in groups of one lane; see ``cuda.one_lane``."""

from __future__ import annotations

from simulator.jit import stage
from simulator.kernels.inputs import InputTables, InputWorkspace, draw_inputs
from simulator.kernels.lanes import Floats, Integers, spread
from simulator.kernels.ledger.book import OUTCOMES, Book, Pages
from simulator.kernels.ledger.settle import settle_group
from simulator.kernels.static import OUTPUTS, play_out

FIRST_OUTCOME = OUTPUTS.index(OUTCOMES[0])


@stage
def begin(tables: InputTables, pages: Pages) -> None:
    """Fill in what no draw changes."""
    spread(tables.constants, 1, pages.x)
    pages.level[:] = 1.0
    pages.path[:] = 0.0
    pages.aside[:] = 0.0
    pages.y[:] = 0.0


@stage
def play_draw(
    draw: int,
    column: int,
    modes: Integers,
    tables: InputTables,
    book: Book,
    work: InputWorkspace,
    run: Floats,
    pages: Pages,
    inputs: Floats,
    outputs: Floats,
) -> None:
    """Play out one draw and store it.

    Parameters
    ----------
    draw, column : int
    modes : ndarray of int64, shape (len(MODES),)
    tables : InputTables
    book : Book
    work : InputWorkspace
    run : ndarray, shape (len(OUTPUTS),)
        What the run's kernel returns.
    pages : Pages
        Whose ``run`` is the end of the other ``run``, from ``FIRST_OUTCOME`` on.
    inputs : ndarray, shape (drawn inputs, columns)
    outputs : ndarray, shape (len(OUTPUTS) + kept rows of the ledger, columns)
    """
    draw_inputs(draw, tables, pages.x, work)
    play_out(pages.x, modes, run)
    for k in range(tables.stored.size):
        inputs[k, column] = pages.x[tables.stored[k]]
    for k in range(len(OUTPUTS)):
        outputs[k, column] = run[k]
    settle_group(draw, 1, book, pages)
    for k in range(book.kept.size):
        outputs[len(OUTPUTS) + k, column] = pages.y[book.kept[k]]
