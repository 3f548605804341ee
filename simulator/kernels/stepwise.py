"""Runs hour by hour: where a policy pauses them, or what happens in between is kept."""

from __future__ import annotations

import math

import numpy as np

from simulator.jit import jittable, stage
from simulator.kernels.events import advance, cut_off, mend, progress, time_to_go
from simulator.kernels.factors import SPAN
from simulator.kernels.hourly import Weather
from simulator.kernels.lanes import LANES, WIDTH, Floats
from simulator.kernels.load import add_load, add_load_from
from simulator.kernels.play import (
    CARBON_LIMIT,
    CARBON_SHIFT,
    DEADLINE,
    ELAPSED,
    EXCHANGE,
    FRACTION,
    PAUSE,
    PAUSED,
    PAUSES,
    PRICE_LIMIT,
    PRICE_SHIFT,
    RESUME,
    RESUMING,
    RUN,
    SERVER,
    SPELL,
    TDP,
    WORK_MODE,
    Lanes,
    Play,
    Records,
)
from simulator.kernels.runs import (
    CUT,
    DEVICE_HOURS,
    DEVICES,
    DONE,
    HELD_LOAD,
    IDLE_LOAD,
    IDLE_SHARE,
    LIMIT,
    MODE,
    NEXT,
    PHASE_START,
    Runs,
)
from simulator.kernels.slots import WORK_DEVICE_HOURS
from simulator.model.energy import it_power


@stage
def stop_at_limit(row: int, play: Play, runs: Runs) -> None:
    """End a run that is not done when its time is up."""
    cut_off(runs.state[row, LIMIT], row, runs, play.modes[WORK_MODE] == WORK_DEVICE_HOURS)
    runs.state[row, CUT] = 1.0


@jittable
def devices_held(row: int, runs: Runs) -> float:
    """Return the devices that a run holds."""
    return 0.0 if runs.state[row, MODE] == DONE else runs.state[row, DEVICES]


@jittable
def _wants_rest(x: Floats, lane: int, price: float, carbon: float, row: int, play: Play, runs: Runs, lanes: Lanes) -> bool:
    """Return whether the policy pauses the coming hour: it knows that hour's price and intensity and no later one."""
    p_scale = 1.0 if play.relative[0] else x[EXCHANGE * LANES + lane] * x[PRICE_SHIFT * LANES + lane]
    c_scale = 1.0 if play.relative[1] else x[CARBON_SHIFT * LANES + lane]
    dear = price * p_scale > x[PRICE_LIMIT * LANES + lane] or carbon * c_scale > x[CARBON_LIMIT * LANES + lane]
    if lanes.resting[row]:
        wish = dear or lanes.hours[SPELL, row] < x[PAUSE * LANES + lane]
    else:
        wish = dear and lanes.hours[SPELL, row] >= x[RUN * LANES + lane]
    deadline = x[DEADLINE * LANES + lane]
    if not wish or deadline == math.inf:
        return bool(wish)
    # granted where the rest of the run still fits if nothing else fails
    elapsed = lanes.hours[ELAPSED, row]
    left = time_to_go(elapsed - lanes.hours[PAUSED, row], row, play.phases, runs)
    return bool(elapsed + 1.0 + x[RESUME * LANES + lane] + left <= deadline)


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
    power = it_power(1.0, x[TDP * LANES + lane], x[FRACTION * LANES + lane], x[SERVER * LANES + lane])
    low = span * SPAN
    for j in range(max(lanes.calendar[0, row] - lanes.calendar[1, row], low), low + SPAN):
        devices = devices_held(row, runs)
        price, carbon = w.price[(j - low) * WIDTH + row], w.carbon[(j - low) * WIDTH + row]
        hours = min(1.0, s[LIMIT] - h[ELAPSED, row])
        rest = play.pausing and _wants_rest(x, lane, price, carbon, row, play, runs, lanes)
        held = hours
        if rest != lanes.resting[row]:
            h[PAUSES, row] += 1.0 if rest else 0.0
            h[SPELL, row] = 0.0
            h[RESUMING, row] = 0.0 if rest else x[RESUME * LANES + lane]
            lanes.resting[row] = rest
        if not rest:
            held = min(h[RESUMING, row], hours)
            h[RESUMING, row] -= held
        h[SPELL, row] += 1.0
        # as if the hour were run to its end: what ends the run in it takes the rest off
        if held > 0.0:
            add_load(lanes.load, row, float(j), j + held, -(1.0 - s[IDLE_SHARE]) * devices)
        s[IDLE_LOAD] += devices * held
        s[HELD_LOAD] += devices * held
        job = h[ELAPSED, row] - h[PAUSED, row]
        if held > 0.0:
            mend(held, job, row, runs)
        advance(job + hours - held, j + held - job, draw, row, play.phases, runs, lanes.load)
        h[ELAPSED, row] += hours
        h[PAUSED, row] += held
        stopped = s[MODE] != DONE and h[ELAPSED, row] >= s[LIMIT]
        if stopped:
            add_load_from(lanes.load, row, s[LIMIT] + float(lanes.calendar[0, row] - lanes.calendar[1, row]), -s[DEVICES], True)
        share = lanes.load.spans[span, row] + lanes.load.hours[j, row]
        lanes.so_far[0, row] += share * price
        lanes.so_far[1, row] += share * carbon
        lanes.so_far[2, row] += share
        if draw == records.traced:
            _trace(price, carbon, share, held, rest, row, lanes, records)
        if stopped:
            cut_off(h[ELAPSED, row] - h[PAUSED, row], row, runs, play.modes[WORK_MODE] == WORK_DEVICE_HOURS)
            s[CUT] = 1.0
        done = s[MODE] == DONE
        if 0 <= fan < records.fans.shape[0]:
            _record(power, row, play, runs, lanes, records, fan, done)
        if done:
            return


