"""What a user states beside the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal

from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES
from simulator.reference import accelerator
from simulator.units import convert, parse_amount

Meaning = Literal["mfu", "throughput", "flops", "tokens", "progress"]


@dataclass(frozen=True)
class Options:
    """Values as they are stated, None where they are not; see ``simulator import --help``.

    Attributes
    ----------
    column, time_column, meaning, unit : str
        Of logged metrics and hourly values.
    where : mapping of str to str
        Column -> value: the rows to read.
    timezone : str
    accelerator : str
        Name in the reference tables.
    accelerators, accelerators_per_node, params, pue, server_power_ratio : float
    interval, shortest, longest_gap, window : float
        [h]
    busy : float
        Share, in 0 to 1.
    skip : int
        Rows at the start of each run.
    """

    column: str | None = None
    time_column: str | None = None
    meaning: Meaning | None = None
    unit: str | None = None
    where: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    timezone: str | None = None
    accelerator: str | None = None
    accelerators: float | None = None
    accelerators_per_node: float | None = None
    params: float | None = None
    pue: float | None = None
    server_power_ratio: float | None = None
    interval: float | None = None
    shortest: float | None = None
    longest_gap: float | None = None
    window: float | None = None
    busy: float | None = None
    skip: int | None = None

    def stated(self) -> list[str]:
        """Return the names of what is stated."""
        return [item.name for item in fields(self) if getattr(self, item.name) not in (None, {})]

    def rated(self, quantity: Literal["tdp", "peak_flops"]) -> float | None:
        """Return a figure of the accelerator, in its canonical unit; None where none is named.

        Raises
        ------
        InputError
            Naming the nearest accelerators.
        """
        if self.accelerator is None:
            return None
        try:
            return QUANTITIES[quantity].parse(accelerator(self.accelerator)[quantity].value)
        except LawError as error:
            raise InputError(f"--accelerator {self.accelerator}: {error}") from None


#: option -> the quantity whose unit and domain it has
_QUANTITIES = {
    "accelerators": "accelerators", "accelerators_per_node": "accelerators_per_node", "params": "params_active", "pue": "pue",
    "server_power_ratio": "server_power_ratio",
}  # fmt: skip


def number(option: str, text: str) -> float:
    """Return the number of an option that is named after a quantity, a time [h] or a share.

    Raises
    ------
    InputError
        Telling what is admissible.

    Examples
    --------
    >>> number("params", "7e9"), number("interval", "10 s"), number("busy", "5%")
    (7000000000.0, 0.002777777777777778, 0.05)
    """
    flag = f"--{option.replace('_', '-')} {text}"
    try:
        if option in _QUANTITIES:
            quantity = QUANTITIES[_QUANTITIES[option]]
            value = quantity.parse(text)
            if value not in quantity.domain or (quantity.integer and value != int(value)):
                whole = "whole numbers, " if quantity.integer else ""
                raise LawError(f"it does not lie in the domain, {whole}{quantity.domain}")
            return value
        value = convert(parse_amount(text), "1" if option == "busy" else "h")
    except LawError as error:
        raise InputError(f"{flag}: {error}") from None
    if option == "busy" and not 0.0 <= value < 1.0:
        raise InputError(f"{flag}: it is no share; it lies in 0 to 1, for example 10%")
    if option != "busy" and not value >= 0.0:
        raise InputError(f"{flag}: a time is not negative. State for example 10 min")
    return value
