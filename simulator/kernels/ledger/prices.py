"""The price of accelerators from now on: a drift, and jumps both ways at the times of a Poisson process."""

from __future__ import annotations

import math

import numpy as np

from simulator.jit import jittable, stage
from simulator.kernels.lanes import WIDTH, Floats
from simulator.kernels.ledger.book import DELAY, WALL, Pages, places
from simulator.model.rental_market import drifted
from simulator.stochastic.elementary import exp, log
from simulator.stochastic.normal import normal_score, signed_uniform
from simulator.stochastic.philox import philox4x32

_HOURS_PER_YEAR = 8766.0
_MOST_JUMPS = 10_000.0  # one a day for 27 years; a path that has more is not followed to its end, and not known there
_DRIFT, _RATE, _SIZE, _BEFORE = places("price_drift", "price_jump_rate", "price_jump_size", "preparation_time")


@jittable
def jump(draw: int, number: int, key: np.uint64) -> tuple[float, float]:
    """Return the unit-exponential gap before a jump, and its normal score."""
    a, b = philox4x32(np.uint64(draw), np.uint64(number), key)
    return -log((float(a >> np.uint64(11)) + 0.5) * 2.0**-53), normal_score(signed_uniform(b))


@jittable
def set_out(draw: int, lane: int, key: np.uint64, rate: float, path: Floats) -> None:
    """Stand at the present, before the first jump."""
    gap, z = jump(draw, 0, key)
    path[0, lane], path[1, lane], path[2, lane], path[3, lane] = 0.0, 0.0, gap / rate, z


@jittable
def pass_jump(draw: int, lane: int, key: np.uint64, rate: float, path: Floats) -> None:
    """Pass the next jump."""
    number = int(path[0, lane]) + 1
    gap, z = jump(draw, number, key)
    path[0, lane], path[1, lane], path[2, lane] = float(number), path[1, lane] + path[3, lane], path[2, lane] + gap / rate
    path[3, lane] = z


@jittable
def level_at(time: float, draw: int, lane: int, key: np.uint64, drift: float, rate: float, size: float, path: Floats) -> float:
    """Return the price at a time [yr from now] divided by today's; times are asked for in ascending order."""
    while path[2, lane] <= time and path[0, lane] < _MOST_JUMPS:
        pass_jump(draw, lane, key, rate, path)
    unknown = math.nan if path[2, lane] <= time else 0.0 * rate
    return exp(drift * time + size * path[1, lane]) + unknown


@jittable
def mean_level(
    begin: float, end: float, draw: int, lane: int, key: np.uint64, drift: float, rate: float, size: float, path: Floats
) -> float:
    """Return the mean over a time [yr from now], which begins where the path stands, of the price divided by today's."""
    past, total = begin, 0.0
    while path[2, lane] < end and path[0, lane] < _MOST_JUMPS:
        at = path[2, lane]
        total += exp(size * path[1, lane]) * drifted(drift, past, at)
        past = at
        pass_jump(draw, lane, key, rate, path)
    total += exp(size * path[1, lane]) * drifted(drift, past, end)
    unknown = math.nan if path[2, lane] < end else 0.0 * rate
    return total / (end - begin) + unknown


@stage
def follow_prices(draw: int, count: int, key: np.uint64, jumping: bool, pages: Pages) -> None:
    """Write the price levels of a group: at the start of the run, and on average over it."""
    x, level, run, aside, path = pages.x, pages.level, pages.run, pages.aside, pages.path
    if not jumping:
        level[:] = 1.0
        return
    for i in range(count):
        start = (x[_BEFORE + i] + aside[DELAY * WIDTH + i]) / _HOURS_PER_YEAR
        end = start + run[WALL * WIDTH + i] / _HOURS_PER_YEAR
        drift, rate, size = x[_DRIFT + i], x[_RATE + i], x[_SIZE + i]
        set_out(draw + i, i, key, rate, path)
        level[i] = level_at(start, draw + i, i, key, drift, rate, size, path)
        level[WIDTH + i] = mean_level(start, end, draw + i, i, key, drift, rate, size, path)
