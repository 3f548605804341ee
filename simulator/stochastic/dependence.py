"""Dependence between inputs: a Gaussian copula stated as rank correlations.

A rank correlation says how two inputs move together whatever their distributions, so that a law can be replaced
without restating its dependence. The Gaussian copula has no tail dependence: inputs that fail together only in
the extremes need another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from numbers import Real

import numpy as np
import numpy.typing as npt

from simulator.errors import LawError

FloatArray = npt.NDArray[np.float64]
Pair = tuple[str, str]

EIGENVALUE_TOLERANCE = 1e-10  # far above the rounding error of eigvalsh, far below any correlation that one can know
PIVOT_TOLERANCE = 1e-12  # a smaller pivot is a name that earlier names determine; neglecting it costs at most its root, 1e-6
DECIMALS = 3  # of an offered correlation; nobody knows a fourth
SUBSET_BUDGET = 2**16  # every subset of 16 names, every triple of 73; below a second


def latent_correlation(spearman: npt.ArrayLike) -> FloatArray:
    r"""Convert rank correlations into the correlations of the Gaussian scores.

    Exact for the bivariate normal, hence for every pair of continuous inputs joined by a Gaussian copula; inputs
    with atoms have ties, and their achieved rank correlation is closer to zero.

    Parameters
    ----------
    spearman : array_like
        Spearman's rank correlation [1], any shape, in [-1, 1].

    Returns
    -------
    ndarray
        Pearson correlation of the scores [1], same shape: :math:`r = 2 \sin(\pi \rho / 6)`.

    References
    ----------
    Kruskal (1958), Ordinal measures of association, JASA 53, 814-861, doi:10.1080/01621459.1958.10501481.

    Examples
    --------
    >>> latent_correlation([-1.0, 0.0, 0.5]).round(4).tolist()
    [-1.0, 0.0, 0.5176]
    """
    return np.asarray(2.0 * np.sin(np.pi / 6.0 * np.asarray(spearman, dtype=np.float64)))


def spearman_correlation(latent: npt.ArrayLike) -> FloatArray:
    r"""Convert correlations of Gaussian scores into rank correlations; undoes :func:`latent_correlation`.

    Parameters
    ----------
    latent : array_like
        Pearson correlation of the scores [1], any shape, in [-1, 1].

    Returns
    -------
    ndarray
        Spearman's rank correlation [1], same shape: :math:`\rho = (6 / \pi) \arcsin(r / 2)`.

    Examples
    --------
    >>> spearman_correlation([-1.0, 0.0, 0.5]).round(4).tolist()
    [-1.0, 0.0, 0.4826]
    """
    return np.asarray(6.0 / np.pi * np.arcsin(np.asarray(latent, dtype=np.float64) / 2.0))


@dataclass(frozen=True)
class RankCorrelation:
    """Rank correlations of named inputs that a Gaussian copula can have; make one with :meth:`from_pairs`.

    Attributes
    ----------
    names : tuple of str
        The names in canonical (sorted) order, length k.
    spearman : tuple of tuple of float
        Rank correlation matrix [1], (k, k), rows and columns in the order of ``names``.
    """

    names: tuple[str, ...] = ()
    spearman: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def from_pairs(cls, pairs: Mapping[Pair, float] | Iterable[tuple[str, str, float]]) -> RankCorrelation:
        """Gather stated pairs into one matrix; pairs that are not stated are uncorrelated.

        Parameters
        ----------
        pairs : mapping or iterable
            ``{(a, b): rho}`` or ``(a, b, rho)`` with rho, Spearman's rank correlation [1], in [-1, 1]. Neither the
            order of the pairs nor that of the names within a pair matters.

        Returns
        -------
        RankCorrelation
            Equal to any other that states the same.

        Raises
        ------
        LawError
            If a pair is a name with itself, is stated twice or is not a number in [-1, 1] (all such pairs at once);
            or if no Gaussian copula has these rank correlations together. The message then names the smallest
            group of inputs that contradicts itself and offers the nearest correlations that do not.

        Notes
        -----
        What must be positive semidefinite is the latent matrix: three inputs at a rank correlation of -0.5 have a
        semidefinite Spearman matrix and an impossible Gaussian one.

        Examples
        --------
        >>> RankCorrelation.from_pairs({("pue", "mfu"): -0.5}).names
        ('mfu', 'pue')
        >>> RankCorrelation.from_pairs({("mfu", "pue"): 1.0, ("pue", "price"): 1.0})  # so mfu and price move together
        Traceback (most recent call last):
        simulator.errors.LawError: ...
        """
        items = [(*pair, rho) for pair, rho in pairs.items()] if isinstance(pairs, Mapping) else list(pairs)
        stated: dict[Pair, float] = {}
        problems: list[str] = []
        for first, second, rho in items:
            a, b = sorted((first, second))
            if a == b:
                problems.append(f"{a} ~ {a}: a name has no correlation with itself to state")
            elif (a, b) in stated:
                problems.append(f"{a} ~ {b}: stated twice")
            elif isinstance(rho, bool) or not isinstance(rho, Real) or not -1.0 <= float(rho) <= 1.0:
                problems.append(f"{a} ~ {b}: {rho!r} is not a rank correlation, which lies in [-1, 1]")
            stated.setdefault((a, b), rho)
        if problems:
            raise LawError("; ".join(problems), "State each pair of different names once, with a number in [-1, 1]")

        names = tuple(sorted({name for pair in stated for name in pair}))
        place = {name: i for i, name in enumerate(names)}
        spearman = np.eye(len(names))
        for (a, b), rho in stated.items():
            spearman[place[a], place[b]] = spearman[place[b], place[a]] = rho
        if not _is_possible(spearman):
            raise _impossible(names, spearman, stated=stated)
        return cls(names, tuple(map(tuple, spearman.tolist())))

    @property
    def latent(self) -> FloatArray:
        """Correlation matrix of the Gaussian scores [1], (k, k)."""
        k = len(self.names)
        return latent_correlation(np.reshape(self.spearman, (k, k)))

    @cached_property
    def factor(self) -> FloatArray:
        """Lower-triangular L [1], (k, k), read-only, with ``L @ L.T`` the latent matrix.

        Independent scores z (draws, k) become dependent as ``z @ L.T``. A row uses only names before its own, so
        the first name keeps its score.

        Examples
        --------
        >>> RankCorrelation.from_pairs({("mfu", "pue"): -1.0}).factor.round(12).tolist()
        [[1.0, 0.0], [-1.0, 0.0]]
        """
        factor = _semidefinite_cholesky(self.latent)
        factor.setflags(write=False)
        return factor


def nearest_correlation(matrix: FloatArray, *, floor: float = 0.0) -> FloatArray:
    """Nearest correlation matrix in the Frobenius norm, by alternating projections with Dykstra's correction.

    Converges linearly; with the residual at 1e-9 or after 5000 rounds the iterate is returned, so that the
    smallest eigenvalue may fall short of the floor by about the residual.

    Parameters
    ----------
    matrix : ndarray
        Symmetric matrix [1], (k, k).
    floor : float
        Smallest eigenvalue of the result [1], in [0, 1].

    Returns
    -------
    ndarray
        Symmetric matrix with unit diagonal [1], (k, k).

    References
    ----------
    Higham (2002), Computing the nearest correlation matrix, IMA J. Numer. Anal. 22, 329-343, algorithm 3.3,
    doi:10.1093/imanum/22.3.329.

    Examples
    --------
    >>> nearest_correlation(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])).round(4)[0].tolist()
    [1.0, 0.7607, 0.1573]
    """
    unit = np.array(matrix, dtype=np.float64)
    correction = np.zeros_like(unit)
    for _ in range(5000):
        corrected = unit - correction
        values, vectors = np.linalg.eigh(corrected)
        definite = (vectors * np.maximum(values, floor)) @ vectors.T
        correction = definite - corrected
        unit = (definite + definite.T) / 2.0  # the product is symmetric only up to rounding
        np.fill_diagonal(unit, 1.0)
        if np.linalg.norm(unit - definite) < 1e-9:
            break
    return unit


def achieved_spearman(columns: Mapping[str, npt.ArrayLike]) -> FloatArray:
    """Rank correlation that draws have, ties at their average rank.

    Differs from the request by Monte Carlo error, and by ties where an input has atoms.

    Parameters
    ----------
    columns : mapping of str to array_like
        Draws by name, each (draws,), any unit; infinite draws rank last or first, NaN draws are left out pair by pair.

    Returns
    -------
    ndarray
        Spearman's rank correlation [1], (k, k), in the order of ``columns``; NaN for an input that does not vary.

    Examples
    --------
    >>> achieved_spearman({"mfu": [0.3, 0.4, 0.5], "days": [90.0, 60.0, 50.0]}).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    import pandas as pd  # noqa: PLC0415 - half a second that only a report needs

    # Ranking first: corr(method="spearman") takes an infinite draw for a missing one.
    ranks = pd.DataFrame({name: np.asarray(draws) for name, draws in columns.items()}).rank()
    return np.asarray(ranks.corr(), dtype=np.float64)


