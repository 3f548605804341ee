"""Logged metrics of training: utilization, throughput or tokens by step and time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from simulator.errors import InputError, LawError
from simulator.importing.imported import Floats, Imported, Panel, Prior
from simulator.importing.means import fitted, mean_of, written
from simulator.importing.options import Meaning, Options
from simulator.importing.power import thinned
from simulator.model.workload import transformer_flop
from simulator.quantities import QUANTITIES
from simulator.units import Unit, parse_unit

_MEANINGS: dict[Meaning, str] = {
    "mfu": "a share of the peak: --unit 1, or %",
    "throughput": "tokens in a time: --unit tokens/s, or tokens/s/GPU of one accelerator",
    "flops": "model FLOP in a time of one accelerator: --unit TFLOP/s",
    "tokens": "tokens seen since the start: --unit tokens",
    "progress": "the share of the work that is done: --unit 1, or %",
}
_LOW = 0.02  # judgement: slow published runs reach 14 to 18 % (Llama 3.1 8B, xTrimoPGLM-100B), the slowest some per cent
_LONGEST = 5.0  # usual times between two rows: a longer one is a break, of which the row behind it tells nothing
_LEFT_OUT = {
    "power_fraction, energy": "power is logged by nvidia-smi and DCGM; import their logs",
    "failure_rate, downtime": "a run that was started again may be logged as one; import the accounting of the cluster (sacct)",
}


@dataclass(frozen=True, eq=False)
class Logged:
    """One metric as it was logged.

    Attributes
    ----------
    source, name : str
        File and metric.
    runs : ndarray of str, shape (n,)
    steps, seconds : ndarray, shape (n,)
        NaN where they were not logged.
    values : ndarray, shape (n,)
        Finite.
    notes : tuple of str
    """

    source: str
    name: str
    runs: np.ndarray
    steps: Floats
    seconds: Floats
    values: Floats
    notes: tuple[str, ...] = ()


def imported_metric(kind: str, logged: Logged, options: Options) -> Imported:
    """Return utilization as a prior, or tokens or progress so far as actuals.

    Parameters
    ----------
    kind : str
    logged : Logged
    options : Options
        ``meaning`` and ``unit`` say what the metric is. Throughput needs ``params``, ``accelerator`` and, where it is that of the
        whole job, ``accelerators``; FLOP in a time need ``accelerator``. ``skip`` leaves out rows at the start of each run.
    """
    meaning = _meaning(logged, options)
    logged = _skipped(logged, options.skip or 0)
    result = Imported(kind, (logged.source,), left_out=_LEFT_OUT, notes=logged.notes)
    if meaning in ("tokens", "progress"):
        return _totals(result, logged, meaning, options)
    share, how = _share(logged, meaning, options)
    return _utilization(result, logged, share, how)


def _meaning(logged: Logged, options: Options) -> Meaning:
    if options.meaning is not None:
        return options.meaning
    words = logged.name.casefold().replace("-", "_").replace("/", "_").split("_")
    if "mfu" in words:
        return "mfu"
    told = "; ".join(f"{name} ({text})" for name, text in _MEANINGS.items())
    raise InputError(f"{logged.source}: what '{logged.name}' is, its name does not tell. Say it with --as: {told}")


def _skipped(logged: Logged, skip: int) -> Logged:
    """Leave out the first rows of each run."""
    if not skip:
        return logged
    kept = np.zeros(logged.values.size, bool)
    for run in np.unique(logged.runs):
        kept[np.flatnonzero(logged.runs == run)[skip:]] = True
    if not kept.any():
        raise InputError(f"{logged.source}: --skip {skip} leaves no row of {logged.values.size}")
    arrays = {name: getattr(logged, name)[kept] for name in ("runs", "steps", "seconds", "values")}
    return replace(logged, **arrays, notes=(*logged.notes, f"the first {skip} rows of each run were left out, as --skip says"))


def _share(logged: Logged, meaning: Meaning, options: Options) -> tuple[Floats, str]:
    """Return the metric as a share of the peak, and how it was made one."""
    unit = options.unit if options.unit is not None or meaning != "mfu" else "1"
    if unit is None:
        raise InputError(f"{logged.source}: '{logged.name}' needs its unit; {meaning} is {_MEANINGS[meaning]}")
    try:
        given = parse_unit(unit) if unit != "1" else parse_unit("")
    except LawError as error:
        raise InputError(f"--unit {unit}: {error}") from None
    wrong = InputError(f"--unit {unit} is not one of {meaning}, which is {_MEANINGS[meaning]}")
    if meaning == "mfu":
        if not _like(given, ""):
            raise wrong
        return logged.values * float(given.factor), "as logged"
    peak = options.rated("peak_flops")
    if peak is None:
        raise InputError(f"{meaning} becomes a share of the peak by --accelerator, for example --accelerator 'H100 SXM'")
    if meaning == "flops":
        if not _like(given.without("device"), "FLOP/s"):
            raise wrong
        return logged.values * float(given.factor / parse_unit("FLOP/s").factor) / peak, f"{unit} over the peak of {options.accelerator}"
    of_one = _like(given, "tokens/s/GPU")
    if not of_one and not _like(given, "tokens/s"):
        raise wrong
    devices = 1.0 if of_one else options.accelerators
    missing = [flag for flag, value in (("--params", options.params), ("--accelerators", devices)) if value is None]
    if missing or options.params is None or devices is None:
        raise InputError(f"tokens in a time become a share of the peak by {' and '.join(missing)}; --params are those active for one token")
    rate = logged.values * float(given.factor / parse_unit("tokens/s").factor)
    peaks = f"{devices:g} x the peak of {options.accelerator}"
    how = f"6 x {options.params:g} parameters x {unit} over {peaks}, attention over the sequence not counted"
    return transformer_flop(options.params, 1.0) * rate / (devices * peak), how


def _like(unit: Unit, other: str) -> bool:
    return unit.powers == parse_unit(other).powers


def _utilization(result: Imported, logged: Logged, share: Floats, how: str) -> Imported:
    domain = QUANTITIES["mfu"].domain
    usable = share > 0.0
    if np.any(share > 1.0):
        worst = int(np.argmax(share))
        raise InputError(
            f"{logged.source}: '{logged.name}' has {logged.values[worst]:g}, {share[worst]:.3g} of the peak, at {_place(logged, worst)}; a "
            f"utilization lies in {domain}. Is the unit right (--unit), or the accelerator and its number?"
        )
    if not usable.any():
        raise InputError(f"{logged.source}: '{logged.name}' has no value above 0")
    runs = [run for run in dict.fromkeys(logged.runs) if np.sum(usable & (logged.runs == run)) > 1]
    if not runs:
        raise InputError(
            f"{logged.source}: '{logged.name}' has one value in each run, which tells no error. Export its history, not its summary"
        )
    means = [mean_of(_over_time(share, logged, np.flatnonzero(usable & (logged.runs == run)))) for run in runs]
    if any(not mean.value < domain.upper for mean in means):
        raise InputError(
            f"{logged.source}: '{logged.name}' is {domain.upper:g} throughout, which no training reaches. Is it the metric that is meant?"
        )
    fit = fitted(means, "mfu", "run")
    notes = [*result.notes, *filter(None, (fit.caution,))]
    if idle := int(np.sum(~usable)):
        notes.append(f"{idle} of {share.size} values are nought or less, and were left out as times without training")
    if fit.middle < _LOW:
        notes.append(f"a utilization of {fit.middle:.2%} is lower than training reaches: is the unit right (--unit)?")
    told = (
        f"{logged.source}, {logged.name}: {int(usable.sum())} values of {len(runs)} run{'s' * (len(runs) > 1)}, {how}",
        *fit.told,
        "over time, of which slow steps take more; saves and evaluation are in it where they were logged, then set workload.run_overhead "
        "lower",
    )
    across = logged.steps if not np.isnan(logged.steps).any() else np.arange(share.size, dtype=float)
    panel = Panel(f"utilization from {logged.name}", "1", "step", across, share, fit.low, fit.middle, fit.high, ~usable)
    left_out = {**result.left_out, "totals so far": "of tokens or progress: --column NAME --as tokens, or --as progress"}
    prior = Prior("mfu", written(fit.low, fit.high), told)
    return replace(result, priors=(prior,), left_out=left_out, notes=tuple(notes), panels=(panel,))


def _over_time(share: Floats, logged: Logged, rows: np.ndarray) -> Floats:
    """Return values whose mean is that over the time of a run, which slow steps take more of, and whose scatter tells its error.

    With weights w that are the time before each row, or where times were not logged that of even steps, which goes as the inverse of the
    share, the mean is m = sum(w x) / sum(w), a ratio whose error is that of the mean of w (x - m) / mean(w).
    """
    x = share[rows]
    lasting = np.diff(logged.seconds[rows], prepend=np.nan)
    usual = float(np.median(lasting[1:]))
    weights = np.where(np.isnan(lasting), usual, lasting) if usual > 0.0 else np.median(x) / x
    weights = np.clip(weights, 0.0, _LONGEST * np.median(weights))
    mean = float(np.average(x, weights=weights))
    over_time: Floats = mean + weights * (x - mean) / float(np.mean(weights))
    return over_time


def _place(logged: Logged, row: int) -> str:
    return f"value {row + 1}" if math.isnan(logged.steps[row]) else f"step {logged.steps[row]:g}"


def _totals(result: Imported, logged: Logged, meaning: Meaning, options: Options) -> Imported:
    """Add tokens or progress so far; what a restart from a checkpoint took back is left out."""
    quantity = QUANTITIES[meaning]
    try:
        given = parse_unit(options.unit) if options.unit not in (None, "1") else parse_unit("")
        if not (_like(given, "") or (meaning == "tokens" and _like(given, "tokens"))):
            raise InputError(f"--unit {options.unit} is not one of {meaning}, which is {_MEANINGS[meaning]}")
    except LawError as error:
        raise InputError(f"--unit {options.unit}: {error}") from None
    if np.isnan(logged.seconds).any():
        why = "the export has no times: W&B's _timestamp or _runtime, MLflow's timestamp. Export the history with them"
        raise InputError(f"{logged.source}: {why}")
    values = logged.values * float(given.factor)
    if np.any(values < 0.0) or (meaning == "progress" and np.any(values > 1.0)):
        worst = int(np.argmin(values) if np.any(values < 0.0) else np.argmax(values))
        raise InputError(
            f"{logged.source}: '{logged.name}' has {logged.values[worst]:g} at {_place(logged, worst)}; {meaning} is {quantity.domain}"
        )
    order = np.argsort(logged.seconds, kind="stable")
    seconds, values = logged.seconds[order], values[order]
    kept = values <= np.minimum.accumulate(values[::-1])[::-1]  # none after it is less
    notes = list(result.notes)
    if lost := int(np.sum(~kept)):
        notes.append(f"{lost} of {values.size} rows tell work that a restart took back, and were left out")
    start = float(seconds[0])
    if not seconds[kept][-1] > start:
        raise InputError(f"{logged.source}: '{logged.name}' has values at one time only, from which no time since the start follows")
    hours = (seconds[kept] - start) / 3600.0
    notes.append("hours count from the first row: where the run began before it, add the difference")
    totals = thinned(hours, {meaning: values[kept]}, {})
    panel = Panel(f"{meaning} so far", quantity.unit, "hours since the first row", hours, values[kept], steps=True)
    left_out = {
        **result.left_out,
        "priors": f"{meaning} so far {'are' if meaning == 'tokens' else 'is'} no prior; import utilization or throughput",
    }
    return replace(result, totals=totals, left_out=left_out, notes=tuple(notes), panels=(panel,))
