"""Would a run that is played out interruption by interruption pass, were one of its rules wrong by one per cent?"""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from interruptions_in_simpy import ALL, BREAKS_NODE, FIRST, assert_kept, kept
from scipy.optimize import minimize_scalar
from scipy.special import lambertw
from scipy.stats import binomtest, kstest
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.errors import ConfigError
from simulator.kernels.events import time_to_go
from simulator.kernels.runs import DOWN, DOWNTIME, FIELDS, LOGGED, MODE, NEXT, SAVED, SINCE, TAU, UP, WAIT, WORK, Runs
from simulator.model.reliability import optimal_interval
from simulator.scenario import resolve
from simulator.scenario.interruptions import mean_interruptions, median_exposure

DEVICES = {
    "accelerators": 8, "accelerators_per_node": 8, "peak_flops": 1e15, "tdp": 700, "power_fraction": 0.8,
    "server_power_ratio": 1.5, "idle_power_fraction": 0.4,
}  # fmt: skip
ENDLESS = 1e5  # h
ALARM = 6.8e-6  # a p-value as rare as 4.5 standard errors


def per_hour(rate):
    """Return interruptions per hour of one node as a rate per 1000 node-days."""
    return 24_000 * rate


def flop(hours, accelerators=8):
    """Return the work that takes hours at full speed."""
    return {"flop": hours * accelerators * 3600 * 1e15 * 0.5, "mfu": 0.5, "run_overhead": 0}


def as_data(reliability, workload, hardware=()):
    """Return a run on one node, unless hardware says otherwise; nothing is uncertain that is not stated so."""
    hardware = {k: v for k, v in (DEVICES | dict(hardware)).items() if v is not None}
    if "device_hours" in workload:
        reliability, hardware = {"max_wall_clock": None} | reliability, {k: v for k, v in hardware.items() if k != "peak_flops"}
    return {
        "name": "interruptions",
        "workload": workload,
        "hardware": hardware,
        "reliability": {"max_wall_clock": ENDLESS} | reliability,
        "energy": {"pue": 1.1},
        "emissions": {"carbon_intensity": 0.4, "carbon_year_shift": 1, "embodied_accelerator": 300, "embodied_server": 4000},
        "compute": {"basis": "rent", "rental_price": 2, "service_life": 43_830, "fleet_utilization": 0.8},
    }


def play(reliability, *, draws, workload=None, hours=None, hardware=(), seed=0):
    """Return draws of a run; see :func:`as_data`."""
    scenario = parse_scenario(as_data(reliability, flop(hours) if workload is None else workload, hardware))
    return simulate(scenario, SamplingPlan(draws=draws, seed=seed))


def spent(ds, *activities):
    return ds.time_spent.sel(activity=list(activities)).sum("activity")


def check_mean(outcome, truth):
    values = outcome.values
    mcse = values.std(ddof=1) / math.sqrt(values.size)
    assert 4.5 * mcse < 0.01 * truth  # a law that is wrong by one per cent does not pass
    assert_within_mcse(values.mean(), truth, mcse)


# Closed forms: one class of interruptions, saves that block

SEGMENTS = [(1.0, 0.0), (0.8, 0.4), (2.2, 0.3)]  # τ, δ [h]
RATES = [0.05, 0.4, 1.2]  # 1/h
RESTARTS = [("immune", 2.0, 1), ("immune", 0.7, 3), ("interruptible", 0.2, 1), ("interruptible", 0.7, 3)]  # R [h], segments
assert max(RATES) * max(interval + save for interval, save in SEGMENTS) == pytest.approx(3.0)  # far beyond any expansion in Λx


def steady(rate, interval, save, downtime, restart="interruptible"):
    return {
        "failure_rate": per_hour(rate), "checkpoint_interval": interval, "checkpoint_time": save, "downtime": downtime,
        "restart": restart,
    }  # fmt: skip


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("interval", "save"), SEGMENTS)
@pytest.mark.parametrize(("restart", "downtime", "count"), RESTARTS)
def test_closed_forms(rate, interval, save, restart, downtime, count):
    # a segment takes about an exponential time at worst: a quarter of a million have a fair standard error
    draws = 250_000 // count
    ds = play(steady(rate, interval, save, downtime, restart), hours=count * interval, draws=draws)
    hours_up = count * math.expm1(rate * (interval + save)) / rate
    # Daly (2006), doi:10.1016/j.future.2004.11.016, equation 13 with an immune and equation 20 with an interruptible restart
    wall_clock = hours_up * (1 + rate * downtime if restart == "immune" else math.exp(rate * downtime))
    check_mean(ds.wall_clock, wall_clock)
    check_mean(spent(ds, "productive", "saving", "lost"), hours_up)
    # interruptions less their cumulative hazard are a martingale
    numbers = ds.interruptions.values
    exposure = hours_up if restart == "immune" else wall_clock
    assert_within_mcse(numbers.mean(), rate * exposure, numbers.std(ddof=1) / math.sqrt(draws))
    assert binomtest(np.count_nonzero(numbers == 0), draws, math.exp(-rate * count * (interval + save))).pvalue > ALARM


