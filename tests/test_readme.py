"""What the README shows is what the commands print, and what it teaches runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.cli import _run
from simulator.quantities import QUANTITIES
from simulator.scenario import parse_scenario, parse_value, resolve

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip(" ─")]


def test_the_output_shown_is_what_the_main_job_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert _run(["run", "configs/quickstart.yaml"], debug=False) == 0
    printed = squeezed(capsys.readouterr().out)
    assert squeezed(blocks("text")[0]) == printed[: len(squeezed(blocks("text")[0]))]


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})
    assert "80 % chance to cost no more than" in capsys.readouterr().out


def test_the_scenario_shown_is_valid() -> None:
    for text in blocks("yaml"):
        assert resolve(parse_scenario(text)).inputs


def test_every_value_in_the_table_parses() -> None:
    for text, quantity in (
        ("0.38", "mfu"),
        ("38%", "mfu"),
        ("15.6T tokens", "tokens"),
        ("0.7 kW", "tdp"),
        ("6.5 per 1000 node-days", "failure_rate"),
    ):
        assert f"`{text}`" in README
        assert parse_value(text, quantity).constant in QUANTITIES[quantity].domain


def test_the_comparison_shown_is_what_the_command_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert _run(["compare", "configs/quickstart.yaml", "--lever", "fp8"], debug=False) == 0
    printed = squeezed(capsys.readouterr().out)
    (shown,) = [block for block in blocks("text") if "less quickstart" in block]
    assert squeezed(shown) == printed[: len(squeezed(shown))]
    assert any("10.58 times fewer draws" in line for line in printed)
