"""Is what can have no effect told, with a way out?"""

import re

import numpy as np
import pytest
from rented_run import with_changes

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.errors import ConfigError
from simulator.scenario import resolve

OWN = {"compute": {"basis": "own", "rental_price": None, "accelerator_price": 30_000}}
HOURS = {"workload": {"params": None, "tokens": None, "mfu": None, "device_hours": 1e5}}
REFRESHED = {"improvement_horizon": "100 years", "refresh_interval": "1 h"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"components": {"facility": True}}, "facility is switched on in vain: it is inside the rent"),
        ({"components": {"electricity": True}}, "electricity is switched on in vain: it is inside the rent"),
        (OWN | {"components": {"rental_mix": True}}, "rental_mix is switched on in vain: it is of rented accelerators"),
        ({"components": {"events": True}}, "events is switched on in vain: no event is stated"),
        (HOURS | {"components": {"rollbacks": True}}, "rollbacks is switched on in vain: stated device_hours hold every loss"),
        (
            {"components": {"idle_commitment": True, "rental_mix": False}, "compute": {"commitment_time": 900}},
            "idle_commitment is switched on in vain: it reads reserved_share and reserved_discount",
        ),
        ({"energy": {"operator": "hyperscale", "pue": 1.2}}, "operator is not read: pue is stated"),
        ({"compute": {"rental_price": "2 EUR/h to 3 USD/h"}}, "USD and EUR stand in one amount"),
        (OWN | {"energy": {"electricity_price": {"p5": "50 EUR/MWh", "p95": "90 GBP/MWh"}}}, "EUR and GBP stand in one amount"),
        (
            OWN | {"grid": {"region": "gcp:europe-west9"}, "emissions": {"carbon_intensity": None}},
            "energy.electricity_price: electricity_price is not stated and has no default",
        ),
        ({"improvement": REFRESHED}, "about 8.77e+05 refreshes, by the medians; a calendar holds 1200"),
        ({"buying": {"demand_in": 0, "demand_out": 0}}, "demand_in and demand_out are both 0: no token is served"),
        ({"people": [{"name": "a", "headcont": 3}]}, "people[0].headcont: is not a known key. Did you mean headcount?"),
        ({"people": [{"name": "a", "mfu": 3}]}, "is not a known key. Known are name, headcount"),
        ({"people": [7]}, "7 is not a class of people. It holds name, headcount"),
        ({"events": [{"name": "a", "cots": 3}]}, "events[0].cots: is not a known key. Did you mean cost?"),
        ({"events": [7]}, "7 is not an event. It holds name, probability"),
        ({"programme": {"tax_rate": 20}}, "tax_rate is 2000 % in the middle. Did you mean 20 %? Write 0.2"),
        ({"budget": 3}, "budget: is not a known key. It belongs to section limits"),
        ({"programme": {"headcount": 3}}, "is not a known key. It belongs to a class of people. Write for example - {name: researchers"),
        ({"limits": {"bugdet": 3}}, "limits.bugdet: is not a known key. Did you mean budget?"),
        (
            {"events": [{"name": "a", "probability": 0.1, "multiplies": {"rental_prize": 2}}]},
            "rental_prize is not the name of an input. Did you mean rental_price",
        ),
        (
            {"events": [{"name": "a", "probability": 0.1, "multiplies": {"accelerator_price": 2}}]},
            "accelerator_price is not read by this scenario",
        ),
    ],
)
def test_it_is_told(changes, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_scenario(with_changes(**changes))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (
            "hardware=B300",
            "Lever hardware=B300 takes away what was stated and brings none: in its place use --set hardware.accelerator=",
        ),
        ("region=gcp:europe-west9", "Lever region=gcp:europe-west9 takes away what was stated and brings none"),
    ],
)
def test_a_lever_that_brings_no_price_is_told(place, told):
    stated = {"grid": {"region": "US-TX"}, "energy": {"electricity_price": 0.07}}
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_scenario({**with_changes(**OWN, **stated), "emissions": {}, "levers": [place]})


def test_what_is_off_may_stay_where_it_is_correlated_or_multiplied():
    rich = {
        "data": {"data_licence_cost": "1M to 2M", "data_acquisition_cost": "1M to 2M"},
        "correlations": [["data_licence_cost", "data_acquisition_cost", 0.5], ["data_licence_cost", "mfu", 0.2]],
        "events": [{"name": "a", "probability": 0.5, "multiplies": {"data_licence_cost": 2}, "cost": 1}],
    }
    whole = parse_scenario(with_changes(**rich))
    parts = [
        parse_scenario({**with_changes(**rich), "levers": ["open_data"]}),
        parse_scenario(with_changes(**rich, components={"data_licences": False})),
    ]
    plan = SamplingPlan(draws=200)
    mfu = simulate(whole, plan).mfu
    for scenario in parts:
        ds = simulate(scenario, plan)
        assert not ds.cost.sel(cost_component="data_licences").any()
        np.testing.assert_array_equal(ds.mfu, mfu)


def test_the_price_of_a_device_is_worked_out_of_that_of_its_server():
    own = {"basis": "own", "rental_price": None}
    item = resolve(parse_scenario(with_changes(compute=own, hardware={"accelerator": "H200 SXM"}))).inputs["accelerator_price"]
    np.testing.assert_allclose(item.value.law.cdf(np.array([39_083 / 2.1, 39_083 / 1.3])), [0.05, 0.95], rtol=1e-9)
    assert "price of a server for each accelerator" in item.source


@pytest.mark.parametrize("per_node", [1, 4, 16])
def test_a_server_that_is_not_stated_is_as_large_as_its_accelerators_are_many(per_node):
    never = {"reliability": {"failure_rate": 0}}
    whole, other = (
        simulate(parse_scenario(with_changes(**never, hardware={"accelerators_per_node": size})), SamplingPlan(draws=300))
        for size in (8, per_node)
    )
    a, b = (ds.emissions.sel(emission_component="embodied_servers") / ds.device_hours for ds in (whole, other))
    np.testing.assert_allclose(a, b, rtol=1e-9)
    stated = parse_scenario(with_changes(hardware={"accelerators_per_node": per_node}, emissions={"embodied_server": 4000}))
    assert resolve(stated).inputs["embodied_server"].value.constant == 4000


@pytest.mark.parametrize("currency", ["EUR", "GBP"])
def test_the_currency_of_electricity_is_that_of_its_price(currency):
    unsaid, said = (
        resolve(parse_scenario(with_changes(**OWN, energy={"electricity_price": f"60 to 90 {currency}/MWh", **more})))
        for more in ({}, {"currency": currency})
    )
    assert unsaid.hash() == said.hash()
    assert "exchange_rate" in unsaid.inputs
    with pytest.raises(ConfigError, match=f"is in {currency} but energy.currency is USD"):
        parse_scenario(with_changes(**OWN, energy={"electricity_price": f"60 {currency}/MWh", "currency": "USD"}))


def test_a_price_is_not_asked_for_where_rent_holds_it():
    scenario = parse_scenario(with_changes(grid={"region": "gcp:europe-west9"}, emissions={"carbon_intensity": None}))
    assert scenario.grid.region == "gcp:europe-west9"
