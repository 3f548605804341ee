"""What a valid scenario states in vain, or lacks, given the alternatives that it chose."""

from __future__ import annotations

import math

import numpy as np

from simulator.errors import Problem
from simulator.reference.regions import figures_of
from simulator.scenario.interruptions import mean_interruptions, median_exposure, widest_spread
from simulator.scenario.levers import tolerated
from simulator.scenario.lookup import currency_of
from simulator.scenario.parts import PARTS, switched_off
from simulator.scenario.reads import BREAKING_CLASSES, INTERRUPTION_CLASSES
from simulator.scenario.resolve import choose, fill, needs
from simulator.scenario.resolved import Resolved
from simulator.scenario.schema import HOMES, Scenario
from simulator.scenario.values import UncertainValue


def check_reads(scenario: Scenario) -> list[Problem]:
    """Return what a valid scenario states in vain, or lacks, given what it chose.

    Parameters
    ----------
    scenario : Scenario
    """
    problems: list[Problem] = []
    _check_method(scenario, problems)
    _check_grid(scenario, problems)
    _check_matching(scenario, problems)
    _check_shares(scenario, problems)
    _check_pausing(scenario, problems)
    _check_switches(scenario, problems)
    resolved, unread = fill(scenario)
    _check_region(resolved, problems)
    _check_currency(resolved, problems)
    _check_priors(resolved, problems)
    told = {problem.path for problem in problems}
    problems += [problem for problem in unread if problem.path not in told]
    stated, read = scenario.values(), needs(scenario, resolved.choices)
    off = switched_off(resolved.choices.excluded) | tolerated(scenario.levers)
    for name in scenario.correlations.names:
        if name in off:
            continue
        dense = name == "params" and "params_active" not in stated and "params_active" in read
        if name not in read and not dense:
            problems.append(Problem(f"{name} is correlated but this scenario does not read it", "correlations", "Remove the pair"))
    if not problems:
        _check_counts(resolved, problems)
    if not problems and resolved.choices.method == "event_driven":
        _check_length(resolved, problems)
    return problems


def _check_priors(resolved: Resolved, problems: list[Problem]) -> None:
    """Tell what would decide the prior of the utilization, where that is stated or not read."""
    if "mfu" in resolved.inputs and "mfu" not in resolved.scenario.values():
        return
    for name in ("organisation", "architecture"):
        if name in resolved.scenario.priors.model_fields_set and getattr(resolved.scenario.priors, name) is not None:
            what = f"{name} decides the prior of mfu only, and this scenario states mfu or does not read it"
            problems.append(Problem(what, f"priors.{name}", "Remove it, or leave out workload.mfu"))


_MOST_INTERRUPTIONS = 1_000_000  # of one draw on average: they take about a quarter of a second


def _check_length(resolved: Resolved, problems: list[Problem]) -> None:
    """Tell a scenario whose histories would take days to play out."""
    mean = mean_interruptions(resolved)
    if mean <= _MOST_INTERRUPTIONS:
        return
    exposure = median_exposure(resolved)
    number = f"about {mean:.2g} interruptions" if math.isfinite(mean) else "more interruptions than can be counted"
    middle = f"{exposure.interruptions:.2g} by the medians" if math.isfinite(exposure.interruptions) else "by the medians"
    time = "" if math.isnan(exposure.hours) else f" for {exposure.hours:.6g} h"
    what = (
        f"{number} in one draw, on average ({middle}: {exposure.failure_rate:g} per 1000 node-days on {exposure.nodes:.12g} nodes{time}); "
        f"a history is played out with {_MOST_INTERRUPTIONS} at most"
    )
    shorter = "fewer device_hours" if resolved.choices.work == "device_hours" else "a shorter max_wall_clock"
    way = f"Use reliability.method: expected_value, a lower rate or {shorter}"
    names = [name for name in resolved.inputs if name.startswith("failure_rate")]
    place = "failure_rate" if "failure_rate" in names else names[0]
    if exposure.interruptions <= _MOST_INTERRUPTIONS:  # it is some spread that makes them
        widest, factor = widest_spread(resolved, mean)
        if widest and resolved.inputs[widest].source == "stated":
            place = widest.partition("[")[0]
            much = f", which makes {factor:.2g} times as many as its median" if math.isfinite(factor) else ""
            way = f"Narrow its spread{much}, or use reliability.method: expected_value"
    problems.append(Problem(what, f"{HOMES[place]}.{place}", way))


