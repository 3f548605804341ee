"""Chances, equivalences, currencies: small readings of a result."""

import math
import re

import numpy as np
import pytest
import xarray as xr
from rented_run import BASE, with_changes

from simulator import SamplingPlan, explain, parse_scenario, simulate
from simulator.analysis.chances import budgets_exceeded, chances_json, limits_exceeded
from simulator.analysis.equivalences import equivalences
from simulator.analysis.estimates import chance
from simulator.analysis.notes import notes
from simulator.cli.show.results import sources
from simulator.errors import ConfigError
from simulator.reference import table
from simulator.reference.regions import exchange_rates

PLAN = SamplingPlan(draws=2048, seed=1)


def test_limits_are_judged_draw_by_draw():
    limits = {"budget": "25k USD", "deadline": "1.2 days", "carbon_cap": "3 t"}
    ds = simulate(parse_scenario({**BASE, "limits": limits}), PLAN)
    told = limits_exceeded(ds)
    assert {name: limit for name, (limit, _) in told.items()} == {"budget": 25_000, "deadline": 28.8, "carbon_cap": 3000}
    for name, output in (("budget", "cost_total"), ("deadline", "programme_time"), ("carbon_cap", "emissions_total")):
        assert told[name][1].value == float((ds[output] > told[name][0]).mean())
        assert 0 < told[name][1].value < 1
    assert set(chances_json(ds)["limits"]["budget"]) == {"limit", "unit", "probability_exceeded", "mcse"}


def test_the_error_of_a_chance_is_that_of_a_binomial():
    c = chance(xr.Dataset(attrs={"plan": "random"}), np.arange(10_000) < 2000)
    assert c.mcse == pytest.approx(math.sqrt(0.2 * 0.8 / 10_000), rel=1e-3)
    never = chance(xr.Dataset(attrs={"plan": "random"}), np.zeros(1000, dtype=bool))
    assert never.value == 0
    assert 0 < never.mcse < 0.002


def test_sobol_replicates_give_the_error():
    ds = simulate(parse_scenario({**BASE, "limits": {"budget": 25_000}}), SamplingPlan(draws=4096, plan="sobol", replicates=16))
    share = (ds.cost_total.values > 25_000).reshape(-1, 16).mean(axis=0)
    assert limits_exceeded(ds)["budget"][1].mcse == pytest.approx(share.std(ddof=1) / 4)
    one = simulate(parse_scenario({**BASE, "limits": {"budget": 25_000}}), SamplingPlan(draws=256, plan="sobol", replicates=1))
    assert math.isnan(limits_exceeded(one)["budget"][1].mcse)


def test_of_a_draw_that_is_not_known_no_chance_is_told():
    ds = simulate(parse_scenario({**BASE, "limits": {"budget": 25_000}}), PLAN)
    ds.cost_total.values[3] = math.nan
    assert math.isnan(limits_exceeded(ds)["budget"][1].value)
    assert all(math.isnan(c.value) for _, _, c, _ in budgets_exceeded(ds))
    assert chances_json(ds)["limits"]["budget"]["probability_exceeded"] is None


def test_larger_budgets_are_exceeded_less():
    ds = simulate(parse_scenario(BASE), PLAN)
    told = sorted((budget, c.value) for _, budget, c, _ in budgets_exceeded(ds))
    assert [value for _, value in told] == sorted((value for _, value in told), reverse=True)
    assert {name for name, *_ in budgets_exceeded(ds)} == set(table("budgets").names)


def test_equivalences_print_their_factor():
    ds = simulate(parse_scenario(BASE), PLAN)
    told = equivalences(ds)
    assert {e.output for e in told} == {"emissions_total", "water", "energy_total"}
    car = next(e for e in told if e.what == "car lifetime")
    assert car.factor == 57_150
    assert car.middle == pytest.approx(float(ds.emissions_total.median()) / 57_150)
    assert all(e.source and e.unit and e.low <= e.middle <= e.high for e in told)


def test_the_dearest_year_is_what_is_compared_with_a_budget():
    long = {**BASE, "programme": {"preparation_time": "5 years"}, "people": [{"name": "a", "headcount": 10}]}
    ds = simulate(parse_scenario(long), PLAN)
    (told,) = [c.value for name, _, c, _ in budgets_exceeded(ds) if name == "start-up, series A"]
    (budget,) = [row.central for row in table("budgets").rows if row.name == "start-up, series A"]
    assert told == float((ds.spending.max("year") > budget).mean())
    assert told < float((ds.cost_total > budget).mean())


def test_the_evidence_of_an_event_is_told():
    event = {"name": "a claim", "probability": 0.1, "cost": 5, "source": "a docket"}
    ds = simulate(parse_scenario({**BASE, "events": [event]}), PLAN)
    assert "Event a claim: a docket." in notes(ds)
    assert "a docket" in sources(ds)
    assert not any("luck" in source for source in sources(ds))


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("-3", "-3 is not above 0"), ("a lot", "budget"), ("3 t", "budget"), (True, "True is not an amount"),
        ("5M EUR", "5M EUR is in EUR; a limit is compared with totals in USD"), ("1M to 2M USD", "is a range; a limit is one number"),
    ],
)  # fmt: skip
def test_bad_limits_are_told(limit, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_scenario({**BASE, "limits": {"budget": limit}})


def test_a_foreign_price_is_converted_by_a_dated_rate():
    dollars = simulate(parse_scenario(BASE), PLAN)
    euros = simulate(parse_scenario({**BASE, "compute": {"basis": "rent", "rental_price": "2.0 to 6.2 EUR/h"}}), PLAN)
    rates = exchange_rates()["EUR"]
    rate = float(rates[max(rates)].value)
    np.testing.assert_allclose(euros.rental_price, dollars.rental_price * rate, rtol=1e-14)
    np.testing.assert_allclose(euros.cost_total, dollars.cost_total * rate, rtol=1e-12)
    np.testing.assert_array_equal(euros.emissions_total, dollars.emissions_total)
    assert "European Central Bank" in euros.attrs["defaults"]


def test_hourly_prices_keep_their_rate_beside_another_currency():
    hourly = with_changes(
        compute={"basis": "own", "rental_price": None, "accelerator_price": 30_000}, reliability={"method": None},
        emissions={"carbon_intensity": None}, grid={"zone": "DE", "start_time": "2027-03-01"}, energy={"exchange_rate": "1.05 to 1.2"},
    )  # fmt: skip
    people = {"people": [{"name": "a", "headcount": 3, "salary": "60k to 80k GBP/yr"}]}
    plan = SamplingPlan(draws=4)
    alone, beside = (explain(parse_scenario(data), plan, draw=2) for data in (hourly, hourly | people))
    np.testing.assert_array_equal(alone.hour_price, beside.hour_price)
    assert beside.exchange_rate.sel(currency="EUR").item() == alone.exchange_rate.item()
    assert beside.exchange_rate.sel(currency="GBP").item() > 1.1


def test_pay_in_another_currency_than_electricity():
    people = [{"name": "a", "headcount": 3, "fte_share": 1, "salary": "80k GBP/yr", "pay_overhead": 0, "equity": 0}]
    ds = simulate(parse_scenario({**BASE, "people": people}), PLAN)
    rates = exchange_rates()["GBP"]
    expected = 3 * 80_000 * float(rates[max(rates)].value) * ds.programme_time / 8766
    np.testing.assert_allclose(ds.pay.sel(person_class="a"), expected, rtol=1e-12)
