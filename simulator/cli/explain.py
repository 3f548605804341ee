"""``simulator explain``."""

from __future__ import annotations

import json

import click

from simulator.cli.options import Stated, plan_options


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator explain configs/quickstart-de.yaml --draw 4711\n"
    "  simulator explain configs/llama3.1-405b.yaml --draw 17 --seed 7 --json\n"
    "  simulator explain configs/quickstart-de.yaml --draw 4711 -o draw.nc\n"
)
@click.argument("config", type=click.Path())
@click.option("--draw", type=int, required=True, help="Number of the draw, from 0.")
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Save inputs, outcomes, events and hours to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def command(
    config: str,
    draw: int,
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Replay one draw of CONFIG alone: its inputs, every interruption with time and cause, its hours, its bill.

    The draw is bit for bit the one of `simulator run` with the same seed and plan.
    """
    from simulator.results import check_target, save_results

    scenario, sampling = stated.load(config), stated.sampling()
    if output is not None:
        check_target(output)

    from simulator.cli.show.draw import draw_json, show_draw
    from simulator.replay import explain

    one = explain(scenario, sampling, draw=draw)
    if output is not None:
        save_results(one, output)
        click.echo(f"saved draw {draw} to {output}", err=True)
    if as_json:
        click.echo(json.dumps(draw_json(one), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show_draw(one)
