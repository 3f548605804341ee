"""Amounts of money as a user writes them, in a currency other than USD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.errors import LawError
from simulator.units import convert, parse_amount, parse_interval

FOREIGN = ("EUR", "GBP")


def renamed(raw: Any, old: str, new: str) -> Any:
    """Return what was written with one currency for another.

    Examples
    --------
    >>> renamed({"p5": "90 EUR/MWh", "p95": 120}, "EUR", "USD")
    {'p5': '90 USD/MWh', 'p95': 120}
    """
    if isinstance(raw, Mapping):
        return {key: renamed(value, old, new) for key, value in raw.items()}
    if isinstance(raw, list):
        return [renamed(value, old, new) for value in raw]
    return raw.replace(old, new) if isinstance(raw, str) else raw


def currency_in(raw: Any) -> str | None:
    """Return the foreign currency that an amount is written in, if any.

    Examples
    --------
    >>> currency_in("90 to 120 EUR/MWh")
    'EUR'
    """
    return next((currency for currency in FOREIGN if renamed(raw, currency, "") != raw), None)


def one_currency(raw: Any) -> None:
    """Refuse an amount that names two currencies.

    Raises
    ------
    LawError
    """
    named = [currency for currency in ("USD", *FOREIGN) if renamed(raw, currency, "") != raw]
    if len(named) > 1:
        raise LawError(f"{' and '.join(named)} stand in one amount", "State it in one currency")


def in_usd(text: str, currency: str, rate: float) -> str:
    """Return an amount per energy, or an interval of two, in USD/kWh.

    Parameters
    ----------
    text : str
    currency : str
    rate : float
        USD per unit of it.

    Examples
    --------
    >>> in_usd("80 to 160 EUR/MWh", "EUR", 1.25)
    '0.1 to 0.2 USD/kWh'
    """
    dollars = renamed(text, currency, "USD")
    ends = parse_interval(dollars) or (parse_amount(dollars),)
    return " to ".join(repr(rate * convert(end, "USD/kWh")) for end in ends) + " USD/kWh"
