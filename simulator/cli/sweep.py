"""``simulator sweep``."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.options import Stated, plan_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator sweep configs/quickstart-de.yaml --grid region=DE,FR,SE\n"
    "  simulator sweep configs/quickstart.yaml --grid region=FR,US-CA 'accelerators=128..512 step 128' -o bands.nc\n"
    "  simulator sweep configs/quickstart.yaml --grid rental_price=2,3,4 --draws 1000000 -o draws.zarr\n"
    "  simulator sweep configs/quickstart.yaml --grid fp8=off,on --cluster tcp://scheduler:8786\n"
)
@click.argument("config", type=click.Path())
@click.argument("more", nargs=-1, metavar="[PATH=SETTINGS]...")
@click.option(
    "--grid",
    multiple=True,
    metavar="PATH=SETTINGS",
    help="A,B,C or LOW..HIGH step STEP of a value, or of a lever: region=FR,SE. More may follow, each one more axis.",
)
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Save the bands of all scenarios to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print the bands as JSON.")
def command(config: str, more: tuple[str, ...], grid: tuple[str, ...], stated: Stated, output: str | None, as_json: bool) -> None:
    """Simulate CONFIG with every combination of settings, all on the same draws.

    Every scenario has --draws draws, of which draw i shares its random numbers with draw i of the others. They are counted, and not kept,
    so that any number of them fits. In a file the scenarios are a dimension, and the settings coordinates along it.
    """
    from simulator.analysis.sweep.grid import Grid
    from simulator.results import check_target, save_results

    axes = [*grid, *more]
    count, scenario, sampling = len(Grid(axes).names), stated.load(config), stated.sampling()
    if output is not None:
        check_target(output)

    from simulator.analysis.sweep.bands import sweep
    from simulator.cli.progress import showing_progress
    from simulator.cli.show.sweep import show_sweep

    with showing_progress(count * stated.draws) as progress:
        swept = sweep(scenario, axes, sampling, base=Path(config).parent, progress=progress)
    if output is not None:
        save_results(swept, output)
        click.echo(f"saved the bands of {count} scenarios to {output}", err=True)
    show_sweep(swept, as_json=as_json)
