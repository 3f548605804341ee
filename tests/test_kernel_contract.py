"""Do the kernels keep their promises: one draw, one future, whatever the threads, blocks, ranges and other inputs?"""

import copy
import functools
import itertools
import json
import math
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
from scipy.special import lambertw, ndtri
from statistics_helpers import assert_within_mcse

import simulator
from simulator import SamplingPlan, engine, jit, kernel_cache, kernel_sources, parse_scenario, simulate
from simulator.arguments import compile_arguments, no_records
from simulator.kernels import events, history, hourly, inputs, lanes, octaves, quantiles, runs, scores, static, stepwise
from simulator.kernels.lanes import LANES, WIDTH
from simulator.kernels.ledger import afterwards, prices, programme, totals
from simulator.kernels.ledger import run as ledger_run
from simulator.kernels.ledger import settle as settling
from simulator.kernels.ledger.book import COSTS, EMISSIONS
from simulator.kernels.slots import BASIS_RENT, CLASSES, INPUTS
from simulator.plan import available_threads
from simulator.scenario import parse_value, resolve
from simulator.scenario.schema import SECTIONS
from simulator.scenario.zones import parse_zone
from simulator.stochastic.dependence import achieved_spearman, latent_correlation
from simulator.stochastic.tabulate import Kind

