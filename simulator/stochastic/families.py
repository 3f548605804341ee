"""Named families of laws, with natural or percentile parameters.

``make_law`` is the one door: it refuses parameters that do not belong to the family, incomplete or
contradictory ones, and infeasible ones with the feasible range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import gammaincinv, ndtri

from simulator.errors import LawError
from simulator.quantities import Domain
from simulator.stochastic.laws import AffineLaw, DiscreteLaw, Law, Link, MetalogLaw, ScipyLaw

#: (probability, value) pairs in order of probability
Percentiles = Sequence[tuple[float, float]]
Parameters = Mapping[str, float]

_MOST_VALUES = 2**18  # of a discrete scipy law


@dataclass(frozen=True)
class Family:
    """How a family may be stated.

    Attributes
    ----------
    build : callable
        ``build(parameters, percentiles, domain) -> Law``.
    forms : tuple of tuple of str
        Admissible sets of natural parameters; the name ``percentiles`` stands for two of them (at
        least two for the metalog).
    optional : tuple of str
        Parameters that may be added to any form.
    values : tuple of str
        Those parameters that are measured in the quantity's unit.
    """

    build: Callable[[Parameters, Percentiles, Domain], Law]
    forms: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    values: tuple[str, ...] = ("mean", "sd", "median", "low", "mode", "high", "lower", "loc", "scale")

    def names(self) -> set[str]:
        """Return every parameter name that some form knows."""
        return {name for form in self.forms for name in form if name != "percentiles"} | set(self.optional)

    def describe(self) -> str:
        """Return the admissible forms in words."""
        forms = " | ".join(", ".join("two percentiles (p5, p95)" if n == "percentiles" else n for n in form) for form in self.forms)
        return forms + (f" [, {', '.join(self.optional)}]" if self.optional else "")


def _positive(parameters: Parameters, *names: str) -> None:
    for name in names:
        if name in parameters and not parameters[name] > 0:
            raise LawError(f"{name} = {parameters[name]:g} is infeasible; {name} is positive")


def _line(percentiles: Percentiles, transform: Callable[[float], float] = float) -> tuple[float, float]:
    """Return (mu, sigma) of transform(x) = mu + sigma z through two percentiles."""
    (p1, x1), (p2, x2) = percentiles
    z1, z2, t1, t2 = float(ndtri(p1)), float(ndtri(p2)), transform(x1), transform(x2)
    sigma = (t2 - t1) / (z2 - z1)
    return t1 - sigma * z1, sigma


def _normal(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    _positive(parameters, "sd")
    mu, sigma = _line(percentiles) if percentiles else (parameters["mean"], parameters["sd"])
    return AffineLaw(Link.IDENTITY, mu, sigma)


def _log_above(lower: float) -> Callable[[float], float]:
    def transform(x: float) -> float:
        if not x > lower:
            raise LawError(f"{x:g} is infeasible; values of a lognormal lie above its lower bound {lower:g}")
        return math.log(x - lower)

    return transform


def _lognormal(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    _positive(parameters, "sd", "sigma")
    lower = parameters.get("lower", 0.0)
    log = _log_above(lower)
    if percentiles:
        mu, sigma = _line(percentiles, log)
    elif "median" in parameters:
        mu, sigma = log(parameters["median"]), parameters["sigma"]
    elif "mean" in parameters:
        variance = math.log1p((parameters["sd"] / math.exp(log(parameters["mean"]))) ** 2)
        mu, sigma = log(parameters["mean"]) - variance / 2, math.sqrt(variance)
    else:
        mu, sigma = parameters["mu"], parameters["sigma"]
    return AffineLaw(Link.EXP, mu, sigma, lower)


def _bounds(parameters: Parameters, default: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    low, high = parameters.get("low", default[0]), parameters.get("high", default[1])
    if not low < high:
        raise LawError(f"low = {low:g} is infeasible; low lies below high = {high:g}")
    return low, high


def _logit_between(low: float, high: float) -> Callable[[float], float]:
    def transform(x: float) -> float:
        if not low < x < high:
            raise LawError(f"{x:g} is infeasible; values of a logit-normal lie strictly between {low:g} and {high:g}")
        return math.log(x - low) - math.log(high - x)

    return transform


def _logit_normal(parameters: Parameters, percentiles: Percentiles, domain: Domain) -> Law:
    _positive(parameters, "sigma")
    finite = math.isfinite(domain.lower) and math.isfinite(domain.upper)
    low, high = _bounds(parameters, (domain.lower, domain.upper) if finite else (0.0, 1.0))
    if percentiles:
        mu, sigma = _line(percentiles, _logit_between(low, high))
    else:
        mu, sigma = parameters["mu"], parameters["sigma"]
    return AffineLaw(Link.LOGISTIC, mu, sigma, low, high)


def _uniform(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    if percentiles:
        (p1, x1), (p2, x2) = percentiles
        slope = (x2 - x1) / (p2 - p1)
        low, high = x1 - slope * p1, x2 + slope * (1 - p2)
    else:
        low, high = _bounds(parameters)
    return _scipy("uniform", loc=low, scale=high - low)


def _scipy(name: str, *shapes: float, kink: float | None = None, **location: float) -> Law:
    from scipy import stats  # noqa: PLC0415 - takes a second, and many scenarios need none

    return ScipyLaw(getattr(stats, name)(*shapes, **location), kink=kink)


def _with_mode(build: Callable[[float, float, float, Parameters], Law]) -> Callable[[Parameters, Percentiles, Domain], Law]:
    """Let a (low, mode, high) family be stated by its ends or by two percentiles and the mode."""

    def law(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
        mode = parameters["mode"]
        if not percentiles:
            low, high = _bounds(parameters)
            if not low <= mode <= high:
                raise LawError(f"mode = {mode:g} is infeasible; mode lies in [{low:g}, {high:g}]")
            return build(low, mode, high, parameters)
        (p1, x1), (p2, x2) = percentiles
        if not x1 <= mode <= x2:
            raise LawError(f"mode = {mode:g} is infeasible; mode lies in [{x1:g}, {x2:g}]")
        width = x2 - x1
        scores = ndtri([p1, p2])

        def miss(logs: Any) -> Any:
            below, above = np.exp(logs) * width
            return (build(x1 - below, mode, x2 + above, parameters).quantile(scores) - [x1, x2]) / width

        found = _solve(miss, [math.log(p1 + 0.1), math.log(1.1 - p2)])
        if found is None:
            raise LawError(
                f"no such law has mode {mode:g}, P{100 * p1:g} = {x1:g} and P{100 * p2:g} = {x2:g}", "Move the mode to the middle"
            )
        below, above = np.exp(found) * width
        return build(x1 - float(below), mode, x2 + float(above), parameters)

    return law


def _solve(miss: Callable[[Any], Any], start: Sequence[float]) -> Any | None:
    """Solve two smooth equations; None where no solution is found."""
    from scipy.optimize import least_squares  # noqa: PLC0415 - only percentile fits need it

    with np.errstate(all="ignore"):
        result = least_squares(miss, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=500)
    return result.x if np.abs(result.fun).max() < 1e-9 else None


def _triangular(low: float, mode: float, high: float, _: Parameters) -> Law:
    share = (mode - low) / (high - low)
    return _scipy("triang", share, kink=float(ndtri(share)) if 0 < share < 1 else None, loc=low, scale=high - low)


def _pert(low: float, mode: float, high: float, parameters: Parameters) -> Law:
    weight = parameters.get("lambda", 4.0)  # Malcolm et al. 1959: mean = (low + 4 mode + high) / 6
    if not weight > 0:
        raise LawError(f"lambda = {weight:g} is infeasible; lambda is positive")
    a, b = 1 + weight * (mode - low) / (high - low), 1 + weight * (high - mode) / (high - low)
    return _scipy("beta", a, b, loc=low, scale=high - low)


def _beta(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    _positive(parameters, "a", "b", "sd")
    low, high = _bounds(parameters)
    width = high - low
    if percentiles:
        for _p, x in percentiles:
            if not low < x < high:
                raise LawError(f"{x:g} is infeasible; values of this beta lie strictly between {low:g} and {high:g}")
        scores, logit = ndtri([p for p, _ in percentiles]), _logit_between(low, high)
        mu, sigma = _line(percentiles, logit)
        mean = 1 / (1 + math.exp(-mu))
        total = max(1 / (mean * (1 - mean) * sigma**2), 0.1)  # of the logit-normal through the same percentiles

        def miss(logs: Any) -> Any:
            fitted = _scipy("beta", *np.exp(logs), loc=low, scale=width).quantile(scores)
            return (fitted - [x for _, x in percentiles]) / (percentiles[1][1] - percentiles[0][1])

        found = _solve(miss, [math.log(mean * total), math.log((1 - mean) * total)])
        if found is None:
            raise LawError("no beta on these bounds has these percentiles", "Use a metalog, which takes any feasible percentiles")
        a, b = (float(v) for v in np.exp(found))
    elif "mean" in parameters:
        mean, sd = (parameters["mean"] - low) / width, parameters["sd"] / width
        if not 0 < mean < 1:
            raise LawError(f"mean = {parameters['mean']:g} is infeasible; mean lies in ({low:g}, {high:g})")
        largest = math.sqrt(mean * (1 - mean))
        if not sd < largest:
            raise LawError(f"sd = {parameters['sd']:g} is infeasible; sd lies in (0, {largest * width:g}) for this mean and these bounds")
        total = mean * (1 - mean) / sd**2 - 1
        a, b = mean * total, (1 - mean) * total
    else:
        a, b = parameters["a"], parameters["b"]
    return _scipy("beta", a, b, loc=low, scale=width)


def _gamma(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    _positive(parameters, "shape", "scale", "mean", "sd")
    if percentiles:
        from scipy.optimize import brentq  # noqa: PLC0415 - only percentile fits need it

        (p1, x1), (p2, x2) = percentiles
        if not x1 > 0:
            raise LawError(f"{x1:g} is infeasible; values of a gamma are positive")

        def miss(log_shape: float) -> float:
            shape = math.exp(log_shape)
            return math.log(gammaincinv(shape, p2)) - math.log(gammaincinv(shape, p1)) - math.log(x2 / x1)

        low, high = math.log(0.05), math.log(1e7)
        if not miss(low) > 0 > miss(high):
            raise LawError(f"no gamma has P{100 * p1:g} = {x1:g} and P{100 * p2:g} = {x2:g}", "Use a lognormal or a metalog")
        shape = math.exp(brentq(miss, low, high, xtol=1e-13))
        scale = x1 / float(gammaincinv(shape, p1))
    elif "mean" in parameters:
        shape = (parameters["mean"] / parameters["sd"]) ** 2
        scale = parameters["mean"] / shape
    else:
        shape, scale = parameters["shape"], parameters["scale"]
    return _scipy("gamma", shape, scale=scale)


def _weibull(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    _positive(parameters, "shape", "scale")
    if percentiles:
        (p1, x1), (p2, x2) = percentiles
        if not x1 > 0:
            raise LawError(f"{x1:g} is infeasible; values of a Weibull are positive")
        w1, w2 = math.log(-math.log1p(-p1)), math.log(-math.log1p(-p2))
        shape = (w2 - w1) / math.log(x2 / x1)
        scale = x1 / math.exp(w1 / shape)
    else:
        shape, scale = parameters["shape"], parameters["scale"]
    return _scipy("weibull_min", shape, scale=scale)


def _student_t(parameters: Parameters, percentiles: Percentiles, _: Domain) -> Law:
    _positive(parameters, "df", "scale")
    df, loc, scale = parameters["df"], parameters.get("loc", 0.0), parameters.get("scale", 1.0)
    if percentiles:
        (p1, x1), (p2, x2) = percentiles
        t1, t2 = _scipy("t", df).quantile(ndtri([p1, p2]))
        scale = (x2 - x1) / float(t2 - t1)
        loc = x1 - scale * float(t1)
    return _scipy("t", df, loc=loc, scale=scale)


def _metalog(parameters: Parameters, percentiles: Percentiles, domain: Domain) -> Law:
    low, high = parameters.get("low", domain.lower), parameters.get("high", domain.upper)
    for p, x in percentiles:
        if not low < x < high:
            raise LawError(f"P{100 * p:g} = {x:g} is infeasible; values lie strictly between {low:g} and {high:g}")
    scores, values = ndtri([p for p, _ in percentiles]), [x for _, x in percentiles]
    try:
        return MetalogLaw(scores, values, low, high)
    except (ValueError, np.linalg.LinAlgError):
        raise LawError("no metalog passes through these percentiles", _metalog_hint(scores, percentiles, low, high)) from None


def _metalog_hint(scores: Any, percentiles: Percentiles, low: float, high: float) -> str:
    """Name the feasible range of the middle percentile of a triplet, the commonest case."""
    if len(percentiles) != 3:
        return "Drop or move a percentile: the density would be negative somewhere"
    (_, x1), (p2, _), (_, x3) = percentiles

    def feasible(middle: float) -> bool:
        try:
            MetalogLaw(scores, [x1, middle, x3], low, high)
        except ValueError:
            return False
        return True

    inside = [x for x in np.linspace(x1, x3, 201)[1:-1] if feasible(float(x))]
    if not inside:
        return "No middle value is feasible between these two"
    ends = []
    for end, beyond in ((float(inside[0]), x1), (float(inside[-1]), x3)):
        good, bad = end, beyond
        for _ in range(40):
            middle = 0.5 * (good + bad)
            good, bad = (middle, bad) if feasible(middle) else (good, middle)
        ends.append(good)
    return f"With the other two, P{100 * p2:g} lies in [{ends[0]:.4g}, {ends[1]:.4g}]"


FAMILIES: Mapping[str, Family] = {
    "normal": Family(_normal, (("mean", "sd"), ("percentiles",))),
    "lognormal": Family(_lognormal, (("mu", "sigma"), ("median", "sigma"), ("mean", "sd"), ("percentiles",)), ("lower",)),
    "logit_normal": Family(_logit_normal, (("mu", "sigma"), ("percentiles",)), ("low", "high")),
    "uniform": Family(_uniform, (("low", "high"), ("percentiles",))),
    "triangular": Family(_with_mode(_triangular), (("low", "mode", "high"), ("percentiles", "mode"))),
    "pert": Family(_with_mode(_pert), (("low", "mode", "high"), ("percentiles", "mode")), ("lambda",)),
    "beta": Family(_beta, (("a", "b"), ("mean", "sd"), ("percentiles",)), ("low", "high")),
    "gamma": Family(_gamma, (("shape", "scale"), ("mean", "sd"), ("percentiles",))),
    "weibull": Family(_weibull, (("shape", "scale"), ("percentiles",))),
    "student_t": Family(_student_t, (("df",), ("df", "loc", "scale"), ("df", "loc"), ("df", "scale"), ("df", "percentiles"))),
    "metalog": Family(_metalog, (("percentiles",),), ("low", "high")),
}


def interval_law(low: float, high: float, domain: Domain, *, integer: bool = False) -> Law:
    """Return the law of ``LOW to HIGH``: a central 90 % interval, family from the domain.

    Parameters
    ----------
    low, high : float
        P5 and P95, low < high, strictly inside the domain.
    domain : Domain
        Real line: normal. Half line: lognormal of the excess over its bound. Interval:
        logit-normal on it.
    integer : bool
        Counts: the excess over the bound minus one half, so that rounding reaches the bound itself.
    """
    if not low < high:
        raise LawError(f"{low:g} to {high:g} is not an interval", "Write LOW to HIGH with LOW below HIGH")
    lower = domain.lower - 0.5 if integer else domain.lower
    for end in (low, high):
        if not lower < end < domain.upper:
            raise LawError(
                f"{end:g} cannot end a 90 % interval of a value that is {domain}",
                "Both ends lie strictly inside; for mass at the bound name a family, for example uniform or pert",
            )
    percentiles = ((0.05, low), (0.95, high))
    if math.isfinite(lower) and math.isfinite(domain.upper):
        return _logit_normal({}, percentiles, domain)
    if math.isfinite(lower):
        return _lognormal({"lower": lower}, percentiles, domain)
    return _normal({}, percentiles, domain)


def make_law(family: str, parameters: Parameters, percentiles: Percentiles, domain: Domain) -> Law:
    """Return the law of a named family.

    Parameters
    ----------
    family : str
        A name of ``FAMILIES``, or any scipy.stats distribution, whose parameters are then its shape
        parameters, ``loc`` and ``scale``.
    parameters : mapping of str to float
        Natural parameters, in the quantity's canonical unit where they are values.
    percentiles : sequence of (float, float)
        (probability, value) pairs; empty where natural parameters are given.
    domain : Domain
        Of the quantity: default bounds of metalog and logit-normal.

    Raises
    ------
    LawError
        Unknown family; foreign, missing or contradictory parameters; infeasible values, with the
        feasible range.

    Examples
    --------
    >>> law = make_law("lognormal", {}, [(0.05, 2.0), (0.95, 3.0)], Domain.parse("(0, inf)"))
    >>> law.quantile([-1.6448536269514722, 1.6448536269514722]).round(12).tolist()
    [2.0, 3.0]
    """
    for name, value in parameters.items():
        if not math.isfinite(value):
            raise LawError(f"{name} = {value} is not a finite number")
    _check_percentiles(percentiles)
    if family not in FAMILIES:
        return _scipy_by_name(family, parameters, percentiles)
    entry = FAMILIES[family]
    foreign = sorted(set(parameters) - entry.names())
    if foreign:
        raise LawError(f"{', '.join(foreign)} does not belong to {family}", f"It takes {entry.describe()}")
    stated = set(parameters) | ({"percentiles"} if percentiles else set())
    matches = [form for form in entry.forms if set(form) <= stated <= set(form) | set(entry.optional)]
    if not matches:
        given = ", ".join(sorted(stated)) or "nothing"
        raise LawError(f"{family} cannot be made from {given}", f"It takes {entry.describe()}")
    if percentiles and family != "metalog" and len(percentiles) != 2:
        raise LawError(f"{family} takes exactly two percentiles, not {len(percentiles)}", "A metalog takes any number of them")
    if percentiles and len(percentiles) < 2:
        raise LawError(f"{family} takes at least two percentiles")
    return entry.build(parameters, percentiles, domain)


def _check_percentiles(percentiles: Percentiles) -> None:
    for p, x in percentiles:
        if not 0 < p < 1:
            raise LawError(f"p{100 * p:g} is not a percentile; it lies strictly between 0 and 100")
        if not math.isfinite(x):
            raise LawError(f"p{100 * p:g} = {x} is not a finite number")
    for (p1, x1), (p2, x2) in pairwise(percentiles):
        if not (p1 < p2 and x1 < x2):
            raise LawError(f"p{100 * p1:g} = {x1:g} and p{100 * p2:g} = {x2:g} contradict: percentiles increase")


def _scipy_by_name(name: str, parameters: Parameters, percentiles: Percentiles) -> Law:
    from scipy import stats  # noqa: PLC0415 - takes a second, and many scenarios need none

    distribution: Any = getattr(stats, name, None)
    known = [n for n in dir(stats) if isinstance(getattr(stats, n), (stats.rv_continuous, stats.rv_discrete))]
    if name not in known:
        near = get_close_matches(name, dict.fromkeys([*FAMILIES, "empirical", "choice", "mixture", *known]), n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are {', '.join(FAMILIES)}, empirical, choice, mixture"
        raise LawError(f"'{name}' is not a family of distributions", hint + ("" if near else " and the names of scipy.stats"))
    if percentiles:
        raise LawError(f"{name} takes scipy's own parameters, not percentiles", f"Percentiles suit {', '.join(FAMILIES)}")
    discrete = isinstance(distribution, stats.rv_discrete)
    shapes = distribution.shapes.replace(" ", "").split(",") if distribution.shapes else []
    allowed = [*shapes, "loc", *([] if discrete else ["scale"])]
    foreign, missing = sorted(set(parameters) - set(allowed)), [s for s in shapes if s not in parameters]
    if foreign or missing:
        wrong = f"{', '.join(foreign)} does not belong to" if foreign else f"{', '.join(missing)} is missing from"
        raise LawError(f"{wrong} scipy.stats.{name}", f"It takes {', '.join(allowed)}")
    if not distribution._argcheck(*[np.asarray(parameters[s]) for s in shapes]) or not parameters.get("scale", 1.0) > 0:
        given = ", ".join(f"{k} = {v:g}" for k, v in parameters.items())
        raise LawError(f"{given} is infeasible for scipy.stats.{name}")
    frozen = distribution(**parameters)
    return _enumerate(frozen, name) if discrete else ScipyLaw(frozen)


def _enumerate(frozen: Any, name: str) -> Law:
    """List the values of a discrete scipy law that a 53-bit uniform can reach."""
    first = float(frozen.ppf(1e-17))
    too_many = LawError(f"scipy.stats.{name} has more than {_MOST_VALUES} values within reach", "Use a continuous law: counts are rounded")
    if not frozen.sf(first + _MOST_VALUES) <= 1e-12:  # before ppf, which would search for it in ever more memory
        raise too_many
    last, step = float(frozen.ppf(1 - 1e-12)), 1.0
    while last - first < _MOST_VALUES and frozen.sf(last) > 1e-17:  # scipy's discrete isf is ppf(1 - q)
        last, step = last + step, 2 * step
    if not last - first < _MOST_VALUES:
        raise too_many
    values = np.arange(first, last + 1)
    return DiscreteLaw(values, frozen.pmf(values))
