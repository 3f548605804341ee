"""``simulator fit``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.pairs import pair

if TYPE_CHECKING:
    from rich.table import Table

    from simulator.fitting.check import CheckRow, FitCheck
    from simulator.fitting.held_out import OutOfSample
    from simulator.series.read import HourlySeries

    _PairType = click.ParamType[tuple[float, float]]
else:
    _PairType = click.ParamType  # generic from click 8.4 on


class Limits(_PairType):
    """Two numbers as LOW:HIGH."""

    name = "LOW:HIGH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return both numbers."""
        if isinstance(value, tuple):
            return value
        try:
            low, high = (float(text) for text in str(value).split(":"))
        except ValueError:
            self.fail(f"{value} is not LOW:HIGH. For example -1000:20000", param, ctx)
        if not low < high:
            self.fail(f"{value} is not LOW:HIGH: {low:g} is not below {high:g}", param, ctx)
        return low, high


@click.command(
    epilog="\b\nExamples:\n"
    "  simulator fit prices.csv --carbon carbon.csv --clock Europe/Berlin -o zone.yaml\n"
    "  simulator fit dayahead.csv --price-column NO2_eur_per_mwh --clock Europe/Oslo -o no2.yaml\n"
    "  simulator fit local.csv --timezone Europe/Berlin --carbon em.csv --carbon-where zone_id=DE --clock Europe/Berlin -o de.yaml\n"
    "  simulator fit --carbon history.csv --where zone_id=US-TEX-ERCO --clock America/Chicago -o ercot.yaml\n"
    "\n\b\nExit code 3: the fit was written but failed its own check."
)
@click.argument("prices", type=click.Path(), required=False)
@click.option("--carbon", type=click.Path(), help="Hourly carbon intensities; may be the file of the prices.")
@click.option("-o", "--output", type=click.Path(), required=True, help="Zone file to write, YAML; the picture stands beside it.")
@click.option("--name", help="Name of the zone  [default: that of the output]")
@click.option("--clock", help="Local clock of the zone, which its seasons follow: Europe/Berlin  [default: --timezone, or UTC]")
@click.option("--timezone", help="Time zone of stamps that state none; of the carbon file, too, where that states none.")
@click.option("--time-column", help="Column of the times; of the carbon file, too, where that has it.")
@click.option("--where", "filters", multiple=True, metavar="COLUMN=VALUE", help="Take only these rows, of the files that have the column.")
@click.option("--price-column", help="Column of the prices.")
@click.option("--unit", help="Unit of the prices where the file states none: EUR/MWh.")
@click.option("--limits", type=Limits(), help="Least and greatest price admitted, per MWh  [default: -1000:10000]")
@click.option("--carbon-timezone", help="--timezone of the carbon file alone.")
@click.option("--carbon-time-column", help="--time-column of the carbon file alone.")
@click.option("--carbon-where", "carbon_filters", multiple=True, metavar="COLUMN=VALUE", help="--where of the carbon file alone.")
@click.option("--carbon-column", help="Column of the carbon intensities.")
@click.option("--carbon-unit", help="Unit of the carbon intensities where the file states none: gCO2e/kWh.")
@click.option("--carbon-limits", type=Limits(), help="Least and greatest intensity admitted [gCO2e/kWh]  [default: 0:3000]")
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
    licence: str,
    source: str,
    seed: int,
    years: int,
    **reading: Any,
) -> None:
    """Fit the hourly process of a grid zone to its history, and check it.

    Reads PRICES (or only --carbon): Electricity Maps and ENTSO-E exports are recognized, others by the options. Repairs are
    reported. The table compares history and simulation on the hours of the fit and, after a second fit without
    them, on hours held out; the picture shows both.
    """
    from simulator.errors import InputError, ThresholdExceededError, printable
    from simulator.plan import LARGEST_SEED
    from simulator.plots.targets import check_picture
    from simulator.scenario.zones import ZoneFile, rounded_zone, zone_yaml
    from simulator.series.clock import find_zone

    target = Path(output)
    if target.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"{target} is no zone file. Its name ends in .yaml")
    picture = check_picture(target.with_suffix(".png"))
    if prices is None and carbon is None:
        raise InputError("nothing to fit. Name a file of prices, or one with --carbon, or both")
    for option, zone in (("--clock", clock), ("--timezone", timezone), ("--carbon-timezone", reading["carbon_timezone"])):
        if zone is not None:
            find_zone(zone, option)
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"--seed {seed} is not a whole number from 0 to {LARGEST_SEED}")
    for option, text in (("--name", name), ("--source", source), ("--licence", licence)):
        if text is not None and printable(text) != text:
            raise InputError(f"{option} {text} holds a control character. Take it out: the zone file and pictures would obey it")

    from simulator.fitting.about import about_fit
    from simulator.fitting.check import check_fit
    from simulator.fitting.fit import fit_zone
    from simulator.fitting.held_out import caveats, out_of_sample

    p, c = _read(prices, carbon, timezone, **reading)
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
    told = caveats(p, c, local, unseen)
    _show(name, check, unseen)
    for caveat in told:
        click.echo(f"CAVEAT: {caveat}. The zone file and every result that uses it say so.", err=True)

    from simulator.plots.save import picture_beside
    from simulator.plots.zones import fit_figure
    from simulator.text_file import write_text

    about = about_fit(
        series,
        check,
        unseen,
        told,
        source=source or ", ".join(dict.fromkeys(s.source for s in series)),
        licence=licence or "not stated",
        command=_words(click.get_current_context()),
    )
    with picture_beside(fit_figure(name, check, unseen), picture):
        try:
            write_text(target, zone_yaml(ZoneFile(zone, about)))
        except OSError as error:
            raise InputError(f"{target} cannot be written ({error.strerror or error})") from None
    click.echo(f"wrote {target} and {picture}", err=True)
    if not check.ok:
        failed = ", ".join(f"{row.quantity} {row.statistic}" for row in check.failures)
        raise ThresholdExceededError(f"the fit fails its own check: {failed}. {target} says so; look at {picture} before using it")


