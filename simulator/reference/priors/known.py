"""The priors of a run as they were known at a date."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from simulator.reference.priors import losses, power, utilization
from simulator.reference.priors.kind import Kind
from simulator.reference.priors.regression import Coefficient, Figure, Spread, predictive, residual_sd

_Z95 = 1.6448536269514722  # standard normal quantile of 95 %


@dataclass(frozen=True)
class Prior:
    """A distribution fitted to published figures.

    Attributes
    ----------
    quantity : str
    low, high : float
        Central 90 % [unit].
    unit : str
    most : float
        Beyond which it is cut off; inf where it is not.
    source : str
    figures : tuple of Figure
        What it rests on.
    excluded : tuple of (Figure, str)
        What it leaves out, and why.
    """

    quantity: str
    low: float
    high: float
    unit: str
    most: float
    source: str
    figures: tuple[Figure, ...]
    excluded: tuple[tuple[Figure, str], ...]

    @property
    def text(self) -> str:
        """Its central 90 %, ``0.25 to 0.5``."""
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()

    @property
    def value(self) -> str | dict[str, object]:
        """As a config would write it."""
        if math.isinf(self.most):
            return self.text
        return {"family": "lognormal", "p5": self.low, "p95": self.high, "truncate": [0, self.most]}


@dataclass(frozen=True)
class _Law:
    """How the prior of a quantity is fitted."""

    figures: Callable[[], tuple[Figure, ...]]
    coefficients: Sequence[Coefficient]
    spread: Spread
    factors: Callable[[Kind], tuple[float, ...]]
    unit: str = ""
    lowest: float = 0.0
    highest: float = math.inf
    most: float = math.inf


def _lost(quantity: str, figures: Callable[[], tuple[Figure, ...]], coefficients: Sequence[Coefficient], spread: Spread, unit: str) -> _Law:
    most = losses.MOST_OVERHEAD if quantity == "run_overhead" else math.inf
    return _Law(figures, coefficients, spread, lambda kind: losses.factors(quantity, kind), unit, most=most)


_LAWS = MappingProxyType(
    {
        "mfu": _Law(
            utilization.figures, utilization.COEFFICIENTS, utilization.SPREAD, utilization.factors,
            lowest=utilization.LOWEST, highest=utilization.HIGHEST,
        ),
        "run_overhead": _lost("run_overhead", losses.overheads, losses.OVERHEAD, losses.OVERHEAD_SPREAD, ""),
        "failure_rate": _lost("failure_rate", losses.failures, losses.FAILURES, losses.FAILURES_SPREAD, "per 1000 node-days"),
        "downtime": _lost("downtime", losses.downtimes, losses.DOWNTIME, losses.DOWNTIME_SPREAD, "min"),
        "checkpoint_time": _lost("checkpoint_time", losses.checkpoints, losses.CHECKPOINT, losses.CHECKPOINT_SPREAD, "s"),
        "power_fraction": _Law(
            power.figures, power.COEFFICIENTS, power.SPREAD, power.factors, lowest=power.LOWEST, highest=power.HIGHEST
        ),
    }
)  # fmt: skip

#: quantities that have such a prior
FITTED = tuple(_LAWS)


@cache
def known_prior(quantity: str, kind: Kind, *, before: str | None = None, without: tuple[str, ...] = ()) -> Prior:
    """Return the prior of a quantity for a run, by what was published before a month.

    Parameters
    ----------
    quantity : {"mfu", "run_overhead", "failure_rate", "downtime", "checkpoint_time", "power_fraction"}
    kind : Kind
        Of the run.
    before : str, optional
        Month before which a figure must have been published, ``2022-04``; all are taken where it is left out.
    without : tuple of str, optional
        Families whose figures are left out.

    Examples
    --------
    >>> run = Kind("H100 SXM", 989e12, 70e9, 2048)
    >>> prior = known_prior("failure_rate", run, before="2022-06", without=("bloom",))
    >>> prior.text, prior.source
    ('3.13 to 33.5 per 1000 node-days', 'fitted to 1 published figure, the latest of 2022-05 (simulator priors)')
    """
    law = _LAWS[quantity]
    kept, excluded = [], []
    for figure in law.figures():
        if before is not None and figure.facts.published >= before:
            excluded.append((figure, f"published in {figure.facts.published}"))
        elif figure.facts.family in without:
            excluded.append((figure, f"of the family {figure.facts.family}"))
        else:
            kept.append(figure)
    mean, sd = predictive(kept, law.coefficients, law.spread, law.factors(kind))
    low, high = (min(max(math.exp(mean + z * sd), law.lowest), law.highest) for z in (-_Z95, _Z95))
    if kept:
        latest = max(figure.facts.published for figure in kept)
        plural = "" if len(kept) == 1 else "s"
        source = f"fitted to {len(kept)} published figure{plural}, the latest of {latest} (simulator priors)"
    else:
        source = "judgement: no figure was published (simulator priors)"
    return Prior(quantity, float(f"{low:.3g}"), float(f"{high:.3g}"), law.unit, law.most, source, tuple(kept), tuple(excluded))


@cache
def spread_between_runs(quantity: str) -> float:
    """Return by how much the logarithms of a quantity differ between published runs of one family: a standard deviation.

    Parameters
    ----------
    quantity : str
        One of ``FITTED``.

    Examples
    --------
    >>> 0.05 < spread_between_runs("power_fraction") < spread_between_runs("mfu") < 0.3
    True
    """
    law = _LAWS[quantity]
    return residual_sd(law.figures(), law.coefficients, law.spread)
