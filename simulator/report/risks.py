"""Risks: what percentiles ask for over P50, and what the events of the register do."""

from __future__ import annotations

import math

import xarray as xr

from simulator.analysis.chances import LIMITS
from simulator.analysis.estimates import Estimate
from simulator.analysis.risk.contingency import Contingency
from simulator.analysis.risk.register import EventEffect, event_effects
from simulator.analysis.words import scale
from simulator.plots.style import named
from simulator.report.numbers import estimate, share
from simulator.report.parts import Block, Paragraph, Row, Section, Table, Text

_ORDER = ("budget", "carbon_cap", "deadline")


def risks(results: xr.Dataset, reserves: dict[str, Contingency]) -> Section:
    """Return the section on contingency and the risk register.

    Parameters
    ----------
    results : xarray.Dataset
        Draws.
    reserves : dict of str to Contingency
        By limit.
    """
    scales = {name: scale(reserves[name].unit, LIMITS[name], reserves[name].p50.value) for name in _ORDER}
    heads = tuple(f"{named(LIMITS[name])} [{scales[name][1]}]" for name in _ORDER)
    told = {name: _statistics(reserves[name]) for name in _ORDER}
    rows = [Row(label, tuple(estimate(told[name][label], scales[name][0]) for name in _ORDER)) for label in told["budget"]]
    caption = "Contingency over P50, ± one Monte Carlo standard error"
    blocks: list[Block] = [Table(caption, ("Statistic", *heads), tuple(rows))]
    register = event_effects(results)
    if register:
        blocks.append(_register(register))
        note = "Effects are means of draws in which an event happens less those of the others; negative ones within their error are chance."
        blocks.append(Paragraph((note,), "note"))
    else:
        blocks.append(Paragraph(("The scenario states no events: its risk register is empty.",), "note"))
    return Section("risks", "Risks and contingency", tuple(blocks))


def _statistics(one: Contingency) -> dict[str, Estimate]:
    """Return P50, and of each level the percentile and what it asks for beyond."""
    found = {"P50": one.p50}
    for level in one.at:
        found |= {f"P{100 * level:g}": one.at[level], f"contingency, P{100 * level:g} less P50": one.over[level]}
    return found


def _register(register: list[EventEffect]) -> Table:
    """Return the table of events."""
    largest = max((abs(e.cost.value) for e in register if math.isfinite(e.cost.value)), default=0.0)
    factor, unit = scale("USD", "cost_total", largest)
    rows = []
    for event in register:
        cells: tuple[Text, ...] = (
            (event.stated,), share(event.chance), estimate(event.added, factor), estimate(event.cost, factor),
            estimate(event.delay, 24.0),
        )  # fmt: skip
        rows.append(Row(event.name, cells, detail=event.source))
    heads = (
        "Event",
        "as stated",
        "happens in",
        f"adds to the mean [{unit}]",
        f"cost where it happens [{unit}]",
        "delay where it happens [days]",
    )
    return Table("Risk register: how likely each event is, and what it does", heads, tuple(rows), frozenset({0}))
