"""Numbers and chances in words: readable units, and no more digits than a Monte Carlo error allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.analysis.estimates import Estimate
from simulator.analysis.notes import percentage

#: canonical unit -> larger units with their size, largest first
_DISPLAY: dict[str, Sequence[tuple[float, str]]] = {
    "USD": ((1e9, "billion USD"), (1e6, "million USD"), (1e3, "thousand USD")),
    "kgCO2e": ((1e6, "kt CO2e"), (1e3, "t CO2e"), (1.0, "kg CO2e")),
    "kWh": ((1e6, "GWh"), (1e3, "MWh")),
    "L": ((1e6, "ML"), (1e3, "m³"), (1.0, "L")),
}
_DAYS = ((24.0, "days"),)
_TIMES = ((24.0, "days"), (1.0, "h"), (1.0 / 60.0, "min"), (1.0 / 3600.0, "s"))  # of inputs
_HOURS = ((1e6, "million h"), (1e3, "thousand h"))
LIMIT_WORDS = {"budget": "budget", "deadline": "deadline", "carbon_cap": "carbon cap"}


def error_in_words(error: float) -> str:
    """Return a Monte Carlo error by its first digit, never as a power of ten that is a plain number.

    Examples
    --------
    >>> error_in_words(31.4), error_in_words(0.0123)
    ('30', '0.01')
    """
    return f"{float(f'{error:.1g}'):g}"


def chance_in_words(c: Estimate) -> str:
    """Return a chance in per cent, with its Monte Carlo error where it has one."""
    return f"{percentage(c.value)} (± {error_in_words(100 * c.mcse)} %)" if math.isfinite(c.mcse) else percentage(c.value)


def band_in_words(band: tuple[float, float, float], unit: str, output: str = "") -> str:
    """Return P5, P50 and P95 in a readable unit."""
    low, middle, high = band
    factor, name = scale(unit, output, middle)
    return f"P50 {middle / factor:.3g} ({low / factor:.3g} to {high / factor:.3g}) {name}".rstrip()


def scale(unit: str, output: str, size: float) -> tuple[float, str]:
    """Return the size and name of a readable unit for values of an output as large as ``size``.

    Examples
    --------
    >>> scale("USD", "cost_total", 2.5e6)
    (1000000.0, 'million USD')
    """
    steps = _DAYS if output in ("wall_clock", "programme_time") else _HOURS if output == "device_hours" else _DISPLAY.get(unit, ())
    for factor, name in steps:
        if abs(size) >= factor:
            return factor, name
    return steps[-1] if steps and steps[-1][0] == 1.0 else (1.0, "" if unit == "1" else unit)


def input_scale(unit: str, name: str, size: float) -> tuple[float, str]:
    """Return the size and name of a readable unit for values of an input, whose times may be short.

    Examples
    --------
    >>> input_scale("h", "downtime", 100.0), input_scale("h", "checkpoint_time", 0.05)
    ((24.0, 'days'), (0.016666666666666666, 'min'))
    """
    factor, words = scale(unit, name, size)
    if unit == "h" and factor == 1.0:
        return next((f, w) for f, w in _TIMES if abs(size) >= 2.0 * f or f == _TIMES[-1][0])
    return factor, words


def rounded(value: float, error: float | None) -> str:
    """Return a number rounded to the first digit of its Monte Carlo error, at most four significant digits.

    Examples
    --------
    >>> rounded(31.2437, 0.08)
    '31.24'
    >>> rounded(31.2437, 0.4)
    '31.2'
    >>> rounded(0.0, None)
    '0'
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else "∞"
    if value == 0.0:
        return "0"
    digits = 3 - math.floor(math.log10(abs(value)))
    if error is not None and math.isfinite(error) and error > 0:
        digits = min(digits, -math.floor(math.log10(error)))
    return f"{round(value, digits):.{max(digits, 0)}f}"
