"""What a tornado holds: each input at its P10 and its P90, each event that happens or does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from simulator.analysis.sensitivity.luck import is_lucky_input
from simulator.quantities import QUANTITIES
from simulator.scenario import Input, Resolved, parse_value

ENDS = (0.1, 0.9)
_EVENTS = ("risk", "event_effect")  # groups of inputs that have no bar but their event's


@dataclass(frozen=True)
class Bar:
    """One bar of a tornado: a scenario with an input, or an event, at its low and at its high end.

    Attributes
    ----------
    name : str
    kind : str
        ``input`` or ``event``.
    unit : str
    low, high : float
        Values of the input [its unit]; how often the event happens.
    scenarios : tuple of Resolved
        At the low and at the high end.
    """

    name: str
    kind: str
    unit: str
    low: float
    high: float
    scenarios: tuple[Resolved, Resolved]


def bars_of(resolved: Resolved) -> list[Bar]:
    """Return the bars of a scenario: its knowable inputs that are drawn, and its events.

    Examples
    --------
    >>> from simulator.scenario import load_scenario, resolve
    >>> bars_of(resolve(load_scenario("configs/quickstart.yaml")))[0].name
    'mfu'
    """
    bars = []
    for place, item in resolved.inputs.items():
        law = item.value.law
        if law is None or item.group in _EVENTS or is_lucky_input(item.stream):
            continue
        low, high = map(float, law.quantile(ndtri(np.array(ENDS))))
        held = (_held(resolved, place, item, low), _held(resolved, place, item, high))
        bars.append(Bar(item.stream, "input", QUANTITIES[item.value.quantity].unit, low, high, held))
    for index, name in enumerate(resolved.events):
        bars.append(Bar(name, "event", "1", 0.0, 1.0, (_happening(resolved, index, name, 0.0), _happening(resolved, index, name, 1.0))))
    return bars


def _held(resolved: Resolved, place: str, item: Input, value: float) -> Resolved:
    """Return a scenario with one input held; a correlated one keeps its latent score, so that no other moves."""
    certain = replace(item, value=replace(item.value, constant=value, law=None, table=None))
    return replace(resolved, inputs={**resolved.inputs, place: certain})


def _happening(resolved: Resolved, index: int, name: str, probability: float) -> Resolved:
    """Return a scenario in which an event happens once, or never: with a probability of 1 or 0 in place of what was stated."""
    frequency = f"event_frequency[risk {index}]"
    inputs: Mapping[str, Input] = {place: item for place, item in resolved.inputs.items() if place != frequency}
    certain = Input(parse_value(probability, "event_probability"), group="risk", member=name)
    return replace(resolved, inputs={**inputs, f"event_probability[risk {index}]": certain})
