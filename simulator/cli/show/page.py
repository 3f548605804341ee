"""Where text meets the screen: tables, and sentences that a terminal breaks between words.

In a pipe a sentence is one line, so that grep, diff and an editor's own wrapping find it whole. A table is at least 80 columns wide
everywhere: a narrower one would have its numbers cut, which a terminal that breaks the line does not do.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console

TABLE = 80  # columns, in a pipe and at least


def columns() -> int | None:
    """Return the columns of the terminal that stdout is; None in a pipe."""
    console = Console()
    return console.width if console.is_terminal else None


def say(text: str, *, hanging: str = "") -> None:
    """Print a sentence on stdout, further lines of it behind a hanging indent."""
    width = columns()
    if width is not None:
        text = textwrap.fill(text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
    click.echo(text)


class Page(Console):
    """A console for tables (``print``) and sentences (``say``); see :func:`page`."""

    def __init__(self, table: int = TABLE) -> None:
        self._sentence = columns()
        super().__init__(highlight=False, markup=False, width=max(self._sentence or 0, table))

    def say(self, text: str, *, style: str | None = None) -> None:
        """Print a sentence."""
        self.print(text, style=style, width=self._sentence, soft_wrap=self._sentence is None)


@contextmanager
def page(table: int = TABLE) -> Iterator[Page]:
    """Print what the block prints on stdout at once: rich would end the process itself where a reader has gone.

    Parameters
    ----------
    table : int
        Columns that tables have at least.
    """
    console = Page(table)
    with console.capture() as captured:
        yield console
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
