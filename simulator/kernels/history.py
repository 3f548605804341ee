"""The history kernel: every draw is played out in time.

Interruptions come one by one (``kernels.events``), hourly prices and carbon intensities are those of
the calendar hours in which the run is up, idle or paused (``kernels.hourly``), and a policy may pause
the run. The contract is that of ``kernels.static``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from simulator.jit import allocating, jittable, kernel, stage, wide_vectors
from simulator.kernels.bill import settle
from simulator.kernels.events import add_load, advance, cut_off, mend, progress, time_to_go
from simulator.kernels.hourly import HOURS, SPAN, Weather, anchor, begin_block, fill_ends, fill_span, follow_spikes, weather
from simulator.kernels.inputs import LANES, WIDTH, Floats, InputTables, Integers, certain_inputs, draw_inputs, input_workspace, store_inputs
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
    PHASE_START,
    PRODUCTIVE,
    SAVING,
    UP_LOAD,
    WAITED,
    Runs,
    begin,
)
from simulator.kernels.slots import ANNUAL, CLASSES, HISTORY, HOURLY, INPUTS, MODES, PLANNED, RESTART_IMMUNE, WORK_DEVICE_HOURS
from simulator.kernels.zone_tables import HourlyTables
from simulator.model.energy import it_power

#: what the kernel returns, in the order of its rows
OUTPUTS = (
    "device_hours", "wall_clock", "goodput", "interruptions", "interruptions_planned", "completed", "pauses", "energy_it", "energy",
    "cost_total", "emissions_total", "cost[accelerators]", "cost[interconnect]", "cost[electricity]",
    "emissions[operational]", "emissions[embodied]",
    "time_spent[productive]", "time_spent[saving]", "time_spent[lost]", "time_spent[down]", "time_spent[waiting]", "time_spent[paused]",
    *(f"interruptions_by_class[{name}]" for name in CLASSES),
)  # fmt: skip
_BY_CLASS = len(OUTPUTS) - len(CLASSES)
#: what is known of a run at a time of the fans' grid
FAN = ("cost_total", "emissions_total", "energy", "progress")
#: what is known of each hour of the run that is explained
TRACE = ("price", "carbon", "load", "paused")


def _slots(*names: str) -> tuple[int, ...]:
    return tuple(INPUTS.index(name) for name in names)


_TDP, _FRACTION, _SERVER, _PRICE, _CARBON = _slots("tdp", "power_fraction", "server_power_ratio", "electricity_price", "carbon_intensity")
_START, _PLACE, _PRICE_SHIFT, _CARBON_SHIFT, _EXCHANGE = _slots(
    "start_time", "history_place", "price_year_shift", "carbon_year_shift", "exchange_rate"
)
_PRICE_LIMIT, _CARBON_LIMIT, _RUN, _PAUSE, _RESUME, _DEADLINE = _slots(
    "price_threshold", "carbon_threshold", "minimum_run_time", "minimum_pause_time", "pause_time", "deadline"
)
_BASIS, _DEPRECIATION, _RESTART, _PRICE_MODE, _CARBON_MODE, _WORK_MODE = (
    list(MODES).index(name) for name in ("basis", "depreciation", "restart", "price", "carbon", "work")
)


class Play(NamedTuple):
    """What a scenario asks of the history kernel, inputs apart.

    Attributes
    ----------
    modes : ndarray of int64, shape (len(MODES),)
    phases : int
    downtimes, own : ndarray of int64
        Inputs that hold the classes' downtimes, and what each phase reads; see ``events.begin``.
    active : ndarray of int64
        Classes that can interrupt.
    spares : int
        The most spare nodes of any draw.
    keys : ndarray of uint64, shape (len(CLASSES),)
        Streams of the thresholds.
    pausing : bool
    relative : ndarray of bool, shape (2,)
        Whether the threshold of price, of carbon intensity, is compared before the year's shift.
    past_price, past_carbon : ndarray
        Hourly history in the currency per kWh and in kgCO2e/kWh; read where one is replayed.
    past_first : int
        Calendar hour of the history's first value; -1 where a run may start anywhere in it.
    """

    modes: Integers
    phases: int
    downtimes: Integers
    own: Integers
    active: Integers
    spares: int
    keys: NDArray[np.uint64]
    pausing: bool
    relative: NDArray[np.bool_]
    past_price: Floats
    past_carbon: Floats
    past_first: int


class Records(NamedTuple):
    """What is kept beside the outcomes; every array may have no rows.

    Attributes
    ----------
    fans : ndarray, shape (draws, times, len(FAN))
        At the hours 1·step, 2·step, ... of the run, for the first draws.
    step : int
        [h]
    trace : ndarray, shape (hours, len(TRACE))
        Of one draw.
    log : ndarray, shape (events, LOGGED)
        Of one draw.
    traced : int
        That draw; -1 for none.
    """

    fans: Floats
    step: int
    trace: Floats
    log: Floats
    traced: int


class Lanes(NamedTuple):
    """Runs of one group of lanes on the calendar.

    Attributes
    ----------
    calendar : ndarray of int64, shape (3, WIDTH)
        Start hour, first hour of the present block, place in the history.
    hours : ndarray, shape (5, WIDTH)
        Elapsed and paused hours, hours since the run last paused or resumed, pauses, time still lost to the last one.
    sums : ndarray, shape (3, WIDTH)
        Load times price, load times carbon intensity, load.
    resting : ndarray of bool, shape (WIDTH,)
    load : ndarray, shape (HOURS, WIDTH)
        Devices at full power in each hour of the block.
    devices : ndarray, shape (WIDTH,)
        Held at the block's start.
    """

    calendar: Integers
    hours: Floats
    sums: Floats
    resting: NDArray[np.bool_]
    load: Floats
    devices: Floats


_ELAPSED, _PAUSED, _SPELL, _PAUSES, _RESUMING = range(5)


@stage
def fill_given(x: Floats, lane: int, span: int, play: Play, lanes: Lanes, w: Weather) -> None:
    """Write the prices and intensities of a span that are not simulated: annual, or history."""
    wide_vectors()
    for k in range(2):
        mode = play.modes[_PRICE_MODE + k]
        out = w.price if k == 0 else w.carbon
        past = play.past_price if k == 0 else play.past_carbon
        slot = (_PRICE if k == 0 else _CARBON) * LANES + lane
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
def weigh(span: int, lanes: Lanes, w: Weather) -> None:
    """Add load times price and intensity of a span to the sums."""
    wide_vectors()
    priced, carboned = lanes.sums[0], lanes.sums[1]
    for j in range(SPAN):
        load, price, carbon = lanes.load[span * SPAN + j], w.price[j * WIDTH :], w.carbon[j * WIDTH :]
        for i in range(WIDTH):
            priced[i] += load[i] * price[i]
            carboned[i] += load[i] * carbon[i]


@jittable
def _devices(row: int, runs: Runs) -> float:
    return 0.0 if runs.state[row, MODE] == DONE else runs.state[row, DEVICES]


@jittable
def _wants_rest(x: Floats, lane: int, price: float, carbon: float, row: int, play: Play, runs: Runs, lanes: Lanes) -> bool:
    """Return whether the policy pauses the coming hour: it knows that hour's price and intensity and no later one."""
    p_scale = 1.0 if play.relative[0] else x[_EXCHANGE * LANES + lane] * x[_PRICE_SHIFT * LANES + lane]
    c_scale = 1.0 if play.relative[1] else x[_CARBON_SHIFT * LANES + lane]
    dear = price * p_scale > x[_PRICE_LIMIT * LANES + lane] or carbon * c_scale > x[_CARBON_LIMIT * LANES + lane]
    if lanes.resting[row]:
        wish = dear or lanes.hours[_SPELL, row] < x[_PAUSE * LANES + lane]
    else:
        wish = dear and lanes.hours[_SPELL, row] >= x[_RUN * LANES + lane]
    deadline = x[_DEADLINE * LANES + lane]
    if not wish or deadline == math.inf:
        return bool(wish)
    # granted where the rest of the run still fits if nothing else fails
    elapsed = lanes.hours[_ELAPSED, row]
    left = time_to_go(elapsed - lanes.hours[_PAUSED, row], row, play.phases, runs)
    return bool(elapsed + 1.0 + x[_RESUME * LANES + lane] + left <= deadline)


