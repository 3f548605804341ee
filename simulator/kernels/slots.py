"""Places of the inputs and codes of the choices that kernels read.

Names with a number in brackets belong to one phase of a run; all others are quantities of the nomenclature.
"""

from __future__ import annotations

PHASES = 8
#: classes of interruptions; the first stands for all unplanned ones where a scenario does not tell them apart
CLASSES = ("unclassified", "accelerator", "host", "network", "software", "spot", "planned")
PLANNED = CLASSES.index("planned")
#: classes whose interruptions break a node: they age with the hardware and take a spare
BREAKS_NODE = (True, True, True, True, False, False, False)
#: quantities that each phase may state for itself
PHASE_INPUTS = ("tokens", "accelerators", "mfu", "sequence_length")

#: inputs that the model reads, in the order of their slots
INPUTS = (
    "params_active", "tokens", "flop", "device_hours", "mfu", "run_overhead", "accelerators", "accelerators_per_node",
    "peak_flops", "failure_rate", "downtime", "checkpoint_time", "checkpoint_interval", "tdp", "power_fraction",
    "server_power_ratio", "idle_power_fraction", "pue", "electricity_price", "price_year_shift", "carbon_intensity",
    "carbon_year_shift", "embodied_accelerator", "embodied_server", "service_life", "fleet_utilization", "rental_price",
    "accelerator_price", "server_price_ratio", "interconnect_share", "depreciation_rate", "residual_value",
    "exchange_rate", "layers", "hidden_size", "sequence_length",
    # read by the history kernel only
    "checkpoint_write_time", "spare_nodes", "repair_time", "early_failure_ratio", "early_failure_time",
    "straggler_slowdown", "max_wall_clock", "start_time", "history_place", "price_threshold", "carbon_threshold",
    "minimum_run_time", "minimum_pause_time", "pause_time", "deadline",
    *(f"failure_rate_{name}" for name in CLASSES[1:]),
    *(f"downtime_{name}" for name in CLASSES[1:]),
    *(f"{name}[{phase}]" for phase in range(PHASES) for name in PHASE_INPUTS),
)  # fmt: skip

#: choices of the scenario with their alternatives, in the order of ``modes``
MODES = {
    "work": ("transformer", "flop", "device_hours"),
    "interval": ("fixed", "young1974", "daly2006", "optimal"),
    "basis": ("rent", "own"),
    "depreciation": ("cottier2024", "straight_line"),
    "restart": ("interruptible", "immune"),
    "price": ("annual", "hourly", "history"),
    "carbon": ("annual", "hourly", "history"),
}
WORK_TRANSFORMER, WORK_FLOP, WORK_DEVICE_HOURS = 0, 1, 2
INTERVAL_FIXED, INTERVAL_YOUNG1974, INTERVAL_DALY2006, INTERVAL_OPTIMAL = 0, 1, 2, 3
BASIS_RENT, BASIS_OWN = 0, 1
DEPRECIATION_COTTIER2024, DEPRECIATION_STRAIGHT_LINE = 0, 1
RESTART_INTERRUPTIBLE, RESTART_IMMUNE = 0, 1
ANNUAL, HOURLY, HISTORY = 0, 1, 2
