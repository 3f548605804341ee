"""Scenarios: YAML in, YAML out, and every problem told at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from simulator import SamplingPlan, simulate
from simulator.errors import ConfigError
from simulator.kernels.slots import BREAKS_NODE, CLASSES
from simulator.kernels.slots import PHASES as PHASES_OF_THE_KERNEL
from simulator.scenario import Scenario, load_scenario, parse_scenario, resolve
from simulator.scenario.reads import BREAKING_CLASSES
from simulator.scenario.resolve import choose
from simulator.scenario.sections import MOST_PHASES

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))

SMALL = """\
name: small
workload: {params: 7e9, tokens: 2T tokens, mfu: 0.30 to 0.45}
hardware: {accelerator: H100 SXM, accelerators: 256}
emissions: {carbon_intensity: 400 gCO2e/kWh}
compute: {basis: rent, rental_price: 2 to 4 USD/GPU-hour}
"""
RENT = "compute: {basis: rent, rental_price: 2 to 4 USD/GPU-hour}"
OWN = "compute: {basis: own, accelerator_price: 30000}"
EMISSIONS = "emissions: {carbon_intensity: 400 gCO2e/kWh}\n"
PHASES = "phases: [{name: short, tokens: 1T tokens}, {name: long, tokens: 0.5T to 1T tokens, accelerators: 128, mfu: 0.3}]"

ZONE = """\
timezone: Europe/Berlin
fast_half_life: 8
slow_half_life: 150
fast_correlation: 0.5
price: {unit: EUR/MWh, residual_sd: 0.8, fast_weight: 0.6, quantiles: {-3: -20, 0: 60, 3: 250}}
carbon: {unit: gCO2e/kWh, residual_sd: 0.9, fast_weight: 0.5, quantiles: {-3: 50, 0: 300, 3: 700}}
about: {kind: assembled}
"""
GRID = "grid: {zone: zone.yaml, start_time: 2026-03-01}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a zone, and hourly histories of the first 70 days of 2024: price and carbon intensity on columns of one file."""
    (tmp_path / "zone.yaml").write_text(ZONE)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [f"{start + timedelta(hours=h):%Y-%m-%dT%H:%MZ},{50 + h % 24},{300 + h % 7}" for h in range(70 * 24)]
    (tmp_path / "past.csv").write_text("\n".join(["time,price,carbon", *rows, ""]))
    return tmp_path


def problems(text: str, overrides: tuple[str, ...] = (), tmp_path: Path | None = None) -> list[str]:
    if tmp_path is None:
        with pytest.raises(ConfigError) as caught:
            resolve(parse_scenario(text))
    else:
        file = tmp_path / "scenario.yaml"
        file.write_text(text)
        with pytest.raises(ConfigError) as caught:
            resolve(load_scenario(file, overrides=overrides))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_round_trip_is_lossless(path: Path) -> None:
    scenario = load_scenario(path)
    again = parse_scenario(scenario.to_yaml())
    assert again == scenario
    assert again.to_yaml() == scenario.to_yaml()
    assert resolve(again).hash() == resolve(scenario).hash()


def test_round_trip_keeps_every_kind_of_value() -> None:
    text = SMALL + (
        "reliability:\n"
        "  checkpoint_interval: young1974\n"
        "  failure_rate: {family: gamma, shape: 2.5, scale: 2}\n"
        "  downtime: {family: mixture, components: [{weight: 0.7, value: 10 to 20 min}, "
        "{weight: 0.3, family: pert, low: 1, mode: 2, high: 6}]}\n"
        "  checkpoint_time: {family: empirical, values: [0.01, 0.02, 1e-3]}\n"
        "energy:\n"
        "  pue: {family: metalog, p10: 1.1, p50: 1.2, p90: 1.5, truncate: [null, 2]}\n"
        "correlations:\n  - [pue, mfu, -0.25]\n  - [downtime, mfu, 0.125]\n"
    )
    scenario = parse_scenario(text)
    assert parse_scenario(scenario.to_yaml()) == scenario
    assert parse_scenario(scenario.to_data()) == scenario
    assert scenario.reliability.checkpoint_interval == "young1974"


