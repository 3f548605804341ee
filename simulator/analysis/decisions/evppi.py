"""What it is worth to know one input before choosing: the expected value of partial perfect information, from one set of draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.linalg import eigh
from scipy.special import ndtri

from simulator.analysis.decisions.decisions import Losses, perfect_information
from simulator.analysis.estimates import Estimate, statistic
from simulator.analysis.lever_made import is_made_by_levers
from simulator.errors import InputError

_FEWEST_DRAWS = 200  # of which each half is fitted alone
_DEGREE = 3
_PIECES = (1, 2, 4, 8, 16, 32)  # of the spline, of which cross-validation takes one
_DRAWS_A_TERM = 20
_NOUGHT = 1e-10  # of the largest eigenvalue
_LEVELS = 12  # values of an input up to which each has a mean of its own

Floats = NDArray[np.float64]


def evppi(losses: Losses, *, costs: Mapping[str, float] | None = None) -> xr.Dataset:
    r"""Return what knowing each input before choosing is worth: at most what a study of it is.

    :math:`\min_k E L_k - E \min_k E(L_k \mid x)`: who knows x chooses by the means that hold at x. These are fitted to the draws, the
    differences of losses to those of the best option by least squares: a cubic spline of the normal score of x, of 1, 2, 4 ... pieces
    as long as that lowers the squared error of predicting each draw from all others; a mean for each value where x has few. One input at
    a time, with all that it tells about inputs correlated with it, and never more than to know all. It stops being true where a mean
    jumps inside the range of x.

    Parameters
    ----------
    losses : Losses
    costs : mapping of str to float, optional
        What it costs to measure an input [USD], by name.

    Returns
    -------
    xarray.Dataset
        By input, dearest first, in USD: ``value`` and ``mcse``. ``too_high``, by how much it may be: fitted to noise, a fit sees gains
        that are none; it is the value less what choices by the fit of one half of the draws gain in the other half, where that is
        positive. ``too_low``, by how much it may be: see :class:`simulator.analysis.decisions.decisions.PerfectInformation`. ``cost`` of
        measuring, NaN where none is stated, and ``net``, value less cost. ``pieces`` of the fit [1]. ``note`` says why a value is
        missing.

    Raises
    ------
    InputError
        For fewer than 200 draws, or costs of what is no input.

    Notes
    -----
    Strong, Oakley & Brennan (2014), Estimating multiparameter partial expected value of perfect information from a probabilistic
    sensitivity analysis sample, Med. Decis. Making 34(3):311-326, doi:10.1177/0272989X13505910. The error is that of the mean of
    :math:`L_{best} - L_{k(x)}`, the influence function of the value while choices k(x) stay; leaving one out is exact by the
    leverages of the fit (Allen 1974, Technometrics 16(1):125-127, doi:10.1080/00401706.1974.10489157).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 20_000))
    >>> draws = xr.Dataset({"x": ("draw", x, {"role": "input"})}, attrs={"plan": "random"})
    >>> found = evppi(Losses(("sure", "risky"), np.stack([0 * x, 10 * (x + y)]), draws), costs={"x": 1.0}).sel(input="x")
    >>> round(found.value.item(), 1), round(10 / math.sqrt(2 * math.pi), 1)
    (4.0, 4.0)
    """
    draws = losses.values.shape[1]
    if draws < _FEWEST_DRAWS:
        raise InputError(f"{draws} draws are too few for the value of knowing an input; use {_FEWEST_DRAWS} or more")
    columns, costs = dict(_inputs(losses.results)), costs or {}
    _require_known(costs, columns)
    rows = {name: _row(losses, column) for name, column in columns.items()}
    order = sorted(rows, key=lambda name: -np.nan_to_num(rows[name][0].value, nan=-1.0))
    value = np.array([rows[name][0].value for name in order])
    cost = np.array([costs.get(name, math.nan) for name in order])
    found = {
        "value": (value, "most that knowing the input is worth", "USD"),
        "mcse": (np.array([rows[name][0].mcse for name in order]), "Monte Carlo standard error of the value", "USD"),
        "too_high": (np.array([rows[name][1] for name in order]), "by how much the value may be too high", "USD"),
        "too_low": (np.full(len(order), perfect_information(losses).too_low), "by how much the value may be too low", "USD"),
        "cost": (cost, "cost of measuring the input", "USD"),
        "net": (value - cost, "value less cost of measuring", "USD"),
        "pieces": (np.array([rows[name][2] for name in order]), "pieces of the fit, or values that have a mean of their own", "1"),
    }
    return xr.Dataset(
        {name: ("input", values, {"long_name": text, "units": unit}) for name, (values, text, unit) in found.items()}
        | {"note": ("input", np.array([rows[name][3] for name in order], dtype=object), {"long_name": "why a value is missing"})},
        {"input": np.array(order, dtype=object)},
    )


def require_inputs(names: Iterable[str], results: xr.Dataset) -> None:
    """Raise InputError where one of the names is not that of an input that could be known, in paired draws of the options."""
    _require_known(names, dict(_inputs(results)))


def _require_known(names: Iterable[str], columns: Mapping[str, Floats]) -> None:
    if strangers := [name for name in names if name not in columns]:
        raise InputError(f"{', '.join(strangers)} cannot be measured: the inputs that are not certain are {', '.join(columns)}")


def _inputs(results: xr.Dataset) -> Iterator[tuple[str, Floats]]:
    """Yield the inputs that are drawn and could be known, members of a group as ``mfu[first]``: name and draws by scenario.

    What is luck by its very nature is none, nor what is certain but for levers: their factors stand for it. Scenarios in which a lever
    or an event changes an input are left out where it stands unchanged in another.
    """
    for name, array in results.data_vars.items():
        if array.attrs.get("role") != "input" or "draw" not in array.dims or str(name).endswith("_luck"):
            continue
        changed = _changed(results, str(name))
        (group,) = [dim for dim in array.dims if dim not in ("draw", "scenario")] or [None]
        for member in [None] if group is None else array[group].values:
            own = array if member is None else array.sel({group: member})
            values = np.atleast_2d(own.transpose(..., "draw").values)
            kept = [place for place in range(len(values)) if changed.all() or not changed[place]]
            rows = [place for place in kept if np.ptp(values[place]) > 0.0]
            if str(name) != "lever_factor":
                rows = [place for place in rows if not is_made_by_levers(values[place], _factors(results, place))]
            if rows:
                yield str(name) if member is None else f"{name}[{member}]", values[rows]


def _changed(results: xr.Dataset, name: str) -> NDArray[np.bool_]:
    """Return in which scenarios levers or events change an input: a factor for it is drawn."""
    changed = np.zeros(results.sizes.get("scenario", 1), dtype=np.bool_)
    for group in ("lever", "event"):
        if f"{group}_factor" not in results:
            continue
        factors = results[f"{group}_factor"]
        of = [str(label).endswith(f": {name}") for label in factors[f"{group}_effect"].values]
        changed |= np.atleast_1d(factors[{f"{group}_effect": of}].notnull().any([f"{group}_effect", "draw"]).values)
    return changed


def _factors(results: xr.Dataset, place: int) -> list[Floats]:
    """Return the factors of the levers of one scenario."""
    if "lever_factor" not in results:
        return []
    rows = results.lever_factor.transpose("lever_effect", ..., "draw").values
    own = rows if rows.ndim == 2 else rows[:, place]
    return [np.asarray(row, dtype=np.float64) for row in own if not np.isnan(row).any()]


def _row(losses: Losses, column: Floats) -> tuple[Estimate, float, int, str]:
    """Return the value, by how much it may be too high, the size of the fit, and why there is none."""
    scores = {_ranks(row).tobytes(): row for row in column}
    if len(scores) > 1:
        return (
            Estimate(math.nan, math.nan),
            math.nan,
            0,
            "its draws have another order in another scenario: what is known is not one number",
        )
    (x,) = scores.values()
    best = losses.best
    gains = (losses.values[best] - losses.values).T  # of choosing another, by draw
    whole = np.arange(x.size)
    basis, pieces = _chosen_basis(x, gains)
    fitted = basis @ (basis.T @ gains)
    choice = fitted.argmax(axis=1)
    estimate = statistic(losses.results, lambda own: float(gains[own, choice[own]].mean()), gains[whole, choice])
    value = min(float(fitted.max(axis=1).mean()), float(gains.max(axis=1).mean()))
    return Estimate(value, estimate.mcse), max(value - _held_out(x, gains, basis), 0.0), pieces, ""


def _ranks(x: Floats) -> Floats:
    from scipy.stats import rankdata  # noqa: PLC0415 - takes a third of a second, which what is refused does not wait for

    return np.asarray(rankdata(x), dtype=np.float64)


def _held_out(x: Floats, gains: Floats, basis: Floats) -> float:
    """Return what choices gain in each half of the draws that were made by the other half's fit, of the same size."""
    first = np.arange(x.size) < x.size // 2
    total = 0.0
    for fit, test in ((first, ~first), (~first, first)):
        known = np.linalg.lstsq(basis[fit], gains[fit], rcond=None)[0]
        choice = (basis[test] @ known).argmax(axis=1)
        total += float(gains[test][np.arange(choice.size), choice].sum())
    return total / x.size


