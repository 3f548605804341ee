"""The command line: thin, computes nothing.

Exit codes: 0 done; 1 failed; 2 bad input; 3 a threshold asked for was exceeded; 130 interrupted.
Data go to stdout, messages and progress to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from simulator.errors import SimulatorError

#: verb -> (module, one line of help); modules are imported when their verb is used
_VERBS = {
    "init": ("simulator.cli.init", "Write a commented config of your own run after a few questions."),
    "examples": ("simulator.cli.examples", "List the configs that are shipped, or copy one to start from."),
    "guide": ("simulator.cli.guide", "Read on: how to write a scenario, how to read its risk, how far to trust it."),
    "run": ("simulator.cli.run", "Simulate a scenario: bands of cost, emissions, energy and time."),
    "risk": ("simulator.cli.risk", "Tell the risk to exceed budget, deadline and carbon cap, and the contingency."),
    "backtest": ("simulator.cli.backtest", "Forecast published runs from what was known before each, and score it."),
    "compare": ("simulator.cli.compare", "Compare scenarios draw by draw: what differs, how surely, USD per tonne avoided."),
    "decide": ("simulator.cli.decide", "Choose among scenarios or levers, and tell what knowing an input first is worth."),
    "explain": ("simulator.cli.explain", "Tell one draw's whole history: interruptions, hours, bill."),
    "search": ("simulator.cli.search", "Search for the settings that cost or emit least, under limits, with all that are as good."),
    "fan": ("simulator.cli.fan", "Bands of cost, emissions, energy and progress over the run, as a picture."),
    "plot": ("simulator.cli.plot", "Draw what another verb saved: bands, exceedance, fan, tornado, waterfall and more."),
    "report": ("simulator.cli.report", "Write a report to attach: answer, bands, pictures, assumptions, a statement to cite."),
    "gallery": ("simulator.cli.gallery", "Build a page with a picture of every kind, from the shipped configs."),
    "stress": ("simulator.cli.stress", "Tell what happened in the worst draws: inputs that shifted, outcomes, histories."),
    "update": ("simulator.cli.update", "Forecast the rest of a run from what is known of it so far."),
    "import": ("simulator.cli.importing", "Make priors or actuals of logs, accounting and exports that you already have."),
    "fit": ("simulator.cli.fit", "Fit hourly prices and carbon intensities of a grid to its history."),
    "validate": ("simulator.cli.validate", "Check scenarios and list the defaults that they would use."),
    "sensitivity": ("simulator.cli.sensitivity", "Tell what drives an output: tornado, rank correlations, shares of its variance."),
    "claims": ("simulator.cli.claims", "Put well-known claims about training to the scenarios of the record."),
    "serve": ("simulator.cli.serve", "Serve a page on which ranges can be moved and bands follow."),
    "summarize": ("simulator.cli.summarize", "Print the bands of a result that was saved."),
    "rare": ("simulator.cli.rare", "Tell how likely a limit is that hardly any draw exceeds, and what it takes."),
    "warmup": ("simulator.cli.warmup", "Compile the kernels ahead of their first use."),
    "bench": ("simulator.cli.bench", "Measure this machine: draws per second, what the time goes to, threads."),
    "priors": ("simulator.cli.priors", "Fit the priors of a run to published figures, as known at a date."),
    "completion": ("simulator.cli.completion", "Print the script that completes commands, options and names in a shell."),
    "schema": ("simulator.cli.schema", "Print the JSON schema of configs, for editors that complete and check them."),
    "reference": ("simulator.cli.reference", "Show the reference tables with their sources, and every key of a config."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command: click.Command = import_module(_VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"simulator {version('training-risk-simulator')}")
        ctx.exit()


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExamples:\n"
    "  simulator init\n"
    "  simulator guide scenario\n"
    "  simulator run configs/quickstart.yaml\n"
    "  simulator run configs/quickstart.yaml --set 'mfu=0.35 to 0.50' --draws 200000 -o run.nc\n"
    "  simulator summarize run.nc --json\n"
    "\n\b\nExit codes: 0 done, 1 failed, 2 bad input, 3 a threshold was exceeded, 130 interrupted.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def cli() -> None:
    """Tell what it costs and emits to train a large AI model, with bands."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    sys.exit(_run([word for word in words if word != "--debug"], debug=debug))


def _run(words: Sequence[str], *, debug: bool) -> int:
    try:
        code = cli.main(args=list(words), prog_name="simulator", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
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
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except OSError as error:
        if debug:
            raise
        with suppress(OSError):  # what stands in the buffer would be tried again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"error: {error.filename or 'standard output'} cannot be read or written ({error.strerror or error})", err=True)
        return 2
    except MemoryError:
        if debug:
            raise
        click.echo("error: not enough memory for so many draws; use fewer --draws", err=True)
        return 1
    except Exception as error:
        if debug:
            raise
        click.echo(f"error: {type(error).__name__}: {error} (an error of the simulator; --debug shows where)", err=True)
        return 1
    return code if isinstance(code, int) else 0