# Every kind of table: affine under each link, cells, steps, rounded
DATA = {
    "name": "contract",
    "workload": {"params": "60B to 80B", "tokens": "1T to 3T tokens", "mfu": "0.3 to 0.5", "run_overhead": {"p5": 0.01, "p95": 0.2}},
    "hardware": {
        "accelerators": "400 to 700", "accelerators_per_node": {"family": "choice", "values": [4, 8]}, "peak_flops": 1e15, "tdp": 700,
        "power_fraction": "0.6 to 0.9", "server_power_ratio": "1.5 to 2.1",
        "idle_power_fraction": {"family": "uniform", "low": 0.2, "high": 0.6},
    },
    "reliability": {"failure_rate": "2 to 14", "downtime": "10 min to 4 h", "checkpoint_time": "5 s to 3 min"},
    "energy": {
        "pue": {"family": "pert", "low": 1.05, "mode": 1.1, "high": 1.4},
        "electricity_price": {"family": "normal", "mean": 0.08, "sd": 0.02},
    },
    "emissions": {"carbon_intensity": {"family": "gamma", "mean": 0.4, "sd": 0.1}},
    "water": {"wue_on": "0.1 to 1", "wue_off": {"family": "triangular", "low": 1, "mode": 3, "high": 8}},
    "compute": {"basis": "own", "accelerator_price": "22k to 45k USD"},
    "correlations": [["mfu", "power_fraction", 0.5], ["power_fraction", "pue", -0.4], ["carbon_intensity", "electricity_price", 0.6]],
}  # fmt: skip
ZONE = """\
name: contract
timezone: Europe/Berlin
fast_half_life: 8
slow_half_life: 150
fast_correlation: 0.5
slow_correlation: 0.3
price:
  unit: EUR/MWh
  residual_sd: 0.8
  fast_weight: 0.6
  spikes_per_year: 20
  spike_mean: 200
  spike_half_life: 3
  seasonal: {cos day/1: 0.3, weekend: -0.4}
  quantiles: {-3: -20, -1: 30, 0: 60, 1: 90, 3: 250}
carbon: {unit: gCO2e/kWh, residual_sd: 0.9, fast_weight: 0.5, seasonal: {sin day/1: 0.2}, quantiles: {-3: 50, 0: 300, 3: 700}}
about: {kind: assembled}
"""
# whatever the history kernel knows at once: phases, classes of interruptions, spares, hours of a year that is not known, pauses
EVERYTHING = {
    "workload": {
        "params": "60B to 80B", "mfu": "0.3 to 0.5", "run_overhead": {"p5": 0.01, "p95": 0.2}, "layers": 80, "hidden_size": 8192,
        "sequence_length": "4000 to 8000",
        "phases": [
            {"name": "first", "tokens": "0.2T to 0.5T tokens"},
            {"name": "second", "tokens": "0.1T to 0.2T tokens", "accelerators": "200 to 300", "mfu": 0.3},
        ],
    },
    "reliability": {
        **{f"failure_rate_{name}": "4 to 12" for name in CLASSES[1:]}, "downtime": "10 min to 4 h", "downtime_planned": "10 to 30 min",
        "checkpoint_time": "5 s to 3 min", "checkpoint_write_time": "1 to 10 min", "checkpoint_interval": "optimal",
        "spare_nodes": "2 to 6", "repair_time": "1 to 7 days", "early_failure_ratio": "2 to 4", "early_failure_time": "1 to 4 days",
        "straggler_slowdown": "1.02 to 1.2", "max_wall_clock": 3000,
    },
    "energy": {"pue": DATA["energy"]["pue"]},
    "emissions": {},
    "grid": {"zone": replace(parse_zone(ZONE, where="contract"), spec="contract"), "start_time": "2026-01-01 to 2026-12-31"},
    "pausing": {
        "price_quantile": 0.9, "carbon_threshold": "0.4 to 0.6", "minimum_run_time": 3, "minimum_pause_time": 2,
        "pause_time": "5 to 30 min", "deadline": "900 to 1500 h",
    },
    "correlations": [["mfu", "power_fraction", 0.5], ["power_fraction", "pue", -0.4]],
}  # fmt: skip
WAYS = {
    "expected_value": {"reliability": DATA["reliability"] | {"method": "expected_value"}},
    "event_driven": {},
    "everything": EVERYTHING,
}
OWNERS = {name: section for section, model in SECTIONS.items() for name in model.model_fields}
PLANS = {"random": {}, "sobol": {"plan": "sobol", "replicates": 4}}
DRAWS = 600  # more than one group of lanes
both_plans = pytest.mark.parametrize("plan", PLANS)
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(autouse=True)
def _one_thread():
    """Waiting for threads is what most of this file's time would go to on a busy machine."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def contract(way="expected_value", **changes):
    """Return the scenario with ``section__key=value`` changed; None takes a key away."""
    data = copy.deepcopy(DATA | WAYS[way])
    for path, value in changes.items():
        *sections, key = path.split("__")
        node = data
        for section in sections:
            node = node[section]
        node[key] = value
        if value is None:
            del node[key]
    return parse_scenario(data)


def play(plan="random", way="expected_value", *, start=0, stop=None, draws=DRAWS, seed=0, threads=1, block_size=4096, **changes):
    sampling = SamplingPlan(draws=draws, seed=seed, threads=threads, block_size=block_size, **PLANS[plan])
    return simulate(contract(way, **changes), sampling, start=start, stop=stop)


def assert_same_bits(a, b, *, but=()):
    """Assert that two Datasets hold the same variables to the last bit, those named apart."""
    assert set(a.variables) - set(but) == set(b.variables) - set(but)
    for name in set(a.variables) - set(but):
        assert a[name].dims == b[name].dims, name
        if a[name].dtype == object:
            assert list(a[name].values) == list(b[name].values)
        else:
            assert a[name].values.tobytes() == b[name].values.tobytes(), name


def inputs_of(ds):
    return {name: v for name, v in ds.data_vars.items() if v.attrs["role"] == "input"}


def outputs_of(ds):
    return {name: v for name, v in ds.data_vars.items() if v.attrs["role"] == "output"}


# Promise 1: draw i depends on (scenario, plan, seed, i) only


@both_plans
@every_way
def test_threads_and_blocks_change_no_bit(plan, way):
    part = {"start": LANES - 70, "stop": LANES + 70} if way == "everything" else {}
    reference = play(plan, way, **part)
    for threads, block_size in itertools.product(sorted({1, min(2, available_threads())}), (1, 100, 256, 4096)):
        other = play(plan, way, threads=threads, block_size=block_size, **part)
        assert_same_bits(other, reference)
        assert other.attrs == reference.attrs


RANGES = [(0, 1), (0, LANES), (1, 2), (WIDTH - 1, WIDTH + 1), (LANES - 1, LANES + 1), (LANES, DRAWS), (333, 555), (DRAWS - 1, DRAWS)]


@both_plans
@every_way
def test_a_range_of_draws_equals_the_whole(plan, way):
    whole = play(plan, way)
    for (start, stop), block_size in itertools.product(RANGES, (64, 4096)):
        part = play(plan, way, start=start, stop=stop, block_size=block_size)
        assert_same_bits(part, whole.isel(draw=slice(start, stop)))
        np.testing.assert_array_equal(part.draw, np.arange(start, stop))


@both_plans
@every_way
def test_more_draws_begin_with_the_same(plan, way):
    assert_same_bits(play(plan, way, draws=100), play(plan, way).isel(draw=slice(100)))


def test_number_of_threads_is_given_back():
    numba.set_num_threads(available_threads())
    play(threads=1, draws=10)
    assert numba.get_num_threads() == available_threads()


COUNTS = ("interruptions", "interruptions_planned", "interruptions_by_class", "completed", "pauses", "time_spent")
NOUGHT = ("abandoned_runs",)  # of scenarios in which no attempt is abandoned


@both_plans
@every_way
def test_every_seed_is_another_world_and_zero_is_a_seed(plan, way):
    zero, one, again = play(plan, way), play(plan, way, seed=1), play(plan, way, seed=0)
    assert_same_bits(zero, again)
    few = {"accelerators_per_node", "spare_nodes", "start_time", "sequence_length", *NOUGHT, *(COUNTS if way != "expected_value" else ())}
    for name, values in zero.data_vars.items():
        if "draw" in values.dims and name not in few and not name.startswith(("cost", "emissions", "paused")):
            drawn = ~(values == values[0]).all("draw")  # or stated by a phase
            shared = (values == one[name]).where(drawn).mean()
            assert shared < (0.05 if name == "accelerators" else 1e-2), name
    assert 0.0 < np.mean(zero.accelerators_per_node == one.accelerators_per_node) < 1.0  # a coin
    if way != "expected_value":
        assert np.mean(zero.interruptions == one.interruptions) < 0.1
    assert one.attrs["seed"] == 1
    if plan == "random":
        assert_same_bits(simulate(contract(way), stop=DRAWS), zero)  # the default seed is 0


@both_plans
@every_way
def test_chunks_change_no_bit(plan, way, monkeypatch):
    monkeypatch.setattr(engine, "chunks", lambda start, stop, threads: [(start, stop)])
    whole = play(plan, way, start=30)
    monkeypatch.undo()
    monkeypatch.setattr(engine, "_CHUNK", 0.0)
    seen = []
    sampling = SamplingPlan(draws=DRAWS, **PLANS[plan])
    assert_same_bits(simulate(contract(way), sampling, start=30, progress=seen.append), whole)
    parts = 2 if way == "everything" else 1
    ends = [end - 30 for end in range(WIDTH, DRAWS, WIDTH)] + [DRAWS - 30]
    assert seen == [(part * (DRAWS - 30) + end) // parts for part in range(parts) for end in ends]


# Promise 2: streams are keyed by name


@both_plans
@every_way
def test_fixing_or_freeing_one_input_moves_no_other(plan, way):
    reference = play(plan, way)
    changed = {
        "workload__run_overhead": 0.1,  # in the middle of the list
        "compute__accelerator_price": {"family": "uniform", "low": 1e4, "high": 2e4},  # another law
        "reliability__downtime": 1,
    }
    for path, value in changed.items():
        other = play(plan, way, **{path: value})
        for kept, values in inputs_of(reference).items():
            if kept != path.rpartition("__")[2]:
                assert other[kept].values.tobytes() == values.values.tobytes(), kept
    freed = play(plan, way, hardware__tdp="600 to 800")
    assert_same_bits(freed[list(inputs_of(reference))].drop_vars("tdp"), reference[list(inputs_of(reference))].drop_vars("tdp"))
    assert freed.tdp.dims == ("draw",)
    untouched = ["wall_clock", "device_hours", "goodput", "interruptions", "accelerators"]
    untouched += [name for name in ("time_spent", "interruptions_by_class", "pauses", "completed") if name in reference]
    assert_same_bits(freed[untouched], reference[untouched])
    assert (freed.energy != reference.energy).mean() > 0.99


@both_plans
def test_one_class_of_interruptions_moves_no_other(plan):
    # before anything is lost to them, a class comes when it comes: runs that are stopped after a day
    alone = {"reliability": {"failure_rate_host": "20 to 60", "downtime": 0, "checkpoint_time": 0, "max_wall_clock": 24}}
    both = {"reliability": alone["reliability"] | {"failure_rate_software": "50 to 90"}}
    one, two = (play(plan, "event_driven", **changes).interruptions_by_class for changes in (alone, both))
    assert two.sel(interruption_class="software").mean() > 3
    assert one.sel(interruption_class="host").mean() > 2
    np.testing.assert_array_equal(one.sel(interruption_class="host"), two.sel(interruption_class="host"))


@both_plans
@pytest.mark.parametrize("way", ["expected_value", "event_driven"])
def test_outputs_that_do_not_read_an_input_keep_every_bit(plan, way):
    reference = play(plan, way)
    priced = play(plan, way, compute__accelerator_price=30_000)
    assert_same_bits(priced, reference, but=("accelerator_price", "cost", "cost_total"))
    same = {"cost_component": ["electricity"]}
    assert priced.cost.sel(same).values.tobytes() == reference.cost.sel(same).values.tobytes()
    rented = play(plan, way, compute={"basis": "rent", "rental_price": "2 to 6"}, energy={"pue": DATA["energy"]["pue"]}, correlations=[])
    uncorrelated = play(plan, way, correlations=[])
    shared = [n for n in rented.data_vars if n in uncorrelated and not n.startswith("cost")]
    assert {"energy", "emissions", "pue", "mfu"} <= set(shared)
    assert_same_bits(rented[shared].drop_vars("cost_component", errors="ignore"), uncorrelated[shared])


@both_plans
def test_a_correlated_partner_that_becomes_certain_leaves_the_others(plan):
    reference = play(plan)
    for partner, path, value in (
        ("mfu", "workload__mfu", 0.4),
        ("power_fraction", "hardware__power_fraction", 0.75),
        ("pue", "energy__pue", 1.1),
        ("carbon_intensity", "emissions__carbon_intensity", 0.4),
    ):
        fixed = play(plan, **{path: value})
        for name, values in inputs_of(reference).items():
            if name != partner:
                assert fixed[name].values.tobytes() == values.values.tobytes(), (partner, name)


@both_plans
def test_order_of_the_correlation_list_is_irrelevant(plan):
    turned = [[b, a, rho] for a, b, rho in reversed(DATA["correlations"])]
    assert_same_bits(play(plan, correlations=turned), play(plan))


@every_way
def test_order_of_the_sections_is_irrelevant(way):
    data = DATA | WAYS[way]
    turned = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in reversed(data.items())}
    assert_same_bits(simulate(parse_scenario(turned), SamplingPlan(draws=DRAWS)), play(way=way))


def test_sobol_draw_belongs_to_its_replicate():
    uniform = {"family": "uniform", "low": 0.0, "high": 1.0}
    laws = {"hardware__idle_power_fraction": uniform, "workload__run_overhead": uniform, "correlations": []}
    replicates = PLANS["sobol"]["replicates"]
    ds = play("sobol", draws=256 * replicates, **laws)
    alone = simulate(contract(**laws), SamplingPlan(draws=256, plan="sobol", replicates=1))
    for name in ("idle_power_fraction", "run_overhead"):
        points = [ds[name].values[r::replicates] for r in range(replicates)]
        for u in points:  # 256 points of one replicate: one in each of 256 cells
            np.testing.assert_array_equal(np.sort(np.floor(u * 256)), np.arange(256))
        assert len({u.tobytes() for u in points}) == replicates
        assert points[0].tobytes() == alone[name].values.tobytes()


# Room for spare nodes is made for those that are drawn, and changes no result

WIDE = {"spare_nodes": "1 to 200", "repair_time": "2 to 10 days", "failure_rate": "50 to 100", "max_wall_clock": "60 days"}


@both_plans
@pytest.mark.parametrize("rho", [None, 0.9])
def test_room_is_made_for_the_spare_nodes_that_are_drawn(plan, rho):
    pairs = [] if rho is None else [["downtime", "spare_nodes", rho], ["mfu", "pue", 0.5]]
    changes = {"way": "event_driven", "reliability": DATA["reliability"] | WIDE, "correlations": pairs}
    draws = 2048
    whole = play(plan, draws=draws, **changes)
    spares = whole.spare_nodes.values
    arguments = compiled(contract(**changes), SamplingPlan(draws=draws, **PLANS[plan]))
    assert spares.max() > 200
    assert arguments.playing(0, draws).spares == spares.max() + 1
    for start in range(0, draws, LANES):
        assert arguments.playing(start + 5, start + 7).spares == spares[start : start + LANES].max() + 1
    # some wait for a spare, and some have more than they ever need
    waited = whole.time_spent.sel(activity="waiting").values > 0
    assert 0.1 < waited.mean() < 0.9
    start, stop = 700, 1100
    for size in (7, 4096):
        part = play(plan, start=start, stop=stop, draws=draws, block_size=size, **changes)
        assert_same_bits(part, whole.isel(draw=slice(start, stop)))


def test_no_more_seasons_are_worked_out_than_a_run_can_meet():
    vague = CERTAIN | _HOURLY | _STATED_HOURS | {"workload": {"device_hours": "1e5 to 1e7"}}  # the last quantile is 24 000 years
    assert compiled(parse_scenario(vague)).hourly.seasons.shape == (2, 40 * 8766 + 2)
    assert compiled(parse_scenario(CERTAIN | _HOURLY)).hourly.seasons.shape == (2, 1000 + 2)  # max_wall_clock


# What holds in every draw


@both_plans
@every_way
def test_identities_of_every_draw(plan, way):
    ds = play(plan, way, draws=2000 if way == "everything" else 20_000)
    if way == "everything":
        held = ds.device_hours / ds.wall_clock
        assert (held <= ds.accelerators.max("phase") * (1 + 1e-12)).all()
        assert (held >= ds.accelerators.min("phase") * (1 - 1e-12)).all()
        assert set(np.unique(ds.completed)) == {0.0, 1.0}
    else:
        np.testing.assert_array_equal(ds.device_hours, ds.wall_clock * ds.accelerators)
    np.testing.assert_allclose(ds.cost.sum("cost_component"), ds.cost_total, rtol=4e-16)
    np.testing.assert_allclose(ds.emissions.sum("emission_component"), ds.emissions_total, rtol=4e-16)
    np.testing.assert_allclose(ds.energy, ds.energy_it * ds.pue, rtol=1e-15)
    assert ((ds.goodput > 0) & (ds.goodput <= 1)).all()
    if way != "expected_value":
        np.testing.assert_allclose(ds.time_spent.sum("activity"), ds.wall_clock, rtol=1e-9)
        np.testing.assert_allclose(ds.time_spent.sel(activity="productive"), ds.goodput * ds.wall_clock, rtol=1e-14)
        assert (ds.time_spent >= -1e-9).all()
    assert (ds.accelerators == np.floor(ds.accelerators)).all()
    assert set(np.unique(ds.accelerators_per_node)) == {4.0, 8.0}


def test_requested_correlations_are_achieved_and_reported():
    batches, size = 50, 1000
    pairs = {("mfu", "power_fraction"): 0.5, ("power_fraction", "pue"): -0.4, ("carbon_intensity", "electricity_price"): 0.6}
    ds = play(draws=batches * size)
    names = ["carbon_intensity", "electricity_price", "mfu", "power_fraction", "pue", "tokens"]
    found = np.array(
        [achieved_spearman({n: ds[n].values[k * size : (k + 1) * size] for n in names}) for k in range(batches)]
    )  # (batch, name, name)
    requested = np.zeros((len(names), len(names)))
    for (a, b), rho in pairs.items():
        requested[names.index(a), names.index(b)] = rho
    upper = np.triu_indices(len(names), 1)
    requested, found = requested[upper], found[:, *upper]
    latent = latent_correlation(requested)
    # Moran (1948), Biometrika 35, 203-206: mean of the sample coefficient, its small-sample bias included
    expected = 6 / (np.pi * (size + 1)) * (np.arcsin(latent) + (size - 2) * np.arcsin(latent / 2))
    assert_within_mcse(found.mean(axis=0), expected, found.std(axis=0, ddof=1) / math.sqrt(batches))

    reported = {tuple(p["inputs"]): p for p in json.loads(ds.attrs["correlations"])}
    # between correlated names, a pair that is not stated is a request for zero
    assert set(reported) == set(itertools.combinations(names[:-1], 2))
    for pair, report in reported.items():
        rho = pairs.get(pair, 0.0)
        whole = achieved_spearman({n: ds[n].values for n in pair})[0, 1]
        assert report == {"inputs": list(pair), "requested": rho, "achieved": pytest.approx(whole, abs=1e-12)}
        assert whole == pytest.approx(rho, abs=0.02)


def test_achieved_correlation_is_null_where_one_input_is_certain():
    for draws, certain in ((DRAWS, {"workload__mfu": 0.4}), (1, {})):
        report = json.loads(play(draws=draws, **certain).attrs["correlations"])
        achieved = {tuple(p["inputs"]): p["achieved"] for p in report}
        assert achieved["mfu", "power_fraction"] is None
        assert all(value is None for value in achieved.values()) == (draws == 1)


# The whole model, written again in plain numpy

CHOICES = {
    "work": ("transformer", "flop", "device_hours"),
    "interval": ("fixed", "young1974", "daly2006", "optimal"),
    "basis": ("rent", "own"),
    "depreciation": ("cottier2024", "straight_line"),
}


def whole_model(x, *, work, interval, basis, depreciation):
    """Return every output from the inputs by name; formulas as in the literature, not as in the package."""
    x = {name: np.asarray(values, dtype=float) for name, values in x.items()}
    hourly = x["failure_rate"] / 1000 / 24 * -np.floor(-x["accelerators"] / x["accelerators_per_node"])
    mean_time = 1 / hourly
    if work == "device_hours":
        span = x["device_hours"] / x["accelerators"]
    else:
        per_token = x["params_active"] * 6 + x["layers"] * x["hidden_size"] * x["sequence_length"] * 12 if work == "transformer" else 0
        flop = per_token * x["tokens"] if work == "transformer" else x["flop"]
        span = flop / x["accelerators"] / x["peak_flops"] / x["mfu"] / 3600 * (1 + x["run_overhead"])
    save = x["checkpoint_time"]
    if interval == "fixed":
        tau = x["checkpoint_interval"]
    elif interval == "young1974":
        tau = (2 * save * mean_time) ** 0.5
    elif interval == "optimal":  # y = τ/M solves (y - 1) e^(y - 1) = -e^(-1 - δ/M)
        tau = mean_time * (1 + lambertw(-np.exp(-1 - save / mean_time)).real)
    else:
        tau = (2 * save * mean_time) ** 0.5 * (1 + (save / mean_time / 2) ** 0.5 / 3 + save / mean_time / 18) - save
        tau = np.where(save < 2 * mean_time, tau, mean_time)
    tau = np.clip(tau, 1e-6, span)
    segment_up = np.expm1((tau + save) / mean_time) * mean_time
    segment = np.expm1((tau + save) / mean_time) * mean_time * np.exp(x["downtime"] / mean_time)
    segments = span / (segment if work == "device_hours" else tau)
    wall_clock, up = segments * segment, segments * segment_up
    kilowatts = x["accelerators"] * x["tdp"] / 1000 * x["power_fraction"] * x["server_power_ratio"]
    energy_it = kilowatts * up + kilowatts * x["idle_power_fraction"] * (wall_clock - up)
    energy = energy_it * x["pue"]
    if basis == "rent":
        cost = [wall_clock * x["accelerators"] * x["rental_price"], np.zeros_like(span), np.zeros_like(span)]
    else:
        if depreciation == "cottier2024":
            lost = -np.expm1(-np.log(10) * x["depreciation_rate"] * wall_clock / 8766)
        else:
            lost = (1 - x["residual_value"]) * wall_clock / x["service_life"]
        servers = x["accelerators"] * x["accelerator_price"] * x["server_price_ratio"] * lost / x["fleet_utilization"]
        share = x["interconnect_share"]
        cost = [servers, servers / (1 - share) - servers, energy * x["electricity_price"] * x["price_year_shift"]]
    worn = wall_clock / x["service_life"] / x["fleet_utilization"]
    emitted = {
        "operational": energy * x["carbon_intensity"] * x["carbon_year_shift"],
        "embodied_accelerators": x["accelerators"] * x["embodied_accelerator"] * worn,
        "embodied_servers": x["accelerators"] / x["accelerators_per_node"] * x["embodied_server"] * worn,
    }
    bill = dict(zip(("accelerators", "interconnect", "electricity"), cost, strict=True))
    return {
        "device_hours": wall_clock * x["accelerators"], "wall_clock": wall_clock, "goodput": tau / segment,
        "interruptions": wall_clock / mean_time, "energy_it": energy_it, "energy": energy,
        "cost_total": sum(cost), "emissions_total": sum(emitted.values()), "emissions_market": emitted["operational"],
        "water_on_site": energy_it * x["wue_on"], "water_off_site": energy * x["wue_off"],
        "water": energy_it * x["wue_on"] + energy * x["wue_off"],
        # nothing comes beside the run
        "programme_time": wall_clock, "emissions_location": emitted["operational"],
        "device_hours_total": wall_clock * x["accelerators"], "energy_total": energy,
        "abandoned_runs": np.zeros_like(energy),
        **{f"cost[{name}]": bill.get(name, np.zeros_like(energy)) for name in COSTS},
        **{f"emissions[{name}]": emitted.get(name, np.zeros_like(energy)) for name in EMISSIONS},
    }  # fmt: skip


@functools.cache
def in_modes(work, interval, basis, depreciation):
    """Return the scenario with these alternatives, whatever they read uncertain."""
    data = copy.deepcopy(DATA | WAYS["expected_value"])
    data["correlations"] = [["pue", "power_fraction", -0.4]]
    if work == "transformer":
        data["workload"] |= {"layers": "60 to 90", "hidden_size": 8192, "sequence_length": "2000 to 8000"}
    if work == "flop":
        data["workload"] = {"flop": "4e23 to 2e24", "mfu": "0.3 to 0.5"}
    elif work == "device_hours":
        data["workload"] = {"device_hours": "300k to 900k"}
        del data["hardware"]["peak_flops"]
    data["reliability"]["checkpoint_interval"] = "0.2 to 3 h" if interval == "fixed" else interval
    if basis == "rent":
        data["compute"] = {"basis": "rent", "rental_price": "2 to 6"}
        del data["energy"]["electricity_price"]
    else:
        data["compute"]["depreciation"] = depreciation
        if depreciation == "straight_line":
            data["compute"]["residual_value"] = "0.05 to 0.3"
    return parse_scenario(data)


MODES = [m for m in itertools.product(*CHOICES.values()) if m[2:] != ("rent", "straight_line")]  # nothing to write off


@pytest.mark.parametrize("modes", MODES, ids="-".join)
def test_kernel_equals_an_independent_implementation(modes):
    ds = simulate(in_modes(*modes), SamplingPlan(draws=1024, seed=3))
    x = {name: v.values for name, v in inputs_of(ds).items()}
    x.setdefault("params_active", x.get("params"))
    if modes[0] == "device_hours":
        x["device_hours"] = ds.device_hours.values
    expected = whole_model({n: v for n, v in x.items() if v is not None}, **dict(zip(CHOICES, modes, strict=True)))
    found = {name: v.values for name, v in outputs_of(ds).items() if v.dims == ("draw",)}
    found |= {f"cost[{c}]": ds.cost.sel(cost_component=c).values for c in ds.cost_component.values}
    found |= {f"emissions[{c}]": ds.emissions.sel(emission_component=c).values for c in ds.emission_component.values}
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-9 if name == "goodput" else 0, err_msg=name)


# NaN in, NaN out


def compiled(scenario, plan=None):
    return compile_arguments(resolve(scenario), plan or SamplingPlan(draws=1))


def run(arguments, draws=1):
    """Return outputs; the bill of electricity that the ledger does not read where it is inside the rent is left out."""
    out = draw(arguments, 0, draws)[1]
    if arguments.book.basis == BASIS_RENT:
        out[arguments.outputs.index("priced")] = 0.0
    return out


def draw(arguments, start, stop):
    """Return inputs and outputs of a range of draws, as the compiled kernel makes them."""
    drawn, out = np.empty((len(arguments.drawn), stop - start)), np.zeros((len(arguments.outputs), stop - start))
    arguments.run(start, stop, drawn, out, first=start, block_size=4096)
    return drawn, out


def with_constants(arguments, **changes):
    """Return arguments with constants changed, by the names of their slots."""
    constants = arguments.tables.constants.copy()
    for name, value in changes.items():
        constants[INPUTS.index(name)] = value
    book = arguments.book._replace(constants=constants)
    return replace(arguments, tables=arguments.tables._replace(constants=constants), book=book)


def certain(modes, **changes):
    """Return the kernel's arguments for constants in these modes: the medians of the uncertain scenario."""
    arguments = compiled(in_modes(*modes))
    medians = {name: MEDIANS[name] for name in arguments.drawn}
    constants = with_constants(arguments, **(medians | changes)).tables.constants
    empty = compiled(contract_of_constants())
    book = arguments.book._replace(constants=constants, drawn=arguments.book.drawn[:0])
    return replace(empty, tables=empty.tables._replace(constants=constants), play=arguments.play, book=book)


