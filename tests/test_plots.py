"""Can every picture be read, does it show what the data say, and does simulator plot tell what it cannot draw?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import xarray as xr
from drawn_figure import complaints
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator import SamplingPlan, load_scenario, open_results, plots, save_results, simulate, summarize
from simulator.analysis.backtest.backtest import Backtest, backtest, backtest_json
from simulator.analysis.backtest.scores import coverage
from simulator.analysis.bands import bands_json
from simulator.analysis.comparison.differences import differences
from simulator.analysis.regions import highest_density
from simulator.analysis.sensitivity.replays import UNMOVED
from simulator.analysis.waterfall import waterfall
from simulator.cli import _run
from simulator.cli.gallery import PICTURES
from simulator.errors import InputError
from simulator.fitting.check import compare_hours
from simulator.fitting.held_out import OutOfSample
from simulator.kernels.hourly import sample_hours
from simulator.plots.described import described
from simulator.plots.kinds import KINDS, Wanted, opened, picture
from simulator.plots.style import named
from simulator.plots.targets import COLUMN, PAGE
from simulator.plots.zones import fit_figure
from simulator.quantities import QUANTITIES
from simulator.scenario.zones import load_zone, zone_names
from simulator.series.read import HourlySeries

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "configs"
QUICKSTART = str(CONFIGS / "quickstart.yaml")
ANATOMY = str(CONFIGS / "full-anatomy.yaml")
DE = str(CONFIGS / "quickstart-de.yaml")
ACTUALS = "hours,progress,progress_error,spend [USD],spend_error\n48,16%,4%,31k,4%\n"
#: labels of numbers without a unit
PLAIN = (
    "history",
    "share of",
    "partial rank correlation",
    "level of",
    "days since",
    *(named(name) for name, q in QUANTITIES.items() if q.unit == "1"),
)

DRAWS = "4000"  # full-anatomy's waterfall asks for 3360
#: what each file of the fixture is made by
COMMANDS = {
    "run.nc": ["run", QUICKSTART, "--draws", DRAWS],
    "anatomy.nc": ["run", ANATOMY, "--draws", DRAWS],
    "de.nc": ["run", DE, "--draws", DRAWS],
    "bands.nc": ["run", QUICKSTART, "--draws", DRAWS, "--summary"],
    "risk.nc": ["risk", QUICKSTART, "--draws", DRAWS, "--budget", "300k", "--deadline", "2 weeks", "--carbon", "40t"],
    "fan.nc": ["fan", DE, "--draws", "400", "--set", "failure_rate=20 to 40 per 1000 node-days"],
    "tornado.nc": ["sensitivity", QUICKSTART, "--draws", "2048", "--set", "reliability.method=expected_value"],
    "ranks.nc": ["sensitivity", QUICKSTART, "--method", "rank", "--draws", DRAWS],
    "sobol.nc": ["sensitivity", QUICKSTART, "--method", "sobol", "--grouped", "--output", "wall_clock", "--draws", "1024"],
    "shapley.nc": ["sensitivity", QUICKSTART, "--method", "shapley", "--draws", "1024", "--set", "reliability.method=expected_value"],
    "split.nc": ["sensitivity", QUICKSTART, "--method", "split", "--output", "wall_clock", "--draws", "1024"],
    "both.nc": ["compare", QUICKSTART, "--lever", "fp8", "--draws", DRAWS],
    "mixed.nc": ["compare", QUICKSTART, "--set", "rental_price=3 to 4 USD/h", "--draws", DRAWS],
    "update.nc": ["update", QUICKSTART, "--actuals", "actuals.csv", "--draws", "20000"],
}
DRAWN = [
    ("run.nc", "bands"), ("anatomy.nc", "bands"), ("bands.nc", "bands"), ("run.nc", "exceedance"), ("risk.nc", "exceedance"),
    ("anatomy.nc", "exceedance"), ("fan.nc", "fan"), ("tornado.nc", "tornado"), ("run.nc", "joint"), ("anatomy.nc", "joint"),
    ("ranks.nc", "ranks"), ("sobol.nc", "shares"), ("shapley.nc", "shares"), ("split.nc", "shares"),
    ("de.nc", "joint"), ("both.nc", "difference"), ("mixed.nc", "difference"), ("update.nc", "update"), ("scores", "calibration"),
    ("run.nc", "waterfall"), ("anatomy.nc", "waterfall"), ("DE", "fit"), ("ERCOT", "fit"),
]  # fmt: skip
#: of each kind the fullest, at the width of a page too: what is cut off or overlaps does so at that of a column first
WIDE = [
    ("anatomy.nc", "bands"), ("risk.nc", "exceedance"), ("fan.nc", "fan"), ("tornado.nc", "tornado"), ("anatomy.nc", "joint"),
    ("ranks.nc", "ranks"), ("both.nc", "difference"), ("update.nc", "update"), ("scores", "calibration"), ("anatomy.nc", "waterfall"),
    ("DE", "fit"), ("sobol.nc", "shares"),
]  # fmt: skip


@cache
def known_runs() -> Backtest:
    with patch("simulator.analysis.backtest.mlsysim.is_installed", return_value=False):  # a baseline that no picture shows takes seconds
        return backtest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of what verbs saved."""
    made = tmp_path_factory.mktemp("results")
    (made / "actuals.csv").write_text(ACTUALS)
    for name, words in COMMANDS.items():
        own = [str(made / word) if word == "actuals.csv" else word for word in words]
        assert _run([*own, "-o", str(made / name)], debug=True) == 0
    (made / "scores").mkdir()
    (made / "scores" / "backtest.json").write_text(json.dumps(backtest_json(known_runs())))
    return made