@pytest.mark.parametrize("restart", ["immune", "interruptible"])
@pytest.mark.parametrize(("interval", "save"), SEGMENTS)
@pytest.mark.parametrize("count", [1, 3, 40])
def test_without_interruptions_only_saving_costs_time(interval, save, count, restart):
    ds = play(steady(0, interval, save, 0.7, restart), hours=count * interval, draws=3)
    np.testing.assert_allclose(ds.goodput, interval / (interval + save), rtol=1e-12)
    np.testing.assert_allclose(ds.wall_clock, count * (interval + save), rtol=1e-12)
    assert not ds.interruptions.any()
    assert not spent(ds, "lost", "down", "waiting", "paused").any()


def test_the_last_save_may_come_early():
    for hours, saves in ((0.3, 1), (1.0, 1), (1.01, 2), (2.5, 3), (3.0, 3)):
        ds = play(steady(0, 1.0, 0.25, 0), hours=hours, draws=1)
        # no interval is longer than the run
        np.testing.assert_allclose(ds.wall_clock, hours + 0.25 * saves, rtol=1e-12)


# Every draw: sums and identities

EVERYTHING = {
    "failure_rate_accelerator": "480 to 1200", "failure_rate_host": "100 to 400", "failure_rate_network": "100 to 300",
    "failure_rate_software": "300 to 900", "failure_rate_spot": "200 to 500", "failure_rate_planned": "200 to 500",
    "downtime": "0.3 to 0.8", "downtime_accelerator": "0.4 to 1.5", "downtime_software": 0.25, "downtime_planned": 0.5,
    "checkpoint_interval": "1 to 3", "checkpoint_time": "0.05 to 0.2", "checkpoint_write_time": "0.1 to 0.6",
    "spare_nodes": 2, "repair_time": "20 to 60", "early_failure_ratio": "2 to 6", "early_failure_time": "10 to 30",
    "straggler_slowdown": "1.02 to 1.2",
}  # fmt: skip
CLASSES = ("accelerator", "host", "network", "software", "spot", "planned")
VAGUE = {"flop": 60 * 24 * 3600 * 1e15 * 0.5, "mfu": "0.4 to 0.6", "run_overhead": "0.01 to 0.1"}  # about 60 h on 24 accelerators
THREE_NODES = {"accelerators": 24, "idle_power_fraction": "0.2 to 0.6", "power_fraction": "0.6 to 0.9"}


@cache
def vague(restart, limit=ENDLESS):
    """Return draws in which everything is at work; tests share them and change nothing."""
    return play(EVERYTHING | {"restart": restart, "max_wall_clock": limit}, workload=VAGUE, hardware=THREE_NODES, draws=20_000)


def assert_accounts_balance(ds):
    np.testing.assert_allclose(ds.time_spent.sum("activity"), ds.wall_clock, rtol=1e-9)
    assert (ds.time_spent.values >= -1e-9).all()
    np.testing.assert_allclose(ds.goodput * ds.wall_clock, spent(ds, "productive"), rtol=1e-12)
    unplanned = [name for name in ds.interruption_class.values if name != "planned"]
    np.testing.assert_array_equal(ds.interruptions, ds.interruptions_by_class.sel(interruption_class=unplanned).sum("interruption_class"))
    np.testing.assert_array_equal(ds.interruptions_planned, ds.interruptions_by_class.sel(interruption_class="planned"))
    np.testing.assert_array_equal(ds.device_hours, ds.wall_clock * ds.accelerators)
    power = 1e-3 * ds.tdp * ds.power_fraction * ds.server_power_ratio * ds.accelerators  # kW
    up, idle = spent(ds, "productive", "saving", "lost"), spent(ds, "down", "waiting")
    np.testing.assert_allclose(ds.energy_it, power * (up + ds.idle_power_fraction * idle), rtol=1e-9)


@pytest.mark.parametrize("restart", ["immune", "interruptible"])
@pytest.mark.parametrize("limit", [ENDLESS, 90.0])
def test_accounts_balance(restart, limit):
    ds = vague(restart, limit)
    assert_accounts_balance(ds)
    assert (ds.time_spent.sel(activity=["saving", "lost", "down", "waiting"]).mean("draw") > 0.1).all()  # all of it is at work
    assert (ds.interruptions_by_class.sel(interruption_class=list(CLASSES)).mean("draw") > 0.5).all()
    done = ds.completed.values == 1
    work = ds.flop / (ds.peak_flops * ds.mfu * 3600) * (1 + ds.run_overhead) * ds.straggler_slowdown / ds.accelerators
    np.testing.assert_allclose(spent(ds, "productive")[done], work.values[done], rtol=1e-9)
    assert (spent(ds, "productive")[~done] < work.values[~done] * (1 + 1e-12)).all()
    assert done.all() == (limit == ENDLESS)


def test_no_downtime_is_no_downtime():
    for restart in ("immune", "interruptible"):
        ds = play(steady(0.5, 1, 0.1, 0, restart), hours=20, draws=2000)
        assert_accounts_balance(ds)
        assert not spent(ds, "down", "waiting").any()
        assert ds.interruptions.mean() > 5