def contract_of_constants():
    """Return the scenario with every input certain: the kernel has no rows to draw."""
    scenario = copy.deepcopy(DATA | WAYS["expected_value"]) | {"correlations": []}
    resolved = resolve(parse_scenario(scenario))
    for name in resolved.inputs:
        key = "params" if name == "params_active" else name
        scenario[OWNERS[key]][key] = MEDIANS[name]
    return parse_scenario(scenario)


MEDIANS = {
    "params_active": 70e9, "tokens": 2e12, "flop": 8e23, "device_hours": 6e5, "mfu": 0.4, "run_overhead": 0.05, "accelerators": 512,
    "accelerators_per_node": 8, "peak_flops": 1e15, "failure_rate": 6, "downtime": 1, "checkpoint_time": 0.01,
    "checkpoint_interval": 1, "tdp": 700, "power_fraction": 0.75, "server_power_ratio": 1.8, "idle_power_fraction": 0.4, "pue": 1.1,
    "electricity_price": 0.08, "price_year_shift": 1.02, "carbon_intensity": 0.4, "carbon_year_shift": 0.98, "embodied_accelerator": 300,
    "embodied_server": 4000, "service_life": 43_830, "fleet_utilization": 0.8, "rental_price": 2.5, "accelerator_price": 30_000,
    "server_price_ratio": 1.6, "interconnect_share": 0.19, "depreciation_rate": 0.14, "residual_value": 0.1, "exchange_rate": 1.0,
    "layers": 80, "hidden_size": 8192, "sequence_length": 4096, "wue_on": 0.4, "wue_off": 3.0,
}  # fmt: skip
#: from the first input that only histories read to the last
OF_HISTORIES = INPUTS[INPUTS.index("checkpoint_write_time") : INPUTS.index("rollback_rate")]
# stated hours / n · n, and (hours up) / (hours up and down): mathematically without these, and still not known where they are not
CANCELLING = ("accelerators", "checkpoint_interval", "checkpoint_time")
_DENSE, _ATTENTION = 6 * MEDIANS["params_active"], 12 * MEDIANS["layers"] * MEDIANS["hidden_size"] * MEDIANS["sequence_length"]
_NEARLY = 1e-9 - 1.0
SHRINKING = {"run_overhead": _NEARLY, "params_active": _NEARLY * MEDIANS["params_active"] * _ATTENTION / _DENSE}
SHRINKING |= {name: _NEARLY * MEDIANS[name] * _DENSE / _ATTENTION for name in ("layers", "hidden_size", "sequence_length")}
LONG = {"checkpoint_interval": 1e6, "failure_rate": 0.01}  # longer than the run: then the work bounds the interval


