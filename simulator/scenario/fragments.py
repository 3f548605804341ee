"""Parts of a config in files of their own, which ``--set @FILE`` puts in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.errors import ConfigError, Problem
from simulator.scenario.text import dump_flow, parse_yaml
from simulator.text_file import UnreadableError, read_text


def expanded(overrides: Iterable[str], problems: list[Problem]) -> list[str]:
    """Return overrides, each ``@FILE`` replaced by those of its values.

    Parameters
    ----------
    overrides : iterable of str
        ``PATH=VALUE`` or ``@FILE``: YAML with sections as a config has them.
    problems : list of Problem
        What is wrong with a file is added to it.

    Returns
    -------
    list of str
        ``PATH=VALUE``, in the order of the command line and of the files.
    """
    found: list[str] = []
    for override in overrides:
        if not override.startswith("@"):
            found.append(override)
            continue
        try:
            found += _values(Path(override[1:]))
        except ConfigError as error:
            problems += [problem.at(where=f"--set {override}: {problem.where}".rstrip(": ")) for problem in error.problems]
    return found


def _values(file: Path) -> list[str]:
    way_out = "A fragment has sections with values, as simulator import writes it"
    try:
        text = read_text(file)
    except UnreadableError as error:
        raise ConfigError([Problem(str(error), way_out=way_out)]) from None
    data: Any = parse_yaml(text, where=str(file)).data
    if not isinstance(data, Mapping) or not data:
        raise ConfigError([Problem("holds no sections", where=str(file), way_out=way_out)])
    pairs = [
        (f"{section}.{key}", value) for section, values in data.items() if isinstance(values, Mapping) for key, value in values.items()
    ]
    pairs += [(section, values) for section, values in data.items() if not isinstance(values, Mapping)]
    return [f"{path}={dump_flow(value)}" for path, value in pairs]
