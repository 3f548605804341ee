"""``simulator risk``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import Stated, holds_results, plan_options

if TYPE_CHECKING:
    import xarray as xr

_OPTIONS = {"budget": "--budget", "deadline": "--deadline", "carbon_cap": "--carbon"}


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator risk configs/quickstart.yaml --budget 300k --deadline '2 weeks' --carbon 40t\n"
    "  simulator risk configs/quickstart.yaml --budget 300k --deadline 2027-01-15 --now 2027-01-01\n"
    "  simulator risk run.nc --budget 30M --levels 0.7,0.8,0.95 --json\n"
    "  simulator risk bands.nc --budget 300k\n"
)
@click.argument("config", metavar="CONFIG|FILE", type=click.Path())
@click.option("--budget", metavar="AMOUNT", help="Of the total cost: 30M, '450k USD'  [default: the scenario's]")
@click.option("--deadline", metavar="DATE|TIME", help="Of the release: 2027-06-01, '200 days' from now  [default: the scenario's]")
@click.option("--carbon", "carbon_cap", metavar="AMOUNT", help="Of the total emissions: 5000t  [default: the scenario's]")
@click.option("--now", metavar="DATE", help="Date from which time counts  [default: start_time less preparation_time; else today]")
@click.option("--levels", default="0.8,0.9,0.95", show_default=True, help="Of value at risk, CVaR and contingency.")
@click.option("--joint", "joint_confidence", type=float, default=0.7, show_default=True, help="Confidence of budget and date together.")
@plan_options
@click.option("-o", "--output", type=click.Path(), help="Save it all, the exceedance curves too, to FILE.nc or DIR.zarr.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(
    config: str,
    budget: str | None,
    deadline: str | None,
    carbon_cap: str | None,
    now: str | None,
    levels: str,
    joint_confidence: float,
    stated: Stated,
    output: str | None,
    as_json: bool,
) -> None:
    """Tell how likely budget, deadline and carbon cap are exceeded, by how much, and what contingency that asks for.

    CONFIG is simulated; FILE holds the draws that `simulator run -o` saved, or with --summary their bands, which tell of limits together
    only what they counted of the scenario's own. Limits that are not stated are those of the scenario.
    """
    from simulator.analysis.order_statistics import require_open_unit
    from simulator.errors import InputError
    from simulator.results import check_target, open_draws, save_results
    from simulator.scenario import resolve

    wanted = _levels(levels)
    for level in wanted:
        require_open_unit("--levels", level)
    if len(set(wanted)) < len(wanted):
        raise InputError(f"--levels {levels}: a level stands there twice; state each once")
    require_open_unit("--joint", joint_confidence)
    asked = {"budget": budget, "deadline": deadline, "carbon_cap": carbon_cap}
    if output is not None:
        check_target(output)
    if holds_results(config):
        results = open_draws(config, counted=True)
        known = _dates_of(results)
        now = _today(deadline, known, now)
        limits = _limits(asked, json.loads(results.attrs.get("limits", "{}")), known, now)

        from simulator.analysis.risk.point_estimate import point_of_results

        point, why = point_of_results(results, base=Path(config).parent)
    else:
        scenario = stated.load(config)
        known = {name: item.value.constant for name, item in resolve(scenario).inputs.items() if name in ("start_time", "preparation_time")}
        now = _today(deadline, known, now)
        limits = _limits(asked, scenario.limits.model_dump(exclude_none=True), known, now)
        sampling = stated.sampling()

        from simulator.analysis.risk.point_estimate import MEANING, point_estimate
        from simulator.cli.progress import showing_progress
        from simulator.engine import simulate

        with showing_progress(stated.draws) as progress:
            results = simulate(scenario, sampling, progress=progress)
        point, why = point_estimate(scenario, seed=stated.seed, first=stated.draws), MEANING

    from simulator.analysis.risk.risk import budget_risk, risk_json
    from simulator.cli.show.risk import show_risk

    risk = budget_risk(results, limits, levels=wanted, joint_confidence=joint_confidence, point=point)
    risk.attrs.update({"point_estimate": why} | ({} if now is None else {"now": now}))
    if output is not None:
        save_results(risk, output)
        click.echo(f"saved to {output}", err=True)
    if as_json:
        click.echo(json.dumps(risk_json(risk), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        show_risk(risk)


def _today(deadline: str | None, known: Mapping[str, float | None], now: str | None) -> str | None:
    """Return the date from which one that is a deadline counts: where neither option nor scenario know it, today, and say so."""
    from datetime import UTC, datetime

    from simulator.scenario.dates import is_date

    if now is not None or not is_date(deadline) or "start_time" in known:
        return now
    today = datetime.now(UTC).date().isoformat()
    click.echo(f"note: the deadline counts from today, {today}: the scenario states no start_time. --now {today} keeps it so", err=True)
    return today


def _levels(text: str) -> tuple[float, ...]:
    """Return the levels of a list with commas."""
    from simulator.errors import InputError

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--levels {text} is not a list of levels; write for example 0.8,0.9,0.95") from None


def _limits(
    stated: Mapping[str, str | None], own: Mapping[str, float], known: Mapping[str, float | None], now: str | None
) -> dict[str, float]:
    """Return the limits that the options state, or else the scenario, in canonical units."""
    from simulator.analysis.risk.deadlines import deadline_hours
    from simulator.errors import InputError, LawError
    from simulator.scenario.dates import is_date
    from simulator.scenario.fields import limit_of

    if now is not None and not is_date(stated["deadline"]):
        raise InputError(f"--now {now} is not read: it belongs to a deadline that is a date. State --deadline 2027-06-01, or leave it out")
    limits = dict(own)
    for name, text in stated.items():
        if text is None:
            continue
        try:
            limits[name] = deadline_hours(text, known, now=now) if name == "deadline" else limit_of(text, name)
        except LawError as error:
            raise InputError(f"{_OPTIONS[name]} '{text}': {error}") from None
    if not limits:
        raise InputError("no limit to judge. State --budget 30M, --deadline 2027-06-01 or --carbon 5000t, or limits in the scenario")
    return limits


def _dates_of(results: xr.Dataset) -> dict[str, float | None]:
    """Return what a result knows of its start: None where a date or time differs between draws, which bands tell by NaN."""
    names = [name for name in ("start_time", "preparation_time") if name in results]
    return {name: results[name].item() if results[name].ndim == 0 and results[name].notnull() else None for name in names}