@pytest.mark.parametrize(
    ("modes", "changes"),
    [(modes, {}) for modes in MODES] + [(modes, LONG) for modes in MODES if modes[1] == "fixed"],
    ids=lambda value: "-".join(value) or "as usual",
)
def test_nan_reaches_whatever_depends_on_it_and_nothing_else(modes, changes):
    arguments = certain(modes, **changes)
    constants = arguments.tables.constants
    reference = run(arguments)[:, 0]
    assert np.isfinite(reference).all()
    inputs = resolve(in_modes(*modes)).inputs
    read = [slot for slot, name in enumerate(INPUTS) if name in inputs]
    assert not np.isnan(constants[read]).any()

    def with_constant(slot, value):
        return run(with_constants(arguments, **{INPUTS[slot]: value}))[:, 0]

    reached = set()
    for slot in read:
        constant = constants[slot]
        depends = np.zeros(len(reference), dtype=bool)
        for factor in (1.01, 0.5, 1e9, 1e-9):  # the far ones, where a bound or a saturated share hides the dependence
            depends |= with_constant(slot, constant * factor) != reference
        if INPUTS[slot] in SHRINKING:  # to next to no work, which a share of it does not come to by itself
            depends |= with_constant(slot, SHRINKING[INPUTS[slot]]) != reference
        reached |= set(np.flatnonzero(depends))
        broken = with_constant(slot, np.nan)
        known = [arguments.outputs[k] for k in np.flatnonzero(depends & np.isfinite(broken))]
        assert not known, (INPUTS[slot], known)
        if modes[0] == "device_hours" and INPUTS[slot] in CANCELLING:
            depends |= np.isnan(broken)
        np.testing.assert_array_equal(broken[~depends], reference[~depends], err_msg=INPUTS[slot])
        assert depends.any(), INPUTS[slot]
    assert reached == set(np.flatnonzero(reference))  # what is not nought comes from what is read


