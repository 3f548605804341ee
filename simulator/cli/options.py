"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


#: what changes a scenario before it is used
scenario_options = (
    click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Replace a value of the config; may be repeated."),
    click.option("--lever", "levers", multiple=True, metavar="NAME[=ARGUMENT]", help="Pull a lever: fp8, region=CA-QC; may be repeated."),
)

#: for verbs that a GPU can serve
device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="cuda: a GPU, for runs in expectations; changes results by no more than rounding.",
)


def plan_options(command: F) -> F:
    """Add the options of a sampling plan, as ``simulator run`` has them."""
    for option in reversed(
        (
            click.option("--draws", type=int, default=100_000, show_default=True, help="Number of draws."),
            click.option("--seed", type=int, default=0, show_default=True, help="Seed of all streams; 0 is a seed."),
            click.option(
                "--plan",
                type=click.Choice(["random", "sobol"]),
                default="random",
                show_default=True,
                help="Random draws, or scrambled Sobol' points.",
            ),
            click.option(
                "--replicates", type=int, help="Independent Sobol' scramblings, from which the Monte Carlo error comes  [default: 16]"
            ),
            click.option("--threads", type=int, help="Threads; changes no result  [default: all cores]"),
            click.option("--block-size", type=int, default=8192, show_default=True, help="Draws per unit of work; changes no result."),
            *scenario_options,
        )
    ):
        command = option(command)
    return command
