"""Forecasts of a published run: the scenario that could be written before it, simulated."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.backtest.published import BeforeRun
from simulator.engine import simulate
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.reference import accelerator
from simulator.reference.priors.facts import relatives
from simulator.reference.regions import regions
from simulator.scenario import Scenario, parse_scenario
from simulator.scenario.resolve import resolve

Floats = NDArray[np.float64]

DRAWS = 4096
_PLAN = SamplingPlan(draws=DRAWS, seed=0)
_USUAL_DAYS = 45.0  # a judgement: how long a run is planned to take where its accelerators are not known
_USUAL_UTILIZATION = 0.3
_UNKNOWN_TDP = "120 to 600 W"  # a judgement: of a device whose rated power is not published
_UNKNOWN_GRID = "100 to 700 gCO2e/kWh"  # a judgement: from a grid with much hydro or nuclear to one of coal and gas


def scenario_before(run: BeforeRun, *, before: str | None, without: str | None) -> Scenario:
    """Return the scenario that could be written before a run.

    Parameters
    ----------
    run : BeforeRun
    before : str or None
        Month before which what it rests on must have been published.
    without : str or None
        Family whose runs it must not rest on, as the file of the run spells it.
    """
    where = place_of(run.place)
    data: dict[str, Any] = {
        "name": "forecast",
        "priors": {
            "organisation": "laboratory" if run.kind.laboratory else "other",
            "architecture": run.kind.architecture,
            "before": before,
            "without": relatives(without, run.model) if without is not None else (),
        },
        "workload": {"params": run.params, "params_active": run.params_active, "tokens": run.flop / (6.0 * run.params_active)},
        "hardware": {
            "accelerator": run.kind.accelerator,
            "accelerators": run.accelerators or planned_accelerators(run),
            "tdp": None if "tdp" in accelerator(run.kind.accelerator) else _UNKNOWN_TDP,
        },
        "reliability": {"method": "expected_value"},
        "energy": {"operator": run.operator},
        "emissions": {} if where else {"carbon_intensity": _UNKNOWN_GRID},
        "compute": {"basis": "rent", "rental_price": "1 USD/h"},
    }
    return parse_scenario(data | ({"grid": {"region": where}} if where else {}))


def later_evidence(run: BeforeRun) -> list[str]:
    """Return the inputs that a forecast by knowledge date reads and that rest on sources of the year of that date or later."""
    month = run.known_before
    scenario = scenario_before(run, before=month, without=run.family)
    dated = {name: re.findall(r"\[(\d{4})\]", source) for name, source in resolve(scenario).sources().items() if name in _DECIDING}
    return [name for name, years in dated.items() if years and max(years) >= month[:4]]


#: inputs that decide what is scored; hardware is what it is, whenever its datasheet was read
_DECIDING = ("checkpoint_interval", "idle_power_fraction", "server_power_ratio", "pue", "carbon_intensity", "carbon_year_shift")


def planned_accelerators(run: BeforeRun) -> int:
    """Return how many accelerators would finish a run in a usual time, a power of two from 8 on."""
    hours = run.flop / (3600.0 * run.kind.peak_flops * _USUAL_UTILIZATION)
    return int(2 ** max(3, round(math.log2(max(hours / (24.0 * _USUAL_DAYS), 1.0)))))


def place_of(text: str) -> str | None:
    """Return the region of the table ``grid_annual`` whose name, or place, a text holds; None where it holds none.

    Examples
    --------
    >>> place_of("Jean Zay, France"), place_of("unnamed public cloud")
    ('FR', None)
    """
    known = regions()
    for word in re.findall(r"\b[a-z]+-[a-z]+-?\d\b", text):
        found = [name for name in known if name.endswith(f":{word}") and "carbon_intensity" in known[name].figures]
        if found:
            return found[0]
    named = [(len(place.name), name) for name, place in known.items() if place.name and re.search(rf"\b{re.escape(place.name)}\b", text)]
    return max(named)[1] if named else None


def forecast(run: BeforeRun, *, before: str | None, without: str | None, plan: SamplingPlan = _PLAN) -> dict[str, Floats]:
    """Return draws of what could be reported of a run, by target, in canonical units; shape (draws,) each.

    Hours are all hours of a run, or the productive ones where its own hold no downtime; energy, and the emissions that a report works out
    of it, are those of the devices alone where these were measured. Interruptions are those of the days over which they were counted.

    Raises
    ------
    InputError
        For a run that the model refuses, or that its failures leave no time to finish.
    """
    results = simulate(scenario_before(run, before=before, without=without), plan)
    get = {name: np.broadcast_to(np.asarray(results[name].values, dtype=np.float64), (plan.draws,)) for name in _READ if name in results}
    if not np.all(np.isfinite(get["wall_clock"])):
        raise InputError("by its forecast failures leave it no time to finish")
    hours, measured = get["device_hours"], get["server_power_ratio"] if run.devices_only else 1.0
    found = {
        "device_hours": hours * get["goodput"] / (1.0 + get["run_overhead"]) if run.productive else hours,
        "wall_clock": get["wall_clock"],
        "mfu": get["mfu"],
        "energy": get["energy"] / measured / (get["pue"] if run.without_pue else 1.0),
        "emissions": np.asarray(results["emissions"].sel(emission_component="operational").values) / measured,
        "goodput": get["goodput"] / (1.0 + get["run_overhead"]) if run.all_losses else get["goodput"],
    }
    if run.window_days:
        expected = get["interruptions"] / get["wall_clock"] * 24.0 * run.window_days
        found["interruptions"] = np.random.default_rng(plan.seed).poisson(expected).astype(np.float64)
    return found


_READ = ("device_hours", "wall_clock", "goodput", "run_overhead", "mfu", "energy", "pue", "server_power_ratio", "interruptions")
