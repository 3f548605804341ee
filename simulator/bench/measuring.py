"""Everything that is measured, in one run of alternating rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from statistics import median
from typing import Any

from simulator.bench import ceilings, stages, workloads
from simulator.bench.machine import describe
from simulator.bench.memory import peak_of
from simulator.bench.operations import Needed, needed
from simulator.bench.repeats import CLOCK, metric, repeated
from simulator.bench.result import FORMAT, VERSION
from simulator.bench.workloads import DRAWS, NAMES, Workload
from simulator.errors import InputError
from simulator.plan import SamplingPlan, available_threads
from simulator.threads import launching, using_threads

REPEATS = 9
_MOST_REPEATS, _MOST_DRAWS = 1000, 2**26
_WHOLE = "threads: "  # and their number: a workload as a whole, in the names of what is timed

Times = Mapping[str, Sequence[float]]


def measure(
    *,
    draws: int = DRAWS,
    repeats: int = REPEATS,
    threads: int | None = None,
    only: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure the kernels on this machine.

    The whole kernels, their stages alone and the ceilings of the machine are timed in one run, in rounds that go forwards and
    backwards through all of them; a ratio is taken within a round. Stages and ceilings are those of one thread, by processor time; what
    several threads reach is wall-clock time. A stage that is timed alone, on memory in the nearest cache, may take more or less than
    inside its kernel: what is left of the whole is ``other``, which may be a little negative.

    Parameters
    ----------
    draws : int
        Of the static workload, 1 to 2**26; of the path workload one for ``workloads.PATH_SHARE``. Each thread plays as many.
    repeats : int
        Rounds, 1 to 1000; from five on there are intervals.
    threads : int, optional
        Most threads: 1, 2, 4 and so on are measured, and this number. All that numba has where left out.
    only : {"static", "path"}, optional
        One workload alone.
    progress : callable, optional
        Called with how much of all is done; first with 0, before anything is compiled.

    Returns
    -------
    dict
        What JSON can hold. A metric is a dict of ``unit``, ``median``, ``interval`` (the repetitions that enclose the median with a
        probability of ``level``; None of fewer than five), ``level``, ``repetitions``.

        ``format``, ``version`` : str, int
        ``machine`` : dict
            cpu, cores, vector_bits, system, python and versions of packages.
        ``clock`` : str
            Processor time, or wall-clock time where that ticks too seldom; of all but threads.
        ``draws``, ``repeats`` : int
        ``ceilings`` : dict of metrics
            ``generator`` [ns per uniform], ``arithmetic`` [GFLOP/s], ``bandwidth`` [GB/s], of one thread.
        ``workloads`` : dict
            ``static``, ``path``: ``work`` (version of what is done), ``title``, ``draws``, ``inputs`` and ``hours`` of a draw, 0 of the
            static one; the metrics ``per_draw`` [ns], ``per_input`` [ns], ``per_hour`` [ns per hour and draw, None of the static
            one]; ``stages`` (metrics, ns per draw, without ``other``), ``shares`` (medians over that of ``per_draw``; they sum to
            one); ``needed`` (uniforms, operations, bytes of a draw, see ``bench.operations``); ``of_ceiling`` (metric: the time
            that the generator-only and the arithmetic-only loop take for what is needed, over the time taken), ``threads`` (list
            of ``threads``, ``rate`` [draws/s], ``efficiency`` against one thread), ``peak_memory`` [MiB] of a process that plays
            so many draws and nothing else, None where the system does not tell.

    Raises
    ------
    InputError
        Where an argument is not admissible.

    Notes
    -----
    The first call compiles what is not cached: the kernels in minutes, the loops of the benchmark in one. Other threads of the process
    that launch kernels wait until all is measured.
    """
    names = _checked(draws, repeats, threads, only)
    counts = thread_counts(threads or available_threads())
    if progress is not None:
        progress(0, 1)
    with using_threads(max(counts)), launching(), using_threads(1):
        chosen = {name: workloads.prepare(name, draws, max(counts)) for name in names}
        of_stages = {name: stages.loops(workload) for name, workload in chosen.items()}
        works = {("ceiling", name): work for name, work in ceilings.loops().items()}
        for name, workload in chosen.items():
            works |= {(name, f"{_WHOLE}{count}"): partial(workload.run, count) for count in counts}
            works |= {(name, stage): work for stage, work in of_stages[name].works.items()}
        for work in works.values():
            work()
        times = repeated(works, repeats, progress)
    roofs = {name: [time for time, _ in times["ceiling", name]] for name in ceilings.SIZES}
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": describe(),
        "clock": CLOCK,
        "draws": draws,
        "repeats": repeats,
        "ceilings": _ceilings(roofs),
        "workloads": {
            name: _of_workload(workload, of_stages[name], {key: v for (of, key), v in times.items() if of == name}, roofs, counts)
            | {"peak_memory": peak_of(name, draws)}
            for name, workload in chosen.items()
        },
    }