read = cache(open_results)


@cache
def held(path: Path | str) -> Any:
    return opened(path)


@pytest.fixture
def saved(folder: Path) -> Callable[[str], xr.Dataset]:
    return lambda name: held(folder / name)


def place(folder: Path, name: str) -> Path | str:
    return name if name in zone_names() else folder / name


@pytest.mark.parametrize(("name", "kind", "width"), [(*own, COLUMN) for own in DRAWN] + [(*own, PAGE) for own in WIDE])
def test_every_picture_can_be_read(folder: Path, name: str, kind: str, width: float) -> None:
    before = dict(rcParams)
    figure = picture(held(place(folder, name)), kind, Wanted(width))
    assert figure.get_figwidth() == width
    assert complaints(figure, units=PLAIN) == []
    assert dict(rcParams) == before
    # what is scored against reports has no error by draws, but the range that so few families leave
    assert ("range of 90 %" if kind == "calibration" else "Monte Carlo error") in described(figure, KINDS[kind].shows)


def test_every_kind_is_looked_at() -> None:
    assert {kind for _, kind in DRAWN} == {kind for _, kind in WIDE} == set(KINDS)
    assert {picture.kind for picture in PICTURES} == set(KINDS)


def test_what_is_wrong_with_a_picture_is_seen() -> None:
    figure = Figure(figsize=(2.0, 1.0))
    ax = figure.subplots()
    figure.subplots()
    ax.set_xlabel("a label that is far too long for such a picture", fontsize=5)
    told = " ".join(complaints(figure))
    for words in ("is cut off", "has 5 points", "overlap", "are empty", "have no unit", "have no label"):
        assert words in told


@pytest.mark.parametrize(
    ("of", "call"),
    [
        ("run.nc", plots.bands), ("run.nc", plots.exceedance), ("fan.nc", plots.fan), ("tornado.nc", plots.tornado),
        ("ranks.nc", plots.ranks), ("sobol.nc", plots.shares), ("run.nc", plots.joint),
        ("both.nc", plots.difference), ("update.nc", plots.update),
    ],
)  # fmt: skip
def test_axes_that_stand_alone_can_be_read_too(folder: Path, of: str, call: Callable[..., Axes]) -> None:
    ax = call(held(folder / of))
    assert complaints(ax.figure, units=PLAIN) == []
    figure = Figure(figsize=(PAGE, 3.0), layout="constrained")
    given = figure.subplots()
    assert call(held(folder / of), given) is given