@pytest.mark.parametrize("modes", MODES, ids="-".join)
def test_what_is_not_read_changes_no_bit(modes):
    arguments = certain(modes)
    unread = {name for name, value in zip(INPUTS, arguments.tables.constants, strict=True) if np.isnan(value)} | set(OF_HISTORIES)
    unread -= {"start_time"}  # of the season of PUE, which reads it with an amplitude of nought
    assert len(unread) > 50
    filled = with_constants(arguments, **{name: MEDIANS.get(name, 7.0) for name in unread})
    assert run(arguments).tobytes() == run(filled).tobytes()


def test_unread_slots_of_uncertain_scenarios_leak_nowhere():
    for modes in MODES:
        out = run(compiled(in_modes(*modes), SamplingPlan(draws=256)), draws=256)
        assert np.isfinite(out).all(), modes


# The same of histories: what steers a run leaves nothing of it known

CERTAIN = {
    "name": "certain",
    "workload": {
        "params": 70e9, "tokens": 2e11, "mfu": 0.4, "run_overhead": 0.05, "layers": 80, "hidden_size": 8192, "sequence_length": 4096,
    },
    "hardware": {
        "accelerators": 512, "accelerators_per_node": 8, "peak_flops": 1e15, "tdp": 700, "power_fraction": 0.75,
        "server_power_ratio": 1.8, "idle_power_fraction": 0.4,
    },
    "reliability": {
        "failure_rate": 30, "downtime": 1, "checkpoint_time": 0.05, "checkpoint_interval": 1.0, "checkpoint_write_time": 0.1,
        "spare_nodes": 2, "repair_time": 24, "early_failure_ratio": 2, "early_failure_time": 50, "straggler_slowdown": 1.1,
        "max_wall_clock": 1000,
    },
    "energy": {"pue": 1.1, "currency": "EUR", "electricity_price": 0.08, "exchange_rate": 1.1, "price_year_shift": 1.02},
    "emissions": {"carbon_intensity": 0.4, "carbon_year_shift": 0.98, "embodied_accelerator": 300, "embodied_server": 4000},
    "water": {"wue_on": 0.4, "wue_off": 3},
    "compute": {
        "basis": "own", "accelerator_price": 30_000, "server_price_ratio": 1.6, "interconnect_share": 0.19, "depreciation_rate": 0.14,
        "service_life": 43_830, "fleet_utilization": 0.8,
    },
}  # fmt: skip
_INTERRUPTED = {name: value for name, value in CERTAIN["reliability"].items() if name != "failure_rate"}
_HOURLY = {
    "grid": {"zone": EVERYTHING["grid"]["zone"], "start_time": "2026-03-01"},
    "energy": {"pue": 1.1, "exchange_rate": 1.1, "price_year_shift": 1.02},
    "emissions": {name: value for name, value in CERTAIN["emissions"].items() if name != "carbon_intensity"},
}
_STATED_HOURS = {
    "workload": {"device_hours": 60_000},
    "hardware": {name: value for name, value in CERTAIN["hardware"].items() if name != "peak_flops"},
    "reliability": {n: v for n, v in CERTAIN["reliability"].items() if n not in ("straggler_slowdown", "max_wall_clock")},
}
HISTORIES = {
    "one rate": {},
    **{rule: {"reliability": CERTAIN["reliability"] | {"checkpoint_interval": rule}} for rule in ("young1974", "daly2006", "optimal")},
    "classes": {
        "reliability": _INTERRUPTED
        | {f"failure_rate_{name}": 8 for name in CLASSES[1:]}
        | {"downtime_accelerator": 0.7, "downtime_planned": 0.5, "restart": "immune"}
    },
    "phases": {
        "workload": {name: value for name, value in CERTAIN["workload"].items() if name != "tokens"}
        | {
            "phases": [
                {"name": "a", "tokens": 1e11, "mfu": 0.35},
                {"name": "b", "tokens": 1e11, "accelerators": 256, "sequence_length": 8192},
            ]
        }
    },
    "hours": _HOURLY,
    "pauses": _HOURLY
    | {
        "pausing": {
            "price_threshold": 0.06, "carbon_threshold": 0.5, "minimum_run_time": 2, "minimum_pause_time": 3, "pause_time": 0.2,
            "deadline": 300,
        }
    },
    "stated hours": _STATED_HOURS,
}  # fmt: skip


