"""Hourly exports of Electricity Maps and ENTSO-E: the mean of a year and how much it differs with the season."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simulator.errors import InputError
from simulator.importing.imported import Floats, Imported, Panel, Prior
from simulator.importing.means import plain, written
from simulator.importing.moments import told_period
from simulator.importing.options import Options
from simulator.series.grid import YEAR_SEEN
from simulator.series.read import HourlySeries, read_hourly
from simulator.series.units import Quantity, value_flag

_WINDOW = 30 * 24.0  # hours of a run, where none is stated
_WHOLE = 0.9  # share of its hours that a window has
_TAIL = 0.05


def import_electricitymaps(paths: Sequence[Path], options: Options) -> Imported:
    """Read hourly carbon intensities, as Electricity Maps exports them.

    Parameters
    ----------
    paths : sequence of Path
        One file; the layout is told by :func:`simulator.series.read.read_hourly`.
    options : Options
        ``window`` is the length of the run [h]; ``column``, ``unit``, ``timezone`` and ``where`` as of the reader.

    References
    ----------
    https://portal.electricitymaps.com/datasets: "Datetime (UTC)", "Zone id", "Carbon intensity gCO₂eq/kWh (Life cycle)".
    """
    return _imported("electricitymaps", "carbon", paths, options)


def import_entsoe(paths: Sequence[Path], options: Options) -> Imported:
    """Read day-ahead prices, as the transparency platform of ENTSO-E exports them.

    Parameters
    ----------
    paths : sequence of Path
        One file.
    options : Options

    References
    ----------
    https://transparency.entsoe.eu, Energy Prices (12.1.D): "MTU (CET/CEST)", "Area", "Sequence", "Day-ahead Price (EUR/MWh)"; its file
    library, of all areas, tab separated: "DateTime(UTC)", "AreaCode", "MapCode", "Price[Currency/MWh]", "Currency", "UpdateTime(UTC)".
    """
    return _imported("entsoe", "price", paths, options)


def _imported(kind: str, quantity: Quantity, paths: Sequence[Path], options: Options) -> Imported:
    if len(paths) > 1:
        raise InputError(f"{kind} takes one file; {len(paths)} are named. Join them, header once, in the order of time")
    try:
        series = read_hourly(
            paths[0],
            quantity=quantity,
            time_column=options.time_column,
            value_column=options.column,
            timezone=options.timezone,
            unit=options.unit,
            where=options.where or None,
        )
    except InputError as error:  # the reader knows the options of simulator fit
        raise InputError(str(error).replace(value_flag(quantity), "--column")) from None
    name = "carbon_intensity" if quantity == "carbon" else "electricity_price"
    window = _WINDOW if options.window is None else options.window
    means = window_means(series, window)
    if means.size < 2 * window:
        days = series.hours.size / 24
        raise InputError(
            f"{series.source} has {days:.0f} days, too few to tell how means of {window / 24:g} days differ; state a shorter --window"
        )
    low, high = (float(x) for x in np.quantile(means, [_TAIL, 1.0 - _TAIL]))
    whole = float(np.mean(series.values))
    if quantity == "carbon" and not low > 0.0:
        raise InputError(
            f"{series.source}: a twentieth of the windows have an intensity of nought, of which no prior is made; replay the hours"
        )
    period = told_period(np.multiply(series.hours, 3600.0, dtype=np.float64))
    told = (
        f"{series.source}, {series.column}: {series.values.size} hours, {period} UTC; "
        f"mean {plain(whole)} {series.unit}, standard deviation of the hours {plain(float(np.std(series.values)))}",
        f"the interval holds 90 % of the means over {window / 24:g} days: a run at an unknown time of the year",
        f"by month: {_by_month(series)}",
        *(("less than a year: seasons are missing",) if series.hours[-1] - series.hours[0] < YEAR_SEEN else ()),
        f"hour by hour instead: simulator fit, or grid.{quantity}_history; {_other(quantity)}",
    )
    prior = Prior(name, written(low, high, series.unit), told)
    days = (series.hours - series.hours[0]) / 24.0
    panel = Panel(f"hourly {name}", series.unit, "days since the first hour", days, series.values, low, whole, high)
    starts = np.arange(means.size) / 24.0
    moving = Panel(
        f"means over {window / 24:g} days", series.unit, "first day", starts, means, low, float(np.median(means)), high, steps=True
    )
    left_out = {
        "carbon_year_shift"
        if quantity == "carbon"
        else "price_year_shift": "one year tells nothing of what others bring; the default stands",
        "totals so far": "the file tells of the grid, not of a run",
    }
    return Imported(kind, (series.source,), (prior,), None, left_out, series.repairs, (panel, moving))


def _other(quantity: Quantity) -> str:
    if quantity == "carbon":
        return "a scenario with grid.zone or carbon_history does not read it"
    return "read where compute.basis is own; a day-ahead price holds no grid fee (energy.grid_fee)"


def window_means(series: HourlySeries, window: float) -> Floats:
    """Return the means over all windows of a length that have nine tenths of their hours.

    Parameters
    ----------
    series : HourlySeries
    window : float
        [h]

    Returns
    -------
    ndarray
        One for each first hour [unit of the series].
    """
    width = max(round(window), 1)
    place = series.hours - series.hours[0]
    total, count = np.zeros(int(place[-1]) + 2), np.zeros(int(place[-1]) + 2)
    total[place + 1], count[place + 1] = series.values, 1.0
    total, count = np.cumsum(total), np.cumsum(count)
    sums, hours = total[width:] - total[:-width], count[width:] - count[:-width]
    whole = hours >= _WHOLE * width
    means: Floats = sums[whole] / hours[whole]
    return means


def _by_month(series: HourlySeries) -> str:
    months = (series.hours.astype("datetime64[h]").astype("datetime64[M]").astype(int) % 12) + 1
    return ", ".join(f"{month_abbr[month]} {plain(float(series.values[months == month].mean()))}" for month in np.unique(months))
