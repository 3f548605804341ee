"""A scenario as the ledger kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simulator.kernels.ledger.book import COST, COSTS, EMISSIONS, EMITTED, OUTPUTS, Book
from simulator.kernels.slots import BASES, DEPRECIATIONS
from simulator.scenario import Resolved
from simulator.stochastic.streams import stream_key

#: what is the same where nothing stands beside the run, and needs no memory of its own
SAME = {
    "programme_time": "wall_clock", "device_hours_total": "device_hours", "energy_total": "energy",
    "emissions_location": "emissions[operational]",
}  # fmt: skip
#: outputs of ``TOTALS`` that only some scenarios have
_BUYING = ("api_cost", "serving_cost", "building_saves", "break_even_demand")
_PAY = ("headcount", "fte_share", "salary", "pay_overhead", "equity")
_EVENT = ("probability", "frequency", "cost", "delay", "luck")


_AT_OTHER_TIMES = {
    "schedule", "research_compute", "teacher", "data_acquisition", "data_licences", "data_scraping", "data_cleaning", "annotation",
    "synthetic_data", "storage", "data_transfer", "continuous_improvement",
}  # fmt: skip


def ledger_outputs(resolved: Resolved) -> tuple[str, ...]:
    """Return what the ledger writes for a scenario, in the order of its rows."""
    pay = (f"pay[{name}]" for name in resolved.people)
    events = (f"event_occurrences[{name}]" for name in resolved.events)
    return (*OUTPUTS, *pay, *events)


def kept_outputs(resolved: Resolved) -> tuple[str, ...]:
    """Return those of them that a result has: components always, a calendar and a rented model where the scenario asks for them."""
    names = ledger_outputs(resolved)
    left_out = set() if "build_or_buy" in resolved.choices.parts else set(_BUYING)
    return tuple(name for name in names if name not in left_out and (_is_dated(resolved) or not name.startswith("spending")))


def _is_dated(resolved: Resolved) -> bool:
    """Return whether something is paid for at another time than that of the run."""
    return bool(set(resolved.choices.parts) & _AT_OTHER_TIMES or resolved.people or resolved.events)


def same_outputs(resolved: Resolved) -> Mapping[str, str]:
    """Return outputs that have the values of another: copies, and of those that are nought in every draw all but the first."""
    copies = copied_outputs(resolved)
    nought = [name for name in kept_outputs(resolved) if not _may_differ(name, resolved) and name not in copies]
    return {**copies, **dict.fromkeys(nought[1:], *nought[:1])}


def copied_outputs(resolved: Resolved) -> Mapping[str, str]:
    """Return outputs that the ledger leaves to another, which is the same where nothing stands beside the run."""
    if _has_extras(resolved):
        return {}
    return {name: other for name, other in SAME.items() if other.partition("[")[2].rstrip("]") not in resolved.choices.excluded}


def _has_extras(resolved: Resolved) -> bool:
    """Return whether there is anything but what every run has."""
    return bool(set(resolved.choices.parts) - _PLAIN or resolved.people or resolved.events)


def open_book(resolved: Resolved, constants: np.ndarray, slots: Mapping[str, int], drawn: tuple[str, ...], seed: int) -> Book:
    """Return a scenario as the ledger reads it.

    Parameters
    ----------
    resolved : Resolved
    constants : ndarray, shape (inputs,)
        Certain inputs by slot.
    slots : mapping of str to int
        Slot of every place.
    drawn : tuple of str
        Places that are drawn, in the order of the rows that the run's kernel stores.
    seed : int
    """
    choices = resolved.choices
    names, kept = ledger_outputs(resolved), set(kept_outputs(resolved))

    def table(fields: tuple[str, ...], prefix: str, group: str, count: int) -> np.ndarray:
        at = [[slots.get(f"{prefix}{field}[{group} {k}]", -1) for field in fields] for k in range(count)]
        return np.array(at, dtype=np.int64).reshape(count, len(fields))

    return Book(
        constants=constants,
        drawn=np.array([slots[name] for name in drawn], dtype=np.int64),
        basis=BASES.index(choices.basis),
        depreciation=DEPRECIATIONS.index(choices.depreciation),
        costs=_alive("cost", COST, COSTS, resolved),
        emissions=_alive("emissions", EMITTED, EMISSIONS, resolved),
        extras=_has_extras(resolved),
        kept=np.array([row for row, name in enumerate(names) if name in kept and _may_differ(name, resolved)], dtype=np.int64),
        hourly_matching=choices.matching == "hourly",
        seasonal="seasonal_pue" in choices.parts,
        attempting="abandoned_runs" in choices.parts,
        jumping="price_path" in choices.parts,
        dated=_is_dated(resolved),
        buying="build_or_buy" in choices.parts,
        people=table(_PAY, "", "person_class", len(resolved.people)),
        events=table(_EVENT, "event_", "risk", len(resolved.events)),
        prices=np.uint64(stream_key(seed=seed, purpose="price path", name="accelerator_price")),
    )


def _alive(quantity: str, first: int, components: tuple[str, ...], resolved: Resolved) -> np.ndarray:
    """Return the rows of the components that may be other than nought."""
    return np.array([first + k for k, name in enumerate(components) if _may_differ(f"{quantity}[{name}]", resolved)], dtype=np.int64)


#: parts that change no more than a figure of what every run has
_PLAIN = {"water", "matching", "residual_mix", "seasonal_pue", "rental_mix", "provider_spread", "price_path"}
_OWNED = ("interconnect", "facility", "maintenance", "decommissioning", "electricity", "grid_fees", "demand_charge")


def _may_differ(name: str, resolved: Resolved) -> bool:
    """Return whether an output has values of its own other than nought: the others need no memory."""
    quantity, _, component = name.partition("[")
    if name in copied_outputs(resolved):
        return False
    if name == "abandoned_runs":
        return name in resolved.choices.parts
    if quantity not in ("cost", "emissions"):
        return True
    component, choices = component.rstrip("]"), resolved.choices
    if component in choices.excluded:
        return False
    if quantity == "cost" and choices.basis == "rent" and component in (*_OWNED, "backup_generation", "idle_infrastructure"):
        return False
    if component in ("people", "events"):
        return bool(getattr(resolved, component))
    core = ("accelerators", "interconnect", "electricity", "operational", "embodied_accelerators", "embodied_servers")
    return component in core or component in choices.parts