@pytest.mark.parametrize("name", HISTORIES)
def test_nan_reaches_whatever_depends_on_it_in_a_history(name):
    scenario = parse_scenario(CERTAIN | HISTORIES[name])
    arguments = compiled(scenario)
    reference = run(arguments, WIDTH)
    assert np.isfinite(reference).all()
    for place in resolve(scenario).inputs:
        constant = arguments.tables.constants[INPUTS.index(place)]
        depends = np.zeros(reference.shape, dtype=bool)
        for factor in (1.01, 0.5, 3.0, 0.05):
            depends |= run(with_constants(arguments, **{place: constant * factor}), WIDTH) != reference
        assert depends.any(), place
        broken = run(with_constants(arguments, **{place: np.nan}), WIDTH)
        known = np.isfinite(broken)
        rows = np.flatnonzero((depends & known).any(axis=1))
        assert not rows.size, f"{place} is not known, {', '.join(arguments.outputs[k] for k in rows)} are"
        np.testing.assert_array_equal(broken[known], reference[known], err_msg=place)


ENDS = """
import sys
import numpy as np
from simulator import SamplingPlan, parse_scenario
from simulator.arguments import compile_arguments
from simulator.kernels.slots import INPUTS
from simulator.scenario import resolve
arguments = compile_arguments(resolve(parse_scenario(sys.stdin.read())), SamplingPlan(draws=2))
arguments.tables.constants[INPUTS.index(sys.argv[1])] = np.nan
outputs = np.zeros((len(arguments.outputs), 2))
arguments.run(0, 2, np.empty((0, 2)), outputs, first=0, block_size=1)
print(outputs[arguments.outputs.index("wall_clock")])
"""