def test_scores_and_zones_stand_alone_too(saved: Callable[[str], xr.Dataset]) -> None:
    found = known_runs()
    alone = [
        plots.calibration(found),
        plots.places(found),
        plots.reported(found, target="mfu"),
        plots.waterfall(waterfall(saved("run.nc"))),
    ]
    alone += [plots.fit(load_zone("DE"), quantity=quantity) for quantity in ("price", "carbon", "shares")]
    for ax in alone:
        assert complaints(ax.figure, units=PLAIN) == []


def test_bands_are_those_of_the_draws(saved: Callable[[str], xr.Dataset]) -> None:
    results = saved("anatomy.nc")
    ax = plots.bands(results, output="emissions")
    middle = bands_json(summarize(results))["bands"]
    names = ["emissions_total"] + [f"emissions[{text.get_text().replace(' ', '_')}]" for text in ax.get_yticklabels()[1:]]
    drawn = [path.vertices[0, 0] for path in ax.collections[0].get_paths()]
    np.testing.assert_allclose(drawn, [middle[name]["quantiles"]["0.5"] / 1e6 for name in names])
    low = [bar.get_x() for bar in ax.containers[0]]
    high = [bar.get_x() + bar.get_width() for bar in ax.containers[0]]
    np.testing.assert_allclose(low, [middle[name]["quantiles"]["0.05"] / 1e6 for name in names])
    np.testing.assert_allclose(high, [middle[name]["quantiles"]["0.95"] / 1e6 for name in names])
    assert names[1:] == sorted(names[1:], key=lambda name: -middle[name]["quantiles"]["0.5"])


def test_marks_of_the_exceedance_curve_are_the_quantiles(saved: Callable[[str], xr.Dataset]) -> None:
    results, risk = saved("run.nc"), saved("risk.nc")
    for found, output, factor in (
        (results, "cost_total", 1e3),
        (results, "emissions_total", 1e3),
        (risk, "cost_total", 1e3),
        (risk, "programme_time", 24.0),
    ):
        ax = plots.exceedance(found, output=output)
        marks = [line for line in ax.lines if len(line.get_xdata()) == 1]
        x = [float(line.get_xdata()[0]) for line in marks]
        np.testing.assert_allclose(x, np.quantile(results[output], [0.5, 0.8, 0.95]) / factor)
        np.testing.assert_allclose([float(line.get_ydata()[0]) for line in marks], [0.5, 0.2, 0.05])
        (curve,) = [line for line in ax.lines if line.get_gid() == "curve"]
        shares = [(results[output].values > value * factor * (1.0 + 1e-12)).mean() for value in curve.get_xdata()]
        np.testing.assert_allclose(curve.get_ydata(), shares, atol=2e-4)
    ax = plots.exceedance(risk)
    assert [line.get_xdata()[0] for line in ax.lines if line.get_label().startswith("budget")] == [300.0]
    share = (results.cost_total > 300e3).mean().item()
    assert f"exceeded {100 * share:.3g} %" in ax.get_legend().get_texts()[-1].get_text()


def test_a_fan_holds_its_draw_and_what_interrupted_it(saved: Callable[[str], xr.Dataset]) -> None:
    found = saved("fan.nc")
    ax = plots.fan(found, output="emissions_total")
    by_label = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(by_label["P50"].get_ydata(), found.emissions_total.sel(quantile=0.5) / 1e3)
    own = by_label[f"draw {found.attrs['highlighted']}"]
    assert own.get_xdata()[-1] <= found.attrs["ends"] / 24.0
    np.testing.assert_allclose(own.get_ydata(), found.emissions_total_of_draw.values[: len(own.get_ydata())] / 1e3)
    np.testing.assert_allclose(by_label["interruption"].get_xdata(), found.event_time.values / 24.0)


