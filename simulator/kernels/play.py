"""What a scenario asks of the history kernel, what is kept beside the outcomes, and the runs' places on the calendar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.lanes import Floats, Integers
from simulator.kernels.ledger.book import OUTCOMES
from simulator.kernels.load import Load
from simulator.kernels.slots import INPUTS, MODES

#: what is known of a run at a time of the fans' grid: what the ledger reads, and how far it is
FAN = (*OUTCOMES, "progress")
#: what is known of each hour of the run that is explained
TRACE = ("price", "carbon", "load", "paused", "resting")


def places(*names: str) -> tuple[int, ...]:
    """Return the slots of inputs."""
    return tuple(INPUTS.index(name) for name in names)


TDP, FRACTION, SERVER, PRICE, CARBON = places("tdp", "power_fraction", "server_power_ratio", "electricity_price", "carbon_intensity")
START, PLACE, PRICE_SHIFT, CARBON_SHIFT, EXCHANGE = places(
    "start_time", "history_place", "price_year_shift", "carbon_year_shift", "exchange_rate"
)
PRICE_LIMIT, CARBON_LIMIT, RUN, PAUSE, RESUME, DEADLINE = places(
    "price_threshold", "carbon_threshold", "minimum_run_time", "minimum_pause_time", "pause_time", "deadline"
)
RESTART, PRICE_MODE, CARBON_MODE, WORK_MODE = (list(MODES).index(name) for name in ("restart", "price", "carbon", "work"))


class Play(NamedTuple):
    """What a scenario asks of the history kernel, inputs apart.

    Attributes
    ----------
    modes : ndarray of int64, shape (len(MODES),)
    phases : int
    downtimes, own : ndarray of int64
        Inputs that hold the classes' downtimes, and what each phase reads; see ``runs.begin``.
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
    sums : ndarray, shape (2, WIDTH)
        Load times price, load times carbon intensity.
    so_far : ndarray, shape (3, WIDTH)
        The same and the load itself, hour by hour, of a run that is stepped through.
    resting : ndarray of bool, shape (WIDTH,)
    load : Load
        Of the block.
    devices : ndarray, shape (WIDTH,)
        Held at the block's start.
    """

    calendar: Integers
    hours: Floats
    sums: Floats
    so_far: Floats
    resting: NDArray[np.bool_]
    load: Load
    devices: Floats


ELAPSED, PAUSED, SPELL, PAUSES, RESUMING = range(5)
