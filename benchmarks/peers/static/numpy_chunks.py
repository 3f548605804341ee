"""numpy in chunks of draws whose intermediates stay in the cache."""

from __future__ import annotations

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.model import play_out
from benchmarks.peers.static.numpy_arrays import DOCUMENTED, TUNED, Floats, sample

_CHUNK = 4096


def prepare(*, tuned: bool) -> Draw:
    """Return what fills columns allocated once."""
    rng, samplers = np.random.default_rng(2), TUNED if tuned else DOCUMENTED
    columns: dict[str, Floats] = {}

    def draw(n: int) -> Columns:
        for low in range(0, n, _CHUNK):
            high = min(low + _CHUNK, n)
            drawn = sample(samplers, rng, high - low, correlated=True)
            for name, values in {**drawn, **play_out(drawn)}.items():
                if len(columns.get(name, ())) != n:
                    columns[name] = np.empty(n)
                columns[name][low:high] = values
        return columns

    return draw
