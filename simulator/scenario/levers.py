"""Levers: named changes to a scenario, each with its evidence.

A lever sets fields, clears others, and multiplies inputs by uncertain factors (``reference/levers.csv``). All else stays
as it is, draw by draw: a lever is compared with its base on the same futures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from simulator.errors import LawError, Problem
from simulator.reference import Reference, accelerators, table
from simulator.reference.regions import place_figure
from simulator.scenario.parts import PARTS
from simulator.scenario.values import parse_value


@dataclass(frozen=True)
class Lever:
    """A named change to a scenario.

    Attributes
    ----------
    meaning : str
    argument : str
        What stands behind ``=`` in ``region=CA-QC``; '' where nothing does.
    excludes : str
        Levers that change the same thing, of which one may be pulled.
    sets : mapping of str to object
        Fields by path; ``{}`` stands for the argument.
    clears : tuple of str
        Fields that are no longer true.
    tolerates : tuple of str
        Quantities that may be stated and read no more.
    """

    meaning: str
    argument: str = ""
    excludes: str = ""
    sets: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    clears: tuple[str, ...] = ()
    tolerates: tuple[str, ...] = ()


_OLD_HARDWARE = (
    "hardware.peak_flops", "hardware.tdp", "hardware.power_fraction", "hardware.server_power_ratio", "hardware.idle_power_fraction",
    "hardware.accelerators_per_node", "emissions.embodied_accelerator", "emissions.embodied_server", "compute.rental_price",
    "compute.accelerator_price", "compute.server_price_ratio",
)  # fmt: skip
_OLD_PLACE = (
    "emissions.carbon_intensity", "emissions.residual_intensity", "energy.electricity_price", "energy.currency",
    "energy.exchange_rate", "water.wue_off", "grid.zone", "grid.price", "grid.carbon", "grid.price_history", "grid.carbon_history",
)  # fmt: skip
_OPEN_DATA = ("data_acquisition", "data_licences", "data_scraping")

LEVERS: Mapping[str, Lever] = MappingProxyType(
    {
        "fp8": Lever("train in 8-bit floating point, on hardware that has it", excludes="precision"),
        "fp4": Lever("train in 4-bit floating point, on hardware that has it", excludes="precision"),
        "pruning": Lever("prune a larger trained model and train it further", excludes="start"),
        "sparse_pretraining": Lever("train with sparse weights"),
        "distillation": Lever(
            "learn from a larger trained model, whose forward passes count, and its training by the share of this use",
            excludes="start",
            sets={"components.teacher": True},
            clears=("programme.teacher_ratio",),
        ),
        "transfer_learning": Lever("train an open model further instead of from scratch", excludes="start"),
        "data_efficiency": Lever("filter and mix data so that fewer tokens reach the same score"),
        "open_data": Lever(
            "use open data: nothing is bought or licensed",
            sets={f"components.{name}": False for name in _OPEN_DATA},
        ),
        "hardware": Lever(
            "train on other accelerators, at their reference prices",
            argument="an accelerator, for example B200",
            excludes="hardware",
            sets={"hardware.accelerator": "{}"},
            clears=_OLD_HARDWARE,
        ),
        "distributed_training": Lever("train over slow links: federated, or in several places"),
        "renewables": Lever(
            "contract clean energy for all that is used, matched hour by hour: of market-based emissions, what no hour covers is left; "
            "the grid's stay; a full annual match counts as less",
            sets={"emissions.matched_share": 1.0, "emissions.matching": "hourly"},
            clears=("emissions.supply_variability",),
        ),
        "region": Lever(
            "run in another place, at its annual carbon intensity, price, residual mix and water of electricity; fees stay",
            argument="a region, for example CA-QC",
            excludes="place",
            sets={"grid.region": "{}"},
            clears=_OLD_PLACE,
            tolerates=("start_time",),
        ),
        "zone": Lever(
            "run in another place, at its hourly carbon intensity and price; fees stay",
            argument="a zone, for example FR",
            excludes="place",
            sets={"grid.zone": "{}"},
            clears=(*_OLD_PLACE, "grid.region"),
        ),
        "start": Lever("start on another date", argument="a date, for example 2027-07-01", excludes="date", sets={"grid.start_time": "{}"}),
        "pausing": Lever(
            "pause in the dirtiest hours of the zone",
            argument="the share of hours in which the run goes on, for example 0.8",
            excludes="pausing",
            sets={"pausing.carbon_quantile": "{}"},
        ),
    }
)


def parse_lever(raw: Any) -> str:
    """Return a lever as ``name`` or ``name=argument``, as it stands in a config: text, or a mapping of one.

    Raises
    ------
    ValueError
        With what is wrong and the way out.
    """
    if isinstance(raw, Mapping) and len(raw) == 1:
        name, argument = next(iter(raw.items()))
        raw = f"{name}={argument}"
    if not isinstance(raw, str):
        raise ValueError(f"{raw!r} is not a lever. Write a name, or name=argument")
    name, equals, argument = (part.strip() for part in raw.partition("="))
    if name not in LEVERS:
        near = get_close_matches(name, LEVERS, n=3, cutoff=0.4) or list(LEVERS)
        raise ValueError(f"'{name}' is not a known lever. Did you mean {' or '.join(near)}?")
    wanted = LEVERS[name].argument
    if wanted and not argument:
        raise ValueError(f"lever {name} needs {wanted}. Write {name}=...")
    if equals and not wanted:
        raise ValueError(f"lever {name} takes no argument. Write {name}")
    return f"{name}={argument}" if wanted else name


def apply_levers(data: MutableMapping[str, Any]) -> tuple[list[Problem], dict[tuple[str | int, ...], str]]:
    """Set and clear what the levers of a scenario do, in its plain data.

    Returns
    -------
    list of Problem
        What is wrong with them; where something is, none is applied.
    dict
        Path of each field that was set -> the lever.
    """
    raw = data.get("levers")
    if raw is None:
        return [], {}
    if not isinstance(raw, (list, tuple)):
        data["levers"] = []  # told once
        return [
            Problem(f"{raw!r} is not a list of levers", "levers", f"Write levers: [fp8, region=CA-QC]; known are {', '.join(LEVERS)}")
        ], {}
    problems, pulled = [], []
    for index, item in enumerate(raw):
        try:
            pulled.append(parse_lever(item))
        except ValueError as error:
            what, _, way = str(error).partition(". ")
            problems.append(Problem(what, f"levers[{index}]", way))
    names = [lever.partition("=")[0] for lever in pulled]
    for index, name in enumerate(names):
        for other in names[:index]:
            if other == name or (LEVERS[other].excludes and LEVERS[other].excludes == LEVERS[name].excludes):
                twice = f"lever {name} is pulled twice" if other == name else f"levers {other} and {name} exclude each other"
                problems.append(Problem(twice, f"levers[{index}]", "Pull one of the two"))
    if problems:
        data["levers"] = []  # told once
        return problems, {}
    problems = [problem for index, name in enumerate(names) if (problem := _in_vain(name, f"levers[{index}]", data))]
    problems += [problem for index, lever in enumerate(pulled) if (problem := _other_precision(lever, f"levers[{index}]", data))]
    changed: dict[tuple[str | int, ...], str] = {}
    for lever in pulled if not problems else ():
        name, _, argument = lever.partition("=")
        for path in LEVERS[name].clears:
            section, field = path.split(".")
            stood = data[section].pop(field, None) if isinstance(data.get(section), dict) else None
            if stood is not None and field == "residual_intensity" and name == "region" and place_figure(argument, field):
                _switches(data).setdefault("residual_mix", True)
        for path, value in LEVERS[name].sets.items():
            section, field = path.split(".")
            data.setdefault(section, {})
            if isinstance(data[section], dict):
                data[section][field] = argument if value == "{}" else value
                changed[section, field] = lever
    data["levers"] = pulled if not problems else []
    return problems, changed


def _switches(data: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return the switches of components, empty ones where the data have none that are."""
    if data.get("components") is None:
        data["components"] = {}
    return data["components"] if isinstance(data["components"], dict) else {}


