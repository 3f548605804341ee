"""Would a coefficient that is wrong in its last digits pass?"""

import math
import struct
import sys
import types
from functools import cache

import numba
import numpy as np
import pytest
from scipy.special import erfinv, ndtri

from simulator.stochastic import elementary, normal

SMALLEST = 2.0**-1022  # normal number
LARGEST = sys.float_info.max


def over(function):
    """Compile a loop over a law, as the kernel has it."""

    @numba.njit(error_model="numpy", fastmath={"contract"})
    def loop(x):
        out = np.empty_like(x)
        for i in range(x.size):
            out[i] = function(x[i])
        return out

    return lambda x: loop(np.atleast_1d(np.asarray(x, dtype=np.float64)))


@cache
def uncompiled(function):
    """Return the source of a law, and of those it calls, with the two intrinsics that exist only in compiled code written out."""

    def wrap(i):
        return (i + 2**63) % 2**64 - 2**63

    def bits(x):
        return struct.unpack("<q", struct.pack("<d", x))[0]

    def float_of(i):
        return struct.unpack("<d", struct.pack("<q", wrap(int(i))))[0]

    source = function.py_func
    called = {name: source.__globals__[name] for name in source.__code__.co_names if hasattr(source.__globals__.get(name), "py_func")}
    scope = {**source.__globals__, **{name: uncompiled(law) for name, law in called.items()}}
    scope |= {
        name: value.values.__getitem__ for name, value in scope.items() if hasattr(value, "values") and isinstance(value.values, tuple)
    }
    return types.FunctionType(source.__code__, {**scope, "bits": bits, "float_of": float_of})


PY_EXP, PY_LOG = uncompiled(elementary.exp), uncompiled(elementary.log)
PY_EXPM1_RATIO, PY_SCORE = uncompiled(elementary.expm1_ratio), uncompiled(normal.normal_score)
EXP, LOG, EXPM1_RATIO, SCORE = (over(f) for f in (elementary.exp, elementary.log, elementary.expm1_ratio, normal.normal_score))


def ulps(computed, reference):
    """Return the distance from an extended-precision reference in units of the last place of a double."""
    reference = np.asarray(reference, dtype=np.longdouble)
    return np.abs(np.asarray(computed).astype(np.longdouble) - reference) / np.spacing(np.abs(reference).astype(np.float64))


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(20240301)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="longdouble is double here: no reference")
class TestAgainstExtendedPrecision:
    def test_exp(self, rng):
        x = np.concatenate([rng.uniform(-707.7, 709.7, 200_000), rng.uniform(-1, 1, 100_000), np.linspace(-1e-8, 1e-8, 1001)])
        assert ulps(EXP(x), np.exp(x.astype(np.longdouble))).max() <= 1.1

    def test_log(self, rng):
        x = np.concatenate([np.exp(rng.uniform(-708, 709, 200_000)), rng.uniform(0.5, 2, 100_000), 1 + rng.uniform(-1e-6, 1e-6, 50_000)])
        assert ulps(LOG(x), np.log(x.astype(np.longdouble))).max() <= 1.0

    def test_expm1_ratio(self, rng):
        x = np.concatenate([np.exp(rng.uniform(-40, 6.5, 200_000)), rng.uniform(0.4, 1.2, 100_000)])
        extended = x.astype(np.longdouble)
        assert ulps(EXPM1_RATIO(x), np.expm1(extended) / extended).max() <= 3.0

    @pytest.mark.parametrize(
        ("source", "reference", "x"),
        [
            (PY_EXP, np.exp, np.linspace(-700, 700, 801)),
            (PY_LOG, np.log, np.geomspace(1e-300, 1e300, 801)),
            (PY_EXPM1_RATIO, lambda x: np.expm1(x) / x, np.geomspace(1e-12, 600, 801)),
        ],
    )
    def test_uncompiled_source(self, source, reference, x):
        assert ulps([source(float(v)) for v in x], reference(x.astype(np.longdouble))).max() <= 3.0


SPECIAL = [
    (EXP, PY_EXP, 0.0, 1.0),
    (EXP, PY_EXP, -0.0, 1.0),
    (EXP, PY_EXP, math.inf, math.inf),
    (EXP, PY_EXP, -math.inf, 0.0),
    (EXP, PY_EXP, 709.79, math.inf),
    (EXP, PY_EXP, 1e300, math.inf),
    (EXP, PY_EXP, -746.0, 0.0),
    (EXP, PY_EXP, -1e300, 0.0),
    (EXP, PY_EXP, -708.4, 0.0),
    (EXP, PY_EXP, math.nan, math.nan),
    (LOG, PY_LOG, 1.0, 0.0),
    (LOG, PY_LOG, 0.0, -math.inf),
    (LOG, PY_LOG, -0.0, -math.inf),
    (LOG, PY_LOG, math.inf, math.inf),
    (LOG, PY_LOG, -1.0, math.nan),
    (LOG, PY_LOG, -5e-324, math.nan),
    (LOG, PY_LOG, -math.inf, math.nan),
    (LOG, PY_LOG, math.nan, math.nan),
    (LOG, PY_LOG, SMALLEST, math.log(SMALLEST)),
    (LOG, PY_LOG, LARGEST, math.log(LARGEST)),
    (EXPM1_RATIO, PY_EXPM1_RATIO, 0.0, 1.0),
    (EXPM1_RATIO, PY_EXPM1_RATIO, 5e-324, 1.0),
    (EXPM1_RATIO, PY_EXPM1_RATIO, 1e-17, 1.0),
    (EXPM1_RATIO, PY_EXPM1_RATIO, 720.0, math.inf),
    (EXPM1_RATIO, PY_EXPM1_RATIO, LARGEST, math.inf),
    (EXPM1_RATIO, PY_EXPM1_RATIO, math.inf, math.inf),
    (EXPM1_RATIO, PY_EXPM1_RATIO, math.nan, math.nan),
]


