"""What the shell proposes for arguments: names out of the reference tables, files of configs, quantities."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def complete_accelerators(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the accelerators of the reference tables."""
    from simulator.reference import accelerators

    return _named(accelerators(), incomplete)


def complete_regions(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the regions of the annual tables, with their names."""
    from simulator.reference.regions import regions

    known = regions().values()
    return [CompletionItem(place.id, help=place.name) for place in known if place.id.casefold().startswith(incomplete.casefold())]


def complete_overrides(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose ``NAME=`` of every quantity of a config, by its name or its path."""
    from simulator.quantities import QUANTITIES
    from simulator.scenario.schema import HOMES

    known = {name: QUANTITIES[name].meaning if name in QUANTITIES else section for name, section in HOMES.items()}
    names = {f"{HOMES[name]}.{name}" if "." in incomplete else name: meaning for name, meaning in known.items()}
    return [CompletionItem(f"{name}=", help=meaning) for name, meaning in names.items() if name.startswith(incomplete)]


def complete_levers(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the levers, and behind ``region=`` and ``hardware=`` what they take."""
    from simulator.reference import accelerators
    from simulator.reference.regions import regions
    from simulator.scenario.levers import LEVERS
    from simulator.scenario.zones import zone_names

    name, equals, begun = incomplete.partition("=")
    if equals:
        known: dict[str, Iterable[str]] = {"hardware": accelerators(), "region": regions(), "zone": zone_names()}
        return _named([f"{name}={item}" for item in known.get(name, ())], f"{name}={begun}")
    proposed = {f"{key}=" if lever.argument else key: lever.meaning for key, lever in LEVERS.items()}
    return [CompletionItem(key, help=meaning) for key, meaning in proposed.items() if key.startswith(incomplete)]


def complete_kinds(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the kinds of files that can be imported."""
    from simulator.importing.kinds import KINDS

    return [CompletionItem(name, help=kind.meaning) for name, kind in KINDS.items() if name.startswith(incomplete)]


def complete_chapters(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the chapters of the guide."""
    from simulator.guide import chapters

    return [CompletionItem(name, help=about) for name, about in chapters().items() if name.startswith(incomplete)]


def complete_tables(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the reference tables."""
    from simulator.reference import tables

    return _named([*tables(), "config"], incomplete)


def complete_examples(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Propose the configs that are shipped."""
    from simulator.scenario.examples import examples

    return _named(examples(), incomplete)


def _named(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.casefold().startswith(incomplete.casefold())]