# Thresholds: a run without saves that never restarts shows when it was first interrupted


def first_interruption(rates, *, hardware=(), interval=1e6, save=0.0, extra=None, seed=0, draws=20_000):
    reliability = {name: per_hour(rate) for name, rate in rates.items()} | {
        "downtime": 1e12, "restart": "immune", "checkpoint_interval": interval, "checkpoint_time": save, "max_wall_clock": 1e6
    }  # fmt: skip
    ds = play(reliability | (extra or {}), hours=1e6 - 1, hardware=hardware, draws=draws, seed=seed)
    assert (ds.completed == 0).all()
    np.testing.assert_array_equal(ds.wall_clock, 1e6)
    return spent(ds, "productive", "saving", "lost").values


RATE = 1 / 64  # 1/h: a power of two scales without rounding


@cache
def first_of(name):
    """Return when each draw was first interrupted by the only class that interrupts; tests share it and change nothing."""
    return first_interruption({f"failure_rate_{name}": RATE})


def test_first_interruption_is_exponential():
    seeds = [first_interruption({"failure_rate": RATE}, seed=seed) for seed in (0, 1)]
    for hours in seeds:
        assert kstest(hours * RATE, "expon").pvalue > ALARM
    assert_within_mcse(np.corrcoef(*seeds)[0, 1], 0, 1 / math.sqrt(seeds[0].size))


def test_other_rates_nodes_and_saves_stay_paired():
    base = first_interruption({"failure_rate": RATE})
    np.testing.assert_array_equal(first_interruption({"failure_rate": 2 * RATE}), base / 2)
    for devices in (9, 16):  # a node that is begun counts whole
        np.testing.assert_array_equal(first_interruption({"failure_rate": RATE}, hardware={"accelerators": devices}), base / 2)
    for change in ({"interval": 0.7}, {"interval": 3.0, "save": 0.5}, {"save": 0.5}):
        np.testing.assert_allclose(first_interruption({"failure_rate": RATE}, **change), base, rtol=1e-12)


def test_classes_have_thresholds_of_their_own_and_the_first_interrupts():
    single = {name: first_of(name) for name in CLASSES}
    correlation = np.corrcoef(list(single.values()))[np.triu_indices(len(CLASSES), 1)]
    assert_within_mcse(correlation, 0, 1 / math.sqrt(20_000))
    both = first_interruption({"failure_rate_host": RATE, "failure_rate_software": RATE / 4})
    np.testing.assert_array_equal(both, np.minimum(single["host"], 4 * single["software"]))
    every = first_interruption({f"failure_rate_{name}": RATE for name in CLASSES})
    np.testing.assert_array_equal(every, np.min(list(single.values()), axis=0))


def test_interruptions_without_downtime_are_a_poisson_process():
    rate, hours, draws = 0.5, 40.0, 100_000  # about 20 in each half

    def counts(limit):
        ds = play(steady(rate, 1, 0.1, 0) | {"max_wall_clock": limit}, hours=1e6, draws=draws)
        return ds.interruptions.values

    first, both = counts(hours), counts(2 * hours)
    second = both - first
    assert (second >= 0).all()  # the longer run repeats the shorter one
    for n in (first, second):
        mean = rate * hours
        assert_within_mcse(n.mean(), mean, math.sqrt(mean / draws))
        # (n - mean)² has the variance mean + 2 mean² of a Poisson number's fourth central moment
        assert_within_mcse(((n - mean) ** 2).mean(), mean, math.sqrt((mean + 2 * mean**2) / draws))
    assert_within_mcse(np.corrcoef(first, second)[0, 1], 0, 1 / math.sqrt(draws))


@pytest.mark.parametrize(("ratio", "settling"), [(1.5, 40.0), (4.0, 8.0), (30.0, 0.01), (1e4, 1e-3), (20.0, 1e5)])
def test_early_failures_hasten_the_clock_of_classes_that_break_nodes(ratio, settling):
    early = {"early_failure_ratio": ratio, "early_failure_time": settling}
    for name in CLASSES:
        # hosts that hardly fail, so that early failures are read whatever class is looked at
        rates = {"failure_rate_host": 1e-12} | {f"failure_rate_{name}": RATE}
        base, hours = (first_interruption(rates, extra=extra) for extra in ({}, early))
        if name in BREAKS_NODE:
            # the hazard 1 + (a - 1) exp(-t/θ) from 0 to t; a millionth of a second is left to rounding where θ is long
            np.testing.assert_allclose(hours - (ratio - 1) * settling * np.expm1(-hours / settling), base, rtol=1e-9, atol=3e-10)
        else:
            np.testing.assert_array_equal(hours, base)


def test_what_is_interrupted_at_a_low_rate_is_interrupted_at_a_high_one():
    numbers = [play(steady(rate, 1, 0.1, 0.2), hours=3, draws=20_000).interruptions.values > 0 for rate in (0.05, 0.1, 0.3)]
    for low, high in pairwise(numbers):
        assert (high | ~low).all()
        assert (high & ~low).any()


# max_wall_clock


