"""Draws counted against the law that they should follow, block by block, and p-values of what was counted."""

import numba
import numpy as np
from scipy.special import kolmogorov, ndtr, ndtri
from scipy.stats import binom, chi2, norm

CELLS = 1024
LEVELS = 32  # of each side of a pair
TAILS = (1e-3, 1e-4, 1e-5, 1e-6)
APART = 64  # draws that share a call of the generator


_ONE, _ZERO = np.uint64(1), np.uint64(0)


@numba.njit
def place(x, edges, cells):
    """Write how many edges lie below each value; ``edges`` are a power of two less one.

    Step by step for many values at a time, which vectorizes: six times as fast as ``np.searchsorted``.
    """
    cells[:] = 0
    for low in range(0, x.size, 512):
        step = np.uint64((edges.size + 1) >> 1)
        while step > _ZERO:
            for i in range(low, min(low + 512, x.size)):
                j = np.uint64(i)
                at = cells[j]
                cells[j] = at + (step if edges[at + step - _ONE] < x[j] else _ZERO)
            step >>= _ONE


def two_sided(count, trials, probability):
    """Return the p-value of a binomial count: twice the smaller tail."""
    return min(1.0, 2.0 * min(binom.cdf(count, trials, probability), binom.sf(count - 1, trials, probability)))


def p_of_z(z):
    return float(2.0 * norm.sf(abs(z)))


def p_of_chi2(counts, expected):
    return float(chi2.sf(np.sum((counts - expected) ** 2 / expected), counts.size - 1))


class Cells:
    """Edges between the values of a law: ``below[j]`` is the probability of edge j and what lies below, ``above[j]`` of the rest."""

    def __init__(self, edges, below, above):
        self.edges, self.below, self.above = (np.asarray(x, dtype=np.float64) for x in (edges, below, above))
        assert np.all(np.diff(self.edges) > 0)
        room = (1 << int(self.edges.size).bit_length()) - 1
        self.padded = np.concatenate([self.edges, np.full(room - self.edges.size, np.inf)])

    @classmethod
    def of_quantile(cls, quantile):
        """Return equal cells of a continuous law, and its tails."""
        inner = np.arange(1, CELLS) / CELLS
        below = np.unique(np.concatenate([TAILS, inner, [1.0 - t for t in TAILS]]))
        above = 1.0 - below
        above[np.searchsorted(below, 1.0 - np.array(TAILS))] = TAILS  # 1 - (1 - t) is not t
        return cls(quantile(np.where(below < 0.5, ndtri(below), -ndtri(above))), below, above)

    @classmethod
    def of_masses(cls, values, masses):
        """Return the values of a discrete law; those that never occur are left out at its ends."""
        held = np.flatnonzero(np.cumsum(masses) > 0)[0]
        masses = np.asarray(masses)[held:]
        return cls(np.asarray(values)[held:], np.cumsum(masses), np.append(np.cumsum(masses[:0:-1])[::-1], 0.0))

    @classmethod
    def of_pieces(cls, value, sd):
        """Return cells of a function of a normal score that is nowhere falling and may be level."""
        grid = np.concatenate([[-9.0 * sd], sd * ndtri(np.arange(1, CELLS) / CELLS), sd * ndtri(TAILS), -sd * ndtri(TAILS), [9.0 * sd]])
        edges = np.unique(value(grid))
        edges = edges + 1e-6 * np.abs(edges).max()  # values in float32 on a level stretch
        edges = edges[np.concatenate([[True], np.diff(edges) > 0])]
        low, high = np.full(edges.size, -40.0), np.full(edges.size, 40.0)
        for _ in range(80):
            middle = 0.5 * (low + high)
            inside = value(middle) <= edges
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return cls(edges, ndtr(low / sd), ndtr(-low / sd))

    def groups(self, share):
        """Return edges between which, and beyond which, a share of the probability lies, or more; or little less."""
        kept, last = [], 0.0
        for j, (below, above) in enumerate(zip(self.below, self.above, strict=True)):
            if below - last >= 0.99 * share and above >= 0.99 * share:
                kept.append(j)
                last = below
        return np.array(kept, dtype=np.int64)

    def masses(self, kept):
        return np.diff(np.concatenate([[0.0], self.below[kept], [1.0]]))


class Pairs:
    """A contingency table of what should be independent."""

    def __init__(self, one, other):
        self.sides = [side.masses(side.groups(1 / LEVELS)) for side in (one, other)]
        self.counts = np.zeros([side.size for side in self.sides], dtype=np.int64)

    def add(self, a, b):
        width = self.counts.shape[1]
        self.counts += np.bincount(a * width + b, minlength=self.counts.size).reshape(self.counts.shape)

    def p(self):
        expected = self.counts.sum() * np.outer(*self.sides)
        return p_of_chi2(self.counts.ravel(), expected.ravel())


