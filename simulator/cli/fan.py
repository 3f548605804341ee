"""``simulator fan``."""

from __future__ import annotations

import json
import math
from typing import Any

import click

from simulator.cli.options import Stated, plan_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator fan configs/quickstart-de.yaml -o fan.png\n"
    "  simulator fan configs/llama3.1-405b.yaml --draws 2000 --json\n"
)
@click.argument("config", type=click.Path())
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Picture to write: PNG, SVG or PDF.")
@click.option("--json", "as_json", is_flag=True, help="Print the bands as JSON.")
def command(
    config: str,
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Draw percentile bands of cumulative cost, emissions, energy and progress over the time of the run.

    At most the first 4096 draws are used, so that memory is bounded. The picture ends when 99 % of them have.
    """
    from simulator.analysis.fans import fan_bands
    from simulator.errors import InputError
    from simulator.plots.save import check_picture, save_picture

    if output is None and not as_json:
        raise InputError("nothing to write. Use -o PICTURE or --json")
    scenario, sampling = stated.load(config), stated.sampling()
    if output is not None:
        check_picture(output)

    from simulator.cli.progress import showing_progress
    from simulator.replay import MOST_FANS, over_time

    with showing_progress(min(stated.draws, MOST_FANS)) as progress:
        bands = fan_bands(over_time(scenario, sampling, progress=progress))
    if output is not None:
        from simulator.plots.fan import fan_figure

        try:
            save_picture(fan_figure(bands), output)
        except OSError as error:
            raise InputError(f"{output} cannot be written ({error.strerror or error}). Name another place, or make room") from None
        click.echo(f"drew {bands.attrs['draws']} draws to {output}", err=True)
    if as_json:
        names = [str(name) for name in bands.data_vars]
        data: dict[str, Any] = {"draws": bands.attrs["draws"], "longer": bands.attrs["longer"], "time": bands.time.values.tolist()}
        for name in names:
            rows = zip(bands["quantile"].values, bands[name].values, strict=True)
            data[name] = {repr(float(q)): [float(v) if math.isfinite(v) else None for v in row] for q, row in rows}
        click.echo(json.dumps(data, indent=1, allow_nan=False))