@pytest.mark.parametrize("restart", ["immune", "interruptible"])
@pytest.mark.parametrize("limit", [75.0, 100.0, 140.0])
def test_a_limit_stops_what_would_take_longer(restart, limit):
    free, held = vague(restart), vague(restart, limit)
    late = free.wall_clock.values > limit
    assert 0.05 < late.mean() < 1
    np.testing.assert_array_equal(held.completed, ~late)
    np.testing.assert_array_equal(held.wall_clock, np.minimum(free.wall_clock, limit))
    assert (held.interruptions <= free.interruptions).all()
    # nothing is spent that the longer run had not spent by then
    for activity in ("saving", "down", "waiting"):
        assert (spent(held, activity) <= spent(free, activity) + 1e-9).all(), activity


def test_share_of_runs_that_are_stopped():
    # one segment of x hours without downtime ends by t < 2x where x calm hours follow the start, or an interruption by t - x:
    # P = e^{-Λx} (1 + Λ(t - x))
    rate, interval, save, draws = 0.6, 1.5, 0.5, 200_000
    for limit in (2.0 + 1e-9, 2.7, 3.999):
        ds = play(steady(rate, interval, save, 0) | {"max_wall_clock": limit}, hours=interval, draws=draws)
        share = math.exp(-rate * 2) * (1 + rate * (limit - 2))
        assert_within_mcse(ds.completed.mean().item(), share, math.sqrt(share * (1 - share) / draws))
        assert (ds.wall_clock.values[ds.completed.values == 0] == limit).all()


# An independent implementation


CALM = {"checkpoint_interval": 2, "checkpoint_time": 0.1}
TRANSFORMER = {"params": 1e12, "mfu": 0.5, "run_overhead": 0.05}
HOUR = 8 * 3600 * 1e15 * 0.5 / 6e12  # tokens that one node at full speed takes an hour for


def phased(*phases):
    return TRANSFORMER | {"phases": [{"name": f"phase {i}", "tokens": hours * HOUR} | rest for i, (hours, rest) in enumerate(phases)]}


# reliability and workload; the same as rules, with work, rates and intervals by hand, stand in RULES
SETTINGS = {
    "classes with downtimes of their own": (
        CALM | {
            "failure_rate_host": 960, "failure_rate_software": 2400, "failure_rate_spot": 1200,
            "downtime": 0.5, "downtime_spot": 2, "downtime_host": 4,
        },
        flop(30),
    ),
    "one spare, restarts immune": (
        CALM | {
            "failure_rate_accelerator": 1440, "failure_rate_software": 2400, "downtime": 1, "restart": "immune",
            "spare_nodes": 1, "repair_time": 15,
        },
        flop(40),
    ),
    "no spare, early failures": (
        CALM | {
            "failure_rate_network": 1200, "failure_rate_software": 1200, "downtime": 0.8, "spare_nodes": 0, "repair_time": 1.5,
            "early_failure_ratio": 4, "early_failure_time": 12,
        },
        flop(40),
    ),
    "planned stops, written behind": (
        {
            "failure_rate_software": 3600, "failure_rate_planned": 1200, "downtime": 1, "downtime_planned": 2, "restart": "immune",
            "checkpoint_interval": 1, "checkpoint_time": 0.2, "checkpoint_write_time": 0.7,
        },
        flop(30),
    ),
    "phases": (
        CALM | {"failure_rate": 720, "downtime": 0.6, "straggler_slowdown": 1.2},
        phased((30, {"accelerators": 16}), (40, {"accelerators": 32, "mfu": 0.4}), (8, {})),
    ),
    "all of it": (
        {
            "failure_rate_accelerator": 480, "failure_rate_host": 240, "failure_rate_network": 240, "failure_rate_software": 720,
            "failure_rate_spot": 240, "failure_rate_planned": 480, "downtime": 0.6, "downtime_accelerator": 1.2, "downtime_spot": 2,
            "checkpoint_interval": "young1974", "checkpoint_time": 0.1, "checkpoint_write_time": 0.4, "spare_nodes": 2,
            "repair_time": 10, "early_failure_ratio": 3, "early_failure_time": 20, "straggler_slowdown": 1.1,
        },
        phased((50, {"accelerators": 20}), (60, {"accelerators": 40, "mfu": 0.4}), (10, {})),
    ),
}  # fmt: skip


def assert_same_law(values, other, name):
    """Compare mean, spread and a tail of draws with those of jobs.

    The standard error of a standard deviation follows from the fourth moment. That of a quantile needs
    no density where one sample is counted above the other's: the count is binomial.
    """
    sizes = np.array([values.size, other.jobs])
    sds = np.array([values.std(ddof=1), other.sd])
    assert_within_mcse(values.mean(), other.mean, np.sqrt(np.sum(sds**2 / sizes)))
    if name != "wall_clock":
        return
    fourth = np.array([((values - values.mean()) ** 4).mean(), other.fourth])
    assert_within_mcse(sds[0], sds[1], np.sqrt(np.sum((fourth - sds**4) / (4 * sds**2 * sizes))))
    assert_within_mcse(np.mean(values > other.p95), 0.05, np.sqrt(0.05 * 0.95 * np.sum(1 / sizes)))


