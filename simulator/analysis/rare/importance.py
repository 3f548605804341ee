r"""Importance sampling of a rare event in the space of independent normal scores: arrays in, arrays out.

Draws come from a mixture of the plain law of the scores and of the same law with its mean shifted to where the event happens, and each
counts by its weight :math:`w = \varphi(z) / q(z)`, the ratio of the two densities. Weights are those of scores, never of values, so
that discrete and mixed inputs need nothing of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from simulator.analysis.estimates import Estimate

PLAIN = 0.1  # share of plain draws in a mixture: no weight exceeds its inverse
EARLIER = 0.4  # share of draws that are shifted as at earlier stages
_ELITES = (0.1, 0.01)  # share of a stage's draws that lie beyond its level; the second where the first leads no further
_MOST_STAGES = 30
_AT_LIMIT = 2  # stages, of which the second draws where the first found what exceeds the limit
_APART = 0.5  # sd, from which on two shifts are not the same
_PATIENCE = 3  # stages without a higher level
_MOST_SHIFTS = 4
_STEPS = 50  # of expectation and maximization
_SEEN = 3.0  # standard errors from which on the mean of a score is told from nought
_LEAST_SHARE = 0.01  # of the elite, below which a shift is dropped
_ADDED = 2  # draws of the largest weight that the error counts beside those that were made

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Mixture:
    """Normal laws of unit variance that scores are drawn from, each so many times.

    Attributes
    ----------
    shifts : ndarray, shape (k, d)
        Means of the shifted laws [sd]; none where all draws are plain.
    counts : ndarray of int64, shape (k + 1,)
        Draws of each law, the plain one first.
    """

    shifts: Floats
    counts: Integers

    @property
    def draws(self) -> int:
        """Number of draws in all."""
        return int(self.counts.sum())

    def weights(self, scores: Floats) -> Floats:
        r"""Return the weights of draws, whichever of the laws they came from.

        Parameters
        ----------
        scores : ndarray, shape (n, d)
            With their shift.

        Notes
        -----
        .. math:: w(z) = \Big( \sum_j \alpha_j \exp(\mu_j \cdot z - \tfrac12 |\mu_j|^2) \Big)^{-1}

        with the shares :math:`\alpha_j` of the draws, which are fixed beforehand (the balance heuristic of Veach & Guibas 1995,
        doi:10.1145/218380.218498; defensive, since the plain law is among them: Hesterberg 1995, doi:10.1080/00401706.1995.10484303).

        Examples
        --------
        >>> half = Mixture(np.array([[2.0]]), np.array([50, 50]))
        >>> half.weights(np.array([[1.0], [-30.0]])).tolist()  # equally likely under both; only plain draws come here
        [1.0, 2.0]
        """
        powers = scores @ self.shifts.T - 0.5 * np.sum(self.shifts**2, axis=1)
        plain = np.zeros((len(scores), 1))
        return np.asarray(np.exp(-logsumexp(np.hstack([plain, powers]), b=self.counts / self.draws, axis=1)))

    def of(self, draws: int) -> Mixture:
        """Return the same laws with another number of draws."""
        shared = np.floor(draws * self.counts[1:] / self.draws).astype(np.int64)
        return Mixture(self.shifts, np.concatenate([[draws - shared.sum()], shared]))


def plain(draws: int, scores: int) -> Mixture:
    """Return the law of the scores itself."""
    return Mixture(np.empty((0, scores)), np.array([draws]))


def fitted(scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the means of weighted scores, in as many places as they gather in, and the share of each.

    One mean, then two where the scores around it have two modes, and so on up to four, by expectation and maximization with unit
    variances. A mean that cannot be told from nought is nought: in many dimensions their noise alone would
    ruin the weights.

    Parameters
    ----------
    scores : ndarray, shape (m, d)
        Draws of the event, or of a level on the way to it.
    weights : ndarray, shape (m,)
        Theirs.

    Returns
    -------
    means : ndarray, shape (k, d)
        None where the scores gather where those of plain draws do.
    shares : ndarray, shape (k,)

    Notes
    -----
    The mean of the scores given the event is the shift that the cross-entropy method asks for (Rubinstein & Kroese 2004, The
    Cross-Entropy Method, doi:10.1007/978-1-4757-4321-0); mixtures: Geyer, Papaioannou & Straub (2019), Structural Safety 76:15-27,
    doi:10.1016/j.strusafe.2018.07.001; screening: Rubinstein & Glynn (2009), Stochastic Models 25(4):547-568,
    doi:10.1080/15326340903291248.
    """
    weights = weights / weights.sum()
    means, shares = (weights @ scores)[None, :], np.ones(1)
    members = np.ones((1, len(scores)))
    while len(means) < _MOST_SHIFTS:
        wide = [_widest(scores, weights * own, mean) for own, mean in zip(members, means, strict=True)]
        place = int(np.argmax([excess for excess, _ in wide]))
        excess, axis = wide[place]
        if not excess > 0.0:
            break
        split = means[place] + np.array([[-1.0], [1.0]]) * axis
        means = np.concatenate([np.delete(means, place, axis=0), split])
        shares = np.concatenate([np.delete(shares, place), [0.5 * shares[place]] * 2])
        means, shares, members = _gathered(scores, weights, means, shares)
    own = weights * members
    noise = np.sqrt(np.sum(own**2, axis=1)) / np.maximum(own.sum(axis=1), 1e-300)
    shifts = np.where(np.abs(means) < _SEEN * noise[:, None], 0.0, means)
    kept = shifts.any(axis=1) & (shares >= _LEAST_SHARE)
    return shifts[kept], shares[kept] / max(float(shares[kept].sum()), 1e-300)


