"""A server of the page and Debian's Chromium, headless; every page is held to no console error and no request to another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESKTOP, PHONE = (1280, 900), (390, 844)
#: what a page has asked the server for and was not answered yet
ASKED: dict[Page, set[Request]] = {}
_SERVING = re.compile(r"serving .* at (http://\S+)")
Serve = Callable[[str], str]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Serve configs in threads of the tests, each once, until these end: kernels are read once."""
    served: dict[str, str] = {}

    def start(config: str) -> str:
        if config not in served:
            from simulator.web.server import serve as run  # noqa: PLC0415 - reports, which know no server, are tested beside it

            told: Queue[str] = Queue()
            options = {"host": "127.0.0.1", "port": 0, "opened": False, "tell": told.put}
            Thread(target=run, args=[str(ROOT / config)], kwargs=options, daemon=True).start()
            while not (found := _SERVING.search(told.get(timeout=300))):
                pass
            served[config] = found[1]
        return served[config]

    return start


@pytest.fixture
def serve_to_others() -> Iterator[str]:
    """Serve the quickstart to other machines by the command, and return the address that it prints."""
    command = [sys.executable, "-m", "simulator", "serve", "--port", "0", "--host", "0.0.0.0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        told = ""
        for line in server.stdout:
            told += line
            if found := _SERVING.search(line):
                break
        else:
            raise AssertionError(told)
        yield found[1].replace("0.0.0.0", "127.0.0.1")
        server.terminate()
        assert "Traceback" not in server.stdout.read()


@pytest.fixture(scope="session")
def url(serve: Serve) -> str:
    return serve("configs/quickstart.yaml")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> dict[tuple[int, int], BrowserContext]:
    """Return a desktop and a phone, which keep the scripts that they have read."""
    return {
        (width, height): browser.new_context(viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch)
        for (width, height), touch in ((DESKTOP, False), (PHONE, True))
    }


@pytest.fixture
def open_page(contexts: dict[tuple[int, int], BrowserContext], request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open pages, and close them after the test."""
    pages: list[Page] = []
    wrong: list[str] = []

    def start(query: str = "", *, size: tuple[int, int] = DESKTOP, at: str = "", shown: bool = True) -> Page:
        page = contexts[size].new_page()
        pages.append(page)
        at = at or request.getfixturevalue("url")
        host = urlsplit(at).netloc
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        waiting = ASKED[page] = set()
        page.on("request", lambda asked: waiting.add(asked) if "_dash-update" in asked.url else None)
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda asked: waiting.difference_update([asked]))
        page.on("request", lambda asked: None if urlsplit(asked.url).netloc in (host, "") else wrong.append(f"asks {asked.url}"))
        page.goto(at + query)
        if shown:
            page.wait_for_selector("#bands tr", timeout=60_000)
        return page

    yield start
    for page in pages:
        page.close()
        del ASKED[page]
    assert wrong == []
