"""How long the parts are that workers compute."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

_FIRST = 2**14  # draws of the first parts, which tell how long one takes
_SECONDS = 4.0  # that a part takes, of which handing it out and taking in what it counted are a hundredth
_GROWTH = 8  # from a part to the next, at most
_SHORTEST = 16  # of these parts makes one at the end


class Cuts(Protocol):
    """Cuts the draws of one or several works into parts."""

    def next(self, workers: int) -> tuple[int, int, int] | None:
        """Return the place of a work, the first draw and the draw after the last; None where none is left."""

    def learn(self, rate: float) -> None:
        """Take note of how many draws a worker does in a second."""


class GrowingParts:
    """Draws of several works, one work after the other, in parts that become as long as a worker takes some seconds for.

    Towards the end they become shorter, so that all workers end together.

    Parameters
    ----------
    works : int
    start, stop : int
        Of each work.
    multiple, most : int
        Parts start at ``start`` and a multiple of ``multiple`` draws from there; the length of the longest.
    """

    def __init__(self, works: int, start: int, stop: int, *, multiple: int, most: int) -> None:
        self._works, self._start, self._stop, self._multiple, self._most = works, start, stop, multiple, most
        self._work, self._low = 0, start
        self._size = min(_FIRST, most)

    def next(self, workers: int) -> tuple[int, int, int] | None:
        """See :class:`Cuts`."""
        if self._work == self._works:
            return None
        left = self._stop - self._low + (self._works - self._work - 1) * (self._stop - self._start)
        fair = math.ceil(left / (2 * workers))  # the last parts are short, so that nobody waits long for one of them
        size = max(min(self._size, max(fair, self._size // _SHORTEST)) // self._multiple, 1) * self._multiple
        part = self._work, self._low, min(self._low + size, self._stop)
        self._work, self._low = (self._work + 1, self._start) if part[2] == self._stop else (self._work, part[2])
        return part

    def learn(self, rate: float) -> None:
        """See :class:`Cuts`."""
        self._size = max(min(int(rate * _SECONDS), _GROWTH * self._size, self._most), self._multiple)


class ListedParts:
    """Parts that are known beforehand: places of works, first draws and draws after the last."""

    def __init__(self, parts: Iterable[tuple[int, int, int]]) -> None:
        self._parts = iter(parts)

    def next(self, _workers: int) -> tuple[int, int, int] | None:
        """See :class:`Cuts`."""
        return next(self._parts, None)

    def learn(self, _rate: float) -> None:
        """See :class:`Cuts`."""
