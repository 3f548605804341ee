"""Do 10**8 draws follow their laws into the tails of 1e-6, and the hourly noise into those of 1e-5? Nine minutes of one core.

One budget of false alarms: a correct program fails this file with a probability below 1e-4, so that each of its p-values,
1000 at most, must exceed 1e-7. Each kind of test must also find something that is wrong by a thousandth, at the same level.
"""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from tallies import Cells, Mean, Pairs, Tally, moments_of_quantile, two_sided
from test_hourly import ZONE
from test_laws import CASES, DISCRETE, Parts, masses

from simulator import SamplingPlan, parse_scenario
from simulator.arguments import compile_arguments
from simulator.kernels.factors import TOP
from simulator.kernels.hourly import sample_hours
from simulator.scenario import resolve
from simulator.scenario.zones import load_zone
from simulator.stochastic.dependence import latent_correlation
from simulator.stochastic.tabulate import Kind
from simulator.stochastic.zone import SEASONAL_TERMS, autocorrelation

MOST, LIMIT = 1000, 1e-7
BLOCK = 2**18
BLOCKS = {"random": 382, "sobol": 512}  # 1.0e8 draws; 2**23 points of each of 16 replicates
REPLICATES = 16
PATH_BLOCKS = 382
PATH_TAILS = (1e-3, 1e-4, 1e-5)
SECTIONS = {
    "tokens": "workload", "run_overhead": "workload", "peak_flops": "hardware", "tdp": "hardware", "accelerators": "hardware",
    "accelerators_per_node": "hardware", "idle_power_fraction": "hardware", "downtime": "reliability", "checkpoint_time": "reliability",
    "electricity_price": "energy", "carbon_intensity": "emissions", "accelerator_price": "compute", "service_life": "compute",
}  # fmt: skip
CERTAIN = {
    "workload": {"params": 1e9, "tokens": 20e9, "mfu": 0.4, "run_overhead": 0.05},
    "hardware": {
        "accelerators": 8, "accelerators_per_node": 8, "peak_flops": 1e15, "tdp": 700, "idle_power_fraction": 0.3,
        "power_fraction": 0.8, "server_power_ratio": 1.5,
    },
    "reliability": {"method": "expected_value", "failure_rate": 5, "downtime": 1, "checkpoint_time": 0.01},
    "energy": {"electricity_price": 0.1, "pue": 1.2},
    "emissions": {"carbon_intensity": 0.3, "embodied_accelerator": 150, "embodied_server": 2000, "carbon_year_shift": 1},
    "compute": {"basis": "own", "accelerator_price": 30e3, "service_life": 40_000, "fleet_utilization": 0.9},
    "water": {"wue_on": 0.4, "wue_off": 3},
}  # fmt: skip
#: place: case of test_laws; between them every family and every kind of table
ROUNDS = (
    {
        "tokens": "gamma, mean", "tdp": "lognormal, mean", "idle_power_fraction": "logit-normal", "electricity_price": "normal",
        "run_overhead": "triangular", "peak_flops": "pert", "downtime": "weibull, early", "checkpoint_time": "beta, mean",
        "accelerator_price": "metalog, above a bound", "carbon_intensity": "mixture with a gap", "service_life": "scipy invgauss",
        "accelerators": "count, poisson",
    },
    {
        "tokens": "lognormal, lower", "tdp": "truncated, one end", "idle_power_fraction": "metalog, bounded",
        "electricity_price": "student-t", "run_overhead": "logit-normal, bounds", "peak_flops": "scipy loguniform", "downtime": "gamma",
        "checkpoint_time": "empirical", "accelerator_price": "choice", "service_life": "uniform, percentiles",
        "accelerators": "count, triangular", "accelerators_per_node": "count, interval",
    },
)  # fmt: skip
#: of the first round: scores through a table, an exponential and a logistic link
CORRELATED = {("tokens", "tdp"): 0.5, ("tdp", "idle_power_fraction"): -0.4, ("tokens", "idle_power_fraction"): 0.0}


@pytest.fixture(scope="module")
def spent():
    """All p-values of the file: what is right by name, and what is wrong."""
    return {}, {}


def arguments_of(number, plan):
    data = {section: dict(values) for section, values in CERTAIN.items()}
    for home, case in ROUNDS[number].items():
        data[SECTIONS[home]][home] = (CASES.get(case) or DISCRETE[case])[0]
    pairs = [[*pair, rho] for pair, rho in CORRELATED.items() if rho] if number == 0 else []
    resolved = resolve(parse_scenario({"name": f"round {number}", **data, "correlations": pairs}))
    chosen = SamplingPlan(draws=BLOCK * BLOCKS[plan], seed=20 + number, plan=plan, replicates=REPLICATES if plan == "sobol" else None)
    return resolved, compile_arguments(resolved, chosen)


