"""``simulator examples``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from simulator.cli.complete import complete_examples


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator examples\n"
    "  simulator examples quickstart -o mine.yaml\n"
    "  simulator examples llama3.1-405b | less\n"
    "\n\b\nExit codes: 0 done; 2 no such example, or the file is there already."
)
@click.argument("name", required=False, shell_complete=complete_examples)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to copy it to  [default: print it]")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print names and descriptions as JSON.")
def command(name: str | None, output: Path | None, force: bool, as_json: bool) -> None:
    """List the configs that are shipped, or copy the one of a NAME to start from.

    They are runs of the record and typical plans, every figure with its source in a comment.
    """
    import json
    import textwrap

    from simulator.errors import InputError
    from simulator.scenario.examples import described, example
    from simulator.text_file import check_place, write_text

    if name is None:
        if output is not None:
            raise InputError(f"-o {output}: say which example to copy, for example simulator examples quickstart -o {output}")
        told = described()
        width = max(map(len, told), default=0) + 2
        lines = [
            textwrap.fill(f"{key:{width}}{text}", 80, subsequent_indent=" " * width, break_on_hyphens=False) for key, text in told.items()
        ]
        click.echo(json.dumps(told, indent=1, ensure_ascii=False) if as_json else "\n".join(lines))
        if not as_json:
            click.echo("next: simulator examples NAME -o mine.yaml", err=True)
        return
    text = example(name)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.suffix not in (".yaml", ".yml"):
        raise InputError(f"-o {output} is no config. Its name ends in .yaml")
    if output.exists() and not force:
        raise InputError(f"{output} is there already. Name another with -o, or replace it with --force")
    check_place(output)
    write_text(output, text)
    click.echo(f"wrote {output}; next: simulator run {shlex.quote(str(output))}", err=True)
