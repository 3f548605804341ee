"""A run whose draws go to the disk while they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    from simulator.results import open_results
    from simulator.results.unread import is_large
    from simulator.streaming import stream_draws

    with resumable(target, plan.draws) as progress:
        written = stream_draws(scenario, plan, target, resume=resume, progress=progress, note=note)
    if written:
        click.echo(f"saved {plan.draws} draws to {target}", err=True)
    return count_back(target, scenario) if is_large(target) and not whole else open_results(target)


@contextmanager
def resumable(target: Path, draws: int) -> Iterator[Callable[[int], None]]:
    """Show progress of draws that go to a folder; where the user or a lost cluster ends them, tell how to go on."""
    from simulator.cli.progress import showing_progress
    from simulator.errors import InputError, SimulatorError
    from simulator.results import unfinished

    done = 0
    with showing_progress(draws) as show:

        def tell(count: int) -> None:
            nonlocal done
            done = count
            show(count)

        try:
            yield tell
        except KeyboardInterrupt:
            if not (left := unfinished(target)):
                raise
            raise click.Abort(f"after {done} of {draws} draws; {left}. Continue it with --resume") from None
        except InputError:  # which says itself what to do
            raise
        except SimulatorError as error:
            if not (left := unfinished(target)):
                raise
            raise SimulatorError(f"{error}. {left}. Continue it with --resume") from error


def note(text: str) -> None:
    """Tell what is resumed."""
    click.echo(f"note: {text}", err=True)


def count_back(path: Path, scenario: Scenario | None) -> xr.Dataset:
    """Return the bands of saved draws, counted block by block; see :func:`simulator.analysis.counted.stored.count_stored`."""
    from simulator.analysis.counted.stored import count_stored
    from simulator.cli.progress import showing_progress
    from simulator.results.unread import opened

    with opened(path) as results:
        draws = results.sizes["draw"]
    try:
        with showing_progress(draws) as progress:
            return count_stored(path, scenario, progress=lambda done: progress(done, draws, "counting", "left"))
    except click.Abort:
        raise click.Abort(f"while the draws were counted, which are whole in {path}") from None