def cells_of(case):
    if case in DISCRETE:
        _, _, values, law = DISCRETE[case]
        return Cells.of_masses(values, masses(values, law)), None
    oracle = CASES[case][2]
    if isinstance(oracle, Parts):  # a distribution function alone
        return Cells.of_quantile(lambda z: inverse(oracle, z)), None
    return Cells.of_quantile(oracle.quantile), moments_of_quantile(oracle.quantile)


def inverse(oracle, z):
    low, high = np.full(z.shape, -100.0), np.full(z.shape, 100.0)
    for _ in range(100):
        middle = 0.5 * (low + high)
        short = np.where(z < 0, oracle.cdf(middle) < ndtr(z), oracle.sf(middle) > ndtr(-z))
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return high


class Dependence:
    """Scores and ranks of two inputs, and how often both are in a tail."""

    def __init__(self, spearman, latent):
        self.spearman, self.latent = Mean(spearman), Mean(latent)
        self.both = np.zeros((2, 2, 2), dtype=np.int64)
        self.rho, self.count = latent, 0

    def add(self, u, v, z, w):
        self.spearman.add(12.0 * (u - 0.5) * (v - 0.5))
        self.latent.add(z * w)
        self.count += z.size
        for k, level in enumerate((1e-2, 1e-3)):
            q = ndtri(level)
            for i, first in enumerate((z < q, z > -q)):
                for j, second in enumerate((w < q, w > -q)):
                    self.both[k, i, j] += np.count_nonzero(first & second)

    def p_values(self):
        found = {"Spearman correlation": self.spearman.p(), "normal correlation": self.latent.p()}
        for k, level in enumerate((1e-2, 1e-3)):
            for i in range(2):
                for j in range(2):
                    p = joint_tail(level, self.rho if i == j else -self.rho)
                    found[f"both in tails of {level:g}, {['lower', 'upper'][i]} and {['lower', 'upper'][j]}"] = two_sided(
                        self.both[k, i, j], self.count, p
                    )
        return found


def joint_of(number):
    return {pair: Dependence(rho, float(latent_correlation(rho))) for pair, rho in CORRELATED.items()} if number == 0 else {}


def add_jointly(x, homes, joint):
    """Add a block of draws to the dependence of each pair."""
    u = {home: CASES[homes[home]][2].cdf(x[home]) for home in dict.fromkeys(name for a, b, *_ in joint for name in (a, b))}
    z = {home: ndtri(p) for home, p in u.items()}
    for (a, b, *_), dependence in joint.items():
        dependence.add(u[a], u[b], z[a], z[b])


def joint_tail(level, rho):
    """Return the probability that two normal scores lie below their quantiles of a level."""
    q = ndtri(level)
    own = math.sqrt(1.0 - rho**2)
    return quad(lambda z: math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * ndtr((q - rho * z) / own), -12.0, q, epsabs=0, epsrel=1e-11)[0]


def judge(found, right):
    wrong = {name: p for name, p in found.items() if not p > LIMIT}
    right.update(found)
    assert not wrong


def named(prefix, found):
    return {f"{prefix}: {test}": p for test, p in found.items()}


def drawn(arguments, blocks):
    """Yield blocks of drawn inputs by place."""
    inputs, outputs = np.empty((len(arguments.drawn), BLOCK)), np.zeros((len(arguments.outputs), BLOCK))
    for block in range(blocks):
        arguments.run(block * BLOCK, (block + 1) * BLOCK, inputs, outputs, first=block * BLOCK, block_size=8192)
        yield dict(zip(arguments.drawn, inputs, strict=True))


