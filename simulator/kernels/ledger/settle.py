"""The ledger kernel: from the hours and energies of runs to money, carbon and water.

It reads inputs that the run's kernel has drawn, so that a draw's bill and its history are one future. A draw's
bill depends on its own inputs and outcomes only: bitwise the same in any group of lanes. The contract is that of
``kernels.static``.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from simulator.jit import allocating, kernel, stage
from simulator.kernels.lanes import WIDTH, Floats, copy, spread
from simulator.kernels.ledger.afterwards import refresh, rent_instead
from simulator.kernels.ledger.book import ASIDE, OUTCOMES, OUTPUTS, SPENDING, YEARS, Book, Pages
from simulator.kernels.ledger.prices import follow_prices
from simulator.kernels.ledger.programme import attempt, meet_events, surround
from simulator.kernels.ledger.run import (
    emit_and_drink,
    emit_beside_compute,
    match,
    pay_beside_compute,
    pay_for_compute,
    pay_for_what_idles,
    set_rollbacks_apart,
    weigh_season,
)
from simulator.kernels.ledger.totals import add_up, add_what_is_not_bought, date_spending, nothing_beside, renew, use_in_all


@stage
def settle_group(draw: int, count: int, book: Book, pages: Pages) -> None:
    """Settle one group of lanes, ``draw`` in the first, from the inputs and outcomes that stand in ``pages``."""
    if book.extras:
        attempt(book.attempting, pages)
        meet_events(book.people.shape[0], book.events, pages)
    follow_prices(draw, count, book.prices, book.jumping, pages)
    weigh_season(book.seasonal, pages)
    match(book.hourly_matching, pages)
    pay_for_compute(book.basis, book.depreciation, pages)
    emit_and_drink(pages)
    if book.extras:
        pay_beside_compute(book.basis, pages)
        emit_beside_compute(pages)
        set_rollbacks_apart(book.costs, book.emissions, pages)
        surround(book.people, pages)
        pay_for_what_idles(book.basis, pages)
        pages.y[SPENDING * WIDTH : (SPENDING + YEARS) * WIDTH] = 0.0
        refresh(draw, count, book.prices, book.jumping, book.dated, pages)
        renew(pages)
        use_in_all(pages)
    else:
        nothing_beside(pages)
    add_up(book.costs, book.emissions, pages)
    if book.extras:
        add_what_is_not_bought(book.costs, pages)
    if book.dated:
        date_spending(book.costs, count, pages)
    if book.buying:
        rent_instead(pages)


@allocating
def settle_block(start: int, stop: int, first: int, book: Book, inputs: Floats, run: Floats, out: Floats) -> None:
    """Settle draws ``start`` to ``stop`` - 1, which stand in the columns from ``start`` - ``first`` on."""
    size = book.constants.size
    rows = len(OUTPUTS) + book.people.shape[0] + book.events.shape[0]
    pages = Pages(
        np.empty(size * WIDTH),
        np.ones(len(OUTCOMES) * WIDTH),
        np.ones(2 * WIDTH),
        np.zeros((4, WIDTH)),
        np.zeros(len(ASIDE) * WIDTH),
        np.zeros(rows * WIDTH),
    )
    spread(book.constants, WIDTH, pages.x)
    for draw in range(start, stop, WIDTH):
        count, column = min(WIDTH, stop - draw), draw - first
        for row in range(book.drawn.size):
            copy(inputs[row], column, pages.x, book.drawn[row] * WIDTH, count)
        for k in range(len(OUTCOMES)):
            copy(run[k], column, pages.run, k * WIDTH, count)
        settle_group(draw, count, book, pages)
        for k in range(book.kept.size):
            row = book.kept[k]
            copy(pages.y, row * WIDTH, out[row], column, count)


@kernel
def settle(low: int, high: int, block_size: int, first: int, book: Book, inputs: Floats, run: Floats, out: Floats) -> None:
    """Settle draws ``low`` to ``high`` - 1 in blocks, over threads.

    Reads ``inputs`` (drawn inputs, draws) and ``run`` (len(OUTCOMES), draws), writes the rows of ``out`` that are kept; draw
    ``first`` stands in column 0.
    """
    for block in prange((high - low + block_size - 1) // block_size):
        start = low + block * block_size
        settle_block(start, min(start + block_size, high), first, book, inputs, run, out)
