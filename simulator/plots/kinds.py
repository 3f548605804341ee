"""Which pictures there are, and which of them a file can be drawn as."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from simulator.errors import InputError, LawError, short
from simulator.plots.targets import COLUMN, PAGE, WIDEST
from simulator.results import open_results
from simulator.scenario.zones import ZoneFile, load_zone, zone_names
from simulator.text_file import MOST_DATA, read_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Wanted:
    """What a picture is asked to be.

    Attributes
    ----------
    width : float
        Of the picture [in].
    output : str or None
        What is drawn, where a kind draws one output.
    scenario : str or None
        Of a comparison, the scenario that is drawn.
    """

    width: float = PAGE
    output: str | None = None
    scenario: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of picture.

    Attributes
    ----------
    shows : str
        In words, as an alternative text begins.
    reads : str
        What it is drawn from, and the command that saves it.
    fits : callable
        Whether what a file holds is that.
    draw : callable
    options : frozenset of str
        Which of ``output`` and ``scenario`` it reads.
    """

    shows: str
    reads: str
    fits: Callable[[Any], bool]
    draw: Callable[[Any, Wanted], Figure]
    options: frozenset[str] = frozenset()


def _is_draws(found: Any) -> bool:
    return isinstance(found, xr.Dataset) and "draw" in found.dims and "cost_total" in found and "scenario" not in found.dims


def _is_comparison(found: Any) -> bool:
    return isinstance(found, xr.Dataset) and {"draw", "scenario"} <= set(found.dims)


def _is_dataset(*names: str) -> Callable[[Any], bool]:
    return lambda found: isinstance(found, xr.Dataset) and all(name in found for name in names)


def _with_draws(of: Callable[[Any, Wanted], Figure]) -> Callable[[Any, Wanted], Figure]:
    """Return the drawing of one scenario's draws, also for a comparison of which one is chosen."""
    return lambda found, wanted: of(_one(found, wanted), wanted)


def _one(found: xr.Dataset, wanted: Wanted) -> xr.Dataset:
    if "scenario" not in found.dims:
        return found
    names = [str(name) for name in found.scenario.values]
    if wanted.scenario is None:
        raise InputError(f"these are draws of several scenarios ({short(', '.join(names))}). Choose one: --scenario '{names[0]}'")
    if wanted.scenario not in names:
        raise InputError(f"'{wanted.scenario}' is not a scenario of this comparison, which holds {short(', '.join(names))}")
    return found.sel(scenario=wanted.scenario, drop=True).assign_attrs(scenario=wanted.scenario)


def _of_output(wanted: Wanted) -> str:
    return wanted.output or "cost_total"


def _figure(place: str, found: Any, **options: Any) -> Figure:
    """Return what a function of a module of pictures draws, which is loaded for what can be drawn."""
    module, _, name = place.partition(".")
    figure: Figure = getattr(import_module(f"simulator.plots.{module}"), name)(found, **options)
    return figure


def _draw_waterfall(found: xr.Dataset, wanted: Wanted) -> Figure:
    """Return the picture of a waterfall, which is computed first where draws are given."""
    from simulator.analysis.waterfall import waterfall  # noqa: PLC0415 - loaded for what can be drawn, as what draws it is

    steps = found if _is_waterfall(found) else waterfall(_one(found, wanted), output=_of_output(wanted))
    return _figure("steps.waterfall_figure", steps, width=wanted.width)


_is_waterfall = _is_dataset("contribution", "distance")


_DRAWS = "draws: simulator run CONFIG -o FILE.nc"
_OUTPUT, _SCENARIO = frozenset({"output"}), frozenset({"scenario"})

KINDS: Mapping[str, Kind] = {
    "bands": Kind(
        "Percentile bands of cost and emissions by component",
        f"{_DRAWS}, or with --summary their bands",
        lambda f: _is_draws(f) or _is_comparison(f) or (_is_dataset("value", "ci_level")(f) and "cost_total" in f.get("output", ())),
        _with_draws(lambda f, w: _figure("components.bands_figure", f, width=w.width)),
        _SCENARIO,
    ),
    "exceedance": Kind(
        "How likely each value is exceeded",
        f"{_DRAWS}, or with --summary their bands; or risk: simulator risk CONFIG -o FILE.nc",
        lambda f: _is_draws(f) or _is_comparison(f) or _is_dataset("curve_value")(f) or _is_dataset("bin_draws")(f),
        _with_draws(lambda f, w: _figure("exceeding.exceedance_figure", f, width=w.width, output=_of_output(w))),
        _OUTPUT | _SCENARIO,
    ),
    "fan": Kind(
        "Bands over the time of the run, with one draw and what interrupted it",
        "a fan: simulator fan CONFIG -o FILE.nc",
        _is_dataset("progress", "cost_total_mcse"),
        lambda f, w: _figure("over_time.fan_figure", f, width=w.width),
    ),
    "tornado": Kind(
        "How far the P90 swings with each input",
        "a tornado: simulator sensitivity CONFIG -o FILE.nc",
        _is_dataset("swing"),
        lambda f, w: _figure("swings.tornado_figure", f, width=w.width),
    ),
    "ranks": Kind(
        "Rank correlations with each input",
        "rank correlations: simulator sensitivity CONFIG --method rank -o FILE.nc",
        _is_dataset("spearman", "partial"),
        lambda f, w: _figure("ranked.ranks_figure", f, width=w.width),
    ),
    "shares": Kind(
        "Shares of the variance: Sobol' indices, Shapley effects, or what could be known against luck",
        "shares: simulator sensitivity CONFIG --method sobol|shapley|split -o FILE.nc",
        lambda f: any(_is_dataset(*names)(f) for names in (("first_order", "total"), ("effect", "mcse"), ("share", "mcse"))),
        lambda f, w: _figure("variance.shares_figure", f, width=w.width),
    ),
    "joint": Kind(
        "Regions that hold 50, 80 and 90 % of the draws of cost, emissions and release",
        _DRAWS,
        lambda f: _is_draws(f) or _is_comparison(f),
        _with_draws(lambda f, w: _figure("pairs.joint_figure", f, width=w.width)),
        _SCENARIO,
    ),
    "difference": Kind(
        "How one scenario differs from another on the same draws",
        "paired draws: simulator compare CONFIG --lever NAME -o FILE.nc",
        _is_comparison,
        lambda f, w: _figure("differing.difference_figure", f, width=w.width, scenario=w.scenario),
        _SCENARIO,
    ),
    "update": Kind(
        "A forecast before and after what is known of the run",
        "an update: simulator update CONFIG --actuals FILE.csv -o FILE.nc",
        _is_dataset("input_value", "shift", "observed"),
        lambda f, w: _figure("before_now.update_figure", f, width=w.width),
    ),
    "calibration": Kind(
        "Forecasts of published runs beside what was reported",
        "a backtest: simulator backtest -o DIR",
        lambda f: isinstance(f, Mapping) and "runs" in f and "protocols" in f,
        lambda f, w: _figure("backtest.backtest_figure", f, width=w.width, target=w.output or "device_hours"),
        _OUTPUT,
    ),
    "waterfall": Kind(
        "From P50 to P80, driver by driver",
        _DRAWS,
        lambda f: _is_draws(f) or _is_comparison(f) or _is_waterfall(f),
        _draw_waterfall,
        _OUTPUT | _SCENARIO,
    ),
    "fit": Kind(
        "A fitted grid zone beside its history",
        "a zone: simulator fit PRICES -o FILE.yaml, or the name of a shipped zone",
        lambda f: isinstance(f, ZoneFile),
        lambda f, w: _figure("zones.zone_figure", f, width=w.width),
    ),
}