def test_the_rounds_hold_every_family_and_kind_of_table():
    specs = [(CASES.get(case) or DISCRETE[case])[0] for one in ROUNDS for case in one.values()]
    families = {spec.get("family", "metalog") for spec in specs if isinstance(spec, dict)}
    assert families >= {"normal", "lognormal", "logit-normal", "uniform", "triangular", "pert", "beta", "gamma", "weibull", "student-t"}
    assert families >= {"metalog", "mixture", "choice", "empirical"}
    tables = [item.value.table for number in range(2) for item in arguments_of(number, "random")[0].inputs.values() if item.value.table]
    assert {table.kind for table in tables} == set(Kind)
    assert any(table.rounded for table in tables)


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_random_inputs(number, spent):
    right, wrong = spent
    homes = ROUNDS[number]
    resolved, arguments = arguments_of(number, "random")
    cells = {home: cells_of(case) for home, case in homes.items()}
    tallies = {home: Tally(*of) for home, of in cells.items()}
    correlated = resolved.correlations.names
    names = [*correlated, *(home for home in homes if home not in correlated)]
    pairs = {(a, b): Pairs(cells[a][0], cells[b][0]) for a, b in pairwise(names) if b not in correlated}
    joint = joint_of(number)
    mutants = mutants_of(cells["electricity_price"]) if number == 0 else {}
    off = Dependence(0.501, float(latent_correlation(0.5)) + 1e-3)
    for x in drawn(arguments, BLOCKS["random"]):
        levels = {home: tallies[home].add(x[home]) for home in homes}
        for (a, b), table in pairs.items():
            table.add(levels[a], levels[b])
        add_jointly(x, homes, {**joint, ("tokens", "tdp", "off"): off} if joint else {})
        for change, tally in mutants.values():
            tally.add(change(x["electricity_price"]))
    found = {}
    for home, tally in tallies.items():
        found |= named(f"random {home} ({homes[home]})", tally.p_values())
    for (a, b), table in pairs.items():
        found[f"random {a} ({homes[a]}) and {b} ({homes[b]}): independent"] = table.p()
    for (a, b), dependence in joint.items():
        found |= named(f"random {a} and {b}", dependence.p_values())
    for name, (_, tally) in mutants.items():
        wrong |= {f"random {name}": min(tally.p_values().items(), key=lambda item: item[1])}
    if number == 0:
        tests = off.p_values()
        for name in ("Spearman correlation", "normal correlation"):
            wrong[f"random {name} off by 0.001"] = name, tests[name]
    judge(found, right)


def mutants_of(of):
    """Return what draws of a normal law become where they are wrong by little, and their tallies."""
    cells, moments = of
    mean, sd = moments[0], math.sqrt(moments[1])

    def repeated(x):
        x = x.copy()
        x[1::2000] = x[0::2000]
        return x

    changes = {
        "scale off by 0.001": lambda x: mean + 1.001 * (x - mean),
        "place off by 0.001 sd": lambda x: x + 0.001 * sd,
        "cut at 2e-6": lambda x: np.maximum(x, mean + sd * ndtri(2e-6)),
        "one in a thousand like its neighbour": repeated,
        "a gap of 1e-4": lambda x: np.where(np.abs(x - mean) < 1.2533e-4 * sd, x + 3.0 * sd, x),
    }
    return {name: (change, Tally(cells, moments)) for name, change in changes.items()}


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_sobol_inputs(number, spent):
    """A replicate of 2**m points has one in each of 2**m equal cells, so that none of its counts is off by one: no chance is left."""
    right, _ = spent
    homes = ROUNDS[number]
    resolved, arguments = arguments_of(number, "sobol")
    cells = {home: cells_of(case) for home, case in homes.items()}
    tallies = {home: Tally(*of, serial=False) for home, of in cells.items()}
    mutant, joint = Tally(cells["electricity_price"][0], serial=False), joint_of(number)
    for x in drawn(arguments, BLOCKS["sobol"]):
        add_jointly(x, homes, joint)
        for home, tally in tallies.items():
            tally.add(x[home])
        mutant.add(1.00001 * x["electricity_price"])
    total = BLOCK * BLOCKS["sobol"]

    def furthest(tally):
        return float(np.abs(tally.below() - total * tally.cells.below).max())

    found = {}
    for home, tally in tallies.items():
        if home in resolved.correlations.names[1:]:  # sums of scores have no such cells; evener than random ones
            found |= named(f"sobol {home} ({homes[home]})", tally.p_values())
        else:
            # a table's error of 1e-9, in probability at most, may move a draw across an edge
            assert furthest(tally) < REPLICATES + 1e-8 * total, home
    for (a, b), dependence in joint.items():
        found |= named(f"sobol {a} and {b}", dependence.p_values())
    assert furthest(mutant) > 10 * (REPLICATES + 1e-8 * total)
    judge(found, right)


