"""Time the history kernel on one thread against numpy: 54 days of hourly price and carbon intensity, integrated.

Both sides play the same process, two Ornstein-Uhlenbeck factors for each of price and intensity, correlated, with a season and a
piecewise linear quantile function. The peer is numpy as it is commonly written: a loop over hours, one array of draws per factor,
``standard_normal``, ``interp``. The kernel does more in its time: it interrupts the runs, takes the idle hours off, and leaves an
hour's weather independent of the run. Means, deviations and the correlation of both sides' bills must agree within Monte Carlo
error before any time is told. Rounds alternate; times are processor times.

Quantile functions of 257 scores are those of a zone tabulated finely; the shipped zones have up to 48. ``interp`` searches in its
table, so that its time depends on it; the kernel's does not.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from pathlib import Path
from statistics import median

import numba
import numpy as np
from machine import describe, machine_lines, peak_memory
from numpy.typing import NDArray
from scipy.stats import gamma, norm, skewnorm

from simulator import SamplingPlan, parse_scenario
from simulator.arguments import KernelArguments, compile_arguments
from simulator.scenario import Scenario, resolve
from simulator.scenario.zones import ZoneFile, zone_yaml
from simulator.stochastic.zone import SEASONAL_TERMS, HourlyLaw, Zone, seasonal_design

HOURS = 54 * 24
START = "2027-01-04"
FIRST = 499_680  # that date in hours since 1970
_LIMIT = 4.9  # standard errors; a false alarm in a million over the handful of comparisons


def law(unit: str, distribution: object, weight: float, scores: NDArray[np.float64]) -> HourlyLaw:
    seasonal = np.zeros(len(SEASONAL_TERMS))
    seasonal[SEASONAL_TERMS.index("cos day/1")] = 0.6
    values = distribution.ppf(norm.cdf(scores))  # type: ignore[attr-defined]
    return HourlyLaw(unit, tuple(seasonal), 0.8, weight, tuple(scores), tuple(values))


def zone(scores: NDArray[np.float64]) -> Zone:
    price, carbon = law("USD/MWh", skewnorm(2, 40, 50), 0.25, scores), law("gCO2e/kWh", gamma(6, scale=60), 0.1, scores)
    return Zone("bench", "UTC", 4.0, 45.0, 0.5, 0.9, price, carbon)


ZONES = {257: zone(np.linspace(-6.5, 6.5, 257)), 48: zone(np.linspace(-4.5, 4.5, 48))}


def scenario(folder: Path, zone: Zone, nodes: int, failure_rate: float) -> Scenario:
    """Return runs of exactly 54 days on so many nodes of eight."""
    (folder / "zone.yaml").write_text(zone_yaml(ZoneFile(zone)), encoding="utf-8")
    data = {
        "workload": {"device_hours": HOURS * 8 * nodes},
        "hardware": {"accelerators": 8 * nodes, "accelerators_per_node": 8, "tdp": 700, "power_fraction": 0.8, "server_power_ratio": 1.8},
        "reliability": {"failure_rate": failure_rate, "downtime": 0.5, "checkpoint_time": "30 s"},
        "energy": {"pue": 1.1, "price_year_shift": 1},
        "emissions": {"carbon_year_shift": 1},
        "grid": {"zone": "zone.yaml", "start_time": START},
        "compute": {"basis": "own", "accelerator_price": 30_000},
    }
    return parse_scenario(data, base=folder)


def numpy_idiom(zone: Zone, draws: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each draw's sums of price and of intensity over 54 days."""
    price, carbon = zone.price, zone.carbon
    assert price is not None
    assert carbon is not None
    design = seasonal_design(FIRST + np.arange(HOURS), zone.timezone)
    m_p, m_c = design @ np.asarray(price.seasonal), design @ np.asarray(carbon.seasonal)
    a_f, a_s = 0.5 ** (1 / zone.fast_half_life), 0.5 ** (1 / zone.slow_half_life)
    s_f, s_s = math.sqrt(1 - a_f**2), math.sqrt(1 - a_s**2)
    r_f, r_s = zone.fast_correlation, zone.slow_correlation
    q_f, q_s = math.sqrt(1 - r_f**2), math.sqrt(1 - r_s**2)
    wp, wc = math.sqrt(price.fast_weight), math.sqrt(carbon.fast_weight)
    vp, vc = math.sqrt(1 - price.fast_weight), math.sqrt(1 - carbon.fast_weight)
    pf, pc, sf, sc = rng.standard_normal((4, draws))
    pc, sc = r_f * pf + q_f * pc, r_s * sf + q_s * sc
    total_p, total_c = np.zeros(draws), np.zeros(draws)
    for hour in range(HOURS):
        u_p = m_p[hour] + price.residual_sd * (wp * pf + vp * sf)
        u_c = m_c[hour] + carbon.residual_sd * (wc * pc + vc * sc)
        total_p += np.interp(u_p, price.scores, price.values)
        total_c += np.interp(u_c, carbon.scores, carbon.values)
        z1, z2, z3, z4 = rng.standard_normal((4, draws))
        pf, pc = a_f * pf + s_f * z1, a_f * pc + s_f * (r_f * z1 + q_f * z2)
        sf, sc = a_s * sf + s_s * z3, a_s * sc + s_s * (r_s * z3 + q_s * z4)
    return total_p / 1000, total_c / 1000