@pytest.mark.parametrize("name", SETTINGS)
def test_agrees_with_an_independent_simulation(name):
    reliability, workload = SETTINGS[name]
    ds = play(reliability, workload=workload, draws=50_000)
    jobs = kept(name, ALL)
    assert_same_law(ds.wall_clock.values, jobs["wall_clock"], "wall_clock")
    np.testing.assert_allclose(jobs["productive"].mean, spent(ds, "productive"), rtol=1e-9)
    assert jobs["productive"].sd < 1e-9
    for activity in ("saving", "lost", "down", "waiting"):
        assert_same_law(spent(ds, activity).values, jobs[activity], activity)
    for c in ds.interruption_class.values:
        assert_same_law(ds.interruptions_by_class.sel(interruption_class=c).values, jobs[c], c)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_independent_simulation_is_the_one_that_is_kept(name):
    assert_kept(name, FIRST)


def test_a_draw_with_some_spares_is_one_with_as_many():
    reliability = FAULTY | {"failure_rate_host": 2400, "repair_time": 12}
    vague = play(reliability | {"spare_nodes": "1 to 5"}, hours=20, draws=4000)
    for spares in (1, 2, 3, 4):
        certain = play(reliability | {"spare_nodes": spares}, hours=20, draws=4000)
        drawn = vague.spare_nodes.values == spares
        assert drawn.mean() > 0.05
        np.testing.assert_array_equal(vague.wall_clock[drawn], certain.wall_clock[drawn])
        assert spent(certain, "waiting").mean() > 0.1


@pytest.mark.parametrize("restart", ["immune", "interruptible"])
def test_spares_that_never_run_out_change_nothing(restart):
    reliability = {k: v for k, v in FAULTY.items() if "spare" not in k and "repair" not in k and "early" not in k}
    reliability |= {"restart": restart, "checkpoint_write_time": 0.3}
    for feature in ({}, {"early_failure_ratio": 3, "early_failure_time": 10}):
        base, spared = (
            play(reliability | feature | extra, hours=30, draws=20_000) for extra in ({}, {"spare_nodes": 1000, "repair_time": 1})
        )
        for output in ("wall_clock", "time_spent", "energy_it", "interruptions_by_class"):
            np.testing.assert_array_equal(spared[output], base[output], err_msg=output)


# How many interruptions a history holds is known before it is played out: constants are their own medians

STOPPED = {"failure_rate": per_hour(2.0), "downtime": 1.5, "checkpoint_time": 0.1, "checkpoint_interval": 1.0, "max_wall_clock": 500}
CROWDED = {
    "interruptible": {"failure_rate": per_hour(0.4), "downtime": 0.8, "checkpoint_time": 0.1, "checkpoint_interval": 1.0},
    "immune": {"failure_rate": per_hour(0.4), "downtime": 0.8, "checkpoint_time": 0.1, "checkpoint_interval": 1.0, "restart": "immune"},
    "stopped": STOPPED,
    "stopped, immune": STOPPED | {"restart": "immune"},
    "classes": {
        "failure_rate_host": per_hour(0.2), "failure_rate_software": per_hour(0.1), "failure_rate_planned": per_hour(0.05), "downtime": 0.8,
        "downtime_software": 2.0, "downtime_planned": 0, "checkpoint_time": 0.1, "checkpoint_interval": 1.0, "restart": "immune",
    },
    "daly2006": {"failure_rate": per_hour(0.05), "downtime": 0.1, "checkpoint_time": 0.02},
    "few spares": STOPPED | {"spare_nodes": 3, "repair_time": 20},
    "no spares": STOPPED | {"spare_nodes": 0, "repair_time": 20},
}  # fmt: skip


@pytest.mark.parametrize("name", CROWDED)
def test_the_number_of_interruptions_is_foreseen(name):
    scenario = parse_scenario(as_data(CROWDED[name], flop(40)))
    foreseen = median_exposure(resolve(scenario))
    ds = simulate(scenario, SamplingPlan(draws=4000))
    found = float((ds.interruptions + ds.interruptions_planned).mean())
    # what is in repair is taken at its most all along
    assert foreseen.interruptions == pytest.approx(found, rel=0.08 if "spares" in name else 0.04)
    assert foreseen.nodes == 1
    if "spares" not in name:
        assert foreseen.hours == pytest.approx(float(ds.wall_clock.mean()), rel=0.04)


def test_each_phase_and_stated_device_hours_are_foreseen():
    reliability = {"failure_rate": per_hour(0.05), "downtime": 0.5, "checkpoint_time": 0.1, "checkpoint_interval": 1.0}
    phases = [{"name": "a", "tokens": 1e9}, {"name": "b", "tokens": 2e9, "accelerators": 32, "mfu": 0.25}]
    model = {"params": 7e12 / 1e3, "mfu": 0.5, "run_overhead": 0.1, "phases": phases}
    for workload in (model, {"device_hours": 3000}):
        scenario = parse_scenario(as_data(reliability, workload))
        ds = simulate(scenario, SamplingPlan(draws=4000))
        foreseen = median_exposure(resolve(scenario))
        assert foreseen.interruptions == pytest.approx(float(ds.interruptions.mean()), rel=0.04)
        assert foreseen.nodes == (4 if "phases" in workload else 1)


