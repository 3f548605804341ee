import math
import tracemalloc

import numpy as np
import pytest
import xarray as xr
from scipy.stats import genpareto
from statistics_helpers import assert_within_mcse

from simulator.analysis.samples import sample_of
from simulator.analysis.tails import generalized_pareto_index, larger_tail_index, moments_reported

LIGHT = {
    "uniform": lambda rng, n: rng.random(n),
    "lognormal, sigma 0.5": lambda rng, n: rng.lognormal(10, 0.5, n),
    "negative lognormal": lambda rng, n: -rng.lognormal(10, 0.5, n),
    "normal": lambda rng, n: rng.normal(-3, 1e-6, n),
    "Poisson": lambda rng, n: rng.poisson(3, n).astype(float),
    "Bernoulli": lambda rng, n: (rng.random(n) < 0.01).astype(float),
}
NO_MEAN = {
    "1/uniform": lambda rng, n: 1 / rng.random(n),
    "-1/uniform": lambda rng, n: -1 / rng.random(n),
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "lognormal, sigma 50: exists, but no sample shows it": lambda rng, n: rng.lognormal(0, 50, n),
}
NO_SD = {
    "Student, 2 df": lambda rng, n: rng.standard_t(2, n),
    "Pareto 1.5": lambda rng, n: 1 + rng.pareto(1.5, n),
    "-Pareto 1.5": lambda rng, n: -1 - rng.pareto(1.5, n),
}


@pytest.mark.parametrize("law", LIGHT)
@pytest.mark.parametrize("n", [1000, 100_000])
def test_light_tails_report_all_moments(law, n):
    draws = LIGHT[law](np.random.default_rng(1), n)
    moments = moments_reported(draws)
    assert moments.note == ""
    assert moments.mean == pytest.approx(draws.mean(), rel=1e-12)
    assert moments.sd == pytest.approx(draws.std(ddof=1), rel=1e-9)
    assert moments.standard_error == pytest.approx(moments.sd / math.sqrt(n))
    assert moments == sample_of(xr.Dataset(attrs={"plan": "random"}), draws).moments()


@pytest.mark.parametrize("law", NO_MEAN)
@pytest.mark.parametrize("seed", range(3))
def test_no_mean_is_printed_that_does_not_exist(law, seed):
    moments = moments_reported(NO_MEAN[law](np.random.default_rng(seed), 20_000))
    assert np.isnan([moments.mean, moments.sd, moments.standard_error]).all()
    assert "the mean may not exist" in moments.note


@pytest.mark.parametrize("law", NO_SD)
@pytest.mark.parametrize("seed", range(5))
def test_no_sd_is_printed_that_does_not_exist(law, seed):
    moments = moments_reported(NO_SD[law](np.random.default_rng(seed), 100_000))
    assert np.isnan([moments.sd, moments.standard_error]).all()
    assert moments.note.startswith("no ")


def test_student_with_2_df_has_a_mean_and_no_sd():
    moments = moments_reported(np.random.default_rng(0).standard_t(2, 100_000))
    assert math.isfinite(moments.mean)
    assert "the variance may not exist" in moments.note


@pytest.mark.parametrize("index", [-0.25, 0.0, 0.3, 0.7, 1.2])
def test_index_is_recovered(index):
    m = 20_000
    uniforms = np.random.default_rng(7).random(m)
    excesses = np.sort(-np.log(uniforms) if index == 0 else (uniforms**-index - 1) / index)
    # asymptotic standard error of the maximum-likelihood index, Smith (1987), doi:10.1214/aos/1176350499
    assert_within_mcse(generalized_pareto_index(excesses), index, (1 + index) / math.sqrt(m))


@pytest.mark.parametrize("index", [0.2, 0.8])
def test_index_agrees_with_maximum_likelihood(index):
    excesses = np.sort(genpareto.rvs(index, size=4000, random_state=np.random.default_rng(3)))
    fitted, _, _ = genpareto.fit(excesses, index, floc=0, scale=1)
    # two efficient estimators from the same draws differ by far less than either errs
    assert generalized_pareto_index(excesses) == pytest.approx(fitted, abs=0.1 * (1 + index) / math.sqrt(4000))


