"""Would a law, its table or its draws that are wrong by far less than one per cent pass?

A new law is one line of ``CASES``: what a user writes, and the same law from somewhere else.
"""

import math
import re
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, ndtr, ndtri

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.errors import LawError
from simulator.kernels.lanes import LANES
from simulator.kernels.octaves import values_of_uniforms
from simulator.quantities import Domain
from simulator.scenario.values import parse_value
from simulator.stochastic.families import FAMILIES, make_law
from simulator.stochastic.laws import DiscreteLaw, MetalogLaw, MixtureLaw, RoundedLaw, ScipyLaw, TruncatedLaw
from simulator.stochastic.octaves import OCTAVES, octave_cells
from simulator.stochastic.streams import random_words
from simulator.stochastic.tabulate import RELATIVE_ERROR, Kind, tabulate

FALSE_ALARM = 2 * stats.norm.sf(4.5)  # of one check; see statistics_helpers
DRAWS = 50_176  # whole blocks
REAL = Domain()
POSITIVE = Domain.parse("(0, inf)")
P5, P95 = float(ndtri(0.05)), float(ndtri(0.95))
QUARTILES = ndtri(np.array([0.25, 0.75]))
SCORES = np.sort(np.concatenate([np.random.default_rng(7).uniform(-6, 6, 20_000), np.linspace(-6, 6, 49)]))


def split(z, below, above):
    """Return below(P) for scores up to 0 and above(1 - P) from there on: both keep their digits."""
    z = np.asarray(z, dtype=float)
    return np.where(z <= 0, below(ndtr(np.minimum(z, 0))), above(ndtr(-np.maximum(z, 0))))


@dataclass(frozen=True)
class Frozen:
    """A distribution of scipy as an oracle."""

    law: Any

    def quantile(self, z):
        return split(z, self.law.ppf, self.law.isf)

    def cdf(self, x):
        return self.law.cdf(x)

    def sf(self, x):
        return self.law.sf(x)


@dataclass(frozen=True)
class Metalog:
    """Keelin's equations 6, 14 and 17 in probabilities, for three terms; the inverse by bisection."""

    a: tuple[float, ...]
    link: Any

    def at(self, y, one_minus):
        logit = np.log(y) - np.log(one_minus)
        return self.link(self.a[0] + self.a[1] * logit + self.a[2] * (0.5 * y - 0.5 * one_minus) * logit)

    def quantile(self, z):
        return self.at(ndtr(z), ndtr(-np.asarray(z)))

    def _score(self, x):
        low, high = np.full(np.shape(x), -8.5), np.full(np.shape(x), 8.5)
        for _ in range(60):
            middle = (low + high) / 2
            below = self.quantile(middle) < x
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return low

    def cdf(self, x):
        return ndtr(self._score(x))

    def sf(self, x):
        return ndtr(-self._score(x))

    @classmethod
    def through(cls, p, x, forward=lambda x: x, back=lambda t: t):
        p, t = np.asarray(p), forward(np.asarray(x, dtype=float))
        logit = np.log(p / (1 - p))
        return cls(tuple(np.linalg.solve(np.stack([np.ones(3), logit, (p - 0.5) * logit], axis=1), t)), back)


@dataclass(frozen=True)
class Parts:
    """A mixture as the weighted sum of its parts' distribution functions; no quantile, which nobody else has either."""

    weights: tuple[float, ...]
    laws: tuple[Any, ...]

    def cdf(self, x):
        return sum(w * law.cdf(x) for w, law in zip(self.weights, self.laws, strict=True))

    def sf(self, x):
        return sum(w * law.sf(x) for w, law in zip(self.weights, self.laws, strict=True))


@dataclass(frozen=True)
class Linked:
    """The logit-normal: scipy has none."""

    mu: float
    sigma: float
    low: float
    high: float

    def quantile(self, z):
        return self.low + (self.high - self.low) * expit(self.mu + self.sigma * np.asarray(z))

    def _score(self, x):
        return (np.log((x - self.low) / (self.high - x)) - self.mu) / self.sigma

    def cdf(self, x):
        return ndtr(self._score(x))

    def sf(self, x):
        return ndtr(-self._score(x))


def lognormal(median, sigma, lower=0.0):
    return Frozen(stats.lognorm(sigma, loc=lower, scale=median))


def between(low, high):
    return (math.log(high) + math.log(low)) / 2, (math.log(high) - math.log(low)) / (P95 - P5)


MU, SIGMA = between(2.0, 3.0)
UNIT, HALF_LINE, LINE = "idle_power_fraction", "tokens", "electricity_price"  # quantities on [0, 1], (0, inf) and the real line

