"""What drives an output: every estimator against closed forms, and what it refuses."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from known_indices import KNOWN, matrices
from scipy import stats
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, compare, load_scenario, parse_scenario, save_results, simulate
from simulator.analysis.columns import Column, column
from simulator.analysis.sensitivity.luck import LUCKY_INPUTS, LUCKY_PROCESSES, drawn_inputs, knowable_streams, lucky_streams
from simulator.analysis.sensitivity.rank_correlation import input_columns, rank_correlations
from simulator.analysis.sensitivity.replays import FEWEST_DRAWS
from simulator.analysis.sensitivity.shapley_effects import ORDERS, effects, increments, shapley_effects
from simulator.analysis.sensitivity.sobol_indices import indices, indices_of_rows, rows_of, sobol_indices
from simulator.analysis.sensitivity.tornado import BATCHES, tornado
from simulator.analysis.sensitivity.variance_split import variance_split
from simulator.arguments import PROCESSES
from simulator.cli import _run
from simulator.errors import InputError
from simulator.quantities import QUANTITIES
from simulator.scenario import Scenario, resolve
from simulator.scenario.schema import HOMES

PRICE, HOURS = 0.4, 0.6  # log sd
MEDIAN_PRICE, MEDIAN_HOURS = 3.0, 70_000.0


def lognormal(median: float, sigma: float) -> dict[str, object]:
    return {"family": "lognormal", "median": median, "sigma": sigma}


def product(
    rho: float = 0.0, *, price: object = None, hours: object = None, events: object = (), method: str = "expected_value"
) -> Scenario:
    """Return a scenario whose cost is price times hours, and nothing else is drawn."""
    data = {
        "name": "product",
        "workload": {"device_hours": hours or lognormal(MEDIAN_HOURS, HOURS)},
        "hardware": {"accelerator": "H100 SXM", "accelerators": 256},
        "emissions": {"carbon_intensity": 0.4},
        "compute": {"basis": "rent", "rental_price": price or lognormal(MEDIAN_PRICE, PRICE)},
        "reliability": {"method": "expected_value"},
        "events": list(events),
        "correlations": [["device_hours", "rental_price", rho]] if rho else [],
    }
    keep = {"device_hours", "rental_price"}
    for item in resolve(parse_scenario(data)).inputs.values():
        name = item.value.quantity
        if item.value.table is not None and name not in keep and not item.group:
            data.setdefault(HOMES[name], {})[name] = item.value.median
    return parse_scenario(data)


PLAN = SamplingPlan(draws=8192, seed=1)
#: variance of the log, and of e to its power over the squared mean
OWN_PRICE, OWN_HOURS = math.expm1(PRICE**2), math.expm1(HOURS**2)
VARIANCE = math.expm1(PRICE**2 + HOURS**2)


def student(parts: int) -> float:
    """Return as many errors as 4.5 are of a normal estimate, where so many parts tell the error."""
    return float(stats.t.isf(stats.norm.sf(4.5), parts - 1))


# --- Sobol' indices ---


@pytest.mark.parametrize("name", KNOWN)
def test_indices_of_known_functions_are_the_closed_forms(name):
    a, b, mixed = matrices(name, 20_000, seed=3)
    _, _, first_order, total = KNOWN[name]
    found = [indices(a, b, own) for own in mixed]
    assert_within_mcse([first.value for first, _ in found], first_order, [first.mcse for first, _ in found])
    assert_within_mcse([whole.value for _, whole in found], total, [max(whole.mcse, 1e-12) for _, whole in found])


@pytest.mark.parametrize("name", KNOWN)
def test_indices_are_scipys_of_the_same_matrices(name):
    a, b, mixed = matrices(name, 2**12, seed=4)
    theirs = stats.sobol_indices(func={"f_A": a[None], "f_B": b[None], "f_AB": np.array(mixed)[:, None]}, n=2**12)
    ours = [indices(a, b, own) for own in mixed]
    np.testing.assert_allclose([first.value for first, _ in ours], np.ravel(theirs.first_order), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose([total.value for _, total in ours], np.ravel(theirs.total_order), rtol=1e-10, atol=1e-12)


def test_indices_of_a_product_are_the_closed_form():
    found = sobol_indices(product(), PLAN)
    assert set(found.input.values) == {"rental_price", "device_hours"}
    for name, own, other in (("rental_price", OWN_PRICE, OWN_HOURS), ("device_hours", OWN_HOURS, OWN_PRICE)):
        row = found.sel(input=name)
        assert_within_mcse(row.first_order, own / VARIANCE, row.mcse_first_order)
        assert_within_mcse(row.total, 1.0 - other / VARIANCE, row.mcse_total)
    assert (found.ci_total.sel(ci_bound="lower") < found.total).all()


def test_what_cannot_be_told_from_zero_is_said_and_what_does_nothing_is_nought():
    events = [
        {"name": "cheap", "probability": 0.5, "cost": 100.0},
        {"name": "free", "probability": 0.5, "cost": 0.0},
    ]
    found = sobol_indices(product(events=events), PLAN).set_index(input="input")
    assert found.note.sel(input="event_luck[cheap]").item() == "first-order not distinguishable from zero"
    assert found.kind.sel(input="event_luck[cheap]").item() == "luck"
    nothing = found.sel(input="event_luck[free]")
    assert (nothing.total.item(), nothing.mcse_total.item(), nothing.note.item()) == (0.0, 0.0, "moves the output in no draw")


def test_correlated_inputs_are_refused_by_name_or_grouped():
    with pytest.raises(InputError, match=r"device_hours and rental_price are correlated.*--grouped.*--method shapley"):
        sobol_indices(product(0.5), PLAN)
    found = sobol_indices(product(0.5), PLAN, grouped=True)
    assert found.input.values.tolist() == ["device_hours + rental_price"]
    assert_within_mcse(found.first_order, 1.0, found.mcse_first_order)


def test_a_certain_neighbour_is_no_reason_to_refuse_and_its_score_is_drawn_anew_too():
    scenario = product(0.9, hours=50_000.0)
    assert rows_of(resolve(scenario), grouped=False) == {"rental_price": ("device_hours", "rental_price")}
    found = sobol_indices(scenario, PLAN)
    assert_within_mcse(found.first_order, 1.0, found.mcse_first_order)
    assert_within_mcse(found.total, 1.0, found.mcse_total)


def _columns() -> dict[str, Column]:
    a, b, mixed = matrices("ishigami", 2048, seed=5)
    draws = np.arange(2048)
    return {name: Column("y", own, draws, "here") for name, own in {"A": a, "B": b, "x0": mixed[0], "x1": mixed[1]}.items()}


def _indices(columns: dict[str, Column]) -> xr.Dataset:
    return indices_of_rows(columns["A"], columns["B"], {name: columns[name] for name in ("x0", "x1")}, attributes={"plan": "random"})


@pytest.mark.parametrize("where", ["A", "B", "x1"])
@pytest.mark.parametrize("place", [0, 5, -1])
@pytest.mark.parametrize(("value", "word"), [(math.nan, "1 NaN"), (math.inf, "1 infinite")])
def test_one_draw_that_is_no_number_is_refused(where, place, value, word):
    columns = _columns()
    columns[where].values[place] = value
    with pytest.raises(InputError, match=f"y of {where}: {word} of 2048 draws"):
        _indices(columns)


@pytest.mark.parametrize("where", ["B", "x0"])
def test_permuted_rows_are_refused(where):
    columns = _columns()
    order = np.random.default_rng(0).permutation(2048)
    columns[where] = replace(columns[where], values=columns[where].values[order], draws=order)
    with pytest.raises(InputError, match=f"rows do not belong together: the draws of {where} are in another order than those of A"):
        _indices(columns)


def test_rows_of_results_that_do_not_belong_together_are_refused():
    scenario, plan = product(), SamplingPlan(draws=1024)
    a, b = simulate(scenario, plan), simulate(scenario, plan, seeds={"device_hours": 7, "rental_price": 7})
    mixed = {name: simulate(scenario, plan, seeds={name: 7}) for name in ("device_hours", "rental_price")}
    own = {name: column(results, "cost_total") for name, results in mixed.items()}
    found = indices_of_rows(column(a, "cost_total"), column(b, "cost_total"), own, attributes=a.attrs)
    assert found.sizes["input"] == 2
    reversed_rows = column(b.isel(draw=slice(None, None, -1)), "cost_total")
    with pytest.raises(InputError, match="in another order"):
        indices_of_rows(column(a, "cost_total"), reversed_rows, own, attributes=a.attrs)
    stranger = column(simulate(product(price=4.0), plan), "cost_total")
    with pytest.raises(InputError, match="rows do not belong together: A holds cost_total of scenario"):
        indices_of_rows(column(a, "cost_total"), stranger, own, attributes=a.attrs)
    with pytest.raises(InputError, match="rows do not belong together"):
        indices_of_rows(column(a, "cost_total"), column(b, "energy"), own, attributes=a.attrs)


def test_bands_and_unknown_outputs_are_refused():
    results = simulate(product(), SamplingPlan(draws=16))
    with pytest.raises(InputError, match="bands, not draws"):
        column(results.drop_dims("draw"), "cost_total")
    with pytest.raises(InputError, match=r"draws of several scenarios \(a, b\)\. Choose one"):
        column(compare({"a": product(), "b": product()}, SamplingPlan(draws=16)), "cost_total")
    with pytest.raises(InputError, match="rental_price is not an output"):
        column(results, "rental_price")
    with pytest.raises(InputError, match=r"cost\[gold\] is not an output.*accelerators"):
        column(results, "cost[gold]")
    with pytest.raises(InputError, match="cost_totl is not an output of this scenario; did you mean cost_total"):
        variance_split(product(), PLAN, output="cost_totl")


@pytest.mark.parametrize("function", [sobol_indices, shapley_effects, variance_split])
def test_what_has_no_shares_is_refused(function):
    with pytest.raises(InputError, match=r"1000 draws are too few.* at least 1024 are needed"):
        function(product(), SamplingPlan(draws=FEWEST_DRAWS - 24))
    with pytest.raises(InputError, match=r"plan = 'sobol'.*Use random draws"):
        function(product(), SamplingPlan(draws=4096, plan="sobol"))
    with pytest.raises(InputError, match=r"goodput is .* in every draw"):
        function(product(), SamplingPlan(draws=1024), output="goodput")
    with pytest.raises(InputError, match=r"variance of cost_total cannot be shared out .tail index.*--method tornado or rank"):
        function(product(price=lognormal(3.0, 3.0)), SamplingPlan(draws=1024))


# --- Shapley effects ---


def test_shapley_effects_of_correlated_factors_are_the_closed_form():
    rho = 0.6
    latent = 2.0 * math.sin(math.pi / 6.0 * rho)
    variance = math.expm1(PRICE**2 + HOURS**2 + 2.0 * latent * PRICE * HOURS)
    price, hours = math.expm1((PRICE + latent * HOURS) ** 2), math.expm1((HOURS + latent * PRICE) ** 2)
    found = shapley_effects(product(rho), PLAN).set_index(input="input")
    of_price, of_hours = 0.5 * (price + variance - hours) / variance, 0.5 * (hours + variance - price) / variance
    assert_within_mcse(found.effect.sel(input=["rental_price", "device_hours"]), [of_price, of_hours], found.mcse[0], z=student(ORDERS))
    assert found.effect.sum().item() == pytest.approx(1.0, abs=1e-12)


def test_an_input_that_is_not_read_has_what_its_neighbour_shares():
    """Energy is not the price's affair, but a correlated price tells of the hours."""
    rho = 0.8
    latent = 2.0 * math.sin(math.pi / 6.0 * rho)
    found = shapley_effects(product(rho), SamplingPlan(draws=32_768, seed=1), output="energy").set_index(input="input")
    of_price = 0.5 * math.expm1((latent * HOURS) ** 2) / math.expm1(HOURS**2)
    assert_within_mcse(found.effect.sel(input="rental_price"), of_price, found.mcse.sel(input="rental_price"), z=student(ORDERS))


