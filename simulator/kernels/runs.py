"""Runs side by side: what each is made of, what it is at, and how it begins."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.jit import exact, exact_stage, stage
from simulator.kernels.lanes import LANES
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
from simulator.model.reliability import admissible_interval, daly2006, early_failure_factor, interruption_rate, optimal_interval, young1974
from simulator.model.workload import attention_flop, productive_device_hours, repeated_work, transformer_flop
from simulator.stochastic.elementary import exp, log
from simulator.stochastic.philox import philox4x32

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


BATCH = 8  # thresholds of one class that are drawn at a time
UP, DOWN, WAIT, DONE = 0.0, 1.0, 2.0, 3.0
_ALL_SAVED = 1e-9  # of an interval: work below it needs no save of its own

# fields of a run: what it is at,
(
    MODE, CLOCK, SINCE, NEXT, CAUSE, SAVED, PHASE, EXPOSURE, PHASE_START, DOWNTIME, BROKEN,
    PRODUCTIVE, SAVING, LOST, IDLE, WAITED, UP_LOAD, IDLE_LOAD, DEVICE_HOURS, EVENTS, HELD_LOAD, CUT,
    WORK, DEVICES, TAU,  # of the present phase
) = range(25)  # fmt: skip
COUNTS = 25  # interruptions by class
LEFT = COUNTS + len(CLASSES)  # hazard left to each class's next threshold
DRAWN = LEFT + len(CLASSES)  # thresholds used
RATE = DRAWN + len(CLASSES)  # interruptions per hour of the present phase's nodes
# what it is made of,
DELTA, OMEGA, SPARES, REPAIR, RATIO, SETTLING, LIMIT, IDLE_SHARE = range(RATE + len(CLASSES), RATE + len(CLASSES) + 8)
RATES = IDLE_SHARE + 1  # by class, per node [1/h]
DOWNTIMES = RATES + len(CLASSES)
WORK_OF = DOWNTIMES + len(CLASSES)  # by phase
DEVICES_OF, NODES_OF, TAU_OF = WORK_OF + PHASES, WORK_OF + 2 * PHASES, WORK_OF + 3 * PHASES
AFTER = TAU_OF + PHASES  # by class: hazard left after a downtime that is being weighed
FIELDS = AFTER + len(CLASSES)


class Runs(NamedTuple):
    """Runs side by side.

    Attributes
    ----------
    state : ndarray, shape (lanes, FIELDS)
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
_ROLLBACKS, _ROLLBACK_TIME = _slots(("rollback_rate", "rollback_time"))
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
BREAKS = np.array(BREAKS_NODE)
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
    s = runs.state[row]
    s[:] = 0.0
    s[DELTA], s[OMEGA] = x[_DELTA * LANES + lane], x[_OMEGA * LANES + lane]
    s[SPARES], s[REPAIR] = x[_SPARES * LANES + lane], x[_REPAIR * LANES + lane]
    s[RATIO], s[SETTLING] = x[_RATIO * LANES + lane], x[_SETTLING * LANES + lane]
    s[LIMIT], s[IDLE_SHARE] = x[_LIMIT * LANES + lane], x[_IDLE * LANES + lane]
    for c in runs.active:
        s[RATES + c] = interruption_rate(x[_RATE_SLOTS[c] * LANES + lane], 1.0)
        s[DOWNTIMES + c] = x[downtimes[c] * LANES + lane]
    per_node, params = x[_PER_NODE * LANES + lane], x[_PARAMS * LANES + lane]
    layers, hidden = x[_LAYERS * LANES + lane], x[_HIDDEN * LANES + lane]
    repeated = repeated_work(x[_ROLLBACKS * LANES + lane], x[_ROLLBACK_TIME * LANES + lane])
    effort = (1.0 + x[_OVERHEAD * LANES + lane] + repeated) * x[_STRAGGLER * LANES + lane]
    length = 0.0
    for phase in range(phases):
        tokens, devices = x[own[phase, 0] * LANES + lane], x[own[phase, 1] * LANES + lane]
        mfu, sequence = x[own[phase, 2] * LANES + lane], x[own[phase, 3] * LANES + lane]
        flop = x[_FLOP * LANES + lane]
        if modes[_WORK_MODE] == WORK_TRANSFORMER:
            flop = transformer_flop(params, tokens) + attention_flop(layers, hidden, sequence, tokens)
        work = productive_device_hours(flop, x[_PEAK * LANES + lane], mfu) * effort / devices
        if modes[_WORK_MODE] == WORK_DEVICE_HOURS:  # they hold every loss: the run ends with them, whatever it has done
            work = math.inf
            s[LIMIT] = x[_HOURS * LANES + lane] / devices
        s[WORK_OF + phase], s[DEVICES_OF + phase] = work, devices
        s[NODES_OF + phase] = np.ceil(devices / per_node)  # math.ceil makes an integer, and one of NaN
        length += work
    length = s[LIMIT] if length == math.inf else length
    unplanned = 0.0
    for c in runs.active:
        if c != PLANNED:
            unplanned += s[RATES + c] * (early_failure_factor(length, s[RATIO], s[SETTLING]) if BREAKS[c] else 1.0)
    for phase in range(phases):
        rate, tau, work = unplanned * s[NODES_OF + phase], x[_TAU * LANES + lane], s[WORK_OF + phase]
        if modes[_INTERVAL] != INTERVAL_FIXED:
            tau = young1974(rate, s[DELTA]) if modes[_INTERVAL] == INTERVAL_YOUNG1974 else tau
            tau = daly2006(rate, s[DELTA]) if modes[_INTERVAL] == INTERVAL_DALY2006 else tau
            tau = optimal_interval(rate, s[DELTA]) if modes[_INTERVAL] == INTERVAL_OPTIMAL else tau
        tau = s[OMEGA] if tau < s[OMEGA] else tau
        s[TAU_OF + phase] = admissible_interval(tau, work if work < math.inf else s[LIMIT])
    unknown = (
        s[DELTA] + s[OMEGA] + s[RATIO] + s[SETTLING] + s[LIMIT] + s[IDLE_SHARE] + x[_SPARES * LANES + lane] + x[_REPAIR * LANES + lane]
    )
    for slot in _CLOCK_SLOTS:
        unknown += x[slot * LANES + lane]
    for c in runs.active:
        unknown += s[RATES + c] + s[DOWNTIMES + c]
    for phase in range(phases):
        unknown += s[WORK_OF + phase] + s[DEVICES_OF + phase] + s[NODES_OF + phase] + s[TAU_OF + phase]
    if math.isnan(unknown):  # comparisons would turn it into a history that looks like one
        s[:] = math.nan
        s[MODE], s[PHASE] = DONE, 0.0
        return
    for c in runs.active:
        s[LEFT + c] = next_threshold(draw, c, runs.keys, s, runs.thresholds[row])
        s[DRAWN + c] += 1.0
    enter_phase(s, runs.active)
    go_up(0.0, s, runs.active)


