"""Five defects that were seen in released tools for uncertainty: each test here fails where this package has the same."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from known_indices import matrices
from scipy import stats
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, load_scenario, simulate, summarize
from simulator.analysis.columns import Column
from simulator.analysis.order_statistics import interval_ranks
from simulator.analysis.sensitivity.sobol_indices import indices_of_rows
from simulator.errors import InputError

CONFIG = "configs/quickstart.yaml"
PRICE_FIRST = ["rental_price=2 to 3 USD/h", "mfu=0.3 to 0.5"]


def draws_of(seed: int, threads: int | None = 1) -> np.ndarray:
    """Return draws of one input, by all cores where threads is None; a function of its own, so that another process can call it."""
    return simulate(load_scenario(CONFIG), SamplingPlan(draws=1000, seed=seed, threads=threads, block_size=64)).rental_price.values


# 1. samples drawn by several workers are copies of each other


@pytest.mark.parametrize("threads", [1, None])
def test_no_draw_is_drawn_twice_by_several_threads(threads: int | None) -> None:
    drawn = draws_of(0, threads)
    assert np.unique(drawn).size == 1000
    np.testing.assert_array_equal(drawn, draws_of(0))


def test_no_draw_is_drawn_twice_by_several_processes() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        drawn = list(pool.map(draws_of, [0, 1]))
    assert np.unique(np.concatenate(drawn)).size == 2000
    for seed in (0, 1):
        np.testing.assert_array_equal(drawn[seed], draws_of(seed))


# 2. an interval of a percentile is read past the sample


@pytest.mark.parametrize(("probability", "draws"), [(0.9, 2000), (0.95, 1000), (0.95, 2000), (0.8, 5000), (0.9, 200), (0.999, 10_000)])
def test_ranks_of_an_interval_stand_inside_the_sample_and_cover(probability: float, draws: int) -> None:
    ranks = interval_ranks(draws, probability, confidence=0.95)
    assert ranks is not None
    assert 1 <= ranks.lower < ranks.upper <= draws
    below = stats.binom(draws, probability)
    assert below.cdf(ranks.upper - 1) - below.cdf(ranks.lower - 1) >= 0.95


# 3. one NaN makes every Sobol' index nought; rows in another order are taken as they come


@pytest.mark.parametrize("place", [0, 5, -1])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_indices_of_draws_that_are_no_numbers_are_refused(place: int, bad: float) -> None:
    a, b, mixed = matrices("ishigami", 2048, seed=1)
    rows = {name: Column("y", own.copy(), np.arange(2048), "here") for name, own in {"A": a, "B": b, "x": mixed[0]}.items()}
    assert indices_of_rows(rows["A"], rows["B"], {"x": rows["x"]}, attributes={"plan": "random"}).first_order.item() > 0.2
    rows["A"].values[place] = bad
    with pytest.raises(InputError, match="of 2048 draws"):
        indices_of_rows(rows["A"], rows["B"], {"x": rows["x"]}, attributes={"plan": "random"})


def test_indices_of_permuted_rows_are_refused() -> None:
    a, b, mixed = matrices("ishigami", 2048, seed=1)
    own, order = np.arange(2048), np.random.default_rng(1).permutation(2048)
    with pytest.raises(InputError, match="rows do not belong together"):
        indices_of_rows(
            Column("y", a[order], order, "here"),
            Column("y", b, own, "here"),
            {"x": Column("y", mixed[0], own, "here")},
            attributes={"plan": "random"},
        )


# 4. streams depend on the order in which inputs were added, and neighbouring seeds share them


def test_draws_of_an_input_do_not_depend_on_what_else_is_drawn_or_in_which_order() -> None:
    plan = SamplingPlan(draws=256, seed=7)
    one = simulate(load_scenario(CONFIG, overrides=PRICE_FIRST), plan)
    other = simulate(load_scenario(CONFIG, overrides=PRICE_FIRST[::-1]), plan)
    fewer = simulate(load_scenario(CONFIG, overrides=[*PRICE_FIRST, "pue=1.1", "run_overhead=0.05"]), plan)
    for results in (other, fewer):
        np.testing.assert_array_equal(results.rental_price, one.rental_price)
        np.testing.assert_array_equal(results.mfu, one.mfu)


def test_inputs_of_neighbouring_seeds_have_nothing_in_common() -> None:
    draws, scenario = 4096, load_scenario(CONFIG, overrides=["correlations=[]"])
    columns = {}
    for seed in (7, 8, 9):
        results = simulate(scenario, SamplingPlan(draws=draws, seed=seed))
        for name, own in results.data_vars.items():
            if own.attrs["role"] == "input" and own.dims == ("draw",) and np.unique(own).size > draws // 2:
                columns[name, seed] = stats.rankdata(own)
    assert len(columns) > 15
    limit = stats.norm.isf(1e-6 / len(columns) ** 2)
    for one, other in itertools.combinations(columns, 2):
        assert abs(np.corrcoef(columns[one], columns[other])[0, 1]) < limit / math.sqrt(draws), (one, other)


# 5. the seed of Sobol' points is taken and ignored


def test_the_seed_of_sobol_points_decides_and_replicates_tell_the_error() -> None:
    scenario = load_scenario(CONFIG)
    one, same, other = (simulate(scenario, SamplingPlan(draws=4096, seed=seed, plan="sobol")) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.rental_price, same.rental_price)
    assert np.intersect1d(one.rental_price, other.rental_price).size == 0
    replicates = one.rental_price.values.reshape(-1, 16)
    assert np.unique(replicates).size == 4096, "replicates share points"
    first, second = (summarize(results).sel(output="cost_total", quantile=0.5) for results in (one, other))
    assert_within_mcse(first.value.item(), second.value.item(), math.hypot(first.mcse.item(), second.mcse.item()))
