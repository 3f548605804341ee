"""The kinds of files that can be imported: who reads them, and what each takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from simulator.errors import InputError
from simulator.importing.codecarbon import import_codecarbon
from simulator.importing.dcgm import import_dcgm
from simulator.importing.hourly import import_electricitymaps, import_entsoe
from simulator.importing.imported import Imported
from simulator.importing.mlflow import import_mlflow
from simulator.importing.nvidia_smi import import_nvidia_smi
from simulator.importing.options import Options
from simulator.importing.sacct import import_sacct
from simulator.importing.wandb import import_wandb


@dataclass(frozen=True)
class Kind:
    """One kind of files.

    Attributes
    ----------
    meaning : str
    priors, actuals : str
        What comes out.
    takes : tuple of str
        Names of the options that it reads.
    read : callable
        (paths, options) -> Imported
    """

    meaning: str
    priors: str
    actuals: str
    takes: tuple[str, ...]
    read: Callable[[Sequence[Path], Options], Imported]


_ROWS = ("where", "timezone")
_POWER = (*_ROWS, "accelerator", "accelerators", "pue", "server_power_ratio", "interval", "busy")
_HOURLY = (*_ROWS, "column", "time_column", "unit", "window")
_METRIC = ("where", "column", "meaning", "unit", "accelerator", "accelerators", "params", "skip")

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "codecarbon": Kind(
            "emissions.csv of CodeCarbon",
            "power_fraction, carbon_intensity, pue",
            "device_hours, energy, emissions",
            (*_ROWS, "accelerator", "accelerators", "pue"),
            import_codecarbon,
        ),
        "electricitymaps": Kind("hourly CSV of Electricity Maps", "carbon_intensity", "", _HOURLY, import_electricitymaps),
        "entsoe": Kind("day-ahead prices of ENTSO-E", "electricity_price", "", _HOURLY, import_entsoe),
        "dcgm": Kind("dcgmi dmon, or CSV of dcgm-exporter", "power_fraction", "device_hours, energy", _POWER, import_dcgm),
        "nvidia-smi": Kind("--query-gpu as CSV, or dmon", "power_fraction", "device_hours, energy", _POWER, import_nvidia_smi),
        "sacct": Kind(
            "sacct of SLURM",
            "failure_rate, downtime",
            "device_hours, interruptions",
            (*_ROWS, "accelerators_per_node", "shortest", "longest_gap"),
            import_sacct,
        ),
        "wandb": Kind("history of W&B, CSV or JSON lines", "mfu", "tokens or progress", _METRIC, import_wandb),
        "mlflow": Kind("metric files or CSV of MLflow", "mfu", "tokens or progress", _METRIC, import_mlflow),
    }
)


def import_files(kind: str, paths: Sequence[Path], options: Options) -> Imported:
    """Read files of one kind.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    paths : sequence of Path
    options : Options

    Returns
    -------
    Imported

    Raises
    ------
    InputError
        For an unknown kind, an option that it does not read, a file that is named twice, and all that is wrong with the files.
    """
    if kind not in KINDS:
        near = get_close_matches(kind.casefold(), KINDS, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"'{kind}' is not a kind of files. {hint}Kinds are {', '.join(KINDS)}")
    takes = KINDS[kind].takes
    foreign = [flag(name) for name in options.stated() if name not in takes]
    if foreign:
        raise InputError(f"{', '.join(foreign)} tells nothing about {kind}, which takes {', '.join(flag(name) for name in takes)}")
    twice = sorted({str(path) for path in paths if list(paths).count(path) > 1})
    if twice:
        raise InputError(f"{', '.join(twice)} is named more than once. Its rows would count twice")
    return KINDS[kind].read(paths, options)


def flag(name: str) -> str:
    """Return the command-line option of a field of :class:`simulator.importing.options.Options`.

    Examples
    --------
    >>> flag("server_power_ratio"), flag("meaning")
    ('--server-power-ratio', '--as')
    """
    return "--as" if name == "meaning" else f"--{name.replace('_', '-')}"