def test_a_tornado_has_the_ends_of_its_inputs(saved: Callable[[str], xr.Dataset]) -> None:
    found = saved("tornado.nc")
    ax = plots.tornado(found, quantile=0.5, most=4)
    at = found.sel(quantile=0.5)
    order = np.argsort(-abs(at.swing.values))[:4]
    bars = [container for container in ax.containers if hasattr(container, "patches")]
    ends = np.array([bar.get_x() + bar.get_width() for own in bars for bar in own.patches]).reshape(4, 2)
    np.testing.assert_allclose(ends, at.value.values[order] / 1e3)
    assert {bar.get_x() for own in bars for bar in own.patches} == {at.base.item() / 1e3}
    assert ax.get_yticklabels()[0].get_text().startswith("rental price\n")


def test_rank_correlations_have_their_signs(saved: Callable[[str], xr.Dataset]) -> None:
    found = saved("ranks.nc")
    ax = plots.ranks(found, most=4)
    told = {
        text.get_text(): number.get_text() for text, number in zip(ax.get_yticklabels(), ax.child_axes[0].get_yticklabels(), strict=True)
    }
    bars = {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for own in ax.containers[:2] for bar in own.patches}
    for place, name in enumerate(found.input.values[:4]):
        assert bars[place] == found.partial.values[place]
        assert float(told[named(name)].split(" ± ")[0]) == pytest.approx(found.partial.values[place], abs=5e-3)
    assert {bool(value > 0.0) for value in bars.values()} == {True, False}


@pytest.mark.parametrize(("name", "share", "number"), [("sobol.nc", "first_order", "total"), ("shapley.nc", "effect", "effect")])
def test_shares_are_those_of_the_variance(saved: Callable[[str], xr.Dataset], name: str, share: str, number: str) -> None:
    found = saved(name)
    ax = plots.shares(found)
    told = [text.get_text() for text in ax.child_axes[0].get_yticklabels()]
    bars = {
        round(bar.get_y() + bar.get_height() / 2): bar.get_width()
        for own in ax.containers
        if hasattr(own, "patches")
        for bar in own.patches
    }
    by_words = {" + ".join(map(named, str(one).split(" + "))): str(one) for one in found.input.values}
    rows = found.sel(input=[by_words[text.get_text()] for text in ax.get_yticklabels()])
    assert [bars[place] for place in range(len(told))] == pytest.approx(100.0 * rows[share].values)
    assert [float(text.split(" ± ")[0]) for text in told] == pytest.approx(100.0 * rows[number].values, abs=0.5)
    assert (np.diff(rows[number]) <= 0.0).all()


def test_luck_has_a_mark_of_its_own(saved: Callable[[str], xr.Dataset]) -> None:
    found = saved("split.nc")
    ax = plots.shares(found)
    (luck,) = [bar for own in ax.containers if hasattr(own, "patches") for bar in own.patches if bar.get_hatch()]
    assert luck.get_width() == pytest.approx(100.0 * found.share.sel(part="luck").item())
    certain = plots.shares(found.assign(share=found.share.copy(data=[1.0, 0.0, 0.0]), mcse=found.mcse.copy(data=[1e-17, 0.0, 8e-33])))
    assert [text.get_text() for text in certain.child_axes[0].get_yticklabels()] == ["100", "0", "0"]
    nothing = saved("sobol.nc").copy()
    nothing["note"] = nothing.note.copy(data=np.full(nothing.sizes["input"], UNMOVED, dtype=object))
    with pytest.raises(InputError, match="wall_clock depends on no input that the draws can tell"):
        plots.shares(nothing)


