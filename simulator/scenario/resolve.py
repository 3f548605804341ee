"""From what was stated to what the model reads: every input with its value and source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from simulator.errors import ConfigError, Problem
from simulator.reference import Reference, accelerator, accelerators, defaults, table, wholesale_defaults
from simulator.reference.regions import exchange_rates, region
from simulator.scenario.currency import currency_in, in_usd
from simulator.scenario.levers import factors
from simulator.scenario.parts import PARTS, parts_on
from simulator.scenario.past import Past, join
from simulator.scenario.programme import PersonClass
from simulator.scenario.reads import PHASE_QUANTITIES, Choices, inputs_read
from simulator.scenario.replayed import placed
from simulator.scenario.schema import HOMES, Scenario
from simulator.scenario.sections import Phase
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
    group, member : str
        Where it belongs to one of several alike: ``phase``, ``person_class``, ``risk`` or ``change``, and the name of that one.
    """

    value: UncertainValue
    source: str = "stated"
    group: str = ""
    member: str = ""

    @property
    def stream(self) -> str:
        """Name that the input's random numbers follow."""
        return f"{self.value.quantity}[{self.member}]" if self.group else self.value.quantity


@dataclass(frozen=True)
class Change:
    """What an event or a lever does to an input.

    Attributes
    ----------
    target : str
        Quantity that is multiplied, or the place of one input of it.
    factor : str
        Place of the factor.
    event : int
        Number of the event that it depends on; -1 for a lever, which always holds.
    """

    target: str
    factor: str
    event: int = -1


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
    changes : tuple of Change
        In the order in which they are made.
    """

    scenario: Scenario
    inputs: Mapping[str, Input]
    choices: Choices
    interval_source: str
    zone: ZoneFile | None = None
    past: Past | None = None
    changes: tuple[Change, ...] = ()

    @property
    def correlations(self) -> RankCorrelation:
        """Requested rank correlations."""
        return self.scenario.correlations

    @property
    def phases(self) -> tuple[str, ...]:
        """Names of the phases; none where the run has one stretch only."""
        return tuple(phase.name for phase in self.scenario.workload.phases)

    @property
    def people(self) -> tuple[str, ...]:
        """Names of the classes of people who are paid."""
        return tuple(item.member for place, item in self.inputs.items() if place.startswith("headcount["))

    @property
    def events(self) -> tuple[str, ...]:
        """Names of the events."""
        return tuple(item.member for place, item in self.inputs.items() if place.startswith("event_luck["))

    def members(self, group: str) -> tuple[str, ...]:
        """Return the names of a group: phases, classes of people, events, or changes by events and levers."""
        if group == "phase":
            return self.phases
        return tuple(dict.fromkeys(item.member for item in self.inputs.values() if item.group == group))

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
            "changes": [asdict(change) for change in self.changes],
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


#: inputs that are uniform by definition
_UNIFORM = {"history_place": "any hour of the history is as likely a start", "abandon_luck": "luck, by definition"}
#: ways out for what has no default
_WAYS = {
    "carbon_intensity": "State it, or name a grid.region or a grid.zone that knows it",
    "start_time": "State a date, for example 2026-03-01",
    "rental_price": "State it in USD/h per accelerator",
    "accelerator_price": "State it in USD per accelerator",
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
            inputs[f"{name}[{index}]"] = Input(getattr(phase, name), group="phase", member=phase.name)
    problems += _people(scenario, choices, inputs)
    changes = _events(scenario, choices, inputs, problems)
    changes += _levers(scenario, inputs, problems)
    changes += _in_usd(scenario, choices, inputs)
    off = {name for part in choices.excluded if part in PARTS for name in (*PARTS[part].off, *PARTS[part].reads)}
    for name in stated:
        if name not in needed and name != "params" and name not in off:
            problems.append(Problem(*_unread(name, choices)))
    hourly = "hourly" in (choices.price, choices.carbon)
    resolved = Resolved(scenario, inputs, choices, interval_source, grid.zone if hourly else None, past, tuple(changes))
    return placed(resolved) if not problems else (resolved, problems)


def _unread(name: str, choices: Choices) -> tuple[str, str, str]:
    """Return what is wrong with a quantity that is stated in vain, where it stands, and the way out."""
    path = f"{HOMES[name]}.{name}"
    for part in PARTS.values():
        if name in part.off and part.basis not in ("", choices.basis):
            kind = "owned" if choices.basis == "own" else "rented"
            return f"{name} is not read where accelerators are {kind}", path, f"Remove it, or set basis: {part.basis}"
    return f"{name} is stated but this scenario does not read it", path, "Remove it"


_PAY = ("headcount", "fte_share", "salary", "pay_overhead", "equity")


def _people(scenario: Scenario, choices: Choices, inputs: dict[str, Input]) -> list[Problem]:
    """Add what classes of people are paid; one class of everybody where people are only switched on."""
    if "people" in choices.excluded:
        return []
    classes = scenario.people or ((PersonClass(name="contributors"),) if scenario.components.get("people") else ())
    problems = []
    for index, person in enumerate(classes):
        for name in _PAY:
            stated, reference = getattr(person, name), defaults().get(name)
            if stated is None and reference is None:
                problems.append(Problem(f"{name} is not stated and has no default", f"people[{index}].{name}", "State it"))
                continue
            value = stated if stated is not None else parse_value(reference.value, name)  # type: ignore[union-attr]
            source = "stated" if stated is not None else _cite(reference)  # type: ignore[arg-type]
            inputs[f"{name}[person_class {index}]"] = Input(value, source, "person_class", person.name)
    return problems


def _events(scenario: Scenario, choices: Choices, inputs: dict[str, Input], problems: list[Problem]) -> list[Change]:
    """Add what events depend on and do; return what they multiply."""
    if "events" in choices.excluded:
        return []
    changes = []
    read = {name for place, item in inputs.items() for name in (place, item.value.quantity)}
    for index, event in enumerate(scenario.events):
        chance = "probability" if event.probability is not None else "frequency"
        none = {name: parse_value(0.0, f"event_{name}") for name in ("cost", "delay")}
        fields: dict[str, UncertainValue] = {name: getattr(event, name) or none[name] for name in none}
        fields[chance] = getattr(event, chance)
        luck = parse_value({"family": "uniform", "low": 0.0, "high": 1.0}, "event_luck")
        for name, value in fields.items():
            inputs[f"event_{name}[risk {index}]"] = Input(value, group="risk", member=event.name)
        inputs[f"event_luck[risk {index}]"] = Input(luck, "luck, by definition", "risk", event.name)
        for target, factor in event.multiplies.items():
            if target not in read or target in _FIXED:
                why = "cannot be changed by an event" if target in _FIXED else "is not read by this scenario"
                problems.append(Problem(f"{target} {why}", f"events[{index}].multiplies.{target}", "Remove it"))
                continue
            place = f"event_factor[risk {index}: {target}]"
            inputs[place] = Input(factor, group="change", member=f"{event.name}: {target}")
            changes.append(Change(target, place, index))
    return changes


def _levers(scenario: Scenario, inputs: dict[str, Input], problems: list[Problem]) -> list[Change]:
    """Add what levers multiply by how much; tell those that change nothing that the scenario reads."""
    changes = []
    read = {name for place, item in inputs.items() for name in (place, item.value.quantity)}
    for index, lever in enumerate(scenario.levers):
        known = factors(lever)
        if known and not read & set(known):
            what = f"lever {lever} changes {' or '.join(known)}, which this scenario does not read"
            problems.append(Problem(what, f"levers[{index}]", "State the work by params and tokens, or leave the lever out"))
        if lever in ("fp8", "fp4") and (device := scenario.hardware.accelerator) and f"peak_flops_{lever}" not in accelerator(device):
            way = f"Pull hardware=... too, with one of {', '.join(_with_format(lever))}"
            problems.append(Problem(f"{device} has no {lever} arithmetic", f"levers[{index}]", way))
        for target, reference in known.items():
            if target in read:
                place = f"lever_factor[{lever}: {target}]"
                inputs[place] = Input(parse_value(reference.value, "lever_factor"), _cite(reference), "change", f"{lever}: {target}")
                changes.append(Change(target, place))
    return changes


def _in_usd(scenario: Scenario, choices: Choices, inputs: dict[str, Input]) -> list[Change]:
    """Convert what is stated in another currency, by the exchange rate of electricity where it is the same, else by a dated one."""
    changes = []
    for place, item in list(inputs.items()):
        quantity, currency = item.value.quantity, currency_in(item.value.spec)
        if currency is None or quantity in ("electricity_price", "price_threshold"):
            continue
        rate = (
            "exchange_rate"
            if currency_of(scenario, choices.price) == currency and "exchange_rate" in inputs
            else f"exchange_rate[{currency}]"
        )
        if rate not in inputs:
            latest = _latest_rate(currency)
            inputs[rate] = Input(parse_value(latest.value, "exchange_rate"), f"{_cite(latest)}, USD per {currency}", "change", currency)
        changes.append(Change(place, rate))
    return changes


def _latest_rate(currency: str) -> Reference:
    rates = exchange_rates()[currency]
    return rates[max(rates)]


def _with_format(number_format: str) -> list[str]:
    return [name for name, figures in accelerators().items() if f"peak_flops_{number_format}" in figures]


#: room and times that are set before anything is drawn
_FIXED = ("spare_nodes", "start_time", "history_place")


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
    if name in _UNIFORM:
        return Input(parse_value({"family": "uniform", "low": 0.0, "high": 1.0}, name), _UNIFORM[name])
    if name == "exchange_rate":
        currency = currency_of(scenario, choices.price)
        latest = _latest_rate(currency)
        return Input(parse_value(latest.value, name), f"{_cite(latest)}, USD per {currency}")
    if name == "checkpoint_size":
        return _checkpoint_size(stated)
    place = region(scenario.grid.region) if scenario.grid.region else None
    if place and name in place.figures:
        figure = place.figures[name]
        return Input(parse_value(figure.value, name), f"{_cite(figure)}, {place.name}, {figure.basis}")
    known = {**defaults(), **wholesale_defaults()} if choices.price != "annual" else defaults()
    device = scenario.hardware.accelerator
    reference = _by_place(name, scenario) or (accelerator(device, _year(scenario)).get(name) if device else None) or known.get(name)
    return Input(parse_value(reference.value, name), _cite(reference)) if reference else None


def _checkpoint_size(stated: Mapping[str, UncertainValue]) -> Input | None:
    """Return the size of a checkpoint by the bytes that each parameter takes, where the parameters are stated."""
    params = stated.get("params") or stated.get("params_active")
    if params is None:
        return None
    middle = params.constant if params.law is None else float(params.law.quantile(np.array([0.0]))[0])
    (row,) = [row for row in table("defaults").rows if row.quantity == "checkpoint_bytes"]
    low, high = (1e-12 * bytes_each * float(middle or 0.0) for bytes_each in (row.low, row.high))
    value = parse_value(f"{low!r} to {high!r} TB", "checkpoint_size")
    return Input(value, f"{row.low:g} to {row.high:g} bytes for each parameter: {row.source} [{row.year}]")


def _year(scenario: Scenario) -> int | None:
    """Return the year in which the run starts, by the median of its date; None where it has no date."""
    start = scenario.grid.start_time
    if start is None:
        return None
    hours = start.constant if start.law is None else float(start.law.quantile(np.array([0.0]))[0])
    return int(np.datetime64(int(hours or 0), "h").astype("datetime64[Y]").astype(int)) + 1970


#: tables that know an input by region, and whether the region's country may stand in for it
_OF_PLACES = {"wue_on": "water", "wue_off": "water", "residual_intensity": "carbon_market"}


def known_of_region(scenario: Scenario) -> list[str]:
    """Return the quantities that the stated region knows."""
    if scenario.grid.region is None:
        return []
    return [*region(scenario.grid.region).figures, *(name for name in _OF_PLACES if _by_place(name, scenario) is not None)]


def _by_place(name: str, scenario: Scenario) -> Reference | None:
    """Return the figure of the class of operator, of the region, or of its country, that stands in for an input."""
    if name == "pue" and scenario.energy.operator:
        rows = [row for row in table("pue").rows if (row.name, row.quantity) == (scenario.energy.operator, name)]
    elif name in _OF_PLACES and scenario.grid.region:
        here = region(scenario.grid.region).id
        rows = []
        for place in (here, here.partition("-")[0]):
            rows = rows or [row for row in table(_OF_PLACES[name]).rows if (row.name, row.quantity) == (place, name)]
    else:
        return None
    return Reference.of(max(rows, key=lambda row: row.year)) if rows else None