def _smallest_eigenvalue(matrices: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.eigvalsh(matrices)[..., 0])


def _is_possible(spearman: FloatArray) -> bool:
    return spearman.size == 0 or bool(_smallest_eigenvalue(latent_correlation(spearman)) >= -EIGENVALUE_TOLERANCE)


def _semidefinite_cholesky(latent: FloatArray) -> FloatArray:
    """Cholesky factor that leaves the column of a vanishing pivot at zero."""
    k = len(latent)
    factor = np.zeros((k, k))
    if k == 0:
        return factor
    # An eigenvalue just below zero would be magnified by a small pivot; within the tolerance this moves nothing.
    shift = max(0.0, -float(_smallest_eigenvalue(latent)))
    matrix = (latent + shift * np.eye(k)) / (1.0 + shift)
    for j in range(k):
        rest = matrix[j:, j] - factor[j:, :j] @ factor[j, :j]
        if rest[0] > PIVOT_TOLERANCE:
            factor[j:, j] = rest / math.sqrt(rest[0])
    return factor


def _culprits(latent: FloatArray) -> tuple[int, ...] | None:
    """Return the smallest subset that is impossible by itself, the most impossible one of its size; None if too many."""
    k, budget = len(latent), SUBSET_BUDGET
    for size in range(3, k + 1):  # two inputs can have any correlation
        budget -= math.comb(k, size)
        if budget < 0:
            return None
        subsets = np.array(list(combinations(range(k), size)))
        smallest = _smallest_eigenvalue(latent[subsets[:, :, None], subsets[:, None, :]])
        worst = int(np.argmin(smallest))
        if smallest[worst] < -EIGENVALUE_TOLERANCE:
            return tuple(subsets[worst].tolist())
    return None


