"""A statistic of an output as a user writes it: ``cost_total p95``, ``pay[data engineers] mean``, ``cost_total cvar95``."""

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

from simulator.analysis.risk.shortfall import expected_shortfall
from simulator.analysis.samples import ascending
from simulator.errors import InputError

Floats = NDArray[np.float64]
Kind = Literal["mean", "percentile", "cvar"]

_PATTERN = re.compile(r"\s*(?P<output>[^\s\[]+(?:\[[^\]]*\])?)\s+(?:mean|(?P<kind>p|cvar)(?P<per_cent>\d+(?:\.\d+)?))\s*", re.IGNORECASE)
_KINDS: dict[str, Kind] = {"mean": "mean", "p": "percentile", "cvar": "cvar"}
_FEWEST_BEYOND = 5  # draws of a part beyond a percentile, as in analysis.bands
_FEWEST = 10  # draws of a part of which a mean is taken


@dataclass(frozen=True)
class Statistic:
    """A statistic of an output.

    Attributes
    ----------
    output : str
        As the bands name it: ``cost_total``, ``cost[electricity]``.
    kind : {"mean", "percentile", "cvar"}
        cvar, the conditional value at risk, is the mean of the largest share 1 - probability.
    probability : float
        Of a percentile or cvar, in (0, 1); NaN of a mean.
    """

    output: str
    kind: Kind
    probability: float = math.nan

    def of(self, values: Floats) -> float:
        """Return the statistic of draws, shape (n,), in their unit; NaN where a draw is NaN.

        Examples
        --------
        >>> Statistic("cost_total", "cvar", 0.75).of(np.array([4.0, 1.0, 2.0, 3.0]))
        4.0
        """
        with np.errstate(invalid="ignore"):  # infinite neighbours of a percentile make it NaN
            if self.kind == "mean":
                return float(np.mean(values))
            if self.kind == "percentile":
                return float(np.quantile(values, self.probability))
            return expected_shortfall(ascending(values), self.probability)

    @property
    def draws_needed(self) -> int:
        """The fewest draws of a part of which the statistic is taken, so that parts tell its error."""
        if self.kind == "mean":
            return _FEWEST
        level = Fraction(repr(self.probability))  # in binary 5/(1 − 0.9) exceeds 50
        rarer = 1 - level if self.kind == "cvar" else min(level, 1 - level)
        return max(_FEWEST, math.ceil(_FEWEST_BEYOND / rarer))

    def __str__(self) -> str:
        word = {"mean": "mean", "percentile": "p", "cvar": "cvar"}[self.kind]
        return f"{self.output} {word}" + ("" if self.kind == "mean" else f"{100 * self.probability:.12g}")


def likely(name: str, outputs: Sequence[str]) -> str:
    """Return which outputs a name may stand for, in words; the totals and times where it is like none.

    Examples
    --------
    >>> likely("cost", ["cost_total", "cost[electricity]", "energy"])
    'did you mean cost_total or cost[electricity]?'
    >>> likely("x", ["cost_total", "cost[electricity]", "energy"])
    'outputs are cost_total, energy, and parts as cost[electricity]'
    """
    near = get_close_matches(name, outputs, n=3) or ([own for own in outputs if name in own][:3] if name else [])
    if near:
        return f"did you mean {' or '.join(near)}?"
    parts = [own for own in outputs if "[" in own]
    whole = ", ".join(own for own in outputs if own not in parts)
    return f"outputs are {whole}" + (f", and parts as {parts[0]}" if parts else "")


def parse_statistic(
    text: str,
    outputs: Sequence[str],
    *,
    where: str,
    form: str,
    kinds: Sequence[Kind] = ("mean", "percentile", "cvar"),
) -> Statistic:
    """Parse ``NAME STATISTIC``.

    Parameters
    ----------
    text : str
    outputs : sequence of str
        Names that the result has, as the bands have them.
    where : str
        What the user wrote, told in errors: ``--minimize 'cost_total p80'``.
    form : str
        What all that the user wrote should be, of which ``text`` is a part, with an example.
    kinds : sequence of {"mean", "percentile", "cvar"}
        Which are admissible.

    Raises
    ------
    InputError
        Unknown output or statistic.

    Examples
    --------
    >>> form = "NAME STATISTIC; for example 'cost_total mean'"
    >>> str(parse_statistic("cost_total P80", ["cost_total"], where="the objective 'cost_total P80'", form=form))
    'cost_total p80'
    """
    match = _PATTERN.fullmatch(text)
    kind = _KINDS[(match["kind"] or "mean").lower()] if match else None
    if match is None or kind is None or kind not in kinds:
        raise InputError(f"{where} is not {form}")
    output = match["output"]
    if output not in outputs:
        raise InputError(f"{where}: {output} is not an output; {likely(output, outputs)}")
    if kind == "mean":
        return Statistic(output, kind)
    probability = float(Decimal(match["per_cent"]) / 100)
    if not 0 < probability < 1:
        raise InputError(f"{where}: a percentile lies strictly between p0 and p100")
    return Statistic(output, kind, probability)
