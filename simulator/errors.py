"""One family of exceptions; configuration problems are gathered and raised once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


def printable(text: str) -> str:
    r"""Return a text with control characters written out, which a terminal would obey and a reader not see.

    Line breaks stay. Marks that turn the direction of writing round are among them, and halves of surrogate pairs.

    Examples
    --------
    >>> print(printable("\x1b[31mred"))
    \x1b[31mred
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


#: all controls but the line break, and what turns writing round (Unicode 15, Bidi_Control) or breaks lines unseen
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]")


def short(text: str) -> str:
    """Return a text as a message quotes it: its beginning where it is long."""
    return text if len(text) <= _QUOTED else text[: _QUOTED - 3] + "..."


_QUOTED = 80  # characters


class SimulatorError(Exception):
    """Something that the simulator cannot do; the message is for the user."""

    exit_code = 1


class InputError(SimulatorError, ValueError):
    """What the user stated is not admissible (exit code 2)."""

    exit_code = 2


class ThresholdExceededError(SimulatorError):
    """A threshold that the user asked to be told about was exceeded (exit code 3)."""

    exit_code = 3


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a configuration: a small letter to its author.

    Attributes
    ----------
    what : str
        What is wrong, the offending value and the admissible set.
    path : str
        Dotted path inside the configuration, ``workload.mfu``.
    way_out : str
        What the author can do about it.
    where : str
        ``file:line:column``, or the command-line option that set the value.
    """

    what: str
    path: str = ""
    way_out: str = ""
    where: str = ""

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.where, self.path) if part)
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}. {self.way_out}" if self.way_out else text

    def at(self, **changes: Any) -> Problem:
        """Return the same problem with its place filled in."""
        return replace(self, **changes)


class ConfigError(InputError):
    """All problems of one configuration, raised once.

    Attributes
    ----------
    problems : tuple of Problem
        In the order of the configuration.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head} in the configuration:", *(f"  {p}" for p in self.problems)]))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        """Return what makes the error anew in another process."""
        return type(self), (self.problems,)


class LawError(InputError):
    """An uncertain value that cannot be: unknown family, infeasible or foreign parameters, mass outside the domain.

    Attributes
    ----------
    what, way_out : str
        The two halves of the message; see :class:`Problem`.
    """

    def __init__(self, what: str, way_out: str = "") -> None:
        self.what = what
        self.way_out = way_out
        super().__init__(f"{what}. {way_out}" if way_out else what)

    def __reduce__(self) -> tuple[type[LawError], tuple[str, str]]:
        """Return what makes the error anew in another process."""
        return type(self), (self.what, self.way_out)
