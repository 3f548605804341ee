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


def _named(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.casefold().startswith(incomplete.casefold())]
