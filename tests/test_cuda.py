"""The GPU's way to a draw, without a GPU: one lane at a time it is the kernel's, and where there is no device that is one sentence."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import one_draw_at_a_time
import pytest

import simulator
from benchmarks.cuda import EXPECTED, differences, disagreements
from simulator import SamplingPlan, explain, load_scenario
from simulator.arguments import compile_arguments
from simulator.cli import _run
from simulator.cuda import device
from simulator.cuda.one_lane import one_lane
from simulator.engine import run_kernel
from simulator.errors import InputError
from simulator.kernels.lanes import LANES, WIDTH
from simulator.kernels.ledger import run as ledger_of_run
from simulator.replay import over_time
from simulator.scenario import resolve

ROOT = Path(__file__).parent.parent
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")
EVERY_KIND = (
    "mfu=0.3 to 0.4",
    "pue={family: uniform, low: 1.1, high: 1.3}",
    "power_fraction={family: beta, a: 20, b: 30}",
    "run_overhead={family: mixture, components: [{weight: 0.7, value: 0.01 to 0.02}, {weight: 0.3, family: beta, a: 2, b: 50}]}",
    "fleet_utilization={family: choice, values: [0.7, 0.8], probabilities: [0.4, 0.6]}",
    "accelerators=60 to 260",
)
RANDOM = SamplingPlan(draws=2**20)
SOBOL = SamplingPlan(draws=2**20, plan="sobol")
UNEVEN_REPLICATES = SamplingPlan(draws=24 * 2**12, plan="sobol", replicates=24)


def refused(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert _run(["run", QUICKSTART, "--draws", "100", "--device", "cuda", *words], debug=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_no_gpu_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "why_not", lambda: "the driver tells of no device")
    assert refused("--set", *EXPECTED, capsys=capsys) == (
        "error: no GPU that numba-cuda can use was found (the driver tells of no device); leave out --device cuda, "
        "or install the extra: pip install 'training-risk-simulator[cuda]'\n"
    )


def test_histories_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys=capsys) == (
        "error: histories are played on the CPU only; leave out --device cuda, or set reliability.method: expected_value\n"
    )


def test_what_shows_histories_names_no_option_of_another_verb() -> None:
    for show in (partial(explain, draw=0), over_time):
        with pytest.raises(InputError) as refusal:
            show(load_scenario(QUICKSTART), SamplingPlan(draws=10, device="cuda"))
        told = "device = 'cuda' plays no histories, and one is asked for here. Use SamplingPlan(device='cpu')"
        assert str(refusal.value) == told


def test_why_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert device.why_not() == "numba-cuda is not installed"
    monkeypatch.setattr(device, "find_spec", lambda name: name)
    told = "\nCUDA driver library cannot be found.\nEnsure that a driver is installed."
    no_device = "the driver tells of no device"
    for available, error, reason in (
        (False, told, "CUDA driver library cannot be found"),
        (False, " \n", no_device),
        (False, None, no_device),
        (True, told, None),
    ):
        found = SimpleNamespace(is_available=lambda there=available: there, cuda_error=lambda text=error: text)
        monkeypatch.setattr(numba, "cuda", found, raising=False)
        assert device.why_not() == reason


def test_other_devices_are_not_known() -> None:
    with pytest.raises(InputError, match="device = 'tpu' is not known; devices are cpu and cuda"):
        SamplingPlan(device="tpu")  # type: ignore[arg-type]  # what is not admissible


def test_only_the_package_of_the_gpu_imports_its_library() -> None:
    root = Path(simulator.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "numba":
                asked = str(node.module) == "numba.cuda" or "cuda" in {alias.name for alias in node.names}
                assert not asked or path.parent == root / "cuda", path


def test_the_copy_has_one_lane_and_the_kernels_keep_theirs() -> None:
    copy = one_lane(one_draw_at_a_time)
    assert copy("simulator.kernels.ledger.run")._PUE * WIDTH == ledger_of_run._PUE
    assert copy("simulator.kernels.scores").random_uniforms is copy("simulator.cuda.uniforms").random_uniforms
    assert (copy("simulator.kernels.static").LANES, LANES) == (1, 256)


@pytest.mark.parametrize(
    ("config", "overrides", "plan"),
    [
        ("quickstart", EVERY_KIND, RANDOM),
        ("quickstart", EVERY_KIND, SOBOL),
        ("quickstart", EVERY_KIND, UNEVEN_REPLICATES),
        ("full-anatomy", (), RANDOM),
        ("full-anatomy-rented", (), SOBOL),
        ("university-7b", (), UNEVEN_REPLICATES),
    ],
)
def test_one_draw_at_a_time_is_the_kernel(config: str, overrides: tuple[str, ...], plan: SamplingPlan) -> None:
    scenario = load_scenario(ROOT / "configs" / f"{config}.yaml", overrides=[*EXPECTED, *overrides])
    arguments = compile_arguments(resolve(scenario), plan)
    assert overrides == () or set(arguments.tables.kinds[:, 0]) == set(range(5))
    assert overrides == () or arguments.tables.correlated.size
    draws = range(12_345, 12_465)
    kernel = run_kernel(arguments, plan, draws.start, draws.stop, None)
    for ours, theirs in zip(kernel, one_draw_at_a_time.play(arguments, draws), strict=True):
        assert disagreements(ours, theirs) == []


def test_a_difference_is_seen() -> None:
    ours, other = ({"a": np.array(values)} for values in ([1.0, 2.0], [1.0, 2.0 + 1e-11]))
    assert differences(ours, ours) == {"a": 0.0}
    assert disagreements(ours, other)


def test_the_launch_in_a_simulator_of_a_gpu() -> None:
    """Chunks that end inside a grid, arguments, and results back; each thread is one of Python's."""
    code = f"""
from simulator.cuda import run
run.blocks, run.BLOCK, run._CHUNK, run._STAGING = (lambda: 2), 8, 20, 100
import xarray as xr
from simulator import SamplingPlan, load_scenario, simulate
scenario, done = load_scenario({QUICKSTART!r}, overrides={EXPECTED!r}), []
ours = simulate(scenario, SamplingPlan(draws=1000), start=7, stop=57)
theirs = simulate(scenario, SamplingPlan(draws=1000, device="cuda"), start=7, stop=57, progress=done.append)
assert done == [20, 40, 50], done
assert theirs.attrs.pop("device") == "cuda" and theirs.attrs == ours.attrs
xr.testing.assert_allclose(theirs, ours, rtol=1e-12)
"""
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
