"""Which streams of random numbers are luck, and which decide what could be known before a run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from simulator.errors import InputError
from simulator.scenario import Resolved

#: inputs that are luck by definition, by quantity: nobody could know them better by measuring
LUCKY_INPUTS: Mapping[str, str] = MappingProxyType(
    {
        "event_luck": "whether or how often an event of the risk register happens",
        "abandon_luck": "how many attempts are abandoned before one succeeds",
        "history_place": "from which hour on a history is replayed, where no date is stated",
    }
)
#: streams that no input has
LUCKY_PROCESSES: Mapping[str, str] = MappingProxyType(
    {
        "interruptions": "when failures happen, and how long each repair takes",
        "weather": "hourly prices and carbon intensities, apart from the shift of their year",
        "accelerator_prices": "when and how far the price of accelerators jumps",
    }
)


def lucky_streams(resolved: Resolved) -> tuple[str, ...]:
    """Return the streams of a scenario that are luck: LUCKY_INPUTS that are drawn, and the LUCKY_PROCESSES that it plays.

    Everything else that is drawn is knowable: what an input is, the year's shift of price and carbon intensity, how likely an
    event is and what it costs. Knowable does not mean known cheaply.

    Examples
    --------
    >>> from simulator.scenario import load_scenario, resolve
    >>> lucky_streams(resolve(load_scenario("configs/quickstart.yaml")))
    ('interruptions',)
    """
    return (*(name for name in drawn_inputs(resolved) if is_lucky_input(name)), *played_processes(resolved))


def played_processes(resolved: Resolved) -> tuple[str, ...]:
    """Return those of LUCKY_PROCESSES that a scenario plays."""
    played = {
        "interruptions": resolved.choices.method == "event_driven",
        "weather": resolved.zone is not None,
        "accelerator_prices": "price_path" in resolved.choices.parts,
    }
    return tuple(name for name in LUCKY_PROCESSES if played[name])


def knowable_streams(resolved: Resolved) -> tuple[str, ...]:
    """Return the streams of a scenario that decide what could be known, those of certain but correlated inputs among them.

    Examples
    --------
    >>> from simulator.scenario import load_scenario, resolve
    >>> "rental_price" in knowable_streams(resolve(load_scenario("configs/quickstart.yaml")))
    True
    """
    names = dict.fromkeys([*drawn_inputs(resolved), *resolved.correlations.names])
    return tuple(name for name in names if not is_lucky_input(name))


def drawn_inputs(resolved: Resolved) -> tuple[str, ...]:
    """Return the streams of the inputs that are not certain."""
    return tuple(dict.fromkeys(item.stream for item in resolved.inputs.values() if item.value.table is not None))


def is_lucky_input(stream: str) -> bool:
    """Return whether the stream of an input is luck by definition.

    Examples
    --------
    >>> is_lucky_input("event_luck[outage]"), is_lucky_input("event_cost[outage]")
    (True, False)
    """
    return stream.partition("[")[0] in LUCKY_INPUTS


def correlated_groups(resolved: Resolved) -> tuple[tuple[str, ...], ...]:
    """Return the groups of names that stated correlations link; a certain one keeps its latent score, which its neighbours share."""
    names, matrix = resolved.correlations.names, resolved.correlations.spearman
    left, groups = list(names), []
    while left:
        group, reached = [], [left.pop(0)]
        while reached:
            name = reached.pop()
            group.append(name)
            row = dict(zip(names, matrix[names.index(name)], strict=True))
            near = [other for other in left if row[other] != 0.0]
            reached += near
            left = [other for other in left if other not in near]
        groups.append(tuple(sorted(group)))
    return tuple(groups)


def check_luck_is_apart(resolved: Resolved) -> None:
    """Refuse correlations between luck and what could be known: their shares of a variance would not be apart.

    Raises
    ------
    InputError
        Naming the inputs.
    """
    for group in correlated_groups(resolved):
        lucky = [name for name in group if is_lucky_input(name)]
        if lucky and len(lucky) < len(group):
            others = ", ".join(name for name in group if name not in lucky)
            raise InputError(
                f"correlations: {', '.join(lucky)} is luck and moves with {others}, which could be known, so that the variance does "
                "not split between the two. Remove this correlation, or use shapley effects"
            )
