"""``simulator decide``."""

from __future__ import annotations

import click

from simulator.cli.options import Stated, plan_options

_FEW = 1000  # draws, in which it shows what inputs there are


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator decide configs/quickstart.yaml --option 'fp8: lever=fp8' --option 'Quebec: lever=region=CA-QC'\n"
    "  simulator decide configs/quickstart.yaml --option 'reserve: set=rental_price=3.2' --measure 'rental_price=5k USD'\n"
    "  simulator decide a.yaml b.yaml --carbon-price '150 USD/t' --level 0.9 --json\n"
)
@click.argument("configs", nargs=-1, required=True, type=click.Path(), metavar="CONFIG...")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="'NAME: CHANGE; ...'",
    help="An option beside the CONFIGs: the first one with lever=NAME or set=PATH=VALUE; may be repeated.",
)
@click.option("--carbon-price", metavar="'PRICE USD/t'", help="Count emissions at a price beside the cost  [default: not counted]")
@click.option("--level", type=float, default=0.95, show_default=True, help="Level of CVaR: the mean of the worst 1 - level of the draws.")
@click.option(
    "--measure", "measures", multiple=True, metavar="'INPUT=COST'", help="What measuring an input costs: 'mfu=150k USD'; may be repeated."
)
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Save the paired draws of all options to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print options and values of information as JSON.")
def command(
    configs: tuple[str, ...],
    options: tuple[str, ...],
    carbon_price: str | None,
    level: float,
    measures: tuple[str, ...],
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Tell which option to choose, by expected cost and by its worst tail, and what knowing more before choosing is worth.

    Options are the CONFIGs, and the first of them with each --option's changes; --set and --lever change all. All are played on the
    same random numbers.
    """
    from simulator.analysis.order_statistics import require_open_unit
    from simulator.cli.several import load_several, parse_option
    from simulator.errors import InputError
    from simulator.results import check_target, save_results

    if len(configs) + len(options) < 2:
        raise InputError(f"{configs[0]} alone is no choice. Name another config, or an option: --option 'NAME: lever=fp8'")
    require_open_unit("--level", level)
    price, costs = _carbon_price(carbon_price), _costs(measures)
    named = [parse_option(text) for text in options]
    scenarios = load_several([(config, stated.overrides, stated.levers) for config in configs])
    changed = [(configs[0], [*stated.overrides, *own], [*stated.levers, *pulled]) for _, own, pulled in named]
    for name, scenario in load_several(changed, [name for name, _, _ in named]).items():
        if name in scenarios:
            raise InputError(f"--option {name}: an option of this name is there already. Give it another")
        scenarios[name] = scenario
    sampling = stated.sampling()
    if output is not None:
        check_target(output)

    from simulator.analysis.comparison.comparison import compare
    from simulator.analysis.decisions.decisions import decide, losses_of, perfect_information
    from simulator.analysis.decisions.evppi import evppi, require_inputs
    from simulator.cli.progress import showing_progress
    from simulator.cli.show.decision import show_decision
    from simulator.plan import SamplingPlan

    if costs:  # what is no input shows in few draws, before many are made
        require_inputs(costs, compare(scenarios, SamplingPlan(draws=_FEW)))
    with showing_progress(stated.draws * len(scenarios)) as progress:
        results = compare(scenarios, sampling, progress=progress)
    losses = losses_of(results, carbon_price=price)
    decision, known = decide(losses, level=level), evppi(losses, costs=costs)
    if output is not None:
        save_results(results, output)
        click.echo(f"saved {stated.draws} draws of {len(scenarios)} options to {output}", err=True)
    show_decision(decision, perfect_information(losses), known, as_json=as_json)


def _carbon_price(text: str | None) -> float:
    """Return a price in USD/kgCO2e."""
    from simulator.errors import InputError, LawError
    from simulator.units import convert, parse_amount

    if text is None:
        return 0.0
    try:
        amount = parse_amount(text)
        price = convert(amount, "USD/kgCO2e")
    except LawError as error:
        raise InputError(f"--carbon-price '{text}': {error}") from None
    if not amount.unit or price < 0.0:
        raise InputError(f"--carbon-price '{text}' is not a price of carbon, 0 or more, with its unit; for example '100 USD/t'")
    return price


def _costs(measures: tuple[str, ...]) -> dict[str, float]:
    """Return costs of measuring in USD, by input."""
    from simulator.errors import InputError, LawError
    from simulator.quantities import QUANTITIES

    costs = {}
    for text in measures:
        name, _, amount = (part.strip() for part in text.rpartition("="))
        if not name:
            raise InputError(f"--measure '{text}' is not INPUT=COST; for example 'mfu=150k USD'")
        if name.partition("[")[0] not in QUANTITIES:
            raise InputError(f"--measure '{text}': {name} is no input, and cannot be measured")
        if name in costs:
            raise InputError(f"--measure '{text}': {name} has a cost already. State one")
        try:
            costs[name] = QUANTITIES["cost_total"].parse(amount)
        except LawError as error:
            raise InputError(f"--measure '{text}': {error}") from None
        if costs[name] < 0.0:
            raise InputError(f"--measure '{text}': a cost of measuring is 0 or more")
    return costs
