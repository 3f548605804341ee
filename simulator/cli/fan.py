"""``simulator fan``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from simulator.cli.options import Stated, plan_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator fan configs/quickstart-de.yaml -o fan.png\n"
    "  simulator fan configs/quickstart-de.yaml --draw 7 -o fan.nc\n"
    "  simulator fan configs/llama3.1-405b.yaml --draws 2000 --json\n"
)
@click.argument("config", type=click.Path())
@plan_options
@click.option("--draw", type=int, help="The draw that is shown with its events  [default: the one nearest to the P80 of the cost]")
@click.option("-o", "--output", type=click.Path(), help="Picture to write (PNG, SVG, PDF), or bands and draw as FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print the bands as JSON.")
def command(
    config: str,
    stated: Stated,
    draw: int | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Draw percentile bands of cumulative cost, emissions, energy and progress over the time of the run, and one draw with its events.

    At most the first 4096 draws are used, so that memory is bounded. The picture ends when 99 % of them have.
    """
    from simulator.analysis.fans import draw_near, fan_bands, fan_with_draw
    from simulator.errors import InputError
    from simulator.plots.targets import check_picture
    from simulator.replay import MOST_FANS, explain, over_time
    from simulator.results import check_target, save_results

    if output is None and not as_json:
        raise InputError("nothing to write. Use -o PICTURE or --json")
    if output is None and draw is not None:
        raise InputError(f"--draw {draw} is drawn, and nothing is. State -o PICTURE too, or leave it out")
    scenario, sampling = stated.load(config), stated.sampling()
    most = min(stated.draws, MOST_FANS)
    if draw is not None and not 0 <= draw < most:
        raise InputError(f"--draw {draw} is not one of those of the fan, which are 0 to {most - 1}")
    as_data = output is not None and Path(output).suffix in (".nc", ".zarr")
    if output is not None:
        (check_target if as_data else check_picture)(output)

    from simulator.cli.progress import showing_progress

    with showing_progress(most) as progress:
        histories = over_time(scenario, sampling, progress=progress)
    if output is None:
        bands = fan_bands(histories)
    else:
        number = draw_near(histories, 0.8) if draw is None else draw
        bands = fan_with_draw(histories, explain(scenario, sampling, draw=number))
        if as_data:
            save_results(bands, output)
        else:
            from simulator.plots.over_time import fan_figure
            from simulator.plots.save import save_picture

            save_picture(fan_figure(bands), output)
        click.echo(f"drew {bands.attrs['draws']} draws to {output}, and draw {number} with its events", err=True)
    if as_json:
        data: dict[str, Any] = {"draws": bands.attrs["draws"], "longer": bands.attrs["longer"], "time": bands.time.values.tolist()}
        for name in (str(name) for name, values in bands.data_vars.items() if "quantile" in values.dims):
            rows = zip(bands["quantile"].values, bands[name].values, strict=True)
            data[name] = {repr(float(q)): [float(v) if math.isfinite(v) else None for v in row] for q, row in rows}
        click.echo(json.dumps(data, indent=1, allow_nan=False))