def test_regions_are_whole_and_limits_stand_where_they_are(saved: Callable[[str], xr.Dataset]) -> None:
    results = saved("anatomy.nc")
    ax = plots.joint(results, x="budget", y="deadline")
    limits = json.loads(results.attrs["limits"])
    lines = {tuple(line.get_xdata()) for line in ax.lines} | {tuple(line.get_ydata()) for line in ax.lines}
    assert {(limits["budget"] / 1e6,) * 2, (limits["deadline"] / 24.0,) * 2} <= lines
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    outline = np.concatenate([path.vertices for path in ax.collections[-1].get_paths()])
    assert low < outline[:, 0].min() < outline[:, 0].max() < high
    assert bottom < outline[:, 1].min() < outline[:, 1].max() < top
    regions = highest_density(results, "budget", "deadline")
    assert regions.held.values[1] == pytest.approx(0.8, abs=0.05)


def test_a_date_stands_where_the_scenario_has_one(saved: Callable[[str], xr.Dataset]) -> None:
    results = saved("de.nc")
    ax = plots.joint(results, x="budget", y="deadline")
    assert ax.get_ylabel() == "date of release"
    middle = np.datetime64("1970-01-01T00", "h") + round(results.start_time.item() + np.median(results.programme_time))
    low, high = (np.datetime64("1970-01-01", "D") + int(end) for end in ax.get_ylim())
    assert low <= middle <= high
    ax.figure.canvas.draw()
    assert re.fullmatch(r"2027-\d\d-\d\d", ax.get_yticklabels()[1].get_text())


def test_a_difference_is_that_of_paired_draws(saved: Callable[[str], xr.Dataset]) -> None:
    for name, base in (("both.nc", "quickstart"), ("mixed.nc", "quickstart")):
        found = saved(name)
        other = str(found.scenario.values[-1])
        d = (found.cost_total.sel(scenario=other) - found.cost_total.sel(scenario=base)).values / 1e3
        ax = plots.difference(found)
        marks = {line.get_label().partition(":")[0]: line.get_xdata()[0] for line in ax.lines if line.get_label().startswith("P")}
        np.testing.assert_allclose([marks["P5"], marks["P50"], marks["P95"]], np.quantile(d, [0.05, 0.5, 0.95]))
        area = {text: sum(b.get_width() * b.get_height() for b in own) for text, own in zip(("lower", "not"), ax.containers, strict=True)}
        assert area["lower"] == pytest.approx((d < 0.0).mean(), abs=0.0025)  # but for the two ends
        assert area["lower"] + area["not"] == pytest.approx(0.998, abs=0.001)
        told = differences(found).isel(scenario=0).sel(output="cost_total")
        assert ax.get_title().startswith(f"lower in {100 * told.probability_lower.item():.3g} %")


def test_an_update_shows_before_and_now(saved: Callable[[str], xr.Dataset]) -> None:
    found = saved("update.nc")
    ax = plots.update(found, of="wall_clock")
    values = found.value.sel(output="wall_clock") / 24.0
    wide = [bar for container in ax.containers[::2] for bar in container.patches]
    np.testing.assert_allclose([bar.get_x() for bar in wide], values.sel(quantile=0.05))
    np.testing.assert_allclose([bar.get_x() + bar.get_width() for bar in wide], values.sel(quantile=0.95))
    np.testing.assert_allclose([line.get_xdata()[0] for line in ax.lines], values.sel(quantile=0.5))
    with pytest.raises(InputError, match="nonsense is neither an output nor an input of this forecast"):
        plots.update(found, of="nonsense")


