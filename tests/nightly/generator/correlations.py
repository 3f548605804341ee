"""Uniforms of a stream at some distances, and of each pair of 64 neighbouring streams.

Knuth, D. E. (1997). The Art of Computer Programming 2, 3rd ed., section 3.3.2, test K, with products in place of the coefficient:
mean and variance of the uniforms are known.
"""

from __future__ import annotations

import numpy as np
from nightly.generator.judgement import of_largest, of_normal, of_normals
from nightly.generator.streams import BLOCK, NAMES
from nightly.generator.view import View

# a call of the generator serves draws that are 64 apart; in the orders across names and seeds the draw before lies NAMES and BLOCK apart
LAGS = (1, 2, 64, NAMES - 1, NAMES, NAMES + 1, BLOCK - 1, BLOCK, BLOCK + 1)
_GROUP = 64
_VARIANCE = 1 / 3  # of a uniform on (-1, 1)


class Correlations:
    """Sums of products of two uniforms."""

    def __init__(self) -> None:
        self._products = np.zeros(len(LAGS))
        self._between = np.zeros((NAMES // _GROUP, _GROUP, _GROUP))

    def update(self, view: View) -> None:
        """Count a block."""
        if view.seen:
            for k, lag in enumerate(LAGS):
                self._products[k] += view.uniforms @ view.uniforms_before(lag)
        rows = view.uniforms.reshape(-1, NAMES)
        for k in range(NAMES // _GROUP):
            group = rows[:, k * _GROUP : (k + 1) * _GROUP]
            self._between[k] += group.T @ group

    def p_values(self, words: int) -> dict[str, float]:
        """Return p-values after a number of words."""
        lagged = self._products / (_VARIANCE * np.sqrt(words - BLOCK))
        pairs = self._between[:, *np.triu_indices(_GROUP, 1)] / (_VARIANCE * np.sqrt(words // NAMES))
        return {
            **{f"correlation: {lag} apart": of_normal(z) for lag, z in zip(LAGS, lagged, strict=True)},
            "correlation: pairs of streams, all": of_normals(pairs),
            "correlation: pairs of streams, largest": of_largest(pairs),
        }
