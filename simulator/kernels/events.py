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
   saves first and loses none; planned ones come only while the job is up.
4. An interruption that breaks a node takes a spare; the broken one returns as a spare after
   ``repair_time``. Without a spare the job waits for the next to return; nothing fails meanwhile.
5. Then the class's downtime passes. An interruption during it starts over with its own class's wait
   and downtime.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.jit import jittable, stage
from simulator.kernels.inputs import LANES
from simulator.kernels.slots import (
    BREAKS_NODE,
    CLASSES,
    INPUTS,
    INTERVAL_DALY2006,
    INTERVAL_FIXED,
    INTERVAL_OPTIMAL,
    INTERVAL_YOUNG1974,
    MODES,
    PHASES,
    PLANNED,
    WORK_DEVICE_HOURS,
    WORK_TRANSFORMER,
)
from simulator.model.reliability import admissible_interval, daly2006, interruption_rate, optimal_interval, young1974
from simulator.model.workload import attention_flop, productive_device_hours, transformer_flop
from simulator.stochastic.elementary import exp, log
from simulator.stochastic.philox import philox4x32

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

BATCH = 8  # thresholds of one class that are drawn at a time
UP, DOWN, WAIT, DONE = 0.0, 1.0, 2.0, 3.0
_ALL_SAVED = 1e-9  # of an interval: work below it needs no save of its own

# fields of a run's state
(
    MODE, CLOCK, SINCE, NEXT, CAUSE, SAVED, PHASE, EXPOSURE, PHASE_START, DOWNTIME, BROKEN,
    PRODUCTIVE, SAVING, LOST, IDLE, WAITED, UP_LOAD, IDLE_LOAD, DEVICE_HOURS, EVENTS, HELD_LOAD, CUT,
) = range(22)  # fmt: skip
COUNTS = 22  # interruptions by class
LEFT = COUNTS + len(CLASSES)  # hazard left to each class's next threshold
DRAWN = LEFT + len(CLASSES)  # thresholds used
RATE = DRAWN + len(CLASSES)  # interruptions per hour of the present phase's nodes
AFTER = RATE + len(CLASSES)  # hazard left after a downtime that is being weighed
FIELDS = AFTER + len(CLASSES)

# parameters of a run
DELTA, OMEGA, SPARES, REPAIR, RATIO, SETTLING, LIMIT, IDLE_SHARE = range(8)
RATES = 8  # by class, per node [1/h]
DOWNTIMES = RATES + len(CLASSES)
WORK = DOWNTIMES + len(CLASSES)  # by phase
DEVICES, NODES, TAU = WORK + PHASES, WORK + 2 * PHASES, WORK + 3 * PHASES
PARAMETERS = WORK + 4 * PHASES


class Runs(NamedTuple):
    """Runs side by side.

    Attributes
    ----------
    state : ndarray, shape (lanes, FIELDS)
    parameters : ndarray, shape (lanes, PARAMETERS)
    thresholds : ndarray, shape (lanes, classes, BATCH)
    repairs : ndarray, shape (lanes, spares)
        When the nodes that broke last return, a ring.
    keys : ndarray of uint64, shape (classes,)
    active : ndarray of int64
        Classes that can interrupt this scenario.
    immune : bool
    log : ndarray, shape (events, LOGGED)
        What happened to the run that is logged; no rows where none is.
    logged : int
        Lane of that run.
    """

    state: Floats
    parameters: Floats
    thresholds: Floats
    repairs: Floats
    keys: Words
    active: Integers
    immune: bool
    log: Floats
    logged: int


LOGGED = 6  # job's clock, cause, phase, work lost, wait, downtime