def mixed(draws: int, means: Floats, shares: Floats, earlier: Floats) -> Mixture:
    """Return a mixture of plain draws, of some that are shifted as they were earlier, and of most that are shifted to new means.

    Parameters
    ----------
    draws : int
    means : ndarray, shape (k, d)
    shares : ndarray, shape (k,)
        Sum to one.
    earlier : ndarray, shape (m, d)
        Shifts of earlier stages. They cover what lies between plain draws and the event, where luck that is not shifted has its part,
        and ways to the event that were seen early and have become too small to be seen.
    """
    old = EARLIER / len(earlier) * np.ones(len(earlier)) if len(earlier) else np.empty(0)
    fractions = np.concatenate([(1.0 - PLAIN - old.sum()) * shares, old])
    counts = np.floor(draws * fractions).astype(np.int64)
    return Mixture(np.concatenate([means, earlier]), np.concatenate([[draws - counts.sum()], counts]))


def _apart(shifts: Floats, others: Floats) -> Floats:
    """Return those of some shifts that lie apart from all others and from those of them that come before."""
    kept = np.empty((0, shifts.shape[1]))
    for shift in shifts:
        if np.all(np.sum((np.concatenate([others, kept]) - shift) ** 2, axis=1) > _APART**2):
            kept = np.concatenate([kept, shift[None, :]])
    return kept


def _widest(scores: Floats, weights: Floats, mean: Floats) -> tuple[float, Floats]:
    """Return by how much the widest variance of scores exceeds two and what noise makes of one, and the half of a split along it.

    Two normal laws of unit variance have two modes where they are two standard deviations apart, and together a variance of two.
    """
    total = weights.sum()
    apart = scores - mean
    values, axes = np.linalg.eigh((weights / total * apart.T) @ apart)
    effective = total**2 / np.sum(weights**2)
    noisy = (1.0 + math.sqrt(scores.shape[1] / effective)) ** 2  # Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994
    return float(values[-1] - max(noisy, 2.0)), axes[:, -1] * math.sqrt(max(values[-1] - 1.0, 0.0))


def _gathered(scores: Floats, weights: Floats, means: Floats, shares: Floats) -> tuple[Floats, Floats, Floats]:
    """Return means and shares of a normal mixture of unit variances, and what share of each draw is each one's, shape (k, m)."""
    members = np.empty((len(means), len(scores)))
    for _ in range(_STEPS):
        powers = means @ scores.T - 0.5 * np.sum(means**2, axis=1)[:, None] + np.log(np.maximum(shares, 1e-300))[:, None]
        members = np.exp(powers - logsumexp(powers, axis=0))
        own = weights * members
        shares = own.sum(axis=1)
        means = own @ scores / np.maximum(shares, 1e-300)[:, None]
    return means, shares, members


@dataclass(frozen=True)
class Search:
    """Where draws of an event were found.

    Attributes
    ----------
    mixture : Mixture
        To draw from; plain where the event is not rare.
    levels : tuple of float
        That the stages reached, in the unit of the response; the last is the limit where ``reached``.
    reached : bool
        Whether enough draws of the last stage exceed the limit.
    """

    mixture: Mixture
    levels: tuple[float, ...]
    reached: bool


