"""What a scenario adds by name: classes of people, events, levers; and amounts in other currencies."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from simulator.errors import Problem
from simulator.quantities import QUANTITIES
from simulator.reference import accelerators, defaults
from simulator.scenario.currency import currency_in, in_usd
from simulator.scenario.inputs import Change, Input
from simulator.scenario.levers import factors
from simulator.scenario.lookup import cite, currency_of, latest_rate
from simulator.scenario.parts import switched_off
from simulator.scenario.programme import PersonClass
from simulator.scenario.reads import Choices
from simulator.scenario.schema import Scenario
from simulator.scenario.values import UncertainValue, parse_value

_PAY = ("headcount", "fte_share", "salary", "pay_overhead", "equity")


def people(scenario: Scenario, choices: Choices, inputs: dict[str, Input]) -> list[Problem]:
    """Add what classes of people are paid; one class of everybody where people are only switched on."""
    if "people" in choices.excluded:
        return []
    classes = scenario.people or ((PersonClass(name="contributors"),) if scenario.components.get("people") else ())
    problems = []
    for index, person in enumerate(classes):
        for name in _PAY:
            stated, reference = getattr(person, name), defaults().get(name)
            if stated is not None:
                item = Input(stated, group="person_class", member=person.name)
            elif reference is not None:
                item = Input(parse_value(reference.value, name), cite(reference), "person_class", person.name)
            else:
                problems.append(Problem(f"{name} is not stated and has no default", f"people[{index}].{name}", "State it"))
                continue
            inputs[f"{name}[person_class {index}]"] = item
    return problems


#: room and times that are set before anything is drawn
_FIXED = ("spare_nodes", "start_time", "history_place")


def events(scenario: Scenario, choices: Choices, inputs: dict[str, Input], problems: list[Problem]) -> list[Change]:
    """Add what events depend on and do; return what they multiply."""
    if "events" in choices.excluded:
        return []
    changes = []
    read = {name for place, item in inputs.items() for name in (place, item.value.quantity)}
    off = switched_off(choices.excluded)
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
            if target in off - read:
                continue
            if target not in read or target in _FIXED:
                why = "cannot be changed by an event" if target in _FIXED else "is not read by this scenario"
                near = get_close_matches(target, [name for name in read if "[" not in name and name not in _FIXED], n=2, cutoff=0.7)
                way = f"Did you mean {' or '.join(near)}?" if near and target not in _FIXED else "Remove it"
                problems.append(Problem(f"{target} {why}", f"events[{index}].multiplies.{target}", way))
                continue
            place = f"event_factor[risk {index}: {target}]"
            inputs[place] = Input(factor, group="event_effect", member=f"{event.name}: {target}")
            changes.append(Change(target, place, index))
    return changes


def levers(scenario: Scenario, inputs: dict[str, Input], problems: list[Problem]) -> list[Change]:
    """Add what levers multiply by how much; tell those that change nothing that the scenario reads."""
    changes = []
    read = {name for place, item in inputs.items() for name in (place, item.value.quantity)}
    for index, lever in enumerate(scenario.levers):
        known, name = factors(lever), lever.partition("=")[0]
        if name == "hardware" and scenario.workload.device_hours is not None:
            what = f"lever {lever} changes no work: device_hours are hours of the accelerator that they were counted on"
            problems.append(Problem(what, f"levers[{index}]", "State the work by params and tokens, or by flop, or leave the lever out"))
        if name == "start" and "start_time" not in read:
            what = f"lever {lever} changes start_time, which this scenario does not read"
            way = "Name a grid.zone or a history, state energy.pue_seasonal_amplitude, or leave the lever out"
            problems.append(Problem(what, f"levers[{index}]", way))
        if known and not read & set(known):
            what = f"lever {lever} changes {' or '.join(known)}, which this scenario does not read"
            problems.append(Problem(what, f"levers[{index}]", "State the work by params and tokens, or leave the lever out"))
        if lever in ("fp8", "fp4") and (device := scenario.hardware.accelerator) and device not in (with_it := _faster_in(lever)):
            what = f"no {lever} peak of {device} is known that is above its bf16 peak"
            problems.append(Problem(what, f"levers[{index}]", f"Pull hardware=... too, with one of {', '.join(with_it)}"))
        for target, reference in known.items():
            if target in read:
                place = f"lever_factor[{lever}: {target}]"
                inputs[place] = Input(parse_value(reference.value, "lever_factor"), cite(reference), "lever_effect", f"{lever}: {target}")
                changes.append(Change(target, place))
    return changes


def _faster_in(number_format: str) -> list[str]:
    """Return the accelerators that are known to do more in a number format than in bf16."""
    known = {name: (figures.get(f"peak_flops_{number_format}"), figures["peak_flops"]) for name, figures in accelerators().items()}
    peak = QUANTITIES["peak_flops"].parse
    return [name for name, (fast, usual) in known.items() if fast and peak(fast.value) > 1.1 * peak(usual.value)]


def in_dollars(scenario: Scenario, choices: Choices, inputs: dict[str, Input]) -> list[Change]:
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
            latest = latest_rate(currency)
            inputs[rate] = Input(parse_value(latest.value, "exchange_rate"), f"{cite(latest)}, USD per {currency}", "currency", currency)
        changes.append(Change(place, rate))
    return changes


def converted(scenario: Scenario, choices: Choices, inputs: dict[str, Input]) -> list[Problem]:
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