def test_coverage_is_that_of_the_backtest() -> None:
    found = known_runs()
    for target in ("device_hours", "wall_clock"):
        ax = plots.calibration(found, target=target)
        (line,) = [line for line in ax.lines if line.get_label() == "found"]
        shares = dict(zip(np.round(line.get_xdata(), 2), line.get_ydata(), strict=True))
        for level in (0.5, 0.8, 0.9):
            assert shares[level] == pytest.approx(coverage(found.of(target), level)[0])
        from_file = plots.calibration(json.loads(json.dumps(backtest_json(found))), target=target)
        np.testing.assert_array_equal(from_file.lines[-1].get_ydata(), line.get_ydata())
        counts = [bar.get_height() for bar in plots.places(found, target=target).containers[0]]
        assert counts == backtest_json(found)["targets"][target]["pit_histogram"]
    with pytest.raises(InputError, match="no run of this backtest counts for water"):
        plots.calibration(found, target="water")


def test_a_waterfall_leads_from_one_percentile_to_the_other(saved: Callable[[str], xr.Dataset]) -> None:
    found = waterfall(saved("anatomy.nc"), output="emissions_total", start=0.2, end=0.9)
    ax = plots.waterfall(found)
    rows = [bar for container in ax.containers if hasattr(container, "patches") for bar in container.patches]
    first, last, *steps = rows
    np.testing.assert_allclose([first.get_x() + first.get_width(), last.get_x() + last.get_width()], found.percentile / 1e6)
    np.testing.assert_allclose([bar.get_width() for bar in steps], found.contribution / 1e6)
    ends = np.array([[bar.get_x(), bar.get_x() + bar.get_width()] for bar in steps])
    np.testing.assert_allclose(ends[1:, 0], ends[:-1, 1])
    np.testing.assert_allclose([ends[0, 0], ends[-1, 1]], found.percentile / 1e6)
    assert [text.get_text() for text in ax.get_yticklabels()][:: len(rows) - 1] == ["P20", "P90"]


def test_a_zone_shows_its_history_and_its_simulation() -> None:
    zone = load_zone("DE")
    ax = plots.fit(zone, quantity="price")
    mean = zone.about["history_and_simulation"]["price mean"]
    drawn = np.column_stack(ax.lines[0].get_data())
    assert mean in drawn.tolist()
    with pytest.raises(InputError, match="water is not drawn of zone DE; that is price, carbon, shares"):
        plots.fit(zone, quantity="water")


