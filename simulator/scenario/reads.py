"""Which inputs the model reads, by the alternatives that a scenario chose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.scenario.parts import PARTS

#: classes of interruptions that a scenario may tell apart
INTERRUPTION_CLASSES = ("accelerator", "host", "network", "software", "spot", "planned")
#: those of them that break a node: they age with the hardware and take a spare
BREAKING_CLASSES = INTERRUPTION_CLASSES[:3]
#: what one phase of a run may state for itself
PHASE_QUANTITIES = ("tokens", "accelerators", "mfu", "sequence_length")

_ALWAYS = (
    "accelerators_per_node", "checkpoint_time", "tdp", "power_fraction", "server_power_ratio", "idle_power_fraction", "pue",
    "carbon_year_shift", "embodied_accelerator", "embodied_server", "service_life", "fleet_utilization",
)  # fmt: skip
_WORK = {
    "transformer": ("params_active", "tokens", "mfu", "run_overhead", "peak_flops"),
    "flop": ("flop", "mfu", "run_overhead", "peak_flops"),
    "device_hours": ("device_hours",),
}
_OWN = ("accelerator_price", "server_price_ratio", "interconnect_share", "price_year_shift")
_ATTENTION = ("layers", "hidden_size", "sequence_length")
_PAUSING = ("price_threshold", "carbon_threshold", "minimum_run_time", "minimum_pause_time", "deadline")


@dataclass(frozen=True)
class Choices:
    """The alternatives that a scenario chose.

    Attributes
    ----------
    work : {"transformer", "flop", "device_hours"}
    interval : {"fixed", "young1974", "daly2006", "optimal"}
    basis : {"rent", "own"}
    depreciation : {"cottier2024", "straight_line"}
    restart : {"interruptible", "immune"}
    price, carbon : {"annual", "hourly", "history"}
    method : {"event_driven", "expected_value"}
    pausing : bool
    foreign : bool
        Whether electricity is priced in another currency than USD.
    dated : bool
        Whether a replayed history is read from the run's own date on.
    matching : {"annual", "hourly"}
        How contracted clean energy is matched.
    parts : tuple of str
        Optional parts of the bill and of the footprint that are on.
    excluded : tuple of str
        Components that are switched off.
    """

    work: str = "transformer"
    interval: str = "daly2006"
    basis: str = "rent"
    depreciation: str = "cottier2024"
    restart: str = "interruptible"
    price: str = "annual"
    carbon: str = "annual"
    method: str = "event_driven"
    pausing: bool = False
    foreign: bool = False
    dated: bool = False
    matching: str = "annual"
    parts: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def inputs_read(choices: Choices, stated: Iterable[str], phases: Iterable[Iterable[str]] = ()) -> tuple[str, ...]:
    """Return the names of the inputs that the model reads.

    Parameters
    ----------
    choices : Choices
    stated : iterable of str
        Stated quantities; what is off unless stated is read where it is.
    phases : iterable of iterable of str
        The quantities that each phase states for itself.
    """
    stated, own = set(stated), [set(phase) for phase in phases]
    read = [*_WORK[choices.work], "accelerators", *_ALWAYS]
    if own:
        read = [name for name in read if name not in PHASE_QUANTITIES or not all(name in phase for phase in own)]
    if choices.work == "transformer" and {"layers", "hidden_size"} <= stated:
        read += [name for name in _ATTENTION if not (own and all(name in phase for phase in own))]
    read += _reliability(choices, stated)
    read += ["checkpoint_interval"] if choices.interval == "fixed" else []
    if choices.carbon == "annual":
        read.append("carbon_intensity")
    if choices.basis == "own":
        read += [*_OWN, "depreciation_rate" if choices.depreciation == "cottier2024" else "residual_value"]
        read += ["electricity_price"] if choices.price == "annual" else []
        read += ["exchange_rate"] if choices.foreign else []
    else:
        read.append("rental_price")
    for name in choices.parts:
        read += [*PARTS[name].off, *PARTS[name].reads]
    off = {quantity for name in choices.excluded if name in PARTS for quantity in PARTS[name].off if quantity not in PARTS[name].shared}
    off |= {"supply_variability"} if choices.matching == "annual" else set()
    read = [name for name in read if name not in off]  # what is switched off, no other part reads either
    if choices.work == "device_hours":  # stated device-hours hold every loss
        read = [name for name in read if name not in PARTS["rollbacks"].off]
    if choices.method == "event_driven":
        read += [] if choices.work == "device_hours" else ["max_wall_clock"]
        read += ["checkpoint_write_time"] if "checkpoint_write_time" in stated else []
        # stated device-hours are as long as they are, however slow
        read += ["straggler_slowdown"] if "straggler_slowdown" in stated and choices.work != "device_hours" else []
        if "hourly" in (choices.price, choices.carbon) or choices.dated:
            read.append("start_time")
        if "history" in (choices.price, choices.carbon) and not choices.dated:
            read.append("history_place")
        if choices.pausing:
            read += ["pause_time", *(name for name in _PAUSING if name in stated)]
    return tuple(read)


def _reliability(choices: Choices, stated: set[str]) -> list[str]:
    """Return the inputs of interruptions: one rate, or one of each stated class with its own or the general downtime."""
    classes = [name for name in INTERRUPTION_CLASSES if f"failure_rate_{name}" in stated]
    if choices.method == "expected_value" or not classes:
        read = ["failure_rate", "downtime"]
    else:
        read = [f"failure_rate_{name}" for name in classes]
        read += [f"downtime_{name}" for name in classes if f"downtime_{name}" in stated]
        read += ["downtime"] if any(f"downtime_{name}" not in stated for name in classes) else []
    if choices.method == "event_driven" and (not classes or any(name in BREAKING_CLASSES for name in classes)):
        read += ["spare_nodes", "repair_time"] if "spare_nodes" in stated else []
        read += ["early_failure_ratio", "early_failure_time"] if "early_failure_ratio" in stated else []
    return read
