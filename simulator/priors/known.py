"""The priors of a run as they were known at a date."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from simulator.priors.evidence import Evidence, evidence, peak_flops
from simulator.priors.utilization import Kind, predictive
from simulator.reference import Row, table

_LARGE = 500.0  # nodes
_LOWEST, _HIGHEST = 0.01, 0.85  # of utilization: no published run lies outside, nor does a matrix product


@dataclass(frozen=True)
class Prior:
    """A distribution and where it comes from.

    Attributes
    ----------
    value : str or mapping
        As a config would write it.
    source : str
    """

    value: str | Mapping[str, object]
    source: str


def known_priors(kind: Kind, *, nodes: float = 1.0, before: str | None = None, without: str | None = None) -> dict[str, Prior]:
    """Return the priors of mfu, run_overhead, failure_rate, downtime and pue for a run.

    Parameters
    ----------
    kind : Kind
        Of the run.
    nodes : float, optional
        Over which it is spread: those of 500 and more are restarted by machines.
    before : str, optional
        Month before which a figure must have been published, ``2022-04``; all are taken where it is left out.
    without : str, optional
        Family whose runs are left out.

    Examples
    --------
    >>> run = Kind("H100 SXM", 989e12, 70e9, experts=False)
    >>> known_priors(run, before="2024-01")["failure_rate"].value
    '1.5 to 16 per 1000 node-days'
    """
    mean, sd = _predictive(kind, before, without)
    names = [e.run.name for e in _known(before, without)]
    told = f"{len(names)} figures of {len(set(names))} runs of the table runs" if names else "no published run: the weak priors alone"
    priors = {
        "mfu": Prior(
            {"family": "lognormal", "median": math.exp(mean), "sigma": sd, "truncate": [_LOWEST, _HIGHEST]},
            f"hierarchical regression on {told}",
        )
    }
    names_of = (("large",) if nodes >= _LARGE else ()) + (("tpu",) if kind.accelerator.startswith("TPU") else ()) + ("any",)
    for quantity in ("run_overhead", "failure_rate", "downtime", "pue"):
        row = _row(quantity, names_of, before)
        priors[quantity] = Prior(row.value, row.source)
    return priors


@cache
def _predictive(kind: Kind, before: str | None, without: str | None) -> tuple[float, float]:
    return predictive([(kind_of(e), e) for e in _known(before, without)], kind, basis="steady")


def _known(before: str | None, without: str | None) -> list[Evidence]:
    """Return the evidence that was published before a month, of other families."""
    return [e for e in evidence() if e.run.family != without and (before is None or e.run.published < before)]


def kind_of(e: Evidence) -> Kind:
    """Return what of a published run tells of its utilization."""
    experts = e.run.architecture == "mixture_of_experts"
    return Kind(e.run.accelerator, peak_flops(e.run.accelerator), e.params_active, experts, e.run.operator == "laboratory")


def _row(quantity: str, names: Sequence[str], before: str | None) -> Row:
    """Return the latest row that was known, of the first of the names that has one; the earliest where all are later."""
    rows = [row for row in table("priors").rows if row.quantity == quantity]
    known = [row for row in rows if before is None or row.year < int(before[:4])] or [min(rows, key=lambda row: row.year)]
    return next(max(own, key=lambda row: row.year) for name in names if (own := [row for row in known if row.name == name]))