@pytest.mark.parametrize(("name", "ending"), [("run.nc", "svg"), ("run.nc", "pdf"), ("DE", "png")])
def test_equal_files_give_equal_pictures(folder: Path, tmp_path: Path, name: str, ending: str) -> None:
    kind = "fit" if name == "DE" else "exceedance"
    for target in ("a", "b"):
        assert _run(["plot", str(place(folder, name)), kind, "-o", str(tmp_path / f"{target}.{ending}")], debug=True) == 0
    first = (tmp_path / f"a.{ending}").read_bytes()
    assert first == (tmp_path / f"b.{ending}").read_bytes()
    assert len(first) > 5000
    if ending == "svg":
        assert b"<dc:title>" in first
        assert b"<dc:date>" not in first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{run.nc}", "tornado"], "is not what tornado is drawn from. It can be drawn as bands, exceedance, joint, waterfall; tornado"),
        (["{bands.nc}", "joint"], "It can be drawn as bands, exceedance; joint reads draws: simulator run CONFIG -o FILE.nc"),
        (["{update.nc}", "bands"], "It can be drawn as update;"),
        (["{fan.nc}", "bands"], "It can be drawn as fan;"),
        (["{risk.nc}", "bands"], "It can be drawn as exceedance;"),
        (["{scores}", "bands"], "It can be drawn as calibration;"),
        (["DE", "bands"], "It can be drawn as fit;"),
        (["{run.nc}", "exceedence"], "'exceedence' is no kind of picture. Did you mean exceedance? Kinds are bands, exceedance, fan,"),
        (["{nothing.nc}", "bands"], "does not exist"),
        (["{nothing}", "bands"], "is no file of results"),
        (["{actuals.csv}", "bands"], "is no file of results. Name FILE.nc, DIR.zarr, the folder of a backtest, or a zone's FILE.yaml"),
        ([QUICKSTART, "bands"], f"is no zone. If it is a CONFIG, make draws first: simulator run {QUICKSTART} -o FILE.nc"),
        (["{both.nc}", "bands"], "are draws of several scenarios (quickstart, quickstart with fp8). Choose one: --scenario 'quickstart'"),
        (["{both.nc}", "bands", "--scenario", "fp8"], "'fp8' is not a scenario of this comparison, which holds quickstart, quickstart"),
        (["{both.nc}", "difference", "--scenario", "quickstart"], "'quickstart' is not compared with quickstart here; that are"),
        (["{run.nc}", "bands", "--output", "energy"], "bands does not read --output, which exceedance, calibration, waterfall do"),
        (["{run.nc}", "exceedance", "--output", "enrgy"], "enrgy is not an output of these results"),
        (["{risk.nc}", "exceedance", "--output", "energy"], "energy has no limit, and risks are those of cost_total, programme_time,"),
        (["{run.nc}", "bands", "--width", "1"], "width = 1 is not admissible; a picture is 3.3 to 20 inches wide"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_told(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    told: str,
) -> None:
    monkeypatch.setattr("simulator.plots.kinds.open_results", read)
    own = [str(folder / word[1:-1]) if word.startswith("{") else word for word in words]
    assert _run(["plot", *own, "-o", str(tmp_path / "a.png")], debug=False) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_an_older_picture_stays_where_none_can_be_drawn(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.png"
    target.write_text("older")
    assert _run(["plot", str(folder / "run.nc"), "fan", "-o", str(target)], debug=False) == 2
    assert target.read_text() == "older"
    assert _run(["plot", str(folder / "run.nc"), "bands", "-o", str(tmp_path / "a.gif")], debug=False) == 2
    assert "its name ends in .png, .svg, .pdf" in capsys.readouterr().err.lower()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_one_scenario_of_a_comparison_is_drawn(folder: Path, tmp_path: Path) -> None:
    for kind in ("exceedance", "waterfall"):
        words = ["plot", str(folder / "both.nc"), kind, "--scenario", "quickstart with fp8", "-o", str(tmp_path / f"{kind}.svg")]
        assert _run(words, debug=True) == 0
    assert b"quickstart with fp8, 4 000 draws, seed 0" in (tmp_path / "exceedance.svg").read_bytes()


def test_draws_in_zarr_are_drawn(folder: Path, tmp_path: Path) -> None:
    save_results(open_results(folder / "tornado.nc"), tmp_path / "tornado.zarr")
    assert _run(["plot", str(tmp_path / "tornado.zarr"), "tornado", "-o", str(tmp_path / "a.svg")], debug=True) == 0
    assert _run(["plot", str(folder / "tornado.nc"), "tornado", "-o", str(tmp_path / "b.svg")], debug=True) == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_results_with_awkward_values_are_drawn_or_refused() -> None:
    plan = SamplingPlan(draws=2000)
    certain = ["mfu=0.38", "rental_price=3", "run_overhead=0", "reliability.method=expected_value", "failure_rate=0"]
    point = simulate(load_scenario(QUICKSTART, overrides=certain), plan)
    assert complaints(plots.bands(point).figure) == []
    with pytest.raises(InputError, match="is the same in every draw"):
        plots.joint(point.assign(cost_total=point.cost_total * 0.0 + 1.0))
    with pytest.raises(InputError, match="emissions_total is the same in every draw, so that there is no curve"):
        plots.exceedance(point.assign(emissions_total=point.emissions_total * 0.0 + 1.0), output="emissions_total")
    stopped = simulate(load_scenario(QUICKSTART, overrides=["max_wall_clock=11 days"]), plan)
    never = plots.exceedance(stopped, output="programme_time")
    assert complaints(never.figure) == []
    assert never.get_legend().get_texts()[1].get_text() == "P80: infinite"
    with pytest.raises(InputError, match=r"only .* of the draws were completed"):
        plots.joint(stopped, y="deadline")
    few = simulate(load_scenario(QUICKSTART), SamplingPlan(draws=12))
    assert complaints(plots.bands(few).figure) == []
    assert complaints(plots.exceedance(few).figure) == []


@pytest.mark.parametrize("name", sorted(plots.__all__))
def test_pictures_are_public(name: str) -> None:
    assert callable(getattr(plots, name))
    assert name in dir(plots)
    assert getattr(plots, name).__doc__


def test_a_notebook_shows_figures_without_pyplot() -> None:
    ds = simulate(load_scenario(QUICKSTART), SamplingPlan(draws=400))
    for figure in (plots.exceedance(ds).figure, KINDS["bands"].draw(ds, Wanted())):
        assert figure._repr_png_().startswith(b"\x89PNG")


def test_pictures_need_no_pyplot_and_set_no_style() -> None:
    code = (
        "import sys, matplotlib; before = list(dict.items(matplotlib.rcParams))\n"
        "from simulator import plots\n"
        "[getattr(plots, name) for name in plots.__all__]\n"
        "import simulator.plots.kinds, simulator.plots.bench\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert list(dict.items(matplotlib.rcParams)) == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "simulator" / "plots").glob("*.py"))
    assert not re.search(r"import.*pyplot|rcParams\[", sources)


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "img":
            self.images.append(known)
        self.links += [str(known[key]) for key in ("src", "href") if key in known]


def test_the_gallery_is_a_page_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("simulator.analysis.backtest.backtest.backtest", lambda *_, **__: known_runs())  # four seconds, once
    monkeypatch.setattr("simulator.plots.save._draw", lambda _figure, to, *_: Path(to).touch())  # painted by the tests above
    assert _run(["gallery", str(tmp_path / "pictures"), "--draws", "5000"], debug=True) == 0
    page = _Images()
    text = (tmp_path / "pictures" / "index.html").read_text(encoding="utf-8")
    page.feed(text)
    assert [image["src"] for image in page.images] == [f"{picture.name}.png" for picture in PICTURES]
    assert all((tmp_path / "pictures" / link).is_file() for link in page.links)
    assert "http" not in text
    alts = {image["src"]: str(image["alt"]) for image in page.images}
    assert "budget 300 thousand USD: exceeded" in alts["exceedance.png"]
    assert "rental price 2.27 to 5.47 USD/h: " in alts["tornado.png"]
    assert "total: " in alts["bands.png"]
    for own in PICTURES:
        assert f"simulator plot {own.file} {own.kind} -o {own.name}.png" in text
    known = sorted(entry.name for entry in (tmp_path / "pictures").iterdir())
    assert known == sorted(["actuals.csv", "index.html", *(f"{picture.name}.png" for picture in PICTURES)])


def test_the_gallery_asks_for_its_configs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["gallery", str(tmp_path / "pictures"), "--configs", str(tmp_path)], debug=False) == 2
    assert "does not hold full-anatomy.yaml, quickstart-de.yaml, quickstart.yaml" in capsys.readouterr().err
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize("width", [COLUMN, 2.0 * PAGE])
def test_the_check_of_a_fit_can_be_read(width: float) -> None:
    shipped, hours = load_zone("DE").zone, np.arange(464592, 464592 + 8760)
    drawn = sample_hours(shipped, int(hours[0]), len(hours), draws=1, seed=5)
    series = [
        HourlySeries(hours, values[0], unit, name, "simulated", ())
        for values, unit, name in zip(drawn, ("EUR/MWh", "gCO2e/kWh"), ("price", "carbon"), strict=True)
        if values is not None
    ]
    check = compare_hours(shipped, *series, seed=1, years=20)
    unseen = OutOfSample(shipped, check, "every fourth week", "", good=True)
    figure = fit_figure("DE", check, unseen, width=width)
    assert len(figure.axes) == 10
    assert complaints(figure, units=(*PLAIN, "local hour", "month")) == []
