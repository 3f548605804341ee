"""What a draw needs at least, counted: random words, arithmetic, memory.

Counted in the source, for the workloads of this folder: additions, multiplications, divisions and roots of float64, one each, exp and
log by their polynomials. In float32 twice as many fit a vector: one counts half. Comparisons, conversions, addresses and copies
are not counted, nor what lanes do for each other's sake; a division takes as long as ten additions and counts as one. So
nothing reaches its ceiling, and what a kernel reaches of it compares a kernel with another one or with itself, no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.bench.stages import CALLS, scored_streams
from simulator.bench.workloads import Workload
from simulator.kernels.factors import HOURS

SCORE = 56  # stochastic.normal.central_score: two polynomials of degree 12 and 13, a quotient
VALUE = 30  # of a score: an exponential with its argument; a polynomial of degree 31 is twice that
STRAIGHT = 18  # kernels.octaves, of a uniform: a polynomial of degree 7 and its place
RUN = 125  # kernels.static.play_out, transformer work and Daly's interval
BILL = 570  # kernels.ledger, owned hardware, staff, data and research, the calendar of spending
#: of an hour of the weather, in float32: two Box-Muller pairs and their correlation for each call; four midpoints; two values
NOISE, MIDPOINTS, VALUES = 98, 16, 14
SUMS = 4  # of an hour: load times price and times intensity, summed
_ROUNDS = 0.7  # of the generator in hours, seven, against the ten of uniforms


@dataclass(frozen=True)
class Needed:
    """What one draw needs.

    Attributes
    ----------
    uniforms : float
        Of which a call of Philox4x32-10 makes two; the words of hours are counted in as many uniforms as take as long.
    operations : float
    bytes : float
        That are left in memory.
    """

    uniforms: float
    operations: float
    bytes: float

    def ceiling(self, ns_per_uniform: float, operations_per_ns: float) -> float:
        """Return how long a draw takes at least [ns], one after the other, by the two ceilings of one thread."""
        return self.uniforms * ns_per_uniform + self.operations / operations_per_ns


def needed(workload: Workload) -> Needed:
    """Return what a draw of a workload needs; of a path the hours that a run takes on average, its events not counted."""
    tables = workload.arguments.tables
    streams, pair = tables.slots.size, tables.correlated.size
    scored = int(np.sum(scored_streams(tables)))
    inputs = (SCORE + VALUE) * scored + STRAIGHT * (streams - scored) + pair * (pair + 1)
    uniforms, operations = float(streams), float(inputs + BILL)
    if workload.hours > 0.0:
        calls = CALLS / HOURS * workload.hours
        uniforms += 2.0 * _ROUNDS * calls
        operations += 0.5 * NOISE * calls + (0.5 * (MIDPOINTS + VALUES) + SUMS) * workload.hours
    else:
        operations += RUN
    return Needed(uniforms, operations, 8.0 * workload.rows)
