"""Tables of ``simulator bench``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import click

from simulator.bench.compare import Difference
from simulator.cli.show.page import say

_NAME, _COLUMN = 26, 26


def show_bench(result: Mapping[str, Any]) -> None:
    """Print what was measured."""
    machine, found, ceilings = result["machine"], result["workloads"], result["ceilings"]
    _say(f"{machine['cpu']}, {machine['cores']} cores, {machine['vector_bits']}-bit vectors")
    _say(f"One thread, {result['clock']}, {result['repeats']} rounds: medians and, in brackets, the interval that encloses them.")
    for name, workload in found.items():
        _say(f"{name}: {workload['title']}; {workload['draws']} draws")
    click.echo()
    kinds = list(found.values())
    _row("", list(found))
    _row("draws per second", [_shown(w["threads"][0]["rate"]) for w in kinds])
    _row("ns per draw", [_shown(w["per_draw"]) for w in kinds])
    _row("ns per input and draw", [_shown(w["per_input"]) for w in kinds])
    _row("ns per hour and draw", [_shown(w["per_hour"]) if w["per_hour"] else "no hours" for w in kinds])
    _row("inputs drawn", [str(w["inputs"]) for w in kinds])
    _row("hours of a run, mean", [f"{w['hours']:.0f}" if w["hours"] else "no hours" for w in kinds])
    click.echo("share of the time")
    for stage in kinds[0]["shares"]:
        _row(f"  {stage}", [f"{w['shares'][stage]:.1%}" for w in kinds])
    _row("share of the ceiling", [_shown(w["of_ceiling"], percent=True) for w in kinds])
    _row("peak memory [MiB]", ["not measured" if w["peak_memory"] is None else f"{w['peak_memory']:.0f}" for w in kinds])
    click.echo("draws per second, wall-clock, and efficiency")
    for entries in zip(*(w["threads"] for w in kinds), strict=True):
        count = entries[0]["threads"]
        _row(f"  {count} thread{'s' if count > 1 else ''}", [_rate(entry) for entry in entries])
    click.echo()
    _say(
        f"Ceilings of one thread: {1 / ceilings['generator']['median']:.3g} G random uniforms/s, {ceilings['arithmetic']['median']:.3g}"
        f" GFLOP/s, {ceilings['bandwidth']['median']:.3g} GB/s copied."
    )


def show_differences(found: Sequence[Difference], notes: Sequence[str]) -> None:
    """Print two results, and what is to be known before their numbers."""
    for note in notes:
        _say(f"note: {note}")
    click.echo(f"{'':20}{'unit':>15}{'before':>8}{'now':>8}{'ratio':>7}")
    for d in found:
        ratio = "-" if d.ratio is None else f"{d.ratio:.3f}"
        click.echo(f"{d.name:20}{d.unit:>15}{_number(d.before):>8}{_number(d.now):>8}{ratio:>7}  {d.verdict}")
    click.echo()
    _say(
        "The spread is that from repetition to repetition: the intervals of the two medians have a point in common, or not. A machine that"
        " was busier throughout one of the two looks like a difference; measure once more to be sure."
    )


def _row(name: str, cells: Sequence[str]) -> None:
    click.echo(f"{name:{_NAME}}{''.join(f'{cell:>{_COLUMN}}' for cell in cells)}".rstrip())


def _say(text: str) -> None:
    say(text, hanging="  ")


def _rate(entry: Mapping[str, Any]) -> str:
    return f"{_number(entry['rate']['median'])}; {entry['efficiency']['median']:.0%}"


def _shown(found: Mapping[str, Any], *, percent: bool = False) -> str:
    factor = 100 if percent else 1
    middle = _number(factor * found["median"]) + ("%" if percent else "")
    if found["interval"] is None:
        return middle
    low, high = (_number(factor * value) for value in found["interval"])
    return f"{middle} [{low}, {high}]"


def _number(value: float) -> str:
    """Return three digits, with a magnitude where there are many."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size:
            return f"{_digits(value / size)}{letter}"
    return _digits(value)


def _digits(value: float) -> str:
    return f"{value:.{max(0, 2 - math.floor(math.log10(max(abs(value), 1e-2))))}f}"
