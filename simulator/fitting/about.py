"""What a zone file says of its own origin and quality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from simulator.fitting.check import CheckRow, FitCheck
from simulator.fitting.held_out import OutOfSample
from simulator.scenario.dates import date_of
from simulator.series.read import HourlySeries


def about_fit(
    series: Sequence[HourlySeries], check: FitCheck, unseen: OutOfSample, caveats: Sequence[str], *, source: str, licence: str, command: str
) -> dict[str, Any]:
    """Return the block ``about`` of a zone file.

    Parameters
    ----------
    series : sequence of HourlySeries
        Price, carbon intensity, or both.
    check : FitCheck
    unseen : OutOfSample
    caveats : sequence of str
        What every result of the zone carries.
    source, licence : str
        Of the data.
    command : str
        That makes the file.
    """
    periods = [f"{date_of(s.hours[0])} to {date_of(s.hours[-1])}" for s in series]
    names = ("price", "carbon intensity")
    return {
        "kind": "fitted",
        "source": source,
        "licence": licence,
        "period": periods[0] if len(set(periods)) == 1 else ", ".join(f"{n} {p}" for n, p in zip(names, periods, strict=True)),
        "version": version("training-risk-simulator"),
        "command": command,
        "hours": {s.column: len(s.hours) for s in series},
        "caveats": list(caveats),
        "check": "passed" if check.ok else "failed",
        "failed": [f"{row.quantity} {row.statistic}" for row in check.failures],
        "replicates": check.replicates,
        "history_and_simulation": _figures(check.rows),
        "held_out": unseen.held_out,
        "held_out_verdict": unseen.verdict,
        "held_out_history_and_simulation": _figures(unseen.check.rows),
    }


def _figures(rows: Iterable[CheckRow]) -> dict[str, list[float]]:
    return {f"{row.quantity} {row.statistic}": [_short(row.data), _short(row.simulated)] for row in rows}


def _short(x: float) -> float:
    return float(f"{x:.4g}")
