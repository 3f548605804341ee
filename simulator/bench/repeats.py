"""Repeated measurements: two clocks, rounds in alternating order, the median and how sure it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

from simulator.analysis.order_statistics import draws_needed, interval_ranks

_CONFIDENCE = 0.9  # that the interval of order statistics holds the median
_FINE = 1e-4  # s; clocks that tick more seldom cannot time a loop
_counts_processor = time.get_clock_info("process_time").resolution < _FINE
#: what the first of two times is: where the processor time ticks seldom (Windows), it is the wall-clock too
CLOCK = "processor time" if _counts_processor else "wall-clock time"
_processor_ns = time.process_time_ns if _counts_processor else time.perf_counter_ns
#: fewer repetitions have no interval, and nothing is claimed of them
FEWEST = draws_needed(0.5, confidence=_CONFIDENCE)

Name = TypeVar("Name")


def clock(work: Callable[[], object], units: int = 1) -> tuple[float, float]:
    """Return processor time, in which other jobs count least, and wall-clock time [ns per unit]."""
    processor, wall = _processor_ns(), time.perf_counter_ns()
    work()
    return (_processor_ns() - processor) / units, (time.perf_counter_ns() - wall) / units


def rounds(names: Collection[Name], repeats: int) -> Iterator[Name]:
    """Go through names again and again, forwards and backwards in turn, so that what else happens on the machine meets all alike.

    Examples
    --------
    >>> list(rounds("ab", 2))
    ['a', 'b', 'b', 'a']
    """
    for repeat in range(repeats):
        yield from list(names) if repeat % 2 == 0 else reversed(list(names))


def repeated(
    works: Mapping[Name, Callable[[], object]], repeats: int, progress: Callable[[int, int], None] | None = None
) -> dict[Name, list[tuple[float, float]]]:
    """Return processor and wall-clock time [ns] of each repetition; ``progress`` is called with works done and works in all."""
    times: dict[Name, list[tuple[float, float]]] = {name: [] for name in works}
    for done, name in enumerate(rounds(works, repeats), start=1):
        times[name].append(clock(works[name]))
        if progress is not None:
            progress(done, repeats * len(works))
    return times


def metric(repetitions: Sequence[float], unit: str) -> dict[str, Any]:
    """Return a median with the order statistics that enclose it.

    Parameters
    ----------
    repetitions : sequence of float
    unit : str

    Returns
    -------
    dict
        ``unit``, ``median``, ``interval`` (two repetitions, or None of fewer than FEWEST), ``level`` (the probability, 0.9 or more,
        that repetitions which are independent and alike enclose the median so), ``repetitions``.

    Examples
    --------
    >>> metric([3.0, 1.0, 2.0, 5.0, 4.0], "ns")["interval"]
    [1.0, 5.0]
    """
    values = sorted(repetitions)
    ranks = interval_ranks(len(values), 0.5, confidence=_CONFIDENCE)
    return {
        "unit": unit,
        "median": median(values),
        "interval": None if ranks is None else [values[ranks.lower - 1], values[ranks.upper - 1]],
        "level": None if ranks is None else ranks.level,
        "repetitions": list(repetitions),
    }