@stage
def step_hours(
    x: Floats, lane: int, draw: int, row: int, span: int, play: Play, runs: Runs, lanes: Lanes, w: Weather, records: Records, fan: int
) -> None:
    """Play one run through a span hour by hour: pauses, what is recorded.

    Parameters
    ----------
    x : ndarray, shape (inputs * LANES,)
    lane, draw, row, span : int
    play, runs, lanes, w, records : Play, Runs, Lanes, Weather, Records
    fan : int
        Row of the run in ``records.fans``; none where it lies outside.
    """
    h, s = lanes.hours, runs.state[row]
    power = it_power(1.0, x[_TDP * LANES + lane], x[_FRACTION * LANES + lane], x[_SERVER * LANES + lane])
    low = span * SPAN
    for j in range(low, low + SPAN):
        lanes.load[j, row] = 0.0
    for j in range(max(lanes.calendar[0, row] - lanes.calendar[1, row], low), low + SPAN):
        devices = _devices(row, runs)
        price, carbon = w.price[(j - low) * WIDTH + row], w.carbon[(j - low) * WIDTH + row]
        hours = min(1.0, s[LIMIT] - h[_ELAPSED, row])
        rest = play.pausing and _wants_rest(x, lane, price, carbon, row, play, runs, lanes)
        held = hours
        if rest != lanes.resting[row]:
            h[_PAUSES, row] += 1.0 if rest else 0.0
            h[_SPELL, row] = 0.0
            h[_RESUMING, row] = 0.0 if rest else x[_RESUME * LANES + lane]
            lanes.resting[row] = rest
        if not rest:
            held = min(h[_RESUMING, row], hours)
            h[_RESUMING, row] -= held
        h[_SPELL, row] += 1.0
        lanes.load[j, row] = devices * (hours - held + s[IDLE_SHARE] * held)
        s[IDLE_LOAD] += devices * held
        s[HELD_LOAD] += devices * held
        job = h[_ELAPSED, row] - h[_PAUSED, row]
        if held > 0.0:
            mend(held, job, row, runs)
        advance(job + hours - held, j + held - job, draw, row, play.phases, runs, lanes.load)
        h[_ELAPSED, row] += hours
        h[_PAUSED, row] += held
        share = lanes.load[j, row]
        lanes.sums[0, row] += share * price
        lanes.sums[1, row] += share * carbon
        lanes.sums[2, row] += share
        if draw == records.traced:
            _trace(price, carbon, share, held, row, lanes, records)
        if s[MODE] != DONE and h[_ELAPSED, row] >= s[LIMIT]:
            cut_off(h[_ELAPSED, row] - h[_PAUSED, row], row, runs, play.modes[_WORK_MODE] == WORK_DEVICE_HOURS)
            s[CUT] = 1.0
        done = s[MODE] == DONE
        if 0 <= fan < records.fans.shape[0]:
            _record(x, lane, power, row, play, runs, lanes, records, fan, done)
        if done:
            for later in range(j + 1, HOURS):
                lanes.load[later, row] = 0.0
            return


