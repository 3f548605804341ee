"""Power that accelerators drew: what share of their rating they draw under load, and the energy and time of a run so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.importing.imported import Floats, Imported, Panel, Prior, Totals
from simulator.importing.means import fitted, mean_of, written
from simulator.importing.moments import told_period
from simulator.importing.options import Options
from simulator.quantities import QUANTITIES

BUSY = 0.10  # utilization below which an accelerator is not training: between jobs, saving, waiting
_GAP = 5.0  # usual steps without a sample after which a log was interrupted
#: sensors of accelerators err by about 5 %: Yang, Adamek and Armour (2023), arXiv:2312.02741, section 4
METER_ERROR = 0.05
_ROWS = 200  # of actuals: update reads the last total, the others show how it came about
_SHOWN = 4000  # points of a picture


@dataclass(frozen=True, eq=False)
class PowerLog:
    """Samples of the power of accelerators.

    Attributes
    ----------
    source : str
        Name of the file.
    seconds : ndarray, shape (n,)
        Time of each sample [s]; the number of the poll where ``timed`` is False.
    timed : bool
    devices : ndarray of str, shape (n,)
    watts : ndarray, shape (n,)
        Finite [W].
    busy : ndarray, shape (n,)
        Utilization in 0 to 1; NaN where it was not logged.
    rated : float
        Rated power that the file tells [W]; NaN where it does not.
    notes : tuple of str
    """

    source: str
    seconds: Floats
    timed: bool
    devices: NDArray[np.str_]
    watts: Floats
    busy: Floats
    rated: float
    notes: tuple[str, ...] = ()


def joined(logs: Sequence[PowerLog]) -> PowerLog:
    """Return several logs as one: of several machines where their times overlap, else of one machine one after the other."""
    if len({log.timed for log in logs}) > 1:
        raise InputError(f"{', '.join(log.source for log in logs)}: some have times and some have none. Import them one by one")
    spans = sorted((float(log.seconds.min()), float(log.seconds.max()), i) for i, log in enumerate(logs))
    apart = all(spans[i][1] < spans[i + 1][0] for i in range(len(spans) - 1))
    if len(logs) == 1 or (apart and logs[0].timed):
        devices = [log.devices for log in logs]
    else:
        devices = [np.array([f"{log.source}:{device}" for device in log.devices]) for log in logs]
    rated = {log.rated for log in logs if not math.isnan(log.rated)}
    if len(rated) > 1:
        raise InputError(f"the files tell different rated powers ({', '.join(f'{w:g} W' for w in sorted(rated))}). Import each apart")
    return PowerLog(
        ", ".join(log.source for log in logs),
        np.concatenate([log.seconds for log in logs]),
        logs[0].timed,
        np.concatenate(devices),
        np.concatenate([log.watts for log in logs]),
        np.concatenate([log.busy for log in logs]),
        rated.pop() if rated else math.nan,
        tuple(note for log in logs for note in log.notes),
    )


def imported_power(kind: str, logs: Sequence[PowerLog], options: Options) -> Imported:
    """Return the share of rated power under load, and energy and accelerator-hours so far.

    Parameters
    ----------
    kind : str
    logs : sequence of PowerLog
    options : Options
        ``accelerator`` tells the rated power; ``busy`` from which utilization on an accelerator trains (0.10); ``interval`` the time
        between polls of a log without times; ``pue`` and ``server_power_ratio`` turn accelerators' energy into the facility's;
        ``accelerators`` are all of the job, where fewer were logged.
    """
    log = joined(logs)
    loaded, notes = _under_load(log, options)
    result = Imported(
        kind,
        tuple(one.source for one in logs),
        notes=(*log.notes, *notes),
        left_out={
            "mfu": "utilization is the share of time in which some kernel runs, not of the peak; import it from logged throughput",
            "idle_power_fraction": "it is a share of the power of whole servers, of which only accelerators are logged",
        },
    )
    result = _fraction(result, log, loaded, options)
    return _totals(result, log, options)


def _under_load(log: PowerLog, options: Options) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which samples are of training, and what was left out."""
    busy = BUSY if options.busy is None else options.busy
    known = ~np.isnan(log.busy)
    if not known.any():
        return np.ones(log.watts.size, bool), ["utilization is not logged: every sample counts as training, idle ones too"]
    loaded = known & (log.busy >= busy)
    idle = int(np.sum(known & ~loaded))
    notes = (
        [f"{idle} of {log.watts.size} samples with utilization below {busy:.0%} count as idle, and not for power_fraction"] if idle else []
    )
    if unknown := int(np.sum(~known)):
        notes.append(f"{unknown} of {log.watts.size} samples have no utilization, and do not count for power_fraction")
    if not loaded.any():
        raise InputError(f"{log.source}: no sample has a utilization of {busy:.0%} or more; say from where on it trains with --busy")
    return loaded, notes


def _usual_step(log: PowerLog) -> float:
    """Return the usual time between two samples of a device [s]."""
    steps = [np.diff(np.sort(log.seconds[log.devices == device])) for device in np.unique(log.devices)]
    every = np.concatenate(steps)
    every = every[every > 0]
    return float(np.median(every)) if every.size else math.nan


