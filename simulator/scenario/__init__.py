"""What the user asks about: frozen, closed models read from YAML, with every problem told at once."""

from simulator.scenario.inputs import Input
from simulator.scenario.load import load_scenario, parse_scenario
from simulator.scenario.resolve import resolve
from simulator.scenario.resolved import Resolved
from simulator.scenario.schema import Scenario
from simulator.scenario.values import UncertainValue, parse_value

__all__ = ["Input", "Resolved", "Scenario", "UncertainValue", "load_scenario", "parse_scenario", "parse_value", "resolve"]
