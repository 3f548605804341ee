"""Does the kernel keep its promises: one draw, one future, whatever the threads, blocks, ranges and other inputs?"""

import copy
import itertools
import json
import math
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numba
import numpy as np
import pytest
from scipy.special import ndtri
from statistics_helpers import assert_within_mcse

import simulator
from simulator import SamplingPlan, jit, parse_scenario, simulate
from simulator.engine import compile_arguments
from simulator.kernels import static
from simulator.kernels.static import INPUTS, LANES, OUTPUTS
from simulator.plan import available_threads
from simulator.scenario import parse_value, resolve
from simulator.scenario.schema import SECTIONS
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
    "compute": {"basis": "own", "accelerator_price": "22k to 45k USD"},
    "correlations": [["mfu", "power_fraction", 0.5], ["power_fraction", "pue", -0.4], ["carbon_intensity", "electricity_price", 0.6]],
}  # fmt: skip
OWNERS = {name: section for section, model in SECTIONS.items() for name in model.model_fields}
PLANS = {"random": {}, "sobol": {"plan": "sobol", "replicates": 4}}
DRAWS = 1000


@pytest.fixture(autouse=True)
def _one_thread():
    """Waiting for threads is what most of this file's time would go to on a busy machine."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def contract(**changes):
    """Return the scenario with ``section__key=value`` changed; None takes a key away."""
    data = copy.deepcopy(DATA)
    for path, value in changes.items():
        *sections, key = path.split("__")
        node = data
        for section in sections:
            node = node[section]
        node[key] = value
        if value is None:
            del node[key]
    return parse_scenario(data)


def play(plan="random", *, start=0, stop=None, draws=DRAWS, seed=0, threads=1, block_size=4096, **changes):
    sampling = SamplingPlan(draws=draws, seed=seed, threads=threads, block_size=block_size, **PLANS[plan])
    return simulate(contract(**changes), sampling, start=start, stop=stop)


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


@pytest.mark.parametrize("plan", PLANS)
def test_threads_and_blocks_change_no_bit(plan):
    reference = play(plan)
    for threads, block_size in itertools.product(sorted({1, min(2, available_threads())}), (1, 100, 256, 4096)):
        other = play(plan, threads=threads, block_size=block_size)
        assert_same_bits(other, reference)
        assert other.attrs == reference.attrs


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (0, LANES), (1, 2), (LANES - 1, LANES + 1), (LANES, DRAWS), (333, 777), (DRAWS - 1, DRAWS)]
)
def test_a_range_of_draws_equals_the_whole(plan, start, stop):
    whole = play(plan).isel(draw=slice(start, stop))
    for block_size in (64, 4096):
        part = play(plan, start=start, stop=stop, block_size=block_size)
        assert_same_bits(part, whole)
        np.testing.assert_array_equal(part.draw, np.arange(start, stop))


@pytest.mark.parametrize("plan", PLANS)
def test_more_draws_begin_with_the_same(plan):
    assert_same_bits(play(plan, draws=100), play(plan).isel(draw=slice(100)))


def test_number_of_threads_is_given_back():
    numba.set_num_threads(available_threads())
    play(threads=1, draws=10)
    assert numba.get_num_threads() == available_threads()


@pytest.mark.parametrize("plan", PLANS)
def test_every_seed_is_another_world_and_zero_is_a_seed(plan):
    zero, one, again = play(plan), play(plan, seed=1), play(plan, seed=0)
    assert_same_bits(zero, again)
    for name, values in zero.data_vars.items():
        if values.ndim and name != "accelerators_per_node" and not name.startswith(("cost", "emissions")):
            shared = np.mean(values.values == one[name].values)
            assert shared < (0.05 if name == "accelerators" else 1e-2), name
    assert 0.0 < np.mean(zero.accelerators_per_node == one.accelerators_per_node) < 1.0  # a coin
    assert one.attrs["seed"] == 1
    if plan == "random":
        assert_same_bits(simulate(contract(), stop=DRAWS), zero)  # the default seed is 0


# Promise 2: streams are keyed by name


@pytest.mark.parametrize("plan", PLANS)
def test_fixing_or_freeing_one_input_moves_no_other(plan):
    reference = play(plan)
    changed = {
        "run_overhead": 0.1,  # in the middle of the list
        "tokens": {"family": "uniform", "low": 1e12, "high": 2e12},  # another law
    }
    for name, value in changed.items():
        other = play(plan, **{f"workload__{name}": value})
        for kept, values in inputs_of(reference).items():
            if kept != name:
                assert other[kept].values.tobytes() == values.values.tobytes(), kept
    freed = play(plan, hardware__tdp="600 to 800")
    assert_same_bits(freed[list(inputs_of(reference))].drop_vars("tdp"), reference[list(inputs_of(reference))].drop_vars("tdp"))
    assert freed.tdp.dims == ("draw",)
    untouched = ["wall_clock", "device_hours", "goodput", "interruptions", "accelerators"]
    assert_same_bits(freed[untouched], reference[untouched])
    assert (freed.energy != reference.energy).mean() > 0.99


@pytest.mark.parametrize("plan", PLANS)
def test_outputs_that_do_not_read_an_input_keep_every_bit(plan):
    reference = play(plan)
    priced = play(plan, compute__accelerator_price=30_000)
    assert_same_bits(priced, reference, but=("accelerator_price", "cost", "cost_total"))
    same = {"cost_component": ["electricity"]}
    assert priced.cost.sel(same).values.tobytes() == reference.cost.sel(same).values.tobytes()
    rented = play(plan, compute={"basis": "rent", "rental_price": "2 to 6"}, energy={"pue": DATA["energy"]["pue"]}, correlations=[])
    uncorrelated = play(plan, correlations=[])
    shared = [n for n in rented.data_vars if n in uncorrelated and not n.startswith("cost")]
    assert {"energy", "emissions", "pue", "mfu"} <= set(shared)
    assert_same_bits(rented[shared].drop_vars("cost_component", errors="ignore"), uncorrelated[shared])


@pytest.mark.parametrize("plan", PLANS)
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


@pytest.mark.parametrize("plan", PLANS)
def test_order_of_the_correlation_list_is_irrelevant(plan):
    turned = [[b, a, rho] for a, b, rho in reversed(DATA["correlations"])]
    assert_same_bits(play(plan, correlations=turned), play(plan))


def test_order_of_the_sections_is_irrelevant():
    turned = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in reversed(DATA.items())}
    assert_same_bits(simulate(parse_scenario(turned), SamplingPlan(draws=DRAWS)), play())


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


# What holds in every draw


@pytest.mark.parametrize("plan", PLANS)
def test_identities_of_every_draw(plan):
    ds = play(plan, draws=20_000)
    np.testing.assert_array_equal(ds.device_hours, ds.wall_clock * ds.accelerators)
    np.testing.assert_allclose(ds.cost.sum("cost_component"), ds.cost_total, rtol=4e-16)
    np.testing.assert_allclose(ds.emissions.sum("emission_component"), ds.emissions_total, rtol=4e-16)
    np.testing.assert_allclose(ds.energy, ds.energy_it * ds.pue, rtol=1e-15)
    assert ((ds.goodput > 0) & (ds.goodput <= 1)).all()
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
    "interval": ("fixed", "young1974", "daly2006"),
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
        flop = x["params_active"] * x["tokens"] * 6 if work == "transformer" else x["flop"]
        span = flop / x["accelerators"] / x["peak_flops"] / x["mfu"] / 3600 * (1 + x["run_overhead"])
    save = x["checkpoint_time"]
    if interval == "fixed":
        tau = x["checkpoint_interval"]
    elif interval == "young1974":
        tau = (2 * save * mean_time) ** 0.5
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
    made = x["accelerators"] * x["embodied_accelerator"] + x["accelerators"] / x["accelerators_per_node"] * x["embodied_server"]
    emitted = [
        energy * x["carbon_intensity"] * x["carbon_year_shift"],
        made * wall_clock / x["service_life"] / x["fleet_utilization"],
    ]
    values = [
        wall_clock * x["accelerators"], wall_clock, tau / segment, wall_clock / mean_time, energy_it, energy, sum(cost), sum(emitted),
    ]  # fmt: skip
    return dict(zip(OUTPUTS, [*values, *cost, *emitted], strict=True))


def in_modes(work, interval, basis, depreciation):
    """Return the scenario with these alternatives, whatever they read uncertain."""
    data = copy.deepcopy(DATA)
    data["correlations"] = [["pue", "power_fraction", -0.4]]
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
    assert set(found) == set(OUTPUTS)
    for name in OUTPUTS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-9 if name == "goodput" else 0, err_msg=name)


# NaN in, NaN out


def compiled(scenario, plan=None):
    return compile_arguments(resolve(scenario), plan or SamplingPlan(draws=1))[0]


def run(arguments, draws=1):
    return draw(arguments, 0, draws)[1]


def draw(arguments, start, stop):
    """Return inputs and outputs of a range of draws, as the compiled kernel makes them."""
    inputs, out = np.empty(((arguments.slots >= 0).sum(), stop - start)), np.empty((len(OUTPUTS), stop - start))
    arguments.run(start, stop, inputs, out, first=start, block_size=4096)
    return inputs, out


def certain(modes, **changes):
    """Return the kernel's arguments for constants in these modes: the medians of the uncertain scenario."""
    arguments = compiled(in_modes(*modes))
    constants = arguments.constants.copy()
    for slot in arguments.slots[arguments.slots >= 0]:
        constants[slot] = MEDIANS[INPUTS[slot]]
    for name, value in changes.items():
        constants[INPUTS.index(name)] = value
    empty = compiled(contract_of_constants())
    return replace(empty, constants=constants, modes=arguments.modes)


