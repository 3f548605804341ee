"""Is the bill right: every line against an independent ledger, every part on and off, every future the same whatever stands beside it?"""

import copy
import math

import numba
import numpy as np
import pytest
from ledger_in_numpy import NODES, WEIGHTS, settle
from scipy.special import ndtri
from scipy.stats import spearmanr
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, explain, parse_scenario, simulate
from simulator.arguments import compile_arguments
from simulator.errors import ConfigError
from simulator.kernels.ledger.book import COSTS, EMISSIONS, OUTCOMES
from simulator.model import api, clean_supply, energy
from simulator.quantities import QUANTITIES
from simulator.scenario import resolve
from simulator.scenario.parts import CORE, PARTS

RUN = {
    "name": "ledger",
    "workload": {"params": 7e9, "tokens": "2T tokens", "mfu": "0.30 to 0.45"},
    "hardware": {"accelerator": "H100 SXM", "accelerators": 256},
    "reliability": {"method": "expected_value"},
    "emissions": {"carbon_intensity": "300 to 450 gCO2e/kWh"},
}  # fmt: skip
OWN = {"basis": "own", "accelerator_price": "22k to 45k USD"}
RENT = {"basis": "rent", "rental_price": "1.5 to 4 USD/h"}
UNIT = {"family": "uniform", "low": 0, "high": 1}
PATH = {"price_drift": {"family": "normal", "mean": -0.1, "sd": 0.1}, "price_jump_rate": "2 to 5", "price_jump_size": "0.05 to 0.2"}
#: what is added to the run where everything is on
AROUND = {
    "emissions": {
        "matched_share": "0.5 to 1.5", "supply_variability": "0.5 to 1.2", "matching": "hourly", "residual_intensity": "0.2 to 0.7",
        "embodied_network": "20 to 60", "embodied_building": "300 to 900", "carbon_price": "50 to 190 USD/t",
    },
    "energy": {
        "pue_seasonal_amplitude": 0.02, "backup_share": "0.001 to 0.2", "backup_price": "0.3 to 0.5", "backup_intensity": "0.7 to 0.9",
        "idle_infrastructure_ratio": "0.1 to 0.6",
    },
    "grid": {"start_time": "2027-01-11 to 2027-12-31"},
    "compute": PATH,
    "programme": {
        "preparation_time": "2 to 24 months", "evaluation_time": "1 to 6 months", "research_ratio": "1.2 to 4",
        "abandon_probability": "0.1 to 0.7", "abandon_point": UNIT, "rollback_rate": "5 to 20", "rollback_time": "0.5 to 3 h",
        "teacher_ratio": "0.05 to 0.2", "networking_share": "0.01 to 0.05", "networking_cost": "1k to 5k", "software_share": 0.05,
        "software_cost": "10k to 30k", "support_share": 0.03, "support_cost": "10k to 40k", "insurance_share": 0.003,
        "insurance_cost": "1k to 9k", "tax_rate": "0.02 to 0.1", "discount_rate": "0.03 to 0.15",
    },
    "data": {
        "data_acquisition_cost": "10k to 100k", "data_licence_cost": "100k to 2M", "raw_data": "50 to 300 TB", "scraping_price": "5 to 50",
        "cleaning_price": "20 to 200", "cleaning_energy": "10 to 100", "annotation_items": "10k to 100k", "annotation_price": "1 to 10",
        "annotation_passes": "1 to 3", "synthetic_tokens": "10B to 100B", "synthetic_price": "0.2 to 2 USD/Mtoken",
        "stored_data": "20 to 100", "storage_replicas": "1.2 to 3", "storage_price": "20 to 25", "checkpoint_size": "0.05 to 0.2",
        "checkpoints_kept": "10 to 40", "retrieved_data": "50 to 200", "retrieval_price": "1 to 10", "egress_data": "10 to 100",
        "egress_price": "50 to 90",
    },
    "people": [
        {"name": "researchers", "headcount": "10 to 30", "fte_share": "0.3 to 0.8", "salary": "140k to 265k USD/yr",
         "pay_overhead": "0.25 to 0.4", "equity": "35k to 500k USD/yr"},
        {"name": "engineers", "headcount": "5 to 20", "fte_share": "0.3 to 0.8", "salary": "120k to 225k USD/yr",
         "pay_overhead": "0.25 to 0.4", "equity": 0},
    ],
    "water": {"wue_on": "0.1 to 1", "wue_off": "1 to 6"},
    "improvement": {
        "improvement_horizon": "1 to 14 years", "refresh_interval": "4 to 12 months", "refresh_ratio": "0.05 to 0.2",
        "refresh_growth": "0.1 to 0.5", "renewal_interval": "1 to 3 years", "renewal_gain": "0.1 to 0.18",
    },
    "buying": {
        "demand_in": "1B to 1T tokens/month", "demand_out": "2B tokens/month", "demand_growth": "0.2 to 1", "api_price_in": "2 to 3",
        "api_price_out": "10 to 15", "api_price_drift": {"family": "normal", "mean": -0.7, "sd": 0.3}, "serving_price": "0.3 to 3",
        "buy_horizon": "1 to 5 years",
    },
    "events": [
        {"name": "export control", "probability": "0.2 to 0.6", "cost": "1k to 9k", "delay": "3 to 12 months",
         "multiplies": {"power_fraction": "0.7 to 3", "pue": "0.6 to 1.1"}},
        {"name": "regional outage", "frequency": "0.5 to 2", "cost": "10k to 100k", "delay": "1 to 10 days"},
        {"name": "lawsuit", "probability": 0.3, "cost": "100k to 10M", "delay": "1 to 9 days"},
    ],
}  # fmt: skip
#: what is added to that where accelerators are owned, and where they are rented
BY_BASIS = {
    "own": {
        "energy": {"grid_fee": "0.01 to 0.03", "demand_charge": "5 to 20 USD/(kW month)", "price_year_shift": "0.8 to 1.3"},
        "compute": {
            "facility_price": "8k to 15k", "facility_life": "10 to 20 years", "maintenance_rate": "0.03 to 0.07",
            "decommissioning_share": "0.01 to 0.03",
        },
    },
    "rent": {
        "compute": {
            "reserved_share": "0.3 to 0.6", "spot_share": "0.1 to 0.7", "reserved_discount": "0.2 to 0.4", "spot_discount": "0.3 to 0.5",
            "provider_spread": "0.7 to 1.4", "commitment_time": "200 to 1000 h", "facility_life": "10 to 20 years",
        },
    },
}  # fmt: skip
BASES = {"own": OWN, "rent": RENT}
both_bases = pytest.mark.parametrize("basis", BASES)
DRAWS = 150  # more than one group of lanes


