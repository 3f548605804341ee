"""What a search makes small and what it must keep below: statistics of outputs, and limits of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.shortfall import expected_shortfall
from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES
from simulator.scenario.dates import is_date

Floats = NDArray[np.float64]

_GOAL = re.compile(r"\s*(?P<output>\S+)\s+(?P<statistic>mean|(?:p|cvar)\d+(?:\.\d+)?)\s*", re.IGNORECASE)
_FEWEST_BEYOND = 5  # draws of a part beyond a percentile, as in analysis.bands
_FEWEST = 10  # draws of a part of which a mean is taken


@dataclass(frozen=True)
class Goal:
    """A statistic of an output.

    Attributes
    ----------
    output : str
        As the bands name it: ``cost_total``, ``cost[electricity]``.
    statistic : {"mean", "percentile", "cvar"}
        cvar, the conditional value at risk, is the mean of the largest share 1 - probability.
    probability : float
        Of a percentile or cvar, in (0, 1); NaN of a mean.
    """

    output: str
    statistic: Literal["mean", "percentile", "cvar"]
    probability: float = math.nan

    def of(self, values: Floats) -> float:
        """Return the statistic of draws, shape (n,), in their unit; NaN where a draw is NaN.

        Examples
        --------
        >>> Goal("cost_total", "cvar", 0.75).of(np.array([4.0, 1.0, 2.0, 3.0]))
        4.0
        """
        with np.errstate(invalid="ignore"):  # infinite neighbours of a percentile make it NaN
            if self.statistic == "mean":
                return float(np.mean(values))
            if self.statistic == "percentile":
                return float(np.quantile(values, self.probability))
            return expected_shortfall(np.sort(values), self.probability)

    @property
    def draws_needed(self) -> int:
        """The fewest draws of a part of which the statistic is taken, so that parts tell its error."""
        if self.statistic == "mean":
            return _FEWEST
        level = Fraction(repr(self.probability))  # in binary 5/(1 − 0.9) exceeds 50
        rarer = 1 - level if self.statistic == "cvar" else min(level, 1 - level)
        return max(_FEWEST, math.ceil(_FEWEST_BEYOND / rarer))

    def __str__(self) -> str:
        word = {"mean": "mean", "percentile": "p", "cvar": "cvar"}[self.statistic]
        return f"{self.output} {word}" + ("" if self.statistic == "mean" else f"{100 * self.probability:g}")


@dataclass(frozen=True)
class Constraint:
    """A statistic that stays below a limit [unit of the output]."""

    goal: Goal
    limit: float
    text: str


def parse_goal(text: str, outputs: Sequence[str], *, where: str = "--minimize") -> Goal:
    """Parse ``NAME STATISTIC``: ``cost_total mean``, ``cost_total p80``, ``cost_total cvar95``.

    Parameters
    ----------
    text : str
    outputs : sequence of str
        Names that the result has, as the bands have them.
    where : str
        What the text was written for, told in errors.

    Raises
    ------
    InputError
        Unknown output or statistic.

    Examples
    --------
    >>> str(parse_goal("cost_total P80", ["cost_total"]))
    'cost_total p80'
    """
    match = _GOAL.fullmatch(text)
    if match is None:
        raise InputError(f"{where} '{text}' is not NAME STATISTIC; for example 'cost_total mean', 'cost_total p80' or 'cost_total cvar95'")
    output, statistic = match["output"], match["statistic"].lower()
    if output not in outputs:
        near = get_close_matches(output, outputs, n=3) or outputs
        raise InputError(f"{where} '{text}': {output} is not an output; did you mean {' or '.join(near)}?")
    if statistic == "mean":
        return Goal(output, "mean")
    kind: Literal["percentile", "cvar"] = "cvar" if statistic.startswith("cvar") else "percentile"
    probability = float(Decimal(statistic.lstrip("cvarp")) / 100)
    if not 0 < probability < 1:
        raise InputError(f"{where} '{text}': a percentile lies strictly between 0 and 100")
    return Goal(output, kind, probability)


def parse_constraint(text: str, outputs: Sequence[str], *, where: str = "--subject-to") -> Constraint:
    """Parse ``NAME STATISTIC < LIMIT``: ``programme_time p90 < 90 days``.

    Raises
    ------
    InputError
        Unknown output, statistic or unit.

    Examples
    --------
    >>> parse_constraint("emissions_total mean < 5000 t", ["emissions_total"]).limit
    5000000.0
    """
    statistic, sign, limit = text.partition("<")
    if not sign or limit.startswith("="):
        raise InputError(f"{where} '{text}' is not NAME STATISTIC < LIMIT; for example 'programme_time p90 < 90 days'")
    goal = parse_goal(statistic.strip(), outputs, where=where)
    if is_date(limit.strip()):
        raise InputError(f"{where} '{text}': {limit.strip()} is a date; a limit is an amount, for example 90 days from now on")
    try:
        return Constraint(goal, QUANTITIES[goal.output.partition("[")[0]].parse(limit.strip()), text)
    except LawError as error:
        raise InputError(f"{where} '{text}': {error}") from None
