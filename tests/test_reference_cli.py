"""``simulator reference``: what it lists is what the tables hold."""

from __future__ import annotations

import json

import pytest

from simulator.cli import _run
from simulator.reference import table, tables


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert _run(["reference", *words], debug=False) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert _run(["reference", *words], debug=False) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_every_table_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    assert [line.split()[0] for line in lines] == list(tables())
    for line, found in zip(lines, tables().values(), strict=True):
        assert f"{len(found.rows)} rows  {found.meaning}" in line
    listed = json.loads(printed(capsys, "--json"))
    assert listed == [{"table": found.name, "rows": len(found.rows), "meaning": found.meaning} for found in tables().values()]


@pytest.mark.parametrize("name", tables())
def test_a_table_is_printed_with_each_source_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, name)
    assert max(map(len, out.splitlines())) <= 80
    words = "".join(out.split())
    sources = list(dict.fromkeys(row.source for row in table(name).rows))
    for number, source in enumerate(sources, start=1):
        assert f"[{number}]{''.join(source.split())}" in words
    # a long name is folded in its column
    assert all(word[:14] in out for row in table(name).rows for word in row.quantity.split())
    assert all(word[:10] in out for row in table(name).rows for word in row.name.split())


def test_an_interval_shows_its_central_figure(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "accelerators", "V100 SXM2").partition("server_power_ratio")[2]
    assert told.split()[:3] == ["1.50", "to", "1.84,"]
    assert told.split().index("central") < 12
    assert "1.67" in told.split()[:12]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (("accelerators", "h100 sxm"), lambda row: row.name == "H100 SXM"),
        (("accelerators", "tdp"), lambda row: row.quantity == "tdp"),
        (("grid_annual", "France"), lambda row: row.name == "FR"),
        (("defaults",), lambda row: True),
    ],
)
def test_json_is_a_list_of_rows(words: tuple[str, ...], rows, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(printed(capsys, *words, "--json"))
    wanted = [row for row in table(words[0]).rows if rows(row)]
    assert len(wanted) == len(data) > 0
    for row, found in zip(wanted, data, strict=True):
        assert found == vars(row)
        assert [type(found[end]) for end in ("low", "central", "high", "year")] == [float, float, float, int]


def test_a_near_miss_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "acelerators") == "error: 'acelerators' is not a reference table. Did you mean accelerators?\n"
    assert f"Known are {', '.join(tables())}\n" in refused(capsys, "zzz")
    assert "'H100' is not in the table accelerators. Did you mean H100 SXM" in refused(capsys, "accelerators", "H100", "--json")
    assert "Did you mean pue" in refused(capsys, "defaults", "puee")
