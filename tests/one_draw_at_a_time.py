"""The one-lane copy of the kernels in plain Python: a dialect for ``simulator.cuda.one_lane``, and draws made with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from simulator.arguments import KernelArguments
from simulator.cuda.one_lane import one_lane
from simulator.kernels.inputs import input_workspace
from simulator.kernels.ledger.book import ASIDE, OUTPUTS
from simulator.kernels.static import OUTPUTS as RUN_OUTPUTS

F = TypeVar("F", bound=Callable[..., Any])

numpy = np


def stage(function: F) -> F:
    return function


jittable = exact = exact_stage = allocating = kernel = stage


def wide_vectors() -> None:
    pass


def bits(x: float) -> np.int64:
    return np.float64(x).view(np.int64)


def float_of(i: np.int64) -> np.float64:
    return np.int64(i).view(np.float64)


def in_memory(*values: float) -> Callable[[int], float]:
    return values.__getitem__


def play(arguments: KernelArguments, draws: range) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return drawn inputs and outputs, as ``engine.run_kernel`` does."""
    copy = one_lane(sys.modules[__name__])("simulator.cuda.draw")
    tables, book = arguments.tables, arguments.book
    run = np.empty(len(RUN_OUTPUTS))
    rows = len(OUTPUTS) + len(book.people) + len(book.events)
    pages = copy.Pages(
        np.empty(tables.constants.size), run[copy.FIRST_OUTCOME :], np.empty(2), np.empty((4, 1)), np.empty(len(ASIDE)), np.empty(rows)
    )
    work = copy.InputWorkspace(
        np.empty((tables.correlated.size, 1)),
        np.empty(1),
        np.empty(1),
        np.empty(1, np.int64),
        input_workspace.py_func(tables).place,
        np.empty(1, np.uint64),
    )
    inputs = np.empty((len(arguments.drawn), len(draws)))
    kept = np.empty((len(RUN_OUTPUTS) + book.kept.size, len(draws)))
    with np.errstate(all="ignore"):
        copy.begin(tables, pages)
        for column, draw in enumerate(draws):
            copy.play_draw(draw, column, arguments.play.modes, tables, book, work, run, pages, inputs, kept)
    outputs = np.zeros((len(arguments.outputs), len(draws)))
    outputs[[*range(len(RUN_OUTPUTS)), *(len(RUN_OUTPUTS) + book.kept)]] = kept
    return dict(zip(arguments.drawn, inputs, strict=True)), dict(zip(arguments.outputs, outputs, strict=True))
