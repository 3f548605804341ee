"""``simulator report``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.options import Stated, holds_results, plan_options

if TYPE_CHECKING:
    import xarray as xr

    from simulator.plan import SamplingPlan

_TORNADO_DRAWS = 2048
_LEAST_EACH = 32  # Sobol' points of a replicate: a tornado's P90 asks for 29


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator report configs/quickstart.yaml -o report.html\n"
    "  simulator report configs/quickstart.yaml --set limits.budget=300k --lever fp8 -o report.html\n"
    "  simulator report run.nc -o report.pdf\n"
    "  simulator report configs/full-anatomy.yaml --quick --draws 20000 -o report.md\n"
)
@click.argument("config", metavar="CONFIG|FILE", type=click.Path())
@click.option("-o", "--output", type=click.Path(), required=True, help="Report to write: FILE.html, FILE.md or FILE.pdf.")
@click.option("--quick", is_flag=True, help="Simulate CONFIG once: no picture over the run, and rank correlations in place of the tornado.")
@plan_options
def command(config: str, output: str, quick: bool, stated: Stated) -> None:
    """Write a report of CONFIG, which is simulated, or of FILE, which `simulator run -o` saved: to attach, to print, to cite.

    It holds the answer, bands, pictures, risks, every assumption with its source, how exact the numbers are, a statement for a model card,
    and the scenario with the command that makes the same draws. HTML and PDF are one file that asks for nothing else; Markdown has its
    pictures in a folder beside it. Equal draws give equal reports, to the last byte on machines alike.
    """
    from simulator.errors import InputError
    from simulator.report import check_report, save_report

    check_report(output)
    fan = tornado = None
    if holds_results(config):
        if quick:
            raise InputError(f"--quick is of a CONFIG, and {config} holds draws that are made already. Leave it out")
        results = _draws(config)
    else:
        results, fan, tornado = _simulated(config, stated, quick=quick)
    save_report(results, output, fan=fan, tornado=tornado)
    click.echo(f"wrote {output}", err=True)


def _draws(file: str) -> xr.Dataset:
    """Return the draws of a file, or say what it can be made into instead."""
    from simulator.errors import InputError
    from simulator.plots.kinds import kinds_of
    from simulator.results import open_results

    results = open_results(file)
    several = "scenario" in results.dims
    if "draw" in results.dims and "cost_total" in results and not several:
        return results
    held = f"draws of several scenarios ({', '.join(map(str, results.scenario.values))})" if several else "no draws of a run"
    kinds = kinds_of(results)
    drawn = f". It can be drawn as {', '.join(kinds)}: simulator plot {file} KIND -o FILE.svg" if kinds else ""
    raise InputError(
        f"{file} holds {held}, and a report is of draws of one scenario. Name its CONFIG, with what differs (--lever fp8, --set mfu=0.4, "
        f"--set limits.budget=300k), or a file of simulator run CONFIG -o FILE.nc{drawn}"
    )


def _simulated(config: str, stated: Stated, *, quick: bool) -> tuple[xr.Dataset, xr.Dataset | None, xr.Dataset | None]:
    """Return draws, a fan where runs have histories, and a tornado."""
    from simulator.analysis.fans import fan_of
    from simulator.analysis.sensitivity.tornado import tornado
    from simulator.cli.progress import showing_progress
    from simulator.engine import simulate

    scenario, sampling = stated.load(config), stated.sampling()
    with showing_progress(stated.draws) as progress:
        results = simulate(scenario, sampling, progress=progress)
    if quick:
        return results, None, None
    fan, played = fan_of(scenario, sampling), _about(_TORNADO_DRAWS, sampling)
    with showing_progress(played) as progress:
        return results, fan, tornado(scenario, stated.sampling(draws=played), progress=progress)


def _about(draws: int, sampling: SamplingPlan) -> int:
    """Return about as many draws as a plan can have: of Sobol' points, a power of two in each replicate."""
    if sampling.plan != "sobol":
        return draws
    each = max(_LEAST_EACH, 1 << (max(1, draws // sampling.scramblings).bit_length() - 1))
    return each * sampling.scramblings
