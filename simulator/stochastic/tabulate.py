"""Compile a law's quantile function of a normal score into a table that the kernel evaluates.

The kernel knows no distribution by name. A table is affine in the score (normal, lognormal,
logit-normal: exact), one polynomial (smooth laws), even cells of degree 5, cells found by bisection
until each meets the tolerance (any continuous law; kinks and jumps end in ever smaller cells), or
steps (discrete laws: exact thresholds): the first of these that meets the tolerance, which is the
order of their speed. The value passes a link, bounds and, for counts, rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from simulator.errors import LawError
from simulator.stochastic.laws import AffineLaw, DiscreteLaw, Law, Link, RoundedLaw, ScipyLaw
from simulator.stochastic.laws.base import Floats

RELATIVE_ERROR = 1e-9
_SCALE_ERROR = 1e-11  # of the interquartile range, where the quantile passes through zero
LARGEST_ERROR = 1e-6  # a law that scipy computes less well than this is refused
_SMALLEST_CELL = 2.0**-32  # a jump is placed to within this score, a probability of 1e-10
_STALLS = 3  # halvings without gain that tell noise from a kink
_MOST_CELLS = 8192
_EVEN_CELLS = (64, 128, 256)
_DEGREE = 31  # of the one polynomial; higher powers round too much in the monomial basis
_MANY_EVALUATIONS, _NOISE_ERROR = 12_000, 3e-8  # good enough from there on: slow, noisy inversion inside scipy
_SMALLEST_EXCESS = 1e-290  # of a half-bounded law, so that its logarithm exists

# Chebyshev-Lobatto points carry the ends of a cell, so that neighbours meet
_NODES = 0.5 - 0.5 * np.cos(np.pi * np.arange(6) / 5)
_FROM_NODES = np.linalg.inv(np.vander(_NODES, 6, increasing=True))
_TESTS = 0.5 - 0.5 * np.cos(np.pi * (np.arange(5) + 0.5) / 5)
_AT_TESTS = np.vander(_TESTS, 6, increasing=True)


class Kind(IntEnum):
    """How a table turns a score into a transformed value."""

    AFFINE = 0
    POLYNOMIAL = 1
    EVEN = 2
    CELLS = 3
    STEPS = 4


@dataclass(frozen=True)
class QuantileTable:
    """A compiled quantile function.

    Attributes
    ----------
    kind, link : Kind, Link
    origin, width : float
        Of the link: x = origin + exp(t), or origin + width·logistic(t).
    lower, upper : float
        Support; values never leave it.
    rounded : bool
        Whether the value is rounded to a whole number, half up.
    breaks : ndarray, shape (m + 1,)
        Scores between which cell k holds; scores outside are held at the ends. POLYNOMIAL: the two
        ends; AFFINE: empty.
    coefficients : ndarray, shape (m, 6), or (1, 32)
        AFFINE: of the score, in one row. POLYNOMIAL: of powers 0 to 31 of the score scaled to
        [-1, 1], in one row. EVEN: of powers of the place in the cell, from 0 to 1. CELLS: of
        powers of the score's distance from the left break. STEPS: the value in the first column.
    error : float
        Largest deviation found from the law's own quantile within |z| <= 6, in units of
        max(|x|, interquartile range / 100), or of the distance from a half-bounded law's bound;
        0 for affine and discrete laws.
    """

    kind: Kind
    link: Link
    origin: float
    width: float
    lower: float
    upper: float
    rounded: bool
    breaks: Floats
    coefficients: Floats
    error: float

    def __call__(self, z: ArrayLike) -> Floats:
        """Evaluate as the kernel does, in plain numpy."""
        x = self.smooth(z)
        return np.asarray(np.clip(np.floor(x + 0.5) if self.rounded else x, self.lower, self.upper))

    def smooth(self, z: ArrayLike) -> Floats:
        """Return values before they are rounded and held in their bounds."""
        z = np.asarray(z, dtype=np.float64)
        if self.kind is Kind.AFFINE:
            t = self.coefficients[0, 0] + self.coefficients[0, 1] * z
        elif self.kind is Kind.POLYNOMIAL:
            low, high = self.breaks
            s = (np.clip(z, low, high) - low) * (2.0 / (high - low)) - 1.0
            t = np.polynomial.polynomial.polyval(s, self.coefficients.ravel())
        elif self.kind is Kind.EVEN:
            place = (np.clip(z, self.breaks[0], self.breaks[-1]) - self.breaks[0]) * (
                len(self.coefficients) / (self.breaks[-1] - self.breaks[0])
            )
            cell = np.minimum(np.nan_to_num(place), len(self.coefficients) - 1).astype(np.int64)
            t = _horner(self.coefficients[cell], place - cell)
        else:
            held = np.clip(z, self.breaks[0], self.breaks[-1])
            cell = np.clip(np.searchsorted(self.breaks, held, side="left") - 1, 0, len(self.coefficients) - 1)
            rows = self.coefficients[cell]
            value = rows[..., 0] if self.kind is Kind.STEPS else _horner(rows, held - self.breaks[cell])
            t = np.where(np.isnan(z), z, value)
        if self.link is Link.EXP:
            x = self.origin + np.exp(t)
        elif self.link is Link.LOGISTIC:
            x = self.origin + self.width * expit(t)
        else:
            x = t
        return np.asarray(x)


def _horner(coefficients: Floats, s: Floats) -> Floats:
    t = coefficients[..., 5]
    for power in range(4, -1, -1):
        t = coefficients[..., power] + s * t
    return t


def tabulate(law: Law) -> QuantileTable:
    """Compile a law.

    Parameters
    ----------
    law : Law

    Returns
    -------
    QuantileTable
        Within ``RELATIVE_ERROR`` of the law's own quantiles, or of the noise in them.

    Raises
    ------
    LawError
        Where the quantiles are not finite within |z| <= 6 or cannot be met.
    """
    if isinstance(law, RoundedLaw):
        inner = tabulate(law.law)
        lower, upper = law.support
        return QuantileTable(
            inner.kind, inner.link, inner.origin, inner.width, lower, upper, True, inner.breaks, inner.coefficients, inner.error
        )
    lower, upper = law.support
    if isinstance(law, AffineLaw):
        row = np.zeros((1, 6))
        row[0, :2] = law.mu, law.sigma
        origin, width = (law.lower, law.upper - law.lower) if law.link is not Link.IDENTITY else (0.0, 1.0)
        width = width if math.isfinite(width) else 1.0
        return QuantileTable(Kind.AFFINE, law.link, origin, width, lower, upper, False, np.empty(0), row, 0.0)
    if isinstance(law, DiscreteLaw):
        rows = np.zeros((law.values.size, 6))
        rows[:, 0] = law.values
        breaks = np.concatenate([[-np.inf], law.scores, [np.inf]])
        return QuantileTable(Kind.STEPS, Link.IDENTITY, 0.0, 1.0, lower, upper, False, breaks, rows, 0.0)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            table = _tabulate_cells(law)
    except RuntimeError as error:  # scipy's own root finding gave up
        raise LawError(
            f"its quantiles cannot be computed ({str(error).splitlines()[0]})", "Use another family for the same spread"
        ) from None
    if not np.isfinite(table.coefficients).all():
        low, high = law.quantile(np.array([-6.0, 6.0]))
        raise LawError(f"its quantiles, from {low:.3g} to {high:.3g}, lie too far apart to be tabulated", "Truncate it or narrow it")
    return table


def _tabulate_cells(law: Law) -> QuantileTable:
    lower, upper = law.support
    half_bounded = math.isfinite(lower) and math.isinf(upper)
    link = Link.EXP if half_bounded else Link.IDENTITY

    # a bound that rounding reaches is a quarter of the last digit away: a cell must not end in log 0
    smallest = max(_SMALLEST_EXCESS, 0.25 * float(np.spacing(abs(lower)))) if half_bounded else 0.0

    def transformed(z: Floats) -> Floats:
        x = law.quantile(z)
        return np.log(np.maximum(x - lower, smallest)) if half_bounded else x

    low, high = _finite_range(law)
    quartiles = law.quantile(np.array([-0.6744897501960817, 0.6744897501960817]))
    spread = float(quartiles[1] - quartiles[0])
    coarse = isinstance(law, ScipyLaw) and law.coarse

    def allowed(z: Floats, values: Floats, slope: Floats) -> Floats:
        """Tolerance plus the rounding that is in the law's own quantiles."""
        noise = slope * 4e-16
        if coarse:  # scipy's ppf(1 - q) carries the rounding of 1 - q
            noise = noise + np.where(z > 0, slope * 4e-16 * math.sqrt(2 * math.pi) * np.exp(0.5 * z * z), 0.0)
        if half_bounded:  # x - lower carries the rounding of x
            excess = np.exp(values)
            return RELATIVE_ERROR + noise + 2e-15 * (abs(lower) + excess) / excess
        return RELATIVE_ERROR * np.abs(values) + _SCALE_ERROR * spread + noise

    def scale(values: Floats) -> Floats:
        return np.ones_like(values) if half_bounded else np.maximum(np.abs(values), spread / 100)

    kind, worst = Kind.POLYNOMIAL, RELATIVE_ERROR
    breaks = np.array([low, high])
    found = _polynomial(transformed, low, high, allowed)
    if found is None:
        kind = Kind.EVEN
        for cells in _EVEN_CELLS:
            breaks = _even_breaks(low, high, cells, law.kink)
            found = _even(transformed, breaks, allowed)
            if found is not None:
                break
    if found is None:
        kind = Kind.CELLS
        breaks, found, worst = _bisect(transformed, low, high, allowed, scale)
    if worst > LARGEST_ERROR:
        raise LawError(f"its quantiles cannot be computed to better than {worst:.1g}", "Use another family for the same spread")
    origin = lower if half_bounded else 0.0
    return QuantileTable(kind, link, origin, 1.0, lower, upper, False, breaks, found, worst)


