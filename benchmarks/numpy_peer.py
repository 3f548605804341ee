"""The peer: the same laws and the same model in plain numpy, from the literature's formulas.

``whole`` computes all draws at once, one array per quantity, as a notebook would. ``run`` goes chunk
by chunk, so that intermediates stay in the cache, with samplers of two kinds:
``documented`` draws with the method of ``numpy.random.Generator`` that is named after the family, as
numpy's manual has it. ``tuned`` is what an expert would write: normals, exponentials and uniforms
from the generator, the rest in numpy's array functions, which use SIMD where the generator's loops
call libm one draw at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from sixteen_inputs import CERTAIN, LAWS, PAIR, SPEARMAN

Floats = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, int, Mapping[str, float]], Floats]

_HOURS_PER_YEAR = 8766.0  # Cottier et al. (2024), arXiv:2405.21015
_SHORTEST_INTERVAL = 1e-6  # h, as in simulator.model.reliability


def _logistic(z: Floats, p: Mapping[str, float]) -> Floats:
    return p["low"] + (p["high"] - p["low"]) / (1.0 + np.exp(-(p["mu"] + p["sigma"] * z)))


def _pert(rng: np.random.Generator, n: int, p: Mapping[str, float]) -> Floats:
    width = p["high"] - p["low"]
    a, b = 1 + 4 * (p["mode"] - p["low"]) / width, 1 + 4 * (p["high"] - p["mode"]) / width
    return p["low"] + width * rng.beta(a, b, n)


def _tuned_triangular(rng: np.random.Generator, n: int, p: Mapping[str, float]) -> Floats:
    u, left, right = rng.random(n), p["mode"] - p["low"], p["high"] - p["mode"]
    width = left + right
    return np.where(u * width < left, p["low"] + np.sqrt(u * (width * left)), p["high"] - np.sqrt((1.0 - u) * (width * right)))


_documented: Mapping[str, Sampler] = {
    "lognormal": lambda rng, n, p: p.get("lower", 0.0) + rng.lognormal(p["mu"], p["sigma"], n),
    "normal": lambda rng, n, p: rng.normal(p["mean"], p["sd"], n),
    "uniform": lambda rng, n, p: rng.uniform(p["low"], p["high"], n),
    "triangular": lambda rng, n, p: rng.triangular(p["low"], p["mode"], p["high"], n),
    "gamma": lambda rng, n, p: rng.gamma(p["shape"], p["scale"], n),
    "weibull": lambda rng, n, p: p["scale"] * rng.weibull(p["shape"], n),
    "beta": lambda rng, n, p: p["low"] + (p["high"] - p["low"]) * rng.beta(p["a"], p["b"], n),
    "pert": _pert,
}
_tuned: Mapping[str, Sampler] = {
    **_documented,
    "lognormal": lambda rng, n, p: p.get("lower", 0.0) + np.exp(p["mu"] + p["sigma"] * rng.standard_normal(n)),
    "triangular": _tuned_triangular,
    "weibull": lambda rng, n, p: p["scale"] * rng.standard_exponential(n) ** (1.0 / p["shape"]),
}
PEERS: Mapping[str, Mapping[str, Sampler]] = {"documented": _documented, "tuned": _tuned}


def draw(peer: str, rng: np.random.Generator, n: int) -> dict[str, Floats]:
    """Return n draws of every uncertain input, the pair through a Gaussian copula."""
    latent = 2.0 * math.sin(math.pi * SPEARMAN / 6.0)  # Kruskal (1958), doi:10.1080/01621459.1958.10501481
    first, other = rng.standard_normal(n), rng.standard_normal(n)
    second = latent * first + math.sqrt(1.0 - latent * latent) * other
    drawn = {name: _logistic(z, LAWS[name][2]) for name, z in zip(PAIR, (first, second), strict=True)}
    samplers = PEERS[peer]
    for name, (_, family, parameters) in LAWS.items():
        if name not in drawn:
            drawn[name] = samplers[family](rng, n, parameters)
    return drawn


def play_out(x: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the outputs of the scenario: of the run, and of the bill and footprint of what it switches on."""
    c = {name: value for name, (_, value) in CERTAIN.items()}
    devices = c["accelerators"]
    nodes = math.ceil(devices / c["accelerators_per_node"])

    rate = x["failure_rate"] * (nodes / 24_000.0)
    work = 6.0 * c["params"] * x["tokens"] / (c["peak_flops"] * x["mfu"] * 3600.0) * (1.0 + x["run_overhead"]) / devices
    save = x["checkpoint_time"]
    half = save * rate / 2.0
    interval = np.sqrt(2.0 * save / rate) * (1.0 + np.sqrt(half) / 3.0 + half / 9.0) - save  # Daly (2006), equation 37
    interval = np.clip(np.where(half >= 1.0, 1.0 / rate, interval), _SHORTEST_INTERVAL, work)
    up = np.expm1(rate * (interval + save)) / (rate * interval)
    stretch = up * np.exp(rate * x["downtime"])
    wall_clock = work * stretch
    hours_up = work * up

    power = x["power_fraction"] * x["server_power_ratio"] * (devices * c["tdp"] / 1000.0)
    energy_it = power * (hours_up + x["idle_power_fraction"] * (wall_clock - hours_up))
    energy = x["pue"] * energy_it

    depreciation = -np.expm1(wall_clock * (-c["depreciation_rate"] * math.log(10.0) / _HOURS_PER_YEAR))
    hardware = x["accelerator_price"] * depreciation * (devices * c["server_price_ratio"] / c["fleet_utilization"])
    network = hardware * (c["interconnect_share"] / (1.0 - c["interconnect_share"]))
    bill = energy * (x["electricity_price"] * x["price_year_shift"])

    used = energy * (x["carbon_intensity"] * x["carbon_year_shift"])
    worn = wall_clock / x["service_life"] * (devices / c["fleet_utilization"])
    made = worn * c["embodied_accelerator"]
    made_servers = worn * (c["embodied_server"] / c["accelerators_per_node"])
    on_site, off_site = energy_it * c["wue_on"], energy * c["wue_off"]
    return {
        "device_hours": wall_clock * devices,
        "wall_clock": wall_clock,
        "goodput": 1.0 / stretch,
        "interruptions": rate * wall_clock,
        "energy_it": energy_it,
        "energy": energy,
        "cost_total": hardware + network + bill,
        "emissions_total": used + made + made_servers,
        "water": on_site + off_site,
        "water_on_site": on_site,
        "water_off_site": off_site,
        "cost[accelerators]": hardware,
        "cost[interconnect]": network,
        "cost[electricity]": bill,
        "emissions[operational]": used,
        "emissions[embodied_accelerators]": made,
        "emissions[embodied_servers]": made_servers,
    }


#: what the model returns
OUTPUTS = tuple(play_out({name: np.full(1, 0.5) for name in LAWS}))


def whole(rng: np.random.Generator, draws: int) -> dict[str, Floats]:
    """Return inputs and outputs of all draws at once, by the documented samplers."""
    drawn = draw("documented", rng, draws)
    return {**drawn, **play_out(drawn)}


def run(peer: str, rng: np.random.Generator, chunk: int, inputs: Mapping[str, Floats], outputs: Mapping[str, Floats]) -> None:
    """Fill the columns of inputs and outputs, ``chunk`` draws at a time so that intermediates stay in the cache."""
    draws = len(next(iter(outputs.values())))
    for low in range(0, draws, chunk):
        high = min(low + chunk, draws)
        drawn = draw(peer, rng, high - low)
        for name, values in drawn.items():
            inputs[name][low:high] = values
        for name, values in play_out(drawn).items():
            outputs[name][low:high] = values