def test_increments_of_a_chain_sum_to_half_the_mean_squared_change():
    chain = list(np.random.default_rng(0).normal(size=(5, 100)))
    assert increments(chain).sum() == pytest.approx(0.5 * np.mean((chain[0] - chain[-1]) ** 2), rel=1e-12)
    assert effects(np.ones((16, 4)))[0].tolist() == [0.25] * 4


# --- split ---


def test_luck_is_listed_once_and_is_all_there_is():
    assert set(LUCKY_PROCESSES) == set(PROCESSES)
    assert set(LUCKY_INPUTS) == {name for name, q in QUANTITIES.items() if name.endswith("_luck") or name == "history_place"}
    resolved = resolve(product(events=[{"name": "storm", "frequency": "1 per year", "cost": "1k to 2k USD"}]))
    assert lucky_streams(resolved) == ("event_luck[storm]",)
    assert set(knowable_streams(resolved)) == {"rental_price", "device_hours", "event_cost[storm]"}


def test_split_of_a_factor_that_happens_is_the_closed_form():
    probability, factor = 0.3, 2.0
    event = {"name": "rise", "probability": probability, "multiplies": {"rental_price": factor}}
    found = variance_split(product(hours=50_000.0, events=[event]), PLAN)
    mean, spread = 1.0 + (factor - 1.0) * probability, (factor - 1.0) ** 2 * probability * (1.0 - probability)
    parts = np.array([OWN_PRICE * mean**2, spread, OWN_PRICE * spread])
    assert_within_mcse(found.share, parts / parts.sum(), found.mcse)
    assert found.share.values.sum() == 1.0
    mean_price = MEDIAN_PRICE * math.exp(PRICE**2 / 2.0)
    assert_within_mcse(found.sd, 50_000.0 * mean_price * math.sqrt(parts.sum()), found.mcse_sd)


