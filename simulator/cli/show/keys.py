"""The keys of a config as text: what each is, what it can be, and what stands in for it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import click

from simulator.errors import InputError
from simulator.scenario.keys import Key, config_keys, sections, words

_WIDTH = 80


def keys_of(name: str | None) -> tuple[Key, ...]:
    """Return all keys, those of a section, or those of a name or path.

    Raises
    ------
    InputError
        Naming the nearest.
    """
    keys = config_keys()
    if name is None:
        return keys
    found = tuple(key for key in keys if name in (key.path, _section(key), key.path.rpartition(".")[2]))
    if not found:
        known = [*sections(), *(key.path for key in keys), *(key.path.rpartition(".")[2] for key in keys)]
        near = list(dict.fromkeys(get_close_matches(name, known, n=3)))
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Sections are {', '.join(sections())}"
        raise InputError(f"'{name}' is neither a section nor a key of a config. {hint}")
    return found


def keys_json(keys: Sequence[Key]) -> list[dict[str, Any]]:
    """Return keys as plain data."""
    plain = [asdict(key) | {"unit": key.unit, "domain": key.domain, "section": _section(key)} for key in keys]
    return [{name: value for name, value in item.items() if name not in ("quantity", "admissible", "takes")} for item in plain]


def show_keys(keys: Sequence[Key]) -> None:
    """Print keys under the names of their sections."""
    click.echo("\n".join(_lines(keys)))


def _section(key: Key) -> str:
    return key.path.partition(".")[0].removesuffix("[]")


def _lines(keys: Sequence[Key]) -> Iterator[str]:
    last = None
    for key in keys:
        section = _section(key)
        if section != last:
            last = section
            if key is not keys[0]:
                yield ""
            about = sections().get(section) or words().get(section, {}).get("meaning", "")
            yield from textwrap.wrap(f"{section}: {about}", _WIDTH)
        unit = f" [{key.unit}]" if key.unit else ""
        below = key.path.partition(".")[2]
        if below:
            yield f"  {below}{unit}"
        told = [key.meaning if below else "", f"takes {key.domain}" if key.domain else ""]
        if key.default:
            told.append(f"default: {key.default}{f' ({key.source})' if key.source else ''}")
        elif key.source:
            told.append(key.source)
        for text in filter(None, told):
            yield from textwrap.wrap(text, _WIDTH, initial_indent="      ", subsequent_indent="        ", break_long_words=False)
