"""Are the approximations of the elementary functions as good as their comments say, and can none of their degree be better?"""

import itertools

import mpmath as mp
import numpy as np

from simulator.stochastic import elementary, normal

POINTS = 4000


def polynomial(coefficients, x):
    value = mp.mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def test_score_oscillates_between_equal_errors():
    with mp.workdps(60):
        numerator, denominator = ([mp.mpf(c) for c in table.values] for table in (normal._NUMERATOR, normal._DENOMINATOR))
        denominator.append(mp.mpf(1))
        smallest = 1 - mp.mpf(normal.TAIL) ** 2
        errors = []
        for s in np.cos(np.pi * np.arange(POINTS) / POINTS):
            v = smallest + (1 - smallest) * (1 + mp.mpf(s)) / 2
            x = mp.sqrt(1 - v)
            score = mp.sqrt(2) * mp.erfinv(x) / x if x > 0 else mp.sqrt(mp.pi / 2)
            errors.append(polynomial(numerator, v) / polynomial(denominator, v) / score - 1)
        worst = max(abs(e) for e in errors)
        assert worst < 2.5e-13
        signs = [mp.sign(e) for e in errors if abs(e) > 0.9 * worst]
        turns = 1 + sum(a != b for a, b in itertools.pairwise(signs))
        # so many alternations prove that no other of these degrees errs less than 0.9 of it (de la Vallée-Poussin)
        assert turns >= len(numerator) + len(denominator) - 1


def test_powers_of_e():
    with mp.workdps(40):
        named = [mp.mpf(getattr(elementary, f"_E{k}")) for k in range(2, 12)]
        half = mp.log(2) / 2
        for s in np.linspace(-1, 1, 2001):
            r = half * mp.mpf(s)
            assert abs(polynomial([1, 1, *named], r) / mp.exp(r) - 1) < 2.2e-17