@jittable
def _trace(price: float, carbon: float, load: float, held: float, rest: bool, row: int, lanes: Lanes, records: Records) -> None:
    hour = int(np.ceil(lanes.hours[ELAPSED, row])) - 1
    if hour < records.trace.shape[0]:
        entry = records.trace[hour]
        entry[0], entry[1], entry[2], entry[3], entry[4] = price, carbon, load, held, 1.0 if rest else 0.0


@jittable
def _record(power: float, row: int, play: Play, runs: Runs, lanes: Lanes, records: Records, fan: int, done: bool) -> None:
    """Write what the run has held, used and done by now; to the end of the grid where it is over."""
    elapsed = int(np.ceil(lanes.hours[ELAPSED, row]))  # whole but where a run is stopped inside an hour
    first, last = elapsed // records.step - 1, elapsed // records.step
    if not done and elapsed % records.step != 0:
        return
    if done:
        first, last = -(-elapsed // records.step) - 1, records.fans.shape[1]
    s = runs.state[row]
    wall = s[NEXT] + lanes.hours[PAUSED, row] if done else lanes.hours[ELAPSED, row]
    job = wall - lanes.hours[PAUSED, row]
    hours = s[DEVICE_HOURS] + s[HELD_LOAD] + (0.0 if done else (job - s[PHASE_START]) * s[DEVICES])
    share = progress(job, row, play.phases, runs)
    for k in range(max(first, 0), min(last, records.fans.shape[1])):
        entry = records.fans[fan, k]
        entry[0], entry[1], entry[2] = hours, wall, power * lanes.so_far[2, row]
        entry[3], entry[4], entry[5] = power * lanes.so_far[0, row], power * lanes.so_far[1, row], share


@jittable
def is_vague(x: Floats, lane: int, play: Play) -> bool:
    """Return whether a shift that is not known decides on pauses."""
    price, carbon = x[EXCHANGE * LANES + lane] * x[PRICE_SHIFT * LANES + lane], x[CARBON_SHIFT * LANES + lane]
    vague = x[PRICE_LIMIT * LANES + lane] < math.inf and not play.relative[0] and math.isnan(price)
    return bool(vague or (x[CARBON_LIMIT * LANES + lane] < math.inf and not play.relative[1] and math.isnan(carbon)))
