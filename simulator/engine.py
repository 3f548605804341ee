"""From a scenario and a plan to draws: compile the arguments, run the kernel, label the results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from time import perf_counter

import numba
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.arguments import KernelArguments, compile_arguments
from simulator.errors import InputError
from simulator.executors import GrowingParts, Work, in_parts
from simulator.finite import require_finite
from simulator.kernels import history, static
from simulator.kernels.lanes import LANES, WIDTH
from simulator.kernels.play import Records
from simulator.ledger import copied_outputs, kept_outputs, same_outputs
from simulator.plan import SamplingPlan
from simulator.results import label
from simulator.room import require_memory
from simulator.scenario import Resolved, Scenario, resolve
from simulator.threads import launching, using_threads

#: what only the ledger reads
INTERNAL = ("priced", "carboned")
_CHUNK = 0.5  # s, between two signs of life, and until an interruption is heard
COPIES = 1.2  # of every number, in memory while draws are labelled and read: columns are sorted one by one
_GROWTH = 8  # from a chunk to the next, at most
_PART = 2**26  # bytes of draws that a worker sends at a time, at most

Floats = NDArray[np.float64]


def simulate(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    start: int = 0,
    stop: int | None = None,
    seeds: Mapping[str, int] | None = None,
    progress: Callable[[int], None] | None = None,
    keep_finished: bool = False,
) -> xr.Dataset:
    """Draw futures of a training run.

    Parameters
    ----------
    scenario : Scenario
        See :func:`simulator.load_scenario`.
    plan : SamplingPlan, optional
        100 000 random draws from seed 0 where left out.
    start, stop : int, optional
        Compute draws ``start`` to ``stop`` - 1 of the plan only, bitwise as in the whole.
    seeds : mapping of str to int, optional
        Seeds of single streams in place of the plan's: what they are the seeds of is drawn anew, and nothing else. A stream
        has the name of its input; failures are ``interruptions``, hourly prices and intensities ``weather``, what accelerators
        will cost later ``accelerator_prices``.
    progress : callable, optional
        Called about twice a second with the number of draws done. What it raises ends the run, so that
        ``KeyboardInterrupt`` does too.
    keep_finished : bool, optional
        Return what is finished where ``KeyboardInterrupt`` ends the run: random draws as of a plan of so many. It is raised where none
        is finished, and of Sobol' points, which are balanced as a whole only.

    Returns
    -------
    xarray.Dataset
        Dimensions ``draw``, ``cost_component``, ``emission_component``; inputs beside outputs, with
        units; attributes hold the scenario, the plan, versions and the sources of every default.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        Where ``start`` and ``stop`` do not lie in the plan, or ``seeds`` name a stream that the scenario does not have.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> ds = simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=1000, seed=0))
    >>> bool((ds.device_hours == ds.wall_clock * ds.accelerators).all())
    True
    """
    plan = plan or SamplingPlan()
    stop = plan.draws if stop is None else stop
    if not 0 <= start < stop <= plan.draws:
        raise InputError(f"draws {start} to {stop} do not lie in the plan's 0 to {plan.draws}")
    resolved = resolve(scenario)
    draws = Draws(resolved, plan, seeds)
    inputs, outputs = draws.play(start, stop, progress, keep_finished=keep_finished and plan.plan == "random")
    finished = start + len(next(iter(outputs.values())))
    if finished < stop:
        stop, plan = finished, replace(plan, draws=finished)
    results = label(resolved, plan, np.arange(start, stop), inputs, outputs)
    return results.assign_attrs(seeds=json.dumps(dict(seeds))) if seeds else results


class Draws:
    """A scenario compiled for a plan: draws by any range, inputs by place and outputs by name.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    seeds : mapping of str to int, optional
        Of single streams.

    Attributes
    ----------
    names : tuple of str
        Of the outputs.
    drawn : tuple of str
        Places of the inputs that differ between draws.
    same : mapping of str to str
        Outputs that have the values of another.
    work : Work
        What workers of an executor are told.
    """

    def __init__(self, resolved: Resolved, plan: SamplingPlan, seeds: Mapping[str, int] | None = None) -> None:
        self.work = Work(resolved, plan, seeds)
        self._plan, self.same, self.names = plan, same_outputs(resolved), output_names(resolved)
        self._copies = copied_outputs(resolved)
        self._arguments, self._resolved = compile_arguments(resolved, plan, seeds), resolved
        self.drawn = self._arguments.drawn
        self._never, self._runs = None, 1
        if resolved.choices.pausing:
            self._never, self._runs = replace(self._arguments, play=self._arguments.play._replace(pausing=False)), 2

    @property
    def numbers(self) -> int:
        """How many numbers a draw has: inputs and outputs, those of a second run without pauses among them."""
        return len(self._arguments.drawn) + self._runs * len(self._arguments.outputs)

    @property
    def written_numbers(self) -> int:
        """How many of them kernels write, which take memory: the others are nought or those of another output."""
        return len(self._arguments.drawn) + self._runs * (len(self._arguments.run_outputs) + self._arguments.book.kept.size)

    def play(
        self, start: int, stop: int, progress: Callable[[int], None] | None = None, *, keep_finished: bool = False
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Return draws ``start`` to ``stop`` - 1, or those that are finished where ``KeyboardInterrupt`` ends it and they are wanted.

        Draws that the workers of an executor compute are never finished up to one of them: they are wanted whole.
        """
        if self._plan.executor is not None:
            return self._gathered(start, stop, progress)
        arguments, plan = self._arguments, self._plan
        parts, count = self._runs, stop - start
        kept = keep_finished and self._never is None  # a run that pauses is played twice
        inputs, outputs = run_kernel(arguments, plan, start, stop, in_part(progress, 0, parts, count), keep_finished=kept)
        require_finite(outputs, self._resolved)
        if self._never is not None:
            outputs |= _saved_by_pausing(outputs, run_kernel(self._never, plan, start, stop, in_part(progress, 1, parts, count))[1])
        return inputs, {name: outputs[self._copies.get(name, name)] for name in self.names}

    def _gathered(self, start: int, stop: int, progress: Callable[[int], None] | None) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Return draws that the workers of the plan's executor compute."""
        drawn = self._arguments.drawn
        played = [name for name in self.names if self._copies.get(name) not in self.names]
        inputs, outputs = np.empty((len(drawn), stop - start)), np.empty((len(played), stop - start))
        parts = GrowingParts(1, start, stop, multiple=WIDTH, most=max(_PART // (8 * self.numbers), 1))
        for _, low, high, (own, found) in in_parts(play_part, [self.work], parts, progress):
            for row, name in zip(inputs, drawn, strict=True):
                row[low - start : high - start] = own[name]
            for row, name in zip(outputs, played, strict=True):
                row[low - start : high - start] = found[name]
        of = dict(zip(played, outputs, strict=True))
        return dict(zip(drawn, inputs, strict=True)), {name: of[name if name in of else self._copies[name]] for name in self.names}


def play_part(work: Work, start: int, stop: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return draws ``start`` to ``stop`` - 1 of what a worker was told of, as :meth:`Draws.play` does."""
    return Draws(*work).play(start, stop)


def numbers_of(resolved: Resolved) -> int:
    """Return how many numbers a draw of a scenario has: inputs and outputs."""
    return Draws(resolved, SamplingPlan(draws=1)).numbers


def run_kernel(
    arguments: KernelArguments,
    plan: SamplingPlan,
    start: int,
    stop: int,
    progress: Callable[[int], None] | None,
    *,
    records: Records | None = None,
    keep_finished: bool = False,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return drawn inputs by place and outputs by name, of draws ``start`` to ``stop`` - 1, or of those finished; see :func:`simulate`."""
    if plan.device == "cuda":
        with using_threads(plan.threads):
            return _on_device(arguments, start, stop, progress)
    count = stop - start
    require_memory(count, len(arguments.drawn) + len(arguments.outputs), COPIES, way_out="count draws instead of keeping them: --summary")
    # rows that the ledger leaves alone stay nought, and take no memory
    inputs, outputs = np.empty((len(arguments.drawn), count)), np.zeros((len(arguments.outputs), count))
    with using_threads(plan.threads):
        threads, done = numba.get_num_threads(), 0
        try:
            for low, high in chunks(start, stop, threads):
                # a chunk is shared out among the threads, by groups of lanes that are played together
                share = -(-(high - low) // (threads * WIDTH)) * WIDTH
                with launching():
                    arguments.run(low, high, inputs, outputs, first=start, block_size=min(share, plan.block_size), records=records)
                done = high - start
                if progress is not None:
                    progress(done)
        except KeyboardInterrupt:
            if not (keep_finished and done):
                raise
            inputs, outputs = inputs[:, :done], outputs[:, :done]
    return dict(zip(arguments.drawn, inputs, strict=True)), dict(zip(arguments.outputs, outputs, strict=True))


def _on_device(
    arguments: KernelArguments, start: int, stop: int, progress: Callable[[int], None] | None
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return what :func:`run_kernel` does, computed by a GPU; InputError where it cannot."""
    if not arguments.in_expectation:
        raise InputError("histories are played on the CPU only; leave out --device cuda, or set reliability.method: expected_value")
    from simulator.cuda.device import require_gpu  # noqa: PLC0415 - what is in simulator.cuda is for those who ask for a GPU

    require_gpu()
    from simulator.cuda.run import run_on_device  # noqa: PLC0415 - imports numba-cuda

    return run_on_device(arguments, start, stop, progress)


def chunks(start: int, stop: int, threads: int) -> Iterator[tuple[int, int]]:
    """Cut draws into chunks that take about _CHUNK seconds each, judged by the time between two that are asked for.

    Where the cuts lie changes no result: a draw is the same in any range.

    Examples
    --------
    >>> [high - low for low, high in chunks(0, 100_000, 2)][:3]
    [256, 2048, 16384]
    """
    least = size = threads * WIDTH
    low = start
    while low < stop:
        high = low + size
        group = LANES if size >= LANES else WIDTH
        high = min(high - high % group, stop)  # a group that is cut is worked out twice
        began = perf_counter()
        yield low, high
        took = max(perf_counter() - began, 1e-9)
        size = max(least, min(_GROWTH * size, int((high - low) * _CHUNK / took)))
        low = high


def after(progress: Callable[[int], None] | None, before: int) -> Callable[[int], None] | None:
    """Return the progress of draws that follow so many others, as progress of the whole."""
    return None if progress is None else lambda done: progress(before + done)


def in_part(progress: Callable[[int], None] | None, part: int, parts: int, count: int) -> Callable[[int], None] | None:
    """Return the progress of one of several parts that play the same draws, as progress of the whole."""
    return None if progress is None else lambda done: progress((part * count + done) // parts)


def output_names(resolved: Resolved) -> tuple[str, ...]:
    """Return the outputs that a scenario's result will have, components as ``cost[electricity]``."""
    of_run = static.OUTPUTS if resolved.choices.method == "expected_value" else history.OUTPUTS
    pausing = _PAUSING if resolved.choices.pausing else ()
    return tuple(name for name in (*of_run, *kept_outputs(resolved), *pausing) if name not in INTERNAL)


_PAUSING = ("paused_pair", "paused_delay", "paused_saving_cost", "paused_saving_emissions")


def _saved_by_pausing(paused: dict[str, Floats], never: dict[str, Floats]) -> dict[str, Floats]:
    """Return what pausing did to each draw: the same draw, the same failures and the same weather without it.

    NaN where one of the two was stopped at max_wall_clock: what is left undone saves nothing.
    """
    pair = paused["completed"] * never["completed"]
    whole = np.where(pair == 0.0, np.nan, 1.0)
    return {
        "paused_pair": pair,
        "paused_delay": whole * (paused["wall_clock"] - never["wall_clock"]),
        "paused_saving_cost": whole * (never["cost_total"] - paused["cost_total"]),
        "paused_saving_emissions": whole * (never["emissions_total"] - paused["emissions_total"]),
    }
