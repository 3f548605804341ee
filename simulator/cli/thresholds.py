"""``--fail-above "cost_total p80 > 30M"``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

import click
import numpy as np
import xarray as xr

from simulator.analysis.bands import QUANTILES, summarize
from simulator.analysis.notes import percentage, stopped_share
from simulator.errors import InputError, LawError, SimulatorError, ThresholdExceededError
from simulator.quantities import QUANTITIES

#: share of the draws that were stopped, which completed tells the other way round
STOPPED = "stopped"
#: a statistic of an output, in text: ``cost_total p80``, ``pay[data engineers] mean``
STATISTIC = r"\s*(?P<name>[^\s\[]+(?:\[[^\]]*\])?)\s+(?P<statistic>mean|[pP]\d+(?:\.\d+)?)\s*"
_PATTERN = re.compile(STATISTIC + r">\s*(?P<limit>.+)")


@dataclass(frozen=True)
class Threshold:
    """A statistic of an output and the limit that it should not exceed [canonical unit]."""

    text: str
    name: str
    probability: float | None
    limit: float


def parse(text: str, outputs: Sequence[str]) -> Threshold:
    """Parse ``NAME STATISTIC > LIMIT``.

    Parameters
    ----------
    text : str
    outputs : sequence of str
        Names that the result has, as the bands have them; ``stopped``, the share of draws that were not completed, comes with
        ``completed``.

    Raises
    ------
    InputError
        Unknown output, statistic or unit.

    Examples
    --------
    >>> parse("emissions_total p80 > 5000 t", ["emissions_total"]).limit
    5000000.0
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise InputError(
            f"--fail-above '{text}' is not NAME STATISTIC > LIMIT; for example 'cost_total p80 > 30M' or 'energy mean > 5 GWh'"
        )
    name = match["name"]
    probability = probability_of(match, [*outputs, *([STOPPED] if "completed" in outputs else [])], f"--fail-above '{text}'")
    try:
        limit = QUANTITIES["completed" if name == STOPPED else name.partition("[")[0]].parse(match["limit"])
    except LawError as error:
        raise InputError(f"--fail-above '{text}': {error}") from None
    return Threshold(text, name, probability, limit)


def probability_of(match: re.Match[str], known: Sequence[str], where: str) -> float | None:
    """Return which percentile of a known output is asked for, None for its mean.

    Parameters
    ----------
    match : re.Match
        Of :data:`STATISTIC`.
    known : sequence of str
        Outputs.
    where : str
        What the user wrote, for messages.

    Raises
    ------
    InputError
        Unknown output or percentile.
    """
    if match["name"] not in known:
        near = get_close_matches(match["name"], known, n=3) or known
        raise InputError(f"{where}: {match['name']} is not an output; did you mean {' or '.join(near)}?")
    if match["statistic"] == "mean":
        return None
    probability = float(Decimal(match["statistic"][1:]) / 100)
    if not 0 < probability < 1:
        raise InputError(f"{where}: a percentile lies strictly between p0 and p100")
    return probability


def quantiles_for(thresholds: Sequence[Threshold]) -> tuple[float, ...]:
    """Return the percentiles of bands, and those that thresholds ask for besides.

    Raises
    ------
    InputError
        Where bands cannot tell what a threshold asks for.
    """
    for threshold in thresholds:
        if threshold.name == STOPPED and threshold.probability is not None:
            raise InputError(
                f"--fail-above '{threshold.text}': without draws, {STOPPED} is known by its mean; "
                f"write '{STOPPED} mean > ...', or leave --summary out"
            )
    return tuple(sorted({*QUANTILES, *(threshold.probability for threshold in thresholds if threshold.probability is not None)}))


def _bands_of(results: xr.Dataset, threshold: Threshold) -> xr.Dataset:
    """Return the statistics that a threshold asks for, of draws or of bands."""
    name, quantile = threshold.name, threshold.probability or 0.5
    if name == STOPPED and threshold.probability is None:  # a share, whose mean has no tail to judge
        like = results if "draw" not in results.dims else summarize(results)
        return like.sel(output="completed", quantile=quantile).assign(mean=stopped_share(results))
    if "draw" not in results.dims:
        if quantile not in results["quantile"]:
            known = ", ".join(f"p{100 * q:g}" for q in results["quantile"].values)
            raise InputError(f"--fail-above '{threshold.text}': these bands hold {known}; run again with this threshold")
        return results.sel(output=name, quantile=quantile)
    if name == STOPPED:
        results = results.assign({STOPPED: (1.0 - results.completed).assign_attrs(results.completed.attrs)})
    return summarize(results, quantiles=[quantile]).sel(output=name, quantile=quantile)


def check(results: xr.Dataset, thresholds: list[Threshold]) -> None:
    """Judge thresholds.

    Raises
    ------
    ThresholdExceededError
        Naming each that is exceeded.
    SimulatorError
        Where a statistic does not exist, so that nothing can be judged.
    """
    exceeded = []
    share = stopped_share(results)
    cut = f" ({percentage(share)} of the draws were stopped at max_wall_clock and count as they stood)" if share else ""
    for threshold in thresholds:
        row = _bands_of(results, threshold)
        value = float(row["mean"].item() if threshold.probability is None else row.value.item())
        needed = 0 if threshold.probability is None else int(row.draws_needed.item())
        if needed:
            draws = results.attrs["draws"]
            raise SimulatorError(f"'{threshold.text}' cannot be judged from {draws} draws; at least {needed} support this percentile")
        if np.isnan(value):
            raise SimulatorError(f"'{threshold.text}' cannot be judged: {row.note.item() or 'the statistic is not a number'}")
        unit = "" if row.unit.item() == "1" else f" {row.unit.item()}"
        verdict = f"{threshold.text}: it is {value:.6g}{unit}{cut}"
        if value > threshold.limit:
            exceeded.append(verdict)
        else:
            click.echo(f"not exceeded: {verdict}", err=True)
    if exceeded:
        raise ThresholdExceededError("threshold exceeded: " + "; ".join(exceeded))