HISTORY = "{file: past.csv, value_column: %s, unit: %s}"
WHOLES = {
    "phases": SMALL.replace("tokens: 2T tokens", f"layers: 32, hidden_size: 4096, sequence_length: 4096, {PHASES}"),
    "interruptions": SMALL + "reliability: {restart: immune, checkpoint_interval: optimal, failure_rate_host: 1 to 3, downtime_host: 1 h, "
    "failure_rate_planned: 1, spare_nodes: 2, repair_time: 2 days, early_failure_ratio: 2, straggler_slowdown: 1.1, "
    "checkpoint_write_time: 1 min, max_wall_clock: 100 days}\n",
    "expected value": SMALL + "reliability: {method: expected_value}\n",
    "hourly": SMALL.replace(EMISSIONS, GRID).replace(RENT, OWN)
    + "pausing: {price_quantile: 0.9, carbon_threshold: 0.5, deadline: 90 days}\n",
    "a range of dates": SMALL.replace(EMISSIONS, GRID).replace("2026-03-01", "2026-01-01 to 2026-12-31"),
    "history": SMALL.replace(EMISSIONS, "").replace(RENT, OWN)
    + f"grid: {{price_history: {HISTORY % ('price', 'EUR/MWh')}, carbon_history: {HISTORY % ('carbon', 'gCO2e/kWh')}, "
    "history_place: {family: uniform, low: 0, high: 1}}\n",
    "history from anywhere": SMALL.replace(EMISSIONS, f"grid: {{carbon_history: {HISTORY % ('carbon', 'gCO2e/kWh')}}}\n"),
    "history of a date": SMALL.replace(
        EMISSIONS, f"grid: {{carbon_history: {HISTORY % ('carbon', 'gCO2e/kWh')}, start_time: 2025-01-10}}\n"
    ),
    "currency": SMALL.replace(RENT, OWN) + "energy: {currency: EUR, electricity_price: 0.08 to 0.12 EUR/kWh, exchange_rate: 1.1}\n",
    "region": SMALL.replace(EMISSIONS, "grid: {region: FR}\n"),
}


@pytest.mark.parametrize("name", WHOLES)
def test_round_trip_keeps_every_section(name: str, folder: Path) -> None:
    scenario = parse_scenario(WHOLES[name], base=folder)
    for written in (scenario.to_yaml(), scenario.to_data()):
        again = parse_scenario(written, base=folder)
        assert again == scenario
        assert resolve(again).hash() == resolve(scenario).hash()
    other = parse_scenario(WHOLES[name].replace("mfu: 0.30", "mfu: 0.31"), base=folder)
    assert other != scenario
    assert resolve(other).hash() != resolve(scenario).hash()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("phases", ("short", "first")),  # whose stream it was
        ("phases", ("name: long, tokens: 0.5T", "name: long, tokens: 0.6T")),
        ("interruptions", ("restart: immune, ", "")),
        ("interruptions", ("checkpoint_interval: optimal, ", "")),
        ("expected value", ("expected_value", "event_driven")),
        ("hourly", ("price_quantile: 0.9", "price_quantile: 0.8")),
        ("hourly", ("start_time: 2026-03-01", "start_time: 2026-03-02")),
        ("history", ("value_column: price", "value_column: carbon")),
        ("history", ("unit: EUR/MWh", "unit: USD/MWh")),
        ("currency", ("exchange_rate: 1.1", "exchange_rate: 1.2")),
        ("region", ("FR", "DE")),
    ],
)
def test_whatever_changes_the_result_changes_the_hash(name: str, change: tuple[str, str], folder: Path) -> None:
    assert change[0] in WHOLES[name]
    one, other = (parse_scenario(text, base=folder) for text in (WHOLES[name], WHOLES[name].replace(*change)))
    assert one != other
    assert resolve(one).hash() != resolve(other).hash()


def test_a_changed_file_changes_the_hash(folder: Path) -> None:
    for name, file in (("hourly", "zone.yaml"), ("history", "past.csv")):
        before = resolve(parse_scenario(WHOLES[name], base=folder)).hash()
        (folder / file).write_text((folder / file).read_text().replace("250", "260").replace(",50,", ",51,"))
        assert resolve(parse_scenario(WHOLES[name], base=folder)).hash() != before


