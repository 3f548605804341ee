"""The tables of regions and exchange rates: every figure is a possible one of its place (test_reference checks the rest)."""

from __future__ import annotations

import re

import pytest

from simulator.errors import LawError
from simulator.reference import table
from simulator.reference.regions import exchange_rates, region, regions
from simulator.scenario.values import parse_value

GRID = table("grid_annual").rows
RATES = table("exchange_rates").rows
IDS = {
    "country": r"[A-Z]{2}",
    "us_state": r"US-[A-Z]{2}",
    "ca_province": r"CA-[A-Z]{2}",
    "au_state": r"AU-[A-Z]{2,3}",
    "cloud_region": r"(gcp|aws):[a-z]+(-[a-z]+)+-?\d+|azure:[a-z]+\d?",
}
UNITS = {"carbon_intensity": "gCO2e/kWh", "electricity_price": "USD/kWh"}


@pytest.mark.parametrize("row", GRID, ids=lambda r: f"{r.name} {r.quantity}")
def test_figure_is_possible(row):
    assert re.fullmatch(IDS[row.kind], row.name)
    assert row.unit == UNITS[row.quantity]
    assert 2020 < row.year < 2030
    assert re.search(r"\b20\d\d\b", row.source), "a source without its year"
    value = parse_value(f"{row.central} {row.unit}", row.quantity).constant
    if row.quantity == "carbon_intensity":  # kg; one kWh of coal is about 1, of gas with much leakage above it
        assert re.match(r"(life-cycle|direct|operational)\b", row.basis)
        low = 0.010 if row.basis.startswith("life-cycle") else 0.001  # wind, the cleanest source, has 0.011: IPCC AR5 (2014), annex III
        assert low < value < 1.4
    else:
        assert re.match(r"(industrial|retail|all sectors|single quoted estimate)", row.basis)
        assert 0.02 < value < 0.5


def test_keys_are_unique():
    keys = [(row.name, row.quantity) for row in GRID]  # of one year only
    assert len(set(keys)) == len(keys)
    assert {(place.id, quantity) for place in regions().values() for quantity in place.figures} == set(keys)
    named = {row.name: (row.kind, row.label) for row in GRID}
    assert all(named[row.name] == (row.kind, row.label) for row in GRID), "one id with two names"
    of_kind = list(named.values())
    assert len(set(of_kind)) == len(of_kind), "two regions of one kind with one name"


def test_published_figures():
    # Ember via Our World in Data: 369 g (United States, 2023); EIA: 6.60 cents (Texas, 2023); Google: 15.83 g (Paris, 2025)
    assert parse_value(region("US").figures["carbon_intensity"].value, "carbon_intensity").constant == pytest.approx(0.369)
    assert parse_value(region("US-TX").figures["electricity_price"].value, "electricity_price").constant == pytest.approx(0.0660)
    paris = region("gcp:europe-west9").figures["carbon_intensity"]
    assert parse_value(paris.value, "carbon_intensity").constant == pytest.approx(0.0158)
    assert (paris.year, paris.basis) == (2025, "operational, average of the local grid")
    assert "Google" in paris.source


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("FR", "FR"),
        ("France", "FR"),
        (" france ", "FR"),
        ("no", "NO"),
        ("us-ca", "US-CA"),
        ("California", "US-CA"),
        ("GCP:US-Central1", "gcp:us-central1"),
        ("Google Cloud Iowa", "gcp:us-central1"),
        ("iowa", "US-IA"),
    ],
)
def test_found_by_id_or_name(wanted, found):
    assert region(wanted) is regions()[found]


@pytest.mark.parametrize("key", regions())
def test_every_id_finds_itself(key):
    assert region(key).id == key


def test_a_figure_is_not_borrowed():
    assert "electricity_price" not in region("azure:westus3").figures
    assert "electricity_price" not in region("gcp:us-west2").figures


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("Farnce", "'Farnce' is not a known region. Did you mean FR (France)"),
        ("gcp:europe-west99", "gcp:europe-west9 (Google Cloud Paris)"),
        ("Zurich", "gcp:europe-west6 (Google Cloud Zurich)"),
        ("Georgia", "'Georgia' is the name of several regions. State its id: GE (Georgia) or US-GA (Georgia)"),
        ("", "'' is not a known region. Ids are like FR, US-CA or gcp:europe-west9. Or state"),
        ("EU", "'EU' is not a known region. Ids are like"),
    ],
)
def test_near_miss_is_a_small_letter(wanted, message):
    with pytest.raises(LawError) as error:
        region(wanted)
    assert message in str(error.value)


def test_tables_cannot_be_written_to():
    for mapping in (regions(), region("FR").figures, exchange_rates(), exchange_rates()["EUR"]):
        with pytest.raises(TypeError):
            mapping["FR"] = None


@pytest.mark.parametrize("row", RATES, ids=lambda r: f"{r.name} {r.year}")
def test_rate_is_sourced_and_possible(row):
    assert row.basis == f"measured: USD per {row.name}, average of the year"
    assert str(row.year) in row.source
    assert 1.0 < row.low == row.high < 1.5  # both stayed above parity with the dollar on average of every year


def test_rates_are_all_reached():
    assert [(row.name, row.year) for row in RATES] == [(c, y) for c, rates in exchange_rates().items() for y in rates]
    rate = exchange_rates()["EUR"][2024]
    assert (rate.value, rate.year) == ("1.0824", 2024)
    assert rate.source == "European Central Bank, euro foreign exchange reference rates, average of 2024"


# Federal Reserve, G.5A (releases of 2021-11-01 and 2024-02-01): New York at noon, an hour that the ECB does not use
@pytest.mark.parametrize(
    ("currency", "averages"),
    [
        ("EUR", {2019: 1.1194, 2020: 1.1410, 2021: 1.1830, 2022: 1.0534, 2023: 1.0817}),
        ("GBP", {2019: 1.2768, 2020: 1.2829, 2021: 1.3764, 2022: 1.2371, 2023: 1.2440}),
    ],
)
def test_rates_agree_with_another_central_bank(currency, averages):
    for year, average in averages.items():
        assert float(exchange_rates()[currency][year].value) == pytest.approx(average, rel=0.0015)
