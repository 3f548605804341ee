"""Power under load: what was measured, over rated power."""

from __future__ import annotations

import math
from functools import cache

from simulator.reference.priors.facts import facts
from simulator.reference.priors.kind import Kind
from simulator.reference.priors.regression import Coefficient, Figure, Spread
from simulator.reference.priors.utilization import rows_of
from simulator.reference.tables import table

COEFFICIENTS = (
    Coefficient("level", math.log(0.75), 0.15),  # a server seldom draws its rated power, and a busy one seldom half of it
    Coefficient("tpu", math.log(0.75), 0.30),  # rated for more than matrix products
)
SPREAD = Spread(families=0.12, residuals=0.08)
LOWEST, HIGHEST = 0.2, 1.0  # devices hold to their rated power
_WIDTH = 2.0 * 1.6448536269514722  # of a central 90 %, in standard deviations


def factors(kind: Kind) -> tuple[float, ...]:
    """Return the factor of each coefficient."""
    return (1.0, float(kind.tpu))


@cache
def figures() -> tuple[Figure, ...]:
    """Return the shares of rated power that runs of the table ``runs`` drew; of chips with their host where those were measured.

    Examples
    --------
    >>> [f.told for f in figures() if f.facts.family == "palm"]
    ['0.65 = 378.5 W / (373 W x 1.56 of the server)']
    """
    found = []
    for own in facts().values():
        row = rows_of(own.name).get("power")
        if row is None:
            continue
        rated, ratio = (_central(own.accelerator, quantity) for quantity in ("tdp", "server_power_ratio"))
        server = 1.0 if "devices only" in row.basis else ratio
        share = row.central / (rated * server)
        kind = Kind(own.accelerator, 0.0)
        told = f"{share:.2g} = {row.central:g} W / ({rated:g} W{'' if server == 1.0 else f' x {server:.3g} of the server'})"
        scatter = math.log(row.high / row.low) / _WIDTH
        found.append(Figure(own.known_by("power"), math.log(share), factors(kind), scatter, told))
    return tuple(found)


def _central(name: str, quantity: str) -> float:
    """Return the central figure of an accelerator, in W or as a plain number."""
    return next(row.central for row in table("accelerators").of(name) if (row.name, row.quantity) == (name, quantity))