@pytest.fixture(autouse=True)
def _one_thread():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def merged(*parts):
    """Return nested data, later parts over earlier ones; None takes a key away."""
    out = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(out.get(key), dict) and "family" not in value
            out[key] = merged(out[key], value) if both else copy.deepcopy(value)
            if value is None:
                del out[key]
    return out


def bare(basis, *changes):
    return merged(RUN, {"compute": BASES[basis]}, *changes)


def full(basis, *changes):
    return merged(RUN, {"compute": BASES[basis]}, AROUND, BY_BASIS[basis], *changes)


def play(data, draws=DRAWS, *, start=0, stop=None, **plan):
    return simulate(parse_scenario(data), SamplingPlan(draws=draws, **({"threads": 1} | plan)), start=start, stop=stop)


def columns(ds, role="output"):
    """Return every output by name, components apart, with one value for each draw."""
    found = {}
    for name, v in ds.data_vars.items():
        if v.attrs["role"] != role:
            continue
        others = [d for d in v.dims if d != "draw"]
        if not others:
            found[name] = v.values
            continue
        for member in ds[others[0]].values:
            found[f"{name}[{member}]"] = v.sel({others[0]: member}).values
    return found


def changed(a, b):
    """Return the outputs of which a bit differs, and those that only one of the two has."""
    a, b = columns(a), columns(b)
    return {name for name in a.keys() | b.keys() if name not in a or name not in b or a[name].tobytes() != b[name].tobytes()}


def of_draw(ds, i):
    """Return the scalars, people and events of one draw as the independent ledger reads them."""
    row = ds.isel(draw=i)
    x = {name: v.item() for name, v in row.data_vars.items() if not v.dims}
    people, events = {}, {}
    for dimension, fields, found, prefix in (
        ("person_class", ("headcount", "fte_share", "salary", "pay_overhead", "equity"), people, ""),
        ("risk", ("probability", "frequency", "cost", "delay", "luck"), events, "event_"),
    ):
        for member in row[dimension].values if dimension in row.dims else ():
            known = [f for f in fields if prefix + f in row]
            found[str(member)] = {f: row[prefix + f].sel({dimension: member}).item() for f in known}
    return x, people, events


# The independent ledger


@pytest.mark.parametrize(
    ("basis", "changes"),
    [
        ("own", {}),
        ("own", {"compute": {"depreciation": "straight_line", "residual_value": "0.05 to 0.3"}}),
        ("own", {"energy": {"currency": "EUR", "electricity_price": "0.05 to 0.15"}, "programme": {"preparation_time": 0}}),
        ("rent", {}),
        (
            "rent",
            {
                "emissions": {"matching": "annual", "supply_variability": None, "residual_intensity": None},
                "programme": {"preparation_time": None},
            },
        ),
    ],
    ids=["own", "own by line", "own in euros at once", "rent", "rent at the grid's intensity"],
)
def test_every_line_equals_an_independent_ledger(basis, changes):
    ds = play(full(basis, changes), seed=5)
    found = columns(ds)
    kept = {name for name in found if name.partition("[")[0] not in ("goodput", "interruptions", "device_hours", "wall_clock", "energy_it")}
    depreciation = changes.get("compute", {}).get("depreciation", "cottier2024")
    hourly = changes.get("emissions", {}).get("matching", "hourly") == "hourly"
    rows = []
    for i in range(DRAWS):
        x, people, events = of_draw(ds, i)
        rows.append(settle(i, x, people, events, basis=basis, seed=5, depreciation=depreciation, hourly=hourly))
    assert set(rows[0]) <= kept
    missing = kept - set(rows[0])
    if basis == "rent":  # inside the rent
        inside = {f"cost[{name}]" for name in (*COSTS[1:9], "idle_infrastructure")}
        assert missing == inside
    else:
        assert missing == {"cost[idle_commitment]"}
    for name in kept:
        expected = np.array([row.get(name, 0.0) for row in rows])
        scale = 1e-12 * (np.abs(found["cost_total"]) if name.startswith("spending") else 0.0)  # a year holds what no other does
        known = np.isfinite(expected)
        error = np.abs(found[name] - np.where(known, expected, 0.0))
        np.testing.assert_array_equal(found[name][~known], expected[~known], err_msg=name)
        assert (error[known] <= (1e-12 * np.abs(expected) + scale)[known]).all(), name


def test_everything_is_on_in_what_is_compared():
    seen = set()
    for basis in BASES:
        resolved = resolve(parse_scenario(full(basis)))
        seen |= set(resolved.choices.parts)
        ds = play(full(basis))
        for name, values in columns(ds).items():
            dead = {f"cost[{c}]" for c in COSTS if c == "idle_commitment"} if basis == "own" else set()
            dead |= {f"cost[{c}]" for c in (*COSTS[1:9], "idle_infrastructure")} if basis == "rent" else set()
            assert values.any() != (name in dead), name
        # no branch of the ledger is left out
        assert {0, 1} <= set(np.unique(ds.event_occurrences.sel(risk="lawsuit")))
        assert ds.event_occurrences.sel(risk="regional outage").max() > 2
        assert ds.abandoned_runs.max() > 2
        assert np.isinf(ds.break_even_demand).any()
        assert np.isfinite(ds.break_even_demand).any()
        assert (ds.matched_share > 1).any()
        if basis == "rent":
            assert {True, False} == set(np.unique(ds.reserved_share + ds.spot_share > 1))
        assert (ds.spending.sel(year=11) > 0).any()
    assert seen == set(PARTS)


# Sums


@both_bases
def test_parts_sum_to_the_whole(basis):
    ds = play(full(basis))
    np.testing.assert_allclose(ds.cost.sum("cost_component"), ds.cost_total, rtol=1e-14)
    np.testing.assert_allclose(ds.emissions.sum("emission_component"), ds.emissions_total, rtol=1e-14)
    np.testing.assert_allclose(ds.pay.sum("person_class"), ds.cost.sel(cost_component="people"), rtol=1e-14)
    np.testing.assert_array_equal(ds.water_on_site + ds.water_off_site, ds.water)
    events = (ds.event_occurrences * ds.event_cost).sum("risk")
    np.testing.assert_allclose(events, ds.cost.sel(cost_component="events"), rtol=1e-14)
    np.testing.assert_allclose(ds.api_cost - ds.serving_cost - ds.cost_total, ds.building_saves, rtol=1e-13)


