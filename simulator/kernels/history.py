"""The history kernel: every draw is played out in time.

Interruptions come one by one (``kernels.events``), hourly prices and carbon intensities are those of
the calendar hours in which the run is up, idle or paused (``kernels.hourly``), and a policy may pause
the run. The contract is that of ``kernels.static``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from simulator.jit import allocating, kernel, stage, wide_vectors
from simulator.kernels.events import advance
from simulator.kernels.factors import HOURS, SPAN, SPANS, anchor, begin_block, fill_ends
from simulator.kernels.hourly import Weather, fill_span, follow_spikes, weather
from simulator.kernels.inputs import InputTables, certain_inputs, draw_inputs, input_workspace, store_inputs
from simulator.kernels.lanes import LANES, WIDTH, Floats
from simulator.kernels.ledger.book import OUTCOMES
from simulator.kernels.load import Load, add_load_from, fill_load, weigh
from simulator.kernels.play import (
    CARBON,
    CARBON_MODE,
    FRACTION,
    PAUSED,
    PAUSES,
    PLACE,
    PRICE,
    PRICE_MODE,
    RESTART,
    SERVER,
    SPELL,
    START,
    TDP,
    WORK_MODE,
    Lanes,
    Play,
    Records,
)
from simulator.kernels.runs import (
    BATCH,
    COUNTS,
    CUT,
    DEVICE_HOURS,
    DEVICES,
    DEVICES_OF,
    DONE,
    FIELDS,
    HELD_LOAD,
    IDLE,
    IDLE_LOAD,
    IDLE_SHARE,
    LIMIT,
    LOST,
    MODE,
    NEXT,
    PHASE,
    PRODUCTIVE,
    SAVING,
    UP,
    UP_LOAD,
    WAITED,
    Runs,
    begin,
)
from simulator.kernels.slots import ANNUAL, CLASSES, HISTORY, HOURLY, PLANNED, RESTART_IMMUNE, WORK_DEVICE_HOURS
from simulator.kernels.stepwise import devices_held, is_vague, step_hours, stop_at_limit
from simulator.kernels.zone_tables import HourlyTables
from simulator.model.energy import it_power

#: what the kernel returns, in the order of its rows: those of ``kernels.static`` first
OUTPUTS = (
    "goodput", "interruptions", *OUTCOMES, "interruptions_planned", "completed", "pauses",
    "time_spent[productive]", "time_spent[saving]", "time_spent[lost]", "time_spent[down]", "time_spent[waiting]", "time_spent[paused]",
    *(f"interruptions_by_class[{name}]" for name in CLASSES),
)  # fmt: skip
_BY_CLASS = len(OUTPUTS) - len(CLASSES)


@stage
def fill_given(x: Floats, lane: int, span: int, play: Play, lanes: Lanes, w: Weather) -> None:
    """Write the prices and intensities of a span that are not simulated: annual, or history."""
    wide_vectors()
    for k in range(2):
        mode = play.modes[PRICE_MODE + k]
        out = w.price if k == 0 else w.carbon
        past = play.past_price if k == 0 else play.past_carbon
        slot = (PRICE if k == 0 else CARBON) * LANES + lane
        if mode == ANNUAL:
            for j in range(SPAN):
                for i in range(WIDTH):
                    out[j * WIDTH + i] = x[slot + i]
        elif mode == HISTORY:
            for i in range(WIDTH):
                place = (lanes.calendar[2, i] + lanes.calendar[1, i] - lanes.calendar[0, i] + span * SPAN) % past.size
                for j in range(SPAN):
                    out[j * WIDTH + i] = past[place]
                    place = 0 if place + 1 == past.size else place + 1


@stage
def run_hours(
    x: Floats,
    lane: int,
    draw: int,
    low: int,
    high: int,
    play: Play,
    hourly: HourlyTables,
    runs: Runs,
    lanes: Lanes,
    records: Records,
    w: Weather,
    first: int,
) -> None:
    """Play runs ``low`` to ``high`` - 1 of a group out block by block of calendar hours, until all are done."""
    simulated = play.modes[PRICE_MODE] == HOURLY or play.modes[CARBON_MODE] == HOURLY
    stepwise = play.pausing or records.fans.shape[0] > 0 or records.traced >= 0
    told = stepwise or w.spikes.size > 0 or play.modes[PRICE_MODE] == HISTORY or play.modes[CARBON_MODE] == HISTORY
    start, hours = lanes.calendar[0], lanes.calendar[1]
    together = True
    for i in range(WIDTH):
        start[i] = int(x[START * LANES + lane + i])
        hours[i] = start[i] // HOURS * HOURS
        together = together and hours[i] == hours[0]
        if play.past_first >= 0:
            lanes.calendar[2, i] = start[i] - play.past_first
        else:
            size = max(play.past_price.size, play.past_carbon.size)
            lanes.calendar[2, i] = int(x[PLACE * LANES + lane + i] * size)
    if simulated:
        anchor(draw, hours, together, hourly, w.factors)
    running = True
    while running:
        running = False
        begun, ended = HOURS, HOURS
        for row in range(low, high):
            begun = min(begun, max(start[row] - hours[row], 0))
        hold_devices(low, high, runs, lanes)
        if not stepwise:  # what happens does not depend on the weather, so that only the hours that are run need one
            running, ended = play_block(draw, low, high, play, runs, lanes)
        if simulated:
            begin_block(draw, hours, together, hourly, w.factors)
            fill_ends(draw, hours, together, begun, ended, hourly, w.factors)
            if w.spikes.size > 0:
                follow_spikes(draw, hours, hourly, w)
        for span in range(begun // SPAN, (ended - 1) // SPAN + 1):
            apart = told or lanes.load.touched[span]
            if simulated:
                fill_span(draw, hours, together, span, apart, hourly, w)
            if apart:
                fill_given(x, lane, span, play, lanes, w)
            if stepwise:
                running = False
                for row in range(low, high):
                    if runs.state[row, MODE] != DONE:
                        step_hours(x, lane + row, draw + row, row, span, play, runs, lanes, w, records, draw + row - first)
                        running = running or runs.state[row, MODE] != DONE
            weigh(span, apart, lanes.load, w, lanes.sums)
            if stepwise and not running:
                break
        for i in range(WIDTH):
            hours[i] += HOURS


@stage
def hold_devices(low: int, high: int, runs: Runs, lanes: Lanes) -> None:
    """Begin a block with what each run holds, from the run's start on."""
    start, block = lanes.calendar[0], lanes.calendar[1]
    for row in range(WIDTH):
        lanes.devices[row] = devices_held(row, runs) if start[row] <= block[row] else 0.0
    fill_load(lanes.devices, lanes.load)
    for row in range(low, high):
        if start[row] > block[row]:
            add_load_from(lanes.load, row, float(start[row] - block[row]), devices_held(row, runs), False)


