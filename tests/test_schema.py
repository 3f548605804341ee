"""The JSON schema and the reference of configs: generated from the models, they agree with what the simulator reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simulator.cli import _run
from simulator.errors import ConfigError
from simulator.guide import chapter, chapters
from simulator.quantities import QUANTITIES
from simulator.scenario import parse_scenario, parse_value
from simulator.scenario.json_schema import config_schema
from simulator.scenario.keys import config_keys, words
from simulator.scenario.schema import SECTIONS, Scenario
from simulator.scenario.text import parse_yaml

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(ROOT.glob("configs/*.yaml"))
SHOWN = [block.split("```")[0] for name in chapters() for block in chapter(name).split("```yaml\n")[1:]]
VALID = jsonschema.Draft7Validator(config_schema())
BASE = {
    "workload": {"params": 7e9, "tokens": "2T tokens"},
    "hardware": {"accelerator": "H100 SXM", "accelerators": 256},
    "grid": {"region": "FR"},
    "compute": {"basis": "rent"},
}


def problems(data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALID.iter_errors(data)]


def with_value(path: str, value: Any) -> dict[str, Any]:
    """Return a scenario with one value replaced."""
    data = json.loads(json.dumps(BASE))
    section, _, key = path.partition(".")
    if key:
        data.setdefault(section, {})[key] = value
    else:
        data[section] = value
    return data


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(config_schema())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_valid(path: Path) -> None:
    assert problems(parse_yaml(path.read_text(encoding="utf-8")).data) == []


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_every_config_of_the_guide_is_valid(number: int) -> None:
    assert problems(parse_yaml(SHOWN[number]).data) == []


GOOD = [
    ("workload.mfu", 0.4), ("workload.mfu", "38%"), ("workload.mfu", "0.30 to 0.45"), ("workload.mfu", ".3 to .4"), ("workload.mfu", None),
    ("workload.mfu", {"p10": 0.3, "p50": 0.35, "p90": 0.41}), ("workload.mfu", {"family": "beta", "p5": 0.2, "p95": 0.5}),
    ("workload.mfu", {"family": "pert", "low": 0.2, "mode": 0.3, "high": 0.4, "lambda": 3, "truncate": [0.2, None]}),
    ("workload.mfu", {"family": "choice", "values": [0.3, 0.4], "probabilities": [0.5, 0.5]}),
    ("workload.mfu", {"family": "empirical", "values": [0.3, 0.4, "41%"]}),
    ("workload.mfu", {"family": "mixture", "components": [{"weight": 7, "value": 0.3}, {"weight": 3, "family": "beta", "a": 2, "b": 5}]}),
    ("reliability.downtime", {"family": "skewnorm", "a": 4, "loc": 3, "scale": 0.1, "truncate": [0, None]}),
    ("reliability.failure_rate", {"family": "gamma", "shape": 4.5, "scale": 1.2, "unit": "per 1000 node-days"}),
    ("reliability.checkpoint_interval", "young1974"), ("reliability.checkpoint_interval", "1 to 3 h"),
    ("grid.start_time", "2027-03-01"), ("grid.start_time", "2027-01-01 to 2027-12-31"),
    ("levers", ["fp8", "region=CA-QC"]), ("levers", [{"region": "CA-QC"}]),
    ("components", {"storage": False}), ("limits", {"budget": "8M USD", "carbon_cap": 2e5}),
    ("events", [{"name": "outage", "probability": 0.1, "multiplies": {"rental_price": "1.1 to 1.4"}}]),
    ("people", [{"name": "a", "headcount": "2 to 4", "fte_share": 1}]), ("correlations", [["mfu", "power_fraction", 0.5]]),
    ("emissions", {"carbon_price": "70 EUR/tCO2e"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), GOOD)
def test_what_the_simulator_reads_is_valid(path: str, value: Any) -> None:
    data = with_value(path, value)
    parse_scenario(data)
    assert problems(data) == []


BAD = [
    ("workload.mfu", 42), ("workload.mfu", "high"), ("workload.mfu", [0.3, 0.4]), ("workload.mfu", True),
    ("workload.mfu", {"family": "beta", "alpha": 2, "b": 5}), ("workload.mfu", {"p50": 0.4}),
    ("workload.mfu", {"family": "choice", "values": []}), ("workload.mfu", {"family": "nrmal", "loc": 0.4}),
    ("workload.mfuu", 0.4), ("energy.pue", 0.9), ("hardware.accelerators", 2.5), ("hardware.accelerators", 0),
    ("reliability.method", "events"), ("reliability.checkpoint_interval", "young"), ("reliability", None), ("compute", {"rental_price": 2}),
    ("compute.basis", "lease"), ("components", {"storage": "maybe"}), ("components", {"storge": True}), ("limits", {"budget": -1}),
    ("levers", "fp8"), ("levers", ["fp9"]), ("events", {"name": "outage"}), ("events", [{"probability": 0.1}]),
    ("workload.phases", [{"name": "a"}]), ("correlations", [["mfu", "pue"]]), ("correlations", [["mfu", "pue", 2]]), ("colour", "red"),
    ("grid.price_history", {"column": "x"}), ("priors.organisation", "startup"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), BAD)
def test_what_the_simulator_refuses_is_not_valid(path: str, value: Any) -> None:
    data = with_value(path, value)
    with pytest.raises(ConfigError):
        parse_scenario(data)
    assert problems(data)


def test_defaults_and_examples_are_valid_values() -> None:
    for key in config_keys():
        if key.quantity is not None and key.uncertain and " to " in key.default and not key.default.startswith(("fitted", "that")):
            value = parse_value(key.default, key.quantity.name)
            assert value.median in key.quantity.domain
            section, _, name = key.path.partition(".")
            if section in SECTIONS and "[" not in name:
                assert problems(with_value(key.path, key.default)) == []


def test_what_an_editor_offers_as_an_example_is_a_value() -> None:
    offered = list(examples(config_schema()))
    assert len(offered) > 50
    assert all(re.match(r"[-.\d]", text) for text in offered)  # no default that is told in words


def examples(schema: Any) -> Iterator[str]:
    """Return all examples of a schema."""
    if isinstance(schema, dict):
        yield from schema.get("examples", [])
    for below in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from examples(below)


def test_every_key_is_told_and_nothing_else() -> None:
    keys = config_keys()
    paths = [key.path for key in keys]
    assert len(set(paths)) == len(paths)
    for section, model in SECTIONS.items():
        told = {path.split(".")[1].split("[")[0] for path in paths if path.startswith(f"{section}.")}
        assert told == set(model.model_fields)
    lists_and_sections = {"limits"}
    assert set(words()) <= {*paths, *lists_and_sections}
    for key in keys:
        assert key.meaning
        assert key.quantity is not None or key.path in words(), f"{key.path} needs its line in simulator/scenario/keys.csv"
        assert key.quantity is not None or key.domain


def test_units_and_domains_are_those_of_the_nomenclature() -> None:
    key = {key.path: key for key in config_keys()}
    assert key["people[].salary"].unit == "USD/yr"
    assert key["events[].cost"].quantity is QUANTITIES["event_cost"]
    assert key["energy.pue"].domain == ">= 1"
    assert key["reliability.checkpoint_interval"].domain == "> 0 or young1974 or daly2006 or optimal"
    assert key["hardware.accelerators"].domain == "whole numbers >= 1"
    assert key["compute.basis"].source == "it has to be stated"
    assert key["limits.budget"].domain == "one number > 0"


def test_the_schema_names_every_key_with_its_meaning() -> None:
    schema = config_schema()
    assert schema["properties"].keys() == Scenario.model_fields.keys()
    energy = schema["definitions"]["Energy"]["properties"]
    assert QUANTITIES["pue"].meaning in energy["pue"]["description"]
    assert "default: 1.12 to 1.40" in energy["pue"]["description"]
    assert "H100 SXM" in schema["definitions"]["Hardware"]["properties"]["accelerator"]["anyOf"][0]["enum"]


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["schema"], debug=False) == 0
    assert json.loads(capsys.readouterr().out) == config_schema()
    path = tmp_path / "s.json"
    assert _run(["schema", "-o", str(path)], debug=False) == 0
    assert json.loads(path.read_text(encoding="utf-8")) == config_schema()
    assert "yaml-language-server: $schema=" in capsys.readouterr().err
    assert _run(["reference", "config"], debug=False) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    squeezed = " ".join(out.split())
    assert all(" ".join(key.meaning.split()) in squeezed for key in config_keys())
    assert _run(["reference", "config", "reliability", "--json"], debug=False) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["path"] for item in listed] == [f"reliability.{name}" for name in SECTIONS["reliability"].model_fields]
    assert _run(["reference", "config", "mfu"], debug=False) == 0
    assert "workload.phases" not in capsys.readouterr().err
    assert _run(["reference", "config", "mfuu"], debug=False) == 2
    assert "Did you mean mfu" in capsys.readouterr().err
