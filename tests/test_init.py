"""``simulator init``: what it writes is a scenario, its comments are the defaults, and it asks for what has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import _run, cli
from simulator.cli import init as asked
from simulator.errors import ConfigError, InputError
from simulator.scenario import load_scenario, parse_scenario, resolve
from simulator.scenario.draft import draft

FLAGS = ["--params", "7B", "--tokens", "2T", "--accelerator", "H100 SXM", "--accelerators", "256", "--region", "FR"]
PLANS = {
    "rented": FLAGS,
    "owned, a state": [*FLAGS[:-1], "US-VA", "--basis", "own"],
    "a laboratory": [*FLAGS, "--organisation", "laboratory"],
    "a cloud region": [*FLAGS[:-1], "gcp:europe-west9"],
    "no region": [*FLAGS[:-2], "--set", "carbon_intensity=300 to 450 gCO2e/kWh"],
    "more stated": [*FLAGS, "--set", "mfu={family: pert, low: 0.3, mode: 0.4, high: 0.45}", "--set", "reliability.method=expected_value"],
}


def written(folder: Path, *words: str) -> Path:
    path = folder / "mine.yaml"
    assert _run(["init", str(path), "--yes", *words], debug=False) == 0
    return path


@pytest.mark.parametrize("plan", PLANS)
def test_what_is_written_is_valid_and_holds_the_answers(tmp_path: Path, plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, *PLANS[plan])
    scenario = load_scenario(path)
    assert scenario.name == "mine"
    assert scenario.workload.params.constant == 7e9
    assert scenario.workload.tokens.constant == 2e12
    assert scenario.hardware.accelerators.constant == 256
    assert _run(["validate", str(path)], debug=False) == 0
    assert "next: simulator run" in capsys.readouterr().err


def test_the_file_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["run", str(written(tmp_path, *FLAGS)), "--draws", "500"], debug=False) == 0
    assert "cost, total" in capsys.readouterr().out


@pytest.mark.parametrize("plan", PLANS)
def test_each_default_stands_beside_its_source_and_can_be_stated(tmp_path: Path, plan: str) -> None:
    text = written(tmp_path, *PLANS[plan]).read_text(encoding="utf-8")
    before = resolve(parse_scenario(text))
    defaults = before.describe_defaults()
    commented = re.findall(r"^  #(\w+): (.*)$", text, flags=re.MULTILINE)
    squeezed = " ".join(re.sub(r"^ *#", "", text, flags=re.MULTILINE).split())
    for name, entry in defaults.items():
        assert " ".join(entry["source"].split()) in squeezed
        assert name in dict(commented) or f"tells {name}" in text
    # all of them stated are the same scenario, without defaults but for those of the region
    stated = re.sub(r"^(  )?#(\w+:)(?=( |$))", r"\1\2", text, flags=re.MULTILINE)
    stated = stated.replace("priors:\n  organisation: laboratory  # the plan\n", "")  # it decides the prior of mfu, which is stated now
    after = resolve(parse_scenario(stated))
    assert set(after.describe_defaults()) == {name for name in defaults if name not in dict(commented)}
    for name, item in before.inputs.items():
        assert str(after.inputs[name].value) == str(item.value) or after.inputs[name].value.constant == item.value.constant


def test_questions_are_asked_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "is_terminal", lambda: True)
    path = tmp_path / "mine.yaml"
    answers = ["seven", "7e9", "2T", "H10O", "GB200", "72", "rent", "", "other", "300 to 450 gCO2e/kWh", "4 to 9 USD/h"]
    result = CliRunner().invoke(cli, ["init", str(path)], input="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "'seven' is not a number" in result.output
    assert "'H10O' is not a known accelerator" in result.output
    scenario = load_scenario(path)
    assert scenario.hardware.accelerator == "GB200"
    assert scenario.compute.rental_price.spec == "4 to 9 USD/h"
    assert scenario.emissions.carbon_intensity.spec == "300 to 450 gCO2e/kWh"


def test_options_are_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "is_terminal", lambda: True)
    result = CliRunner().invoke(cli, ["init", str(tmp_path / "a.yaml"), *FLAGS, "--basis", "own", "--organisation", "other"])
    assert result.exit_code == 0, result.output
    assert "Parameters of the model" not in result.output
    assert load_scenario(tmp_path / "a.yaml").compute.basis == "own"


def test_an_answer_that_decides_nothing_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(
        tmp_path, *FLAGS, "--organisation", "laboratory", "--set", "mfu=0.4", "--set", "wue_off=3", "--set", "carbon_intensity=0.1"
    )
    told = capsys.readouterr().err
    assert "note: priors.organisation: laboratory decides nothing" in told
    assert "note: grid.region: FR decides nothing" in told
    assert load_scenario(path).grid.region is None


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert _run(["init", *words], debug=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_bad_input_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    target = [str(path)]
    told = refused(capsys, *target, "--params", "7e9", "--region", "FR")
    assert "--tokens, --accelerator, --accelerators are needed: this is no terminal" in told
    assert "'H100 SMX' is not a known accelerator. Did you mean H100 SXM" in refused(capsys, *target, *FLAGS, "--accelerator", "H100 SMX")
    assert "--region Atlantis: 'Atlantis' is not a known region" in refused(capsys, *target, *FLAGS, "--region", "Atlantis")
    assert "--params -7: -7 is outside its domain" in refused(capsys, *target, *FLAGS, "--params", "-7")
    assert "2.5 is not a whole number" in refused(capsys, *target, *FLAGS, "--accelerators", "2.5")
    assert "here with --set 'rental_price=LOW to HIGH'" in refused(capsys, *target, *FLAGS, "--accelerator", "GB200")
    assert "1.4 is outside its domain" in refused(capsys, *target, *FLAGS, "--set", "mfu=1.4")
    assert "which ends in .yaml" in refused(capsys, str(tmp_path / "mine.txt"), *FLAGS)
    assert "Did you mean mfu" in refused(capsys, *target, *FLAGS, "--set", "workload.mfuu=0.4")
    assert "does not exist. Make it first" in refused(capsys, str(tmp_path / "no" / "mine.yaml"), *FLAGS)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_only_by_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, *FLAGS)
    path.write_text("mine", encoding="utf-8")
    assert "is there already. Name another, or replace it with --force" in refused(capsys, str(path), *FLAGS)
    assert path.read_text(encoding="utf-8") == "mine"
    assert _run(["init", str(path), *FLAGS, "--force"], debug=False) == 0
    assert load_scenario(path).name == "mine"


def test_the_next_command_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(["init", "my run.yaml", *FLAGS], debug=False) == 0
    assert "next: simulator run 'my run.yaml'" in capsys.readouterr().err


def test_a_draft_reads_back_to_its_scenario() -> None:
    data = {
        "name": "a: b # c",
        "description": "x",
        "workload": {"params": "7B to 9B", "tokens": 2e12, "mfu": {"p10": 0.3, "p50": 0.35, "p90": 0.41}},
        "hardware": {"accelerator": "H100 SXM", "accelerators": {"family": "choice", "values": [8, 16]}},
        "grid": {"region": "FR"},
        "compute": {"basis": "rent"},
    }
    assert parse_scenario(draft(data)).to_data() == parse_scenario(data).to_data()
    with pytest.raises(ConfigError, match="has no default"):
        draft({**data, "grid": {}})
    with pytest.raises(InputError):
        draft({})
