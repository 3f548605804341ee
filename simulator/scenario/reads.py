"""Which inputs the model reads, by the alternatives that a scenario chose."""

from __future__ import annotations

_ALWAYS = (
    "accelerators", "accelerators_per_node", "failure_rate", "downtime", "checkpoint_time", "tdp", "power_fraction",
    "server_power_ratio", "idle_power_fraction", "pue", "carbon_intensity", "carbon_year_shift", "embodied_accelerator",
    "embodied_server", "service_life", "fleet_utilization",
)  # fmt: skip
_WORK = {
    "transformer": ("params_active", "tokens", "mfu", "run_overhead", "peak_flops"),
    "flop": ("flop", "mfu", "run_overhead", "peak_flops"),
    "device_hours": ("device_hours",),
}
_OWN = ("accelerator_price", "server_price_ratio", "interconnect_share", "electricity_price", "price_year_shift")


def inputs_read(*, work: str, fixed_interval: bool, basis: str, depreciation: str) -> tuple[str, ...]:
    """Return the names of the inputs that the model reads.

    Parameters
    ----------
    work : {"transformer", "flop", "device_hours"}
    fixed_interval : bool
        Whether the checkpoint interval is a number, not a rule.
    basis : {"rent", "own"}
    depreciation : {"cottier2024", "straight_line"}
    """
    own = (*_OWN, "depreciation_rate" if depreciation == "cottier2024" else "residual_value")
    return (*_WORK[work], *_ALWAYS, *(["checkpoint_interval"] if fixed_interval else []), *(own if basis == "own" else ["rental_price"]))
