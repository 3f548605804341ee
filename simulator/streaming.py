"""Draws to the disk while they are made: a hundred million in the memory of a few million."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from simulator.engine import Draws, Floats, after, play_part
from simulator.errors import InputError
from simulator.executors import ListedParts, in_parts
from simulator.plan import SamplingPlan
from simulator.results import check_target, claimed
from simulator.results.folder_writer import written
from simulator.results.identity import machinery
from simulator.results.writer import RunWriter
from simulator.room import require_disk
from simulator.scenario import Scenario, resolve


def stream_draws(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    path: str | Path = "draws.zarr",
    *,
    resume: bool = False,
    progress: Callable[[int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> bool:
    """Draw futures of a training run and write them to a Zarr folder, block by block.

    The folder holds what :func:`simulator.simulate` returns. Until it is complete it is called ``DIR.zarr.partial``, and an older result
    at ``DIR.zarr`` stays. What is killed in between goes on from its last finished block; the folder is then the same, byte by byte, as
    that of a run that was not, on machines alike.

    Parameters
    ----------
    scenario : Scenario
    plan : SamplingPlan, optional
        100 000 random draws from seed 0 where left out.
    path : str or Path
        ``DIR.zarr``.
    resume : bool, optional
        Continue an interrupted run of the same scenario, plan, version and kind of machine; start anew where there is none; do nothing
        where it is complete.
    progress : callable, optional
        Called with the number of draws done; see :func:`simulator.simulate`.
    note : callable, optional
        Called with a sentence on what is resumed.

    Returns
    -------
    bool
        Whether the folder was written: False where it was complete already.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        Where another process writes this folder; where an interrupted run is there and ``resume`` is not asked for, or it is another run,
        with what differs; where the disk is full or the folder cannot be written to: finished blocks stay.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from simulator import SamplingPlan, load_scenario, open_results, stream_draws
    >>> with TemporaryDirectory() as folder:
    ...     written = stream_draws(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000), f"{folder}/run.zarr")
    ...     open_results(f"{folder}/run.zarr").sizes["draw"]
    2000
    """
    plan, target = plan or SamplingPlan(), check_target(path)
    if target.suffix != ".zarr":
        raise InputError(f"{target}: draws are written by blocks to DIR.zarr only")
    resolved = resolve(scenario)
    with claimed(target):
        draws = Draws(resolved, plan)
        require_disk(target, plan.draws, draws.numbers, there=written(target) if resume else 0)
        writer = RunWriter(resolved, plan, target, draws.drawn, draws.names, machine_of(plan))
        told = writer.begin(resume=resume)
        if told and note is not None:
            note(told)
        if writer.complete:
            return False
        try:
            for number, inputs, outputs in _blocks(draws, writer, plan, progress):
                writer.write_draws(number, inputs, outputs)
            writer.finish_run()
        except BaseException:  # an interruption by the user too
            writer.leave()
            raise
    return True


def machine_of(plan: SamplingPlan) -> dict[str, Any]:
    """Return what decides the bits of draws besides scenario and plan: :func:`simulator.results.identity.machinery`, and the GPU."""
    if plan.device == "cpu":
        return machinery()
    from simulator.cuda.device import gpu_name  # noqa: PLC0415 - for those who ask for a GPU

    return machinery() | {"gpu": gpu_name()}


def _blocks(
    draws: Draws, writer: RunWriter, plan: SamplingPlan, progress: Callable[[int], None] | None
) -> Iterator[tuple[int, dict[str, Floats], dict[str, Floats]]]:
    """Yield the blocks that are missing, in their order, or as workers finish them: number, inputs by place, outputs by name."""
    ranges = {number: writer.range_of(number) for number in writer.missing}
    done = plan.draws - sum(high - low for low, high in ranges.values())
    tell = after(progress, done)
    if plan.executor is None:
        for number, (low, high) in ranges.items():
            yield number, *draws.play(low, high, after(progress, done))
            done += high - low
        return
    for part in in_parts(play_part, [draws.work], ListedParts((0, *both) for both in ranges.values()), tell):
        yield part.low // writer.length, *part.result
