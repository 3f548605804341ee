"""Checks across sections of plain data: what a scenario must state, and what it must not state twice.

They read the plain data, so that they can speak up together with the problems of single fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.errors import Problem


def check_consistency(data: Mapping[str, Any]) -> list[Problem]:
    """Return every problem between fields.

    Parameters
    ----------
    data : mapping
        The scenario as plain data, valid or not.
    """
    sections = {name: value if isinstance(value, Mapping) else {} for name, value in data.items()}
    problems: list[Problem] = []

    def has(section: str, key: str) -> bool:
        return sections.get(section, {}).get(key) is not None

    _check_work(has, sections, problems)
    if "hardware" in sections and not has("hardware", "accelerator"):
        needed = ["tdp"] if has("workload", "device_hours") else ["peak_flops", "tdp"]
        missing = [name for name in needed if not has("hardware", name)]
        if missing:
            problems.append(
                Problem(
                    f"neither an accelerator nor its {' and '.join(missing)} is stated",
                    "hardware",
                    "Name one, for example accelerator: H100 SXM",
                )
            )
    _check_payment(sections.get("compute", {}), has, problems)
    if has("compute", "basis") and sections["compute"]["basis"] == "rent":
        for key in ("currency", "electricity_price", "price_year_shift"):
            if has("energy", key):
                problems.append(Problem(f"{key} is not read: rent includes electricity", f"energy.{key}", "Remove it"))
    return problems


def _every_phase_states(sections: Mapping[str, Any], key: str) -> bool:
    phases = sections.get("workload", {}).get("phases")
    return isinstance(phases, list) and bool(phases) and all(isinstance(phase, Mapping) and key in phase for phase in phases)


def _check_work(has: Callable[[str, str], bool], sections: Mapping[str, Any], problems: list[Problem]) -> None:
    phases = bool(sections.get("workload", {}).get("phases"))
    if phases and has("workload", "tokens"):
        problems.append(Problem("tokens is stated beside phases, which state their own", "workload.tokens", "Remove one of the two"))
    if "hardware" in sections and not has("hardware", "accelerators") and not _every_phase_states(sections, "accelerators"):
        problems.append(Problem("accelerators is not stated and has no default", "hardware.accelerators", "State it"))
    model = (has("workload", "tokens") or phases) and (has("workload", "params") or has("workload", "params_active"))
    stated = [name for name in ("flop", "device_hours") if has("workload", name)]
    partial = [name for name in ("params", "params_active", "tokens", "phases") if (phases if name == "phases" else has("workload", name))]
    ways = "State params and tokens, or flop, or device_hours"
    if len(stated) == 2 or (stated and partial):
        both = " and ".join([*stated, *partial])
        problems.append(Problem(f"the work is stated more than once, by {both}", "workload", ways))
    elif not stated and not model:
        what = f"the work is not stated: {' and '.join(partial)} alone does not fix it" if partial else "the work is not stated"
        problems.append(Problem(what, "workload", ways))
    if "device_hours" in stated:
        for section, key in (("workload", "mfu"), ("workload", "run_overhead"), ("hardware", "peak_flops")):
            if has(section, key):
                problems.append(Problem(f"{key} is not read where device_hours is stated", f"{section}.{key}", "Remove one of the two"))


_OWN_ONLY = ("accelerator_price", "server_price_ratio", "interconnect_share", "depreciation", "depreciation_rate", "residual_value")


def _check_payment(compute: Mapping[str, Any], has: Callable[[str, str], bool], problems: list[Problem]) -> None:
    basis = compute.get("basis")
    if basis == "rent":
        problems.extend(
            Problem(f"{key} is not read where accelerators are rented", f"compute.{key}", "Remove it, or set basis: own")
            for key in _OWN_ONLY
            if has("compute", key)
        )
    elif basis == "own":
        rule, unread = compute.get("depreciation") or "cottier2024", "residual_value"
        if rule == "straight_line":
            unread = "depreciation_rate"
        if has("compute", unread):
            problems.append(Problem(f"{unread} is not read where depreciation is {rule}", f"compute.{unread}", "Remove one of the two"))
        if has("compute", "rental_price"):
            problems.append(
                Problem("rental_price is not read where accelerators are owned", "compute.rental_price", "Remove it, or set basis: rent")
            )
