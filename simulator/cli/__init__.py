"""The command line: thin, computes nothing.

Exit codes: 0 done; 1 failed; 2 bad input; 3 a threshold asked for was exceeded; 130 interrupted.
Data go to stdout, messages and progress to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from io import StringIO
from typing import NoReturn

import click

from simulator.cli.help import complete_help
from simulator.errors import SimulatorError, printable

#: section of the help -> verb -> (module, one line of help); modules are imported when their verb is used
_SECTIONS = {
    "Start": {
        "init": ("simulator.cli.init", "Write a commented config of your own run after a few questions."),
        "examples": ("simulator.cli.examples", "List the configs that are shipped, or copy one to start from."),
        "validate": ("simulator.cli.validate", "Check scenarios and list the defaults that they would use."),
        "run": ("simulator.cli.run", "Simulate a scenario: bands of cost, emissions, energy and time."),
        "summarize": ("simulator.cli.summarize", "Print the bands of a result that was saved."),
        "guide": ("simulator.cli.guide", "Read on: how to write a scenario, how to read its risk, how far to trust it."),
    },
    "Read the risk": {
        "risk": ("simulator.cli.risk", "Tell the risk to exceed budget, deadline and carbon cap, and the contingency."),
        "sensitivity": ("simulator.cli.sensitivity", "Tell what drives an output: tornado, rank correlations, shares of its variance."),
        "compare": ("simulator.cli.compare", "Compare scenarios draw by draw: what differs, how surely, USD per tonne avoided."),
        "sweep": ("simulator.cli.sweep", "Simulate every combination of settings: regions, prices, numbers of accelerators."),
        "decide": ("simulator.cli.decide", "Choose among scenarios or levers, and tell what knowing an input first is worth."),
        "search": ("simulator.cli.search", "Search for the settings that cost or emit least, under limits, with all that are as good."),
        "stress": ("simulator.cli.stress", "Tell what happened in the worst draws: inputs that shifted, outcomes, histories."),
        "explain": ("simulator.cli.explain", "Tell one draw's whole history: interruptions, hours, bill."),
        "rare": ("simulator.cli.rare", "Tell how likely a limit is that hardly any draw exceeds, and what it takes."),
        "update": ("simulator.cli.update", "Forecast the rest of a run from what is known of it so far."),
    },
    "Show and attach": {
        "plot": ("simulator.cli.plot", "Draw what another verb saved: bands, exceedance, fan, tornado, waterfall and more."),
        "fan": ("simulator.cli.fan", "Bands of cost, emissions, energy and progress over the run, as a picture."),
        "report": ("simulator.cli.report", "Write a report to attach: answer, bands, pictures, assumptions, a statement to cite."),
        "serve": ("simulator.cli.serve", "Serve a page on which ranges can be moved and bands follow."),
        "gallery": ("simulator.cli.gallery", "Build a page with a picture of every kind, from the shipped configs."),
    },
    "Bring your own data": {
        "import": ("simulator.cli.importing", "Make priors or actuals of logs, accounting and exports that you already have."),
        "fit": ("simulator.cli.fit", "Fit hourly prices and carbon intensities of a grid to its history."),
        "priors": ("simulator.cli.priors", "Fit the priors of a run to published figures, as known at a date."),
        "reference": ("simulator.cli.reference", "Show the reference tables with their sources, and every key of a config."),
    },
    "Trust": {
        "verify": ("simulator.cli.verify", "Tell whether saved results are, byte by byte, what was written."),
        "backtest": ("simulator.cli.backtest", "Forecast published runs from what was known before each, and score it."),
        "claims": ("simulator.cli.claims", "Put well-known claims about training to the scenarios of the record."),
    },
    "Set up": {
        "completion": ("simulator.cli.completion", "Print the script that completes commands, options and names in a shell."),
        "schema": ("simulator.cli.schema", "Print the JSON schema of configs, for editors that complete and check them."),
        "warmup": ("simulator.cli.warmup", "Compile the kernels ahead of their first use."),
        "bench": ("simulator.cli.bench", "Measure this machine: draws per second, what the time goes to, threads."),
    },
}
#: how libraries use threads: those of kernels sleep while they wait for each other, and matrices, which are small here, have one. Where
#: other programs want the cores too, threads that wait busily take several times as long
THREADS = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}
_VERBS = {name: told for verbs in _SECTIONS.values() for name, told in verbs.items()}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command: click.Command = import_module(_VERBS[cmd_name][0]).command
        complete_help(command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _VERBS and not args[0].startswith("-"):
            near = get_close_matches(args[0], _VERBS, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "simulator --help lists all."
            raise click.UsageError(f"No such command '{args[0]}'. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _VERBS))
        for section, verbs in _SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(f"{name:{width}}", text) for name, (_, text) in verbs.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"simulator {version('training-risk-simulator')}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nFirst steps:\n"
    "  simulator init mine.yaml                          a config of your own run\n"
    "  simulator run mine.yaml --set 'mfu=0.35 to 0.50'  bands, of what differs too\n"
    "  simulator risk mine.yaml --budget 300k            how likely it costs more\n"
    "  simulator sensitivity mine.yaml                   what drives it\n"
    "  simulator report mine.yaml -o mine.html           a page to attach\n"
    "  simulator serve mine.yaml                         ranges to move\n"
    "  simulator guide                                   chapters to read on\n"
    "\nsimulator COMMAND --help has the options of each, with examples.\n"
    "\n\b\nExit codes: 0 done; 1 failed; 2 bad input; 3 a limit was exceeded;\n"
    "130 interrupted.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def cli() -> None:
    """Tell what it costs and emits to train a large AI model, with bands."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    sys.exit(_run([word for word in words if word != "--debug"], debug=debug))


def _run(words: Sequence[str], *, debug: bool) -> int:
    try:
        code = cli.main(args=list(words), prog_name="simulator", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show(told := StringIO())
        click.echo(printable(told.getvalue()), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo(" ".join(["interrupted", *map(str, stop.args)]), err=True)
        return 130
    except BrokenPipeError:  # the reader, `head` for example, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit:  # by click alone, where the reader went between two lines
        return 0
    except SimulatorError as error:
        if debug:
            raise
        click.echo(f"error: {printable(str(error))}", err=True)
        return error.exit_code
    except OSError as error:
        if debug:
            raise
        with suppress(OSError):  # what stands in the buffer would be tried again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(
            f"error: {printable(str(error.filename or 'standard output'))} cannot be read or written ({error.strerror or error})", err=True
        )
        return 2
    except MemoryError:
        if debug:
            raise
        click.echo("error: not enough memory for so many draws; use fewer --draws", err=True)
        return 1
    except Exception as error:
        if debug:
            raise
        click.echo(f"error: {type(error).__name__}: {printable(str(error))} (an error of the simulator; --debug shows where)", err=True)
        return 1
    return code if isinstance(code, int) else 0
