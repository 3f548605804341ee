"""``simulator completion``."""

from __future__ import annotations

import click

#: what click's script for bash lacks: no blank after a name that goes on, as in `--set mfu=`, and a backslash before one inside a name
_OF_BASH = (
    ("    return 0", "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n\n    return 0"),
    ("COMPREPLY+=($value)", 'COMPREPLY+=("${value// /\\\\ }")'),
)


@click.command(
    epilog="\b\nInstall it once:\n"
    "  bash  simulator completion bash > ~/.simulator-complete.bash\n"
    "        echo '. ~/.simulator-complete.bash' >> ~/.bashrc\n"
    "  zsh   simulator completion zsh > ~/.simulator-complete.zsh\n"
    "        echo '. ~/.simulator-complete.zsh' >> ~/.zshrc\n"
    "  fish  simulator completion fish > ~/.config/fish/completions/simulator.fish\n"
    "\n\b\nExit codes: 0 done; 2 no such shell."
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes commands, options, files, and names in a SHELL: quantities, levers, accelerators, regions."""
    from click.shell_completion import get_completion_class

    from simulator.cli import cli

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"{shell} is not a shell that is known")
    script = found(cli, {}, "simulator", "_SIMULATOR_COMPLETE").source()
    for old, new in _OF_BASH if shell == "bash" else ():
        script = script.replace(old, new)
    click.echo(script)
