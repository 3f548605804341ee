"""``simulator validate``."""

from __future__ import annotations

import shlex
import sys

import click

from simulator.cli.options import scenario_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator validate configs/quickstart.yaml\n"
    "  simulator validate configs/*.yaml\n"
    "  simulator validate configs/quickstart.yaml --set mfu=0.38\n"
)
@click.argument("configs", nargs=-1, required=True, type=click.Path(), metavar="CONFIG...")
@scenario_options[0]
@scenario_options[1]
def command(configs: tuple[str, ...], overrides: tuple[str, ...], levers: tuple[str, ...]) -> int:
    """Check each CONFIG, tell all its problems at once, and list every default that it would use with its source."""
    from simulator.cli.show.page import say
    from simulator.errors import ConfigError, printable
    from simulator.scenario import load_scenario, resolve

    code = 0
    for config in configs:
        try:
            resolved = resolve(load_scenario(config, overrides=overrides, levers=levers))
        except ConfigError as error:
            click.echo(printable(f"{config}: {error}"), err=True)
            code = ConfigError.exit_code
            continue
        uncertain = sum(item.value.table is not None for item in resolved.inputs.values())
        defaults = resolved.describe_defaults()
        click.echo(f"{config}: valid; {uncertain} uncertain inputs, {len(defaults)} defaults")
        for name, entry in defaults.items():
            say(f"  {name} = {entry['value']}  ({entry['source']})", hanging="      ")
    if len(configs) == 1 and code == 0 and sys.stdout.isatty():
        click.echo(f"next: simulator run {shlex.quote(configs[0])}", err=True)
    return code
