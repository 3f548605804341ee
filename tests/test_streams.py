"""Would a stream that repeats, leans or depends on its neighbours pass?"""

import itertools
import math

import numba
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats
from scipy.special import ndtr, ndtri
from statistics_helpers import assert_within_mcse

from simulator import SamplingPlan, parse_scenario, simulate
from simulator.kernels.lanes import LANES
from simulator.kernels.scores import sobol_uniforms
from simulator.plan import LARGEST_SEED
from simulator.quantities import QUANTITIES
from simulator.stochastic.normal import normal_score, signed_uniform
from simulator.stochastic.philox import philox4x32, philox_words_7
from simulator.stochastic.sobol import INDEX_BITS, direction_numbers, scrambled_directions, sobol_word
from simulator.stochastic.streams import random_words, stream_key

FALSE_ALARM = 2 * stats.norm.sf(4.5)  # of one check; see statistics_helpers
DIMENSIONS = {q.name: q.dimension for q in QUANTITIES.values() if q.dimension is not None}

# counter, key and result in 32-bit words: kat_vectors of Random123 (Salmon et al. 2011), philox4x32 10 rounds
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def words32(*values):
    return tuple(int(v) >> s & 0xFFFFFFFF for v in values for s in (0, 32))


def philox_by_the_book(counter, key, rounds=10):
    """Return the block of the paper's section 3.3, in Python's own integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(rounds):
        left, right = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (right >> 32) ^ c1 ^ k0, right % 2**32, (left >> 32) ^ c3 ^ k1, left % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def joined(low, high):
    return np.uint64(low | high << 32)


@numba.njit
def scores_of_key(key, blocks):
    out = np.empty(2 * blocks)
    for i in range(blocks):
        a, b = philox4x32(np.uint64(i), np.uint64(0), key)
        out[2 * i], out[2 * i + 1] = normal_score(signed_uniform(a)), normal_score(signed_uniform(b))
    return out


def scores(name, count, *, seed=0):
    """Return the scores of a stream in the order of its words."""
    return scores_of_key(np.uint64(stream_key(seed=seed, purpose="draw", name=name)), count // 2)


class TestPhilox:
    @pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
    def test_known_answers(self, counter, key, result):
        arguments = joined(*counter[:2]), joined(*counter[2:]), joined(*key)
        assert words32(*philox4x32(*arguments)) == result == philox_by_the_book(counter, key)
        with np.errstate(over="ignore"):  # of the key's 32-bit words, as intended
            assert words32(*philox4x32.py_func(*arguments)) == result

    def test_any_counter_and_key(self):
        rng = np.random.default_rng(5)
        for counter, step, key in rng.integers(0, 2**64, (300, 3), dtype=np.uint64):
            expected = philox_by_the_book(words32(counter, step), words32(key))
            assert words32(*philox4x32(counter, step, key)) == expected

    def test_seven_rounds(self):
        rng = np.random.default_rng(6)
        for words in rng.integers(0, 2**32, (300, 6), dtype=np.uint64):
            expected = philox_by_the_book([int(w) for w in words[:4]], [int(w) for w in words[4:]], rounds=7)
            assert tuple(int(w) for w in philox_words_7(*words)) == expected

    @pytest.mark.parametrize("far", [2**32, 2**32 + 1, 2**40, 2**63])
    def test_indices_beyond_32_bits_are_not_their_low_words(self, far):
        def at(counter, step):
            return philox4x32(np.uint64(counter), np.uint64(step), np.uint64(7))

        blocks = [at(far, 0), at(far % 2**32, 0), at(0, far), at(far, far), at(far % 2**32, far), at(far, far % 2**32)]
        assert len(set(blocks)) == len({(far, 0), (far % 2**32, 0), (0, far), (far, far), (far % 2**32, far), (far, far % 2**32)})


class TestKeys:
    def test_keys_differ_by_seed_purpose_and_name(self):
        seeds = [0, 1, 2, 10, 2**32, 2**32 + 1, LARGEST_SEED]
        purposes = ["draw", "sobol scramble 0", "sobol scramble 1", ""]
        names = [*QUANTITIES, "", "mf", "u"]
        keys = [stream_key(seed=s, purpose=p, name=n) for s, p, n in itertools.product(seeds, purposes, names)]
        assert len(set(keys)) == len(keys)
        assert all(0 <= key < 2**64 for key in keys)

    def test_keys_do_not_run_into_each_other(self):
        assert stream_key(seed=1, purpose="1x", name="y") != stream_key(seed=11, purpose="x", name="y")
        assert stream_key(seed=1, purpose="a", name="bc") != stream_key(seed=1, purpose="ab", name="c")

    def test_published_key(self):
        # of version 0.1: a number drawn once is drawn again by every later version
        assert stream_key(seed=0, purpose="draw", name="mfu") == 11304445577572237711

    def test_setup_words_are_the_stream(self):
        key = np.uint64(stream_key(seed=3, purpose="draw", name="pue"))
        blocks = [philox4x32(np.uint64(i), np.uint64(0), key) for i in range(3)]
        assert random_words(5, seed=3, purpose="draw", name="pue").tolist() == [w for block in blocks for w in block][:5]


class TestRandomScores:
    @pytest.mark.parametrize("seed", [0, 1, 2, 20240301, LARGEST_SEED])
    def test_uniform(self, seed):
        z = scores("mfu", 100_000, seed=seed)
        assert stats.kstest(ndtr(z), "uniform").pvalue > FALSE_ALARM
        n = z.size
        assert_within_mcse([z.mean(), z.var(), (z**3).mean(), (z**4).mean()], [0, 1, 0, 3], np.sqrt(np.array([1, 2, 15, 96]) / n))

    def test_low_bits_are_as_random_as_high_ones(self):
        words = random_words(40_000, seed=0, purpose="draw", name="tokens")
        ones = ((words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
        z = (ones - 0.5) / (0.5 / math.sqrt(words.size))
        assert stats.chi2.sf((z**2).sum(), 64) > FALSE_ALARM

    def test_no_serial_correlation(self):
        z = scores("mfu", 100_000)
        lags = [1, 2, 3, 64, 128, 256]
        r = [np.mean(z[lag:] * z[:-lag]) for lag in lags]
        assert_within_mcse(r, 0, 1 / math.sqrt(z.size))

    def test_streams_are_pairwise_uncorrelated(self):
        # names, adjacent seeds and purposes together; one check on all pairs at once, so that it costs one false alarm
        streams = [scores(name, 10_000, seed=seed) for name in ("mfu", "pue", "tokens", "tdp") for seed in (0, 1, 2, 3, 10, 2**32)]
        for purpose in ("sobol scramble 0", "sobol scramble 1", "event 1", "event 2"):
            words = random_words(10_000, seed=0, purpose=purpose, name="mfu")
            streams.append(ndtri(((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52))
        n, pairs = streams[0].size, math.comb(len(streams), 2)
        for transform in (lambda z: z, lambda z: (z**2 - 1) / math.sqrt(2)):
            moved = np.array([transform(z) for z in streams])
            r = (moved @ moved.T)[np.triu_indices(len(streams), 1)] / n
            assert math.sqrt(n) * np.abs(r).max() < stats.norm.isf(FALSE_ALARM / 2 / pairs)
            assert stats.chi2.sf(n * (r**2).sum(), pairs) > FALSE_ALARM


class TestSobolDirections:
    def test_unscrambled_points_are_those_of_scipy(self):
        dimensions = sorted(DIMENSIONS.values())
        m = 11
        theirs = stats.qmc.Sobol(max(dimensions) + 1, scramble=False).random_base2(m)
        ours = np.empty((2**m, len(dimensions)))
        for d in dimensions:
            directions = np.append(np.array(direction_numbers(d), dtype=np.uint64), np.uint64(0))
            for i in range(2**m):
                gray = i ^ (i >> 1)  # the order in which scipy visits the same points
                ours[i, d] = float(sobol_word(np.uint64(gray), directions)) * 2.0**-64
        assert_array_equal(ours, theirs)

    @pytest.mark.parametrize("d", [0, 1, 7, max(DIMENSIONS.values())])
    def test_every_bit_of_the_index_counts(self, d):
        matrix = direction_numbers(d)
        assert len(matrix) == INDEX_BITS
        # upper triangular with a unit diagonal: column k has its last one at digit k, so every 2**k points are balanced
        assert [(v & -v).bit_length() for v in matrix] == [64 - k for k in range(INDEX_BITS)]

    def test_uncompiled(self):
        directions = scrambled_directions(3, seed=1, replicates=1, name="downtime")[0]
        for index in (0, 1, 5, 2**40 + 3):
            assert sobol_word.py_func(np.uint64(index), directions) == sobol_word(np.uint64(index), directions)


def coordinate(name, m, *, seed=0, replicates=1):
    """Return the first 2**m points of each replicate, shape (replicates, 2**m), on [0, 1)."""
    directions = scrambled_directions(DIMENSIONS[name], seed=seed, replicates=replicates, name=name)
    words = np.zeros((replicates, 2**m), dtype=np.uint64) + directions[:, -1:]
    for k in range(m):
        bit = np.uint64(1) << np.uint64(k)
        words ^= np.where(np.arange(2**m, dtype=np.uint64) & bit, directions[:, k, None], np.uint64(0))
    return words.astype(np.float64) * 2.0**-64


class TestScrambling:
    @pytest.mark.parametrize("m", [1, 4, 10])
    @pytest.mark.parametrize("name", ["mfu", "run_overhead", "tokens", "embodied_server"])
    def test_each_cell_has_one_point(self, name, m):
        for points in coordinate(name, m, replicates=4):
            assert sorted(np.floor(points * 2**m).astype(int)) == list(range(2**m))

    def test_pairs_keep_the_balance_of_the_unscrambled_net(self):
        # two digital nets under linear scrambles: the number of points in any elementary box is that of the plain net
        m = 8
        names = ["mfu", "run_overhead", "tokens"]
        plain = stats.qmc.Sobol(max(DIMENSIONS.values()) + 1, scramble=False).random_base2(m)
        for a, b in itertools.combinations(names, 2):
            mixed = coordinate(a, m)[0], coordinate(b, m)[0]
            for k in range(m + 1):
                edges = np.linspace(0, 1, 2**k + 1), np.linspace(0, 1, 2 ** (m - k) + 1)
                counts = np.histogram2d(*mixed, bins=edges)[0]
                expected = np.histogram2d(plain[:, DIMENSIONS[a]], plain[:, DIMENSIONS[b]], bins=edges)[0]
                assert sorted(counts.ravel()) == sorted(expected.ravel())

    def test_points_differ_by_replicate_name_and_seed(self):
        base = coordinate("mfu", 6, replicates=3)
        assert len({row.tobytes() for row in base}) == 3
        for other in (coordinate("mfu", 6, seed=1)[0], coordinate("pue", 6)[0]):
            assert not set(other) & set(base[0])
        assert_array_equal(coordinate("mfu", 6, replicates=1)[0], base[0])

    def test_every_point_is_uniform_over_scramblings(self):
        points = coordinate("tokens", 3, replicates=600)
        assert stats.kstest(points[:, 0], "uniform").pvalue > FALSE_ALARM
        assert stats.kstest(points[:, 5], "uniform").pvalue > FALSE_ALARM
        r = np.corrcoef(points[:, 0], coordinate("pue", 3, replicates=600)[:, 0])[0, 1]
        assert_within_mcse(r, 0, 1 / math.sqrt(600))

    def test_the_mean_is_unbiased_and_far_better_than_random(self):
        m, replicates = 8, 400
        u, v = coordinate("mfu", m, replicates=replicates), coordinate("tokens", m, replicates=replicates)
        means = np.mean(np.exp(u) * (1 + v**2), axis=1)
        assert_within_mcse(means.mean(), (math.e - 1) * 4 / 3, means.std(ddof=1) / math.sqrt(replicates))
        second_moment = (math.e**2 - 1) / 2 * (1 + 2 / 3 + 1 / 5)
        random_variance = (second_moment - ((math.e - 1) * 4 / 3) ** 2) / 2**m
        assert means.var(ddof=1) < random_variance / 100


BASE = {
    "name": "streams",
    "workload": {"params": 1e9, "tokens": "15B to 25B", "mfu": "0.3 to 0.5", "run_overhead": 0.05},
    "hardware": {"accelerator": "H100 SXM", "accelerators": 64},
    "energy": {"pue": "1.1 to 1.4"},
    "emissions": {"carbon_intensity": 0.3},
    "compute": {"basis": "rent", "rental_price": 2.0},
    "reliability": {"method": "expected_value"},
}
METHODS = ("expected_value", "event_driven")


class TestThroughTheKernel:
    @pytest.mark.parametrize("plan", ["random", "sobol"])
    def test_an_input_does_not_depend_on_which_others_exist(self, plan):
        sampling = SamplingPlan(draws=2048, seed=4, plan=plan)
        full = simulate(parse_scenario(BASE), sampling)
        fewer = {**BASE, "workload": {**BASE["workload"], "tokens": 20e9}}
        more = {**BASE, "compute": {"basis": "rent", "rental_price": "1 to 3"}, "reliability": {"downtime": "1 to 3 h"}}
        for other in (fewer, more, {**more, "reliability": {"method": "expected_value"}}):
            ds = simulate(parse_scenario(other), sampling)
            for name in ("mfu", "pue"):
                assert_array_equal(ds[name], full[name])

    def test_sobol_draws_are_the_points_of_their_replicates(self):
        ds = simulate(parse_scenario(BASE), SamplingPlan(draws=4 * 256, plan="sobol", replicates=4, seed=9))
        law = parse_scenario(BASE).workload.mfu.law
        u = coordinate("mfu", 8, seed=9, replicates=4)
        np.testing.assert_allclose(ds.mfu.values.reshape(256, 4).T, law.quantile(ndtri(u)), rtol=1e-9)

    @pytest.mark.parametrize("method", METHODS)
    def test_sobol_means_agree_with_random_ones(self, method):
        scenario = parse_scenario({**BASE, "reliability": {"method": method}})
        points = simulate(scenario, SamplingPlan(draws=16 * 1024, plan="sobol")).cost_total.values
        random = simulate(scenario, SamplingPlan(draws=50_000)).cost_total.values
        by_replicate = points.reshape(-1, 16).mean(axis=0)
        error = math.hypot(by_replicate.std(ddof=1) / 4, random.std(ddof=1) / math.sqrt(random.size))
        assert_within_mcse(points.mean(), random.mean(), error)
        if method == "expected_value":  # what a history holds beside its inputs is as random as ever
            assert by_replicate.var(ddof=1) < random.var(ddof=1) / 1024 / 20

    @pytest.mark.parametrize("far", [2**32, 2**33, 2**39])
    @pytest.mark.parametrize("method", METHODS)
    def test_draws_beyond_32_bits_are_not_those_of_their_low_words(self, method, far):
        plan, scenario = SamplingPlan(draws=2**40), parse_scenario({**BASE, "reliability": {"method": method}})
        near, there = (simulate(scenario, plan, start=start, stop=start + 256) for start in (0, far))
        for name in ("mfu", "tokens"):
            assert not set(there[name].values) & set(near[name].values)

    @pytest.mark.parametrize("plan", ["random", "sobol"])
    @pytest.mark.parametrize("start", [0, 1000, 2**32 + 64, 2**39])
    def test_interruptions_are_the_words_of_their_streams(self, plan, start):
        # a run that is stopped long before its end, and loses no time: each class has its rate times the limit of hazard
        rates, hours = {"host": 0.3, "software": 1.1, "spot": 0.02}, 50.0  # 1/h
        scenario = {
            **BASE,
            "workload": {**BASE["workload"], "tokens": 1e12},
            "hardware": {**BASE["hardware"], "accelerators": 8, "accelerators_per_node": 8},
            "reliability": {f"failure_rate_{name}": 24_000 * rate for name, rate in rates.items()}
            | {"downtime": 0, "checkpoint_time": 0, "max_wall_clock": hours},
        }
        ds = simulate(parse_scenario(scenario), SamplingPlan(draws=2**40, seed=3, plan=plan), start=start, stop=start + 70)
        assert not ds.completed.any()
        for name, rate in rates.items():
            key = np.uint64(stream_key(seed=3, purpose="interruption", name=name))
            blocks = [[philox4x32(np.uint64(draw), np.uint64(i), key) for i in range(64)] for draw in ds.draw.values]
            words = np.array(blocks, dtype=np.uint64).reshape(len(blocks), -1)
            thresholds = -np.log(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)
            expected = (np.cumsum(thresholds, axis=1) <= rate * hours).sum(axis=1)
            assert_array_equal(ds.interruptions_by_class.sel(interruption_class=name), expected)
            assert expected.max() < 128
        assert ds.interruptions.max() > 60

    def test_draws_are_the_words_of_their_streams(self):
        # and correlated ones the factor times independent ones, in the order of names
        rho = 0.5
        ds = simulate(parse_scenario({**BASE, "correlations": [["pue", "mfu", rho]]}), SamplingPlan(draws=1000, seed=6))
        z = {name: np.sort(scores(name, 1024, seed=6)) for name in ("mfu", "tokens")}
        laws = {name: value.law for name, value in parse_scenario(BASE).values().items()}
        alone = simulate(parse_scenario(BASE), SamplingPlan(draws=1024, seed=6))
        for name, score in z.items():
            np.testing.assert_allclose(np.sort(alone[name]), laws[name].quantile(score), rtol=1e-9)
        assert_array_equal(ds.mfu, alone.mfu[:1000])
        first, second, joint = (laws[n]._score(d[n].values[:1000]) for n, d in (("mfu", alone), ("pue", alone), ("pue", ds)))
        r = 2 * math.sin(math.pi * rho / 6)
        np.testing.assert_allclose(joint, r * first + math.sqrt(1 - r * r) * second, atol=1e-9)


@pytest.mark.parametrize("replicates", [1, 3, 16, LANES, LANES + 44])
def test_rows_of_points_are_the_points_one_by_one(replicates):
    directions = scrambled_directions(3, seed=1, replicates=replicates, name="downtime")
    words, out = np.empty(replicates, dtype=np.uint64), np.empty(LANES)
    for group in (0, 1, 7, 2**20 + 5):
        sobol_uniforms(group, np.ascontiguousarray(directions.T), words, out)
        draws = group * LANES + np.arange(LANES)
        expected = [signed_uniform(np.uint64(sobol_word(np.uint64(d // replicates), directions[d % replicates]))) for d in draws]
        np.testing.assert_array_equal(out, expected)
