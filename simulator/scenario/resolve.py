"""From what was stated to what the model reads: every input with its value and source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from simulator.errors import ConfigError, Problem
from simulator.reference import Reference, accelerator, defaults, wholesale_defaults
from simulator.reference.regions import exchange_rates, region
from simulator.scenario.currency import currency_in, in_usd
from simulator.scenario.past import Past, join
from simulator.scenario.reads import PHASE_QUANTITIES, Choices, inputs_read
from simulator.scenario.replayed import placed
from simulator.scenario.schema import HOMES, Phase, Scenario
from simulator.scenario.values import UncertainValue, parse_value
from simulator.scenario.zones import ZoneFile
from simulator.stochastic.dependence import RankCorrelation


@dataclass(frozen=True)
class Input:
    """One input that the model reads.

    Attributes
    ----------
    value : UncertainValue
    source : str
        ``stated``, or where the default comes from.
    phase : str
        Name of the phase that it belongs to, if any.
    """

    value: UncertainValue
    source: str = "stated"
    phase: str = ""

    @property
    def stream(self) -> str:
        """Name that the input's random numbers follow."""
        return f"{self.value.quantity}[{self.phase}]" if self.phase else self.value.quantity


@dataclass(frozen=True)
class Resolved:
    """A scenario with every default filled in.

    Attributes
    ----------
    scenario : Scenario
    inputs : mapping of str to Input
        By place in the model: a quantity, or ``quantity[i]`` of phase i.
    choices : Choices
        The alternatives that the scenario chose.
    interval_source : str
        Of the checkpoint interval's rule.
    zone : ZoneFile or None
        Where price or carbon intensity is hourly.
    past : Past or None
        Where a history is replayed.
    """

    scenario: Scenario
    inputs: Mapping[str, Input]
    choices: Choices
    interval_source: str
    zone: ZoneFile | None = None
    past: Past | None = None

    @property
    def correlations(self) -> RankCorrelation:
        """Requested rank correlations."""
        return self.scenario.correlations

    @property
    def phases(self) -> tuple[str, ...]:
        """Names of the phases; none where the run has one stretch only."""
        return tuple(phase.name for phase in self.scenario.workload.phases)

    def sources(self) -> dict[str, str]:
        """Return the source of every default that was used, by place in the model."""
        used = {name: item.source for name, item in self.inputs.items() if item.source != "stated"}
        if self.choices.interval != "fixed" and self.interval_source != "stated":
            used["checkpoint_interval"] = self.interval_source
        return used

    def describe_defaults(self) -> dict[str, dict[str, str]]:
        """Return value and source of every default that was used, by place in the model."""
        out = {}
        for name, source in self.sources().items():
            rule = name == "checkpoint_interval" and name not in self.inputs
            out[name] = {"value": self.choices.interval if rule else str(self.inputs[name].value), "source": source}
        return out

    def hash(self) -> str:
        """Return a hash of everything that the result depends on, plan apart."""
        policy = self.scenario.pausing
        content = {
            "inputs": {name: [item.stream, item.value.identity()] for name, item in self.inputs.items()},
            "choices": asdict(self.choices),
            "phases": self.phases,
            "correlations": [self.correlations.names, [list(row) for row in self.correlations.spearman]],
            "zone": asdict(self.zone.zone) if self.zone else None,
            "past": [h.digest for h in (self.scenario.grid.price_history, self.scenario.grid.carbon_history) if h],
            "quantiles": [policy.price_quantile, policy.carbon_quantile] if policy else None,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


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
}


