"""What the server answers to who does not use the page; wants the extra browser."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from dash.exceptions import PreventUpdate

from simulator.cli import _run
from simulator.web.app import WAITING, Page, make_app
from simulator.web.downloads import DOWNLOADS
from simulator.web.fields import SHOWN
from simulator.web.guard import COOKIE, LARGEST_REQUEST, is_loopback
from simulator.web.served import Served, serve_config

ROOT = Path(__file__).parent.parent.parent
QUICKSTART = str(ROOT / "configs" / "quickstart.yaml")
PLACES = [{"name": name} for name in (*SHOWN, "lever", "budget")]
HERE = {"Host": "127.0.0.1:8000"}


@pytest.fixture(scope="module")
def served() -> Served:
    return serve_config(QUICKSTART)


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    return make_app(served, 1000).server.test_client()


@pytest.fixture
def page(served: Served) -> Page:
    return Page(served, 1000)


def asked(query: str, number: int = 1) -> dict[str, Any]:
    return {"tab": "a", "number": number, "query": query}


def test_every_answer_keeps_the_browser_to_this_host(client: Any) -> None:
    for path in ("/", "/_dash-layout", "/assets/page.js", "/download/scenario.yaml", "/nowhere"):
        answer = client.get(path, headers=HERE, buffered=True)
        policy = answer.headers["Content-Security-Policy"]
        assert "http" not in policy
        assert "default-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["evil.example:8000", "192.168.1.5:8000", ""])
def test_without_a_token_only_this_machine_is_served(client: Any, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_this_machine_is_served_under_its_names(client: Any, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_foreign_pages_are_refused(client: Any) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999"):
        assert client.post("/_dash-update-component", json={}, headers={**HERE, "Origin": origin}).status_code == 403


def test_a_token_is_asked_once_and_kept_in_a_cookie(served: Served) -> None:
    client = make_app(served, 1000, token="secret").server.test_client()
    assert client.get("/").status_code == 403
    assert client.get("/?token=wrong").status_code == 403
    assert client.get("/?token=s%C3%A9cret").status_code == 403
    assert client.get("/assets/page.js").status_code == 403
    assert client.post("/_dash-update-component?token=secret", json={}).status_code == 403
    answer = client.get("/?token=secret&mfu=0.4")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/?mfu=0.4")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=secret;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/").status_code == 200


def test_large_requests_are_refused(client: Any) -> None:
    assert client.post("/_dash-update-component", json={"x": "x" * LARGEST_REQUEST}, headers=HERE).status_code == 413


@pytest.mark.parametrize(
    "path", ["/assets/../app.py", "/assets/%2e%2e/app.py", "/download/../../etc/passwd", "/_dash-component-suites/../x"]
)
def test_no_path_reaches_the_files_of_the_machine(client: Any, path: str) -> None:
    answer = client.get(path, headers=HERE, buffered=True)
    assert answer.status_code in (400, 404, 500) or b"_dash-config" in answer.data
    assert b"root:" not in answer.data
    assert b"def make_app" not in answer.data


@pytest.mark.parametrize("query", ["mfu=9", "nonsense=1", "region=%00", "mfu=" + "1" * 99, "%ff=%fe"])
def test_downloads_of_nonsense_are_messages(client: Any, query: str) -> None:
    for kind in DOWNLOADS:
        answer = client.get(f"/download/scenario{kind.ending}?{query}", headers=HERE)
        assert answer.status_code == 400
        assert answer.mimetype == "text/plain"
        assert b"Traceback" not in answer.data


def test_an_update_shows_everything_and_no_message(page: Page) -> None:
    *shown, status, _busy, messages = page.update(asked("mfu=0.4&budget=300k&pin="), PLACES)
    assert status == ""
    assert set(messages) == {""}
    assert len(shown) == 16
    told = json.loads(json.dumps(shown[4]))
    assert [row["name"] for row in told["difference"]["rows"]] == ["Cost", "Emissions", "Energy", "Time of the run"]
    assert all(len(row["cells"]) == len(told[name]["columns"]) - 1 for name in told for row in told[name]["rows"])


def test_an_update_of_nonsense_leaves_all_as_it_is(page: Page) -> None:
    *shown, status, _busy, messages = page.update(asked("mfu=9"), PLACES)
    assert all(type(value).__name__ == "NoUpdate" for value in shown)
    assert "last result stays" in status
    assert [bool(text) for text in messages] == [place["name"] == "mfu" for place in PLACES]


def parts_of(shown: Any) -> int:
    """Return how many parts the framework keeps of what is shown; it asks each, at every change, whether it has to be drawn anew."""
    if isinstance(shown, list | tuple):
        return sum(map(parts_of, shown))
    return 1 + parts_of(getattr(shown, "children", None)) if hasattr(shown, "_namespace") else 0


def test_parts_are_few_enough_to_follow_a_change_at_once() -> None:
    page = Page(serve_config(str(ROOT / "configs" / "full-anatomy.yaml")), 1000)
    assert 100 < parts_of(page.open("")) < 500
    assert parts_of(page.update(asked("pin="), PLACES)) < 30


def test_what_would_take_for_ever_is_told_beside_its_field(page: Page) -> None:
    *_, messages = page.update(asked("failure_rate=1e9"), PLACES)
    assert [place["name"] for place, text in zip(PLACES, messages, strict=True) if "interruptions in one draw" in text] == ["failure_rate"]


def test_twenty_tabs_at_once_get_their_own_or_are_told_to_come_again(page: Page) -> None:
    def ask(tab: int) -> tuple[Any, ...]:
        return page.update({**asked(f"mfu=0.{30 + tab}"), "tab": f"tab {tab}"}, PLACES)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    sentences = [str(words) for words, *_, status, _busy, _messages in answers if status == ""]
    assert len(set(sentences)) == len(sentences) > WAITING
    assert all(status == "" or "many pages ask at once" in status for *_, status, _busy, _messages in answers)


def test_what_is_asked_late_is_dropped(page: Page) -> None:
    page.update(asked("mfu=0.4", 2), PLACES)
    with pytest.raises(PreventUpdate):
        page.update(asked("mfu=0.5", 1), PLACES)
    with pytest.raises(PreventUpdate):
        page.update(None, PLACES)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?nonsense=1", "is not known"),
        ("?scenario=other&mfu=0.4", "made for the scenario"),
        ("?draws=99999999", "not admissible"),
        ("?pin=%25%25%25", "is not known"),
    ],
)
def test_a_link_that_cannot_be_read_opens_the_config(page: Page, query: str, told: str) -> None:
    shown = str(page.open(query))
    assert told in shown
    assert "Utilization" in shown


def test_fields_are_those_of_what_is_chosen(page: Page) -> None:
    assert "Utilization" in str(page.open("?region=nowhere"))
    with pytest.raises(PreventUpdate):
        page.fields("", asked("region=nowhere"))
    assert len(page.fields("", asked("region=FR"))) == 4


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("example.org", False)]
)
def test_hosts_that_others_reach_are_known(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_without_a_config_the_quickstart_that_is_shipped_is_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr("simulator.web.server.serve", lambda path, **_: asked.append(path))
    monkeypatch.chdir(tmp_path)
    assert _run(["serve"], debug=True) == 0
    assert serve_config(asked[0]).name == "quickstart"


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert _run(["serve", QUICKSTART, "--port", str(taken.getsockname()[1])], debug=False) == 2
    assert "Use --port 0 for a free port" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["192.0.2.1", "no host"])
def test_a_host_of_another_machine_is_told(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["serve", QUICKSTART, "--port", "0", "--host", host], debug=False) == 2
    assert f"error: {host}:0 cannot be served" in (told := capsys.readouterr().err)
    assert "Use --host 127.0.0.1" in told
