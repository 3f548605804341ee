"""What a report says, computed from draws by the functions of :mod:`simulator.analysis`."""

from __future__ import annotations

import xarray as xr

from simulator.analysis.bands import summarize
from simulator.analysis.estimates import require_equal_weights
from simulator.analysis.notes import percentage, time_shares
from simulator.analysis.risk.contingency import contingencies
from simulator.analysis.sensitivity.rank_correlation import rank_correlations
from simulator.analysis.waterfall import waterfall
from simulator.errors import InputError
from simulator.plots.style import how_drawn
from simulator.report.answer import answer
from simulator.report.assumptions import assumptions
from simulator.report.band_table import band_table
from simulator.report.parts import Block, Content, Paragraph, Section
from simulator.report.pictures import computed, pictured
from simulator.report.risks import risks
from simulator.report.statement import statement
from simulator.report.trust import convergence, provenance

_NEEDED = ("cost_total", "emissions_total", "programme_time", "wall_clock", "energy_total")
_RANKED = 4096  # draws: correlations are known to 0.016 then, and sixty inputs take two seconds
_ACTIVITIES = {"lost": "lost with unsaved work", "waiting": "waiting for spare nodes"}


def content_of(results: xr.Dataset, *, fan: xr.Dataset | None = None, tornado: xr.Dataset | None = None) -> Content:
    """Return what a report says.

    Parameters
    ----------
    results : xarray.Dataset
        Draws of one scenario, as :func:`simulator.simulate` returns them or :func:`simulator.open_results` reads them.
    fan : xarray.Dataset, optional
        What :func:`simulator.analysis.fans.fan_with_draw` returns; without it there is no picture over the time of the run.
    tornado : xarray.Dataset, optional
        What :func:`simulator.tornado` returns; without it rank correlations of the draws tell what drives the cost.

    Raises
    ------
    InputError
        For bands in place of draws, draws of several scenarios, or draws with weights.
    """
    _check(results)
    summary = summarize(results)
    reserves = contingencies(results)
    sections = [
        answer(results, summary, reserves),
        Section("bands", "Bands", (band_table(summary), pictured("bands", "Cost and emissions by component", summary))),
        Section("chances", "How likely each amount is exceeded", tuple(_curves(results))),
        Section(
            "joint", "Cost, emissions and date together", (pictured("joint", "Cost, emissions and time to release by pairs", results),)
        ),
        Section("time", "The time of the run", tuple(_over_time(results, fan))),
        Section("drivers", "What drives the cost", tuple(_drivers(results, tornado))),
        risks(results, reserves),
        assumptions(results),
        convergence(summary),
        statement(results, summary),
        provenance(results),
    ]
    attrs = results.attrs
    return Content(str(attrs["scenario"]), str(attrs.get("description", "")), _about(results), tuple(s for s in sections if s.blocks))


def _check(results: xr.Dataset) -> None:
    if "scenario" in results.dims:
        held = ", ".join(map(str, results.scenario.values))
        raise InputError(
            f"a report is of one scenario, and these draws are of several ({held}). Save draws of one: simulator run CONFIG -o FILE.nc"
        )
    if "draw" not in results.dims or any(name not in results for name in _NEEDED):
        raise InputError(
            "a report reads draws, and this holds something else. Save draws with simulator run CONFIG -o FILE.nc, without --summary"
        )
    require_equal_weights(results)


def _about(results: xr.Dataset) -> str:
    named = how_drawn(results.attrs).removeprefix(f"{results.attrs['scenario']}, ")
    return f"{named}; training-risk-simulator {results.attrs['version']}"


def _curves(results: xr.Dataset) -> list[Block]:
    return [
        pictured("exceedance", "Chance that the cost exceeds an amount", results, output="cost_total"),
        pictured("exceedance", "Chance that the emissions exceed an amount", results, output="emissions_total"),
    ]


def _over_time(results: xr.Dataset, fan: xr.Dataset | None) -> list[Block]:
    """Return the picture over the run, and what its time goes to."""
    blocks: list[Block] = []
    if fan is not None:
        blocks.append(pictured("fan", "Cost, emissions, energy and progress over the run, and one draw with what interrupted it", fan))
    shares = [f"{percentage(share)} {_ACTIVITIES.get(name, name)}" for name, share in time_shares(results).items() if share]
    if shares:
        blocks.append(Paragraph((f"Of the time of the runs, on average, {', '.join(shares)}.",)))
    return blocks


def _ranked(results: xr.Dataset) -> xr.Dataset:
    """Return as many draws as rank correlations are taken of; points of a Sobol' sequence stay together."""
    if results.attrs.get("plan") == "sobol" or results.sizes["draw"] <= _RANKED:
        return results
    return results.isel(draw=slice(0, _RANKED)).assign_attrs(draws=_RANKED)


def _drivers(results: xr.Dataset, tornado: xr.Dataset | None) -> list[Block]:
    """Return what drives the cost."""
    if tornado is None:
        first = pictured("ranks", "How closely the cost goes with each input", computed(rank_correlations, _ranked(results)))
    else:
        first = pictured("tornado", "P90 of the cost with each input at its P10 and at its P90", tornado)
    return [first, pictured("waterfall", "From P50 of the cost to its P80, driver by driver", computed(waterfall, results))]