def test_split_of_a_cost_that_happens_has_no_interaction():
    event = {"name": "fine", "probability": 0.3, "cost": 100_000.0}
    found = variance_split(product(hours=50_000.0, events=[event]), PLAN)
    known = (50_000.0 * MEDIAN_PRICE) ** 2 * math.exp(PRICE**2) * OWN_PRICE
    luck = 100_000.0**2 * 0.3 * 0.7
    assert_within_mcse(found.share[:2], np.array([known, luck]) / (known + luck), found.mcse[:2])
    assert abs(found.share[2]) < 1e-12


def test_with_certain_inputs_all_is_luck_and_without_luck_none_is():
    drawn = drawn_inputs(resolve(load_scenario("configs/quickstart.yaml")))
    medians = {item.stream: item.value.median for item in resolve(load_scenario("configs/quickstart.yaml")).inputs.values()}
    scenario = load_scenario("configs/quickstart.yaml", overrides=[f"{name}={medians[name]!r}" for name in drawn])
    certain = variance_split(scenario, SamplingPlan(draws=2048))
    np.testing.assert_array_equal(certain.share, [0.0, 1.0, 0.0])
    assert certain.streams.values[1] == "interruptions"
    known = variance_split(product(), SamplingPlan(draws=2048))
    np.testing.assert_array_equal(known.share, [1.0, 0.0, 0.0])
    np.testing.assert_allclose(known.mcse, 0.0, atol=1e-20)


