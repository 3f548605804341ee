"""What it costs to emit less: USD per tonne avoided, where that is a number, and why not where it is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from simulator.analysis.bands import QUANTILES, summarize
from simulator.analysis.comparison.differences import names_of, pairs_of
from simulator.analysis.estimates import Estimate, members
from simulator.analysis.notes import percentage
from simulator.analysis.tails import moments_reported

UNIT = "USD/tCO2e"
_TONNE = 1000.0  # kg

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Abatement:
    """The cost of emitting less in one scenario than in another.

    Attributes
    ----------
    mean : Estimate
        Mean extra cost over mean emissions avoided [USD/tCO2e]: what a tonne costs over many such choices. NaN where the emissions
        avoided do not differ from nought by more than their Monte Carlo error, or are an increase.
    interval : tuple of float
        Fieller's interval of that ratio [USD/tCO2e].
    confidence : float
        Its level.
    quantiles, mcse : dict of float to float
        Band of the ratio over the draws and its Monte Carlo error; empty unless every draw emits less.
    note : str
        Why something is missing, in words; empty if nothing is.
    """

    mean: Estimate
    interval: tuple[float, float]
    confidence: float
    quantiles: dict[float, float]
    mcse: dict[float, float]
    note: str


def abatement(results: xr.Dataset, other: str, *, base: str | None = None, confidence: float = 0.95) -> Abatement:
    r"""Return what it costs to emit less in a scenario than in its base.

    Of mean extra cost :math:`\bar c` and mean emissions avoided :math:`\bar e` the ratio :math:`r = \bar c / \bar e` has an interval
    that ends only where :math:`\bar e` stands apart from nought; it is all :math:`r` with
    :math:`(\bar c - r \bar e)^2 \le t^2 (v_{cc} - 2 r v_{ce} + r^2 v_{ee})`. Where it does not end, no ratio is given.

    Parameters
    ----------
    results : xarray.Dataset
        What :func:`simulator.compare` returns.
    other : str
        Scenario that may emit less.
    base : str, optional
        The first scenario where left out.
    confidence : float
        Level of the interval, in (0, 1).

    Returns
    -------
    Abatement
        Its errors, and v above, are those of means of draws completed in both: of random draws, or of Sobol' replicates by Student's t.

    Notes
    -----
    Fieller (1954), Some problems in interval estimation, J. R. Stat. Soc. B 16(2):175-185, doi:10.1111/j.2517-6161.1954.tb00159.x.

    Examples
    --------
    >>> avoided = np.linspace(1000.0, 3000.0, 201)
    >>> outputs = {"cost_total": np.stack([0 * avoided, 50 + 0.05 * avoided]), "emissions_total": np.stack([0 * avoided, -avoided])}
    >>> both = xr.Dataset({name: (("scenario", "draw"), v) for name, v in outputs.items()}, {"scenario": ["a", "b"]}, {"plan": "random"})
    >>> found = abatement(both, "b")
    >>> round(found.mean.value, 6), [round(float(found.quantiles[q]), 1) for q in (0.05, 0.95)]
    (75.0, [67.2, 95.5])
    """
    names = names_of(results)
    base = names[0] if base is None else base
    paired = pairs_of(results, [base, other])
    extra = _step(paired, "cost_total", base, other)
    less = -_step(paired, "emissions_total", base, other) / _TONNE

    def nothing(note: str) -> Abatement:
        return Abatement(Estimate(math.nan, math.nan), (math.nan, math.nan), confidence, {}, {}, note)

    if extra.size < 2 or not (np.isfinite(extra).all() and np.isfinite(less).all()):
        return nothing("cost or emissions are not finite in every draw that was completed in both")
    if not less.any():
        return nothing("emissions are the same in every draw: there is nothing that a cost could be set against")
    for what, values in (("cost", extra), ("emissions", less)):
        judged = moments_reported(values)
        if math.isnan(judged.standard_error):
            return nothing(f"of the difference in {what}: {judged.note}")
    c, e = float(extra.mean()), float(less.mean())
    covariance, t = _of_means(paired, extra, less, confidence)
    if not np.isfinite(covariance).all():
        return nothing("one Sobol' scrambling has no Monte Carlo error, so that the sign of the difference in emissions cannot be judged")
    if e * e <= t * t * covariance[1, 1]:
        error = math.sqrt(covariance[1, 1])
        return nothing(f"mean emissions avoided, {e:.3g} t, do not stand apart from their Monte Carlo error, {error:.1g} t: no ratio")
    if e < 0.0:
        return nothing(f"{other} emits {-e:.3g} t more in the mean: it avoids nothing")
    slope = c / e
    error = math.sqrt(max(np.array([1.0, -slope]) @ covariance @ np.array([1.0, -slope]), 0.0)) / e
    quantiles, mcse, note = _band(paired, extra, less, other)
    return Abatement(Estimate(slope, error), _fieller(c, e, covariance, t), confidence, quantiles, mcse, note)


def _step(paired: xr.Dataset, name: str, base: str, other: str) -> Floats:
    values = paired[name]
    return np.asarray(values.sel(scenario=other).values - values.sel(scenario=base).values, dtype=np.float64)


def _of_means(paired: xr.Dataset, extra: Floats, less: Floats, confidence: float) -> tuple[Floats, float]:
    """Return the covariance of the two means, and how many standard errors an interval reaches."""
    pairs = np.stack([extra, less])
    if str(paired.attrs.get("plan")) != "sobol":
        return np.cov(pairs) / extra.size, float(ndtri((1.0 + confidence) / 2.0))
    own = np.array([pairs[:, part].mean(axis=1) for part in members(paired, extra.size) if part.size])
    if len(own) < 2:
        return np.full((2, 2), np.nan), math.nan
    return np.cov(own.T) / len(own), float(stdtrit(len(own) - 1, (1.0 + confidence) / 2.0))


def _fieller(c: float, e: float, covariance: Floats, t: float) -> tuple[float, float]:
    """Return the two ends; the denominator stands apart from nought, so that there are two."""
    square = e * e - t * t * covariance[1, 1]
    middle = c * e - t * t * covariance[0, 1]
    rest = c * c - t * t * covariance[0, 0]
    reach = math.sqrt(max(middle * middle - square * rest, 0.0))
    return (middle - reach) / square, (middle + reach) / square


def _band(paired: xr.Dataset, extra: Floats, less: Floats, other: str) -> tuple[dict[float, float], dict[float, float], str]:
    """Return the band of the ratio by draw, or why there is none."""
    below = float(np.mean(less > 0.0))
    if below < 1.0:
        return {}, {}, f"{other} emits less in {percentage(below)} of the draws only, so that its cost of abatement has no band over them"
    ratio = xr.DataArray(extra / less, dims="draw", attrs={"role": "output", "units": UNIT})
    coords = {"draw": paired["draw"]} if "draw" in paired.coords else {}
    row = summarize(xr.Dataset({"ratio": ratio}, coords, paired.attrs)).isel(output=0)
    supported = row.draws_needed.values == 0
    values = {q: float(v) for q, v, fine in zip(QUANTILES, row.value.values, supported, strict=True) if fine}
    errors = {q: float(v) for q, v in zip(QUANTILES, row.mcse.values, strict=True) if q in values}
    return values, errors, ""
