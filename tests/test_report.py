"""Is every number of a report the dataset's, is hostile text only text, and are equal draws equal files?"""

from __future__ import annotations

import builtins
import json
import math
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import numpy as np
import pytest
import xarray as xr

from simulator import SamplingPlan, budget_risk, load_scenario, open_results, rank_correlations, save_results, simulate, summarize
from simulator.analysis.columns import column
from simulator.analysis.estimates import chance
from simulator.analysis.risk.register import event_effects
from simulator.analysis.rows import band_rows
from simulator.analysis.stated_inputs import stated_inputs
from simulator.analysis.waterfall import waterfall
from simulator.cli import _run
from simulator.errors import InputError
from simulator.plots.kinds import KINDS
from simulator.plots.style import named
from simulator.report import report, save_report
from simulator.report.content import _ranked
from simulator.report.parts import Paragraph
from simulator.report.statement import latex
from simulator.scenario.text import parse_yaml

ROOT = Path(__file__).parent.parent
CONFIGS = ROOT / "configs"
QUICKSTART, ANATOMY, DE, LLAMA, BERT, GEMINI = (
    CONFIGS / f"{name}.yaml" for name in ("quickstart", "full-anatomy", "quickstart-de", "llama3.1-405b", "bert-base", "gemini-ultra")
)
UNITS = {
    "": 1.0, "USD": 1.0, "thousand USD": 1e3, "million USD": 1e6, "billion USD": 1e9, "thousand USD/yr": 1e3, "million USD/yr": 1e6,
    "kg CO2e": 1.0, "t CO2e": 1e3, "kt CO2e": 1e6, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6, "L": 1.0, "m³": 1e3, "ML": 1e6,
    "days": 24.0, "h": 1.0, "min": 1 / 60, "s": 1 / 3600, "thousand h": 1e3, "million h": 1e6,
    "million": 1e6, "billion": 1e9, "trillion": 1e12, "million token/month": 1e6, "billion token/month": 1e9,
}  # fmt: skip
OUTCOMES = {"cost": "cost_total", "emissions": "emissions_total", "time to release": "programme_time"}


@dataclass
class Shown:
    """A number of a page: its exact value and its text; whether it is an error."""

    value: float
    text: str
    error: bool = False


@dataclass
class Cell:
    """What stands in a cell or a paragraph."""

    text: str = ""
    numbers: list[Shown] = field(default_factory=list)


