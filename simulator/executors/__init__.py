"""Draws shared out in parts to the workers of an executor: a client of Dask, or any executor of ``concurrent.futures``."""

from simulator.executors.cuts import GrowingParts, ListedParts
from simulator.executors.parts import Part, in_parts
from simulator.executors.work import Work

__all__ = ["GrowingParts", "ListedParts", "Part", "Work", "in_parts"]