def _in_vain(name: str, path: str, data: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with a lever where components are switched against it, or it has nothing to switch off."""
    switches = data.get("components")
    switches = switches if isinstance(switches, dict) else {}
    sets = {key.partition(".")[2]: value for key, value in LEVERS[name].sets.items() if key.startswith("components.")}
    for part, value in sets.items():
        if value and switches.get(part) is False:
            return Problem(f"lever {name} needs {part}, which components switches off", path, f"Remove components.{part}, or the lever")
    stated = {field for section in data.values() if isinstance(section, dict) for field in section}
    off = [part for part, value in sets.items() if not value]
    if off and not any(part in switches or stated & PARTS[part].off.keys() - {*PARTS[part].shared} for part in off):
        return Problem(f"lever {name} changes nothing: none of {', '.join(off)} is in this scenario", path, "Leave the lever out")
    return None


#: by which a stated peak may differ from that of bf16 and still be one of it
_SAME = 1.05


def _other_precision(lever: str, path: str, data: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with a lever of precision or hardware where the stated peak is that of another number format than bf16."""
    name, _, argument = lever.partition("=")
    hardware = data.get("hardware")
    if name not in ("fp8", "fp4", "hardware") or not isinstance(hardware, dict):
        return None
    device, stated = str(hardware.get("accelerator")), hardware.get("peak_flops")
    if stated is None or device not in accelerators():
        return None
    try:
        ratio = parse_value(stated, "peak_flops").median / parse_value(accelerators()[device]["peak_flops"].value, "peak_flops").median
    except LawError:
        return None  # told where the field is read
    if 1.0 / _SAME < ratio < _SAME:
        return None
    what = f"lever {lever} is measured from bf16, and the stated peak_flops is {ratio:.2g} times the bf16 peak of {device}"
    instead = f"hardware.accelerator='{argument}' and hardware.peak_flops" if name == "hardware" else "hardware.peak_flops and workload.mfu"
    return Problem(what, path, f"Set {instead} in place of the lever")


def given(lever: str) -> dict[str, Reference]:
    """Return what stands in for inputs that are not stated where a lever is pulled, by quantity."""
    name = lever.partition("=")[0]
    rows = [row for row in table("levers").rows if row.name == name and not row.quantity.startswith("factor of ")]
    return {row.quantity: Reference.of(row) for row in rows}


def tolerated(levers: Iterable[str]) -> set[str]:
    """Return the quantities that may be stated in vain, since a lever made them so."""
    return {quantity for lever in levers for quantity in LEVERS[lever.partition("=")[0]].tolerates}


def factors(lever: str) -> dict[str, Reference]:
    """Return what a lever multiplies by how much."""
    name, prefix = lever.partition("=")[0], "factor of "
    rows = [row for row in table("levers").rows if row.name == name and row.quantity.startswith(prefix)]
    return {row.quantity.removeprefix(prefix): Reference.of(row) for row in rows}