@both_bases
@pytest.mark.parametrize("preparation", [0, "2 to 40 months"])
def test_spending_sums_to_the_bill_where_nothing_is_discounted(basis, preparation):
    ds = play(full(basis, {"programme": {"discount_rate": 0, "preparation_time": preparation}}))
    np.testing.assert_allclose(ds.spending.sum("year"), ds.cost_total, rtol=1e-13)
    discounted = play(full(basis, {"programme": {"preparation_time": preparation}}))
    assert (discounted.spending.sum("year") > discounted.cost_total).any()


def test_time_is_paid_for_and_nothing_else():
    soon, late = (
        play(full("own", {"programme": {"preparation_time": t}, "compute": dict.fromkeys(PATH), "events": None}))
        for t in ("1 month", "13 months")
    )
    np.testing.assert_allclose(late.programme_time - soon.programme_time, 8766.0, rtol=1e-12)
    for name in ("people", "storage"):
        assert (late.cost.sel(cost_component=name) > soon.cost.sel(cost_component=name)).all()
    moved = {name for name in changed(soon, late) if not name.startswith("spending")}
    assert moved == WAITED | SPENT


def test_cost_and_emissions_share_their_draws():
    ds = play(full("own", {"workload": {"tokens": "0.2T to 2T tokens"}}), 2000)
    assert len(np.unique(ds.salary.sel(person_class="researchers"))) == 2000
    run = ds.cost.sel(cost_component=["accelerators", "electricity"]).sum("cost_component")
    assert spearmanr(run, ds.emissions.sel(emission_component="operational"))[0] > 0.5


@both_bases
def test_break_even_is_where_renting_costs_the_same(basis):
    data = full(basis, {"buying": {"demand_in": 0, "demand_out": 1e9, "serving_price": 0.3, "api_price_out": 12}})
    ds = play(data, 8)
    assert np.isfinite(ds.break_even_demand).all()
    for draw in ds.draw.values:
        one = full(basis, data, {"buying": {"demand_out": float(ds.break_even_demand[draw])}})
        again = play(one, 8).isel(draw=draw)
        assert abs(again.building_saves) < 1e-9 * again.cost_total


def test_any_volume_is_enough_where_building_costs_less_than_nothing():
    paid = {"energy": {"electricity_price": -90}, "buying": {"serving_price": 0.3, "api_price_out": 12}}
    ds = play(full("own", paid), 200)
    gift, saves = (ds.cost_total < 0).values, (ds.api_cost > ds.serving_cost).values
    assert (gift & saves).any()
    assert (~gift & saves).any()
    np.testing.assert_array_equal(ds.break_even_demand.values == 0, gift & saves)
    np.testing.assert_array_equal(np.isinf(ds.break_even_demand.values), ~saves)


# Parts, on and off

#: what doubles with each price or amount
DOUBLING = {
    "facility_price": "cost[facility]", "maintenance_rate": "cost[maintenance]", "decommissioning_share": "cost[decommissioning]",
    "demand_charge": "cost[demand_charge]", "backup_price": "cost[backup_generation]", "backup_intensity": "emissions[backup_generation]",
    "grid_fee": "cost[grid_fees]", "embodied_network": "emissions[embodied_network]",
    "embodied_building": "emissions[embodied_building]", "carbon_price": "cost[carbon_price]", "tax_rate": "cost[taxes]",
    "idle_infrastructure_ratio": "cost[idle_infrastructure] emissions[idle_infrastructure]",
    "teacher_ratio": "cost[teacher] emissions[teacher]", "data_acquisition_cost": "cost[data_acquisition]",
    "data_licence_cost": "cost[data_licences]", "scraping_price": "cost[data_scraping]", "cleaning_price": "cost[data_cleaning]",
    "cleaning_energy": "emissions[data_cleaning]", "raw_data": "cost[data_scraping] cost[data_cleaning] emissions[data_cleaning]",
    "annotation_price": "cost[annotation]", "annotation_items": "cost[annotation]", "annotation_passes": "cost[annotation]",
    "synthetic_price": "cost[synthetic_data]", "synthetic_tokens": "cost[synthetic_data]", "storage_price": "cost[storage]",
    "storage_replicas": "cost[storage]", "refresh_ratio": "cost[continuous_improvement] emissions[continuous_improvement]",
    "serving_price": "serving_cost", "wue_on": "water_on_site", "wue_off": "water_off_site", "provider_spread": "cost[accelerators]",
    "abandon_point": "cost[abandoned_runs] emissions[abandoned_runs]",
}  # fmt: skip
_SECTION = {name: section for section, items in full("own").items() if isinstance(items, dict) for name in items}
_SECTION |= {name: section for section, items in full("rent").items() if isinstance(items, dict) for name in items}


@pytest.mark.parametrize("name", DOUBLING)
def test_doubling_a_price_doubles_its_line(name):
    basis = "rent" if name == "provider_spread" else "own"
    small = {"abandon_point": 0.25, "backup_price": 0.4, "decommissioning_share": 0.02}.get(name, 2.0)
    alone = {"events": None} if name == "abandon_point" else {}  # more happens in more time, and delays move prices
    once = {_SECTION[name]: {name: small}} | alone
    twice = {_SECTION[name]: {name: 2 * small}} | alone
    one, two = columns(play(full(basis, once))), columns(play(full(basis, twice)))
    doubled = {o for o in one if one[o].any() and np.allclose(two[o], 2 * one[o], rtol=1e-13, atol=0)}
    lines = set(DOUBLING[name].split())
    assert lines <= doubled
    others = {o for o in one if one[o].tobytes() != two[o].tobytes() and not o.startswith("spending")} - lines
    assert others <= set().union(*(moved_by(part, basis) for part in PARTS if name in PARTS[part].off))
    for kind, total in (("cost[", "cost_total"), ("emissions[", "emissions_total")):
        own = [o for o in lines if o.startswith(kind)]
        if own:
            assert (two[total] > one[total])[sum(one[o] for o in own) > 0].all()