# what a user writes, the quantity that takes it, the law from somewhere else
CASES = {
    "normal": ({"family": "normal", "mean": 0.3, "sd": 2}, LINE, Frozen(stats.norm(0.3, 2))),
    "normal, percentiles": ({"family": "normal", "p5": -1, "p95": 3}, LINE, Frozen(stats.norm(1, 2 / P95))),
    "lognormal, mu": ({"family": "lognormal", "mu": 0.3, "sigma": 0.8}, HALF_LINE, lognormal(math.exp(0.3), 0.8)),
    "lognormal, median": ({"family": "lognormal", "median": 2, "sigma": 0.5}, HALF_LINE, lognormal(2, 0.5)),
    # mean 2, sd 1: sigma**2 = ln(1 + 1/4), median = mean / sqrt(1 + 1/4)
    "lognormal, mean": (
        {"family": "lognormal", "mean": 2, "sd": 1},
        HALF_LINE,
        lognormal(2 / math.sqrt(1.25), math.sqrt(math.log(1.25))),
    ),
    "lognormal, lower": ({"family": "lognormal", "median": 3, "sigma": 0.5, "lower": 1}, HALF_LINE, lognormal(2, 0.5, 1)),
    "lognormal, percentiles": ({"family": "lognormal", "p5": 2, "p95": 3}, HALF_LINE, lognormal(math.exp(MU), SIGMA)),
    "logit-normal": ({"family": "logit-normal", "mu": 0.2, "sigma": 0.7}, UNIT, Linked(0.2, 0.7, 0, 1)),
    "logit-normal, bounds": ({"family": "logit_normal", "mu": 0.2, "sigma": 0.7, "low": 1, "high": 4}, HALF_LINE, Linked(0.2, 0.7, 1, 4)),
    "logit-normal, percentiles": ({"family": "logit-normal", "p5": 0.2, "p95": 0.8}, UNIT, Linked(0, math.log(4) / P95, 0, 1)),
    "uniform": ({"family": "uniform", "low": -1, "high": 2}, LINE, Frozen(stats.uniform(-1, 3))),
    "uniform, percentiles": ({"family": "uniform", "p10": 0.2, "p90": 1}, LINE, Frozen(stats.uniform(0.1, 1))),
    "triangular": ({"family": "triangular", "low": 1, "mode": 2, "high": 5}, HALF_LINE, Frozen(stats.triang(0.25, 1, 4))),
    "triangular, mode at its end": ({"family": "triangular", "low": 0, "mode": 0, "high": 0.8}, UNIT, Frozen(stats.triang(0, 0, 0.8))),
    # Vose: alpha = 1 + 4 (mode - low) / (high - low), beta = 1 + 4 (high - mode) / (high - low)
    "pert": ({"family": "pert", "low": 1, "mode": 2, "high": 5}, HALF_LINE, Frozen(stats.beta(2, 4, 1, 4))),
    "pert, lambda": ({"family": "pert", "low": 1, "mode": 2, "high": 5, "lambda": 8}, HALF_LINE, Frozen(stats.beta(3, 7, 1, 4))),
    "beta": ({"family": "beta", "a": 2, "b": 5}, UNIT, Frozen(stats.beta(2, 5))),
    "beta, both ends": ({"family": "beta", "a": 0.5, "b": 0.4}, UNIT, Frozen(stats.beta(0.5, 0.4))),
    # mean 2/7 and variance 10/392 of beta(2, 5), stretched to [1, 8]
    "beta, mean": (
        {"family": "beta", "mean": 3, "sd": 7 * math.sqrt(10 / 392), "low": 1, "high": 8},
        HALF_LINE,
        Frozen(stats.beta(2, 5, 1, 7)),
    ),
    "gamma": ({"family": "gamma", "shape": 0.5, "scale": 2}, HALF_LINE, Frozen(stats.chi2(1))),
    "gamma, mean": ({"family": "gamma", "mean": 10, "sd": math.sqrt(20)}, HALF_LINE, Frozen(stats.chi2(10))),
    "weibull": ({"family": "weibull", "shape": 1, "scale": 2}, HALF_LINE, Frozen(stats.expon(scale=2))),
    "weibull, early": ({"family": "weibull", "shape": 0.7, "scale": 2}, HALF_LINE, Frozen(stats.weibull_min(0.7, scale=2))),
    "weibull, percentiles": (
        {"family": "weibull", "p10": -math.log(0.9), "p90": math.log(10)},
        HALF_LINE,
        Frozen(stats.expon()),
    ),
    "student-t": ({"family": "student-t", "df": 3, "loc": 1, "scale": 0.5}, LINE, Frozen(stats.t(3, 1, 0.5))),
    "student-t, one degree": ({"family": "student_t", "df": 1}, LINE, Frozen(stats.t(1))),
    "student-t, percentiles": (
        {"family": "student_t", "df": 4, "p5": 0, "p95": 4},
        LINE,
        Frozen(stats.t(4, 2, 2 / stats.t(4).ppf(0.95))),
    ),
    "metalog, two": ({"family": "metalog", "p25": -1, "p75": 1}, LINE, Frozen(stats.logistic(0, 1 / math.log(3)))),
    "metalog, three": ({"p10": 1, "p50": 2, "p90": 4}, LINE, Metalog.through([0.1, 0.5, 0.9], [1, 2, 4])),
    "metalog, above a bound": ({"p10": 1, "p50": 2, "p90": 5}, HALF_LINE, Metalog.through([0.1, 0.5, 0.9], [1, 2, 5], np.log, np.exp)),
    "metalog, below a bound": (
        {"family": "metalog", "p10": -5, "p50": -2, "p90": -1, "high": 0},
        LINE,
        Metalog.through([0.1, 0.5, 0.9], [-5, -2, -1], lambda x: -np.log(-x), lambda t: -np.exp(-t)),
    ),
    "metalog, bounded": (
        {"p10": 0.2, "p50": 0.5, "p90": 0.7},
        UNIT,
        Metalog.through([0.1, 0.5, 0.9], [0.2, 0.5, 0.7], lambda x: np.log(x / (1 - x)), expit),
    ),
    "scipy skewnorm": ({"family": "skewnorm", "a": 4, "loc": -1}, LINE, Frozen(stats.skewnorm(4, -1))),
    "scipy genextreme": ({"family": "genextreme", "c": -0.2}, LINE, Frozen(stats.genextreme(-0.2))),
    "scipy genextreme, bounded above": ({"family": "genextreme", "c": 0.2}, LINE, Frozen(stats.genextreme(0.2))),
    "scipy pareto": ({"family": "pareto", "b": 2.5, "scale": 3}, HALF_LINE, Frozen(stats.pareto(2.5, scale=3))),
    "scipy levy": ({"family": "levy"}, HALF_LINE, Frozen(stats.levy())),
    "scipy laplace": ({"family": "laplace", "loc": 0.1, "scale": 0.1}, LINE, Frozen(stats.laplace(0.1, 0.1))),
    "scipy johnsonsu": ({"family": "johnsonsu", "a": 1, "b": 2}, LINE, Frozen(stats.johnsonsu(1, 2))),
    "scipy trapezoid": ({"family": "trapezoid", "c": 0.2, "d": 0.7}, UNIT, Frozen(stats.trapezoid(0.2, 0.7))),
    "scipy loguniform": ({"family": "loguniform", "a": 0.01, "b": 100}, HALF_LINE, Frozen(stats.loguniform(0.01, 100))),
    "scipy invgauss": ({"family": "invgauss", "mu": 0.5}, HALF_LINE, Frozen(stats.invgauss(0.5))),
    "scipy halfcauchy": ({"family": "halfcauchy"}, HALF_LINE, Frozen(stats.halfcauchy())),
    "scipy burr12": ({"family": "burr12", "c": 2, "d": 3}, HALF_LINE, Frozen(stats.burr12(2, 3))),
    "truncated": ({"family": "normal", "mean": 0, "sd": 1, "truncate": [-0.5, 2]}, LINE, Frozen(stats.truncnorm(-0.5, 2))),
    "truncated, one end": (
        {"family": "normal", "mean": 1, "sd": 1, "truncate": [0, None]},
        HALF_LINE,
        Frozen(stats.truncnorm(-1, np.inf, 1)),
    ),
    "truncated, far tail": ({"family": "normal", "mean": 0, "sd": 1, "truncate": [4, 9]}, HALF_LINE, Frozen(stats.truncnorm(4, 9))),
    "truncated, heavy": ({"family": "pareto", "b": 1, "truncate": [None, 10]}, HALF_LINE, Frozen(stats.truncpareto(1, 10))),
    "truncated, to a uniform": ({"family": "uniform", "low": 0, "high": 4, "truncate": [1, 3]}, HALF_LINE, Frozen(stats.uniform(1, 2))),
    "mixture": (
        {"family": "mixture", "components": [{"weight": 3, "family": "normal", "mean": 0, "sd": 1}, {"weight": 7, "value": "3 to 5"}]},
        LINE,
        Parts((0.3, 0.7), (stats.norm(), stats.norm(4, 1 / P95))),
    ),
    "mixture with a gap": (
        {
            "family": "mixture",
            "components": [
                {"weight": 0.3, "family": "uniform", "low": 0, "high": 1},
                {"weight": 0.7, "family": "uniform", "low": 3, "high": 4},
            ],
        },
        HALF_LINE,
        Parts((0.3, 0.7), (stats.uniform(0, 1), stats.uniform(3, 1))),
    ),
}