class Tally:
    """Draws of one law, counted in cells, and pairs of draws.

    Parameters
    ----------
    cells : Cells
    moments : tuple of float, optional
        Mean, variance, fourth central moment; infinite ones are not tested.
    tails : tuple of float
        Probabilities of the tails that are counted.
    serial : bool
        Whether draws are independent of each other.
    """

    def __init__(self, cells, moments=None, tails=TAILS, serial=True):
        self.cells, self.moments, self.tails = cells, moments, tails
        self.counts = np.zeros(cells.padded.size + 1, dtype=np.int64)
        kept = cells.groups(1 / LEVELS)
        self.level = np.searchsorted(kept, np.arange(self.counts.size), side="left")
        self.serial = {name: Pairs(cells, cells) for name in ("next", "partner")} if serial else {}
        self.sums = np.zeros(2)

    def add(self, x):
        """Count a block, a multiple of 2 * APART draws; return their levels."""
        x = np.ascontiguousarray(x)
        words = np.empty(x.size, dtype=np.uint64)
        place(x, self.cells.padded, words)
        at = words.view(np.int64)
        assert not np.isnan(x.sum())
        self.counts += np.bincount(at, minlength=self.counts.size)
        if self.moments:
            mean, variance, _ = self.moments
            off = (x - mean) / np.sqrt(variance)
            self.sums += off.sum(), (off**2 - 1.0).sum()
        levels = self.level[at]
        if self.serial:
            self.serial["next"].add(levels[0::2], levels[1::2])
            halves = levels.reshape(-1, 2, APART)
            self.serial["partner"].add(halves[:, 0].ravel(), halves[:, 1].ravel())
        return levels

    def below(self):
        """Return how many draws do not exceed each edge."""
        return np.cumsum(self.counts)[: self.cells.edges.size]

    def p_values(self):
        """Return p-values by what was tested."""
        below, total, found = self.below(), self.counts.sum(), {}
        for count in (CELLS, 16):
            kept = self.cells.groups(1 / count)
            found[f"chi-squared of {kept.size + 1} cells"] = p_of_chi2(
                np.diff(np.concatenate([[0], below[kept], [total]])), total * self.cells.masses(kept)
            )
        # over the edges alone, hence conservative
        found["Kolmogorov-Smirnov"] = float(kolmogorov(np.sqrt(total) * np.abs(below / total - self.cells.below).max()))
        for level in self.tails:
            lower, upper = (np.flatnonzero(side <= 1.01 * level) for side in (self.cells.below, self.cells.above))
            if lower.size:
                j, p = lower[-1], self.cells.below[lower[-1]]
                found[f"lower tail of {p:.2g}"] = two_sided(below[j], total, p)
            if upper.size and self.cells.above[upper[0]] > 0:
                j, p = upper[0], self.cells.above[upper[0]]
                found[f"upper tail of {p:.2g}"] = two_sided(total - below[j], total, p)
        if self.moments:
            _, variance, fourth = self.moments
            found["mean"] = p_of_z(self.sums[0] / np.sqrt(total))
            if np.isfinite(fourth):
                found["variance"] = p_of_z(self.sums[1] / np.sqrt(total * (fourth / variance**2 - 1.0)))
        return found | {f"pairs of {name} draws": pairs.p() for name, pairs in self.serial.items()}


class Mean:
    """The mean of independent draws against what it should be, by their own spread."""

    def __init__(self, truth):
        self.truth, self.sums, self.count = truth, np.zeros(2), 0

    def add(self, x):
        off = x - self.truth
        self.sums += off.sum(), (off**2).sum()
        self.count += x.size

    def p(self):
        return p_of_z(self.sums[0] / np.sqrt(self.sums[1]))


def moments_of_quantile(quantile):
    """Return mean, variance and fourth central moment; a moment that the last scores make is infinite, None without variance."""
    z = np.linspace(-8.0, 8.0, 160_001)
    weight = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    x = quantile(z)
    mean = float(np.sum(weight * x))

    def central(power):
        parts = weight * (x - mean) ** power
        return float(parts.sum()) if parts[np.abs(z) > 5.0].sum() < 1e-3 * parts.sum() else np.inf

    variance, fourth = central(2), central(4)
    return (mean, variance, fourth) if np.isfinite(variance) else None
