"""Would a Gaussian copula that is wrong by one per cent pass?"""

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import LawError
from simulator.stochastic import dependence
from simulator.stochastic.dependence import (
    RankCorrelation,
    achieved_spearman,
    latent_correlation,
    nearest_correlation,
    spearman_correlation,
)

FOUR = {("a", "b"): 0.8, ("a", "c"): -0.3, ("b", "d"): 0.5, ("c", "d"): 0.2}
REQUESTS = [{("a", "b"): 0.6}, {("a", "b"): -0.95, ("b", "c"): 0.2}, FOUR]


def offered(error: LawError) -> dict[tuple[str, str], float]:
    return {(a, b): float(rho) for a, b, rho in re.findall(r"(\w+) ~ (\w+): (\S+?)(?=;| |$)", error.way_out)}


def refusal(pairs) -> LawError:
    with pytest.raises(LawError) as caught:
        RankCorrelation.from_pairs(pairs)
    return caught.value


def test_conversion_has_its_closed_forms():
    root3 = math.sqrt(3.0)
    np.testing.assert_allclose(latent_correlation([-1, 0, 1, 0.5]), [-1, 0, 1, (root3 - 1) / math.sqrt(2)], atol=1e-15)
    np.testing.assert_allclose(spearman_correlation([-1, 0, 1]), [-1, 0, 1], atol=1e-15)
    rho = np.linspace(-1, 1, 101).reshape(1, 101)
    np.testing.assert_allclose(spearman_correlation(latent_correlation(rho)), rho, atol=1e-14)


@pytest.mark.parametrize("pairs", REQUESTS)
def test_factor_is_triangular_and_reproduces_the_latent_matrix(pairs):
    law = RankCorrelation.from_pairs(pairs)
    assert np.array_equal(law.factor, np.tril(law.factor))
    np.testing.assert_array_equal(law.factor[0], np.eye(len(law.names))[0])
    np.testing.assert_allclose(law.factor @ law.factor.T, latent_correlation(law.spearman), atol=1e-14)
    for (a, b), rho in pairs.items():
        assert law.spearman[law.names.index(a)][law.names.index(b)] == rho
    with pytest.raises(ValueError, match="read-only"):
        law.factor[0, 0] = 2.0


@pytest.mark.parametrize("pairs", REQUESTS)
def test_scores_achieve_the_requested_rank_correlation(pairs):
    batches, draws = 100, 2000
    law = RankCorrelation.from_pairs(pairs)
    rng = np.random.default_rng(20240607)
    batch = []
    for _ in range(batches):
        scores = rng.standard_normal((draws, len(law.names))) @ law.factor.T
        # Strictly increasing laws leave the ranks alone.
        batch.append(achieved_spearman({name: np.exp(column) for name, column in zip(law.names, scores.T, strict=True)}))
    # Moran (1948), Biometrika 35, 203-206: the exact mean of the sample coefficient, its small-sample bias included.
    latent = np.clip(latent_correlation(law.spearman), -1.0, 1.0)
    expected = 6.0 / (np.pi * (draws + 1)) * (np.arcsin(latent) + (draws - 2) * np.arcsin(latent / 2.0))
    upper = np.triu_indices(len(law.names), 1)
    mcse = np.std(batch, axis=0, ddof=1)[upper] / math.sqrt(batches)
    error = (np.mean(batch, axis=0) - expected)[upper] / mcse
    assert np.abs(error).max() < 4.5  # t with 99 degrees of freedom, 10 pairs: one false alarm in 5000 suites
    assert mcse.max() < 0.0025  # so that a correlation off by 0.01 is seen


def test_order_of_listing_changes_nothing():
    law = RankCorrelation.from_pairs(FOUR)
    for order in itertools.permutations(FOUR.items()):
        other = RankCorrelation.from_pairs([(b, a, rho) for (a, b), rho in order])
        assert other == law
        assert hash(other) == hash(law)
        assert np.array_equal(other.factor, law.factor)
    assert RankCorrelation.from_pairs({**FOUR, ("a", "b"): 0.7}) != law