def _fraction(result: Imported, log: PowerLog, loaded: NDArray[np.bool_], options: Options) -> Imported:
    rated = options.rated("tdp") or log.rated
    if math.isnan(rated):
        why = "the rated power is not known: name the accelerator (--accelerator 'H100 SXM'), or log power.default_limit"
        return replace(result, left_out={**result.left_out, "power_fraction": why})
    names, of = np.unique(log.devices[loaded], return_inverse=True)
    share, times = log.watts[loaded] / rated, log.seconds[loaded]
    step = _usual_step(log)
    polls = np.round((times - times.min()) / step) if step > 0 else times
    _, poll = np.unique(polls, return_inverse=True)
    series = np.bincount(poll, share) / np.bincount(poll)
    own = np.bincount(of, share) / np.bincount(of)
    mean = mean_of(series)
    spread = float(np.std(own, ddof=1)) if names.size > 1 else math.nan
    devices = 0.0 if names.size == 1 else spread / math.sqrt(names.size)
    whole = replace(mean, error=math.hypot(mean.error, devices, METER_ERROR * mean.value))
    domain = QUANTITIES["power_fraction"].domain
    if not domain.lower < whole.value < domain.upper:
        raise InputError(
            f"{log.source}: a mean draw of {whole.value * rated:.0f} W is {whole.value:.2f} of the rated {rated:g} W; "
            f"power_fraction lies in {domain}. Is it another accelerator? Name it with --accelerator"
        )
    if not math.isfinite(whole.error):
        why = "there is one sample only, which tells no error"
        return replace(result, left_out={**result.left_out, "power_fraction": why})
    fit = fitted([whole], "power_fraction", "log")
    between = "one accelerator" if names.size == 1 else f"{names.size} accelerators, standard deviation between them {spread:.2g}"
    period = f"{told_period(times)}, " if log.timed else ""
    told = (
        f"{log.source}: {int(loaded.sum())} samples, {period}rated power {rated:g} W; {between}",
        f"{mean.told}; the error of the sensors, {METER_ERROR:.0%}, comes to it",
    )
    every = log.watts / rated
    hours = (log.seconds - log.seconds.min()) / 3600.0 if log.timed else log.seconds
    keep = np.unique(np.linspace(0, every.size - 1, min(every.size, _SHOWN)).astype(int))
    panel = Panel(
        "draw / rated power", "1", "hours since the first sample" if log.timed else "poll",
        hours[keep], every[keep], fit.low, fit.middle, fit.high, ~loaded[keep],
    )  # fmt: skip
    prior = Prior("power_fraction", written(fit.low, fit.high), told)
    notes = (*result.notes, *filter(None, (fit.caution,)))
    return replace(result, priors=(*result.priors, prior), notes=notes, panels=(*result.panels, panel))


def _totals(result: Imported, log: PowerLog, options: Options) -> Imported:
    """Add energy and accelerator-hours so far: each sample stands until the next, gaps of the log count for nothing."""
    step = _usual_step(log) if log.timed else (options.interval or 0.0) * 3600.0
    if not step > 0.0:
        why = (
            "the log has one sample of each accelerator"
            if log.timed
            else "the log has no times; state the time between polls: --interval 1s"
        )
        return replace(result, left_out={**result.left_out, "device_hours, energy": why})
    seconds = log.seconds if log.timed else log.seconds * step
    ends, lengths, joules, gaps = [], [], [], 0
    for device in np.unique(log.devices):
        own = np.flatnonzero(log.devices == device)
        own = own[np.argsort(seconds[own], kind="stable")]
        lasting = np.diff(seconds[own])
        whole = lasting <= _GAP * step
        gaps += int(np.sum(~whole))
        ends.append(seconds[own][1:][whole])
        lengths.append(lasting[whole])
        joules.append((log.watts[own][:-1] * lasting)[whole])
    end, order = np.concatenate(ends), np.argsort(np.concatenate(ends), kind="stable")
    if not end.size:
        return replace(result, left_out={**result.left_out, "device_hours, energy": "the log has no two samples that follow each other"})
    hours = (end[order] - seconds.min()) / 3600.0
    held, used = np.cumsum(np.concatenate(lengths)[order]) / 3600.0, np.cumsum(np.concatenate(joules)[order]) / 3.6e6
    logged = np.unique(log.devices).size
    scale = (options.accelerators or logged) / logged
    notes = list(result.notes)
    if gaps:
        notes.append(f"{gaps} gaps of the log, longer than {_GAP:g} usual steps of {step:g} s, count neither as time held nor as energy")
    if scale != 1.0:
        notes.append(f"totals are {scale:g} times those of the {logged} accelerators that were logged")
    columns, errors, left_out = {"device_hours": held * scale}, {}, dict(result.left_out)
    if options.pue is None or options.server_power_ratio is None:
        left_out["energy"] = (
            "of whole servers and their cooling: state --server-power-ratio and --pue, by which accelerators' energy is multiplied"
        )
    else:
        columns["energy"] = used * scale * options.pue * options.server_power_ratio
        errors["energy"] = METER_ERROR
        notes.append(
            f"energy is that of the accelerators, times {options.server_power_ratio:g} and {options.pue:g}; "
            f"its error of {METER_ERROR:.0%} is that of their sensors"
        )
    totals = thinned(hours, columns, errors)
    panel = Panel("energy of the accelerators", "kWh", "hours since the first sample", *_points(hours, used), steps=True)
    return replace(result, totals=totals, left_out=left_out, notes=tuple(notes), panels=(*result.panels, panel))


def thinned(hours: Floats, columns: dict[str, Floats], errors: dict[str, float]) -> Totals:
    """Return totals at a few hundred times, the last one among them, each time once."""
    last = np.append(np.flatnonzero(np.diff(hours) > 0), hours.size - 1)
    last = last[hours[last] > 0.0]
    kept = last[np.unique(np.linspace(0, last.size - 1, min(last.size, _ROWS)).astype(int))]
    return Totals(hours[kept], {name: values[kept] for name, values in columns.items()}, errors)


def _points(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    kept = np.unique(np.linspace(0, x.size - 1, min(x.size, _SHOWN)).astype(int))
    return x[kept], y[kept]
