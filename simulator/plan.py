"""How a scenario is sampled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.errors import InputError

LARGEST_SEED = 2**63 - 1  # what a netCDF attribute holds
_SOBOL_REPLICATES = 16


@dataclass(frozen=True)
class SamplingPlan:
    """How many draws, from which streams, computed how.

    Parameters
    ----------
    draws : int
        Number of draws, >= 1.
    seed : int
        0 to 2**63 - 1; 0 is a seed.
    plan : {"random", "sobol"}
        Independent draws, or scrambled Sobol' points for the nomenclature's quantities.
    replicates : int, optional
        Independent scramblings, 16 where left out: draw i belongs to replicate i % replicates. A
        single one has no Monte Carlo error. Only for ``sobol``.
    threads : int, optional
        All cores where left out. Changes no result.
    block_size : int
        Draws computed by one thread at a time. Changes no result.
    device : {"cpu", "cuda"}
        A GPU computes the same draws of runs in expectations (``reliability.method: expected_value``), to rounding: 1e-12 of a
        value, see ``simulator.cuda``. It needs the extra ``cuda``.
    executor : object, optional
        A ``dask.distributed.Client``, or an executor of ``concurrent.futures``: its workers compute the draws, each part on one core
        or on ``threads``. Changes no result; see :mod:`simulator.executors`.

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> SamplingPlan(draws=4096, plan="sobol").scramblings
    16
    """

    draws: int = 100_000
    seed: int = 0
    plan: Literal["random", "sobol"] = "random"
    replicates: int | None = None
    threads: int | None = None
    block_size: int = 8192
    device: Literal["cpu", "cuda"] = "cpu"
    executor: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, low, high in (("draws", 1, 2**40), ("seed", 0, LARGEST_SEED), ("block_size", 1, 2**31)):
            _check(name, getattr(self, name), low, high)
        if self.plan not in ("random", "sobol"):
            raise InputError(f"plan = {self.plan!r} is not known; plans are random and sobol")
        if self.device not in ("cpu", "cuda"):
            raise InputError(f"device = {self.device!r} is not known; devices are cpu and cuda")
        if self.executor is not None and not callable(getattr(self.executor, "submit", None)):
            raise InputError(
                f"executor = {self.executor!r} is none; it has a method submit, as a dask.distributed.Client or an executor of "
                "concurrent.futures has"
            )
        if self.threads is not None:
            _check("threads", self.threads, 1, available_threads())
        if self.replicates is not None:
            if self.plan != "sobol":
                raise InputError("replicates belong to the sobol plan; random draws are independent already")
            _check("replicates", self.replicates, 1, 4096)
        if self.plan == "sobol" and self.draws % self.scramblings:
            raise InputError(
                f"{self.draws} draws do not divide into {self.scramblings} replicates; "
                f"use {-(-self.draws // self.scramblings) * self.scramblings}, best a power of two each"
            )

    @property
    def scramblings(self) -> int:
        """Number of Sobol' replicates; 1 for random draws."""
        if self.plan == "random":
            return 1
        return _SOBOL_REPLICATES if self.replicates is None else self.replicates


def available_threads() -> int:
    """Return the number of threads that kernels may use."""
    import numba  # noqa: PLC0415 - plans are made before anything is compiled

    return int(numba.config.NUMBA_NUM_THREADS)


def _check(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} = {value!r} is not a whole number from {low} to {high}")