_EVENTS_ONLY = (
    *(f"{kind}_{name}" for kind in ("failure_rate", "downtime") for name in INTERRUPTION_CLASSES),
    "checkpoint_write_time", "spare_nodes", "repair_time", "early_failure_ratio", "early_failure_time", "straggler_slowdown",
    "max_wall_clock",
)  # fmt: skip


def _check_method(scenario: Scenario, problems: list[Problem]) -> None:
    reliability, workload = scenario.reliability, scenario.workload
    if reliability.method == "expected_value":
        way = "Remove it, or use method: event_driven"
        for name in _EVENTS_ONLY:
            if getattr(reliability, name) is not None:
                problems.append(Problem(f"{name} is not read by method: expected_value", f"reliability.{name}", way))
        if reliability.restart == "immune":
            problems.append(Problem("restart: immune is not read by method: expected_value", "reliability.restart", way))
        if workload.phases:
            problems.append(Problem("phases are not read by method: expected_value", "workload.phases", way))
        if scenario.pausing is not None:
            problems.append(Problem("pausing is not read by method: expected_value", "pausing", way))
        if scenario.grid.zone is not None or scenario.grid.price_history is not None or scenario.grid.carbon_history is not None:
            problems.append(Problem("hourly prices and carbon intensities are not read by method: expected_value", "grid", way))
    classes = [name for name in INTERRUPTION_CLASSES if getattr(reliability, f"failure_rate_{name}") is not None]
    if classes and reliability.failure_rate is not None:
        what = f"failure_rate is stated beside the rates of its classes ({', '.join(classes)})"
        problems.append(Problem(what, "reliability.failure_rate", "Remove one or the other"))
    for name in INTERRUPTION_CLASSES:
        if name not in classes and getattr(reliability, f"downtime_{name}") is not None:
            what = f"downtime_{name} is not read without failure_rate_{name}"
            problems.append(Problem(what, f"reliability.downtime_{name}", "State the rate too, or remove it"))
    if classes and not any(name in BREAKING_CLASSES for name in classes):
        for name in ("spare_nodes", "repair_time", "early_failure_ratio", "early_failure_time"):
            if getattr(reliability, name) is not None:
                what = f"{name} is not read: none of the stated classes ({', '.join(classes)}) breaks a node"
                way = f"Remove it, or state a failure_rate_ of {', '.join(BREAKING_CLASSES)}"
                problems.append(Problem(what, f"reliability.{name}", way))
    for name, other in (("repair_time", "spare_nodes"), ("early_failure_time", "early_failure_ratio")):
        if getattr(reliability, name) is not None and getattr(reliability, other) is None:
            problems.append(Problem(f"{name} is not read without {other}", f"reliability.{name}", f"State {other} too, or remove it"))
    _check_spares(reliability.spare_nodes, problems)
    tau, write = reliability.checkpoint_interval, reliability.checkpoint_write_time
    if isinstance(tau, UncertainValue) and write is not None and (tau.constant or math.inf) < (write.constant or 0.0):
        what = f"checkpoint_interval = {tau.constant:g} h is shorter than checkpoint_write_time = {write.constant:g} h"
        way = f"A save is written before the next: state {write.constant:g} h or more, or a rule"
        problems.append(Problem(what, "reliability.checkpoint_interval", way))
    attention = [name for name in ("layers", "hidden_size") if getattr(workload, name) is not None]
    lengths = workload.sequence_length is not None or any(phase.sequence_length is not None for phase in workload.phases)
    if len(attention) + lengths not in (0, 3):
        what = "attention over the sequence needs layers, hidden_size and sequence_length"
        problems.append(Problem(what, "workload", "State all three, or none"))


_MOST_SPARES = 250_000  # 2 MB of each run that is played out, 128 MB of each thread; no cluster has as many nodes


