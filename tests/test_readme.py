"""What the README shows is what the commands print, and what it teaches runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
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


def test_the_picture_shown_is_what_the_commands_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The curve and what the picture tells in words, since glyphs and layout may differ between versions of matplotlib."""
    (shown,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    (line,) = re.findall(r"^    (simulator risk .* && simulator plot .*)$", README, flags=re.MULTILINE)
    monkeypatch.chdir(ROOT)
    own = {"risk.nc": str(tmp_path / "risk.nc"), "exceedance.svg": str(tmp_path / "exceedance.svg")}
    for command in line.split(" && "):
        assert _run([own.get(word, word) for word in command.split()[1:]], debug=False) == 0
    kept, made = ((folder / name).read_text(encoding="utf-8") for folder, name in ((ROOT, shown), (tmp_path, "exceedance.svg")))
    assert len(kept.encode()) < 60_000
    assert title(kept) == title(made)
    assert curve(made) == pytest.approx(curve(kept), abs=1.0)  # points of 1/72 inch


def title(svg: str) -> str:
    (found,) = re.findall(r"<dc:title>(.*?)</dc:title>", svg)
    return str(found)


def curve(svg: str) -> list[float]:
    """Return where the curve lies at even distances: vertices are simplified differently by each version."""
    (found,) = re.findall(r'<g id="curve">\s*<path d="([^"]*)"', svg)
    x, y = np.array([[float(number) for number in pair] for pair in re.findall(r"[ML] (\S+) (\S+)", found)]).T
    return list(np.interp(np.linspace(x[0], x[-1], 50), x, y))