BARE = {"accelerators", "interconnect", "electricity", "operational", "embodied_accelerators", "embodied_servers"}


@both_bases
def test_what_nobody_asked_for_is_nought(basis):
    ds = play(bare(basis))
    alive = {name for name in COSTS if ds.cost.sel(cost_component=name).values.any()}
    alive |= {name for name in EMISSIONS if ds.emissions.sel(emission_component=name).values.any()}
    assert alive == (BARE if basis == "own" else BARE - {"interconnect", "electricity"})
    assert not {"spending", "pay", "event_occurrences", "api_cost", "break_even_demand"} & set(ds.data_vars)
    for name, same in (("device_hours_total", "device_hours"), ("energy_total", "energy"), ("programme_time", "wall_clock")):
        np.testing.assert_array_equal(ds[name], ds[same])
    assert not ds.abandoned_runs.any()
    np.testing.assert_allclose(ds.emissions_market, ds.emissions.sel(emission_component="operational"), rtol=1e-15)


#: sums that every line of cost, every line of emissions moves
SPENT = {"cost_total", "cost[taxes]", "building_saves", "break_even_demand"}
EMITTED = {"emissions_total", "cost[carbon_price]", "cost_total", "building_saves", "break_even_demand"}
#: of the run's compute, and what costs or emits a multiple of it
OF_COMPUTE = {
    f"cost[{name}]"
    for name in (
        "rollbacks", "abandoned_runs", "research_compute", "teacher", "networking", "software", "support", "insurance",
        "continuous_improvement",
    )
}  # fmt: skip
OF_RUN = {f"emissions[{name}]" for name in ("rollbacks", "abandoned_runs", "research_compute", "teacher", "continuous_improvement")}
HELD = {"cost[accelerators]", "cost[interconnect]", "cost[maintenance]", "cost[decommissioning]"}
CONSUMED = {"energy_total", "water", "water_on_site", "water_off_site", "emissions_location", "emissions_market"}
TOTALS = {"device_hours_total", *CONSUMED}
SHARES = {f"cost[{name}]" for name in ("networking", "software", "support", "insurance")}
#: what lasts as long as the programme
WAITED = {"api_cost", "cost[storage]", "cost[people]", "pay[researchers]", "pay[engineers]", "programme_time"}
POWERED = {"cost[electricity]", "cost[grid_fees]", "cost[demand_charge]", "cost[backup_generation]", "cost[idle_infrastructure]"}


def moved_by(part, basis):
    """Return the outputs, spending apart, that switching a part off in a full scenario moves."""
    own = basis == "own"

    def paid(*lines):
        return set(lines) | SPENT

    of_compute = OF_COMPUTE | SPENT
    of_run = OF_RUN | EMITTED
    unused = set() if own else {"cost[idle_commitment]"}
    price = (HELD if own else {"cost[accelerators]", "cost[idle_commitment]"}) | of_compute
    return {
        "schedule": WAITED | SPENT | price | {"event_occurrences[regional outage]", "cost[events]"},
        "rental_mix": {"cost[accelerators]", "cost[idle_commitment]"} | of_compute,
        "provider_spread": {"cost[accelerators]", "cost[idle_commitment]"} | of_compute,
        "idle_commitment": paid("cost[idle_commitment]"),
        "price_path": price,
        "facility": of_compute | {"cost[facility]"},
        "maintenance": of_compute | {"cost[maintenance]"},
        "decommissioning": of_compute | {"cost[decommissioning]"},
        "grid_fees": of_compute | {"cost[grid_fees]", "cost[idle_infrastructure]"},
        "demand_charge": of_compute | {"cost[demand_charge]"},
        "seasonal_pue": (POWERED | of_compute if own else set())
        | {"energy", "emissions[operational]", "emissions[backup_generation]", "emissions[idle_infrastructure]"}
        | CONSUMED
        | of_run,
        "backup_generation": (({"cost[electricity]", "cost[grid_fees]", "cost[backup_generation]"} | of_compute) if own else set())
        | {"emissions[operational]", "emissions[backup_generation]"}
        | CONSUMED - {"energy_total", "water_on_site"}
        | of_run,
        "idle_infrastructure": (paid("cost[idle_infrastructure]") if own else set())
        | {"emissions[idle_infrastructure]"}
        | CONSUMED
        | EMITTED,
        "research_compute": paid("cost[research_compute]") | {"emissions[research_compute]"} | EMITTED | TOTALS | SHARES | unused,
        "teacher": paid("cost[teacher]") | {"emissions[teacher]"} | EMITTED | TOTALS | SHARES | unused,
        "abandoned_runs": paid("cost[abandoned_runs]")
        | {"emissions[abandoned_runs]", "abandoned_runs"}
        | EMITTED
        | TOTALS
        | SHARES
        | WAITED
        | price
        | unused
        | {"event_occurrences[regional outage]", "cost[events]"},
        "data_acquisition": paid("cost[data_acquisition]"),
        "data_licences": paid("cost[data_licences]"),
        "data_scraping": paid("cost[data_scraping]"),
        "data_cleaning": paid("cost[data_cleaning]") | {"emissions[data_cleaning]"} | CONSUMED | EMITTED,
        "annotation": paid("cost[annotation]"),
        "synthetic_data": paid("cost[synthetic_data]"),
        "storage": paid("cost[storage]"),
        "data_transfer": paid("cost[data_transfer]"),
        **{name: paid(f"cost[{name}]") for name in ("networking", "software", "support", "insurance", "taxes")},
        "carbon_price": {"cost[carbon_price]", "cost_total", "building_saves", "break_even_demand"},
        "continuous_improvement": paid("cost[continuous_improvement]")
        | {"emissions[continuous_improvement]"}
        | CONSUMED
        | EMITTED,
        "matching": {"emissions_market"},
        "residual_mix": {"emissions_market"},
        "embodied_network": {"emissions[embodied_network]"} | of_run,
        "embodied_building": {"emissions[embodied_building]"} | of_run,
        "water": {"water", "water_on_site", "water_off_site"},
        "build_or_buy": {"api_cost", "serving_cost", "building_saves", "break_even_demand"},
    }[part]  # fmt: skip


# `rollbacks` lengthens the run itself, and moves everything
SWITCHED = [(part, basis) for basis in BASES for part, p in PARTS.items() if p.basis in ("", basis) and part != "rollbacks"]


