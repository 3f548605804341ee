"""The reliability of one run, played out interruption by interruption.

Rules
-----
The job's own clock stops while the run is paused; everything here is on that clock.

1. A phase needs its work in hours. While up, the job works τ hours, then saves, which blocks it for δ
   and is written behind its back for ω more (0 where saves block altogether); τ is at least ω. A phase
   ends with a save that is written.
2. Every class of interruptions has a unit-exponential threshold on its cumulative hazard, rate × nodes ×
   time, which grows while the job is up and, where restarts can be interrupted, during downtimes; so
   scenarios with other rates, τ or δ stay paired. Classes that break nodes may have a hazard that
   starts ``early_failure_ratio`` times higher and settles with time constant ``early_failure_time``.
3. An interruption loses the work since the start of the last save that was written. A planned one
   saves first, unexposed, and loses none; planned ones come only while the job is up.
4. An interruption that breaks a node takes a spare; the broken one returns as a spare after
   ``repair_time``. Without a spare the job waits for the next to return; nothing fails meanwhile.
   Repairs go on while the run is paused, on the wall clock.
5. Then the class's downtime passes. An interruption during it starts over with its own class's wait
   and downtime.
"""

from __future__ import annotations

import math

from simulator.jit import exact, exact_stage
from simulator.kernels.load import Load, add_load, add_load_from
from simulator.kernels.runs import (
    AFTER,
    BREAKS,
    BROKEN,
    CAUSE,
    CLOCK,
    COUNTS,
    DELTA,
    DEVICE_HOURS,
    DEVICES,
    DONE,
    DOWN,
    DOWNTIME,
    DOWNTIMES,
    DRAWN,
    EVENTS,
    EXPOSURE,
    IDLE,
    IDLE_LOAD,
    IDLE_SHARE,
    LEFT,
    LIMIT,
    LOST,
    MODE,
    NEXT,
    OMEGA,
    PHASE,
    PHASE_START,
    PRODUCTIVE,
    RATE,
    RATIO,
    REPAIR,
    SAVED,
    SAVING,
    SETTLING,
    SINCE,
    SPARES,
    TAU,
    TAU_OF,
    UP,
    UP_LOAD,
    WAIT,
    WAITED,
    WORK,
    WORK_OF,
    Floats,
    Integers,
    Runs,
    Words,
    aged,
    enter_phase,
    first_interruption,
    go_up,
    hours_to_finish,
    next_threshold,
    work_done,
)
from simulator.kernels.slots import PLANNED


@exact
def _grown(c: int, hours: float, s: Floats) -> float:
    """Return by how much the hazard of a class grows in hours of exposure."""
    if BREAKS[c] and s[RATIO] != 1.0:
        return float(s[RATE + c] * aged(s[EXPOSURE], hours, s[RATIO], s[SETTLING]))
    return float(s[RATE + c] * hours)


@exact
def _expose(hours: float, cause: int, planned: bool, draw: int, s: Floats, active: Integers, keys: Words, ready: Floats) -> None:
    """Let the hazards of all classes grow by hours of exposure; the class that interrupted takes its next threshold."""
    for i in range(active.size):
        c = active[i]
        if c == PLANNED and not planned:
            continue
        if c == cause:
            s[LEFT + c] = next_threshold(draw, c, keys, s, ready)
            s[DRAWN + c] += 1.0
        else:
            s[LEFT + c] = max(s[LEFT + c] - _grown(c, hours, s), 0.0)
    s[EXPOSURE] += hours


@exact
def _stop_work(now: float, s: Floats, keep: bool) -> float:
    """Book the hours since the job went up; ``keep`` where nothing is lost. Returns the work lost."""
    hours = now - s[SINCE]
    work, kept = work_done(hours, s[WORK] - s[SAVED], s[TAU], s[DELTA], s[OMEGA])
    kept = work if keep else kept
    s[SAVED] += kept
    s[PRODUCTIVE] += kept
    s[LOST] += work - kept
    s[SAVING] += max(hours - work, 0.0)  # sums of intervals round
    s[UP_LOAD] += hours * s[DEVICES]
    return work - kept


@exact
def _break_off(now: float, cause: int, lost: float, s: Floats, repairs: Floats, log: Floats) -> float:
    """Book an interruption; returns the wait for a spare node."""
    s[COUNTS + cause] += 1.0
    s[CAUSE], s[DOWNTIME], s[SINCE], s[CLOCK] = float(cause), s[DOWNTIMES + cause], now, now
    wait = 0.0
    if BREAKS[cause] and s[SPARES] < math.inf:
        ring = int(s[SPARES])
        if ring == 0:
            wait = s[REPAIR]
        else:
            place = int(s[BROKEN]) % ring
            wait = max(repairs[place] - now, 0.0) if s[BROKEN] >= s[SPARES] else 0.0
            repairs[place] = now + s[REPAIR]
        s[BROKEN] += 1.0
    if int(s[EVENTS]) < log.shape[0]:
        entry = int(s[EVENTS])
        log[entry, 0], log[entry, 1], log[entry, 2] = now, float(cause), s[PHASE]
        log[entry, 3], log[entry, 4], log[entry, 5] = lost, wait, s[DOWNTIME]
    s[EVENTS] += 1.0
    return wait