# --- tornado ---


@pytest.mark.parametrize(("plan", "batches"), [(PLAN, BATCHES), (SamplingPlan(draws=8192, plan="sobol"), 16)], ids=["random", "sobol"])
def test_tornado_of_a_product_is_the_closed_form(plan, batches):
    z = student(batches)
    found = tornado(product(), plan).set_index(input="input")
    ends = np.exp(PRICE * stats.norm.ppf([0.1, 0.9])) * MEDIAN_PRICE
    np.testing.assert_allclose(found.held.sel(input="rental_price"), ends, rtol=1e-6)
    percentiles = MEDIAN_HOURS * np.exp(HOURS * stats.norm.ppf([0.5, 0.9]))
    row = found.sel(input="rental_price")
    assert_within_mcse(row.value, np.outer(ends, percentiles), row.mcse, z=z)
    assert_within_mcse(row.swing, (ends[1] - ends[0]) * percentiles, row.mcse_swing, z=z)
    assert_within_mcse(found.base[0], MEDIAN_PRICE * MEDIAN_HOURS, found.mcse_base[0], z=z)


def test_rounding_is_no_error():
    """Hours that are certain times a price: what the price's ends differ by is the same in every draw, but for the last digit."""
    found = tornado(product(hours=MEDIAN_HOURS), PLAN).set_index(input="input").sel(input="rental_price")
    assert (found.swing > 0.0).all()
    assert found.mcse_swing.values.tolist() == found.sel(end="low").mcse.values.tolist() == [0.0, 0.0]


