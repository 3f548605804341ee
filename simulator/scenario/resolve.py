"""From what was stated to what the model reads: every input with its value and source."""

from __future__ import annotations

from simulator.errors import ConfigError, Problem
from simulator.reference import defaults
from simulator.scenario.additions import converted, events, in_dollars, levers, people
from simulator.scenario.inputs import Input
from simulator.scenario.levers import LEVERS, tolerated
from simulator.scenario.lookup import cite, currency_of, find
from simulator.scenario.parts import PARTS, parts_on, switched_off
from simulator.scenario.past import join
from simulator.scenario.reads import PHASE_QUANTITIES, Choices, inputs_read
from simulator.scenario.replayed import placed
from simulator.scenario.resolved import Resolved
from simulator.scenario.schema import HOMES, Scenario
from simulator.scenario.sections import Phase
from simulator.scenario.values import UncertainValue


def resolve(scenario: Scenario) -> Resolved:
    """Fill in every default, and list it.

    Raises
    ------
    ConfigError
        Where an input has neither a stated value nor a default, or a stated one is not read.
    """
    resolved, problems = fill(scenario)
    if problems:
        raise ConfigError(problems)
    return resolved


#: ways out for what has no default
_WAYS = {
    "carbon_intensity": "State it, or name a grid.region or a grid.zone that knows it",
    "start_time": "State a date, for example 2026-03-01",
    "rental_price": "State it in USD/h per accelerator",
    "accelerator_price": "State it in USD per accelerator",
    "electricity_price": "State it in USD/kWh: the region has none, and that of another place would pass for its own",
}


def fill(scenario: Scenario) -> tuple[Resolved, list[Problem]]:
    """Return a scenario with the defaults that there are, and every input that it lacks or states in vain."""
    rule: UncertainValue | str | None = scenario.reliability.checkpoint_interval
    interval_source = "stated"
    if rule is None:
        reference = defaults()["checkpoint_interval"]
        rule, interval_source = reference.value, cite(reference)
    grid, stated = scenario.grid, scenario.values()
    past = join(grid.price_history, grid.carbon_history)
    choices = choose(scenario, "fixed" if isinstance(rule, UncertainValue) else str(rule))
    needed = needs(scenario, choices)

    inputs: dict[str, Input] = {}
    problems: list[Problem] = []
    for name in needed:
        found = find(name, scenario, stated, choices)
        if found is None:
            what = f"{name} is not stated and has no default"
            problems.append(Problem(what, f"{HOMES[name]}.{name}", _way(name, scenario)))
        else:
            inputs[name] = found
    problems += converted(scenario, choices, inputs)
    for index, phase in enumerate(scenario.workload.phases):
        for name in _own(phase):
            inputs[f"{name}[{index}]"] = Input(getattr(phase, name), group="phase", member=phase.name)
    problems += people(scenario, choices, inputs)
    changes = events(scenario, choices, inputs, problems)
    changes += levers(scenario, inputs, problems)
    changes += in_dollars(scenario, choices, inputs)
    off = switched_off(choices.excluded) | tolerated(scenario.levers)
    for name in stated:
        if name not in needed and name != "params" and name not in off:
            problems.append(Problem(*_unread(name, choices)))
    hourly = "hourly" in (choices.price, choices.carbon)
    resolved = Resolved(scenario, inputs, choices, interval_source, grid.zone if hourly else None, past, tuple(changes))
    return placed(resolved) if not problems else (resolved, problems)


def _way(name: str, scenario: Scenario) -> str:
    """Return the way out for what has no default: a lever that took the stated value away brings none."""
    for lever in scenario.levers:
        pulled, _, argument = lever.partition("=")
        if f"{HOMES[name]}.{name}" in LEVERS[pulled].clears:
            (field, *_) = LEVERS[pulled].sets
            return f"Lever {lever} takes away what was stated and brings none: in its place use --set {field}='{argument}' --set {name}=..."
    return _WAYS.get(name, "State it")


def _unread(name: str, choices: Choices) -> tuple[str, str, str]:
    """Return what is wrong with a quantity that is stated in vain, where it stands, and the way out."""
    path = f"{HOMES[name]}.{name}"
    for part in PARTS.values():
        if name in part.off and part.basis not in ("", choices.basis):
            kind = "owned" if choices.basis == "own" else "rented"
            return f"{name} is not read where accelerators are {kind}", path, f"Remove it, or set basis: {part.basis}"
    return f"{name} is stated but this scenario does not read it", path, "Remove it"


def needs(scenario: Scenario, choices: Choices) -> tuple[str, ...]:
    """Return the quantities that a scenario reads, each once."""
    stated = scenario.values()
    read = dict.fromkeys(inputs_read(choices, stated, map(_own, scenario.workload.phases)))
    price = "rental_price" if choices.basis == "rent" else "accelerator_price"
    if price not in stated and scenario.hardware.accelerator:  # the price of the year of the run stands in
        read |= dict.fromkeys(name for name in ("start_time",) if name in stated)
    return tuple(read)


def _own(phase: Phase) -> list[str]:
    """Return the quantities that a phase states for itself."""
    return [name for name in PHASE_QUANTITIES if getattr(phase, name) is not None]


def choose(scenario: Scenario, interval: str) -> Choices:
    """Return the alternatives that a scenario chose."""
    stated, grid, basis = scenario.values(), scenario.grid, scenario.compute.basis
    modes = {}
    for quantity in ("price", "carbon"):
        law = getattr(grid.zone.zone, quantity) if grid.zone else None
        mode = getattr(grid, quantity) or ("hourly" if law is not None else "annual")
        modes[quantity] = "history" if getattr(grid, f"{quantity}_history") is not None else mode
    if basis == "rent":
        modes["price"] = "annual"
    switches = scenario.components
    return Choices(
        matching=scenario.emissions.matching or "annual",
        parts=parts_on(stated, switches, basis),
        excluded=tuple(name for name, on in switches.items() if not on),
        work=next((name for name in ("flop", "device_hours") if name in stated), "transformer"),
        interval=interval,
        basis=basis,
        depreciation=scenario.compute.depreciation or "cottier2024",
        restart=scenario.reliability.restart,
        method=scenario.reliability.method,
        pausing=scenario.pausing is not None,
        foreign=currency_of(scenario, modes["price"]) != "USD",
        dated="history" in modes.values() and grid.start_time is not None,
        **modes,
    )
