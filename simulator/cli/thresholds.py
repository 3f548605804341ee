"""``--fail-above "cost_total p80 > 30M"``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
import xarray as xr

from simulator.analysis.bands import summarize
from simulator.analysis.notes import percentage, stopped_share
from simulator.analysis.statistic import Statistic, parse_statistic
from simulator.errors import InputError, LawError, SimulatorError, ThresholdExceededError
from simulator.quantities import QUANTITIES

#: share of the draws that were stopped, which completed tells the other way round
STOPPED = "stopped"
_FORM = "NAME STATISTIC > LIMIT; for example 'cost_total p80 > 30M' or 'energy mean > 5 GWh'"


@dataclass(frozen=True)
class Threshold:
    """A statistic of an output and the limit that it should not exceed [canonical unit]."""

    text: str
    statistic: Statistic
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
    stated, sign, limit = text.partition(">")
    where = f"--fail-above '{text}'"
    if not sign:
        raise InputError(f"{where} is not {_FORM}")
    known = [*outputs, *([STOPPED] if "completed" in outputs else [])]
    statistic = parse_statistic(stated, known, where=where, form=_FORM, kinds=("mean", "percentile"))
    quantity = "completed" if statistic.output == STOPPED else statistic.output.partition("[")[0]
    try:
        return Threshold(text, statistic, QUANTITIES[quantity].parse(limit.strip()))
    except LawError as error:
        raise InputError(f"{where}: {error}") from None


def require_counts_tell(thresholds: Sequence[Threshold]) -> None:
    """Refuse what draws that are counted do not tell.

    Raises
    ------
    InputError
        Percentiles of what is stopped, which is known by its share.
    """
    for threshold in thresholds:
        if threshold.statistic.output == STOPPED and threshold.statistic.kind != "mean":
            raise InputError(
                f"--fail-above '{threshold.text}': without draws, {STOPPED} is known by its mean; "
                f"write '{STOPPED} mean > ...', or leave --summary out"
            )


def _bands_of(results: xr.Dataset, threshold: Threshold) -> xr.Dataset:
    """Return the statistics that a threshold asks for, of draws or of bands."""
    name, mean = threshold.statistic.output, threshold.statistic.kind == "mean"
    quantile = 0.5 if mean else threshold.statistic.probability
    if name == STOPPED and mean:  # a share, whose mean has no tail to judge
        return summarize(results, quantiles=[quantile]).sel(output="completed", quantile=quantile).assign(mean=stopped_share(results))
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
        mean = threshold.statistic.kind == "mean"
        value = float(row["mean"].item() if mean else row.value.item())
        needed = 0 if mean else int(row.draws_needed.item())
        if needed:
            draws = results.attrs["draws"]
            raise SimulatorError(f"'{threshold.text}' cannot be judged from {draws} draws; at least {needed} support this percentile")
        if np.isnan(value):
            raise SimulatorError(f"'{threshold.text}' cannot be judged: {row.note.item() or 'the statistic is not a number'}")
        unit = "" if row.unit.item() == "1" else f" {row.unit.item()}"
        of_bins = 0.0 if mean or "bin_error" not in row else float(row.bin_error.item())
        within = f" (within {of_bins:.1g}{unit}, by the bin it lies in)" if of_bins else ""
        verdict = f"{threshold.text}: it is {value:.6g}{unit}{within}{cut}"
        if value > threshold.limit:
            exceeded.append(verdict)
        else:
            click.echo(f"not exceeded: {verdict}", err=True)
    if exceeded:
        raise ThresholdExceededError("threshold exceeded: " + "; ".join(exceeded))