def test_the_error_of_a_swing_is_that_of_the_paired_difference():
    """Both ends of what matters little are the same draws: their difference is far better known than either."""
    event = {"name": "fine", "probability": 0.3, "cost": "10k to 20k USD"}
    found = tornado(product(events=[event]), PLAN).set_index(input="input")
    fine = found.sel(input="fine")
    assert (fine.mcse_swing < 0.2 * fine.mcse.sel(end="high")).all()
    scenario = product()
    plans = [SamplingPlan(draws=1024, seed=seed) for seed in range(20)]
    rows = [tornado(scenario, own).set_index(input="input").sel(input="rental_price") for own in plans]
    spread = np.std([row.swing.values for row in rows], axis=0, ddof=1)
    told = np.sqrt(np.mean([row.mcse_swing.values**2 for row in rows], axis=0))
    assert (np.abs(np.log(spread / told)) < 4.5 / math.sqrt(2 * 19)).all()


@pytest.mark.parametrize("chance", [{"probability": 0.2}, {"frequency": "0.1 per year"}])
def test_an_event_is_one_bar_of_what_it_costs_once(chance):
    found = tornado(product(events=[{"name": "fine", "cost": 50_000.0, **chance}]), PLAN).set_index(input="input")
    assert set(found.input.values) == {"rental_price", "device_hours", "fine"}
    row = found.sel(input="fine")
    assert row.kind.item() == "event"
    np.testing.assert_allclose(row.swing, 50_000.0, rtol=1e-9)


def test_a_correlated_input_is_held_and_the_others_keep_their_draws():
    found = tornado(product(0.9), PLAN).set_index(input="input").sel(input="rental_price")
    alone = tornado(product(), PLAN).set_index(input="input").sel(input="rental_price")
    assert_within_mcse(found.swing, alone.swing, np.hypot(found.mcse_swing, alone.mcse_swing), z=student(BATCHES))


def test_few_draws_have_no_tornado():
    with pytest.raises(InputError, match="20 draws are too few for P90 and its error; at least 928 are needed: 29 in each of 32 batches"):
        tornado(product(), SamplingPlan(draws=20))
    single = tornado(product(), SamplingPlan(draws=256, plan="sobol", replicates=1))
    assert np.isnan(single.mcse_swing).all()
    assert "use replicates" in single.attrs["note"]


# --- rank correlation ---


def drawn(draws: int, seed: int, *, rounding: int = 8) -> xr.Dataset:
    """Return draws of two correlated inputs, a third, and an output that grows with the first and falls with the second."""
    x, y, z, noise = np.random.default_rng(seed).normal(size=(4, draws))
    y = 0.6 * x + 0.8 * y
    columns = {"mfu": x, "pue": y, "downtime": np.exp(z)}
    data = {name: ("draw", own, {"role": "input"}) for name, own in columns.items()}
    cost = np.exp(x - 0.5 * y + 0.5 * noise).round(rounding)
    data["cost_total"] = "draw", cost, {"role": "output", "units": "USD"}
    return xr.Dataset(data, {"draw": np.arange(draws)}, {"plan": "random", "replicates": 1})


