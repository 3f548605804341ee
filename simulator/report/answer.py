"""The question, and the answer in two sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

import xarray as xr

from simulator.analysis.chances import LIMITS, building_is_cheaper, limits_exceeded
from simulator.analysis.notes import FEW_STOPPED, percentage, stopped_share
from simulator.analysis.risk.contingency import Contingency
from simulator.analysis.risk.joint import all_held
from simulator.analysis.words import LIMIT_WORDS, scale
from simulator.quantities import QUANTITIES
from simulator.report.numbers import number, one_digit, share
from simulator.report.parts import Block, Number, Paragraph, Row, Section, Table, Text

LEVEL = 0.8


def answer(results: xr.Dataset, summary: xr.Dataset, reserves: dict[str, Contingency]) -> Section:
    """Return the section that begins a report.

    Parameters
    ----------
    results : xarray.Dataset
        Draws.
    summary : xarray.Dataset
        Their bands.
    reserves : dict of str to Contingency
        By limit, with the level 0.8.
    """
    name = str(results.attrs["scenario"])
    question = f"What will {name} cost and emit, how long will it take, and how sure is that?"
    blocks: list[Block] = [Paragraph((question,), "question"), Paragraph(_sentences(results, name, reserves), "lead")]
    if summary.stopped > FEW_STOPPED:
        told = f"{percentage(summary.stopped)} of the runs were stopped at max_wall_clock, their work undone: they count as they stood, "
        blocks.append(Paragraph((f"{told}so that finishing them costs and emits more.",), "warning"))
    rows = tuple(_limits(results))
    if rows:
        blocks.append(
            Table(
                "Limits of the scenario, and how likely each is exceeded",
                ("Limit", "stated", "unit", "exceeded"),
                rows,
                units=frozenset({1}),
            )
        )
    if len(rows) > 1:
        held = share(all_held(results, {limit: value for limit, (value, _) in limits_exceeded(results).items()}))
        blocks.append(Paragraph(("All of these limits hold together in ", *held, " of the draws.")))
    cheaper = building_is_cheaper(results)
    if cheaper is not None:
        blocks.append(Paragraph(("Building the model is cheaper than buying its use in ", *share(cheaper), " of the draws.")))
    return Section("answer", "The answer", tuple(blocks))


def _sentences(results: xr.Dataset, name: str, reserves: dict[str, Contingency]) -> Text:
    """Return what the P80 of cost, emissions and time say."""
    released = bool((results["programme_time"] != results["wall_clock"]).any())
    time = "is released no later than " if released else "takes no more than "
    later = " from now" if released else ""
    cost = _no_more(reserves["budget"], "cost_total")
    emissions, duration = _no_more(reserves["carbon_cap"], "emissions_total"), _no_more(reserves["deadline"], "programme_time")
    if stopped_share(results) > FEW_STOPPED:
        name = f"{name}, finished or stopped,"
    first: Text = (f"There is an 80 % chance that {name} costs no more than ", *cost, ".")
    if not math.isfinite(reserves["deadline"].at[LEVEL].value):
        unfinished = "; no time can be stated, since too few runs are finished."
        return (*first, " With the same chance it emits no more than ", *emissions, unfinished)
    return (*first, " With the same chance each, it emits no more than ", *emissions, f" and {time}", *duration, f"{later}.")


def _no_more(reserve: Contingency, output: str) -> Text:
    """Return a P80 with its unit and its error in brackets, or why there is none."""
    e = reserve.at[LEVEL]
    if math.isnan(e.value):
        return ("a value that these draws do not tell",)
    if math.isinf(e.value):
        return ("any bound: its P80 is infinite",)
    factor, unit = scale(reserve.unit, output, e.value)
    shown = Number(e.value, number(e.value, e.mcse, factor).text, strong=True)
    if math.isnan(e.mcse):
        return (shown, f" {unit} (Monte Carlo error not known)")
    return (shown, f" {unit} (± ", Number(e.mcse, one_digit(e.mcse / factor)), " Monte Carlo)")


def _limits(results: xr.Dataset) -> Iterator[Row]:
    for name, (limit, chance_of) in limits_exceeded(results).items():
        output = LIMITS[name]
        factor, unit = scale(QUANTITIES[output].unit, output, limit)
        yield Row(LIMIT_WORDS[name], ((number(limit, 0.0, factor),), (unit,), share(chance_of)))
