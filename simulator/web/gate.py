"""A few simulations at a time, and none for who asks for something else meanwhile."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic

from simulator.errors import SimulatorError

_MOST_TABS = 1_000  # whose last number is remembered


class SupersededError(SimulatorError):
    """Nobody waits for this answer any more."""


class BusyError(SimulatorError):
    """Too many wait already."""


class TooLongError(SimulatorError):
    """An answer takes longer than anyone waits."""


class Gate:
    """Lets a few requests through at a time; of each tab's the last alone.

    Parameters
    ----------
    places : int
        Simulations at a time.
    waiting : int
        Requests that may wait for a place.
    seconds : float
        That an answer may take.

    Examples
    --------
    >>> gate = Gate(places=1, waiting=8, seconds=10.0)
    >>> with gate.turn("a tab", 1) as still_wanted:
    ...     still_wanted(50)
    """

    def __init__(self, *, places: int, waiting: int, seconds: float) -> None:
        self._free, self._room, self._seconds = places, waiting, seconds
        self._last: OrderedDict[str, int] = OrderedDict()
        self._changed = Condition()

    @contextmanager
    def turn(self, tab: str, number: int) -> Iterator[Callable[[int], None]]:
        """Wait for a place.

        Parameters
        ----------
        tab : str
        number : int
            Of the request; that of a later one is higher.

        Yields
        ------
        callable
            To be called now and then with any number, as ``progress`` is.

        Raises
        ------
        SupersededError
            As soon as the tab has asked for something later, here or when what is yielded is called.
        BusyError
            Where too many wait.
        TooLongError
            By what is yielded, when the answer takes too long.
        """
        with self._changed:
            self._note(tab, number)
            if self._room == 0:
                raise BusyError("many pages ask at once. Change something, or reload, in a few seconds")
            self._room -= 1
            try:
                self._changed.wait_for(lambda: self._free > 0 or self._is_old(tab, number))
            finally:
                self._room += 1
            self._require(tab, number)
            self._free -= 1
        began = monotonic()

        def still_wanted(_done: int) -> None:
            self._require(tab, number)
            if monotonic() - began > self._seconds:
                raise TooLongError(f"this takes longer than {self._seconds:g} s. Choose fewer draws, or what fails less often")

        try:
            yield still_wanted
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _note(self, tab: str, number: int) -> None:
        self._require(tab, number)
        self._last[tab] = number
        self._last.move_to_end(tab)
        while len(self._last) > _MOST_TABS:
            self._last.popitem(last=False)
        self._changed.notify_all()

    def _is_old(self, tab: str, number: int) -> bool:
        return self._last.get(tab, number) > number

    def _require(self, tab: str, number: int) -> None:
        if self._is_old(tab, number):
            raise SupersededError("something else is asked for meanwhile")
