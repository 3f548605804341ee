"""``simulator stress``."""

from __future__ import annotations

import json
import shlex

import click

from simulator.cli.options import Stated, holds_results, plan_options

_COST = "cost_total"
_FEW = 1000  # draws, in which it shows whether what is asked for is there


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator stress configs/quickstart.yaml --worst 5%\n"
    "  simulator stress run.nc --worst 10% --of emissions_total\n"
    "  simulator stress configs/quickstart.yaml --where 'mfu < 0.32' --json\n"
)
@click.argument("source", metavar="CONFIG|FILE", type=click.Path())
@click.option("--worst", "share", metavar="SHARE", help="The worst share of the draws, 5% or 0.05, of what --of says.")
@click.option("--where", "condition", metavar="'NAME < LIMIT'", help="Draws below or above a limit of an input or output.")
@click.option("--of", default=_COST, show_default=True, metavar="NAME", help="By what draws are the worst, and histories ordered.")
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Save the findings to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    source: str,
    share: str | None,
    condition: str | None,
    of: str,
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Tell what happened in the worst draws of CONFIG, or of a FILE that `simulator run -o` saved, or where a condition holds.

    Which inputs shifted and by how much, what came out, and three typical histories to replay.
    """
    from simulator.errors import InputError
    from simulator.results import check_target, open_draws, save_results

    if (share is None) == (condition is None):
        raise InputError("state one of --worst SHARE and --where 'NAME < LIMIT'")
    fraction = None if share is None else _fraction(share)
    if output is not None:
        check_target(output)

    from simulator.analysis.stress.conditions import check_condition, where, worst

    if condition is not None:
        check_condition(condition)
    saved = holds_results(source)
    if saved:
        results = open_draws(source)
    else:
        from simulator.analysis.stress.conditions import known
        from simulator.cli.progress import showing_progress
        from simulator.engine import simulate
        from simulator.plan import SamplingPlan

        scenario, sampling = stated.load(source), stated.sampling()
        if condition is not None or of != _COST:  # what is wrong with a name or a limit shows in few draws, before many are made
            few = simulate(scenario, SamplingPlan(draws=_FEW))
            known(few, of)
            if condition is not None:
                where(few, condition)
        with showing_progress(stated.draws) as progress:
            results = simulate(scenario, sampling, progress=progress)

    from simulator.analysis.stress.stress import stress, stress_json

    inside = where(results, condition or "") if fraction is None else worst(results, fraction, of=of)
    found = stress(results, inside, of=of)
    if output is not None:
        save_results(found, output)
        click.echo(f"saved the findings to {output}", err=True)
    if as_json:
        click.echo(json.dumps(stress_json(found), indent=1, ensure_ascii=False, allow_nan=False))
        return
    from simulator.cli.show.stress import show_stress

    changes = [*(f"--set {shlex.quote(text)}" for text in stated.overrides), *(f"--lever {shlex.quote(text)}" for text in stated.levers)]
    show_stress(found, condition or f"the worst {share} by {of}", "CONFIG" if saved else " ".join([shlex.quote(source), *changes]))


def _fraction(text: str) -> float:
    """Return a share of the draws as a number."""
    from simulator.errors import InputError, LawError
    from simulator.units import convert, parse_amount

    try:
        share = convert(parse_amount(text), "1")
    except LawError as error:
        raise InputError(f"--worst {text}: {error}") from None
    if not 0.0 < share < 1.0:
        raise InputError(f"--worst {text} is not a share of the draws; it lies between 0 and 1, for example 5%")
    return share
