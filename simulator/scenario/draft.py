"""A config for somebody's own run, with every default that stands in for what it leaves out."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from simulator.quantities import QUANTITIES
from simulator.reference.regions import figures_of
from simulator.scenario.load import parse_scenario
from simulator.scenario.resolve import resolve
from simulator.scenario.schema import HOMES, SECTIONS
from simulator.scenario.text import dump_flow

_WIDTH = 110
_HEAD = (
    "# One training run. `LOW to HIGH` is a central 90 % interval. A line such as `#mfu: 0.2 to 0.4` is the default that stands in now:\n"
    "# remove its # (and that before its section) to state your own, which narrows the bands. Every key: simulator reference config\n"
)


def draft(data: Mapping[str, Any], notes: Mapping[str, str] | None = None) -> str:
    """Return a commented config.

    Parameters
    ----------
    data : mapping
        A scenario as :func:`simulator.scenario.load.parse_scenario` reads it.
    notes : mapping of str to str, optional
        ``section.key`` -> what is said behind it.

    Returns
    -------
    str
        YAML 1.2 that reads back to the same scenario.

    Raises
    ------
    ConfigError
        Where it is none, or where something is missing that has no default.
    """
    scenario = parse_scenario(data)
    defaults = resolve(scenario).describe_defaults()
    region = data.get("grid", {}).get("region")
    given = {name: defaults.pop(name) for name in (figures_of(region) if region else ()) if name in defaults}
    lines = [_HEAD, *(f"{key}: {dump_flow(data[key])}" for key in ("name", "description") if key in data)]
    for section in SECTIONS:
        stated = data.get(section, {})
        own = {name: entry for name, entry in defaults.items() if HOMES.get(name) == section and name not in stated}
        if not stated and not own:
            continue
        lines += ["", f"{section}:" if stated else f"#{section}:"]
        for key, value in stated.items():
            note = (notes or {}).get(f"{section}.{key}", "")
            lines.append(f"  {key}: {dump_flow(value)}{f'  # {note}' if note else ''}")
            if (section, key) == ("grid", "region"):
                lines += [line for name, entry in given.items() for line in _prose(f"tells {name} {entry['value']}: {entry['source']}")]
        for name, entry in own.items():
            lines += [*_prose(f"{QUANTITIES[name].meaning}; {entry['source']}"), f"  #{name}: {_plain(entry['value'])}"]
    return "\n".join(lines) + "\n"


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  # ", subsequent_indent="  #   ", break_long_words=False, break_on_hyphens=False)


def _plain(value: str) -> str:
    """Return a default as it would be written: 7000000000.0 is 7e+09."""
    try:
        return f"{float(value):.12g}"
    except ValueError:
        return value
