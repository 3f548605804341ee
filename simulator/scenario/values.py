"""Uncertain values as a user writes them: a number, ``LOW to HIGH [unit]``, or a family with parameters."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import InputError, LawError
from simulator.quantities import QUANTITIES, Quantity
from simulator.scenario.admissible import check_constant, check_extremes, check_mass, check_size, held_inside, whole_law
from simulator.scenario.named_files import named_file
from simulator.series.table import listed, read_table
from simulator.stochastic.families import FAMILIES, interval_law, make_law
from simulator.stochastic.laws import DiscreteLaw, Law, MixtureLaw, TruncatedLaw
from simulator.stochastic.tabulate import QuantileTable, tabulate
from simulator.units import Amount, convert, parse_amount, parse_interval

_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class UncertainValue:
    """A value of a quantity: a constant or a law, and the way it was written.

    Attributes
    ----------
    quantity : str
        Name in the nomenclature.
    spec : plain data
        As written: number, text or mapping. Two values are equal where quantity, spec and data are.
    data : str
        Hash of the numbers read from a file; '' where none was read.
    constant : float or None
        In the canonical unit, where the value is certain.
    law, table : Law, QuantileTable or None
        Otherwise.
    """

    quantity: str
    spec: Any
    data: str = ""
    constant: float | None = field(default=None, compare=False)
    law: Law | None = field(default=None, compare=False, repr=False)
    table: QuantileTable | None = field(default=None, compare=False, repr=False)

    def __hash__(self) -> int:
        return hash((self.quantity, _frozen(self.spec), self.data))

    @property
    def median(self) -> float:
        """Median, or the constant, in the canonical unit."""
        if self.law is not None:
            return float(self.law.quantile(np.array([0.0]))[0])
        return float(self.constant or 0.0)

    def identity(self) -> list[Any]:
        """Return what a draw depends on: the stream's name, and the number or the law as written."""
        return [self.quantity, self.constant, self.data] if self.constant is not None else [self.quantity, self.spec, self.data]

    def __str__(self) -> str:
        if isinstance(self.spec, Mapping):
            return "{" + ", ".join(f"{k}: {v}" for k, v in self.spec.items()) + "}"
        return str(self.spec)


def _frozen(spec: Any) -> Any:
    """Return plain data as something with a hash, equal where the data are equal."""
    if isinstance(spec, Mapping):
        return frozenset((key, _frozen(value)) for key, value in spec.items())
    if isinstance(spec, Sequence) and not isinstance(spec, str):
        return tuple(_frozen(value) for value in spec)
    return spec


def parse_value(raw: Any, quantity: str, *, base: Path | None = None) -> UncertainValue:
    """Parse what a user wrote for a quantity.

    Parameters
    ----------
    raw : number, str or mapping
        ``0.4``; ``"38%"``; ``"2.1 to 3.4 USD/h"``; ``{"family": "pert", "low": 1, "mode": 2, "high": 4}``.
    quantity : str
        Name in the nomenclature.
    base : Path, optional
        Folder that file names are relative to.

    Returns
    -------
    UncertainValue

    Raises
    ------
    LawError
        What is wrong and the admissible set.

    Examples
    --------
    >>> parse_value("15.6T tokens", "tokens").constant
    15600000000000.0
    >>> float(parse_value("0.30 to 0.45", "mfu").law.cdf(0.45).round(12))
    0.95
    """
    return _parse_text(raw, quantity) if isinstance(raw, str) else _parse(raw, quantity, base)


@lru_cache(maxsize=4096)
def _parse_text(raw: str, quantity: str) -> UncertainValue:
    """Return what a text stands for; its law is tabulated once, however often a scenario is changed and read again."""
    return _parse(raw, quantity, None)


def _parse(raw: Any, quantity: str, base: Path | None) -> UncertainValue:
    q = QUANTITIES[quantity]
    reader = _Reader(q, base)
    value = reader.read(raw)
    if isinstance(value, float):
        check_constant(value, q)
        return UncertainValue(quantity, raw, reader.digest, constant=value)
    if q.integer:
        value = whole_law(value, q)
    check_mass(value, q)
    if isinstance(value, DiscreteLaw) and value.values.size == 1:
        return UncertainValue(quantity, raw, reader.digest, constant=float(value.values[0]))
    check_extremes(value, q)
    table = held_inside(tabulate(value), value, q)
    return UncertainValue(quantity, raw, reader.digest, law=value, table=table)


def _finite(raw: float) -> float:
    """Return a float; numpy's are floats too, and an int may be too large for one."""
    try:
        value = float(raw)
    except OverflowError:
        raise LawError("a number above 1.8e308 is too large") from None
    if not math.isfinite(value):
        raise LawError(f"{raw} is not a finite number")
    return value


