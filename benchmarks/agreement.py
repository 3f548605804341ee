"""Whether two sides draw from the same joint distribution, judged by Monte Carlo standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr

_PROBABILITIES = (0.05, 0.5, 0.95)
_FALSE_ALARM = 1e-6  # of a whole comparison

Columns = Mapping[str, NDArray[np.floating]]


def disagreements(ours: Columns, theirs: Columns) -> list[str]:
    """Return what differs by more than Monte Carlo error: means, quantiles, the rank correlations of neighbouring columns."""
    z: dict[str, float] = {}
    for name in theirs:
        a, b = np.asarray(ours[name], dtype=np.float64), np.asarray(theirs[name], dtype=np.float64)
        z[f"mean of {name}"] = float((a.mean() - b.mean()) / math.sqrt(a.var() / a.size + b.var() / b.size))
        for p, cut in zip(_PROBABILITIES, np.quantile(np.concatenate([a, b]), _PROBABILITIES), strict=True):
            # given the pooled quantile the counts below it are hypergeometric
            below = np.mean(a <= cut) - np.mean(b <= cut)
            z[f"P{100 * p:g} of {name}"] = float(below / math.sqrt(p * (1 - p) * (1 / a.size + 1 / b.size)))
    for first, second in combinations(list(theirs)[:2], 2):  # a workload names its correlated pair first
        fisher = [math.atanh(spearmanr(side[first], side[second]).statistic) for side in (ours, theirs)]
        # 1.06: Fieller, Hartley and Pearson (1957), doi:10.1093/biomet/44.3-4.470
        error = math.sqrt(1.06 / len(ours[first]) + 1.06 / len(theirs[first]))
        z[f"rank correlation of {first} and {second}"] = (fisher[0] - fisher[1]) / error
    limit = float(norm.isf(_FALSE_ALARM / 2 / len(z)))
    return [f"{what}: off by {value:.1f} standard errors (limit {limit:.1f})" for what, value in z.items() if not abs(value) <= limit]
