"""Reference figures as CSV tables with unit, year, basis and source; typed access."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from simulator.errors import LawError


@dataclass(frozen=True)
class Reference:
    """One sourced figure.

    Attributes
    ----------
    value : str
        As a config would write it: a number or an uncertain value, with its unit.
    year : int
        Of the evidence.
    source : str
    """

    value: str
    year: int
    source: str


def _rows(table: str) -> list[dict[str, str]]:
    text = files("simulator.reference").joinpath(f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _reference(row: Mapping[str, str]) -> Reference:
    return Reference(f"{row['value']} {row['unit']}".strip(), int(row["year"]), row["source"])


@cache
def defaults() -> Mapping[str, Reference]:
    """Return the default prior of each quantity that has one."""
    return MappingProxyType({row["quantity"]: _reference(row) for row in _rows("defaults")})


@cache
def wholesale_defaults() -> Mapping[str, Reference]:
    """Return the default priors that hold where electricity is bought hour by hour, in place of :func:`defaults`."""
    return MappingProxyType({row["quantity"]: _reference(row) for row in _rows("defaults_wholesale")})


@cache
def accelerators() -> Mapping[str, Mapping[str, Reference]]:
    """Return accelerator -> quantity -> figure."""
    table: dict[str, dict[str, Reference]] = {}
    for row in _rows("accelerators"):
        table.setdefault(row["name"], {})[row["quantity"]] = _reference(row)
    return MappingProxyType({name: MappingProxyType(figures) for name, figures in table.items()})


def accelerator(name: str) -> Mapping[str, Reference]:
    """Return the figures of one accelerator.

    Raises
    ------
    LawError
        Naming the nearest known accelerators.

    Examples
    --------
    >>> accelerator("H100 SXM")["peak_flops"].value
    '989 TFLOP/s'
    """
    table = accelerators()
    if name not in table:
        near = get_close_matches(name, table, n=3, cutoff=0.4) or list(table)
        raise LawError(f"'{name}' is not a known accelerator", f"Did you mean {' or '.join(near)}? Or state peak_flops and tdp")
    return table[name]
