"""What tests of the page do with it: fill its fields, wait for its results, read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import ASKED, ROOT
from playwright.sync_api import Locator, Page, expect

from simulator import SamplingPlan, load_scenario, simulate, summarize
from simulator.analysis.words import rounded

QUICKSTART = ROOT / "configs" / "quickstart.yaml"
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
    """Return the P50 that stands when the result of an utilization is there, and no older one can come after it any more."""
    page.wait_for_function("value => location.search.includes(`mfu=${value}`)", arg=value)
    expect(page.locator("#bands tr.total td").nth(1)).to_contain_text(f"{expected}±")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    while ASKED[page]:
        page.wait_for_timeout(20)
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