@stage
def play_block(draw: int, low: int, high: int, play: Play, runs: Runs, lanes: Lanes) -> tuple[bool, int]:
    """Play runs through a block of hours; returns whether one goes on, and the row after the last that is run."""
    running, ended = False, 0
    for row in range(low, high):
        s = runs.state[row]
        if s[MODE] == DONE:
            continue
        shift = float(lanes.calendar[0, row] - lanes.calendar[1, row])
        upto = min(HOURS - shift, s[LIMIT])
        if s[MODE] == UP and s[NEXT] > upto and upto < s[LIMIT]:  # nothing happens: most often so, and the way there is long
            running, ended = True, HOURS
            continue
        advance(upto, shift, draw + row, row, play.phases, runs, lanes.load)
        if s[MODE] != DONE and upto == s[LIMIT]:
            add_load_from(lanes.load, row, upto + shift, -s[DEVICES], True)
            stop_at_limit(row, play, runs)
        running = running or s[MODE] != DONE
        ended = max(ended, min(int(np.ceil(s[NEXT] + shift)), HOURS) if s[MODE] == DONE else HOURS)
    return running, ended


@stage
def play_group(
    x: Floats,
    lane: int,
    draw: int,
    low: int,
    high: int,
    play: Play,
    hourly: HourlyTables,
    runs: Runs,
    lanes: Lanes,
    records: Records,
    w: Weather,
    first: int,
    out: Floats,
) -> None:
    """Play out one group of lanes and write its outcomes, shape (len(OUTPUTS), WIDTH).

    Parameters
    ----------
    x : ndarray, shape (inputs * LANES,)
    lane, draw : int
        Of the group's first run.
    low, high : int
        Runs of the group that are asked for.
    first : int
        Draw of the first row of the fans.
    """
    lanes.hours[:] = 0.0
    lanes.hours[SPELL] = math.inf
    lanes.sums[:] = 0.0
    lanes.so_far[:] = 0.0
    lanes.resting[:] = False
    for row in range(WIDTH):
        if low <= row < high:
            begin(x, lane + row, row, draw + row, play.modes, play.phases, play.downtimes, play.own, runs)
            if play.pausing and is_vague(x, lane + row, play):
                runs.state[row] = math.nan
                runs.state[row, MODE], runs.state[row, PHASE] = DONE, 0.0
        else:
            runs.state[row, MODE] = DONE
    dated = play.modes[PRICE_MODE] != ANNUAL or play.modes[CARBON_MODE] != ANNUAL
    if dated or play.pausing or records.fans.shape[0] > 0 or records.traced >= 0:
        run_hours(x, lane, draw, low, high, play, hourly, runs, lanes, records, w, first)
    else:
        none = Load(lanes.load.spans[:0], lanes.load.hours[:0], lanes.load.touched[:0])
        for row in range(low, high):
            advance(runs.state[row, LIMIT], 0.0, draw + row, row, play.phases, runs, none)
            if runs.state[row, MODE] != DONE:
                stop_at_limit(row, play, runs)
    for row in range(low, high):
        report(x, lane + row, row, dated, play, runs, lanes, out)