def _finite_range(law: Law) -> tuple[float, float]:
    """Return the widest range of scores with finite and increasing quantiles; some of scipy's are noise beyond a score of 6."""
    ends = []
    for end in law.score_range:
        z = np.linspace(math.copysign(6.0, end), end, 24)
        x = law.quantile(z)
        if not np.isfinite(x[0]):
            raise LawError("its quantile at a score of 6 (probability 1e-9) is not finite", "Truncate it or use a lighter tail")
        with np.errstate(invalid="ignore"):  # of inf - inf
            fine = np.isfinite(x[1:]) & (math.copysign(1.0, end) * np.diff(x) >= -1e-9 * np.abs(x[:-1]))
        ends.append(float(z[fine.size if fine.all() else int(np.argmin(fine))]))
    return ends[0], ends[1]


_Allowed = Callable[[Floats, Floats, Floats], Floats]


def _polynomial(function: Callable[[Floats], Floats], low: float, high: float, allowed: _Allowed) -> Floats | None:
    """Interpolate by one polynomial at Chebyshev points; None where that misses."""
    middle, half = 0.5 * (low + high), 0.5 * (high - low)

    def on_unit(s: Any) -> Any:
        return function(middle + half * s)

    chebyshev: Any = np.polynomial.chebyshev.chebinterpolate(on_unit, _DEGREE)
    powers = np.zeros(_DEGREE + 1)
    given = np.polynomial.chebyshev.cheb2poly(chebyshev)
    powers[: given.size] = given
    s = np.linspace(-1.0, 1.0, 1000)
    z = middle + half * s
    exact = function(z)
    error = np.abs(np.polynomial.polynomial.polyval(s, powers) - exact)
    if not np.all(error <= allowed(z, exact, np.abs(np.gradient(exact, z)))):
        return None
    return powers[None, :]


