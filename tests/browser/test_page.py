"""The page in a browser, as its users meet it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import DESKTOP, PHONE, ROOT, Open, Serve
from playwright.sync_api import Locator, Page, expect

from simulator import SamplingPlan, load_scenario, open_results, simulate, summarize
from simulator.analysis.words import rounded
from simulator.cli import _run

QUICKSTART = ROOT / "configs" / "quickstart.yaml"
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
expect.set_options(timeout=30_000)


def box(page: Page, name: str, end: str) -> Locator:
    return page.locator(f'[id=\'{{"name":"{name}","type":"{end}"}}\']')


def told_beside(page: Page, name: str) -> Locator:
    return box(page, name, "message")


def fill(page: Page, name: str, low: str, high: str) -> None:
    box(page, name, "low").fill(low)
    box(page, name, "high").fill(high)


@contextmanager
def a_new_result(page: Page) -> Iterator[None]:
    """Wait for the bands to change by what is done inside."""
    before = page.text_content("#bands")
    yield
    page.wait_for_function("text => document.querySelector('#bands').textContent !== text", arg=before)


def p50(page: Page) -> str:
    return page.locator("#bands tr.total td").nth(1).inner_text().split()[0]


def settled(page: Page, value: str, expected: str) -> str:
    """Return the P50 that stands two seconds after the result of an utilization: no older one may come after it."""
    page.wait_for_function("value => location.search.includes(`mfu=${value}`)", arg=value)
    expect(page.locator("#bands tr.total td").nth(1)).to_contain_text(f"{expected}±")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    page.wait_for_timeout(2_000)
    return p50(page)


def simulated(*overrides: str, draws: int = 2_000) -> str:
    """Return what the library says P50 of the cost is, as the page should write it."""
    bands = summarize(simulate(load_scenario(QUICKSTART, overrides=overrides), SamplingPlan(draws=draws)))
    row = bands.sel(output="cost_total", quantile=0.5)
    return rounded(row.value.item() / 1e3, row.mcse.item() / 1e3)


def traces(page: Page, name: str) -> list[dict[str, Any]]:
    colour = "(t.line || {}).color || (((t.marker || {}).line || {}).color)"
    drawn = "document.querySelector(`#${name} .js-plotly-plot`).data"
    found: list[dict[str, Any]] = page.evaluate(f"name => {drawn}.map(t => ({{x: t.x, y: t.y, colour: {colour}}}))", name)
    return found


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['impact']} {v['id']}: {[node['html'][:120] for node in v['nodes']]}" for v in found]


@SIZES
@pytest.mark.parametrize(
    "query",
    ["?draws=2000", "?draws=2000&mfu=0.45&budget=300k&lever=fp8&pin=", "?mfu=0.5+to+0.3"],
    ids=["plain", "pinned", "message"],
)
def test_anyone_can_use_it(open_page: Open, size: tuple[int, int], query: str) -> None:
    page = open_page(query, size=size, shown="0.5" not in query)
    if "0.5" in query:
        expect(told_beside(page, "mfu")).to_contain_text("0.5")
    page.wait_for_timeout(500)
    assert violations(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1] == size[0]
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_page_says_what_the_library_says(open_page: Open) -> None:
    page = open_page("?draws=50000")
    assert p50(page) == simulated(draws=50_000)
    expect(page.locator("#headline")).to_contain_text("There is an 80 % chance to cost no more than")
    expect(page.locator("#headline")).to_contain_text("Monte Carlo error")
    assert len(traces(page, "fan")) == 5


@SIZES
def test_a_better_utilization_costs_less_than_the_pinned_scenario(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page("?draws=2000", size=size)
    with a_new_result(page):
        fill(page, "mfu", "0.38", "0.38")
    before = p50(page)
    assert before == simulated("mfu=0.38")
    page.click("#pin")
    expect(page.locator("#compared")).to_be_visible()
    pinned = [trace for trace in traces(page, "costs") if trace["colour"] == "#D55E00"]
    with a_new_result(page):
        fill(page, "mfu", "0.45", "0.45")
    after = p50(page)
    assert after == simulated("mfu=0.45")
    assert float(after) < float(before)
    assert [trace for trace in traces(page, "costs") if trace["colour"] == "#D55E00"] == pinned
    assert len(traces(page, "fan")) == 8
    row = page.locator("#difference tbody tr").first
    expect(row).to_contain_text("Cost")
    expect(row).to_contain_text("100 %")
    assert row.locator("td").nth(1).inner_text().startswith("\N{MINUS SIGN}")
    expect(page.locator("#legend")).to_contain_text("pinned: mfu 0.38")
    page.click("#unpin")
    expect(page.locator("#compared")).to_be_hidden()


def test_an_impossible_value_gets_a_message_and_the_last_result_stays(open_page: Open) -> None:
    page = open_page("?draws=2000")
    before = page.text_content("#bands")
    box(page, "mfu", "high").fill("4.2")
    expect(told_beside(page, "mfu")).to_contain_text("4.2 cannot end a 90 % interval")
    assert page.text_content("#bands") == before
    expect(box(page, "mfu", "high")).to_have_attribute("aria-invalid", "true")
    described = box(page, "mfu", "high").get_attribute("aria-describedby")
    assert described == told_beside(page, "mfu").get_attribute("id")
    box(page, "mfu", "high").fill("much")
    expect(told_beside(page, "mfu")).to_contain_text("'much' is not a number")
    with a_new_result(page):
        box(page, "mfu", "high").fill("0.6")
    expect(told_beside(page, "mfu")).to_have_text("")
    expect(box(page, "mfu", "high")).to_have_attribute("aria-invalid", "false")


def test_levers_that_exclude_each_other_are_told(open_page: Open) -> None:
    page = open_page("?draws=2000")
    with a_new_result(page):
        box(page, "fp8", "switch").click()
    box(page, "fp4", "switch").click()
    expect(told_beside(page, "lever")).to_contain_text("exclude each other")
    assert "fp4" in told_beside(page, "lever").inner_text()
    box(page, "fp4", "switch").click()
    expect(told_beside(page, "lever")).to_have_text("")


def test_reload_and_link_restore_the_state(open_page: Open) -> None:
    page = open_page("?draws=2000")
    with a_new_result(page):
        fill(page, "mfu", "0.4", "0.5")
    box(page, "fp8", "switch").click()
    page.click("#pin")
    expect(page.locator("#compared")).to_be_visible()
    with a_new_result(page):
        page.select_option("#region", "FR")
    box(page, "budget", "limit").fill("300k")
    expect(page.locator("#headline")).to_contain_text("budget")
    page.select_option("#draws", "20000")
    expect(page.locator("#remarks")).to_contain_text("20 000")
    page.wait_for_timeout(500)
    told, link = page.text_content("#bands"), page.url
    page.reload()
    other = open_page("?" + link.partition("?")[2])
    for again in (page, other):
        expect(again.locator("#remarks")).to_contain_text("20 000")
        expect(again.locator("#difference tr")).not_to_have_count(0)
        assert again.text_content("#bands") == told
        assert box(again, "mfu", "low").input_value() == "0.4"
        assert box(again, "budget", "limit").input_value() == "300k"
        assert again.input_value("#region") == "FR"
        assert box(again, "fp8", "switch").get_attribute("aria-checked") == "true"


def test_twenty_quick_changes_end_in_the_last_ones_result(open_page: Open) -> None:
    page = open_page("?draws=50000")
    for i in range(20):
        fill(page, "mfu", f"0.{30 + i}", f"0.{30 + i}")
        page.wait_for_timeout(60 if i % 3 else 400)
    last = simulated("mfu=0.49", draws=50_000)
    assert settled(page, "0.49", last) == last


def test_two_tabs_at_once_each_get_their_own(open_page: Open) -> None:
    first, second = open_page("?draws=50000"), open_page("?draws=50000")
    for value in ("0.31", "0.32", "0.33"):
        fill(first, "mfu", value, value)
        fill(second, "mfu", f"{float(value) + 0.2:.2f}", f"{float(value) + 0.2:.2f}")
    for page, value in ((first, "0.33"), (second, "0.53")):
        last = simulated(f"mfu={value}", draws=50_000)
        assert settled(page, value, last) == last


def test_the_keyboard_is_enough(open_page: Open) -> None:
    page = open_page("?draws=2000")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results"
    reached = set()
    page.evaluate("document.activeElement.blur()")
    page.locator("#pin").focus()
    for _ in range(120):
        active = "document.activeElement"
        focused = page.evaluate(f"[{active}.id, getComputedStyle({active}).outlineStyle, {active}.role]")
        if page.evaluate(f"{active} === document.body"):
            break
        assert focused[1] != "none" or focused[2] == "slider", focused
        reached.add(focused[0])
        page.keyboard.press("Tab")
    for name in ("pin", "accelerator", "region", "draws"):
        assert name in reached
    for name, kind in (("mfu", "low"), ("mfu", "high"), ("fp8", "switch"), ("budget", "limit")):
        assert f'{{"name":"{name}","type":"{kind}"}}' in reached
    box(page, "mfu", "low").focus()
    page.keyboard.press("Control+A")
    with a_new_result(page):
        page.keyboard.type("0.4")
    with a_new_result(page):
        box(page, "fp8", "switch").focus()
        page.keyboard.press("Space")
    with a_new_result(page):
        page.get_by_role("slider", name="Utilization (MFU), high end").focus()
        page.keyboard.press("ArrowRight")
    assert float(box(page, "mfu", "high").input_value()) > 0.45
    with a_new_result(page):
        page.locator("#region").focus()
        page.keyboard.type("Fra")
    page.locator("#pin").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#compared")).to_be_visible()


def test_what_is_chosen_brings_its_defaults_and_keeps_what_was_changed(open_page: Open) -> None:
    page = open_page("?draws=2000")
    fill(page, "pue", "1.3", "1.3")
    page.select_option("#accelerator", "B200")
    expect(box(page, "rental_price", "low")).not_to_have_value("2")
    page.select_option("#region", "FR")
    expect(box(page, "carbon_intensity", "low")).to_have_value("56")
    assert box(page, "pue", "low").input_value() == "1.3"
    box(page, "pue", "low").fill("")
    box(page, "pue", "high").fill("")
    page.wait_for_function("() => !location.search.includes('pue')")
    assert "region=FR" in page.url


def test_sliders_and_boxes_agree(open_page: Open) -> None:
    page = open_page("?draws=2000")
    fill(page, "mfu", "0.2", "0.8")
    slider = page.get_by_role("slider", name="Utilization (MFU), low end")
    expect(slider).to_have_attribute("aria-valuenow", "0.2")
    thumb = slider.bounding_box()
    assert thumb is not None
    page.mouse.move(thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2)
    page.mouse.down()
    page.mouse.move(thumb["x"] + 40, thumb["y"] + thumb["height"] / 2, steps=5)
    page.mouse.up()
    expect(box(page, "mfu", "low")).not_to_have_value("0.2")
    assert box(page, "mfu", "high").input_value() == "0.8"
    assert float(box(page, "mfu", "low").input_value()) > 0.2


def test_downloads_are_the_current_scenario(open_page: Open, tmp_path: Path) -> None:
    page = open_page("?mfu=0.38+to+0.45&lever=fp8&budget=300k&draws=2000")
    saved = {}
    for ending in (".yaml", ".nc"):
        with page.expect_download() as download:
            page.locator(f"#downloads a[href*='scenario{ending}']").click()
        assert download.value.suggested_filename == f"quickstart{ending}"
        saved[ending] = tmp_path / f"run{ending}"
        download.value.save_as(saved[ending])
    assert _run(["validate", str(saved[".yaml"])], debug=False) == 0
    draws = open_results(saved[".nc"])
    again = simulate(load_scenario(saved[".yaml"]), SamplingPlan(draws=2000))
    assert (draws.cost_total.values == again.cost_total.values).all()
    assert draws.attrs["levers"] == "fp8"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?mfu=%3Cscript%3Ealert(1)%3C/script%3E", "is not a number"),
        ("?region=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E", "is not a known region"),
        ("?accelerator=../../etc/passwd", "is not"),
        ("?nonsense=1", "is not known"),
        ("?scenario=other&mfu=0.4", "made for the scenario"),
        ("?draws=99999999", "not admissible"),
        ("?failure_rate=1e9", "interruptions in one draw"),
        ("?pin=mfu%3D9", "the pinned scenario is not possible"),
        ("?pin=%25%25%25", "is not known"),
        ("?mfu=" + "0" * 5000, "longer than"),
    ],
)
def test_a_broken_link_gets_a_message(open_page: Open, query: str, told: str) -> None:
    page = open_page(query, shown=False)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.wait_for_function("told => document.body.innerText.includes(told)", arg=told, timeout=30_000)
    assert "Traceback" not in page.inner_text("body")
    assert page.locator("#fields input").count() > 10


def test_who_prefers_less_motion_gets_none(open_page: Open) -> None:
    page = open_page("?draws=2000")
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.querySelector('.switch'), '::before').transitionDuration") == "0s"


def test_names_are_text(open_page: Open, serve: Serve, tmp_path: Path) -> None:
    config = tmp_path / "x.yaml"
    name = "<img src=x onerror=alert(1)>"
    config.write_text(QUICKSTART.read_text().replace("name: quickstart", f"name: '{name}'").replace("description: ", "description: <b>"))
    page = open_page("?draws=1000", at=serve(str(config)))
    assert page.inner_text("h1") == name
    assert page.locator("header img, header b").count() == 0


def test_a_token_opens_the_page_to_others(open_page: Open, serve: Serve) -> None:
    address = serve("configs/quickstart.yaml", "--host", "0.0.0.0").replace("0.0.0.0", "127.0.0.1")
    plain = address.partition("?")[0]
    page = open_page("&draws=1000", at=address)
    assert "token" not in page.url
    page.goto(plain)
    page.wait_for_selector("#bands tr")
    assert page.context.browser is not None
    other = page.context.browser.new_context().new_page()
    answer = other.goto(plain)
    assert answer is not None
    assert answer.status == 403
    other.context.close()


def test_scenarios_of_the_record_open(open_page: Open, serve: Serve) -> None:
    for config in ("configs/quickstart-de.yaml", "configs/full-anatomy.yaml"):
        page = open_page("?draws=1000", at=serve(config), size=PHONE)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        expect(page.locator("#status")).to_have_text("")


def test_many_tabs_do_not_hang_it(open_page: Open) -> None:
    pages = [open_page("?draws=2000") for _ in range(6)]
    for i, page in enumerate(pages):
        fill(page, "mfu", f"0.4{i}", f"0.4{i}")
    for i, page in enumerate(pages):
        own = simulated(f"mfu=0.4{i}")
        assert settled(page, f"0.4{i}", own) == own
