"""The order of words: gaps, ascending runs, the largest of a few.

Knuth, D. E. (1997). The Art of Computer Programming 2, 3rd ed., section 3.3.2, tests D, G (with the word after a run left out,
exercise 14) and F.
"""

from __future__ import annotations

import numpy as np
from nightly.generator import counts
from nightly.generator.judgement import of_counts
from nightly.generator.view import View
from scipy.special import factorial

_INTERVALS = {"at the lower end": 0, "above the middle": 8}  # which sixteenth of the uniforms ends a gap


class Sequences:
    """Lengths of gaps and runs, and maxima."""

    def __init__(self) -> None:
        self._since, self._gaps = np.zeros((2, 1), dtype=np.int64), np.zeros((2, counts.LONGEST_GAP + 1), dtype=np.int64)
        self._last, self._length = np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=np.int64)
        self._runs = np.zeros(counts.LONGEST_RUN + 1, dtype=np.int64)
        self._maxima = np.zeros(counts.MAXIMUM_CELLS, dtype=np.int64)

    def update(self, view: View) -> None:
        """Count a block."""
        for k, sixteenth in enumerate(_INTERVALS.values()):
            counts.count_gaps(view.words, np.uint64(sixteenth), self._since[k], self._gaps[k])
        counts.count_runs(view.words, self._last, self._length, self._runs)
        counts.count_maxima(view.words, self._maxima)

    def p_values(self, words: int) -> dict[str, float]:
        """Return p-values after a number of words."""
        gaps = counts.GAP_SHARE * (1 - counts.GAP_SHARE) ** np.arange(counts.LONGEST_GAP + 1)
        gaps[-1] /= counts.GAP_SHARE  # as long and longer
        lengths = np.arange(1, counts.LONGEST_RUN + 1)
        runs = 1 / factorial(lengths) - 1 / factorial(lengths + 1)
        runs[-1] = 1 / factorial(counts.LONGEST_RUN)
        return {
            **{f"gaps: {name}": of_counts(self._gaps[k], gaps * self._gaps[k].sum()) for k, name in enumerate(_INTERVALS)},
            "runs up": of_counts(self._runs[1:], runs * self._runs.sum()),
            f"maximum of {counts.MAXIMUM_OF}": of_counts(
                self._maxima, np.full(self._maxima.size, words / counts.MAXIMUM_OF / counts.MAXIMUM_CELLS)
            ),
        }
