"""Rank correlation of an output with every input, alone and with the other inputs held fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import rankdata

from simulator.analysis.columns import column, require_finite
from simulator.analysis.drawn_inputs import drawn_inputs, varied_inputs
from simulator.analysis.estimates import Estimate
from simulator.analysis.intervals import half_widths, linear_estimate
from simulator.analysis.lever_made import is_made_by_levers
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.sensitivity.replays import NOT_TOLD
from simulator.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DRAWS_PER_INPUT = 10  # the usual least number of observations for each regressor
_SINGULAR = 1e-9  # of the smallest eigenvalue of a correlation matrix: inputs that determine each other


def rank_correlations(
    results: xr.Dataset,
    *,
    output: str = "cost_total",
    inputs: Sequence[str] | None = None,
    confidence: float = 0.95,
    most: int | None = None,
) -> xr.Dataset:
    """Return Spearman's rank correlation of an output with its inputs, and the partial one.

    The partial rank correlation is that of what is left of the ranks of both when the ranks of all other inputs are taken out by
    linear regression. Both tell monotone effects; one that turns back is not seen. Stated ``device_hours`` are an outcome in results, and
    no input here; use a tornado for them.

    Parameters
    ----------
    results : xarray.Dataset
        Draws, as :func:`simulator.simulate` returns them or :func:`simulator.open_results` reads them.
    output : str
        As the bands name it.
    inputs : sequence of str, optional
        As ``mfu``, ``salary[engineers]``. Every input that differs between draws where left out.
    confidence : float
        Level of the intervals, in (0, 1).
    most : int, optional
        Inputs that are returned, those of the largest partial correlations; all where left out. The errors of sixty take a second, and
        those of ten a sixth of it.

    Returns
    -------
    xarray.Dataset
        ``spearman`` and ``partial``, ``mcse_...`` by (input), ``ci_...`` by (input, ci_bound), and a ``note``, the largest partial
        correlation first.

    Raises
    ------
    InputError
        Bands in place of draws; an output or input that is not there, is NaN or infinite in some draw or the same in every draw;
        inputs that determine each other; fewer than ten draws for each input.

    Examples
    --------
    >>> from simulator import SamplingPlan, load_scenario, simulate
    >>> small = load_scenario("configs/quickstart.yaml", overrides=["reliability.method=expected_value"])
    >>> found = rank_correlations(simulate(small, SamplingPlan(draws=1000)))
    >>> str(found.input.values[0]), str(found.input.values[1]), float(found.partial[1]) < 0.0
    ('rental_price', 'mfu', True)
    """
    target = column(results, output)
    require_finite(output, target.values)
    columns = input_columns(results, inputs)
    _check_columns(output, target.values, columns)
    width = half_widths(results, confidence)
    x = np.column_stack([_centred_ranks(values) for values in columns.values()])
    y = _centred_ranks(target.values)
    names = list(columns)
    _check_apart(names, x)
    ranked = Ranked(np.column_stack([y, x]))
    pairs = [_apart(ranked, place, len(names)) for place in range(1, len(names) + 1)]
    strongest = sorted(range(len(names)), key=lambda i: -abs(ranked.value(*pairs[i])))[:most]
    rows = {}
    for i in strongest:
        alone = ranked.correlation(ranked.residual(0, []), ranked.residual(i + 1, []), results)
        rows[names[i]] = alone, ranked.correlation(*pairs[i], results)
    return _as_dataset(rows, width, confidence, results, output)


def _apart(ranked: Ranked, place: int, inputs: int) -> tuple[Floats, Floats]:
    """Return the weights of the output and of an input, each less its regression on the other inputs."""
    others = [j for j in range(1, inputs + 1) if j != place]
    return ranked.residual(0, others), ranked.residual(place, others)


def _as_dataset(
    rows: Mapping[str, tuple[Estimate, Estimate]], width: float, confidence: float, results: xr.Dataset, output: str
) -> xr.Dataset:
    order = sorted(rows, key=lambda name: -abs(rows[name][1].value))
    data: dict[str, Any] = {}
    for place, (name, words) in enumerate((("spearman", "rank correlation"), ("partial", "partial rank correlation"))):
        value, mcse = (np.array([getattr(rows[row][place], field) for row in order]) for field in ("value", "mcse"))
        bounds = _fisher(value, mcse, width)
        data[name] = "input", value, {"long_name": f"Spearman's {words} with {output}", "units": "1"}
        data[f"mcse_{name}"] = "input", mcse, {"long_name": f"Monte Carlo standard error of the {words}", "units": "1"}
        data[f"ci_{name}"] = ("input", "ci_bound"), bounds, {"long_name": f"{100 * confidence:g} % interval of the {words}", "units": "1"}
    told = [ONE_SCRAMBLING if np.isnan(a) else NOT_TOLD if a <= 0.0 <= b else "" for a, b in bounds.tolist()]
    data["note"] = "input", np.array(told, dtype=object), {"long_name": "what the draws cannot tell"}
    attrs = {**results.attrs, "output": output, "confidence": confidence, "method": "rank", "note": ""}
    return xr.Dataset(data, {"input": np.array(order, dtype=object), "ci_bound": ["lower", "upper"]}, attrs)


def _fisher(value: Floats, mcse: Floats, width: float) -> Floats:
    """Return intervals that are symmetric in the inverse hyperbolic tangent of a correlation, Fisher's z; shape (n, 2)."""
    inside = np.clip(value, -1.0 + 1e-15, 1.0 - 1e-15)
    reach = width * mcse / (1.0 - inside**2)
    return np.asarray(np.tanh(np.arctanh(inside)[:, None] + reach[:, None] * np.array([-1.0, 1.0])))


