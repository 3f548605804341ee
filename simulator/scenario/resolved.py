"""A scenario with every default filled in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from simulator.scenario.inputs import Change, Input
from simulator.scenario.lookup import currency_of
from simulator.scenario.past import Past
from simulator.scenario.reads import Choices
from simulator.scenario.schema import Scenario
from simulator.scenario.zones import ZoneFile
from simulator.stochastic.dependence import RankCorrelation


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

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Names of the classes of people who are paid."""
        return tuple(item.member for place, item in self.inputs.items() if place.startswith("headcount["))

    @cached_property
    def events(self) -> tuple[str, ...]:
        """Names of the events."""
        return tuple(item.member for place, item in self.inputs.items() if place.startswith("event_luck["))

    def members(self, group: str) -> tuple[str, ...]:
        """Return the names of a group: phases, classes of people, events, what events and levers multiply, currencies."""
        if group == "phase":
            return self.phases
        own = [currency_of(self.scenario, self.choices.price)] if group == "currency" and "exchange_rate" in self.inputs else []
        return tuple(dict.fromkeys([*own, *(item.member for item in self.inputs.values() if item.group == group)]))

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
