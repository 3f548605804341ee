"""Published runs as a file: what was known before each, and what was reported after it, kept apart."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulator.analysis.backtest.named import LABORATORIES, accelerator_named, is_encoder_decoder, is_hyperscaler, is_laboratory
from simulator.errors import InputError, LawError
from simulator.reference.priors.facts import facts
from simulator.reference.priors.kind import Architecture, Kind, peak_flops
from simulator.reference.priors.utilization import rows_of
from simulator.text_file import MOST_DATA, read_text

#: columns that tell what a run was to be, and what its figures mean
BEFORE = (
    "run_id", "family", "model", "organisation", "publication_date", "training_start_date", "params_total", "params_active",
    "training_tokens", "training_flop", "accelerator", "accelerator_count", "hours_basis", "precision", "energy_basis", "location",
    "interruption_window_days", "ett_basis", "run_scope", "backtest_tier", "noncircular_targets",
)  # fmt: skip
#: target -> the words of noncircular_targets that name it
TARGETS = {
    "device_hours": ("hours",),
    "wall_clock": ("days",),
    "mfu": ("mfu", "hfu"),
    "energy": ("energy",),
    "emissions": ("emissions",),
    "interruptions": ("interruptions",),
    "goodput": ("goodput",),
}
UNITS = {
    "device_hours": "h", "wall_clock": "h", "mfu": "1", "energy": "kWh", "emissions": "kgCO2e", "interruptions": "1", "goodput": "1",
}  # fmt: skip
_AFTER = (
    "accelerator_hours", "wall_clock_days", "mfu_pct", "hfu_pct", "energy_mwh", "emissions_tco2e", "interruptions_unplanned",
    "interruptions_total", "effective_training_time_pct",
)  # fmt: skip
_RECOMPUTED = 0.75  # model FLOP of the FLOP done where activations are computed again: 3 of 4 passes
_PRODUCTIVE = re.compile(
    r"^(?!.*\bincl\w*\.? (?:downtime|restarts|failures)).*"
    r"(?:throughput|productive|(?:no|without|excl\w*\.?) (?:downtime|restarts|failures))",
    re.IGNORECASE,
)
_DEVICES_ONLY = re.compile(r"(?:gpu|device|chip)s?[_ -]only|nvidia-smi|nvml", re.IGNORECASE)
_WITHOUT_PUE = re.compile(r"(?:no|without|excl\w*\.?) PUE|PUE (?:not included|excluded)", re.IGNORECASE)
_TO_PUBLICATION = 6  # months from the start of a run; a judgement: longer than with most that tell their start
_EXPERTS = 0.5  # a smaller share of active parameters is a mixture of experts


@dataclass(frozen=True)
class BeforeRun:
    """What was known of a run before it.

    Attributes
    ----------
    run_id, family, model : str
    tier : str
        ``A``: all that a forecast needs was stated by the developer.
    month : str
        Of its start, else of its publication.
    known_before : str
        Month before which a figure must have been published to be known at its start: that, or half a year before its publication.
    kind : Kind
    params, params_active, flop : float
        Model FLOP of the run are those by 6·N·T, or as stated where no tokens are.
    accelerators : int or None
    productive : bool
        Whether its hours hold no downtime.
    devices_only : bool
        Whether its energy is that of the accelerators alone.
    all_losses : bool
        Whether its share of effective time is that of steps at full speed, so that all losses stand in it.
    place : str
    operator : str or None
        Class of operator of its site, where its organisation runs its own.
    window_days : float or None
        Days over which its interruptions were counted.
    targets : tuple of str
        What may be scored of it.
    cautions : mapping-like tuple of (str, str)
        Of targets that are to be read with care.
    """

    run_id: str
    family: str
    model: str
    tier: str
    month: str
    known_before: str
    kind: Kind
    params: float
    params_active: float
    flop: float
    accelerators: int | None
    productive: bool
    devices_only: bool
    without_pue: bool
    all_losses: bool
    place: str
    operator: str | None
    window_days: float | None
    targets: tuple[str, ...]
    cautions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Published:
    """A run before and after."""

    before: BeforeRun
    actual: dict[str, float]


def read_runs(path: str | Path) -> tuple[list[Published], list[str]]:
    """Read published runs.

    Parameters
    ----------
    path : str or Path
        CSV with the columns of ``BEFORE`` and of what was reported.

    Returns
    -------
    tuple of (list of Published, list of str)
        Runs, and why others cannot be forecast.

    Raises
    ------
    InputError
        Where the file cannot be read, lacks a column, names a run twice, or holds a cell that is no number where one is asked for.
    """
    source = Path(path)
    text = read_text(source, most=MOST_DATA)
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in (*BEFORE, *_AFTER) if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{source} has no column {', '.join(missing)}; a file of runs has those of published_runs.csv")
    runs, left_out, names = [], [], set()
    for line, row in enumerate(reader, 2):
        cells = {name: (row.get(name) or "").strip() for name in (*BEFORE, *_AFTER)}
        place = f"{source}, line {line}"
        if not cells["run_id"] or cells["run_id"] in names:
            raise InputError(
                f"{place}, column 'run_id': '{cells['run_id']}' names no run, or a second one. Give each run a name of its own"
            )
        names.add(cells["run_id"])
        try:
            runs.append(Published(before_run({name: cells[name] for name in BEFORE}, place), _actual(cells, place)))
        except LawError as error:
            left_out.append(f"{cells['run_id']}: {error.what}")
    if not runs:
        raise InputError(f"{source} holds no run that can be forecast" + (f": {'; '.join(left_out)}" if left_out else ""))
    return runs, left_out


def own_runs() -> list[Published]:
    """Return the runs of the table ``runs`` that were trained on a known accelerator, as :func:`read_runs` returns those of a file."""
    found = []
    for own in facts().values():
        figures = rows_of(own.name)
        if not figures:  # a system
            continue
        cells = dict.fromkeys(BEFORE, "")
        cells |= {name: repr(figures[quantity].central) for name, quantity in _STATED.items() if quantity in figures}
        cells |= {
            "run_id": own.name,
            "model": own.name,
            "family": own.family,
            "accelerator": own.accelerator,
            "publication_date": own.published,
        }
        cells["organisation"] = LABORATORIES[0] if own.organisation == "laboratory" else ""
        cells["energy_basis"] = figures["energy"].basis if "energy" in figures else ""
        cells |= {"backtest_tier": "A", "hours_basis": "without downtime" if own.hours == "productive" else ""}
        scored = {
            "hours": "device_hours" in figures and own.hours in ("run", "productive"),
            "days": "wall_clock" in figures and not figures["wall_clock"].basis.startswith("estimate"),
            "mfu": "mfu" in figures and "steady" in figures["mfu"].basis,
            "energy": "energy" in figures and figures["energy"].basis.startswith("measured"),
            "interruptions": False,
        }
        described = own.architecture == "dense" or (own.architecture == "mixture_of_experts" and "params_active" in figures)
        cells["noncircular_targets"] = ";".join(name for name, is_scored in scored.items() if is_scored and described)
        actual = {quantity: figures[quantity].central * size for quantity, size in _OWN.items() if quantity in figures}
        try:
            found.append(Published(before_run(cells, own.name), actual))
        except LawError:  # without tokens
            continue
    return found


_STATED = {"params_total": "params", "params_active": "params_active", "training_tokens": "tokens", "accelerator_count": "accelerators"}
#: quantity of the table ``runs`` -> canonical units in one of its own
_OWN = {"device_hours": 1.0, "wall_clock": 24.0, "mfu": 1.0, "energy": 1000.0}


def before_run(cells: dict[str, str], place: str) -> BeforeRun:
    """Return what was known before a run, from its cells of ``BEFORE`` alone.

    Raises
    ------
    LawError
        For a run that cannot be forecast: no size, no work, or an accelerator that is not known.
    """
    total, active = _number(cells, "params_total", place), _number(cells, "params_active", place)
    tokens, flop = _number(cells, "training_tokens", place), _number(cells, "training_flop", place)
    params = active or total
    if not params:
        raise LawError("its parameters are not stated")
    if not tokens and not flop:
        raise LawError("neither its tokens nor its FLOP are stated")
    name = accelerator_named(cells["accelerator"])
    count, window = _number(cells, "accelerator_count", place) or None, _number(cells, "interruption_window_days", place)
    architecture: Architecture = "mixture_of_experts" if active and total and active < _EXPERTS * total else "dense"
    if is_encoder_decoder(cells["model"]):
        architecture = "encoder_decoder"
    targets, cautions = _targets(cells["noncircular_targets"])
    month = _month(cells, place)
    return BeforeRun(
        run_id=cells["run_id"],
        family=cells["family"] or cells["run_id"],
        model=cells["model"],
        tier=cells["backtest_tier"],
        month=month,
        known_before=month if cells["training_start_date"] else _earlier(month, _TO_PUBLICATION),
        kind=Kind(name, peak_flops(name), params, count, architecture, is_laboratory(cells["organisation"])),
        params=total or params,
        params_active=params,
        flop=6.0 * params * tokens if tokens else float(flop or math.nan),
        accelerators=int(count) if count else None,
        productive=bool(_PRODUCTIVE.search(cells["hours_basis"])),
        devices_only=bool(_DEVICES_ONLY.search(cells["energy_basis"])),
        without_pue=bool(_WITHOUT_PUE.search(cells["energy_basis"])),
        all_losses=cells["ett_basis"].startswith("derived"),
        place=cells["location"],
        operator="hyperscale" if is_hyperscaler(cells["organisation"]) else None,
        window_days=window,
        targets=targets,
        cautions=cautions,
    )


def _month(cells: dict[str, str], place: str) -> str:
    """Return the month of the start of a run, else of its publication; January where only the year is known.

    Raises
    ------
    LawError
        Where neither is known, or one is no date.
    """
    name = "training_start_date" if cells["training_start_date"] else "publication_date"
    found = re.match(r"(?:19|20)\d\d(-(?:0[1-9]|1[0-2]))?(?!\d)", cells[name])
    if not cells[name]:
        raise LawError("neither its start nor its publication is dated")
    if found is None:
        raise InputError(f"{place}, column '{name}': '{cells[name]}' is not a date. Write 2024-03-01, 2024-03 or 2024")
    return found[0] if found[1] else f"{found[0]}-01"


def _earlier(month: str, months: int) -> str:
    """Return the month that lies a number of months before another."""
    return str(np.datetime64(month, "M") - months)


def _targets(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return targets, and the cautions in parentheses."""
    found, cautions = [], []
    for item in re.split(r";(?![^(]*\))", text):
        word, _, caution = item.strip().partition(" ")
        for target, words in TARGETS.items():
            if word.lower() in words and target not in found:
                found.append(target)
                if caution.strip():
                    cautions.append((target, caution.strip().strip("()")))
    return tuple(found), tuple(cautions)


