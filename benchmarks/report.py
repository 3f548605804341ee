"""Results in Markdown."""

from __future__ import annotations

from benchmarks.harness import Result, Spread


def table(result: Result) -> list[str]:
    """Return a result in Markdown."""
    first = result.measured[0].name
    lines = [
        f"## {result.title}",
        "",
        f"{result.rounds} rounds, one thread. Times in ns per {result.unit}, processor time unless told otherwise; a ratio is that of",
        f"processor times to those of `{first}` in the same round. Median (least to greatest) over rounds; MiB is a process's peak.",
        "",
        "| | ns | ratio | ns, wall-clock | draws | MiB | library |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    lines += [
        f"| {m.name} | {_shown(m.processor)} | {_shown(m.ratio)} | {_number(m.wall_clock.median)} | {m.draws} |"
        f" {m.peak_memory_mib:.0f} | {m.library} |"
        for m in result.measured
    ]
    lines.append("")
    lines += [f"- **{m.name}**: {m.usage}{'' if m.agrees else ' Other work: not compared.'}" for m in result.measured]
    lines += [f"- **{name}** not measured: {why}." for name, why in result.not_measured.items()]
    return [*lines, ""]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def _shown(spread: Spread) -> str:
    return f"{_number(spread.median)} ({_number(spread.least)} to {_number(spread.greatest)})"
