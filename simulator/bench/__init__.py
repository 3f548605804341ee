"""The user's own machine measured: ``simulator bench``.

>>> from simulator.bench import measure
>>> found = measure(draws=512, repeats=1, threads=1, only="static")
>>> round(sum(found["workloads"]["static"]["shares"].values()), 9)
1.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.bench.measuring import measure

__all__ = ["measure"]


def __getattr__(name: str) -> Any:
    """Import the public name on first use: who wants the machine's description alone loads no kernel."""
    if name not in __all__:
        raise AttributeError(f"module 'simulator.bench' has no attribute {name!r}")
    return getattr(import_module("simulator.bench.measuring"), name)