def test_a_history_of_millions_is_refused_with_a_way_out():
    crowd = {"accelerators": 2048 * 8}
    too_many = {"failure_rate": 1e4, "max_wall_clock": "1 year"}
    with pytest.raises(ConfigError) as caught:
        parse_scenario(as_data(too_many, flop(1e6, 2048 * 8), crowd))
    told = str(caught.value)
    assert "reliability.failure_rate: about 7.5e+06 interruptions in one draw" in told
    assert "10000 per 1000 node-days on 2048 nodes for 8766 h" in told
    assert "Use reliability.method: expected_value, a lower rate or a shorter max_wall_clock" in told
    for way in ({"method": "expected_value", "max_wall_clock": None}, {"failure_rate": 1e3}, {"max_wall_clock": "30 days"}):
        resolve(parse_scenario(as_data(too_many | way, flop(1e6, 2048 * 8), crowd)))
    for devices in (1e290, 1e300):  # the number itself overflows
        with pytest.raises(ConfigError, match=r"interruptions .*in one draw.*by the medians: 10000 per 1000 node-days on 1\.25e\+"):
            parse_scenario(as_data(too_many, flop(1e6, 2048 * 8), {"accelerators": devices}))
    with pytest.raises(ConfigError, match=r"failure_rate_host: about .* or fewer device_hours"):
        parse_scenario(as_data({"failure_rate_host": 1e4, "max_wall_clock": None}, {"device_hours": 1e8}, crowd))


WIDE = {"family": "choice", "values": [1, 1e9], "probabilities": [0.9, 0.1]}


@pytest.mark.parametrize(
    ("reliability", "workload", "path"),
    [
        ({"failure_rate": "1 to 1e9"}, flop(1e4), "reliability.failure_rate"),
        ({"failure_rate": WIDE}, flop(1e4), "reliability.failure_rate"),
        ({"failure_rate_host": 1, "failure_rate_software": "1 to 1e9"}, flop(1e4), "reliability.failure_rate_software"),
        ({"failure_rate": {"family": "choice", "values": [0, 1e9], "probabilities": [0.9, 0.1]}}, flop(1e4), "reliability.failure_rate"),
        ({"failure_rate": 1, "spare_nodes": 9, "early_failure_ratio": "2 to 1e15"}, flop(1e4), "reliability.early_failure_ratio"),
        ({"failure_rate": 1, "max_wall_clock": None}, {"device_hours": "1e5 to 1e17"}, "workload.device_hours"),
    ],
)
def test_a_spread_whose_tail_would_take_for_ever_is_refused(reliability, workload, path):
    narrow = {"repair_time": 1e-6} if "spare_nodes" in reliability else {}
    with pytest.raises(ConfigError, match=rf"{path}: .*in one draw, on average \(.* by the medians") as caught:
        parse_scenario(as_data({"max_wall_clock": "1 year"} | narrow | reliability, workload))
    assert "Narrow its spread" in str(caught.value)


