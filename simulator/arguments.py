"""A scenario and a plan as the kernels read them: tables of the inputs, codes of the choices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.kernels import history, static
from simulator.kernels.history import run_history
from simulator.kernels.inputs import RESET, SCALE, SCALE_WHERE, InputTables
from simulator.kernels.largest import largest_drawn
from simulator.kernels.ledger.book import OUTCOMES, Book
from simulator.kernels.ledger.settle import settle
from simulator.kernels.play import FAN, TRACE, Play, Records
from simulator.kernels.quantiles import GUIDE, POWERS
from simulator.kernels.runs import LOGGED
from simulator.kernels.slots import CLASSES, INPUTS, MODES, PHASE_INPUTS, PHASES
from simulator.kernels.static import run_static
from simulator.kernels.zone_tables import HourlyTables, hourly_tables, no_tables
from simulator.ledger import ledger_outputs, open_book
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.scenario import Resolved
from simulator.scenario.parts import OFF
from simulator.stochastic.octaves import SIDE, TERMS, octave_cells
from simulator.stochastic.sobol import INDEX_BITS, scrambled_directions
from simulator.stochastic.streams import stream_key
from simulator.stochastic.tabulate import Kind, QuantileTable
from simulator.stochastic.zone import HourlyLaw, seasonal_design, stationary_quantile

#: streams that no input has: the thresholds of failures, hourly prices and intensities, the later price of accelerators
PROCESSES = ("interruptions", "weather", "accelerator_prices")

_HIGHEST_SCORE = 8.3  # beyond every normal score that is drawn
_HOURS_PER_YEAR = 8766
_SEASONS = 40 * _HOURS_PER_YEAR  # of a run that have their own season; 100 MB while they are worked out

#: what an input is where a scenario leaves a feature out
_OFF = {
    "exchange_rate": 1.0, "layers": 0.0, "hidden_size": 0.0, "sequence_length": 0.0, "checkpoint_write_time": 0.0,
    "spare_nodes": math.inf, "repair_time": 0.0, "early_failure_ratio": 1.0, "early_failure_time": 1.0, "straggler_slowdown": 1.0,
    "max_wall_clock": math.inf, "start_time": 0.0, "history_place": 0.0, "price_threshold": math.inf,
    "carbon_threshold": math.inf, "minimum_run_time": 0.0, "minimum_pause_time": 0.0, "pause_time": 0.0, "deadline": math.inf,
}  # fmt: skip

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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


@dataclass(frozen=True)
class KernelArguments:
    """A scenario as the kernels read it.

    Attributes
    ----------
    tables : InputTables
    play : Play
        Of which the static kernel reads the modes only. Its ``spares`` are -1 where each draw has its own: see :meth:`playing`.
    hourly : HourlyTables
        Read where price or carbon intensity is hourly.
    book : Book
        What the ledger reads.
    outputs : tuple of str
        What the run's kernel returns, then what the ledger does, in the order of the rows.
    drawn : tuple of str
        Inputs that differ between draws, by place in the model, in the order of the rows that the run's kernel stores.
    spares : InputTables or None
        The spare nodes alone, with the scores that they depend on, where they are drawn.
    """

    tables: InputTables
    play: Play
    hourly: HourlyTables
    book: Book
    outputs: tuple[str, ...]
    drawn: tuple[str, ...]
    spares: InputTables | None = None

    def playing(self, low: int, high: int) -> Play:
        """Return ``play`` with room for the spare nodes of draws ``low`` to ``high`` - 1.

        Room that is not used changes no result, and a law has no largest value that would not be absurd: the quantile
        beyond every score of ``1 to 200`` is four million.
        """
        if self.spares is None:
            return self.play
        most = largest_drawn(self.spares, INPUTS.index("spare_nodes"), low, high)
        # one to spare: two kernels may round a value between two whole numbers differently
        return self.play._replace(spares=int(max(most, 0.0)) + 1)

    @property
    def in_expectation(self) -> bool:
        """Whether the run is one in expectations, without a history."""
        return self.run_outputs == static.OUTPUTS

    @property
    def run_outputs(self) -> tuple[str, ...]:
        """What the run's kernel returns."""
        return history.OUTPUTS if self.outputs[: len(history.OUTPUTS)] == history.OUTPUTS else static.OUTPUTS

    def run(
        self, low: int, high: int, inputs: Floats, outputs: Floats, *, first: int, block_size: int, records: Records | None = None
    ) -> None:
        """Compute draws ``low`` to ``high`` - 1 into columns of ``inputs`` and ``outputs`` that start at draw ``first``.

        Runs are settled block by block, while what they leave is still in the processor's cache.
        """
        of_run, of_ledger = outputs[: len(self.run_outputs)], outputs[len(self.run_outputs) :]
        place = self.run_outputs.index(OUTCOMES[0])
        outcomes = of_run[place : place + len(OUTCOMES)]
        play, records = self.play if self.in_expectation else self.playing(low, high), records or no_records()
        blocks = numba.get_num_threads() * block_size
        for start in range(low, high, blocks):
            stop = min(start + blocks, high)
            if self.in_expectation:
                run_static(start, stop, block_size, first, play.modes, self.tables, inputs, of_run)
            else:
                run_history(start, stop, block_size, first, play, self.hourly, self.tables, records, inputs, of_run)
            self.settle(start, stop, inputs, outcomes, of_ledger, first=first, block_size=block_size)

    def settle(self, low: int, high: int, inputs: Floats, run: Floats, out: Floats, *, first: int, block_size: int) -> None:
        """Make money, carbon and water of runs: draws ``low`` to ``high`` - 1, in columns that start at draw ``first``."""
        settle(low, high, block_size, first, self.book, inputs, run, out)


