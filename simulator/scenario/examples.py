"""The configs that are shipped: ``simulator/examples`` is a link to ``configs/``, which a wheel takes in as files."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import simulator
from simulator.errors import InputError
from simulator.scenario.text import parse_yaml


@cache
def examples() -> Mapping[str, Path]:
    """Return name -> file of every config that is shipped.

    Examples
    --------
    >>> "quickstart" in examples()
    True
    """
    inside = Path(simulator.__file__).parent / "examples"
    folder = inside if inside.is_dir() else inside.parent.parent / "configs"  # a checkout where links are not made
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def example(name: str) -> str:
    """Return the text of a config by its name.

    Raises
    ------
    InputError
        Naming the nearest.
    """
    known = examples()
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"They are {', '.join(known)}"
        raise InputError(f"'{name}' is not one of the configs that are shipped. {hint}")
    return known[name].read_text(encoding="utf-8")


def described() -> dict[str, str]:
    """Return name -> description of every config that is shipped."""
    return {name: str(parse_yaml(example(name), where=name).data.get("description", "")) for name in examples()}