def draw(path: str | Path, kind: str, wanted: Wanted) -> Figure:
    """Return the picture of a file that a verb saved.

    Parameters
    ----------
    path : str or Path
        Results as netCDF or Zarr, ``backtest.json`` or its folder, a zone file or the name of a shipped zone.
    kind : str
        One of ``KINDS``.
    wanted : Wanted

    Raises
    ------
    InputError
        Where there is no such file or kind, or the file holds something else: with the kinds that fit it.
    """
    _check(kind, wanted)
    return picture(opened(path), kind, wanted, name=str(path))


def picture(found: Any, kind: str, wanted: Wanted, *, name: str = "this") -> Figure:
    """Return the picture of what a file holds, see :func:`draw`.

    Parameters
    ----------
    found : Dataset, mapping or ZoneFile
        See :func:`opened`.
    kind : str
    wanted : Wanted
    name : str
        Of the file, for messages.
    """
    _check(kind, wanted)
    own = KINDS[kind]
    if not own.fits(found):
        fitting = kinds_of(found)
        can = f"It can be drawn as {', '.join(fitting)}" if fitting else "No picture can be drawn of it"
        raise InputError(f"{name} is not what {kind} is drawn from. {can}; {kind} reads {own.reads}")
    if _is_draws(found) and wanted.output is not None and wanted.output.partition("[")[0] not in found:
        from simulator.analysis.columns import column  # noqa: PLC0415 - what draws is not loaded for an output that is not there

        column(_one(found, wanted), wanted.output)
    return own.draw(found, wanted)


def kinds_of(found: Any) -> list[str]:
    """Return the kinds of picture that can be drawn of what a file holds.

    Examples
    --------
    >>> kinds_of(xr.Dataset({"swing": 1.0}))
    ['tornado']
    """
    return [name for name, kind in KINDS.items() if kind.fits(found)]


def _check(kind: str, wanted: Wanted) -> None:
    """Refuse what no file can be drawn as."""
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"'{kind}' is no kind of picture. {hint}Kinds are {', '.join(KINDS)}")
    if not COLUMN <= wanted.width <= WIDEST:
        raise InputError(f"width = {wanted.width:g} is not admissible; a picture is {COLUMN:g} to {WIDEST:g} inches wide")
    for option in ("output", "scenario"):
        if getattr(wanted, option) is not None and option not in KINDS[kind].options:
            takes = ", ".join(other for other, k in KINDS.items() if option in k.options)
            raise InputError(f"{kind} does not read --{option}, which {takes} do. Leave it out")


def opened(path: str | Path) -> xr.Dataset | Mapping[str, Any] | ZoneFile:
    """Return what a file holds that a verb saved.

    Raises
    ------
    InputError
    """
    source = Path(path)
    if str(path) in zone_names() and not source.exists():
        return load_zone(str(path))
    if source.suffix in (".yaml", ".yml"):
        try:
            return load_zone(str(path))
        except LawError as error:
            if "is not a known key" not in error.what:
                raise InputError(str(error)) from None
            raise InputError(f"{path} is no zone. If it is a CONFIG, make draws first: simulator run {path} -o FILE.nc") from None
    if source.is_dir() and source.suffix != ".zarr":
        source /= "backtest.json"
    if source.suffix == ".json":
        return _read_json(source)
    if source.suffix not in (".nc", ".zarr"):
        raise InputError(f"{path} is no file of results. Name FILE.nc, DIR.zarr, the folder of a backtest, or a zone's FILE.yaml")
    return open_results(source)


def _read_json(source: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(read_text(source, most=MOST_DATA))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{source} holds no JSON object. simulator backtest -o DIR saves one that can be drawn")
    return data
