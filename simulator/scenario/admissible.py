"""What a quantity admits of the values and laws that are stated for it: those whose draws all lie in its domain."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulator.errors import LawError
from simulator.quantities import Quantity
from simulator.stochastic.laws import SCORE_LIMIT, AffineLaw, DiscreteLaw, Law, Link, MixtureLaw, RoundedLaw, TruncatedLaw
from simulator.stochastic.tabulate import QuantileTable

_OUTSIDE = 1e-15  # no score reaches less probability than this
_LARGEST, _SMALLEST = 1e300, 1e-300  # magnitudes from which on sums and products of a few numbers leave the doubles


def check_size(value: float) -> float:
    """Return a number as it is; refuse one so large, or so near to nought, that what is computed from a few such is no number."""
    if abs(value) > _LARGEST:
        raise LawError(f"{value:g} is too large: {_LARGEST:g} is the largest number that is read", "State what a run has")
    if 0.0 < abs(value) < _SMALLEST:
        raise LawError(f"{value:g} is too small: {_SMALLEST:g} is the smallest number beside 0 that is read", "State 0, or what a run has")
    return value


def _within(value: float, q: Quantity) -> bool:
    """Return whether a draw may have a value."""
    return math.isfinite(value) and value in q.domain and (abs(value) >= _SMALLEST or 0.0 in q.domain)


def check_constant(value: float, q: Quantity) -> None:
    """Refuse a number outside the domain, or a count that is not whole."""
    if not math.isfinite(value):
        raise LawError(f"{value} is not a finite number")
    if value not in q.domain:
        hint = ""
        if q.domain.upper == 1 and 1 < value <= 100:
            hint = f"Did you mean {value / 10 if value < 10 else value / 100:g}?"
        raise LawError(f"{value:g} is outside its domain: {q.name} ({q.meaning}) is {_domain_words(q)}", hint)
    if q.integer and value != math.floor(value):
        raise LawError(f"{value:g} is not a whole number; {q.name} counts whole things")


def _domain_words(q: Quantity) -> str:
    text = str(q.domain)
    unit = "" if q.unit == "1" else f" {q.unit}"
    return f"{'in ' if text[0] in '([' else ''}{text}{unit if text[0] in '([>' else ''}"


def whole_law(law: Law, q: Quantity) -> Law:
    """Return the law of the whole numbers that a law of real ones is rounded to; refuse listed values that are not whole."""
    if isinstance(law, DiscreteLaw):
        broken = law.values[law.values != np.floor(law.values)]
        if broken.size:
            raise LawError(f"{broken[0]:g} is not a whole number; {q.name} counts whole things")
        return law
    if isinstance(law, TruncatedLaw):  # whole numbers between the bounds, each with its own half on either side
        law = TruncatedLaw(
            law.law,
            math.ceil(law.lower) - 0.5 if math.isfinite(law.lower) else law.lower,
            math.floor(law.upper) + 0.5 if math.isfinite(law.upper) else law.upper,
        )
    return RoundedLaw(law)


def _has_atoms(law: Law) -> bool:
    """Return whether single values have a probability, so that a bound may have one."""
    if isinstance(law, TruncatedLaw):
        return _has_atoms(law.law)
    return isinstance(law, DiscreteLaw) or (isinstance(law, MixtureLaw) and any(map(_has_atoms, law.laws)))


def check_mass(law: Law, q: Quantity) -> None:
    """Refuse a law with probability outside the domain."""
    low, high = law.support
    domain = q.domain
    if low >= domain.lower and high <= domain.upper and not _has_atoms(law):
        return
    outside = 0.0
    if math.isfinite(domain.lower):
        edge = domain.lower if domain.lower_open else np.nextafter(domain.lower, -math.inf)
        outside += float(law.cdf(edge))
    if math.isfinite(domain.upper):
        edge = np.nextafter(domain.upper, -math.inf) if domain.upper_open else domain.upper
        outside += float(law.sf(edge))
    if outside > _OUTSIDE:
        bounds = [None if math.isinf(b) else float(f"{b:g}") for b in (domain.lower, domain.upper)]
        shown = ", ".join("null" if b is None else f"{b:g}" for b in bounds)
        raise LawError(
            f"{100 * outside:.2g} % of its mass lies outside the domain of {q.name}: {_domain_words(q)}",
            "Leave out the values that do, or use a law without them"
            if _has_atoms(law)  # truncation would keep one at an open bound
            else f"Add truncate: [{shown}], or write LOW to HIGH, whose family respects the domain",
        )


def check_extremes(law: Law, q: Quantity) -> None:
    """Refuse a law so wide that draws would overflow, or underflow to a bound that is not admissible."""
    inner = law.law if isinstance(law, RoundedLaw) else law
    unbounded = isinstance(inner, AffineLaw) and inner.link is Link.EXP  # others are held between their bounds, or are nowhere so wide
    reach, chance = (SCORE_LIMIT, "5e-17") if unbounded else (6.0, "1e-9")
    with np.errstate(over="ignore", under="ignore"):
        extremes = law.quantile(np.array([-reach, reach]))
    for extreme in extremes:
        if not _within(extreme, q):
            admits = f"{q.name} is {_domain_words(q)}" + (f", and no nearer to 0 than {_SMALLEST:g}" if abs(extreme) < _SMALLEST else "")
            raise LawError(f"its quantile at a tail probability of {chance} is {extreme:g}; {admits}", "Truncate it or narrow it")


def held_inside(table: QuantileTable, law: Law, q: Quantity) -> QuantileTable:
    """Return a table that does not reach a bound of its law that the quantity excludes.

    A table is as exact as the spread of its law asks for, so that it would round what is next to nothing to nothing. It stops at the
    outermost quantile of the law, of those that draws can reach, which is admissible: that of a probability of 1e-9 is.
    """
    below, above = (math.isfinite(bound) and bound not in q.domain for bound in (table.lower, table.upper))
    if isinstance(law, AffineLaw) or not (below or above):
        return table
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        quantiles = law.quantile(np.array([-SCORE_LIMIT, -6.0, 6.0, SCORE_LIMIT]))
    admissible = [float(x) for x in quantiles if _within(x, q)]
    return replace(table, lower=min(admissible) if below else table.lower, upper=max(admissible) if above else table.upper)
