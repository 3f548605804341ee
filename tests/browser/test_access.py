"""Can everyone use the page: by keyboard, on a phone, with a screen reader, by a link that is broken, from another machine?"""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import DESKTOP, PHONE, Open, Serve
from on_page import QUICKSTART, a_new_result, box, told_beside
from playwright.sync_api import Browser, Page, expect


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['impact']} {v['id']}: {[node['html'][:120] for node in v['nodes']]}" for v in found]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_anyone_can_use_it(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page("?draws=2000&mfu=0.45&budget=300k&lever=fp8&pin=", size=size)
    page.locator("summary", has_text="Components").click()
    page.wait_for_selector("#parts tr")
    assert page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [size[0], size[0]]
    assert page.locator("html").get_attribute("lang") == "en"
    box(page, "mfu", "high").fill("4.2")
    expect(told_beside(page, "mfu")).to_contain_text("4.2 cannot end")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_the_end_of_the_page_is_not_hidden_on_a_phone(open_page: Open) -> None:
    page = open_page("?draws=2000&budget=300k&deadline=12&carbon_cap=40&pin=", size=PHONE)
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    link, told = page.locator("#downloads a").last.bounding_box(), page.locator("div.headline").bounding_box()
    assert link is not None
    assert told is not None
    assert link["y"] + link["height"] < told["y"]


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


def test_a_broken_link_gets_a_message(open_page: Open) -> None:
    page = open_page("?draws=1000")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    address = page.url.partition("?")[0]
    for query, told in (
        ("?region=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E", "is not a known region"),
        ("?pin=mfu%3D9", "the pinned scenario is not possible"),
        ("?mfu=" + "0" * 5000, "longer than"),
    ):
        page.goto(address + query)
        expect(page.locator("body")).to_contain_text(told)
        assert page.locator("#fields input").count() > 10


def test_who_prefers_less_motion_gets_none(open_page: Open) -> None:
    page = open_page("?draws=1000", shown=False)
    page.wait_for_selector(".switch")
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.querySelector('.switch'), '::before').transitionDuration") == "0s"


def test_names_are_text(open_page: Open, serve: Serve, tmp_path: Path) -> None:
    config = tmp_path / "x.yaml"
    name = "<img src=x onerror=alert(1)>"
    config.write_text(QUICKSTART.read_text().replace("name: quickstart", f"name: '{name}'").replace("description: ", "description: <b>"))
    page = open_page("?draws=1000", at=serve(str(config)))
    assert page.inner_text("h1") == name
    assert page.locator("header img, header b").count() == 0


def test_a_token_opens_the_page_to_others(open_page: Open, serve_to_others: str, browser: Browser) -> None:
    plain = serve_to_others.partition("?")[0]
    page = open_page("&draws=1000", at=serve_to_others)
    assert "token" not in page.url
    page.goto(plain)
    page.wait_for_selector("#bands tr")
    other = browser.new_context().new_page()
    answer = other.goto(plain)
    assert answer is not None
    assert answer.status == 403
    other.context.close()


def test_scenarios_of_the_record_open(open_page: Open, serve: Serve) -> None:
    for config in ("configs/quickstart-de.yaml", "configs/full-anatomy.yaml"):
        page = open_page("?draws=1000", at=serve(config), size=PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        expect(page.locator("#status")).to_have_text("")
    assert violations(page) == []