def thread_counts(most: int) -> list[int]:
    """Return the powers of two up to a number of threads, and that number.

    Examples
    --------
    >>> thread_counts(6)
    [1, 2, 4, 6]
    """
    return sorted({*(1 << k for k in range(most.bit_length())), most})


def _checked(draws: int, repeats: int, threads: int | None, only: str | None) -> tuple[str, ...]:
    """Return the workloads that are asked for, if all that is asked for can be."""
    SamplingPlan(draws=draws, threads=threads)
    if draws > _MOST_DRAWS:
        raise InputError(f"draws = {draws} are more than {_MOST_DRAWS}, of which each takes as long. State --draws {DRAWS}, say")
    if isinstance(repeats, bool) or not isinstance(repeats, int) or not 1 <= repeats <= _MOST_REPEATS:
        raise InputError(f"repeats = {repeats!r} is not a whole number from 1 to {_MOST_REPEATS}")
    if only is not None and only not in NAMES:
        raise InputError(f"'{only}' is no workload of the benchmark; workloads are {' and '.join(NAMES)}")
    return NAMES if only is None else (only,)


def _ceilings(roofs: Times) -> dict[str, Any]:
    """Return the ceilings as metrics, from the times of their loops [ns]."""
    size = {name: count for name, (count, _) in ceilings.SIZES.items()}
    return {
        "generator": metric([time / size["generator"] for time in roofs["generator"]], "ns per uniform"),
        "arithmetic": metric([size["arithmetic"] / time for time in roofs["arithmetic"]], "GFLOP/s"),
        "bandwidth": metric([size["bandwidth"] / time for time in roofs["bandwidth"]], "GB/s"),
    }


def _of_workload(
    workload: Workload, loops: stages.Loops, times: Mapping[str, Sequence[tuple[float, float]]], roofs: Times, counts: Sequence[int]
) -> dict[str, Any]:
    """Return what the times of a workload and its stages, processor and wall-clock [ns], say."""
    draws, inputs, work = workload.draws, len(workload.arguments.drawn), needed(workload)
    whole = [time / draws for time, _ in times[f"{_WHOLE}1"]]
    of_stages = {
        name: metric([time / draws for time in found], "ns per draw")
        for name, found in loops.stages({name: [time for time, _ in times[name]] for name in loops.works}).items()
    }
    shares = {name: found["median"] / median(whole) for name, found in of_stages.items()}
    return {
        "work": workloads.VERSION,
        "title": workload.title,
        "draws": draws,
        "inputs": inputs,
        "hours": workload.hours,
        "per_draw": metric(whole, "ns per draw"),
        "per_input": metric([time / inputs for time in whole], "ns per input and draw"),
        "per_hour": metric([time / workload.hours for time in whole], "ns per hour and draw") if workload.hours else None,
        "stages": of_stages,
        "shares": shares | {"other": 1.0 - sum(shares.values())},
        "needed": asdict(work),
        "of_ceiling": metric(_of_ceiling(work, whole, roofs), "1"),
        "threads": [_of_threads(count, draws, times) for count in counts],
    }


def _of_ceiling(work: Needed, whole: Sequence[float], roofs: Times) -> list[float]:
    """Return in each round the time that the ceilings of that round allow for, over the time taken."""
    generator, arithmetic = ceilings.SIZES["generator"][0], ceilings.SIZES["arithmetic"][0]
    rounds = zip(whole, roofs["generator"], roofs["arithmetic"], strict=True)
    return [work.ceiling(uniforms / generator, arithmetic / operations) / took for took, uniforms, operations in rounds]


def _of_threads(count: int, draws: int, times: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """Return the rate of so many threads, and its efficiency against one in the same round: each plays as many draws."""
    alone, together = ([wall for _, wall in times[f"{_WHOLE}{n}"]] for n in (1, count))
    return {
        "threads": count,
        "rate": metric([1e9 * count * draws / wall for wall in together], "draws/s"),
        "efficiency": metric([one / all_ for one, all_ in zip(alone, together, strict=True)], "1"),
    }
