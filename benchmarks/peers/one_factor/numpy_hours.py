"""numpy: a loop over hours, one array of draws per factor."""

from __future__ import annotations

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw

HOURS = 54 * 24
#: decay of price and carbon, noise of price and carbon, correlation of the noise and what is carbon's own
FACTORS = (0.9, 0.95, 0.15, 0.08, 0.6, 0.8)
_PHASE = 2 * np.pi * np.arange(HOURS) / 24
SEASONS = np.stack([0.3 * np.sin(_PHASE), 0.2 * np.cos(_PHASE)])


def prepare() -> Draw:
    rng, (decay_x, decay_y, step_x, step_y, correlation, own) = np.random.default_rng(1), FACTORS

    def draw(n: int) -> Columns:
        x, y, price, carbon = np.zeros((4, n))
        for hour in range(HOURS):
            z1, z2 = rng.standard_normal((2, n))
            x, y = decay_x * x + step_x * z1, decay_y * y + step_y * (correlation * z1 + own * z2)
            price += np.exp(x + SEASONS[0, hour])
            carbon += np.exp(y + SEASONS[1, hour])
        return {"price": price, "carbon": carbon}

    return draw
