"""The page in a browser: it shows what the library says, and follows what is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import DESKTOP, PHONE, Open
from on_page import a_new_result, box, fill, p50, settled, simulated, told_beside, traces
from playwright.sync_api import expect

from simulator import SamplingPlan, load_scenario, open_results, simulate
from simulator.cli import _run


def test_the_page_says_what_the_library_says(open_page: Open) -> None:
    page = open_page("?draws=50000")
    assert p50(page) == simulated(draws=50_000)
    expect(page.locator("#headline")).to_contain_text("There is an 80 % chance to cost no more than")
    expect(page.locator("#headline")).to_contain_text("Monte Carlo error")
    assert len(traces(page, "fan")) == 5


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
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
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
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
    first, second = open_page("?draws=20000"), open_page("?draws=20000")
    for value in ("0.31", "0.32", "0.33"):
        fill(first, "mfu", value, value)
        fill(second, "mfu", f"{float(value) + 0.2:.2f}", f"{float(value) + 0.2:.2f}")
    for page, value in ((first, "0.33"), (second, "0.53")):
        last = simulated(f"mfu={value}", draws=20_000)
        assert settled(page, value, last) == last


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
    for ending in (".yaml", ".nc", ".html"):
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
    told = p50(page)
    page.goto(saved[".html"].as_uri())
    assert page.locator("#picture-fan img").count() == 1
    assert told in page.locator("#bands tbody tr").first.locator("data").all_inner_texts()


def test_many_tabs_do_not_hang_it(open_page: Open) -> None:
    pages = [open_page("?draws=2000") for _ in range(4)]
    for i, page in enumerate(pages):
        fill(page, "mfu", f"0.4{i}", f"0.4{i}")
    for i, page in enumerate(pages):
        page.bring_to_front()
        own = simulated(f"mfu=0.4{i}")
        assert settled(page, f"0.4{i}", own) == own
