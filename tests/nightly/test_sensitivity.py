"""Whether the intervals of sensitivities cover as often as they say, over a thousand repetitions."""

import numpy as np
import pytest
import xarray as xr
from known_indices import KNOWN, matrices
from scipy import stats

from simulator.analysis.sensitivity.rank_correlation import rank_correlations
from simulator.analysis.sensitivity.replays import FEWEST_DRAWS
from simulator.analysis.sensitivity.sobol_indices import indices
from simulator.analysis.sensitivity.variance_split import split

REPETITIONS = 1000
#: what may be missing from the level: of estimates that are nearly normal, and whose errors are estimates too
LOST = 0.015
LEVEL = 0.95
WIDTH = stats.norm.ppf(0.5 + LEVEL / 2)


def assert_covers(hits: np.ndarray) -> None:
    """Assert that shares of hits lie in the binomial band of a level between LEVEL less LOST and LEVEL, at a false-alarm rate of 1e-6."""
    low = stats.binom.ppf(1e-6, REPETITIONS, LEVEL - LOST)
    high = stats.binom.ppf(1 - 1e-6, REPETITIONS, LEVEL)
    assert ((low <= hits) & (hits <= high)).all(), hits / REPETITIONS


@pytest.mark.parametrize("draws", [FEWEST_DRAWS, 8 * FEWEST_DRAWS])
@pytest.mark.parametrize("name", KNOWN)
def test_intervals_of_sobol_indices_cover(name, draws):
    _, inputs, first_order, total = KNOWN[name]
    hits = np.zeros((2, inputs))
    for seed in range(REPETITIONS):
        a, b, mixed = matrices(name, draws, seed)
        for k in range(inputs):
            for row, (found, truth) in enumerate(zip(indices(a, b, mixed[k]), (first_order[k], total[k]), strict=True)):
                hits[row, k] += abs(found.value - truth) <= WIDTH * found.mcse
    assert_covers(hits)


def test_intervals_of_a_split_cover():
    """The output is x·(1 + l), with x and l normal: shares of x, l and both of 1, m², 1 in 2 + m², m the mean of x."""
    middle = 2.0
    truth = np.array([1.0, middle**2, 1.0]) / (2.0 + middle**2)
    hits = np.zeros(3)
    for seed in range(REPETITIONS):
        x, luck, anew, other = np.random.default_rng(seed).normal(size=(4, FEWEST_DRAWS))
        x, anew = x + middle, anew + middle
        shares, _ = split(x * (1 + luck), anew * (1 + other), knowable=anew * (1 + luck), luck=x * (1 + other))
        hits += [abs(found.value - own) <= WIDTH * found.mcse for found, own in zip(shares, truth, strict=True)]
    assert_covers(hits)


@pytest.mark.parametrize("name", ["spearman", "partial"])
def test_intervals_of_rank_correlations_cover(name):
    def drawn(draws: int, seed: int) -> xr.Dataset:
        x, y, noise = np.random.default_rng(seed).normal(size=(3, draws))
        columns = {"mfu": x, "pue": 0.6 * x + 0.8 * y}
        data = {key: ("draw", own, {"role": "input"}) for key, own in columns.items()}
        data["cost_total"] = "draw", np.exp(x - 0.5 * columns["pue"] + 0.5 * noise), {"role": "output", "units": "USD"}
        return xr.Dataset(data, {"draw": np.arange(draws)}, {"plan": "random"})

    truth = rank_correlations(drawn(1_000_000, 10**6)).set_index(input="input").sel(input=["mfu", "pue"])[name].values
    hits = np.zeros(2)
    for seed in range(REPETITIONS):
        bounds = rank_correlations(drawn(300, seed)).set_index(input="input").sel(input=["mfu", "pue"])[f"ci_{name}"].values
        hits += (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
    assert_covers(hits)
