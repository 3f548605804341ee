"""``simulator examples`` and ``simulator completion``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from simulator.cli import _run, cli
from simulator.cli import complete as proposed
from simulator.scenario import load_scenario
from simulator.scenario.examples import described, examples

ROOT = Path(__file__).parent.parent
CONTEXT = click.Context(cli)
PARAMETER = click.Option(["--x"])


def test_every_config_is_an_example_with_its_description(capsys: pytest.CaptureFixture[str]) -> None:
    configs = sorted(ROOT.glob("configs/*.yaml"))
    assert list(examples()) == [path.stem for path in configs]
    assert described() == {path.stem: load_scenario(path).description for path in configs}
    assert all(described().values())
    assert _run(["examples"], debug=False) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    squeezed = " ".join(out.split())
    assert all(f"{name} {text}" in squeezed for name, text in described().items())
    assert _run(["examples", "--json"], debug=False) == 0
    assert json.loads(capsys.readouterr().out) == described()


def test_one_is_printed_or_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "configs/quickstart.yaml").read_text(encoding="utf-8")
    assert _run(["examples", "quickstart"], debug=False) == 0
    assert capsys.readouterr().out == text
    path = tmp_path / "mine.yaml"
    assert _run(["examples", "quickstart", "-o", str(path)], debug=False) == 0
    assert path.read_text(encoding="utf-8") == text
    assert f"next: simulator run {path}" in capsys.readouterr().err
    for words, message in (
        (["quickstart", "-o", str(path)], "is there already"),
        (["quikstart"], "Did you mean quickstart"),
        (["quickstart", "-o", str(tmp_path / "mine.txt")], "Its name ends in .yaml"),
        (["-o", str(path)], "say which example to copy"),
    ):
        assert _run(["examples", *words], debug=False) == 2
        assert message in capsys.readouterr().err
    assert _run(["examples", "gpt3", "-o", str(path), "--force"], debug=False) == 0
    assert load_scenario(path).name == "gpt3"


def test_the_package_holds_the_configs_by_a_link() -> None:
    """A wheel takes in what stands in the package; .ci/run asks an installed one."""
    inside = ROOT / "simulator/examples"
    assert inside.is_symlink()
    assert inside.resolve() == ROOT / "configs"


def proposals(complete, incomplete: str) -> list[str]:
    return [item.value for item in complete(CONTEXT, PARAMETER, incomplete)]


def test_what_the_shell_proposes() -> None:
    assert proposals(proposed.complete_accelerators, "h100") == ["H100 PCIe", "H100 SXM"]
    assert proposals(proposed.complete_regions, "us-ca") == ["US-CA"]
    assert proposals(proposed.complete_overrides, "mf") == ["mfu="]
    assert "reliability.failure_rate=" in proposals(proposed.complete_overrides, "reliability.fail")
    assert proposals(proposed.complete_levers, "reg") == ["region="]
    assert proposals(proposed.complete_levers, "region=CA-Q") == ["region=CA-QC"]
    assert proposals(proposed.complete_levers, "hardware=B2") == ["hardware=B200"]
    assert proposals(proposed.complete_levers, "start=") == []
    assert proposals(proposed.complete_kinds, "nv") == ["nvidia-smi"]
    assert proposals(proposed.complete_tables, "conf") == ["config"]
    assert proposals(proposed.complete_examples, "quick") == ["quickstart-ca", "quickstart-de", "quickstart"]


def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "simulator").write_text(f'#!/bin/sh\nexec {sys.executable} -m simulator "$@"\n', encoding="utf-8")
    (tmp_path / "simulator").chmod(0o755)
    script = f"""
    PATH={tmp_path}:$PATH
    source <(simulator completion bash)
    try() {{
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _simulator_completion simulator 2> /dev/null
        printf '%s\\n' "${{COMPREPLY[@]}}"
    }}
    try simulator im
    try simulator run x.yaml --set mf
    try simulator init --accelerator H100
    """
    found = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    assert found[:4] == ["import", "mfu=", "H100\\ PCIe", "H100\\ SXM"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["completion", shell], debug=False) == 0
    assert f"_SIMULATOR_COMPLETE={shell}_complete" in capsys.readouterr().out
    assert _run(["completion", "tcsh"], debug=False) == 2