DISCRETE = {
    "choice": ({"family": "choice", "values": [3, 1, 2], "probabilities": [0.2, 0.5, 0.3]}, HALF_LINE, [1, 2, 3], [0.5, 0.3, 0.2]),
    "choice, equal": ({"family": "choice", "values": [0.1, 0.2]}, UNIT, [0.1, 0.2], [0.5, 0.5]),
    "choice, twice the same": ({"family": "choice", "values": [1, 2, 1]}, HALF_LINE, [1, 2], [2 / 3, 1 / 3]),
    "choice, never": ({"family": "choice", "values": [1, 2], "probabilities": [1e-9, 1 - 1e-9]}, HALF_LINE, [1, 2], [1e-9, 1 - 1e-9]),
    "empirical": ({"family": "empirical", "values": list(range(1, 101))}, HALF_LINE, np.arange(1, 101), np.full(100, 0.01)),
    "empirical, weights": ({"family": "empirical", "values": [5, 1], "weights": [3, 1]}, HALF_LINE, [1, 5], [0.25, 0.75]),
    "choice, truncated": ({"family": "choice", "values": [1, 2, 3, 4], "truncate": [2, 3.5]}, HALF_LINE, [2, 3], [0.5, 0.5]),
    "scipy poisson": ({"family": "poisson", "mu": 7, "loc": 1}, HALF_LINE, np.arange(1, 80), stats.poisson(7, 1)),
    "scipy binom": ({"family": "binom", "n": 20, "p": 0.3}, LINE, np.arange(21), stats.binom(20, 0.3)),
    "scipy nbinom": ({"family": "nbinom", "n": 3, "p": 0.4, "loc": 1}, HALF_LINE, np.arange(1, 120), stats.nbinom(3, 0.4, 1)),
    # round half up: P(k) = F(k + 1/2) - F(k - 1/2)
    "count, uniform": ({"family": "uniform", "low": 0.5, "high": 4.5}, "accelerators", [1, 2, 3, 4], [0.25] * 4),
    "count, triangular": ({"family": "triangular", "low": 1, "mode": 1, "high": 3}, "accelerators", [1, 2, 3], [7 / 16, 8 / 16, 1 / 16]),
    "count, interval": (
        "2 to 9",
        "accelerators_per_node",
        np.arange(1, 200),
        lognormal(math.sqrt(1.5 * 8.5), between(1.5, 8.5)[1], 0.5).law,
    ),
    "count, poisson": ({"family": "poisson", "mu": 7, "loc": 1}, "accelerators", np.arange(1, 80), stats.poisson(7, 1)),
    "count, truncated": (
        {"family": "normal", "mean": 5, "sd": 4, "truncate": [0.5, 8.5]},
        "accelerators_per_node",
        np.arange(1, 9),
        stats.truncnorm(-4.5 / 4, 3.5 / 4, 5, 4),
    ),
    "mixture with an atom": (
        {"family": "mixture", "components": [{"weight": 0.3, "value": 0}, {"weight": 0.7, "family": "choice", "values": [1, 5]}]},
        LINE,
        [0, 1, 5],
        [0.3, 0.35, 0.35],
    ),
}


def masses(values, law):
    """Return the probability of each value; of whole numbers around it where the law is continuous."""
    if not hasattr(law, "cdf"):
        return np.asarray(law, dtype=float)
    values = np.asarray(values)
    if hasattr(law, "pmf") and isinstance(law.dist, stats.rv_discrete):
        return law.pmf(values)
    return np.where(law.cdf(values) < 0.5, law.cdf(values + 0.5) - law.cdf(values - 0.5), law.sf(values - 0.5) - law.sf(values + 0.5))


@cache
def case(name):
    """Return what a case's parser makes of it, once."""
    spec, quantity, *oracle = CASES.get(name) or DISCRETE[name]
    value = parse_value(spec, quantity)
    return SimpleNamespace(value=value, law=value.law, table=value.table, oracle=oracle[0], rest=oracle)


# ---- the kernel's draws


@cache
def draws():
    """Return every case's draws, and their scores by another road, from as few runs as its quantities allow."""
    homes = {
        HALF_LINE: ["tokens", "params", "peak_flops", "tdp", "checkpoint_interval", "accelerator_price", "service_life"],
        UNIT: [UNIT],
        LINE: [LINE],
        "accelerators": ["accelerators"],
        "accelerators_per_node": ["accelerators_per_node"],
    }
    homes[HALF_LINE] += ["downtime", "checkpoint_time", "carbon_intensity", "depreciation_rate", "price_year_shift", "carbon_year_shift"]
    homes[HALF_LINE] += ["failure_rate", "run_overhead", "embodied_accelerator", "embodied_server"]
    rounds: list[dict[str, tuple[str, Any]]] = []
    for name, (spec, quantity, *_) in {**CASES, **DISCRETE}.items():
        for run in range(len(CASES) + len(DISCRETE)):
            if run == len(rounds):
                rounds.append({})
            free = [home for home in homes[quantity] if home not in rounds[run]]
            if free:
                rounds[run][free[0]] = name, spec
                break
    base = {
        "workload": {"params": 1e9, "tokens": 20e9, "mfu": 0.4},
        "hardware": {"accelerators": 8, "accelerators_per_node": 8, "peak_flops": 1e15, "tdp": 700},
        "emissions": {"carbon_intensity": 0.3, "embodied_accelerator": 150},
        "compute": {"basis": "own", "accelerator_price": 30e3},
        "reliability": {},
        "energy": {"electricity_price": 0.1},
    }
    sections = {
        "workload": ("params", "tokens", "run_overhead"),
        "hardware": ("accelerators", "accelerators_per_node", "peak_flops", "tdp", UNIT),
        "reliability": ("downtime", "checkpoint_time", "checkpoint_interval", "failure_rate"),
        "energy": (LINE, "price_year_shift"),
        "emissions": ("carbon_intensity", "carbon_year_shift", "embodied_accelerator", "embodied_server"),
        "compute": ("accelerator_price", "service_life", "depreciation_rate"),
    }
    found = {}
    for seed, inputs in enumerate(rounds):
        data = {"name": "laws", **{section: dict(content) for section, content in base.items()}}
        for section, names in sections.items():
            data[section].update({home: inputs[home][1] for home in names if home in inputs})
        ds = simulate(parse_scenario(data), SamplingPlan(draws=DRAWS, seed=seed))
        for home, (name, _) in inputs.items():
            found[name] = ds[home].values, replay(home, seed)
    assert set(found) == set(CASES) | set(DISCRETE)
    return found


