"""numpy: a loop over hours, one array of draws per factor, ``standard_normal`` and ``interp``."""

from __future__ import annotations

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.path.weather import HOURS, process


def prepare(*, scores: int) -> Draw:
    p, rng = process(scores), np.random.default_rng(1)
    (a_f, a_s), (s_f, s_s), (r_f, r_s), (q_f, q_s) = (pair.tolist() for pair in (p.decay, p.step, p.correlation, p.own))
    (price_fast, price_slow), (carbon_fast, carbon_slow) = p.weights.tolist()

    def draw(n: int) -> Columns:
        pf, cf, ps, cs = rng.standard_normal((4, n))
        cf, cs = r_f * pf + q_f * cf, r_s * ps + q_s * cs
        price, carbon = np.zeros(n), np.zeros(n)
        for hour in range(HOURS):
            price += np.interp(p.season[0, hour] + (price_fast * pf + price_slow * ps), p.scores[0], p.values[0])
            carbon += np.interp(p.season[1, hour] + (carbon_fast * cf + carbon_slow * cs), p.scores[1], p.values[1])
            z1, z2, z3, z4 = rng.standard_normal((4, n))
            pf, cf = a_f * pf + s_f * z1, a_f * cf + s_f * (r_f * z1 + q_f * z2)
            ps, cs = a_s * ps + s_s * z3, a_s * cs + s_s * (r_s * z3 + q_s * z4)
        return {"price": price, "carbon": carbon}

    return draw
