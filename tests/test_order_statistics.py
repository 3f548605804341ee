from fractions import Fraction
from itertools import accumulate
from math import comb

import numpy as np
import pytest
from scipy.special import betaincc
from statistics_helpers import assert_within_mcse

from simulator.analysis.order_statistics import RankInterval, draws_needed, interval_ranks
from simulator.errors import InputError

PROBABILITIES = ["0.01", "0.05", "0.1", "0.25", "0.5", "0.8", "0.9", "0.95", "0.99"]
CONFIDENCES = ["0.5", "0.6827", "0.9", "0.95", "0.99"]


class Oracle:
    """Every pair of ranks, in whole numbers: p and confidence are the decimals as written, nothing is rounded."""

    def __init__(self, draws, probability):
        p = Fraction(probability)
        a, d = p.numerator, p.denominator
        masses = [comb(draws, k) * a**k * (d - a) ** (draws - k) for k in range(draws + 1)]
        self.below = np.array([0, *accumulate(masses)], dtype=object)  # below[r]·d^-n = P(B < r)
        self.total, self.draws = d**draws, draws

    def interval(self, confidence):
        needed = Fraction(confidence) * self.total
        for width in range(1, self.draws):
            lower = np.arange(1, self.draws - width + 1)
            covered = self.below[lower + width] - self.below[lower]
            admissible = lower[covered * needed.denominator >= needed.numerator]
            if len(admissible):
                best = min(admissible, key=lambda rank: abs(self.below[rank] - (self.total - self.below[rank + width])))
                return int(best), int(best) + width, float(Fraction(self.below[best + width] - self.below[best], self.total))
        return None


@pytest.mark.parametrize("probability", PROBABILITIES)
def test_equals_exact_brute_force(probability):
    refused = 0
    for draws in [*range(1, 121), 299, 300, 459]:
        oracle = Oracle(draws, probability)
        for confidence in CONFIDENCES:
            interval = interval_ranks(draws, float(probability), confidence=float(confidence))
            expected = oracle.interval(confidence)
            if expected is None:
                refused += 1
                assert interval is None, (draws, confidence)
                continue
            assert interval is not None, (draws, confidence)
            assert (interval.lower, interval.upper) == expected[:2], (draws, confidence)
            assert interval.level == pytest.approx(expected[2], abs=1e-12)
            assert interval.level >= float(confidence)
    assert refused > 0


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("probability", PROBABILITIES)
def test_draws_needed_is_the_smallest_number_that_is_not_refused(probability, confidence):
    p, c = Fraction(probability), Fraction(confidence)
    exact = next(n for n in range(1, 1000) if 1 - p**n - (1 - p) ** n >= c)
    needed = draws_needed(float(p), confidence=float(c))
    assert needed == exact
    assert interval_ranks(needed - 1, float(p), confidence=float(c)) is None
    assert interval_ranks(needed, float(p), confidence=float(c)) is not None


@pytest.mark.parametrize("confidence", [0.6827, 0.95, 0.999999])
@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("draws", [20_000, 10**6, 10**8])
def test_is_exact_and_shortest_for_many_draws(draws, probability, confidence):
    def below(ranks):  # P(B < r), by Boost's incomplete beta function
        return betaincc(np.asarray(ranks, dtype=float), draws - ranks + 1.0, probability)

    interval = interval_ranks(draws, probability, confidence=confidence)
    assert interval.level == pytest.approx(below(interval.upper) - below(interval.lower), abs=1e-11)
    assert interval.level >= confidence
    spread = int(np.sqrt(draws * probability * (1 - probability)))
    lower = np.unique(np.linspace(interval.lower - spread, interval.lower + spread, 501).astype(int))
    lower = np.union1d(lower, np.arange(interval.lower - 5, interval.lower + 6))
    lower = lower[(lower >= 1) & (lower < draws)]
    shorter = below(np.minimum(lower + interval.upper - interval.lower - 1, draws)) - below(lower)
    assert np.all(shorter < confidence)


def test_ties_in_floating_point_count_as_reached():
    assert interval_ranks(2, 0.5, confidence=0.5) == RankInterval(1, 2, 0.5)
    assert interval_ranks(11, 0.5, confidence=1 - 2**-10) == RankInterval(1, 11, 1 - 2**-10)
    assert interval_ranks(2, 0.1, confidence=0.18) == RankInterval(1, 2, pytest.approx(0.18))
    assert interval_ranks(2, 0.1, confidence=0.18 + 1e-9) is None


def test_an_interval_has_two_ranks_however_low_the_confidence():
    interval = interval_ranks(101, 0.5, confidence=1e-12)
    assert interval.upper == interval.lower + 1


def test_confidence_next_to_one_is_served():
    confidence = 1 - 2**-53
    needed = draws_needed(0.5, confidence=confidence)
    assert needed == 54
    assert interval_ranks(needed, 0.5, confidence=confidence) == RankInterval(1, 54, confidence)
    assert interval_ranks(10**6, 0.5, confidence=confidence).level >= confidence


@pytest.mark.parametrize(("draws", "probability", "confidence"), [(59, 0.95, 0.95), (100, 0.5, 0.95), (30, 0.2, 0.6827), (200, 0.9, 0.99)])
def test_simulated_coverage_is_the_achieved_level(draws, probability, confidence):
    repetitions = 20_000
    interval = interval_ranks(draws, probability, confidence=confidence)
    uniforms = np.sort(np.random.default_rng(draws).random((repetitions, draws)), axis=1)
    covers = (uniforms[:, interval.lower - 1] <= probability) & (probability <= uniforms[:, interval.upper - 1])
    assert_within_mcse(covers.mean(), interval.level, np.sqrt(interval.level * (1 - interval.level) / repetitions))
    # of whole numbers, whose percentiles are atoms, the closed interval covers at least as often
    whole, percentile = np.ceil(10 * uniforms), np.ceil(10 * probability)
    covers_atom = (whole[:, interval.lower - 1] <= percentile) & (percentile <= whole[:, interval.upper - 1])
    assert covers_atom.mean() >= covers.mean()


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, 95.0, float("nan")])
def test_levels_outside_the_unit_interval_are_refused(bad):
    for call in (
        lambda: interval_ranks(10, bad),
        lambda: interval_ranks(10, 0.5, confidence=bad),
        lambda: draws_needed(bad),
        lambda: draws_needed(0.5, confidence=bad),
    ):
        with pytest.raises(InputError, match="strictly between 0 and 1"):
            call()


def test_no_draws_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        interval_ranks(0, 0.5)
