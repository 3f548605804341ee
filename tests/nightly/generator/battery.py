"""The battery of our own: every test reads every word of an order, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from nightly.generator.bits import Bits
from nightly.generator.cells import Cells
from nightly.generator.correlations import Correlations
from nightly.generator.gaussian import Gaussian
from nightly.generator.sequences import Sequences
from nightly.generator.streams import BLOCK, Words
from nightly.generator.view import View


def p_values(blocks: Iterator[Words], words: int, *, hourly: bool = False) -> dict[str, float]:
    """Return the p-value of each test of the first words of an order.

    Parameters
    ----------
    blocks : iterator of ndarray, shape (BLOCK,)
    words : int
        A multiple of BLOCK, of two blocks or more.
    hourly : bool
        Whether a word serves two scores of hourly noise, or one score of an input.
    """
    view, tests = View(hourly=hourly), (Bits(), Sequences(), Cells(words), Correlations(), Gaussian())
    for block in islice(blocks, words // BLOCK):
        view.show(block)
        for test in tests:
            test.update(view)
    return {name: p for test in tests for name, p in test.p_values(words).items()}
