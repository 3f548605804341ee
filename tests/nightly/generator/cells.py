"""Where words fall: pairs of neighbours, collisions, birthday spacings, and words that come again.

Knuth, D. E. (1997). The Art of Computer Programming 2, 3rd ed., section 3.3.2, tests B and I.
Marsaglia, G., Tsang, W. W. (2002). Some difficult-to-pass tests of randomness. J. Stat. Softw. 7(3). doi:10.18637/jss.v007.i03.
"""

from __future__ import annotations

import math

import numpy as np
from nightly.generator import counts
from nightly.generator.judgement import of_binomial, of_counts, of_normal, of_poisson
from nightly.generator.streams import BLOCK
from nightly.generator.view import View
from scipy import stats

_ENDS = ("upper", "lower")
_BIRTHDAYS = ("upper bits", "lower bits", "two words", "four words")
_MARKED = 2**18  # words that are kept to be compared with each other


class Cells:
    """Tables of where words fall.

    Words that come again, wherever, are seen among those that begin with so many zeros that about ``_MARKED`` are kept: equal words
    are kept alike, so that a stream which repeats, or overlaps another at any distance, shows.

    Parameters
    ----------
    total : int
        Words to come.
    """

    def __init__(self, total: int) -> None:
        self._pairs = np.zeros((2, 2**16), dtype=np.uint32)
        self._urns, self._collisions = np.zeros(2**counts.URNS_LOG2 // 64, dtype=np.uint64), np.zeros(2, dtype=np.int64)
        self._days, self._places = np.zeros((2, counts.BIRTHDAYS), dtype=np.uint32), np.zeros(2**11 + 1, dtype=np.int64)
        self._equal = np.zeros((counts.KINDS, counts.MOST_EQUAL + 1), dtype=np.int64)
        self._zeros = max(total // _MARKED, 1).bit_length() - 1
        self._kept, self._marked = np.zeros(4 * _MARKED, dtype=np.uint64), 0

    def update(self, view: View) -> None:
        """Count a block."""
        counts.count_pairs(view.words, *self._pairs)
        counts.count_collisions(view.words, self._urns, self._collisions)
        counts.count_birthdays(view.words, view.seen // BLOCK % counts.KINDS, *self._days, self._places, self._equal)
        self._marked = counts.keep_marked(view.words, np.uint64(self._zeros), self._kept, self._marked)

    def p_values(self, words: int) -> dict[str, float]:
        """Return p-values after a number of words."""
        kept = np.sort(self._kept[: self._marked])
        again = int(np.count_nonzero(kept[1:] == kept[:-1]))
        return {
            **{
                f"pairs: {end} eight bits": of_counts(row, np.full(2**16, words / 2 / 2**16))
                for end, row in zip(_ENDS, self._pairs, strict=True)
            },
            **{
                f"collisions: {end} bits": _of_collisions(n, words // counts.BALLS // 2)
                for end, n in zip(_ENDS, self._collisions, strict=True)
            },
            **{f"birthdays: {kind}": _of_birthdays(row) for kind, row in zip(_BIRTHDAYS, self._equal, strict=True)},
            "words that come again": of_poisson(again, math.comb(kept.size, 2) / 2.0 ** (64 - self._zeros)),
            "words marked": of_binomial(self._marked, words, 2.0**-self._zeros),
        }


def _of_collisions(collisions: int, trials: int) -> float:
    urns, balls = 2.0**counts.URNS_LOG2, counts.BALLS
    empty = (1 - 1 / urns) ** balls
    mean = balls - urns * (1 - empty)
    variance = urns * (urns - 1) * (1 - 2 / urns) ** balls + urns * empty - (urns * empty) ** 2
    return of_normal((collisions - trials * mean) / math.sqrt(trials * variance))


def _of_birthdays(equal: np.ndarray) -> float:
    mean = counts.BIRTHDAYS**3 / 2.0**34
    chances = stats.poisson.pmf(np.arange(equal.size), mean)
    chances[-1] = stats.poisson.sf(equal.size - 2, mean)
    return of_counts(equal, chances * equal.sum())
