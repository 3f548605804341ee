"""Do intervals of percentiles and of CVaR cover as often as they say? 2000 samples of up to 1e5 draws; some ten minutes of one core.

Each count of samples that are covered is judged by its exact binomial p-value, against the achieved level of a percentile's interval and
against 95 % for CVaR: a correct program fails one check with a probability of 1e-6.
"""

import math

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binomtest, norm

from simulator.analysis.order_statistics import draws_needed, interval_ranks
from simulator.analysis.risk.shortfall import shortfall_interval, shortfalls
from simulator.analysis.samples import SortedDraws, sample_of

SAMPLES, FALSE_ALARM = 2000, 1e-6
PERCENTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99)
SIGMAS = {"normal": 0.0, "lognormal 0.5": 0.5, "lognormal 1": 1.0}


def law(scores, sigma):
    return np.exp(sigma * scores) if sigma else scores


def cvar_of(sigma, p):
    score = norm.ppf(p)
    return math.exp(sigma**2 / 2) * norm.cdf(sigma - score) / (1 - p) if sigma else norm.pdf(score) / (1 - p)


@pytest.mark.parametrize("draws", [100, 1000, 10_000, 100_000])
@pytest.mark.parametrize("name", SIGMAS)
def test_intervals_cover_as_often_as_they_say(name, draws, capsys):
    sigma, rng = SIGMAS[name], np.random.default_rng(draws)
    ranks = {p: interval_ranks(draws, p) for p in PERCENTILES}
    assert {p for p in PERCENTILES if ranks[p] is None} == {p for p in PERCENTILES if draws < draws_needed(p)}
    worst = [p for p in PERCENTILES if round(draws * (1 - p), 6) >= 50]
    truth = {p: cvar_of(sigma, p) for p in PERCENTILES}
    percentile, cvar = dict.fromkeys(PERCENTILES, 0), dict.fromkeys(worst, 0)
    for _ in range(SAMPLES):
        ordered = law(np.sort(rng.standard_normal(draws)), sigma)
        for p, own in ranks.items():
            percentile[p] += own is not None and ordered[own.lower - 1] <= law(norm.ppf(p), sigma) <= ordered[own.upper - 1]
        for p in worst:
            low, high = shortfall_interval(SortedDraws(ordered), p)
            cvar[p] += low <= truth[p] <= high
    with capsys.disabled():
        print(f"\n{name}, {draws} draws: CVaR { ({p: int(count) / SAMPLES for p, count in cvar.items()}) }")
    for p, own in ranks.items():
        assert own is None or binomtest(percentile[p], SAMPLES, own.level).pvalue > FALSE_ALARM, (p, percentile[p], own)
    for p, count in cvar.items():
        assert binomtest(count, SAMPLES, 0.95).pvalue > FALSE_ALARM, (p, count)


@pytest.mark.parametrize(
    ("name", "draws", "p"), [("lognormal 0.5", 1000, 0.95), ("lognormal 1", 1000, 0.95), ("lognormal 1", 10_000, 0.95)]
)
def test_what_is_offered_covers_though_heavy_samples_are_refused(name, draws, p, capsys):
    sigma, rng, plan = SIGMAS[name], np.random.default_rng(draws), xr.Dataset(attrs={"plan": "random"})
    truth, offered, covered = cvar_of(sigma, p), 0, 0
    for _ in range(SAMPLES):
        (found,) = shortfalls(sample_of(plan, law(rng.standard_normal(draws), sigma)), [p])
        offered += not math.isnan(found.low)
        covered += found.low <= truth <= found.high
    with capsys.disabled():
        print(f"\n{name}, {draws} draws: CVaR {p} offered {offered / SAMPLES}, covers {covered / offered}")
    assert offered > 0.9 * SAMPLES
    assert binomtest(covered, offered, 0.95).pvalue > FALSE_ALARM
