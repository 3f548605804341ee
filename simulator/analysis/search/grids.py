"""Where a search looks: a first grid, then between its neighbours around the best and at the borders of what is as good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import combinations, pairwise, product
from math import prod
from typing import TypeAlias

import numpy as np

from simulator.analysis.axes import Axis
from simulator.analysis.search.selection import Floats, Measured, judge, ranking
from simulator.errors import InputError

#: a setting of each axis by its place
Candidate: TypeAlias = tuple[int, ...]

ROUNDS = 3  # of refinement; each halves what lies between neighbours
MOST_AXES = 3
_FIRST = {1: 9, 2: 7, 3: 5}  # settings of each ordered axis in the first grid, by the number of such axes
_MOST_FIRST = 500  # candidates of the first grid
_MOST_GROUPS = 4  # combinations of choices that are refined
_WIDTHS = 16  # what is as good, and what lies next to it, is tried at least so finely over an axis


def first_grid(axes: Sequence[Axis]) -> list[Candidate]:
    """Return the candidates that are evaluated first: every choice, and of each ordered axis some settings from end to end.

    Raises
    ------
    InputError
        Too many axes, the same one twice, or too many candidates.
    """
    names = [axis.name for axis in axes]
    if not 1 <= len(axes) <= MOST_AXES:
        raise InputError(
            f"{len(axes)} values are searched over ({', '.join(names)}); a search takes 1 to {MOST_AXES}: fix those that matter least"
        )
    if len(set(names)) < len(names) or any(a.paths & b.paths for a, b in combinations(axes, 2)):
        raise InputError(f"{', '.join(names)}: a value is searched over once; join its ranges")
    count = _FIRST.get(sum(axis.ordered for axis in axes), 0)
    places = [_spread(len(axis.settings), count) if axis.ordered else list(range(len(axis.settings))) for axis in axes]
    candidates = prod(map(len, places))
    if candidates > _MOST_FIRST:
        raise InputError(
            f"the first grid would have {candidates} candidates; {_MOST_FIRST} is the most: state fewer choices, or fewer values"
        )
    return list(product(*places))


def most_candidates(axes: Sequence[Axis]) -> int:
    """Return how many candidates a search evaluates at most."""
    grid, ordered = len(first_grid(axes)), sum(axis.ordered for axis in axes)
    groups = min(_MOST_GROUPS, prod(len(axis.settings) for axis in axes if not axis.ordered))
    in_all = prod(len(axis.settings) for axis in axes)
    return min(in_all, grid + groups * (ROUNDS * (3**ordered - 1 + 2 * ordered) + _WIDTHS * ordered if ordered else 0))


def explore(
    axes: Sequence[Axis],
    evaluate: Callable[[Sequence[Candidate]], Sequence[Measured]],
    limits: Floats,
    *,
    confidence: float,
    tolerance: float,
) -> dict[Candidate, Measured]:
    """Evaluate a first grid, then go on around the best of each combination of choices that is as good, and at the borders of what is.

    Parameters
    ----------
    axes : sequence of Axis
    evaluate : callable
        Takes candidates, returns what was measured of each.
    limits, confidence, tolerance
        See :func:`simulator.analysis.search.selection.judge`.

    Returns
    -------
    dict
        What was measured, by candidate, in the order of the settings.
    """
    grid = first_grid(axes)
    tried = dict(zip(grid, evaluate(grid), strict=True))
    for _ in range(ROUNDS):
        compared = [candidate for candidate, measured in tried.items() if measured.comparable]
        if not compared:
            break
        measured = [tried[candidate] for candidate in compared]
        good = {compared[i] for i in np.flatnonzero(judge(measured, limits, confidence=confidence, tolerance=tolerance).as_good)}
        order = [compared[place] for place in ranking(measured, limits)]
        good = good or {order[0]}
        centres: dict[Candidate, Candidate] = {}
        for candidate in order:
            if candidate in good:
                centres.setdefault(_choices(candidate, axes), candidate)
        new: dict[Candidate, None] = {}
        for centre in list(centres.values())[:_MOST_GROUPS]:
            new |= dict.fromkeys(finer(tried, good, centre, axes))
        if not new:
            break
        tried |= dict(zip(new, evaluate(list(new)), strict=True))
    return dict(sorted(tried.items()))


def finer(tried: Collection[Candidate], good: Collection[Candidate], centre: Candidate, axes: Sequence[Axis]) -> list[Candidate]:
    """Return what lies halfway between a candidate and its neighbours, corners too, across the borders of what is good, and in its gaps.

    Examples
    --------
    >>> from simulator.analysis.axes import parse_axis
    >>> finer([(0,), (8,), (16,), (24,)], [(8,)], (8,), [parse_axis("mfu=0.2..0.6")])
    [(4,), (12,)]
    """
    own = [candidate for candidate in tried if _choices(candidate, axes) == _choices(centre, axes)]
    inside = [candidate for candidate in good if candidate in own]
    options, borders = [], []
    for i, axis in enumerate(axes):
        here = centre[i]
        if not axis.ordered:
            options.append([here])
            continue
        along = sorted({candidate[i] for candidate in own})
        below, above = (x for x in along if x < here), (x for x in along if x > here)
        options.append(list(dict.fromkeys([(max(below, default=here) + here) // 2, here, (here + min(above, default=here) + 1) // 2])))
        low, high = min(x[i] for x in [*inside, centre]), max(x[i] for x in [*inside, centre])
        outer = max((x for x in along if x < low), default=low), min((x for x in along if x > high), default=high)
        widest = max((len(axis.settings) - 1) // _WIDTHS, 1)
        is_good = {x[i] for x in inside}
        gaps = [(a + b) // 2 for a, b in pairwise(along) if b - a > widest and {a, b} & is_good]
        borders += [(*centre[:i], place, *centre[i + 1 :]) for place in ((outer[0] + low) // 2, (high + outer[1] + 1) // 2, *gaps)]
    return [candidate for candidate in dict.fromkeys([*product(*options), *borders]) if candidate not in tried]


def _spread(count: int, wanted: int) -> list[int]:
    """Return so many places from the first to the last, or all."""
    return sorted({round(x) for x in np.linspace(0, count - 1, min(count, wanted))})


def _choices(candidate: Candidate, axes: Sequence[Axis]) -> Candidate:
    return tuple(place for place, axis in zip(candidate, axes, strict=True) if not axis.ordered)
