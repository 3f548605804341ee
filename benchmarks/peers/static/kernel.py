"""The package: the static kernel and its ledger."""

from __future__ import annotations

import numpy as np

from benchmarks.agreement import Columns
from benchmarks.harness import Draw, NotMeasured
from benchmarks.peers.static.inputs import LAWS, scenario
from simulator import SamplingPlan
from simulator.arguments import compile_arguments
from simulator.scenario import resolve


def prepare(*, correlated: bool) -> Draw:
    """Return the kernel, which fills arrays allocated once."""
    plan = SamplingPlan(draws=1, threads=1)
    arguments = compile_arguments(resolve(scenario(correlated=correlated)), plan)
    if sorted(arguments.drawn) != sorted(LAWS) or not arguments.in_expectation:
        raise NotMeasured(f"the kernel draws {', '.join(arguments.drawn)}")
    arrays = np.zeros((len(arguments.drawn) + len(arguments.outputs), 0))

    def draw(n: int) -> Columns:
        nonlocal arrays
        if arrays.shape[1] != n:
            arrays = np.zeros((len(arrays), n))
        split = len(arguments.drawn)
        arguments.run(0, n, arrays[:split], arrays[split:], first=0, block_size=plan.block_size)
        return dict(zip((*arguments.drawn, *arguments.outputs), arrays, strict=True))

    return draw