@pytest.mark.parametrize("place", ["device_hours", "accelerators"])
def test_a_run_of_unknown_length_ends(place, tmp_path):
    """In a process of its own, which can be stopped where it does not."""
    (tmp_path / "zone.yaml").write_text(ZONE, encoding="utf-8")
    data = CERTAIN | _HOURLY | _STATED_HOURS
    run(compiled(parse_scenario(data)), 2)  # compiles
    text = parse_scenario(data).to_yaml().replace("zone: contract", f"zone: {tmp_path / 'zone.yaml'}")
    done = subprocess.run(
        [sys.executable, "-c", ENDS, place], input=text, capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[nan nan]"


@pytest.mark.parametrize("name", HISTORIES)
def test_what_a_history_does_not_read_changes_no_bit(name):
    scenario = parse_scenario(CERTAIN | HISTORIES[name])
    arguments = compiled(scenario)
    off = {place for place, value in zip(INPUTS, arguments.tables.constants, strict=True) if not np.isnan(value)}
    read = off | set(resolve(scenario).inputs)
    unread = [place for place in INPUTS if place not in read]
    assert len(unread) > 30
    filled = with_constants(arguments, **{place: MEDIANS.get(place.partition("[")[0], 7.0) for place in unread})
    assert run(arguments, WIDTH).tobytes() == run(filled, WIDTH).tobytes()


# Tables: one of every kind, read at the score of a standard-normal input to which it is bound

TABLES = {
    "lognormal": ("server_power_ratio", "1.5 to 2.1"),
    "logit-normal": ("mfu", "0.3 to 0.5"),
    "uniform": ("idle_power_fraction", {"family": "uniform", "low": 0.2, "high": 0.6}),
    "gamma": ("carbon_intensity", {"family": "gamma", "mean": 0.4, "sd": 0.1}),
    "pert": ("pue", {"family": "pert", "low": 1.05, "mode": 1.1, "high": 1.4}),
    "choice": ("accelerators_per_node", {"family": "choice", "values": [1, 4, 8], "probabilities": [0.2, 0.3, 0.5]}),
    "count": ("accelerators", "400 to 700"),
    "trapezoid": ("downtime", {"family": "trapezoid", "c": 0.2, "d": 0.7, "loc": 0.5, "scale": 2.0}),
    "triangular count": ("accelerators", {"family": "triangular", "low": 400, "mode": 500, "high": 700}),
}
SCORE = {"energy__electricity_price": {"family": "normal", "mean": 0, "sd": 1}}


def test_every_kind_of_table_is_looked_up():
    assert {parse_value(value, quantity).table.kind for quantity, value in TABLES.values()} | {Kind.AFFINE} == set(Kind)


def read_at_scores(name, *, scale, draws=5000):
    """Return scores, the table's values at scale times these scores, the kernel's, and the kernel's outputs."""
    quantity, value = TABLES[name]
    scenario = contract(**SCORE, **{f"{OWNERS[quantity]}__{quantity}": value}, correlations=[["electricity_price", quantity, 1.0]])
    resolved = resolve(scenario)
    arguments = compile_arguments(resolved, SamplingPlan(draws=draws))
    np.testing.assert_array_equal(arguments.tables.factor, [[1, 0], [1, 0]])
    factor = arguments.tables.factor.copy()
    factor[resolved.correlations.names.index(quantity), 0] = scale
    factor.flags.writeable = False  # as it was: an array that can be written to is another type to the compiler
    by_score = np.full_like(arguments.tables.octave_rows, -1)
    drawn, out = draw(replace(arguments, tables=arguments.tables._replace(factor=factor, octave_rows=by_score)), 0, draws)
    z = drawn[arguments.drawn.index("electricity_price")]
    return z, resolved.inputs[quantity].value.table(scale * z), drawn[arguments.drawn.index(quantity)], out


@pytest.mark.parametrize("scale", [1.0, -1.0, 5.0])
@pytest.mark.parametrize("name", TABLES)
def test_kernel_reads_tables_as_numpy(name, scale):
    z, expected, found, _ = read_at_scores(name, scale=scale)
    assert np.abs(scale * z).max() > 3.3 * abs(scale)  # with scale 5, far beyond any score that is drawn
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert len(np.unique(found)) > 2


@pytest.mark.parametrize("name", TABLES)
def test_an_unknown_score_stays_unknown(name):
    z, _, found, out = read_at_scores(name, scale=np.nan, draws=300)
    assert np.isfinite(z).all()
    assert np.isnan(found).all()
    energy = compiled(contract()).outputs.index("energy" if name != "gamma" else "emissions_total")
    assert np.isnan(out[energy]).all()


@both_plans
def test_correlated_scores_are_the_matrix_product_of_independent_ones(plan):
    def scores(ds):
        return np.array([ndtri(laws[n].value.law.cdf(ds[n].values)) for n in names])

    laws = resolve(contract()).inputs
    correlations = contract().correlations
    names = correlations.names
    independent, correlated = scores(play(plan, correlations=[])), scores(play(plan))
    tolerance = 1e-7 * np.exp(correlated**2 / 2)  # what the round trip through probabilities costs
    assert (np.abs(correlations.factor @ independent - correlated) < tolerance).all()
    np.testing.assert_array_equal(independent[0], correlated[0])  # the first name keeps its score


# The compiled code and its source


KERNELS = (
    lanes, scores, quantiles, octaves, inputs, static, runs, events, hourly, stepwise, history, afterwards, prices, programme, ledger_run,
    settling, totals,
)  # fmt: skip


@pytest.fixture
def sources(monkeypatch):
    """Let every stage of the kernels be its own source; the laws that they call stay compiled."""
    hint = {"wide_vectors": lambda: None}  # to the compiler
    # called from Python, these return integers without a width
    words = {"philox4x32": lambda *a, law=scores.philox4x32: np.array(law(*a), dtype=np.uint64)[()]}
    modules = {module.__name__ for module in KERNELS}
    for module in KERNELS:
        stages = {
            name: stage.py_func
            for name, stage in vars(module).items()
            if getattr(stage, "__module__", "") in modules and hasattr(stage, "py_func")
        }
        for name, source in (stages | hint | words).items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, source)