def test_dates_are_hours_of_the_world_clock(folder: Path) -> None:
    hours = (datetime(2026, 3, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(hours=1)
    for written, later in (("2026-03-01", 0), ("2026-03-01T06:00Z", 6), ("'2026-03-01T06:00+02:00'", 4), ("2026-03-02", 24)):
        start = parse_scenario(WHOLES["hourly"].replace("2026-03-01", written), base=folder).grid.start_time
        assert start is not None
        assert start.constant == hours + later
    law = resolve(parse_scenario(WHOLES["a range of dates"], base=folder)).inputs["start_time"].value.law
    assert law is not None
    assert law.quantile(np.array([-9.0, 9.0])) == pytest.approx([hours - 59 * 24, hours + 305 * 24])


@pytest.mark.parametrize(
    "written",
    [
        "soon", "1969-12-31", "2026-03-01T06:30Z", "2026-12-31 to 2026-01-01", "2026-03-01 to soon", "2026-13-01", "20260301",
        "9999-12-30", "2200-01-01", "'9999-12-31T23:00-05:00'", "'0001-01-01T00:00+05:00'", "2026-03-01 to 9999-12-30",
    ],
)  # fmt: skip
def test_what_is_no_date_is_told(written: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"grid\.start_time.*(is not a date|not the start of an hour|lies before)"):
        parse_scenario(WHOLES["hourly"].replace("2026-03-01", written), base=folder)


def test_the_last_admissible_date_is_played(folder: Path) -> None:
    scenario = parse_scenario(WHOLES["hourly"].replace("2026-03-01", "2199-12-31T23:00Z"), base=folder)
    assert np.isfinite(simulate(scenario, SamplingPlan(draws=3)).cost_total).all()


def test_an_amount_in_another_currency_than_stated_is_refused() -> None:
    own = SMALL.replace(RENT, OWN)
    assert any("EUR" in text for text in problems(own + "energy: {currency: GBP, electricity_price: 0.1 EUR/kWh}\n"))
    assert any("USD" in text for text in problems(own + "energy: {currency: EUR, electricity_price: 0.1 USD/kWh}\n"))


def test_a_stated_correlation_of_nought_is_kept() -> None:
    scenario = parse_scenario(SMALL + "correlations: [[mfu, pue, 0.0]]\n")
    assert parse_scenario(scenario.to_yaml()) == scenario
    assert scenario.correlations.names == ("mfu", "pue")


def test_equal_streams_and_numbers_have_equal_hashes() -> None:
    def hashed(old: str, new: str) -> str:
        return resolve(parse_scenario(SMALL.replace(old, new))).hash()

    assert hashed("0.30 to 0.45", "40%") == hashed("0.30 to 0.45", "0.4")
    assert hashed("params: 7e9", "params: 6e9 to 8e9") != hashed("params: 7e9", "params_active: 6e9 to 8e9")


def test_a_changed_value_is_another_scenario() -> None:
    base = parse_scenario(SMALL)
    for changed in ("0.30 to 0.46", "0.30 to 0.45 "):
        assert parse_scenario(SMALL.replace("0.30 to 0.45", changed)) != base or changed.strip() == "0.30 to 0.45"
    assert resolve(parse_scenario(SMALL.replace("256", "257"))).hash() != resolve(base).hash()


def test_yaml_is_1_2() -> None:
    scenario = parse_scenario(SMALL.replace("name: small", "name: NO").replace("256", "1e4"))
    assert scenario.name == "NO"
    assert scenario.hardware.accelerators.constant == 10_000.0


def test_scenarios_are_frozen_and_closed() -> None:
    scenario = parse_scenario(SMALL)
    with pytest.raises(ValidationError):
        scenario.name = "other"
    with pytest.raises(ConfigError, match="is not a known key"):
        parse_scenario(SMALL + "extra: 1\n")


def test_name_defaults_to_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "from-file.yaml"
    file.write_text(SMALL.replace("name: small\n", ""))
    assert load_scenario(file).name == "from-file"


EVERYTHING_WRONG = """\
workload:
  params: 7e9
  tokens: 2T tokens
  mfu: 4.2
  run_overheads: 0.1
hardware:
  accelerator: H100 SXM
  accelerators: 256
  server_power_ratio: {family: triangular, low: 1.5, mode: 1.2, high: 2.0}
reliability:
  failure_rate: {family: empirical, file: missing.csv, column: rate}
emissions:
  carbon_intensity: 400 gCO3e/kWh
compute:
  basis: rent
  rental_price: -2.5
correlations:
  - [mfu, pue, 0.9]
  - [mfu, rental_price, 0.9]
  - [pue, rental_price, -0.9]
"""


def test_all_problems_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    told = problems(EVERYTHING_WRONG, tmp_path=tmp_path)
    expected = [
        (":4:3: workload.mfu", "(0, 1]", "Did you mean 0.42?"),
        (":5:3: workload.run_overheads", "not a known key", "Did you mean run_overhead?"),
        (":9:3: hardware.server_power_ratio", "mode = 1.2 is infeasible", "mode lies in [1.5, 2]"),
        (":11:3: reliability.failure_rate", "missing.csv does not exist"),
        (":13:3: emissions.carbon_intensity", "unknown unit 'gCO3e'", "Did you mean"),
        (":16:3: compute.rental_price", "-2.5", "> 0 USD/h"),
        (":17:1: correlations", "mfu ~ rental_price: 0.9", "The nearest that can"),
    ]
    assert len(told) == len(expected)
    for text, parts in zip(told, expected, strict=True):
        for part in parts:
            assert part in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("tokens: 2T tokens, ", ""), "params alone does not fix it"),
        (("params: 7e9", "params: 7e9, flop: 1e23"), "stated more than once"),
        (("params: 7e9, tokens: 2T tokens", "device_hours: 1e5"), "mfu is not read where device_hours is stated"),
        (("accelerator: H100 SXM, ", ""), "neither an accelerator nor its peak_flops and tdp"),
        (("H100 SXM", "H100 SMX"), "Did you mean H100 SXM"),
        (("basis: rent, ", "basis: rent, accelerator_price: 30000, "), "accelerator_price is not read where accelerators are rented"),
        (("basis: rent", "basis: lease"), "'lease' is not one of 'rent' or 'own'"),
        (("basis: rent, ", ""), "basis: is not stated"),
        ((EMISSIONS, ""), "emissions.carbon_intensity: carbon_intensity is not stated and has no default. State it, or name a grid.region"),
        ((EMISSIONS, "emissions: {carbon_year_shift: 1.1}\n"), "text:4:1: emissions.carbon_intensity: carbon_intensity is not stated"),
        (
            (EMISSIONS, f"{EMISSIONS}grid: {{region: FR}}\nwater: {{wue_on: 1, wue_off: 2}}\n"),
            "grid.region: region is not read: this scenario states, or does not need, its",
        ),
        ((EMISSIONS, "grid: {region: Xanadu}\n"), "'Xanadu' is not a known region"),
        ((EMISSIONS, "grid: {zone: nowhere, start_time: 2026-03-01}\n"), "'nowhere' is neither a zone nor a file"),
        ((", accelerators: 256", ""), "hardware.accelerators: accelerators is not stated and has no default"),
        (
            ("tokens: 2T tokens", "phases: [" + ", ".join(f"{{name: p{i}, tokens: 1T}}" for i in range(9)) + "]"),
            "workload.phases: 9 phases are stated; a run has 8 at most. Join those that differ least",
        ),
        (("tokens: 2T tokens", "phases: []"), "params alone does not fix it"),
        (("tokens: 2T tokens", f"{PHASES}, tokens: 1e12"), "tokens is stated beside phases"),
        (("tokens: 2T tokens", PHASES.replace("long", "short")), "short names more than one phase"),
        (("tokens: 2T tokens", PHASES.replace("tokens: 1T tokens", "start: 1")), "workload.phases[0].tokens: is not stated"),
        (("tokens: 2T tokens", PHASES.replace("mfu: 0.3", "mfu: 4.2")), "Did you mean 0.42?"),
        (
            ("tokens: 2T tokens", PHASES.replace("mfu: 0.3", "mfu: 0.3, mfa: 1")),
            "workload.phases[1].mfa: is not a known key. Did you mean mfu",
        ),
        (("tokens: 2T tokens", PHASES.replace("mfu: 0.3", "x: 1")), "Known are name, tokens, accelerators, mfu, sequence_length"),
        (("tokens: 2T tokens", PHASES.replace("mfu: 0.3", "pue: 1")), "workload.phases[1].pue: is not a known key. It belongs to section"),
        (("tokens: 2T tokens", "phases: [4]"), "workload.phases[0]: 4 is not a phase. It holds name, tokens, accelerators"),
        (("tokens: 2T tokens", "phases: {name: one}"), "is not a list of phases. Each holds name, tokens, accelerators"),
        (("tokens: 2T tokens", PHASES.replace("short, ", "short, mfu: 0.2, ")), "mfu is stated but this scenario does not read it"),
        (("mfu: 0.30 to 0.45", "mfu: 0.45 to 0.30"), "Write LOW to HIGH"),
        (("mfu: 0.30 to 0.45", "mfu: .nan"), "not a finite number"),
        (("mfu: 0.30 to 0.45", "mfu: yes please"), "is not a number"),
        (("mfu: 0.30 to 0.45", "mfu: true"), "is not a number"),
        (("mfu: 0.30 to 0.45", "mfu: [0.3, 0.4]"), "a list is not a value"),
        (("accelerators: 256", "accelerators: 256.5"), "not a whole number"),
        (("workload: {", "workload: 3 #"), "is not a section"),
    ],
)
def test_one_thing_wrong_is_told(change: tuple[str, str], message: str) -> None:
    assert change[0] in SMALL
    assert any(message in text for text in problems(SMALL.replace(*change)))


