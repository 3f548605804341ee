"""From what was stated to what the model reads: every input with its value and source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.errors import ConfigError, Problem
from simulator.reference import Reference, accelerator, defaults
from simulator.scenario.reads import inputs_read
from simulator.scenario.schema import Scenario
from simulator.scenario.values import UncertainValue, parse_value
from simulator.stochastic.dependence import RankCorrelation


@dataclass(frozen=True)
class Input:
    """One input that the model reads.

    Attributes
    ----------
    value : UncertainValue
    source : str
        ``stated``, or where the default comes from.
    """

    value: UncertainValue
    source: str = "stated"


@dataclass(frozen=True)
class Resolved:
    """A scenario with every default filled in.

    Attributes
    ----------
    scenario : Scenario
    inputs : mapping of str to Input
        By quantity, those that this scenario's model reads, in the nomenclature's order.
    work, interval, basis, depreciation : str
        The alternatives that the scenario chose.
    interval_source : str
        Of the checkpoint interval's rule.
    """

    scenario: Scenario
    inputs: Mapping[str, Input]
    work: str
    interval: str
    basis: str
    depreciation: str
    interval_source: str

    @property
    def correlations(self) -> RankCorrelation:
        """Requested rank correlations."""
        return self.scenario.correlations

    def sources(self) -> dict[str, str]:
        """Return the source of every default that was used, by quantity."""
        used = {name: item.source for name, item in self.inputs.items() if item.source != "stated"}
        if self.interval != "fixed" and self.interval_source != "stated":
            used["checkpoint_interval"] = self.interval_source
        return used

    def describe_defaults(self) -> dict[str, dict[str, str]]:
        """Return value and source of every default that was used, by quantity."""
        out = {}
        for name, source in self.sources().items():
            value = self.interval if name == "checkpoint_interval" and name not in self.inputs else str(self.inputs[name].value)
            out[name] = {"value": value, "source": source}
        return out

    def hash(self) -> str:
        """Return a hash of everything that the result depends on, plan apart."""
        content = {
            "inputs": {name: item.value.identity() for name, item in self.inputs.items()},
            "choices": [self.work, self.interval, self.basis, self.depreciation],
            "correlations": [self.correlations.names, [list(row) for row in self.correlations.spearman]],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def resolve(scenario: Scenario) -> Resolved:
    """Fill in every default, and list it.

    Raises
    ------
    ConfigError
        Where an input has neither a stated value nor a default, or a stated one is not read.
    """
    stated = scenario.values()
    work = next((name for name in ("flop", "device_hours") if name in stated), "transformer")
    rule = scenario.reliability.checkpoint_interval
    interval_source = "stated"
    if rule is None:
        reference = defaults()["checkpoint_interval"]
        rule, interval_source = reference.value, _cite(reference)  # type: ignore[assignment]  # a test holds the table to the known rules
    interval = "fixed" if isinstance(rule, UncertainValue) else str(rule)
    basis = scenario.compute.basis
    depreciation = scenario.compute.depreciation or "cottier2024"
    needed = inputs_read(work=work, fixed_interval=interval == "fixed", basis=basis, depreciation=depreciation)

    inputs: dict[str, Input] = {}
    problems: list[Problem] = []
    for name in needed:
        found = _find(name, scenario, stated)
        if found is None:
            problems.append(Problem(f"{name} is not stated and has no default", name, "State it"))
        else:
            inputs[name] = found
    for name in sorted(set(stated) - set(needed) - {"params"}):
        problems.append(Problem(f"{name} is stated but this scenario does not read it", name, "Remove it"))
    if problems:
        raise ConfigError(problems)
    return Resolved(scenario, inputs, work, interval, basis, depreciation, interval_source)


def _cite(reference: Reference) -> str:
    return f"{reference.source} [{reference.year}]"


def _find(name: str, scenario: Scenario, stated: Mapping[str, UncertainValue]) -> Input | None:
    if name in stated:
        return Input(stated[name])
    if name == "params_active" and "params" in stated:
        # the same input under another name: a dense model activates every parameter
        return Input(stated["params"], "dense model: every parameter is active")
    device = scenario.hardware.accelerator
    reference = (accelerator(device).get(name) if device else None) or defaults().get(name)
    return Input(parse_value(reference.value, name), _cite(reference)) if reference else None
