"""Accounting of SLURM: how often jobs were interrupted, and how long until they ran again."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import stats

from simulator.errors import InputError, short
from simulator.importing.cells import column_of, find_column, is_blank
from simulator.importing.fixed_width import CUT, read_fixed_width
from simulator.importing.imported import Imported, Panel, Prior
from simulator.importing.means import Mean, caution_of, fitted, plain, written
from simulator.importing.moments import ELAPSED_TIMES, elapsed_hours, read_moments, told_moment
from simulator.importing.options import Options
from simulator.importing.power import thinned
from simulator.series.table import RowProblem, Table, read_table, refuse

#: ends that training did not choose; slurm.schedmd.com/job_state_codes.html
_UNPLANNED = ("NODE_FAIL", "BOOT_FAIL", "FAILED", "OUT_OF_MEMORY", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "LAUNCH_FAILED")
_SPOT, _PLANNED = ("PREEMPTED",), ("TIMEOUT", "DEADLINE")
_BY_HAND = ("COMPLETED", "CANCELLED", "REVOKED", "STOPPED")
_GOING_ON = ("RUNNING", "COMPLETING", "SUSPENDED", "RESIZING", "CONFIGURING", "SIGNALING", "STAGE_OUT")
_NEVER = ("PENDING", "RESV_DEL_HOLD", "SPECIAL_EXIT")
_KNOWN = (*_UNPLANNED, *_SPOT, *_PLANNED, *_BY_HAND, *_GOING_ON, *_NEVER)
_SHORTEST = 10.0 / 60.0  # a start that failed sooner never came to train: it is part of the downtime before it
_LONGEST_GAP = 7 * 24.0  # a longer one is a break that somebody took
_GAPS = 3  # from which on their mean has an error that is worth telling
_GPUS = re.compile(r"gres/gpu(:[^=,]+)?=(\d+)")
_COMPONENT = re.compile(r"(\d+)\+\d+")
_HOW = (
    "Export with sacct --duplicates --parsable2 --format=JobID,JobName,State,Start,End,Elapsed,NNodes,AllocTRES,Restarts, and name the "
    "period with -S and -E"
)


@dataclass(frozen=True)
class _Record:
    """One allocation of a job.

    Attributes
    ----------
    job, name, state : str
    start, end : float
        [s]; the end of one that goes on is when it was asked.
    hours : float
        Elapsed.
    nodes : int
    devices : float
        Accelerators, NaN where not told.
    """

    job: str
    name: str
    state: str
    start: float
    end: float
    hours: float
    nodes: int
    devices: float


def import_sacct(paths: Sequence[Path], options: Options) -> Imported:
    """Read accounting of jobs.

    Unplanned interruptions are allocations that ended by a failure of node, boot, program or memory, or were requeued. They are a Poisson
    count over the node-days of all allocations, so that with Jeffreys' prior the rate is gamma distributed, of shape count + 1/2.
    A downtime is the time from such an end to the next start of a job of the same name that lasts.

    Parameters
    ----------
    paths : sequence of Path
        As ``sacct --parsable2`` or ``--parsable`` prints, with header, or in columns under a line of dashes; ``--duplicates`` shows what
        was requeued. Steps (``123.batch``) are left out; the components of a heterogeneous job (``123+0``) are one allocation.
    options : Options
        ``where`` chooses jobs (``JobName=pretrain``); ``shortest`` is the least time of a start that counts (10 min), ``longest_gap`` the
        longest downtime (7 days); ``accelerators_per_node`` where AllocTRES does not tell.

    References
    ----------
    sacct(1), https://slurm.schedmd.com/sacct.html; Gelman et al. (2013), Bayesian Data Analysis, section 2.8 (Jeffreys' prior of a rate).
    """
    notes: list[str] = []
    records = [record for path in paths for record in _read(path, options, notes)]
    records = _whole(sorted(dict.fromkeys(records), key=lambda record: record.start))
    sources = tuple(path.name for path in paths)
    shortest = _SHORTEST if options.shortest is None else options.shortest
    brief = [r for r in records if r.hours < shortest and r.state not in _GOING_ON]
    lasting = [r for r in records if r not in set(brief)]
    if brief:
        notes.append(
            f"{len(brief)} allocations of less than {60 * shortest:g} min count as part of the downtime before them, not as training"
        )
    if not lasting:
        raise InputError(f"{', '.join(sources)}: no allocation lasted {60 * shortest:g} min or more; say which do count with --shortest")
    states = Counter(r.state for r in lasting)
    notes.append("ends: " + ", ".join(f"{count} {state}" for state, count in states.most_common()))
    for group, name in ((_SPOT, "failure_rate_spot"), (_PLANNED, "failure_rate_planned")):
        if count := sum(states[state] for state in group):
            notes.append(
                f"{count} {' and '.join(s for s in group if states[s])} are no failures; as a class of its own they would be {name}"
            )
    result = Imported(
        "sacct",
        sources,
        left_out={
            "failure_rate by class": "states do not tell accelerator from host, network or software",
            "energy, mfu": "accounting tells neither what accelerators draw nor what they do",
        },
        notes=tuple(notes),
    )
    result = _rate(result, lasting)
    result = _downtime(result, lasting, options)
    return _totals(result, records, lasting, options)


def _read(path: Path, options: Options, notes: list[str]) -> list[_Record]:
    table = read_fixed_width(path) or read_table(path, delimiter="|")
    if len(table.header) == 1:
        raise InputError(f"{table.source} has one column, '{table.header[0][:60]}'. {_HOW}")
    table = table.where(options.where)
    problems: list[RowProblem] = []
    jobs = table.column(column_of(table, ("jobid", "jobidraw"), "job", _HOW))
    steps = ["." in job for job in jobs]
    if any(steps):
        notes.append(f"{table.source}: {sum(steps)} rows of job steps were left out")
        table = table.keep(not step for step in steps)
    if not table.rows:
        raise InputError(f"{table.source} has job steps only; export the jobs, without -n and with the primary entries. {_HOW}")
    column = {name: table.column(column_of(table, aliases, name, _HOW)) for name, aliases in _COLUMNS.items()}
    start_column, end_column = (column_of(table, (name,), name, _HOW) for name in ("start", "end"))
    starts, ends = (_moments(table, index, options, problems) for index in (start_column, end_column))
    tres = find_column(table, ("alloctres", "reqtres"))
    records, never = [], 0
    for row, line in enumerate(table.lines):
        state = _state(column["state"][row])
        if state not in _KNOWN:
            shown = ", ".join(_KNOWN[:4])
            problems.append(
                RowProblem(
                    line,
                    f"'{column['state'][row]}' in column 'State' is not a state of a job",
                    f"States are {shown} and others of sacct(1)",
                )
            )
            continue
        if state in _NEVER or math.isnan(starts[row]):
            never += 1
            continue
        hours = _elapsed(table, row, column["elapsed"][row], problems)
        nodes = _count(table, row, column["nodes"][row], problems)
        end = starts[row] + 3600.0 * hours if math.isnan(ends[row]) else ends[row]
        if not math.isnan(hours) and end < starts[row]:
            problems.append(
                RowProblem(
                    line,
                    f"it ends at '{table.column(end_column)[row]}', before its start",
                    "Correct the row, or state the clock with --timezone",
                )
            )
        devices = _devices(table.column(tres)[row] if tres is not None else "", nodes, options)
        records.append(_Record(column["job"][row], column["name"][row], state, float(starts[row]), float(end), hours, nodes, devices))
    if problems:
        refuse(table.source, problems)
    if never:
        notes.append(f"{table.source}: {never} jobs that never started were left out")
    return records


def _state(cell: str) -> str:
    """Return the state that a cell tells: ``CANCELLED by 1001``, or in a narrow column ``CANCELLED+``."""
    state = cell.split(maxsplit=1)[0].upper() if cell else ""
    fitting = [name for name in _KNOWN if state.endswith(CUT) and name.startswith(state[: -len(CUT)])]
    return fitting[0] if len(fitting) == 1 else state


def _whole(records: Sequence[_Record]) -> list[_Record]:
    """Return the records with the components of each heterogeneous job (``123+0``, ``123+1``) as one."""
    jobs: dict[tuple[str, float] | int, list[_Record]] = {}
    for place, record in enumerate(records):
        component = _COMPONENT.fullmatch(record.job)
        jobs.setdefault((component[1], record.start) if component else place, []).append(record)
    return [
        replace(
            max(parts, key=lambda part: part.state in _UNPLANNED),
            nodes=sum(part.nodes for part in parts),
            devices=sum(part.devices for part in parts),
        )
        for parts in jobs.values()
    ]


_COLUMNS = {
    "job": ("jobid", "jobidraw"),
    "name": ("jobname",),
    "state": ("state",),
    "elapsed": ("elapsed", "elapsedraw"),
    "nodes": ("nnodes", "allocnodes"),
}


def _moments(table: Table, index: int, options: Options, problems: list[RowProblem]) -> np.ndarray:
    """Return times, NaN where sacct writes Unknown or None."""
    blanked = [[*row[:index], "" if is_blank(row[index].strip()) else row[index], *row[index + 1 :]] for row in table.rows]
    return read_moments(replace(table, rows=blanked), index, timezone=options.timezone, problems=problems)


def _elapsed(table: Table, row: int, cell: str, problems: list[RowProblem]) -> float:
    try:
        return float(cell) / 3600.0 if cell.isdecimal() else elapsed_hours(cell)
    except ValueError:
        problems.append(RowProblem(table.lines[row], f"'{cell}' in column 'Elapsed' is not an elapsed time", ELAPSED_TIMES))
        return math.nan


_LONGEST_COUNT = 7  # figures; no machine has a million nodes


def _count(table: Table, row: int, cell: str, problems: list[RowProblem]) -> int:
    if cell.isascii() and cell.isdecimal() and int(cell[:_LONGEST_COUNT]) > 0 and len(cell) < _LONGEST_COUNT:
        return int(cell)
    problems.append(
        RowProblem(
            table.lines[row],
            f"'{short(cell)}' in the column of nodes is not a number of nodes",
            "It is a whole number above 0 and below a million, not shortened (1024, not 1K)",
        )
    )
    return 1


def _devices(tres: str, nodes: int, options: Options) -> float:
    if options.accelerators_per_node is not None:
        return nodes * options.accelerators_per_node
    found = [(kind, int(count)) for kind, count in _GPUS.findall(tres)] if not tres.endswith(CUT) else []
    whole = [count for kind, count in found if not kind]  # beside it the counts by type are the same accelerators again
    return float(whole[0] if whole else sum(count for _, count in found)) if found else math.nan


def _rate(result: Imported, lasting: Sequence[_Record]) -> Imported:
    node_days = sum(r.hours * r.nodes for r in lasting) / 24.0
    count = sum(r.state in _UNPLANNED for r in lasting)
    shape, scale = count + 0.5, 1000.0 / node_days
    low, high = (float(end) for end in stats.gamma.ppf([0.05, 0.95], shape, scale=scale))
    told = (
        f"{', '.join(result.sources)}: {count} unplanned ends in {plain(node_days)} node-days of {len(lasting)} allocations, "
        f"{_period(lasting)}{_of_accelerators(lasting)}",
        f"90 % interval {plain(low)} to {plain(high)} per 1000 node-days, as if interruptions came independently: "
        "where they cluster, it is wider",
    )
    value = {"family": "gamma", "shape": shape, "scale": float(f"{scale:.6g}"), "unit": "per 1000 node-days"}
    exposed = np.cumsum([r.hours * r.nodes / 24.0 for r in sorted(lasting, key=lambda r: r.end)])
    counted = np.cumsum([r.state in _UNPLANNED for r in sorted(lasting, key=lambda r: r.end)]).astype(float)
    panel = Panel(
        "unplanned interruptions", "1", "node-days", np.append(0.0, exposed), np.append(0.0, counted),
        low * node_days / 1000.0, shape, high * node_days / 1000.0, steps=True, total=True,
    )  # fmt: skip
    notes = (*result.notes, caution_of("failure_rate", "the rate of these jobs"))
    return replace(result, priors=(*result.priors, Prior("failure_rate", value, told)), notes=notes, panels=(*result.panels, panel))


def _of_accelerators(records: Sequence[_Record]) -> str:
    """Return how many accelerators a node has, which a rate per node depends on."""
    found = sorted({r.devices / r.nodes for r in records if r.devices > 0})
    return f"; a node has {' or '.join(f'{each:g}' for each in found)} accelerators (hardware.accelerators_per_node)" if found else ""


def _period(records: Sequence[_Record]) -> str:
    return f"{told_moment(min(r.start for r in records))} to {told_moment(max(r.end for r in records))}"


def _downtime(result: Imported, lasting: Sequence[_Record], options: Options) -> Imported:
    longest = _LONGEST_GAP if options.longest_gap is None else options.longest_gap
    gaps, breaks, open_ends, overlapping = [], 0, 0, 0
    for name in sorted({r.name for r in lasting}):
        chain = [r for r in lasting if r.name == name]
        for index, record in enumerate(chain):
            if record.state not in _UNPLANNED:
                continue
            if any(other.start < record.end < other.end for other in chain if other is not record):
                overlapping += 1
                continue
            following = next((other for other in chain[index + 1 :] if other.start >= record.end), None)
            if following is None:
                open_ends += 1
            elif (gap := (following.start - record.end) / 3600.0) > longest:
                breaks += 1
            else:
                gaps.append(gap)
    notes = list(result.notes)
    for count, what in (
        (overlapping, "interruptions of jobs beside which another of the same name ran have no downtime of their own"),
        (open_ends, "interruptions are followed by no job of the same name"),
        (breaks, f"gaps of more than {longest / 24:g} days count as breaks"),
    ):
        if count:
            notes.append(f"{count} {what}")
    result = replace(result, notes=tuple(notes))
    if len(gaps) < _GAPS or not sum(gaps) > 0.0:
        why = f"there are {len(gaps)} gaps between an unplanned end and the next start of the same name; {_GAPS} are needed"
        return replace(result, left_out={**result.left_out, "downtime": why})
    values = np.array(gaps)
    mean = Mean(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(values.size), float(values.size), values.size)
    fit = fitted([mean], "downtime", "period")
    quantiles = ", ".join(f"P{100 * q:.0f} {plain(float(np.quantile(values, q)))} h" for q in (0.1, 0.5, 0.9))
    told = (
        f"{', '.join(result.sources)}: {values.size} gaps from an unplanned end to the next lasting start of the same name; {quantiles}",
        *fit.told,
        "waiting in the queue is in it; detecting a hang before the end, and loading after the start, are not: it is a lower bound",
    )
    prior = Prior("downtime", written(fit.low, fit.high, "h"), told)
    result = replace(result, notes=(*result.notes, *filter(None, (fit.caution,))))
    panel = Panel("downtime", "h", "interruption", np.arange(1.0, values.size + 1), values, fit.low, fit.middle, fit.high)
    return replace(result, priors=(*result.priors, prior), panels=(*result.panels, panel))


def _totals(result: Imported, records: Sequence[_Record], lasting: Sequence[_Record], options: Options) -> Imported:
    """Add accelerator-hours and interruptions so far, at the ends of allocations."""
    start = min(r.start for r in records)
    ordered = sorted(lasting, key=lambda r: r.end)
    hours = np.array([(r.end - start) / 3600.0 for r in ordered])
    columns = {"interruptions": np.cumsum([r.state in (*_UNPLANNED, *_SPOT) for r in ordered]).astype(float)}
    left_out = dict(result.left_out)
    if any(math.isnan(r.devices) for r in ordered):
        left_out["device_hours"] = "AllocTRES does not tell the accelerators of every job; state --accelerators-per-node"
    else:
        columns["device_hours"] = np.cumsum([r.hours * r.devices for r in ordered])
    notes = list(result.notes)
    if len(names := {r.name for r in lasting}) > 1 and options.where == {}:
        notes.append(f"totals are over {len(names)} names of jobs; choose one run with --where JobName=NAME")
    return replace(result, totals=thinned(hours, columns, {}), left_out=left_out, notes=tuple(notes))