@pytest.mark.parametrize(("compiled", "source", "x", "expected"), SPECIAL)
def test_special_values(compiled, source, x, expected):
    np.testing.assert_array_equal(compiled(x)[0], expected)
    np.testing.assert_array_equal(source(x), expected)


def test_special_values_inside_a_vector_are_those_alone():
    for function in (EXP, LOG, EXPM1_RATIO):
        x = np.array([v for f, _, v, _ in SPECIAL if f is function] + [1.5] * 25)
        np.testing.assert_array_equal(function(x), np.concatenate([function(v) for v in x]))


def test_exp_at_both_ends_of_its_range():
    x = np.linspace(-707.7, -700, 2001)
    np.testing.assert_allclose(EXP(x), np.exp(x), rtol=3e-16)
    x = np.linspace(709, 709.782, 2001)
    np.testing.assert_allclose(EXP(x), np.exp(x), rtol=3e-16)


def test_expm1_ratio_joins_its_powers_of_two():
    x = (0.5 * math.log(2) * np.arange(1, 40, 2)[:, None] * (1 + np.array([-1, 0, 1]) * 2.0**-52)).ravel()
    assert ulps(EXPM1_RATIO(x), np.expm1(x.astype(np.longdouble)) / x).max() <= 3.0


def test_score_in_both_tails(rng):
    below_one = 1 - np.exp(rng.uniform(math.log(2.0**-52), 0, 200_000))
    below_one = below_one[below_one > 0]
    tail = (1 - below_one) / 2  # exact: the score has the probability that is left
    tolerance = np.where(below_one < normal.TAIL, 3e-13, 4e-15)
    assert (np.abs(SCORE(-below_one) / ndtri(tail) - 1) <= tolerance).all()
    assert (np.abs(SCORE(below_one) / -ndtri(tail) - 1) <= tolerance).all()


def test_score_near_the_median(rng):
    x = np.exp(rng.uniform(-36, -0.1, 200_000))
    np.testing.assert_allclose(SCORE(x), math.sqrt(2) * erfinv(x), rtol=3e-13)
    assert SCORE(0.0)[0] == 0.0


@pytest.mark.parametrize("weight", [6.25, 16.0])  # w = -ln(1 - x**2) where the tail begins and where its polynomials change
def test_score_joins_its_branches(weight):
    x = math.sqrt(-math.expm1(-weight)) + 2.0**-53 * np.arange(-40, 41)
    np.testing.assert_allclose(SCORE(x), -ndtri((1 - x) / 2), rtol=3e-13)


def test_score_is_odd_and_increasing(rng):
    x = np.sort(rng.uniform(0, 1, 100_000))
    np.testing.assert_array_equal(SCORE(-x), -SCORE(x))
    assert np.all(np.diff(SCORE(x)) > -1e-12)


def test_uncompiled_score(rng):
    x = [*rng.uniform(-1, 1, 500).tolist(), 0.999, -0.9999999, 1 - 2.0**-52]
    np.testing.assert_allclose([PY_SCORE(v) for v in x], SCORE(x), rtol=1e-14)


class TestSignedUniform:
    def test_extremes(self):
        lowest, highest = normal.signed_uniform(np.uint64(0)), normal.signed_uniform(np.uint64(2**64 - 1))
        assert (lowest, highest) == (-1 + 2.0**-52, 1 - 2.0**-52)
        assert SCORE(highest)[0] == -SCORE(lowest)[0] == pytest.approx(-ndtri(2.0**-53), rel=1e-14)
        assert SCORE(highest)[0] < 8.3  # what the tables cover

    def test_it_reads_the_upper_52_bits_exactly(self, rng):
        for word in [0, 1, 2**12 - 1, 2**12, 2**63 - 1, 2**63, 2**64 - 2**12, *rng.integers(0, 2**63, 100).tolist()]:
            centre = ((word >> 12) - 2**51) / 2**51 + 2.0**-52  # all three are exact in float64
            assert normal.signed_uniform(np.uint64(word)) == centre

    def test_it_is_symmetric_and_never_zero(self, rng):
        for word in [0, 2**62, 2**63, *rng.integers(0, 2**63, 100).tolist()]:
            x, mirrored = normal.signed_uniform(np.uint64(word)), normal.signed_uniform(np.uint64(2**64 - 1 - word))
            assert x == -mirrored != 0

    def test_uncompiled(self):
        source = uncompiled(normal.signed_uniform)
        for word in (0, 12345 << 40, 2**64 - 1):
            assert source(np.uint64(word)) == normal.signed_uniform(np.uint64(word))
