"""``simulator search``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.options import scenario_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator search configs/quickstart.yaml --over 'checkpoint_interval=5 min..4 h' \\\n"
    "    --minimize 'cost_total p80'\n"
    "  simulator search configs/quickstart.yaml --over 'accelerators=128..1024 step 64' \\\n"
    "    --minimize 'cost_total mean' --subject-to 'programme_time p90 < 30 days'\n"
    "  simulator search configs/quickstart-de.yaml --over region=DE,FR,SE --minimize 'emissions_total mean'\n"
)
@click.argument("config", type=click.Path())
@click.option(
    "--over",
    multiple=True,
    required=True,
    metavar="PATH=RANGE",
    help="LOW..HIGH [log|linear|step N] or A,B,C; also of a lever: region=FR,SE. 1 to 3 of them.",
)
@click.option("--minimize", "objective", required=True, metavar="'NAME STATISTIC'", help="mean, p80 or cvar95 of an output.")
@click.option("--subject-to", "constraints", multiple=True, metavar="'NAME STATISTIC < LIMIT'", help="A limit to keep; may be repeated.")
@scenario_options[0]
@scenario_options[1]
@click.option("--draws", type=int, default=20_000, show_default=True, help="Draws of each candidate that judge; a quarter more search.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all streams; 0 is a seed.")
@click.option("--plan", type=click.Choice(["random", "sobol"]), default="random", show_default=True, help="Random draws, or Sobol' points.")
@click.option("--replicates", type=int, help="Independent Sobol' scramblings, from which the Monte Carlo error comes  [default: 16]")
@click.option("--threads", type=int, help="Threads; changes no result  [default: all cores]")
@click.option("--confidence", type=float, default=0.95, show_default=True, help="Joint, that the best is among those as good.")
@click.option("--tolerance", type=float, default=0.005, show_default=True, help="Share of the objective that does not matter.")
@click.option("-o", "--output", type=click.Path(), help="Save every candidate to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print every candidate as JSON.")
def command(
    config: str,
    over: tuple[str, ...],
    objective: str,
    constraints: tuple[str, ...],
    overrides: tuple[str, ...],
    levers: tuple[str, ...],
    draws: int,
    seed: int,
    plan: Any,
    replicates: int | None,
    threads: int | None,
    confidence: float,
    tolerance: float,
    output: str | None,
    as_json: bool,
) -> None:
    """Search for the settings of CONFIG that make a statistic least, under limits, and tell all that are as good.

    Every candidate meets the same draws. Those that judge are not those that search, and the best is evaluated on others again.
    Exits with 3 where no candidate keeps the limits.
    """
    import json

    from simulator.analysis.search.search import Search
    from simulator.errors import ThresholdExceededError
    from simulator.plan import SamplingPlan
    from simulator.results import check_target, save_results
    from simulator.scenario import load_scenario

    scenario = load_scenario(config, overrides=overrides, levers=levers)
    sampling = SamplingPlan(draws, seed, plan, replicates, threads)
    if output is not None:
        check_target(output)
    search = Search(scenario, over, objective, constraints, sampling, confidence=confidence, tolerance=tolerance, base=Path(config).parent)

    from simulator.analysis.search.searched import search_json
    from simulator.cli.progress import showing_progress
    from simulator.cli.show.search import budget_in_words, miss_in_words, show_search

    click.echo(budget_in_words(search.budget), err=True)
    with showing_progress(search.budget.most_draws) as progress:
        found = search.run(progress)
    if output is not None:
        save_results(found, output)
        click.echo(f"saved {found.sizes['candidate']} candidates to {output}", err=True)
    if as_json:
        click.echo(json.dumps(search_json(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        show_search(found)
    if not found.feasible:
        raise ThresholdExceededError(miss_in_words(found))
