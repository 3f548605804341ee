"""When to stop drawing: confidence intervals as narrow as wanted, which hold although the draws decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.bands import PAIRED
from simulator.analysis.stopping.precision import Precision, Target, precision
from simulator.errors import InputError

_FEWEST_BEYOND = 50  # draws of the pilot beyond a percentile: its interval spans about thirty, whose width is known to a fifth
_FEWEST = 1000  # draws of the pilot
_FEWEST_OF_MEAN = 10_000  # from which the normal limit holds for skewed laws, and tails can be judged
_SHARE = 8  # the pilot, which the interval leaves out, grows to at least this part of the draws that it predicts
_MARGIN = 1.2  # draws over those that the pilot predicts, since widths are estimates: one more look costs as many draws again
_LATER = 0.25  # share of the allowed error that is left to later looks; doubled draws narrow a third more than its level widens
_PATIENCE = 100_000  # draws of a pilot after which a statistic is given up that has no interval, or none in proportion to its value
_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.5, 0.999  # the levels of thirty looks beyond it could not be told from 1

Floats = NDArray[np.float64]
#: returns the outputs of draws ``start`` to ``stop`` - 1 by name
Play = Callable[[int, int], Mapping[str, Floats]]


@dataclass(frozen=True)
class Look:
    """What is known at one look at the draws.

    Attributes
    ----------
    draws : int
        Drawn so far.
    pilot : int
        Of these, how many the intervals leave out; nought while the pilot itself is looked at.
    expected : int
        Draws in all at which the targets should be reached, no more than are allowed.
    achieved : tuple of Precision
        By target.
    """

    draws: int
    pilot: int
    expected: int
    achieved: tuple[Precision, ...]

    @property
    def reached(self) -> bool:
        """Whether all targets are; a pilot only predicts."""
        return self.pilot > 0 and all(p.reached for p in self.achieved)


def looks_until(play: Play, targets: Sequence[Target], most: int, *, confidence: float = 0.95) -> Iterator[Look]:
    r"""Draw until the confidence intervals of all targets are as narrow as wanted, and yield each look at the draws.

    Who looks at an interval again and again, and stops when it is narrow, stops too often where it is narrow by chance; where the
    density falls at a percentile, 95 % intervals then cover some 90 % (``tests/nightly/test_stopping.py``). Here a pilot decides how many
    draws n to make after it, and the interval is made of those n alone, which know nothing of the pilot. If it is too wide, 2n, 4n, ...
    draws are looked at, and the j-th look has the level :math:`1 - \tfrac34 \alpha\,4^{1-j}`. Given the pilot, the looks are fixed
    beforehand and their errors add up to no more than :math:`\alpha`: at whichever the rule stops, the interval covers at least as
    often as stated; that of a percentile for any number of draws and any distribution, that of a mean as far as the normal limit holds.

    The pilot has at least 50 draws beyond each percentile, 10 000 for a mean, and grows to an eighth of the draws that it predicts by
    :math:`n \propto 1/\mathrm{width}^2`, with a fifth to spare.

    Parameters
    ----------
    play : callable
        Takes ``start`` and ``stop``, called for ranges that follow each other.
    targets : sequence of Target
        All have to be reached at the same look.
    most : int
        Most draws.
    confidence : float
        Of each interval, from 0.5 to 0.999.

    Yields
    ------
    Look
        The last one tells what was reached; its targets are not where the draws did not suffice, where a draw is NaN, or where a pilot
        of 100 000 draws gives a statistic no interval, or a share of nought is wanted.

    Raises
    ------
    InputError
        No target, a confidence out of its range, or fewer draws allowed than the least that a target takes: before any is made.

    Notes
    -----
    The rule that only looks at widths is right in the limit of narrow targets: Chow & Robbins (1965), On the asymptotic theory of
    fixed-width sequential confidence intervals for the mean, Ann. Math. Statist. 36(2):457-462, doi:10.1214/aoms/1177700156; Glynn &
    Whitt (1992), The asymptotic validity of sequential stopping rules for stochastic simulations, Ann. Appl. Probab. 2(1):180-198,
    doi:10.1214/aoap/1177005777. A pilot that decides the number of draws: Stein (1945), A two-sample test for a linear hypothesis
    whose power is independent of the variance, Ann. Math. Statist. 16(3):243-258, doi:10.1214/aoms/1177731088.

    Examples
    --------
    >>> uniform = np.random.default_rng(0).random(20_000)
    >>> *_, last = looks_until(lambda start, stop: {"x": uniform[start:stop]}, [Target("x", 0.5, 0.02)], 20_000)
    >>> last.reached, last.achieved[0].lower < 0.5 < last.achieved[0].upper
    (True, True)
    """
    _check(targets, most, confidence)
    drawn = _Drawn(play, targets)
    error = (1 - confidence) * (1 - _LATER)
    pilot = max(map(_least_pilot, targets))
    while True:
        achieved = drawn.achieved(pilot, level=1 - error)
        more = _predicted(pilot, achieved)
        yield Look(pilot, 0, min(pilot + more, most), achieved)
        if any(p.undefined for p in achieved) or (pilot >= _PATIENCE and any(math.isinf(p.excess) for p in achieved)):
            return
        if more <= _SHARE * pilot or 2 * _SHARE * pilot > most:
            break
        pilot *= 2
    more = min(more, most - pilot)
    while True:
        achieved = drawn.achieved(pilot + more, level=1 - error, first=pilot)
        ended = pilot + more == most or all(p.reached for p in achieved) or any(p.undefined for p in achieved)
        doubled = more if ended else min(2 * more, most - pilot)
        yield Look(pilot + more, pilot, pilot + doubled, achieved)
        if ended:
            return
        more, error = doubled, error * _LATER


class _Drawn:
    """The draws of targets' outputs, as far as they are played."""

    def __init__(self, play: Play, targets: Sequence[Target]) -> None:
        self._play, self._targets, self._done = play, targets, 0
        self._values: dict[str, Floats] = {target.output: np.empty(0) for target in targets}

    def achieved(self, draws: int, *, level: float, first: int = 0) -> tuple[Precision, ...]:
        """Play on to so many draws, and return by target how exactly those from ``first`` on tell it."""
        outputs = self._play(self._done, draws)
        self._done = draws
        for name, values in self._values.items():
            self._values[name] = np.concatenate([values, outputs[name]])
        return tuple(_precision(target, self._values[target.output], level, first) for target in self._targets)