def _nearest_rounded(spearman: FloatArray) -> FloatArray:
    """Return the nearest possible rank correlations, rounded where they are not the request."""
    floor = 0.0
    while True:
        nearest = spearman_correlation(nearest_correlation(latent_correlation(spearman), floor=floor))
        kept = np.abs(nearest - spearman) <= 0.5 * 10.0**-DECIMALS
        offer = np.where(kept, spearman, nearest.round(DECIMALS) + 0.0)  # + 0.0: no offer reads -0.0
        if _is_possible(offer):
            return offer
        # Rounding has crossed the border: start farther inside. Ends at the latest at 1, the identity.
        floor = min(1.0, max(1e-4, 2.0 * floor))


def _nearest_offer(spearman: FloatArray) -> FloatArray:
    """Repair each group of linked names by itself, so that a margin inside one does not touch another."""
    linked = spearman != 0.0
    for _ in range(len(linked).bit_length()):  # squaring doubles the length of the chains that count as links
        linked = linked @ linked
    offer = spearman.copy()
    for group in {tuple(np.flatnonzero(row).tolist()) for row in linked}:
        block = np.ix_(group, group)
        offer[block] = _nearest_rounded(spearman[block])
    return offer


def _impossible(names: tuple[str, ...], spearman: FloatArray, *, stated: Mapping[Pair, float]) -> LawError:
    """Name the pairs that contradict each other and offer the nearest that do not."""
    latent, offer = latent_correlation(spearman), _nearest_offer(spearman)
    pairs = list(combinations(range(len(names)), 2))
    group = _culprits(latent)
    moved = sorted((ij for ij in pairs if offer[ij] != spearman[ij]), key=lambda ij: -abs(offer[ij] - spearman[ij]))
    blamed = list(combinations(group, 2)) if group else moved[:6]  # six pairs are enough to start looking
    eigenvalue = float(_smallest_eigenvalue(latent))

    def line(ij: tuple[int, int], *, offered: bool) -> str:
        a, b = names[ij[0]], names[ij[1]]
        asked, value = float(spearman[ij]), float((offer if offered else spearman)[ij])
        if (a, b) not in stated:
            return f"{a} ~ {b}: {value} (not stated)"
        return f"{a} ~ {b}: {value}" + (f" (asked {asked})" if value != asked else "")

    what = "; ".join(line(ij, offered=False) for ij in blamed)
    way_out = "; ".join(line(ij, offered=True) for ij in pairs if offer[ij] != 0.0 or spearman[ij] != 0.0)
    return LawError(
        f"these rank correlations cannot hold together (smallest eigenvalue {eigenvalue:.2g}): {what}",
        f"The nearest that can: {way_out}",
    )