@exact
def enter_phase(s: Floats, active: Integers) -> None:
    """Set what the present phase is made of."""
    phase = int(s[PHASE])
    s[WORK], s[DEVICES], s[TAU] = s[WORK_OF + phase], s[DEVICES_OF + phase], s[TAU_OF + phase]
    for i in range(active.size):
        s[RATE + active[i]] = s[RATES + active[i]] * s[NODES_OF + phase]


@exact_stage
def _refill(draw: int, used: int, c: int, key: np.uint64, ready: Floats) -> None:
    """Draw the next BATCH unit-exponential thresholds of a class."""
    for i in range(0, BATCH, 2):
        a, b = philox4x32(np.uint64(draw), np.uint64(used + i) >> np.uint64(1), key)
        ready[c, i] = (float(a >> np.uint64(11)) + 0.5) * 2.0**-53
        ready[c, i + 1] = (float(b >> np.uint64(11)) + 0.5) * 2.0**-53
    for i in range(BATCH):  # a loop of its own, which vectorizes
        ready[c, i] = -log(ready[c, i])


@exact
def next_threshold(draw: int, c: int, keys: Words, s: Floats, ready: Floats) -> float:
    """Return the first threshold of a class that is not used yet."""
    used = int(s[DRAWN + c])
    if used % BATCH == 0:
        _refill(draw, used, c, keys[c], ready)
    return float(ready[c, used % BATCH])


@exact_stage
def aged(exposure: float, hours: float, ratio: float, settling: float) -> float:
    """Return the hours of settled hazard in hours after an exposure, where early failures are ``ratio`` times as frequent."""
    return hours + (ratio - 1.0) * settling * (exp(-exposure / settling) - exp(-(exposure + hours) / settling))


@exact_stage
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


@exact
def first_interruption(s: Floats, active: Integers, planned: bool) -> tuple[float, float]:
    """Return the hours of exposure to the next interruption, and its class."""
    soonest, cause = math.inf, -1.0
    for i in range(active.size):
        c = active[i]
        if c == PLANNED and not planned:
            continue
        hours = s[LEFT + c] / s[RATE + c]  # infinite where nothing fails
        if BREAKS[c] and s[RATIO] != 1.0 and hours < math.inf:
            hours = unaged(s[EXPOSURE], hours, s[RATIO], s[SETTLING])
        if hours < soonest or math.isnan(hours):
            soonest, cause = hours, float(c)
    return soonest, cause


@exact
def hours_to_finish(left: float, tau: float, delta: float, omega: float) -> float:
    """Return the hours in which work is done and saved if nothing fails: none where all is saved, infinite where the work is."""
    saves = max(np.ceil(left / tau - _ALL_SAVED), 1.0)
    hours = left + saves * delta + omega if left < math.inf else math.inf
    return 0.0 if left <= _ALL_SAVED * tau else hours


@exact
def work_done(hours: float, left: float, tau: float, delta: float, omega: float) -> tuple[float, float]:
    """Return the work done in hours since the job went up, and how much of it is in saves that are written."""
    cycle = tau + delta
    full = np.floor(hours / cycle)
    work = min(full * tau + min(hours - full * cycle, tau), left)
    written = full if omega == 0.0 else max(np.floor((hours - omega) / cycle), 0.0)
    return work, min(written * tau, work)


@exact
def go_up(now: float, s: Floats, active: Integers) -> None:
    """Start or resume work, and see what ends it: the phase's last save or an interruption."""
    finish = hours_to_finish(s[WORK] - s[SAVED], s[TAU], s[DELTA], s[OMEGA])
    hours, cause = first_interruption(s, active, True)
    s[MODE], s[SINCE], s[CLOCK] = UP, now, now
    s[CAUSE] = -1.0 if finish <= hours else cause
    s[NEXT] = now + (finish if finish <= hours else hours)