def input_columns(results: xr.Dataset, names: Sequence[str] | None = None) -> dict[str, Floats]:
    """Return the drawn inputs of results by name; members of a group, phases for example, as ``mfu[first]``.

    Those that are asked for are returned as they are; else members that do not have an input, or have a certain one, are left out, and
    what is certain but for levers: their factors stand for it.

    Raises
    ------
    InputError
        For a name that is no drawn input.
    """
    columns = drawn_inputs(results) if names is not None else varied_inputs(results)
    found = {name: values for name, _, values in columns}
    if names is None:
        factors = {name: values for name, values in found.items() if name.startswith("lever_factor[")}
        made = [name for name, values in found.items() if name not in factors and is_made_by_levers(values, list(factors.values()))]
        return {name: values for name, values in found.items() if name not in made}
    if strangers := [name for name in names if name not in found]:
        raise InputError(f"{', '.join(strangers)} is no input that was drawn; those are {', '.join(found)}")
    return {name: found[name] for name in names}


def _check_columns(output: str, target: Floats, columns: Mapping[str, Floats]) -> None:
    if not columns:
        raise InputError("these results have no input that was drawn, so that nothing can be correlated")
    for name, values in {output: target, **columns}.items():
        if lost := int(np.isnan(values).sum()):
            raise InputError(f"{name} is NaN in {lost} of {values.size} draws, and has no ranks. Leave it out")
        if (values == values[0]).all():
            raise InputError(f"{name} is {values[0]:.6g} in every draw, and has no rank correlation. Leave it out, or use more draws")
    needed = _DRAWS_PER_INPUT * (len(columns) + 1)
    if target.size < needed:
        raise InputError(f"{target.size} draws are too few for {len(columns)} inputs; at least {needed} are needed, or name fewer inputs")


def _check_apart(names: Sequence[str], ranks: Floats) -> None:
    """Refuse inputs whose ranks determine each other."""
    if len(names) < 2:
        return
    matrix = np.corrcoef(ranks, rowvar=False)
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < _SINGULAR:
        group = [name for name, share in zip(names, vectors[:, 0], strict=True) if abs(share) > 1e-3]
        raise InputError(f"{' and '.join(group)} determine each other, so that none has a partial rank correlation. Leave one out")


def _centred_ranks(values: Floats) -> Floats:
    """Return average ranks as fractions of the draws, about their mean."""
    ranks = rankdata(values) / values.size
    return np.asarray(ranks - ranks.mean(), dtype=np.float64)


class Ranked:
    r"""Correlations of linear combinations of centred ranks, with the influence of each draw on them.

    Parameters
    ----------
    ranks : ndarray, shape (n, k)
        Centred average ranks of k columns, as fractions of n.

    Notes
    -----
    A rank is itself an estimate: a draw moves the ranks of all that lie above it. So the mean of :math:`e f`, where e and f combine
    ranks with weights a and b, has the influence function

    .. math:: \psi(x) = e f + \sum_j a_j E[h_j(x, X) f] + b_j E[h_j(x, X) e]

    with h one where X lies above x in column j, a half where they tie: the influence function of Spearman's coefficient (Croux &
    Dehon 2010, Statistical Methods & Applications 19(4):497-515, doi:10.1007/s10260-010-0142-z) with ties, of combinations. The
    weights of a regression need no term of their own: residuals are orthogonal to what they were regressed on.
    """

    def __init__(self, ranks: Floats) -> None:
        self._ranks = ranks
        self._covariance = ranks.T @ ranks / len(ranks)
        self._orders = [np.unique(own, return_inverse=True)[1] for own in ranks.T]

    def residual(self, column: int, others: Sequence[int]) -> Floats:
        """Return the weights of a column less its regression on others, shape (k,)."""
        weights = np.zeros(len(self._covariance))
        weights[column] = 1.0
        weights[others] = -np.linalg.solve(self._covariance[np.ix_(others, others)], self._covariance[others, column])
        return weights

    def value(self, a: Floats, b: Floats) -> float:
        """Return what :meth:`correlation` does, without its error."""
        shared, own_a, own_b = (float(left @ self._covariance @ right) for left, right in ((a, b), (a, a), (b, b)))
        return float(shared / np.sqrt(own_a * own_b))

    def correlation(self, a: Floats, b: Floats, results: xr.Dataset) -> Estimate:
        """Return the correlation of two combinations of the columns, with weights ``a`` and ``b``, shape (k,)."""
        e, f = self._ranks @ a, self._ranks @ b
        value = self.value(a, b)
        mixed, own_e, own_f = self._influence(a, b, e, f), self._influence(a, a, e, e), self._influence(b, b, f, f)
        variance_e, variance_f = float(np.mean(e * e)), float(np.mean(f * f))
        scale = np.sqrt(variance_e * variance_f)
        influence = mixed / scale - 0.5 * value * (own_e / variance_e + own_f / variance_f)
        return linear_estimate(value, influence, results)

    def _influence(self, a: Floats, b: Floats, e: Floats, f: Floats) -> Floats:
        """Return the influence of each draw on the mean of e·f, up to a constant."""
        total = np.asarray(e * f, dtype=np.float64)
        for j in np.flatnonzero((a != 0.0) | (b != 0.0)).tolist():
            total += self._above(j, a[j] * f + b[j] * e)
        return total

    def _above(self, j: int, weights: Floats) -> Floats:
        """Return for each draw the mean of the weights of draws above it in column j, half of those of ties."""
        place = self._orders[j]
        sums = np.bincount(place, weights=weights)
        above = weights.sum() - np.cumsum(sums) + 0.5 * sums
        return np.asarray(above[place] / weights.size, dtype=np.float64)
