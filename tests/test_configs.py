"""The shipped scenarios: every figure has a source, and forecasts hold what was published."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from simulator import SamplingPlan, load_scenario, simulate
from simulator.scenario import resolve

CONFIGS = Path(__file__).parent.parent / "configs"
ALL = sorted(CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_every_figure_has_a_comment(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s+(- \[)?(?!accelerator:)[a-z_]+[:,].*\d", line) and not line.lstrip().startswith("#"):
            above = lines[number - 1].lstrip()
            assert "#" in line or above.startswith("#"), f"{path.name}:{number + 1} has a figure without a source: {line}"


@pytest.mark.parametrize(("name", "last_year"), [("bloom-176b", 2021), ("llama3.1-405b", 2023)])
def test_a_forecast_takes_no_default_from_after_its_date(name: str, last_year: int) -> None:
    for quantity, source in resolve(load_scenario(CONFIGS / f"{name}.yaml")).sources().items():
        year = re.search(r"\[(\d{4})\]$", source)
        assert year is None or int(year[1]) <= last_year, f"{quantity}: {source}"


def test_llama_forecast_holds_the_published_run() -> None:
    # Llama 3.1 model card (2024-07): 30.84 million H100-hours. Grattafiori et al. 2024, arXiv:2407.21783, section 3.3.4:
    # 419 unplanned interruptions in 54 days. Neither was used for the config.
    ds = simulate(load_scenario(CONFIGS / "llama3.1-405b.yaml"), SamplingPlan(draws=20_000))
    np.testing.assert_array_equal(ds.wall_clock * ds.accelerators, ds.device_hours)
    low, high = np.quantile(ds.device_hours, [0.05, 0.95])
    assert low <= 30.84e6 <= high
    assert high / low <= 3.5
    low, high = np.quantile(ds.interruptions / ds.wall_clock * 54 * 24, [0.05, 0.95])
    assert low <= 419 <= high
    assert high / low <= 8


def test_bloom_forecast_holds_the_published_run() -> None:
    # Luccioni et al. 2022, arXiv:2211.02001: 1 082 990 A100-hours. BigScience tr11-176B chronicles, 2022: about 17 crashes.
    ds = simulate(load_scenario(CONFIGS / "bloom-176b.yaml"), SamplingPlan(draws=20_000))
    for name, published in (("device_hours", 1_082_990), ("interruptions", 17)):
        low, high = np.quantile(ds[name], [0.05, 0.95])
        assert low <= published <= high