@pytest.mark.parametrize(("part", "basis"), SWITCHED)
def test_a_part_that_is_switched_off_is_nought_and_moves_nothing_else(part, basis):
    on = play(full(basis))
    off = play(full(basis, {"components": {part: False}}, NEEDED_ONLY_BY.get(part, {})))
    moved = {name for name in changed(on, off) if not name.startswith("spending")}
    assert moved == moved_by(part, basis)
    for dimension, quantity in (("cost_component", "cost"), ("emission_component", "emissions")):
        if part in on[dimension].values:
            assert not off[quantity].sel({dimension: part}).values.any()
    before, after = columns(on, "input"), columns(off, "input")
    assert set(after) <= set(before)
    for name in after:  # common random numbers
        assert after[name].tobytes() == before[name].tobytes(), name
    gone = {name.partition("[")[0] for name in set(before) - set(after)}
    assert gone <= {*PARTS[part].off, *PARTS[part].reads}


#: what no other part reads: it is not stated in vain
NEEDED_ONLY_BY = {"seasonal_pue": {"grid": None}}


@both_bases
@pytest.mark.parametrize("part", ["rollbacks", *CORE])
def test_every_component_can_be_switched_off(part, basis):
    off = play(full(basis, {"components": {part: False}}))
    for dimension, quantity in (("cost_component", "cost"), ("emission_component", "emissions")):
        if part in off[dimension].values:
            assert not off[quantity].sel({dimension: part}).values.any()
    np.testing.assert_allclose(off.cost.sum("cost_component"), off.cost_total, rtol=1e-14)
    np.testing.assert_allclose(off.emissions.sum("emission_component"), off.emissions_total, rtol=1e-14)
    if part == "operational":  # data are cleaned, and water is used, as before
        on = play(full(basis))
        moved = {name for name in changed(on, off) if not name.startswith("spending")}
        assert moved == {"emissions[operational]"} | OF_RUN | EMITTED
    if part == "rollbacks":  # as if loss never spiked
        stated = ("rollback_rate", "rollback_time")
        never = play(full(basis, {"programme": dict.fromkeys(stated, None)}))
        assert changed(off, never) == set()


@pytest.mark.parametrize("part", [part for part in PARTS if part not in ("rollbacks", "seasonal_pue")])
def test_switching_a_part_on_leaves_the_run_and_every_other_line(part):
    basis = "rent" if part == "price_path" else PARTS[part].basis or "own"  # what is bought now is bought at today's price
    off = play(bare(basis, {"components": {"water": False}}))
    on = play(bare(basis, {"components": {"water": False} | {part: True}}, STATED.get(part, {})))
    before, after = columns(off), columns(on)
    inputs, more = columns(off, "input"), columns(on, "input")
    for name in inputs:
        assert inputs[name].tobytes() == more[name].tobytes(), name
    assert set(more) - set(inputs)
    lines = {f"cost[{part}]", f"emissions[{part}]", *BESIDE.get(part, ())}
    for name in before:
        if name in lines or name in SUMS_OF_IT:
            continue
        assert before[name].tobytes() == after[name].tobytes(), name
    assert any(name not in before or before[name].tobytes() != after[name].tobytes() for name in after)


#: what a part has no default for
STATED = {"idle_commitment": {"compute": {"commitment_time": "300 to 900 h"}}}
#: what a part changes beside the line of its name
BESIDE = {
    "rental_mix": {"cost[accelerators]"}, "provider_spread": {"cost[accelerators]"}, "idle_commitment": {"cost[accelerators]"},
    "price_path": {"cost[accelerators]"}, "schedule": {"programme_time"}, "abandoned_runs": {"programme_time", "abandoned_runs"},
    "backup_generation": {"cost[electricity]", "emissions[operational]"},
}  # fmt: skip
SUMS_OF_IT = {"cost_total", "emissions_total", *TOTALS}


def test_rent_holds_the_electricity_and_its_emissions_count():
    ds = play(full("rent"))
    assert not ds.cost.sel(cost_component=["electricity", "grid_fees", "demand_charge", "backup_generation", "facility"]).values.any()
    assert (ds.emissions.sel(emission_component="operational") > 0).all()
    assert (ds.emissions.sel(emission_component="backup_generation") > 0).all()
    dearer = play(full("rent", {"emissions": {"carbon_intensity": "600 to 900 gCO2e/kWh"}}))
    assert (dearer.emissions_total > ds.emissions_total).all()


@both_bases
def test_both_accounts_and_the_components_hold_the_same_energy(basis):
    unmatched = {"matched_share": None, "supply_variability": None, "matching": None, "residual_intensity": None}
    nothing_made = dict.fromkeys(("embodied_accelerator", "embodied_server", "embodied_network", "embodied_building"), 0)
    ds = play(full(basis, {"emissions": unmatched | nothing_made}))
    np.testing.assert_allclose(ds.emissions_market, ds.emissions_location, rtol=1e-14)
    np.testing.assert_allclose(ds.emissions_total, ds.emissions_location, rtol=1e-13)
    assert (ds.emissions_location > 1.2 * ds.emissions.sel(emission_component="operational")).all()


def test_refreshes_pay_the_price_of_hardware_then_and_that_of_the_rest_now():
    refreshed = {
        "energy": {"pue": 1.0, "electricity_price": 0.1}, "programme": {"discount_rate": 0},
        "improvement": {
            "improvement_horizon": "1 year", "refresh_interval": "1 year", "refresh_ratio": 0.5, "refresh_growth": 0,
            "renewal_interval": "9 years", "renewal_gain": 0,
        },
    }  # fmt: skip
    still = {"price_jump_rate": 0, "price_jump_size": 0}
    steady, falling = (play(bare("own", refreshed, {"compute": still | {"price_drift": drift}})) for drift in (0, -1))
    cost = falling.cost.to_dataset("cost_component")
    hardware, since = cost.accelerators + cost.interconnect, (falling.wall_clock + 8766) / 8766
    np.testing.assert_allclose(cost.continuous_improvement, 0.5 * (cost.electricity + hardware * np.exp(-since)), rtol=1e-12)
    cost = steady.cost.to_dataset("cost_component")
    np.testing.assert_allclose(cost.continuous_improvement, 0.5 * steady.cost.sum("cost_component") / 1.5, rtol=1e-12)


