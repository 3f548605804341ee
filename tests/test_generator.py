"""Does the generator pass a battery in the orders in which runs meet its words, and would the battery notice if it should not?

The same at length, beside dieharder: ``tests/nightly/generator``.
"""

import math
import re
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from nightly.generator.battery import p_values
from nightly.generator.dieharder import judged
from nightly.generator.judgement import LEVEL, of_counts, of_largest, of_normals, of_poisson, two_sided
from nightly.generator.streams import BLOCK, FAR, NAMES, ORDERS, SEEDS, draws, fills_of, hours, key_of, names, seeds, steps

from simulator.guide import trust
from simulator.jit import jittable, stage
from simulator.kernels.factors import WIDTH, fill_words
from simulator.kernels.lanes import LANES
from simulator.kernels.runs import BATCH, DRAWN, next_threshold
from simulator.kernels.scores import random_uniforms
from simulator.quantities import QUANTITIES
from simulator.stochastic.normal import signed_uniform
from simulator.stochastic.philox import _of_rounds, philox4x32

WORDS = 2**23  # of an order: 2**26 bytes
FEW = 2**22  # of a broken generator


KEPT = Path(__file__).parent / "nightly" / "generator" / "results"


def kept(order):
    """Return how many bytes each test read by night, and its p-value by name."""
    text = KEPT.joinpath(f"{order}.txt").read_text(encoding="utf-8")
    found = {name: float(p) for p, name in re.findall(r"^ +(\S+)  (.+)$", text, re.MULTILINE)}
    return int(re.search(r"^read +(\d+) bytes", text, re.MULTILINE)[1]), found


def blocks(stream, count):
    return [block.copy() for block in islice(stream, count)]


