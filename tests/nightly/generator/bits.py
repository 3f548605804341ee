"""Single bits: does a place lean, or follow its neighbour, the same place of another word, or the weight of the word before?

L'Ecuyer, P., Simard, R. (2007). TestU01. ACM Trans. Math. Softw. 33(4), 22. doi:10.1145/1268776.1268777: Hamming weights.
"""

from __future__ import annotations

import numpy as np
from nightly.generator import counts
from nightly.generator.judgement import of_counts, of_normals
from nightly.generator.streams import BLOCK, NAMES
from nightly.generator.view import View
from scipy import stats

LAGS = (1, 64, NAMES, BLOCK)  # a call of the generator serves draws that are 64 apart


class Bits:
    """Ones in each of 64 places of words and of differences between words, and weights of pairs of words."""

    def __init__(self) -> None:
        self._none = np.zeros(BLOCK, dtype=np.uint64)
        self._own, self._neighbours = np.zeros(64, dtype=np.int64), np.zeros(64, dtype=np.int64)
        self._apart = np.zeros((len(LAGS), 64), dtype=np.int64)
        self._weights = np.zeros((65, 65), dtype=np.int64)

    def update(self, view: View) -> None:
        """Count a block."""
        counts.count_bits(view.words, self._none, np.uint64(0), self._own)
        counts.count_bits(view.words, view.words, np.uint64(1), self._neighbours)
        if view.seen:
            for row, lag in enumerate(LAGS):
                counts.count_bits(view.words, view.words_before(lag), np.uint64(0), self._apart[row])
        counts.count_weights(view.words, self._weights)

    def p_values(self, words: int) -> dict[str, float]:
        """Return p-values after a number of words."""
        binomial = stats.binom.pmf(np.arange(65), 64, 0.5)
        return {
            "bits: each place": _of_places(self._own, words),
            "bits: neighbours in a word": _of_places(self._neighbours[:63], words),  # the uppermost has none above it
            **{f"bits: words {lag} apart": _of_places(self._apart[row], words - BLOCK) for row, lag in enumerate(LAGS)},
            "bits: weights of neighbours": of_counts(self._weights, np.outer(binomial, binomial) * (words // 2)),
        }


def _of_places(ones: np.ndarray, words: int) -> float:
    return of_normals((ones - words / 2) / np.sqrt(words / 4))
