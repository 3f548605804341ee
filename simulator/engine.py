"""From a scenario and a plan to draws: compile the inputs, run the kernel, label the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.kernels.static import GUIDE, INPUTS, OUTPUTS, run_static
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.results import label
from simulator.scenario import Resolved, Scenario, resolve
from simulator.stochastic.sobol import INDEX_BITS, scrambled_directions
from simulator.stochastic.streams import stream_key
from simulator.stochastic.tabulate import Kind, QuantileTable

_BATCH = 1 << 18  # draws between two signs of life

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MODES = (
    ("work", ("transformer", "flop", "device_hours")),
    ("interval", ("fixed", "young1974", "daly2006")),
    ("basis", ("rent", "own")),
    ("depreciation", ("cottier2024", "straight_line")),
)


@dataclass(frozen=True)
class KernelArguments:
    """A scenario as the kernel reads it: a struct of arrays.

    Attributes
    ----------
    constants : ndarray, shape (len(INPUTS),)
        Certain inputs; NaN for those that are drawn or not read.
    modes : ndarray of int64, shape (4,)
    slots : ndarray of int64, shape (r,)
        Input that each latent score becomes; -1 for correlated names that are certain.
    keys : ndarray of uint64, shape (r,)
    replicates : ndarray of int64, shape (r,)
        0 for random draws.
    directions : ndarray of uint64, shape (r, replicates, bits + 1)
    correlated : ndarray of int64, shape (k,)
        Rows of the correlated names, in canonical order.
    factor : ndarray, shape (k, k)
        Lower-triangular factor of the latent correlation.
    kinds : ndarray of int64, shape (r, 3)
        Kind, link, rounding of each table.
    shapes : ndarray, shape (r, 4)
        origin, width, lower, upper of each table.
    cell_offsets : ndarray of int64, shape (r + 1,)
        Table i owns cells cell_offsets[i] to cell_offsets[i + 1].
    breaks : ndarray, shape (cells + r,)
    coefficients : ndarray, shape (cells, 6)
    guides : ndarray of int64, shape (r, GUIDE + 1)
    scales : ndarray, shape (r,)
        Guide cells per unit of score.
    """

    constants: Floats
    modes: Integers
    slots: Integers
    keys: NDArray[np.uint64]
    replicates: Integers
    directions: NDArray[np.uint64]
    correlated: Integers
    factor: Floats
    kinds: Integers
    shapes: Floats
    cell_offsets: Integers
    breaks: Floats
    coefficients: Floats
    guides: Integers
    scales: Floats

    def run(self, low: int, high: int, inputs: Floats, outputs: Floats, *, first: int, block_size: int) -> None:
        """Compute draws ``low`` to ``high`` - 1 into columns of ``inputs`` and ``outputs`` that start at draw ``first``."""
        named: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        run_static(low, high, block_size, first, inputs=inputs, outputs=outputs, **named)


def _guide(breaks: Floats) -> tuple[Integers, float]:
    """Return the index of cells on an even grid between the inner breaks, and its cells per unit of score."""
    inner, last = breaks[1:-1], breaks.size - 2
    span = float(inner[-1] - inner[0]) if inner.size else 0.0
    if not span > 0:
        return np.array([0, *[last] * GUIDE], dtype=np.int64), 0.0
    edges = inner[0] + span * np.arange(GUIDE + 1) / GUIDE
    cells = np.clip(np.searchsorted(breaks, edges, side="left") - 1, 0, last)
    cells[0], cells[-1] = 0, last
    return cells.astype(np.int64), GUIDE / span


def compile_arguments(resolved: Resolved, plan: SamplingPlan) -> tuple[KernelArguments, list[str]]:
    """Return the kernel's arguments and the names of the drawn inputs in the order of its rows."""
    constants = np.full(len(INPUTS), np.nan)
    rows: dict[str, tuple[int, QuantileTable | None]] = {}
    streams = {}
    for name, item in resolved.inputs.items():
        slot = INPUTS.index(name)
        stream = streams[name] = item.value.quantity
        if item.value.table is not None:
            rows[stream] = (slot, item.value.table)
        else:
            constants[slot] = item.value.constant
    correlated = [streams.get(name, name) for name in resolved.correlations.names]
    for name in correlated:
        rows.setdefault(name, (-1, None))  # a correlated name keeps its score where it is certain

    sobol = plan.plan == "sobol"
    replicates = plan.scramblings if sobol else 1
    directions = np.zeros((len(rows), replicates, INDEX_BITS + 1), dtype=np.uint64)
    kinds, shapes = np.zeros((len(rows), 3), dtype=np.int64), np.zeros((len(rows), 4))
    guides, scales = np.zeros((len(rows), GUIDE + 1), dtype=np.int64), np.zeros(len(rows))
    breaks: list[Floats] = []
    coefficients: list[Floats] = []
    for row, (name, (_, table)) in enumerate(rows.items()):
        dimension = QUANTITIES[name].dimension
        if sobol and dimension is not None:
            directions[row] = scrambled_directions(dimension, seed=plan.seed, replicates=replicates, name=name)
        if table is None:
            breaks.append(np.zeros(2))
            coefficients.append(np.zeros((1, 6)))
            continue
        kinds[row] = table.kind, table.link, table.rounded
        shapes[row] = table.origin, table.width, table.lower, table.upper
        # every table owns one more break than rows; only searched ones have as many
        ends = [table.breaks[0], *[table.breaks[-1]] * len(table.coefficients)] if table.kind is Kind.POLYNOMIAL else np.zeros(2)
        breaks.append(table.breaks if table.breaks.size == len(table.coefficients) + 1 else np.asarray(ends, dtype=np.float64))
        coefficients.append(table.coefficients)
        if table.kind in (Kind.CELLS, Kind.STEPS):
            guides[row], scales[row] = _guide(table.breaks)
    arguments = KernelArguments(
        constants=constants,
        modes=np.array([names.index(getattr(resolved, mode)) for mode, names in _MODES], dtype=np.int64),
        slots=np.array([slot for slot, _ in rows.values()], dtype=np.int64),
        keys=np.array([stream_key(seed=plan.seed, purpose="draw", name=name) for name in rows], dtype=np.uint64),
        replicates=np.array([replicates if sobol and QUANTITIES[name].dimension is not None else 0 for name in rows], dtype=np.int64),
        directions=directions,
        correlated=np.array([list(rows).index(name) for name in correlated], dtype=np.int64),
        factor=np.ascontiguousarray(resolved.correlations.factor, dtype=np.float64),
        kinds=kinds,
        shapes=shapes,
        cell_offsets=np.cumsum([0, *[len(c) for c in coefficients]], dtype=np.int64),
        breaks=np.concatenate(breaks) if breaks else np.zeros(0),
        coefficients=np.concatenate(coefficients) if coefficients else np.zeros((0, 6)),
        guides=guides,
        scales=scales,
    )
    return arguments, [name for name, (slot, _) in rows.items() if slot >= 0]


