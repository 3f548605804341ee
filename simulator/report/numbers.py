"""Numbers of a report: readable units, and no more digits than their Monte Carlo errors allow."""

from __future__ import annotations

import math
import re

import numpy as np

from simulator.analysis.estimates import Estimate
from simulator.analysis.notes import percentage
from simulator.analysis.words import input_scale, rounded
from simulator.report.parts import Number, Text
from simulator.scenario.dates import date_of

_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def one_digit(x: float) -> str:
    """Return a number by its first digit, never as a power of ten.

    Examples
    --------
    >>> one_digit(0.0000312), one_digit(0.0)
    ('0.00003', '0')
    """
    return np.format_float_positional(float(f"{x:.1g}"), trim="-")


def number(value: float, error: float = math.nan, factor: float = 1.0) -> Number:
    """Return a number with as many digits as its error allows, four at most.

    Examples
    --------
    >>> number(342_512.0, 480.0, 1e3).text, number(12.0, 80.0).text, number(math.inf).text, number(math.nan).text
    ('342.5', '10', '∞', 'not known')
    """
    if not math.isfinite(value):
        return Number(value, "not known" if math.isnan(value) else "∞" if value > 0.0 else "-∞")
    if math.isfinite(error) and error > abs(value) > 0.0:  # no digit is certain
        return Number(value, one_digit(value / factor))
    text = rounded(value / factor, float(f"{error / factor:.1g}"))
    if error == 0.0 and "." in text:
        text = text.rstrip("0").rstrip(".")
    return Number(value, text)


def estimate(e: Estimate, factor: float = 1.0) -> Text:
    """Return a number with its Monte Carlo error, where it has one.

    Examples
    --------
    >>> [part if isinstance(part, str) else part.text for part in estimate(Estimate(342_512.0, 480.0), 1e3)]
    ['342.5', ' ± ', '0.5']
    """
    shown = number(e.value, e.mcse, factor)
    if not math.isfinite(e.value):
        return (shown,)
    if not math.isfinite(e.mcse):
        return (shown, " ± ", "?")
    if e.mcse == 0.0:  # an atom
        return (shown,)
    return (shown, " ± ", Number(e.mcse, one_digit(e.mcse / factor)))


def share(e: Estimate) -> Text:
    """Return a chance in per cent with its Monte Carlo error, in percentage points."""
    if math.isnan(e.value):
        return (Number(e.value, "not known"),)
    shown = Number(e.value, percentage(e.value))
    return (shown,) if math.isnan(e.mcse) else (shown, " ± ", Number(e.mcse, f"{one_digit(100.0 * e.mcse)} %"))


def whole(count: int) -> Number:
    """Return a count with its thousands apart.

    Examples
    --------
    >>> whole(100000).text
    '100 000'
    """
    return Number(float(count), f"{count:,}".replace(",", " "))


def input_numbers(name: str, unit: str, drawn: tuple[Estimate, ...]) -> tuple[tuple[Text, ...], str]:
    """Return percentiles of an input in one readable unit, and this unit.

    Examples
    --------
    >>> cells, unit = input_numbers("downtime", "h", (Estimate(0.36, 1e-3), Estimate(0.9, 1e-3), Estimate(2.67, 1e-2)))
    >>> [cell[0].text for cell in cells], unit
    (['0.36', '0.9', '2.67'], 'h')
    """
    if name == "start_time":
        return tuple((Number(e.value, date_of(e.value)[:10]),) for e in drawn), "date"
    size = max((abs(e.value) for e in drawn if math.isfinite(e.value)), default=0.0)
    factor, words = input_scale(unit, name.partition("[")[0], size)
    if factor == 1.0 and size >= _LARGE[-1][0]:
        factor, large = next(step for step in _LARGE if size >= step[0])
        words = f"{large} {words}".rstrip()
    return tuple((_trimmed(number(e.value, e.mcse, factor)),) for e in drawn), words


def stated(text: str) -> str:
    """Return what a scenario states, a plain large number in words.

    Examples
    --------
    >>> stated("7000000000.0"), stated("0.30 to 0.45"), stated("256"), stated("43830 h")
    ('7 billion', '0.30 to 0.45', '256', '43830 h')
    """
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        return text
    value = float(text)
    factor, words = next((step for step in _LARGE if value >= step[0]), (1.0, ""))
    return f"{value / factor:.10g} {words}".rstrip()


def _trimmed(shown: Number) -> Number:
    """Return a number without noughts that tell nothing: 0.9 of 0.9000."""
    text = shown.text.rstrip("0").rstrip(".") if "." in shown.text else shown.text
    return Number(shown.value, text)
