"""A server of the page and Debian's Chromium, headless; every page is held to no console error and no request to another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESKTOP, PHONE = (1280, 900), (390, 844)
Serve = Callable[..., str]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Serve configs, each until the end."""
    running: list[subprocess.Popen[str]] = []

    def start(config: str = "configs/quickstart.yaml", *options: str) -> str:
        command = [sys.executable, "-m", "simulator", "serve", config, "--port", "0", *options]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        running.append(server)
        assert server.stdout is not None
        told = []
        for line in server.stdout:
            told.append(line)
            if found := re.search(r"serving .* at (http://\S+)", line):
                return found[1]
        raise AssertionError("".join(told))

    yield start
    for server in running:
        server.terminate()
        server.wait(20)
        assert server.stdout is not None
        assert "Traceback" not in server.stdout.read()
        server.stdout.close()


@pytest.fixture(scope="session")
def url(serve: Serve) -> str:
    return serve()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Open]:
    """Open pages, of a context each unless one is given."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def start(query: str = "", *, size: tuple[int, int] = DESKTOP, at: str = url, shown: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE, is_mobile=size == PHONE, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        host = urlsplit(at).netloc
        page.on("request", lambda request: None if urlsplit(request.url).netloc in (host, "") else wrong.append(f"asks {request.url}"))
        page.goto(at + query)
        if shown:
            page.wait_for_selector("#bands tr", timeout=60_000)
        return page

    yield start
    for context in contexts:
        context.close()
    assert wrong == []
