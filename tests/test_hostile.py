"""Hostile and mistaken inputs: exit code 2, one clear message, nothing left behind; the corpus is in ``hostile/``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hostile.corpus import Case, cases, faults, names_in

from simulator import SamplingPlan
from simulator.cli import _run
from simulator.errors import InputError
from simulator.web.answer import answer
from simulator.web.served import Served, serve_config
from simulator.web.state import parse_query

CASES = list(cases())


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_refused_in_one_clear_message(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch, folder = tmp_path / "scratch", tmp_path / "folder"
    scratch.mkdir()
    folder.mkdir()
    case.lay(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = names_in(folder)
    code = _run(case.words, debug=False)
    out, err = capsys.readouterr()
    assert faults(case, code, out, err) == []
    assert names_in(folder) == before
    assert list(scratch.iterdir()) == []


#: what stands in an address of the page
QUERIES = [
    "mfu=1e300", "mfu=nan", "mfu=inf", "mfu=0.45+to+0.30", "mfu=%00", "mfu=%1b%5b31m0.4", "mfu=0.3+to+0.4+to+0.5", "mfu=" + "9" * 60,
    "rental_price=1e300", "rental_price=1e200", "rental_price=-1", "rental_price=1e999999999", "accelerators=0", "accelerators=1e300",
    "tokens=1e300", "tokens=-1", "draws=1000000000000000000", "draws=-1", "draws=7", "draws=%D9%A3", "lever=rm", "lever=fp8+fp8+x",
    "region=../../etc/passwd", "region=%00", "accelerator=__class__", "budget=-1", "budget=nan", "budget=1+to+2", "mfu=0.3&mfu=0.4",
    "file=/etc/passwd", "pin=pin%3Dmfu%253D0.3", "mfu=%ff%fe", "&".join(f"a{k}=1" for k in range(100)), "mfu=" + "x" * 5000,
    "scenario=another", "mfu={family: empirical, file: /etc/passwd}",
]  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Served:
    return serve_config(str(Path(__file__).parent.parent / "configs" / "quickstart.yaml"))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:40])
def test_the_page_refuses_it_in_words_and_warns_of_nothing(query: str, served: Served) -> None:
    with pytest.raises(InputError) as caught:
        answer(served.scenario(parse_query(query, scenario="quickstart")), SamplingPlan(draws=64))
    assert 0 < len(str(caught.value)) < 4000
