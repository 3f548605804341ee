"""What README and guide show is what the commands print, and all that they teach runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import numpy as np
import pytest

from simulator.cli import _run, cli
from simulator.guide import chapter, chapters
from simulator.quantities import QUANTITIES
from simulator.scenario import load_scenario, parse_scenario, parse_value, resolve

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {"README": README, **{name: chapter(name) for name in chapters()}}
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^    (?=simulator )((?:.*\\\n)*.*)$", flags=re.MULTILINE)
#: verbs whose own tests run them as a whole; here their words are read
RUN_ELSEWHERE = {"bench": "test_bench.py", "gallery": "test_plots.py", "--cluster": "test_executors.py"}
#: what the words beside a command say that it prints, squeezed
PROMISED = {
    "compare": "needs 10.58 times fewer draws than",
    "decide": "rental_price is worth at most 31.1 thousand USD (± 0.1) and costs 5.000 thousand",
    "--until": "reached after 59 858 draws: cost_total p95 ± 1 %: it is 468648 USD ± 0.77 %",
    "rare": "probability 2.824e-06, standard error 5.7e-08 (2.01% of it)",
    "update": "spend 84 000 USD ± 1 % after 120 h",
}


def blocks(language: str, text: str) -> list[str]:
    return [found for known, found in FENCED.findall(text) if known == language]


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip(" ─")]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Return each command with the output that is shown right below it."""
    found = list(COMMAND.finditer(text))
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        shown = re.match(r"\n+```text\n(.*?)```", text[match.end() : end], flags=re.DOTALL)
        yield match[1].replace("\\\n", " "), shown[1] if shown else ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with the configs, and with the files that the documents suppose a reader to have."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    for document in DOCUMENTS.values():
        for text in blocks("csv", document):
            (tmp_path / "actuals.csv").write_text(text, encoding="utf-8")
    begun = datetime(2026, 5, 7, 8)
    jobs = ["JobID|JobName|State|Start|End|ElapsedRaw|NNodes|AllocTRES|Restarts"]
    for number, (state, hours) in enumerate((("NODE_FAIL", 30), ("FAILED", 20), ("TIMEOUT", 48), ("COMPLETED", 12))):
        ended = begun + timedelta(hours=hours)
        jobs.append(f"{number}|pretrain|{state}|{begun:%Y-%m-%dT%H:%M:%S}|{ended:%Y-%m-%dT%H:%M:%S}|{3600 * hours}|32|gres/gpu=256|0")
        begun = ended + timedelta(minutes=30)
    (tmp_path / "jobs.txt").write_text("\n".join(jobs) + "\n", encoding="utf-8")
    hours = np.arange(2 * 8760)
    season = np.cos(2 * np.pi * hours / 24) + np.cos(2 * np.pi * hours / 8766)
    noise = np.random.default_rng(0).normal(size=(2, hours.size)).cumsum(axis=1)
    noise = (noise - np.array([np.convolve(row, np.ones(49) / 49, "same") for row in noise])) / 3
    for name, unit, mean, spread, row in (("prices", "EUR/MWh", 80, 15, noise[0]), ("carbon", "gCO2e/kWh", 350, 40, noise[1])):
        stamps = (datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=int(hour)) for hour in hours)
        values = mean + spread * (row - season)
        lines = [f"{stamp:%Y-%m-%dT%H:%MZ},{value:.2f}" for stamp, value in zip(stamps, values, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"time,value [{unit}]", *lines]) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_runs_and_prints_what_is_shown(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line, shown in commands(DOCUMENTS[name]):
        printed = ""
        for command in re.split(r" && ", line):
            words = shlex.split(command, comments=True)
            if RUN_ELSEWHERE.keys() & set(words):
                verb = cli.get_command(click.Context(cli), words[1])
                verb.make_context(words[1], words[2:])
                continue
            code = _run(words[1:], debug=False)
            out, err = capsys.readouterr()
            assert code == 0, (command, err)
            printed += out + err
        lines = squeezed(printed)
        assert set(squeezed(shown)) <= set(lines), line
        for key, phrase in PROMISED.items():
            assert key not in words or phrase in " ".join(lines), line


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_config_shown_is_valid(name: str) -> None:
    for text in blocks("yaml", DOCUMENTS[name]):
        assert resolve(parse_scenario(text)).inputs
        assert max(map(len, text.splitlines())) <= 80


def test_the_output_shown_first_is_what_the_main_job_prints(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (line,) = re.findall(r"### Install and run\n\n    .* && \.venv/bin/simulator (.*)$", README, flags=re.MULTILINE)
    assert _run(line.split(), debug=False) == 0
    printed = squeezed(capsys.readouterr().out)
    shown = squeezed(blocks("text", README)[0])
    assert shown == printed[: len(shown)]


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks("python", README)
    exec(compile(code, "README.md", "exec"), {})
    assert "80 % chance to cost no more than" in capsys.readouterr().out


def test_what_the_readme_calls_the_backtest_is_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = [block for block in blocks("text", chapter("trust")) if "leave one family out" in block]
    assert shown in blocks("text", README)


def test_the_readme_stays_a_page_that_leads_on() -> None:
    assert README.count("\n") < 200
    for name in chapters():
        assert f"[{name}](simulator/guide/{name}.py)" in README
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_value_in_the_table_parses(folder: Path) -> None:
    (folder / "x.csv").write_text("rate\n1\n2\n", encoding="utf-8")
    (folder / "mine.yaml").write_text((folder / "configs/quickstart.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    for text, quantity in (
        ("0.38", "mfu"),
        ("38%", "mfu"),
        ("15.6T tokens", "tokens"),
        ("0.7 kW", "tdp"),
        ("6.5 per 1000 node-days", "failure_rate"),
    ):
        assert f"`{text}`" in chapter("scenario")
        assert parse_value(text, quantity).constant in QUANTITIES[quantity].domain
    for text, quantity in (
        ("2.1 to 3.4 USD/h", "rental_price"),
        ("{family: empirical, file: x.csv, column: rate}", "rental_price"),
        ("{family: mixture, components: [{weight: 0.7, value: 0.3 to 0.4}, {weight: 0.3, family: beta, a: 2, b: 5}]}", "mfu"),
        ("{family: skewnorm, a: 4, loc: 0.05, scale: 0.02}", "run_overhead"),
    ):
        assert f"`{text}`" in chapter("scenario")
        scenario = load_scenario("mine.yaml", overrides=[f"{quantity}={text}"])
        assert scenario.values()[quantity].table is not None


def test_no_other_chapter_than_those_that_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {path.stem for path in (ROOT / "simulator/guide").glob("*.py")} - {"__init__"}
    assert set(chapters()) == modules
    assert _run(["guide"], debug=False) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()] == list(chapters())
    assert max(map(len, printed.splitlines())) <= 100
    assert _run(["guide", "risk"], debug=False) == 0
    assert capsys.readouterr().out == f"{chapter('risk')}\n"
    assert _run(["guide", "risks"], debug=False) == 2
    assert "did you mean risk" in capsys.readouterr().err


def test_the_picture_shown_is_what_the_commands_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The curve and what the picture tells in words, since glyphs and layout may differ between versions of matplotlib."""
    (shown,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    (line,) = re.findall(r"^    (simulator risk .* && simulator plot .*)$", README, flags=re.MULTILINE)
    monkeypatch.chdir(ROOT)
    own = {"risk.nc": str(tmp_path / "risk.nc"), "exceedance.svg": str(tmp_path / "exceedance.svg")}
    for command in line.split(" && "):
        assert _run([own.get(word, word) for word in command.split()[1:]], debug=False) == 0
    kept, made = ((folder / name).read_text(encoding="utf-8") for folder, name in ((ROOT, shown), (tmp_path, "exceedance.svg")))
    assert len(kept.encode()) < 60_000
    assert title(kept) == title(made)
    assert curve(made) == pytest.approx(curve(kept), abs=1.0)  # points of 1/72 inch


def title(svg: str) -> str:
    (found,) = re.findall(r"<dc:title>(.*?)</dc:title>", svg)
    return str(found)


def curve(svg: str) -> list[float]:
    """Return where the curve lies at even distances: vertices are simplified differently by each version."""
    (found,) = re.findall(r'<g id="curve">\s*<path d="([^"]*)"', svg)
    x, y = np.array([[float(number) for number in pair] for pair in re.findall(r"[ML] (\S+) (\S+)", found)]).T
    return list(np.interp(np.linspace(x[0], x[-1], 50), x, y))
