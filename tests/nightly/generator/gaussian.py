"""Scores as the kernels make them: moments by Hermite polynomials, which are uncorrelated, tails, and one score beside another."""

from __future__ import annotations

import numpy as np
from nightly.generator.judgement import of_binomial, of_normal, of_normals
from nightly.generator.view import View
from scipy.special import ndtr

TAILS = (3.0, 4.0, 5.0, 6.0)


class Gaussian:
    """Sums of powers and counts in the tails."""

    def __init__(self) -> None:
        self._count, self._halves = 0, 0
        self._powers, self._across = np.zeros(4), np.zeros(2)
        self._beyond = np.zeros((2, len(TAILS)), dtype=np.int64)

    def update(self, view: View) -> None:
        """Count a block; the halves are, of hourly noise, the two scores that one call of Box and Muller's makes."""
        z, half = view.scores, view.scores.size // 2
        squares = z * z
        self._count, self._halves = self._count + z.size, self._halves + half
        self._powers += z.sum(), z @ z, squares @ z, squares @ squares
        squares -= 1.0
        self._across += z[:half] @ z[half:], squares[:half] @ squares[half:]
        far = z[squares > TAILS[0] ** 2 - 1.0]
        for k, limit in enumerate(TAILS):
            self._beyond[:, k] += np.count_nonzero(far < -limit), np.count_nonzero(far > limit)

    def p_values(self, words: int) -> dict[str, float]:
        """Return p-values."""
        n, (first, second, third, fourth) = self._count, self._powers
        hermite = np.array([first, second - n, third - 3 * first, fourth - 6 * second + 3 * n])
        return {
            "scores: moments": of_normals(hermite / np.sqrt(n * np.array([1, 2, 6, 24]))),
            "scores: halves": of_normal(self._across[0] / np.sqrt(self._halves)),
            "scores: squares of halves": of_normal(self._across[1] / np.sqrt(4 * self._halves)),
            **{
                f"scores: {side}{limit:g}": of_binomial(int(self._beyond[row, k]), n, float(ndtr(-limit)))
                for k, limit in enumerate(TAILS)
                for row, side in enumerate(("below -", "above "))
            },
        }