@both_bases
def test_the_calendar_knows_no_discount(basis):
    soon, late = (play(full(basis, {"programme": {"discount_rate": rate}})) for rate in (0, 0.2))
    np.testing.assert_allclose(soon.spending, late.spending, rtol=1e-12, atol=1e-3)
    np.testing.assert_array_equal(soon.emissions_total, late.emissions_total)
    for name in ("continuous_improvement", "taxes", "carbon_price"):
        a, b = (ds.cost.sel(cost_component=name) for ds in (soon, late))
        assert ((b < a) | (a == 0)).mean() > 0.9, name


def test_reserved_accelerators_do_not_idle_while_research_uses_them():
    reserved = {
        "compute": {"reserved_share": 0.5, "reserved_discount": 0.2, "spot_share": 0, "spot_discount": 0, "commitment_time": 4000},
        "workload": {"params": None, "tokens": None, "mfu": None, "device_hours": 256 * 1000.0},
    }  # fmt: skip
    for ratio, idle in ((1.0, 3000.0), (2.5, 1500.0), (4.5, 0.0)):
        ds = play(bare("rent", reserved, {"programme": {"research_ratio": ratio}}), 8)
        expected = idle * 256 * 0.5 * 0.8 * ds.rental_price
        np.testing.assert_allclose(ds.cost.sel(cost_component="idle_commitment"), expected, rtol=1e-12)


# Common random numbers


@both_bases
def test_one_more_event_moves_no_other(basis):
    few = play(full(basis))
    more = [*AROUND["events"][:1], {"name": "war", "frequency": 3, "cost": 1000000.0}, *AROUND["events"][1:]]
    many = play(full(basis, {"events": more}))
    assert set(many.risk.values) - set(few.risk.values) == {"war"}
    assert many.event_occurrences.sel(risk="war").values.any()
    others = many.sel(risk=few.risk)
    moved = {name for name in changed(few, others) if not name.startswith("spending")}
    assert moved == {"cost[events]", "cost_total", "building_saves", "break_even_demand"}
    a, b = columns(few, "input"), columns(others, "input")
    assert a.keys() == b.keys()
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)


@both_bases
def test_one_more_class_of_people_moves_no_other(basis):
    few = play(full(basis))
    more = [{"name": "lawyers", "headcount": "1 to 4", "fte_share": 0.2, "salary": "150k to 400k", "equity": 0}, *AROUND["people"]]
    many = play(full(basis, {"people": more}))
    others = many.sel(person_class=few.person_class)
    moved = {name for name in changed(few, others) if not name.startswith("spending")}
    assert moved == {"cost[people]", "cost_total", "building_saves", "break_even_demand"}
    a, b = columns(few, "input"), columns(others, "input")
    assert a.keys() == b.keys()
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)


# Bits


@both_bases
def test_threads_blocks_and_ranges_change_no_bit_of_the_bill(basis):
    whole = play(full(basis), 700)
    for threads, block_size in ((2, 4096), (1, 1), (2, 37), (1, 129)):
        again = play(full(basis), 700, threads=threads, block_size=block_size)
        assert changed(whole, again) == set(), (threads, block_size)
    for start, stop in ((0, 1), (127, 130), (129, 700), (511, 513), (699, 700)):
        assert changed(whole.isel(draw=slice(start, stop)), play(full(basis), 700, start=start, stop=stop)) == set(), (start, stop)


def test_seeds_are_other_worlds():
    a, b = columns(play(full("rent"))), columns(play(full("rent"), seed=1))
    alive = {name for name in a if a[name].any() and not name.startswith(("spending", "event_"))}
    assert all((a[name] != b[name]).any() for name in alive)


# Events


def test_an_event_multiplies_where_it_happens_and_only_there():
    base = bare("own", {"hardware": {"power_fraction": "0.6 to 0.9"}, "energy": {"pue": "1.1 to 1.3"}})
    event = {
        "name": "heat",
        "probability": 0.4,
        "multiplies": {"power_fraction": "1.1 to 1.9", "pue": "0.6 to 1.2", "fleet_utilization": 0.5},
    }
    never, ever = play(base), play(merged(base, {"events": [event]}))
    here = ever.event_occurrences.sel(risk="heat").values == 1
    np.testing.assert_array_equal(here, ever.event_luck.sel(risk="heat").values < 0.4)
    assert 0.2 * DRAWS < here.sum() < 0.6 * DRAWS
    for name in event["multiplies"]:
        before, after = np.broadcast_to(never[name], DRAWS), np.broadcast_to(ever[name], DRAWS)
        factor = ever.event_factor.sel(event_effect=f"heat: {name}").values
        domain = QUANTITIES[name].domain
        np.testing.assert_array_equal(after[~here], before[~here], err_msg=name)
        expected = np.clip(before * factor, domain.lower, domain.upper)
        np.testing.assert_allclose(after[here], expected[here], rtol=1e-15, err_msg=name)
        assert (after[here] != before[here]).any()
    assert (ever.pue == 1.0).any()  # where the product would be below
    assert (ever.power_fraction == 1.2).any()
    # what does not read them is as it was; what does differs only where the event happens
    a, b = columns(never), columns(ever)
    assert {"wall_clock", "device_hours", "cost[accelerators]"} <= set(a)
    for name in a:
        np.testing.assert_array_equal(a[name][~here], b[name][~here], err_msg=name)
    assert a["wall_clock"].tobytes() == b["wall_clock"].tobytes()
    assert (a["energy"] != b["energy"])[here].any()


def test_a_certain_target_is_itself_again_in_the_next_group():
    data = bare("own", {"energy": {"pue": 1.2}, "events": [{"name": "heat", "probability": 0.5, "multiplies": {"pue": 1.25}}]})
    ds = play(data, 2000)
    here = ds.event_occurrences.sel(risk="heat").values == 1
    np.testing.assert_array_equal(ds.pue, np.where(here, 1.5, 1.2))


@both_bases
def test_what_is_explained_is_the_draw(basis):
    data = full(basis, {"reliability": None, "workload": {"tokens": "0.1T tokens"}})
    whole = play(data, 140)
    for draw in (3, 139):
        one = explain(parse_scenario(data), SamplingPlan(draws=140, threads=1), draw=draw)
        row = whole.isel(draw=draw)
        for name in row.data_vars:
            assert one[name].values.tobytes() == row[name].values.tobytes(), name


# What is not known