def test_no_pairs_give_an_empty_law():
    law = RankCorrelation.from_pairs({})
    assert law == RankCorrelation.from_pairs([]) == RankCorrelation()
    assert law.names == ()
    assert law.factor.shape == (0, 0)


def test_every_wrong_pair_is_named_at_once():
    error = refusal(
        [("a", "a", 0.1), ("b", "c", 0.2), ("c", "b", 0.2), ("d", "e", 1.2), ("f", "g", math.nan), ("h", "i", "0.3"), ("j", "k", True)]
    )
    for part in ("a ~ a: a name", "b ~ c: stated twice", "d ~ e: 1.2 is", "f ~ g: nan is", "h ~ i: '0.3' is", "j ~ k: True is"):
        assert part in error.what


def test_three_at_minus_one_half_are_refused_although_their_spearman_matrix_is_semidefinite():
    pairs = dict.fromkeys(itertools.combinations(("mfu", "price", "pue"), 2), -0.5)
    error = refusal({**pairs, ("x", "y"): 0.1234567})
    for a, b in pairs:
        assert f"{a} ~ {b}: -0.5" in error.what
        assert f"{a} ~ {b}: -0.48" in error.way_out
        assert "(asked -0.5)" in error.way_out
    assert "x ~ y" not in error.what
    assert "x ~ y: 0.1234567" in error.way_out  # what is not to blame stays as asked
    offer = offered(error)
    RankCorrelation.from_pairs(offer)
    # By symmetry the latent border is -1/2, whose Spearman counterpart is -0.4826.
    assert offer["mfu", "pue"] == pytest.approx(spearman_correlation(-0.5), abs=1e-3)


def test_a_pair_that_was_not_stated_is_part_of_the_contradiction():
    error = refusal({("mfu", "pue"): 1.0, ("pue", "price"): 1.0, ("mfu", "x"): 0.1})
    assert "mfu ~ price: 0.0 (not stated)" in error.what
    assert re.search(r"mfu ~ price: 0\.\d+ \(not stated\)", error.way_out)
    RankCorrelation.from_pairs(offered(error))


