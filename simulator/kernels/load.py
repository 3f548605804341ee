"""How many devices each run keeps at full power, hour by hour of a block, and what their electricity costs and emits.

Most runs hold the same devices for days: what holds for whole spans is kept by span, and only what begins or ends inside one by
the hour. Where no run's load changes inside a span, its hours need not be told apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.jit import exact, stage, wide_vectors
from simulator.kernels.factors import SPAN, SPANS
from simulator.kernels.hourly import Weather
from simulator.kernels.lanes import WIDTH, Floats


class Load(NamedTuple):
    """Devices at full power; those of an hour are the sum of both.

    Attributes
    ----------
    spans : ndarray, shape (SPANS, WIDTH)
        In all hours of a span.
    hours : ndarray, shape (HOURS, WIDTH)
        Beside these in one hour.
    touched : ndarray of bool, shape (SPANS,)
        Spans that have hours of their own. Of no rows, like the rest, where no hours are kept.
    """

    spans: Floats
    hours: Floats
    touched: NDArray[np.bool_]


@stage
def fill_load(devices: Floats, load: Load) -> None:
    """Begin a block with so many devices of each lane, shape (WIDTH,), in all of its hours."""
    wide_vectors()
    for span in range(SPANS):
        held = load.spans[span]
        for i in range(WIDTH):
            held[i] = devices[i]
        if load.touched[span]:
            load.hours[span * SPAN : (span + 1) * SPAN] = 0.0
            load.touched[span] = False


@exact
def add_load(load: Load, lane: int, low: float, high: float, amount: float) -> None:
    """Add a constant to the hours that the stretch from low to high [h] overlaps, in proportion."""
    low, high = max(low, 0.0), min(high, float(load.hours.shape[0]))
    hour = int(low)
    while low < high:
        end = min(float(hour + 1), high)
        load.hours[hour, lane] += amount * (end - low)
        load.touched[hour // SPAN] = True
        low = end
        hour += 1


@exact
def add_load_from(load: Load, lane: int, low: float, amount: float, over: bool) -> None:
    """Add a constant to all hours from low [h] on; where the run is over, whole spans are left with none."""
    first = int(np.ceil(max(low, 0.0) / SPAN))  # span
    add_load(load, lane, low, float(first * SPAN), amount)
    for span in range(first, load.spans.shape[0]):
        load.spans[span, lane] = 0.0 if over else load.spans[span, lane] + amount


@stage
def weigh(span: int, apart: bool, load: Load, w: Weather, sums: Floats) -> None:
    """Add load times price and intensity of a span to ``sums``, shape (2 or more, WIDTH).

    A lane's sums are the same numbers whether the hours are told apart or not: those that it has no load of its own in add zero.
    """
    wide_vectors()
    totals, held = w.totals, load.spans[span]
    if apart:
        totals[:] = 0.0
        for j in range(SPAN):
            price, carbon = w.price[j * WIDTH :], w.carbon[j * WIDTH :]
            for i in range(WIDTH):
                totals[i] += price[i]
                totals[WIDTH + i] += carbon[i]
    priced, carboned = sums[0], sums[1]
    for i in range(WIDTH):
        priced[i] += held[i] * totals[i]
        carboned[i] += held[i] * totals[WIDTH + i]
    if load.touched[span]:
        for j in range(SPAN):
            own, price, carbon = load.hours[span * SPAN + j], w.price[j * WIDTH :], w.carbon[j * WIDTH :]
            for i in range(WIDTH):
                priced[i] += own[i] * price[i]
                carboned[i] += own[i] * carbon[i]
