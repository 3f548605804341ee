"""The kernels' stages alone: the functions that kernels call, over and over on one group of lanes that stays in the cache.

All that knows how a kernel is made up stands here. Numba keeps compiled loops in the folder that is named after the kernels' sources,
and asks itself whether this file has changed: loops call the kernels' functions and those of this file, no others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numba import prange
from numpy.typing import NDArray

from simulator.arguments import no_records
from simulator.bench.workloads import Workload
from simulator.jit import allocating, kernel
from simulator.kernels.factors import HOURS, SPANS, anchor, begin_block, fill_ends, fill_words
from simulator.kernels.history import run_history
from simulator.kernels.hourly import fill_span, find_cells, look_up, weather
from simulator.kernels.inputs import InputTables, certain_inputs, draw_inputs, input_workspace, store_inputs
from simulator.kernels.lanes import LANES, WIDTH, Floats, Integers, copy
from simulator.kernels.ledger.book import OUTCOMES
from simulator.kernels.play import CARBON_MODE, PRICE_MODE
from simulator.kernels.scores import correlate, random_uniforms, scores_of_uniforms
from simulator.kernels.slots import ANNUAL, HISTORY
from simulator.kernels.static import OUTPUTS, play_out
from simulator.kernels.zone_tables import HourlyTables
from simulator.plan import SamplingPlan

#: what a draw's time goes to; ``other`` is what is left of the kernels' whole time
STAGES = ("generator", "transform", "look-up", "model", "ledger", "storing", "other")
#: calls of the generator in a block of hours of one draw: on average each end of a block is drawn once
CALLS = HOURS

_UNIFORMS, _SCORES, _INPUTS, _MODEL, _STORING = range(5)
_WORDS, _VALUES, _WEATHER = range(3)
_PAGE = 4096  # bytes of memory that the system hands out together, or more
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


@allocating
def repeat_groups(which: int, groups: int, modes: Integers, scored: NDArray[np.bool_], tables: InputTables, inputs: Floats) -> None:
    """Run a stage of the static kernel, or of the inputs of any, for so many groups of LANES draws.

    Parameters
    ----------
    which : int
        ``_UNIFORMS``; ``_SCORES``: uniforms, normal scores and copula; ``_INPUTS``: the whole of ``draw_inputs``; ``_MODEL``;
        ``_STORING``.
    groups : int
    modes : ndarray of int64, shape (len(MODES),)
    scored : ndarray of bool, shape (r,)
        Streams that become normal scores.
    tables : InputTables
    inputs : ndarray, shape (drawn inputs + len(OUTPUTS), columns)
        Where ``_STORING`` writes; as many columns as fill whole groups.
    """
    x, work = certain_inputs(tables), input_workspace(tables)
    y = np.zeros(len(OUTPUTS) * LANES)
    draw_inputs(0, tables, x, work)
    for group in range(groups):
        if which <= _SCORES:
            for r in range(tables.slots.size):
                random_uniforms(group, tables.keys[r], work.uniforms)
                if which == _SCORES and scored[r]:
                    scores_of_uniforms(work.uniforms, work.scores[work.place[r]] if work.place[r] >= 0 else work.own, work.where)
            if which == _SCORES:
                correlate(work.scores, tables.factor)
        elif which == _INPUTS:
            draw_inputs(group, tables, x, work)
        elif which == _MODEL:
            play_out(x, modes, y)
        else:
            column = group * LANES % inputs.shape[1]
            store_inputs(tables, x, 0, LANES, inputs, column)
            for k in range(len(OUTPUTS)):
                copy(y, k * LANES, inputs[tables.stored.size + k], column, LANES)


@kernel
def run_groups(which: int, groups: int, modes: Integers, scored: NDArray[np.bool_], tables: InputTables, inputs: Floats) -> None:
    """Run :func:`repeat_groups` in one thread."""
    for _ in prange(1):
        repeat_groups(which, groups, modes, scored, tables, inputs)


@allocating
def repeat_blocks(which: int, blocks: int, tables: HourlyTables) -> None:
    """Run a stage of the weather for so many blocks of HOURS hours of WIDTH draws, one after the other.

    Parameters
    ----------
    which : int
        ``_WORDS``; ``_VALUES``: prices and intensities from the factors; ``_WEATHER``: the whole of it.
    blocks : int
    tables : HourlyTables
    """
    w, hours = weather(tables), np.empty(WIDTH, dtype=np.int64)
    hours[:] = tables.first // HOURS * HOURS
    anchor(0, hours, True, tables, w.factors)
    begin_block(0, hours, True, tables, w.factors)
    fill_ends(0, hours, True, 0, HOURS, tables, w.factors)
    fill_span(0, hours, True, 0, False, tables, w)
    for _ in range(blocks):
        if which == _WORDS:
            for j in range(CALLS):
                fill_words(0, hours, True, j, tables.key, w.factors.pairs)
        elif which == _VALUES:
            for _ in range(HOURS):
                for k in range(2):
                    find_cells(k, hours, True, 0, 0, tables, w)
                    look_up(k, 0, False, tables, w)
        else:
            begin_block(0, hours, True, tables, w.factors)
            fill_ends(0, hours, True, 0, HOURS, tables, w.factors)
            for span in range(SPANS):
                fill_span(0, hours, True, span, False, tables, w)
        for i in range(WIDTH):
            hours[i] += HOURS


@kernel
def run_blocks(which: int, blocks: int, tables: HourlyTables) -> None:
    """Run :func:`repeat_blocks` in one thread."""
    for _ in prange(1):
        repeat_blocks(which, blocks, tables)


def scored_streams(tables: InputTables) -> NDArray[np.bool_]:
    """Return which streams become normal scores on their way to values; the others' values are looked up by the uniform."""
    scored = tables.octave_rows < 0
    scored[tables.correlated] = True
    return scored