def fill(scenario: Scenario) -> tuple[Resolved, list[Problem]]:
    """Return a scenario with the defaults that there are, and every input that it lacks or states in vain."""
    rule, interval_source = scenario.reliability.checkpoint_interval, "stated"
    if rule is None:
        reference = defaults()["checkpoint_interval"]
        rule, interval_source = reference.value, _cite(reference)  # type: ignore[assignment]  # a test holds the table to the known rules
    grid, stated = scenario.grid, scenario.values()
    past = join(grid.price_history, grid.carbon_history)
    choices = choose(scenario, "fixed" if isinstance(rule, UncertainValue) else str(rule))
    needed = needs(scenario, choices)

    inputs: dict[str, Input] = {}
    problems: list[Problem] = []
    for name in needed:
        found = _find(name, scenario, stated, choices)
        if found is None:
            what = f"{name} is not stated and has no default"
            problems.append(Problem(what, f"{HOMES[name]}.{name}", _WAYS.get(name, "State it")))
        else:
            inputs[name] = found
    problems += _converted(scenario, choices, inputs)
    for index, phase in enumerate(scenario.workload.phases):
        for name in _own(phase):
            inputs[f"{name}[{index}]"] = Input(getattr(phase, name), phase=phase.name)
    for name in stated:
        if name not in needed and name != "params":
            problems.append(Problem(f"{name} is stated but this scenario does not read it", f"{HOMES[name]}.{name}", "Remove it"))
    hourly = "hourly" in (choices.price, choices.carbon)
    resolved = Resolved(scenario, inputs, choices, interval_source, grid.zone if hourly else None, past)
    return placed(resolved) if not problems else (resolved, problems)


def needs(scenario: Scenario, choices: Choices) -> tuple[str, ...]:
    """Return the quantities that a scenario reads, each once."""
    return tuple(dict.fromkeys(inputs_read(choices, scenario.values(), map(_own, scenario.workload.phases))))


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
    return Choices(
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


def currency_of(scenario: Scenario, price: str) -> str:
    """Return the currency that electricity is priced in, where its price is ``annual``, ``hourly`` or of a ``history``."""
    grid = scenario.grid
    if price == "hourly" and grid.zone and grid.zone.zone.price:
        return grid.zone.zone.price.unit[:3]
    if price == "history" and grid.price_history:
        return grid.price_history.currency
    # a default is in USD, whatever a stated price would be in
    return scenario.energy.currency if scenario.energy.electricity_price is not None else "USD"


def _converted(scenario: Scenario, choices: Choices, inputs: dict[str, Input]) -> list[Problem]:
    """Convert a price threshold that is stated in the currency of its prices, or tell why it cannot be: inside, thresholds are in USD."""
    name = "price_threshold"
    currency = currency_in(inputs[name].value.spec) if name in inputs else None
    if currency is None or choices.price == "annual":
        return []
    own = currency_of(scenario, choices.price)
    if currency != own:
        return [Problem(f"{name} is in {currency}, but the prices are in {own}", f"pausing.{name}", f"State it in {own}, or in USD")]
    rate, spec = inputs["exchange_rate"].value.constant, inputs[name].value.spec
    if rate is None or not isinstance(spec, str):
        why = "the exchange_rate is uncertain" if rate is None else "only a number or LOW to HIGH is converted"
        return [Problem(f"{name} is in {currency}, and {why}", f"pausing.{name}", "State it in USD, or use price_quantile")]
    inputs[name] = Input(replace(parse_value(in_usd(spec, currency, rate), name), spec=spec))
    return []


def _cite(reference: Reference) -> str:
    return f"{reference.source} [{reference.year}]"


def _find(name: str, scenario: Scenario, stated: Mapping[str, UncertainValue], choices: Choices) -> Input | None:
    if name in stated:
        return Input(stated[name])
    if name == "params_active" and "params" in stated:
        # the same input under another name: a dense model activates every parameter
        return Input(stated["params"], "dense model: every parameter is active")
    if name == "history_place":
        return Input(parse_value({"family": "uniform", "low": 0.0, "high": 1.0}, name), "any hour of the history is as likely a start")
    if name == "exchange_rate":
        currency = currency_of(scenario, choices.price)
        rates = exchange_rates()[currency]
        latest = rates[max(rates)]
        return Input(parse_value(latest.value, name), f"{_cite(latest)}, USD per {currency}")
    place = region(scenario.grid.region) if scenario.grid.region else None
    if place and name in place.figures:
        figure = place.figures[name]
        return Input(parse_value(figure.value, name), f"{_cite(figure)}, {place.name}, {figure.basis}")
    table = {**defaults(), **wholesale_defaults()} if choices.price != "annual" else defaults()
    device = scenario.hardware.accelerator
    reference = (accelerator(device).get(name) if device else None) or table.get(name)
    return Input(parse_value(reference.value, name), _cite(reference)) if reference else None
