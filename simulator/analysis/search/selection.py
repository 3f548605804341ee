"""Which of several candidates may be the best: subset selection on common random numbers, under limits that are uncertain too.

All candidates are evaluated on the same draws, which are cut into parts. A statistic of the draws has one value for each part, so has
the difference of two candidates, and the spread of the parts is its error, whatever the statistic: means, percentiles and tail means.

Differences are means over the parts, and so is what candidates are ranked by, not differences of the whole's statistics: where candidates
are nearly alike, the same few draws stand at a percentile of both, and the difference of the whole's percentiles is theirs, whose error
does not fall as that of a part's would by the number of parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Statistics of one candidate: first what is to be small, then what is limited.

    Attributes
    ----------
    whole : ndarray, shape (1 + c,)
        Of all draws.
    parts : ndarray, shape (1 + c, b)
        Of each part of the draws. Parts are independent of each other, and the same draws for every candidate.
    """

    whole: Floats
    parts: Floats

    @property
    def comparable(self) -> bool:
        """Whether every statistic is a finite number."""
        return bool(np.isfinite(self.whole).all() and np.isfinite(self.parts).all())


@dataclass(frozen=True)
class Judgement:
    """What the draws say of m candidates.

    Attributes
    ----------
    best : int
        The candidate of least objective among those whose estimates keep all limits; where there is none, the nearest miss.
    feasible : bool
        Whether the estimates of the best keep all limits.
    safest : int or None
        The candidate of least objective among those that surely keep all limits.
    difference, difference_mcse : ndarray, shape (m,)
        Objective minus that of the best, a mean over the parts, and its standard error; 0 for the best itself.
    holds : ndarray, shape (m, c)
        Probability that a limit is kept: that of Student's t beyond the limit, which is a posterior under a flat prior.
    surely, possibly : ndarray of bool, shape (m,)
        Whether all limits are kept, and whether they may be, at the joint confidence.
    as_good : ndarray of bool, shape (m,)
    """

    best: int
    feasible: bool
    safest: int | None
    difference: Floats
    difference_mcse: Floats
    holds: Floats
    surely: NDArray[np.bool_]
    possibly: NDArray[np.bool_]
    as_good: NDArray[np.bool_]


def standard_error(parts: Floats) -> Floats:
    """Return the standard error of a statistic by its values for b parts of the draws, sd/√b, over the last axis."""
    with np.errstate(invalid="ignore"):  # of infinite values, where runs were stopped, there is no spread: NaN
        return np.asarray(parts.std(axis=-1, ddof=1) / math.sqrt(parts.shape[-1]))


def ranking(candidates: Sequence[Measured], limits: Floats) -> list[int]:
    """Return the places of candidates, the best first: those that keep all limits by objective, then the others by their largest miss.

    A miss is relative to its limit. Of equal candidates the first comes first; those that cannot be compared come last.

    Examples
    --------
    >>> three = [Measured(np.array(x), np.array([x, x]).T) for x in ([1.0, 9.0], [3.0, 5.0], [2.0, 5.5])]
    >>> ranking(three, np.array([6.0]))
    [2, 1, 0]
    """

    def key(place: int) -> tuple[bool, float, float]:
        one = candidates[place]
        if not one.comparable:
            return True, math.inf, math.inf
        missed = one.whole[1:] >= limits
        scale = np.where(limits == 0.0, 1.0, np.abs(limits))
        miss = float(((one.whole[1:] - limits) / scale)[missed].max()) if missed.any() else -math.inf
        return False, miss, float(one.parts[0].mean())

    return sorted(range(len(candidates)), key=key)


def judge(candidates: Sequence[Measured], limits: Floats, *, confidence: float, tolerance: float) -> Judgement:
    r"""Return which candidates may be the best, given that all can be compared.

    A candidate is as good where its limits may be kept, and it is not clearly worse than any candidate that surely keeps them:

    .. math:: \bar\theta_i - \bar\theta_j \le t\, s_{ij} \quad \text{for all surely feasible } j,

    or where its difference to the best is within the tolerance. Over all data, the best of the feasible candidates is among those
    that are as good with at least the confidence: Bonferroni's inequality shares the error out, over the other candidates, and where
    there are limits half of it over these. It holds as far as statistics of parts are normal; candidates are not to be chosen by
    the same draws.

    Parameters
    ----------
    candidates : sequence of Measured, length m
        Each comparable.
    limits : ndarray, shape (c,)
        Of the statistics behind the objective; a limit is kept where the statistic lies below.
    confidence : float
        Joint, in (0, 1).
    tolerance : float
        Difference to the best that does not matter, as a share of the best's objective, >= 0.

    Notes
    -----
    Nelson, Swann, Goldsman & Song (2001), Simple procedures for selecting the best simulated system when the number of alternatives is
    large, Operations Research 49(6):950-963, doi:10.1287/opre.49.6.950.10019, with Bonferroni's level in place of independence, as common
    random numbers ask for; errors by sections: Asmussen & Glynn (2007), Stochastic Simulation, section III.5a,
    doi:10.1007/978-0-387-69033-9.

    Examples
    --------
    >>> noise = np.array([1.0, -1.0, 2.0, -2.0])
    >>> two = [Measured(np.array([x]), (x + noise)[None, :]) for x in (5.0, 6.0)]
    >>> judge(two, np.empty(0), confidence=0.95, tolerance=0.0).as_good.tolist()  # every part says the same
    [True, False]
    """
    whole = np.stack([one.whole for one in candidates])
    parts = np.stack([one.parts for one in candidates])
    m, c, freedom = len(candidates), limits.size, parts.shape[-1] - 1
    error = (1.0 - confidence) / (2.0 if c else 1.0)
    margin, margin_mcse = limits - whole[:, 1:], standard_error(parts[:, 1:])
    reach = stdtrit(freedom, 1.0 - error / (m * c)) * margin_mcse if c else margin_mcse
    surely: NDArray[np.bool_] = np.all(margin > reach, axis=1)
    possibly: NDArray[np.bool_] = np.all((margin > -reach) | (margin > 0.0), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        holds = np.where(margin_mcse > 0.0, stdtr(freedom, margin / margin_mcse), np.where(margin > 0.0, 1.0, 0.0))
    order = ranking(candidates, limits)
    best = order[0]
    times = float(stdtrit(freedom, 1.0 - error / (m - 1))) if m > 1 else 0.0
    beaten = np.zeros(m, dtype=np.bool_)
    for rival in np.flatnonzero(surely):
        gap = parts[:, 0] - parts[rival, 0]
        beaten |= gap.mean(axis=-1) > times * standard_error(gap)
    difference = (parts[:, 0] - parts[best, 0]).mean(axis=-1)
    near = difference <= tolerance * abs(whole[best, 0])
    return Judgement(
        best=best,
        feasible=bool((margin[best] > 0.0).all()),
        safest=next((place for place in order if surely[place]), None),
        difference=difference,
        difference_mcse=standard_error(parts[:, 0] - parts[best, 0]),
        holds=np.asarray(holds),
        surely=surely,
        possibly=possibly,
        as_good=possibly & (~beaten | near),
    )