def ledger_of(basis, draws=3):
    """Return the arguments of a full scenario, its drawn inputs and what the run comes to, as the ledger reads them."""
    arguments = compile_arguments(resolve(parse_scenario(full(basis))), SamplingPlan(draws=draws))
    inputs, out = np.empty((len(arguments.drawn), draws)), np.zeros((len(arguments.outputs), draws))
    arguments.run(0, draws, inputs, out, first=0, block_size=4096)
    place = arguments.run_outputs.index(OUTCOMES[0])
    return arguments, inputs, out[place : place + len(OUTCOMES)].copy()


def bill(arguments, inputs, run):
    names = arguments.outputs[len(arguments.run_outputs) :]
    out = np.zeros((len(names), run.shape[1]))
    arguments.settle(0, run.shape[1], inputs, run, out, first=0, block_size=4096)
    return dict(zip(names, out, strict=True))


#: outputs that are not known where an input is not, though they come out the same whatever it is: sums do not tell how much
#: of the work is repeated, and a residual mix takes the place of the grid's average
CANCELLING = {
    **{name: SPENT | EMITTED | {f"spending[{year}]" for year in range(12)} for name in ("run_overhead", "rollback_rate", "rollback_time")},
    "discount_rate": {f"spending[{year}]" for year in range(12)},
    **{name: {"emissions_market"} for name in ("carbon_year_shift", "carboned")},
}


@both_bases
def test_nan_of_every_input_reaches_whatever_depends_on_it(basis):
    arguments, inputs, run = ledger_of(basis, 64)
    reference = bill(arguments, inputs, run)
    assert all(not np.isnan(v).any() for v in reference.values())
    reached, unasked = set(), set()
    for table, names in ((inputs, arguments.drawn), (run, OUTCOMES)):
        for row, name in enumerate(names):

            def with_value(value, table=table, row=row):
                other = table.copy()
                other[row] = value
                return bill(arguments, *((other, run) if table is inputs else (inputs, other)))

            broken, depends = with_value(np.nan), {output: np.zeros(64, dtype=bool) for output in reference}
            for value in (0.0, 0.5, 0.999) if "luck" in name else [table[row] * f for f in (1.01, 0.5, 0.02, 30.0)]:
                for output, values in with_value(value).items():
                    depends[output] |= values != reference[output]
            for output in reference:
                unknown = np.isnan(broken[output])
                assert unknown[depends[output]].all(), (name, output)
                if unknown.any() and not depends[output].any():
                    unasked.add((name, output))
                if depends[output].any():
                    reached.add(output)
    assert {output for output, v in reference.items() if v.any()} <= reached
    assert {(name, output) for name, output in unasked if output not in CANCELLING.get(name, ())} == set()


@both_bases
@pytest.mark.parametrize("wall", [np.inf, np.nan, 1e30])
def test_a_run_without_end_has_no_plausible_bill(basis, wall):
    arguments, inputs, run = ledger_of(basis)
    run[OUTCOMES.index("wall_clock"), 1] = wall
    found = bill(arguments, inputs, run)  # and comes to an end
    assert not (np.abs(found["programme_time"][1]) < 1e29)
    assert not (np.abs(found["cost_total"][1]) < 1e20)
    if not wall < 1e31:
        assert not np.isfinite([found[f"spending[{year}]"][1] for year in range(12)]).all()
    whole = bill(*ledger_of(basis))
    for name in whole:  # the neighbours are as they were
        assert found[name][[0, 2]].tobytes() == whole[name][[0, 2]].tobytes(), name


# Closed forms


def test_mean_pue_is_the_average_of_its_hours():
    for start, wall, amplitude in ((490_000.0, 1300.0, 0.05), (490_000.0, 20_000.0, -0.03), (0.0, 24.0, 0.1)):
        hours = start + (np.arange(0.0, wall, 0.25) + 0.125)
        # highest on 21 July of an average year
        by_hour = 1.3 + amplitude * np.cos(2 * np.pi * (hours - 202.5 * 24) / 8766)
        assert energy.mean_pue(1.3, amplitude, start, wall) == pytest.approx(by_hour.mean(), rel=1e-7)
        nodes = start + 0.5 * wall * (NODES + 1)
        exact = 0.5 * WEIGHTS @ (1.3 + amplitude * np.cos(2 * np.pi * (nodes - 202.5 * 24) / 8766))
        assert energy.mean_pue(1.3, amplitude, start, wall) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("spread", [0.05, 0.5, 0.9, 2.0])
def test_hourly_matching_covers_less_than_annual(spread):
    shares = np.linspace(0.01, 3.0, 60)
    hourly = np.array([clean_supply.matched_hourly(m, spread) for m in shares])
    annual = np.array([clean_supply.matched_annually(m) for m in shares])
    assert (hourly <= annual).all()
    assert (np.diff(hourly) > -1e-15).all()  # more volume covers no less
    z = (np.arange(200_000) + 0.5) / 200_000  # supply in each of many hours
    supply = np.exp(spread * ndtri(z) - spread**2 / 2)
    np.testing.assert_allclose(hourly, [np.minimum(1, m * supply).mean() for m in shares], rtol=2e-4)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, 1.4])
def test_matched_supply_takes_its_share_of_the_operational_emissions(share):
    ds = play(bare("own", {"emissions": {"matched_share": share}}))
    located = ds.emissions.sel(emission_component="operational")
    np.testing.assert_allclose(ds.emissions_market, (1 - min(share, 1.0)) * located, rtol=1e-13, atol=1e-9)
    hourly = play(bare("own", {"emissions": {"matched_share": share, "matching": "hourly", "supply_variability": 0.9}}))
    assert (hourly.emissions_market > ds.emissions_market).all() == (share > 0)


def test_present_value_of_buying_is_its_integral():
    for horizon, growth, drift, discount in ((30_000.0, 0.8, -0.7, 0.08), (8766.0, 0.0, 0.0, 0.0), (50_000.0, 3.0, 0.2, 0.01)):
        years = horizon / 8766
        t = 0.5 * years * (NODES + 1)
        worth = 0.5 * years * WEIGHTS @ (12 * (1 + growth) ** t * np.exp(drift * t) / (1 + discount) ** t)
        assert api.months_worth(horizon, growth, drift, discount) == pytest.approx(worth, rel=1e-12)


# Statistics

