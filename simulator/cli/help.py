"""What every verb's ``--help`` has: examples that fit 80 columns, and exit codes."""

from __future__ import annotations

import re

import click

_COLUMNS = 78  # of 80, since click indents what stands below the options by two
_LIMITS = ("thresholds", "constraints")  # options by which 3 is an exit code


def complete_help(command: click.Command) -> None:
    """Break the long examples of a verb as a shell reads them, and add its exit codes where it tells none of its own."""
    told = command.epilog or ""
    if "Exit codes" not in told:
        told += f"\n\n\b\nExit codes: {_exit_codes(command)}"
    command.epilog = "\n".join(map(_broken, told.split("\n")))


def _exit_codes(command: click.Command) -> str:
    if any(param.name in _LIMITS for param in command.params):
        return "0 done; 1 failed; 2 bad input; 3 a limit was exceeded;\n130 interrupted."
    return "0 done; 1 failed; 2 bad input; 130 interrupted."


def _broken(line: str) -> str:
    r"""Return a command in lines that fit, each but the last with a backslash.

    Examples
    --------
    >>> print(_broken("  simulator run configs/quickstart.yaml --plan sobol --draws 65536 --replicates 16 --json"))
      simulator run configs/quickstart.yaml --plan sobol --draws 65536 \
        --replicates 16 --json
    """
    if len(line) <= _COLUMNS or not line.startswith(("  simulator ", "    -")):
        return line
    place = max(match.start() for match in re.finditer(" -", line[: _COLUMNS - 2]))
    return f"{line[:place]} \\\n{_broken(f'    {line[place + 1 :]}')}"
