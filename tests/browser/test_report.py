"""Does a report open with the network off, can it be read by all and on any screen, and is it a good PDF?"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from simulator.cli import _run
from simulator.plots.save import picture_bytes
from simulator.plots.style import Picture as Drawing
from simulator.report.html import to_html
from simulator.report.parts import Content, Number, Paragraph, Picture, Section
from simulator.report.pdf import to_pdf

ROOT = Path(__file__).parent.parent.parent
CONFIGS = {
    "quickstart": ["quickstart.yaml", "--draws", "4096"],
    "anatomy": ["full-anatomy.yaml", "--draws", "4000", "--quick"],
    "stopped": ["quickstart.yaml", "--draws", "4096", "--quick", "--set", "reliability.max_wall_clock=9 days"],
}
WIDTHS = (1280, 768, 390)
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of reports, one for each config."""
    made = tmp_path_factory.mktemp("reports")
    for name, (config, *options) in CONFIGS.items():
        assert _run(["report", str(ROOT / "configs" / config), *options, "-o", str(made / f"{name}.html")], debug=True) == 0
    return made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page without a network; what it asks for beyond its own file, or complains of, fails the test."""
    context = browser.new_context(offline=True)
    opened, wrong = context.new_page(), []
    opened.on("console", lambda message: wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda request: None if re.match(r"file:.*\.html|data:", request.url) else wrong.append(request.url))
    yield opened
    context.close()
    assert wrong == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", CONFIGS)
def test_it_opens_offline_fits_and_shows_its_pictures(page: Page, folder: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((folder / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("[...document.images].length") >= (4 if name == "stopped" else 6)
    assert page.evaluate("[...document.images].every(image => image.currentSrc === image.src)") == (width > 576)
    cut = "[...document.querySelectorAll('p, h1, h2, figcaption, caption span')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert page.evaluate(cut) == 0


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_accessible(page: Page, folder: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((folder / f"{name}.html").as_uri())
    found = Axe().run(page)
    told = [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found.response["violations"] if v["impact"] in SERIOUS]
    assert told == []
    assert found.response["passes"]


def test_the_keyboard_is_enough(page: Page, folder: Path) -> None:
    page.goto((folder / "quickstart.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


def test_the_browser_prints_it(page: Page, folder: Path) -> None:
    page.goto((folder / "quickstart.html").as_uri())
    page.emulate_media(media="print")
    assert not page.is_visible("nav")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_pdf_is_tagged(tmp_path: Path) -> None:
    config, target = str(ROOT / "configs" / "quickstart.yaml"), tmp_path / "a.pdf"
    assert _run(["report", config, "--draws", "4096", "--quick", "-o", str(target)], debug=True) == 0
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) < 5_000_000
    objects = content + b"".join(_unpacked(content))
    assert 5 <= len(re.findall(rb"/Type /Page\b", objects)) <= 15
    for mark in (b"/MarkInfo", b"/StructTreeRoot", b"/Outlines", b"/Lang (en)", b"/Alt"):
        assert mark in objects


def test_equal_pages_are_equal_pdfs() -> None:
    drawn = Drawing((3.0, 2.0))
    drawn.subplots().plot([0.0, 1.0], label="a line")
    svg = picture_bytes(drawn)
    said = Paragraph(("cost ", Number(3123.4, "3.1"), " thousand USD"))
    page = to_html(Content("a title", "", "", (Section("a", "A", (said, Picture("a", "A picture", "a line", svg, svg))),)))
    assert to_pdf(page) == to_pdf(page)


def _unpacked(content: bytes) -> Iterator[bytes]:
    """Yield what is packed in a PDF."""
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompress(packed)
