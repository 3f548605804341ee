"""Do published figures come out of a draw at their constants?

Every golden runs the whole simulator, config to Dataset; what a source does not have (interruptions, saving, year shifts,
embodied emissions) is switched off.
"""

import numpy as np
import pytest

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.reference import accelerators

RENT = {"basis": "rent", "rental_price": 1.0}


def play(workload, hardware, *, carbon_intensity=0.0, embodied=(0, 0), pue=1.0, compute=RENT, energy=()):
    """Return a draw; without interruptions all draws, and both methods, have to be the same."""
    expected, played = (
        draw_by(method, workload, hardware, carbon_intensity, embodied, pue, compute, energy)
        for method in ("expected_value", "event_driven")
    )
    assert set(expected.data_vars) < set(played.data_vars)
    for output, values in expected.data_vars.items():
        np.testing.assert_allclose(played[output], values, rtol=1e-13, err_msg=output)
    return played


def draw_by(method, workload, hardware, carbon_intensity, embodied, pue, compute, energy):
    scenario = parse_scenario(
        {
            "name": "golden",
            "workload": workload,
            "hardware": {"accelerators_per_node": 8, "power_fraction": 1, "server_power_ratio": 1, "idle_power_fraction": 0} | hardware,
            "reliability": {"method": method, "failure_rate": 0, "downtime": 0, "checkpoint_time": 0},
            "energy": {"pue": pue} | dict(energy),
            "emissions": {
                "carbon_intensity": carbon_intensity, "carbon_year_shift": 1,
                "embodied_accelerator": embodied[0], "embodied_server": embodied[1],
            },
            "water": {"wue_on": 0, "wue_off": 0},
            "compute": {"service_life": "6 years", "fleet_utilization": 1} | compute,
        }
    )  # fmt: skip
    ds = simulate(scenario, SamplingPlan(draws=2))
    assert (ds.goodput == 1.0).all()
    for output in ds.data_vars.values():
        assert output.ndim == 0 or np.array_equal(output[0], output[1])
    return ds.isel(draw=0)


# Patterson et al. (2021), arXiv:2104.10350, Table 4, as LLMCarbon (Faiz et al. 2024, arXiv:2309.14393, Apache-2.0) uses it to
# validate its chain: base parameters, tokens, devices, average system power [W], peak [TFLOP/s], efficiency, PUE [1],
# carbon intensity [kg/kWh], published emissions [t] and the chain's own error [%]. T5, GShard and Switch ran on TPU v3, the others on V100.
PATTERSON2021 = {
    "T5": (11e9, 600e9, 512, 310, 123, 0.37, 1.12, 0.545, 46.7, -2.1),
    "GPT-3": (175e9, 300e9, 10_000, 330, 125, 0.197, 1.10, 0.429, 552.1, 0.2),
    "GShard": (2.3e9, 1000e9, 1000, 288, 123, 0.39, 1.09, 0.177, 4.3, 3.3),
    "Switch": (7.41e9, 2000e9, 1000, 245, 123, 0.28, 1.10, 0.330, 59.1, 7.9),
    "XLM": (0.55e9, 7000e9, 512, 342, 125, 0.212, 1.10, 0.413, 39.0, -3.5),
}


@pytest.mark.parametrize("name", PATTERSON2021)
def test_llmcarbon_chain(name):
    base_params, tokens, devices, power, peak, efficiency, pue, carbon_intensity, published, error = PATTERSON2021[name]
    ds = play(
        {"params_active": base_params, "tokens": tokens, "mfu": efficiency, "run_overhead": 0},
        {"accelerators": devices, "peak_flops": f"{peak} TFLOP/s", "tdp": power},
        pue=pue,
        carbon_intensity=carbon_intensity,
    )
    found = 100 * (ds.emissions_total.item() / 1000 / published - 1)
    assert -3.6 < found < 8.0
    assert found == pytest.approx(error, abs=0.3)
    assert ds.emissions_total == ds.emissions.sel(emission_component="operational")


