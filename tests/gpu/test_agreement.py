"""A real GPU makes the processor's draws, to the tolerance that ``benchmarks.cuda`` states; not part of the default run."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from benchmarks.cuda import EXPECTED, arguments_of, disagreements
from simulator import SamplingPlan, load_scenario, simulate
from simulator.cuda.run import run_on_device
from simulator.engine import run_kernel

ROOT = Path(__file__).parent.parent.parent
DRAWS = 100_000


@pytest.mark.parametrize("config", ["quickstart", "full-anatomy", "full-anatomy-rented", "university-7b"])
@pytest.mark.parametrize("plan", [SamplingPlan(draws=2**20), SamplingPlan(draws=2**20, plan="sobol")], ids=["random", "sobol"])
def test_the_gpu_makes_the_draws_of_the_processor(config: str, plan: SamplingPlan) -> None:
    arguments = arguments_of(config, plan)
    kernel, device = run_kernel(arguments, plan, 77, 77 + DRAWS, None), run_on_device(arguments, 77, 77 + DRAWS, None)
    for ours, theirs in zip(kernel, device, strict=True):
        assert disagreements(ours, theirs) == []


def test_a_draw_is_the_same_in_any_range() -> None:
    arguments = arguments_of("full-anatomy", SamplingPlan(draws=2**21))
    whole, part = run_on_device(arguments, 0, 2**20 + 10_000, None), run_on_device(arguments, 2**20 - 5_000, 2**20 + 10_000, None)
    for all_of_them, some in zip(whole, part, strict=True):
        for name, values in some.items():
            assert values.tobytes() == all_of_them[name][-15_000:].tobytes(), name


def test_the_user_sees_the_same_dataset() -> None:
    scenario = load_scenario(ROOT / "configs" / "quickstart.yaml", overrides=EXPECTED)
    ours, theirs = (simulate(scenario, SamplingPlan(draws=DRAWS, device=device)) for device in ("cpu", "cuda"))
    assert theirs.attrs.pop("device") == "cuda"
    assert theirs.attrs == ours.attrs
    xr.testing.assert_allclose(theirs, ours, rtol=1e-12)