def _precision(target: Target, draws: Floats, level: float, first: int) -> Precision:
    if target.output in PAIRED:  # over draws that were completed with and without pauses, as in the bands
        known = ~np.isnan(draws)
        draws, first = draws[known], int(known[:first].sum())
    return precision(target, draws, level=level, first=first)


def _check(targets: Sequence[Target], most: int, confidence: float) -> None:
    if not targets:
        raise InputError("there is no target; state at least one statistic and how exactly it is wanted")
    if not _LEAST_CONFIDENCE <= confidence <= _MOST_CONFIDENCE:
        raise InputError(f"confidence = {confidence} is not admissible; it must lie between {_LEAST_CONFIDENCE} and {_MOST_CONFIDENCE}")
    for target in targets:
        if (least := 2 * _least_pilot(target)) > most:
            raise InputError(
                f"'{target}' takes at least {least} draws, half of which tell how many it takes, and {most} are allowed; "
                "allow more with --draws, or ask for another statistic"
            )


def _least_pilot(target: Target) -> int:
    """Return how many draws a pilot has at least."""
    if target.probability is None:
        return _FEWEST_OF_MEAN
    return max(_FEWEST, round(_FEWEST_BEYOND / min(target.probability, 1 - target.probability)))


def _predicted(pilot: int, achieved: Sequence[Precision]) -> int:
    """Return how many draws after a pilot should reach its targets, at least as many as it has; very many where nothing tells."""
    excess = max(p.excess for p in achieved)
    return max(pilot, math.ceil(min(_MARGIN * excess**2 * pilot, 2.0**62)))