def no_records() -> Records:
    """Return records that keep nothing beside the outcomes."""
    return Records(np.empty((0, 0, len(FAN))), 1, np.empty((0, len(TRACE))), np.empty((0, LOGGED)), -1)


def streams_of(resolved: Resolved) -> tuple[str, ...]:
    """Return the names of all streams that a scenario draws from: its inputs' that are not certain, and PROCESSES."""
    drawn = [item.stream for item in resolved.inputs.values() if item.value.table is not None]
    return (*dict.fromkeys([*drawn, *resolved.correlations.names]), *PROCESSES)


def compile_arguments(resolved: Resolved, plan: SamplingPlan, seeds: Mapping[str, int] | None = None) -> KernelArguments:
    """Return a scenario and a plan as the kernels read them.

    Parameters
    ----------
    resolved : Resolved
    plan : SamplingPlan
    seeds : mapping of str to int, optional
        Seeds of single streams, in place of the plan's; see :func:`streams_of`.

    Raises
    ------
    InputError
        For a seed of a stream that the scenario does not draw from.
    """
    seeds = seeds or {}
    if strangers := sorted(set(seeds) - set(streams_of(resolved))):
        raise InputError(f"seeds: {', '.join(strangers)} is no stream of this scenario, which draws from {', '.join(streams_of(resolved))}")
    slots = {name: slot for slot, name in enumerate((*INPUTS, *(place for place in resolved.inputs if place not in INPUTS)))}
    constants = np.full(len(slots), np.nan)
    for name, value in {**_OFF, **OFF}.items():
        constants[slots[name]] = value
    if any(name.startswith("failure_rate_") for name in resolved.inputs):
        constants[INPUTS.index("failure_rate")] = 0.0
    rows: dict[str, tuple[int, QuantileTable | None]] = {}
    streams = {}
    for name, item in resolved.inputs.items():
        slot = slots[name]
        streams[name] = item.stream
        if item.value.table is not None:
            rows[item.stream] = (slot, item.value.table)
        else:
            constants[slot] = item.value.constant
    correlated = [streams.get(name, name) for name in resolved.correlations.names]
    for name in correlated:
        rows.setdefault(name, (-1, None))  # a correlated name keeps its score where it is certain
    factor = np.ascontiguousarray(resolved.correlations.factor, dtype=np.float64)
    changes, bounds, changed = _changes(resolved, slots, constants)
    stored = list(dict.fromkeys([*(slot for slot, _ in rows.values() if slot >= 0), *changed]))
    tables = _input_tables(constants, rows, correlated, factor, plan, seeds)
    tables = tables._replace(changes=changes, bounds=bounds, stored=np.array(stored, dtype=np.int64))
    outputs = static.OUTPUTS if resolved.choices.method == "expected_value" else history.OUTPUTS
    names = list(slots)
    drawn = tuple(names[slot] for slot in stored)
    book = open_book(resolved, constants, slots, drawn, seeds.get("accelerator_prices", plan.seed))
    spares = None
    if "spare_nodes" in drawn:
        others = correlated if "spare_nodes" in correlated else []
        alone = {name: row if name == "spare_nodes" else (-1, None) for name, row in rows.items() if name in ("spare_nodes", *others)}
        spares = _input_tables(constants, alone, others, factor[: len(others), : len(others)], plan, seeds)
    play, hourly = _play(resolved, constants, seeds.get("interruptions", plan.seed)), _hourly(resolved, seeds.get("weather", plan.seed))
    return KernelArguments(tables, play, hourly, book, (*outputs, *ledger_outputs(resolved)), drawn, spares)