def _slots(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(INPUTS.index(name) for name in names)


_PARAMS, _TOKENS, _FLOP, _HOURS, _MFU, _OVERHEAD, _DEVICES, _PER_NODE, _PEAK = range(9)
_RATE, _DOWNTIME, _DELTA, _TAU = _slots(("failure_rate", "downtime", "checkpoint_time", "checkpoint_interval"))
_LAYERS, _HIDDEN, _SEQUENCE = _slots(("layers", "hidden_size", "sequence_length"))
_OMEGA, _SPARES, _REPAIR = _slots(("checkpoint_write_time", "spare_nodes", "repair_time"))
_RATIO, _SETTLING, _STRAGGLER = _slots(("early_failure_ratio", "early_failure_time", "straggler_slowdown"))
_LIMIT, _IDLE = _slots(("max_wall_clock", "idle_power_fraction"))
#: when the run is where on the calendar, and when it pauses
_CLOCK_SLOTS = np.array(
    _slots(
        (
            "start_time", "history_place", "price_threshold", "carbon_threshold", "minimum_run_time", "minimum_pause_time",
            "pause_time", "deadline",
        )
    )
)  # fmt: skip
_RATE_SLOTS = np.array([_RATE, *_slots(tuple(f"failure_rate_{name}" for name in CLASSES[1:]))])
_BREAKS = np.array(BREAKS_NODE)
_INTERVAL, _WORK_MODE = list(MODES).index("interval"), list(MODES).index("work")


@stage
def begin(x: Floats, lane: int, row: int, draw: int, modes: Integers, phases: int, downtimes: Integers, own: Integers, runs: Runs) -> None:
    """Set up the run of one lane: its parameters, and its state at the start.

    Parameters
    ----------
    x : ndarray, shape (inputs * LANES,)
    lane, row : int
        Of the inputs, and of the runs.
    draw : int
    modes : ndarray of int64, shape (len(MODES),)
    phases : int
    downtimes : ndarray of int64, shape (len(CLASSES),)
        Inputs that hold the classes' downtimes.
    own : ndarray of int64, shape (PHASES, len(PHASE_INPUTS))
        Inputs that hold what each phase reads.
    runs : Runs
    """
    p, s = runs.parameters[row], runs.state[row]
    s[:] = 0.0
    p[DELTA], p[OMEGA] = x[_DELTA * LANES + lane], x[_OMEGA * LANES + lane]
    p[SPARES], p[REPAIR] = x[_SPARES * LANES + lane], x[_REPAIR * LANES + lane]
    p[RATIO], p[SETTLING] = x[_RATIO * LANES + lane], x[_SETTLING * LANES + lane]
    p[LIMIT], p[IDLE_SHARE] = x[_LIMIT * LANES + lane], x[_IDLE * LANES + lane]
    unplanned = 0.0
    for c in runs.active:
        p[RATES + c] = interruption_rate(x[_RATE_SLOTS[c] * LANES + lane], 1.0)
        p[DOWNTIMES + c] = x[downtimes[c] * LANES + lane]
        unplanned += p[RATES + c] if c != PLANNED else 0.0
    per_node, params = x[_PER_NODE * LANES + lane], x[_PARAMS * LANES + lane]
    layers, hidden = x[_LAYERS * LANES + lane], x[_HIDDEN * LANES + lane]
    effort = (1.0 + x[_OVERHEAD * LANES + lane]) * x[_STRAGGLER * LANES + lane]
    for phase in range(phases):
        tokens, devices = x[own[phase, 0] * LANES + lane], x[own[phase, 1] * LANES + lane]
        mfu, sequence = x[own[phase, 2] * LANES + lane], x[own[phase, 3] * LANES + lane]
        flop = x[_FLOP * LANES + lane]
        if modes[_WORK_MODE] == WORK_TRANSFORMER:
            flop = transformer_flop(params, tokens) + attention_flop(layers, hidden, sequence, tokens)
        work = productive_device_hours(flop, x[_PEAK * LANES + lane], mfu) * effort / devices
        if modes[_WORK_MODE] == WORK_DEVICE_HOURS:  # they hold every loss: the run ends with them, whatever it has done
            work = math.inf
            p[LIMIT] = x[_HOURS * LANES + lane] / devices
        nodes = np.ceil(devices / per_node)  # math.ceil makes an integer, and one of NaN
        rate = unplanned * nodes
        tau = x[_TAU * LANES + lane]
        if modes[_INTERVAL] != INTERVAL_FIXED:
            tau = young1974(rate, p[DELTA]) if modes[_INTERVAL] == INTERVAL_YOUNG1974 else tau
            tau = daly2006(rate, p[DELTA]) if modes[_INTERVAL] == INTERVAL_DALY2006 else tau
            tau = optimal_interval(rate, p[DELTA]) if modes[_INTERVAL] == INTERVAL_OPTIMAL else tau
        tau = p[OMEGA] if tau < p[OMEGA] else tau
        p[WORK + phase], p[DEVICES + phase], p[NODES + phase] = work, devices, nodes
        p[TAU + phase] = admissible_interval(tau, work if work < math.inf else p[LIMIT])
    unknown = (
        p[DELTA] + p[OMEGA] + p[RATIO] + p[SETTLING] + p[LIMIT] + p[IDLE_SHARE] + x[_SPARES * LANES + lane] + x[_REPAIR * LANES + lane]
    )
    for slot in _CLOCK_SLOTS:
        unknown += x[slot * LANES + lane]
    for c in runs.active:
        unknown += p[RATES + c] + p[DOWNTIMES + c]
    for phase in range(phases):
        unknown += p[WORK + phase] + p[DEVICES + phase] + p[NODES + phase] + p[TAU + phase]
    if math.isnan(unknown):  # comparisons would turn it into a history that looks like one
        s[:] = math.nan
        s[MODE], s[PHASE] = DONE, 0.0
        return
    for c in runs.active:
        _next_threshold(draw, c, runs.keys, s, runs.thresholds[row])
    _set_rates(s, p, runs.active)
    _go_up(0.0, s, p, runs.active)


@stage
def _refill(draw: int, used: int, c: int, key: np.uint64, ready: Floats) -> None:
    """Draw the next BATCH unit-exponential thresholds of a class."""
    for i in range(0, BATCH, 2):
        a, b = philox4x32(np.uint64(draw), np.uint64(used + i) >> np.uint64(1), key)
        ready[c, i] = -log((float(a >> np.uint64(11)) + 0.5) * 2.0**-53)
        ready[c, i + 1] = -log((float(b >> np.uint64(11)) + 0.5) * 2.0**-53)


@jittable
def _next_threshold(draw: int, c: int, keys: Words, s: Floats, ready: Floats) -> None:
    """Take the next threshold of a class."""
    used = int(s[DRAWN + c])
    if used % BATCH == 0:
        _refill(draw, used, c, keys[c], ready)
    s[LEFT + c] = ready[c, used % BATCH]
    s[DRAWN + c] += 1.0


@stage
def aged(exposure: float, hours: float, ratio: float, settling: float) -> float:
    """Return the hours of settled hazard in hours after an exposure, where early failures are ``ratio`` times as frequent."""
    return hours + (ratio - 1.0) * settling * (exp(-exposure / settling) - exp(-(exposure + hours) / settling))


@stage
def unaged(exposure: float, age: float, ratio: float, settling: float) -> float:
    """Return the hours after an exposure that hold ``age`` hours of settled hazard: Newton steps, monotone from below."""
    extra = (ratio - 1.0) * exp(-exposure / settling)
    hours = age / (1.0 + extra) if extra > 0.0 else age / (1.0 + extra * 0.5)
    for _ in range(60):
        decay = exp(-hours / settling)
        step = (age - hours - extra * settling * (1.0 - decay)) / (1.0 + extra * decay)
        hours += step
        if not abs(step) > 1e-13 * hours:
            break
    return hours


@jittable
def _set_rates(s: Floats, p: Floats, active: Integers) -> None:
    """Set the rate of each class to that of the nodes of the present phase."""
    nodes = p[NODES + int(s[PHASE])]
    for i in range(active.size):
        s[RATE + active[i]] = p[RATES + active[i]] * nodes


@jittable
def _first_interruption(s: Floats, p: Floats, active: Integers, planned: bool) -> tuple[float, float]:
    """Return the hours of exposure to the next interruption, and its class."""
    soonest, cause = math.inf, -1.0
    for i in range(active.size):
        c = active[i]
        if c == PLANNED and not planned:
            continue
        hours = s[LEFT + c] / s[RATE + c]  # infinite where nothing fails
        if _BREAKS[c] and p[RATIO] != 1.0 and hours < math.inf:
            hours = unaged(s[EXPOSURE], hours, p[RATIO], p[SETTLING])
        if hours < soonest or math.isnan(hours):
            soonest, cause = hours, float(c)
    return soonest, cause


@jittable
def _expose(
    hours: float, cause: float, planned: bool, draw: int, s: Floats, p: Floats, active: Integers, keys: Words, ready: Floats
) -> None:
    """Let the hazards of all classes grow by hours of exposure; the class that interrupted takes its next threshold."""
    for i in range(active.size):
        c = active[i]
        if c == PLANNED and not planned:
            continue
        if c == int(cause):
            _next_threshold(draw, c, keys, s, ready)
        else:
            grown = hours
            if _BREAKS[c] and p[RATIO] != 1.0:
                grown = aged(s[EXPOSURE], hours, p[RATIO], p[SETTLING])
            s[LEFT + c] = max(s[LEFT + c] - s[RATE + c] * grown, 0.0)
    s[EXPOSURE] += hours


@jittable
def _go_up(now: float, s: Floats, p: Floats, active: Integers) -> None:
    """Start or resume work, and see what ends it: the phase's last save or an interruption."""
    phase = int(s[PHASE])
    left, tau = p[WORK + phase] - s[SAVED], p[TAU + phase]
    saves = max(np.ceil(left / tau - _ALL_SAVED), 1.0)
    finish = left + saves * p[DELTA] + p[OMEGA] if left < math.inf else math.inf
    hours, cause = _first_interruption(s, p, active, True)
    s[MODE], s[SINCE], s[CLOCK] = UP, now, now
    s[CAUSE] = -1.0 if finish <= hours else cause
    s[NEXT] = now + (finish if finish <= hours else hours)


@jittable
def _work_done(hours: float, s: Floats, p: Floats) -> tuple[float, float]:
    """Return the work done in hours since the job went up, and how much of it is in saves that are written."""
    phase = int(s[PHASE])
    tau = p[TAU + phase]
    cycle = tau + p[DELTA]
    full = np.floor(hours / cycle)
    work = min(full * tau + min(hours - full * cycle, tau), p[WORK + phase] - s[SAVED])
    written = full if p[OMEGA] == 0.0 else max(np.floor((hours - p[OMEGA]) / cycle), 0.0)
    return work, written * tau


@jittable
def _stop_work(now: float, s: Floats, p: Floats, keep: bool) -> float:
    """Book the hours since the job went up; ``keep`` where nothing is lost. Returns the work lost."""
    hours = now - s[SINCE]
    work, written = _work_done(hours, s, p)
    kept = work if keep else min(written, work)
    s[SAVED] += kept
    s[PRODUCTIVE] += kept
    s[LOST] += work - kept
    s[SAVING] += hours - work
    s[UP_LOAD] += hours * p[DEVICES + int(s[PHASE])]
    return work - kept


@jittable
def _break_off(now: float, cause: int, lost: float, s: Floats, p: Floats, repairs: Floats, log: Floats) -> float:
    """Book an interruption; returns the wait for a spare node."""
    s[COUNTS + cause] += 1.0
    s[CAUSE], s[DOWNTIME], s[SINCE], s[CLOCK] = float(cause), p[DOWNTIMES + cause], now, now
    wait = 0.0
    if _BREAKS[cause] and p[SPARES] < math.inf:
        ring = int(p[SPARES])
        if ring == 0:
            wait = p[REPAIR]
        else:
            place = int(s[BROKEN]) % ring
            wait = max(repairs[place] - now, 0.0) if s[BROKEN] >= p[SPARES] else 0.0
            repairs[place] = now + p[REPAIR]
        s[BROKEN] += 1.0
    if int(s[EVENTS]) < log.shape[0]:
        entry = int(s[EVENTS])
        log[entry, 0], log[entry, 1], log[entry, 2] = now, float(cause), s[PHASE]
        log[entry, 3], log[entry, 4], log[entry, 5] = lost, wait, s[DOWNTIME]
    s[EVENTS] += 1.0
    return wait


@jittable
def _restart(now: float, s: Floats, p: Floats, active: Integers, immune: bool) -> None:
    """Begin the downtime that the last interruption asked for, and see whether another one cuts it short."""
    s[MODE], s[SINCE], s[CLOCK], s[NEXT] = DOWN, now, now, now + s[DOWNTIME]
    s[CAUSE] = -1.0
    if not immune:
        hours, cause = _first_interruption(s, p, active, False)
        if hours < s[DOWNTIME]:
            s[NEXT], s[CAUSE] = now + hours, cause


@jittable
def _book_idle(hours: float, s: Floats, p: Floats) -> None:
    s[WAITED if s[MODE] == WAIT else IDLE] += hours
    s[IDLE_LOAD] += hours * p[DEVICES + int(s[PHASE])]


@jittable
def add_load(load: Floats, column: int, low: float, high: float, amount: float) -> None:
    """Add a constant to the hourly bins that the stretch from low to high [h] overlaps, in proportion."""
    low, high = max(low, 0.0), min(high, float(load.shape[0]))
    hour = int(low)
    while low < high:
        end = min(float(hour + 1), high)
        load[hour, column] += amount * (end - low)
        low = end
        hour += 1


@stage
def advance(upto: float, shift: float, draw: int, row: int, phases: int, runs: Runs, load: Floats) -> None:
    """Play one run out to ``upto`` hours on the job's clock.

    Parameters
    ----------
    upto : float
        [h]
    shift : float
        Row of ``load`` in which the job's hour 0 lies [h].
    draw, row, phases : int
    runs : Runs
    load : ndarray, shape (hours, lanes)
        Devices under full load in each hour. Holds the devices of the run's phase on entry; what is
        idle is taken off. Of shape (0, 0) where no hours are kept.
    """
    p, s, ready, repairs = runs.parameters[row], runs.state[row], runs.thresholds[row], runs.repairs[row]
    keys, active, immune = runs.keys, runs.active, runs.immune
    log = runs.log if row == runs.logged else runs.log[:0]
    plain = p[RATIO] == 1.0 and p[SPARES] == math.inf and log.shape[0] == 0
    while s[MODE] != DONE:
        if plain:
            _repeat(upto, shift, draw, row, s, p, active, keys, ready, immune, load)
        now, phase = s[NEXT], int(s[PHASE])
        up, waiting = s[MODE] == UP, s[MODE] == WAIT
        if not up:
            add_load(load, row, s[CLOCK] + shift, min(now, upto) + shift, -(1.0 - p[IDLE_SHARE]) * p[DEVICES + phase])
            s[CLOCK] = max(s[CLOCK], min(now, upto))
        if not now <= upto:
            break
        cause, lost = int(s[CAUSE]), 0.0
        # a downtime that ends by itself is booked as stated: a difference of clocks would round, here and not in _repeat
        hours = s[DOWNTIME] if s[MODE] == DOWN and cause < 0 else now - s[SINCE]
        if up or not (immune or waiting):
            _expose(hours, cause, up, draw, s, p, active, keys, ready)
        if not up:
            _book_idle(hours, s, p)
        elif cause >= 0:
            lost = _stop_work(now, s, p, cause == PLANNED)
            if cause == PLANNED:
                save = p[DELTA] + p[OMEGA]
                s[SAVING] += save
                s[UP_LOAD] += save * p[DEVICES + phase]
                now += save
        else:
            add_load(load, row, now + shift, math.inf, _finish_phase(now, phases, s, p))
            if s[MODE] == DONE:
                break
            _set_rates(s, p, active)
        if cause >= 0 and not waiting:
            wait = _break_off(now, cause, lost, s, p, repairs, log)
            if wait > 0.0:
                s[MODE], s[NEXT] = WAIT, now + wait
                continue
        if cause >= 0:
            _restart(now, s, p, active, immune)
        else:
            _go_up(now, s, p, active)


@jittable
def _repeat(
    upto: float,
    shift: float,
    draw: int,
    row: int,
    s: Floats,
    p: Floats,
    active: Integers,
    keys: Words,
    ready: Floats,
    immune: bool,
    load: Floats,
) -> None:
    """Play the common sequence in one go, as long as it repeats: up, an unplanned interruption, its whole downtime, up again.

    What :func:`advance` would do in two steps, with the same sums: it stops before anything else, and before ``upto``.
    """
    phase = int(s[PHASE])
    devices, dark = p[DEVICES + phase], -(1.0 - p[IDLE_SHARE]) * p[DEVICES + phase]
    while s[MODE] == UP:
        cause, now = int(s[CAUSE]), s[NEXT]
        if cause < 0 or cause == PLANNED:
            return
        downtime = p[DOWNTIMES + cause]
        if not now + downtime <= upto:
            return
        hours = now - s[SINCE]
        used = int(s[DRAWN + cause])
        if used % BATCH == 0:
            _refill(draw, used, cause, keys[cause], ready)
        clash = False
        for i in range(active.size):
            c = active[i]
            left = max(s[LEFT + c] - s[RATE + c] * hours, 0.0)
            left = ready[c, used % BATCH] if c == cause else left
            if not immune and c != PLANNED:
                after = left - s[RATE + c] * downtime
                clash = clash or not after > 0.0
                left = after
            s[AFTER + c] = left
        if clash:
            return
        for i in range(active.size):
            c = active[i]
            s[LEFT + c] = s[AFTER + c]
        s[DRAWN + cause] += 1.0
        s[EXPOSURE] += hours
        s[EXPOSURE] += 0.0 if immune else downtime
        _stop_work(now, s, p, False)
        s[COUNTS + cause] += 1.0
        s[DOWNTIME] = downtime
        s[EVENTS] += 1.0
        s[IDLE] += downtime
        s[IDLE_LOAD] += downtime * devices
        add_load(load, row, now + shift, now + downtime + shift, dark)
        _go_up(now + downtime, s, p, active)


@stage
def _finish_phase(now: float, phases: int, s: Floats, p: Floats) -> float:
    """Book a phase that has ended with its last save; go on to the next, or end the run. Returns how many more devices are held."""
    phase = int(s[PHASE])
    hours, work = now - s[SINCE], p[WORK + phase] - s[SAVED]
    s[PRODUCTIVE] += work
    s[SAVING] += hours - work
    s[UP_LOAD] += hours * p[DEVICES + phase]
    _close_phase(now, s, p)
    s[SAVED] = 0.0
    if phase + 1 == phases:
        s[MODE], s[NEXT] = DONE, now
        gone: float = -p[DEVICES + phase]
        return gone
    s[PHASE] += 1.0
    more: float = p[DEVICES + phase + 1] - p[DEVICES + phase]
    return more


@jittable
def _close_phase(now: float, s: Floats, p: Floats) -> None:
    """Book the device-hours that a phase has held until now."""
    s[DEVICE_HOURS] += (now - s[PHASE_START]) * p[DEVICES + int(s[PHASE])]
    s[PHASE_START] = now


@stage
def cut_off(now: float, row: int, runs: Runs, keep: bool) -> None:
    """End a run that is not done: book what it was at; ``keep`` where its work counts all the same."""
    p, s = runs.parameters[row], runs.state[row]
    if s[MODE] == UP:
        _stop_work(now, s, p, keep)
    elif now < s[SINCE]:  # inside the save before a planned stop
        s[SAVING] -= s[SINCE] - now
        s[UP_LOAD] -= (s[SINCE] - now) * p[DEVICES + int(s[PHASE])]
    else:
        _book_idle(now - s[SINCE], s, p)
    _close_phase(now, s, p)
    s[MODE], s[NEXT] = DONE, now


@stage
def progress(now: float, row: int, phases: int, runs: Runs) -> float:
    """Return the share of the work that is done and would outlast an interruption now."""
    p, s = runs.parameters[row], runs.state[row]
    total = 0.0
    for phase in range(phases):
        total += p[WORK + phase]
    if total == math.inf:  # stated device-hours
        return now / float(p[LIMIT])
    kept = s[PRODUCTIVE]
    if s[MODE] == UP:
        work, written = _work_done(now - s[SINCE], s, p)
        kept += min(work, written)
    return float(kept / total)


@stage
def time_to_go(now: float, row: int, phases: int, runs: Runs) -> float:
    """Return the hours that the run still takes on the job's clock if nothing else fails."""
    p, s = runs.parameters[row], runs.state[row]
    hours = 0.0
    for phase in range(int(s[PHASE]), phases):
        left = p[WORK + phase] - (s[SAVED] if phase == int(s[PHASE]) else 0.0)
        hours += left + max(np.ceil(left / p[TAU + phase] - _ALL_SAVED), 1.0) * p[DELTA] + p[OMEGA]
    return float(hours - (now - s[SINCE]) if s[MODE] == UP else hours + s[NEXT] - now)
