"""``simulator update``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from simulator.cli.options import Stated, plan_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator update configs/quickstart.yaml --actuals actuals.csv\n"
    "  simulator update configs/quickstart-de.yaml --actuals actuals.csv -o forecast.png\n"
    "  simulator update configs/quickstart.yaml --actuals actuals.csv --start 2026-11-30 --json\n"
    "\n\b\nA file of actuals, totals since the start (empty cells are not known):\n"
    "  hours,progress,progress_error,spend [USD],spend_error,interruptions\n"
    "  48,16%,2%,31k,1%,0\n"
    "  120,41%,2%,84k,1%,1\n"
)
@click.argument("config", type=click.Path())
@click.option("--actuals", type=click.Path(), required=True, help="CSV of totals so far, by date or hours since the start.")
@click.option("--start", metavar="DATE", help="When the run began, for a file with dates  [default: a certain grid.start_time]")
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Picture (PNG, SVG, PDF), or the forecast as FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print the forecast as JSON.")
def command(
    config: str,
    actuals: str,
    start: str | None,
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Forecast the rest of a run of CONFIG from what is known of it so far.

    Columns are device_hours, tokens, progress (share of the work that is done and saved), energy, spend, emissions (both of the
    run's own compute) and interruptions; NAME_error is the relative standard error of a total, which is exact where that is left out.
    Draws that agree with the last total of each column count for more.
    """
    from simulator.analysis.update.actuals import read_actuals
    from simulator.plots.targets import check_picture
    from simulator.results import check_target, save_results
    from simulator.scenario import resolve

    scenario = stated.load(config)
    known = read_actuals(actuals, start=_start(start, resolve(scenario)))
    sampling = stated.sampling()
    as_data = output is not None and Path(output).suffix in (".nc", ".zarr")
    if output is not None:
        (check_target if as_data else check_picture)(output)

    from simulator.analysis.update.stages import update_json
    from simulator.analysis.update.update import forecast_update
    from simulator.cli.progress import showing_progress
    from simulator.cli.show.update import show_update

    with showing_progress(stated.draws) as progress:
        found = forecast_update(scenario, known, sampling, progress=progress)
    if output is not None:
        if as_data:
            save_results(found, output)
        else:
            from simulator.plots.before_now import update_figure
            from simulator.plots.save import save_picture

            save_picture(update_figure(found), output)
        click.echo(f"saved the forecast to {output}", err=True)
    if as_json:
        click.echo(json.dumps(update_json(found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show_update(found)


def _start(stated: str | None, resolved: Any) -> float | None:
    """Return when the run began [h since 1970-01-01T00:00Z], as far as it is known."""
    from simulator.errors import InputError, LawError
    from simulator.scenario.dates import date_of, hours_of

    planned = resolved.inputs["start_time"].value.constant if "start_time" in resolved.inputs else None
    if stated is None:
        return None if planned is None else float(planned)
    try:
        start = hours_of(stated)
    except LawError as error:
        raise InputError(f"--start {stated}: {error}") from None
    if not isinstance(start, float):
        raise InputError(f"--start {stated} is a range; a run that is under way began at one time")
    if planned is not None and planned != start:
        raise InputError(
            f"--start {stated} is not the scenario's start_time, {date_of(planned)}; say it once: --set grid.start_time={stated}"
        )
    return start