def _even_breaks(low: float, high: float, cells: int, kink: float | None) -> Floats:
    """Return the ends of even cells from ``low`` to ``high``, or just beyond both so that one of them is the kink."""
    if kink is None or not low < kink < high:
        return np.linspace(low, high, cells + 1)
    width = (high - low) / (cells - 1)
    return np.asarray(kink + width * (np.arange(cells + 1) - math.ceil((kink - low) / width)), dtype=np.float64)


def _even(function: Callable[[Floats], Floats], breaks: Floats, allowed: _Allowed) -> Floats | None:
    """Interpolate by cells of degree 5 and equal width; None where one misses."""
    left, width = breaks[:-1, None], np.diff(breaks)[:, None]
    nodes = function(left + width * _NODES)
    rows: Floats = nodes @ _FROM_NODES.T
    at = left + width * _TESTS
    exact = function(at)
    met = np.abs(rows @ _AT_TESTS.T - exact) <= allowed(at, exact, np.abs(nodes[:, -1:] - nodes[:, :1]) / width)
    return rows if met.all() else None


def _bisect(
    function: Callable[[Floats], Floats],
    low: float,
    high: float,
    allowed: _Allowed,
    scale: Callable[[Floats], Floats],
) -> tuple[Floats, Floats, float]:
    """Interpolate by degree-5 cells, halving those that miss.

    A cell ends where it meets the tolerance; where halving no longer helps, because what is left is
    noise in the law's own quantiles below ``LARGEST_ERROR``; or where it is so narrow that only a
    jump is left.

    Returns
    -------
    breaks : ndarray, shape (m + 1,)
    coefficients : ndarray, shape (m, 6)
        Of powers of the distance from the left break.
    worst : float
        Largest error within |z| <= 6 of cells that missed the tolerance, jumps apart, in units of
        ``scale``; the tolerance where none did.
    """
    edges = np.linspace(low, high, 33)
    left, right = edges[:-1], edges[1:]
    before, stalls = np.full(left.size, np.inf), np.zeros(left.size, dtype=int)
    done_left: list[Floats] = []
    done_rows: list[Floats] = []
    accepted, evaluations, worst = 0, 0, RELATIVE_ERROR
    while left.size:
        width = right - left
        nodes = function(left[:, None] + width[:, None] * _NODES)
        rows = nodes @ _FROM_NODES.T
        flat = nodes[:, 0] == nodes[:, -1]
        rows[flat] = 0.0
        rows[flat, 0] = nodes[flat, 0]  # an atom, to the last digit
        at = left[:, None] + width[:, None] * _TESTS
        exact = function(at)
        error = np.abs(rows @ _AT_TESTS.T - exact)
        slope = (np.abs(nodes[:, -1] - nodes[:, 0]) / width)[:, None]
        relative = (error / scale(exact)).max(axis=1)
        met = np.all(error <= allowed(at, exact, slope), axis=1)
        stalls = np.where(relative > before / 1.5, stalls + 1, 0)
        noisy = (relative <= LARGEST_ERROR) & (stalls >= _STALLS) | (relative <= _NOISE_ERROR) & (stalls >= 1)
        evaluations += at.size + nodes.size
        beyond = np.minimum(np.abs(left), np.abs(right)) >= 6
        noisy |= beyond & ((relative <= LARGEST_ERROR) | (width < 1 / 16))
        if evaluations > _MANY_EVALUATIONS:
            noisy |= relative <= _NOISE_ERROR
        jump = (width <= _SMALLEST_CELL) & ~met & ~noisy
        rows[jump] = 0.0
        rows[jump, 0] = nodes[jump, 0]
        rows[jump, 1] = nodes[jump, -1] - nodes[jump, 0]
        full = accepted + 2 * left.size > _MOST_CELLS
        take = met | noisy | jump | full
        judged = take & ~met & ~jump & ~beyond
        worst = max(worst, float(relative[judged].max(initial=0.0)))
        done_left.append(left[take])
        done_rows.append(rows[take] / width[take, None] ** np.arange(6))
        accepted += int(take.sum())
        left, right, before, stalls = left[~take], right[~take], np.tile(relative[~take], 2), np.tile(stalls[~take], 2)
        middle = 0.5 * (left + right)
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    starts = np.concatenate(done_left)
    order = np.argsort(starts)
    return np.append(starts[order], high), np.concatenate(done_rows)[order], worst
