"""The fields of the page: which inputs it shows, in which unit, and what stands in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.errors import Problem
from simulator.quantities import QUANTITIES
from simulator.scenario import Resolved, UncertainValue
from simulator.scenario.currency import currency_in, renamed
from simulator.scenario.schema import HOMES

#: a range is the central 90 %
_ENDS = (-1.6448536269514722, 1.6448536269514722)
_DIGITS = 4  # of the ends of a law
_ALL = 12  # as many as a certain value has
_LONGEST = 24  # characters of a number
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_AMOUNT = re.compile(r"(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s?[kMBT]?")


@dataclass(frozen=True)
class Shown:
    """How a quantity is shown.

    Attributes
    ----------
    group, label : str
    unit : str
        As it is written behind a number; '' of plain numbers.
    told : str
        The unit in words.
    """

    group: str
    label: str
    unit: str = ""
    told: str = ""


#: the main inputs, in the order of the page; those that a scenario reads are shown
SHOWN = {
    "mfu": Shown("The run", "Utilization (MFU)"),
    "accelerators": Shown("The run", "Accelerators"),
    "params": Shown("The run", "Parameters", "B", "billion"),
    "params_active": Shown("The run", "Active parameters", "B", "billion"),
    "tokens": Shown("The run", "Training tokens", "T tokens", "trillion"),
    "flop": Shown("The run", "Training compute", "ZFLOP", "ZFLOP"),
    "device_hours": Shown("The run", "Accelerator-hours", "k h", "thousand h"),
    "run_overhead": Shown("The run", "Run overhead", "%", "%"),
    "rental_price": Shown("Hardware and its price", "Rental price", "USD/h", "USD/h each"),
    "accelerator_price": Shown("Hardware and its price", "Accelerator price", "k USD", "thousand USD each"),
    "service_life": Shown("Hardware and its price", "Service life", "years", "years"),
    "fleet_utilization": Shown("Hardware and its price", "Share of its life in use", "%", "%"),
    "research_ratio": Shown("Hardware and its price", "Research compute over the run's"),
    "electricity_price": Shown("Energy and carbon", "Electricity price", "USD/kWh", "USD/kWh"),
    "carbon_intensity": Shown("Energy and carbon", "Carbon intensity", "gCO2e/kWh", "gCO2e/kWh"),
    "pue": Shown("Energy and carbon", "PUE of the site"),
    "power_fraction": Shown("Energy and carbon", "Power draw under load", "%", "% of rated"),
    "matched_share": Shown("Energy and carbon", "Clean energy contracted", "%", "%"),
    "failure_rate": Shown("Failures", "Failure rate", "per 1000 node-days", "per 1000 node-days"),
    "downtime": Shown("Failures", "Downtime of a failure", "min", "min"),
    "checkpoint_time": Shown("Failures", "Time to save", "s", "s"),
}  # fmt: skip
LIMIT_UNITS = {"budget": "USD", "deadline": "days", "carbon_cap": "t"}


@dataclass(frozen=True)
class Field:
    """One field of the page.

    Attributes
    ----------
    name : str
        Of the quantity.
    label, unit, group : str
    low, high : str
        What stands where nothing is changed: the ends of the central 90 %, equal where the value is certain.
    written, source : str
        The same as the config or a default writes it, and where it comes from.
    start, stop : float
        Ends of the slider.
    """

    name: str
    label: str
    unit: str
    group: str
    low: str
    high: str
    written: str
    source: str
    start: float
    stop: float


def fields_of(resolved: Resolved) -> tuple[Field, ...]:
    """Return the fields of a scenario: the main inputs that it reads.

    Examples
    --------
    >>> from simulator.scenario import load_scenario, resolve
    >>> fields = fields_of(resolve(load_scenario("configs/quickstart.yaml")))
    >>> [(f.name, f.low, f.high, f.unit) for f in fields[:3]]
    [('mfu', '0.3', '0.45', ''), ('accelerators', '256', '256', ''), ('params', '7', '7', 'billion')]
    """
    own = resolved.scenario.energy.currency
    return tuple(_field(name, value, source, currency_of(name, value.spec, own)) for name, value, source in _read(resolved))


def currency_of(name: str, written: Any, of_energy: str | None) -> str | None:
    """Return the currency of a quantity as it is written, None for USD.

    Parameters
    ----------
    name : str
    written : plain data
    of_energy : str, optional
        ``energy.currency``, in which the price of electricity may be stated.
    """
    return currency_in(written) or (of_energy if name == "electricity_price" and of_energy != "USD" else None)


def _read(resolved: Resolved) -> Iterator[tuple[str, UncertainValue, str]]:
    """Yield name, value and source of the inputs that are shown."""
    stated = resolved.scenario.values()
    for name in SHOWN:
        if name == "params" and resolved.choices.work == "transformer" and name in stated:
            yield name, stated[name], "stated"
        elif name in resolved.inputs and not (name == "params_active" and name not in stated):
            item = resolved.inputs[name]
            yield name, item.value, item.source


def _field(name: str, value: UncertainValue, source: str, currency: str | None) -> Field:
    shown = SHOWN[name]
    low, high = (_text(end / size_of(name), _DIGITS if value.law else _ALL) for end in _central(value))
    numbers = float(low), float(high)
    domain, size = QUANTITIES[name].domain, size_of(name)
    start = domain.lower / size if math.isfinite(domain.lower) else min(0.0, 2.0 * numbers[0])
    bounded = domain.upper / size <= 4.0 * numbers[1]
    stop = domain.upper / size if bounded else float(f"{2.5 * numbers[1]:.1g}") or start + 1.0
    return Field(
        name,
        shown.label,
        renamed(shown.told, "USD", currency) if currency else shown.told,
        shown.group,
        low,
        high,
        str(value),
        "the config" if source == "stated" else source,
        start,
        stop,
    )


def size_of(name: str) -> float:
    """Return how much of a quantity's canonical unit its shown unit is.

    Examples
    --------
    >>> size_of("tokens"), size_of("carbon_intensity"), size_of("mfu")
    (1000000000000.0, 0.001, 1.0)
    """
    return QUANTITIES[name].parse(f"1 {SHOWN[name].unit}".rstrip())


def _central(value: UncertainValue) -> tuple[float, float]:
    """Return the ends of the central 90 %, equal where the value is certain."""
    if value.law is None:
        return value.median, value.median
    low, high = value.law.quantile(np.array(_ENDS))
    return float(low), float(high)


def _text(number: float, digits: int) -> str:
    return f"{float(f'{number:.{digits}g}'):.{_ALL}g}"


def range_of(name: str, low: str, high: str, currency: str | None = None) -> str | Problem:
    """Return a range as a config has it, or what is wrong with it.

    Parameters
    ----------
    name : str
        Of a quantity that is shown.
    low, high : str
        As they stand in the two boxes.
    currency : str, optional
        Of the amount, where it is not USD.

    Examples
    --------
    >>> range_of("tokens", "2", "3"), range_of("mfu", "0.4", "0.4")
    ('2 T tokens to 3 T tokens', '0.4')
    >>> print(range_of("mfu", "much", "0.4"))
    workload.mfu: 'much' is not a number. Write for example 0.4 or 2.5e3
    """
    path = f"{HOMES[name]}.{name}"
    for text in (low, high):
        if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
            way_out = "State both ends of the range" if not text else "Write for example 0.4 or 2.5e3"
            return Problem(f"'{text[:_LONGEST]}' is not a number", path, way_out)
    unit = renamed(SHOWN[name].unit, "USD", currency) if currency else SHOWN[name].unit
    ends = [f"{text} {unit}".rstrip() for text in (low, high)]
    return ends[0] if float(low) == float(high) else " to ".join(ends)


def limit_text(name: str, text: str) -> str | Problem:
    """Return a limit as a config has it, or what is wrong with it.

    Examples
    --------
    >>> limit_text("budget", "300k"), limit_text("deadline", "120")
    ('300k USD', '120 days')
    """
    if len(text) > _LONGEST or not _AMOUNT.fullmatch(text):
        return Problem(f"'{text[:_LONGEST]}' is not an amount", f"limits.{name}", "Write one positive number, for example 300k")
    return f"{text} {LIMIT_UNITS[name]}"
