"""The nomenclature as data: name, unit, domain, symbol and meaning of every quantity.

Config fields, Dataset attributes, axis labels, tables, JSON and report take names and units from
``quantities.csv``; nothing else spells them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from simulator.units import convert, parse_amount


@dataclass(frozen=True)
class Domain:
    """The set of values that a quantity can take.

    Attributes
    ----------
    lower, upper : float
        In the canonical unit; may be infinite.
    lower_open, upper_open : bool
        Whether the bound itself is excluded.
    """

    lower: float = -math.inf
    upper: float = math.inf
    lower_open: bool = True
    upper_open: bool = True

    @classmethod
    def parse(cls, text: str) -> Domain:
        """Read ``(0, 1]``."""
        low, high = text[1:-1].split(",")
        return cls(float(low), float(high), text[0] == "(", text[-1] == ")")

    def __contains__(self, value: float) -> bool:
        above = value > self.lower if self.lower_open else value >= self.lower
        below = value < self.upper if self.upper_open else value <= self.upper
        return above and below

    def __str__(self) -> str:
        if math.isinf(self.lower) and math.isinf(self.upper):
            return "any real number"
        if math.isinf(self.upper):
            return f"{'>' if self.lower_open else '>='} {self.lower:g}"
        return f"{'(' if self.lower_open else '['}{self.lower:g}, {self.upper:g}{')' if self.upper_open else ']'}"


@dataclass(frozen=True)
class Quantity:
    """One row of the nomenclature.

    Attributes
    ----------
    name, unit, symbol, meaning : str
        As everywhere: config, code, Dataset, axis, report.
    domain : Domain
        Admissible values [unit].
    integer : bool
        Whether the quantity counts whole things.
    counts : str
        What it counts or is a property of, where the unit may name it: ``token``, ``device``.
    dimension : int or None
        Its dimension in the Sobol' sequence. Append-only: a published number never moves. None
        for quantities that are never inputs.
    """

    name: str
    unit: str
    domain: Domain
    integer: bool
    counts: str
    dimension: int | None
    symbol: str
    meaning: str

    def parse(self, text: str) -> float:
        """Return the value of one number with an optional unit, in the canonical unit."""
        return convert(parse_amount(text), self.unit, counts=self.counts)


def _load() -> Mapping[str, Quantity]:
    text = files("simulator").joinpath("quantities.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType(
        {
            row["name"]: Quantity(
                name=row["name"],
                unit=row["unit"],
                domain=Domain.parse(row["domain"]),
                integer=row["integer"] == "yes",
                counts=row["counts"],
                dimension=int(row["dimension"]) if row["dimension"] else None,
                symbol=row["symbol"],
                meaning=row["meaning"],
            )
            for row in rows
        }
    )


QUANTITIES: Mapping[str, Quantity] = _load()