def _check_unit(family: str, unit: str, stated: set[str], has_percentiles: bool) -> None:
    """Refuse a unit that some parameter would not be measured in: a logarithm, or a default in the canonical unit."""
    if family == "lognormal" and "mu" in stated:
        raise LawError(f"unit: {unit} cannot apply to mu, a logarithm", "State the median instead, with sigma")
    needed = {"beta": {"low", "high"}, "student_t": set() if has_percentiles else {"loc", "scale"}}
    missing = sorted(needed.get(family, set() if family in FAMILIES else {"loc", "scale"}) - stated)
    if missing:
        raise LawError(f"unit: {unit} has no {' and '.join(missing)} to apply to", f"State {' and '.join(missing)} too")


class _Reader:
    """Turns plain data into a float or a law for one quantity."""

    def __init__(self, q: Quantity, base: Path | None) -> None:
        self.q, self.base, self.digest = q, base, ""

    def number(self, raw: Any, unit: str = "") -> float:
        """Return one number in the canonical unit; ``unit`` is that of bare numbers."""
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
            raise LawError(f"{raw!r} is not a number")
        amount = parse_amount(raw if isinstance(raw, str) else repr(_finite(raw)))
        return check_size(convert(Amount(amount.number, amount.unit or unit), self.q.unit, counts=self.q.counts))

    def plain(self, raw: Any, name: str) -> float:
        """Return one number without unit: a shape parameter, a weight."""
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            raise LawError(f"{name} = {raw!r} is not a finite number")
        try:
            return _finite(raw)
        except LawError as error:
            raise LawError(f"{name}: {error.what}") from None

    def read(self, raw: Any, unit: str = "") -> float | Law:
        if isinstance(raw, str):
            interval = parse_interval(raw)
            if interval is None:
                return self.number(raw, unit)
            ends = (Amount(end.number, end.unit or unit) for end in interval)
            low, high = (check_size(convert(end, self.q.unit, counts=self.q.counts)) for end in ends)
            return interval_law(low, high, self.q.domain, integer=self.q.integer)
        if isinstance(raw, Mapping):
            return self.family(dict(raw), unit)
        if isinstance(raw, Sequence):
            raise LawError("a list is not a value", "For equally likely values write {family: choice, values: [...]}")
        return self.number(raw, unit)

    def family(self, raw: dict[str, Any], unit: str) -> Law:
        truncate = raw.pop("truncate", None)
        unit = str(raw.pop("unit", unit))
        family = raw.pop("family", None)
        if family in ("choice", "empirical"):
            law: Law = self.discrete(raw, unit, str(family))
        elif family == "mixture":
            law = self.mixture(raw, unit)
        else:
            law = self.named(raw, unit, family)
        return law if truncate is None else self.truncated(law, truncate, unit)

    def named(self, raw: dict[str, Any], unit: str, family: Any) -> Law:
        percentiles = sorted((float(match[1]) / 100, self.number(raw[key], unit)) for key in raw if (match := _PERCENTILE.match(str(key))))
        rest = {str(key): value for key, value in raw.items() if not _PERCENTILE.match(str(key))}
        if family is None:
            if rest or len(percentiles) < 2:
                raise LawError(
                    "an uncertain value in braces needs a family, or at least two percentiles",
                    f"Families: {', '.join(FAMILIES)}, choice, empirical, mixture and the names of scipy.stats",
                )
            return self.by_domain(percentiles)
        name = str(family).replace("-", "_")
        values = FAMILIES[name].values if name in FAMILIES else ("loc", "scale")
        parameters = {key: self.number(v, unit) if key in values else self.plain(v, key) for key, v in rest.items()}
        if unit:
            _check_unit(name, unit, set(parameters), bool(percentiles))
        return make_law(name, parameters, percentiles, self.q.domain)

    def by_domain(self, percentiles: list[tuple[float, float]]) -> Law:
        """Return the family of the quantity's domain through two percentiles, a metalog through more."""
        domain = self.q.domain
        if len(percentiles) > 2:
            return make_law("metalog", {}, percentiles, domain)
        if math.isfinite(domain.lower) and math.isfinite(domain.upper):
            return make_law("logit_normal", {}, percentiles, domain)
        if math.isfinite(domain.lower):
            return make_law("lognormal", {"lower": domain.lower - (0.5 if self.q.integer else 0.0)}, percentiles, domain)
        return make_law("normal", {}, percentiles, domain)

    def discrete(self, raw: dict[str, Any], unit: str, family: str) -> Law:
        weight_name = "probabilities" if family == "choice" else "weights"
        allowed = {"values", weight_name} | ({"file", "column"} if family == "empirical" else set())
        foreign = sorted(set(raw) - allowed)
        if foreign:
            raise LawError(f"{', '.join(foreign)} does not belong to {family}", f"It takes {', '.join(sorted(allowed))}")
        if ("values" in raw) == ("file" in raw):
            raise LawError(f"{family} needs its values", "Give values: [...]" + (" or file: and column:" if family == "empirical" else ""))
        if "column" in raw and "file" not in raw:
            raise LawError("column is not read without file", "Remove it, or state file: in place of values:")
        if "file" in raw:
            if not isinstance(raw["file"], str):
                raise LawError(f"file: {raw['file']} is not the name of a file", "Put it in quotes if it is meant")
            values = self.column(raw["file"], raw.get("column"), unit)
        else:
            listed = raw["values"]
            if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
                raise LawError("values is not a list of numbers")
            values = [self.number(v, unit) for v in listed]
        weights = raw.get(weight_name)
        if weights is None:
            return DiscreteLaw(values)
        if not isinstance(weights, Sequence) or isinstance(weights, str) or len(weights) != len(values):
            raise LawError(f"{weight_name} is not a list of {len(values)} numbers, one for each value")
        numbers = [self.plain(w, weight_name) for w in weights]
        if min(numbers) < 0 or not 0 < sum(numbers) < math.inf:
            raise LawError(f"{weight_name} are non-negative and not all zero, and their sum is finite")
        if family == "choice" and abs(sum(numbers) - 1) > 1e-9:
            raise LawError(f"probabilities sum to {sum(numbers):g}; they sum to 1")
        return DiscreteLaw(values, numbers)

    def column(self, name: str, column: Any, unit: str) -> list[float]:
        try:
            table = read_table(named_file(name, self.base))
        except InputError as error:
            raise error if isinstance(error, LawError) else LawError(str(error)) from None
        if column is None and len(table.header) == 1:
            column = table.header[0]
        if column not in table.header:
            raise LawError(
                f"file {name} has no column {column!r}" if column else f"file {name} has several columns",
                f"Its columns are {listed(table.header)}",
            )
        cells = table.column(table.header.index(str(column)))
        self.digest = hashlib.sha256("\n".join(cells).encode()).hexdigest()
        values = []
        for line, cell in zip(table.lines, cells, strict=True):
            try:
                values.append(self.number(cell, unit))
            except LawError as error:
                raise LawError(f"file {name}, line {line}, column {column}: {error.what}") from None
        return values

    def mixture(self, raw: dict[str, Any], unit: str) -> Law:
        components = raw.pop("components", None)
        if raw or not isinstance(components, Sequence) or isinstance(components, str) or not components:
            raise LawError("a mixture takes components: [{weight: 0.7, value: 0.3 to 0.4}, {weight: 0.3, family: ...}]")
        laws, weights = [], []
        for item in components:
            if not isinstance(item, Mapping):
                raise LawError("each component of a mixture is a mapping with a weight")
            part = dict(item)
            weight = self.plain(part.pop("weight", None), "weight")
            if not weight > 0:
                raise LawError(f"weight = {weight:g} is infeasible; weights are positive")
            value = self.read(part["value"], unit) if set(part) == {"value"} else self.family(part, unit)
            laws.append(value if isinstance(value, Law) else DiscreteLaw([value]))
            weights.append(weight)
        discrete = [law for law in laws if isinstance(law, DiscreteLaw)]
        if len(discrete) == len(laws):
            shares = [weight / sum(weights) * law.probabilities for weight, law in zip(weights, discrete, strict=True)]
            return DiscreteLaw(np.concatenate([law.values for law in discrete]), np.concatenate(shares))
        return MixtureLaw(laws, weights)

    def truncated(self, law: Law, truncate: Any, unit: str) -> Law:
        if not isinstance(truncate, Sequence) or isinstance(truncate, str) or len(truncate) != 2:
            raise LawError("truncate is a pair [LOW, HIGH]; null leaves an end open")
        low = -math.inf if truncate[0] is None else self.number(truncate[0], unit)
        high = math.inf if truncate[1] is None else self.number(truncate[1], unit)
        if not low < high:
            raise LawError(f"truncate: [{low:g}, {high:g}] is infeasible; the low end lies below the high end")
        if isinstance(law, DiscreteLaw):
            kept = (law.values >= low) & (law.values <= high)
            if kept.any():
                return DiscreteLaw(law.values[kept], law.probabilities[kept])
        else:
            try:
                return TruncatedLaw(law, low, high)
            except ValueError:
                pass
        first, last = law.quantile(np.array([-3.0, 3.0]))
        raise LawError(f"truncate: [{low:g}, {high:g}] leaves no probability", f"99.7 % of it lies between {first:.4g} and {last:.4g}")
