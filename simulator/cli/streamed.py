"""A run whose draws go to the disk while they are made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import xarray as xr

    from simulator.plan import SamplingPlan
    from simulator.scenario import Scenario


def streamed(scenario: Scenario, plan: SamplingPlan, target: Path, *, resume: bool, whole: bool) -> xr.Dataset:
    """Draw to a Zarr folder, and return the draws; or, where memory should not hold them, their bands.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan
    target : Path
    resume : bool
        Continue an interrupted run; see :func:`simulator.stream_draws`.
    whole : bool
        Return the draws whatever memory they take.
    """
    from simulator.analysis.counted.stored import is_large
    from simulator.cli.progress import showing_progress
    from simulator.results import open_results

    with showing_progress(plan.draws) as progress:
        _stream(scenario, plan, target, resume, progress)
    return count_back(target, scenario) if is_large(target) and not whole else open_results(target)


def _stream(scenario: Scenario, plan: SamplingPlan, target: Path, resume: bool, progress: Callable[[int], None]) -> None:
    """Draw to the folder, and tell what is resumed; an interruption tells how to go on."""
    from simulator.results import unfinished
    from simulator.streaming import stream_draws

    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done = count
        progress(count)

    def note(text: str) -> None:
        click.echo(f"note: {text}", err=True)

    try:
        if stream_draws(scenario, plan, target, resume=resume, progress=tell, note=note):
            click.echo(f"saved {plan.draws} draws to {target}", err=True)
    except KeyboardInterrupt:
        left = unfinished(target)
        if not left:
            raise
        raise click.Abort(f"after {done} of {plan.draws} draws; {left}. Continue it with --resume") from None


def count_back(path: Path, scenario: Scenario | None) -> xr.Dataset:
    """Return the bands of saved draws, counted block by block; see :func:`simulator.analysis.counted.stored.count_stored`."""
    from simulator.analysis.counted.stored import count_stored, opened
    from simulator.cli.progress import showing_progress

    with opened(path) as results:
        draws = results.sizes["draw"]
    try:
        with showing_progress(draws) as progress:
            return count_stored(path, scenario, progress=lambda done: progress(done, draws, "counting", "left"))
    except click.Abort:
        raise click.Abort(f"while the draws were counted, which are whole in {path}") from None
