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
    "rollback_rate", "rollback_time",
    # read by the ledger only
    "reserved_share", "spot_share", "reserved_discount", "spot_discount", "provider_spread", "commitment_time",
    "price_drift", "price_jump_rate", "price_jump_size", "preparation_time", "evaluation_time",
    "facility_price", "facility_life", "maintenance_rate", "decommissioning_share",
    "grid_fee", "demand_charge", "pue_seasonal_amplitude", "backup_share", "backup_price", "backup_intensity",
    "idle_infrastructure_ratio", "research_ratio", "abandon_probability", "abandon_point", "abandon_luck", "teacher_ratio",
    "data_acquisition_cost", "data_licence_cost", "raw_data", "scraping_price", "cleaning_price", "cleaning_energy",
    "annotation_items", "annotation_price", "annotation_passes", "synthetic_tokens", "synthetic_price",
    "stored_data", "storage_replicas", "storage_price", "checkpoint_size", "checkpoints_kept",
    "retrieved_data", "retrieval_price", "egress_data", "egress_price",
    "networking_cost", "networking_share", "software_cost", "software_share", "support_cost", "support_share",
    "insurance_cost", "insurance_share", "tax_rate", "carbon_price",
    "improvement_horizon", "refresh_interval", "refresh_ratio", "refresh_growth", "renewal_interval", "renewal_gain", "discount_rate",
    "matched_share", "supply_variability", "residual_intensity", "embodied_network", "embodied_building", "wue_on", "wue_off",
    "demand_in", "demand_out", "demand_growth", "api_price_in", "api_price_out", "api_price_drift", "serving_price", "buy_horizon",
)  # fmt: skip

#: choices of the scenario with their alternatives, in the order of ``modes``
MODES = {
    "work": ("transformer", "flop", "device_hours"),
    "interval": ("fixed", "young1974", "daly2006", "optimal"),
    "restart": ("interruptible", "immune"),
    "price": ("annual", "hourly", "history"),
    "carbon": ("annual", "hourly", "history"),
}
WORK_TRANSFORMER, WORK_FLOP, WORK_DEVICE_HOURS = 0, 1, 2
INTERVAL_FIXED, INTERVAL_YOUNG1974, INTERVAL_DALY2006, INTERVAL_OPTIMAL = 0, 1, 2, 3
#: choices that the ledger reads
BASES, DEPRECIATIONS = ("rent", "own"), ("cottier2024", "straight_line")
BASIS_RENT, BASIS_OWN = 0, 1
DEPRECIATION_COTTIER2024, DEPRECIATION_STRAIGHT_LINE = 0, 1
RESTART_INTERRUPTIBLE, RESTART_IMMUNE = 0, 1
ANNUAL, HOURLY, HISTORY = 0, 1, 2
