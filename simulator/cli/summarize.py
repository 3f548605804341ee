"""``simulator summarize``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import xarray as xr


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator summarize run.nc\n"
    "  simulator summarize run.zarr --json\n"
    "  simulator summarize run.nc --fail-above 'emissions_total p95 > 5000 t'\n"
    "  simulator summarize bands.nc --fail-above 'cost_total p99 > 600k USD'\n"
    "  simulator summarize sweep.zarr\n"
)
@click.argument("file", type=click.Path())
@click.option("--context", is_flag=True, help="Tell who could afford it, and what it is as much as.")
@click.option("--json", "as_json", is_flag=True, help="Print the bands as JSON.")
@click.option(
    "--fail-above",
    "thresholds",
    multiple=True,
    metavar="'NAME STATISTIC > LIMIT'",
    help="Exit with 3 where exceeded: 'cost_total p80 > 30M'; may be repeated.",
)
def command(file: str, as_json: bool, context: bool, thresholds: tuple[str, ...]) -> None:
    """Print the bands of FILE, draws or bands, which `run -o` saved, or of all scenarios that `sweep -o` or `compare -o` saved."""
    from simulator.errors import InputError
    from simulator.results import open_results
    from simulator.results.unread import is_large, opened

    large = is_large(Path(file)) and not context
    with opened(Path(file)) if large else nullcontext(open_results(file)) as results:
        from simulator.analysis.bands import output_names
        from simulator.analysis.counted.sketch_rows import is_counted
        from simulator.cli.show.results import show, show_bands
        from simulator.cli.streamed import count_back
        from simulator.cli.thresholds import check, parse, require_counts_tell

        if {"scenario", "scenarios"} <= {*results.dims, *results.attrs}:
            if context or thresholds:
                raise InputError(
                    f"{file} holds several scenarios; {'--context' if context else '--fail-above'} reads one, which run -o saves"
                )
            _show_scenarios(results, Path(file) if large else None, as_json=as_json)
            return
        counted = large or is_counted(results)
        if not counted and not any(array.attrs.get("role") == "output" for array in results.data_vars.values()):
            raise InputError(f"{file} holds neither draws nor bands of a run: another verb saved it. Save them with run -o")
        if counted and context:
            raise InputError(f"{file} holds bands, and --context reads draws; leave it out, or run without --summary")
        limits = [parse(text, output_names(results)) for text in thresholds]
        if counted:
            require_counts_tell(limits)
    if large:
        show_bands(results := count_back(Path(file), None), as_json=as_json, kept=True)
    elif counted:
        show_bands(results, as_json=as_json)
    else:
        show(results, as_json=as_json, context=context)
    check(results, limits)


def _show_scenarios(results: xr.Dataset, unread: Path | None, *, as_json: bool) -> None:
    """Print the bands of a sweep, whose draws are in a folder that is looked at first where they are not in memory."""
    from simulator.analysis.sweep.bands import bands_of_draws
    from simulator.cli.show.sweep import show_sweep
    from simulator.results import verify_results

    if unread is not None:
        verify_results(unread)
    show_sweep(results if "value" in results else bands_of_draws(results), as_json=as_json)