def replay(name, seed):
    """Return the scores of a stream: draws d and d + 64 of each 128 are the two words of one block."""
    words = random_words(DRAWS, seed=seed, purpose="draw", name=name).reshape(-1, 64, 2).transpose(0, 2, 1).ravel()
    whole = (words >> np.uint64(12)).astype(np.int64)  # of 2**52 cells: their centres, from whichever end is nearer
    lower, upper = (whole + 0.5) * 2.0**-52, (2**52 - whole - 0.5) * 2.0**-52
    return np.where(lower < 0.5, ndtri(np.minimum(lower, 0.5)), -ndtri(np.minimum(upper, 0.5)))


def allowed(x, law):
    """Return the documented bound: 1e-6 of the value (or IQR/100) or of the distance from a half-bounded law's bound."""
    lower, upper = law.support
    low, high = law.quantile(QUARTILES)
    scale = x - lower if math.isfinite(lower) and math.isinf(upper) else np.maximum(np.abs(x), (high - low) / 100)
    return 1e-6 * scale + 4 * np.spacing(np.abs(x))


def assert_no_more(a, b):
    """Compare one by one, and tell which."""
    np.testing.assert_array_less(a, np.nextafter(b, np.inf))


#: places in every octave of either tail, the ends of cells and the outermost uniforms among them
UNIFORMS = np.multiply.outer(
    [1, -1],
    1 - np.unique(np.ldexp(np.append(np.linspace(1, 2 - 2**-52, 101), 1 + np.arange(4) / 4), -np.arange(1, OCTAVES + 1)[:, None])),
).ravel()
#: laws whose jumps, kinks or tails no such cells follow: a normal score is looked up
KINKED = {
    "scipy skewnorm", "scipy pareto", "scipy trapezoid", "student-t, one degree", "truncated, one end", "mixture",
    "mixture with a gap",
}  # fmt: skip


