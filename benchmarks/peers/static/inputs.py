"""The static workload: 16 uncertain inputs of nine families, two of them correlated; the rest certain.

One table states every law by its natural parameters in the canonical unit, so that the package and
its peers start from the same numbers and from nothing else of each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from simulator import Scenario, parse_scenario

#: input: (section, family, parameters)
LAWS: Mapping[str, tuple[str, str, Mapping[str, float]]] = {
    "mfu": ("workload", "logit_normal", {"mu": -0.45, "sigma": 0.25, "low": 0.0, "high": 1.0}),
    "power_fraction": ("hardware", "logit_normal", {"mu": 0.60, "sigma": 0.35, "low": 0.0, "high": 1.2}),
    "tokens": ("workload", "uniform", {"low": 14e12, "high": 17e12}),
    "run_overhead": ("workload", "gamma", {"shape": 3.0, "scale": 0.03}),
    "failure_rate": ("reliability", "lognormal", {"mu": 1.6, "sigma": 0.5}),
    "downtime": ("reliability", "weibull", {"shape": 1.5, "scale": 0.6}),
    "checkpoint_time": ("reliability", "lognormal", {"mu": -5.0, "sigma": 0.6}),
    "server_power_ratio": ("hardware", "lognormal", {"mu": -0.2, "sigma": 0.12, "lower": 1.0}),
    "idle_power_fraction": ("hardware", "beta", {"a": 6.0, "b": 8.0, "low": 0.0, "high": 1.0}),
    "pue": ("energy", "triangular", {"low": 1.05, "mode": 1.10, "high": 1.30}),
    "electricity_price": ("energy", "normal", {"mean": 0.08, "sd": 0.015}),
    "price_year_shift": ("energy", "lognormal", {"mu": 0.0, "sigma": 0.084}),
    "carbon_intensity": ("emissions", "pert", {"low": 0.27, "mode": 0.37, "high": 0.55}),
    "carbon_year_shift": ("emissions", "lognormal", {"mu": 0.0, "sigma": 0.15}),
    "accelerator_price": ("compute", "lognormal", {"mu": 10.4, "sigma": 0.2}),
    "service_life": ("compute", "uniform", {"low": 26_280.0, "high": 61_320.0}),
}
#: input: (section, value)
CERTAIN: Mapping[str, tuple[str, float]] = {
    "params": ("workload", 405e9),
    "accelerators": ("hardware", 16_384.0),
    "accelerators_per_node": ("hardware", 8.0),
    "peak_flops": ("hardware", 989e12),
    "tdp": ("hardware", 700.0),
    "embodied_accelerator": ("emissions", 300.0),
    "embodied_server": ("emissions", 4500.0),
    "fleet_utilization": ("compute", 0.85),
    "server_price_ratio": ("compute", 1.6),
    "interconnect_share": ("compute", 0.19),
    "depreciation_rate": ("compute", 0.14),
    "wue_on": ("water", 0.4),
    "wue_off": ("water", 3.0),
}
PAIR, SPEARMAN = ("mfu", "power_fraction"), 0.5
#: of the pair's normal scores; Kruskal (1958), doi:10.1080/01621459.1958.10501481
LATENT = 2.0 * math.sin(math.pi * SPEARMAN / 6.0)


def pert_shapes(p: Mapping[str, float]) -> tuple[float, float]:
    """Return the shapes of the beta distribution that a pert is."""
    width = p["high"] - p["low"]
    return 1 + 4 * (p["mode"] - p["low"]) / width, 1 + 4 * (p["high"] - p["mode"]) / width


def scenario(*, correlated: bool) -> Scenario:
    """Return the scenario; transformer work, Daly's interval, expected values, owned hardware, Cottier's depreciation."""
    data: dict[str, dict[str, object]] = {section: {} for section in ("workload", "hardware", "energy", "emissions", "water")}
    data["reliability"] = {"method": "expected_value", "checkpoint_interval": "daly2006"}
    data["compute"] = {"basis": "own", "depreciation": "cottier2024"}
    for name, (section, family, parameters) in LAWS.items():
        data[section][name] = {"family": family, **parameters}
    for name, (section, value) in CERTAIN.items():
        data[section][name] = value
    return parse_scenario({"name": "sixteen-inputs", **data, "correlations": [[*PAIR, SPEARMAN]] if correlated else []})
