"""Results in Markdown."""

from __future__ import annotations

from benchmarks.accuracy.cases import RANDOM, SOBOL, Comparison, Convergence
from benchmarks.accuracy.repeated import Gain, Interval, Repeated
from benchmarks.accuracy.ways import OUTPUTS, STATISTICS

_QUANTILES = len(OUTPUTS) * len(STATISTICS[1:])


def converging(one: Convergence) -> list[str]:
    """Return a scenario over sizes."""
    random, sobol = one.ways[RANDOM], one.ways[SOBOL]
    lines = [
        f"## {one.title}",
        "",
        f"{one.repeats} independent estimates at each size. Standard errors in % of the value: of random draws, of Sobol'. *Draws*: random",
        "ones for each Sobol' one; *time*: that of random draws to the same error; both with a 95 % interval. *Told*: the error that",
        "`summarize` tells from one estimate (root mean square), divided by the error. *As good*: the first size at which Sobol' errs",
        f"no more than {one.sizes[-1]} random draws, which take {_ms(random[-1])} ms.",
        "",
        f"| {one.sizes[-1]} draws | error, % | draws | time | told | as good |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for k, output in enumerate(OUTPUTS):
        for s, statistic in enumerate(STATISTICS):
            aim = random[-1].error[k, s]
            size, first = next(((n, row) for n, row in zip(one.sizes, sobol, strict=True) if row.error[k, s] <= aim), (0, None))
            lines.append(
                f"| {statistic} of {output} | {_errors(random[-1], sobol[-1], k, s)} | {_interval(one.gains[-1].draws[k][s])} |"
                f" {_interval(one.gains[-1].time[k][s])} | {random[-1].told_to_true[k, s]:.2f}, {sobol[-1].told_to_true[k, s]:.2f} |"
                f" {f'{size} draws, {_ms(first)} ms' if first else 'none'} |"
            )
    if max(one.path_share) > 0.0:
        shares = ", ".join(f"{_share(share)} of the variance of {output}" for share, output in zip(one.path_share, OUTPUTS, strict=True))
        lines += ["", f"Random paths make {shares}: of the mean, no points of the inputs gain more draws than one over that."]
    lines.append("")
    for k, output in enumerate(OUTPUTS):
        lines += [
            f"Errors of {output}, and in brackets the gain in time:",
            "",
            f"| draws | ms | {' | '.join(STATISTICS)} |",
            "|--:|--:|" + "--:|" * len(STATISTICS),
        ]
        for n, row, other, gained in zip(one.sizes, random, sobol, one.gains, strict=True):
            cells = [f"{_errors(row, other, k, s)} ({_number(gained.time[k][s].value)})" for s in range(len(STATISTICS))]
            lines.append(f"| {n} | {_ms(row)}, {_ms(other)} | {' | '.join(cells)} |")
        rates = [", ".join(f"{one.slopes[way][k][s].value:.2f}" for way in (RANDOM, SOBOL)) for s in range(len(STATISTICS))]
        lines += [f"| rate | | {' | '.join(rates)} |", ""]
    return lines


def compared(one: Comparison) -> list[str]:
    """Return the static workload against its peers."""
    lines = [
        "## The static workload of the peers: 16 inputs, no random path",
        "",
        f"{one.repeats} independent estimates of {one.draws} draws. Time that each takes to the error of the kernel's Sobol' draws with 16",
        "replicates, divided by theirs: ratio of variances times ratio of times, with a 95 % interval. numpy is tuned and in chunks;",
        "scipy's points, of one scrambling, go through `ppf`. Not the mean, which does not exist: exp(failure rate times downtime) of a",
        "lognormal rate has none.",
        "",
        f"| | ms | {' | '.join(f'{statistic} of {output}' for output in OUTPUTS for statistic in STATISTICS[1:])} |",
        "|---|--:|" + "--:|" * _QUANTILES,
    ]
    for name, way in one.ways.items():
        lines.append(f"| {name} | {_ms(way)} | {' | '.join(_times(one.gains.get(name)))} |")
    return [*lines, ""]


def _times(gained: Gain | None) -> list[str]:
    return ["1"] * _QUANTILES if gained is None else [_interval(cell) for row in gained.time for cell in row]


def _errors(random: Repeated, sobol: Repeated, k: int, s: int) -> str:
    return ", ".join(_number(100.0 * one.relative_error[k, s]) for one in (random, sobol))


def _ms(one: Repeated) -> str:
    return _number(1e3 * one.seconds.mean())


def _interval(interval: Interval) -> str:
    return f"{_number(interval.value)} ({_number(interval.low)} to {_number(interval.high)})"


def _share(share: float) -> str:
    return f"{100 * share:.2g} %"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.3g}"
