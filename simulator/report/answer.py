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
    if stopped_share(results) > FEW_STOPPED:
        name = f"{name}, finished or stopped,"
    cost = reserves["budget"]
    told: list[str | Number] = []
    if math.isfinite(cost.at[LEVEL].value):
        told += [f"There is an 80 % chance that {name} costs no more than ", *_amount(cost, "cost_total"), "."]
    else:
        told.append(f"No cost can be stated that {name} keeps with an 80 % chance: {_why(cost)}.")
    more = {
        "carbon_cap": ("emits no more than ", "emissions_total", "", "emissions"),
        "deadline": ("is released no later than ", "programme_time", " from now", "time")
        if released
        else ("takes no more than ", "programme_time", "", "time"),
    }
    known = [limit for limit in more if math.isfinite(reserves[limit].at[LEVEL].value)]
    for place, limit in enumerate(known):
        words, output, after, _ = more[limit]
        begin = " and " if place else f" With an 80 % chance{' each' if len(known) > 1 else ''}, it "
        told += [f"{begin}{words}", *_amount(reserves[limit], output), after]
    told.append("." if known else "")
    told += [f" No {more[limit][3]} can be stated: {_why(reserves[limit])}." for limit in more if limit not in known]
    return tuple(told)


def _why(reserve: Contingency) -> str:
    """Return why there is no P80."""
    return "its P80 is infinite, or never" if math.isinf(reserve.at[LEVEL].value) else "the draws are too few, or not all known"


def _amount(reserve: Contingency, output: str) -> Text:
    """Return a P80 with its unit, and its error in brackets."""
    e = reserve.at[LEVEL]
    factor, unit = scale(reserve.unit, output, e.value)
    shown = Number(e.value, number(e.value, e.mcse, factor).text, strong=True)
    if math.isnan(e.mcse):
        return (shown, f" {unit} (Monte Carlo error not known)")
    if e.mcse == 0.0:  # the same in every draw, or in those about the percentile
        return (shown, f" {unit}")
    return (shown, f" {unit} (± ", Number(e.mcse, one_digit(e.mcse / factor)), " Monte Carlo)")


def _limits(results: xr.Dataset) -> Iterator[Row]:
    for name, (limit, chance_of) in limits_exceeded(results).items():
        output = LIMITS[name]
        factor, unit = scale(QUANTITIES[output].unit, output, limit)
        yield Row(LIMIT_WORDS[name], ((number(limit, 0.0, factor),), (unit,), share(chance_of)))
