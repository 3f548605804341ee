"""Where an input comes from that is not stated: a region, an accelerator, the defaults."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simulator.reference import Reference, Row, accelerator, defaults, table, wholesale_defaults
from simulator.reference.regions import exchange_rates, place_figure, region
from simulator.scenario.fitted import fitted
from simulator.scenario.inputs import Input
from simulator.scenario.levers import given
from simulator.scenario.reads import Choices
from simulator.scenario.schema import Scenario
from simulator.scenario.values import UncertainValue, parse_value

#: inputs that are uniform by definition
_UNIFORM = {"history_place": "any hour of the history is as likely a start", "abandon_luck": "luck, by definition"}


def find(name: str, scenario: Scenario, stated: Mapping[str, UncertainValue], choices: Choices) -> Input | None:
    """Return the input of a quantity: as it is stated, else the nearest figure that stands in for it; None where there is none."""
    if name in stated:
        return Input(stated[name])
    if name == "params_active" and "params" in stated:
        # the same input under another name: a dense model activates every parameter
        return Input(stated["params"], "dense model: every parameter is active")
    if name in _UNIFORM:
        return Input(parse_value({"family": "uniform", "low": 0.0, "high": 1.0}, name), _UNIFORM[name])
    if name == "exchange_rate":
        currency = currency_of(scenario, choices.price)
        latest = latest_rate(currency)
        return Input(parse_value(latest.value, name), f"{cite(latest)}, USD per {currency}")
    if name == "checkpoint_size":
        return _checkpoint_size(stated)
    if (derived := _derived(name, scenario, stated)) is not None:
        return derived
    place = region(scenario.grid.region) if scenario.grid.region else None
    if place and name in place.figures:
        figure = place.figures[name]
        return Input(parse_value(figure.value, name), f"{cite(figure)}, {place.name}, {figure.basis}")
    if place and name == "electricity_price":  # that of another place would pass for its own
        return None
    known = dict(defaults(scenario.priors.before)) | (dict(wholesale_defaults()) if choices.price != "annual" else {})
    device, by_lever = scenario.hardware.accelerator, {k: v for lever in scenario.levers for k, v in given(lever).items()}
    of_device = accelerator(device, _year(scenario)) if device else {}
    own = fitted(name, scenario, rollbacks_apart="rollbacks" in choices.parts)
    reference = _by_place(name, scenario) or by_lever.get(name) or own or of_device.get(name) or known.get(name)
    return Input(parse_value(reference.value, name), cite(reference)) if reference else None


def _derived(name: str, scenario: Scenario, stated: Mapping[str, UncertainValue]) -> Input | None:
    """Return an input that is worked out of other figures: the price of an accelerator of that of its server, a server of its size."""
    device = scenario.hardware.accelerator
    figures = accelerator(device, _year(scenario)) if device else {}
    if name == "accelerator_price" and name not in figures and "server_price_per_accelerator" in figures:
        server, (ratio,) = figures["server_price_per_accelerator"], _rows("server_price_ratio")
        share = parse_value(server.value, name)
        value = parse_value(f"{share.median / ratio.high!r} to {share.median / ratio.low!r} USD", name)
        return Input(value, f"price of a server for each accelerator, over {ratio.low:g} to {ratio.high:g}: {cite(server)}")
    if name == "embodied_server":
        per_node = stated.get("accelerators_per_node") or parse_value(
            (figures.get("accelerators_per_node") or defaults()["accelerators_per_node"]).value, "accelerators_per_node"
        )
        ((row,), size) = _rows(name), per_node.median / _USUAL_NODE
        if size != 1.0:
            value = parse_value(f"{row.low * size!r} to {row.high * size!r} {row.unit}", name)
            return Input(value, f"{row.low:g} to {row.high:g} {row.unit} for {_USUAL_NODE} accelerators: {row.source} [{row.year}]")
    return None


_USUAL_NODE = 8  # accelerators of the server that the default is of


def _rows(quantity: str) -> list[Row]:
    return [row for row in table("defaults").rows if row.quantity == quantity]


def _checkpoint_size(stated: Mapping[str, UncertainValue]) -> Input | None:
    """Return the size of a checkpoint by the bytes that each parameter takes, where the parameters are stated."""
    params = stated.get("params") or stated.get("params_active")
    if params is None:
        return None
    (row,) = _rows("checkpoint_bytes")
    low, high = (1e-12 * bytes_each * params.median for bytes_each in (row.low, row.high))
    value = parse_value(f"{low!r} to {high!r} TB", "checkpoint_size")
    return Input(value, f"{row.low:g} to {row.high:g} bytes for each parameter: {row.source} [{row.year}]")


def _year(scenario: Scenario) -> int | None:
    """Return the year in which the run starts, by the median of its date; None where it has no date."""
    start = scenario.grid.start_time
    if start is None:
        return None
    return int(np.datetime64(int(start.median), "h").astype("datetime64[Y]").astype(int)) + 1970


def _by_place(name: str, scenario: Scenario) -> Reference | None:
    """Return the figure of the class of operator, or of the region or its country, that stands in for an input."""
    if name == "pue" and scenario.energy.operator:
        rows = [row for row in table("pue").rows if (row.name, row.quantity) == (scenario.energy.operator, name)]
        before = scenario.priors.before
        known = [row for row in rows if before is None or row.year < int(before[:4])] or rows[:1]
        return Reference.of(max(known, key=lambda row: row.year)) if known else None
    return place_figure(scenario.grid.region, name) if scenario.grid.region else None


def currency_of(scenario: Scenario, price: str) -> str:
    """Return the currency that electricity is priced in, where its price is ``annual``, ``hourly`` or of a ``history``."""
    grid = scenario.grid
    if price == "hourly" and grid.zone and grid.zone.zone.price:
        return grid.zone.zone.price.unit[:3]
    if price == "history" and grid.price_history:
        return grid.price_history.currency
    # a default is in USD, whatever a stated price would be in
    return scenario.energy.currency if scenario.energy.electricity_price is not None else "USD"


def latest_rate(currency: str) -> Reference:
    """Return the latest annual average of USD for one unit of a currency."""
    rates = exchange_rates()[currency]
    return rates[max(rates)]


def cite(reference: Reference) -> str:
    """Return the source of a figure with its year; a fitted one tells its own."""
    return reference.source if reference.basis == "fitted" else f"{reference.source} [{reference.year}]"