def test_a_group_that_is_not_to_blame_is_left_alone():
    # Rounding asks for a margin inside the guilty group; perfect dependence elsewhere must not pay for it.
    error = refusal({("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.2, ("x", "y"): 1.0})
    assert error.way_out.endswith("; x ~ y: 1.0")
    RankCorrelation.from_pairs(offered(error))


def test_search_for_the_culprits_gives_way_to_the_pairs_changed_most(monkeypatch):
    monkeypatch.setattr(dependence, "SUBSET_BUDGET", 0)
    error = refusal({("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9, ("x", "y"): 0.1})
    assert error.what.endswith("): a ~ b: 0.9; a ~ c: -0.9; b ~ c: 0.9")


@pytest.mark.parametrize(
    ("matrix", "nearest"),
    [
        # Higham (2002), IMA J. Numer. Anal. 22, 329-343, section 4.
        ([[1, 1, 0], [1, 1, 1], [0, 1, 1]], [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]),
        (
            [[2, -1, 0, 0], [-1, 2, -1, 0], [0, -1, 2, -1], [0, 0, -1, 2]],
            [[1, -0.8084, 0.1916, 0.1068], [-0.8084, 1, -0.6562, 0.1916], [0.1916, -0.6562, 1, -0.8084], [0.1068, 0.1916, -0.8084, 1]],
        ),
    ],
)
def test_nearest_matrix_is_the_published_one(matrix, nearest):
    np.testing.assert_allclose(nearest_correlation(np.array(matrix, dtype=float)), nearest, atol=5.1e-5)


@given(st.integers(3, 5).flatmap(lambda k: st.lists(st.floats(-1, 1), min_size=k * (k - 1) // 2, max_size=k * (k - 1) // 2)))
@settings(derandomize=True, max_examples=40, deadline=None, database=None)
def test_any_request_is_reproduced_or_answered_by_the_nearest_possible_one(rhos):
    k = round((1 + math.sqrt(1 + 8 * len(rhos))) / 2)
    names = "abcde"[:k]
    pairs = dict(zip(itertools.combinations(names, 2), rhos, strict=True))
    spearman = np.eye(k)
    spearman[np.triu_indices(k, 1)] = rhos
    latent = latent_correlation(spearman + np.triu(spearman, 1).T)
    try:
        law = RankCorrelation.from_pairs(pairs)
    except LawError as error:
        offer = dict.fromkeys(pairs, 0.0) | offered(error)
        accepted = RankCorrelation.from_pairs(offer)
        values, vectors = np.linalg.eigh(latent)
        clipped = (vectors * np.maximum(values, 0.0)) @ vectors.T
        scale = np.sqrt(np.diag(clipped))
        clipping = np.linalg.norm(clipped / np.outer(scale, scale) - latent)
        assert np.linalg.norm(nearest_correlation(latent) - latent) <= clipping + 1e-6
        # Rounding moves a latent entry by at most 0.0005 pi/3; the eigenvalue floor that undoes it costs as much per name.
        rounding = k * 0.0005 * math.pi / 3
        assert np.linalg.norm(accepted.factor @ accepted.factor.T - latent) <= clipping + rounding * (1 + 2 * k)
    else:
        np.testing.assert_allclose(law.factor @ law.factor.T, latent, atol=2e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_perfect_dependence_is_possible(sign):
    law = RankCorrelation.from_pairs({("a", "b"): sign, ("a", "c"): 0.4, ("b", "c"): 0.4 * sign})
    np.testing.assert_allclose(law.factor @ law.factor.T, latent_correlation(law.spearman), atol=1e-15)
    scores = np.random.default_rng(1).standard_normal((1000, 3)) @ law.factor.T
    np.testing.assert_allclose(scores[:, 1], sign * scores[:, 0], atol=1e-12)


@pytest.mark.parametrize(
    "pairs",
    [
        dict.fromkeys(itertools.combinations("abc", 2), float(spearman_correlation(-0.5)) - 1e-11),
        {("a", "b"): 1 - 1e-12, ("b", "c"): 7e-6},  # 7e-6 over the root of the pivot 2e-12 is 5, and a score has variance 1
    ],
)
def test_a_latent_matrix_within_the_tolerance_below_zero_has_a_factor(pairs):
    law = RankCorrelation.from_pairs(pairs)
    assert np.linalg.eigvalsh(law.latent)[0] < -1e-12
    np.testing.assert_allclose(law.factor @ law.factor.T, law.latent, atol=1e-9)


def test_achieved_correlation_counts_ties_at_their_average_rank():
    # Ranks 1.5 1.5 3.5 3.5 against 1 2 3 4: covariance 4, variances 4 and 5.
    achieved = achieved_spearman({"tied": [0, 0, 1, 1], "free": [1.0, 2.0, 3.0, np.inf]})
    np.testing.assert_allclose(achieved, [[1, 4 / math.sqrt(20)], [4 / math.sqrt(20), 1]], rtol=1e-12)


def test_atoms_lower_the_achieved_correlation_and_a_constant_has_none():
    law = RankCorrelation.from_pairs({("a", "b"): 0.8})
    a, b = (np.random.default_rng(2).standard_normal((5000, 2)) @ law.factor.T).T
    achieved = achieved_spearman({"a": a, "b": b, "atom": b > 1.0, "constant": np.ones(5000)})
    assert achieved[0, 2] < achieved[0, 1] - 0.1
    assert np.isnan(achieved[3]).all()
    assert np.isnan(achieved[:, 3]).all()