def _changes(resolved: Resolved, slots: dict[str, int], constants: Floats) -> tuple[Integers, Floats, list[int]]:
    """Return what events and levers do to inputs, the domains of these, and their slots."""
    rows: list[tuple[int, int, int, int, int]] = []
    bounds: list[tuple[float, float]] = []
    changed: list[int] = []
    for change in resolved.changes:
        domain = QUANTITIES[change.target.partition("[")[0]].domain
        low = math.nextafter(domain.lower, math.inf) if domain.lower_open else domain.lower
        high = math.nextafter(domain.upper, -math.inf) if domain.upper_open else domain.upper
        for place, item in resolved.inputs.items():
            if change.target not in (place, item.value.quantity):
                continue
            slot, factor = slots[place], slots[change.factor]
            if slot not in changed and math.isfinite(constants[slot]):
                rows.append((RESET, slot, 0, 0, 0))
                bounds.append((low, high))
            changed.append(slot)
            luck, chance = (slots.get(f"event_{name}[risk {change.event}]", 0) for name in ("luck", "probability"))
            rows.append((SCALE if change.event < 0 else SCALE_WHERE, slot, factor, luck, chance))
            bounds.append((low, high))
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 5)
    return table, np.array(bounds).reshape(len(rows), 2), list(dict.fromkeys(changed))


def _rows(table: QuantileTable) -> Floats:
    """Return a table's coefficients in rows of POWERS: of one polynomial all powers in a line, else a row for each cell."""
    if table.kind is Kind.POLYNOMIAL:
        return table.coefficients.reshape(-1, POWERS)
    return np.pad(table.coefficients, ((0, 0), (0, POWERS - table.coefficients.shape[1])))