def _check_spares(spares: UncertainValue | None, problems: list[Problem]) -> None:
    """Tell spare nodes that are too many to keep track of."""
    if spares is None:
        return
    most = spares.constant if spares.law is None else float(spares.law.quantile(np.array([6.0]))[0])
    if most is not None and most > _MOST_SPARES:
        what = f"{most:.4g} spare nodes" if spares.law is None else f"one draw in a billion has more than {most:.4g} spare nodes"
        way = "Leave it out, and there are always enough" + ("" if spares.law is None else "; or add truncate: [0, 1000] or another bound")
        problems.append(Problem(f"{what}; a history keeps track of {_MOST_SPARES} at most", "reliability.spare_nodes", way))


def _check_grid(scenario: Scenario, problems: list[Problem]) -> None:
    grid = scenario.grid
    for quantity in ("price", "carbon"):
        if getattr(grid, quantity) == "hourly" and (grid.zone is None or getattr(grid.zone.zone, quantity) is None):
            told = "no zone is stated" if grid.zone is None else f"zone {grid.zone.spec} has none"
            problems.append(Problem(f"{quantity} is hourly but {told}", f"grid.{quantity}", "Name a zone that has one, or use annual"))
    if scenario.compute.basis == "rent":
        for name in ("price", "price_history"):
            if getattr(grid, name) not in (None, "annual"):
                problems.append(Problem(f"{name} is not read: rent includes electricity", f"grid.{name}", "Remove it, or set basis: own"))

    zone, choices = grid.zone, choose(scenario, "daly2006")
    if zone is not None and "hourly" not in (choices.price, choices.carbon) and choices.method == "event_driven":
        why = "rent includes electricity" if choices.basis == "rent" else "the price is not hourly"
        what = f"zone is not read: {why}, and the carbon intensity is not hourly"
        problems.append(Problem(what, "grid.zone", "Remove it"))


def _check_matching(scenario: Scenario, problems: list[Problem]) -> None:
    """Tell a way of matching where no clean energy is matched; none is where a component is switched off by its name."""
    if scenario.emissions.matching is None or "matching" in scenario.components:
        return
    if "matching" not in choose(scenario, "daly2006").parts:
        what, way = "matching is not read: no clean energy is contracted", "State matched_share too, or remove it"
        problems.append(Problem(what, "emissions.matching", way))


_PER_CENT = 5.0  # a rate above it was meant in per cent


def _check_shares(scenario: Scenario, problems: list[Problem]) -> None:
    """Tell rates that look like per cent, and shares of rented accelerators that are certain and come to more than all."""
    for name in ("tax_rate", "networking_share", "software_share", "support_share", "insurance_share", "maintenance_rate"):
        value = scenario.values().get(name)
        if value is not None and value.median > _PER_CENT:
            what = f"{name} is {100 * value.median:g} % in the middle"
            problems.append(Problem(what, f"{HOMES[name]}.{name}", f"Did you mean {value.median:g} %? Write {value.median / 100:g}"))
    reserved, spot = scenario.compute.reserved_share, scenario.compute.spot_share
    if reserved is None or spot is None or reserved.constant is None or spot.constant is None:
        return
    if reserved.constant + spot.constant > 1.0:
        what = f"reserved_share and spot_share come to more than all accelerators: {reserved.constant + spot.constant:g}"
        problems.append(Problem(what, "compute.spot_share", f"State {1.0 - reserved.constant:g} at most; the rest is on demand"))


def _check_switches(scenario: Scenario, problems: list[Problem]) -> None:
    """Tell components that are switched on where they cannot be."""
    basis, switches, stated = scenario.compute.basis, scenario.components, scenario.values()
    off = {quantity for name, on in switches.items() if not on and name in PARTS for quantity in PARTS[name].off}
    for name, on in switches.items():
        part = PARTS.get(name)
        if not on:
            continue
        why, way = "", "Remove it"
        if part and part.basis not in ("", basis):
            why = "it is inside the rent" if basis == "rent" else "it is of rented accelerators"
            way += f", or set basis: {part.basis}"
        elif name in ("interconnect", "electricity") and basis == "rent":
            why, way = "it is inside the rent", "Remove it, or set basis: own"
        elif name == "events" and not scenario.events:
            why, way = "no event is stated", "State events, or remove it"
        elif name == "rollbacks" and "device_hours" in stated:
            why = "stated device_hours hold every loss"
        elif part and (missing := [quantity for quantity in part.reads if quantity in off]):
            why = f"it reads {' and '.join(missing)}, which another component that is off would state"
        if why:
            problems.append(Problem(f"{name} is switched on in vain: {why}", f"components.{name}", way))
    if scenario.energy.operator is not None and "pue" in stated:
        problems.append(Problem("operator is not read: pue is stated", "energy.operator", "Remove one of the two"))


