"""Estimates with their Monte Carlo errors."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from simulator.analysis.estimates import chance, mean, members, statistic

RANDOM = xr.Dataset(attrs={"plan": "random"})


def test_the_error_of_a_mean_is_what_means_of_other_draws_differ_by():
    draws = np.random.default_rng(0).exponential(size=(400, 500))
    found = [mean(RANDOM, row) for row in draws]
    spread = np.std([f.value for f in found], ddof=1)
    assert np.mean([f.mcse for f in found]) == pytest.approx(spread, rel=5 / math.sqrt(2 * 400))


def test_the_error_of_a_median_comes_from_its_influence():
    draws = np.random.default_rng(1).normal(size=10_000)
    found = statistic(RANDOM, lambda own: float(np.median(draws[own])), np.sign(draws) / (2 * norm.pdf(0.0)))
    assert found.value == np.median(draws)
    assert found.mcse == pytest.approx(math.sqrt(math.pi / 2 / 10_000), rel=1e-3)


def test_replicates_of_sobol_points_differ_by_the_error():
    results = xr.Dataset(attrs={"plan": "sobol", "replicates": 4})
    values = np.tile([1.0, 2.0, 3.0, 6.0], 8)
    assert [own[:2].tolist() for own in members(results, 32)] == [[0, 4], [1, 5], [2, 6], [3, 7]]
    found = mean(results, values)
    assert (found.value, found.mcse) == (3.0, np.std([1.0, 2.0, 3.0, 6.0], ddof=1) / 2)
    assert math.isnan(mean(xr.Dataset(attrs={"plan": "sobol", "replicates": 1}), values).mcse)


def test_one_draw_has_no_error():
    assert math.isnan(mean(RANDOM, np.array([3.0])).mcse)


def test_chance_of_sobol_replicates():
    results = xr.Dataset(attrs={"plan": "sobol", "replicates": 2})
    found = chance(results, np.array([True, False, True, True]))
    assert (found.value, found.mcse) == (0.75, pytest.approx(0.25))
