"""Two results: whether they differ by more than their spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.bench.repeats import FEWEST
from simulator.errors import InputError

BETTER, WORSE, ALIKE, UNKNOWN = "better", "worse", "within the spread", "not judged"
#: of units, whether more is better
_MORE_IS_BETTER = {"ns per": False, "MiB": False, "GFLOP/s": True, "GB/s": True, "draws/s": True}


@dataclass(frozen=True)
class Difference:
    """One metric of two results.

    Attributes
    ----------
    name : str
    unit : str
    before, now : float
        Medians.
    verdict : str
        See :func:`verdict`.
    """

    name: str
    unit: str
    before: float
    now: float
    verdict: str

    @property
    def ratio(self) -> float | None:
        """Now over before; None where one is not positive, as a stage that is a difference of times may be."""
        return self.now / self.before if min(self.now, self.before) > 0.0 else None


def verdict(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Judge a metric of two results.

    They differ where the intervals that enclose the medians, each with a probability of 0.9 or more, have no point in common: of two
    times five repetitions alike, one comparison in 126 would look so. That holds for what differs from repetition to repetition; a
    machine that was busier throughout one of the two looks like a difference, and is none of the code.

    Returns
    -------
    str
        BETTER, WORSE, ALIKE; UNKNOWN of fewer than five repetitions of either.

    Examples
    --------
    >>> from simulator.bench.repeats import metric
    >>> fast, slow = (metric([f * t for t in (1.0, 1.1, 1.2, 1.1, 1.0)], "ns per draw") for f in (1.0, 2.0))
    >>> verdict(slow, fast), verdict(fast, fast)
    ('better', 'within the spread')
    """
    if before["interval"] is None or now["interval"] is None:
        return UNKNOWN
    (low, high), (lower, upper) = before["interval"], now["interval"]
    if lower <= high and low <= upper:
        return ALIKE
    more = now["median"] > before["median"]
    return BETTER if more == next(good for unit, good in _MORE_IS_BETTER.items() if now["unit"].startswith(unit)) else WORSE


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Return every metric that both results have.

    Parameters
    ----------
    before, now : mapping
        Results of :func:`simulator.bench.measure`.

    Raises
    ------
    InputError
        Where they have no workload in common, or do other work under its name.
    """
    common = common_workloads(works(before), works(now))
    earlier, later = dict(_metrics(before)), dict(_metrics(now))
    found = [
        Difference(name, later[name]["unit"], earlier[name]["median"], later[name]["median"], verdict(earlier[name], later[name]))
        for name in later
        if name in earlier
    ]
    peaks = [(name, *(result["workloads"][name]["peak_memory"] for result in (before, now))) for name in common]
    return [*found, *(Difference(f"{name}: peak memory", "MiB", a, b, UNKNOWN) for name, a, b in peaks if a and b)]


def works(result: Mapping[str, Any]) -> dict[str, int]:
    """Return the workloads of a result, and which version of its work each is."""
    return {name: workload["work"] for name, workload in result["workloads"].items()}


def common_workloads(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """Return the workloads that two results have, or will have.

    Parameters
    ----------
    before, now : mapping of str to int
        Workloads and which version of its work each is.

    Raises
    ------
    InputError
        Where there is none, or other work is done under its name.

    Examples
    --------
    >>> common_workloads({"static": 1, "path": 1}, {"path": 1})
    ['path']
    """
    common = [name for name in now if name in before]
    if not common:
        raise InputError(
            f"one result is of {' and '.join(before)}, the other of {' and '.join(now)}. Measure both without --only, or with the same"
        )
    for name in common:
        if before[name] != now[name]:
            raise InputError(
                f"the {name} workload is version {before[name]} in one result and {now[name]} in the other, which is other work. "
                "Measure both with the same simulator"
            )
    return common


def _metrics(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give metrics by name, but those that others follow from."""
    for name, workload in result["workloads"].items():
        yield f"{name}: whole", workload["per_draw"]
        for stage, found in workload["stages"].items():
            yield f"{name}: {stage}", found
        for entry in workload["threads"]:
            yield f"{name}: {entry['threads']} thread{'s' if entry['threads'] > 1 else ''}", entry["rate"]
    for name, found in result["ceilings"].items():
        yield f"ceiling: {name}", found


def notes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what a reader has to know before the numbers: another machine, other versions, draws or clock, too few repetitions."""
    told = [
        f"{name} differs: {before['machine'].get(name)} before, {value} now"
        for name, value in now["machine"].items()
        if before["machine"].get(name) != value
    ]
    for name in ("clock", "draws"):
        if before[name] != now[name]:
            told.append(f"{name} differ{'s' if name == 'clock' else ''}: {before[name]} before, {now[name]} now")
    if min(before["repeats"], now["repeats"]) < FEWEST:
        told.append(f"fewer than {FEWEST} repetitions: no difference is judged")
    return told