def _chosen_basis(x: Floats, gains: Floats) -> tuple[Floats, int]:
    """Return the orthonormal columns of the basis that predicts best, each draw in turn left out, and its size."""
    values, place = np.unique(x, return_inverse=True)
    if values.size <= _LEVELS:
        basis = np.eye(values.size)[place]
        return np.asarray(basis / np.sqrt(basis.sum(axis=0))), int(values.size)
    score = ndtri((_ranks(x) - 0.5) / x.size)
    least, best = math.inf, (np.empty((x.size, 0)), 0)
    for pieces in _PIECES:
        if (pieces + _DEGREE) * _DRAWS_A_TERM > x.size:
            break
        basis = _spline(score, pieces)
        left = np.clip(1.0 - (basis**2).sum(axis=1), 1e-9, None)
        error = float((((gains - basis @ (basis.T @ gains)) / left[:, None]) ** 2).sum())
        if error >= least:
            break
        least, best = error, (basis, pieces)
    return best


def _spline(score: Floats, pieces: int) -> Floats:
    """Return orthonormal columns that span the cubic splines of so many pieces, each with as many draws."""
    inner = np.unique(np.quantile(score, np.arange(1, pieces) / pieces))
    low, high = float(score.min()), float(score.max())
    inner = inner[(inner > low) & (inner < high)]
    knots = np.concatenate([[low] * (_DEGREE + 1), inner, [high] * (_DEGREE + 1)])
    columns = BSpline.design_matrix(score, knots, _DEGREE)
    sizes, directions = eigh((columns.T @ columns).toarray())
    apart = sizes > sizes[-1] * _NOUGHT  # where x has atoms, no draw tells some pieces from others
    return np.asarray(columns @ (directions[:, apart] / np.sqrt(sizes[apart])))
