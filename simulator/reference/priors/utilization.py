"""Utilization: steady figures that authors publish, and those of whole runs, from FLOP and accelerator-hours."""

from __future__ import annotations

import math
from functools import cache

from simulator.reference.priors.facts import Facts, facts
from simulator.reference.priors.kind import Kind, peak_flops
from simulator.reference.priors.regression import Coefficient, Figure, Spread
from simulator.reference.tables import Row, table

_FLOP_PER_PARAMETER = 6.0  # and token: Kaplan et al. 2020, arXiv:2001.08361, section 2.1
_LARGE = 20e9  # active parameters, from which size no longer tells
_MANY = 256.0  # accelerators, below which few runs are published

COEFFICIENTS = (
    Coefficient("level", math.log(0.38), 0.40),  # steady: a kernel reaches 0.6 of the peak at most, a badly fed one 0.15
    Coefficient("whole", -0.14, 0.03),  # what a whole run loses by the priors of losses and failures: a test holds it to the model
    Coefficient("hopper", 0.0, 0.20),  # faster devices are harder to feed; which way is left to the data
    Coefficient("blackwell", 0.0, 0.20),
    Coefficient("tpu", 0.0, 0.20),
    Coefficient("volta", 0.0, 0.20),
    Coefficient("other vendors", 0.0, 0.30),  # their software is younger
    Coefficient("mixture of experts", 0.0, 0.25),  # 6·N·T with active parameters leaves routing out
    Coefficient("encoder and decoder", 0.0, 0.40),  # 6·N·T counts every token twice where each passes half of the parameters
    Coefficient("not a laboratory", 0.0, 0.20),  # organisations whose work it is not to train models at scale
    Coefficient("small model", 0.0, 0.06),  # a factor e below 20 billion active parameters
    Coefficient("few accelerators", 0.0, 0.10),  # a factor e below 256
)
SPREAD = Spread(families=0.25, residuals=0.20)
LOWEST, HIGHEST = 0.01, 0.85  # no published run lies outside, nor does a matrix product

#: standard deviation of the logarithm of what whole runs lose. A forecast draws its losses: that scatter must not be counted twice
LOSSES = 0.10


def factors(kind: Kind, *, whole: bool = False, by_flop: bool = True) -> tuple[float, ...]:
    """Return the factor of each coefficient.

    Parameters
    ----------
    kind : Kind
    whole : bool, optional
        Over all hours of a run, not of undisturbed training.
    by_flop : bool, optional
        By 6·N·T; not by FLOP that were counted.
    """
    told = (
        True,
        whole,
        kind.hopper,
        kind.blackwell,
        kind.tpu,
        kind.volta,
        not (kind.tpu or kind.nvidia),
        kind.architecture == "mixture_of_experts",
        by_flop and kind.architecture == "encoder_decoder",
        not kind.laboratory,
        kind.below(_LARGE),
        kind.fewer(_MANY),
    )
    return tuple(map(float, told))


@cache
def figures() -> tuple[Figure, ...]:
    """Return what the table ``runs`` tells of utilization.

    Examples
    --------
    >>> [f.told for f in figures() if f.facts.name == "PaLM 540B"]
    ['0.462, steady, published', '0.304, whole run, 6·N·T over its hours']
    """
    found = []
    for own in facts().values():
        rows = rows_of(own.name)
        if "mfu" in rows:
            mfu, steady = rows["mfu"].central, "steady" in rows["mfu"].basis
            told = f"{mfu:.3g}, {'steady' if steady else 'whole run'}, published"
            found.append(_figure(own.known_by("mfu"), mfu, whole=not steady, by_flop=False, told=told))
        whole = whole_utilization(own)
        if whole is not None and own.hours in ("run", "productive"):
            told = f"{whole:.3g}, {'whole run' if own.hours == 'run' else 'productive hours'}, 6·N·T over its hours"
            found.append(_figure(own, whole, whole=own.hours == "run", by_flop=True, told=told))
    return tuple(found)


def whole_utilization(own: Facts) -> float | None:
    """Return 6·N·T over the published accelerator-hours and the dense peak at 16 bits; None where one of these is not published."""
    rows = rows_of(own.name)
    experts = own.architecture == "mixture_of_experts" and "params_active" not in rows
    if not {"tokens", "device_hours"} <= set(rows) or experts:
        return None
    flop = _FLOP_PER_PARAMETER * params_of(own) * rows["tokens"].central
    return flop / (3600.0 * rows["device_hours"].central * peak_flops(own.accelerator))


def rows_of(name: str) -> dict[str, Row]:
    """Return the rows of a run in the table ``runs`` by quantity."""
    return {row.quantity: row for row in table("runs").rows if row.name == name}


def params_of(own: Facts) -> float:
    """Return the active parameters of a run."""
    rows = rows_of(own.name)
    return (rows.get("params_active") or rows["params"]).central


def kind_of(own: Facts) -> Kind:
    """Return what of a published run tells of it."""
    accelerators = rows_of(own.name).get("accelerators")
    return Kind(
        own.accelerator,
        peak_flops(own.accelerator),
        params_of(own),
        accelerators.central if accelerators else None,
        own.architecture or "dense",  # type: ignore[arg-type]  # a test holds the column to its three words
        own.organisation == "laboratory",
    )


def _figure(own: Facts, value: float, *, whole: bool, by_flop: bool, told: str) -> Figure:
    row = factors(kind_of(own), whole=whole, by_flop=by_flop)
    return Figure(own, math.log(value), row, LOSSES if whole else 0.0, told)