@pytest.mark.parametrize(
    ("plan", "modes"),
    [
        ("random", None),
        ("sobol", None),
        ("random", ("device_hours", "fixed", "rent", "cottier2024")),
        ("random", ("transformer", "optimal", "own", "straight_line")),
        ("random", ("flop", "young1974", "rent", "cottier2024")),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value or ["contract"]),
)
def test_a_block_equals_its_source(plan, modes, request):
    arguments = compiled(in_modes(*modes) if modes else contract(), SamplingPlan(draws=1024, **PLANS[plan]))
    start, stop = 2 * LANES - 30, 2 * LANES + 30
    found = draw(arguments, start, stop)
    request.getfixturevalue("sources")
    drawn, out = (np.zeros_like(values) for values in found)
    with np.errstate(divide="ignore"):  # 1/0 is inf in compiled code
        static.run_block(start, stop, start, arguments.play.modes, arguments.tables, drawn, out[: len(static.OUTPUTS)])
    settle_by_source(arguments, start, stop, drawn, out)
    for a, b in zip(found, (drawn, out), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
        assert a.std(axis=1).any()


def settle_by_source(arguments, start, stop, drawn, out):
    of_run = len(arguments.run_outputs)
    place = arguments.run_outputs.index("device_hours")
    with np.errstate(divide="ignore", invalid="ignore"):
        settling.settle_block(start, stop, start, arguments.book, drawn, out[place : place + 5], out[of_run:])


@pytest.mark.parametrize(("plan", "way"), [("random", "event_driven"), ("sobol", "event_driven"), ("random", "everything")])
def test_a_block_of_histories_equals_its_source(plan, way, request):
    arguments = compiled(contract(way), SamplingPlan(draws=1024, **PLANS[plan]))
    # some draws of two groups, where the weather is that of the calendar: its source takes a second for each week and group
    start, stop = (LANES - 2, LANES + 2) if way == "everything" else (LANES - 10, LANES + 10)
    found = draw(arguments, start, stop)
    request.getfixturevalue("sources")
    drawn, out = (np.zeros_like(values) for values in found)
    of_run = out[: len(history.OUTPUTS)]
    with np.errstate(divide="ignore"):
        history.run_block(
            start, stop, start, arguments.playing(start, stop), arguments.hourly, arguments.tables, no_records(), drawn, of_run
        )
    settle_by_source(arguments, start, stop, drawn, out)
    for a, b in zip(found, (drawn, out), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if way == "everything" else 1e-9)  # of weather in float32
        assert a.std(axis=1).any()


def test_whatever_is_asked_the_kernels_are_compiled_once():
    for way in WAYS:
        play(way=way, draws=10)
    for data in HISTORIES.values():
        simulate(parse_scenario(CERTAIN | data), SamplingPlan(draws=10))
    assert len(static.run_static.signatures) == len(history.run_history.signatures) == len(settling.settle.signatures) == 1


# Compiled code is kept where only its owner writes, and never outlives the sources


def test_cache_folder_falls_back(monkeypatch, tmp_path):
    for name in ("SIMULATOR_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where tempfile looks first
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert kernel_cache.cache_folder() == tmp_path / "user" / "training-risk-simulator" / kernel_sources.source_hash()
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/proc/none")  # cannot be made, not even by root
    folder = kernel_cache.cache_folder()
    assert folder == tmp_path / f"training-risk-simulator-{os.getuid()}" / kernel_sources.source_hash()
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert kernel_cache.cache_folder() == folder
    monkeypatch.setattr("tempfile.tempdir", "/proc/none")
    assert kernel_cache.cache_folder() is None


def test_without_any_cache_folder_kernels_still_compile(monkeypatch):
    monkeypatch.setenv("SIMULATOR_CACHE_DIR", "/proc/none")
    assert kernel_cache.cache_folder() is None

    @jit.kernel
    def double(x):
        for i in numba.prange(x.size):
            x[i] *= 2.0

    x = np.ones(3)
    double(x)
    np.testing.assert_array_equal(x, 2.0)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no POSIX permissions")
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o720, 0o702], ids=oct)
@pytest.mark.parametrize("which", ["base", "folder"])
def test_a_cache_that_others_can_write_to_is_refused(monkeypatch, tmp_path, mode, which):
    base = tmp_path / "cache"
    monkeypatch.setenv("SIMULATOR_CACHE_DIR", str(base))
    folder = kernel_cache.cache_folder()
    assert folder == base / kernel_sources.source_hash()
    (base if which == "base" else folder).chmod(mode)
    assert kernel_cache.cache_folder() is None
    monkeypatch.delenv("SIMULATOR_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    user = kernel_cache.cache_folder()
    (user.parent if which == "base" else user).chmod(mode)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert kernel_cache.cache_folder() == tmp_path / f"training-risk-simulator-{os.getuid()}" / kernel_sources.source_hash()


def test_source_hash_sees_every_source_and_flag(monkeypatch, tmp_path):
    copied = copy_of_package(tmp_path)
    monkeypatch.setattr(kernel_sources, "PACKAGE", copied)
    before = kernel_sources.source_hash()
    assert before == kernel_sources.source_hash()
    files = (
        "model/reliability.py",
        "stochastic/elementary.py",
        "stochastic/laws/affine.py",
        "kernels/static.py",
        "kernels/ledger/run.py",
        "kernels/events.py",
        "jit.py",
        "kernel_cache.py",
        "kernel_sources.py",
    )
    for name in files:
        text = (copied / name).read_text(encoding="utf-8")
        (copied / name).write_text(text + "# edited\n", encoding="utf-8")
        assert kernel_sources.source_hash() != before, name
        (copied / name).write_text(text, encoding="utf-8")
        assert kernel_sources.source_hash() == before
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert kernel_sources.source_hash() != before


def copy_of_package(folder):
    target = folder / "simulator"
    shutil.copytree(Path(simulator.__file__).parent, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


WORK = '''
"""A kernel that compiles in a second."""
from numba import prange
from simulator.jit import kernel
from simulator.model.workload import transformer_flop

@kernel
def run_work(tokens, out):
    for i in prange(out.size):
        out[i] = transformer_flop(7e9, tokens[i])
'''
PROGRAM = """
import numpy as np
import simulator
from simulator.kernels.work import run_work
out = np.empty(200)
run_work(np.linspace(1e12, 2e12, 200), out)
print(simulator.__file__, sum(run_work.stats.cache_hits.values()), *out.tolist())
"""


def test_an_edited_law_changes_the_next_result_from_an_unwritable_install(tmp_path):
    """Two processes compile: one before and one after a law in another file than the kernel's was edited; none where it was moved to."""
    package = copy_of_package(tmp_path / "install")
    (package / "kernels" / "work.py").write_text(WORK, encoding="utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("SIMULATOR_CACHE_DIR", "NUMBA_CACHE_DIR")}
    environment |= {
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1",
        "HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "TMPDIR": str(temporary),
    }  # fmt: skip

    def work(package=package):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM], env=environment | {"PYTHONPATH": str(package.parent)}, cwd=temporary,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        file, hits, *values = done.stdout.split()
        assert Path(file).parent == package
        return int(hits), np.array(values, dtype=float)

    installed = {p: p.stat().st_mtime_ns for p in package.rglob("*")}
    hits, before = work()
    assert hits == 0
    assert {p: p.stat().st_mtime_ns for p in package.rglob("*")} == installed, "something was written into the package"
    cached = list((temporary / f"training-risk-simulator-{os.getuid()}").rglob("*.nbi"))
    assert cached, "nothing was kept in the fallback folder"
    elsewhere = tmp_path / "elsewhere" / "simulator"
    shutil.copytree(package, elsewhere)
    os.utime(elsewhere / "kernels" / "work.py", (0, 0))
    for place in (package, elsewhere):
        hits, again = work(place)
        assert hits == 1
        np.testing.assert_array_equal(again, before)

    law = package / "model" / "workload.py"
    source = law.read_text(encoding="utf-8")
    assert source.count("return 6.0 * params_active") == 1
    law.write_text(source.replace("return 6.0 * params_active", "return 7.0 * params_active"), encoding="utf-8")
    hits, after = work()
    assert hits == 0
    np.testing.assert_allclose(after / before, 7 / 6, rtol=1e-14)