CLASSED = {
    "multiplied": ({"failure_rate": "100 to 5000"}, {"device_hours": "2000 to 20000"}),
    "added": ({f"failure_rate_{c}": "1 to 2000" for c in ("accelerator", "host", "network", "software")}, {"device_hours": 20_000}),
    "seldom": ({"failure_rate": {"family": "choice", "values": [50, 5e4], "probabilities": [0.99, 0.01]}}, {"device_hours": 20_000}),
    "mostly none": (
        {
            f"failure_rate_{c}": {"family": "choice", "values": [0, 2e3], "probabilities": [0.6, 0.4]}
            for c in ("accelerator", "host", "network")
        },
        {"device_hours": 20_000},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSED)
def test_the_mean_number_of_interruptions_is_that_of_draws(name):
    reliability, workload = CLASSED[name]
    uneven = reliability | {"downtime": 0.1, "checkpoint_time": 0.01, "checkpoint_interval": 0.5}
    resolved = resolve(parse_scenario(as_data(uneven, workload)))
    found = simulate(resolved.scenario, SamplingPlan(draws=20_000)).interruptions
    assert mean_interruptions(resolved) == pytest.approx(float(found.mean()), rel=0.15)
    assert mean_interruptions(resolved) > 1.5 * median_exposure(resolved).interruptions


def test_phases_are_added_up():
    stated = {"failure_rate": 4, "downtime": 0.1, "checkpoint_time": 0.01}
    phases = [{"name": name, "tokens": "1e9 to 1e12", "accelerators": "8 to 800"} for name in "abcdef"]
    model = {"params": 1e9, "mfu": 0.4, "run_overhead": 0.1, "phases": phases}
    resolved = resolve(parse_scenario(as_data(stated, model, {"accelerators": None})))
    found = simulate(resolved.scenario, SamplingPlan(draws=4000)).interruptions
    assert mean_interruptions(resolved) == pytest.approx(float(found.mean()), rel=0.5)


@pytest.mark.parametrize(
    ("reliability", "workload", "hardware"),
    [
        ({"failure_rate": 0}, flop(1e4), {"accelerators": "1e50 to 1e140"}),
        ({"failure_rate": 4}, flop(1e4), {"accelerators": "2 to 1e125"}),
        ({"failure_rate": 4}, {"flop": 1e-160, "mfu": {"family": "logit_normal", "p5": 1e-100, "p95": 1e-20}}, {"peak_flops": 1e-160}),
        ({"failure_rate": 4}, {"flop": 1e20, "mfu": 1e-200}, {"peak_flops": 1e-200}),
        ({"failure_rate": {"family": "choice", "values": [0, 100]}, "downtime": "0.01 to 30", "spare_nodes": 0}, flop(1e4), {}),
    ],
)
def test_whatever_overflows_is_counted_or_refused_in_words(reliability, workload, hardware):
    try:
        resolved = resolve(parse_scenario(as_data(reliability, workload, hardware)))
    except ConfigError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert mean_interruptions(resolved) >= 0
    assert not refusal or "interruptions" in refusal or "tail probability" in refusal


def test_early_failures_are_foreseen():
    early = {"failure_rate": per_hour(0.02), "downtime": 0, "checkpoint_time": 1e-9, "checkpoint_interval": 0.1, "spare_nodes": 10_000}
    early |= {"repair_time": 1e-6, "early_failure_ratio": 20, "early_failure_time": 10}
    scenario = parse_scenario(as_data(early, flop(40)))
    found = simulate(scenario, SamplingPlan(draws=4000)).interruptions
    assert median_exposure(resolve(scenario)).interruptions == pytest.approx(float(found.mean()), rel=0.05)


@pytest.mark.parametrize("limit", [None, 40])
def test_no_time_is_negative_where_saves_take_none(limit):
    reliability = {"failure_rate": per_hour(1 / 7), "downtime": 0.3, "checkpoint_time": 0} | ({"max_wall_clock": limit} if limit else {})
    ds = play(reliability, workload=flop(10 * math.pi), draws=20_000)
    assert float(ds.time_spent.min()) == 0.0
    assert float(spent(ds, "saving").max()) < 1e-9


# Phases, stragglers, saves that are written behind


def whole_and_halves(hours):
    return TRANSFORMER | {"tokens": hours * HOUR}, phased((hours / 2, {}), (hours / 2, {}))


def test_a_run_of_one_phase_is_that_phase():
    reliability = steady(0.3, 1.0, 0.125, 0.5)
    plain = play(reliability, workload=TRANSFORMER | {"tokens": 10 * HOUR}, hardware={"accelerators": 16}, draws=200)
    for own, shared in ((16, None), (None, 16)):
        phase = {} if own is None else {"accelerators": own}
        ds = play(reliability, workload=phased((10, phase)), hardware={"accelerators": shared}, draws=200)
        for output in ("wall_clock", "device_hours", "time_spent", "energy_it", "cost_total", "completed"):
            np.testing.assert_allclose(ds[output], plain[output], rtol=1e-12, err_msg=output)


@pytest.mark.parametrize("hours", [2.0, 3.5, 5.0, 6.4, 8.0])
def test_each_phase_ends_with_a_save(hours):
    work = hours * 1.05
    for interval in (0.25, 1.0, 1.6):
        reliability = steady(0, interval, 0.125, 0)
        whole, split = (play(reliability, workload=w, draws=1) for w in whole_and_halves(hours))
        np.testing.assert_allclose(whole.wall_clock, work + 0.125 * math.ceil(work / interval), rtol=1e-12)
        np.testing.assert_allclose(split.wall_clock, work + 0.125 * 2 * math.ceil(work / 2 / interval), rtol=1e-12)


FAULTY = {
    "failure_rate_accelerator": 2400, "failure_rate_software": 4800, "failure_rate_planned": 1200, "downtime": 0.5,
    "checkpoint_interval": 1.05, "checkpoint_time": 0.125, "spare_nodes": 1, "repair_time": 6, "early_failure_ratio": 3,
    "early_failure_time": 10,
}  # fmt: skip


def test_a_phase_that_ends_where_a_save_would_be_changes_nothing():
    # planned stops move the saves: without them every draw is the same
    reliability = {k: v for k, v in FAULTY.items() if k != "failure_rate_planned"}
    whole, split = (play(reliability, workload=w, draws=20_000) for w in whole_and_halves(12))
    assert whole.interruptions.mean() > 5
    for output in ("wall_clock", "device_hours", "time_spent", "energy_it", "interruptions_by_class"):
        np.testing.assert_allclose(split[output], whole[output], rtol=1e-9, atol=1e-9, err_msg=output)


def test_devices_are_held_phase_by_phase():
    reliability = FAULTY | {"failure_rate_planned": 0, "failure_rate_accelerator": 0, "failure_rate_software": 0}
    ds = play(reliability, workload=phased((10.5 / 1.05, {"accelerators": 16}), (4.2 / 1.05, {})), draws=1)
    first, second = 5.25 + 5 * 0.125, 4.2 + 4 * 0.125
    np.testing.assert_allclose(ds.wall_clock, first + second, rtol=1e-12)
    np.testing.assert_allclose(ds.device_hours, 16 * first + 8 * second, rtol=1e-12)
    np.testing.assert_allclose(ds.energy_it, 0.7 * 0.8 * 1.5 * (16 * first + 8 * second), rtol=1e-12)


def test_stragglers_stretch_productive_time():
    for reliability in (FAULTY, FAULTY | {"checkpoint_write_time": 0.4, "restart": "immune"}):
        base, slow = (play(reliability | {"straggler_slowdown": s}, hours=12, draws=2000) for s in (1, 1.1))
        np.testing.assert_allclose(spent(base, "productive"), 12, rtol=1e-12)
        np.testing.assert_allclose(spent(slow, "productive"), 13.2, rtol=1e-12)


@pytest.mark.parametrize("write", [0.1, 0.4, 0.75])
def test_a_save_that_is_written_behind_costs_one_write_at_the_end(write):
    # certain to be shorter than the write, an interval would be refused
    tau = 0.5 if write < 0.5 else {"family": "uniform", "low": 0.4, "high": 0.5}
    rules = steady(0, 0.5, 0.125, 1)
    blocking = play(rules, hours=6, draws=1)
    behind = play(rules | {"checkpoint_interval": tau, "checkpoint_write_time": write}, hours=6, draws=1)
    saves = math.ceil(6 / max(0.5, write))  # no save begins before the last one is written
    np.testing.assert_allclose(blocking.wall_clock, 6 + 12 * 0.125, rtol=1e-12)
    np.testing.assert_allclose(behind.wall_clock, 6 + saves * 0.125 + write, rtol=1e-12)
    np.testing.assert_allclose(spent(behind, "saving"), saves * 0.125 + write, rtol=1e-12)


# Rules for the checkpoint interval


@pytest.mark.parametrize("rate", [1e-3, 0.1, 2.0])
@pytest.mark.parametrize("overhead", [1e-9, 1e-7, 9e-7, 1.1e-6, 1e-4, 1e-2, 0.1, 0.5, 1.0, 3.0, 30.0])  # Λδ
def test_optimal_interval_is_where_the_time_is_least(rate, overhead):
    # Λτ = 1 + W(-e^{-1 - Λδ}) solves Λτ - 1 + e^{-Λ(τ + δ)} = 0
    exact = 1 + lambertw(-math.exp(-1 - overhead)).real
    assert rate * optimal_interval(rate, overhead / rate) == pytest.approx(exact, rel=1e-6)
    if overhead >= 1e-4:  # below, the minimum is too flat for double precision
        found = minimize_scalar(
            lambda y: math.expm1(y + overhead) / y, bounds=(exact / 3, min(3 * exact, 2)), method="bounded", options={"xatol": 1e-12}
        )
        assert rate * optimal_interval(rate, overhead / rate) == pytest.approx(found.x, rel=1e-6)


def test_no_interval_is_better_than_the_optimal_one():
    rate, save, downtime, draws = 0.2, 0.2, 0.5, 40_000
    best = optimal_interval(rate, save)
    work = 40 * best  # a multiple of every interval that is tried
    chosen = play(steady(rate, "optimal", save, downtime), hours=work, draws=draws).wall_clock.values
    stated = play(steady(rate, best, save, downtime), hours=work, draws=draws).wall_clock.values
    np.testing.assert_allclose(chosen, stated, rtol=1e-9)
    for factor in (0.5, 0.8, 1.25, 2):
        excess = play(steady(rate, factor * best, save, downtime), hours=work, draws=draws).wall_clock.values - chosen
        mcse = excess.std(ddof=1) / math.sqrt(draws)
        assert excess.mean() > 4.5 * mcse, factor
        x = best + save
        truth = 40 / factor * math.expm1(rate * (factor * best + save)) - 40 * math.expm1(rate * x)
        assert_within_mcse(excess.mean(), truth * math.exp(rate * downtime) / rate, mcse)


@pytest.mark.parametrize(
    ("mode", "since", "due", "left"),
    [
        (UP, 10.0, 40.0, 90.0 - 5.0),  # five of the hours have passed
        (WAIT, 10.0, 40.0, 90.0 + (40.0 - 15.0) + 20.0),  # the wait's rest, and the downtime after it
        (DOWN, 10.0, 12.0, 90.0 + (10.0 + 20.0 - 15.0)),  # another interruption is due at 12 h: nobody knows yet
    ],
)
def test_the_time_to_go_is_what_is_known_of_it(mode, since, due, left):
    state = np.zeros((1, FIELDS))
    state[0, [MODE, SINCE, NEXT, DOWNTIME, WORK, SAVED, TAU]] = mode, since, due, 20.0, 100.0, 10.0, 500.0
    none = np.zeros((0, LOGGED))
    runs = Runs(state, np.zeros((1, 1, 1)), np.zeros((1, 0)), np.zeros(1, dtype=np.uint64), np.zeros(0, dtype=np.int64), False, none, -1)
    assert time_to_go(15.0, 0, 1, runs) == left