def _octaves(rows: dict[str, tuple[int, QuantileTable | None]], correlated: list[str], factor: Floats) -> tuple[Integers, Floats]:
    """Return the tables that take uniforms to values, and which of them is each stream's; -1 for none.

    None of a name that others precede in a correlation, since its score mixes theirs. One that depends on no other has the
    same values with and without those that depend on it.
    """
    mixed = {name for j, name in enumerate(correlated) if factor[j, :j].any()}
    found = [None if table is None or name in mixed else octave_cells(table) for name, (_, table) in rows.items()]
    there = np.array([cells is not None for cells in found], dtype=bool)
    # numpy aligns by 16 bytes: from one line of the cache on, no cell lies in two
    room = np.empty((np.count_nonzero(there) * 2 * SIDE + 1) * TERMS)
    cells = room[-room.ctypes.data // room.itemsize % TERMS :][: room.size - TERMS].reshape(-1, 2 * SIDE, TERMS)
    for place, own in enumerate(own for own in found if own is not None):
        cells[place] = own
    return np.where(there, np.cumsum(there) - 1, -1), cells


def _input_tables(
    constants: Floats,
    rows: dict[str, tuple[int, QuantileTable | None]],
    correlated: list[str],
    factor: Floats,
    plan: SamplingPlan,
    seeds: Mapping[str, int],
) -> InputTables:
    """Return the tables of the drawn inputs, one row for each stream."""
    sobol = plan.plan == "sobol"
    replicates = plan.scramblings if sobol else 1
    # open-ended names (phases) have no dimension of their own, and draw independently
    dimensions = [QUANTITIES[name].dimension if name in QUANTITIES else None for name in rows]
    directions = np.zeros((len(rows), INDEX_BITS + 1, replicates), dtype=np.uint64)
    kinds, shapes = np.zeros((len(rows), 3), dtype=np.int64), np.zeros((len(rows), 4))
    guides, scales = np.zeros((len(rows), GUIDE + 1), dtype=np.int64), np.zeros(len(rows))
    breaks: list[Floats] = []
    coefficients: list[Floats] = []
    for row, (name, (_, table)) in enumerate(rows.items()):
        dimension = dimensions[row]
        if sobol and dimension is not None:
            directions[row] = scrambled_directions(dimension, seed=seeds.get(name, plan.seed), replicates=replicates, name=name).T
        if table is None:
            breaks.append(np.zeros(2))
            coefficients.append(np.zeros((1, POWERS)))
            continue
        kinds[row] = table.kind, table.link, table.rounded
        shapes[row] = table.origin, table.width, table.lower, table.upper
        own = _rows(table)
        # every table owns one more break than rows; only searched ones have as many
        ends = [table.breaks[0], *[table.breaks[-1]] * len(own)] if table.kind is Kind.POLYNOMIAL else np.zeros(2)
        breaks.append(table.breaks if table.breaks.size == len(own) + 1 else np.asarray(ends, dtype=np.float64))
        coefficients.append(own)
        if table.kind in (Kind.CELLS, Kind.STEPS):
            guides[row], scales[row] = _guide(table.breaks)
    octave_rows, octaves = _octaves(rows, correlated, factor)
    return InputTables(
        constants=constants,
        slots=np.array([slot for slot, _ in rows.values()], dtype=np.int64),
        keys=np.array([stream_key(seed=seeds.get(name, plan.seed), purpose="draw", name=name) for name in rows], dtype=np.uint64),
        replicates=np.array([replicates if sobol and dimension is not None else 0 for dimension in dimensions], dtype=np.int64),
        directions=directions,
        correlated=np.array([list(rows).index(name) for name in correlated], dtype=np.int64),
        factor=factor,
        kinds=kinds,
        shapes=shapes,
        cell_offsets=np.cumsum([0, *[len(c) for c in coefficients]], dtype=np.int64),
        breaks=np.concatenate(breaks) if breaks else np.zeros(0),
        coefficients=np.concatenate(coefficients) if coefficients else np.zeros((0, POWERS)),
        guides=guides,
        scales=scales,
        octave_rows=octave_rows,
        octaves=octaves,
        changes=np.empty((0, 5), dtype=np.int64),
        bounds=np.empty((0, 2)),
        stored=np.array([slot for slot, _ in rows.values() if slot >= 0], dtype=np.int64),
    )


def _extremes(resolved: Resolved, name: str) -> tuple[float, float]:
    """Return the least and the largest value that an input can take, or that it has where it is off."""
    if name not in resolved.inputs:
        return _OFF[name], _OFF[name]
    value = resolved.inputs[name].value
    if value.law is None:
        return float(value.constant or 0.0), float(value.constant or 0.0)
    low, high = value.law.quantile(np.array([-_HIGHEST_SCORE, _HIGHEST_SCORE]))
    return float(low), float(high)


def _play(resolved: Resolved, constants: Floats, seed: int) -> Play:
    """Return what a scenario asks of the history kernel; sets the thresholds that are stated as quantiles."""
    choices, past = resolved.choices, resolved.past
    rates = ["failure_rate", *(f"failure_rate_{name}" for name in CLASSES[1:])]
    least, spares = _extremes(resolved, "spare_nodes")
    # the shift of a scenario that was not checked is that of dates which the history holds
    first = past.first + (past.shift(*_extremes(resolved, "start_time")) or 0) if past is not None and choices.dated else -1
    policy = resolved.scenario.pausing
    for name, share in (("price", policy.price_quantile), ("carbon", policy.carbon_quantile)) if policy else ():
        if share is not None:
            constants[INPUTS.index(f"{name}_threshold")] = _threshold(resolved, name, share)
    return Play(
        modes=np.array([names.index(getattr(choices, mode)) for mode, names in MODES.items()], dtype=np.int64),
        phases=max(len(resolved.phases), 1),
        downtimes=_places(resolved, [("downtime", "downtime"), *((f"downtime_{name}", "downtime") for name in CLASSES[1:])]),
        own=np.stack([_places(resolved, [(f"{name}[{phase}]", name) for name in PHASE_INPUTS]) for phase in range(PHASES)]),
        active=np.array([i for i, name in enumerate(rates) if name in resolved.inputs], dtype=np.int64),
        spares=-1 if least < spares else int(spares) if math.isfinite(spares) else 0,
        keys=np.array([stream_key(seed=seed, purpose="interruption", name=name) for name in CLASSES], dtype=np.uint64),
        pausing=choices.pausing,
        relative=np.array(
            [
                policy is not None and share is not None
                for share in ((policy.price_quantile, policy.carbon_quantile) if policy else (None, None))
            ]
        ),
        past_price=past.price if past is not None and past.price is not None else np.zeros(1),
        past_carbon=past.carbon if past is not None and past.carbon is not None else np.zeros(1),
        past_first=first,
    )


def _places(resolved: Resolved, names: list[tuple[str, str]]) -> Integers:
    """Return the slot of each input that is read, else of the one that stands in for it."""
    return np.array([INPUTS.index(own if own in resolved.inputs else general) for own, general in names], dtype=np.int64)


def _hourly(resolved: Resolved, seed: int) -> HourlyTables:
    """Return the tables of the zone, if any, for every hour that a run may fall into."""
    if resolved.zone is None:
        return no_tables()
    earliest, latest = _extremes(resolved, "start_time")
    # the last quantile of a wide law may be millennia; the kernel holds the season of the table's end beyond it
    hours = int(latest - earliest + min(_longest(resolved), _SEASONS)) + 2
    return hourly_tables(resolved.zone.zone, first=int(earliest), hours=hours, seed=seed)


def _longest(resolved: Resolved) -> float:
    """Return the longest time that a run can take [h]."""
    if "device_hours" not in resolved.inputs:
        return _extremes(resolved, "max_wall_clock")[1]
    return _extremes(resolved, "device_hours")[1] / _extremes(resolved, "accelerators")[0]


def _threshold(resolved: Resolved, name: str, share: float) -> float:
    """Return the price or intensity that a share of the hours of the zone or history stays below, before the year's shift."""
    past, zone = resolved.past, resolved.zone
    if getattr(resolved.choices, name) == "history" and past is not None:
        return float(np.quantile(getattr(past, name), share))
    if zone is None:
        return math.inf
    law: HourlyLaw = getattr(zone.zone, name)
    year = int(_extremes(resolved, "start_time")[0]) + np.arange(_HOURS_PER_YEAR)
    season = seasonal_design(year, zone.zone.timezone) @ np.asarray(law.seasonal)
    return 1e-3 * stationary_quantile(law, season, share)
