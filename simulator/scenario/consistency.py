"""Checks across sections: what a scenario must state, and what it must not state twice or in vain.

They read the plain data, so that they can speak up together with the problems of single fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.errors import Problem
from simulator.quantities import QUANTITIES
from simulator.scenario.reads import inputs_read


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

    _check_work(has, problems)
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
    _check_correlations(data, has, problems)
    if has("compute", "basis") and sections["compute"]["basis"] == "rent":
        for key in ("electricity_price", "price_year_shift"):
            if has("energy", key):
                problems.append(Problem(f"{key} is not read: rent includes electricity", f"energy.{key}", "Remove it"))
    return problems


def _check_work(has: Callable[[str, str], bool], problems: list[Problem]) -> None:
    model = has("workload", "tokens") and (has("workload", "params") or has("workload", "params_active"))
    stated = [name for name in ("flop", "device_hours") if has("workload", name)]
    partial = [name for name in ("params", "params_active", "tokens") if has("workload", name)]
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


def _check_correlations(data: Mapping[str, Any], has: Callable[[str, str], bool], problems: list[Problem]) -> None:
    """Refuse pairs of inputs that this scenario does not read, as far as its choices can be told."""
    pairs, compute = data.get("correlations"), data.get("compute")
    basis = compute.get("basis") if isinstance(compute, Mapping) else None
    if not isinstance(pairs, list) or not isinstance(compute, Mapping) or basis not in ("rent", "own"):
        return
    interval = data["reliability"].get("checkpoint_interval") if isinstance(data.get("reliability"), Mapping) else None
    read = inputs_read(
        work=next((name for name in ("flop", "device_hours") if has("workload", name)), "transformer"),
        fixed_interval=interval is not None and interval not in ("young1974", "daly2006"),
        basis=str(basis),
        depreciation=str(compute.get("depreciation") or "cottier2024"),
    )
    dense = has("workload", "params") and not has("workload", "params_active")
    for pair in pairs:
        for name in pair[:2] if isinstance(pair, list) else ():
            known = isinstance(name, str) and name in QUANTITIES and QUANTITIES[name].dimension is not None
            if known and name not in read and not (name == "params" and dense and "params_active" in read):
                problems.append(Problem(f"{name} is correlated but this scenario does not read it", "correlations", "Remove the pair"))


_OWN_ONLY = ("accelerator_price", "server_price_ratio", "interconnect_share", "depreciation", "depreciation_rate", "residual_value")


def _check_payment(compute: Mapping[str, Any], has: Callable[[str, str], bool], problems: list[Problem]) -> None:
    basis = compute.get("basis")
    if basis == "rent":
        if not has("compute", "rental_price"):
            problems.append(
                Problem("rental_price is not stated and has no default", "compute.rental_price", "State it in USD/h per accelerator")
            )
        problems.extend(
            Problem(f"{key} is not read where accelerators are rented", f"compute.{key}", "Remove it, or set basis: own")
            for key in _OWN_ONLY
            if has("compute", key)
        )
    elif basis == "own":
        if not has("compute", "accelerator_price"):
            problems.append(
                Problem(
                    "accelerator_price is not stated and has no default", "compute.accelerator_price", "State it in USD per accelerator"
                )
            )
        rule, unread = compute.get("depreciation") or "cottier2024", "residual_value"
        if rule == "straight_line":
            unread = "depreciation_rate"
        if has("compute", unread):
            problems.append(Problem(f"{unread} is not read where depreciation is {rule}", f"compute.{unread}", "Remove one of the two"))
        if has("compute", "rental_price"):
            problems.append(
                Problem("rental_price is not read where accelerators are owned", "compute.rental_price", "Remove it, or set basis: rent")
            )
