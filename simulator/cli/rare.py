"""``simulator rare``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.options import scenario_options

if TYPE_CHECKING:
    import xarray as xr

    from simulator.analysis.rare.rare import Limit

_PATTERN = re.compile(r"\s*(?P<output>\S+)\s*>\s*(?P<limit>.+)")
_MOST_INPUTS = 10  # lines; all of them are in --json
_TOLD_APART = 5.0  # standard errors


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator rare configs/quickstart.yaml --exceeds 'cost_total > 1.5M USD'\n"
    "  simulator rare configs/gpt3.yaml --exceeds 'emissions_total > 2000 t' --draws 1000000 --json\n"
)
@click.argument("config", type=click.Path())
@click.option(
    "--exceeds",
    "texts",
    multiple=True,
    required=True,
    metavar="'NAME > LIMIT'",
    help="'cost_total > 60M USD'; may be repeated, each is judged on its own.",
)
@click.option("--draws", type=int, default=100_000, show_default=True, help="Draws of each estimate; the search adds 8192 a stage.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all streams; 0 is a seed.")
@click.option("--threads", type=int, help="Threads; changes no result  [default: all cores]")
@scenario_options[0]
@scenario_options[1]
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    config: str,
    texts: tuple[str, ...],
    draws: int,
    seed: int,
    threads: int | None,
    overrides: tuple[str, ...],
    levers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell how likely CONFIG exceeds limits that hardly any draw exceeds, and which inputs it takes.

    Inputs are drawn where the limit is exceeded and weighted back, so that a probability of 1e-6 takes no more draws than one
    of 0.1. The error of each is told; one above a tenth of the probability is refused.
    """
    import json

    from simulator.analysis.rare.rare import rare_chances
    from simulator.cli.progress import showing_progress
    from simulator.engine import output_names
    from simulator.plan import SamplingPlan
    from simulator.scenario import load_scenario, resolve

    scenario = load_scenario(config, overrides=overrides, levers=levers)
    limits = [_parsed(text, output_names(resolve(scenario))) for text in texts]
    with showing_progress(draws * len(limits)) as progress:
        found = rare_chances(scenario, limits, SamplingPlan(draws, seed, threads=threads), progress=progress)
    if as_json:
        click.echo(json.dumps(_plain(found), indent=1, allow_nan=False))
        return
    click.echo(f"{found.attrs['scenario']}: {draws} draws of seed {seed} for each, after a search")
    for k, text in enumerate(texts):
        _show(" ".join(text.split()), found.isel(event=k))


def _parsed(text: str, outputs: Sequence[str]) -> Limit:
    """Return an output and its limit in canonical units."""
    from simulator.analysis.rare.rare import Limit
    from simulator.analysis.statistic import likely
    from simulator.errors import InputError, LawError
    from simulator.quantities import QUANTITIES

    match = _PATTERN.fullmatch(text)
    if match is None:
        raise InputError(f"--exceeds '{text}' is not NAME > LIMIT; for example 'cost_total > 60M USD' or 'energy_total > 5 GWh'")
    name = match["output"]
    if name not in outputs:
        raise InputError(f"--exceeds '{text}': {name} is not an output; {likely(name, outputs)}")
    try:
        return Limit(name, QUANTITIES[name.partition("[")[0]].parse(match["limit"]))
    except LawError as error:
        raise InputError(f"--exceeds '{text}': {error}") from None


def _show(text: str, event: xr.Dataset) -> None:
    """Print what was found of one limit."""
    from simulator.cli.show.page import say

    p = event.probability.item()
    click.echo(f"\n{text}")
    click.echo(f"  probability      {p:.4g}, standard error {event.mcse.item():.2g} ({event.relative_error.item():.2%} of it)")
    click.echo(f"  about one in     {1 / p:.3g}")
    click.echo(f"  effective draws  {event.effective_draws.item():.0f}; the largest is {event.largest_share.item():.2%} of the probability")
    if event.shifts.item():
        click.echo(f"  search           {event.stages.item()} stages; scores shifted to {event.shifts.item()} places")
    if event.note.item():
        say(f"  note             {event.note.item()}", hanging=" " * 19)
    apart = [
        (str(name), float(score), float(error))
        for name, score, error in zip(event.input.values, event.score.values, event.mcse_score.values, strict=True)
        if abs(score) > _TOLD_APART * error
    ]
    apart.sort(key=lambda row: -abs(row[1]))
    click.echo("  mean of inputs where it happens, in standard deviations from usual" if apart else "  no input has to do with it")
    for name, score, error in apart[:_MOST_INPUTS]:
        click.echo(f"    {name:40} {score:+6.2f}  +- {error:.2g}")
    if len(apart) > _MOST_INPUTS:
        click.echo(f"    and {len(apart) - _MOST_INPUTS} more, see --json")


def _plain(found: xr.Dataset) -> dict[str, Any]:
    """Return the result as plain data."""
    import math

    def number(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    events = []
    for k in range(found.sizes["event"]):
        event = found.isel(event=k)
        row = {str(name): number(v.item()) for name, v in event.data_vars.items() if v.ndim == 0}
        scores = zip(event.input.values, event.score.values.tolist(), event.mcse_score.values.tolist(), strict=True)
        row["inputs"] = {str(name): {"score": number(score), "mcse": number(error)} for name, score, error in scores}
        events.append(row)
    return {name: found.attrs[name] for name in ("scenario", "seed", "draws", "plain_share", "stage_draws")} | {"events": events}