def by_uniforms(table, cells, uniforms):
    """Return the kernel's values at uniforms on (-1, 1)."""
    padded = np.resize(uniforms, (-(-uniforms.size // LANES), LANES))
    out, where = np.empty(LANES), np.empty(LANES, dtype=np.int64)
    values = []
    for row in padded:
        values_of_uniforms(row.copy(), cells, int(table.rounded), table.lower, table.upper, out, where)
        values.append(out.copy())
    return np.concatenate(values)[: uniforms.size]


@pytest.mark.parametrize("name", CASES)
class TestContinuousLaw:
    def test_table_meets_the_oracle(self, name):
        it = case(name)
        x = it.table(SCORES)
        if isinstance(it.oracle, Parts):  # no quantile to compare with: the score that each value has
            error = np.where(SCORES <= 0, it.oracle.cdf(x) - ndtr(SCORES), it.oracle.sf(x) - ndtr(-SCORES))
            assert np.abs(error).max() < 5e-9
            return
        error, bound = np.abs(x - it.oracle.quantile(SCORES)), allowed(x, it.law)
        assert np.all(error <= bound)
        assert np.quantile(error / bound, 0.8) < 10 * RELATIVE_ERROR / 1e-6  # and almost everywhere 100 times better

    def test_reported_error_is_true(self, name):
        it = case(name)
        assert it.table.error <= 1e-6
        exact = it.law.quantile(SCORES)
        if isinstance(it.law, MixtureLaw):
            return  # a jump is placed to within a score, not a value: see above
        rounding = 4 * np.spacing(np.abs(exact)) + 4e-16 * np.abs(np.gradient(exact, SCORES)) * np.exp(np.maximum(SCORES, 0) ** 2 / 2)
        assert np.all(
            np.abs(it.table(SCORES) - exact) <= allowed(exact, it.law) * 5 * max(it.table.error, RELATIVE_ERROR) / 1e-6 + rounding
        )

    def test_cdf_and_sf_undo_the_quantile(self, name):
        it = case(name)
        z = np.linspace(-5.5, 5.5, 221)
        x = it.law.quantile(z)
        for law in (it.law, it.oracle):
            with np.errstate(divide="ignore", over="ignore"):
                # from the last digit of x; at z = 5.5 this is the density over the probability, a few digits
                low, high = np.nextafter(x, -np.inf), np.nextafter(x, np.inf)
                assert_no_more(law.cdf(low) * (1 - 1e-7), ndtr(z) * (1 + 1e-7))
                assert_no_more(ndtr(z) * (1 - 1e-7), law.cdf(high) * (1 + 1e-7))
                assert_no_more(law.sf(high) * (1 - 1e-7), ndtr(-z) * (1 + 1e-7))
                assert_no_more(ndtr(-z) * (1 - 1e-7), law.sf(low) * (1 + 1e-7))

    def test_quantiles_increase_within_the_support(self, name):
        it = case(name)
        z = np.linspace(-9, 9, 5001)
        lower, upper = it.law.support
        noise = 1e-11 * np.diff(it.law.quantile(QUARTILES))
        for x in (it.law.quantile(z[np.abs(z) < 8.3]), it.table(z)):
            assert np.all(np.isfinite(x))
            assert np.all((x >= lower) & (x <= upper))
            score = z[np.abs(z) < 8.3] if x.size < z.size else z
            common = x[np.abs(score) < 8]  # some of scipy's have noise beyond, one draw in 1e15
            assert np.all(np.diff(common) >= -1e-12 * np.maximum(np.abs(common[1:]), np.abs(common[:-1])) - noise)
            slack = noise + 1e-12 * np.abs(common[[0, -1]])
            assert x[score < -8].max() <= it.law.quantile(-7.5) + slack[0]
            assert x[score > 8].min() >= it.law.quantile(min(7.5, it.law.score_range[1])) - slack[1]
        assert it.law.cdf(lower) <= 1e-14
        assert it.law.sf(upper) <= 1e-14

    def test_the_kernel_evaluates_the_table(self, name):
        it = case(name)
        x, z = draws()[name]
        close = 1e-4 if octave_cells(it.table) is None else 1.1e-2
        np.testing.assert_array_less(np.abs(x - it.table(z)), close * allowed(x, it.law) + 8 * np.spacing(np.abs(x)))
        np.testing.assert_array_equal(it.table(np.array([np.nan])), np.nan)

    def test_values_of_uniforms_are_those_of_their_scores(self, name):
        it = case(name)
        cells = octave_cells(it.table)
        if cells is None:
            assert name in KINKED
            return
        x = by_uniforms(it.table, cells, UNIFORMS)
        q = 1 - np.abs(UNIFORMS)
        expected = it.table(np.copysign(-ndtri(q / 2), UNIFORMS))
        close = np.where(q > 2e-9, 1.1e-2, 1.1)  # scores up to 6, and beyond
        assert np.all(np.abs(x - expected) <= close * allowed(expected, it.law) + 8 * np.spacing(np.abs(x)))
        order = np.argsort(UNIFORMS)
        slack = np.where(q[order] > 2e-9, 1e-12, 1e-9) * np.abs(x).max()
        assert np.all(np.diff(x[order]) >= -slack[1:])

    def test_draws_are_the_oracle_at_their_replayed_scores(self, name):
        it = case(name)
        x, z = draws()[name]
        if isinstance(it.oracle, Parts):
            np.testing.assert_allclose(it.oracle.cdf(x), ndtr(z), atol=1e-9)
        else:
            assert np.all(np.abs(x - it.oracle.quantile(z)) <= allowed(x, it.law))

    def test_draws_follow_the_oracle(self, name):
        x, _ = draws()[name]
        assert x.size == DRAWS
        assert stats.kstest(case(name).oracle.cdf(x), "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("name", DISCRETE)
class TestDiscreteLaw:
    def test_thresholds_are_exact_in_probability(self, name):
        it = case(name)
        values = np.asarray(it.rest[0], dtype=float)
        p = masses(values, it.rest[1])
        below, above = np.cumsum(p)[:-1], np.cumsum(p[::-1])[-2::-1]
        reachable = (below > 1e-9) & (above > 1e-9)
        z = np.where(below < 0.5, ndtri(np.minimum(below, 0.5)), -ndtri(np.minimum(above, 0.5)))[reachable]
        left, right = values[:-1][reachable], values[1:][reachable]
        step = np.where(it.table.kind == Kind.STEPS, 1e-12, 1e-9)  # in the score; a jump within cells is found by halving
        tolerance = step * np.maximum(np.abs(z), 1) + 1e-12 * np.exp(z**2 / 2)
        for read in (it.law.quantile, it.table):
            np.testing.assert_array_equal(read(z - tolerance), left)
            np.testing.assert_array_equal(read(z + tolerance), right)

    def test_cdf_and_sf_are_sums(self, name):
        it = case(name)
        values = np.asarray(it.rest[0], dtype=float)
        p = masses(values, it.rest[1])
        np.testing.assert_allclose(it.law.cdf(values), np.cumsum(p), rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(it.law.sf(values)[:-1], np.cumsum(p[::-1])[-2::-1], rtol=1e-12, atol=1e-13)
        between_values = (values[1:] + values[:-1]) / 2 if np.any(values % 1) or it.table.kind == Kind.STEPS else values[:-1] + 0.25
        np.testing.assert_allclose(it.law.cdf(between_values), it.law.cdf(values[:-1]), rtol=1e-14)
        assert it.law.cdf(values[0] - 0.01) == 0
        assert it.law.sf(values[0] - 0.01) == 1

    def test_the_kernel_evaluates_the_table(self, name):
        x, z = draws()[name]
        np.testing.assert_array_equal(x, case(name).table(z))
        np.testing.assert_array_equal(case(name).table(np.array([np.nan])), np.nan)

    def test_draws_are_the_quantiles_of_their_replayed_scores(self, name):
        x, z = draws()[name]
        np.testing.assert_array_equal(x, case(name).law.quantile(z))

    def test_draws_follow_the_probabilities(self, name):
        x, _ = draws()[name]
        values = np.asarray(case(name).rest[0], dtype=float)
        expected = DRAWS * masses(values, case(name).rest[1])
        counts = (x[:, None] == values).sum(axis=0)
        assert counts.sum() == DRAWS
        common = expected >= 5
        pooled = np.append(counts[common], counts[~common].sum()), np.append(expected[common], expected[~common].sum())
        if pooled[1][-1] < 5:  # too rare for chi-square: a Poisson count
            assert stats.poisson.sf(pooled[0][-1] - 1, pooled[1][-1]) > FALSE_ALARM
            pooled = pooled[0][:-1], pooled[1][:-1]
        if len(pooled[0]) > 1:
            statistic = ((pooled[0] - pooled[1]) ** 2 / pooled[1]).sum()
            assert stats.chi2.sf(statistic, len(pooled[0]) - 1) > FALSE_ALARM


@pytest.mark.parametrize("rare", [1e-9, 1e-13, 1e-15])
def test_a_rare_value_keeps_its_probability_in_either_tail(rare):
    last, first = DiscreteLaw([1, 2], [1 - rare, rare]), DiscreteLaw([1, 2], [rare, 1 - rare])
    assert last.scores[0] == pytest.approx(-ndtri(rare), rel=1e-12)
    assert first.scores[0] == pytest.approx(ndtri(rare), rel=1e-12)
    assert last.sf(1) == first.cdf(1) == pytest.approx(rare, rel=1e-12)


def test_every_family_has_a_case():
    stated = {str(spec["family"]).replace("-", "_") for spec, *_ in [*CASES.values(), *DISCRETE.values()] if "family" in spec}
    assert set(FAMILIES) | {"choice", "empirical", "mixture"} <= stated


# ---- percentiles

TWO = {
    "normal": (REAL, {}, [(-3.0, 4.0), (1e6, 1e6 + 1), (-2e-7, -1e-7)]),
    "lognormal": (POSITIVE, {}, [(1.0, 1.001), (1e-9, 1e9)]),
    "logit_normal": (Domain.parse("(0, 1]"), {}, [(0.2, 0.3), (0.001, 0.999)]),
    "uniform": (REAL, {}, [(-3.0, 4.0)]),
    "beta": (POSITIVE, {}, [(0.2, 0.3), (0.01, 0.6), (0.9, 0.99)]),
    "gamma": (POSITIVE, {}, [(1.0, 1.1), (0.01, 3.0)]),
    "weibull": (POSITIVE, {}, [(1.0, 1.1), (0.01, 3.0)]),
    "student_t": (REAL, {"df": 3.0}, [(-3.0, 4.0)]),
    "triangular": (REAL, {"mode": 2.0}, [(1.0, 4.0), (-10.0, 3.0)]),
    "pert": (REAL, {"mode": 2.0}, [(1.0, 4.0), (-2.0, 3.0)]),
    "metalog": (REAL, {}, [(-3.0, 4.0)]),
}


@pytest.mark.parametrize("levels", [(0.05, 0.95), (0.1, 0.75)])
@pytest.mark.parametrize(("family", "values"), [(family, v) for family, (_, _, pairs) in TWO.items() for v in pairs])
def test_percentiles_are_reproduced(family, values, levels):
    domain, parameters, _ = TWO[family]
    law = make_law(family, parameters, list(zip(levels, values, strict=True)), domain)
    np.testing.assert_allclose(law.quantile(ndtri(levels)), values, rtol=1e-9, atol=1e-9 * (values[1] - values[0]))


def test_every_family_takes_percentiles():
    assert set(TWO) == set(FAMILIES)


@pytest.mark.parametrize(("low", "high"), [(-math.inf, math.inf), (0.0, math.inf), (-math.inf, 9.0), (0.0, 9.0)])
@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (0.05, 0.3, 0.7, 0.95), (0.05, 0.25, 0.5, 0.75, 0.95)])
def test_metalog_passes_through_any_number_of_percentiles(levels, low, high):
    values = 3 + np.log(np.array(levels) / (1 - np.array(levels))) / 2 + 0.1 * np.array(levels) ** 2
    law = MetalogLaw(ndtri(levels), values, low, high)
    np.testing.assert_allclose(law.quantile(ndtri(levels)), values, rtol=1e-9)
    np.testing.assert_allclose(law.cdf(values), levels, rtol=1e-9)


@pytest.mark.parametrize(
    ("family", "parameters", "moments"),
    [
        ("normal", {"mean": 2.0, "sd": 3.0}, (2.0, 3.0)),
        ("lognormal", {"mean": 5.0, "sd": 1.0}, (5.0, 1.0)),
        ("lognormal", {"mean": 5.0, "sd": 1.0, "lower": 3.0}, (5.0, 1.0)),
        ("beta", {"mean": 0.3, "sd": 0.1}, (0.3, 0.1)),
        ("gamma", {"mean": 5.0, "sd": 2.0}, (5.0, 2.0)),
        ("pert", {"low": 1.0, "mode": 2.0, "high": 5.0}, ((1 + 4 * 2 + 5) / 6, math.sqrt(8 / 252) * 4)),
        ("triangular", {"low": 1.0, "mode": 2.0, "high": 6.0}, (3.0, math.sqrt((1 + 4 + 36 - 2 - 6 - 12) / 18))),
    ],
)
def test_mean_and_sd_are_those_stated(family, parameters, moments):
    # the mean over scores, by the trapezoidal rule: exact to rounding for a Gaussian weight
    z = np.linspace(-8.2, 8.2, 4001)
    weight = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    x = make_law(family, parameters, [], POSITIVE).quantile(z)
    mean = np.sum(weight * x)
    assert (mean, math.sqrt(np.sum(weight * (x - mean) ** 2))) == pytest.approx(moments, rel=1e-7)


# ---- mass


@pytest.mark.parametrize("bounds", [(-0.5, 2.0), (-math.inf, 1.0), (0.3, math.inf), (5.0, 7.0), (-7.0, -5.0)])
def test_truncation_renormalizes_and_leaves_no_atom(bounds):
    law = TruncatedLaw(make_law("normal", {"mean": 0.0, "sd": 1.0}, [], REAL), *bounds)
    low, high = bounds
    x = np.linspace(max(low, -7), min(high, 7), 41)[1:-1]
    kept = stats.norm.cdf(high) - stats.norm.cdf(low) if low < 0 else stats.norm.sf(low) - stats.norm.sf(high)
    density = np.diff(law.cdf(x)) if low < 0 else -np.diff(law.sf(x))
    exact = np.diff(stats.norm.cdf(x)) if low < 0 else -np.diff(stats.norm.sf(x))
    np.testing.assert_allclose(density, exact / kept, rtol=1e-7)
    for end, inwards in ((low, 1), (high, -1)):
        if math.isfinite(end):
            step = 1e-9
            assert abs(float(law.cdf(end) - law.cdf(end - step))) < 1e-7
            assert float(law.quantile(-8.2 * inwards)) == pytest.approx(end, abs=1e-6)
            table = tabulate(law)
            z = -np.linspace(3, 6, 50) * inwards
            assert np.unique(table(z)).size == z.size  # nothing is clipped into the bound


def test_truncation_keeps_an_atom_that_lies_on_the_bound():
    law = TruncatedLaw(MixtureLaw([DiscreteLaw([1, 2, 3]), ScipyLaw(stats.norm(2, 1))], [0.5, 0.5]), 2, 3)
    kept = 0.5 * 2 / 3 + 0.5 * (stats.norm.cdf(1) - 0.5)
    assert float(law.cdf(2)) == pytest.approx(0.5 / 3 / kept, rel=1e-12)
    assert float(law.sf(np.nextafter(3, 2))) == pytest.approx(0.5 / 3 / kept, rel=1e-12)


def test_truncation_twice_is_the_narrower():
    normal = make_law("normal", {"mean": 0.0, "sd": 1.0}, [], REAL)
    z = np.linspace(-6, 6, 101)
    twice = TruncatedLaw(TruncatedLaw(normal, -2, 3), -1, 1)
    np.testing.assert_allclose(twice.quantile(z), TruncatedLaw(normal, -1, 1).quantile(z), rtol=1e-9, atol=1e-15)


def test_counts_are_rounded_half_up():
    law = RoundedLaw(ScipyLaw(stats.uniform(0, 10)))
    edges = np.arange(10) + 0.5
    z = ndtri(edges / 10)
    np.testing.assert_array_equal(law.quantile(z - 1e-9), np.arange(10))
    np.testing.assert_array_equal(law.quantile(z + 1e-9), np.arange(1, 11))
    np.testing.assert_allclose(law.cdf(np.arange(10)), edges / 10, rtol=1e-14)
    assert law.support == (0, 10)
    assert np.all(tabulate(law)(SCORES) % 1 == 0)


def test_a_mixture_of_one_law_is_that_law():
    inner = make_law("gamma", {"shape": 2.0, "scale": 1.0}, [], POSITIVE)
    z = np.linspace(-6, 6, 101)
    np.testing.assert_allclose(MixtureLaw([inner, inner], [1, 3]).quantile(z), inner.quantile(z), rtol=1e-12)


def test_the_atoms_of_a_mixture_are_exact():
    law = MixtureLaw([DiscreteLaw([0, 1]), ScipyLaw(stats.norm(1, 1)), DiscreteLaw([1, 5])], [0.2, 0.5, 0.3])
    below = 0.5 * stats.norm.cdf([0, 1, 5], 1, 1) + [0, 0.1, 0.35]
    for atom, start, mass in zip([0, 1, 5], below, [0.1, 0.25, 0.15], strict=True):
        inside = ndtri(start + mass * np.array([1e-9, 0.5, 1 - 1e-9]))
        np.testing.assert_array_equal(law.quantile(inside), atom)
        assert law.quantile(ndtri(start * (1 - 1e-9))) < atom
    assert law.quantile(ndtri(below[1] + 0.25 + 1e-9)) > 1


# ---- refusals


def refusal(spec, quantity=HALF_LINE) -> LawError:
    with pytest.raises(LawError) as caught:
        parse_value(spec, quantity)
    return caught.value


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ({"family": "lognorml", "mean": 3, "sd": 1}, ["'lognorml'", "Did you mean lognormal"]),
        ({"family": "trianglar", "low": 1, "mode": 2, "high": 3}, ["'trianglar'", "triangular"]),
        ({"family": "zzz"}, ["'zzz'", "Known are normal", "scipy.stats"]),
        ({"family": 3}, ["'3'", "Known are normal"]),
        ({"family": "rv_histogram"}, ["'rv_histogram'"]),
        ({"mean": 3, "sd": 1}, ["needs a family", "normal, lognormal"]),
        ({"family": "normal", "mean": 3, "sigma": 1}, ["sigma does not belong to normal", "mean, sd"]),
        ({"family": "lognormal"}, ["cannot be made from nothing", "mu, sigma | median, sigma"]),
        ({"family": "lognormal", "mu": 3}, ["cannot be made from mu", "mu, sigma"]),
        ({"family": "lognormal", "mu": 3, "sigma": 1, "p5": 1, "p95": 2}, ["cannot be made from mu, percentiles, sigma"]),
        ({"family": "lognormal", "p5": 1}, ["exactly two percentiles, not 1"]),
        ({"family": "lognormal", "p5": 1, "p50": 2, "p95": 3}, ["exactly two percentiles, not 3", "metalog"]),
        ({"family": "metalog", "p5": 1}, ["at least two"]),
        ({"p5": 3, "p95": 2}, ["p5 = 3 and p95 = 2 contradict"]),
        ({"p5": 2, "p95": 2}, ["contradict"]),
        ({"p5": 1, "p05": 2}, ["contradict"]),
        ({"p0": 1, "p50": 2}, ["p0 is not a percentile", "between 0 and 100"]),
        ({"p5": 1, "p100": 2}, ["p100 is not a percentile"]),
        ({"family": "normal", "mean": 3, "sd": 0}, ["sd = 0 is infeasible", "positive"]),
        ({"family": "lognormal", "median": 1, "sigma": 1, "lower": 2}, ["1 is infeasible", "lower bound 2"]),
        ({"family": "lognormal", "p5": -1, "p95": 3}, ["-1 is infeasible", "lower bound 0"]),
        ({"family": "logit_normal", "p5": 0.2, "p95": 1.3}, ["1.3 is infeasible", "strictly between 0 and 1"]),
        ({"family": "uniform", "low": 3, "high": 2}, ["low = 3 is infeasible", "below high = 2"]),
        ({"family": "pert", "low": 1, "mode": 2, "high": 3, "lambda": 0}, ["lambda = 0 is infeasible"]),
        ({"family": "beta", "mean": 2, "sd": 0.1}, ["mean = 2 is infeasible", "(0, 1)"]),
        ({"family": "beta", "p5": 0, "p95": 0.5}, ["0 is infeasible", "strictly between 0 and 1"]),
        ({"family": "gamma", "p5": -1, "p95": 1}, ["-1 is infeasible", "positive"]),
        ({"family": "gamma", "p5": 1e-30, "p95": 1}, ["no gamma has P5 = 1e-30 and P95 = 1", "lognormal"]),
        ({"family": "weibull", "p5": 0, "p95": 1}, ["0 is infeasible", "positive"]),
        ({"family": "student_t", "df": 0}, ["df = 0 is infeasible"]),
        ({"family": "metalog", "p5": 1, "p95": 3, "low": 2}, ["P5 = 1 is infeasible", "between 2 and inf"]),
        ({"family": "pareto", "b": -1}, ["b = -1 is infeasible for scipy.stats.pareto"]),
        ({"family": "pareto"}, ["b is missing", "b, loc, scale"]),
        ({"family": "pareto", "b": 1, "c": 2}, ["c does not belong", "b, loc, scale"]),
        ({"family": "pareto", "b": 1, "scale": 0}, ["scale = 0 is infeasible"]),
        ({"family": "pareto", "p5": 1, "p95": 2}, ["not percentiles", "lognormal"]),
        ({"family": "poisson", "mu": 3, "scale": 2}, ["scale does not belong"]),
        ({"family": "poisson", "mu": 1e12}, ["more than 262144 values", "continuous"]),
        ({"family": "zipf", "a": 1.2}, ["more than 262144 values", "continuous"]),
        ({"family": "normal", "mean": 1, "sd": 1}, ["16 % of its mass", "tokens: > 0", "truncate: [0, null]"]),
        ({"family": "choice", "values": [0, 1]}, ["50 % of its mass", "Leave out"]),
        (
            {"family": "mixture", "components": [{"weight": 1, "value": 0}, {"weight": 3, "value": "1 to 3"}]},
            ["25 % of its mass", "Leave out"],
        ),
        ({"family": "normal", "mean": 0, "sd": 1, "truncate": [50, 60]}, ["leaves no probability", "99.7 %", "-3 and 3"]),
        ({"family": "choice", "values": [1, 2], "truncate": [3, 4]}, ["leaves no probability", "1 and 2"]),
        ({"family": "normal", "mean": 0, "sd": 1, "truncate": [2, 1]}, ["[2, 1] is infeasible", "below"]),
        ({"family": "normal", "mean": 0, "sd": 1, "truncate": 2}, ["pair [LOW, HIGH]"]),
        ({"family": "choice", "values": [1, 2], "probabilities": [0.5, 0.6]}, ["sum to 1.1"]),
        ({"family": "choice", "values": [1, 2], "probabilities": [1]}, ["not a list of 2 numbers"]),
        ({"family": "choice", "values": [1, 2], "probabilities": [-0.5, 1.5]}, ["non-negative"]),
        ({"family": "choice", "values": [1, 2], "weights": [1, 1]}, ["weights does not belong to choice"]),
        ({"family": "choice", "values": []}, ["not a list of numbers"]),
        ({"family": "choice", "values": "1, 2"}, ["not a list of numbers"]),
        ({"family": "choice"}, ["choice needs its values"]),
        ({"family": "empirical"}, ["file: and column:"]),
        ({"family": "mixture"}, ["components: [{weight"]),
        ({"family": "mixture", "components": [3]}, ["mapping with a weight"]),
        ({"family": "mixture", "components": [{"value": 3}]}, ["weight = None"]),
        ({"family": "mixture", "components": [{"weight": -1, "value": 3}]}, ["weight = -1 is infeasible"]),
        ({"family": "normal", "mean": "3 USD", "sd": 1}, ["'USD'", "tokens"]),
    ],
)
def test_what_cannot_be_is_told_why(spec, parts):
    message = str(refusal(spec))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, True, None, [1], {"a": 1}, 10**400, "x"])