def test_rank_correlations_are_the_closed_form():
    found = rank_correlations(drawn(20_000, 0)).set_index(input="input")
    # of the logarithm: variance 1 + 1/4 - 0.6 + 1/4; covariances 1 - 0.3 with x, 0.6 - 0.5 with y
    pearson = np.array([0.7, 0.1, 0.0]) / math.sqrt(0.9)
    rows = found.sel(input=["mfu", "pue", "downtime"])
    assert_within_mcse(rows.spearman, 6.0 / math.pi * np.arcsin(pearson / 2.0), rows.mcse_spearman)
    assert found.note.sel(input="downtime").item() == "not distinguishable from zero"
    assert found.input.values[0] == "mfu"


def test_the_strongest_are_those_of_all():
    results = drawn(1000, 2)
    found, some = rank_correlations(results), rank_correlations(results, most=2)
    xr.testing.assert_allclose(some, found.isel(input=slice(0, 2)), rtol=1e-12)
    assert some.sizes["input"] == 2


@pytest.mark.parametrize("rounding", [8, 0])
def test_rank_correlations_are_scipys_and_partial_those_of_residuals(rounding):
    results = drawn(1000, 1, rounding=rounding)
    found = rank_correlations(results).set_index(input="input")
    y, x = stats.rankdata(results.cost_total), {name: stats.rankdata(own) for name, own in input_columns(results).items()}
    for name, own in x.items():
        assert found.spearman.sel(input=name).item() == pytest.approx(stats.spearmanr(own, y).statistic, abs=1e-12)
        design = np.column_stack([np.ones(1000), *(other for key, other in x.items() if key != name)])
        left = [ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0] for ranks in (own, y)]
        assert found.partial.sel(input=name).item() == pytest.approx(np.corrcoef(*left)[0, 1], abs=1e-10)


@pytest.mark.parametrize("rounding", [8, 0])
def test_errors_of_rank_correlations_are_their_spread(rounding):
    rows = [
        rank_correlations(drawn(500, seed, rounding=rounding)).set_index(input="input").sel(input=["mfu", "pue"]) for seed in range(300)
    ]
    for name in ("spearman", "partial"):
        spread = np.std([row[name].values for row in rows], axis=0, ddof=1)
        told = np.sqrt(np.mean([row[f"mcse_{name}"].values ** 2 for row in rows], axis=0))
        assert (np.abs(np.log(spread / told)) < 4.5 / math.sqrt(2 * 99)).all()


def test_sobol_points_have_the_errors_of_their_replicates():
    scenario, plan = product(), SamplingPlan(draws=4096, plan="sobol")
    found = rank_correlations(simulate(scenario, plan)).set_index(input="input").sel(input="rental_price")
    pearson = PRICE / math.hypot(PRICE, HOURS)
    assert_within_mcse(found.spearman, 6.0 / math.pi * math.asin(pearson / 2.0), found.mcse_spearman, z=student(16))
    single = rank_correlations(simulate(scenario, SamplingPlan(draws=256, plan="sobol", replicates=1)))
    assert np.isnan(single.mcse_partial).all()
    assert "use replicates" in single.note.values[0]


@pytest.mark.parametrize(("lever", "made"), [("fp8", "peak_flops"), ("sparse_pretraining", "params"), ("pruning", "tokens")])
def test_a_lever_is_one_input_by_its_factor(lever, made):
    results = simulate(load_scenario("configs/quickstart.yaml", levers=[lever]), SamplingPlan(draws=1000))
    found = rank_correlations(results).input.values
    assert made not in found
    assert any(str(name).startswith(f"lever_factor[{lever}: ") for name in found)
    with pytest.raises(InputError, match="determine each other"):
        rank_correlations(results, inputs=[made, *(name for name in found if "lever" in str(name))])