def search(respond: Callable[[Mixture, int], tuple[Floats, Floats]], limit: float, *, scores: int, draws: int) -> Search:
    """Find the shifts under which a response exceeds a limit often, in stages.

    Each stage draws from the mixture that the one before it found, takes as its level what a tenth of its draws exceed, later a hundredth
    where that leads no further, or the limit where it is lower, and fits the next mixture to the draws beyond the level.

    Parameters
    ----------
    respond : callable
        Takes a mixture and the number of the stage, returns scores, shape (n, d), and responses, shape (n,), of which none is NaN.
    limit : float
    scores : int
        Number d of scores.
    draws : int
        Of a stage.
    """
    mixture = plain(draws, scores)
    levels: list[float] = []
    earlier = np.empty((0, scores))
    elites, since, there = list(_ELITES), 0, 0
    while len(levels) < _MOST_STAGES and elites:
        at, response = respond(mixture, len(levels))
        elite, level = response > limit, limit
        if np.mean(elite) >= elites[0]:
            if not levels:
                return Search(mixture, (limit,), reached=True)
            there += 1
        else:
            beyond = math.ceil(elites[0] * draws)
            level = float(np.partition(response, -beyond)[-beyond])
            elite = response > level
            if 2 * np.count_nonzero(elite) <= beyond:  # many lie at the level itself
                elite = response >= level
        means, shares = fitted(at[elite], mixture.weights(at[elite]))
        mixture = mixed(draws, means, shares, _apart(earlier, means))
        earlier = np.concatenate([earlier, _apart(means, earlier)])
        since = 0 if level > max(levels, default=-math.inf) else since + 1
        levels.append(level)
        if there == _AT_LIMIT:
            return Search(mixture, tuple(levels), reached=True)
        if since == _PATIENCE:
            elites, since = elites[1:], 0
    return Search(mixture, tuple(levels), reached=False)


class WeightedSums:
    """Sums over the draws of a mixture, added up law by law, that its estimates and their errors are made of.

    Parameters
    ----------
    mixture : Mixture
    readings : int
        How many numbers are read of each draw, beside whether the event happens.
    """

    def __init__(self, mixture: Mixture, readings: int) -> None:
        self._mixture = mixture
        laws = len(mixture.counts)
        self.hits, self._first, self._second = np.zeros(laws, dtype=np.int64), np.zeros(laws), np.zeros(laws)
        self._read, self._read_second, self._squared = (np.zeros((laws, readings)) for _ in range(3))
        self.largest = 0.0

    def add(self, law: int, weights: Floats, readings: Floats) -> None:
        """Count draws of the event that came from one law: their weights, shape (n,), and what is read of them, shape (n, readings)."""
        self.hits[law] += weights.size
        self._first[law] += weights.sum()
        self._second[law] += np.sum(weights**2)
        self._read[law] += weights @ readings
        self._read_second[law] += weights**2 @ readings
        self._squared[law] += weights**2 @ readings**2
        self.largest = max(self.largest, float(weights.max(initial=0.0)))

    @property
    def probability(self) -> Estimate:
        r"""How likely the event is.

        .. math:: \hat p = \frac1N \sum_i w_i 1_i, \qquad
           \mathrm{se}^2 = \frac1{N^2} \Bigl( \sum_j n_j \mathrm{Var}_j(w 1) + 2 \max_i w_i^2 1_i \Bigr)

        over the laws j, of which each has its fixed number of draws. Where luck that is not shifted has a large part, a few draws of
        large weight make up the variance, and samples that lack them are low in both estimate and error; two more of the largest mend
        that, as two more successes do for a binomial share: Agresti & Coull (1998), Am. Stat. 52(2):119-126,
        doi:10.1080/00031305.1998.10480550.
        """
        drawn, added = self._error(self._first, self._second), math.sqrt(_ADDED) * self.largest / self._mixture.draws
        return Estimate(float(self._first.sum() / self._mixture.draws), math.hypot(drawn, added))

    @property
    def effective(self) -> float:
        """How many draws of the event of equal weight would be worth as much: (sum of weights)² / sum of squares."""
        second = float(self._second.sum())
        return float(self._first.sum() ** 2 / second) if second > 0.0 else 0.0

    @property
    def largest_share(self) -> float:
        """Share of a single draw in the probability."""
        return self.largest / float(self._first.sum()) if self.largest > 0.0 else float("nan")

    def given_event(self, reading: int) -> Estimate:
        """Return the mean of a reading given the event, a ratio of two sums; its error is that of its influence."""
        total = self._first.sum()
        if not total > 0.0:
            return Estimate(math.nan, math.nan)
        value = float(self._read[:, reading].sum() / total)
        first = self._read[:, reading] - value * self._first
        second = self._squared[:, reading] - 2.0 * value * self._read_second[:, reading] + value**2 * self._second
        return Estimate(value, self._error(first, second) * self._mixture.draws / float(total))

    def _error(self, first: Floats, second: Floats) -> float:
        """Return the standard error of a mean over all draws from its sums by law."""
        counts = self._mixture.counts
        squares = np.maximum(second - first**2 / counts, 0.0) * counts / np.maximum(counts - 1, 1)
        return float(math.sqrt(squares.sum()) / self._mixture.draws)