@jittable
def _trace(price: float, carbon: float, load: float, held: float, row: int, lanes: Lanes, records: Records) -> None:
    hour = int(np.ceil(lanes.hours[_ELAPSED, row])) - 1
    if hour < records.trace.shape[0]:
        entry = records.trace[hour]
        entry[0], entry[1], entry[2], entry[3] = price, carbon, load, held


@jittable
def _record(
    x: Floats, lane: int, power: float, row: int, play: Play, runs: Runs, lanes: Lanes, records: Records, fan: int, done: bool
) -> None:
    """Write what the run has cost, emitted, used and done by now; to the end of the grid where it is over."""
    elapsed = int(lanes.hours[_ELAPSED, row])
    first, last = elapsed // records.step - 1, elapsed // records.step
    if not done and elapsed % records.step != 0:
        return
    if done:
        first, last = -(-elapsed // records.step) - 1, records.fans.shape[1]
    s = runs.state[row]
    wall = s[NEXT] + lanes.hours[_PAUSED, row] if done else lanes.hours[_ELAPSED, row]
    job = wall - lanes.hours[_PAUSED, row]
    hours = s[DEVICE_HOURS] + s[HELD_LOAD] + (0.0 if done else (job - s[PHASE_START]) * s[DEVICES])
    energy, hardware, network, bill, used, made = settle(
        x,
        lane,
        play.modes[_BASIS],
        play.modes[_DEPRECIATION],
        hours,
        wall,
        power * lanes.sums[2, row],
        power * lanes.sums[0, row],
        power * lanes.sums[1, row],
    )
    share = progress(job, row, play.phases, runs)
    for k in range(max(first, 0), min(last, records.fans.shape[1])):
        entry = records.fans[fan, k]
        entry[0], entry[1], entry[2], entry[3] = hardware + network + bill, used + made, energy, share


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
    simulated = play.modes[_PRICE_MODE] == HOURLY or play.modes[_CARBON_MODE] == HOURLY
    stepwise = play.pausing or records.fans.shape[0] > 0 or records.traced >= 0
    start, hours = lanes.calendar[0], lanes.calendar[1]
    for i in range(WIDTH):
        start[i] = int(x[_START * LANES + lane + i])
        hours[i] = start[i] // HOURS * HOURS
        if play.past_first >= 0:
            lanes.calendar[2, i] = start[i] - play.past_first
        else:
            size = max(play.past_price.size, play.past_carbon.size)
            lanes.calendar[2, i] = int(x[_PLACE * LANES + lane + i] * size)
    if simulated:
        anchor(draw, hours, hourly, w)
    running = True
    while running:
        running = False
        begun, ended = HOURS, HOURS
        for row in range(low, high):
            begun = min(begun, max(start[row] - hours[row], 0))
        if not stepwise:  # what happens does not depend on the weather, so that only the hours that are run need one
            running, ended = play_block(draw, low, high, play, runs, lanes)
        if simulated:
            begin_block(draw, hours, hourly, w)
            fill_ends(draw, hours, begun, ended, hourly, w)
            if w.spikes.size > 0:
                follow_spikes(draw, hours, hourly, w)
        for span in range(begun // SPAN, (ended - 1) // SPAN + 1):
            if simulated:
                fill_span(draw, hours, span, hourly, w)
            fill_given(x, lane, span, play, lanes, w)
            if not stepwise:
                weigh(span, lanes, w)
                continue
            running = False
            for row in range(low, high):
                if runs.state[row, MODE] != DONE:
                    step_hours(x, lane + row, draw + row, row, span, play, runs, lanes, w, records, draw + row - first)
                    running = running or runs.state[row, MODE] != DONE
            if not running:
                break
        for i in range(WIDTH):
            hours[i] += HOURS


@stage
def play_block(draw: int, low: int, high: int, play: Play, runs: Runs, lanes: Lanes) -> tuple[bool, int]:
    """Play runs through a block of hours; returns whether one goes on, and the row after the last that is run."""
    fill_load(runs, lanes)
    running, ended = False, 0
    for row in range(low, high):
        s = runs.state[row]
        if s[MODE] == DONE:
            continue
        shift = float(lanes.calendar[0, row] - lanes.calendar[1, row])
        upto = min(HOURS - shift, s[LIMIT])
        advance(upto, shift, draw + row, row, play.phases, runs, lanes.load)
        if s[MODE] != DONE and upto == s[LIMIT]:
            add_load(lanes.load, row, upto + shift, math.inf, -s[DEVICES])
            stop_at_limit(row, play, runs)
        running = running or s[MODE] != DONE
        ended = max(ended, int(np.ceil(s[NEXT] + shift)) if s[MODE] == DONE else HOURS)
    return running, min(ended, HOURS)


@stage
def stop_at_limit(row: int, play: Play, runs: Runs) -> None:
    """End a run that is not done when its time is up."""
    cut_off(runs.state[row, LIMIT], row, runs, play.modes[_WORK_MODE] == WORK_DEVICE_HOURS)
    runs.state[row, CUT] = 1.0


@jittable
def _is_vague(x: Floats, lane: int, play: Play) -> bool:
    """Return whether a shift that is not known decides on pauses."""
    price, carbon = x[_EXCHANGE * LANES + lane] * x[_PRICE_SHIFT * LANES + lane], x[_CARBON_SHIFT * LANES + lane]
    vague = x[_PRICE_LIMIT * LANES + lane] < math.inf and not play.relative[0] and math.isnan(price)
    return bool(vague or (x[_CARBON_LIMIT * LANES + lane] < math.inf and not play.relative[1] and math.isnan(carbon)))


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
    lanes.hours[_SPELL] = math.inf
    lanes.sums[:] = 0.0
    lanes.resting[:] = False
    for row in range(WIDTH):
        if low <= row < high:
            begin(x, lane + row, row, draw + row, play.modes, play.phases, play.downtimes, play.own, runs)
            if play.pausing and _is_vague(x, lane + row, play):
                runs.state[row] = math.nan
                runs.state[row, MODE], runs.state[row, PHASE] = DONE, 0.0
        else:
            runs.state[row, MODE] = DONE
    dated = play.modes[_PRICE_MODE] != ANNUAL or play.modes[_CARBON_MODE] != ANNUAL
    if dated or play.pausing or records.fans.shape[0] > 0 or records.traced >= 0:
        run_hours(x, lane, draw, low, high, play, hourly, runs, lanes, records, w, first)
    else:
        for row in range(low, high):
            advance(runs.state[row, LIMIT], 0.0, draw + row, row, play.phases, runs, lanes.load[:0])
            if runs.state[row, MODE] != DONE:
                stop_at_limit(row, play, runs)
    for row in range(low, high):
        report(x, lane + row, row, dated, play, runs, lanes, out)


@stage
def report(x: Floats, lane: int, row: int, dated: bool, play: Play, runs: Runs, lanes: Lanes, out: Floats) -> None:
    """Write the outcomes of one run."""
    s = runs.state[row]
    paused = lanes.hours[_PAUSED, row] + 0.0 * s[NEXT]  # what is not known stays so
    wall = s[NEXT] + paused
    device_hours = wall * s[DEVICES_OF] if play.phases == 1 else s[DEVICE_HOURS] + s[HELD_LOAD]
    load = s[UP_LOAD] + s[IDLE_SHARE] * s[IDLE_LOAD]
    power = it_power(1.0, x[_TDP * LANES + lane], x[_FRACTION * LANES + lane], x[_SERVER * LANES + lane])
    energy_it = power * load
    priced, carboned = energy_it * x[_PRICE * LANES + lane], energy_it * x[_CARBON * LANES + lane]
    if dated:
        priced = power * lanes.sums[0, row] + 0.0 * wall if play.modes[_PRICE_MODE] != ANNUAL else priced
        carboned = power * lanes.sums[1, row] + 0.0 * wall if play.modes[_CARBON_MODE] != ANNUAL else carboned
    energy, hardware, network, bill, used, made = settle(
        x, lane, play.modes[_BASIS], play.modes[_DEPRECIATION], device_hours, wall, energy_it, priced, carboned
    )
    unplanned = 0.0
    for c in range(len(CLASSES)):
        out[_BY_CLASS + c, row] = s[COUNTS + c]
        unplanned += s[COUNTS + c] if c != PLANNED else 0.0
    stated = play.modes[_WORK_MODE] == WORK_DEVICE_HOURS
    out[0, row], out[1, row], out[2, row] = device_hours, wall, s[PRODUCTIVE] / wall
    out[3, row], out[4, row] = unplanned, s[COUNTS + PLANNED]
    out[5, row], out[6, row] = (1.0 if stated else 1.0 - s[CUT]) + 0.0 * wall, lanes.hours[_PAUSES, row] + 0.0 * wall
    out[7, row], out[8, row] = energy_it, energy
    out[9, row], out[10, row] = hardware + network + bill, used + made
    out[11, row], out[12, row], out[13, row], out[14, row], out[15, row] = hardware, network, bill, used, made
    out[16, row], out[17, row], out[18, row] = s[PRODUCTIVE], s[SAVING], s[LOST]
    out[19, row], out[20, row], out[21, row] = s[IDLE], s[WAITED], paused


@stage
def fill_load(runs: Runs, lanes: Lanes) -> None:
    """Fill a block's load with the devices that each run holds, from its start on."""
    wide_vectors()
    devices, calendar = lanes.devices, lanes.calendar
    begun = True
    for i in range(WIDTH):
        devices[i] = _devices(i, runs)
        begun = begun and calendar[0, i] <= calendar[1, i]
    for j in range(HOURS):
        load = lanes.load[j]
        for i in range(WIDTH):
            load[i] = devices[i]
    if not begun:
        for i in range(WIDTH):
            for j in range(min(calendar[0, i] - calendar[1, i], HOURS)):
                lanes.load[j, i] = 0.0


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
        play.modes[_RESTART] == RESTART_IMMUNE,
        records.log,
        records.traced % WIDTH if records.traced >= 0 else -1,
    )
    lanes = Lanes(
        np.empty((3, WIDTH), dtype=np.int64),
        np.empty((5, WIDTH)),
        np.empty((3, WIDTH)),
        np.empty(WIDTH, dtype=np.bool_),
        np.zeros((HOURS, WIDTH)),
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