def test_index_of_few_excesses_by_the_paper():
    # Zhang & Stephens (2009), steps 1 to 5 one number at a time: few excesses, where their prior still counts
    x = sorted(np.random.default_rng(11).pareto(2, 20).tolist())
    m, n = 30 + int(math.sqrt(20)), 20
    thetas = [1 / x[-1] + (1 - math.sqrt(m / (j - 0.5))) / (3 * x[4]) for j in range(1, m + 1)]

    def shape(theta):
        return sum(math.log(1 - theta * value) for value in x) / n

    likelihoods = [n * (math.log(-theta / shape(theta)) - shape(theta) - 1) for theta in thetas]
    weights = [1 / sum(math.exp(other - mine) for other in likelihoods) for mine in likelihoods]
    expected = shape(sum(weight * theta for weight, theta in zip(weights, thetas, strict=True)))
    assert generalized_pareto_index(np.array(x)) == pytest.approx(expected, rel=1e-9)


def test_the_prior_is_worth_ten_draws_of_index_one_half():
    ordered = np.sort(np.random.default_rng(5).pareto(1, 10_000))
    excesses = ordered[-300:] - ordered[-301]
    assert larger_tail_index(ordered) == pytest.approx((300 * generalized_pareto_index(excesses) + 5) / 310)


def test_index_depends_neither_on_scale_nor_on_sign():
    draws = np.sort(np.random.default_rng(2).standard_t(3, 5000))
    for other in (-draws[::-1], 2.0**900 * draws, 2.0**-900 * draws):
        assert larger_tail_index(other) == pytest.approx(larger_tail_index(draws), rel=1e-9)


@pytest.mark.parametrize("m", [18, 400])
def test_whole_numbers_pass_through_the_exponential_point_of_the_grid(m):
    # quartile = a third of the largest: with 30 + √m = 34 or 50 points, 1 − 1/1 = 0 is among them
    excesses = np.repeat([1.0, 2.0, 3.0], [m // 2, m // 3, m - m // 2 - m // 3])
    assert math.isfinite(generalized_pareto_index(excesses))


def test_equal_draws_have_no_spread():
    moments = moments_reported(np.full(1000, 0.1))
    assert (moments.mean, moments.sd, moments.standard_error, moments.note) == (0.1, 0.0, 0.0, "")


def test_a_tail_of_rounding_errors_is_no_tail():
    draws = np.full(1000, 0.3)
    draws[:3] = 0.1 + 0.2
    assert moments_reported(draws).note == ""


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda x: x[:99], "99 draws are too few"),
        (lambda x: x[:0], "0 draws are too few"),
        (lambda x: np.append(x, [np.nan, np.nan]), "2 of 502 draws are NaN"),
        (lambda x: np.append(x, np.inf), "1 of 501 draws are infinite"),
        (lambda x: np.append(x, -np.inf), "1 of 501 draws are infinite"),
        (lambda x: np.append(0 * x, [1.0, 5.0, 9.0]), "fewer than 5 draws stand apart"),
    ],
)
def test_a_missing_mean_is_explained(spoil, reason):
    moments = moments_reported(spoil(np.random.default_rng(0).random(500)))
    assert np.isnan([moments.mean, moments.sd, moments.standard_error]).all()
    assert reason in moments.note


def test_small_samples_need_a_lighter_tail():
    # 1 − 1/log10(100) = 0.5 at 100 draws, 0.7 from 2155 draws on
    draws = (np.arange(100) + 0.5) / 100
    heavier = draws**-0.6
    assert math.isnan(moments_reported(heavier).mean)
    assert math.isfinite(moments_reported(((np.arange(100_000) + 0.5) / 100_000) ** -0.6).mean)


def test_the_index_of_the_largest_tail_takes_the_memory_of_its_draws():
    """That of 1e9 draws has 95 000, judged at 338 points."""
    excesses = np.sort(np.random.default_rng(4).pareto(3.0, 95_000))
    tracemalloc.start()
    try:
        generalized_pareto_index(excesses)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * excesses.nbytes