MANY = 40_000
DRIFT, RATE, SIZE, YEARS = -0.15, 3.0, 0.3, 2.0
MARKET = {
    "workload": {"params": None, "tokens": None, "mfu": None, "device_hours": 256 * 8766.0 * YEARS},
    "compute": {
        "rental_price": 1.0, "price_drift": DRIFT, "price_jump_rate": RATE, "price_jump_size": SIZE, "reserved_discount": 0,
        "spot_share": 0, "spot_discount": 0,
    },
    "programme": {"preparation_time": 8766.0 * YEARS, "evaluation_time": 0},
}  # fmt: skip


def level(reserved_share):
    ds = play(bare("rent", MARKET, {"compute": {"reserved_share": reserved_share}}), MANY, seed=11)
    return (ds.cost.sel(cost_component="accelerators") / ds.device_hours).values


def moment(power, begin, end):
    """Return the mean of the price level to a power, averaged over a time [yr]: a compound Poisson process with normal jumps."""
    rate = power * DRIFT + RATE * math.expm1(power**2 * SIZE**2 / 2)
    return (math.exp(rate * end) - math.exp(rate * begin)) / rate / (end - begin)


def test_price_path_is_a_compound_poisson_process():
    # what is reserved keeps the price of the day on which the run starts
    start = level(1.0)
    mean, square = (math.exp(YEARS * (p * DRIFT + RATE * math.expm1(p**2 * SIZE**2 / 2))) for p in (1, 2))
    assert_within_mcse(start.mean(), mean, math.sqrt((square - mean**2) / MANY))
    jumps = np.log(start) - DRIFT * YEARS
    variance = RATE * YEARS * SIZE**2
    fourth = 3 * variance**2 + 3 * RATE * YEARS * SIZE**4
    assert_within_mcse(jumps.mean(), 0.0, math.sqrt(variance / MANY))
    assert_within_mcse((jumps**2).mean(), variance, math.sqrt((fourth - variance**2) / MANY))
    none = math.exp(-RATE * YEARS)
    assert_within_mcse((jumps**2 < 1e-24).mean(), none, math.sqrt(none * (1 - none) / MANY))
    # what is on demand pays the mean over the run, from two years from now to four
    during = level(0.0)
    assert_within_mcse(during.mean(), moment(1, YEARS, 2 * YEARS), during.std() / math.sqrt(MANY))
    # E X(s) X(t) = E X(s)^2 E X(t - s): its mean over the run times the level at the start
    product = square * moment(1, 0.0, YEARS)
    assert_within_mcse((start * during).mean(), product, (start * during).std() / math.sqrt(MANY))


@pytest.mark.parametrize("p", [0.05, 0.3, 0.9])
def test_abandoned_attempts_are_geometric(p):
    data = bare("own", {"programme": {"abandon_probability": p, "abandon_point": 0.5}})
    count = play(data, MANY, seed=3).abandoned_runs.values
    assert_within_mcse(count.mean(), p / (1 - p), math.sqrt(p / (1 - p) ** 2 / MANY))
    for k in range(3):
        share = (1 - p) * p**k
        assert_within_mcse((count == k).mean(), share, math.sqrt(share * (1 - share) / MANY))


@pytest.mark.parametrize("frequency", [0.1, 2.0, 40.0])
def test_events_with_a_frequency_are_a_poisson_process(frequency):
    hours = {"workload": MARKET["workload"], "events": [{"name": "outage", "frequency": frequency, "cost": 1}]}
    count = play(bare("own", hours), MANY, seed=4).event_occurrences.sel(risk="outage").values
    mean = frequency * YEARS
    assert_within_mcse(count.mean(), mean, math.sqrt(mean / MANY))
    assert_within_mcse(((count - mean) ** 2).mean(), mean, math.sqrt((mean + 2 * mean**2) / MANY))


def test_events_with_a_probability_happen_that_often():
    events = [{"name": str(p), "probability": p, "cost": 1} for p in (0.0, 0.02, 0.5, 1.0)]
    count = play(bare("own", {"events": events}), MANY, seed=4).event_occurrences
    for p in (0.0, 0.02, 0.5, 1.0):
        assert_within_mcse(count.sel(risk=str(p)).mean(), p, math.sqrt(p * (1 - p) / MANY))
    together = (count.sel(risk="0.5") * count.sel(risk="0.02")).mean()
    assert_within_mcse(together, 0.01, math.sqrt(0.01 * 0.99 / MANY))


# What is stated in vain


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"events": [{"name": "x", "probability": 0.1}]}, "event x has no impact"),
        ({"events": [{"name": "x", "cost": 1}]}, "needs a probability or a frequency"),
        ({"events": [{"name": "x", "frequency": 1, "multiplies": {"pue": 2}}]}, "has a frequency"),
        ({"events": [{"name": "x", "probability": 1, "multiplies": {"rental_price": 2}}]}, "rental_price is not read"),
        ({"events": [{"name": "x", "probability": 1, "multiplies": {"cost_total": 2}}]}, "is not the name of an input"),
        ({"events": [{"name": "x", "probability": 1, "cost": 1}] * 2}, "names more than one event"),
        ({"people": [{"name": "x"}] * 2}, "names more than one class of people"),
        ({"events": [{"name": "x", "probability": 1.1, "cost": 1}]}, "is outside its domain"),
        ({"people": [{"name": "x", "salry": 1}]}, "is not a known key"),
        ({"programme": {"research_ratio": 0.5}}, "is outside its domain"),
        ({"components": {"storrage": True}}, "storrage is not a component. Did you mean storage"),
        ({"compute": {"reserved_share": 0.5}}, "reserved_share is not read where accelerators are owned"),
        ({"programme": {"discount_rate": 0.1}}, "discount_rate is stated but this scenario does not read it"),
        ({"emissions": {"matching": "hourly"}}, "matching is not read"),
        ({"emissions": {"matched_share": 0.5, "matching": "daily"}}, "is not one of"),
        ({"emissions": {"matched_share": 0.5, "supply_variability": 0.5}}, "supply_variability is stated but"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_stated_in_vain_is_told(changes, words):
    with pytest.raises(ConfigError, match=words):
        resolve(parse_scenario(bare("own", changes)))


def test_shares_of_more_than_all_are_told():
    more = {"reserved_share": 0.8, "spot_share": 0.3}
    with pytest.raises(ConfigError, match="reserved_share and spot_share come to more than all"):
        resolve(parse_scenario(bare("rent", {"compute": more})))
