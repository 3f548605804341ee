"""``simulator sweep``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import Stated, plan_options

if TYPE_CHECKING:
    import xarray as xr

    from simulator.analysis.sweep.grid import Grid
    from simulator.plan import SamplingPlan
    from simulator.scenario import Scenario


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator sweep configs/quickstart-de.yaml --grid region=DE,FR,SE\n"
    "  simulator sweep configs/quickstart.yaml --grid region=FR,US-CA 'accelerators=128..512 step 128' --summary -o bands.nc\n"
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
@click.option("-o", "--output", type=click.Path(), help="Save all draws to DIR.zarr, or with --summary bands, to FILE.nc too.")
@click.option("--summary", is_flag=True, help="Save bands in place of draws.")
@click.option("--resume", is_flag=True, help="Continue an interrupted sweep of -o DIR.zarr, which writes draws as they are made.")
@click.option("--json", "as_json", is_flag=True, help="Print the bands as JSON.")
def command(
    config: str,
    more: tuple[str, ...],
    grid: tuple[str, ...],
    stated: Stated,
    output: str | None,
    summary: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Simulate CONFIG with every combination of settings, all on the same draws.

    Every scenario has --draws draws, of which draw i shares its random numbers with draw i of the others. In a file the scenarios are a
    dimension, and the settings coordinates along it. Draws go to DIR.zarr as they are made, so that any number of them fits; without -o,
    or with --summary, they are counted and not kept.
    """
    from simulator.analysis.sweep.grid import Grid
    from simulator.errors import InputError
    from simulator.results import check_target, claimed

    axes = Grid([*grid, *more])
    target = None if output is None else check_target(output)
    keeping = target is not None and not summary
    if keeping and Path(str(output)).suffix != ".zarr":
        raise InputError(f"{output}: draws of a sweep are written to DIR.zarr, by blocks. Name one, or save bands with --summary")
    if resume and not keeping:
        raise InputError("--resume continues a sweep whose draws are written as they are made: -o DIR.zarr, without --summary")
    scenario, sampling, base = stated.load(config), stated.sampling(), Path(config).parent

    from simulator.cli.show.sweep import show_sweep

    if target is not None and keeping:
        swept = _kept(scenario, axes, sampling, target, base, resume)
    else:
        with nullcontext() if target is None else claimed(target):
            swept = _counted(scenario, axes, sampling, target, base)
    show_sweep(swept, as_json=as_json)


def _counted(scenario: Scenario, grid: Grid, plan: SamplingPlan, target: Path | None, base: Path) -> xr.Dataset:
    """Return bands, which are saved where that is asked for."""
    from simulator.analysis.sweep.bands import sweep
    from simulator.cli.progress import showing_progress
    from simulator.results import write_results

    with showing_progress(len(grid.names) * plan.draws) as progress:
        swept = sweep(scenario, grid.texts, plan, base=base, progress=progress)
    if target is not None:
        write_results(swept, target)
        click.echo(f"saved the bands of {len(grid.names)} scenarios to {target}", err=True)
    return swept


def _kept(scenario: Scenario, grid: Grid, plan: SamplingPlan, target: Path, base: Path, resume: bool) -> xr.Dataset:
    """Write draws, and return their bands."""
    from simulator.analysis.sweep.bands import bands_of_draws
    from simulator.analysis.sweep.draws import stream_sweep
    from simulator.cli.streamed import note, resumable
    from simulator.results.unread import opened

    count = len(grid.names)
    with resumable(target, count * plan.draws) as progress:
        written = stream_sweep(scenario, grid.texts, plan, target, resume=resume, base=base, progress=progress, note=note)
    if written:
        click.echo(f"saved {plan.draws} draws of {count} scenarios to {target}", err=True)
    with opened(target) as swept:
        return bands_of_draws(swept)
