"""Several scenarios on the command line, each with a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.errors import ConfigError, InputError, Problem
from simulator.scenario import Scenario, load_scenario, resolve

Stated = tuple[str, Sequence[str], Sequence[str]]


def load_several(stated: Sequence[Stated], names: Sequence[str] = ()) -> dict[str, Scenario]:
    """Load scenarios and name each by its file and what was changed in it; equal names are numbered.

    Parameters
    ----------
    stated : sequence of (str, sequence of str, sequence of str)
        Config, overrides and levers of each.
    names : sequence of str, optional
        Names where they are known.

    Raises
    ------
    ConfigError
        With the problems of all that cannot be loaded, or that lack an input, together.
    """
    loaded: list[tuple[str, Scenario]] = []
    problems: list[Problem] = []
    for place, (config, overrides, levers) in enumerate(stated):
        if Path(config).suffix in (".nc", ".zarr"):
            raise InputError(f"{config} is a result; scenarios are paired by simulating them together. Name their configs")
        try:
            scenario = load_scenario(config, overrides=overrides, levers=levers)
            resolve(scenario)
        except ConfigError as error:
            problems += error.problems
            continue
        changes = ", ".join([*levers, *overrides])
        name = names[place] if names else f"{Path(config).stem} with {changes}" if changes else Path(config).stem
        loaded.append((name, scenario))
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    scenarios: dict[str, Scenario] = {}
    for name, scenario in loaded:
        number = 1
        while (own := name if number == 1 else f"{name} ({number})") in scenarios:
            number += 1
        scenarios[own] = scenario
    return scenarios


def parse_option(text: str) -> tuple[str, list[str], list[str]]:
    """Return name, overrides and levers of an option that is stated as ``NAME: lever=fp8; set=mfu=0.4``.

    Raises
    ------
    InputError
        Where it is something else.

    Examples
    --------
    >>> parse_option("Quebec, fp8: lever=region=CA-QC; lever=fp8; set=mfu=0.4")
    ('Quebec, fp8', ['mfu=0.4'], ['region=CA-QC', 'fp8'])
    """
    name, _, rest = text.partition(":")
    changes: dict[str, list[str]] = {"set": [], "lever": []}
    for item in rest.split(";"):
        kind, equals, change = (part.strip() for part in item.partition("="))
        if not name.strip() or not equals or not change or kind not in changes:
            raise InputError(f"--option '{text}' is not 'NAME: CHANGE; ...', each change lever=NAME or set=PATH=VALUE")
        changes[kind].append(change)
    return name.strip(), changes["set"], changes["lever"]
