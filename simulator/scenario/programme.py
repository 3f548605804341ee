"""The sections of what surrounds the run: programme, data, people, water, refreshes, events, a rented model, limits."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import Field, field_validator, model_validator

from simulator.errors import LawError
from simulator.quantities import QUANTITIES
from simulator.scenario.fields import Closed, Limit, Name, Section, Text, Value, problem
from simulator.scenario.values import UncertainValue


class Programme(Section):
    """Time before and after the run, research and failed attempts, overheads, taxes."""

    preparation_time: Value | None = None
    evaluation_time: Value | None = None
    research_ratio: Value | None = None
    abandon_probability: Value | None = None
    abandon_point: Value | None = None
    rollback_rate: Value | None = None
    rollback_time: Value | None = None
    teacher_ratio: Value | None = None
    networking_cost: Value | None = None
    networking_share: Value | None = None
    software_cost: Value | None = None
    software_share: Value | None = None
    support_cost: Value | None = None
    support_share: Value | None = None
    insurance_cost: Value | None = None
    insurance_share: Value | None = None
    tax_rate: Value | None = None
    discount_rate: Value | None = None


class Data(Section):
    """Acquisition, preparation and storage of data."""

    data_acquisition_cost: Value | None = None
    data_licence_cost: Value | None = None
    raw_data: Value | None = None
    scraping_price: Value | None = None
    cleaning_price: Value | None = None
    cleaning_energy: Value | None = None
    annotation_items: Value | None = None
    annotation_price: Value | None = None
    annotation_passes: Value | None = None
    synthetic_tokens: Value | None = None
    synthetic_price: Value | None = None
    stored_data: Value | None = None
    storage_replicas: Value | None = None
    storage_price: Value | None = None
    checkpoint_size: Value | None = None
    checkpoints_kept: Value | None = None
    retrieved_data: Value | None = None
    retrieval_price: Value | None = None
    egress_data: Value | None = None
    egress_price: Value | None = None


class Water(Section):
    """Water on site, per kWh of IT energy, and off site, per kWh of electricity."""

    wue_on: Value | None = None
    wue_off: Value | None = None


class Improvement(Section):
    """Refreshes of the model after its release."""

    improvement_horizon: Value | None = None
    refresh_interval: Value | None = None
    refresh_ratio: Value | None = None
    refresh_growth: Value | None = None
    renewal_interval: Value | None = None
    renewal_gain: Value | None = None


class Buying(Section):
    """A model rented by the token, to compare with."""

    demand_in: Value | None = None
    demand_out: Value | None = None
    demand_growth: Value | None = None
    api_price_in: Value | None = None
    api_price_out: Value | None = None
    api_price_drift: Value | None = None
    serving_price: Value | None = None
    buy_horizon: Value | None = None


class PersonClass(Closed):
    """People who are paid alike; what is not stated takes its default."""

    name: Name
    headcount: Value | None = None
    fte_share: Value | None = None
    salary: Value | None = None
    pay_overhead: Value | None = None
    equity: Value | None = None


class Event(Closed):
    """Something that may happen: with a probability, or so many times a year."""

    name: Name
    probability: Value | None = None
    frequency: Value | None = None
    cost: Value | None = None
    delay: Value | None = None
    multiplies: dict[str, Value] = Field(default_factory=dict)
    source: Text = ""

    @field_validator("multiplies")
    @classmethod
    def _known(cls, changes: dict[str, UncertainValue]) -> dict[str, UncertainValue]:
        for name in changes:
            if name not in QUANTITIES or QUANTITIES[name].dimension is None:
                near = get_close_matches(name, [known for known, q in QUANTITIES.items() if q.dimension is not None], n=3)
                way = f"Did you mean {' or '.join(near)}?" if near else "State one of the nomenclature, for example rental_price"
                raise problem(LawError(f"{name} is not the name of an input", way))
        return changes

    @model_validator(mode="after")
    def _whole(self) -> Event:
        if (self.probability is None) == (self.frequency is None):
            wrong = "states both a probability and a frequency" if self.probability else "needs a probability or a frequency"
            raise problem(LawError(f"event {self.name} {wrong}", "State one of the two"))
        if self.cost is None and self.delay is None and not self.multiplies:
            raise problem(LawError(f"event {self.name} has no impact", "State cost, delay or multiplies"))
        if self.multiplies and self.probability is None:
            what = f"event {self.name} multiplies {', '.join(self.multiplies)} and has a frequency: its number is known only after the run"
            raise problem(LawError(what, "State a probability, or an impact on cost and delay"))
        return self


class Limits(Closed):
    """What must not be exceeded.

    Attributes
    ----------
    budget : float
        Of the total cost [USD].
    deadline : float
        Of the time from now to the release [h].
    carbon_cap : float
        Of the total emissions [kgCO2e].
    """

    budget: Limit | None = None
    deadline: Limit | None = None
    carbon_cap: Limit | None = None


def distinct(items: tuple[Any, ...], kind: str) -> tuple[Any, ...]:
    """Refuse names that stand twice."""
    names = [item.name for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise problem(LawError(f"{', '.join(twice)} names more than one {kind}", "Streams of random numbers follow the name"))
    return items
