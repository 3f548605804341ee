"""``simulator schema``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator schema -o simulator.schema.json\n"
    "\n\b\nFirst line of a config, for editors that use the YAML language server\n"
    "(VS Code with the YAML extension, Neovim, Emacs, Helix):\n"
    "  # yaml-language-server: $schema=simulator.schema.json\n"
    "\n\b\nPyCharm: Settings, Languages & Frameworks, Schemas, JSON Schema Mappings.\n"
    "\n\b\nExit codes: 0 done; 2 the file cannot be written."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write, JSON  [default: print it]")
def command(output: Path | None) -> None:
    """Print the JSON schema of a config, by which editors complete keys, show meanings and defaults, and underline mistakes.

    It is generated from what the simulator reads. Units, laws and what belongs together are checked by simulator validate.
    """
    import json

    from simulator.scenario.json_schema import config_schema
    from simulator.text_file import check_place, write_text

    if output is not None:
        check_place(output)
    text = json.dumps(config_schema(), indent=1, ensure_ascii=False, allow_nan=False)
    if output is None:
        click.echo(text)
    else:
        write_text(output, f"{text}\n")
        click.echo(f"wrote {output}; first line of a config: # yaml-language-server: $schema={output}", err=True)
