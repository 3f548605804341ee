"""``simulator priors``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulator.reference.priors.kind import Architecture


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator priors --accelerator 'H100 SXM' --params 70e9 --accelerators 2048\n"
    "  simulator priors --accelerator 'A100 SXM 80GB' --params 175e9 --before 2022-03 --without bloom\n"
    "  simulator priors mfu --accelerator B200 --params 37e9 --architecture mixture_of_experts\n"
)
@click.argument("quantity", required=False)
@click.option("--accelerator", required=True, metavar="NAME", help="As in `simulator reference accelerators`.")
@click.option("--params", metavar="NUMBER", help="Active parameters, for example 7e9.")
@click.option("--accelerators", metavar="NUMBER", help="How many.")
@click.option(
    "--architecture",
    type=click.Choice(["dense", "mixture_of_experts", "encoder_decoder"]),
    default="dense",
    show_default=True,
    help="Of the model.",
)
@click.option(
    "--organisation",
    type=click.Choice(["laboratory", "other"]),
    default="other",
    show_default=True,
    help="Who trains: a laboratory whose work that is, at scale, or another.",
)
@click.option("--before", metavar="MONTH", help="Take figures published before this month only, for example 2024-03.")
@click.option("--without", metavar="FAMILY", multiple=True, help="Leave out the figures of a family of models. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print every prior with the figures it rests on as JSON.")
def command(
    quantity: str | None, accelerator: str, params: str | None, accelerators: str | None, architecture: Architecture, organisation: str,
    before: str | None, without: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Fit the priors of a run to published figures of before, as a scenario does where it states none.

    With a QUANTITY every figure is listed that its prior rests on, and every one that it leaves out, with the reason.
    """
    import json

    from simulator.cli.show.priors import priors_json, show_figures, show_priors
    from simulator.errors import LawError
    from simulator.reference.priors.facts import family_of, month_of
    from simulator.reference.priors.kind import Kind, peak_flops
    from simulator.reference.priors.known import FITTED, known_prior

    if quantity is not None and quantity not in FITTED:
        raise LawError(f"'{quantity}' has no fitted prior", f"Known are {', '.join(FITTED)}")
    active, count = _stated("--params", params, "params_active"), _stated("--accelerators", accelerators, "accelerators")
    kind = Kind(accelerator, peak_flops(accelerator), active, count, architecture, organisation == "laboratory")
    month, families = None if before is None else month_of(before), tuple(map(family_of, without))
    found = {name: known_prior(name, kind, before=month, without=families) for name in ([quantity] if quantity else FITTED)}
    if as_json:
        click.echo(json.dumps(priors_json(found), indent=1, ensure_ascii=False, allow_nan=False))
    elif quantity:
        show_figures(found[quantity])
    else:
        show_priors(found)


def _stated(option: str, text: str | None, quantity: str) -> float | None:
    """Return the number of an option, in the unit of its quantity."""
    from simulator.errors import InputError, LawError
    from simulator.scenario.values import parse_value

    try:
        return parse_value(text, quantity).median if text else None
    except LawError as error:
        raise InputError(f"{option} {text}: {error}") from None
