"""Which of several scenarios to choose: expected loss, its worst tail, the chance to be best, and what perfect foresight is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from simulator.analysis.comparison.differences import names_of
from simulator.analysis.estimates import Estimate, Integers, mean, statistic
from simulator.analysis.order_statistics import require_open_unit
from simulator.analysis.risk.shortfall import expected_shortfall
from simulator.analysis.samples import ascending
from simulator.analysis.tails import moments_reported
from simulator.errors import InputError

#: draws beyond the percentile from which on CVaR has an error
_FEWEST_BEYOND = 50
_SURE = 1.96  # standard errors between two options that are told apart, 95 %

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """What each option costs in each draw.

    Attributes
    ----------
    names : tuple of str
        Of the options.
    values : ndarray, shape (options, draws)
        [USD]
    results : xarray.Dataset
        The comparison that they come from, for its plan and its inputs.
    """

    names: tuple[str, ...]
    values: Floats
    results: xr.Dataset

    @property
    def best(self) -> int:
        """Which option has the lowest mean loss; the first of those that are equal."""
        return int(np.argmin(self.values.mean(axis=1)))


def losses_of(results: xr.Dataset, *, carbon_price: float = 0.0) -> Losses:
    """Return the loss of each scenario of a comparison: its cost, and its emissions at a price of carbon.

    Parameters
    ----------
    results : xarray.Dataset
        What :func:`simulator.compare` returns.
    carbon_price : float
        [USD/kgCO2e], at least 0: what the choice counts against a kilogram, whoever pays it.

    Raises
    ------
    InputError
        Where a run was stopped, a loss is not finite, or the tails do not let its mean be told: no choice can rest on it.

    Examples
    --------
    >>> cost, emissions = np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([[5.0, 5.0], [0.0, 0.0]])
    >>> cost, emissions = (np.tile(values, 100) for values in (cost, emissions))
    >>> outputs = {"cost_total": (("scenario", "draw"), cost), "emissions_total": (("scenario", "draw"), emissions)}
    >>> both = xr.Dataset(outputs, {"scenario": ["a", "b"]}, {"plan": "random"})
    >>> losses_of(both, carbon_price=0.1).values.mean(axis=1).tolist()
    [2.0, 1.5]
    """
    names = names_of(results)
    if not 0.0 <= carbon_price < math.inf:
        raise InputError(f"carbon_price = {carbon_price} is not admissible; it must be 0 or more, and finite [USD/kgCO2e]")
    for name in names:
        stopped = int(np.sum(results.completed.sel(scenario=name).values == 0.0)) if "completed" in results else 0
        if stopped:
            raise InputError(
                f"{stopped} of {results.sizes['draw']} runs of {name} were stopped at max_wall_clock: what they leave undone costs nothing "
                "here, so that no choice can rest on them. Raise reliability.max_wall_clock"
            )
    values = np.asarray(results.cost_total.transpose("scenario", "draw").values, dtype=np.float64)
    if carbon_price > 0.0:
        values = values + carbon_price * results.emissions_total.transpose("scenario", "draw").values
    for name, row in zip(names, values, strict=True):
        judged = moments_reported(row)
        if math.isnan(judged.standard_error):
            raise InputError(f"the loss of {name} cannot be judged: {judged.note}. Use more draws, or inputs with lighter tails")
    return Losses(tuple(names), values, results)


def decide(losses: Losses, *, level: float = 0.95) -> xr.Dataset:
    r"""Return how options compare as choices.

    Parameters
    ----------
    losses : Losses
        Of at least two options.
    level : float
        Of the conditional value at risk, in (0, 1): the mean loss of the worst 1 - level of the draws.

    Returns
    -------
    xarray.Dataset
        By option: ``expected`` loss and ``cvar`` [USD]; ``probability_best``, of having the lowest loss of a draw, which options that tie
        share evenly; ``opportunity_loss``, the mean of what a draw's best option would have saved [USD]; ``behind`` and ``behind_cvar``,
        by how much expected loss and CVaR lie above those of the best [USD]. Each with its Monte Carlo error, ``NAME_mcse``. Attributes
        ``best``, ``best_cvar``, ``noise`` and ``noise_cvar``: names of options that the draws do not tell from the best, within 1.96
        Monte Carlo errors of the paired difference.

    Raises
    ------
    InputError
        If the level is outside (0, 1), or fewer than 50 draws lie beyond it.

    Notes
    -----
    CVaR by Acerbi & Tasche (2002), On the coherence of expected shortfall, J. Bank. Finance 26(7):1487-1503,
    doi:10.1016/S0378-4266(02)00283-2. The least of several noisy means lies below the least mean; of the choice itself this changes
    nothing, of its expected loss no more than its error where the next option is far.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draws = np.stack([rng.normal(10.0, 1.0, 1000), rng.normal(11.0, 0.1, 1000)])
    >>> found = decide(Losses(("risky", "safe"), draws, xr.Dataset(attrs={"plan": "random"})))
    >>> found.attrs["best"], found.attrs["best_cvar"]
    ('risky', 'safe')
    """
    require_open_unit("level", level)
    values, results = losses.values, losses.results
    draws, worst = values.shape[1], values.shape[1] * (1.0 - level)
    if round(worst, 6) < _FEWEST_BEYOND:
        needed = math.ceil(round(_FEWEST_BEYOND / (1.0 - level), 6))
        raise InputError(f"CVaR at {level:g} rests on {worst:.3g} of {draws} draws; {needed} draws support it. Use more, or a lower level")
    least = values.min(axis=0)
    ties = values == least
    shares = ties / ties.sum(axis=0)
    tails = [_tail(row, level) for row in values]
    cvars = [_cvar(results, own, level) for own in values]
    best, best_cvar = losses.best, int(np.argmin([c.value for c in cvars]))
    columns = {
        "expected": ([mean(results, row) for row in values], "expected loss", "USD"),
        "cvar": (cvars, f"mean loss of the worst {1.0 - level:.3g} of the draws", "USD"),
        "probability_best": ([mean(results, row) for row in shares], "probability of the lowest loss, ties shared", "1"),
        "opportunity_loss": (
            [mean(results, row - least) for row in values],
            "mean of what the best option of a draw would have saved",
            "USD",
        ),
        "behind": ([mean(results, row - values[best]) for row in values], "expected loss above that of the best", "USD"),
        "behind_cvar": (
            [_behind(results, row, values[best_cvar], tail - tails[best_cvar], level) for row, tail in zip(values, tails, strict=True)],
            "CVaR above that of the best",
            "USD",
        ),
    }
    found = {}
    for name, (estimates, long_name, unit) in columns.items():
        found[name] = ("option", [e.value for e in estimates], {"long_name": long_name, "units": unit})
        error = f"Monte Carlo standard error of: {long_name}"
        found[f"{name}_mcse"] = ("option", [e.mcse for e in estimates], {"long_name": error, "units": unit})
    table = xr.Dataset(found, {"option": np.array(losses.names, dtype=object)})
    noise = {name: _noise(table, name, losses.names[place]) for name, place in (("behind", best), ("behind_cvar", best_cvar))}
    return table.assign_attrs(
        best=losses.names[best], best_cvar=losses.names[best_cvar], noise=noise["behind"], noise_cvar=noise["behind_cvar"], level=level
    )


def _noise(table: xr.Dataset, name: str, best: str) -> list[str]:
    """Return the options that are not told from the best: those whose difference has no error among them."""
    apart = table[name].values > _SURE * table[f"{name}_mcse"].values
    return [str(option) for option, clear in zip(table.option.values, apart, strict=True) if not clear and option != best]


def _tail(losses: Floats, level: float) -> Floats:
    """Return the influence of each draw on CVaR, up to a constant."""
    return np.asarray(np.maximum(losses - np.quantile(losses, level), 0.0) / (1.0 - level))


def _cvar(results: xr.Dataset, losses: Floats, level: float) -> Estimate:
    return statistic(results, lambda own: expected_shortfall(ascending(losses[own]), level), _tail(losses, level))


def _behind(results: xr.Dataset, a: Floats, b: Floats, influence: Floats, level: float) -> Estimate:
    def difference(own: Integers) -> float:
        return expected_shortfall(ascending(a[own]), level) - expected_shortfall(ascending(b[own]), level)

    return statistic(results, difference, influence)


@dataclass(frozen=True)
class PerfectInformation:
    """What knowing every draw's outcome before choosing is worth.

    Attributes
    ----------
    value : Estimate
        [USD]
    too_low : float
        By how much the value may be too low on average [USD]: the least of noisy means lies below the least mean.
    """

    value: Estimate
    too_low: float


def perfect_information(losses: Losses) -> PerfectInformation:
    r"""Return the expected value of perfect information: no study of whatever inputs, and no waiting, is worth more.

    :math:`\min_k E L_k - E \min_k L_k`, with means over the draws for expectations. The second term is unbiased, the first too low, since
    the least of noisy means is. So the value is biased downward, by up to 0.4 of the Monte Carlo error of the difference to each rival that
    is not told from the best, and not where one option is clearly best. What is returned is the sum over the rivals of
    :math:`\sigma \varphi(\delta/\sigma) - \delta \Phi(-\delta/\sigma)`, with the distance :math:`\delta` to the best, of which two of
    its errors :math:`\sigma` are given away.

    Parameters
    ----------
    losses : Losses

    Notes
    -----
    Raiffa & Schlaifer (1961), Applied statistical decision theory; the mean of the larger of two normals: Clark (1961), The greatest of a
    finite set of random variables, Oper. Res. 9(2):145-162, doi:10.1287/opre.9.2.145.

    Examples
    --------
    >>> draws = np.array([[1.0, 3.0] * 100, [2.5, 2.5] * 100])
    >>> perfect_information(Losses(("a", "b"), draws, xr.Dataset(attrs={"plan": "random"}))).value.value
    0.25
    """
    values, best = losses.values, losses.best
    value = mean(losses.results, values[best] - values.min(axis=0))
    rivals = [mean(losses.results, row - values[best]) for place, row in enumerate(values) if place != best]
    return PerfectInformation(value, float(sum(_overtaking(max(r.value - 2.0 * r.mcse, 0.0), r.mcse) for r in rivals)))


def _overtaking(distance: float, error: float) -> float:
    """Return the mean by which a normal variable of this mean and standard deviation lies below nought."""
    if not error > 0.0:
        return 0.0 if error == 0.0 else math.nan
    z = distance / error
    return float(error * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) - distance * ndtr(-z))
