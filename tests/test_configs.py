"""The shipped scenarios: every figure has a source, and forecasts hold what was published."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from simulator import SamplingPlan, load_scenario, simulate
from simulator.kernels.ledger.book import COSTS, EMISSIONS
from simulator.scenario import resolve

CONFIGS = Path(__file__).parent.parent / "configs"
ALL = sorted(CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_every_figure_has_a_comment(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s+(- \[)?(?!accelerator:|source:)[a-z_]+[:,].*\d", line) and not line.lstrip().startswith("#"):
            above = lines[number - 1].lstrip()
            assert "#" in line or above.startswith("#"), f"{path.name}:{number + 1} has a figure without a source: {line}"


@cache
def drawn(name: str) -> xr.Dataset:
    """Return 4 096 draws of a shipped scenario: the Monte Carlo error of their P5 and P95 is a few per cent of the band."""
    return simulate(load_scenario(CONFIGS / f"{name}.yaml"), SamplingPlan(draws=4096))


def band(values: xr.DataArray) -> tuple[float, float]:
    """Return P5 and P95."""
    low, high = np.quantile(values, [0.05, 0.95])
    return float(low), float(high)


def of_run(ds: xr.Dataset) -> xr.DataArray:
    """Return what Cottier et al. 2024 count for a final run: hardware, interconnect and electricity."""
    return ds.cost.sel(cost_component=["accelerators", "interconnect", "electricity"]).sum("cost_component")


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_every_scenario_is_complete(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert scenario.description
    assert resolve(scenario).inputs


@pytest.mark.parametrize(
    ("name", "output", "published"),
    [
        # Patterson et al. 2021, arXiv:2104.10350, Table 4; Luccioni et al. 2022 print 502 t, without PUE. Hours: 10 000 for 14.8 days.
        ("gpt3", "device_hours", 3.552e6),
        ("gpt3", "energy", 1_287e3),
        ("gpt3", "operational", 552.1e3),
        ("gpt3", "operational", 502e3),
        # Epoch's table behind Cottier et al. 2024, arXiv:2405.21015: 57 and 132 million chip-hours, inputs of the scenarios
        ("gpt4", "device_hours", 57e6),
        ("gemini-ultra", "device_hours", 132e6),
        # Chowdhery et al. 2022, arXiv:2204.02311: 6 144 chips for 1 200 h and 3 072 for 336 h, 378.5 W per chip, PUE 1.08, 0.079 kg/kWh
        ("palm-540b", "device_hours", 8_404_992),
        ("palm-540b", "wall_clock", 1_536),
        ("palm-540b", "energy", 3_436e3),
        ("palm-540b", "operational", 271.43e3),
        # Rae et al. 2021, arXiv:2112.11446: 920 h on 4 096 chips, 380 t
        ("gopher-280b", "device_hours", 3_768_320),
        ("gopher-280b", "wall_clock", 920),
        ("gopher-280b", "operational", 380e3),
        # Llama 2 model card (2023-07)
        ("llama2-70b", "device_hours", 1_720_320),
        # OPT-175B chronicles, final update (2022-01): 56 days, about 90 restarts
        ("opt-175b", "wall_clock", 56 * 24),
        ("opt-175b", "interruptions", 90),
        # Patterson et al. 2021, arXiv:2104.10350, Appendix D: 7.5 MWh, 3.2 t
        ("strubell-nas-corrected", "energy", 7.5e3),
        ("strubell-nas-corrected", "operational", 3.2e3),
    ],
)
def test_bands_hold_what_was_published(name: str, output: str, published: float) -> None:
    ds = drawn(name)
    low, high = band(ds.emissions.sel(emission_component=output) if output == "operational" else ds[output])
    assert low <= published <= high
    assert high / low <= 5


def test_llama_2_emissions_are_those_of_the_devices_alone() -> None:
    # Llama 2 model card (2023-07): 291.42 t = hours x 400 W x 0.4234 kg/kWh. The server's other half and the idle hours are not in it.
    ds = drawn("llama2-70b")
    low, high = band(ds.emissions.sel(emission_component="operational") / (ds.server_power_ratio * ds.power_fraction))
    assert low <= 291.42e3 <= high
    assert band(ds.emissions.sel(emission_component="operational"))[0] > 291.42e3


@pytest.mark.parametrize(("name", "run", "whole"), [("gpt4", 40.7e6, 129e6), ("gemini-ultra", 28.3e6, 132e6)])
def test_frontier_costs_are_those_of_cottier_2024(name: str, run: float, whole: float) -> None:
    # arXiv:2405.21015 and its released model_costs.csv and development_cost.ipynb; shares: people 29-49 %, hardware 47-67 %, energy 2-6 %
    ds = drawn(name)
    low, high = band(of_run(ds))
    assert low <= run <= high
    low, high = band(ds.cost_total)
    assert low <= whole <= high
    assert high / low <= 12

    research = ds.cost.sel(cost_component="research_compute")
    electricity = ds.cost.sel(cost_component="electricity")
    # research compute is a multiple of the run's, its electricity inside: counted as hardware here, and as energy below
    hardware = of_run(ds) - electricity + research
    energy = electricity * (1 + research / of_run(ds))
    people = ds.cost.sel(cost_component="people")
    assert 0.29 <= float((people / ds.cost_total).median()) <= 0.49
    assert 0.02 <= float((electricity / ds.cost_total).median()) < float((energy / ds.cost_total).median()) <= 0.06
    assert 0.47 <= float((hardware / ds.cost_total).median()) <= 0.67


def test_gpt_3_costs_are_those_of_cottier_2024() -> None:
    # model_costs.csv: 2.2 million; development_cost.ipynb: 7.4 million, 90 % 5.4 to 10.2
    ds = drawn("gpt3")
    low, high = band(of_run(ds))
    assert low <= 2.2e6 <= high
    low, high = band(ds.cost_total)
    assert low <= 7.4e6 <= high


def test_five_cars_are_reproduced() -> None:
    # Strubell et al. 2019, arXiv:1906.02243, Tables 1 and 3: 656 347 kWh, 626 155 lb, a car 126 000 lb; 942 973 to 3 201 722 USD
    ds = drawn("strubell-nas")
    pound = 0.45359237
    assert float(ds.energy[0]) == pytest.approx(656_347, rel=1e-4)
    assert float(ds.emissions_total[0]) == pytest.approx(626_155 * pound, rel=1e-4)
    assert float(ds.emissions_total[0]) / (126_000 * pound) == pytest.approx(4.97, abs=0.005)
    assert float(ds.cost_total.min()) >= 942_971
    assert float(ds.cost_total.max()) <= 3_201_722

    # the same, Table 3: BERT base, 1 507 kWh, 1 438 lb, hours rounded to 79
    bert = drawn("bert-base")
    assert float(bert.energy[0]) == pytest.approx(1_507, rel=5e-3)
    assert float(bert.emissions_total[0]) == pytest.approx(1_438 * pound, rel=5e-3)

    # Patterson et al. 2021, arXiv:2104.10350: 88 times less
    corrected = drawn("strubell-nas-corrected").emissions.sel(emission_component="operational")
    low, high = band(float(ds.emissions_total[0]) / corrected)
    assert low <= 88 <= high


def test_bloom_emits_what_its_project_published() -> None:
    # Luccioni et al. 2022, arXiv:2211.02001: 433 196 kWh, 24.7 t; idle infrastructure 14.6 t; embodied 11.2 t; 50.5 t
    ds = drawn("bloom-176b-published")
    emitted = {str(name): float(ds.emissions.sel(emission_component=name)[0]) for name in ds.emission_component.values}
    assert float(ds.energy[0]) == pytest.approx(433_196, rel=1e-5)
    assert emitted["operational"] == pytest.approx(24.7e3, rel=2e-3)
    assert emitted["idle_infrastructure"] == pytest.approx(14.6e3, rel=3e-3)
    assert emitted["embodied_accelerators"] + emitted["embodied_servers"] == pytest.approx(11.2e3, rel=3e-3)
    assert float(ds.emissions_total[0]) == pytest.approx(50.5e3, rel=3e-3)


def test_deepseek_v3_costs_what_its_paper_says_at_its_price() -> None:
    # arXiv:2412.19437, Table 1: 2.788 million hours at 2 USD/h, research excluded
    scenario = load_scenario(CONFIGS / "deepseek-v3.yaml", overrides=["rental_price=2 USD/h"])
    ds = simulate(scenario, SamplingPlan(draws=64))
    np.testing.assert_allclose(ds.cost.sel(cost_component="accelerators"), 5.576e6, rtol=1e-12)
    low, high = band(drawn("deepseek-v3").cost.sel(cost_component="accelerators"))
    assert low <= 5.576e6 <= high
    assert band(drawn("deepseek-v3").cost_total)[0] > 5.576e6


def test_frontier_of_2027_is_about_a_billion() -> None:
    low, high = band(of_run(drawn("frontier-2027")))
    assert low <= 1e9 <= high
    assert float(drawn("frontier-2027").event_occurrences.max("draw").min()) > 0


def test_the_full_anatomy_leaves_no_component_out() -> None:
    own, rented = drawn("full-anatomy"), drawn("full-anatomy-rented")
    for variable, component in (("cost", "cost_component"), ("emissions", "emission_component")):
        largest = {}
        for ds in (own, rented):
            for name in ds[component].values:
                largest[name] = max(largest.get(name, 0.0), float(ds[variable].sel({component: name}).max()))
        assert min(largest.values()) > 0, largest
    assert set(COSTS) == set(own.cost_component.values) | set(rented.cost_component.values)
    assert set(EMISSIONS) == set(own.emission_component.values) | set(rented.emission_component.values)


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
