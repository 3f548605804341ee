"""How exact the numbers are, and how to make them again."""

from __future__ import annotations

import json
import math

import xarray as xr

from simulator.analysis.convergence import WANTED, Exactness, exactness
from simulator.analysis.percentile_errors import ONE_SCRAMBLING
from simulator.analysis.words import scale
from simulator.plots.style import named
from simulator.quantities import QUANTITIES
from simulator.report.numbers import estimate, whole
from simulator.report.parts import Block, Code, Number, Paragraph, Row, Section, Table, Text

_OUTPUTS = ("cost_total", "emissions_total", "programme_time")
FILE = "scenario.yaml"


def convergence(summary: xr.Dataset) -> Section:
    """Return the section on Monte Carlo errors, and on the draws that one per cent takes.

    Parameters
    ----------
    summary : xarray.Dataset
        What :func:`simulator.summarize` returns.
    """
    found = exactness(summary, _OUTPUTS)
    scales = {name: _scale(summary, name) for name in _OUTPUTS}
    known = [e.half_width for e in found if math.isfinite(e.half_width)]
    sobol = summary.attrs["plan"] == "sobol"
    kind = f" Sobol' points in {summary.attrs['replicates']} replicates" if sobol else " random draws"
    told: list[str | Number] = ["The numbers of this report rest on ", whole(int(summary.attrs["draws"])), f"{kind}. "]
    if known:
        widest = max(known)
        told += [
            "The 95 % intervals of the statistics below are no wider than ± ",
            Number(widest, f"{100.0 * widest:.2g} %"),
            " of their values: ",
        ]
        told.append("they are known to one per cent." if widest <= WANTED else "not all of them are known to one per cent yet.")
    elif sobol and int(summary.attrs["replicates"]) == 1:
        told.append(f"{ONE_SCRAMBLING[0].upper()}{ONE_SCRAMBLING[1:]}.")
    else:
        told.append("They are too few for an error of any statistic below.")
    rate = " Sobol' points converge faster, so that the draws needed are an upper bound." if sobol else ""
    about = f"This is the error of the simulation alone. How far the model itself may be off, no number of draws tells.{rate}"
    heads = ("Statistic", "value ± Monte Carlo error", "unit", "half width of the 95 % interval", "draws for 1 %")
    table = Table("How exactly each statistic is known", heads, tuple(_row(e, scales[e.output]) for e in found), units=frozenset({1}))
    return Section("convergence", "How exact the numbers are", (Paragraph(tuple(told)), table, Paragraph((about,), "note")))


def _scale(summary: xr.Dataset, output: str) -> tuple[float, str]:
    """Return the readable unit of an output, by its P50."""
    middle = summary.value.sel(output=output, quantile=0.5).item()
    return scale(QUANTITIES[output].unit, output, middle if math.isfinite(middle) else 0.0)


def _row(e: Exactness, units: tuple[float, str]) -> Row:
    factor, unit = units
    width: Text = ("–",) if math.isnan(e.half_width) else (Number(e.half_width, f"{100.0 * e.half_width:.2g} %"),)
    needed: Text = ("–",) if math.isnan(e.half_width) else (whole(e.draws),)
    shown: Text = ("–",) if math.isnan(e.found.value) else estimate(e.found, factor)
    return Row(f"{named(e.output)}, {e.statistic}", (shown, (unit,), width, needed))


def provenance(results: xr.Dataset) -> Section:
    """Return the section that says what was computed from what, with the command that makes the same draws."""
    a = results.attrs
    plan = "random draws" if a["plan"] == "random" else f"scrambled Sobol' points, {a['replicates']} replicates"
    versions = ", ".join(f"{name} {number}" for name, number in json.loads(a["versions"]).items())
    rows = [
        Row("scenario", ((str(a["scenario"]),),)),
        Row("scenario hash (SHA-256)", ((str(a["scenario_hash"]),),)),
        Row("draws", ((whole(int(a["draws"])),),)),
        Row("plan", ((plan,),)),
        Row("seed", ((str(a["seed"]),),)),
        Row("device", ((str(a.get("device", "cpu")),),)),
        Row("simulator", ((f"training-risk-simulator {a['version']}",),)),
        Row("made with", ((versions,),)),
    ]
    blocks: list[Block] = [Table("What made these numbers", ("What", "value"), tuple(rows), frozenset({0}))]
    told = f"Save the scenario below as {FILE}; this line then makes the same draws, to the last bit on machines alike:"
    blocks += [Paragraph((told,)), Code("Command that makes the same draws", command(results), "sh")]
    if files := _files(results):
        blocks.append(Paragraph((f"The scenario reads files, which belong beside it: {', '.join(files)}.",), "note"))
    blocks.append(Code(f"Scenario ({FILE})", str(a["config"]).rstrip("\n"), "yaml"))
    return Section("provenance", "Provenance, and how to make it again", tuple(blocks))


def command(results: xr.Dataset) -> str:
    """Return the command that makes the draws of a result from its scenario.

    Examples
    --------
    >>> command(xr.Dataset(attrs={"draws": 4096, "seed": 7, "plan": "sobol", "replicates": 16}))
    'simulator run scenario.yaml --draws 4096 --seed 7 --plan sobol --replicates 16 -o run.nc'
    """
    a = results.attrs
    words = [f"simulator run {FILE} --draws {a['draws']} --seed {a['seed']}"]
    if a["plan"] == "sobol":
        words.append(f"--plan sobol --replicates {a['replicates']}")
    if "device" in a:
        words.append(f"--device {a['device']}")
    return " ".join([*words, "-o run.nc"])


def _files(results: xr.Dataset) -> list[str]:
    """Return the files of histories that a scenario replays."""
    grid = json.loads(results.attrs.get("grid", "{}"))
    return [str(grid[name]["file"]) for name in ("price_history", "carbon_history") if name in grid]
