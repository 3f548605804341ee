"""Options that several verbs share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from simulator.cli.complete import complete_levers, complete_overrides

if TYPE_CHECKING:
    from simulator.plan import SamplingPlan
    from simulator.scenario import Scenario

F = TypeVar("F", bound=Callable[..., Any])


#: what changes a scenario before it is used
scenario_options = (
    click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="PATH=VALUE",
        shell_complete=complete_overrides,
        help="Replace a value of the config, or the values of a fragment: @priors.yaml; may be repeated.",
    ),
    click.option(
        "--lever",
        "levers",
        multiple=True,
        metavar="NAME[=ARGUMENT]",
        shell_complete=complete_levers,
        help="Pull a lever: fp8, region=CA-QC; may be repeated.",
    ),
)

#: for verbs that a GPU can serve
device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="cuda: a GPU, for runs in expectations; changes results by no more than rounding.",
)


@dataclass(frozen=True)
class Stated:
    """What the options of :func:`plan_options` say: how to draw, and what changes a scenario."""

    draws: int
    seed: int
    plan: Literal["random", "sobol"]
    replicates: int | None
    threads: int | None
    block_size: int
    cluster: str | None
    overrides: Sequence[str]
    levers: Sequence[str]

    def sampling(self, *, draws: int | None = None, device: Literal["cpu", "cuda"] = "cpu") -> SamplingPlan:
        """Return the sampling plan, with other draws where they are given, and connected to the cluster that is named."""
        from simulator.plan import SamplingPlan

        drawn = self.draws if draws is None else draws
        plan = SamplingPlan(drawn, self.seed, self.plan, self.replicates, self.threads, self.block_size, device)
        if self.cluster is None:
            return plan

        from simulator.cli.cluster import connected

        return replace(plan, executor=connected(self.cluster))

    def load(self, config: str) -> Scenario:
        """Return the scenario of a config as it is changed."""
        from simulator.scenario import load_scenario

        return load_scenario(config, overrides=self.overrides, levers=self.levers)


_STATED = tuple(field.name for field in fields(Stated))


def plan_options(command: F) -> Callable[..., Any]:
    """Add the options of a sampling plan, as ``simulator run`` has them; the command gets them as one :class:`Stated`."""

    @functools.wraps(command)
    def gathered(**options: Any) -> Any:
        return command(stated=Stated(*(options.pop(name) for name in _STATED)), **options)

    told: Callable[..., Any] = gathered
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
            click.option("--cluster", metavar="ADDRESS", help="Scheduler of a Dask cluster that draws: tcp://host:8786."),
            *scenario_options,
        )
    ):
        told = option(told)
    return told


def holds_results(source: str) -> bool:
    """Whether a path names a saved result; where it does, options that make draws are refused.

    Raises
    ------
    InputError
        Naming those that stand on the command line.
    """
    from simulator.errors import InputError

    if Path(source).suffix not in (".nc", ".zarr"):
        return False
    context = click.get_current_context()
    names = {param.name: param.opts[0] for param in context.command.params}
    given = [names[name] for name in _STATED if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if given:
        raise InputError(f"{source} holds draws that are made already; leave out {', '.join(given)}, or give a CONFIG instead")
    return True
