"""Scenarios: YAML in, YAML out, and every problem told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator.errors import ConfigError
from simulator.scenario import Scenario, load_scenario, parse_scenario, resolve

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))

SMALL = """\
name: small
workload: {params: 7e9, tokens: 2T tokens, mfu: 0.30 to 0.45}
hardware: {accelerator: H100 SXM, accelerators: 256}
emissions: {carbon_intensity: 400 gCO2e/kWh}
compute: {basis: rent, rental_price: 2 to 4 USD/GPU-hour}
"""


def problems(text: str, overrides: tuple[str, ...] = (), tmp_path: Path | None = None) -> list[str]:
    if tmp_path is None:
        with pytest.raises(ConfigError) as caught:
            parse_scenario(text)
    else:
        file = tmp_path / "scenario.yaml"
        file.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_scenario(file, overrides=overrides)
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
        (":11:3: reliability.failure_rate", "missing.csv", "looked for at"),
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
        (("basis: rent, rental_price: 2 to 4 USD/GPU-hour", "basis: rent"), "rental_price is not stated"),
        (("basis: rent, rental_price: 2 to 4 USD/GPU-hour", "basis: own"), "accelerator_price is not stated"),
        (("basis: rent, ", "basis: rent, accelerator_price: 30000, "), "accelerator_price is not read where accelerators are rented"),
        (("basis: rent", "basis: lease"), "'lease' is not one of 'rent' or 'own'"),
        (("basis: rent, ", ""), "basis: is not stated"),
        (("emissions: {carbon_intensity: 400 gCO2e/kWh}\n", ""), "emissions: is not stated"),
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
    told = problems(SMALL.replace("0.30 to 0.45", "4.2") + "correlations: [[mfu, accelerator_price, 0.5]]\n")
    assert len(told) == 2
    assert "text:6:1: correlations: accelerator_price is correlated but this scenario does not read it" in told[1]


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


def test_every_default_is_listed_with_its_source() -> None:
    resolved = resolve(parse_scenario(SMALL))
    stated = {"tokens", "mfu", "accelerators", "carbon_intensity", "rental_price"}
    assert set(resolved.sources()) == set(resolved.inputs) - stated | {"checkpoint_interval"}
    assert all(source.strip() for source in resolved.sources().values())
    assert resolved.describe_defaults()["peak_flops"]["value"] == "989 TFLOP/s"


def test_a_mixture_of_experts_works_with_its_active_parameters() -> None:
    dense = resolve(parse_scenario(SMALL))
    sparse = resolve(parse_scenario(SMALL.replace("params: 7e9", "params: 100e9, params_active: 7e9")))
    assert dense.inputs["params_active"].value.constant == sparse.inputs["params_active"].value.constant == 7e9
    assert isinstance(sparse.scenario, Scenario)