class Page(HTMLParser):
    """Tables by caption, paragraphs, pictures and code of a report."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, tuple[list[str], list[list[Cell]]]] = {}
        self.paragraphs: list[Cell] = []
        self.pictures: list[dict[str, str | None]] = []
        self.code: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, Cell]] = []
        self._rows: list[list[Cell]] = []
        self._label = ""
        self.feed(text)

    @property
    def numbers(self) -> int:
        cells = [cell for _, rows in self.tables.values() for row in rows for cell in row]
        return sum(len(cell.numbers) for cell in [*cells, *self.paragraphs])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag in ("caption", "th", "td", "p", "code"):
            self._open.append((tag, Cell()))
        elif tag == "tr":
            self._rows.append([])
        elif tag == "table":
            self._rows = []
        elif tag == "img":
            self.pictures.append(known)
        elif tag == "pre":
            self._label = str(known["aria-label"])
        elif tag == "data":
            self._open[-1][1].numbers.append(Shown(float(str(known["value"])), "", error="error" in str(self.tags[-2][1].get("class"))))
        elif tag == "span" and known.get("class") == "detail":
            self._open.append(("span", Cell()))

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            heads, *rows = self._rows
            self.tables[self._caption] = [head.text for head in heads], rows
        if not self._open or tag != self._open[-1][0]:
            return
        cell = self._open.pop()[1]
        if tag in ("th", "td"):
            self._rows[-1].append(cell)
        elif tag == "caption":
            self._caption = cell.text
        elif tag == "p":
            self.paragraphs.append(cell)
        elif tag == "code":
            self.code[self._label] = cell.text

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        tag, cell = self._open[-1]
        plain = data if tag == "code" else data.replace("\u00a0", " ")
        cell.text += plain
        if cell.numbers and self.tags[-1][0] == "data" and not cell.numbers[-1].text:
            cell.numbers[-1].text = plain


@cache
def drawn(config: Path, draws: int, seed: int, plan: Literal["random", "sobol"] = "random", overrides: tuple[str, ...] = ()) -> xr.Dataset:
    return simulate(load_scenario(str(config), overrides=overrides), SamplingPlan(draws=draws, seed=seed, plan=plan))


@cache
def page_of(
    config: Path,
    draws: int,
    seed: int,
    plan: Literal["random", "sobol"] = "random",
    overrides: tuple[str, ...] = (),
    *,
    pictures: bool = False,
) -> str:
    """Return a report, without its pictures where nobody looks at them: they take most of its time."""
    results = drawn(config, draws, seed, plan, overrides)
    with nullcontext() if pictures else captions():
        return report(results).decode()


def captions() -> AbstractContextManager[object]:
    """Make reports in which a picture is its caption."""
    return patch("simulator.report.content.pictured", lambda _kind, caption, *_found, **_options: Paragraph((caption,)))


def unpainted() -> AbstractContextManager[object]:
    """Make reports whose pictures are made and described, but not painted."""
    return patch("simulator.report.pictures.picture_bytes", lambda _figure: b"<svg xmlns='http://www.w3.org/2000/svg'/>")


def check(shown: Shown, expected: float, factor: float = 1.0) -> None:
    """Hold a number to what it should be, and its text to its value."""
    assert shown.value == pytest.approx(expected, rel=1e-12, nan_ok=True), shown
    if not math.isfinite(expected):
        assert shown.text in ("∞", "not known")
        return
    if "than" in shown.text:  # less than 0.1 %
        return
    text, factor = (shown.text.removesuffix(" %"), 0.01) if shown.text.endswith("%") else (shown.text.replace(" ", ""), factor)
    noughts = len(text) - len(text.rstrip("0")) if "." not in text and float(text) else 0
    step = 10.0 ** (noughts - len(text.partition(".")[2]))
    assert abs(float(text) - expected / factor) <= 0.5001 * step, shown


def check_cells(cells: Sequence[Cell], expected: Sequence[tuple[float, float]], factor: float = 1.0) -> int:
    """Hold cells to values and errors; a value that is NaN is a dash or not known. Return how many numbers they hold."""
    for cell, (value, error) in zip(cells, expected, strict=True):
        if cell.text == "–":
            continue
        check(cell.numbers[0], value, factor)
        if len(cell.numbers) > 1:
            assert cell.numbers[1].error
            check(cell.numbers[1], error, factor)
        else:
            assert error == 0.0 or math.isnan(error) or "±" in cell.text or math.isnan(value), cell
    return sum(len(cell.numbers) for cell in cells)


def check_bands(page: Page, results: xr.Dataset, summary: xr.Dataset) -> int:
    """Hold the table of bands to percentiles and means of the draws."""
    heads, rows = page.tables["Percentiles and mean of each outcome, ± one Monte Carlo standard error"]
    assert heads == ["Outcome", "P5", "P50", "P80", "P95", "mean", "unit"]
    outputs = [name for name, _ in band_rows(summary)]
    assert [row[0].text.split()[0] for row in rows if row[0].text.endswith("total")] == ["cost,", "emissions,"]
    count = 0
    for output, (_, *cells, unit) in zip(outputs, rows, strict=True):
        draws = column(results, output).values
        row = summary.sel(output=output)
        expected = [(float(np.quantile(draws, q)), float(row.mcse.sel(quantile=q))) for q in (0.05, 0.5, 0.8, 0.95)]
        count += check_cells(cells, [*expected, (float(draws.mean()), float(row.mcse_mean))], UNITS[unit.text])
    return count


def check_contingency(page: Page, results: xr.Dataset) -> int:
    """Hold the contingency to what simulator risk tells."""
    heads, rows = page.tables["Contingency over P50, ± one Monte Carlo standard error"]
    risk = budget_risk(results, {"budget": 1.0}, levels=(0.8, 0.95))
    count = 0
    for place, limit in enumerate(("budget", "carbon_cap", "deadline")):
        one, unit = risk.sel(limit=limit), heads[place + 1].partition("[")[2].rstrip("]")
        known = [(one.p50, one.p50_mcse)]
        for level in (0.8, 0.95):
            at = one.sel(level=level)
            known += [(at.value_at_risk, at.value_at_risk_mcse), (at.contingency, at.contingency_mcse)]
        count += check_cells([row[place + 1] for row in rows], [(v.item(), e.item()) for v, e in known], UNITS[unit])
    return count


def check_inputs(page: Page, results: xr.Dataset) -> int:
    """Hold the assumptions to what is drawn of each input, and to its source."""
    inputs = {item.name: item for item in stated_inputs(results)}
    told = {(item.name, item.source == "stated") for item in inputs.values()}
    count = 0
    for caption, stated in (
        ("Stated in the scenario", True),
        ("Not stated, hence taken from sourced defaults, or changed by a lever", False),
    ):
        own = [name for name, is_stated in told if is_stated == stated]
        rows = page.tables[caption][1]
        assert sorted(row[0].text.strip() for row in rows) == sorted(map(named, own))
        by_words = {named(name): name for name in own}
        for head, text, low, middle, high, unit, *source in rows:
            item = inputs[by_words[head.text.strip()]]
            assert text.text == item.stated or float(text.text.split()[0]) > 0.0
            assert not source or source[0].text == item.source.replace("\u00a0", " ")
            if not item.drawn:
                assert middle.text == "certain"
                continue
            quantity, bracket, member = item.name.partition("[")
            values = results[quantity]
            if bracket:
                (group,) = (dim for dim in values.dims if dim != "draw")
                values = values.sel({group: member.rstrip("]")})
            expected = np.quantile(values, [0.05, 0.5, 0.95])
            if unit.text == "date":
                assert [cell.numbers[0].value for cell in (low, middle, high)] == pytest.approx(expected.tolist())
                assert middle.text == str(np.datetime64("1970-01-01T00", "h") + int(expected[1]))[:10]
                count += 3
                continue
            count += check_cells((low, middle, high), [(float(v), math.nan) for v in expected], UNITS.get(unit.text, 1.0))
    return count


def check_convergence(page: Page, summary: xr.Dataset) -> int:
    """Hold errors and draws needed to the summary."""
    count = 0
    for head, value, unit, width, needed in page.tables["How exactly each statistic is known"][1]:
        words, statistic = head.text.split(", ")
        row = summary.sel(output=OUTCOMES[words])
        at = row if statistic == "mean" else row.sel(quantile=float(statistic[1:]) / 100.0)
        v, e = (at["mean"], at.mcse_mean) if statistic == "mean" else (at.value, at.mcse)
        count += check_cells([value], [(v.item(), e.item())], UNITS[unit.text])
        if width.numbers:
            reach = 1.96 if summary.attrs["plan"] == "random" else 2.131
            assert width.numbers[0].value == pytest.approx(reach * e.item() / v.item(), rel=1e-3)
            check(width.numbers[0], width.numbers[0].value)
            check(needed.numbers[0], math.ceil(summary.attrs["draws"] * (width.numbers[0].value / 0.01) ** 2))
        count += len(width.numbers) + len(needed.numbers)
    return count


def check_limits(page: Page, results: xr.Dataset) -> int:
    """Hold chances to shares of the draws."""
    limits = json.loads(results.attrs["limits"])
    if not limits:
        return 0
    count = 0
    outputs = {"budget": "cost_total", "deadline": "programme_time", "carbon cap": "emissions_total"}
    for head, value, unit, exceeded in page.tables["Limits of the scenario, and how likely each is exceeded"][1]:
        limit = limits[head.text.replace(" ", "_")]
        above = chance(results, results[outputs[head.text]].values > limit)
        count += check_cells([value], [(limit, 0.0)], UNITS[unit.text]) + check_cells([exceeded], [(above.value, above.mcse)])
    return count


def check_events(page: Page, results: xr.Dataset) -> int:
    """Hold the register to draws with and without each event."""
    effects = {event.name: event for event in event_effects(results)}
    if not effects:
        return 0
    heads, rows = page.tables["Risk register: how likely each event is, and what it does"]
    factor = UNITS[heads[3].partition("[")[2].rstrip("]")]
    cost, count = results.cost_total.values, 0
    for head, _, share, adds, there, delay in rows:
        name = head.text.strip()
        happens, e = results.event_occurrences.sel(risk=name).values > 0, effects[name]
        count += check_cells([share], [(happens.mean(), e.chance.mcse)])
        if not math.isnan(e.added.value):
            count += check_cells([adds], [(cost.mean() - cost[~happens].mean(), e.added.mcse)], factor)
        else:
            count += len(adds.numbers)
        count += check_cells([there], [(e.cost.value, e.cost.mcse)], factor) + check_cells([delay], [(e.delay.value, e.delay.mcse)], 24.0)
        if not math.isnan(e.cost.value):
            assert e.cost.value == pytest.approx(cost[happens].mean() - cost[~happens].mean())
    return count


def check_sentences(page: Page, results: xr.Dataset, summary: xr.Dataset) -> int:
    """Hold numbers inside of sentences to the draws."""
    lead, *_ = [p for p in page.paragraphs if p.text.startswith("There is an 80 % chance that")]
    expected = []
    for output in ("cost_total", "emissions_total", "programme_time"):
        at = summary.sel(output=output, quantile=0.8)
        expected.append([float(np.quantile(results[output], 0.8)), *([at.mcse.item()] if at.mcse.item() > 0.0 else [])])
    units = re.findall(r"(?:thousand|million|billion) USD|k?t CO2e|kg CO2e|days", lead.text)
    rows = [(value, UNITS[unit]) for unit, row in zip(units, expected, strict=True) for value in row]
    for number, (value, factor) in zip(lead.numbers, rows, strict=True):
        check(number, value, factor)
    (quote,) = [p for p in page.paragraphs if p.text.startswith("Training ")]
    levels = (0.5, 0.05, 0.95)
    certain = {name: np.ptp(results[name].values) == 0.0 for name in ("emissions_total", "energy_total")}
    told = [(name, level) for name in certain for level in (levels[:1] if certain[name] else levels)]
    assert quote.text.count("(the same in every draw)") == sum(certain.values())
    for number, (output, level) in zip(quote.numbers, told, strict=True):
        unit = re.findall(r"k?t CO2e|kg CO2e|[kMG]Wh", quote.text)[0 if output == "emissions_total" else -1]
        check(number, float(np.quantile(results[output], level)), UNITS[unit])
    (contents,) = [p for p in page.paragraphs if p.text.startswith("The sum contains")]
    market = (
        [float(np.quantile(results.emissions_market, level)) for level in levels] if "which is not part of the sum" in contents.text else []
    )
    pue = [float(np.quantile(results.pue, 0.5))] if "draw" in results.pue.dims else []
    assert [n.value for n in contents.numbers] == pytest.approx([*pue, *market])
    (exact,) = [p for p in page.paragraphs if p.text.startswith("The numbers of this report rest on")]
    assert exact.numbers[0].value == results.sizes["draw"]
    widths = [row[3].numbers[0].value for row in page.tables["How exactly each statistic is known"][1] if row[3].numbers]
    assert exact.numbers[1].value == max(widths)
    count = len(lead.numbers) + len(quote.numbers) + len(contents.numbers) + 2
    for words, happens in _chances(results).items():
        (told,) = [p for p in page.paragraphs if words in p.text]
        known = chance(results, happens)
        count += check_cells([told], [(known.value, known.mcse)])
    return count


def _chances(results: xr.Dataset) -> dict[str, np.ndarray]:
    limits = json.loads(results.attrs["limits"])
    outputs = {"budget": "cost_total", "deadline": "programme_time", "carbon_cap": "emissions_total"}
    found = {}
    if len(limits) > 1:
        found["hold together"] = np.logical_and.reduce([results[outputs[name]].values <= limit for name, limit in limits.items()])
    if "building_saves" in results:
        found["cheaper than buying"] = results.building_saves.values > 0.0
    return found


@pytest.mark.parametrize(
    ("config", "draws", "seed", "plan"),
    [
        (QUICKSTART, 4000, 0, "random"), (ANATOMY, 4000, 3, "random"), (DE, 2000, 1, "random"), (LLAMA, 2000, 5, "random"),
        (QUICKSTART, 4096, 0, "sobol"), (BERT, 1000, 9, "random"), (GEMINI, 1000, 2, "random"),
    ],
)  # fmt: skip
def test_every_number_is_the_datasets(config: Path, draws: int, seed: int, plan: str) -> None:
    results = drawn(config, draws, seed, plan)
    summary, page = summarize(results), Page(page_of(config, draws, seed, plan))
    checked = check_bands(page, results, summary) + check_contingency(page, results) + check_inputs(page, results)
    checked += check_convergence(page, summary) + check_limits(page, results) + check_events(page, results)
    checked += check_sentences(page, results, summary)
    for (a, b), asked, achieved in _pairs(results):
        (row,) = [
            row for row in page.tables["Rank correlations of inputs; all other pairs are independent"][1] if row[0].text == f"{a} and {b}"
        ]
        checked += check_cells(row[1:], [(asked, 0.0), (achieved, math.nan)])
    (made,) = [row for row in page.tables["What made these numbers"][1] if row[0].text == "draws"]
    check(made[1].numbers[0], draws)
    assert checked + 1 == page.numbers


def _pairs(results: xr.Dataset) -> Iterator[tuple[tuple[str, str], float, float]]:
    for pair in json.loads(results.attrs["correlations"]):
        if pair["requested"] != 0.0:
            a, b = pair["inputs"]
            yield (named(a), named(b)), pair["requested"], pair["achieved"]


def test_the_statement_is_the_datasets_and_can_be_cited() -> None:
    results, page = drawn(ANATOMY, 4000, 3), Page(page_of(ANATOMY, 4000, 3))
    told = json.loads(page.code["In JSON: model card and Annex XI of the AI Act"])
    for key, output, factor in (("total", "emissions_total", 1.0), ("operational_location_based", "emissions_location", 1.0)):
        for level in (5, 50, 95):
            assert told["emissions"][key][f"p{level}"] == pytest.approx(np.quantile(results[output], level / 100) / factor, rel=1e-5)
    for key, output in (("training_run", "energy"), ("whole_programme", "energy_total")):
        assert told["energy_consumption"][key]["p50"] == pytest.approx(np.median(results[output]) / 1e3, rel=1e-5)
    assert told["energy_consumption"]["pue"]["p50"] == pytest.approx(np.median(results.pue), rel=1e-5)
    assert told["computational_resources"]["training_time_days"]["p95"] == pytest.approx(
        np.quantile(results.wall_clock, 0.95) / 24, rel=1e-5
    )
    for name, band in told["emissions"]["embodied"].items():
        assert band["p50"] == pytest.approx(np.median(results.emissions.sel(emission_component=name)), rel=1e-5)
    card = parse_yaml(page.code["In the YAML head of a Hugging Face model card"]).data["co2_eq_emissions"]
    assert card == told["co2_eq_emissions"]
    assert set(card) == {"emissions", "source", "training_type", "geographical_location", "hardware_used"}
    assert card["emissions"] == pytest.approx(1e3 * np.median(results.emissions_total), rel=1e-5)
    assert (card["geographical_location"], card["hardware_used"], card["training_type"]) == ("US-TX", "1024 x H100 SXM", "pre-training")
    words = page.code["In LaTeX"]
    shown = re.findall(r"\$([\d.]+)\$", words)
    expected = [np.quantile(results[o], q) / f for o, f in (("emissions_total", 1e6), ("energy_total", 1e6)) for q in (0.5, 0.05, 0.95)]
    assert [float(x) for x in shown] == pytest.approx(expected, rel=5e-3)


def test_what_is_certain_has_no_interval() -> None:
    page = Page(page_of(BERT, 1000, 9))
    (lead,) = [p.text for p in page.paragraphs if p.text.startswith("There is an 80 % chance")]
    assert "it emits no more than 650.4 kg CO2e and takes no more than 3.292 days." in lead
    assert "emit\n$650.4$~kg CO\\textsubscript{2}e (the same in every draw)\n" in page.code["In LaTeX"]


def test_the_line_makes_the_same_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for config, plan in ((QUICKSTART, "sobol"), (ANATOMY, "random")):
        draws = 4096 if plan == "sobol" else 4000
        seed = 0 if plan == "sobol" else 3
        page = Page(page_of(config, draws, seed, plan))
        (tmp_path / "scenario.yaml").write_text(page.code["Scenario (scenario.yaml)"], encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert _run(page.code["Command that makes the same draws"].split()[1:], debug=True) == 0
        again = open_results("run.nc")
        assert again.attrs["scenario_hash"] == drawn(config, draws, seed, plan).attrs["scenario_hash"]
        xr.testing.assert_identical(again.cost_total, drawn(config, draws, seed, plan).cost_total)
        xr.testing.assert_identical(again.emissions, drawn(config, draws, seed, plan).emissions)


def test_nothing_outside_is_asked_for_and_all_has_its_place() -> None:
    for config, draws, seed, pictures in ((QUICKSTART, 4000, 0, True), (ANATOMY, 4000, 3, False)):
        text = page_of(config, draws, seed, pictures=pictures)
        page = Page(text)
        assert len(text) < 5_000_000
        tags = [tag for tag, _ in page.tags]
        assert not set(tags) & {"script", "link", "iframe", "object", "embed", "form"}
        assert [tag for tag in tags if re.fullmatch(r"h\d", tag)] == ["h1", *["h2"] * tags.count("section")]
        assert all(tags.count(tag) == 1 for tag in ("main", "nav", "header", "footer", "h1"))
        links = [value for _, known in page.tags for key, value in known.items() if key in ("src", "srcset", "href")]
        anchors = {str(known["id"]) for _, known in page.tags if "id" in known}
        assert all(str(link).startswith("data:image/svg+xml;base64,") or str(link)[1:] in anchors for link in links)
        assert "url(" not in text.partition("</style>")[0]
        assert all(known.get("scope") in ("row", "col") for tag, known in page.tags if tag == "th")
        assert len([known for _, known in page.tags if "id" in known]) == len(anchors)
        assert all(re.search(r"\d", str(picture["alt"])) and len(str(picture["alt"])) > 60 for picture in page.pictures)


def test_pictures_are_there_and_tell_numbers() -> None:
    results = drawn(QUICKSTART, 4000, 0)
    alts = {str(picture["alt"]) for picture in Page(page_of(QUICKSTART, 4000, 0, pictures=True)).pictures}
    assert len(alts) == 6
    assert any(f"P80: {np.quantile(results.cost_total, 0.8) / 1e3:.0f}"[:8] in alt for alt in alts)
    strongest = rank_correlations(results).isel(input=0)
    assert any(f"rental price: {strongest.partial.item():.2f}"[:18] in alt for alt in alts)


def test_ranks_are_of_so_many_draws_as_they_need_and_say_so() -> None:
    results = xr.Dataset({"cost_total": ("draw", np.arange(6000.0))}, attrs={"draws": 6000, "plan": "random"})
    few = _ranked(results)
    assert (few.sizes["draw"], few.attrs["draws"]) == (4096, 4096)
    assert _ranked(few) is few
    assert _ranked(results.assign_attrs(plan="sobol")).sizes["draw"] == 6000


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> | `x` [a](javascript:b) \\input{c} & _d_ $e_$ 5 $'


def test_hostile_text_is_only_text() -> None:
    results = drawn(ANATOMY, 4000, 3).copy()
    names = results.risk.values.copy()
    names[0] = HOSTILE
    stated = {
        key: results[key].attrs["stated"].replace(json.dumps("delivery delay"), json.dumps(HOSTILE))
        for key in results
        if "stated" in results[key].attrs
    }
    results = results.assign_coords(risk=("risk", names, results.risk.attrs))
    for key, text in stated.items():
        results[key] = results[key].copy()
        results[key].attrs["stated"] = text
    results.attrs.update(scenario=HOSTILE, description=HOSTILE + "\n# heading", config=f"name: {json.dumps(HOSTILE)}\n")
    with unpainted(), patch("simulator.report.content.waterfall", wraps=waterfall) as computed:
        text = report(results).decode()
    assert computed.call_count == 1  # for both widths: it takes seconds
    page = Page(text)
    assert any(HOSTILE in str(picture["alt"]) for picture in page.pictures)
    assert "<script" not in text
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [known for tag, known in page.tags if tag == "img" and known["src"] == "x"]
    assert not [known for _, known in page.tags if any(key.startswith("on") for key in known)]
    assert any(HOSTILE in p.text for p in page.paragraphs)
    assert HOSTILE in [row[0].text.strip() for row in page.tables["Risk register: how likely each event is, and what it does"][1]]
    assert r"\textbackslash{}input\{c\} \& \_d\_" in page.code["In LaTeX"]
    assert json.loads(page.code["In JSON: model card and Annex XI of the AI Act"])["scenario"] == HOSTILE
    with captions():
        marked = report(results, ".md").decode()
    marked = re.sub(r"^(`{3,}).*?^\1$", "", marked, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in marked
    assert "<img" not in marked
    assert "](javascript" not in marked.replace("\\]", "")
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (0, 8, 7, 9, 6, 5, 4, 3) for line in marked.splitlines())
    assert "# heading" not in marked.splitlines()


def test_stopped_runs_are_told() -> None:
    stopped = ("reliability.max_wall_clock=9 days",)
    page = Page(page_of(QUICKSTART, 3000, 0, "random", stopped))
    share = (drawn(QUICKSTART, 3000, 0, "random", stopped).completed == 0).mean().item()
    told = " ".join(p.text for p in page.paragraphs)
    assert f"{100 * share:.3g} % of the runs were stopped at max_wall_clock, their work undone" in told
    assert "finished or stopped, costs no more than" in told
    assert "No time can be stated: its P80 is infinite, or never" in told


@pytest.mark.parametrize(("bad", "why"), [(math.inf, "its P80 is infinite"), (math.nan, "the draws are too few, or not all known")])
def test_infinite_and_unknown_draws_are_not_hidden(bad: float, why: str) -> None:
    results = drawn(QUICKSTART, 4000, 0).copy()
    cost = results.cost_total.values.copy()
    cost[: 3000 if math.isinf(bad) else 1] = bad
    results["cost_total"] = ("draw", cost, results.cost_total.attrs)
    with unpainted():
        page = Page(report(results).decode())
    told = " ".join(p.text for p in page.paragraphs)
    assert f"No cost can be stated that quickstart keeps with an 80 % chance: {why}" in told
    assert "With an 80 % chance each, it emits no more than" in told
    assert "No picture of this (cost and emissions by component): percentiles of the cost are infinite or not known" in told
    total = page.tables["Percentiles and mean of each outcome, ± one Monte Carlo standard error"][1][0]
    assert total[3].text in ("∞", "not known", "–")
    fields = json.loads(page.code["In JSON: model card and Annex XI of the AI Act"])
    assert fields["emissions"]["total"]["p50"] > 0.0


def test_few_draws_say_so() -> None:
    with unpainted():
        page = Page(report(simulate(load_scenario(str(QUICKSTART)), SamplingPlan(draws=4))).decode())
    told = " ".join(p.text for p in page.paragraphs)
    assert "too few for an error of any statistic" in told
    assert "the draws are too few, or not all known" in told
    assert "too few for a waterfall" in told
    told = "emit an amount that these draws do not tell"
    assert told in " ".join(p.text for p in page.paragraphs)
    assert told in page.code["In LaTeX"].replace("\n", " ")
    with captions():
        one = Page(report(simulate(load_scenario(str(QUICKSTART)), SamplingPlan(draws=1024, plan="sobol", replicates=1))).decode())
    told = " ".join(p.text for p in one.paragraphs)
    assert "One Sobol' scrambling has no Monte Carlo error" in told
    assert "(Monte Carlo error not known)" in told


def test_equal_draws_are_equal_files_and_markdown_says_the_same(tmp_path: Path) -> None:
    save_results(drawn(QUICKSTART, 4000, 0), tmp_path / "run.nc")
    for name in ("r.html", "r.md"):
        assert _run(["report", str(tmp_path / "run.nc"), "-o", str(tmp_path / name)], debug=True) == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page_of(QUICKSTART, 4000, 0, pictures=True)
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[.+\]\((r_files/\S+)\)", text)
    assert sorted(shown) == sorted(f"r_files/{path.name}" for path in (tmp_path / "r_files").iterdir())
    assert len(shown) == 6
    page = Page(page_of(QUICKSTART, 4000, 0, pictures=True))
    wide = [b64decode(str(picture["src"]).partition("base64,")[2]) for picture in page.pictures]
    assert [(tmp_path / name).read_bytes() for name in shown] == wide
    plain = text.replace("\\", "").replace("&emsp;", "")
    for caption, (_, rows) in page.tables.items():
        assert f"**{caption}**" in plain
        for row in rows:
            assert " | ".join(cell.text for cell in row[1:]) in plain, row
    for paragraph in page.paragraphs[3:]:
        assert paragraph.text in plain, paragraph


def test_a_config_has_a_fan_and_a_tornado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    common = ["report", str(QUICKSTART), "--draws", "2048", "-o"]
    pages = {}
    with unpainted():
        for name, more in (("whole", []), ("quick", ["--quick"]), ("mean", ["--set", "reliability.method=expected_value"])):
            assert _run([*common, f"{name}.html", *more], debug=True) == 0
            pages[name] = Page(Path(f"{name}.html").read_text(encoding="utf-8"))
    kinds = {name: {str(picture["alt"]).split(".")[0] for picture in page.pictures} for name, page in pages.items()}
    fan, tornado = KINDS["fan"].shows, KINDS["tornado"].shows
    assert {fan, tornado} <= kinds["whole"]
    assert kinds["quick"] == (kinds["whole"] - {fan, tornado}) | {KINDS["ranks"].shows}
    assert kinds["mean"] == kinds["whole"] - {fan}  # expectations have no history
    assert pages["whole"].tables["Stated in the scenario"] == pages["quick"].tables["Stated in the scenario"]


@pytest.mark.parametrize(("draws", "replicates"), [(4096, 16), (1536, 3), (8192, 128), (64, 16)])
def test_sobol_points_have_a_fan_and_a_tornado_too(tmp_path: Path, draws: int, replicates: int) -> None:
    plan = ["--plan", "sobol", "--draws", str(draws), "--replicates", str(replicates)]
    with captions(), patch("simulator.report.save_report") as saved:
        assert _run(["report", str(QUICKSTART), *plan, "-o", str(tmp_path / "r.html")], debug=True) == 0
    fan, tornado = (saved.call_args.kwargs[name] for name in ("fan", "tornado"))
    assert fan.attrs["draws"] % replicates == tornado.attrs["draws"] % replicates == 0
    assert fan.attrs["draws"] <= draws


def test_what_cannot_be_reported_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_results(drawn(QUICKSTART, 4000, 0), "run.nc")
    assert _run(["run", str(QUICKSTART), "--draws", "3000", "--summary", "-o", "bands.nc"], debug=True) == 0
    assert _run(["compare", str(QUICKSTART), "--lever", "fp8", "--draws", "2000", "-o", "both.nc"], debug=True) == 0
    assert _run(["risk", str(QUICKSTART), "--draws", "2000", "--budget", "300k", "-o", "risk.nc"], debug=True) == 0
    Path("a.html").mkdir()
    for words, told in (
        (["run.nc", "-o", "r.doc"], "r.doc is no report. Its name ends in .html, .md, .pdf"),
        (["run.nc", "-o", "no/r.html"], "folder no does not exist"),
        (["run.nc", "-o", "a.html"], "a.html is a folder. Name a file"),
        (["run.nc", "--seed", "3", "-o", "r.html"], "holds draws that are made already; leave out --seed"),
        (["run.nc", "--quick", "-o", "r.html"], "--quick is of a CONFIG, and run.nc holds draws that are made already"),
        (["bands.nc", "-o", "r.html"], "bands.nc holds no draws of a run, and a report is of draws of one scenario. Name its CONFIG"),
        (["risk.nc", "-o", "r.html"], "Name its CONFIG, with what differs (--lever fp8, --set mfu=0.4, --set limits.budget=300k)"),
        (["risk.nc", "-o", "r.html"], "It can be drawn as exceedance: simulator plot risk.nc KIND -o FILE.svg"),
        (["both.nc", "-o", "r.html"], "both.nc holds draws of several scenarios (quickstart, quickstart with fp8), and a report is of"),
        (["none.nc", "-o", "r.html"], "none.nc does not exist"),
    ):
        capsys.readouterr()
        assert _run(["report", *words], debug=False) == 2
        assert told in capsys.readouterr().err
        assert not Path("r.html").exists()
    with pytest.raises(InputError, match="these draws have weights"):
        report(drawn(QUICKSTART, 4000, 0).assign_attrs(weights="weight"))
    with pytest.raises(InputError, match="a report reads draws"):
        report(summarize(drawn(QUICKSTART, 4000, 0)))
    with pytest.raises(InputError, match="a report is of one scenario"):
        report(open_results("both.nc"))


def test_pdf_without_its_library_says_how_to_have_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def without(name: str, *arguments: Any) -> object:
        if name == "weasyprint":
            raise ImportError(name)
        return load(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    assert _run(["report", str(QUICKSTART), "-o", str(tmp_path / "r.pdf")], debug=False) == 2
    assert "pip install 'training-risk-simulator[report]'" in capsys.readouterr().err


def test_a_full_disk_leaves_the_older_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.html"
    target.write_text("older")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with captions(), pytest.raises(InputError, match=r"r\.html cannot be written \(No space left on device\)"):
        save_report(drawn(QUICKSTART, 4000, 0), target)
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
    assert target.read_text() == "older"


def test_latex_is_escaped() -> None:
    assert latex("a_b 5% $x$ #1 {y} ~ ^ \\z") == (r"a\_b 5\% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}z")