@dataclass(frozen=True)
class Loops:
    """The stages of one workload, ready to be timed in one thread.

    Attributes
    ----------
    works : dict
        By name; each does at least as much as the whole workload, on memory that is used again.
    workloads : dict of str to float
        How often each does the workload: 1 and a little, since loops go through whole groups and blocks.
    """

    works: dict[str, Callable[[], object]]
    workloads: Mapping[str, float]

    def stages(self, ns: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
        """Return the time of every stage but ``other`` in each round [ns per workload], from what the works took in it [ns]."""
        took = {name: np.asarray(ns[name]) / times for name, times in self.workloads.items()}
        generator, scores = took["uniforms"], took["scores"] - took["uniforms"]
        look_up = took["inputs"] - took["scores"]
        if "weather" in took:
            generator = generator + took["words"]
            scores = scores + took["weather"] - took["words"] - took["values"]
            look_up = look_up + took["values"]
            replayed = took["replayed price"] + took["replayed carbon"] - took["replayed"]
            model = replayed - took["inputs"] - took["storing"]
        else:
            model = took["model"]
        found = (generator, scores, look_up, model, took["ledger"], took["storing"] + took["memory"])
        return {name: time.tolist() for name, time in zip(STAGES, found, strict=False)}


def loops(workload: Workload) -> Loops:
    """Return the loops of a workload's stages, each called once so that it is compiled.

    Generator, transform and look-up of the inputs are differences between loops that go further and further: ``uniforms``; ``scores``,
    with normal scores and copula; ``inputs``, the whole of ``draw_inputs``. Those of the weather likewise: its random ``words``;
    the ``values`` looked up; and what is left of the whole ``weather``, noise made of words and midpoints. The model of a path is what
    the history kernel takes without weather, less inputs and storing: events, hours and their sums. There is none that plays hours
    without prices, so that it is worked out of three: price, carbon intensity, and both replayed, what a replay takes being in the
    first two once and in the third twice. Storing is the copying, and the first touch of new ``memory``.
    """
    works, times = _of_inputs(workload)
    if not workload.arguments.in_expectation:
        for more_works, more_times in (_of_history(workload), _of_weather(workload)):
            works, times = works | more_works, times | more_times
    for work in works.values():
        work()
    return Loops(works, times)


Works = tuple[dict[str, Callable[[], object]], dict[str, float]]


def _of_inputs(workload: Workload) -> Works:
    """Return the loops over inputs, a run in expectations and its storing; and the ledger, called as the engine does."""
    a, draws, groups = workload.arguments, workload.draws, -(-workload.draws // LANES)
    inputs, outputs = _columns(workload)
    room, modes, scored = np.zeros((len(a.drawn) + len(OUTPUTS), inputs.shape[1])), a.play.modes, scored_streams(a.tables)
    of_run, of_ledger = np.split(outputs, [len(a.run_outputs)])
    place, columns = a.run_outputs.index(OUTCOMES[0]), inputs.shape[1]
    a.run(0, columns, inputs, outputs, first=0, block_size=columns)

    def touch() -> None:
        np.empty((workload.rows, draws))[:, :: _PAGE // 8] = 0.0

    def settle() -> None:
        for low in range(0, draws, columns):
            a.settle(low, low + columns, inputs, of_run[place : place + len(OUTCOMES)], of_ledger, first=low, block_size=columns)

    def loop(which: int) -> Callable[[], object]:
        return lambda: run_groups(which, groups, modes, scored, a.tables, room)

    works = {"uniforms": loop(_UNIFORMS), "scores": loop(_SCORES), "inputs": loop(_INPUTS), "storing": loop(_STORING)}
    if a.in_expectation:
        works["model"] = loop(_MODEL)
    times = dict.fromkeys(works, groups * LANES / draws) | {"ledger": -(-draws // columns) * columns / draws, "memory": 1.0}
    return works | {"ledger": settle, "memory": touch}, times


def _of_history(workload: Workload) -> Works:
    """Return the histories without weather, called as the engine does."""
    a = workload.arguments
    inputs, outputs = _columns(workload)
    of_run, columns, records = outputs[: len(a.run_outputs)], inputs.shape[1], no_records()

    def history(price: int, carbon: int) -> Callable[[], object]:
        modes = a.play.modes.copy()
        modes[PRICE_MODE], modes[CARBON_MODE] = price, carbon
        play = a.play._replace(modes=modes)

        def replay() -> None:
            for low in range(0, workload.draws, columns):
                run_history(low, low + columns, columns, low, play, a.hourly, a.tables, records, inputs, of_run)

        return replay

    works = {
        "replayed price": history(HISTORY, ANNUAL),
        "replayed carbon": history(ANNUAL, HISTORY),
        "replayed": history(HISTORY, HISTORY),
    }
    return works, dict.fromkeys(works, -(-workload.draws // columns) * columns / workload.draws)


def _of_weather(workload: Workload) -> Works:
    """Return the loops over hours."""
    needed = workload.draws * workload.hours_filled / (HOURS * WIDTH)
    blocks = math.ceil(needed)

    def loop(which: int) -> Callable[[], object]:
        return lambda: run_blocks(which, blocks, workload.arguments.hourly)

    works = {"words": loop(_WORDS), "values": loop(_VALUES), "weather": loop(_WEATHER)}
    return works, dict.fromkeys(works, blocks / needed)


def _columns(workload: Workload) -> tuple[Floats, Floats]:
    """Return room for the inputs and outputs of a block of draws, as many as the engine plays in one go."""
    columns = -(-min(SamplingPlan().block_size, workload.draws) // LANES) * LANES
    return np.zeros((len(workload.arguments.drawn), columns)), np.zeros((len(workload.arguments.outputs), columns))
