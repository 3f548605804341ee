"""What a search must keep below: a statistic of an output and its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.analysis.statistic import Statistic, parse_statistic
from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES
from simulator.scenario.dates import is_date


@dataclass(frozen=True)
class Constraint:
    """A statistic that stays below a limit [unit of the output]."""

    statistic: Statistic
    limit: float
    text: str


def parse_constraint(text: str, outputs: Sequence[str]) -> Constraint:
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
    stated, where = text.partition("<"), f"--subject-to '{text}'"
    form = "NAME STATISTIC < LIMIT; for example 'programme_time p90 < 90 days'"
    limit = stated[2].strip()
    if not stated[1] or limit.startswith("="):
        raise InputError(f"{where} is not {form}")
    statistic = parse_statistic(stated[0], outputs, where=where, form=form)
    if is_date(limit):
        raise InputError(f"{where}: {limit} is a date; a limit is an amount, for example 90 days from now on")
    try:
        return Constraint(statistic, QUANTITIES[statistic.output.partition("[")[0]].parse(limit), text)
    except LawError as error:
        raise InputError(f"{where}: {error}") from None
