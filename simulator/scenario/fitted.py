"""Inputs whose prior is fitted to published figures of runs that are like the scenario's."""

from __future__ import annotations

from simulator.reference import Reference, accelerator, defaults
from simulator.reference.priors.kind import Architecture, Kind, peak_flops
from simulator.reference.priors.known import FITTED, known_prior
from simulator.scenario.schema import Scenario
from simulator.scenario.values import UncertainValue, parse_value

_EXPERTS = 0.5  # a smaller share of active parameters is a mixture of experts
_LEAST = 0.001  # overhead
_USUAL_PEAK = 1e15  # FLOP/s, where none is known: work counted in hours needs none


def kind_of(scenario: Scenario) -> Kind:
    """Return what of a scenario tells of its priors, by the medians of what it states."""
    stated, device = scenario.values(), scenario.hardware.accelerator or ""

    def median(name: str) -> float | None:
        return stated[name].median if name in stated else None

    active, every = median("params_active") or median("params"), median("params")
    sizes = [phase.accelerators.median for phase in scenario.workload.phases if phase.accelerators is not None]
    architecture: Architecture = "mixture_of_experts" if active and every and active < _EXPERTS * every else "dense"
    known = device and "peak_flops" in accelerator(device)
    return Kind(
        device,
        peak_flops(device) if known else median("peak_flops") or _USUAL_PEAK,
        active,
        median("accelerators") or max(sizes, default=None),
        scenario.priors.architecture or architecture,
        scenario.priors.organisation == "laboratory",
    )


def fitted(name: str, scenario: Scenario, *, rollbacks_apart: bool) -> Reference | None:
    """Return the fitted prior of a quantity, as a figure of the year of the latest that it rests on; None where it has none.

    Parameters
    ----------
    name : str
    scenario : Scenario
    rollbacks_apart : bool
        Whether rollbacks are counted by themselves, so that ``run_overhead`` holds none.
    """
    if name not in FITTED:
        return None
    prior = known_prior(name, kind_of(scenario), before=scenario.priors.before, without=scenario.priors.without)
    value, source = prior.value, prior.source
    if name == "run_overhead" and rollbacks_apart:
        repeated = _median("rollback_rate") / 1000.0 * _median("rollback_time")
        low, high = (max(float(end) - repeated, _LEAST) for end in value.split(" to "))
        value, source = f"{low:.3g} to {high:.3g}", f"{source}, less {repeated:.3g} that rollbacks repeat"
    return Reference(value, prior.year, source, "fitted")


def _median(name: str) -> float:
    value: UncertainValue = parse_value(defaults()[name].value, name)
    return value.median