def contract_of_constants():
    """Return the scenario with every input certain: the kernel has no rows to draw."""
    scenario = copy.deepcopy(DATA) | {"correlations": []}
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
    "server_price_ratio": 1.6, "interconnect_share": 0.19, "depreciation_rate": 0.14, "residual_value": 0.1,
}  # fmt: skip
# stated hours / n · n, and (hours up) / (hours up and down): mathematically without these, and still not known where they are not
CANCELLING = ("accelerators", "checkpoint_interval", "checkpoint_time")
LONG = {"checkpoint_interval": 1e6, "failure_rate": 0.01}  # longer than the run: then the work bounds the interval


@pytest.mark.parametrize(
    ("modes", "changes"),
    [(modes, {}) for modes in MODES] + [(modes, LONG) for modes in MODES if modes[1] == "fixed"],
    ids=lambda value: "-".join(value) or "as usual",
)
def test_nan_reaches_whatever_depends_on_it_and_nothing_else(modes, changes):
    arguments = certain(modes, **changes)
    reference = run(arguments)[:, 0]
    assert np.isfinite(reference).all()
    read = [slot for slot in range(len(INPUTS)) if not np.isnan(arguments.constants[slot])]
    assert {INPUTS[s] for s in read} == set(resolve(in_modes(*modes)).inputs)

    def with_constant(slot, value):
        constants = arguments.constants.copy()
        constants[slot] = value
        return run(replace(arguments, constants=constants))[:, 0]

    reached = set()
    for slot in read:
        constant = arguments.constants[slot]
        depends = np.zeros(len(OUTPUTS), dtype=bool)
        for factor in (1.01, 0.5, 1e9, 1e-9):  # the far ones, where a bound or a saturated share hides the dependence
            depends |= with_constant(slot, constant * factor) != reference
        if INPUTS[slot] == "run_overhead":
            depends |= with_constant(slot, 1e-9 - 1.0) != reference
        reached |= set(np.flatnonzero(depends))
        broken = with_constant(slot, np.nan)
        assert not np.isfinite(broken[depends]).any(), (INPUTS[slot], [OUTPUTS[k] for k in np.flatnonzero(depends & np.isfinite(broken))])
        if modes[0] == "device_hours" and INPUTS[slot] in CANCELLING:
            depends |= np.isnan(broken)
        np.testing.assert_array_equal(broken[~depends], reference[~depends], err_msg=INPUTS[slot])
        assert depends.any(), INPUTS[slot]
    never = {"cost[interconnect]", "cost[electricity]"} if modes[2] == "rent" else set()
    assert {OUTPUTS[k] for k in reached} == set(OUTPUTS) - never