def test_columns_without_ranks_are_refused_by_name():
    results = drawn(64, 0)

    def altered(name: str, values: object) -> xr.Dataset:
        return results.assign({name: ("draw", np.asarray(values, dtype=float), results[name].attrs)})

    lost, infinite = results.pue.values.copy(), results.cost_total.values.copy()
    lost[3], infinite[3] = math.nan, math.inf
    with pytest.raises(InputError, match="pue is NaN in 1 of 64 draws"):
        rank_correlations(altered("pue", lost))
    with pytest.raises(InputError, match="cost_total: 1 infinite of 64 draws"):
        rank_correlations(altered("cost_total", infinite))
    with pytest.raises(InputError, match="pue is 3 in every draw"):
        rank_correlations(altered("pue", np.full(64, 3.0)))
    with pytest.raises(InputError, match="mfu and pue determine each other"):
        rank_correlations(altered("pue", np.exp(results.mfu)))
    with pytest.raises(InputError, match="tokens is no input that was drawn; those are mfu, pue, downtime"):
        rank_correlations(results, inputs=["tokens"])
    with pytest.raises(InputError, match="20 draws are too few for 3 inputs; at least 40 are needed"):
        rank_correlations(results.isel(draw=slice(20)))
    assert rank_correlations(results.isel(draw=slice(20)), inputs=["mfu"]).sizes["input"] == 1


# --- command line ---

QUICK = ["configs/quickstart.yaml", "--set", "reliability.method=expected_value", "--draws", "1024"]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (["--method", "tornado"], "inputs"),
        (["--method", "rank"], "inputs"),
        (["--method", "sobol", "--grouped"], "inputs"),
        (["--method", "split"], "parts"),
    ],
)
def test_every_method_prints_a_table_and_json(options, rows, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # by which stdout is taken for a terminal, of 80 columns
    monkeypatch.setenv("COLUMNS", "80")
    assert _run(["sensitivity", *QUICK, *options], debug=False) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "▇" in text
    assert _run(["sensitivity", *QUICK, *options, "--json"], debug=False) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["method"], data["output"], data["unit"], data["draws"]) == (options[1], "cost_total", "USD", 1024)
    assert len(data[rows]) >= 3
    for row in data[rows].values():
        assert {"mcse", "mcse_partial", "mcse_total"} & set(row)


def test_the_tornado_tells_the_units_of_its_ends(capsys):
    assert _run(["sensitivity", *QUICK], debug=False) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Ends are in USD/h (rental_price); 1/(1000 node-day) (failure_rate); h (checkpoint_time, downtime)." in text
    assert _run(["sensitivity", *QUICK, "--output", "interruptions"], debug=False) == 0
    text = capsys.readouterr().out
    assert "Swing from P10" in text
    assert " ." not in text


def test_the_table_of_ranks_tells_how_often_chance_fills_it(capsys):
    assert _run(["sensitivity", *QUICK, "--method", "rank"], debug=False) == 0
    assert "Of inputs without effect, 5 % stand in the table by chance." in capsys.readouterr().out


def test_saved_draws_have_rank_correlations_and_results_are_saved(tmp_path, capsys):
    save_results(simulate(product(), SamplingPlan(draws=64)), tmp_path / "run.nc")
    target = tmp_path / "rank.nc"
    assert _run(["sensitivity", str(tmp_path / "run.nc"), "--method", "rank", "-o", str(target)], debug=False) == 0
    assert "rental_price" in capsys.readouterr().out
    assert target.exists()
    with xr.open_dataset(target, engine="h5netcdf") as saved:
        assert saved.attrs["method"] == "rank"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*QUICK, "--method", "sobol"], "mfu and power_fraction are correlated"),
        ([*QUICK, "--grouped"], "--grouped is of --method sobol"),
        (["run.nc"], "holds draws, and --method tornado has to play others"),
        (["run.nc", "--method", "rank", "--set", "mfu=0.4"], "leave out --set, or give a CONFIG instead"),
        ([*QUICK, "--output", "cost"], "cost is not an output of this scenario; did you mean cost_total or cost["),
        ([*QUICK, "--output", ""], "an empty name is not an output of this scenario; outputs are goodput, "),
        ([*QUICK, "-o", "x.csv"], "results are written as FILE.nc"),
    ],
)
def test_what_cannot_be_told_exits_with_2(words, message, capsys):
    assert _run(["sensitivity", *words], debug=False) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told) < 700
