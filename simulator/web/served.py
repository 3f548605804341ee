"""The scenario that is served, and what a state makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.errors import ConfigError, Problem
from simulator.reference import accelerators
from simulator.reference.regions import regions
from simulator.scenario import Scenario, load_scenario, parse_scenario, resolve
from simulator.scenario.levers import LEVERS, apply_levers
from simulator.scenario.schema import HOMES
from simulator.scenario.text import parse_yaml
from simulator.text_file import read_text
from simulator.web.fields import LIMIT_UNITS, SHOWN, currency_of, limit_text, range_of
from simulator.web.state import SWITCHES, State


@dataclass(frozen=True)
class Served:
    """A config as it stood when the page was opened.

    Attributes
    ----------
    name, description : str
    data : mapping
        As it was written, but for levers with an argument, whose work is done.
    folder : Path
        That its file names are relative to.
    accelerators : tuple of str
        That the run can be put on with what the config states.
    """

    name: str
    description: str
    data: Mapping[str, Any]
    folder: Path
    accelerators: tuple[str, ...] = ()

    @property
    def levers(self) -> tuple[str, ...]:
        """Switches that the config turns on."""
        return tuple(self.data.get("levers") or ())

    def scenario(self, state: State) -> Scenario:
        """Return the scenario of a state.

        Raises
        ------
        ConfigError
            With every problem, by path.
        """
        data, problems = deepcopy(dict(self.data)), []
        chosen = [f"{name}={text}" for name, text in (("hardware", state.accelerator), ("region", state.region)) if text]
        problems += _pull(data, chosen)
        data["levers"] = list(self.levers if state.levers is None else state.levers)
        energy = data.get("energy") or {}
        for name, low, high in state.ranges:
            section = data[HOMES[name]] = dict(data.get(HOMES[name]) or {})
            problems += _put(section, name, range_of(name, low, high, currency_of(name, section.get(name), energy.get("currency"))))
        for name, text in state.limits:
            data["limits"] = dict(data.get("limits") or {})
            problems += _put(data["limits"], name, limit_text(name, text) if text else None)
        if problems:
            raise ConfigError(problems)
        return parse_scenario(data, base=self.folder)


def serve_config(path: str) -> Served:
    """Read the config that is to be served.

    Raises
    ------
    ConfigError
        Where the scenario is not valid, or lacks an input.

    Examples
    --------
    >>> served = serve_config("configs/quickstart.yaml")
    >>> served.scenario(State(ranges=(("mfu", "0.45", "0.45"),))).workload.mfu.constant
    0.45
    """
    scenario = load_scenario(path)
    resolve(scenario)
    data = parse_yaml(read_text(path)).data
    data = {"name": scenario.name, **data}
    kept = [lever for lever in scenario.levers if lever in SWITCHES]
    _pull(data, [lever for lever in scenario.levers if lever not in SWITCHES])
    data["levers"] = kept
    served = Served(scenario.name, scenario.description, data, Path(path).parent)
    return Served(served.name, served.description, data, served.folder, tuple(name for name in accelerators() if _possible(served, name)))


def _possible(served: Served, accelerator: str) -> bool:
    """Return whether the run can be put on an accelerator: another run may lack a price that nobody knows."""
    try:
        resolve(served.scenario(State(accelerator=accelerator)))
    except ConfigError:
        return False
    return True


def places() -> dict[str, list[tuple[str, str]]]:
    """Return the regions whose carbon intensity is known: their ids and names, by kind."""
    known = [place for place in regions().values() if "carbon_intensity" in place.figures]
    return {told: [(place.id, place.name) for place in known if place.kind == kind] for kind, told in _KINDS.items()}


_KINDS = {
    "country": "Countries", "us_state": "States of the US", "ca_province": "Provinces of Canada", "au_state": "States of Australia",
    "cloud_region": "Regions of clouds",
}  # fmt: skip


def _pull(data: dict[str, Any], levers: list[str]) -> list[Problem]:
    """Set and clear what levers with an argument do; what they tolerate in vain goes too, so that fields may be changed after."""
    data["levers"] = levers
    problems, _ = apply_levers(data)
    for lever in data.pop("levers"):
        for name in LEVERS[lever.partition("=")[0]].tolerates:
            (data.get(HOMES[name]) or {}).pop(name, None)
    told = dict(enumerate(_CHOICES.get(lever.partition("=")[0], "levers") for lever in levers))
    return [problem.at(path=told[int(problem.path[7:-1])]) for problem in problems]


_CHOICES = {"hardware": "hardware.accelerator", "region": "grid.region"}


def _put(section: dict[str, Any], name: str, value: str | Problem | None) -> list[Problem]:
    """Put a value into a section, or take it out; return what is wrong."""
    if isinstance(value, Problem):
        return [value]
    section.pop(name, None)
    if value is not None:
        section[name] = value
    return []


def place_of(problem: Problem) -> str:
    """Return the field that a problem stands beside: a quantity, a limit, ``accelerator``, ``region``, ``lever``, or '' for none.

    Examples
    --------
    >>> place_of(Problem("", "workload.mfu")), place_of(Problem("", "levers[1]")), place_of(Problem("", "people[0].salary"))
    ('mfu', 'lever', '')
    """
    if problem.path.startswith("levers"):
        return "lever"
    last = problem.path.rpartition(".")[2]
    known = last in SHOWN or last in LIMIT_UNITS or problem.path in _CHOICES.values()
    return last if known and "[" not in problem.path else ""