@pytest.mark.parametrize("modes", MODES, ids="-".join)
def test_what_is_not_read_changes_no_bit(modes):
    arguments = certain(modes)
    unread = np.isnan(arguments.constants)
    filled = np.where(unread, [MEDIANS[name] for name in INPUTS], arguments.constants)
    assert unread.any()
    assert run(arguments).tobytes() == run(replace(arguments, constants=filled)).tobytes()


def test_unread_slots_of_uncertain_scenarios_leak_nowhere():
    for modes in MODES:
        out = run(compiled(in_modes(*modes), SamplingPlan(draws=256)), draws=256)
        assert np.isfinite(out).all(), modes


# Tables: one of every kind, read at the score of a standard-normal input to which it is bound

TABLES = {
    "lognormal": ("server_power_ratio", "1.5 to 2.1"),
    "logit-normal": ("mfu", "0.3 to 0.5"),
    "uniform": ("idle_power_fraction", {"family": "uniform", "low": 0.2, "high": 0.6}),
    "gamma": ("carbon_intensity", {"family": "gamma", "mean": 0.4, "sd": 0.1}),
    "pert": ("pue", {"family": "pert", "low": 1.05, "mode": 1.1, "high": 1.4}),
    "choice": ("accelerators_per_node", {"family": "choice", "values": [1, 4, 8], "probabilities": [0.2, 0.3, 0.5]}),
    "count": ("accelerators", "400 to 700"),
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
    arguments, drawn = compile_arguments(resolved, SamplingPlan(draws=draws))
    np.testing.assert_array_equal(arguments.factor, [[1, 0], [1, 0]])
    factor = arguments.factor.copy()
    factor[resolved.correlations.names.index(quantity), 0] = scale
    inputs, out = draw(replace(arguments, factor=factor), 0, draws)
    z = inputs[drawn.index("electricity_price")]
    return z, resolved.inputs[quantity].value.table(scale * z), inputs[drawn.index(quantity)], out


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
    energy = OUTPUTS.index("energy" if name != "gamma" else "emissions_total")
    assert np.isnan(out[energy]).all()


@pytest.mark.parametrize("plan", PLANS)
def test_correlated_scores_are_the_matrix_product_of_independent_ones(plan):
    def scores(ds):
        return np.array([ndtri(inputs[n].value.law.cdf(ds[n].values)) for n in names])

    inputs = resolve(contract()).inputs
    correlations = contract().correlations
    names = correlations.names
    independent, correlated = scores(play(plan, correlations=[])), scores(play(plan))
    tolerance = 1e-7 * np.exp(correlated**2 / 2)  # what the round trip through probabilities costs
    assert (np.abs(correlations.factor @ independent - correlated) < tolerance).all()
    np.testing.assert_array_equal(independent[0], correlated[0])  # the first name keeps its score


# The compiled code and its source


@pytest.mark.parametrize(
    ("plan", "modes"),
    [
        ("random", None),
        ("sobol", None),
        ("random", ("device_hours", "fixed", "rent", "cottier2024")),
        ("random", MODES[-1]),
        ("random", MODES[4]),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value or ["contract"]),
)
def test_a_block_equals_its_source(plan, modes, monkeypatch):
    arguments = compiled(in_modes(*modes) if modes else contract(), SamplingPlan(draws=1024, **PLANS[plan]))
    start, stop = 2 * LANES - 30, 2 * LANES + 30
    found = draw(arguments, start, stop)
    monkeypatch.setattr(static, "wide_vectors", lambda: None)  # a hint to the compiler
    for name in ("philox4x32", "sobol_word"):  # called from Python, they return integers without a width
        law = getattr(static, name)
        monkeypatch.setattr(static, name, lambda *a, law=law: np.array(law(*a), dtype=np.uint64)[()])
    for name, stage in vars(static).items():
        if hasattr(stage, "py_func") and stage.__module__ == static.__name__ and name not in ("run_block", "run_static"):
            monkeypatch.setattr(static, name, stage.py_func)
    source = [np.empty_like(values) for values in found]
    with np.errstate(divide="ignore"):  # 1/0 is inf in compiled code
        static.run_block.py_func(start, stop, start, *[getattr(arguments, field.name) for field in fields(arguments)], *source)
    for a, b in zip(found, source, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
        assert a.std(axis=1).any()


# Compiled code is kept where only its owner writes, and never outlives the sources


def test_cache_folder_falls_back(monkeypatch, tmp_path):
    for name in ("SIMULATOR_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where tempfile looks first
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert jit.cache_folder() == tmp_path / "user" / "training-risk-simulator" / jit.source_hash()
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/proc/none")  # cannot be made, not even by root
    folder = jit.cache_folder()
    assert folder == tmp_path / f"training-risk-simulator-{os.getuid()}" / jit.source_hash()
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert jit.cache_folder() == folder
    monkeypatch.setattr("tempfile.tempdir", "/proc/none")
    assert jit.cache_folder() is None


def test_without_any_cache_folder_kernels_still_compile(monkeypatch):
    monkeypatch.setenv("SIMULATOR_CACHE_DIR", "/proc/none")
    assert jit.cache_folder() is None

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
    folder = jit.cache_folder()
    assert folder == base / jit.source_hash()
    (base if which == "base" else folder).chmod(mode)
    assert jit.cache_folder() is None
    monkeypatch.delenv("SIMULATOR_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    user = jit.cache_folder()
    (user.parent if which == "base" else user).chmod(mode)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert jit.cache_folder() == tmp_path / f"training-risk-simulator-{os.getuid()}" / jit.source_hash()


def test_source_hash_sees_every_source_and_flag(monkeypatch, tmp_path):
    copied = copy_of_package(tmp_path)
    monkeypatch.setattr(jit, "_PACKAGE", copied)
    before = jit.source_hash()
    assert before == jit.source_hash()
    for name in ("model/reliability.py", "stochastic/elementary.py", "stochastic/laws/affine.py", "kernels/static.py", "jit.py"):
        text = (copied / name).read_text(encoding="utf-8")
        (copied / name).write_text(text + "# edited\n", encoding="utf-8")
        assert jit.source_hash() != before, name
        (copied / name).write_text(text, encoding="utf-8")
        assert jit.source_hash() == before
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert jit.source_hash() != before


def copy_of_package(folder):
    target = folder / "simulator"
    shutil.copytree(Path(simulator.__file__).parent, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


PROGRAM = """
import sys
import simulator
from simulator import SamplingPlan, parse_scenario, simulate
from simulator.kernels.static import run_static
ds = simulate(parse_scenario(sys.stdin.read()), SamplingPlan(draws=200))
print(simulator.__file__, sum(run_static.stats.cache_hits.values()), *ds.energy.values.tolist())
"""


def test_an_edited_law_changes_the_next_result_from_an_unwritable_install(tmp_path):
    """Two processes compile: one before and one after a law in another file than the kernel's was edited."""
    package = copy_of_package(tmp_path / "install")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("SIMULATOR_CACHE_DIR", "NUMBA_CACHE_DIR")}
    environment |= {
        "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1",
        "HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "TMPDIR": str(temporary),
    }  # fmt: skip
    data = copy.deepcopy(DATA)
    data["reliability"] |= {"failure_rate": 0, "checkpoint_time": 0}  # energy is proportional to the work then
    text = parse_scenario(data).to_yaml()

    def energies():
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM], env=environment, cwd=temporary, input=text, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        file, hits, *values = done.stdout.split()
        assert Path(file).parent == package
        return int(hits), np.array(values, dtype=float)

    installed = {p: p.stat().st_mtime_ns for p in package.rglob("*")}
    hits, before = energies()
    assert hits == 0
    assert {p: p.stat().st_mtime_ns for p in package.rglob("*")} == installed, "something was written into the package"
    cached = list((temporary / f"training-risk-simulator-{os.getuid()}").rglob("*.nbi"))
    assert cached, "nothing was kept in the fallback folder"
    hits, again = energies()
    assert hits == 1
    np.testing.assert_array_equal(again, before)

    law = package / "model" / "workload.py"
    source = law.read_text(encoding="utf-8")
    assert source.count("return 6.0 * params_active") == 1
    law.write_text(source.replace("return 6.0 * params_active", "return 7.0 * params_active"), encoding="utf-8")
    hits, after = energies()
    assert hits == 0
    np.testing.assert_allclose(after / before, 7 / 6, rtol=1e-14)