@exact
def _restart(now: float, s: Floats, active: Integers, immune: bool) -> None:
    """Begin the downtime that the last interruption asked for, and see whether another one cuts it short."""
    s[MODE], s[SINCE], s[CLOCK], s[NEXT] = DOWN, now, now, now + s[DOWNTIME]
    s[CAUSE] = -1.0
    if immune:
        return
    clash = False
    for i in range(active.size):
        c = active[i]
        clash = clash or (c != PLANNED and not s[LEFT + c] - _grown(c, s[DOWNTIME], s) > 0.0)
    if clash:
        hours, cause = first_interruption(s, active, False)
        s[NEXT], s[CAUSE] = now + min(hours, s[DOWNTIME]), cause


@exact
def _play_event(upto: float, shift: float, draw: int, row: int, phases: int, runs: Runs, load: Load) -> bool:
    """Play one run's next event, if it lies before ``upto``; return whether there may be another.

    Parameters
    ----------
    upto : float
        On the job's clock [h].
    shift : float
        Hour of ``load`` in which the job's hour 0 lies [h].
    draw, row, phases : int
    runs : Runs
    load : Load
        Holds the devices of the run's phase on entry; what is idle is taken off.
    """
    s, ready, repairs = runs.state[row], runs.thresholds[row], runs.repairs[row]
    keys, active, immune = runs.keys, runs.active, runs.immune
    log = runs.log if row == runs.logged else runs.log[:0]
    now = s[NEXT]
    up, waiting = s[MODE] == UP, s[MODE] == WAIT
    if not up:
        add_load(load, row, s[CLOCK] + shift, min(now, upto) + shift, -(1.0 - s[IDLE_SHARE]) * s[DEVICES])
        s[CLOCK] = max(s[CLOCK], min(now, upto))
    if not now <= upto:
        return False
    cause, lost = int(s[CAUSE]), 0.0
    # a downtime that ends by itself is booked as stated: a difference of clocks would round, here and not where events repeat
    hours = s[DOWNTIME] if s[MODE] == DOWN and cause < 0 else now - s[SINCE]
    if up or not (immune or waiting):
        _expose(hours, cause, up, draw, s, active, keys, ready)
    if not up:
        _book_idle(hours, s)
    elif cause >= 0:
        lost = _stop_work(now, s, cause == PLANNED)
        if cause == PLANNED:
            save = s[DELTA] + s[OMEGA]
            s[SAVING] += save
            s[UP_LOAD] += save * s[DEVICES]
            now += save
    else:
        more = _finish_phase(now, phases, s, active)
        add_load_from(load, row, now + shift, more, s[MODE] == DONE)
        if s[MODE] == DONE:
            return False
    if cause >= 0 and not waiting:
        wait = _break_off(now, cause, lost, s, repairs, log)
        if wait > 0.0:
            s[MODE], s[NEXT] = WAIT, now + wait
            return True
    if cause >= 0:
        _restart(now, s, active, immune)
    else:
        go_up(now, s, active)
    return True


@exact
def _repeat(
    upto: float, shift: float, draw: int, row: int, s: Floats, active: Integers, keys: Words, ready: Floats, immune: bool, load: Load
) -> bool:
    """Play the common sequence in one go, if it is what comes next: up, an unplanned interruption, its whole downtime, up again.

    What :func:`_play_event` would do in two steps, with the same sums; else it changes nothing.
    """
    cause, now = int(s[CAUSE]), s[NEXT]
    if s[MODE] != UP or cause < 0 or cause == PLANNED:
        return False
    downtime = s[DOWNTIMES + cause]
    up = now + downtime
    if not up <= upto:
        return False
    hours = now - s[SINCE]
    clash = False
    for k in range(active.size):
        c = active[k]
        left = next_threshold(draw, c, keys, s, ready) if c == cause else max(s[LEFT + c] - s[RATE + c] * hours, 0.0)
        if not immune and c != PLANNED:
            left = left - s[RATE + c] * downtime
            clash = clash or not left > 0.0
        s[AFTER + c] = left
    if clash:
        return False
    for k in range(active.size):
        s[LEFT + active[k]] = s[AFTER + active[k]]
    s[DRAWN + cause] += 1.0
    s[EXPOSURE] += hours
    s[EXPOSURE] += 0.0 if immune else downtime
    _stop_work(now, s, False)
    s[COUNTS + cause] += 1.0
    s[DOWNTIME] = downtime
    s[EVENTS] += 1.0
    s[IDLE] += downtime
    s[IDLE_LOAD] += downtime * s[DEVICES]
    add_load(load, row, now + shift, up + shift, -(1.0 - s[IDLE_SHARE]) * s[DEVICES])
    go_up(up, s, active)
    return True


