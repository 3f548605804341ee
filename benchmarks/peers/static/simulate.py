"""The package's public function around the static kernel."""

from __future__ import annotations

from benchmarks.agreement import Columns
from benchmarks.harness import Draw
from benchmarks.peers.static.inputs import scenario
from simulator import SamplingPlan, simulate


def prepare() -> Draw:
    """Return the public function: laws are compiled, draws ranked and labelled."""
    question = scenario(correlated=True)

    def draw(n: int) -> Columns:
        simulate(question, SamplingPlan(draws=n, threads=1))
        return {}

    return draw
