"""What published runs tell of the utilization of accelerators, each with the month from which it was known."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from simulator.quantities import QUANTITIES
from simulator.reference import accelerator, table

_FLOP_PER_PARAMETER = 6.0  # and token: Kaplan et al. 2020, arXiv:2001.08361, section 2.1


@dataclass(frozen=True)
class RunFacts:
    """What a published run was, and when its figures became known.

    Attributes
    ----------
    name : str
        As in the table ``runs``.
    family : str
        Models of one team and recipe, whose figures are no independent evidence.
    published : str
        Month in which its hours or utilization were published, ``2022-04``.
    accelerator : str
        As in the table ``accelerators``.
    architecture : {"dense", "mixture_of_experts", "encoder_decoder"}
    operator : {"laboratory", "public", "company"}
        Who trained it: a laboratory that trains models as its work, a public or open project, another company.
    hours : {"run", "productive", "estimate", "none"}
        What its published accelerator-hours contain: all of the run, productive hours only (tokens over throughput); ``estimate`` are
        other people's, ``none`` are published.
    source : str
    """

    name: str
    family: str
    published: str
    accelerator: str
    architecture: str
    operator: str
    hours: str
    source: str


@dataclass(frozen=True)
class Evidence:
    """One figure of utilization.

    Attributes
    ----------
    run : RunFacts
    params_active : float
    log_utilization : float
        Natural logarithm of model FLOP over peak FLOP.
    kind : {"steady", "whole"}
        Of undisturbed training, or over all hours of the run, with what was lost.
    """

    run: RunFacts
    params_active: float
    log_utilization: float
    kind: Literal["steady", "whole"]


@cache
def run_facts() -> tuple[RunFacts, ...]:
    """Return the facts of the runs in the table ``runs``."""
    text = files("simulator.priors").joinpath("run_facts.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(RunFacts(**{name: row[name] for name in RunFacts.__dataclass_fields__}) for row in rows)


@cache
def evidence() -> tuple[Evidence, ...]:
    """Return what the published runs tell of utilization.

    Steady figures are those that authors publish of undisturbed training. Whole ones are achieved FLOP over all hours, or 6·N·T over
    the published accelerator-hours and the dense peak at 16 bits; of encoders with decoders, which 6·N·T does not describe, published
    ones only.

    Examples
    --------
    >>> [(e.kind, round(2.718281828 ** e.log_utilization, 2)) for e in evidence() if e.run.name == "PaLM 540B"]
    [('steady', 0.46), ('whole', 0.3)]
    """
    found = []
    for facts in run_facts():
        figures = {row.quantity: row for row in table("runs").of(facts.name) if row.name == facts.name}
        params = figures.get("params_active") or figures["params"]
        if "mfu" in figures:
            kind: Literal["steady", "whole"] = "steady" if "steady" in figures["mfu"].basis else "whole"
            found.append(Evidence(facts, params.central, math.log(figures["mfu"].central), kind))
        experts = facts.architecture == "mixture_of_experts" and "params_active" not in figures
        if {"tokens", "device_hours"} <= set(figures) and facts.hours in ("run", "productive") and not experts:
            if facts.architecture == "encoder_decoder":
                continue
            flop = _FLOP_PER_PARAMETER * params.central * figures["tokens"].central
            whole = flop / (3600.0 * figures["device_hours"].central * peak_flops(facts.accelerator))
            found.append(Evidence(facts, params.central, math.log(whole), "steady" if facts.hours == "productive" else "whole"))
    return tuple(found)


def peak_flops(name: str) -> float:
    """Return the dense peak at 16 bits of an accelerator [FLOP/s].

    Parameters
    ----------
    name : str
        As in the table ``accelerators``.
    """
    return QUANTITIES["peak_flops"].parse(accelerator(name)["peak_flops"].value)
