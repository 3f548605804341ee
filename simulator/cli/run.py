"""``simulator run``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.options import Stated, device_option, plan_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from simulator.analysis.stopping.precision import Target
    from simulator.plan import SamplingPlan
    from simulator.scenario import Resolved, Scenario


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator run configs/quickstart.yaml\n"
    "  simulator run configs/llama3.1-405b.yaml --draws 1000000 --seed 7 -o llama.nc\n"
    "  simulator run configs/quickstart.yaml --plan sobol --draws 65536 --replicates 16 --json\n"
    "  simulator run configs/quickstart.yaml --summary --draws 100000000 -o bands.nc\n"
    "  simulator run configs/quickstart.yaml --draws 10000000 -o run.zarr\n"
    "  simulator run configs/quickstart.yaml --draws 10000000 -o run.zarr --resume\n"
    "  simulator run configs/quickstart.yaml --set mfu=0.38 --set 'rental_price=2 to 3 USD/h'\n"
    "  simulator run configs/gpt3.yaml --set reliability.method=expected_value --device cuda --draws 10000000\n"
    "  simulator run configs/quickstart.yaml --fail-above 'cost_total p80 > 400k USD'\n"
    "  simulator run configs/quickstart.yaml --until 'cost_total p95 ± 0.5%' --until 'emissions_total mean ± 50 kg'\n"
)
@click.argument("config", type=click.Path())
@plan_options
@device_option
@click.option("-o", "--output", type=click.Path(), help="Save all draws, or with --summary bands and counts, to FILE.nc or DIR.zarr.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run of -o DIR.zarr, which writes draws as they are made.")
@click.option("--summary", is_flag=True, help="Count draws instead of keeping them: bands of any number of draws in the same memory.")
@click.option("--context", is_flag=True, help="Tell who could afford it, and what it is as much as.")
@click.option("--json", "as_json", is_flag=True, help="Print the bands as JSON.")
@click.option(
    "--fail-above",
    "thresholds",
    multiple=True,
    metavar="'NAME STATISTIC > LIMIT'",
    help="Exit with 3 where exceeded: 'cost_total p80 > 30M', 'stopped mean > 1%'; may be repeated.",
)
@click.option(
    "--until",
    "targets",
    multiple=True,
    metavar="'NAME STATISTIC ± WIDTH'",
    help="Draw until the confidence interval is no wider: 'cost_total p95 ± 0.5%', 'energy mean +- 2 MWh'; may be repeated, all have to "
    "hold. --draws are then the most  [10 million, or what half of the memory holds].",
)
@click.option("--confidence", type=float, help="Level of the intervals of --until, which holds although they decide  [default: 0.95]")
def command(
    config: str,
    stated: Stated,
    device: Any,
    output: str | None,
    resume: bool,
    summary: bool,
    as_json: bool,
    context: bool,
    thresholds: tuple[str, ...],
    targets: tuple[str, ...],
    confidence: float | None,
) -> None:
    """Simulate the training run of CONFIG and print percentile bands of its cost, emissions, energy and time.

    Every number comes with its Monte Carlo error (--json). A value set with --set is written as in
    the config; the name of a quantity alone is enough of a path. A width of --until in per cent is
    one of the statistic itself. Ctrl-C ends a run of random draws with those that are finished, which
    are told, and saved where -o asks for it; the exit code is 130. A run with -o DIR.zarr writes draws
    as they are made: whatever ends it, --resume goes on from there.
    """
    from simulator.analysis.counted.sketch_rows import is_counted
    from simulator.cli.thresholds import check, parse, require_counts_tell
    from simulator.engine import output_names
    from simulator.errors import InputError
    from simulator.results import claimed
    from simulator.scenario import resolve

    scenario = stated.load(config)
    resolved = resolve(scenario)
    if summary and (targets or context):
        option = "--until" if targets else "--context"
        raise InputError(f"{option} reads draws, and --summary keeps none; leave one of them out")
    if confidence is not None and not targets:
        raise InputError("--confidence is the level of --until's intervals; state what to draw until, or leave it out")
    wanted, draws, cut = [], stated.draws, False
    if targets:
        from simulator.cli.until import most_draws, parse_all

        wanted = parse_all(targets, stated.plan, output_names(resolved))
        draws = most_draws(scenario, draws)
    sampling = stated.sampling(draws=draws, device=device)
    limits = [parse(text, output_names(resolved)) for text in thresholds]
    if summary:
        require_counts_tell(limits)
    target = None if output is None else _checked(output, resolved, None if summary else draws)
    streaming = target is not None and target.suffix == ".zarr" and not (summary or wanted)
    if resume and not streaming:
        raise InputError("--resume continues a run whose draws are written as they are made: -o DIR.zarr, without --summary and --until")

    from simulator.cli.show.results import show, show_bands, tell_next
    from simulator.cli.streamed import streamed

    _note_balance(stated.plan, draws, sampling.scramblings)
    if target is not None and streaming:
        results = streamed(scenario, sampling, target, resume=resume, whole=context)
    else:
        with nullcontext() if target is None else claimed(target):
            results = _simulated(scenario, sampling, wanted, confidence, summary=summary)
            finished = results.attrs["draws"]
            cut = not wanted and finished < draws
            _save(results, target, cut=cut)
    if is_counted(results):
        require_counts_tell(limits)
        show_bands(results, as_json=as_json, kept=streaming)
    else:
        show(results, as_json=as_json, context=context)
        if not as_json and not cut:
            tell_next(config, output)
    if cut:
        raise click.Abort(f"after {finished} of {draws} draws; these are told, as of a run with --draws {finished}")
    check(results, limits)


def _checked(output: str, resolved: Resolved, draws: int | None) -> Path:
    """Return where results go, or say early why they cannot: for draws that are made in memory also where there is no room."""
    from simulator.engine import numbers_of
    from simulator.results import check_target
    from simulator.room import require_disk

    target = check_target(output)
    if draws is not None and target.suffix == ".nc":
        require_disk(target, draws, numbers_of(resolved))
    return target


def _simulated(scenario: Scenario, plan: SamplingPlan, wanted: Sequence[Target], confidence: float | None, *, summary: bool) -> xr.Dataset:
    """Return draws in memory, drawn until statistics are known as exactly as wanted; or what is counted of them."""
    from simulator.cli.progress import showing_progress

    with showing_progress(plan.draws) as progress:
        if summary:
            from simulator.analysis.counted.counted import simulate_bands

            return simulate_bands(scenario, plan, progress=progress, keep_finished=True)
        if not wanted:
            from simulator.engine import simulate

            return simulate(scenario, plan, progress=progress, keep_finished=True)
        from simulator.cli.until import search

        results = search(scenario, plan, wanted, confidence, progress)
    from simulator.cli.until import tell_verdict

    tell_verdict(results)
    return results


def _save(results: xr.Dataset, target: Path | None, *, cut: bool) -> None:
    """Save draws or bands where that is asked for, and tell it; of an interrupted run beforehand, since many draws take a while."""
    from simulator.results import write_results

    if cut:
        doing = "telling" if target is None else "saving"
        click.echo(f"stopped; {doing} the {results.attrs['draws']} draws that are finished", err=True)
    if target is None:
        return
    write_results(results, target)
    click.echo(f"saved {'the bands of ' if 'value_error' in results.attrs else ''}{results.attrs['draws']} draws to {target}", err=True)


def _note_balance(plan: str, draws: int, replicates: int) -> None:
    """Tell how many Sobol' points would be balanced best."""
    points = draws // replicates
    if plan == "sobol" and points & (points - 1):
        best = replicates << points.bit_length()
        click.echo(f"note: {points} Sobol' points in each replicate; a power of two is best balanced, for example --draws {best}", err=True)
