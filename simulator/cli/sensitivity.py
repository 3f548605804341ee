"""``simulator sensitivity``."""

from __future__ import annotations

import json
from typing import Any

import click

from simulator.cli.options import Stated, holds_results, plan_options


@click.command(
    context_settings={"default_map": {"draws": 16_384}},
    epilog="\b\nExamples:\n"
    "  simulator sensitivity configs/quickstart.yaml\n"
    "  simulator sensitivity configs/quickstart.yaml --output emissions_total --method rank\n"
    "  simulator sensitivity configs/quickstart.yaml --method sobol --grouped\n"
    "  simulator sensitivity configs/quickstart.yaml --method split --json\n"
    "  simulator sensitivity run.nc --method rank\n",
)
@click.argument("config", metavar="CONFIG|FILE", type=click.Path())
@click.option(
    "--output", default="cost_total", show_default=True, metavar="NAME", help="As bands name it: wall_clock, 'cost[electricity]'."
)
@click.option(
    "--method",
    type=click.Choice(["tornado", "rank", "sobol", "shapley", "split"]),
    default="tornado",
    show_default=True,
    help="Swings of P50 and P90; rank correlations; Sobol' indices; Shapley effects; knowable against luck.",
)
@click.option("--grouped", is_flag=True, help="With --method sobol: correlated inputs stand together as one.")
@plan_options
@click.option("-o", "target", type=click.Path(), metavar="FILE", help="Save the numbers to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print every number with its Monte Carlo error as JSON.")
def command(
    config: str,
    output: str,
    method: str,
    grouped: bool,
    stated: Stated,
    target: str | None,
    as_json: bool,
) -> None:
    """Tell what drives an output of CONFIG, or of draws that were saved (--method rank).

    The draws are played again for every input: twice for a tornado, once for Sobol' indices. One bar stands for each event.
    """
    from simulator.errors import InputError
    from simulator.results import check_target, open_draws, save_results

    if grouped and method != "sobol":
        raise InputError(f"--grouped is of --method sobol; --method {method} takes correlated inputs as they are. Leave it out")
    saved = holds_results(config)
    if saved and method != "rank":
        raise InputError(f"{config} holds draws, and --method {method} has to play others. Use --method rank, or name the config")
    if target is not None:
        check_target(target)

    if saved:
        results = open_draws(config)

        from simulator.analysis.sensitivity.rank_correlation import rank_correlations

        found = rank_correlations(results, output=output)
    else:
        scenario, sampling = stated.load(config), stated.sampling()

        from simulator.cli.progress import showing_progress

        with showing_progress(stated.draws) as progress:
            found = _found(method, scenario, sampling, output=output, grouped=grouped, progress=progress)
    if target is not None:
        save_results(found, target)
        click.echo(f"saved what drives {output} to {target}", err=True)

    from simulator.cli.show.sensitivity import sensitivity_json, show_sensitivity

    if as_json:
        click.echo(json.dumps(sensitivity_json(found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show_sensitivity(found)


def _found(method: str, scenario: Any, sampling: Any, *, output: str, grouped: bool, progress: Any) -> Any:
    """Return the numbers of a method."""
    if method == "tornado":
        from simulator.analysis.sensitivity.tornado import tornado

        return tornado(scenario, sampling, output=output, progress=progress)
    if method == "rank":
        from simulator.analysis.sensitivity.rank_correlation import rank_correlations
        from simulator.engine import simulate

        return rank_correlations(simulate(scenario, sampling, progress=progress), output=output)
    if method == "sobol":
        from simulator.analysis.sensitivity.sobol_indices import sobol_indices

        return sobol_indices(scenario, sampling, output=output, grouped=grouped, progress=progress)
    if method == "shapley":
        from simulator.analysis.sensitivity.shapley_effects import shapley_effects

        return shapley_effects(scenario, sampling, output=output, progress=progress)
    from simulator.analysis.sensitivity.variance_split import variance_split

    return variance_split(scenario, sampling, output=output, progress=progress)
