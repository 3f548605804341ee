"""``simulator verify``."""

from __future__ import annotations

import click


@click.command(
    epilog="\b\nExamples:\n  simulator verify run.nc\n  simulator verify run.zarr bands.nc\n  simulator verify run.zarr.partial\n"
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
def command(files: tuple[str, ...]) -> None:
    """Tell whether each FILE is, byte by byte, what a simulator's -o wrote: a netCDF file, a Zarr folder, or that of an interrupted run.

    What has changed, is missing or was added is named, and the exit code is 2.
    """
    from simulator.errors import InputError
    from simulator.results import verify_results

    damaged = []
    for file in files:
        try:
            click.echo(verify_results(file))
        except InputError as error:
            damaged.append(str(error))
    if damaged:
        raise InputError("\n".join(damaged))
