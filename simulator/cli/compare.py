"""``simulator compare``."""

from __future__ import annotations

import click

from simulator.cli.options import Stated, plan_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator compare configs/quickstart.yaml --lever fp8\n"
    "  simulator compare configs/quickstart.yaml --lever region=CA-QC --json\n"
    "  simulator compare configs/quickstart.yaml configs/quickstart-de.yaml\n"
    "  simulator compare configs/quickstart.yaml --set 'rental_price=2 USD/h' -o both.nc\n"
)
@click.argument("configs", nargs=-1, required=True, type=click.Path(), metavar="CONFIG...")
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Save the paired draws of all scenarios to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def command(
    configs: tuple[str, ...],
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Compare scenarios with the first CONFIG, draw by draw on the same random numbers.

    --set and --lever change all but the first; with one CONFIG, it is compared with itself so changed. Tells how each total differs, how
    likely it is lower, the error that unpaired draws would have had, and what a tonne of avoided CO2e costs.
    """
    from simulator.cli.several import load_several
    from simulator.errors import InputError
    from simulator.results import check_target, save_results

    if len(configs) == 1 and not stated.overrides and not stated.levers:
        raise InputError(f"{configs[0]} alone is nothing to compare. Name another config, or what differs: --lever fp8, --set mfu=0.4")
    scenarios = load_several(
        [(config, (), ()) if place == 0 else (config, stated.overrides, stated.levers) for place, config in enumerate(configs)]
    )
    if len(configs) == 1:
        scenarios = load_several([(configs[0], (), ()), (configs[0], stated.overrides, stated.levers)])
    sampling = stated.sampling()
    if output is not None:
        check_target(output)

    from simulator.analysis.comparison.comparison import compare
    from simulator.cli.progress import showing_progress
    from simulator.cli.show.comparison import show_comparison

    with showing_progress(stated.draws * len(scenarios)) as progress:
        results = compare(scenarios, sampling, progress=progress)
    if output is not None:
        save_results(results, output)
        click.echo(f"saved {stated.draws} draws of {len(scenarios)} scenarios to {output}", err=True)
    show_comparison(results, as_json=as_json)