@stage
def report(x: Floats, lane: int, row: int, dated: bool, play: Play, runs: Runs, lanes: Lanes, out: Floats) -> None:
    """Write the outcomes of one run."""
    s = runs.state[row]
    paused = lanes.hours[PAUSED, row] + 0.0 * s[NEXT]  # what is not known stays so
    wall = s[NEXT] + paused
    device_hours = wall * s[DEVICES_OF] if play.phases == 1 else s[DEVICE_HOURS] + s[HELD_LOAD]
    load = s[UP_LOAD] + s[IDLE_SHARE] * s[IDLE_LOAD]
    power = it_power(1.0, x[TDP * LANES + lane], x[FRACTION * LANES + lane], x[SERVER * LANES + lane])
    energy_it = power * load
    priced, carboned = energy_it * x[PRICE * LANES + lane], energy_it * x[CARBON * LANES + lane]
    if dated:
        priced = power * lanes.sums[0, row] + 0.0 * wall if play.modes[PRICE_MODE] != ANNUAL else priced
        carboned = power * lanes.sums[1, row] + 0.0 * wall if play.modes[CARBON_MODE] != ANNUAL else carboned
    unplanned = 0.0
    for c in range(len(CLASSES)):
        out[_BY_CLASS + c, row] = s[COUNTS + c]
        unplanned += s[COUNTS + c] if c != PLANNED else 0.0
    stated = play.modes[WORK_MODE] == WORK_DEVICE_HOURS
    out[0, row], out[1, row] = s[PRODUCTIVE] / wall, unplanned
    out[2, row], out[3, row], out[4, row], out[5, row], out[6, row] = device_hours, wall, energy_it, priced, carboned
    out[7, row], out[8, row] = s[COUNTS + PLANNED], (1.0 if stated else 1.0 - s[CUT]) + 0.0 * wall
    out[9, row] = lanes.hours[PAUSES, row] + 0.0 * wall
    out[10, row], out[11, row], out[12, row] = s[PRODUCTIVE], s[SAVING], s[LOST]
    out[13, row], out[14, row], out[15, row] = s[IDLE], s[WAITED], paused


@allocating
def run_block(
    start: int,
    stop: int,
    first: int,
    play: Play,
    hourly: HourlyTables,
    tables: InputTables,
    records: Records,
    inputs: Floats,
    outputs: Floats,
) -> None:
    """Play out draws ``start`` to ``stop`` - 1 and store them from column ``start`` - ``first`` on."""
    x, draws = certain_inputs(tables), input_workspace(tables)
    runs = Runs(
        np.zeros((WIDTH, FIELDS)),
        np.empty((WIDTH, len(CLASSES), BATCH)),
        np.zeros((WIDTH, play.spares)),
        play.keys,
        play.active,
        play.modes[RESTART] == RESTART_IMMUNE,
        records.log,
        records.traced % WIDTH if records.traced >= 0 else -1,
    )
    load = Load(np.zeros((SPANS, WIDTH)), np.zeros((HOURS, WIDTH)), np.zeros(SPANS, dtype=np.bool_))
    lanes = Lanes(
        np.empty((3, WIDTH), dtype=np.int64),
        np.empty((5, WIDTH)),
        np.empty((2, WIDTH)),
        np.empty((3, WIDTH)),
        np.empty(WIDTH, dtype=np.bool_),
        load,
        np.empty(WIDTH),
    )
    w = weather(hourly)
    y = np.empty((len(OUTPUTS), WIDTH))
    for group in range(start // LANES, (stop - 1) // LANES + 1):
        draw_inputs(group, tables, x, draws)
        base = group * LANES
        low, high = max(start - base, 0), min(stop - base, LANES)
        store_inputs(tables, x, low, high - low, inputs, base + low - first)
        for part in range(low // WIDTH, (high - 1) // WIDTH + 1):
            lane = part * WIDTH
            a, b = max(low - lane, 0), min(high - lane, WIDTH)
            play_group(x, lane, base + lane, a, b, play, hourly, runs, lanes, records, w, first, y)
            for k in range(len(OUTPUTS)):
                for i in range(a, b):
                    outputs[k, base + lane + i - first] = y[k, i]


@kernel
def run_history(
    low: int,
    high: int,
    block_size: int,
    first: int,
    play: Play,
    hourly: HourlyTables,
    tables: InputTables,
    records: Records,
    inputs: Floats,
    outputs: Floats,
) -> None:
    """Play out draws ``low`` to ``high`` - 1 in blocks, over threads.

    Writes ``inputs`` (drawn inputs, draws) and ``outputs`` (len(OUTPUTS), draws) in place, draw
    ``first`` in column 0.
    """
    for block in prange((high - low + block_size - 1) // block_size):
        start = low + block * block_size
        run_block(start, min(start + block_size, high), first, play, hourly, tables, records, inputs, outputs)
