"""A block of words, what lies before it, and what the kernels make of it."""

from __future__ import annotations

import numpy as np
from nightly.generator import counts
from nightly.generator.streams import BLOCK, Words
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PAST = BLOCK + 1  # words before a block that can be compared with its own


class View:
    """What the tests read of a stream.

    Parameters
    ----------
    hourly : bool
        Whether a word serves two scores of hourly noise, or one score of an input.

    Attributes
    ----------
    seen : int
        Words before the block.
    words, uniforms, scores : ndarray
        Of the block; uniforms on (-1, 1).
    """

    def __init__(self, *, hourly: bool) -> None:
        self.hourly, self.seen = hourly, -BLOCK
        self._words, self._uniforms = np.zeros(PAST + BLOCK, dtype=np.uint64), np.zeros(PAST + BLOCK)
        self.words, self.uniforms = self._words[PAST:], self._uniforms[PAST:]
        self.scores = np.zeros(BLOCK * (1 + hourly))

    def show(self, block: Words) -> None:
        """Go on to the next block."""
        self._words[:PAST], self._uniforms[:PAST] = self._words[BLOCK:], self._uniforms[BLOCK:]
        self.words[:] = block
        if self.hourly:
            counts.write_uniforms(self.words, self.uniforms)
            counts.write_hourly_scores(self.words, self.scores)
        else:
            counts.write_scores(self.words, self.uniforms, self.scores)
        self.seen += BLOCK

    def words_before(self, lag: int) -> Words:
        """Return the words that lie ``lag`` before those of the block."""
        return self._words[PAST - lag : PAST - lag + BLOCK]

    def uniforms_before(self, lag: int) -> Floats:
        """Return the uniforms that lie ``lag`` before those of the block."""
        return self._uniforms[PAST - lag : PAST - lag + BLOCK]
