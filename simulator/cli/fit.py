"""``simulator fit``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from simulator.fitting.check import CheckRow, FitCheck, OutOfSample
    from simulator.series.read import HourlySeries


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator fit prices.csv --carbon carbon.csv --clock Europe/Berlin -o zone.yaml\n"
    "  simulator fit dayahead.csv --price-column NO2_eur_per_mwh --clock Europe/Oslo -o no2.yaml\n"
    "  simulator fit --carbon history.csv --where zone_id=US-TEX-ERCO --clock America/Chicago -o ercot.yaml\n"
    "\n\b\nExit code 3: the fit was written but failed its own check."
)
@click.argument("prices", type=click.Path(), required=False)
@click.option("--carbon", type=click.Path(), help="Hourly carbon intensities; may be the file of the prices.")
@click.option("-o", "--output", type=click.Path(), required=True, help="Zone file to write, YAML; the picture stands beside it.")
@click.option("--name", help="Name of the zone  [default: that of the output]")
@click.option("--clock", help="Local clock of the zone, which its seasons follow: Europe/Berlin  [default: --timezone, or UTC]")
@click.option("--timezone", help="Time zone of stamps that state none.")
@click.option("--time-column", help="Column of the times.")
@click.option("--price-column", help="Column of the prices.")
@click.option("--carbon-column", help="Column of the carbon intensities.")
@click.option("--unit", help="Unit of the prices where the file states none: EUR/MWh.")
@click.option("--carbon-unit", help="Unit of the carbon intensities where the file states none: gCO2e/kWh.")
@click.option("--where", "filters", multiple=True, metavar="COLUMN=VALUE", help="Take only these rows; may be repeated.")
@click.option("--licence", default="", help="Licence of the data, for the zone file.")
@click.option("--source", default="", help="Publisher of the data, for the zone file  [default: names of the files]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the simulated years of the check.")
@click.option("--years", type=click.IntRange(20, 2000), default=200, show_default=True, help="Simulated replicates of the check.")
def command(
    prices: str | None,
    carbon: str | None,
    output: str,
    name: str | None,
    clock: str | None,
    timezone: str | None,
    time_column: str | None,
    price_column: str | None,
    carbon_column: str | None,
    unit: str | None,
    carbon_unit: str | None,
    filters: tuple[str, ...],
    licence: str,
    source: str,
    seed: int,
    years: int,
) -> None:
    """Fit the hourly process of a grid zone to its history, and check it.

    Reads PRICES (or only --carbon): Electricity Maps and ENTSO-E exports are recognized, others by the options. Repairs are
    reported. The table compares history and simulation on the hours of the fit and, after a second fit without
    them, on hours held out; the picture shows both.
    """
    from simulator.errors import InputError, ThresholdExceededError
    from simulator.plots.save import check_picture
    from simulator.scenario.zones import ZoneFile, rounded_zone, zone_yaml

    target = Path(output)
    if target.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"{target} is no zone file. Its name ends in .yaml")
    picture = check_picture(target.with_suffix(".png"))
    if prices is None and carbon is None:
        raise InputError("nothing to fit. Name a file of prices, or one with --carbon, or both")
    where = dict(_pair(text) for text in filters)

    from simulator.fitting.check import check_fit, out_of_sample
    from simulator.fitting.fit import fit_zone
    from simulator.series.read import read_hourly

    common: dict[str, Any] = {"time_column": time_column, "timezone": timezone, "where": where or None}
    p = None if prices is None else read_hourly(prices, quantity="price", value_column=price_column, unit=unit, **common)
    c = None if carbon is None else read_hourly(carbon, quantity="carbon", value_column=carbon_column, unit=carbon_unit, **common)
    series = [s for s in (p, c) if s is not None]
    for s in series:
        for repair in s.repairs:
            click.echo(f"note: {s.source}, {s.column}: {repair}", err=True)
    local = clock or timezone or "UTC"
    if local == "UTC":
        click.echo("note: the seasons follow UTC; --clock states the local clock", err=True)
    name = name or target.stem
    zone = rounded_zone(fit_zone(p, c, name=name, timezone=local))
    check = check_fit(zone, p, c, seed=seed, years=years)
    unseen = out_of_sample(p, c, name=name, timezone=local, seed=seed, years=years)
    _show(name, check, unseen)

    from simulator.plots.fit import fit_figure
    from simulator.plots.save import save_picture
    from simulator.text_file import write_text

    about = _about(series, check, unseen, source=source, licence=licence)
    write_text(target, zone_yaml(ZoneFile(zone, about)))
    save_picture(fit_figure(name, check, unseen), picture)
    click.echo(f"wrote {target} and {picture}", err=True)
    if not check.ok:
        told = ", ".join(f"{row.quantity} {row.statistic}" for row in check.failures)
        raise ThresholdExceededError(f"the fit fails its own check: {told}. {target} says so; look at {picture} before using it")


def _pair(text: str) -> tuple[str, str]:
    from simulator.errors import InputError

    column, equals, value = text.partition("=")
    if not equals or not column.strip():
        raise InputError(f"--where {text} is not COLUMN=VALUE. For example --where zone_id=DE")
    return column.strip(), value.strip()


def _about(series: Sequence[HourlySeries], check: FitCheck, unseen: OutOfSample, *, source: str, licence: str) -> dict[str, Any]:
    """Return what a zone file says of its own origin and quality."""
    from simulator.scenario.dates import date_of

    def figures(rows: Iterable[CheckRow]) -> dict[str, list[float]]:
        return {f"{row.quantity} {row.statistic}": [_short(row.data), _short(row.simulated)] for row in rows}

    first, last = min(s.hours[0] for s in series), max(s.hours[-1] for s in series)
    return {
        "kind": "fitted",
        "source": source or ", ".join(dict.fromkeys(s.source for s in series)),
        "licence": licence or "not stated",
        "period": f"{date_of(first)} to {date_of(last)}",
        "hours": {s.column: len(s.hours) for s in series},
        "check": "passed" if check.ok else "failed",
        "failed": [f"{row.quantity} {row.statistic}" for row in check.failures],
        "replicates": check.replicates,
        "history_and_simulation": figures(check.rows),
        "held_out": unseen.held_out,
        "held_out_history_and_simulation": figures(unseen.check.rows),
    }


def _short(x: float) -> float:
    return float(f"{x:.4g}")


def _show(name: str, check: FitCheck, unseen: OutOfSample) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if Console().is_terminal else 130)
    with console.capture() as captured:
        console.print(_table(f"{name}: history and {check.replicates} simulated replicates of its hours", check.rows))
        console.print("The fit passes its own check." if check.ok else "The fit FAILS its own check.", style="bold")
        console.print(_table(f"unseen: {unseen.held_out}, fitted without it", unseen.check.rows))
        console.print(unseen.verdict, soft_wrap=True)
    click.echo(captured.get(), nl=False)


def _table(title: str, rows: Iterable[CheckRow]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from simulator.cli.show import rounded

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for head in ("", "", "history", "simulated", "±", "95 % of replicates", "tolerance", ""):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.quantity,
            Text(f"{row.statistic} [{row.unit}]" if row.unit != "1" else row.statistic),
            rounded(row.data, None),
            rounded(row.simulated, None),
            f"{row.mcse:.1g}",
            f"{rounded(row.low, None)} to {rounded(row.high, None)}",
            "" if row.tolerance is None else f"± {row.tolerance:.2g}",
            "" if row.ok is None else ("ok" if row.ok else "outside"),
        )
    return table