_MOST_REFRESHES = 1200  # one a month for a century


def _check_counts(resolved: Resolved, problems: list[Problem]) -> None:
    """Tell refreshes without number, and a rented model that serves nothing."""
    parts = resolved.choices.parts
    if "continuous_improvement" in parts:
        horizon, every = (resolved.inputs[name].value.median for name in ("improvement_horizon", "refresh_interval"))
        if horizon / every > _MOST_REFRESHES:
            what = f"about {horizon / every:.3g} refreshes, by the medians; a calendar holds {_MOST_REFRESHES}"
            problems.append(Problem(what, "improvement.refresh_interval", "State a longer one, or a shorter improvement_horizon"))
    if "build_or_buy" in parts and all(resolved.inputs[name].value.constant == 0.0 for name in ("demand_in", "demand_out")):
        problems.append(Problem("demand_in and demand_out are both 0: no token is served", "buying.demand_in", "State one of them"))


def _check_region(resolved: Resolved, problems: list[Problem]) -> None:
    """Tell a region none of whose figures is asked for."""
    name, stated = resolved.scenario.grid.region, resolved.scenario.values()
    if name is None:
        return
    figures = figures_of(name)
    if not any(quantity in resolved.inputs and quantity not in stated for quantity in figures):
        what = f"region is not read: this scenario states, or does not need, its {' and '.join(sorted(figures))}"
        problems.append(Problem(what, "grid.region", "Remove it"))


def _check_currency(resolved: Resolved, problems: list[Problem]) -> None:
    """Tell a currency that no stated price is in; that it is in vain under rent is told elsewhere."""
    scenario, choices = resolved.scenario, resolved.choices
    energy, way = scenario.energy, "Remove it"
    if "currency" not in energy.model_fields_set or choices.basis == "rent":
        return
    if choices.price != "annual":
        own = currency_of(scenario, choices.price)
        source = f"zone {scenario.grid.zone.spec}" if choices.price == "hourly" and scenario.grid.zone else "the price history"
        why = f"{source} has its own, {own}"
        if own != energy.currency:
            why = f"it is {energy.currency}, and {why}"
            way += f"; an exchange_rate is then that of {own}, in USD per {own}" if own != "USD" else ", and any exchange_rate"
    elif energy.electricity_price is None:
        why = "electricity_price is not stated, and what stands in for it is in USD"
    else:
        return
    problems.append(Problem(f"currency is not read: {why}", "energy.currency", way))


def _check_pausing(scenario: Scenario, problems: list[Problem]) -> None:
    policy = scenario.pausing
    if policy is None:
        return
    choices = choose(scenario, "daly2006")
    if choices.work == "device_hours":
        what = "a run of stated device_hours cannot be paused: they are all the hours it takes, so that pauses would leave work undone"
        problems.append(Problem(what, "pausing", "State the work as params and tokens, or as flop; or remove pausing"))
    stated = [
        name for name in ("price_threshold", "price_quantile", "carbon_threshold", "carbon_quantile") if getattr(policy, name) is not None
    ]
    if not stated:
        ways = "State price_threshold, price_quantile, carbon_threshold or carbon_quantile"
        problems.append(Problem("states no threshold above which to pause", "pausing", ways))
    for quantity in ("price", "carbon"):
        names = [name for name in stated if name.startswith(quantity)]
        if len(names) == 2:
            problems.append(Problem(f"{' and '.join(names)} are both stated", f"pausing.{names[0]}", "Remove one of the two"))
        if names and getattr(choices, quantity) == "annual":
            rented = quantity == "price" and choices.basis == "rent"
            why = "a rented run has no price of its hours, since rent includes electricity" if rented else f"the {quantity} is annual"
            way = "State a grid.zone or a history with one"
            if rented:
                way = f"Pause by {names[0].replace('price', 'carbon')}, or set basis: own"
            problems.append(Problem(f"{names[0]} is never crossed: {why}", f"pausing.{names[0]}", way))