def test_path_noise(spent):
    """Hours without memory are the scores themselves: both of a Box-Muller pair, hour by hour."""
    right, wrong = spent
    law = replace(ZONE.price, fast_weight=1.0)
    zone = replace(ZONE, fast_half_life=0.02, slow_half_life=0.02, fast_correlation=0.0, price=law, carbon=replace(law, unit="gCO2e/kWh"))
    cells, moments = Cells.of_quantile(lambda z: z), (0.0, 1.0, 3.0)
    tallies = {name: Tally(cells, moments, PATH_TAILS) for name in ("first", "second")}
    across, beside = Pairs(cells, cells), Pairs(cells, cells)
    joint = Dependence(0.0, 0.0)
    mutants = {name: tally for name, tally in mutants_of((cells, moments)).items() if not name.startswith("cut")}
    mutants["cut at 2e-5"] = lambda x: np.maximum(x, ndtri(2e-5)), Tally(cells, moments, PATH_TAILS)
    hours = BLOCK // 128
    for block in range(PATH_BLOCKS):
        x, y = sample_hours(zone, block * hours, hours, draws=128, seed=31)
        levels = [tally.add(values.ravel()) for tally, values in zip(tallies.values(), (x, y), strict=True)]
        across.add(*levels)
        by_draw = levels[0].reshape(x.shape)
        beside.add(by_draw[0::2].ravel(), by_draw[1::2].ravel())
        z, w = x.ravel(), y.ravel()
        joint.add(ndtr(z), ndtr(w), z, w)
        for change, tally in mutants.values():
            tally.add(change(z))
    found = {f"noise, {name} score: {test}": p for name, tally in tallies.items() for test, p in tally.p_values().items()}
    found |= {"noise, both scores of a pair: independent": across.p(), "noise, neighbouring draws: independent": beside.p()}
    found |= named("noise, both scores of a pair", joint.p_values())
    wrong |= {f"noise {name}": min(tally.p_values().items(), key=lambda item: item[1]) for name, (_, tally) in mutants.items()}
    judge(found, right)


@pytest.mark.parametrize("name", ["process", "DE"])
def test_hours_of_a_zone(name, spent):
    """Single hours of many draws, now here and now there among the hours that are midpoints of others."""
    right, wrong = spent
    zone = ZONE
    if name == "DE":
        shipped, none = load_zone("DE").zone, (0.0,) * len(SEASONAL_TERMS)
        zone = replace(shipped, price=replace(shipped.price, seasonal=none), carbon=replace(shipped.carbon, seasonal=none))
    laws = {"price": zone.price, "carbon": zone.carbon}
    tallies = {key: Tally(Cells.of_pieces(law.value, law.residual_sd), None, PATH_TAILS) for key, law in laws.items()}
    later = Mean(float(autocorrelation(zone, zone.price, zone.price, np.ones(1))[0]))
    same = Mean(float(autocorrelation(zone, zone.price, zone.carbon, np.zeros(1))[0]))
    off = Mean(same.truth + 1e-3)
    mutant = Tally(tallies["price"].cells, None, PATH_TAILS)
    for block in range(PATH_BLOCKS):
        price, carbon = sample_hours(zone, block * (TOP + 907), 2, draws=BLOCK, seed=32)
        for tally, values in zip(tallies.values(), (price, carbon), strict=True):
            tally.add(values[:, 0])
        if name == "process":
            later.add(price[:, 0] * price[:, 1])
            same.add(price[:, 0] * carbon[:, 0])
            off.add(price[:, 0] * carbon[:, 0])
        else:
            mutant.add(1.001 * price[:, 0])
    found = {f"hours of {name}, {key}: {test}": p for key, tally in tallies.items() for test, p in tally.p_values().items()}
    if name == "process":
        found |= {"hours of process: correlation with the next hour": later.p(), "hours of process: price and carbon": same.p()}
        wrong["hours, correlation off by 0.001"] = "price and carbon", off.p()
    else:
        wrong["hours of DE, prices off by 0.001"] = min(mutant.p_values().items(), key=lambda item: item[1])
    judge(found, right)


def test_what_is_wrong_is_found_and_the_budget_is_kept(spent, capsys):
    right, wrong = spent
    with capsys.disabled():
        print(f"\n{len(right)} p-values, limit {LIMIT:g}; the worst:")
        for name, p in sorted(right.items(), key=lambda item: item[1])[:20]:
            print(f"  {p:9.2g}  {name}")
        print("what is wrong:")
        for name, (test, p) in wrong.items():
            print(f"  {p:9.2g}  {name} ({test})")
    assert len(right) <= MOST
    assert wrong
    assert all(p < LIMIT for _, p in wrong.values())