def test_a_phase_is_told_by_its_number_and_line() -> None:
    phases = "phases:\n    - {name: short, tokens: 1T tokens}\n    - name: long\n      tokens: 1T tokens\n      mfu: 4.2\n      mfus: 1"
    told = problems(SMALL.replace("{params: 7e9, tokens: 2T tokens, mfu: 0.30 to 0.45}", f"\n  params: 7e9\n  mfu: 0.4\n  {phases}"))
    assert [text.partition(": ")[0] for text in told] == ["text:9:7", "text:10:7"]
    assert told[0].startswith("text:9:7: workload.phases[1].mfu: 4.2 is outside its domain")
    assert told[1] == "text:10:7: workload.phases[1].mfus: is not a known key. Did you mean mfu?"


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("[[mfu, mfu, 0.5]]", "mfu"),
        ("[[mfu, pue, 1.5]]", "1.5"),
        ("[[mfu, pues, 0.5]]", "pues is not the name of an input"),
        ("[[mfu, cost_total, 0.5]]", "cost_total is not the name of an input"),
        ("[[[mfu], pue, 0.5]]", "is not the name of an input"),
        ("[[mfu, pue]]", "a list of [INPUT, INPUT, SPEARMAN]"),
        ("[[mfu, pue, 0.5], [pue, mfu, 0.4]]", "pue"),
    ],
)
def test_wrong_correlations_are_told(pairs: str, message: str) -> None:
    assert any(message in text for text in problems(SMALL + f"correlations: {pairs}\n"))