def _read(
    prices: str | None,
    carbon: str | None,
    timezone: str | None,
    *,
    time_column: str | None,
    filters: tuple[str, ...],
    price_column: str | None,
    unit: str | None,
    limits: tuple[float, float] | None,
    carbon_timezone: str | None,
    carbon_time_column: str | None,
    carbon_filters: tuple[str, ...],
    carbon_column: str | None,
    carbon_unit: str | None,
    carbon_limits: tuple[float, float] | None,
) -> tuple[HourlySeries | None, HourlySeries | None]:
    """Read both files: each has its options, and what is said of both is asked only of a file that it can be said of."""
    from simulator.series.read import read_hourly
    from simulator.series.table import read_table

    paths = [path for path in (prices, carbon) if path is not None] if time_column or filters else []
    headers = {path: {title.casefold() for title in read_table(path).header} for path in paths}
    where, carbon_where = (dict(map(pair, texts)) for texts in (filters, carbon_filters))
    p = c = None
    if prices is not None:
        elsewhere = headers.get(carbon or "", set()) - headers.get(prices, set())
        own = {column: value for column, value in where.items() if column.casefold() not in elsewhere}
        p = read_hourly(
            prices,
            quantity="price",
            value_column=price_column,
            unit=unit,
            limits=limits,
            timezone=timezone,
            time_column=None if (time_column or "").casefold() in elsewhere else time_column,
            where=own or None,
        )
    if carbon is not None:
        there = headers.get(carbon, set())
        alone = prices is None or prices == carbon
        own = {column: value for column, value in where.items() if alone or column.casefold() in there} | carbon_where
        shared_column = time_column if alone or (time_column or "").casefold() in there else None
        c = read_hourly(
            carbon,
            quantity="carbon",
            value_column=carbon_column,
            unit=carbon_unit,
            limits=carbon_limits,
            timezone=carbon_timezone or (timezone if alone else None),
            other_timezone=timezone,
            time_column=carbon_time_column or shared_column,
            where=own or None,
        )
    return p, c


def _words(context: click.Context) -> str:
    """Return the command as it was given, files by their names."""
    words = ["simulator fit"]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if value == parameter.get_default(context) or value in (None, ()):
            continue
        for text in value if isinstance(value, tuple) and parameter.multiple else [value]:
            shown = ":".join(f"{x:g}" for x in text) if isinstance(text, tuple) else str(text)
            shown = Path(shown).name if isinstance(parameter.type, click.Path) else shown
            quoted = shlex.quote(shown)
            words.append(quoted if isinstance(parameter, click.Argument) else f"{parameter.opts[-1]} {quoted}")
    return " ".join(words)


def _show(name: str, check: FitCheck, unseen: OutOfSample) -> None:
    from simulator.cli.show.page import page

    with page(table=130) as console:
        console.print(_table(f"{name}: history and {check.replicates} simulated replicates of its hours", check.rows))
        console.say("The fit passes its own check." if check.ok else "The fit FAILS its own check.", style="bold")
        console.print(_table(f"unseen: {unseen.held_out}, fitted without it", unseen.check.rows))
        console.say(unseen.verdict)


def _table(title: str, rows: Iterable[CheckRow]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from simulator.analysis.words import rounded

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
