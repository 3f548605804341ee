"""How exactly the draws tell each statistic, and how many draws would tell it to one per cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from simulator.analysis.estimates import Estimate
from simulator.analysis.intervals import half_widths

WANTED = 0.01  # of the statistic, on either side


@dataclass(frozen=True)
class Exactness:
    """How exactly one statistic is known.

    Attributes
    ----------
    output : str
    statistic : str
        ``P80`` or ``mean``.
    found : Estimate
        In the output's unit.
    half_width : float
        Of the 95 % interval, as a share of the statistic; NaN where there is none.
    draws : int
        That would make this one per cent, at the rate of random draws; 0 where it is not known.
    """

    output: str
    statistic: str
    found: Estimate
    half_width: float
    draws: int


def exactness(summary: xr.Dataset, outputs: Sequence[str], levels: Sequence[float] = (0.05, 0.5, 0.8, 0.95)) -> list[Exactness]:
    r"""Return how exactly percentiles and means of outputs are known.

    The error falls with the root of the number of draws, so that a half width of :math:`w` asks for
    :math:`n \, (z \, \mathrm{mcse} / (w \, |value|))^2` draws. Sobol' points fall faster: there it is an upper bound.

    Parameters
    ----------
    summary : xarray.Dataset
        What :func:`simulator.summarize` returns.
    outputs : sequence of str
    levels : sequence of float
        Of the summary's.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate, summarize
    >>> found = exactness(summarize(simulate(load_scenario("configs/quickstart.yaml"), SamplingPlan(draws=2000))), ["cost_total"])
    >>> [(e.statistic, e.half_width > 0.01, e.draws > 2000) for e in found][1]
    ('P50', True, True)
    """
    reach, draws = half_widths(summary, 0.95), int(summary.attrs["draws"])
    found = []
    for output in outputs:
        row = summary.sel(output=output)
        estimates = {}
        for level in levels:
            at = row.sel(quantile=level)
            supported = int(at.draws_needed.item()) == 0
            estimates[f"P{100 * level:g}"] = Estimate(at.value.item(), at.mcse.item()) if supported else Estimate(math.nan, math.nan)
        estimates["mean"] = Estimate(row["mean"].item(), row.mcse_mean.item())
        for name, e in estimates.items():
            share = reach * e.mcse / abs(e.value) if e.value and math.isfinite(e.value) and math.isfinite(e.mcse) else math.nan
            needed = 0 if math.isnan(share) else math.ceil(draws * (share / WANTED) ** 2)
            found.append(Exactness(output, name, e, share, needed))
    return found