def _actual(cells: dict[str, str], place: str) -> dict[str, float]:
    """Return what was reported by target, in canonical units."""
    known = {name: _number(cells, name, place) for name in _AFTER}
    mfu = known["mfu_pct"] if known["mfu_pct"] else _RECOMPUTED * known["hfu_pct"] if known["hfu_pct"] else None
    interruptions = known["interruptions_unplanned"] if known["interruptions_unplanned"] is not None else known["interruptions_total"]
    figures = {
        "device_hours": (known["accelerator_hours"], 1.0),
        "wall_clock": (known["wall_clock_days"], 24.0),
        "mfu": (mfu, 0.01),
        "energy": (known["energy_mwh"] if cells["energy_basis"].startswith("measured") else None, 1000.0),
        "emissions": (known["emissions_tco2e"], 1000.0),
        "interruptions": (interruptions, 1.0),
        "goodput": (known["effective_training_time_pct"], 0.01),
    }
    return {target: value * size for target, (value, size) in figures.items() if value is not None}


def _number(cells: dict[str, str], name: str, place: str) -> float | None:
    """Return a number, None where the cell is empty."""
    if not cells[name]:
        return None
    try:
        value = float(cells[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0.0:
        raise InputError(
            f"{place}, column '{name}': '{cells[name]}' is not a number of 0 or more. Leave the cell empty where it is not known"
        )
    return value
