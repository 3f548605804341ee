"""What a tolerance adds to the spread of draws is taken out of them again: regression on the totals that they were matched with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.update.matching import Matched

Floats = NDArray[np.float64]

_RIDGE = 0.01  # of a tolerance squared: what draws hardly differ in, among those that count, is not extrapolated


class Regression:
    r"""The draws moved to where their totals would be, had they been matched as closely as these are known.

    A value y, in logarithms where all are positive, is regressed on the logarithms of the totals, with the weights of the draws, and moved
    along: :math:`y_i + \beta\,(1 - e/k)\,(\ln s - \ln x_i)`, with the total s that was read, its relative standard error e and the
    tolerance k. The spread of the moved totals is then e and not k. Where k is e, nothing moves.

    Parameters
    ----------
    weights : ndarray, shape (draws,)
        Of sum 1.
    columns : sequence of Matched

    Notes
    -----
    Beaumont, Zhang & Balding (2002), Genetics 162(4):2025-2035, doi:10.1093/genetics/162.4.2025, equations 1 to 4, for e = 0. The ridge
    is that of Blum, Nunes, Prangle & Sisson (2013), Statistical Science 28(2):189-208, doi:10.1214/12-STS406, section 2.1.

    Examples
    --------
    >>> from simulator.analysis.update.actuals import Observation
    >>> spend = np.exp(np.linspace(-0.1, 0.1, 101))
    >>> column = Matched(Observation("spend", 1.0, 24.0, 0.0, 2), spend, tolerance=0.05)
    >>> moved = Regression(np.full(101, 1 / 101), [column]).moved(3.0 * spend)
    >>> bool(abs(moved / 3.0 - 1.0).max() < 0.001)
    True
    """

    def __init__(self, weights: Floats, columns: Sequence[Matched]) -> None:
        self._counts = weights > 0.0
        self._weights = weights[self._counts]
        rows, moves = [np.zeros((0, self._weights.size))], [np.zeros((0, self._weights.size))]
        for m in columns:
            if m.tolerance > m.observation.error and np.ptp(m.state[self._counts]) > 0.0:
                state = m.state[self._counts]
                nearest = np.clip(m.observation.value, state.min(), state.max())
                away = np.log(nearest / state) / m.tolerance
                rows.append(away[np.newaxis] - self._weights @ away)
                moves.append(away[np.newaxis] * (1.0 - m.observation.error / m.tolerance))
        self._totals, self._moves = np.concatenate(rows), np.concatenate(moves)
        gram = (self._totals * self._weights) @ self._totals.T + _RIDGE * np.eye(len(self._totals))
        self._solve = np.linalg.solve(gram, self._totals * self._weights)

    def moved(self, values: Floats) -> Floats:
        """Return values of draws, shape (draws,), moved; those of draws without weight, and of quantities with few values, stay.

        Moved values stay within the range of the draws.
        """
        own = values[self._counts]
        if not len(self._totals) or not np.isfinite(own).all() or 2 * np.unique(own).size <= own.size:
            return values
        positive = bool((own > 0.0).all())
        y = np.log(own) if positive else own
        slopes = self._solve @ (y - self._weights @ y)
        moved = y - slopes @ self._moves
        found = values.copy()
        found[self._counts] = np.clip(np.exp(moved) if positive else moved, values.min(), values.max())
        return found
