"""``simulator reference``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from simulator.cli.complete import complete_tables

if TYPE_CHECKING:
    from simulator.reference import Row
    from simulator.reference import Table as FoundTable


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator reference\n"
    "  simulator reference accelerators 'H100 SXM'\n"
    "  simulator reference defaults pue\n"
    "  simulator reference grid_annual France --json\n"
    "  simulator reference config reliability\n"
    "  simulator reference config mfu\n"
    "\n\b\nExit codes: 0 done; 2 there is no such table, name, section or key."
)
@click.argument("table", required=False, shell_complete=complete_tables)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, one a table or a row.")
def command(table: str | None, name: str | None, as_json: bool) -> None:
    """List the reference tables, or the figures of one TABLE with their sources; NAME keeps those of one name or quantity.

    TABLE config is the reference of configs: every key with its unit, what it takes, its default and its meaning; NAME is a section
    or a key.
    """
    import json
    from dataclasses import asdict
    from difflib import get_close_matches

    from simulator.cli.show.page import say
    from simulator.errors import InputError
    from simulator.reference import table as find
    from simulator.reference import tables

    if table == "config":
        from simulator.cli.show.keys import keys_json, keys_of, show_keys

        keys = keys_of(name)
        if as_json:
            click.echo(json.dumps(keys_json(keys), indent=2, allow_nan=False))
        else:
            show_keys(keys)
        return
    if table is None:
        listed = [{"table": one.name, "rows": len(one.rows), "meaning": one.meaning} for one in tables().values()]
        width = max(len(one.name) for one in tables().values())
        lines = [f"{one['table']:{width}}  {one['rows']:>4} rows  {one['meaning']}" for one in listed]
        if as_json:
            click.echo(json.dumps(listed, indent=2))
            return
        for line in lines:
            say(line, hanging=" " * (width + 13))
        return
    if table not in tables() and get_close_matches(table, ["config"]):
        raise InputError(f"'{table}' is not a reference table. Did you mean config, the keys of configs?")
    found = find(table)
    rows = found.rows if name is None else found.of(name)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, allow_nan=False))
    else:
        _print(_title(found, rows), rows)


def _title(found: FoundTable, rows: Sequence[Row]) -> str:
    """Return the name of a table, with what all of the rows are of, and its meaning."""
    names, quantities = ({row.name for row in rows}, {row.quantity for row in rows})
    single = [*(names if len(names) == 1 < len(found.names) else ()), *(quantities if len(quantities) == 1 else ())]
    about = f" ({', '.join(single)})" if single else ""
    first = found.meaning.split()[0]
    meaning = found.meaning if first.isupper() else found.meaning[0].lower() + found.meaning[1:]
    return f"{found.name}{about}: {meaning}"


def _print(title: str, rows: Sequence[Row]) -> None:
    """Print rows with what kind of figures they are; each source once, below."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from simulator.cli.show.page import page

    sources = {source: number for number, source in enumerate(dict.fromkeys(row.source for row in rows), start=1)}
    names, quantities = ({getattr(row, part) for row in rows} for part in ("name", "quantity"))
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    heads = [part for part, different in (("name", names), ("quantity", quantities)) if len(different) > 1]
    for head in heads:
        shown.add_column(head, overflow="fold", max_width=30 if len(heads) == 1 else 16 if head == "name" else 22)
    shown.add_column("value", overflow="fold", max_width=28 if len(heads) == 1 else 18)
    shown.add_column("year", no_wrap=True)
    shown.add_column("what kind of figure", overflow="fold")
    last = ""
    for row in rows:
        name = f"{row.name} ({row.label})" if row.label else row.name
        value = f"{row.value}, central {row.central:g}" if row.low < row.high else row.value
        told = {"name": "" if name == last else name, "quantity": row.quantity}
        cells = [*(told[head] for head in heads), value, str(row.year), f"{row.basis} [{sources[row.source]}]"]
        shown.add_row(*map(Text, cells))  # as text, since rich would read brackets
        last = name
    notes = Table.grid(padding=(0, 1))
    for source, number in sources.items():
        notes.add_row(Text(f"[{number}]", justify="right"), Text(source))
    with page() as console:
        console.print(shown, notes)
