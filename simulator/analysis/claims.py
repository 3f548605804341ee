"""Well-known claims about training, each put to a scenario: how likely it is, and what to make of it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.analysis.estimates import Estimate, chance
from simulator.engine import simulate
from simulator.errors import InputError
from simulator.plan import SamplingPlan
from simulator.quantities import QUANTITIES
from simulator.scenario import load_scenario

_RELATIONS = ("above", "below", "between", "lower with")


@dataclass(frozen=True)
class Claim:
    """A claim, and the event on the draws of a scenario that it says is so.

    Attributes
    ----------
    name, claim, source : str
    year : int
    config : str
        Name of the scenario's file.
    output : str
        An output, a sum of components (``cost[accelerators]+cost[electricity]``), or a share (``cost[people]/cost_total``).
    relation : {"above", "below", "between", "lower with"}
        ``lower with``: lower in the same draws once ``levers`` are pulled.
    low, high : float
        In the output's canonical unit; NaN for what the relation does not need.
    levers : tuple of str
    note : str
        How the words were turned into an event.
    """

    name: str
    claim: str
    source: str
    year: int
    config: str
    output: str
    relation: str
    low: float
    high: float
    levers: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Finding:
    """What became of a claim.

    Attributes
    ----------
    claim : Claim
    probability : Estimate
        Of the event.
    band : tuple of float
        P5, P50 and P95 of the output; of its difference for ``lower with``.
    unit, verdict : str
    """

    claim: Claim
    probability: Estimate
    band: tuple[float, float, float]
    unit: str
    verdict: str


def claims() -> tuple[Claim, ...]:
    """Return the claims of ``claims.csv``."""
    text = files("simulator.analysis").joinpath("claims.csv").read_text(encoding="utf-8")
    return tuple(_claim(row) for row in csv.DictReader(text.splitlines()))


def _claim(row: dict[str, str]) -> Claim:
    quantity = QUANTITIES[row["output"].partition("/")[0].partition("[")[0]]
    share = "/" in row["output"]

    def limit(text: str) -> float:
        return float("nan") if not text else float(text) if share else quantity.parse(text)

    if row["relation"] not in _RELATIONS:
        raise ValueError(f"relation {row['relation']} is not one of {', '.join(_RELATIONS)}")
    return Claim(
        name=row["name"],
        claim=row["claim"],
        source=row["source"],
        year=int(row["year"]),
        config=row["config"],
        output=row["output"],
        relation=row["relation"],
        low=limit(row["low"]),
        high=limit(row["high"]),
        levers=tuple(filter(None, row["levers"].split(";"))),
        note=row["note"],
    )


def judge_claims(
    configs: str | Path = "configs", plan: SamplingPlan | None = None, *, progress: Callable[[str], None] | None = None
) -> Iterator[Finding]:
    """Put every claim to its scenario; scenarios are simulated once each.

    Parameters
    ----------
    configs : str or Path
        Folder with the scenarios of the record.
    plan : SamplingPlan, optional
        20 000 random draws from seed 0 where left out.
    progress : callable, optional
        Called with the name of each scenario before it is simulated.

    Raises
    ------
    InputError
        Where a scenario is not there.
    """
    plan, folder = plan or SamplingPlan(draws=20_000), Path(configs)
    known: dict[tuple[str, tuple[str, ...]], xr.Dataset] = {}

    def results(config: str, levers: tuple[str, ...]) -> xr.Dataset:
        if (config, levers) not in known:
            path = folder / f"{config}.yaml"
            if not path.is_file():
                raise InputError(f"{path} does not exist. Name the folder with the scenarios of the record: --configs FOLDER")
            if progress is not None:
                progress(config)
            known[config, levers] = simulate(load_scenario(path, levers=levers), plan)
        return known[config, levers]

    for claim in claims():
        base = results(claim.config, ())
        values = _values(base, claim.output)
        if claim.relation == "lower with":
            values = _values(results(claim.config, claim.levers), claim.output) - values
            happens = values < 0.0
        else:
            above, below = claim.relation in ("above", "between"), claim.relation in ("below", "between")
            happens = np.ones(len(values), dtype=bool)
            happens &= values > claim.low if above else happens
            happens &= values < claim.high if below else happens
        probability = chance(base, happens)
        low, middle, high = (float(q) for q in np.quantile(values, [0.05, 0.5, 0.95]))
        unit = "1" if "/" in claim.output else QUANTITIES[claim.output.partition("[")[0]].unit
        yield Finding(claim, probability, (low, middle, high), unit, verdict(probability.value))


def _values(results: xr.Dataset, output: str) -> NDArray[np.float64]:
    part, _, whole = output.partition("/")
    if whole:
        return _values(results, part) / _values(results, whole)
    if "+" in part:
        return np.asarray(np.sum([_values(results, term) for term in part.split("+")], axis=0))
    name, bracket, component = part.partition("[")
    if not bracket:
        return np.asarray(results[name].values)
    dimension = next(dim for dim in results[name].dims if dim != "draw")
    return np.asarray(results[name].sel({dimension: component.rstrip("]")}).values)


def verdict(probability: float) -> str:
    """Return a probability in a word: holds above 95 %, false below 5 %.

    Examples
    --------
    >>> [verdict(p) for p in (0.99, 0.7, 0.3, 0.01)]
    ['holds', 'likely', 'unlikely', 'false']
    """
    if probability > 0.95:
        return "holds"
    return "likely" if probability > 0.5 else "unlikely" if probability >= 0.05 else "false"


def findings_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain data for ``json.dumps``."""
    return [
        {
            "name": f.claim.name,
            "claim": f.claim.claim,
            "source": f.claim.source,
            "year": f.claim.year,
            "config": f.claim.config,
            "event": event(f.claim),
            "probability": f.probability.value,
            "mcse": f.probability.mcse if f.probability.mcse == f.probability.mcse else None,
            "unit": f.unit,
            "band": {"0.05": f.band[0], "0.5": f.band[1], "0.95": f.band[2]},
            "verdict": f.verdict,
            "note": f.claim.note,
        }
        for f in findings
    ]


def event(claim: Claim) -> str:
    """Return the event in words.

    Examples
    --------
    >>> event(claims()[0])[:16]
    'cost_total above'
    """
    unit = "" if "/" in claim.output else f" {QUANTITIES[claim.output.partition('[')[0]].unit}".removesuffix(" 1")
    if claim.relation == "lower with":
        return f"{claim.output} lower with {' and '.join(claim.levers)}"
    if claim.relation == "between":
        return f"{claim.output} between {claim.low:g} and {claim.high:g}{unit}"
    return f"{claim.output} {claim.relation} {claim.low if claim.relation == 'above' else claim.high:g}{unit}"