@exact_stage
def advance(upto: float, shift: float, draw: int, row: int, phases: int, runs: Runs, load: Load) -> None:
    """Play one run out to ``upto`` hours on the job's clock; parameters as those of :func:`_play_event`."""
    s, active, keys, immune, ready = runs.state[row], runs.active, runs.keys, runs.immune, runs.thresholds[row]
    plain = s[RATIO] == 1.0 and s[SPARES] == math.inf and not (row == runs.logged and runs.log.shape[0] > 0)
    going = s[MODE] != DONE
    while going:
        if not (plain and _repeat(upto, shift, draw, row, s, active, keys, ready, immune, load)):
            going = _play_event(upto, shift, draw, row, phases, runs, load)


@exact
def _book_idle(hours: float, s: Floats) -> None:
    s[WAITED if s[MODE] == WAIT else IDLE] += hours
    s[IDLE_LOAD] += hours * s[DEVICES]


@exact_stage
def _finish_phase(now: float, phases: int, s: Floats, active: Integers) -> float:
    """Book a phase that has ended with its last save; go on to the next, or end the run. Returns how many more devices are held."""
    hours, work, devices = now - s[SINCE], s[WORK] - s[SAVED], s[DEVICES]
    s[PRODUCTIVE] += work
    s[SAVING] += max(hours - work, 0.0)
    s[UP_LOAD] += hours * devices
    _close_phase(now, s)
    s[SAVED] = 0.0
    if int(s[PHASE]) + 1 == phases:
        s[MODE], s[NEXT] = DONE, now
        return float(-devices)
    s[PHASE] += 1.0
    enter_phase(s, active)
    return float(s[DEVICES] - devices)


@exact
def _close_phase(now: float, s: Floats) -> None:
    """Book the device-hours that a phase has held until now."""
    s[DEVICE_HOURS] += (now - s[PHASE_START]) * s[DEVICES]
    s[PHASE_START] = now


@exact_stage
def cut_off(now: float, row: int, runs: Runs, keep: bool) -> None:
    """End a run that is not done: book what it was at; ``keep`` where its work counts all the same."""
    s = runs.state[row]
    if s[MODE] == UP:
        _stop_work(now, s, keep)
    elif now < s[SINCE]:  # inside the save before a planned stop
        s[SAVING] = max(s[SAVING] - (s[SINCE] - now), 0.0)
        s[UP_LOAD] -= (s[SINCE] - now) * s[DEVICES]
    else:
        _book_idle(now - s[SINCE], s)
    _close_phase(now, s)
    s[MODE], s[NEXT] = DONE, now


@exact_stage
def mend(hours: float, now: float, row: int, runs: Runs) -> None:
    """Let hours pass in which the job's clock stands still, at ``now``: broken nodes are repaired all the same."""
    s, repairs = runs.state[row], runs.repairs[row]
    if s[SPARES] < math.inf:
        for place in range(int(min(s[BROKEN], s[SPARES]))):
            repairs[place] -= hours
        if s[MODE] == WAIT:
            s[NEXT] = max(s[NEXT] - hours, now)


@exact_stage
def progress(now: float, row: int, phases: int, runs: Runs) -> float:
    """Return the share of the work that is done and would outlast an interruption now."""
    s = runs.state[row]
    total = 0.0
    for phase in range(phases):
        total += s[WORK_OF + phase]
    if total == math.inf:  # stated device-hours
        return float(now / s[LIMIT])
    kept = s[PRODUCTIVE]
    if s[MODE] == UP:
        kept += work_done(now - s[SINCE], s[WORK] - s[SAVED], s[TAU], s[DELTA], s[OMEGA])[1]
    return float(kept / total)


@exact_stage
def time_to_go(now: float, row: int, phases: int, runs: Runs) -> float:
    """Return the hours that the run still takes on the job's clock if nothing else fails."""
    s = runs.state[row]
    hours = hours_to_finish(s[WORK] - s[SAVED], s[TAU], s[DELTA], s[OMEGA])
    for phase in range(int(s[PHASE]) + 1, phases):
        hours += hours_to_finish(s[WORK_OF + phase], s[TAU_OF + phase], s[DELTA], s[OMEGA])
    if s[MODE] == UP:
        return float(hours - (now - s[SINCE]))
    # the whole downtime follows a wait, and one that another interruption will cut short is not known to be
    return float(hours + (s[NEXT] if s[MODE] == WAIT else s[SINCE]) + s[DOWNTIME] - now)
