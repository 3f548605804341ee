"""Real hourly history that a scenario replays."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError, InputError, LawError
from simulator.scenario.named_files import named_file
from simulator.series.read import read_hourly

Floats = NDArray[np.float64]
_HOURS_PER_WEEK, _HOURS_PER_YEAR = 168, 8766
_OPTIONS = ("file", "time_column", "value_column", "timezone", "unit", "where")


@dataclass(frozen=True)
class History:
    """One quantity's history, as a scenario names it.

    Attributes
    ----------
    spec : str or mapping
        As written: a file, or a file with the options of the reader.
    first : int
        Hour of the first value, counted from 1970-01-01T00:00Z.
    values : ndarray
        One for each hour; [currency/kWh] or [kgCO2e/kWh].
    currency : str
        Of a price.
    digest : str
        Of the hours and values that were read.
    repairs : tuple of str
        What was mended on reading.
    """

    spec: Any
    first: int
    values: Floats = field(compare=False)  # the digest stands for them
    currency: str
    digest: str
    repairs: tuple[str, ...]

    @property
    def source(self) -> str:
        """Name of the file."""
        return str(self.spec["file"] if isinstance(self.spec, Mapping) else self.spec)


@dataclass(frozen=True, eq=False)
class Past:
    """The hours that a scenario replays; price and carbon intensity of the same hours where both are.

    Attributes
    ----------
    first : int
        Hour of the first value, counted from 1970-01-01T00:00Z.
    price, carbon : ndarray or None
        [currency/kWh] and [kgCO2e/kWh], as many values as the other.
    """

    first: int
    price: Floats | None
    carbon: Floats | None

    @property
    def size(self) -> int:
        """Number of hours."""
        return next(hours.size for hours in (self.price, self.carbon) if hours is not None)

    def shift(self, low: float, high: float) -> int | None:
        """Return by how many hours dates from ``low`` to ``high`` lie after those that are replayed for them.

        0 where the history holds them all; else whole weeks, about whole years, so that season and weekday are the same; None
        where the history does not hold that season.
        """
        years = math.floor((low - self.first) / _HOURS_PER_YEAR)
        for count in (0, years, years - 1, years + 1):
            shift = _HOURS_PER_WEEK * round(count * _HOURS_PER_YEAR / _HOURS_PER_WEEK)
            if self.first <= low - shift and high - shift < self.first + self.size:
                return shift
        return None


def load_history(raw: Any, quantity: Literal["price", "carbon"], *, base: Path | None = None) -> History:
    """Read a history from a CSV file.

    Raises
    ------
    LawError
        What is wrong with the file; long gaps are, since every hour may be run in.
    """
    options = dict(raw) if isinstance(raw, Mapping) else {"file": raw}
    foreign = sorted(set(options) - set(_OPTIONS))
    where = options.get("where", {})
    texts = all(isinstance(value, str) for key, value in options.items() if key != "where")
    pairs = isinstance(where, Mapping) and all(isinstance(value, str) for value in where.values())
    if foreign or not texts or not pairs or "file" not in options:
        raise LawError(
            f"{raw!r} is not a history", f"Write a file name, or a mapping of texts: {', '.join(_OPTIONS)}; where is a mapping itself"
        )
    path = named_file(options.pop("file"), base)
    try:
        series = read_hourly(path, quantity=quantity, **options)
    except ConfigError as error:
        raise LawError("; ".join(str(problem) for problem in error.problems)) from None
    except InputError as error:
        raise LawError(str(error)) from None
    holes = np.flatnonzero(np.diff(series.hours) != 1)
    if holes.size:
        longest = int(np.diff(series.hours).max()) - 1
        raise LawError(
            f"{path.name} has {holes.size} gaps of up to {longest} h that are too long to fill: a run may fall into them",
            "Replay a stretch without them, or fit a zone with simulator fit",
        )
    currency = series.unit[:3] if quantity == "price" else ""
    digest = hashlib.sha256(f"{series.hours[0]} {series.unit}".encode() + series.values.tobytes()).hexdigest()
    return History(raw, int(series.hours[0]), series.values * 1e-3, currency, digest, series.repairs)


def join(price: History | None, carbon: History | None) -> Past | None:
    """Return the hours that are replayed: those that both histories hold.

    Raises
    ------
    LawError
        Where they share less than a week.
    """
    if price is None or carbon is None:
        only = price or carbon
        if only is None:
            return None
        return Past(only.first, price.values if price else None, carbon.values if carbon else None)
    first = max(price.first, carbon.first)
    last = min(price.first + price.values.size, carbon.first + carbon.values.size)
    if last - first < 168:
        raise LawError(f"{price.source} and {carbon.source} share {max(last - first, 0)} hours", "Replay histories of the same period")
    return Past(first, price.values[first - price.first : last - price.first], carbon.values[first - carbon.first : last - carbon.first])