@pytest.mark.parametrize(
    "spec",
    [
        {"family": "normal", "mean": 3, "sd": "BAD"},
        {"family": "lognormal", "mu": "BAD", "sigma": 1},
        {"family": "poisson", "mu": "BAD"},
        {"p5": 1, "p95": "BAD"},
        {"family": "choice", "values": [1, "BAD"]},
        {"family": "empirical", "values": [1, 2], "weights": [1, "BAD"]},
        {"family": "mixture", "components": [{"weight": "BAD", "value": 3}]},
        {"family": "normal", "mean": 3, "sd": 1, "truncate": [0, "BAD"]},
    ],
)
def test_what_is_not_a_number_is_refused(spec, bad):
    def fill(node):
        if isinstance(node, dict):
            return {key: fill(value) for key, value in node.items()}
        if isinstance(node, list):
            return [fill(value) for value in node]
        return bad if node == "BAD" else node

    if bad is None and "truncate" in spec:
        return  # an open end
    assert re.search("number|too large", refusal(fill(spec), LINE).what)


def accepts(build) -> bool:
    try:
        build()
    except LawError:
        return False
    return True


class TestOfferedRangesAreTrue:
    """The range that an error names: feasible just inside, infeasible just outside."""

    def test_triangular_mode(self):
        error = refusal({"family": "triangular", "low": 1, "mode": 5, "high": 3})
        assert "mode = 5 is infeasible; mode lies in [1, 3]" in error.what
        for mode, fits in ((1, True), (3, True), (0.999, False), (3.001, False)):
            assert accepts(lambda m=mode: parse_value({"family": "triangular", "low": 1, "mode": m, "high": 3}, HALF_LINE)) is fits

    def test_beta_sd(self):
        error = refusal({"family": "beta", "mean": 0.2, "sd": 0.6})
        largest = float(re.search(r"sd lies in \(0, ([\d.]+)\)", error.what)[1])
        assert largest == pytest.approx(math.sqrt(0.2 * 0.8))
        for sd, fits in ((largest * 0.999, True), (largest * 1.001, False)):
            assert accepts(lambda s=sd: make_law("beta", {"mean": 0.2, "sd": s}, [], POSITIVE)) is fits

    @pytest.mark.parametrize(
        ("spec", "domain"),
        [
            ({"p10": 1.0, "p50": 1.1, "p90": 5.0}, REAL),
            ({"p10": 1.0, "p50": 4.9, "p90": 5.0}, REAL),
            ({"p10": 1.0, "p50": 1.1, "p90": 5.0}, POSITIVE),
            ({"p5": 0.1, "p30": 0.7, "p95": 0.8}, Domain.parse("[0, 1]")),
        ],
    )
    def test_metalog_triplet(self, spec, domain):
        levels, values = [float(k[1:]) / 100 for k in spec], list(spec.values())

        def build(middle):
            make_law("metalog", {}, list(zip(levels, [values[0], middle, values[2]], strict=True)), domain)

        with pytest.raises(LawError) as caught:
            build(values[1])
        low, high = (float(x) for x in re.search(r"lies in \[(\S+), (\S+)\]", caught.value.way_out).groups())
        width, rounding = high - low, 1e-3 * (high - low)
        for middle in (low + rounding, low + 0.3 * width, low + 0.5 * width, high - rounding):
            assert accepts(lambda m=middle: build(m))
        for middle in (low - rounding, high + rounding):
            assert not accepts(lambda m=middle: build(m))

    def test_symmetric_metalog_triplet_has_its_published_limit(self):
        # Keelin 2016, section 4.1: the three-term metalog at p10/p50/p90 needs r = (x50 - x10)/(x90 - x10) in (k, 1 - k) with
        # k = (1 - 1.66711 (1/2 - 0.1)) / 2 = 0.16658
        with pytest.raises(LawError) as caught:
            make_law("metalog", {}, [(0.1, 0.0), (0.5, 0.01), (0.9, 1.0)], REAL)
        low, high = (float(x) for x in re.search(r"lies in \[(\S+), (\S+)\]", caught.value.way_out).groups())
        assert (low, high) == pytest.approx((0.16658, 1 - 0.16658), abs=2e-4)

    def test_truncation_as_offered(self):
        error = refusal({"family": "normal", "mean": 0.5, "sd": 1}, "mfu")
        offered = [float(x) for x in re.search(r"truncate: \[(\S+), (\S+)\]", error.way_out).groups()]
        assert parse_value({"family": "normal", "mean": 0.5, "sd": 1, "truncate": offered}, "mfu").law.support == (0, 1)