def test_an_input_that_is_not_read_is_refused() -> None:
    told = problems(SMALL + "correlations: [[mfu, accelerator_price, 0.5]]\n")
    assert told == ["text:6:1: correlations: accelerator_price is correlated but this scenario does not read it. Remove the pair"]


def test_what_is_stated_in_vain_is_told_beside_what_is_wrong() -> None:
    told = problems(SMALL.replace("0.30 to 0.45", "4.2") + "correlations: [[mfu, accelerator_price, 0.5]]\n")
    assert len(told) == 2
    assert "Did you mean 0.42?" in told[0]
    assert "text:6:1: correlations: accelerator_price is correlated but this scenario does not read it" in told[1]


EXPECTED = "reliability: {method: expected_value, %s}\n"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (EXPECTED % "spare_nodes: 2", "reliability.spare_nodes: spare_nodes is not read by method: expected_value"),
        (EXPECTED % "failure_rate_host: 2", "failure_rate_host is not read by method: expected_value"),
        (EXPECTED % "max_wall_clock: 20 days", "max_wall_clock is not read by method: expected_value"),
        (EXPECTED % "restart: immune", "restart: immune is not read by method: expected_value"),
        ("reliability: {method: expected}\n", "'expected' is not one of 'event_driven' or 'expected_value'"),
        ("reliability: {failure_rate: 2, failure_rate_host: 3}\n", "failure_rate is stated beside the rates of its classes (host)"),
        ("reliability: {downtime_host: 2}\n", "downtime_host is not read without failure_rate_host"),
        ("reliability: {repair_time: 2}\n", "repair_time is not read without spare_nodes"),
        ("reliability: {early_failure_time: 2}\n", "early_failure_time is not read without early_failure_ratio"),
        ("reliability: {checkpoint_interval: optimum}\n", "Or name a rule: young1974, daly2006, optimal"),
        (
            "reliability: {failure_rate_software: 2, spare_nodes: 2}\n",
            "spare_nodes is not read: none of the stated classes (software)",
        ),
        ("reliability: {failure_rate_spot: 2, early_failure_ratio: 2}\n", "early_failure_ratio is not read: none of the stated classes"),
        (
            "reliability: {spare_nodes: 1e6}\n",
            "text:6:15: reliability.spare_nodes: 1e+06 spare nodes; a history keeps track of 250000 at most",
        ),
        ("reliability: {spare_nodes: 1 to 1000}\n", "one draw in a billion has more than 5.48"),
        ("energy: {currency: EUR}\n", "text:6:10: energy.currency: currency is not read: rent includes electricity"),
        (
            "grid: {region: FR}\nwater: {wue_on: 1, wue_off: 2}\n",
            "region is not read: this scenario states, or does not need, its carbon_intensity and electricity_price",
        ),
        ("grid: {zone: NL}\n", "grid.zone: zone is not read: rent includes electricity, and the carbon intensity is not hourly"),
        ("grid: {zone: zone.yaml, carbon: annual}\n", "grid.zone: zone is not read: rent includes electricity, and the carbon"),
        ("grid: {start_time: 2026-03-01}\n", "start_time is stated but this scenario does not read it"),
        ("grid: {history_place: 0.5}\n", "history_place is stated but this scenario does not read it"),
        ("grid: {carbon: hourly}\n", "carbon is hourly but no zone is stated"),
        ("grid: {price: annual}\npausing: {deadline: 9 days}\n", "states no threshold above which to pause"),
        ("pausing: {carbon_quantile: 0.9, carbon_threshold: 0.5}\n", "carbon_threshold and carbon_quantile are both stated"),
        ("pausing: {carbon_quantile: 90}\n", "carbon_quantile: 90 is not a share of hours between 0 and 1. Did you mean 90%?"),
        ("pausing: {carbon_quantile: 1.0}\n", "1.0 is not a share of hours between 0 and 1. State the share of the hours that stay below"),
        ("pausing: {carbon_quantile: often}\n", "'often' is not a share of hours. State the share"),
        ("pausing: {carbon_quantile: true}\n", "True is not a share of hours. State the share"),
        ("pausing: {carbon_threshold: 0.5, deadline: 2027-03-01}\n", "'2027-03-01' is a date; deadline is a number of h. State"),
        ("grid: {zone: de}\n", "'de' is neither a zone nor a file. Did you mean DE? Zones are CAISO, DE, DE-2020, ERCOT, ES"),
        ("grid: {region: 3}\n", "grid.region: 3 is not a text. Put it in quotes if it is meant: '3'"),
        (
            "reliability: {checkpoint_interval: 0.1 h, checkpoint_write_time: 2 h}\n",
            "checkpoint_interval = 0.1 h is shorter than checkpoint_write_time = 2 h. A save is written before the next: state 2 h or more",
        ),
        ("pausing: {carbon_threshold: 0.5}\n", "carbon_threshold is never crossed"),
        (
            "pausing: {price_threshold: 0.5}\n",
            "price_threshold is never crossed: a rented run has no price of its hours, since rent includes electricity. "
            "Pause by carbon_threshold, or set basis: own",
        ),
        (GRID, "emissions.carbon_intensity: carbon_intensity is stated but this scenario does not read it"),
        (GRID.replace("}", ", price: hourly}"), "price is not read: rent includes electricity"),
        (GRID.replace("}", ", history_place: 0.5}"), "history_place is stated but this scenario does not read it"),
        (GRID.replace(", start_time: 2026-03-01", ""), "start_time is not stated and has no default"),
        (
            GRID.replace("}", f", carbon: annual, carbon_history: {HISTORY % ('carbon', 'g/kWh')}}}"),
            "carbon and carbon_history are both stated",
        ),
        ("grid: {carbon_history: absent.csv}\n", "absent.csv"),
        ("grid: {carbon_history: 3}\n", "3 is not a history"),
        (EXPECTED.replace("%s", "downtime: 1") + GRID, "hourly prices and carbon intensities are not read by method: expected_value"),
    ],
)
def test_what_is_stated_in_vain_is_told(section: str, message: str, folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(parse_scenario(SMALL + section, base=folder))
    assert any(message in str(problem) for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("energy: {currency: EUR}\n", "energy.currency: currency is not read: electricity_price is not stated"),
        ("energy: {currency: USD}\n", "energy.currency: currency is not read: electricity_price is not stated"),
        ("energy: {currency: EUR}\ngrid: {zone: NL, start_time: 2026-03-01}\n", "not read: zone NL has its own, EUR. Remove it"),
        (
            "energy: {currency: GBP, exchange_rate: 1.32}\ngrid: {zone: NL, start_time: 2026-03-01}\n",
            "it is GBP, and zone NL has its own, EUR. Remove it; an exchange_rate is then that of EUR, in USD per EUR",
        ),
        (
            f"energy: {{currency: USD}}\ngrid: {{price_history: {HISTORY % ('price', 'EUR/MWh')}}}\n",
            "it is USD, and the price history has its own, EUR",
        ),
        (
            f"energy: {{currency: EUR, exchange_rate: 1.1}}\ngrid: {{price_history: {HISTORY % ('price', 'USD/MWh')}}}\n",
            "it is EUR, and the price history has its own, USD. Remove it, and any exchange_rate",
        ),
        ("energy: {exchange_rate: 1.3}\n", "exchange_rate is stated but this scenario does not read it"),
        ("energy: {exchange_rate: 1.3}\ngrid: {region: FR}\n", "exchange_rate is stated but this scenario does not read it"),
        ("grid: {zone: ERCOT, carbon: annual}\n", "zone is not read: the price is not hourly, and the carbon intensity is not hourly"),
        ("water: {wue_on: 1, wue_off: 2}\ngrid: {region: FR, zone: NL, start_time: 2026-03-01}\n", "region is not read"),
    ],
)
def test_what_an_owner_states_in_vain_is_told(section: str, message: str, folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(parse_scenario(SMALL.replace(RENT, OWN) + section, base=folder))
    assert any(message in str(problem) for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("written", "usd"),
    [("120 EUR/MWh", 0.132), ("0.12 EUR/kWh", 0.132), ("120 USD/MWh", 0.12), (0.12, 0.12), ("-20 EUR/MWh", -0.022)],
)
def test_a_price_threshold_may_be_in_the_currency_of_its_prices(written: str | float, usd: float) -> None:
    text = SMALL.replace(RENT, OWN).replace(EMISSIONS, "grid: {zone: DE, start_time: 2026-03-01}\nenergy: {exchange_rate: 1.1}\n")
    scenario = parse_scenario(text + f"pausing: {{price_threshold: {written}}}\n")
    threshold = resolve(scenario).inputs["price_threshold"].value
    assert threshold.constant == pytest.approx(usd, rel=1e-14)
    assert threshold.spec == written
    assert parse_scenario(scenario.to_yaml()) == scenario
    law = resolve(parse_scenario(text + "pausing: {price_threshold: 100 to 150 EUR/MWh}\n")).inputs["price_threshold"].value.law
    assert law is not None
    assert law.cdf(np.array([0.11, 0.165])) == pytest.approx([0.05, 0.95])


@pytest.mark.parametrize(
    ("zone", "energy", "threshold", "message"),
    [
        ("DE", "", "120 GBP/MWh", "price_threshold is in GBP, but the prices are in EUR. State it in EUR, or in USD"),
        ("CAISO", "", "120 EUR/MWh", "price_threshold is in EUR, but the prices are in USD"),
        ("DE", "energy: {exchange_rate: 1.05 to 1.2}\n", "120 EUR/MWh", "in EUR, and the exchange_rate is uncertain. State it in USD"),
        ("DE", "", "{p5: 90 EUR/MWh, p95: 120 EUR/MWh}", "only a number or LOW to HIGH is converted"),
        ("DE", "", "120 EUR/t", "'USD/t' is not a unit of this quantity"),
    ],
)
def test_a_price_threshold_that_cannot_be_converted_is_told(zone: str, energy: str, threshold: str, message: str) -> None:
    text = SMALL.replace(RENT, OWN).replace(EMISSIONS, f"grid: {{zone: {zone}, start_time: 2026-03-01}}\n{energy}")
    told = problems(text + f"pausing:\n  price_threshold: {threshold}\n")
    assert any("pausing.price_threshold" in problem and message in problem for problem in told), told


def test_a_quantile_may_be_in_per_cent(folder: Path) -> None:
    a, b = (parse_scenario(WHOLES["hourly"].replace("price_quantile: 0.9", f"price_quantile: {q}"), base=folder) for q in ("90%", "0.9"))
    assert a == b
    assert resolve(a).hash() == resolve(b).hash()


def test_phases_are_as_many_as_the_kernel_has_room_for() -> None:
    assert MOST_PHASES == PHASES_OF_THE_KERNEL


def test_a_wide_law_of_spare_nodes_is_admissible() -> None:
    for spares in ("250000", "1 to 200", "{family: lognormal, p5: 1, p95: 1000, truncate: [0, 5000]}"):
        assert "spare_nodes" in resolve(parse_scenario(SMALL + f"reliability: {{spare_nodes: {spares}}}\n")).inputs


def test_stragglers_do_not_lengthen_stated_device_hours() -> None:
    text = SMALL.replace("params: 7e9, tokens: 2T tokens, mfu: 0.30 to 0.45", "device_hours: 1e5")
    assert "device_hours" in resolve(parse_scenario(text)).inputs
    told = problems(text + "reliability: {straggler_slowdown: 1.1}\n")
    assert told == ["text:6:15: reliability.straggler_slowdown: straggler_slowdown is stated but this scenario does not read it. Remove it"]


def test_what_is_lacking_has_the_place_of_its_section(tmp_path: Path) -> None:
    told = problems(SMALL.replace("{carbon_intensity: 400 gCO2e/kWh}", "\n  carbon_year_shift: 1.1"), tmp_path=tmp_path)
    assert len(told) == 1
    assert told[0].startswith(f"{tmp_path / 'scenario.yaml'}:4:1: emissions.carbon_intensity: carbon_intensity is not stated")
    told = problems(SMALL.replace(EMISSIONS, ""), tmp_path=tmp_path)
    assert [text.partition(": carbon")[0] for text in told] == [f"{tmp_path / 'scenario.yaml'}: emissions.carbon_intensity"]


@pytest.mark.parametrize(
    ("section", "rate"),
    [
        ("", None),
        ("grid: {region: FR}\n", None),
        ("energy: {electricity_price: 0.1}\n", None),
        ("energy: {electricity_price: 0.1, currency: EUR, exchange_rate: 1.2}\n", 1.2),
        (f"grid: {{price_history: {HISTORY % ('price', 'USD/MWh')}}}\n", None),
        (f"grid: {{price_history: {HISTORY % ('price', 'EUR/MWh')}}}\n", 1.13),
        ("grid: {zone: NL, start_time: 2026-03-01}\n", 1.13),
        ("grid: {zone: DE, start_time: 2026-03-01, price: annual, region: FR}\n", None),
    ],
)
def test_only_what_is_priced_in_a_foreign_currency_is_converted(section: str, rate: float | None, folder: Path) -> None:
    text = (SMALL.replace(EMISSIONS, "") if "zone: DE" in section else SMALL).replace(RENT, OWN)
    inputs = resolve(parse_scenario(text + section, base=folder)).inputs
    assert (inputs["exchange_rate"].value.constant if "exchange_rate" in inputs else None) == rate


def test_a_default_price_is_in_usd_whatever_the_currency() -> None:
    own = Scenario.model_validate(parse_scenario(SMALL.replace(RENT, OWN)).to_data() | {"energy": {"currency": "EUR"}})
    assert not choose(own, "daly2006").foreign


def test_classes_that_break_a_node_are_those_of_the_kernel() -> None:
    assert [name for name, breaks in zip(CLASSES, BREAKS_NODE, strict=True) if breaks] == ["unclassified", *BREAKING_CLASSES]


@pytest.mark.parametrize(
    ("attention", "complete"),
    [
        ("layers: 32", False),
        ("sequence_length: 4096", False),
        ("layers: 32, hidden_size: 4096", False),
        ("layers: 2, hidden_size: 8, sequence_length: 4", True),
    ],
)
def test_attention_is_stated_whole_or_not_at_all(attention: str, complete: bool) -> None:
    text = SMALL.replace("params: 7e9", f"params: 7e9, {attention}")
    if complete:
        assert {"layers", "hidden_size", "sequence_length"} <= set(resolve(parse_scenario(text)).inputs)
    else:
        assert any("attention over the sequence needs layers, hidden_size and sequence_length" in told for told in problems(text))


def test_text_that_is_not_yaml_and_duplicate_keys_are_told_with_their_line(tmp_path: Path) -> None:
    assert ":2:" in problems("name: a\nname: b\n", tmp_path=tmp_path)[0]
    assert "not valid YAML" in problems("a: [1, 2\n", tmp_path=tmp_path)[0]
    assert "not a mapping" in problems("- 1\n- 2\n")[0]
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_scenario(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario(tmp_path / "absent.yaml")


def test_overrides_replace_by_path_or_by_name(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(SMALL)
    scenario = load_scenario(file, overrides=["mfu=0.4", "energy.pue=1.1 to 1.2", "hardware.accelerators=512", "name=other"])
    assert scenario.workload.mfu is not None
    assert scenario.workload.mfu.constant == 0.4
    assert scenario.energy.pue is not None
    assert scenario.energy.pue.spec == "1.1 to 1.2"
    assert scenario.hardware.accelerators.constant == 512
    assert scenario.name == "other"
    told = problems(SMALL, ("mfu=4.2", "mfo=0.4", "nonsense", "workload.mfu.low=3"), tmp_path)
    assert len(told) == 4
    assert all("--set" in text for text in told)


def test_overrides_reach_into_phases(tmp_path: Path) -> None:
    text = SMALL.replace("tokens: 2T tokens", PHASES)
    file = tmp_path / "s.yaml"
    file.write_text(text)
    phases = load_scenario(file, overrides=["workload.phases[1].mfu=0.35", "workload.phases[0].tokens=3T"]).workload.phases
    assert [phase.mfu and phase.mfu.constant for phase in phases] == [None, 0.35]
    assert [phase.tokens.spec for phase in phases] == ["3T", "0.5T to 1T tokens"]
    for override, told in (
        ("workload.phases[1].mfu=4.2", "workload.phases[1].mfu: 4.2 is outside its domain"),
        ("workload.phases[2].mfu=0.3", "workload.phases[2] is not there"),
        ("workload.phases.mfu=0.3", "workload.phases is a list; state which of it"),
        ("workload.phases[1]=0.3", "Set a key of it"),
        ("workload[1].mfu=0.3", "workload is not there, or not a section"),
    ):
        assert any(f"--set {override}" in line and told in line for line in problems(text, (override,), tmp_path)), override


def test_every_default_is_listed_with_its_source() -> None:
    resolved = resolve(parse_scenario(SMALL))
    stated = {"tokens", "mfu", "accelerators", "carbon_intensity", "rental_price"}
    assert set(resolved.sources()) == set(resolved.inputs) - stated | {"checkpoint_interval"}
    assert all(source.strip() for source in resolved.sources().values())
    assert resolved.describe_defaults()["peak_flops"]["value"] == "989 TFLOP/s"


def test_phases_state_their_own_and_share_the_rest(folder: Path) -> None:
    resolved = resolve(parse_scenario(WHOLES["phases"], base=folder))
    assert resolved.phases == ("short", "long")
    own = {place: (item.member, item.stream) for place, item in resolved.inputs.items() if "[" in place}
    assert own == {
        "tokens[0]": ("short", "tokens[short]"),
        "tokens[1]": ("long", "tokens[long]"),
        "accelerators[1]": ("long", "accelerators[long]"),
        "mfu[1]": ("long", "mfu[long]"),
    }
    assert {"accelerators", "mfu", "sequence_length"} <= set(resolved.inputs)
    assert "tokens" not in resolved.inputs


def test_a_region_fills_in_what_is_not_stated() -> None:
    france = resolve(parse_scenario(WHOLES["region"]))
    intensity = france.inputs["carbon_intensity"]
    assert intensity.value.constant is not None
    assert 0.01 < intensity.value.constant < 0.1
    assert "France" in intensity.source
    stated = resolve(parse_scenario(SMALL.replace(RENT, OWN) + "grid: {region: FR}\n"))
    assert "France" in stated.inputs["electricity_price"].source
    assert stated.inputs["carbon_intensity"].value.constant == 0.4
    assert stated.inputs["carbon_intensity"].source == "stated"


def test_a_mixture_of_experts_works_with_its_active_parameters() -> None:
    dense = resolve(parse_scenario(SMALL))
    sparse = resolve(parse_scenario(SMALL.replace("params: 7e9", "params: 100e9, params_active: 7e9")))
    assert dense.inputs["params_active"].value.constant == sparse.inputs["params_active"].value.constant == 7e9
    assert isinstance(sparse.scenario, Scenario)
