"""``simulator warmup``."""

from __future__ import annotations

import click


@click.command(
    epilog="\b\nExamples:\n  simulator warmup\n  SIMULATOR_CACHE_DIR=/opt/kernels simulator warmup\n",
)
def command() -> None:
    """Compile every kernel and cache it, ahead of the first simulation.

    For images and continuous integration: what is compiled depends on the processor, so that a cache serves like machines.
    """
    from simulator.errors import SimulatorError
    from simulator.warmup import warm_up, where

    folder = where()
    if folder is None:
        raise SimulatorError("no folder for compiled kernels can be written; set SIMULATOR_CACHE_DIR to one that is yours")
    for kernel in warm_up():
        click.echo(f"{kernel.name:42}{kernel.seconds:6.1f} s{'  (was cached)' if kernel.cached else ''}")
    click.echo(f"cached in {folder}")
