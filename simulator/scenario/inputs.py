"""One input that the model reads, and what changes it."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.scenario.values import UncertainValue


@dataclass(frozen=True)
class Input:
    """One input that the model reads.

    Attributes
    ----------
    value : UncertainValue
    source : str
        ``stated``, or where the default comes from.
    group, member : str
        Where it belongs to one of several alike: ``phase``, ``person_class``, ``risk``, ``event_effect``, ``lever_effect`` or
        ``currency``, and the name of that one.
    """

    value: UncertainValue
    source: str = "stated"
    group: str = ""
    member: str = ""

    @property
    def stream(self) -> str:
        """Name that the input's random numbers follow."""
        return f"{self.value.quantity}[{self.member}]" if self.group else self.value.quantity


@dataclass(frozen=True)
class Change:
    """What an event or a lever does to an input.

    Attributes
    ----------
    target : str
        Quantity that is multiplied, or the place of one input of it.
    factor : str
        Place of the factor.
    event : int
        Number of the event that it depends on; -1 for a lever, which always holds.
    """

    target: str
    factor: str
    event: int = -1
