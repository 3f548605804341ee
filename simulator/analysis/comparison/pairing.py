"""What two scenarios share, draw by draw, and in what they differ, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulator.analysis.sensitivity.luck import drawn_inputs, played_processes
from simulator.scenario import Resolved

_SAID = 4  # inputs of which a sentence tells both values
_NAMED = 8  # names in a sentence
_LIMIT_UNITS = {"budget": "USD", "deadline": "h", "carbon_cap": "kg CO2e"}
#: choices whose names do not tell what they are
_CHOSEN = {
    "foreign": "electricity is priced in another currency than USD",
    "dated": "a replayed history is read from the run's own date on",
    "interval": "checkpoint interval",
    "restart": "restarts",
    "price": "price of electricity",
    "carbon": "carbon intensity",
    "matching": "matching of contracted clean energy",
    "parts": "parts that are on",
    "excluded": "components that are off",
}


@dataclass(frozen=True)
class Pairing:
    """What a scenario shares with its base, and what differs.

    Attributes
    ----------
    shared : tuple of str
        Streams whose random numbers are the same in both, draw by draw; only these make the two move together.
    base_only, other_only : tuple of str
        Streams that one of the two draws from.
    changed : mapping of str to tuple of str
        Inputs that differ: what stands in the base and in the other, ``not read`` where one does not have it.
    notes : tuple of str
        What else differs, each a sentence: choices, limits, currencies, correlations, horizons.
    """

    shared: tuple[str, ...]
    base_only: tuple[str, ...]
    other_only: tuple[str, ...]
    changed: Mapping[str, tuple[str, str]]
    notes: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def pair(base: Resolved, other: Resolved) -> Pairing:
    """Return what a scenario shares with its base, and what differs.

    Parameters
    ----------
    base, other : Resolved

    Examples
    --------
    >>> from simulator.scenario import load_scenario, resolve
    >>> base, other = (resolve(load_scenario("configs/quickstart.yaml", overrides=o)) for o in ([], ["mfu=0.4"]))
    >>> found = pair(base, other)
    >>> found.base_only, found.changed
    (('mfu',), {'mfu': ('0.30 to 0.45', '0.4')})
    """
    of_base, of_other = _streams(base), _streams(other)
    changed = {}
    for place in dict.fromkeys([*base.inputs, *other.inputs]):
        a, b = ((str(r.inputs[place].value), r.inputs[place].member) if place in r.inputs else ("not read", "") for r in (base, other))
        if a != b:
            changed[place] = (a[0], b[0])
    return Pairing(
        shared=tuple(name for name in of_base if name in of_other),
        base_only=tuple(name for name in of_base if name not in of_other),
        other_only=tuple(name for name in of_other if name not in of_base),
        changed=changed,
        notes=tuple(_notes(base, other)),
    )


def _streams(resolved: Resolved) -> tuple[str, ...]:
    """Return the streams that a scenario's results depend on."""
    return (*drawn_inputs(resolved), *played_processes(resolved))


def _notes(base: Resolved, other: Resolved) -> Iterator[str]:
    """Yield what differs beside the inputs."""
    for name, a in asdict(base.choices).items():
        b = getattr(other.choices, name)
        if a != b:
            yield f"Choice {_CHOSEN.get(name, name)}: {_said(a)} in the base, {_said(b)} in the other."
    limits = [r.scenario.limits.model_dump(exclude_none=True) for r in (base, other)]
    if limits[0] != limits[1]:
        yield f"Limits differ: {_said(limits[0])} in the base, {_said(limits[1])} in the other; a difference judges neither."
    a, b = (", ".join(r.members("currency")) or "USD" for r in (base, other))
    if a != b:
        yield f"Amounts are stated in {a} in the base and in {b} in the other; all are compared in USD."
    if base.correlations != other.correlations:
        yield "Correlations differ, so that inputs named in them are paired in part."
    for name in ("improvement_horizon", "buy_horizon"):
        a, b = (str(r.inputs[name].value) if name in r.inputs else "none" for r in (base, other))
        if a != b:
            yield f"Horizons differ ({name}: {a} and {b}): cost and emissions of unlike times are compared."


def _said(value: Any) -> str:
    """Return a choice, or limits, in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {amount:g} {_LIMIT_UNITS.get(name, '')}".rstrip() for name, amount in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def changes_in_words(changed: Mapping[str, tuple[str, str]]) -> str:
    """Return what differs between the inputs of two scenarios as one sentence.

    Examples
    --------
    >>> changes_in_words({"mfu": ("0.30 to 0.45", "0.4")})
    'Inputs that differ: mfu (0.30 to 0.45 -> 0.4).'
    >>> changes_in_words({})
    'No input differs.'
    """
    if not changed:
        return "No input differs."
    said = [f"{name} ({a} -> {b})" for name, (a, b) in list(changed.items())[:_SAID]]
    rest = list(changed)[_SAID:]
    return f"Inputs that differ: {', '.join(said)}{f', and {len(rest)} more: ' + names_in_words(rest) if rest else ''}."


def names_in_words(names: Sequence[str]) -> str:
    """Return names one after the other, of many the first and how many more there are.

    Examples
    --------
    >>> names_in_words(["mfu", "pue"]), names_in_words([f"fee[{i}]" for i in range(11)])[-34:]
    ('mfu, pue', 'fee[7] and 3 more (--json has all)')
    """
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_NAMED])} and {more} more (--json has all)"