# Patterson et al. (2021), Table 4: energy [MWh], intensity [t/MWh], emissions [t] with the digits printed
PRODUCTS = {
    "T5": (85.7, 0.545, 46.7, 0.05),
    "GPT-3": (1287, 0.429, 552.1, 0.05),
    "GShard": (24.1, 0.177, 4.3, 0.05),
    "Switch": (179, 0.330, 59.1, 0.05),
    "XLM": (94.4, 0.413, 39, 0.5),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_patterson_table_4_closes(name):
    megawatt_hours, carbon_intensity, published, rounding = PRODUCTS[name]
    ds = play({"device_hours": megawatt_hours * 1000}, {"accelerators": 1, "tdp": "1 kW"}, carbon_intensity=carbon_intensity)
    assert ds.energy.item() == pytest.approx(megawatt_hours * 1000, rel=1e-14)
    assert ds.emissions_total.item() == pytest.approx(megawatt_hours * 1000 * carbon_intensity, rel=1e-14)
    assert ds.emissions_total.item() / 1000 == pytest.approx(published, abs=rounding)


def own_dgx_h100(hours):
    """DGX H100 in 2023, hyperscale: the constants of Cottier et al. (2024), arXiv:2405.21015, and of its released code."""
    return play(
        {"device_hours": 8 * hours},
        {"accelerators": 8, "tdp": 700, "server_power_ratio": 1.82, "power_fraction": 0.75},
        pue=1.10,
        energy={"electricity_price": 0.0806, "price_year_shift": 1},  # USD/kWh: United States, industrial, 2023
        compute={
            "basis": "own", "accelerator_price": 33_750, "server_price_ratio": 1, "interconnect_share": 0.19,
            "depreciation": "cottier2024", "depreciation_rate": 0.14,
        },
    )  # fmt: skip


@pytest.mark.parametrize(("hours", "servers", "tolerance"), [(1, 1.241, 0.0005), (8766, 1.061, 0.0005)], ids=["at the start", "first year"])
def test_cottier_price_of_a_device_hour(hours, servers, tolerance):
    ds = own_dgx_h100(hours)
    per_hour = ds.cost / ds.device_hours
    assert per_hour.sel(cost_component="accelerators").item() == pytest.approx(servers, abs=tolerance)
    with_network = per_hour.sel(cost_component=["accelerators", "interconnect"]).sum().item()
    assert with_network == pytest.approx(servers / 0.81, abs=tolerance / 0.81)
    if hours == 1:
        assert with_network == pytest.approx(1.532, abs=0.0005)
    assert per_hour.sel(cost_component="electricity").item() == pytest.approx(0.085, abs=0.0005)
    assert ds.cost_total.item() == pytest.approx(ds.cost.sum().item(), rel=1e-15)


def test_bloom():
    # Luccioni et al. (2022), arXiv:2211.02001: 1 082 990 A100-hours, 433 196 kWh, 57 g/kWh, 24.7 t; embodied 11.2 t from 2 500 kg
    # per server, 150 kg per GPU, 6 years at 85 % use; idle infrastructure 256 646 kWh, 14.6 t; 50.5 t in all.
    ds = play(
        {"device_hours": 1_082_990},
        {"accelerators": 384, "tdp": 400},
        carbon_intensity="57 gCO2e/kWh",
        embodied=(150, 2500),
        compute=RENT | {"fleet_utilization": 0.85},
    )
    assert ds.energy.item() == pytest.approx(433_196, abs=0.5)
    dynamic = ds.emissions.sel(emission_component="operational").item() / 1000
    embodied = ds.emissions.sel(emission_component=["embodied_accelerators", "embodied_servers"]).sum().item() / 1000
    assert dynamic == pytest.approx(24.7, abs=0.05)
    assert embodied == pytest.approx(11.2, abs=0.05)
    idle = (
        play({"device_hours": 256_646}, {"accelerators": 1, "tdp": "1 kW"}, carbon_intensity="57 gCO2e/kWh").emissions_total.item() / 1000
    )
    assert idle == pytest.approx(14.6, abs=0.05)
    assert dynamic + idle + embodied == pytest.approx(50.5, abs=0.1)


def test_llama_3_1_model_card():
    # Model card (Meta, 2024-07): 39.3 M H100-hours at 700 W, 11 390 t location-based; together 0.414 kg per device-kWh, PUE inside
    ds = play({"device_hours": "39.3M"}, {"accelerators": 16_384, "tdp": 700}, carbon_intensity=0.414)
    assert ds.emissions_total.item() / 1000 == pytest.approx(11_390, abs=14)  # 0.0005 kg/kWh of rounding
    assert 11_390_000 / ds.energy.item() == pytest.approx(0.414, abs=0.0005)
    # 7.0 M hours at the same intensity: about 2 040 t, where the card of Llama 3.3 prints 12.9
    again = play({"device_hours": "7.0M"}, {"accelerators": 16_384, "tdp": 700}, carbon_intensity=0.414)
    assert again.emissions_total.item() / 1000 == pytest.approx(2040, rel=0.01)


@pytest.mark.parametrize("name", accelerators())
def test_every_accelerator_can_be_simulated(name):
    tdp = {} if "tdp" in accelerators()[name] else {"tdp": 300}  # a few makers publish none
    ds = simulate(
        parse_scenario(
            {
                "name": "any",
                "workload": {"params": 1e9, "tokens": 1e11},
                "hardware": {"accelerator": name, "accelerators": 64, **tdp},
                "emissions": {"carbon_intensity": 0.4},
                "compute": RENT,
            }
        ),
        SamplingPlan(draws=64),
    )
    for output in ("device_hours", "energy", "cost_total", "emissions_total"):
        assert np.isfinite(ds[output]).all()
        assert (ds[output] > 0).all()
