"""Nothing that a user asks for reaches for a network, and what is served is served to this machine alone."""

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from test_importing import smi

from simulator.cli import cli

CONFIG = "configs/quickstart.yaml"
DRAWN = ["run", CONFIG, "--draws", "2000", "--json"]


def alone(*verbs):
    """Run verbs in a process without network."""
    command = [sys.executable, str(Path(__file__).parent / "without_network.py")]
    done = subprocess.run(command, input=json.dumps(verbs), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_verbs_need_no_network(tmp_path):
    saved, page, picture, log, prior = (str(tmp_path / name) for name in ("run.nc", "run.html", "run.svg", "log.csv", "power.yaml"))
    Path(log).write_text("\n".join(smi([[400.0 + poll % 7] for poll in range(400)], [[90.0]] * 400)), encoding="utf-8")
    found = alone(
        DRAWN,
        ["validate", CONFIG],
        ["run", CONFIG, "--draws", "2000", "-o", saved],
        ["risk", saved, "--budget", "300000 USD"],
        ["sensitivity", CONFIG, "--draws", "2000"],
        ["plot", saved, "bands", "-o", picture],
        ["report", saved, "-o", page],
        ["import", "nvidia-smi", log, "-o", prior],
        ["backtest"],
        ["reference", "runs"],
        ["priors", "mfu", "--accelerator", "H100 SXM"],
    )
    assert [(run["words"][0], run["code"]) for run in found["told"] if run["code"] != 0] == []
    assert found["attempts"] == []
    assert json.loads(found["told"][0]["said"]) == json.loads(CliRunner().invoke(cli, DRAWN).stdout)
    assert Path(page).stat().st_size > 0
    assert Path(picture).stat().st_size > 0


def test_an_attempt_is_seen():
    assert alone(["fetch"])["attempts"]


def test_serve_listens_to_this_machine_alone_unless_asked():
    (host,) = (option for option in cli.get_command(None, "serve").params if option.name == "host")
    assert host.default == "127.0.0.1"
