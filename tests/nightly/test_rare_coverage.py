"""Do errors of rare events cover over many seeds, and does a run agree with 1e8 plain draws? A few minutes of one core."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from statistics_helpers import assert_within_mcse
from test_rare import MILLIONTH, event, judged, lognormal_product, normal_sum, partly_luck, two_sided

from simulator import SamplingPlan, load_scenario, simulate_bands
from simulator.analysis.rare.rare import LARGEST_ERROR, Limit, rare_chances

QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
SEEDS = 200
NOMINAL = 2.0 * norm.cdf(2.0) - 1.0


@pytest.mark.parametrize(
    ("response", "limit", "scores", "truth", "draws"),
    [
        (normal_sum, MILLIONTH, 5, 1e-6, 20_000),
        (two_sided, MILLIONTH, 3, 2e-6, 20_000),
        (lognormal_product, math.exp(math.sqrt(4.25) * MILLIONTH), 2, 1e-6, 20_000),
        (event, MILLIONTH, 2, (1 - 1e-3) * 1e-6 + 1e-3 * norm.sf(MILLIONTH - 3.0), 20_000),
        (partly_luck, norm.isf(1e-4), 2, 1e-4, 50_000),
        (partly_luck, MILLIONTH, 2, 1e-6, 500_000),  # luck that is not shifted takes more draws, the more the rarer
    ],
)
def test_two_standard_errors_cover(response, limit, scores, truth, draws):
    found = [judged(response, limit, scores, seed=seed, draws=draws)[0].probability for seed in range(SEEDS)]
    told = [f for f in found if f.mcse <= LARGEST_ERROR * f.value]
    errors = np.array([(f.value - truth) / f.mcse for f in told])
    print(
        f"{response.__name__}: {len(told)} of {SEEDS} told, relative error {np.median([f.mcse / f.value for f in told]):.3f}, "
        f"errors in standard errors {errors.mean():+.2f} +- {errors.std(ddof=1):.2f}, {np.mean(np.abs(errors) < 2):.1%} within two"
    )
    assert len(told) > 0.9 * SEEDS
    assert binomtest(int(np.sum(np.abs(errors) < 2.0)), len(told), NOMINAL, alternative="less").pvalue > 1e-6
    # no bias: the mean of estimates, by their own spread
    values = np.array([f.value for f in found])
    assert_within_mcse(values.mean(), truth, values.std(ddof=1) / math.sqrt(SEEDS))


def test_too_few_draws_are_seldom_told_and_miss():
    """Where hardly any seed has an error below a tenth, those that have one are those whose estimate is too low: they must be few."""
    found = [judged(partly_luck, MILLIONTH, 2, seed=seed)[0].probability for seed in range(SEEDS)]
    told = [f for f in found if f.mcse <= LARGEST_ERROR * f.value]
    missed = sum(abs(f.value - 1e-6) > 2.0 * f.mcse for f in told)
    print(f"{len(told)} of {SEEDS} told, {missed} of them off by more than two standard errors")
    assert missed <= (1.0 - NOMINAL) * SEEDS


def test_a_hundred_million_plain_draws_agree():
    overrides = ["reliability.method=expected_value", "limits.budget=1.2M USD"]
    scenario = load_scenario(QUICKSTART, overrides=overrides)
    plain = simulate_bands(scenario, SamplingPlan(draws=10**8, seed=11))
    found = rare_chances(scenario, [Limit("cost_total", 1.2e6)], SamplingPlan(draws=10**6))
    share, error = plain.probability_exceeded.sel(limit="budget").item(), plain.mcse_exceeded.sel(limit="budget").item()
    print(f"plain {share:.5g} +- {error:.2g}, weighted {found.probability.item():.5g} +- {found.mcse.item():.2g}")
    assert 1e-5 < share < 1e-4
    assert_within_mcse(found.probability, share, math.hypot(error, found.mcse.item()))