def simulate(
    scenario: Scenario,
    plan: SamplingPlan | None = None,
    *,
    start: int = 0,
    stop: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Draw futures of a training run.

    Parameters
    ----------
    scenario : Scenario
        See :func:`simulator.load_scenario`.
    plan : SamplingPlan, optional
        100 000 random draws from seed 0 where left out.
    start, stop : int, optional
        Compute draws ``start`` to ``stop`` - 1 of the plan only, bitwise as in the whole.
    progress : callable, optional
        Called with the number of draws done.

    Returns
    -------
    xarray.Dataset
        Dimensions ``draw``, ``cost_component``, ``emission_component``; inputs beside outputs, with
        units; attributes hold the scenario, the plan, versions and the sources of every default.

    Raises
    ------
    ConfigError
        Where the scenario lacks an input.
    InputError
        Where ``start`` and ``stop`` do not lie in the plan.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> ds = simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=1000, seed=0))
    >>> bool((ds.device_hours == ds.wall_clock * ds.accelerators).all())
    True
    """
    plan = plan or SamplingPlan()
    stop = plan.draws if stop is None else stop
    if not 0 <= start < stop <= plan.draws:
        raise InputError(f"draws {start} to {stop} do not lie in the plan's 0 to {plan.draws}")
    resolved = resolve(scenario)
    arguments, drawn = compile_arguments(resolved, plan)
    count = stop - start
    inputs, outputs = np.empty((len(drawn), count)), np.empty((len(OUTPUTS), count))
    before = numba.get_num_threads()
    numba.set_num_threads(plan.threads or before)
    try:
        for low in range(start, stop, _BATCH):
            high = min(low + _BATCH, stop)
            arguments.run(low, high, inputs, outputs, first=start, block_size=plan.block_size)
            if progress is not None:
                progress(high - start)
    finally:
        numba.set_num_threads(before)
    return label(resolved, plan, np.arange(start, stop), dict(zip(drawn, inputs, strict=True)), dict(zip(OUTPUTS, outputs, strict=True)))
