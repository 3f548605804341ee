"""One workload, several ways to do it: first whether they agree, then what each costs.

A peer makes draws and returns named columns. It is compared with a reference, the kernel, within
Monte Carlo error; only peers that agree are timed. Rounds go through all of them, forwards and
backwards in turn, and a ratio is taken within each round, so that what else happens on the machine
meets all alike. Times are processor times, in which other jobs count least; wall-clock stands beside.

Each peer lives in a process of its own, as its users would have it: in one process with the others,
numpy's whole arrays were seen to take two thirds of their time, because larger arrays had been freed
before and the allocator kept the pages.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from multiprocessing.connection import Connection
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.agreement import Columns, disagreements
from simulator.bench.machine import peak_memory
from simulator.bench.repeats import clock, rounds

Draw = Callable[[int], Columns]


class NotMeasured(Exception):  # noqa: N818 - a reason, not an error
    """Why a peer cannot be measured here."""


@dataclass(frozen=True)
class Peer:
    """One way to do a workload.

    Attributes
    ----------
    name : str
    usage : str
        How the library is used, in a sentence.
    module : str
        Below ``benchmarks.peers``.
    options : mapping
        Of its ``prepare``, which compiles and returns what makes n draws; NotMeasured where it cannot.
    draws : int
        Of one repetition, which takes 0.05 to 1 s.
    library : str
        Distribution whose version is told; empty for C.
    reference : str or None
        Peer that it must agree with, or itself; None where it does other work than any.
    fewest : int
        Draws of a smoke run.
    """

    name: str
    usage: str
    module: str
    options: Mapping[str, object]
    draws: int
    library: str = ""
    reference: str | None = "kernel"
    fewest: int = 2048


@dataclass(frozen=True)
class Workload:
    """What is done, and the ways to do it; the first peer is the kernel.

    Attributes
    ----------
    name, title : str
    unit : str
        Of times: ns per this.
    units : int
        In one draw.
    peers : tuple of Peer
    """

    name: str
    title: str
    unit: str
    units: int
    peers: tuple[Peer, ...]


class Spread(NamedTuple):
    """Median, least and greatest over rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Measured:
    """Times in ns per unit of the workload, and their ratios to the kernel's in the same round."""

    name: str
    usage: str
    library: str
    draws: int
    agrees: bool
    processor: Spread
    wall_clock: Spread
    ratio: Spread
    ratio_of_wall_clocks: Spread
    peak_memory_mib: float


@dataclass(frozen=True)
class Result:
    """All of one workload."""

    name: str
    title: str
    unit: str
    rounds: int
    measured: list[Measured]
    not_measured: dict[str, str]


def serve(connection: Connection, peer: Peer) -> None:
    """Do what :class:`Worker` asks, in its process."""
    try:
        draw: Draw = import_module(f"benchmarks.peers.{peer.module}").prepare(**peer.options)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("benchmarks"):
            raise
        connection.send(f"{error.name} is not installed")
        return
    except NotMeasured as reason:
        connection.send(str(reason))
        return
    connection.send(None)
    while (asked := connection.recv()) is not None:
        n, units = asked
        if units:
            connection.send(clock(partial(draw, n), units))
        else:
            connection.send(({name: np.array(values) for name, values in draw(n).items()}, peak_memory()))


class Worker:
    """A peer in a process of its own; NotMeasured where it cannot be had."""

    def __init__(self, peer: Peer) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, peer), daemon=True)
        self._process.start()
        theirs.close()
        why = self._connection.recv()
        if why is not None:
            self._process.join()
            raise NotMeasured(why)

    def columns(self, n: int) -> tuple[Columns, float]:
        """Return n draws and the peak memory so far [MiB]."""
        self._connection.send((n, 0))
        found: tuple[Columns, float] = self._connection.recv()
        return found

    def time(self, n: int, units: int) -> tuple[float, float]:
        """Return processor and wall-clock time of n draws [ns per unit]."""
        self._connection.send((n, units))
        found: tuple[float, float] = self._connection.recv()
        return found

    def close(self) -> None:
        self._connection.send(None)
        self._process.join()


def agreeing(workload: Workload, sizes: Mapping[str, int]) -> tuple[dict[str, Worker], dict[str, float], dict[str, str]]:
    """Return what can be timed, its peak memory, and why the others cannot; SystemExit where one does not agree.

    ``sizes`` are the peers that are asked for and their draws.
    """
    ready: dict[str, Worker] = {}
    references: dict[str, Columns] = {}
    memory: dict[str, float] = {}
    why: dict[str, str] = {}
    for peer in workload.peers:
        if peer.name not in sizes:
            continue
        try:
            worker = Worker(peer)
        except NotMeasured as reason:
            why[peer.name] = str(reason)
            continue
        found, memory[peer.name] = worker.columns(sizes[peer.name])
        if peer.reference == peer.name:
            references[peer.name] = found
        elif peer.reference is not None:
            wrong = disagreements(references[peer.reference], found)
            if wrong:
                raise SystemExit(f"No time is told: {peer.name} does not compute what {peer.reference} does.\n" + "\n".join(wrong))
        ready[peer.name] = worker
    return ready, memory, why


def measure(workload: Workload, repeats: int, sizes: Mapping[str, int]) -> Result:
    """Compare and time the peers of one workload."""
    ready, memory, why = agreeing(workload, sizes)
    processor: dict[str, list[float]] = {name: [] for name in ready}
    wall: dict[str, list[float]] = {name: [] for name in ready}
    for name in rounds(ready, repeats):
        busy, elapsed = ready[name].time(sizes[name], sizes[name] * workload.units)
        processor[name].append(busy)
        wall[name].append(elapsed)
    for worker in ready.values():
        worker.close()
    first = workload.peers[0].name

    def ratio(times: Mapping[str, list[float]], name: str) -> Spread:
        return Spread.of([b / a for a, b in zip(times[first], times[name], strict=True)])

    measured = [
        Measured(
            peer.name,
            peer.usage,
            f"{peer.library} {version(peer.library)}" if peer.library else "",
            sizes[peer.name],
            peer.reference is not None,
            Spread.of(processor[peer.name]),
            Spread.of(wall[peer.name]),
            ratio(processor, peer.name),
            ratio(wall, peer.name),
            memory[peer.name],
        )
        for peer in workload.peers
        if peer.name in ready
    ]
    return Result(workload.name, workload.title, workload.unit, repeats, measured, why)
