"""What two scenarios share, draw by draw, and in what they differ, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulator.arguments import PROCESSES
from simulator.scenario import Resolved

_SAID = 4  # inputs that a sentence names one by one


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
    played = resolved.choices.method != "expected_value"
    owns = resolved.choices.basis == "own" or "improvement_horizon" in resolved.inputs
    processes = {"interruptions": played, "weather": resolved.zone is not None, "accelerator_prices": owns}
    drawn = dict.fromkeys(item.stream for item in resolved.inputs.values() if item.value.table is not None)
    return (*drawn, *(name for name in PROCESSES if processes[name]))


def _notes(base: Resolved, other: Resolved) -> Iterator[str]:
    """Yield what differs beside the inputs."""
    for name, a in asdict(base.choices).items():
        b = getattr(other.choices, name)
        if a != b:
            yield f"Choice {name}: {_said(a)} in the base, {_said(b)} in the other."
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
    """Return a choice in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {amount:g}" for name, amount in value.items()) or "none"
    if isinstance(value, (tuple, list)):
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
    return f"Inputs that differ: {', '.join(said)}{f', and {len(rest)} more: ' + ', '.join(rest) if rest else ''}."