class TestAsUsed:
    def test_draws_are_those_of_the_static_kernel(self):
        near, far = blocks(draws(2 * BLOCK), 2)
        uniforms = np.empty(LANES)
        for block, first in ((near, 0), (far, FAR)):
            for group in (0, 1, 200):
                random_uniforms(first // LANES + group, key_of("mfu"), uniforms)
                words = block[group * LANES : (group + 1) * LANES]
                np.testing.assert_array_equal(uniforms, [signed_uniform(word) for word in words])

    def test_names_and_seeds_are_draws_of_their_own(self):
        rows = np.concatenate(blocks(names(0), 4)).reshape(-1, NAMES)  # 256 draws
        for column, name in ((0, next(iter(QUANTITIES))), (len(QUANTITIES), "event 0")):
            own = next(draws(BLOCK, key=key_of(name)))
            np.testing.assert_array_equal(rows[:, column], own[: rows.shape[0]])
        rows = np.array(blocks(seeds(0), 70))
        for seed in (0, 1, SEEDS - 1):
            own = next(draws(BLOCK, key=key_of("mfu", seed=seed)))
            np.testing.assert_array_equal(rows[:, seed], own[: len(rows)])

    def test_steps_are_thresholds_of_interruptions(self):
        words = next(steps(BLOCK))[: 2 * BATCH]
        state, ready = np.zeros(DRAWN + 1), np.empty((1, BATCH))
        for word in words:
            found = next_threshold(0, 0, np.array([key_of("host", purpose="interruption")]), state, ready)
            assert math.isclose(found, -math.log((int(word >> np.uint64(11)) + 0.5) * 2.0**-53), rel_tol=1e-14)
            state[DRAWN] += 1

    def test_hours_are_those_of_the_weather(self):
        near, far = blocks(hours(2 * BLOCK), 2)
        pairs = np.empty(2 * WIDTH, dtype=np.uint64)
        for block, first in ((near, 0), (far, FAR)):
            for hour in (0, 1, 1000):
                words_of_hour(first + hour, key_of("weather", purpose="path"), pairs)
                np.testing.assert_array_equal(block[2 * hour : 2 * hour + 2].view(np.uint32), pairs.view(np.uint32)[::WIDTH])


@stage
def _words_of_hours(hours_of_lanes, key, pairs):
    fill_words(0, hours_of_lanes, True, 0, key, pairs)


def words_of_hour(hour, key, pairs):
    _words_of_hours(np.full(WIDTH, hour, dtype=np.int64), key, pairs)


@pytest.mark.parametrize("order", ORDERS)
def test_the_generator_passes(order):
    found = p_values(ORDERS[order](WORDS), WORDS, hourly=order == "hours")
    assert list(found) == list(kept(order)[1])
    assert {name: p for name, p in found.items() if not p >= LEVEL} == {}


def test_what_is_kept_passed_and_stands_in_the_guide():
    read, found = zip(*(kept(order) for order in ORDERS), strict=True)
    assert sum(read) >= 2**36
    p_values_of_all = [p for of_order in found for p in of_order.values()]
    tables = {path: judged(path.read_text(encoding="utf-8").split("Assessment\n")[1].splitlines()) for path in KEPT.glob("*-dieharder.txt")}
    of_dieharder = [p for table in tables.values() for p in table.values()]
    assert min(p_values_of_all + of_dieharder) >= LEVEL
    assert len(p_values_of_all + of_dieharder) <= 1000  # which share the false alarms
    told = f"{len(p_values_of_all)} tests on 2^{math.log2(sum(read)):.1f} bytes, lowest p-value {min(p_values_of_all):.2g}"
    assert told in " ".join(trust.__doc__.split())


def of_rounds(rounds):
    words = _of_rounds(rounds)

    @jittable
    def generator(counter, step, key):
        low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
        a, b, c, d = words(counter & low, counter >> half, step & low, step >> half, key & low, key >> half)
        return a | (b << half), c | (d << half)

    return generator


@jittable
def wrapped(counter, step, key):
    """Forget the index above 32 bits."""
    return philox4x32(counter & np.uint64(0xFFFFFFFF), step & np.uint64(0xFFFFFFFF), key)


@jittable
def offset(counter, step, key):
    """Let a seed be where in one stream its draws begin."""
    return philox4x32(counter + key, step, np.uint64(1))


@jittable
def unmixed(counter, step, key):
    """Flip with the key what all names share."""
    a, b = philox4x32(counter, step, np.uint64(1))
    return a ^ key, b ^ key


@jittable
def weyl(counter, step, key):
    """Walk in equal steps."""
    return counter * np.uint64(0x9E3779B97F4A7C15), (counter + np.uint64(1 << 30)) * np.uint64(0x9E3779B97F4A7C15)


@jittable
def coarse(counter, step, key):
    """Keep what a float32 can hold."""
    a, b = philox4x32(counter, step, key)
    return a & np.uint64(0xFFFFFF0000000000), b & np.uint64(0xFFFFFF0000000000)


@jittable
def cut(counter, step, key):
    """Bring the words of scores above 4 back to 4."""
    a, b = philox4x32(counter, step, key)
    return min(a, np.uint64(0xFFFDEBF6E2C17000)), min(b, np.uint64(0xFFFDEBF6E2C17000))


@jittable
def leaning(counter, step, key):
    """Let one word in 16 be the other of its call."""
    a, b = philox4x32(counter, step, key)
    return a, (a ^ np.uint64(0xFFFFF) if b & np.uint64(15) == np.uint64(0) else b)


@jittable
def periodic(counter, step, key):
    """Begin again after 8192 draws."""
    return philox4x32(counter & np.uint64(4095), step, key)


BROKEN = {
    "two rounds": (draws, of_rounds(2), None, "bits: each place"),
    "three rounds": (draws, of_rounds(3), None, "bits: words 1 apart"),
    "three rounds across steps": (steps, of_rounds(3), None, "bits: words 64 apart"),
    "a draw that wraps": (draws, wrapped, None, "words that come again"),
    "a step that wraps": (steps, wrapped, None, "words that come again"),
    "a short period": (draws, periodic, None, "birthdays: four words"),
    "seeds that overlap": (seeds, offset, np.arange(SEEDS), "words that come again"),
    "keys that differ in one bit": (names, unmixed, 1 << np.arange(NAMES) % 64, "correlation: pairs of streams, largest"),
    "two names of one key": (names, philox4x32, np.arange(NAMES) // 2, "correlation: 1 apart"),
    "equal steps": (draws, weyl, None, "birthdays: upper bits"),
    "half the digits": (draws, coarse, None, "pairs: lower eight bits"),
    "a short tail": (draws, cut, None, "scores: above 4"),
    "draws of one call that lean": (draws, leaning, None, "correlation: 64 apart"),
}


@cache
def of_broken(case):
    order, generator, keys, _ = BROKEN[case]
    given = {} if keys is None else {"keys": keys.astype(np.uint64)}
    return p_values(order(FEW, fills=fills_of(generator), **given), FEW)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_generator_fails(case):
    assert of_broken(case)[BROKEN[case][-1]] < LEVEL


def test_every_test_finds_something_broken():
    found = [{name for name, p in of_broken(case).items() if p < LEVEL} for case in BROKEN]
    beyond_what_few_words_hold = {f"scores: {side}{limit}" for side in ("below -", "above ") for limit in (5, 6)}
    assert set(of_broken("two rounds")) - set().union(*found) == beyond_what_few_words_hold


class TestJudgement:
    def test_too_even_is_as_bad_as_too_uneven(self):
        rng = np.random.default_rng(1)
        even = np.full(1000, 100)
        assert of_counts(even, even) < 1e-100
        assert of_counts(rng.poisson(130, 1000), np.full(1000, 130)) > 1e-3
        assert of_counts(even + np.tile((40, -40), 500), even) < 1e-100
        assert of_poisson(0, 100.0) < 1e-40
        assert two_sided(0.5, 0.6) == 1.0

    def test_p_values_are_uniform(self):
        rng = np.random.default_rng(2)
        expected = 10_000 * np.array([0.5, 0.3, 0.1, 0.0996, 0.0002, 0.0002])  # of which the last two are joined to their neighbour
        of_cells = [of_counts(rng.multinomial(10_000, expected / 10_000), expected) for _ in range(2000)]
        of_squares = [of_normals(rng.standard_normal(64)) for _ in range(2000)]
        of_extremes = [of_largest(rng.standard_normal(64)) for _ in range(2000)]
        for found in (of_cells, of_squares, of_extremes):
            for level in (0.01, 0.1, 0.5):
                assert abs(np.mean(np.array(found) < level) - level) < 4.5 * math.sqrt(level * (1 - level) / 2000)

    def test_dieharders_table(self):
        table = [
            "   diehard_birthdays|   0|       100|     100|0.03017727|  PASSED  ",
            "        diehard_opso|   0|   2097152|     100|0.00000000|  FAILED  ",  # which dieharder itself suspects
            "          sts_serial|   2|    100000|     100|1.00000000|  FAILED  ",
        ]
        assert judged(table) == {"diehard_birthdays 0, line 1": 0.06035454, "sts_serial 2, line 3": 0.0}