class Kernel:
    """The history kernel, compiled and with its arrays allocated."""

    def __init__(self, folder: Path, zone: Zone, nodes: int, failure_rate: float, draws: int) -> None:
        self.draws = draws
        resolved = resolve(scenario(folder, zone, nodes, failure_rate))
        self.arguments: KernelArguments = compile_arguments(resolved, SamplingPlan(draws=draws))
        self.inputs = np.empty((len(self.arguments.drawn), draws))
        self.outputs = np.zeros((len(self.arguments.outputs), draws))
        self.power = 8 * nodes * 0.7 * 0.8 * 1.8 * 1.1
        self.play()

    def play(self) -> None:
        self.arguments.run(0, self.draws, self.inputs, self.outputs, first=0, block_size=4096)

    def output(self, name: str) -> NDArray[np.float64]:
        return self.outputs[self.arguments.outputs.index(name)]

    def sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return sums of price and intensity as the peer has them: bills over the facility's power."""
        return self.output("cost[electricity]") / self.power, self.output("emissions[operational]") / self.power


def disagreements(ours: tuple[NDArray[np.float64], ...], theirs: tuple[NDArray[np.float64], ...]) -> list[str]:
    """Return what differs by more than Monte Carlo error."""
    found = []
    for name, a, b in zip(("price", "carbon"), ours, theirs, strict=True):
        z = (a.mean() - b.mean()) / math.sqrt(a.var() / a.size + b.var() / b.size)
        deviation = (math.log(a.std()) - math.log(b.std())) / math.sqrt(0.5 / a.size + 0.5 / b.size)
        found += [
            f"{what} of {name}: {value:.1f} standard errors" for what, value in (("mean", z), ("sd", deviation)) if abs(value) > _LIMIT
        ]
    fisher = math.atanh(np.corrcoef(*ours)[0, 1]) - math.atanh(np.corrcoef(*theirs)[0, 1])
    fisher /= math.sqrt(1 / ours[0].size + 1 / theirs[0].size)
    return [*found, *([f"correlation: {fisher:.1f} standard errors"] if abs(fisher) > _LIMIT else [])]


def timed(work: object, units: int) -> float:
    start = time.process_time_ns()
    work()  # type: ignore[operator]
    return (time.process_time_ns() - start) / units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=8192)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    numba.set_num_threads(1)
    draws, units = options.draws, options.draws * HOURS
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for knots, zone in ZONES.items():
            problems = disagreements(Kernel(folder, zone, 32, 0.0, draws).sums(), numpy_idiom(zone, draws, rng))
            if problems:
                raise SystemExit(f"No ratio: both sides disagree at {knots} scores on {'; '.join(problems)}")
        cases = {
            "32 nodes": (257, Kernel(folder, ZONES[257], 32, 4.0, draws)),
            "32 nodes, 48 scores": (48, Kernel(folder, ZONES[48], 32, 4.0, draws)),
            "2048 nodes": (257, Kernel(folder, ZONES[257], 2048, 3.79, draws)),
        }
    times: dict[str, list[float]] = {name: [] for name in (*cases, *(f"numpy, {knots} scores" for knots in ZONES))}
    for _ in range(options.repeats):
        for name, (_, case) in cases.items():
            times[name].append(timed(case.play, units))
        for knots, zone in ZONES.items():
            times[f"numpy, {knots} scores"].append(timed(lambda zone=zone: numpy_idiom(zone, draws, rng), units))
    ratios = {
        name: [b / a for a, b in zip(times[name], times[f"numpy, {knots} scores"], strict=True)] for name, (knots, _) in cases.items()
    }
    events = {name: float(case.output("interruptions").mean()) for name, (_, case) in cases.items()}
    if options.json:
        print(json.dumps({"draws": draws, "times": times, "ratios": ratios, "interruptions": events, "machine": describe()}))
        return
    print(f"54 days hourly, price and carbon, two factors each; {draws} draws, {options.repeats} rounds, 1 thread")
    print(f"{'ns per hour and draw':<24}{'processor':>10}{'least':>8}{'greatest':>10}{'interruptions':>15}")
    for name, values in times.items():
        shown = f"{events[name]:>15.1f}" if name in events else f"{'none':>15}"
        print(f"{name:<24}{median(values):>10.1f}{min(values):>8.1f}{max(values):>10.1f}{shown}")
    for name, values in ratios.items():
        least = min(times[f"numpy, {cases[name][0]} scores"]) / min(times[name])
        spread = f"{min(values):.1f} to {max(values):.1f} over rounds; of the least times {least:.1f}"
        print(f"ratio     numpy / kernel, {name} = {median(values):.1f} ({spread})")
    print(f"memory    {peak_memory():.0f} MiB at the peak, numpy's arrays included")
    for line in machine_lines(describe()):
        print(line)


if __name__ == "__main__":
    main()
