"""``simulator guide``."""

from __future__ import annotations

import click

from simulator.cli.complete import complete_chapters


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator guide\n"
    "  simulator guide scenario\n"
    "  simulator guide risk > risk.md\n"
    "\n\b\nExit codes: 0 done; 2 no such chapter."
)
@click.argument("chapter", required=False, shell_complete=complete_chapters)
def command(chapter: str | None) -> None:
    """List the chapters of the guide, or read one: how to write a scenario, how to read its risk, how far to trust it.

    A terminal shows it set, a pager turns the pages; in a pipe it is Markdown.
    """
    import sys

    from simulator import guide

    if chapter is None:
        told = guide.chapters()
        width = max(map(len, told)) + 2
        click.echo("\n".join(f"{name:{width}}{about}" for name, about in told.items()))
        click.echo("next: simulator guide scenario", err=True)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console()
        with console.capture() as captured:
            console.print(Markdown(guide.chapter(chapter), hyperlinks=False))
        click.echo_via_pager(captured.get())
    else:
        click.echo(guide.chapter(chapter))
