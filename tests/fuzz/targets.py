"""What is fuzzed: each target takes any bytes, and may raise InputError and nothing else."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import xarray as xr

from simulator import SamplingPlan, load_scenario, parse_scenario, simulate
from simulator.analysis.axes import parse_axis
from simulator.analysis.bands import output_names, summarize
from simulator.analysis.statistic import parse_statistic
from simulator.analysis.update.actuals import read_actuals
from simulator.cli import thresholds, until
from simulator.cli.several import parse_option
from simulator.errors import InputError
from simulator.importing.kinds import KINDS, import_files
from simulator.importing.options import Options, number
from simulator.results.opened import check_content
from simulator.scenario import resolve
from simulator.scenario.dates import hours_of
from simulator.scenario.fields import limit_of
from simulator.scenario.values import parse_value
from simulator.scenario.zones import parse_zone
from simulator.series.read import read_hourly
from simulator.units import parse_interval, parse_unit
from simulator.web.state import parse_query

QUICKSTART = Path(__file__).parent.parent.parent / "configs" / "quickstart.yaml"
LONGEST = 20_000  # characters of a refusal
OUTPUTS = ("cost_total", "emissions_total", "wall_clock", "energy", "cost[electricity]", "completed")


@cache
def _empty() -> Path:
    return Path(tempfile.mkdtemp())


def _file(content: bytes, name: str) -> Path:
    path = _empty() / name
    path.write_bytes(content)
    return path


def _refusing(call: Callable[[], object]) -> None:
    """Call what may refuse its input, in words."""
    try:
        call()
    except InputError as error:
        refusal = str(error)
        if not refusal.strip() or len(refusal) > LONGEST:
            raise ValueError(f"a refusal of {len(refusal)} characters") from error


def scenario(content: bytes) -> None:
    """YAML text of a scenario, and the same as a zone."""
    text = content.decode("utf-8", errors="replace")
    _refusing(lambda: resolve(parse_scenario(text, base=_empty())))
    if "quantiles" in text:
        _refusing(lambda: parse_zone(text, where="zone.yaml"))


def series(content: bytes) -> None:
    """Hourly series, and totals of a run so far."""
    path = _file(content, "series.csv")
    _refusing(lambda: read_hourly(path, quantity="price"))
    _refusing(lambda: read_hourly(path, quantity="carbon", timezone="Europe/Berlin"))
    _refusing(lambda: read_actuals(path, start=500_000.0))


def logs(content: bytes) -> None:
    """Logs, accounting and exports: the first byte says which kind."""
    kind = list(KINDS)[content[0] % len(KINDS)] if content else "sacct"
    path = _file(content[1:], "log.csv")
    stated = {"accelerator": "H100 SXM", "params": 7e9, "timezone": "UTC", "interval": 10 / 3600}
    _refusing(lambda: import_files(kind, [path], Options(**{name: value for name, value in stated.items() if name in KINDS[kind].takes})))


@cache
def _results() -> xr.Dataset:
    return simulate(load_scenario(QUICKSTART, overrides=["reliability.method=expected_value"]), SamplingPlan(draws=32))


def results(content: bytes) -> None:
    """Attributes of a file of results: lines of NAME=VALUE, or VARIABLE:NAME=VALUE."""
    found = _results().copy()
    for line in content.decode("utf-8", errors="replace").split("\n")[:8]:
        place, _, value = line.partition("=")
        variable, colon, name = place.partition(":")
        target = found[variable].attrs if colon and variable in found else found.attrs
        target[name if colon else place] = value
        if not value:
            target.pop(name if colon else place, None)

    def read() -> None:
        check_content(found, Path("r.nc"))
        found.attrs.update({name: int(found.attrs[name]) for name in ("draws", "seed", "replicates")})
        output_names(found)
        summarize(found)

    _refusing(read)


def expressions(content: bytes) -> None:
    """What stands on a command line, or in the address of the page."""
    text = content.decode("utf-8", errors="replace")
    for call in (
        lambda: thresholds.parse(text, OUTPUTS),
        lambda: until.parse(text, OUTPUTS),
        lambda: parse_statistic(text, OUTPUTS, where="x", form="y", kinds=("mean", "percentile", "cvar")),
        lambda: parse_axis(text),
        lambda: parse_option(text),
        lambda: parse_query(text),
        lambda: parse_unit(text),
        lambda: parse_interval(text),
        lambda: hours_of(text),
        lambda: limit_of(text, "budget"),
        lambda: number("interval", text),
        *(
            lambda name=name: parse_value(text, name)
            for name in ("mfu", "tokens", "downtime", "rental_price", "failure_rate", "accelerators")
        ),
    ):
        _refusing(call)


def overrides(content: bytes) -> None:
    """Values that are set on the command line, and levers."""
    text = content.decode("utf-8", errors="replace")
    if not text.startswith("@"):  # a fragment is a file; its text is what the target scenario reads
        _refusing(lambda: load_scenario(QUICKSTART, overrides=[text]))
    _refusing(lambda: load_scenario(QUICKSTART, levers=[text]))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "scenario": scenario, "series": series, "logs": logs, "results": results, "expressions": expressions, "overrides": overrides,
}  # fmt: skip


def run(name: str, content: bytes) -> None:
    """Run a target with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TARGETS[name](content)
